"""Another trainee, another specialty: forty activities in two modules, and the same build."""

import shutil

from conftest import NOT_SOURCES, ROOT, build
from recount import Recount
from test_book import check_numbers, text_of

CHAPTERS = {"B-P1": "Physics", "B-P2": "Devices"}


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make(tree):
    """Write a portfolio that shares nothing with the shipped one but its code, notebooks and home page."""
    shutil.copytree(ROOT, tree, ignore=NOT_SOURCES)
    shutil.rmtree(tree / "C1_Professional_Foundations")
    settings = ['title = "Medical Physics & more"', 'role = "trainee"', 'curriculum = "X"', "start = 2022-09-05"]
    write(tree / "data/portfolio.toml", [*settings, 'language = "en-GB"', "as_of = 2025-03-31"])
    write(
        tree / "data/modules.csv",
        [
            "phase,code,module,credits,signed_off",
            "1,B-P1,Physics | <of> *imaging*,35,2025-03-01",
            "2,B-P2,Devices & design,15,",
            "2,,Thesis,65,",
            "Foundation,,Induction,0,2022-12-01",
        ],
    )
    activities, events, toc = [], [], ["format: jb-book", "root: intro", "chapters:"]
    for module, folder in CHAPTERS.items():
        toc += [f"  - file: {folder}/index", "    sections:"]
        write(tree / folder / "index.md", [f"# {folder}", "", "All of it.", "", '[x](../intro.md "panel: chapter")'])
        for number in range(1, 21):
            title = f"Task {number} & its _limits_ < {number + 1}"
            page = f"{folder}/{number}_Task"
            activities.append(f"{module},{number},{title},{page},,")
            heading = f"# {number}. Task {number} &amp; its \\_limits\\_ &lt; {number + 1}"
            write(tree / f"{page}.md", [heading, "", "It began. It changed.", "", "## Evidence", "", "Text."])
            toc.append(f"      - file: {page}")
            kind = number % 5
            day = f"20{23 + number % 2}-{1 + number % 12:02}"
            if kind:
                events.append(f"{day}-03,{module},{number},started,")
            if kind in (2, 3, 4):
                events.append(f"{day}-11,{module},{number},submitted,")
            if kind == 3:
                events.append(f"{day}-19,{module},{number},returned,more detail")
            if kind == 4:
                events.append(f"{day}-28,{module},{number},signed_off,")
    # A whole module complete, and one activity after the day of reading.
    for number in range(1, 21):
        if number % 5 == 1:
            events.append(f"2025-02-01,B-P2,{number},submitted,")
            events.append(f"2025-02-02,B-P2,{number},signed_off,")
    events.append("2025-04-01,B-P1,2,signed_off,")
    toc += [f"  - file: notebooks/{name}" for name in ("progress", "credits", "coverage")]
    write(tree / "_toc.yml", toc)
    write(tree / "data/activities.csv", ["module,number,title,page,learning_outcomes,url", *activities])
    write(tree / "data/progress.csv", ["date,module,number,event,note", *events])
    write(tree / "data/standards.csv", ["scheme,code,label", "GSP,1,One", "GSP,2,Two", "IPEM,a,Own"])
    write(
        tree / "data/evidence.csv",
        [
            "id,date,title,kind,activities,standards,file",
            "P1,2024-01-01,Phantom images,Images,B-P1/1;B-P2/20,GSP/1;IPEM/a,",
            "P2,2025-05-01,Later still,Images,B-P1/1,GSP/2,",
        ],
    )
    write(
        tree / "data/milestones.csv",
        [
            "date,name,module,required,note",
            "2024-09-30,Half,B-P1,18,",
            "2026-09-30,End,B-P1,20,",
            "2026-09-30,End,B-P2,20,",
            "2025-09-30,Half,B-P2,8,",
        ],
    )
    home = (
        (tree / "intro.md")
        .read_text(encoding="utf-8")
        .replace("C1_Professional_Foundations/index.md", "Physics/index.md")
    )
    home = home.replace("C1_Professional_Foundations/18_AuditAndRecommendations.md", "Physics/1_Task.md")
    home = home.replace("C1_Professional_Foundations/15_PublicHealthIssue.md", "Devices/1_Task.md")
    (tree / "intro.md").write_text(home, encoding="utf-8")
    return tree


def test_forty_activities_in_two_modules(tmp_path):
    """Totals, statuses and sentences are the other trainee's; nothing of the shipped example is left."""
    done = build(make(tmp_path / "other"))
    assert done.code == 0, done.output
    recount = Recount(done.tree)
    assert len(recount.activities) == 40
    assert recount.total_credits == 115
    assert recount.earned == 35
    check_numbers(done)
    progress = text_of(done.page("notebooks/progress"))
    done_now, elapsed, whole = recount.done("B-P1"), 938, 1486  # days from 5 September 2022
    projected = done_now * whole // elapsed
    assert (
        f"B-P1: behind by {20 - projected}, with {done_now} of 20 signed off. The pace so far would bring {projected}"
        in progress
    )
    assert (
        f"{recount.done('B-P2')} of 20 signed off and the 8 required by 30 September 2025 already reached" in progress
    )
    assert "Illustration" not in text_of(done.page("intro"))
    assert "S-C1" not in text_of(done.page("Physics/index"))
    assert "Physics | <of> *imaging* (B-P1)" in text_of(done.page("intro"))

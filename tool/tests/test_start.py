"""A portfolio of one's own in a new folder: with the activities that come with the tool, and with others."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT, build, refused, told
from portfolios import append, cases
from recount import Recount
from test_book import check_numbers, text_of

from stp_portfolio.core import configuration, disk, reading, records
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import checks, drafts, start
from stp_portfolio.privacy import told as screened
from stp_portfolio.show import pages

TODAY = date(2026, 11, 24)
BEGUN = date(2025, 9, 1)
WHOLE = ("started", "submitted", "signed_off")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A new portfolio as it comes, in an empty folder that was made for it: to be looked at."""
    folder = tmp_path_factory.mktemp("home") / "portfolio"
    folder.mkdir()
    said = told(folder.parent, "start", folder, "--start", BEGUN)
    assert [path.name for path in folder.parent.iterdir()] == ["portfolio"]
    return folder, said


@pytest.fixture
def fresh(tmp_path):
    """A new portfolio as it comes, to change."""
    start.start(tmp_path / "portfolio", start.Choices(BEGUN), date.today())
    return tmp_path / "portfolio"


def texts_of(folder):
    """Every text of a portfolio that has not been built, by its path."""
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    names = [name for name in files if not name.startswith("_build/") and not name.endswith(".whl")]
    return {name: " ".join(disk.read_text(files[name]).split()) for name in names}


# -- the activities that come with the tool ---------------------------------------------------


def test_portfolio_is_whole_at_once(made):
    """Plans for every activity, no event, no evidence; nothing is at fault or waits for a person."""
    folder, said = made
    own = reading.load(folder)
    assert [str(a) for a in own.activities] == [str(a) for a in reading.load(ROOT).activities]
    assert (own.events, own.evidence, own.settings.example, own.settings.as_of) == ((), (), False, None)
    assert own.settings.title == "NHS STP Clinical Informatics [SBI1-3-23]"
    assert not any(module.signed_off for module in own.modules)
    for activity, path in records.pages(own):
        text = disk.read_text(path)
        assert drafts.is_draft(own, activity, text)
        assert drafts.prompts_for(activity)["before"] in text
    assert [str(finding) for finding in checks.run(folder)[0]] == []
    assert f"{len(own.activities)} activities with a plan" in said
    assert "To review" not in said


def test_it_holds_no_program_and_few_files(made):
    """Under sixty files, of which the one short test is the only program."""
    texts = texts_of(made[0])
    assert len(texts) + 1 < 60  # and the wheel
    assert [name for name in texts if name.endswith((".py", ".js", ".css"))] == ["tests/test_portfolio.py"]
    assert len(disk.read_text(made[0] / "tests/test_portfolio.py").splitlines()) <= 45
    assert os.access(made[0] / ".githooks/pre-commit", os.X_OK)
    assert {"about/accessibility.md", "about/how-it-is-made.md"} <= texts.keys()
    for name in ("jupyter-book", "myst-nb", "pandas", "matplotlib", "pytest"):
        assert re.search(rf"\b{name}==\d", texts["requirements.txt"])


def test_nothing_of_the_example_is_in_it(made):
    """No sentence of a page, no note of an event and no title of evidence, all of which were invented."""
    example = reading.load(ROOT)
    said = {event.note for event in example.events if len(event.note) > 12}
    said |= {piece.title for piece in example.evidence}
    for _, path in records.pages(example):
        page = pages.read(path)
        sentences = re.split(r"(?<=[.?])\s+", " ".join(page.text.split()))
        said |= {page.standfirst, *(sentence for sentence in sentences if len(sentence) > 60)}
    assert len(said) > 200
    texts = texts_of(made[0])
    assert [(s, name) for s in said for name, text in texts.items() if s in text] == []


@pytest.mark.slow
def test_its_own_tests_pass_and_see_a_fault(fresh):
    """The README's second command passes as it comes, and fails once a page breaks the contract."""

    def tests():
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(run, cwd=fresh, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    code, said = tests()
    assert code == 0, said
    page = next(path for _, path in records.pages(reading.load(fresh)))
    disk.put(page, disk.read_text(page).replace("## Plan", "## Plans"))
    code, said = tests()
    assert (code, "its sections are" in said) == (1, True), said


def test_wheel_in_it_starts_another(made, tmp_path):
    """The wheel holds all that the tool needs: unpacked elsewhere it makes the same portfolio."""
    (wheel,) = (made[0] / "wheels").iterdir()
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    main = "from stp_portfolio.cli import main; main()"
    again = [sys.executable, "-c", main, "start", "again", "--start", str(BEGUN)]
    where = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    subprocess.run(again, cwd=tmp_path, env=where, check=True, capture_output=True)
    assert texts_of(tmp_path / "again") == texts_of(made[0])
    assert (tmp_path / "again/wheels" / wheel.name).is_file()


def test_dry_run_makes_nothing_and_says_the_same(made, tmp_path):
    """The files that it names are those that are then made; no trace is left."""
    said = told(tmp_path, "start", "portfolio", "--start", BEGUN, "--dry-run")
    assert list(tmp_path.iterdir()) == []
    named = {line.strip() for line in said.splitlines() if line.startswith("  ")}
    texts = {name for name in texts_of(made[0]) if not name.startswith(".git/")}
    assert {name for name in named if not name.endswith(".whl")} == texts


@cases("start", "folder options code said")
def test_start_refuses_and_leaves_everything_as_it_was(tmp_path, folder, options, code, said):
    """A folder that holds something, one that has no place, a wrong wish: no file is made or changed."""
    page = tmp_path / "mine/page.md"
    page.parent.mkdir()
    page.write_text("Mine.\n", encoding="utf-8")
    assert said in refused(tmp_path, "start", folder, *options, code=code)
    assert sorted(tmp_path.rglob("*")) == [page.parent, page]
    assert page.read_text(encoding="utf-8") == "Mine.\n"


@cases("starts", "begun days")
def test_milestones_follow_from_the_start(tmp_path, portfolio, begun, days):
    """The School's dates for a September starter, as in the example; as many months later for others."""
    own = start.start(tmp_path / "p", start.Choices(begun), TODAY, dry_run=True).portfolio
    assert sorted({milestone.date for milestone in own.milestones}) == days
    known = [(each.name, each.module, each.required) for each in portfolio.milestones]
    assert [(each.name, each.module, each.required) for each in own.milestones] == known


def test_first_monday_of_the_last_september():
    """The day that is taken where none is given, on both sides of a September."""
    assert start.first_monday_of_september(date(2026, 11, 24)) == date(2026, 9, 7)
    assert start.first_monday_of_september(date(2026, 9, 6)) == date(2025, 9, 1)


# -- another specialty ------------------------------------------------------------------------


@pytest.fixture
def specialty(tmp_path):
    """Two lists as a spreadsheet with a continental locale saves them: semicolons, Windows text."""
    shutil.copytree(Path(__file__).with_name("specialty"), tmp_path, dirs_exist_ok=True)
    lists = ("--modules", tmp_path / "my modules.csv", "--activities", tmp_path / "my activities.csv")
    return ["--curriculum", "SMP1-1-23", "--title", "Medical Physics portfolio", *lists]


def test_forty_activities_in_three_modules(tmp_path, specialty):
    """Another specialty from two spreadsheets: forty plans in three chapters, and work in them."""
    folder = tmp_path / "portfolio"
    assert "To review" not in told(tmp_path, "start", folder, "--start", BEGUN, *specialty)
    assert checks.run(folder)[0] == []
    recount = Recount(folder)
    assert (len(recount.activities), str(recount.total_credits)) == (40, "112.5")
    complete = {row["module"]: row["required"] for row in recount.counted if row["name"] == "Completion"}
    assert complete == {"S-C1": "20", "S-MP-R1": "10", "MP.2": "10"}
    told(folder, "record", "mp.2/2", "started", "--date", "2025-10-01")
    told(folder, "new", "MP.2/2", "--no-open")
    told(folder, "evidence", "add", "Plan of a treatment", "--kind", "Plan", "--for", "MP.2/2")
    done = [f"S-MP-R1,{number},{event}," for number in range(1, 11) for event in WHOLE]
    append(folder, "data/progress.csv", *(f"2025-10-02,{row}" for row in done))
    told(folder, "record", "S-MP-R1", "signed_off", "--date", "2025-10-02")
    built = build(folder)
    check_numbers(built)
    assert Recount(folder).earned == 10
    home, progress = (text_of(built.page(name)) for name in ("intro", "notebooks/progress"))
    assert "S-MP-R1: all 10 activities are signed off, and so is the module." in progress
    assert "Imaging | <ionising> *radiation* (S-MP-R1)" in home
    assert "Audit [brackets] & *stars*; 50 % of <plans>" in home
    assert "Medical Physics portfolio" in built.page("intro")
    for old in ("Illustration", "Clinical Informatics", "SBI1-3-23", "/C1_Professional", '"C1_Professional'):
        assert old not in built.page("intro") + disk.read_text(folder / "data/activities.csv")


@cases("lists", "row wrong said")
def test_wrong_list_is_named_and_nothing_is_made(tmp_path, specialty, row, wrong, said):
    """The message names the file that was handed over, with the row; there is no folder."""
    path = specialty[-1]
    path.write_text(re.sub(row, wrong, path.read_text(encoding="cp1252")), encoding="cp1252")
    words = refused(tmp_path, "start", "portfolio", "--start", BEGUN, *specialty)
    assert said in words
    assert "my activities.csv" in words or "could identify" in words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my activities.csv", "my modules.csv"]
    one = refused(tmp_path, "start", "portfolio", *specialty[-2:])  # without the list of modules
    assert "No list of modules has" in one or said in one


def test_a_name_begins_no_portfolio(tmp_path):
    """In the title or the role, which every page shows, nor an identifier; plain ones pass."""
    for name, text in (("title", "Portfolio of Zebulon Okonjo"), ("role", "Trainee, zo@nhs.net")):
        said = refused(tmp_path, "start", "p", "--start", BEGUN, f"--{name}", text)
        assert f"The {name}: '{text.split()[-1]}'" in said.replace("Zebulon ", "")
        assert not (tmp_path / "p").exists()
    screened.names(
        title="Medical Physics Portfolio", role="Trainee clinical scientist in radiotherapy physics"
    )


def test_code_knows_no_module():
    """Nothing in the package asks for a module of the curriculum: those stand in data and templates."""
    package = drafts.TEMPLATES.parents[1]
    texts = {p: disk.read_text(p) for p in package.rglob("*") if p.suffix in {".py", ".html", ".typ"}}
    codes = {module.code for module in reading.load(ROOT).modules if module.code}
    assert len(texts) > 30
    assert [path.name for path, text in texts.items() if any(f'"{code}' in text for code in codes)] == []


# -- pages later on ---------------------------------------------------------------------------

HEAD = "format: jb-book\nroot: intro # mine\n"


@cases("contents", "after")
def test_page_finds_its_place_and_no_other_line_changes(tmp_path, after):
    """Beside the last page of its folder, under its chapter, or in a new one; a plus marks what is new."""
    disk.put(tmp_path / "N/index.md", "# N\n")
    disk.put(tmp_path / "_toc.yml", HEAD + re.sub(r"^\+.*\n", "", after, flags=re.MULTILINE))
    for _ in range(2):
        drafts.list_page(tmp_path, "N/2_Two")
        assert disk.read_text(tmp_path / "_toc.yml") == HEAD + after.replace("+", "")


@pytest.mark.parametrize("toc", ["", "chapters: [{file: a}]\n", "chapters:\n\t- file: a\n"])
def test_contents_that_show_no_place_stay_as_they_are(tmp_path, toc):
    """Contents without a chapter, on one line, or that are no YAML: the message says what to do."""
    disk.put(tmp_path / "_toc.yml", HEAD + toc)
    with pytest.raises(Refusal, match=r"by hand|portfolio check"):
        drafts.list_page(tmp_path, "N/2_Two")
    assert disk.read_text(tmp_path / "_toc.yml") == HEAD + toc


def test_further_module_gets_folder_pages_and_contents(fresh):
    """Rows for a module, then one command: the chapter, its pages and their place in the contents."""
    append(fresh, "data/modules.csv", "2,M-3,Further module,10,")
    rows = ("M-3,1,First of it,Further/1_First,,", "M-3,2,Second of it,Further/2_Second,,")
    append(fresh, "data/activities.csv", *rows)
    assert "2 pages made" in told(fresh, "new", "m-3")
    listed = [name for name in configuration.toc_files(fresh) if name.startswith("Further/")]
    assert listed == ["Further/index", "Further/1_First", "Further/2_Second"]
    assert [f for f in checks.run(fresh)[0] if "review" not in str(f)] == []
    assert "0 pages made, 2 there already" in told(fresh, "new", "m-3")
    for activity in reading.load(fresh).activities[
        -3:
    ]:  # one with questions of its own, two with the general
        asked = " ".join(told(fresh, "prompts", activity.key).split())
        assert [each for each in drafts.prompts_for(activity).values() if each not in asked] == []
    assert "is not an activity" in refused(fresh, "prompts", "M-3/9")


def test_new_never_loses_a_word(fresh):
    """A plan turns into a page once the activity has begun, its words below; a written page stays."""
    (plan,) = fresh.glob("*/16_*.md")
    before = disk.read_text(plan)
    assert "is there already" in told(fresh, "new", "S-C1/16", "--no-open")
    assert disk.read_text(plan) == before
    append(fresh, "data/progress.csv", "2026-06-30,S-C1,16,started,")
    assert any("portfolio new S-C1/16" in text for text, _ in checks.reminders(reading.load(fresh)))
    told(fresh, "new", "s-c1/16", "--no-open")
    after = disk.read_text(plan)
    assert tuple(pages.read(plan).sections) == pages.STARTED_SECTIONS
    words = [line for line in before.splitlines() if line.strip() and not line.startswith("%")]
    assert [line for line in words if line not in after] == []
    told(fresh, "new", "S-C1/16", "--no-open")
    assert disk.read_text(plan) == after
    plan.unlink()
    assert "portfolio new S-C1/16" in refused(fresh, "check")
    assert "was made from the template" in told(fresh, "new", "S-C1/16", "--no-open")
    assert plan.is_file()

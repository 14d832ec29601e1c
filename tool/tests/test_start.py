"""A copy becomes one's own: with the shipped activities, and with another specialty's."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import pytest
from conftest import NOT_SOURCES, OWN, ROOT, build
from recount import Recount
from test_book import check_numbers
from test_cli import run

from stp_portfolio.core import reading, records
from stp_portfolio.desk import checks, start
from stp_portfolio.show import pages

TODAY = date(2026, 11, 24)
BEGUN = "2025-09-01"


def git(tree, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=tree, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def fresh(tmp_path):
    """The shipped example as a repository with one commit, as it is after "Use this template"."""
    tree = tmp_path / "portfolio"
    hidden = shutil.ignore_patterns(
        "_build", ".git", ".venv*", "__pycache__", "*.egg-info", "private", ".*_cache", ".backup"
    )
    shutil.copytree(ROOT, tree, ignore=hidden)
    git(tree, "init", "-q")
    git(tree, "add", "--all")
    git(tree, "commit", "-qm", "The example")
    return tree


def words_of(tree, name):
    return " ".join((tree / name).read_text(encoding="utf-8").split())


# -- the shipped activities -------------------------------------------------------------------


def test_own_copy_is_whole_at_once(fresh):
    """Plans for every activity, no event, no evidence, the dates computed; the book builds and nothing is at fault."""
    before = reading.load(fresh)
    code, out, err = run(fresh, "start", "--start", BEGUN)
    assert code == 0, err
    own = reading.load(fresh)
    assert [a.key for a in own.activities] == [a.key for a in before.activities]
    assert (own.events, own.evidence, own.settings.example, own.settings.as_of) == ((), (), False, None)
    assert not any(module.signed_off for module in own.modules)
    for activity in own.activities:
        text = (fresh / f"{activity.page}.md").read_text(encoding="utf-8")
        assert pages.is_draft(own, activity, text)
        assert pages.prompts_for(fresh, activity)["before"] in text
    assert checks.run(fresh)[0] == []
    assert f"{len(own.activities)} activities with a plan" in out
    built = build(fresh)
    assert built.code == 0, built.output
    check_numbers(built)
    assert "Illustration" not in built.page("intro")


def test_no_sentence_of_the_example_stays(fresh):
    """What was invented is nowhere but in the backup and in the archive that the tests of the program use."""
    sentences = set()
    for activity, path in records.pages(reading.load(fresh)):
        page = pages.read(path)
        sentences |= {
            page.standfirst,
            *(s for s in re.split(r"(?<=[.?])\s+", " ".join(page.text.split())) if len(s) > 60),
        }
        assert activity
    notes = {event.note for event in reading.load(fresh).events if len(event.note) > 12}
    titles = {piece.title for piece in reading.load(fresh).evidence}
    assert len(sentences) > 200
    assert run(fresh, "start", "--start", BEGUN)[0] == 0
    texts = [
        words_of(path.parent, path.name)
        for path in fresh.rglob("*")
        if path.suffix in {".md", ".csv", ".toml", ".yml", ".ipynb"}
        and not {"tests", ".git", "docs"} & set(path.relative_to(fresh).parts)
    ]
    assert [s for s in sentences | notes | titles if any(s in text for text in texts)] == []


def test_everything_that_went_is_in_the_backup(fresh):
    """Each file that was rewritten or removed is there byte for byte, and git can undo it as well."""
    before = {name: (fresh / name).read_bytes() for name in git(fresh, "ls-files").split("\n") if name}
    assert run(fresh, "start", "--start", BEGUN)[0] == 0
    archive = zipfile.ZipFile(next((fresh / "data/.backup").glob("before-start-*.zip")))
    gone = {n for n, raw in before.items() if not (fresh / n).is_file() or (fresh / n).read_bytes() != raw}
    assert "C1_Professional_Foundations/synthesis.md" in gone
    assert {name: archive.read(name) for name in archive.namelist()} == {name: before[name] for name in gone}
    git(fresh, "restore", ".")
    assert all((fresh / name).read_bytes() == raw for name, raw in before.items())


def test_dry_run_changes_nothing_and_says_the_same(fresh):
    """The files that it names are those that then change; until then the tree is as it was."""
    code, out, _ = run(fresh, "start", "--start", BEGUN, "--dry-run")
    assert code == 0
    assert git(fresh, "status", "--porcelain") == ""
    assert not (fresh / "data/.backup").exists()
    named = {line.strip() for line in out.splitlines() if line.startswith("  ")}
    run(fresh, "start", "--start", BEGUN)
    changed = {line[3:] for line in git(fresh, "status", "--porcelain", "-uall").splitlines()}
    assert named == changed


def test_start_refuses_what_could_lose_something(fresh, tmp_path):
    """Uncommitted work, a portfolio that is somebody's already, no git, a start that lies ahead: nothing changes."""
    page = fresh / "intro.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nMine.\n", encoding="utf-8")
    code, _, err = run(fresh, "start", "--start", BEGUN)
    assert code == 1
    assert "not committed" in err
    assert "intro.md" in err
    assert git(fresh, "status", "--porcelain") == " M intro.md\n"
    git(fresh, "restore", ".")
    code, _, err = run(fresh, "start", "--start", "2999-09-06")
    assert code == 1
    assert "in the future" in err
    assert git(fresh, "status", "--porcelain") == ""
    assert run(fresh, "start", "--start", BEGUN)[0] == 0
    git(fresh, "add", "--all")
    git(fresh, "commit", "-qm", "Mine")
    code, _, err = run(fresh, "start", "--start", BEGUN)
    assert code == 1
    assert "its owner's already" in err
    bare = tmp_path / "downloaded"
    shutil.copytree(ROOT, bare, ignore=NOT_SOURCES)
    code, _, err = run(bare, "start", "--start", BEGUN)
    assert code == 1
    assert "git init" in err


@pytest.mark.parametrize(
    ("begun", "dates"),
    [
        ("2023-09-04", ["2024-09-30", "2025-09-30", "2026-09-15"]),
        ("2024-09-02", ["2025-09-30", "2026-09-30", "2027-09-15"]),
        ("2024-02-05", ["2025-02-28", "2026-02-28", "2027-02-15"]),
        ("2025-12-01", ["2026-12-30", "2027-12-30", "2028-12-15"]),
    ],
)
def test_milestones_follow_from_the_start(fresh, begun, dates):
    """The School's dates for a September starter, the same months later for any other, also across a leap year."""
    start.start(fresh, start.Wish(date.fromisoformat(begun)), TODAY)
    own = reading.load(fresh, TODAY)
    assert [milestone.date.isoformat() for milestone in own.milestones] == dates
    assert [milestone.required for milestone in own.milestones] == [None, 10, 20]


def test_rules_of_the_milestones_give_the_shipped_ones(fresh):
    """The example's own milestones are what the rules make of its start."""
    shipped = reading.load(fresh)
    start.start(fresh, start.Wish(shipped.settings.start), TODAY)
    made = reading.load(fresh, TODAY).milestones
    assert [(m.date, m.name, m.module, m.required) for m in made] == [
        (m.date, m.name, m.module, m.required) for m in shipped.milestones
    ]


def test_first_monday_of_the_last_september():
    """The day that is taken where none is given, on both sides of a September."""
    assert start.first_monday_of_september(date(2026, 11, 24)) == date(2026, 9, 7)
    assert start.first_monday_of_september(date(2026, 9, 6)) == date(2025, 9, 1)


def test_tests_of_the_program_pass_in_an_own_copy(fresh):
    """The promises are kept by the example that start put away, and the owner's pages by their own tests."""
    assert run(fresh, "start", "--start", BEGUN)[0] == 0
    chosen = ["tests/test_own.py", "tests/test_promises.py", "tests/test_prose.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *chosen],
        cwd=fresh, env={**os.environ, "PYTHONPATH": str(fresh)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout
    # And they do look at the owner's pages: a broken one fails.
    page = fresh / "C1_Professional_Foundations/5_PatientCareJourney.md"
    page.write_text(page.read_text(encoding="utf-8").replace("## Plan", "## Plans"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", chosen[0], "-k", "contract"],
        cwd=fresh, env={**os.environ, "PYTHONPATH": str(fresh)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout


# -- another specialty ------------------------------------------------------------------------

MODULES = [
    ["phase", "code", "module", "credits"],
    ["Throughout", "S-C1", "Professional Foundations", "20"],
    ["1", "S-MP-R1", "Rotation: Imaging with Ionising Radiation", "10"],
    ["2", "MP.2", "Radiotherapy Physics – Planning & QA", "22.5"],
    ["3", "", "Project", "60"],
]
TITLES = {
    "S-C1": ["Set objectives", "Review the Datix log", *(f"Foundation task {n}" for n in range(3, 21))],
    "S-MP-R1": [
        "Test a CT scanner (kV & mAs)",
        "Measure dose to the Rando phantom",
        *(f"Imaging task {n}" for n in range(3, 11)),
    ],
    "MP.2": [
        "Plan a VMAT treatment",
        "Audit [brackets] & *stars*; 50 % of <plans>",
        *(f"Planning task {n}" for n in range(3, 11)),
    ],
}


def saved_by_excel(path, lines):
    """A CSV as a spreadsheet with a continental locale saves it: semicolons, Windows text."""
    with path.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(lines)
    return str(path)


@pytest.fixture
def specialty(tmp_path):
    modules = saved_by_excel(tmp_path / "my modules.csv", MODULES)
    lines = [["Module", "Number", "Title"], *([m, n, t] for m, ts in TITLES.items() for n, t in enumerate(ts, 1))]
    activities = saved_by_excel(tmp_path / "my activities.csv", lines)
    return [
        "--curriculum",
        "SMP1-1-23",
        "--title",
        "Medical Physics portfolio",
        "--modules",
        modules,
        "--activities",
        activities,
    ]


def test_forty_activities_in_three_modules(fresh, specialty):
    """Another specialty from two spreadsheets: three chapters, forty plans, and a month of work in it."""
    code, out, err = run(fresh, "start", "--start", BEGUN, *specialty)
    assert code == 0, err
    assert "To review" not in out
    assert checks.run(fresh)[0] == []
    recount = Recount(fresh)
    assert len(recount.activities) == 40
    assert str(recount.total_credits) == "112.5"
    assert {row["module"]: row["required"] for row in recount.milestones if row["name"] == "Completion"} == {
        "S-C1": "20", "S-MP-R1": "10", "MP.2": "10"
    }  # fmt: skip
    assert run(fresh, "record", "mp.2/2", "started", "--date", "2025-10-01")[0] == 0
    assert run(fresh, "new", "MP.2/2", "--no-open")[0] == 0
    assert run(fresh, "evidence", "add", "Plan of a treatment", "--kind", "Plan", "--for", "MP.2/2")[0] == 0
    built = build(fresh)
    assert built.code == 0, built.output
    check_numbers(built)
    text = built.page("intro")
    assert "Medical Physics portfolio" in text
    for old in ("Clinical Informatics", "SBI1-3-23", "/C1_Professional", '"C1_Professional'):
        assert old not in text
        assert old not in (fresh / "data/activities.csv").read_text(encoding="utf-8")
    assert "Audit [brackets] &amp; *stars*; 50 % of &lt;plans&gt;" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.replace("MP.2;2;", "MP.3;2;"), "'MP.3' is not a code of modules.csv"),
        (lambda a: a.replace("MP.2;2;", "MP.2;1;"), "stands already in row"),
        (lambda a: a.replace("Title", "Name"), "has no column title"),
        (lambda a: a.split("\n")[0], "has no rows"),
        (lambda a: a.replace("MP.2;2;", "MP.2;two;"), "is not a whole number"),
        (lambda a: a.replace("Set objectives", "Set objectives;x;y"), "row 2: the row has 5 cells"),
        (lambda a: a.replace("Set objectives", "See patient NHS 943 476 5919"), "could identify a person"),
    ],
)
def test_wrong_file_is_named_and_nothing_changes(fresh, specialty, change, said):
    """The message names the file that was handed over, with the row; the copy stays the example."""
    path = Path(specialty[-1])
    path.write_text(change(path.read_text(encoding="cp1252")), encoding="cp1252")
    code, _, err = run(fresh, "start", "--start", BEGUN, *specialty)
    assert code == 1
    assert said in err
    assert "my activities.csv" in err or "could identify" in err
    assert git(fresh, "status", "--porcelain") == ""


def test_name_in_the_title_is_not_approved(fresh):
    """A title that a person typed may hold a name: it waits for review, and is said at once."""
    code, out, _ = run(fresh, "start", "--start", BEGUN, "--title", "Portfolio of Zebulon Okonjo")
    assert code == 0
    assert "To review before you publish" in out
    assert "Zebulon" in out
    assert any("Zebulon" in str(finding) for finding in checks.run(fresh)[0])


def test_code_knows_no_module():
    """The package names no module of the curriculum; what a portfolio holds stands in data/ and templates/."""
    texts = {
        p: p.read_text(encoding="utf-8")
        for p in (OWN / "stp_portfolio").rglob("*")
        if p.suffix in {".py", ".html", ".typ"}
    }
    codes = {module.code for module in reading.load(ROOT).modules if module.code}
    assert len(texts) > 30
    assert [path.name for path, text in texts.items() if any(code in text for code in codes)] == []


# -- pages later on ---------------------------------------------------------------------------


def test_further_module_gets_folder_pages_and_contents(fresh):
    """Rows for a module, then one command: the chapter, its pages and their place in the contents."""
    with (fresh / "data/modules.csv").open("a", encoding="utf-8") as file:
        file.write("2,M-3,Further module,10,\n")
    with (fresh / "data/activities.csv").open("a", encoding="utf-8") as file:
        file.write("M-3,1,First of it,Further/1_First,,\nM-3,2,Second of it,Further/2_Second,,\n")
    code, out, err = run(fresh, "new", "m-3")
    assert code == 0, err
    assert "2 pages made" in out
    toc = (fresh / "_toc.yml").read_text(encoding="utf-8")
    assert re.findall(r"file: (Further/\w+)", toc) == ["Further/index", "Further/1_First", "Further/2_Second"]
    assert [f for f in checks.run(fresh)[0] if "review" not in str(f)] == []
    built = build(fresh)
    assert built.code == 0, built.output
    assert "First of it" in built.page("Further/index")
    code, out, _ = run(fresh, "new", "m-3")
    assert "0 pages made, 2 there already" in out


def test_new_never_loses_a_word(fresh):
    """A plan turns into a page once the activity has begun, with its words below; a written page stays byte for byte."""
    plan = fresh / "C1_Professional_Foundations/16_SeniorManagementMeeting.md"
    before = plan.read_text(encoding="utf-8")
    code, out, _ = run(fresh, "new", "S-C1/16", "--no-open")
    assert "is there already" in out
    assert plan.read_text(encoding="utf-8") == before
    toml = fresh / "data/portfolio.toml"
    assert tomllib.loads(toml.read_text(encoding="utf-8"))["as_of"]
    with (fresh / "data/progress.csv").open("a", encoding="utf-8") as file:
        file.write("2025-06-30,S-C1,16,started,\n")
    assert any("portfolio new S-C1/16" in text for text, _ in checks.reminders(reading.load(fresh)))
    code, out, _ = run(fresh, "new", "s-c1/16", "--no-open")
    assert code == 0
    after = plan.read_text(encoding="utf-8")
    assert tuple(pages.read(plan).sections) == pages.STARTED_SECTIONS
    for line in before.splitlines():
        assert not line.strip() or line in after
    run(fresh, "new", "S-C1/16", "--no-open")
    assert plan.read_text(encoding="utf-8") == after
    missing = fresh / "C1_Professional_Foundations/5_PatientCareJourney.md"
    missing.unlink()
    assert "portfolio new S-C1/5" in run(fresh, "status")[2]
    assert "was made from the template" in run(fresh, "new", "S-C1/5", "--no-open")[1]
    assert missing.is_file()


def test_prompts_of_any_activity(fresh):
    """An activity's own questions, and general ones where it has none."""
    code, out, _ = run(fresh, "prompts", "S-C1/5")
    own = pages.prompts(fresh)["S-C1/5"]
    assert code == 0
    assert all(question in " ".join(out.split()) for question in own.values())
    with (fresh / "data/modules.csv").open("a", encoding="utf-8") as file:
        file.write("2,M-3,Further module,10,\n")
    with (fresh / "data/activities.csv").open("a", encoding="utf-8") as file:
        file.write("M-3,1,First of it,Further/1_First,,\n")
    out = run(fresh, "prompts", "M-3/1")[1]
    assert pages.prompts(fresh)[pages.GENERAL]["on"] in " ".join(out.split())
    assert run(fresh, "prompts", "M-3/9")[0] == 1

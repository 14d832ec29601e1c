"""The command line, run as its user runs it: what it says, what it writes, how it ends."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PORTFOLIO = Path(sys.executable).with_name("portfolio.exe" if sys.platform == "win32" else "portfolio")


@pytest.fixture
def tree(tmp_path):
    """A copy of the whole portfolio without what was built."""
    copy = tmp_path / "portfolio"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info", "tests"))
    return copy


def run(tree, *arguments, folder="."):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    done = subprocess.run(
        [PORTFOLIO, *arguments],
        cwd=tree / folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout  # plain where it is piped
    return done.returncode, done.stdout, done.stderr


def test_status_at_a_glance(tree):
    """Counts, milestone, waits and what to do next, from any folder of the portfolio."""
    code, out, _ = run(tree, "status", folder="notebooks")
    assert code == 0
    for text in (
        "8 of 20 activities are signed off; 3 submitted, 1 returned, 4 in progress and 4 not started.",
        "behind by 1",
        "2 activities to go in 92 days",
        "Answer the return of S-C1/14, of 12 May 2025: Asked how the local test set was chosen.",
        "Ask the assessor about S-C1/11, submitted 42 days ago.",
        "Take S-C1/3 further",
        "Illustration",
    ):
        assert text in out


def test_status_on_another_day(tree):
    """The same records as they stood earlier; a day before the start is a misuse."""
    code, out, _ = run(tree, "status", "--as-of", "2024-02-05")
    assert code == 0
    assert "On 5 February 2024, 2 of 20 activities are signed off" in out
    assert run(tree, "status", "--as-of", "2020-01-01")[0] == 2
    assert run(tree, "status", "--as-of", "05/02/2024")[0] == 2


def test_record_appends_one_event(tree):
    """One line more, in its place, and the day's answer after it."""
    path = tree / "data/progress.csv"
    before = path.read_text(encoding="utf-8")
    code, out, _ = run(tree, "record", "s-c1/11", "signed-off", "--date", "2025-06-25", "--note", "no changes asked")
    assert code == 0
    assert path.read_text(encoding="utf-8") == before + "2025-06-25,S-C1,11,signed_off,no changes asked\n"
    assert "Recorded: S-C1/11 signed off on 25 June 2025." in out
    assert "on track" in out
    assert len(list((tree / "data/.backup").glob("progress-*.csv"))) == 1


def test_record_says_when_the_book_does_not_show_it_yet(tree):
    """The example is read on a fixed day; an event of today lies after it."""
    code, out, _ = run(tree, "record", "S-C1/16", "started")
    assert code == 0
    assert "does not show it yet" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["S-C1/16", "submitted"], "it has not been started. What can follow is started."),
        (["S-C1/1", "started"], "'signed_off' of 9 January 2024. What can follow is nothing"),
        (["S-C1/11", "started"], "What can follow is returned or signed_off."),
        (["S-C1/99", "started"], "is not an activity"),
        (["S-C1/16", "begun"], "is not an event. Use one of: started, submitted, returned, signed_off"),
        (["S-C1/16", "started", "--date", "2023-01-01"], "before the programme's start"),
        (["S-C1/16", "started", "--date", "2999-01-01"], "in the future"),
        (["S-C1/14", "submitted", "--date", "2025-05-01"], "is before 'returned'"),
        (["S-C1/16", "started", "--note", "=1+1"], "starts like a formula"),
        (["S-C1", "signed_off"], "has 12 activities not signed off"),
        (["X", "signed_off"], "neither an activity nor a module"),
        (["S-C1", "started"], "A module can only be signed_off"),
    ],
)
def test_record_refuses_with_the_reason(tree, arguments, words):
    """Code 1, one message that says why and what can be done, and the file as it was."""
    files = {path: path.read_bytes() for path in (tree / "data").glob("*.csv")}
    code, _, err = run(tree, "record", *arguments)
    assert code == 1
    assert words in " ".join(err.split())
    assert {path: path.read_bytes() for path in (tree / "data").glob("*.csv")} == files


def test_module_is_signed_off_once_its_activities_are(tree):
    """The day goes into modules.csv, in its own row, and the credits are earned."""
    path = tree / "data/progress.csv"
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("date")]
    for number in range(1, 21):
        kept += [
            f"2025-05-0{day},S-C1,{number},{event},"
            for day, event in enumerate(("started", "submitted", "signed_off"), 1)
        ]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    code, out, _ = run(tree, "record", "S-C1", "signed_off", "--date", "2025-06-01")
    assert code == 0
    assert "20 credits earned" in out
    assert "Science,20,2025-06-01\n" in (tree / "data/modules.csv").read_text(encoding="utf-8")
    assert run(tree, "record", "S-C1", "signed_off")[0] == 1


def test_evidence_is_registered_with_the_next_id(tree):
    """The id is assigned, the references checked, and the page's part of it said."""
    code, out, _ = run(
        tree, "evidence", "add", "Minutes, with my notes", "--kind", "Notes", "--for", "S-C1/16", "--for", "s-c1/12",
        "--standard", "HCPC/8", "--standard", "GSP/5", "--date", "2025-06-27",
    )  # fmt: skip
    assert code == 0
    assert "Registered E27" in out
    last = (tree / "data/evidence.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == 'E27,2025-06-27,"Minutes, with my notes",Notes,S-C1/16;S-C1/12,HCPC/8;GSP/5,'
    code, _, err = run(tree, "evidence", "add", "X", "--kind", "Notes", "--for", "S-C1/16", "--standard", "HCPC/99")
    assert code == 1
    assert "'HCPC/99', which is not known" in err


def test_check_finds_nothing_in_the_shipped_portfolio(tree):
    """A clean portfolio ends with 0 and says what was checked."""
    code, out, _ = run(tree, "check")
    assert code == 0
    assert "20 activities with their pages" in out


def spoil(tree, name, old, new):
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_finds_everything_in_one_run(tree):
    """Records, settings, contents, contract, links and notebooks, each with file and remedy."""
    spoil(tree, "data/portfolio.toml", "role", "rol")
    code, out, err = run(tree, "check")
    assert code == 1
    assert "data/portfolio.toml: 'rol' is not a setting" in out
    spoil(tree, "data/portfolio.toml", "rol ", "role ")
    spoil(tree, "_config.yml", "timeout", "timeuot")
    spoil(tree, "_toc.yml", "          - file: C1_Professional_Foundations/4_DigitalFootprint\n", "")
    page = "C1_Professional_Foundations/5_PatientCareJourney.md"
    spoil(tree, page, "*Done when:*", "*When:*")
    spoil(tree, page, "(19_ProcessImprovement.md)", "(19_ProcesImprovement.md)")
    spoil(tree, "intro.md", "index.md)", "index.md#nowhere)")
    spoil(tree, "notebooks/credits.ipynb", '"outputs": []', '"outputs": [{"output_type": "stream"}]')
    code, out, err = run(tree, "check")
    assert code == 1
    for finding in (
        "_config.yml, key execute/timeuot: is not a key of Jupyter Book",
        "_toc.yml: C1_Professional_Foundations/4_DigitalFootprint is not in the table of contents",
        f"{page}: the step of June 2024 has no measure",
        "the link '19_ProcesImprovement.md' leads to a file that does not exist",
        "the link 'C1_Professional_Foundations/index.md#nowhere' leads to a heading that does not exist",
        "notebooks/credits.ipynb: holds outputs",
    ):
        assert finding in out
    assert re.search(r"^6 findings\.", err, flags=re.MULTILINE)
    code, out, _ = run(tree, "check", "C1_Professional_Foundations")
    assert code == 1
    assert len(out.strip().splitlines()) == 2


def test_outside_a_portfolio(tmp_path):
    """Every verb says where to go."""
    for arguments in (["status"], ["check"], ["record", "S-C1/1", "started"]):
        code, _, err = run(tmp_path, *arguments)
        assert code == 1
        assert "Run this inside the portfolio's folder" in err


def test_help_fits_a_screen():
    """24 lines of 80 columns for the command, and a line for each verb."""
    environment = {**os.environ, "COLUMNS": "80"}
    for arguments in ([], ["status"], ["record"], ["check"], ["evidence", "add"]):
        done = subprocess.run(
            [PORTFOLIO, *arguments, "--help"], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0
        assert len(done.stdout.rstrip().splitlines()) <= 24
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_status_and_check_load_nothing_heavy():
    """Neither pandas nor Matplotlib nor Sphinx is imported on the way to an answer."""
    program = (
        "import sys\nsys.argv = ['portfolio', sys.argv[1]]\nfrom stp_portfolio import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'pandas', 'matplotlib', 'sphinx', 'numpy'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    for verb in ("status", "check"):
        done = subprocess.run(
            [sys.executable, "-c", program, verb], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

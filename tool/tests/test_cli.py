"""The command line: what it says, what it writes and how it ends."""

import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from conftest import PORTFOLIO, call, refused, told
from portfolios import CASES, append, edit


def tables(tree):
    """The records as they lie there."""
    return {path: path.read_bytes() for path in (tree / "data").glob("[!.]*.*")}


def test_status_at_a_glance(tree):
    """Counts, milestone, waits and what to do next, from any folder and on any day since the start."""
    out = told(tree, "status", folder="notebooks")
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
    assert "On 5 February 2024, 2 of 20 activities are" in told(tree, "status", "--as-of", "2024-02-05")


def test_record_appends_one_event(tree):
    """One line more, in its place, and the day's answer; an event after the book's day is said to be."""
    path = tree / "data/progress.csv"
    before = path.read_text(encoding="utf-8")
    given = ("--date", "2025-06-25", "--note", "no changes asked")
    out = told(tree, "record", "s-c1/11", "signed-off", *given)
    assert path.read_text(encoding="utf-8") == before + "2025-06-25,S-C1,11,signed_off,no changes asked\n"
    assert "Recorded: S-C1/11 signed off on 25 June 2025." in out
    assert "on track" in out
    assert len(list((tree / "data/.backup").glob("progress-*.csv"))) == 1
    assert "does not show it yet" in told(tree, "record", "S-C1/16", "started")


def test_module_is_signed_off_once_its_activities_are(tree):
    """The day goes into modules.csv, in its own row, and the credits are earned."""
    steps = ("started", "submitted", "signed_off")
    edit(tree, "data/progress.csv", "ALL", "date,module,number,event,note\n")
    for day, event in enumerate(steps, 1):
        append(tree, "data/progress.csv", *(f"2025-05-0{day},S-C1,{n},{event}," for n in range(1, 21)))
    assert "20 credits earned" in told(tree, "record", "S-C1", "signed_off", "--date", "2025-06-01")
    assert "Science,20,2025-06-01\n" in (tree / "data/modules.csv").read_text(encoding="utf-8")
    assert "is signed off already" in refused(tree, "record", "S-C1", "signed_off")


def test_evidence_is_registered_with_the_next_id(tree):
    """The id is assigned, the references checked, and the page's part of it said."""
    given = "--kind Notes --for S-C1/16 --for s-c1/12 --standard HCPC/8 --standard GSP/5".split()
    out = told(tree, "evidence", "add", "Minutes, with my notes", *given, "--date", "2025-06-27")
    assert "Registered E27: Minutes, with my notes, for S-C1/16 and S-C1/12." in out
    last = (tree / "data/evidence.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == 'E27,2025-06-27,"Minutes, with my notes",Notes,S-C1/16;S-C1/12,HCPC/8;GSP/5,'


def test_many_at_once_get_as_many_ids(tree):
    """Six processes that register evidence at the same time: six ids in a row, and not a row lost."""
    before = (tree / "data/evidence.csv").read_bytes()
    given = "--kind Notes --for S-C1/16 --date 2025-06-27".split()

    def add(number):
        command = [PORTFOLIO, "evidence", "add", f"Note {number}", *given]
        return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(add, range(6)))
    raw = (tree / "data/evidence.csv").read_bytes()
    assert raw.startswith(before)
    wanted = [f"E{number}" for number in range(27, 33)]
    assert [line.split(",")[0] for line in raw[len(before) :].decode().splitlines()] == wanted
    assert sorted(re.search(r"Registered (E\d+)", out)[1] for out in said) == wanted


def test_check_finds_everything_in_one_run(tree):
    """Nothing in the shipped one; then records, contents, contract, links and notebooks, with remedies."""
    assert "20 activities with their pages" in told(tree, "check")
    edit(tree, "data/portfolio.toml", "role", "rol")
    assert "data/portfolio.toml: 'rol' is not a setting" in refused(tree, "check")
    edit(tree, "data/portfolio.toml", "rol ", "role ")
    edit(tree, "_config.yml", "timeout", "timeuot")
    edit(tree, "_toc.yml", "          - file: C1_Professional_Foundations/4_DigitalFootprint\n", "")
    page = "C1_Professional_Foundations/5_PatientCareJourney.md"
    edit(tree, page, "*Done when:*", "*When:*")
    edit(tree, page, "(19_ProcessImprovement.md)", "(19_ProcesImprovement.md)")
    edit(tree, "intro.md", "index.md)", "index.md#nowhere)")
    edit(tree, "notebooks/credits.ipynb", '"outputs": []', '"outputs": [{"output_type": "stream"}]')
    code, out, err = call(tree, "check")
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
    code, out, _ = call(tree, "check", "C1_Professional_Foundations")
    assert (code, len(out.strip().splitlines())) == (1, 2)


@pytest.mark.parametrize("verb", ["", "status", "record", "check", "import", "evidence add"])
def test_help_fits_a_screen(tmp_path, verb):
    """The 30 lines of a Windows terminal and 80 columns for the command, and a line for each verb; outside a portfolio as well."""
    with patch.dict(os.environ, {"TERMINAL_WIDTH": "80"}):
        out = told(tmp_path, *verb.split(), "--help")
    assert len(out.rstrip().splitlines()) <= 30
    assert max(map(len, out.splitlines())) <= 80
    for line in ("status", "check", "record S-C1/1 started"):  # and each verb says where to go
        assert "Run this inside the portfolio's folder" in refused(tmp_path, *line.split())


@pytest.mark.parametrize("line", CASES["lines"])
def test_what_cannot_be_done_ends_in_a_message(tree, line):
    """Whatever is typed, the answer is a code and one message that says why; the records stay as they were."""
    code, words = CASES["lines"][line]
    before = tables(tree)
    found, out, err = call(tree, *shlex.split(line.replace("LONG", "x" * 300)))
    assert (found, tables(tree)) == (code, before)
    assert words in " ".join((out + err).split())


MODULES = b"phase,code,module,credits,signed_off\n1,S-C1,M,1e999999999,\n"


BROKEN = [("progress.csv", b""), ("progress.csv", b"\xff\xfe\0"), ("portfolio.toml", b"= =")]


@pytest.mark.parametrize(("name", "raw"), [*BROKEN, ("activities.csv", None), ("modules.csv", MODULES)])
def test_broken_records_end_in_a_message(tree, name, raw):
    """A file that is none, a folder in its place, a number beyond all others: named in a message."""
    path = tree / "data" / name
    path.unlink()
    path.mkdir() if raw is None else path.write_bytes(raw)
    for verb in ("status", "record S-C1/16 started", "import intro.md"):
        assert name in refused(tree, *verb.split())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and full disks of POSIX")
def test_pipes_locales_and_full_disks(tree):
    """A reader that has seen enough, a terminal without signs and a full disk: no traceback."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    for line in ("status | head -c 1", "prompts S-C1/1 | head -c 1", "status > /dev/full", "new S-C1/1"):
        given = {"shell": True, "cwd": tree, "env": environment, "capture_output": True, "check": False}
        said = subprocess.run(f"{PORTFOLIO} {line}", **given).stderr
        assert not re.search(b"Traceback|Exception", said), said


HEAVY = "pandas matplotlib sphinx numpy"
UNUSED = f"{HEAVY} docutils lxml bs4 stp_portfolio.privacy stp_portfolio.desk stp_portfolio.pdf"


LOADED = [("status", UNUSED), ("check", HEAVY), ("report", HEAVY)]


@pytest.mark.parametrize(("verb", "unwanted"), LOADED)
def test_no_verb_loads_what_it_does_not_need(tree, verb, unwanted):
    """Neither pandas nor Matplotlib nor Sphinx on the way to an answer, and for status no other verb."""
    program = (
        "import sys\nsys.argv = ['portfolio', sys.argv[1]]\nfrom stp_portfolio import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"heavy = set({unwanted.split()}) & set(sys.modules)\nassert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", program, verb]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

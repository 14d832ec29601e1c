"""The command line: what it says, what it writes and how it ends."""

import json
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
from typer.core import TyperGroup
from typer.main import get_command

from stp_portfolio import cli


def tables(tree):
    """The records as they lie there."""
    return {path: path.read_bytes() for path in (tree / "data").glob("[!.]*.*")}


def test_status_at_a_glance(tree):
    """Counts, milestone, waits and what to do next, from any folder and on any day since the start."""
    out = told(tree, "status", folder="notebooks")
    for text in (
        "8 of 20 activities are signed off; 3 submitted, 1 returned, 4 in progress and 4 not started.",
        "are reached if 2 of the 3 in review are signed off by then; one has waited 42 days.",
        "9 more must be submitted by 24 August 2026",
        "End of year 2, 30 September 2025, also asks for a review meeting (not yet: planned for",
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
    assert "S-C1: 9 of 20 signed off and 2 in review." in out
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
    said = refused(tree, "record", "S-C1/5", "withdrawn", "--note", "The plan was another's")
    assert "S-C1 is signed off as a module. Take that back first: portfolio record S-C1 withdrawn" in said
    assert "20 credits no longer earned" in told(tree, "record", "S-C1", "withdrawn")
    told(tree, "record", "S-C1/5", "withdrawn", "--note", "The plan was another's", "--date", "2 June 2025")
    assert "has 1 activity not signed off: S-C1/5" in refused(tree, "record", "S-C1", "signed", "off")
    edit(tree, "data/modules.csv", "Science,20,\n", "Science,20,2025-06-01\n")
    fault = "'2025-06-01' is the sign-off of S-C1, of which S-C1/5 is not signed off. Record what is missing"
    assert fault in refused(tree, "check")


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
        "C1_Professional_Foundations/4_DigitalFootprint.md: is not in the table of contents, _toc.yml. Put",
        "the link '4_DigitalFootprint.md' leads to a page that is not in the contents",
        f"{page}: the step of June 2024 has no measure",
        "the link '19_ProcesImprovement.md' leads to a file that does not exist",
        "the link 'C1_Professional_Foundations/index.md#nowhere' leads to a heading that does not exist",
        "notebooks/credits.ipynb: holds outputs",
    ):
        assert finding in out
    assert re.search(r"^7 findings\.", err, flags=re.MULTILINE)
    code, out, _ = call(tree, "check", "C1_Professional_Foundations")
    found = [line for line in out.splitlines() if not line.startswith("Open: ")]
    assert (code, len(found)) == (1, 4)


@pytest.mark.parametrize("named", ["S-C1/6", "C1_Professional_Foundations/6_EquityAndInclusivity"])
def test_check_of_a_page_speaks_of_it_alone(tree, named):
    """Its faults, questions, reminders, and what is still to write; nothing of any other."""
    file = "C1_Professional_Foundations/6_EquityAndInclusivity.md"
    page = (tree / file).read_text(encoding="utf-8")
    edit(tree, "intro.md", "index.md)", "index.md#nowhere)")
    edit(tree, "C1_Professional_Foundations/5_PatientCareJourney.md", "*Done when:*", "*When:*")
    edit(tree, file, "\n## Reflection\n", "\n## Reflection\n\nThis part is still to be written.\n")
    line = 2 + page[: page.index("## Reflection")].count("\n") + 1
    out = told(tree, "check", named)
    assert f"To write: Reflection (line {line})." in out
    assert f"Open: {file}: a part of it is still to be written." in out
    assert "1 file read" in out
    assert "PatientCare" not in out
    edit(tree, file, "This part", "Of Jane Patel, see [this](gone.md), the part")
    code, out, _ = call(tree, "check", named)
    found = [each for each in out.splitlines() if each.startswith(file)]
    assert (code, len(found)) == (1, 2)
    assert all(line.startswith((file, "Open: ", "To write: ")) for line in out.splitlines())
    edit(tree, "data/progress.csv", "ALL", "date\n")
    (tree / file).write_text(page, encoding="utf-8")
    assert "To see it: portfolio check" in refused(tree, "check", file)


def test_a_page_or_all_of_a_module(tree):
    """By number, by key in any form, or all pages of a module by its code: to open, and to check."""
    page = "C1_Professional_Foundations/5_PatientCareJourney.md"
    for form in ("5", "S-C1.5", "s-c1/5"):
        assert f"{page} is there already." in told(tree, "new", form, "--no-open")
    edit(tree, "intro.md", "index.md)", "index.md#nowhere)")
    out = told(tree, "check", "s-c1")
    assert "20 files read" in out
    assert "nowhere" not in out
    (tree / page).unlink()
    out = told(tree, "new", "S-C1")
    assert f"{page} was made from the template." in out
    assert "S-C1: 1 page made, 19 there already." in out
    assert "To write in 5_PatientCareJourney.md: the opening (line 3), Evidence" in refused(
        tree, "check", "s-c1"
    )


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


# -- the history, and what other programs read ----------------------------------------------------------


def test_log_of_an_activity_and_of_all(tree):
    """What happened, whose turn it was and for how long, with the evidence of the time; of all, the latest."""
    told(tree, "record", "1", "withdrawn", "20 June 2025", "--note", "The plan was another's")
    lines = [" ".join(line.split()) for line in told(tree, "log", "1").splitlines()]
    assert lines[1] == "Returned: sign-off withdrawn on 20 June 2025 (The plan was another's)"
    assert "11 December 2023 Submitted; 29 days with the assessor" in lines
    assert "18 November 2024 Evidence E02, Notes of the first yearly wellbeing review" in lines
    assert (
        "20 June 2025 Sign-off withdrawn (The plan was another's); 10 days with the trainee so far" in lines
    )
    assert lines[-1] == "Next: once it is, portfolio record S-C1/1 submitted, or signed off"
    out = told(tree, "log")
    assert out.startswith("20 June 2025      S-C1/1 Sign-off withdrawn")
    assert len(out.splitlines()) == 16
    assert not re.search(r"[ \x1b]$|\x1b", out, re.MULTILINE)
    assert "Nothing has happened yet." in told(tree, "log", "20")


def test_json_of_log_and_status(tree):
    """Days as ISO, the numbers of the words, and nothing but JSON."""
    told(tree, "record", "1", "withdrawn", "20 June 2025", "--note", "The plan was another's")
    found = json.loads(told(tree, "status", "--json"))
    counts = {"Signed off": 7, "Submitted": 3, "Returned": 2, "In progress": 4, "Not started": 4}
    assert found["counts"] == counts
    first = found["activities"][0]
    assert (first["key"], first["status"], first["events"][-1]["date"]) == (
        "S-C1/1",
        "Returned",
        "2025-06-20",
    )
    assert first["standing"] == "Returned: sign-off withdrawn on 20 June 2025 (The plan was another's)"
    counted = [each for each in found["milestones"] if each["done"] is not None]
    assert [(each["done"], each["to_submit"]) for each in counted] == [(7, 0), (7, 10)]
    assert counted[1]["submit_by"] == "2026-08-24"
    assert [each["required"] for each in found["milestones"]][3:7] == [
        "review meeting", "signed off", None, "signed off",
    ]  # fmt: skip
    assert (found["modules"][0]["credits"], found["modules"][0]["state"]) == (20, "Open")
    entries = json.loads(told(tree, "log", "S-C1/14", "--json"))["entries"]
    last, named = entries[-1], {"day": "2025-05-12", "turn": "The trainee", "until": None, "days": 49}
    assert {key: last[key] for key in named} == named
    assert last["activity"]["key"] == last["what"]["activity"] == "S-C1/14"
    assert (last["what"]["event"], last["what"]["note"]) == (
        "returned",
        "Asked how the local test set was chosen",
    )
    assert [each["what"]["id"] for each in entries if "id" in each["what"]] == ["E15", "E16"]
    every = json.loads(told(tree, "log", "--json"))
    assert (every["activity"], len(every["entries"])) == (None, 15)


def test_record_of_several_is_one_step(tree):
    """All of them or none, and one undo."""
    before = tables(tree)
    refused(tree, "record", "16", "20", "11", "started", "25 June 2025")
    assert tables(tree) == before
    out = told(tree, "record", "16", "20", "started", "25 June 2025")
    assert "Recorded: S-C1/16 and S-C1/20 started on 25 June 2025." in out
    assert tables(tree)[tree / "data/progress.csv"].endswith(
        b"2025-06-25,S-C1,16,started,\n2025-06-25,S-C1,20,started,\n"
    )
    told(tree, "undo", "--yes")
    assert tables(tree) == before


def test_record_says_what_is_next(tree):
    """The page that is missing or still a plan is named with its command; each event leads to the next."""
    given = "S-C1/16", ("--date", "2025-06-25")
    (tree / "C1_Professional_Foundations/16_SeniorManagementMeeting.md").unlink()
    for event, words in (
        ("started", "Next: portfolio new S-C1/16, for the page to fill in"),
        ("submitted", "The page of S-C1/16 is missing."),
    ):
        assert words in told(tree, "record", given[0], event, *given[1])
    assert "What to do next" in told(tree, "status")
    told(tree, "new", "S-C1/16")
    answered = "Next: once the assessor has answered, portfolio record S-C1/16 signed off, or returned"
    following = {"returned": "submitted", "submitted": answered, "sign-off": "Next: portfolio status"}
    for event, words in following.items():
        assert words in told(tree, "record", given[0], event, *given[1])
    told(tree, "record", "S-C1/20", "started", *given[1])
    assert "The page of S-C1/20 is still its plan." in told(tree, "record", "S-C1/20", "submitted", *given[1])


# -- what comes next ----------------------------------------------------------------------------

# Each verb that ends by itself; those that build a book are called where their tests build one.
VERBS = [
    "status", "new S-C1/5", "new S-C1", "prompts S-C1/5", "check", "check S-C1/5", "review", "approve Word",
    "approve --undo private", "evidence add Plan --for S-C1/5 --kind Plan", "evidence list", "evidence list S-C1/5",
    "evidence edit E07 --title Talks", "evidence remove E27 --yes", "report", "calendar",
    "import old.md --to about/Old --dry-run", "import old.md --to about/Old",
    "start ../mine --dry-run", "start ../mine",
]  # fmt: skip
COMMANDS = r'portfolio (?:[^\s,;"]+|"[^"]*")(?: (?:[^\s,;"]+|"[^"]*"))*'


def next_of(out):
    """The commands of the one line that says what comes next, and is the last."""
    last = out.rstrip().splitlines()[-1]
    assert last.startswith("Next: "), out
    assert out.count("Next: ") == 1
    return [shlex.split(command)[1:] for command in re.findall(COMMANDS, last)]


@pytest.mark.parametrize("line", VERBS)
def test_a_verb_ends_with_what_comes_next(tree, line):
    """One line, the last; a command in it is one that can be typed."""
    if "E27" in line:
        append(tree, "data/evidence.csv", "E27,2025-06-02,A note,Notes,S-C1/5,,")
    (tree / "old.md").write_text("# Old\n\nWhat was written before.\n", encoding="utf-8")
    parsed = [parses(words) for words in next_of(told(tree, *line.split()))]
    assert all(parsed)


def test_a_build_ends_with_what_comes_next(small):
    """Below what the build itself says."""
    assert next_of(told(small.tree, "build")) == [["preview"]]


def parses(words):
    """Whether a line is one of a verb, with what it needs."""
    command, rest = get_command(cli.app), list(words)
    while isinstance(command, TyperGroup):
        command = command.get_command(None, rest.pop(0))
    command.make_context("portfolio", rest)
    return True

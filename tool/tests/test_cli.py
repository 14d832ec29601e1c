"""The command line: what it says, what it writes and how it ends."""

import io
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from conftest import ROOT

from stp_portfolio import cli

PORTFOLIO = Path(sys.executable).with_name("portfolio.exe" if sys.platform == "win32" else "portfolio")


@pytest.fixture
def tree(tmp_path):
    """A copy of the whole portfolio without what was built."""
    copy = tmp_path / "portfolio"
    ignored = shutil.ignore_patterns("_build", ".*", "__pycache__", "tool", "tests")
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


def run(tree, *arguments, folder="."):
    """The command in a process of its own; plain where it is piped."""
    done = subprocess.run(
        [PORTFOLIO, *arguments], cwd=tree / folder, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "COLUMNS": "100"}, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout
    return done.returncode, done.stdout, done.stderr


def call(tree, *arguments, folder="."):
    """The same in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(tree / folder), redirect_stdout(out), redirect_stderr(err),
        patch.dict(os.environ, {"COLUMNS": "100"}), patch.object(sys, "argv", ["portfolio", *arguments]),
    ):  # fmt: skip
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()


def tables(tree):
    """The records as they lie there."""
    return {path: path.read_bytes() for path in (tree / "data").glob("[!.]*.*")}


def spoil(tree, name, old, new):
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_status_at_a_glance(tree):
    """Counts, milestone, waits and what to do next, from any folder and on any day since the start."""
    code, out, _ = call(tree, "status", folder="notebooks")
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
    code, out, _ = call(tree, "status", "--as-of", "2024-02-05")
    assert code == 0
    assert "On 5 February 2024, 2 of 20 activities are signed off" in out
    for misuse in ("2020-01-01", "05/02/2024"):
        assert call(tree, "status", "--as-of", misuse)[0] == 2


def test_record_appends_one_event(tree):
    """One line more, in its place, and the day's answer; an event after the book's day is said to be."""
    path = tree / "data/progress.csv"
    before = path.read_text(encoding="utf-8")
    given = ("--date", "2025-06-25", "--note", "no changes asked")
    code, out, _ = call(tree, "record", "s-c1/11", "signed-off", *given)
    assert code == 0
    assert path.read_text(encoding="utf-8") == before + "2025-06-25,S-C1,11,signed_off,no changes asked\n"
    assert "Recorded: S-C1/11 signed off on 25 June 2025." in out
    assert "on track" in out
    assert len(list((tree / "data/.backup").glob("progress-*.csv"))) == 1
    code, out, _ = call(tree, "record", "S-C1/16", "started")
    assert (code, "does not show it yet" in out) == (0, True)


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
    before = tables(tree)
    code, _, err = call(tree, "record", *arguments)
    assert (code, tables(tree)) == (1, before)
    assert words in " ".join(err.split())


def test_module_is_signed_off_once_its_activities_are(tree):
    """The day goes into modules.csv, in its own row, and the credits are earned."""
    steps = ("started", "submitted", "signed_off")
    rows = [
        f"2025-05-0{day},S-C1,{number},{event},\n"
        for number in range(1, 21)
        for day, event in enumerate(steps, 1)
    ]
    (tree / "data/progress.csv").write_text(
        f"date,module,number,event,note\n{''.join(rows)}", encoding="utf-8"
    )
    code, out, _ = call(tree, "record", "S-C1", "signed_off", "--date", "2025-06-01")
    assert code == 0
    assert "20 credits earned" in out
    assert "Science,20,2025-06-01\n" in (tree / "data/modules.csv").read_text(encoding="utf-8")
    assert call(tree, "record", "S-C1", "signed_off")[0] == 1


def test_evidence_is_registered_with_the_next_id(tree):
    """The id is assigned, the references checked, and the page's part of it said."""
    given = "--kind Notes --for S-C1/16 --for s-c1/12 --standard HCPC/8 --standard GSP/5".split()
    code, out, _ = call(tree, "evidence", "add", "Minutes, with my notes", *given, "--date", "2025-06-27")
    assert code == 0
    assert "Registered E27: Minutes, with my notes, for S-C1/16 and S-C1/12." in out
    last = (tree / "data/evidence.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last == 'E27,2025-06-27,"Minutes, with my notes",Notes,S-C1/16;S-C1/12,HCPC/8;GSP/5,'
    code, _, err = call(tree, "evidence", "add", "X", *given[:4], "--standard", "HCPC/99")
    assert code == 1
    assert "'HCPC/99', which is not known" in err


def test_many_at_once_get_as_many_ids(tree):
    """Six processes that register evidence at the same time: six ids in a row, and not a row lost."""
    before = (tree / "data/evidence.csv").read_bytes()
    with ThreadPoolExecutor(6) as pool:
        given = ("--kind", "Notes", "--for", "S-C1/16", "--date", "2025-06-27")
        done = list(pool.map(lambda n: run(tree, "evidence", "add", f"Note {n}", *given), range(6)))
    assert [code for code, _, _ in done] == [0] * 6
    raw = (tree / "data/evidence.csv").read_bytes()
    assert raw.startswith(before)
    wanted = [f"E{number}" for number in range(27, 33)]
    assert [line.split(",")[0] for line in raw[len(before) :].decode().splitlines()] == wanted
    assert sorted(re.search(r"Registered (E\d+)", out)[1] for _, out, _ in done) == wanted


def test_check_finds_everything_in_one_run(tree):
    """Nothing in the shipped one; then records, contents, contract, links and notebooks, with remedies."""
    code, out, _ = call(tree, "check")
    assert (code, "20 activities with their pages" in out) == (0, True)
    spoil(tree, "data/portfolio.toml", "role", "rol")
    code, out, err = call(tree, "check")
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
    """24 lines of 80 columns for the command, and a line for each verb; outside a portfolio as well."""
    with patch.dict(os.environ, {"TERMINAL_WIDTH": "80"}):
        code, out, _ = call(tmp_path, *verb.split(), "--help")
    assert code == 0
    assert len(out.rstrip().splitlines()) <= 24
    assert max(map(len, out.splitlines())) <= 80
    for line in ("status", "check", "record S-C1/1 started"):  # and each verb says where to go
        code, _, err = call(tmp_path, *line.split())
        assert (code, "Run this inside the portfolio's folder" in err) == (1, True)


EVIDENCE = ["evidence", "add", "--kind", "K", "--for", "S-C1/16"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status", "--as-of", "9999-12-31"], 0),
        *[(["status", "--as-of", text], 2) for text in ("0000-01-01", "x" * 500)],
        *[(["record", text, "started"], 1) for text in ("S-C1/99999999999999999999", "../x", "")],
        (["record", "S-C1/16", "started", "--date", "9999-12-31"], 1),
        (["record", "S-C1/16", "started", "--note", "a\nb"], 1),
        *[([*EVIDENCE, *more], 1) for more in ([""], ["t", "--file", "../../x"])],
        *[(["import", text], 1) for text in ("nowhere.md", "_static", "data/progress.csv")],
        (["import", "intro.md", "--to", "about/" + "x" * 300], 1),
        *[([verb, "--edition", "both"], 2) for verb in ("build", "export")],
        *[([verb, "--edition", "assessor"], 1) for verb in ("build", "export")],
        *[(line.split(), 1) for line in ("new /", "check nowhere")],
        *[(line.split(), 2) for line in ("evidence", "nonsense", "preview --port 70000")],
    ],
)  # fmt: skip
def test_awkward_lines_end_in_a_message(tree, arguments, code):
    """Whatever is typed, the answer is a message and a code, and the records are as they were."""
    before = tables(tree)
    found, out, err = call(tree, *arguments)
    assert found == code
    assert (out if code == 0 else out + err).strip()
    assert tables(tree) == before


MODULES = b"phase,code,module,credits,signed_off\n1,S-C1,M,1e999999999,\n"


@pytest.mark.parametrize(
    ("name", "raw"),
    [("progress.csv", b""), ("progress.csv", b"\xff\xfe\0"), ("portfolio.toml", b"= ="),
     ("activities.csv", None), ("modules.csv", MODULES)],
)  # fmt: skip
def test_broken_records_end_in_a_message(tree, name, raw):
    """A file that is none, a folder in its place, a number beyond all others: named in a message."""
    path = tree / "data" / name
    path.unlink()
    path.mkdir() if raw is None else path.write_bytes(raw)
    for verb in ("status", "record S-C1/16 started", "import intro.md"):
        code, _, err = call(tree, *verb.split())
        assert (code, name in err) == (1, True)


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


@pytest.mark.parametrize(
    ("verb", "unwanted"), [("status", UNUSED), ("check", HEAVY), ("report", f"{HEAVY} docutils")]
)
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

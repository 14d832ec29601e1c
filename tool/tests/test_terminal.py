"""On a terminal: a page opens with the editor that one has, Ctrl and C ends everything, a pipe may close."""

import os
import re
import select
import signal
import subprocess
import sys
import time

import psutil
import pytest
from conftest import JUPYTER_BOOK, PORTFOLIO

from stp_portfolio.core import phrases

pty = pytest.importorskip("pty", reason="a terminal as POSIX has it")
PAGE = "M/1_Task.md"
# Notes how it was called; what it says is to be seen only of an editor that runs in the terminal.
FAKE = """#!{python}
import sys, time
from pathlib import Path
print("a word from it", flush=True)
print("an error from it", file=sys.stderr, flush=True)
time.sleep({seconds})
note = Path({log!r})
note.with_suffix(".part").write_text("\\n".join([{name!r}, *sys.argv[1:]]))
note.with_suffix(".part").rename(note)
"""


@pytest.fixture
def run(small, tmp_path):
    """Runs ``portfolio new`` on a terminal, with made programs and settings alone; what it shows, and its time."""
    programs, log = tmp_path / "programs", tmp_path / "log"
    programs.mkdir()

    def run(made, seconds=0, terminal=True, **settings):
        for name in made:
            path = programs / name
            fake = FAKE.format(python=sys.executable, log=str(log), name=name, seconds=seconds)
            path.write_text(fake, encoding="utf-8")
            path.chmod(0o755)
        screen, own = pty.openpty()
        begun = time.monotonic()
        process = subprocess.Popen(
            [PORTFOLIO, "new", "M/1"], cwd=small.tree, stdin=own, stdout=own if terminal else subprocess.PIPE,
            stderr=own, env={"PATH": str(programs), **settings},
        )  # fmt: skip
        assert process.wait(timeout=60) == 0
        taken = time.monotonic() - begun
        os.close(own)
        shown = os.read(screen, 65536).decode() if terminal else process.stdout.read().decode()
        return shown, taken

    def noted():
        for _ in range(100):
            if log.is_file():
                return log.read_text(encoding="utf-8").splitlines()
            time.sleep(0.1)
        return []

    return run, noted


SCREEN = {"DISPLAY": ":9"}


@pytest.mark.parametrize(
    ("made", "settings", "called"),
    [
        (["code", "vi"], {"VISUAL": "code --wait", "EDITOR": "vi"}, ["code", "--wait"]),
        (["vi", "code"], {"VISUAL": "none", "EDITOR": "vi -n"}, ["vi", "-n"]),
        (["a b"], {"EDITOR": "'a b' \"-x y\""}, ["a b", "-x y"]),
        (["code", "xdg-open"], SCREEN, ["code"]),
        (["xdg-open"], SCREEN, ["xdg-open"]),
    ],
)
def test_the_editor_that_one_has(run, small, made, settings, called):
    """What is set comes first, if it is there; then VS Code, then what the system has."""
    show, noted = run
    show(made, **settings)
    name, *arguments, page = noted()
    assert [name, *arguments] == called
    assert page == str(small.tree / PAGE)


@pytest.mark.parametrize(
    ("made", "settings"), [([], SCREEN), (["code", "xdg-open"], {}), ([], {"EDITOR": "none 'x"})]
)
def test_without_one_the_path_is_enough(run, made, settings):
    """Nothing to open it with, or no screen: the page is named."""
    show, _ = run
    assert show(made, **settings)[0].startswith(PAGE)


def test_a_window_is_not_waited_for_and_says_nothing(run):
    """The terminal is free at once, and only what the command says stands there."""
    show, noted = run
    shown, taken = show(["code"], seconds=4, VISUAL="code --wait")
    assert taken < 4
    assert "from it" not in shown
    assert noted()


def test_an_editor_in_the_terminal_has_it_until_it_ends(run):
    """It is seen, and the command goes on after it."""
    show, noted = run
    shown, taken = show(["nano"], seconds=1, EDITOR="nano")
    assert taken > 1
    assert "a word from it" in shown
    assert noted()


def test_nothing_is_opened_where_nobody_sits(run, tmp_path):
    """Piped, the command says its line alone."""
    show, _ = run
    shown, _ = show(["nano", "code"], terminal=False, EDITOR="nano", **SCREEN)
    assert "from it" not in shown
    time.sleep(0.5)
    assert not (tmp_path / "log").exists()


# -- Ctrl and C -------------------------------------------------------------------------------


def running(mark):
    """The processes that were started, straight or by others, with a mark in their environment."""
    found = []
    for each in psutil.process_iter():
        try:
            if each.environ().get("STP_MARK") == mark and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
        except (psutil.Error, OSError):
            continue
    return found


def stopped(tree, command, until):
    """Run a command on a terminal of its own and press Ctrl and C after ``until``: seconds, or words shown.

    What is shown from then on, the code, and the processes that are left.
    """
    mark = os.urandom(8).hex()
    child, screen = pty.fork()
    if not child:
        os.chdir(tree)
        os.execvpe(command[0], command, {**os.environ, "STP_MARK": mark, "COLUMNS": "80"})
    shown, pressed, begun = "", None, time.monotonic()
    while True:
        try:
            more = os.read(screen, 65536) if select.select([screen], [], [], 0.05)[0] else b" "
        except OSError:  # so a terminal ends on Linux
            more = b""
        if not more:
            break
        shown += more.decode(errors="replace").removesuffix(" " if more == b" " else "")
        ready = until in shown if isinstance(until, str) else time.monotonic() - begun > until
        if pressed is None and ready:
            pressed = len(shown)
            os.write(screen, b"\x03")
        assert time.monotonic() - begun < 120, shown
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert pressed is not None, shown
    left = psutil.wait_procs(running(mark), timeout=5)[1]
    after = re.sub(r"\x1b\[[0-9;]*[mK]|\^C|\r", "", shown[pressed:])
    return code, after, shown, left


SLEEP = "import time\nopen('begun', 'w').close()\ntime.sleep(100)"
STOPS = {
    "the book's own build": ([JUPYTER_BOOK, "build", "."], "reading sources"),
    "build, early": ([PORTFOLIO, "build"], 0.6),
    "build": ([PORTFOLIO, "build"], "reading sources"),
    "export": ([PORTFOLIO, "export"], 2.5),
    "preview, early": ([PORTFOLIO, "preview", "--port", "0"], "Building"),
    "preview": ([PORTFOLIO, "preview", "--port", "0", "--no-open"], 5),
    "check": ([PORTFOLIO, "check"], 0.5),
}


@pytest.mark.parametrize(("command", "until"), STOPS.values(), ids=STOPS)
def test_ctrl_c_ends_everything_in_one_line(small, command, until):
    """In the middle of a build a notebook's kernel runs; it ends as well, and no file is left half written."""
    small.notebook(SLEEP)
    code, after, shown, left = stopped(small.tree, command, until)
    assert code == 128 + signal.SIGINT
    assert phrases.STOPPED in after
    assert "Traceback" not in shown
    assert not [line for line in after.splitlines() if re.search("rror|nterrupted!|bort", line)]
    assert left == []
    assert list(small.tree.rglob("*.tmp")) == []
    assert not (small.tree / "_build/html/index.html").exists()


# -- pipes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["status", "check", "build", "--help"])
def test_a_pipe_may_close_and_shows_no_colours(small, verb):
    """Who has read enough closes the pipe: no word of that, and no escape code before."""
    process = subprocess.Popen(
        [PORTFOLIO, verb], cwd=small.tree, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "40", "FORCE_COLOR": ""},
    )  # fmt: skip
    line = process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.wait(timeout=60)
    assert line
    assert b"\x1b" not in line + said
    assert said == b""

"""The way back: whatever the last command wrote can be taken back, and that as well, and nothing else is lost."""

import os
import subprocess
import sys
from unittest.mock import patch

import pytest
from conftest import PORTFOLIO, refused, told
from portfolios import edit

from stp_portfolio.core import journal, writing

FOLDER = "C1_Professional_Foundations"
PAGE = f"{FOLDER}/16_SeniorManagementMeeting.md"


def files(tree):
    """Everything but what is kept for the way back."""
    found = [path for path in tree.rglob("*") if path.is_file() and ".backup" not in path.parts]
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in found}


def unlist(tree, *pages):
    """Take pages away, and out of the contents."""
    for name in pages:
        (tree / FOLDER / f"{name}.md").unlink()
        edit(tree, "_toc.yml", f"          - file: {FOLDER}/{name}\n", "")


def folders(tree):
    return {path for path in tree.rglob("*") if path.is_dir() and ".backup" not in path.parts}


WROTE = {
    "record S-C1/16 started": "goes: 2",
    "evidence add Minutes --for S-C1/16 --kind Notes": "goes: E27, ",
    "approve Maudsley --reason place": "goes: Maudsley",
    "new S-C1/16": f"{PAGE} goes",
    "new S-C1": "C1_Professional_Foundations/index.md goes",
    "import ../old.md --to about/Old": "goes: - file: about/Old",
}


@pytest.mark.parametrize("line", WROTE)
def test_every_command_that_writes_is_taken_back_and_done_again(tree, line):
    """Rows, lines, pages, chapters and their place in the contents: all of one command, both ways, byte for byte."""
    (tree.parent / "old.md").write_text("# Old\n\nWhat I wrote. A second sentence.\n", encoding="utf-8")
    if "new" in line:
        (tree / FOLDER / "index.md").unlink()
        unlist(tree, "16_SeniorManagementMeeting", "15_PublicHealthIssue")
    before = files(tree), folders(tree)
    told(tree, *line.split())
    after = files(tree), folders(tree)
    assert before != after
    for state, said in ((before, "Taken back."), (after, "Done again."), (before, "Taken back.")):
        out = told(tree, "undo", "--yes")
        assert line in out
        assert said in out
        assert (files(tree), folders(tree)) == state
        if state is before:
            assert WROTE[line] in out


def test_folder_that_is_empty_goes_as_well(tree):
    """A page, its chapter and the folder made for them leave nothing behind."""
    edit(tree, "data/activities.csv", PAGE[:-3], "New_Folder/deep/16_Meeting")
    before = files(tree), folders(tree)
    told(tree, "new", "S-C1/16")
    assert (tree / "New_Folder/deep/index.md").is_file()
    told(tree, "undo", "--yes")
    assert (files(tree), folders(tree)) == before


@pytest.mark.parametrize(
    ("answer", "code", "words"), [("y", 0, "Taken back"), ("n", 1, "Nothing"), ("", 1, "Nothing")]
)
def test_undo_asks(tree, answer, code, words):
    """A piped answer counts; a no, or an end of input, changes nothing and says so."""
    told(tree, "record", "S-C1/16", "started", "--date", "2025-06-25")
    after = files(tree)
    given = {"input": f"{answer}\n" if answer else "", "capture_output": True, "text": True, "check": False}
    done = subprocess.run([PORTFOLIO, "undo"], cwd=tree, **given)
    assert "record S-C1/16 started" in done.stdout
    assert "goes: 2025-06-25, S-C1, 16, started" in done.stdout
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True)
    assert (files(tree) == after) == bool(code)
    assert "Traceback" not in done.stderr


def test_nothing_to_take_back(tree):
    """Before the first command that writes, after one that was refused, and where its note is broken."""
    assert "nothing to take back" in refused(tree, "undo", "--yes")
    refused(tree, "record", "S-C1/16", "signed_off")
    assert "nothing to take back" in refused(tree, "undo", "--yes")
    told(tree, "record", "S-C1/16", "started")
    for broken in (b"", b"[]", b'{"files": {}}', b'{"files": {"a": 3}, "when": "x", "command": ""}', b"\xff"):
        (tree / "data/.backup/undo.json").write_bytes(broken)
        assert "nothing to take back" in refused(tree, "undo", "--yes")


def test_file_that_changed_meanwhile_is_left_alone(tree):
    """Edited, or removed: named, with where the version before lies; nothing else of the command is undone either."""
    told(tree, "record", "S-C1/16", "started", "--date", "2025-06-25")
    edit(tree, "data/progress.csv", "2025-06-25", "2025-06-24")
    before = files(tree)
    said = refused(tree, "undo", "--yes")
    assert "data/progress.csv has changed since portfolio record S-C1/16 started --date 2025-06-25 (" in said
    (kept,) = (tree / "data/.backup").glob("progress-*.csv")
    assert f"The version before it is data/.backup/{kept.name}." in said
    (tree / PAGE).unlink()
    told(tree, "new", "S-C1/16")
    (tree / PAGE).unlink()
    assert files(tree) == {name: raw for name, raw in before.items() if name != PAGE}
    assert "nothing to take back" in refused(tree, "undo", "--yes")
    told(tree, "new", "S-C1/16")
    told(tree, "record", "S-C1/16", "submitted", "--date", "2025-06-26")
    for kept in (tree / "data/.backup").glob("progress-*.csv"):
        kept.unlink()
    assert "is gone, so data/progress.csv cannot be put back" in refused(tree, "undo", "--yes")


def test_spreadsheet_that_holds_the_file_is_named(tree):
    told(tree, "record", "S-C1/16", "started")
    before = files(tree)
    (tree / "data/.~lock.progress.csv#").write_text("someone")
    assert "is open in a spreadsheet" in refused(tree, "undo", "--yes")
    (tree / "data/.~lock.progress.csv#").unlink()
    assert files(tree) == before


def test_folder_that_takes_nothing_ends_in_a_message(tree):
    """No place for the kept version: refused before anything is changed, by the name of the file."""
    before = files(tree)
    (tree / "data/.backup").write_text("no folder")
    for file, line in {
        "progress": "record 16 started",
        "evidence": "evidence add A --for 16 --kind Notes",
    }.items():
        assert f"data/{file}.csv could not be written (File exists). Close" in refused(tree, *line.split())
    (tree / "data/.backup").unlink()
    assert files(tree) == before


def test_one_command_keeps_one_version_of_a_file(tree):
    """Many changes of a file by one command are one step back; by two commands they are two."""
    names = [path.stem for path in tree.glob(f"{FOLDER}/1[0-5]*.md")]
    unlist(tree, *names)
    before = files(tree)
    told(tree, "new", "S-C1")
    assert len(names) == 6
    assert len([*(tree / "data/.backup").glob("_toc-*.yml")]) == 1
    told(tree, "undo", "--yes")
    assert files(tree) == before
    told(tree, "new", "S-C1/10")
    one = files(tree)
    told(tree, "new", "S-C1/11")
    told(tree, "undo", "--yes")
    assert files(tree) == one


KILLED = """
import os, sys
from pathlib import Path
from stp_portfolio.core import disk, journal, writing
root, count, step = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
place, done = disk.put, []
def put(path, *given):
    done.append(path) if path.suffix == ".md" and ".backup" not in path.parts else None
    if len(done) > count:
        os.kill(os.getpid(), 9)
    place(path, *given)
disk.put = put
if step == "undo":
    writing.take_back(root, journal.read(root))
with journal.command("new pages"):
    for number in range(4):
        writing.put(root, root / f"about/{number}.md", b"new")
"""


def killed(tree, count, step):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", KILLED, str(tree), str(count), step]
    assert subprocess.run(command, env=environment, check=False).returncode == -9


@pytest.mark.skipif(sys.platform == "win32", reason="no signals on Windows")
@pytest.mark.parametrize("count", range(4))
def test_killed_command_is_taken_back(tree, count):
    """Of a command that was killed, what it wrote goes; an undo that was killed is whole after the next."""
    for number in range(4):
        writing.put(tree, tree / f"about/{number}.md", b"old")
    before = files(tree)
    killed(tree, count, "command")
    assert (files(tree) == before) == (count == 0)
    if count:
        told(tree, "undo", "--yes")
    assert files(tree) == before
    with journal.command("new pages"):
        for number in range(4):
            writing.put(tree, tree / f"about/{number}.md", b"new")
    after = files(tree)
    killed(tree, count, "undo")
    assert (files(tree) == after) == (count == 0)
    for state in (after, before, after) if count else (before, after):
        told(tree, "undo", "--yes")
        assert files(tree) == state


def test_failed_write_leaves_the_last_command_to_take_back(tree):
    """What could not be put in place is in no journal: undo takes back what was done before it."""
    told(tree, "record", "S-C1/16", "started", "--date", "2025-06-25")
    with patch.object(writing, "_place", side_effect=OSError(28, "No space left on device")):
        assert "No space left" in refused(tree, "record", "S-C1/20", "started")
    assert "goes: 2025-06-25, S-C1, 16, started" in told(tree, "undo", "--yes")


def test_file_is_removed_and_comes_back(tree):
    """A piece of a register and its file: dropped together, brought back together."""
    path = tree / "evidence/poster.pdf"
    with journal.command("evidence add"):
        writing.put(tree, path, b"%PDF")
    with journal.command("evidence remove"):
        writing.rewrite(tree, "evidence.csv", lambda row: None if row["id"] == "E02" else row)
        writing.put(tree, path, None)
    assert not path.parent.exists()
    assert b"E02" not in (tree / "data/evidence.csv").read_bytes()
    assert "evidence/poster.pdf comes back" in told(tree, "undo", "--yes")
    assert path.read_bytes() == b"%PDF"
    assert b"E02" in (tree / "data/evidence.csv").read_bytes()
    before = files(tree)
    writing.put(tree, tree / "nowhere.md", None)
    assert files(tree) == before

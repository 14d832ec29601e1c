"""Writing: whatever happens, every earlier row is still there and the file keeps its own dress."""

import csv
import os
import random
import subprocess
import sys
import time
from datetime import date

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import histories

from stp_portfolio.core import disk, progress, reading, writing

TODAY = date(2026, 1, 1)
EVENT = {"date": "2025-07-01", "module": "S-C1", "number": "16", "event": "started", "note": ""}


def raw(tree, file="progress.csv"):
    return (tree / "data" / file).read_bytes()


DRESSES = {
    "plain": lambda b: b,
    "byte order mark": lambda b: b"\xef\xbb\xbf" + b,
    "Windows line ends": lambda b: b.replace(b"\n", b"\r\n"),
    "semicolons": lambda b: b.replace(b",", b";"),
    "tabs": lambda b: b.replace(b",", b"\t"),
    "no line end at the end": lambda b: b.rstrip(b"\n"),
    "Windows text": lambda b: b.replace(b"rewritten", b"the assessor\x92s words"),
    "other order of columns": lambda b: b"\n".join(
        b",".join([*line.split(b",")[1:], line.split(b",")[0]]) for line in b.rstrip(b"\n").split(b"\n")
    ),
}


@pytest.mark.parametrize("name", DRESSES)
def test_append_keeps_the_files_dress(data, name):
    """One line is added in the file's own separator, line end and encoding; the rest stays byte for byte."""
    path = data / "data/progress.csv"
    path.write_bytes(DRESSES[name](path.read_bytes()))
    before = path.read_bytes()
    writing.append(data, "progress.csv", EVENT, TODAY)
    after = path.read_bytes()
    assert after.startswith(before)
    added = after[len(before) :]
    assert added.strip(b"\r\n").count(b"2025-07-01") == 1
    assert (b"\r\n" in added) == (b"\r\n" in before)
    assert len(reading.load(data, TODAY).events) == 40


def test_rewrite_changes_its_row_and_no_other_byte(data):
    """A module is signed off in place; the lines around it stay as a spreadsheet wrote them."""
    path = data / "data/modules.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").replace(b"Rotation modules", b'"Rotation modules"'))
    before = path.read_bytes().split(b"\r\n")

    def sign(row):
        return {**row, "signed_off": "2025-06-30"} if row["module"].startswith("STP") else row

    writing.rewrite(data, "modules.csv", sign, TODAY)
    after = path.read_bytes().split(b"\r\n")
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [6]
    assert after[6] == b"3,,STP Project,60,2025-06-30"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**EVENT, "event": "signed_off"}, "cannot stand as the first event"),
        ({**EVENT, "date": "2027-01-01"}, "in the future"),
        ({**EVENT, "number": "99"}, "not an activity"),
        ({**EVENT, "note": "=cmd"}, "formula"),
        ({**EVENT, "note": "two\nlines"}, "line"),
    ],
)
def test_change_that_breaks_the_contract_is_not_made(data, row, words):
    """The file stays as it was, and no version is spent on it."""
    before = raw(data)
    with pytest.raises(reading.RecordsError, match=words):
        writing.append(data, "progress.csv", row, TODAY)
    assert raw(data) == before
    assert not list((data / "data/.backup").glob("*.csv"))


def test_records_that_are_wrong_already_are_not_added_to(data):
    """First mend, then add."""
    path = data / "data/progress.csv"
    path.write_bytes(path.read_bytes().replace(b"signed_off", b"signedoff", 1))
    with pytest.raises(reading.RecordsError, match="signedoff"):
        writing.append(data, "progress.csv", EVENT, TODAY)


@pytest.mark.parametrize("lock", [".~lock.progress.csv#", "~$progress.csv"])
def test_file_open_in_a_spreadsheet_is_left_alone(data, lock):
    """LibreOffice and Excel leave a lock file beside what they hold open."""
    (data / "data" / lock).write_text("someone")
    before = raw(data)
    with pytest.raises(writing.WriteError, match=r"open in a spreadsheet\. Close it"):
        writing.append(data, "progress.csv", EVENT, TODAY)
    assert raw(data) == before


def test_two_writers_do_not_meet(data, monkeypatch):
    """While one command holds the folder, another waits and then says so."""
    monkeypatch.setattr(writing, "WAIT_SECONDS", 0.2)
    (data / "data/.backup").mkdir()
    with FileLock(data / "data/.backup/.lock"), pytest.raises(writing.WriteError, match="Another command"):
        writing.append(data, "progress.csv", EVENT, TODAY)


def test_file_changed_meanwhile_is_not_overwritten(data):
    """A spreadsheet that saves between reading and writing wins, and nothing of it is lost."""
    path = data / "data/modules.csv"

    def save_elsewhere(row):
        path.write_bytes(path.read_bytes().replace(b"STP Project", b"STP project "))
        return {**row, "signed_off": "2025-06-30"} if row["phase"] == "3" else row

    with pytest.raises(disk.ChangedError, match="has changed since it was read"):
        writing.rewrite(data, "modules.csv", save_elsewhere, TODAY)
    assert b"STP project " in path.read_bytes()
    assert b"2025-06-30" not in path.read_bytes()


def test_text_that_the_encoding_lacks_is_refused(data):
    """A file saved as Windows text cannot hold every character; the remedy is named."""
    path = data / "data/progress.csv"
    path.write_bytes(path.read_bytes().replace(b"rewritten", b"the assessor\x92s words"))
    with pytest.raises(writing.WriteError, match="Save it as 'CSV UTF-8'"):
        writing.append(data, "progress.csv", {**EVENT, "note": "≥ 95 of 100"}, TODAY)


def test_last_ten_versions_are_kept_and_leftovers_swept(data):
    """Twelve changes leave ten versions, the newest of them the state before the last change."""
    leftovers = [data / "data/.progress.csv.123.tmp", data / "data/.backup/.progress-x.csv.tmp"]
    (data / "data/.backup").mkdir()
    for leftover in leftovers:
        leftover.write_text("half a")
    states = []
    for number in range(12):
        states.append(raw(data, "evidence.csv"))
        row = {"id": f"X{number}", "date": "2025-07-01", "title": "t", "kind": "k", "activities": "S-C1/1"}
        writing.append(data, "evidence.csv", row, TODAY)
    kept = sorted((data / "data/.backup").glob("evidence-*.csv"))
    assert [path.read_bytes() for path in kept] == states[2:]
    assert not any(leftover.exists() for leftover in leftovers)
    assert not list((data / "data").glob(".*.tmp"))


WRITER = """
import sys
from datetime import date
from pathlib import Path
from stp_portfolio.core import writing
root, first = Path(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + 1000):
    row = {"id": f"X{number}", "date": "2025-07-01", "title": "Text, with a comma", "kind": "k", "activities": "S-C1/1"}
    writing.append(root, "evidence.csv", row, date(2026, 1, 1))
    print(number, flush=True)
"""


def test_killed_writer_loses_nothing(data):
    """A writer killed at a random moment, a hundred times: the file is whole and holds every finished row."""
    chance = random.Random(7)
    done: list[int] = []
    killed_between = 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for _ in range(100):
        first = max(done, default=-1) + 1000
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(data), str(first)], stdout=subprocess.PIPE, text=True, env=environment
        )
        process.stdout.readline()  # it is at work
        time.sleep(chance.random() * 0.05)
        process.kill()
        rest, _ = process.communicate()
        done += [first, *(int(line) for line in rest.split())]
        held = {piece.id for piece in reading.load(data, TODAY).evidence}
        assert {f"X{number}" for number in done} <= held
        killed_between += bool(list((data / "data").glob(".*.tmp")) or list((data / "data/.backup").glob(".*.tmp")))
        with (data / "data/evidence.csv").open(encoding="utf-8", newline="") as file:
            assert {len(row) for row in csv.reader(file)} == {7}
    assert len(done) > 100
    assert killed_between > 0  # some were killed in the middle of a write, or this proves little


@settings(max_examples=1500, deadline=None)
@given(rows=histories(), semicolons=st.booleans(), windows=st.booleans(), day_first=st.booleans())
def test_any_legal_history_round_trips(tmp_path_factory, rows, semicolons, windows, day_first):
    """Any legal history, in any dress that a spreadsheet gives it, comes back as the same events."""
    tree = _tree(tmp_path_factory)
    proves_order = any(day.day > 12 for day, _, _ in rows)
    lines = ["date,module,number,event,note"]
    for day, number, event in rows:
        text = f"{day:%d/%m/%Y}" if day_first and proves_order else day.isoformat()
        lines.append(f"{text},M,{number},{event},")
    end = "\r\n" if windows else "\n"
    text = end.join(lines) + end
    text = text.replace(",", ";") if semicolons else text
    found = reading.load(tree, date(2100, 1, 1), instead={"progress.csv": text.encode()})
    expected = sorted(rows, key=lambda row: row[0])
    assert [(e.date, e.activity.number, e.event) for e in found.events] == expected
    assert sum(progress.counts(found, date(2100, 1, 1)).values()) == 8


_TREES = []


def _tree(factory):
    """One small portfolio on disk for all generated histories."""
    if not _TREES:
        tree = factory.mktemp("generated")
        (tree / "data").mkdir()
        files = {
            "portfolio.toml": 'title = "T"\nrole = "r"\ncurriculum = "X"\nstart = 2023-09-04\nlanguage = "en-GB"\n',
            "modules.csv": "phase,code,module,credits,signed_off\n1,M,Module,20,\n",
            "activities.csv": "module,number,title,page,learning_outcomes,url\n"
            + "".join(f"M,{n},Task {n},m{n},,\n" for n in range(1, 9)),
            "standards.csv": "scheme,code,label\n",
            "evidence.csv": "id,date,title,kind,activities,standards,file\n",
            "milestones.csv": "date,name,module,required,note\n",
            "progress.csv": "date,module,number,event,note\n",
        }
        for name, text in files.items():
            (tree / "data" / name).write_text(text, encoding="utf-8")
        for number in range(1, 9):
            (tree / f"m{number}.md").write_text("# T\n", encoding="utf-8")
        _TREES.append(tree)
    return _TREES[0]

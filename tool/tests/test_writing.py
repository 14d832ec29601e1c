"""Writing: whatever happens, every earlier row is still there and the file keeps its own dress."""

import csv
import os
import random
import subprocess
import sys
import time
from datetime import date

import pytest
from conftest import ROOT
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import DRESSES, edit, histories

from stp_portfolio.core import disk, progress, reading, records, writing

TODAY = date(2026, 1, 1)
EVENT = {"date": "2025-07-01", "module": "S-C1", "number": "16", "event": "started", "note": ""}
WINDOWS_TEXT = {"Windows text": lambda raw: raw.replace(b"rewritten", b"the assessor\x92s words")}


def raw(tree, file="progress.csv"):
    return (tree / "data" / file).read_bytes()


def versions(tree, file="*"):
    return sorted((tree / "data/.backup").rglob(f"{file}-*"))


@pytest.mark.parametrize("name", DRESSES | WINDOWS_TEXT)
def test_append_keeps_the_files_dress(data, name):
    """One line is added in the file's own separator, line end and encoding; the rest stays byte for byte."""
    path = data / "data/progress.csv"
    path.write_bytes((DRESSES | WINDOWS_TEXT)[name](path.read_bytes()))
    before = path.read_bytes()
    writing.append(data, "progress.csv", EVENT)
    after = path.read_bytes()
    assert after.startswith(before)
    added = after[len(before) :]
    assert added.strip(b"\r\n").count(b"2025-07-01") == 1
    assert (b"\r\n" in added) == (b"\r\n" in before)
    assert len(reading.load(data, TODAY).events) == 40


def test_rewrite_changes_its_row_and_no_other_byte(data):
    """A module is signed off in place; the lines around it stay as a spreadsheet wrote them."""
    path = data / "data/modules.csv"
    text = path.read_bytes().replace(b"\n", b"\r\n").replace(b"Rotation modules", b'"Rotation modules"')
    path.write_bytes(text)
    before = text.split(b"\r\n")

    def sign(row):
        return {**row, "signed_off": "2025-06-30"} if row["module"].startswith("STP") else row

    writing.rewrite(data, "modules.csv", sign)
    after = path.read_bytes().split(b"\r\n")
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [6]
    assert after[6] == b"3,,STP Project,60,2025-06-30"


WRONG = [("event", "signed_off", "cannot stand as the first event"), ("date", "2999-01-01", "in the future")]


@pytest.mark.parametrize(("column", "value", "words"), [*WRONG, ("note", "two\nlines", "line")])
def test_change_that_breaks_the_contract_is_not_made(data, column, value, words):
    """The file stays as it was and no version is spent; wrong records are not added to either."""
    before = raw(data)
    with pytest.raises(reading.RecordsError, match=words):
        writing.append(data, "progress.csv", EVENT | {column: value})
    edit(data, "data/progress.csv", "signed_off", "signedoff")
    with pytest.raises(reading.RecordsError, match="signedoff"):
        writing.append(data, "progress.csv", EVENT)
    edit(data, "data/progress.csv", "signedoff", "signed_off")
    assert raw(data) == before
    assert not versions(data)


@pytest.mark.parametrize("lock", [".~lock.progress.csv#", "~$progress.csv"])
def test_file_in_use_is_left_alone(data, lock, monkeypatch):
    """Office programs leave a lock file beside what they hold; a second command waits, then says so."""
    monkeypatch.setattr(writing, "WAIT_SECONDS", 0.2)
    (data / "data/.backup").mkdir()
    before = raw(data)
    with FileLock(data / "data/.backup/.lock"), pytest.raises(writing.WriteError, match="Another command"):
        writing.append(data, "progress.csv", EVENT)
    (data / "data" / lock).write_text("someone")
    with pytest.raises(writing.WriteError, match=r"progress\.csv is open in a spreadsheet\. Close it"):
        writing.append(data, "progress.csv", EVENT)
    assert raw(data) == before


def test_file_changed_meanwhile_is_not_overwritten(data):
    """A spreadsheet that saves between reading and writing wins, and nothing of it is lost."""

    def save_elsewhere(row):
        path = data / "data/modules.csv"
        path.write_bytes(path.read_bytes().replace(b"STP Project", b"STP project "))
        return {**row, "signed_off": "2025-06-30"} if row["phase"] == "3" else row

    with pytest.raises(disk.ChangedError, match=r"modules\.csv has changed since it was read"):
        writing.rewrite(data, "modules.csv", save_elsewhere)
    assert b"STP project " in raw(data, "modules.csv")
    assert b"2025-06-30" not in raw(data, "modules.csv")


def test_text_that_the_encoding_lacks_is_refused(data):
    """A file saved as Windows text cannot hold every character; the remedy is named."""
    edit(data, "data/progress.csv", "rewritten", b"the assessor\x92s words")
    with pytest.raises(writing.WriteError, match="Save it as 'CSV UTF-8'"):
        writing.append(data, "progress.csv", EVENT | {"note": "≥ 95 of 100"})


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
        writing.append(data, "evidence.csv", row)
    assert [path.read_bytes() for path in versions(data, "evidence")] == states[2:]
    assert not [*(data / "data").rglob(".*.tmp")]


def test_other_files_are_put_as_safely(data):
    """A page outside data/ and a list of lines: what stood there is kept, nothing for no change."""
    page = data / "C1_Professional_Foundations/new.md"
    for text in (b"one", b"two", b"two"):
        writing.put(data, page, text)
    (kept,) = (data / "data/.backup/C1_Professional_Foundations").iterdir()
    assert (page.read_bytes(), kept.read_bytes()) == (b"two", b"one")
    for added in (["one"], ["two", "three"], []):
        writing.change_lines(data, "terms.txt", lambda lines, added=added: [*lines, *added])
    assert raw(data, "terms.txt") == b"one\ntwo\nthree\n"
    assert [path.read_bytes() for path in versions(data, "terms")] == [b"one\n"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no limit on the size of a file")
def test_disk_without_room_leaves_the_old_file(tmp_path):
    """What cannot be written whole is not written, nothing is left over, and a link stays one."""
    import resource

    path, link = tmp_path / "page.md", tmp_path / "link.md"
    path.write_text("old")
    link.symlink_to(path)
    disk.put(link, "new\n")
    assert (link.is_symlink(), path.read_bytes()) == (True, b"new\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            disk.put(path, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"new\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.md", "page.md"]


WRITER = """
import sys
from pathlib import Path
from stp_portfolio.core import writing
root, first = Path(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + 1000):
    row = {"id": f"X{number}", "date": "2025-07-01", "title": "With, a comma", "kind": "k"}
    writing.append(root, "evidence.csv", row | {"activities": "S-C1/1"})
    print(number, flush=True)
"""


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_writer_loses_nothing(data, kills):
    """A writer killed at random moments: the file is whole and holds every finished row."""
    chance = random.Random(7)
    done: list[int] = []
    killed_between = 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for _ in range(kills):
        first = max(done, default=-1) + 1000
        command = [sys.executable, "-c", WRITER, str(data), str(first)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        process.stdout.readline()  # it is at work
        time.sleep(chance.random() * 0.05)
        process.kill()
        rest, _ = process.communicate()
        done += [first, *(int(line) for line in rest.split())]
        held = {piece.id for piece in reading.load(data, TODAY).evidence}
        assert {f"X{number}" for number in done} <= held
        killed_between += bool([*(data / "data").rglob(".*.tmp")])
        with (data / "data/evidence.csv").open(encoding="utf-8", newline="") as file:
            assert {len(row) for row in csv.reader(file)} == {7}
    assert len(done) >= kills
    assert killed_between or kills < 100  # some in the middle of a write, or this proves little


# Eight activities of one module, of which nothing is recorded.
EMPTY = {name: ",".join(columns) for name, columns in reading.COLUMNS.items()}
EMPTY["modules.csv"] += "\n1,M,Module,20,"
EMPTY["activities.csv"] += "".join(f"\nM,{n},Task {n},m{n},," for n in range(1, 9))
EMPTY = {name: text.encode() for name, text in EMPTY.items()}


@settings(max_examples=150, deadline=None)
@given(rows=histories(), semicolons=st.booleans(), windows=st.booleans(), day_first=st.booleans())
def test_any_legal_history_round_trips(rows, semicolons, windows, day_first):
    """Any legal history, in any dress that a spreadsheet gives it, comes back as the same events."""
    form = "%d/%m/%Y" if day_first and any(day.day > 12 for day, _, _ in rows) else "%Y-%m-%d"
    lines = [
        f"{day:{form}},M,{number},{event},{'reason' * (event == 'withdrawn')}" for day, number, event in rows
    ]
    text = "".join(f"{line}\n" for line in ["date,module,number,event,note", *lines])
    text = text.replace(",", ";" if semicolons else ",").replace("\n", "\r\n" if windows else "\n")
    instead = EMPTY | {"progress.csv": text.encode()}
    found = reading.load(ROOT, date(2100, 1, 1), instead, without_pages=True)
    expected = sorted(rows, key=lambda row: row[0])
    assert [(e.date, e.activity.number, e.event) for e in found.events] == expected
    assert sum(progress.counts(records.on_day(found, date(2100, 1, 1))).values()) == 8

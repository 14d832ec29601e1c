"""Write to the portfolio without ever losing a row.

A change is tried on the records before it is made, and put in place in one step; the version before it is
kept and named in the journal of the command, so that ``take_back`` undoes all of it. A file's own separator,
encoding, line ends and untouched lines stay as they are, so a spreadsheet and git see the change alone.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from stp_portfolio.core import disk, journal, phrases, reading
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.journal import Change, Journal
from stp_portfolio.core.records import Portfolio

KEPT = 10
WAIT_SECONDS = 10

Cells = Mapping[str, str]


class WriteError(Refusal):
    """A change that was not made: why, and what to do. The file is as it was."""


def append(root: Path, file: str, *rows: Cells | Callable[[Portfolio], Cells]) -> None:
    """Add rows at the end of a file of ``data/``, all or none, each giving a cell for each of its columns.

    A function is given the records as they are when nobody else can write, to number a row after the last.
    Raises RecordsError where the records, before or with the row, break their contract, and WriteError or
    ChangedError where the file is in use, has changed meanwhile or cannot be written.
    """

    def with_rows(table: _Table, portfolio: Portfolio) -> str:
        end = "" if table.lines[-1].endswith(("\n", "\r")) else table.line_end
        new = [table.line(row(portfolio) if callable(row) else row) for row in rows]
        return "".join([*table.lines, end, *new])

    _change_rows(root, file, with_rows)


def rewrite(root: Path, file: str, change: Callable[[dict[str, str]], Cells | None]) -> None:
    """Pass every row of a file through ``change``; the lines of rows it leaves alone stay byte for byte.

    A row for which it returns None is left out. Raises as ``append`` does.
    """

    def with_changes(table: _Table, _portfolio: Portfolio) -> str:
        found = table.lines[: table.top]
        for line in table.lines[table.top :]:
            before = dict(zip(table.header, table.cells(line), strict=False))
            after = change(dict(before)) if any(before.values()) else before
            if after is not None:
                found.append(line if after == before else table.line(after))
        return "".join(found)

    _change_rows(root, file, with_changes)


def change_lines(root: Path, file: str, change: Callable[[list[str]], Iterable[str]]) -> None:
    """Pass the lines of a plain text file of ``data/`` (none where it is missing) through ``change``.

    As safely as a row: see ``append``.
    """

    def changed(before: bytes | None) -> bytes:
        return "".join(f"{line}\n" for line in change((before or b"").decode().splitlines())).encode()

    _change(root, root / FOLDER / file, changed)


def put(root: Path, path: Path, raw: bytes | None) -> None:
    """Put a file of the portfolio in place, made where it is missing; what stood there is kept.

    With None it is taken away, and a folder that is empty then. Raises as ``append`` does.
    """
    _change(root, path, lambda _before: raw)


class _Table:
    """The lines of a file, and how it is written: its separator, line end and the order of its columns."""

    def __init__(self, text: str, file: str) -> None:
        self.separator = reading.separator_of(text, file)
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self.lines = text.splitlines(keepends=True)
        self.top = 1 + next(number for number, line in enumerate(self.lines) if line.strip())
        self.header = [cell.lower() for cell in self.cells(self.lines[self.top - 1]) if cell]

    def cells(self, line: str) -> list[str]:
        """The cells of one line; the contract allows no line break inside a cell."""
        return [cell.strip() for cell in next(csv.reader([line], delimiter=self.separator), [])]

    def line(self, row: Cells) -> str:
        """One line with its end."""
        return disk.csv_text([[row.get(column, "") for column in self.header]], self.separator, self.line_end)


def _change_rows(root: Path, file: str, change: Callable[[_Table, Portfolio], str]) -> None:
    """Change the lines of a table, after it was read and before the result is read again."""

    def changed(before: bytes | None) -> bytes:
        portfolio = reading.load(root, without_pages=True)  # never add to records that are wrong already
        text, encoding = disk.decode(before or b"")
        try:
            raw = change(_Table(text, file), portfolio).encode(encoding)
        except UnicodeEncodeError as error:
            lost = error.object[error.start : error.end]
            fault = f"{FOLDER}/{file} is saved as Windows text, which has no '{lost}'"
            raise WriteError(f"{fault}. Save it as 'CSV UTF-8' first.") from error
        reading.load(root, instead={file: raw}, without_pages=True)
        return raw

    _change(root, root / FOLDER / file, changed)


def _change(root: Path, path: Path, change: Callable[[bytes | None], bytes | None]) -> None:
    """The one way in which a file of the portfolio is changed, its old contents kept.

    Of the versions within one command only the first is kept: it is what undoing it leads back to.
    """
    name = path.relative_to(root).as_posix()
    with _only_writer(root, name):
        _clear(root, path)
        before = _contents(path)
        after = change(before)
        if after == before:
            return
        made, earlier = journal.running(), journal.read(root)
        saved, known = dict(made.files), made.files.get(name)
        if known is None or known.after != journal.digest(before):
            _keep(root, path, before)
            known = Change(journal.digest(before), None)
        made.files[name] = known._replace(after=journal.digest(after))
        made.write(root)
        try:
            _place(root, path, after, before)
        except (OSError, Refusal):
            made.files = saved
            (earlier or made).write(root)
            raise


def _contents(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@contextmanager
def _only_writer(root: Path, names: str) -> Iterator[None]:
    """No other command writes meanwhile. What cannot be done is a WriteError."""
    backups = root / journal.BACKUPS
    try:
        backups.mkdir(parents=True, exist_ok=True)
        with FileLock(backups / ".lock", timeout=WAIT_SECONDS):
            yield
    except Timeout as error:
        raise WriteError(f"Another command is writing to {FOLDER}/. Wait for it, and try again.") from error
    except OSError as error:
        remedy = "Close the program that holds it, check its permissions and that there is room on the disk"
        fault = f"{names} could not be written ({error.strerror or error})"
        raise WriteError(f"{fault}. {remedy}, and try again.") from error


def _place(root: Path, path: Path, raw: bytes | None, before: bytes | None) -> None:
    """Put a file in place, or take it away with the folders that are empty then."""
    if raw is not None:
        disk.put(path, raw, before)
        return
    path.unlink()
    with suppress(OSError):  # of a folder that is not empty
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder).rmdir()


# -- the way back -------------------------------------------------------------------------------


class Swap(NamedTuple):
    """A file of which ``then``, what stood there before the last command, comes back for ``now``."""

    name: str
    now: bytes | None
    then: bytes | None


def to_take_back(root: Path, last: Journal) -> list[Swap]:
    """What undoing a command would change. Raises WriteError where a file is not as the command left it."""
    found = []
    for name, (before, after) in last.files.items():
        now, kept = _contents(root / name), _version(root, name, before)
        if journal.digest(now) == before:  # the command was killed before it came to this file
            continue
        if journal.digest(now) != after:
            lies = f"The version before it is {disk.shown(kept)}" if kept else "There was no such file before"
            raise WriteError(f"{name} has changed since {last.said}, so nothing was taken back. {lies}.")
        if before and kept is None:
            raise WriteError(f"The version before it is gone, so {name} cannot be put back.")
        found.append(Swap(name, now, kept.read_bytes() if kept else None))
    return found


def take_back(root: Path, last: Journal) -> None:
    """Undo a command; undoing that does it again. Raises WriteError as ``to_take_back`` and ``append`` do.

    What an undo that was killed had done before stands in the journal as well, and is one with the rest.
    """
    with _only_writer(root, phrases.series([*last.files])):
        swaps = to_take_back(root, last)
        for name, now, _ in swaps:
            _clear(root, root / name)
            _keep(root, root / name, now)
        made = Journal(last.command, not last.back, last.when)
        for name, (before, after) in last.files.items():
            if after is None or _version(root, name, after):  # else the command was killed before it
                made.files[name] = Change(after, before)
        for name, now, then in swaps:
            _place(root, root / name, then, now)
            made.write(root)  # whole from the first on: an undo that was killed can be taken back itself


def _clear(root: Path, path: Path) -> None:
    """Refuse a file that a spreadsheet holds, and sweep away what a writer left that was killed."""
    path = path.resolve()
    if any((path.parent / mark).exists() for mark in (f".~lock.{path.name}#", f"~${path.name}")):
        raise WriteError(f"{disk.shown(path)} is open in a spreadsheet. Close it there, and try again.")
    for leftover in (*path.parent.glob(".*.tmp"), *(root / journal.BACKUPS).glob(".*.tmp")):
        leftover.unlink(missing_ok=True)


def _keep(root: Path, path: Path, raw: bytes | None) -> None:
    """Keep a version of a file, if there is one, and of the older ones the last few."""
    if raw is not None:
        disk.put(_backup(root, path, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"), raw)
    for old in versions(root, path)[:-KEPT]:
        old.unlink(missing_ok=True)


def _version(root: Path, name: str, digest: str | None) -> Path | None:
    """The latest version of a file that is kept and has a digest, None where there is none."""
    kept = reversed(versions(root, root / name)) if digest else ()
    return next((path for path in kept if journal.digest(path.read_bytes()) == digest), None)


def versions(root: Path, path: Path) -> list[Path]:
    """The versions of a file that are kept, in the order of their time."""
    like = _backup(root, path.with_name(escape(path.name)), f"{'?' * 15}.??????")
    return sorted(like.parent.glob(like.name))


def _backup(root: Path, path: Path, time: str) -> Path:
    """Where the version of a time is kept: beside those of ``data/``, or in a folder called as its own."""
    folder = path.relative_to(root).parent
    own = "" if folder == Path(FOLDER) else folder
    return root / journal.BACKUPS / own / f"{path.stem}-{time}{path.suffix}"

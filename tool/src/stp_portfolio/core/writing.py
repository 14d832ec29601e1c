"""Write to the portfolio without ever losing a row.

A change is tried on the records before it is made, and put in place in one step; the version before it is
kept. A file's own separator, encoding, line ends and untouched lines stay as they are, so a spreadsheet and
git see the change and nothing else.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from stp_portfolio.core import disk, reading
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Portfolio

BACKUPS = ".backup"
KEPT = 10
WAIT_SECONDS = 10

Cells = Mapping[str, str]


class WriteError(Refusal):
    """A change that was not made: why, and what to do. The file is as it was."""


def append(root: Path, file: str, row: Cells | Callable[[Portfolio], Cells]) -> None:
    """Add one row at the end of a file of ``data/``, ``row`` giving a cell for each of its columns.

    A function is given the records as they are when nobody else can write, to number a row after the last.
    Raises RecordsError where the records, before or with the row, break their contract, and WriteError or
    ChangedError where the file is in use, has changed meanwhile or cannot be written.
    """

    def with_row(table: _Table, portfolio: Portfolio) -> str:
        end = "" if table.lines[-1].endswith(("\n", "\r")) else table.line_end
        return "".join([*table.lines, end, table.line(row(portfolio) if callable(row) else row)])

    _change_rows(root, file, with_row)


def rewrite(root: Path, file: str, change: Callable[[dict[str, str]], Cells]) -> None:
    """Pass every row of a file through ``change``; the lines of rows it leaves alone stay byte for byte.

    A row can be corrected and never dropped. Raises as ``append`` does.
    """

    def with_changes(table: _Table, _portfolio: Portfolio) -> str:
        found = table.lines[: table.top]
        for line in table.lines[table.top :]:
            before = dict(zip(table.header, table.cells(line), strict=False))
            after = change(dict(before)) if any(before.values()) else before
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


def put(root: Path, path: Path, raw: bytes) -> Path | None:
    """Put a file of the portfolio in place, made where it is missing; what stood there is kept.

    Returns where it is kept, None where nothing stood there or it was the same. Raises as ``append`` does.
    """
    return _change(root, path, lambda _before: raw)


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
        cells = [row.get(column, "") for column in self.header]
        return disk.csv_text([cells], self.separator, self.line_end)


def _change_rows(root: Path, file: str, change: Callable[[_Table, Portfolio], str]) -> None:
    """Change the lines of a table, after it was read and before the result is read again."""

    def changed(before: bytes | None) -> bytes:
        portfolio = reading.load(root)  # never add to records that are wrong already
        text, encoding = disk.decode(before or b"")
        try:
            raw = change(_Table(text, file), portfolio).encode(encoding)
        except UnicodeEncodeError as error:
            lost = error.object[error.start : error.end]
            raise WriteError(
                f"{FOLDER}/{file} is saved as Windows text, which has no '{lost}'. "
                "Save it as 'CSV UTF-8' first."
            ) from error
        reading.load(root, instead={file: raw})
        return raw

    _change(root, root / FOLDER / file, changed)


def _change(root: Path, path: Path, change: Callable[[bytes | None], bytes]) -> Path | None:
    """The one way in which a file of the portfolio is changed; returns where its old contents are kept.

    One writer at a time, and none beside a spreadsheet.
    """
    name, backups = path.relative_to(root), root / FOLDER / BACKUPS
    try:
        backups.mkdir(exist_ok=True)
        with FileLock(backups / ".lock", timeout=WAIT_SECONDS):
            _clear(path.resolve(), backups)
            before = path.read_bytes() if path.exists() else None
            after = change(before)
            if after == before:
                return None
            folder = backups if name.parent == Path(FOLDER) else backups / name.parent
            kept = None if before is None else _keep(folder, path, before)
            disk.put(path, after, before)
            return kept
    except Timeout as error:
        raise WriteError(f"Another command is writing to {FOLDER}/. Wait for it, and try again.") from error
    except OSError as error:
        raise WriteError(
            f"{name.as_posix()} could not be written ({error.strerror or error}). Close the program that "
            "holds it, check its permissions and that there is room on the disk, and try again."
        ) from error


def _clear(path: Path, backups: Path) -> None:
    """Refuse a file that a spreadsheet holds, and sweep away what a writer left that was killed."""
    if any((path.parent / mark).exists() for mark in (f".~lock.{path.name}#", f"~${path.name}")):
        raise WriteError(f"{disk.shown(path)} is open in a spreadsheet. Close it there, and try again.")
    for leftover in (*path.parent.glob(".*.tmp"), *backups.glob(".*.tmp")):
        leftover.unlink(missing_ok=True)


def _keep(folder: Path, path: Path, raw: bytes) -> Path:
    """Keep a version of a file, and of the older ones the last few."""
    kept = folder / f"{path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}{path.suffix}"
    disk.put(kept, raw)
    for old in sorted(folder.glob(f"{path.stem}-*{path.suffix}"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return kept

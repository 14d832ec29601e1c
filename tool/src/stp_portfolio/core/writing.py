"""Write to ``data/`` without ever losing a row.

A change is tried on the records before it is made, written to a temporary file in the same folder,
forced to the disk and put in place in one step; the version before it is kept. The file's own
separator, encoding, line ends and untouched lines stay as they are, so a spreadsheet and git see
the change and nothing else.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from stp_portfolio.core import disk, reading
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.core.findings import Refusal

BACKUPS = ".backup"
KEPT = 10
WAIT_SECONDS = 10


class WriteError(Refusal):
    """A change that was not made: why, and what to do. The file is as it was."""


def append(root: Path, file: str, row: Mapping[str, str], today: date | None = None) -> None:
    """Add one row at the end of a file, ``row`` giving a cell for each of its columns.

    Raises RecordsError where the records, before or with the row, break their contract, and
    WriteError where the file is in use, has changed meanwhile or cannot be written.
    """

    def with_row(lines: list[str], dialect: _Dialect) -> list[str]:
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += dialect.line_end
        return [*lines, dialect.line([row.get(column, "") for column in dialect.header])]

    _change(root, file, with_row, today)


def rewrite(
    root: Path, file: str, change: Callable[[dict[str, str]], Mapping[str, str]], today: date | None = None
) -> None:
    """Pass every row of a file through ``change``; the lines of rows it leaves alone stay byte for byte.

    A row can be corrected and never dropped. Raises as ``append`` does.
    """

    def with_changes(lines: list[str], dialect: _Dialect) -> list[str]:
        found = []
        header_seen = False
        for line in lines:
            cells = dialect.cells(line)
            if not any(cells) or not header_seen:
                header_seen = header_seen or any(cells)
                found.append(line)
                continue
            before = dict(zip(dialect.header, cells, strict=False))
            after = change(dict(before))
            found.append(
                line if after == before else dialect.line([after[column] for column in dialect.header])
            )
        return found

    _change(root, file, with_changes, today)


def append_lines(root: Path, file: str, lines: Iterable[str]) -> None:
    """Add lines to a plain text file of ``data/`` (made where it is missing), as safely as a row.

    Raises WriteError as ``append`` does.
    """
    path = (root / FOLDER / file).resolve()
    with _alone(root, path):
        try:
            before = path.read_bytes() if path.exists() else b""
            end = b"" if not before or before.endswith(b"\n") else b"\n"
            after = before + end + "".join(f"{line}\n" for line in lines).encode()
            if before:
                _keep(path, before)
            else:
                path.touch()
            _put(path, before, after)
        except OSError as error:
            raise _in_use(file, error) from error


def put(root: Path, path: Path, raw: bytes) -> Path | None:
    """Put a file of the portfolio outside ``data/`` in place in one step, made where it is missing.

    What stood there is kept under ``data/.backup`` at the same path. Returns where, None where nothing
    stood there or it was the same. Raises WriteError as ``append`` does; the file is then as it was.
    """
    name = path.relative_to(root)
    with _alone(root, path):
        try:
            before = path.read_bytes() if path.exists() else None
            if before == raw:
                return None
            kept = None
            if before is not None:
                folder = root / FOLDER / BACKUPS / name.parent
                folder.mkdir(parents=True, exist_ok=True)
                kept = _keep(path, before, folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            try:
                _write(temporary, raw)
                if before is not None:
                    shutil.copymode(path, temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise WriteError(
                f"{name.as_posix()} could not be written ({error.strerror or error}). Close the program that holds it, "
                "check that there is room on the disk, and try again."
            ) from error
        return kept


def _in_use(file: str, error: OSError) -> WriteError:
    return WriteError(
        f"{FOLDER}/{file} could not be written ({error.strerror or error}). Close the program that holds it, "
        "check that there is room on the disk, and try again."
    )


# -- dialect ----------------------------------------------------------------------------------


class _Dialect:
    """How a file is written: its separator, line end and the order of its columns."""

    def __init__(self, text: str, file: str) -> None:
        self.separator = reading.separator_of(text, file)
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        first = next(line for line in text.splitlines() if line.strip())
        self.header = [cell.lower() for cell in self.cells(first) if cell]

    def cells(self, line: str) -> list[str]:
        """The cells of one line; the contract allows no line break inside a cell."""
        return [cell.strip() for cell in next(csv.reader([line], delimiter=self.separator), [])]

    def line(self, cells: list[str]) -> str:
        """One line with its end."""
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=self.separator, lineterminator=self.line_end).writerow(cells)
        return buffer.getvalue()


# -- the one way to disk ----------------------------------------------------------------------


def _change(
    root: Path, file: str, change: Callable[[list[str], _Dialect], list[str]], today: date | None
) -> None:
    path = (root / FOLDER / file).resolve()
    with _alone(root, path):
        reading.load(root, today)  # never add to records that are wrong already
        try:
            before = path.read_bytes()
            text, encoding = disk.decode(before)
            after = "".join(change(text.splitlines(keepends=True), _Dialect(text, file))).encode(encoding)
            reading.load(root, today, instead={file: after})
            if after != before:
                _keep(path, before)
                _put(path, before, after)
        except UnicodeEncodeError as error:
            lost = error.object[error.start : error.end]
            raise WriteError(
                f"{FOLDER}/{file} is saved as Windows text, which has no '{lost}'. Save it as 'CSV UTF-8' first."
            ) from error
        except OSError as error:
            raise _in_use(file, error) from error


@contextmanager
def _alone(root: Path, path: Path) -> Iterator[None]:
    """One writer at a time, no spreadsheet, and no leftovers of a writer that was killed."""
    backups = root / FOLDER / BACKUPS
    try:
        backups.mkdir(exist_ok=True)
        lock = FileLock(backups / ".lock", timeout=WAIT_SECONDS)
        lock.acquire()
    except Timeout as error:
        raise WriteError(f"Another command is writing to {FOLDER}/. Wait for it, and try again.") from error
    except OSError as error:
        raise WriteError(
            f"{FOLDER}/ cannot be written to ({error.strerror or error}). Check its permissions."
        ) from error
    try:
        for pattern in (f".~lock.{path.name}#", f"~${path.name}"):
            if (path.parent / pattern).exists():
                raise WriteError(
                    f"{FOLDER}/{path.name} is open in a spreadsheet. Close it there, and try again."
                )
        for folder in (path.parent, backups):
            for leftover in folder.glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _keep(path: Path, raw: bytes, folder: Path | None = None) -> Path:
    """Keep a version of a file, and of the older ones the last few."""
    folder = folder or path.parent / BACKUPS
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    kept = folder / f"{path.stem}-{stamp}{path.suffix}"
    _flush(kept, raw)
    versions = sorted(folder.glob(f"{path.stem}-*{path.suffix}"))
    for old in versions[:-KEPT]:
        old.unlink(missing_ok=True)
    return kept


def _put(path: Path, before: bytes, after: bytes) -> None:
    """Put new contents in place in one step, unless the file has changed since it was read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write(temporary, after)
        shutil.copymode(path, temporary)
        if path.read_bytes() != before:
            raise WriteError(
                f"{FOLDER}/{path.name} has changed since it was read. Nothing was written; try again."
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _flush(path: Path, raw: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    _write(temporary, raw)
    temporary.replace(path)
    _sync_folder(path.parent)


def _write(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut; Windows does so by itself and cannot open a folder."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

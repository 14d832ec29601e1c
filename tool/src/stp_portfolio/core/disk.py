"""Files as the portfolio reads them: which file a page is, and how its text is encoded."""

import csv
import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stp_portfolio.core.findings import Finding, Refusal

PAGE_ENDINGS = (".md", ".ipynb")
PRIVATE = "private"  # the folder of the assessor's overlay, whose files never reach a reader


class ChangedError(Refusal):
    """A file that another program wrote in the meantime; nothing was written."""


class UnreadableError(Refusal):
    """A file that cannot be read: the code and words of its fault, and what these say without its name."""

    def __init__(self, path: Path, code: str, **words: Any) -> None:
        self.code, self.words = code, words
        finding = Finding.of(code, path.name, **words)
        self.fault, self.remedy = finding.fault, finding.remedy
        super().__init__(f"{shown(path)} {finding.words}")


def shown(path: Path) -> str:
    """A path as messages name it: from the working folder, where it lies in it."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """What a file holds. Raises UnreadableError for what is missing, locked, a folder or over ``most``."""
    try:
        if path.is_dir():
            raise UnreadableError(path, "file-folder")
        if most and path.stat().st_size > most:
            raise UnreadableError(path, "file-large", megabytes=most // 1_000_000)
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(path, "file-missing") from None
    except OSError as error:
        raise UnreadableError(path, "file-locked", why=error.strerror or error) from error


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, and with plain line ends.

    Raises UnreadableError, a Refusal, for a file that is missing, locked, a folder or no UTF-8 text.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without its mark reads as UTF-8 full of these
        raise UnreadableError(path, "file-not-text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a CSV file and its encoding: ``utf-8``, with its mark or without, ``utf-16`` or ``cp1252``.

    These are what spreadsheets save. Raises UnicodeDecodeError for anything else.
    """
    if raw[1:2] in (b"\0", b"\xfe", b"\xff"):  # what Excel calls Unicode text, with its mark or without
        return raw.decode("utf-16"), "utf-16"
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw.decode("utf-8-sig"), "utf-8-sig"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252"), "cp1252"


def inside(root: Path, name: str | Path) -> Path:
    """The file that a row names by its path from ``root``, if a reader may get to see it.

    Raises UnreadableError where it leads out of the portfolio, or into a folder called private in letters of
    any case and at any depth, by its name or through a link: what lies there never reaches a reader.
    """
    whole = root.absolute()
    named, real = Path(os.path.normpath(whole / name)), (whole / name).resolve()
    for path, top in ((named, whole), (real, whole.resolve())):
        if not path.is_relative_to(top):
            raise UnreadableError(whole / name, "path-leads-out")
        if PRIVATE in (part.casefold() for part in path.relative_to(top).parts):
            raise UnreadableError(whole / name, "path-private")
    return named


def page_file(root: Path, page: str) -> Path | None:
    """Return the file of a page (its path from ``root`` without ending), Markdown first, or None."""
    return next((path for ending in PAGE_ENDINGS if (path := root / f"{page}{ending}").is_file()), None)


def csv_text(rows: Iterable[Iterable[object]], separator: str = ",", line_end: str = "\n") -> str:
    """Rows of cells as the text of a CSV file."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator=line_end).writerows(rows)
    return buffer.getvalue()


def put(path: Path, content: bytes | str, before: bytes | None = None) -> None:
    """Put a file in place in one step, its folder made where it is missing; text is written as plain UTF-8.

    A reader, and a machine that is switched off, find the old contents or the new ones and never a part.
    Where the path is a link, what it leads to is written. Raises OSError, and ChangedError where the file no
    longer holds ``before``, if that is given; what stood there is then as it was.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        if before is not None and path.read_bytes() != before:
            raise ChangedError(
                f"{shown(path)} has changed since it was read. Nothing was written; try again."
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # makes the rename last through a power cut; Windows does so by itself
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

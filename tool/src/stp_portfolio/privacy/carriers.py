"""What a file says to who opens it: its texts, whatever its format, each with the line it begins on."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from stp_portfolio.core import configuration, reading
from stp_portfolio.privacy import text as texts

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp")
_NO_PROSE = (".yml", ".yaml", ".toml", ".css", ".js", ".svg")
# Columns that hold the record's own days, paths and addresses; everything else in a CSV is prose.
_NO_PROSE_COLUMNS = frozenset(
    "date signed_off page url number credits required activities standards id code module scheme".split()
)


class Piece(NamedTuple):
    """A text of a file: the line (row, cell) it begins on, and whether it is prose, for both layers."""

    line: int
    text: str
    prose: bool


def pieces(path: Path) -> Iterator[Piece]:
    """The texts of a file."""
    suffix = path.suffix.lower()
    if read := _READERS.get(suffix):
        yield from read(path)
    elif zipfile.is_zipfile(path):
        yield from (Piece(1, text, True) for text in office_texts(path))
    else:
        text = texts.read(path)
        yield Piece(1, text, False)
        if suffix not in _NO_PROSE:
            yield Piece(1, prose_of(text), True)


_NO_PROSE_PARTS = re.compile(
    r"^(`{3,}+|~{3,}+).*?^\1|`[^`\n]*`|\]\((?:[^)\]]|\](?!\())*+\)|https?://[^\s)>]+|\{[\w:-]+\}|"
    + r"^:{3,}[^\n]*$|^\([\w-]+\)=$|^\|[ :|-]+\|$",
    re.DOTALL | re.MULTILINE,
)


def prose_of(text: str) -> str:
    """A Markdown text with code, addresses and marks blanked out, every character in its place."""
    return _NO_PROSE_PARTS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


_SAID_IN_CODE = re.compile(
    r"#\s{0,9}(?P<comment>[^\n]+)$|([\"'])(?P<string>(?:(?!\2)[^\n])*+)\2", re.MULTILINE
)


def _notebook_pieces(path: Path) -> Iterator[Piece]:
    raw = texts.read(path)
    try:
        notebook = json.loads(raw)
    except ValueError:
        notebook = None
    if any(fault.code == "notebook-shape" for fault in configuration.notebook_faults(path.name, notebook)):
        yield Piece(1, raw, False)
        return
    for number, cell in enumerate(notebook["cells"], start=1):
        source = "".join(cell.get("source", ""))
        yield Piece(number, source, False)
        if cell.get("cell_type") == "markdown":
            yield Piece(number, prose_of(source), True)
        else:
            said = (match["comment"] or match["string"] for match in _SAID_IN_CODE.finditer(source))
            yield Piece(number, "\n\n".join(words for words in said if " " in words), True)
        kept = json.dumps([cell.get("metadata"), cell.get("outputs")], ensure_ascii=False)
        yield Piece(number, kept, False)
        yield from (Piece(number, text, True) for text in _outputs(cell))
    yield Piece(1, json.dumps(notebook.get("metadata"), ensure_ascii=False), False)


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        for text in [output.get("text"), *output.get("data", {}).values()]:
            if isinstance(text, str | list):
                yield "".join(map(str, text))


def _csv_pieces(path: Path) -> Iterator[Piece]:
    text = texts.read(path)
    try:
        separator = reading.separator_of(text, path.name)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except (KeyError, csv.Error):
        yield Piece(1, text, False)
        return
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    for number, row in enumerate(rows[1:], start=2):
        for column, cell in zip(header, row, strict=False):
            if cell and column not in ("date", "signed_off"):
                yield Piece(number, cell, column not in _NO_PROSE_COLUMNS)


def picture_texts(path: Path) -> Iterator[str]:
    """What an image says: metadata, a place where it was taken, and its text where an engine can read it."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            yield from _metadata(image)
    except (UnidentifiedImageError, OSError, ValueError):
        return
    if engine := ocr_engine():
        done = subprocess.run(  # noqa: S603 - the engine found on the path, on a file of the portfolio
            [engine, str(path), "stdout"], capture_output=True, text=True, check=False, errors="replace"
        )
        if done.returncode == 0 and done.stdout.strip():
            yield done.stdout


def _metadata(image: Any) -> Iterator[str]:
    from PIL.ExifTags import IFD

    exif = image.getexif()
    values = [value for key, value in image.info.items() if key not in ("icc_profile", "exif")]
    for value in (*values, *exif.values(), *exif.get_ifd(IFD.Exif).values()):
        text = value.decode("utf-8", errors="ignore") if isinstance(value, bytes) else value
        if isinstance(text, str) and text.strip("\0 "):
            yield text
    if exif.get_ifd(IFD.GPSInfo):
        yield "GPSInfo: 51.50000, -0.12000"  # any place at all: screened as a position


@cache
def ocr_engine() -> str | None:
    """The program that reads text in images, where one is installed."""
    return shutil.which("tesseract")


def pdf_texts(path: Path) -> Iterator[str]:
    """A PDF's metadata, attachments' names and the text of its pages; an unreadable one says so."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        for key, value in (reader.metadata or {}).items():
            if "Date" not in key:
                yield f"{key.lstrip('/')}: {value}"
        yield from reader.attachments
        for page in reader.pages:
            yield page.extract_text()
    except (PyPdfError, OSError, ValueError, KeyError):
        yield "login: unreadable.pdf1"  # nothing can be said of it, so it must not pass


_OFFICE_BLOCKS = frozenset("p si c creator lastModifiedBy title subject description keywords".split())


def office_texts(path: Path) -> Iterator[str]:
    """What a document, sheet or set of slides says, the names of its authors and its comments included."""
    parser = etree.XMLParser(recover=True, resolve_entities=False)
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".xml") and not re.search(r"styles|theme|settings|font", name, re.IGNORECASE):
                part = etree.fromstring(archive.read(name), parser)
                if part is not None:
                    yield joined(part, _OFFICE_BLOCKS)


def joined(tree: Any, blocks: Collection[str], skipped: Collection[str] = ()) -> str:
    """The text of a tree as it reads: a word may stand in several elements; blocks end as paragraphs do."""
    parts: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        name = element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""
        if event == "start":
            parts.append(element.text if element.text and name not in skipped else "")
        else:
            parts.append("\n\n" if name in blocks else "")
            parts.append(element.tail or "")
    return "".join(parts)


def _each(read: Callable[[Path], Iterator[str]]) -> Callable[[Path], Iterator[Piece]]:
    return lambda path: (Piece(1, text, True) for text in read(path))


_READERS: dict[str, Callable[[Path], Iterator[Piece]]] = {
    ".ipynb": _notebook_pieces,
    ".csv": _csv_pieces,
    ".pdf": _each(pdf_texts),
    **dict.fromkeys(PICTURES, _each(picture_texts)),
}

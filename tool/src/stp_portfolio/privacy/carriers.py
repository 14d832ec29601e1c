"""What a file says to who opens it: its texts, whatever its format, each with the line it begins on."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Collection, Iterator
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
    if read := _PROSE.get(suffix, office_texts if zipfile.is_zipfile(path) else None):
        yield from (Piece(1, text, prose=True) for text in read(path))
    elif suffix in (".ipynb", ".csv"):
        yield from (_notebook_pieces if suffix == ".ipynb" else _csv_pieces)(path)
    else:
        text = texts.read(path)
        yield Piece(1, text, prose=False)
        if suffix not in _NO_PROSE:
            yield Piece(1, prose_of(text), prose=True)


_NO_PROSE_PARTS = re.compile(
    r"^(`{3,}+|~{3,}+).*?^\1|`[^`\n]*`|\]\((?:[^)\]]|\](?!\())*+\)|https?://[^\s)>]+|\{[\w:-]+\}|"
    + r"^:{3,}[^\n]*$|^\([\w-]+\)=$|^\|[ :|-]+\|$",
    re.DOTALL | re.MULTILINE,
)


def prose_of(text: str) -> str:
    """A Markdown text with code, addresses and marks blanked out, every character in its place."""
    return _NO_PROSE_PARTS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


_SAID_IN_CODE = re.compile(r"#\s{0,9}([^\n]+)$|([\"'])((?:(?!\2)[^\n])*+)\2", re.MULTILINE)


def _said(code: str) -> str:
    """What code says in comments and in strings of several words: its own words are no English."""
    found = [match[1] or re.sub(r"\{[^{}]*\}", " ", match[3]) for match in _SAID_IN_CODE.finditer(code)]
    return "\n\n".join(words for words in found if " " in words.strip())


def _notebook_pieces(path: Path) -> Iterator[Piece]:
    raw = texts.read(path)
    try:
        notebook = json.loads(raw)
    except ValueError:
        notebook = None
    if any(fault.code == "notebook-shape" for fault in configuration.notebook_faults(path.name, notebook)):
        yield Piece(1, raw, prose=False)
        return
    yield Piece(1, json.dumps(notebook.get("metadata"), ensure_ascii=False), prose=False)
    for number, cell in enumerate(notebook["cells"], start=1):
        source = "".join(cell.get("source", ""))
        kept = json.dumps([cell.get("metadata"), cell.get("outputs")], ensure_ascii=False)
        yield from (Piece(number, text, prose=False) for text in (source, kept))
        prose = prose_of(source) if cell.get("cell_type") == "markdown" else _said(source)
        yield from (Piece(number, text, prose=True) for text in (prose, *_outputs(cell)))


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        shown = (output.get("text"), *output.get("data", {}).values())
        yield from ("".join(map(str, text)) for text in shown if isinstance(text, str | list))


def _csv_pieces(path: Path) -> Iterator[Piece]:
    text = texts.read(path)
    try:
        separator = reading.separator_of(text, path.name)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except (KeyError, csv.Error):
        yield Piece(1, text, False)
        return
    header, *below = rows or [[]]
    for number, row in enumerate(below, start=2):
        for column, cell in zip((name.strip().lower() for name in header), row, strict=False):
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
        kept = (reader.metadata or {}).items()
        yield from (f"{key.lstrip('/')}: {value}" for key, value in kept if "Date" not in key)
        yield from reader.attachments
        yield from (page.extract_text() for page in reader.pages)
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
    parts: list[str | None] = []
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        name = element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""
        if event == "start":
            parts.append(element.text if name not in skipped else "")
        else:
            parts += ["\n\n" if name in blocks else "", element.tail]
    return "".join(filter(None, parts))


_PROSE = {".pdf": pdf_texts, **dict.fromkeys(PICTURES, picture_texts)}

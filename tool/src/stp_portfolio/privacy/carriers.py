"""What a file says to who opens it: every text in it, whatever its format, or that it cannot be read."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import unescape
from itertools import compress, zip_longest
from mimetypes import guess_extension
from urllib.parse import unquote_to_bytes

import yaml

from stp_portfolio.privacy import markup, papers
from stp_portfolio.privacy.papers import PICTURES, ocr_engine
from stp_portfolio.privacy.parts import Closed, Member, Part, Piece, apart, decoded, name_text, readable, said

__all__ = ["PICTURES", "Closed", "Piece", "name_text", "ocr_engine", "pieces"]

DEPTH, SIZE, MEMBERS = 8, 200_000_000, 10_000  # of files in files: how deep, how large unpacked, how many
_UNKNOWN = "its format cannot be looked into. Publish it as PDF, PNG, CSV, zip or text, or leave it out"
_DAMAGED = (
    "it is damaged, locked or no such file as it says. Save it again without a password, or leave it out"
)
_LARGE = "more is packed in it than can be looked into. Publish its files one by one, or leave it out"


def pieces(name: str, raw: bytes) -> Iterator[Piece | Closed]:
    """The texts of a file, and what could not be read of it. Never raises, whatever the bytes are."""
    yield from _opened(Member("", name, raw), [SIZE, MEMBERS], DEPTH)


def _opened(file: Member, left: list[int], depth: int) -> Iterator[Piece | Closed]:
    """The pieces of a file and of the files in it, each with its place; ``left`` bounds what is unpacked."""
    try:
        for part in _parts(file):
            place = ", ".join(filter(None, (file.place, part.place)))
            if isinstance(part, Closed):
                yield part._replace(place=place)
                continue
            part = part._replace(place=place, line=file.line if file.place else file.line + part.line - 1)
            if isinstance(part, Piece):
                yield from [part] * bool(part.text.strip())
                continue
            left[:] = left[0] - len(part.raw), left[1] - 1
            yield from _opened(part, left, depth - 1) if min(*left, depth) >= 0 else [Closed(place, _LARGE)]
            if min(left) < 0:
                return
    except Exception:  # noqa: BLE001 - a damaged or hostile file may make any reader fail in any way
        yield Closed(file.place, _DAMAGED)


def _parts(file: Member) -> Iterator[Part]:
    """What a file is taken apart into, by its bytes; its ending only says what kind of text it is."""
    readers = [read for is_such, read in _READERS if is_such(file.raw)]
    for read in readers:
        yield from read(file.raw)
    follows = readers == [_zip] and not file.raw.startswith(b"PK")  # as an archive may anything
    if not readers or follows:
        text = decoded(file.raw)
        if text is None or _UNREAD.search(text[:5000]):
            yield Closed("", _UNKNOWN)
        else:
            yield from _text_parts(file.name.lower(), text)


# -- texts --------------------------------------------------------------------------------------

_UNREAD = re.compile(r"\A(?:\{\\rtf|%!PS)|^MIME-Version:", re.MULTILINE)  # with text, but not as it is shown
_PACKED = re.compile(
    r"""
    data:(?P<kind>[\w.+/-]*)(?:;(?!base64)[^,;\s"'<>]{0,80})*(?P<base64>;base64)?,
    (?P<url>[^\s"'<>)\\]*+(?:\s+[\w+/=]{40,}+)*)
    | (?<![A-Za-z\d+/])(?P<bare>(?:[A-Za-z\d+/]{60,}+[ \t]*+\n?[ \t]*+)+(?:[A-Za-z\d+/]*={1,2})?)
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\u([\da-fA-F]{4})|\\x([\da-fA-F]{2})|\\[nrtbf]")


def _text_parts(name: str, text: str) -> Iterator[Part]:
    """What a text says, by the ending of its name; first what is packed into it."""
    packed: list[Member] = []
    text = _PACKED.sub(lambda run: _without(run, packed), text)
    yield from packed
    read = _TEXTS.get(name.rpartition(".")[2], _plain)
    if text[:200].lstrip().startswith("<") and read not in (_page, markup.page):
        read = markup.xml
    try:
        yield from list(read(text))
    except Exception:  # noqa: BLE001 - what is no good JSON, YAML or table is read as the text that it is
        yield from _plain(text)


def _without(run: re.Match[str], packed: list[Member]) -> str:
    """What stays in a text of data packed into it, which goes to ``packed`` where it says anything."""
    raw = unquote_to_bytes(unescape(run["bare"] or run["url"]))
    if run["bare"] or run["base64"]:
        text, raw = raw.rstrip(b"= \n\t") + b"==", b""
        with suppress(Base64Error):
            raw = b64decode(text)
    known = bool(run["url"]) or readable(raw) or any(is_such(raw) for is_such, _ in _READERS)
    packed += [Member("embedded data", f"data{guess_extension(str(run['kind'])) or ''}", raw)] * known
    return " " if known or len(run[0]) > 1000 else run[0]


def _plain(text: str) -> Iterator[Part]:
    """Paragraph by paragraph: as it stands, and for identifiers without its line ends."""
    line = 1
    for paragraph in re.split(r"(\n\s*\n)", text):
        if not paragraph.isspace():
            yield Piece("", line, paragraph)
        if "\n" in paragraph.strip():
            yield Piece("", line, " ".join(paragraph.split()), prose=False)
        line += paragraph.count("\n")


def _page(text: str) -> Iterator[Part]:
    """A page in Markdown; one that would take long to parse as plain text."""
    long = len(text) > 300_000 or max(map(len, text.split("\n\n"))) > 15_000
    return _plain(text) if long else markup.page(markup.markdown(text))


def _code(text: str) -> Iterator[Part]:
    text = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2] or "20", 16)), text)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    yield Piece("", 1, text, prose=False)
    yield Piece("", 1, said(text))


def _data(text: str, index: bool = False) -> Iterator[Part]:
    """What JSON says: every key, and every value with its key before it; of an index, no numbers."""
    words: list[str] = []
    codes: list[str] = []
    waiting = [("", json.loads(text))]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.items())
            words.extend(value)
        elif isinstance(value, list):
            waiting += [(key if isinstance(each, str | dict) else "", each) for each in reversed(value)]
        elif isinstance(value, str):
            words.append(value)
            codes.append(f"{key}: {value}")
        elif not index:
            codes.append(f"{key}: {value}")
    yield from apart("", words, codes)


def _script(text: str) -> Iterator[Part]:
    """An index for the search is data in a call; any other script is code."""
    found = re.fullmatch(r"(?:Search\.setIndex\(|const \w+ = )([\[{].*[\]}])[\s;)]*", text, re.DOTALL)
    return _data(found[1], index=True) if found else _code(text)


def _yaml(text: str) -> Iterator[Part]:
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    yield from apart("", [event.value for event in events if isinstance(event, yaml.ScalarEvent)])
    yield from _code(text)


def _mermaid(text: str) -> Iterator[Part]:
    """The labels of a diagram, whatever marks stand round them."""
    yield from apart("", re.split(r"[^\w\s'’.,&/-]+|--+|\n", text.lstrip().partition("\n")[2]))
    yield from _code(text)


# Columns of the record's own days; and, in prose, of its own paths, numbers and addresses.
_DAYS = {"date", "signed_off"}
_RECORDED = set("page number credits required activities standards id code scheme".split())
_UNREAD_IN = {True: _DAYS | _RECORDED, False: _DAYS}


def _table(text: str) -> Iterator[Part]:
    """A row a line, each cell with its heading before it."""
    mark = max(",;\t|", key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text), delimiter=mark)
    heads = next(rows, [])
    named = [f"{head}: " for head in heads]
    kinds = {prose: [head not in unread for head in heads] for prose, unread in _UNREAD_IN.items()}
    lines: dict[bool, list[str]] = {prose: [" | ".join(heads)] for prose in kinds}
    for row in rows:
        shown = [head + cell for head, cell in zip_longest(named, row, fillvalue="")]
        for prose, kept in kinds.items():
            lines[prose].append(" | ".join(compress(shown, kept + [True] * len(row))).replace("\n", " "))
    yield from (Piece("", 1, "\n".join(held), prose) for prose, held in lines.items())


def _calendar(text: str) -> Iterator[Part]:
    from icalendar import Calendar, vDDDLists, vDDDTypes

    for calendar in Calendar.from_ical(text, multiple=True):
        for key, value in calendar.property_items():
            if not isinstance(value, vDDDTypes | vDDDLists):  # the days of a calendar are its own
                parameters = map(str, getattr(value, "params", {}).values())
                yield from apart("", [str(value), *parameters], [f"{key}: {value}"])


_BINARY = re.compile(r"image/(?!svg)|audio/|video/|font/|application/(?:pdf|octet-stream|zip|vnd\.[a-z-]+)$")


def _notebook(text: str) -> Iterator[Part]:
    """Cell by cell: its source, what it put out in every form, what is attached, and its metadata."""
    notebook = json.loads(text)
    for number, cell in enumerate(notebook.pop("cells"), start=1):
        place, kind = f"cell {number}", {"markdown": ".md", "code": ".py"}.get(cell["cell_type"], ".txt")
        yield Member(place, kind, "".join(cell.pop("source")).encode(), number)
        outputs = cell.get("outputs", ())
        shown = [{"text/plain": each.pop("text", "")} | each.pop("data", {}) for each in outputs]
        for bundle in (*shown, *cell.pop("attachments", {}).values()):
            for form, held in bundle.items():
                raw = (json.dumps(held) if isinstance(held, dict) else "".join(held)).encode()
                raw = b64decode(raw) if _BINARY.match(form) else raw
                yield Member(f"output of {place}", f"data{guess_extension(form) or '.txt'}", raw, number)
        yield Member(place, ".json", json.dumps(cell).encode(), number)
    yield from _data(json.dumps(notebook))


_CODE = "py js mjs ts css scss r sql sh bash bat ps1 c cpp java rb go toml ini cfg lock bib map code"
_TEXTS: dict[str, Callable[[str], Iterator[Part]]] = {
    **dict.fromkeys(_CODE.split(), _code),
    **dict.fromkeys(("md", "markdown"), _page), **dict.fromkeys(("html", "htm"), markup.page),
    **dict.fromkeys(("csv", "tsv"), _table), **dict.fromkeys(("json", "geojson"), _data),
    **dict.fromkeys(("yml", "yaml"), _yaml), **dict.fromkeys(("mermaid", "mmd"), _mermaid),
    "js": _script, "script": _script, "ics": _calendar, "ipynb": _notebook,
}  # fmt: skip


# -- what is packed -----------------------------------------------------------------------------


# Parts of an Office document that nobody reads, of a printer or drawn anew: cleaned copies have none of them;
# and those that only together say what stands in a cell.
_UNSAID = re.compile("printerSettings/|ObjectReplacements/")
_CELLS = re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings|styles)\.xml")


def _zip(raw: bytes) -> Iterator[Part]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = archive.infolist()
        # The parts of an Office document are named by the program.
        office = not {"[Content_Types].xml", "mimetype"}.isdisjoint(archive.namelist())
        cells = [each for each in entries if _CELLS.fullmatch(each.filename)]
        if sum(each.file_size for each in cells) < SIZE // 4:
            yield from markup.workbook({each.filename: archive.read(each) for each in cells})
        for entry in entries:
            noted = [note.decode("utf-8", "replace") for note in (entry.comment, archive.comment)]
            yield from apart(entry.filename, noted, [name_text(entry.filename)])
            yield Piece(entry.filename, 1, name_text(entry.filename) * (not office))
            if not (entry.is_dir() or (office and _UNSAID.search(entry.filename))):
                with archive.open(entry) as file:
                    yield Member(entry.filename, entry.filename, file.read(SIZE + 1))


def _inventory(raw: bytes) -> Iterator[Part]:
    *head, packed = raw.split(b"\n", 4)
    entries = zlib.decompressobj().decompress(packed, SIZE).splitlines()
    yield Member("", ".inv", b"\n\n".join([*head, *entries])[1:])  # no name goes on in the next entry


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Iterator[Part]]], ...] = (
    (lambda raw: zipfile.is_zipfile(io.BytesIO(raw)), _zip),
    (papers.is_pdf, papers.pdf),
    (papers.is_picture, papers.picture),
    (lambda raw: raw.startswith(b"# Sphinx inventory"), _inventory),
)

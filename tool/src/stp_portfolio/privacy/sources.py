"""Screen everything that reaches a reader: pages, notebooks, data, settings, file names, images and PDFs.

Each file is screened once for its contents and the vocabulary; the result is kept beside the build,
so a second run looks at changed files only.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path

from stp_portfolio.core import configuration, contract, disk, reading
from stp_portfolio.core.digests import digest
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy import Vocabulary, apart, direct, screen, unknown
from stp_portfolio.privacy.text import Hit
from stp_portfolio.privacy.vocabulary import is_english

TERMS = f"{contract.FOLDER}/approved_terms.txt"
CACHE = "_build/.screening.json"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp")
# Columns that hold the record's own days, paths and addresses; everything else in a CSV is prose.
_NO_PROSE = {
    "date",
    "signed_off",
    "page",
    "url",
    "number",
    "credits",
    "required",
    "activities",
    "standards",
    "id",
    "code",
    "module",
    "scheme",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Something found in a file: where, what kind, the hit itself and the words around it."""

    file: str
    line: int
    kind: str
    text: str
    context: str
    direct: bool

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.direct:
            return "take it out, or write a role or a month instead"
        return f'reword it, or, if it names nobody and no place: portfolio approve "{self.text}"'

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.context}: {self.remedy}"


# -- vocabulary -------------------------------------------------------------------------------


def approved_terms(root: Path) -> list[str]:
    """The terms of ``data/approved_terms.txt``; none where there is no such file."""
    try:
        lines = (root / TERMS).read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        return []
    terms = [line.split("|")[0].strip() for line in lines if not line.lstrip().startswith("#")]
    return [term for term in terms if term]


def own_words(portfolio: Portfolio | None) -> list[str]:
    """What the records themselves name: codes, schemes and ids of evidence."""
    if portfolio is None:
        return []
    words = {module.code for module in portfolio.modules} | {
        standard.key.scheme for standard in portfolio.standards
    }
    words |= {str(activity.key) for activity in portfolio.activities} | {
        piece.id for piece in portfolio.evidence
    }
    return sorted(word for word in words if word)


def own_dates(portfolio: Portfolio | None) -> frozenset[date]:
    """The days that the records themselves hold: what happened to activities, never to a patient."""
    if portfolio is None:
        return frozenset()
    days = {event.date for event in portfolio.events} | {milestone.date for milestone in portfolio.milestones}
    days |= {module.signed_off for module in portfolio.modules if module.signed_off}
    return frozenset(days | {portfolio.on, portfolio.settings.start, *portfolio.settings.reviews})


# -- what there is to screen ------------------------------------------------------------------


def sources(root: Path) -> list[Path]:
    """Every file that reaches a reader: pages of the contents, what they link to, data and settings."""
    found = [root / "_config.yml", root / "_toc.yml", root / contract.FOLDER / contract.SETTINGS]
    found += [root / contract.FOLDER / file for file in contract.COLUMNS]
    for name in configuration.toc_files(root):
        for ending in ("", *disk.PAGE_ENDINGS):
            path = root / f"{name}{ending}"
            if path.is_file():
                found.append(path)
                found += _linked(root, path)
                break
    static = root / "_static"
    found += sorted(path for path in static.rglob("*") if path.is_file()) if static.is_dir() else []
    return list(dict.fromkeys(path for path in found if path.is_file()))


_TARGET = re.compile(
    r"\]\(<?([^)\s>]+)|(?:src|href)=[\"']([^\"']+)|^```\{(?:include|literalinclude|figure|image)\} (\S+)",
    re.MULTILINE,
)


def _linked(root: Path, page: Path) -> Iterator[Path]:
    """The files of the portfolio that a page shows or offers, other than pages."""
    for match in _TARGET.finditer(page.read_text(encoding="utf-8", errors="replace")):
        target = (match[1] or match[2] or match[3]).split("#")[0]
        if not target or re.match(r"[a-zA-Z][\w+.-]*:|//", target):
            continue
        path = (page.parent / target).resolve()
        try:
            there = path.is_file()
        except (OSError, ValueError):  # no name that a file can have
            continue
        if there and path.is_relative_to(root) and path.suffix not in disk.PAGE_ENDINGS:
            yield path


# -- carriers ---------------------------------------------------------------------------------


def _pieces(path: Path) -> Iterator[tuple[int, str, bool]]:
    """The texts of a file with the line each begins on; the last says whether it is prose, for both layers."""
    suffix = path.suffix.lower()
    if suffix == ".ipynb":
        yield from _notebook_pieces(path)
    elif suffix == ".csv":
        yield from _csv_pieces(path)
    elif suffix in PICTURES:
        yield from ((1, text, True) for text in picture_texts(path))
    elif suffix == ".pdf":
        yield from ((1, text, True) for text in pdf_texts(path))
    elif zipfile.is_zipfile(path):
        yield from ((1, text, True) for text in office_texts(path))
    elif suffix in (".yml", ".yaml", ".toml", ".css", ".js", ".svg"):
        yield 1, path.read_text(encoding="utf-8", errors="replace"), False
    else:
        text = path.read_bytes().decode("utf-8", errors="replace")
        yield 1, text, False
        yield 1, prose_of(text), True


_NO_PROSE_PARTS = re.compile(
    r"^(`{3,}|~{3,}).*?^\1|`[^`\n]*`|\]\([^)]*\)|https?://[^\s)>]+|\{[\w:-]+\}|^:{3,}.*$|^\([\w-]+\)=$|^\|[ :|-]+\|$",
    re.DOTALL | re.MULTILINE,
)


def prose_of(text: str) -> str:
    """A Markdown text with code, addresses and marks blanked out, every character in its place."""
    return _NO_PROSE_PARTS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _notebook_pieces(path: Path) -> Iterator[tuple[int, str, bool]]:
    raw = path.read_text(encoding="utf-8", errors="replace")
    try:
        notebook = json.loads(raw)
    except ValueError:
        yield 1, raw, False
        return
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        source = "".join(cell.get("source", ""))
        yield number, source, False
        if cell.get("cell_type") == "markdown":
            yield number, prose_of(source), True
        else:
            comments = re.findall(
                r"#\s*(.+)$|([\"'])((?:(?!\2).)* (?:(?!\2).)*)\2", source, flags=re.MULTILINE
            )
            yield number, "\n\n".join(first or third for first, _, third in comments), True
        yield number, json.dumps([cell.get("metadata"), cell.get("outputs")], ensure_ascii=False), False
        for output in cell.get("outputs", ()):
            for text in [output.get("text"), *output.get("data", {}).values()]:
                if isinstance(text, str | list):
                    yield number, "".join(map(str, text)), True
    yield 1, json.dumps(notebook.get("metadata"), ensure_ascii=False), False


def _csv_pieces(path: Path) -> Iterator[tuple[int, str, bool]]:
    try:
        text, _ = disk.decode(path.read_bytes())
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=reading.separator_of(text, path.name))
        )
    except (KeyError, UnicodeDecodeError, csv.Error):
        yield 1, path.read_bytes().decode("utf-8", errors="replace"), False
        return
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    for number, row in enumerate(rows[1:], start=2):
        for column, cell in zip(header, row, strict=False):
            if cell and column not in ("date", "signed_off"):
                yield number, cell, column not in _NO_PROSE


def picture_texts(path: Path) -> Iterator[str]:
    """What an image says beside its picture: metadata, a place where it was taken, and its text if it can be read."""
    from PIL import ExifTags, Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            for key, value in image.info.items():
                if isinstance(value, str | bytes) and key not in ("icc_profile", "exif"):
                    text = value.decode("utf-8", errors="ignore") if isinstance(value, bytes) else value
                    yield f"{key}: {text}"
            exif = image.getexif()
            for block in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
                for tag, value in block.items():
                    text = (
                        value.decode("utf-8", errors="ignore").strip("\0 ")
                        if isinstance(value, bytes)
                        else value
                    )
                    if isinstance(text, str) and text.strip():
                        yield f"{ExifTags.TAGS.get(tag, tag)}: {text}"
            if exif.get_ifd(ExifTags.IFD.GPSInfo):
                yield "GPSInfo: 51.50000, -0.12000"  # any place at all: screened as a position
    except (UnidentifiedImageError, OSError, ValueError):
        return
    if engine := ocr_engine():
        done = subprocess.run(  # noqa: S603 - the engine found on the path, on a file of the portfolio
            [engine, str(path), "stdout"], capture_output=True, text=True, check=False, errors="replace"
        )
        if done.returncode == 0 and done.stdout.strip():
            yield done.stdout


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


# -- screening --------------------------------------------------------------------------------


def office_texts(path: Path) -> Iterator[str]:
    """What a document, sheet or set of slides says, the names of its authors and its comments included."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".xml") and not re.search(r"styles|theme|settings|font", name, re.IGNORECASE):
                text = archive.read(name).decode("utf-8", errors="replace")
                # A word may stand in several runs; paragraphs, cells and properties end where their element does.
                text = re.sub(
                    r"</(?:[\w]+:)?(?:p|si|c|creator|lastModifiedBy|title|subject|description|keywords)>",
                    "\n\n",
                    text,
                )
                yield unescape(re.sub(r"<[^>]+>", "", text))


def screen_text(
    name: str, text: str, line: int, vocabulary: Vocabulary, days: frozenset[date], *, prose: bool
) -> list[Found]:
    """Both layers on a piece of prose, the first alone on anything else."""
    hits = screen(text, vocabulary, days) if prose else direct(text, days)
    return [_found(name, text, line, hit) for hit in hits]


def screen_page(name: str, text: str, vocabulary: Vocabulary, days: frozenset[date]) -> list[Found]:
    """A page in Markdown: identifiers in the text as it is written and as it reads, terms in what reads as prose.

    Most blocks are the same in both, and looking for identifiers is most of the work of screening.
    """
    prose = prose_of(text)
    written = direct(text, days)
    read = [
        replace(hit, start=hit.start + start, end=hit.end + start)
        for start, end in _changed(text, prose)
        for hit in direct(prose[start:end], days)
    ]
    terms = apart(unknown(prose, vocabulary), [*written, *read])
    return [
        *(_found(name, text, 1, hit) for hit in written),
        *(_found(name, prose, 1, hit) for hit in sorted([*read, *terms], key=lambda hit: hit.start)),
    ]


def _changed(text: str, prose: str) -> list[tuple[int, int]]:
    """Where two texts of one length differ: blocks between empty lines, with the one before and the one after."""
    blocks = [match.span() for match in re.finditer(r"(?:[^\n]+\n?)+", text)]
    spans: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(blocks):
        if text[start:end] != prose[start:end]:
            first, last = blocks[max(index - 1, 0)][0], blocks[min(index + 1, len(blocks) - 1)][1]
            if spans and first < spans[-1][1]:
                first = spans.pop()[0]
            spans.append((first, last))
    return spans


def _found(name: str, text: str, line: int, hit: Hit) -> Found:
    left = max(text.rfind("\n", 0, hit.start) + 1, hit.start - 40)
    right = text.find("\n", hit.end)
    right = min(len(text) if right < 0 else right, hit.end + 40)
    context = f"{text[left : hit.start]}«{text[hit.start : hit.end]}»{text[hit.end : right]}"
    return Found(
        name,
        line + text.count("\n", 0, hit.start),
        hit.kind,
        " ".join(hit.text.split()),
        " ".join(context.split()),
        hit.direct,
    )


def name_hits(name: str, vocabulary: Vocabulary) -> Iterator[Hit]:
    """A file's name, word by word: what is no word of the vocabulary may be somebody's name."""
    yield from direct(re.sub(r"[_]", " ", Path(name).stem))
    for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", Path(name).stem):
        known = (
            len(word) < 3
            or vocabulary.holds(word)
            or vocabulary.holds(word.lower())
            or is_english(word.lower())
        )
        if not known:
            yield Hit("file name", word, 0, 0, direct=False)


def screen_file(root: Path, path: Path, vocabulary: Vocabulary, days: frozenset[date]) -> list[Found]:
    """Everything found in one file and in its name."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    found = [
        Found(name, 1, hit.kind, hit.text, f"«{hit.text}» in {path.name}", hit.direct)
        for hit in name_hits(path.name, vocabulary)
    ]
    if path.suffix.lower() == ".md":
        text = path.read_bytes().decode("utf-8", errors="replace")
        return list(dict.fromkeys([*found, *screen_page(name, text, vocabulary, days)]))
    for line, text, prose in _pieces(path):  # of any other file
        found += screen_text(name, text, line, vocabulary, days, prose=prose)
    return list(dict.fromkeys(found))


def run(root: Path, portfolio: Portfolio | None, only: Iterable[Path] = ()) -> list[Found]:
    """Screen every source, or the given ones; what is unchanged since the last run is not read again."""
    terms = [*approved_terms(root), *own_words(portfolio)]
    days = own_dates(portfolio)
    vocabulary = Vocabulary(terms)
    basis = digest([
        *(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))),
        repr((terms, sorted(days), ocr_engine())).encode(),
    ])  # fmt: skip
    cache_file = root / CACHE
    try:
        known = json.loads(cache_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    known = known if known.get("basis") == basis else {"basis": basis}
    fresh: dict[str, object] = {"basis": basis}
    found: list[Found] = []
    held = [root / piece.file for piece in portfolio.evidence if piece.file] if portfolio else []
    for path in only or dict.fromkeys([*sources(root), *(path for path in held if path.is_file())]):
        key = digest([path.name.encode(), str(path).encode(), path.read_bytes()])
        stored = known.get(key)
        hits = (
            screen_file(root, path, vocabulary, days)
            if stored is None
            else [Found(**each) for each in stored]
        )
        fresh[key] = [asdict(hit) for hit in hits]
        found += hits
    if fresh != known and not only:
        cache_file.parent.mkdir(exist_ok=True)
        cache_file.write_text(json.dumps(fresh, ensure_ascii=False), encoding="utf-8")
    return found

"""Evidence: read what a file says of itself, take a copy in, register it, correct and remove it.

What is taken in is a cleaned copy, without who made it and when; the file it was made of stays as it is.
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from stp_portfolio.core import configuration, dates, disk, phrases, reading, records, repository, writing
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.core.findings import FaultsError, Refusal, quoted
from stp_portfolio.core.records import Activity, Evidence, Portfolio
from stp_portfolio.pdf.package import zipped
from stp_portfolio.privacy import cleaning, markup, papers

TABLE = "evidence.csv"
OF_ITSELF = "as it says of itself"
FILES = "evidence"  # the folder beside the pages that what is taken in goes to
SHOWN = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")  # by a browser
LARGEST, LARGE = 100_000_000, 20_000_000  # bytes: what a host of git takes at most, and what is slow to fetch
_KINDS = {
    "Document": "docx doc odt pdf rtf txt md html htm",
    "Presentation": "pptx ppt odp key",
    "Spreadsheet": "xlsx xls ods csv tsv",
    "Picture": "png jpg jpeg gif webp tif tiff bmp svg heic",
    "Collection of files": "zip",
    "Analysis": "ipynb py r sql",
}
_KIND_OF = {f".{ending}": kind for kind, endings in _KINDS.items() for ending in endings.split()}
_NO_TITLE = r"(?i)(untitled|(power ?point )?pr[äe]sentation\d*|document\d*|slide \d+|book\d*|template|.{0,2})"
_BY_PROGRAMS = re.compile(r"(?i)\.(tmp|lnk|pyc)$|^(\.|~\$|thumbs\.db$|desktop\.ini$|__macosx$)")


class Source(NamedTuple):
    """A file to register: its bytes as they are kept and as they came; title, day and kind with their origin.

    ``place`` is its path from the root where it lies in the portfolio already, else empty.
    """

    name: str
    raw: bytes
    original: bytes
    title: tuple[str, str]
    day: tuple[date, str]
    kind: tuple[str, str]
    place: str = ""


# -- what a file says of itself ---------------------------------------------------------------


def path_meant(root: Path, text: str, *, needed: bool) -> Path | None:
    """The file or folder that a text names, from here or from the root; None where it is a title.

    Raises Refusal for what can only be a path, or is ``needed``, where nothing is.
    """
    named = os.path.expanduser(text.strip("\"'"))  # noqa: PTH111 - never fails, as Path's own may
    for path in (Path(named).absolute(), root / named):
        with suppress(OSError, ValueError):  # too long for a name
            if named.strip() and path.exists():
                return path.resolve()
    looks = re.match(r"~|\.{0,2}[\\/]|[A-Za-z]:[\\/]", text) or Path(named).suffix.lower() in _KIND_OF
    if not looks and not needed:
        return None
    near = Path(named).absolute()
    there = sorted(each.name for each in near.parent.iterdir()) if near.parent.is_dir() else []
    close = get_close_matches(near.name, there, 3)
    remedy = f"Did you mean {' or '.join(map(quoted, close))}?" if close else "Check its name and its folder."
    raise Refusal(f"{text} does not exist. {remedy}")


def pieces_meant(root: Path, words: Sequence[str]) -> list[str]:
    """The files that are named, one after another; or one title, whose words need no quotation marks."""
    if not "".join(words).strip():
        raise Refusal("There is nothing to register. Give a title, a file or a folder.")
    files = [path_meant(root, word, needed=False) for word in words]
    if not any(files):
        return [" ".join(words)]
    for word, file in zip(words, files, strict=True):
        if file is None:
            raise Refusal(f"{quoted(word)} is no file. Name files alone, or a title alone.")
    return [*words]


def read(portfolio: Portfolio, path: Path, today: date) -> Source:
    """A file or folder with what it says of itself. Raises Refusal for what cannot be taken in."""
    files, one = _files(portfolio.root, path), path.is_file()
    # A folder is one zip, and the same files give the same bytes.
    held = {each.relative_to(path).as_posix(): each for each in files}
    raw = disk.read_bytes(path) if one else zipped(held)
    if not raw:
        raise Refusal(f"{disk.shown(path)} is empty. Check that it is the right file.")
    name, (title, days) = path.name if one else f"{path.name}.zip", _properties(raw)
    newest = max(each.stat().st_mtime for each in files)
    changed = date.fromtimestamp(newest)  # noqa: DTZ012 - by the clock of this machine, as all days
    said = [*((day, OF_ITSELF) for day in days), (changed, "when it was last changed")]
    fits = [each for each in said if portfolio.settings.start <= each[0] <= today]
    inside = one and path.is_relative_to(portfolio.root)
    kept, place = cleaning.clean(name, raw), ""
    if inside:
        kept, place = raw, path.relative_to(portfolio.root).as_posix()
    kind = (_KIND_OF.get(Path(name).suffix.lower(), "Document"), "by the type of the file")
    return Source(name, kept, raw, _titled(path, title), next(iter(fits), (today, "today")), kind, place)


def _titled(path: Path, title: str) -> tuple[str, str]:
    """The title that a file has, or ``Poster final v2`` for ``poster_final-v2.pdf``; and where it is from."""
    if not re.fullmatch(_NO_TITLE, title):
        return title, OF_ITSELF
    stem = path.name if path.is_dir() else path.stem
    words = " ".join(re.sub(r"[_\s]+|(?<=\w)-(?=\w)|(?<=[a-z])(?=[A-Z][a-z])", " ", stem).split())
    return words[:1].upper() + words[1:], "from its name"


def _files(root: Path, path: Path) -> list[Path]:
    """A file, or those of a folder but for what programs leave there. Raises Refusal for none or too much."""
    if root.is_relative_to(path):
        raise Refusal(f"{path} holds this portfolio itself. Name a folder of evidence.")
    found = [path] if path.is_file() else [each for each in sorted(path.rglob("*")) if _is_own(each, path)]
    if not found:
        raise Refusal(f"{path} holds no file. Check that it is the right folder.")
    if sum(each.stat().st_size for each in found) > LARGEST:
        most = f"{LARGEST // 1_000_000} MB"
        raise Refusal(f"{path} has more than {most}. Make it smaller, or name a part of it.")
    for each in found:
        if each.is_relative_to(root):
            disk.inside(root, each)
    return found


def _is_own(path: Path, folder: Path) -> bool:
    """Whether a path in a folder is a file that somebody made, and no program by the way."""
    parts = path.relative_to(folder).parts
    return path.is_file() and not path.is_symlink() and not any(map(_BY_PROGRAMS.search, parts))


def _properties(raw: bytes) -> tuple[str, list[date]]:
    """The title and the days that a file carries beside its words, the best first; none for any other."""
    with suppress(Exception):  # a damaged file is refused once it is screened, and says nothing here
        office = zipfile.is_zipfile(io.BytesIO(raw))
        title, *stamps = (_office if office else _pdf if papers.is_pdf(raw) else _photograph)(raw)
        days = [str(each)[:10].replace(":", "-") for each in stamps if each]
        return " ".join(title.split()), list(map(date.fromisoformat, days))
    return "", []


def _office(raw: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        core = markup.tree(archive.read("docProps/core.xml").decode())
    return [core.xpath(f"string(*[local-name()='{name}'])") for name in ("title", "modified", "created")]


def _pdf(raw: bytes) -> list[Any]:
    from pypdf import PdfReader

    held = PdfReader(io.BytesIO(raw)).metadata
    title = re.sub(r"^Microsoft \w+ - |\.(docx?|pptx?|xlsx?|odt|tex)$", "", (held and held.title) or "")
    return [title, held and held.creation_date, held and held.modification_date]


def _photograph(raw: bytes) -> list[Any]:
    from PIL import ExifTags, Image

    with Image.open(io.BytesIO(raw)) as image:
        exif = image.getexif()
    taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    return ["", taken, exif.get(ExifTags.Base.DateTime)]


# -- the register -----------------------------------------------------------------------------


@contextmanager
def _of_the_row() -> Iterator[None]:
    """What is wrong with a row that is not written yet, said of what was typed."""
    try:
        yield
    except reading.RecordsError as error:
        found = [replace(each, file=f"The {each.column}", line=None, column="") for each in error.findings]
        raise FaultsError("Nothing was written:", found) from error


def refuse_twin(portfolio: Portfolio, source: Source, serves: Sequence[Activity]) -> None:
    """Refuse bytes that are registered, with the command that lets them serve another activity as well."""
    for twin in portfolio.evidence:
        if twin.file and disk.read_bytes(portfolio.root / twin.file) in (source.raw, source.original):
            keys = dict.fromkeys([*twin.activities, *(each.key for each in serves)])
            remedy = "Nothing is left to do."
            if len(keys) > len(twin.activities):
                more = "".join(f" --for {key}" for key in keys)
                remedy = f"To let it serve the other as well: portfolio evidence edit {twin.id}{more}"
            raise Refusal(f"The same file is registered already: {twin.id}, {_served(twin)}. {remedy}")


def add(portfolio: Portfolio, cells: Mapping[str, str], source: Source | None) -> list[str]:
    """Register a piece of evidence, all of its cells but the id: it is one that was never given before.

    A file comes in as a copy, beside the page of the activity that it serves first. Answers in sentences.
    """
    earlier, row = _given(portfolio), dict(cells)

    def numbered(now: Portfolio) -> Mapping[str, str]:
        row["id"] = records.next_evidence_id([*(piece.id for piece in now.evidence), *earlier])
        return row

    with _of_the_row():
        writing.append(portfolio.root, TABLE, numbered)
    try:
        piece = _with_file(portfolio, row["id"], source)
    except Refusal as error:
        raise Refusal(f"{error}\n{row['id']} is registered without its file: portfolio undo") from error
    copied = f"Copied to {piece.file}, without who made it and when; the original stays as it is."
    said = [copied] if source and not source.place else []
    on_page = f"On its page name it in bold, **{piece.id}**, and say what it shows"
    return [*said, f"Registered {piece.id}: {_served(piece)}.", f"{on_page}{_link(portfolio, piece)}."]


def _served(piece: Evidence) -> str:
    return f"{piece.title}, for {phrases.series(list(map(str, piece.activities)))}"


def _page(portfolio: Portfolio, piece: Evidence) -> str:
    """The page of the activity that a piece serves first."""
    return next(each.page for each in portfolio.activities if each.key == piece.activities[0])


def _with_file(portfolio: Portfolio, id_: str, source: Source | None) -> Evidence:
    """A piece as it is registered, its file taken in beside the page; a file that lies there stays there."""
    root, now = portfolio.root, reading.load(portfolio.root)
    piece = next(each for each in now.evidence if each.id == id_)
    if not source:
        return piece
    plain = unicodedata.normalize("NFKD", piece.title).encode("ascii", "ignore").decode().lower()
    name = f"{piece.id}-{'-'.join(re.findall('[a-z0-9]+', plain)[:8])[:60]}".rstrip("-")
    path = (root / _page(now, piece)).parent / FILES / f"{name}{Path(source.name).suffix.lower()}"
    if not source.place:
        writing.put(root, path, source.raw)
    file = source.place or path.relative_to(root).as_posix()
    writing.rewrite(root, TABLE, lambda row: {**row, "file": file} if row["id"] == id_ else row)
    return piece._replace(file=file)


def _link(portfolio: Portfolio, piece: Evidence) -> str:
    """How a page shows a piece of evidence or leads to it; empty where its file is none of a book's."""
    ending = Path(piece.file).suffix.lower()
    if not piece.file or ending in disk.PAGE_ENDINGS:
        return ""
    target = Path(os.path.relpath(piece.file, Path(_page(portfolio, piece)).parent)).as_posix()
    link = f"[{phrases.plain(piece.title)}]({target}"
    if ending == ".csv":
        return f'; show it, alone in a paragraph: {link} "panel: table")'
    return f"; show it: !{link})" if ending in SHOWN else f"; lead to it: {link})"


def _given(portfolio: Portfolio) -> set[str]:
    """Ids that were given once, by what git and the last commands remember: none is given twice."""
    texts = [repository.git(portfolio.root, "log", "-p", "--format=", "-U0", "--", f"{FOLDER}/{TABLE}") or ""]
    kept = writing.versions(portfolio.root, portfolio.root / FOLDER / TABLE)
    texts += [path.read_text(encoding="utf-8", errors="replace") for path in kept]
    return set(re.findall(r'^[-+]?"?([A-Za-z]+[0-9]+)"?[,;\t]', "\n".join(texts), re.MULTILINE))


def edit(portfolio: Portfolio, piece: Evidence, cells: dict[str, str], source: Source | None) -> list[str]:
    """Change some cells of a piece; says of each what it was and what it is."""
    with _of_the_row():
        writing.rewrite(portfolio.root, TABLE, lambda row: row | cells if row["id"] == piece.id else row)
    now = _with_file(portfolio, piece.id, source)
    if now.file != piece.file and _is_alone(portfolio, piece):
        writing.put(portfolio.root, portfolio.root / piece.file, None)
    pairs = zip(_row(piece).items(), _row(now).values(), strict=True)
    said = [f"{piece.id}, {name}: {old} -> {new}" for (name, old), new in pairs if old != new]
    return said or [f"{piece.id} says so already."]


def _row(piece: Evidence) -> dict[str, str]:
    cells = records.as_data(piece).items()
    return {name: (text if isinstance(text, str) else ";".join(text)) or "none" for name, text in cells}


def remove(portfolio: Portfolio, piece: Evidence) -> list[str]:
    """Take a piece out of the register, with its file where that was taken in for it alone."""
    writing.rewrite(portfolio.root, TABLE, lambda row: None if row["id"] == piece.id else row)
    said = [f"Removed {piece.id}: {piece.title}."]
    if _is_alone(portfolio, piece):
        writing.put(portfolio.root, portfolio.root / piece.file, None)
        return [*said, f"Its copy is gone as well: {piece.file}"]
    return [*said, *([f"Its file stays where it is: {piece.file}"] if piece.file else [])]


def _is_alone(portfolio: Portfolio, piece: Evidence) -> bool:
    """Whether the file of a piece was taken in for it, and for it alone."""
    taken_in = Path(piece.file).parent.name == FILES and Path(piece.file).name.startswith(f"{piece.id}-")
    return taken_in and not any(each.file == piece.file and each != piece for each in portfolio.evidence)


def free(portfolio: Portfolio, piece: Evidence) -> None:
    """Raise Refusal where a page names a piece in bold, or its file: it would name nothing then."""
    names = [f"**{piece.id}**", *filter(None, [Path(piece.file).name])]
    paths = [disk.page_file(portfolio.root, page) for page in configuration.toc_files(portfolio.root)]
    found = [path for path in paths if path and any(name in disk.read_text(path) for name in names)]
    if found:
        where = phrases.series([path.relative_to(portfolio.root).as_posix() for path in found])
        raise Refusal(f"{piece.id} is named on {where}. Take it out there, and type the command again.")


def details(piece: Evidence) -> str:
    """What a piece is beside its title, in words."""
    serves, standards = _served(piece).removeprefix(f"{piece.title}, "), ", ".join(map(str, piece.standards))
    return ", ".join(filter(None, (dates.written(piece.date), piece.kind, serves, standards, piece.file)))

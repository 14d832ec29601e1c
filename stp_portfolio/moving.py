"""Take one page of an older portfolio into this one: which place it has, what becomes of it, what needs a look.

``prepare`` reads, converts (``dialects``) and checks without writing anything; ``place`` writes what it
made. Nothing is lost: every word of the old page is on the new one or in an author's comment there, or
the page is refused; a page that is replaced is kept first.
"""

from __future__ import annotations

import itertools
import posixpath
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote

import yaml

from stp_portfolio import configuration, dialects, pages, progress, records, words, writing
from stp_portfolio.dialects import Answer, Block, Look
from stp_portfolio.progress import Status
from stp_portfolio.records import Activity, Event, Portfolio
from stp_portfolio.screening import Vocabulary, sources

ENDINGS = (".md", ".markdown", ".mkd", ".mdown", ".txt")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
FOLDER = "images"
REFLECTION, PLAN = "Reflection", "Plan"
STILL = f"This part is {pages.UNWRITTEN}."
NOT_BUILT = "the book is not built until it is taken out"


class MoveError(Exception):
    """A page that was not taken over: why, and what to do. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that comes with the page: its name in the page's folder ``images``, and its cleaned bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Move:
    """A page ready to be placed.

    ``page`` is its path from the root without ending; ``looks`` are what needs a look, each with its
    line of the new page; ``lines`` and ``words`` count what came over; ``contents`` is the new text of
    ``_toc.yml``, None where it need not change.
    """

    page: str
    activity: Activity | None
    text: str
    looks: tuple[tuple[int, str], ...]
    lines: int
    words: int
    pictures: tuple[Picture, ...]
    contents: str | None


# -- reading ----------------------------------------------------------------------------------


_CONTROL = re.compile(
    "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff\ufdd0-\ufdef]"
)  # no text, and marks of our own


def read(path: Path) -> str:
    """The text of an old page, with plain line ends and nothing invisible that is no text.

    Raises MoveError for what is no page.
    """
    if path.suffix.lower() not in ENDINGS:
        raise MoveError(f"{path.name} is no Markdown page. Save it as Markdown (.md) first, and import that.")
    if not path.is_file():
        raise MoveError(f"{path} is not there. Name one Markdown file of the older portfolio.")
    raw = path.read_bytes()
    if len(raw) > records.MAX_BYTES:
        raise MoveError(f"{path.name} is larger than {records.MAX_BYTES // 1_000_000} MB. Split it into pages first.")
    try:
        text = raw.decode("utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else records.decode(raw)[0]
    except UnicodeDecodeError:
        raise MoveError(f"{path.name} is no text that can be read. Save it as plain text, UTF-8.") from None
    if "\0" in text:
        raise MoveError(f"{path.name} holds bytes that are no text. Save it as plain text, UTF-8.")
    text = _CONTROL.sub(" ", re.sub(r"\r\n?", "\n", text))
    if not text.strip():
        raise MoveError(f"{path.name} holds no text. There is nothing to import.")
    return text


@dataclass(frozen=True, slots=True)
class Front:
    """The front matter of a page: its values, its lines as they stand, and what is wrong with it."""

    values: dict[str, object]
    lines: tuple[str, ...]
    problem: str = ""

    def text(self, key: str) -> str:
        """A value as text, empty where there is none or it is no single value."""
        value = self.values.get(key)
        return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


_FRONT = re.compile(r"\A---[ \t]*\n(?P<yaml>(?:[\s\S]*?\n)?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")


def front_matter(text: str) -> tuple[Front, str]:
    """The front matter of a page and the text below it."""
    none = Front({}, ())
    match = _FRONT.match(text)
    if match is None:
        return none, text
    lines = tuple(line for line in match["yaml"].split("\n") if line.strip())
    try:
        values = yaml.safe_load(match["yaml"])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if not lines or not re.match(r"[\w-]+[ \t]*:", lines[0]):
            return none, text
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 2} of the old page" if line is not None else ""
        said = getattr(error, "problem", None) or "it is not valid YAML"
        return Front({}, lines, f"the front matter could not be read ({said}{where})"), text[match.end() :]
    if values is None or isinstance(values, dict):
        return Front({str(key).lower(): value for key, value in (values or {}).items()}, lines), text[match.end() :]
    return none, text


# -- which activity ---------------------------------------------------------------------------

_KIND = re.compile(r"(?<![^\W_])(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*0*(\d{1,3})(?!\d)", re.IGNORECASE)
_HEADED = re.compile(r"^\W*0*(\d{1,3})\s*[.):\u2013\u2014-]\s")
_NAMED = re.compile(r"^0*(\d{1,3})(?=[_\-. ]|$)")
_DATED = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}-?")
_NO_TITLE = re.compile(r"^\W*(?:(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*)?(?:\d{1,3}(?!\d))?", re.IGNORECASE)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _title_of(text: str) -> str:
    """A title or name without the kind and number before it, letters alone."""
    return _letters(_NO_TITLE.sub("", text, count=1))


def _sure(portfolio: Portfolio, text: str) -> set[Activity]:
    """The activities that a text names for certain: by key, by *DTA* and number, or by title."""
    for module in {activity.key.module for activity in portfolio.activities}:
        key = re.search(rf"(?<![^\W_]){re.escape(module)}[\s/_-]*0*(\d{{1,3}})(?!\d)", text, re.IGNORECASE)
        if key:
            return {a for a in portfolio.activities if a.key.module == module and a.key.number == int(key[1])}
    if match := _KIND.search(text):
        return _numbered(portfolio, int(match[1]))
    title = _title_of(text)
    return {
        a for a in portfolio.activities if title and title in (_letters(a.title), _title_of(posixpath.basename(a.page)))
    }


def _numbered(portfolio: Portfolio, number: int) -> set[Activity]:
    return {activity for activity in portfolio.activities if activity.key.number == number}


def _by_name(portfolio: Portfolio, name: str) -> tuple[set[Activity], bool]:
    """The activities that a file's name or an address's last part speaks of, and whether for certain."""
    name = _DATED.sub("", name)
    if sure := _sure(portfolio, name):
        return sure, True
    match = _NAMED.match(name)
    return (_numbered(portfolio, int(match[1])) if match else set()), False


def infer(portfolio: Portfolio, path: Path, front: Front, heading: str) -> Activity:
    """The activity that an old page is about. Raises MoveError where that is not clear."""
    sure: list[set[Activity]] = []
    likely: list[set[Activity]] = []
    for value in filter(None, map(front.text, ("dta", "activity", "number"))):
        sure += [_numbered(portfolio, int(value)) if value.isdecimal() else _sure(portfolio, value)]
    for text in (front.text("title"), heading):
        sure.append(_sure(portfolio, text))
        match = _HEADED.match(text)
        likely.append(_numbered(portfolio, int(match[1])) if match else set())
    named, certain = _by_name(portfolio, path.stem)
    (sure if certain else likely).append(named)
    said = [found for found in sure if found] or [found for found in likely if found]
    if not said:
        _ask(portfolio, path, "is about is not said by its front matter, heading or name", portfolio.activities)
    agreed = set.intersection(*said)
    module = front.text("module").casefold()
    if len(agreed) > 1:
        agreed = {a for a in agreed if a.key.module.casefold() == module} or agreed
    if len(agreed) != 1:
        _ask(portfolio, path, "is about is not clear", agreed or set.union(*said))
    return agreed.pop()


def _ask(portfolio: Portfolio, path: Path, why: str, found: Iterable[Activity]) -> NoReturn:
    keys = [str(activity.key) for activity in portfolio.activities if activity in set(found)]
    if len(keys) > 8:
        ends = {}
        for activity in portfolio.activities:
            ends.setdefault(activity.key.module, []).append(activity.key.number)
        keys = [f"{module}/{min(numbers)} to {module}/{max(numbers)}" for module, numbers in ends.items()]
    example = keys[0].split(" ")[0] if keys else "S-C1/5"
    raise MoveError(
        f"Which activity {path.name} {why}. Say it with --to, such as --to {example}. Possible: {', '.join(keys)}."
    )


# -- where to ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page goes: its path from the root without ending, and its activity, None for a further page."""

    page: str
    activity: Activity | None


def destination(portfolio: Portfolio, to: str) -> Place:
    """The place that ``--to`` names: an activity's key, or a folder of the book and a name. Raises MoveError."""
    module, _, number = to.strip().partition("/")
    own = [a for a in portfolio.activities if a.key.module.casefold() == module.casefold()]
    for activity in own:
        if number.isdecimal() and int(number) == activity.key.number:
            return _place_of(portfolio, activity)
    if own and (not number or number.isdecimal()):
        raise MoveError(
            f"'{to}' is no activity of data/activities.csv. {own[0].key.module} has {own[0].key} to {own[-1].key}."
        )
    path = posixpath.normpath(to.strip().replace("\\", "/")).removesuffix(".md")
    folder, name = posixpath.split(path)
    if not folder or path.startswith(("/", "..")) or ":" in path or not (portfolio.root / folder).is_dir():
        example = own or portfolio.activities
        raise MoveError(
            f"'{to}' is no place of this book. Write an activity, such as {example[0].key}, or a folder that is there and a "
            f"new name, such as {posixpath.dirname(example[0].page) or 'about'}/Page."
        )
    if not re.fullmatch(r"[\w-][\w .-]*", name):
        raise MoveError(f"'{name}' is no name for a page. Use letters, digits, hyphens and underscores.")
    for activity in portfolio.activities:
        if activity.page.casefold() == path.casefold():
            return _place_of(portfolio, activity)
    return Place(path, None)


def _place_of(portfolio: Portfolio, activity: Activity) -> Place:
    if not (portfolio.root / f"{activity.page}.md").is_file() and (portfolio.root / f"{activity.page}.ipynb").is_file():
        raise MoveError(f"The page of {activity.key} is a notebook, {activity.page}.ipynb. Import to another page.")
    return Place(activity.page, activity)


def is_untouched(portfolio: Portfolio, activity: Activity | None, text: str) -> bool:
    """Whether a present page holds nothing of its author's: it is empty, or the draft that the template gave."""
    if not text.strip():
        return True
    return activity is not None and pages.is_draft(portfolio, activity, text.replace("\r\n", "\n"))


def _may_replace(portfolio: Portfolio, place: Place, *, replace_: bool) -> None:
    path = portfolio.root / f"{place.page}.md"
    if replace_ or not path.is_file():
        return
    if not is_untouched(portfolio, place.activity, path.read_bytes().decode("utf-8", errors="replace")):
        raise MoveError(
            f"{place.page}.md is written already. Import with --replace to put the old page in its place "
            f"(what stands there is kept in data/{writing.BACKUPS}), or with --to to another page."
        )


def with_page(contents: str, page: str) -> str:
    """The text of ``_toc.yml`` with a page after the last one of its folder.

    Raises MoveError where the folder has none.
    """
    lines = contents.split("\n")
    folder = re.escape(posixpath.dirname(page))
    entry = re.compile(rf"^(?P<indent>\s*)-\s+file:\s*[\"']?{folder}/[^/\s\"']+[\"']?\s*(?:#.*)?$")
    found = [(number, match["indent"]) for number, line in enumerate(lines) if (match := entry.match(line))]
    if not found:
        raise MoveError(
            f"{posixpath.dirname(page)}/ has no page in _toc.yml yet, so where {page} belongs is not known. "
            "Add the folder's first page to _toc.yml by hand, and import again."
        )
    number, indent = found[-1]
    number += 1
    while number < len(lines) and re.match(rf"{indent}\s+\S", lines[number]):
        number += 1
    lines.insert(number, f"{indent}- file: {page}")
    return "\n".join(lines)


# -- addresses --------------------------------------------------------------------------------

_LIQUID = re.compile(
    r"\{\{-?\s*(?:site\.(?:baseurl|url|github\.url)|page\.(?:baseurl|root))\s*-?\}\}"
    r"|\{%-?\s*(?:link|post_url)\s+(?P<tag>[^\s%]+)\s*-?%\}"
    r"|\{\{-?\s*[\"'](?P<quoted>[^\"']*)[\"']\s*(?:\|\s*\w+(?::\s*site\.\w+)?\s*)*-?\}\}"
)
_PAGES = ("", ".md", ".markdown", ".mkd", ".html", ".htm")


@dataclass
class Site:
    """What the addresses of an old page are in this book; ``made`` collects those that it gave."""

    portfolio: Portfolio
    file: Path
    place: Place
    anchors: dict[str, str] | None = None  # None while the headings are not known yet
    made: set[str] = field(default_factory=set)
    pictures: dict[str, Picture] = field(default_factory=dict)

    def page(self, address: str) -> Answer:
        """The address of a page here, or None and why."""
        new, look = self._page(address)
        if new is not None:
            self.made.add(new)
        return new, look

    def _page(self, address: str) -> Answer:
        plain = self._plain(address)
        if plain is None:
            return None, "the old site made its address: it is text now"
        path, _, fragment = plain.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            return self._here(fragment)
        name = posixpath.basename(path.rstrip("/"))
        stem, ending = posixpath.splitext(name)
        if "/" not in path.removeprefix("./") and stem == self.file.stem and ending in _PAGES:
            return self._here(fragment) if fragment else (posixpath.basename(f"{self.place.page}.md"), "")
        near = posixpath.normpath(posixpath.join(posixpath.dirname(self.place.page), path))
        kept = posixpath.splitext(near)
        if kept[0] in configuration.toc_files(self.portfolio.root) and (self.portfolio.root / near).is_file():
            return self._there(path, self.portfolio.root / near, fragment, "")
        if ending.lower() not in _PAGES:
            return None, "the file is not in this book: it is text now; register a piece of evidence for it"
        found, certain = self._activities(path, stem if ending or stem else name)
        if not found:
            return None, "no page of this book goes by that name or number: it is text now"
        if len(found) > 1:
            return None, f"it may mean {words.series(sorted(str(a.key) for a in found))}: it is text now"
        activity = found.pop()
        if self.place.activity == activity:
            return self._here(fragment) if fragment else (posixpath.basename(f"{activity.page}.md"), "")
        target = next((path for other, path in records.pages(self.portfolio) if other == activity), None)
        if target is None:
            return None, f"the page of {activity.key} is missing: it is text now"
        new = posixpath.relpath(f"{activity.page}{target.suffix}", posixpath.dirname(self.place.page) or ".")
        return self._there(new, target, fragment, "" if certain else f"it is taken for {activity.key}: check it")

    def _activities(self, path: str, name: str) -> tuple[set[Activity], bool]:
        if name.casefold() == "index":
            name = posixpath.basename(posixpath.dirname(path.rstrip("/")))
        found, certain = _by_name(self.portfolio, name)
        own = self.place.activity.key.module if self.place.activity else None
        if len(found) > 1 and own:
            return ({a for a in found if a.key.module == own} or found), False
        return found, certain

    def _here(self, fragment: str) -> Answer:
        if self.anchors is None:
            return f"#{fragment}", ""
        name = _letters(unquote(fragment))
        if new := self.anchors.get(name) or self.anchors.get(name.lstrip("0123456789")):
            return f"#{new}", ""
        return None, "there is no such place on the page: it is text now"

    def _there(self, new: str, target: Path, fragment: str, look: str) -> Answer:
        if not fragment:
            return new, look
        known = {_letters(each): each for each in _anchors_of(target)}
        if found := known.get(_letters(unquote(fragment))):
            return f"{new}#{found}", look
        return new, look or f"the page there has no heading '{fragment}' (yet): it leads to the page"

    @staticmethod
    def _plain(address: str) -> str | None:
        """An address without Liquid; None where Liquid made more of it than can be told."""
        plain = _LIQUID.sub(
            lambda m: f"/{m['tag'].lstrip('/')}" if m["tag"] else f"/{m['quoted'].lstrip('/')}" if m["quoted"] else "",
            address,
        )
        return None if re.search(r"\{[{%]", plain) else re.sub(r"(?<!:)//+", "/", plain)

    def picture(self, address: str) -> Answer:
        """The address of a picture here, or None and why it could not come over."""
        plain = self._plain(address)
        if plain is None:
            return None, "the old site made its address"
        path = unquote(plain.partition("?")[0].partition("#")[0]).replace("\\", "/")
        found = self._found(path)
        if found is None:
            return None, "there is no such file beside the old page or in its site"
        if found.suffix.lower() not in PICTURES:
            return None, f"a '{found.suffix or 'nameless'}' cannot be cleaned of what it carries; save it as PNG"
        try:
            data, moving = _cleaned(found)
        except Exception:  # noqa: BLE001 - a foreign picture may fail in any way
            return None, "it cannot be read as a picture"
        picture = self._named(found.name, data)
        self.pictures[picture.name] = picture
        new = f"{FOLDER}/{picture.name}"
        self.made.add(new)
        return new, "it moved, and its first picture came over" if moving else ""

    def _found(self, path: str) -> Path | None:
        """The file of a picture: beside the old page, or at the root of its site."""
        folders = [self.file.parent]
        for folder in self.file.parents[:4]:
            folders.append(folder)
            if any((folder / mark).exists() for mark in ("_config.yml", "_posts", "mkdocs.yml", "Gemfile", ".git")):
                break
        for folder in folders[1:] if path.startswith("/") else folders:
            try:
                if path.strip("/") and (file := folder / path.lstrip("/")).is_file():
                    return file
            except (OSError, ValueError):
                return None
        return None

    def _named(self, name: str, data: bytes) -> Picture:
        """A name that is free, or that holds the same picture already."""
        stem, ending = posixpath.splitext(re.sub(r"[^\w.-]+", "-", name))
        folder = (self.portfolio.root / self.place.page).parent / FOLDER
        number = 1
        while True:
            name = f"{stem}{f'-{number}' if number > 1 else ''}{ending.lower()}"
            held = self.pictures.get(name)
            there = folder / name
            if held.data == data if held else not there.is_file() or there.read_bytes() == data:
                return Picture(name, data)
            number += 1


def _cleaned(path: Path) -> tuple[bytes, bool]:
    """The bytes of a picture without what it carries beside its pixels, and whether it had more than one."""
    from PIL import Image

    from stp_portfolio.pictures import clean_picture

    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        copy = Path(folder) / f"picture{path.suffix.lower()}"
        copy.write_bytes(path.read_bytes())
        with Image.open(copy) as image:
            moving = getattr(image, "n_frames", 1) > 1
        clean_picture(copy)
        return copy.read_bytes(), moving


def _anchors_of(path: Path) -> list[str]:
    if path.suffix != ".md":
        return []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return [dialects.slug(heading) for heading in re.findall(r"^#{1,3} +(.+?)[ #]*$", text, flags=re.MULTILINE)]


# -- arranging --------------------------------------------------------------------------------


def _title(found: list[Block], front: Front) -> Block | None:
    """The heading of the old page itself: not one of several in it, where the front matter has another title."""
    title = next((block for block in found if block.kind == "heading"), None)
    if title is None or title.level != 1:
        return None
    first = next(block for block in found if block.kind not in ("note", "definition"))
    named = _letters(front.text("title"))
    return title if title is first or named in ("", _letters(title.lines[0])) else None


def _arranged(
    found: list[Block], title: Block | None, heading: str, old: str, sections: tuple[str, ...]
) -> list[Block]:
    """The blocks of the old page in the order and depth that the book wants.

    ``title`` is the old page's own heading and ``old`` its text where it is to be shown; ``sections`` are
    none for a further page.
    """
    lead: list[Block] = []
    parts: dict[str, list[Block]] = {name: [] for name in sections}
    main = parts[REFLECTION if REFLECTION in parts else PLAN] if sections else lead
    names = {_letters(name): name for name in sections}
    owed = any(block.kind == "heading" and _section(block) in names for block in found)
    target = lead if owed else main
    level, seen = 0, set()
    for block in found:
        if block.kind == "heading":
            name = names.get(_section(block))
            if block is title or (name and name not in seen):
                if name and block is not title:
                    seen.add(name)
                    target, level = parts[name], block.level
                    if _section(block) != _letters(block.lines[0]):
                        block.notes.append(f"old heading: {block.lines[0]}")
                if block.notes or block.looks:
                    target.append(Block("note", [], notes=block.notes, looks=block.looks))
                continue
            if target is not main and (target is lead or block.level <= level):
                target, level = main, 0
        target.append(block)
    if old:
        shown = dialects.not_swallowed(old) if re.search(r"[*_`<\[\\]", old) else f"**{old}**"
        main.insert(0, Block("text", [shown], source=old))
    last = [block for part in (lead, *parts.values()) for block in _taken(part)]
    while lead and lead[0].kind == "note":
        last.append(lead.pop(0))  # else the comments would stand for the page's first words
    page = [Block("heading", [heading], source=heading, level=1), *_ruled(lead, 1)]
    for name, part in parts.items():
        page.append(Block("heading", [name], source=name, level=2))
        if all(block.kind in ("note", "definition") for block in part):
            part.insert(0, Block("text", [STILL], looks=[Look(f"'{name}' was not on the old page: write it")]))
        page += _ruled(part, 2)
    return [*page, *_ruled(last, 1)]


def _section(heading: Block) -> str:
    """The letters of a heading without a number before it."""
    return _letters(re.sub(r"^\W*\d+\s*[.):\u2013\u2014-]?\s*", "", heading.lines[0]))


def _taken(part: list[Block]) -> list[Block]:
    """The paragraphs that say what to read next, taken out of a part."""
    taken = [block for block in part if block.kind == "text" and block.lines[0].startswith("Read next: ")]
    part[:] = [block for block in part if block not in taken]
    return taken


def _ruled(part: list[Block], base: int) -> list[Block]:
    """Blocks below a heading of level ``base``: headings without jumps, lines across only between two texts."""
    shown = [block for block in part if block.kind not in ("note", "definition")]
    for index, block in enumerate(shown):
        around = [*shown[max(0, index - 1) : index], *shown[index + 1 : index + 2]]
        if block.kind == "rule" and (
            index == 0 or len(around) < 2 or any(b.kind in ("rule", "heading") for b in around)
        ):
            block.notes.append("old page: ---")
            block.lines = []
    above: list[int] = []
    for block in part:
        if block.kind == "heading":
            while above and above[-1] >= block.level:
                above.pop()
            above.append(block.level)
            block.level = min(6, base + len(above))
    return part


def _written(page: list[Block]) -> tuple[list[str], list[int]]:
    """The lines of a page, and where each of its blocks begins."""
    lines: list[str] = []
    starts: list[int] = []
    for block in page:
        starts.append(len(lines))
        own = block.written()
        lines += [*own, ""] if own else []
    return lines, starts


def _anchors(page: list[Block], own: str, old: str, extensions: tuple[str, ...]) -> dict[str, str]:
    """The anchors of the new page by the letters of the old ones.

    A heading too deep to have one by itself would get a label that begins with ``own``.
    """
    lines, starts = _written(page)
    at = {start: block for start, block in zip(starts, page, strict=True) if block.kind == "heading"}
    slugs: list[str] = []
    found: dict[str, str] = {}
    tokens = dialects.book_parser(extensions).parse("\n".join(lines))
    for token, inline in itertools.pairwise(tokens):
        block = at.get(token.map[0] if token.map else -1)
        if token.type != "heading_open" or block is None:
            continue
        title = "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline"))
        slug, number = dialects.slug(title), 1
        if block.level > 3:
            slug = re.sub(r"[^a-z0-9]+", "-", f"{own}-{slug}".lower()).strip("-")
        while slug in slugs:
            slug, number = f"{slug}-{number}", number + 1
        slugs.append(slug)
        ids = re.findall(r"\{[:\s]*#([\w:.-]+)", " ".join(block.notes))
        names = [title, *ids, *([old, "top"] if block.level == 1 else [])]
        for name in [*names, *(re.sub(r"^\W*\d+", "", name) for name in names)]:
            found.setdefault(_letters(name), slug)
        block.label = slug if block.level > 3 else ""
    found.pop("", None)
    return found


# -- the whole --------------------------------------------------------------------------------

_PUBLISHED = ("date", "published", "updated", "modified", "lastmod", "last_modified_at", "last_updated")
_NAMES = frozenset(
    "author authors name by byline trainee student supervisor trainer assessor mentor contributors owner contact email "
    "training_officer twitter github linkedin".split()
)


def _front_block(front: Front) -> Block | None:
    """The front matter as comments, and what in it needs a look."""
    if not front.lines:
        return None
    block = Block("note", [])
    for line in front.lines:
        key = (re.match(r"\s*-?\s*([\w-]+)\s*:", line) or [""] * 2)[1].lower()
        published = key in _PUBLISHED
        block.notes.append(
            f"old front matter{f', as published: `{line.strip()}`' if published else f': {line.rstrip()}'}"
        )
        if key in _NAMES:
            block.looks.append(
                Look(f"'{key}' of the old front matter may name somebody: take the name out", line.strip())
            )
    if front.problem:
        block.looks.append(Look(f"{front.problem}: its lines are comments now, see what they said", front.lines[0]))
    return block


def lost(source: str, result: str) -> dict[str, int]:
    """The words of a source, in small letters, that a result has less often, with how many are missing."""
    had, has = (dialects.words(dialects.without_tags(_decoded(text)).casefold()) for text in (source, result))
    return dict(had - has)


def _decoded(text: str) -> str:
    """A text with its HTML entities as what they stand for, however often they were escaped."""
    while (plain := dialects.entities(text)) != text:
        text = plain
    return text


def _extensions(root: Path) -> tuple[str, ...]:
    try:
        parse = (yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")) or {}).get("parse") or {}
        return tuple(sorted(parse.get("myst_enable_extensions") or ()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        return ()  # what is wrong with it, the build says


def convert(portfolio: Portfolio, place: Place, file: Path, text: str) -> tuple[list[Block], Site]:
    """An old page's text as the blocks of the new page, and the site that answered its addresses."""
    front, body = front_matter(text)
    extensions = _extensions(portfolio.root)
    site = Site(portfolio, file, place)
    page: list[Block] = []
    for _ in range(2):  # links within the page need its headings, which the first pass gives
        site = Site(portfolio, file, place, site.anchors)
        found = dialects.blocks(body, site, kramdown=bool(front.lines))
        title = _title(found, front)
        old = title.lines[0] if title is not None else ""
        own = old or dialects.escaped(front.text("title"))
        heading = words.plain(place.activity.heading) if place.activity else own or posixpath.basename(place.page)
        shown = own if place.activity and not _same_title(own, place.activity) else ""
        page = _arranged(found, title, heading, shown, _sections(portfolio, place, found))
        if old and not shown and old != heading:
            page.append(Block("note", [], notes=[f"old heading: {old}"]))
        if (block := _front_block(front)) is not None:
            page.append(block)
        site.anchors = _anchors(page, posixpath.basename(place.page), own, extensions)
    made = site.made
    for block in page:
        block.label = block.label if f"#{block.label}" in made else ""
    try:
        dialects.made_sound(page, lambda: _written(page), extensions, lambda a: a in made or unquote(a) in made)
    except ValueError as error:
        raise MoveError(_refused(file, f"'{error}'")) from None
    return page, site


def _same_title(own: str, activity: Activity) -> bool:
    return not own or _letters(own) == _letters(activity.heading) or _title_of(own) in ("", _letters(activity.title))


def _sections(portfolio: Portfolio, place: Place, found: list[Block]) -> tuple[str, ...]:
    if place.activity is None:
        return ()
    planned = any(block.kind == "heading" and _section(block) == _letters(PLAN) for block in found)
    return pages.PLAN_SECTIONS if planned and not _started(portfolio, place.activity) else pages.STARTED_SECTIONS


def _started(portfolio: Portfolio, activity: Activity) -> bool:
    return progress.statuses(portfolio, portfolio.on)[activity.key] is not Status.NOT_STARTED


def _refused(file: Path, lost_: str) -> str:
    return (
        f"{file.name} was not imported, since words of it would be lost: {lost_}. Nothing was written. "
        "Simplify the lines where they stand, and import again."
    )


def prepare(portfolio: Portfolio, file: Path, to: str | None = None, *, replace_: bool = False) -> Move:
    """Make a page of this book of an old one, and say what needs a look; nothing is written.

    Raises MoveError where the page has no clear place, its place is taken, or a word would be lost.
    """
    source = read(file)
    front, body = front_matter(source)
    if to is None:
        heading = re.search(r"^ {0,3}#[ \t]+(.+?)[ \t#]*$|^(\S.*)\n=+[ \t]*$", body, flags=re.MULTILINE)
        place = _place_of(portfolio, infer(portfolio, file, front, (heading[1] or heading[2]) if heading else ""))
    else:
        place = destination(portfolio, to)
    _may_replace(portfolio, place, replace_=replace_)
    contents = None
    if place.page not in configuration.toc_files(portfolio.root):
        before = (portfolio.root / "_toc.yml").read_text(encoding="utf-8")
        contents = with_page(before, place.page)
    page, site = convert(portfolio, place, file, source)
    lines, starts = _written(page)
    while lines and not lines[-1]:
        lines.pop()
    text = "\n".join(lines) + "\n"
    if missing := lost(source, text):
        shown = ", ".join(f"'{word}'{f' ({count} times)' if count > 1 else ''}" for word, count in missing.items())
        raise MoveError(_refused(file, shown))
    looks = sorted(_looks(page, lines, starts))
    looks = [*_identifying(portfolio, place, text), *_owed(portfolio, place, text), *looks]
    direct = [look for look in looks if NOT_BUILT in look[1]]
    rest = sorted((look for look in looks if look not in direct), key=lambda look: look[0])
    return Move(
        page=place.page,
        activity=place.activity,
        text=text,
        looks=tuple(dict.fromkeys([*direct, *rest])),
        lines=sum(bool(line.strip()) for line in source.split("\n")),
        words=sum(dialects.words(source).values()),
        pictures=tuple(site.pictures.values()),
        contents=contents,
    )


def _looks(page: list[Block], lines: list[str], starts: list[int]) -> Iterator[tuple[int, str]]:
    ends = [min(end, len(lines)) for end in (*starts[1:], len(lines))]
    for block, start, end in zip(page, starts, ends, strict=True):
        for look in block.looks:
            near = look.near.split("\n")[0].replace("](", "] (")
            number = next((n for n in range(start, end) if look.near and near in lines[n].replace("](", "] (")), start)
            yield number + 1, look.text


def _identifying(portfolio: Portfolio, place: Place, text: str) -> Iterator[tuple[int, str]]:
    """Direct identifiers one by one; a term that occurs more than once is asked about once."""
    vocabulary = Vocabulary([*sources.approved_terms(portfolio.root), *sources.own_words(portfolio)])
    days = sources.own_dates(portfolio)
    name = f"{place.page}.md"
    found = sources.screen_text(name, text, 1, vocabulary, days, prose=False)
    found += sources.screen_text(name, sources.prose_of(text), 1, vocabulary, days, prose=True)
    terms: dict[str, list[sources.Found]] = {}
    for hit in dict.fromkeys(found):
        if hit.direct:
            yield hit.line, f"{hit.kind}: {hit.context}: {hit.remedy}; {NOT_BUILT}"
        else:
            terms.setdefault(hit.text, []).append(hit)
    for places in terms.values():
        first, *others = places
        more = f" (also line {', '.join(str(other.line) for other in others[:5])}{' …' if others[5:] else ''})"
        yield first.line, f"{first.kind} to review: {first.context}{more if others else ''}: {first.remedy}"


def _owed(portfolio: Portfolio, place: Place, text: str) -> Iterator[tuple[int, str]]:
    """What the page still owes its contract, read as if the activity were begun where its page is one of work done."""
    activity = place.activity
    if activity is None:
        return
    planned = f"## {PLAN}\n" in text and "## Evidence\n" not in text
    if not _started(portfolio, activity) and not planned:
        yield 1, f"{activity.key} is not recorded as started: portfolio record {activity.key} started --date …"
        portfolio = replace(portfolio, events=(*portfolio.events, Event(portfolio.on, activity.key, "started", "")))
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        path = Path(folder) / "page.md"
        path.write_text(text, encoding="utf-8")
        page = pages.read(path)
        owed = [*pages.problems(page, activity, portfolio), *pages.reminders(page, activity, portfolio)]
    for problem in owed:
        yield 1, f"the page owes: {problem}"


def place(portfolio: Portfolio, move: Move) -> list[str]:
    """Write a page, its pictures and the table of contents, each in one step.

    Returns where what was replaced is kept, as paths from the root. Raises WriteError where a file
    cannot be written; what stood before it is then as it was.
    """
    root = portfolio.root
    target = root / f"{move.page}.md"
    kept = [writing.put(root, target.parent / FOLDER / each.name, each.data) for each in move.pictures]
    kept.append(writing.put(root, target, move.text.encode()))
    if move.contents is not None:
        kept.append(writing.put(root, root / "_toc.yml", move.contents.encode()))
    return [path.relative_to(root).as_posix() for path in kept if path is not None]

"""Take one page of an older portfolio into this one: which place it has, what becomes of it, what needs a look.

``prepare`` reads, converts (``dialects``) and checks without writing anything; ``place`` writes what it
made. Nothing is lost: every word of the old page is on the new one or in an author's comment there, or
the page is refused; a page that is replaced is kept first.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

import yaml

from stp_portfolio.core import configuration, contract, disk, phrases, progress, writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Portfolio
from stp_portfolio.desk import dialects, drafts
from stp_portfolio.desk.dialects import Answer, Block
from stp_portfolio.privacy import Vocabulary, sources
from stp_portfolio.show import pages

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FOLDER = "images"
STILL = f"This part is {pages.UNWRITTEN}."
NOT_BUILT = "the book is not built until it is taken out"


class MoveError(Refusal):
    """A page that was not taken over: why, and what to do. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Move:
    """A page ready to be placed.

    ``page`` is its path from the root without ending; ``looks`` are what needs a look, each with its
    line of the new page; ``lines`` and ``words`` count what came over; ``pictures`` are cleaned bytes by
    their name in ``images``.
    """

    page: str
    activity: Activity | None
    text: str
    looks: tuple[tuple[int, str], ...]
    lines: int
    words: int
    pictures: dict[str, bytes]


# -- reading ----------------------------------------------------------------------------------

# No text, and marks of our own.
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff\ufdd0-\ufdef]")


def read(path: Path) -> str:
    """The text of an old page, with plain line ends and nothing invisible. Raises MoveError for what is no page."""
    if path.suffix.lower() not in (".md", ".markdown", ".txt"):
        raise MoveError(f"{path.name} is no Markdown page. Save it as Markdown (.md) first, and import that.")
    if not path.is_file():
        raise MoveError(f"{path} is not there. Name one Markdown file of the older portfolio.")
    raw = path.read_bytes()
    if len(raw) > contract.MAX_BYTES:
        raise MoveError(
            f"{path.name} is larger than {contract.MAX_BYTES // 1_000_000} MB. Split it into pages first."
        )
    try:
        text = raw.decode("utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else disk.decode(raw)[0]
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise MoveError(f"{path.name} holds bytes that are no text. Save it as plain text, UTF-8.")
    text = _CONTROL.sub(" ", re.sub(r"\r\n?", "\n", text))
    if not text.strip():
        raise MoveError(f"{path.name} holds no text. There is nothing to import.")
    return text


@dataclass(frozen=True, slots=True)
class Front:
    """The front matter of a page: its single values by key in small letters, its lines, and what is wrong with it."""

    values: dict[str, str]
    lines: tuple[str, ...]
    problem: str = ""


def front_matter(text: str) -> tuple[Front, str]:
    """The front matter of a page and the text below it."""
    match = re.match(r"---[ \t]*\n((?:[\s\S]*?\n)?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", text)
    lines = tuple(line for line in match[1].split("\n") if line.strip()) if match else ()
    if match is None or (lines and not re.match(r"[\w-]+[ \t]*:", lines[0])):
        return Front({}, ()), text
    values, problem = {}, ""
    try:
        found = (yaml.safe_load(match[1]) or {}).items()
        values = {
            str(key).lower(): str(value).strip() for key, value in found if isinstance(value, str | int)
        }
    except (yaml.YAMLError, ValueError, AttributeError, RecursionError) as error:
        said = getattr(error, "problem", None) or "it is not valid YAML"
        problem = f"the front matter could not be read ({said}): see what it said"
    return Front(values, lines, problem), text[match.end() :]


# -- which activity ---------------------------------------------------------------------------

_KIND = re.compile(
    r"(?<![^\W_])(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*0*(\d{1,3})(?!\d)", re.IGNORECASE
)
_FIRST = re.compile(r"\W*0*(\d{1,3})(?:\s*[.):\u2013\u2014-]\s|(?=[_.-]\S*$|$))")
_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-?")
_NO_TITLE = re.compile(
    r"^\W*(?:(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*)?(?:\d{1,3}(?!\d))?", re.IGNORECASE
)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _title_of(text: str) -> str:
    """A title or name without the kind and number before it, letters alone."""
    return _letters(_NO_TITLE.sub("", text, count=1))


def _meant(portfolio: Portfolio, text: str) -> tuple[set[Activity], bool]:
    """The activities that a title, a file's name or an address speaks of, and whether for certain.

    Certain are a key, *DTA* and a number, and the title; a number alone in front is likely.
    """

    def numbered(number: str, module: str = "") -> set[Activity]:
        return {
            a for a in portfolio.activities if a.key.number == int(number) and module in ("", a.key.module)
        }

    text = _DATED.sub("", text, count=1)
    for module in {activity.key.module for activity in portfolio.activities}:
        if key := re.search(
            rf"(?<![^\W_]){re.escape(module)}[\s/_-]*0*(\d{{1,3}})(?!\d)", text, re.IGNORECASE
        ):
            return numbered(key[1], module), True
    if match := _KIND.search(text):
        return numbered(match[1]), True
    title = _title_of(text)
    named = (
        a for a in portfolio.activities if title in (_letters(a.title), _title_of(posixpath.basename(a.page)))
    )
    if title and (found := set(named)):
        return found, True
    return (numbered(match[1]) if (match := _FIRST.match(text)) else set()), False


def infer(portfolio: Portfolio, path: Path, front: Front, heading: str) -> Activity:
    """The activity that an old page is about. Raises MoveError where that is not clear."""
    values = [front.values.get(key, "") for key in ("dta", "activity", "number")]
    values = [f"DTA {value}" if value.isdecimal() else value for value in values]
    clues = [_meant(portfolio, text) for text in (*values, front.values.get("title", ""), heading, path.stem)]
    said = [found for found, certain in clues if found and certain] or [found for found, _ in clues if found]
    agreed = set.intersection(*said) if said else set()
    if len(agreed) > 1:
        module = front.values.get("module", "").casefold()
        agreed = {a for a in agreed if a.key.module.casefold() == module} or agreed
    if len(agreed) == 1:
        return agreed.pop()
    possible = agreed or set().union(*said) or set(portfolio.activities)
    keys = [str(activity.key) for activity in portfolio.activities if activity in possible]
    shown = ", ".join(keys) if len(keys) < 9 else f"{keys[0]} to {keys[-1]}"
    raise MoveError(
        f"Which activity {path.name} is about is not clear from its front matter, heading and name. "
        f"Say it with --to, such as --to {keys[0]}. Possible: {shown}."
    )


# -- where to ---------------------------------------------------------------------------------


def destination(portfolio: Portfolio, to: str) -> str:
    """The page that ``--to`` names: an activity's, or a folder of the book and a name. Raises MoveError."""
    path = posixpath.normpath(to.strip().replace("\\", "/")).removesuffix(".md")
    folder, name = posixpath.split(path)
    own = [a for a in portfolio.activities if a.key.module.casefold() in (folder.casefold(), path.casefold())]
    for activity in portfolio.activities:
        is_key = activity in own and name.isdecimal() and int(name) == activity.key.number
        if is_key or activity.page.casefold() == path.casefold():
            return activity.page
    if own:
        raise MoveError(
            f"'{to}' is no activity of data/activities.csv. {own[0].key.module} has {own[0].key} to {own[-1].key}."
        )
    if folder not in {posixpath.dirname(page) for page in configuration.toc_files(portfolio.root)} - {""}:
        raise MoveError(
            f"'{to}' is no place of this book. Write an activity, such as {portfolio.activities[0].key}, or a folder "
            "that has pages in the contents and a new name, such as about/Page."
        )
    if not re.fullmatch(r"[\w-][\w .-]*", name):
        raise MoveError(f"'{name}' is no name for a page. Use letters, digits, hyphens and underscores.")
    return path


def _check_free(portfolio: Portfolio, page: str, activity: Activity | None, *, replace_: bool) -> None:
    """Raise MoveError where a notebook stands there, or a page that is neither empty nor an untouched draft."""
    path = portfolio.root / f"{page}.md"
    if not path.is_file():
        if path.with_suffix(".ipynb").is_file():
            raise MoveError(
                f"{page}.ipynb is a notebook and takes no page. Import to another page, with --to."
            )
        return
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    if not replace_ and text.strip() and not (activity and drafts.is_draft(portfolio, activity, text)):
        raise MoveError(
            f"{page}.md is written already. Import with --replace to put the old page in its place "
            f"(what stands there is kept in data/{writing.BACKUPS}), or with --to to another page."
        )


# -- addresses --------------------------------------------------------------------------------

_LIQUID = re.compile(
    r"\{\{-?\s*(?:site\.(?:baseurl|url|github\.url)|page\.(?:baseurl|root))\s*-?\}\}"
    r"|\{%-?\s*(?:link|post_url)\s+(?P<tag>[^\s%]+)\s*-?%\}"
    r"|\{\{-?\s*[\"'](?P<quoted>[^\"']*)[\"']\s*(?:\|\s*\w+(?::\s*site\.\w+)?\s*)*-?\}\}"
)


@dataclass
class Site:
    """What the addresses of an old page are in this book; ``made`` collects those that it gave."""

    portfolio: Portfolio
    file: Path
    here: str
    activity: Activity | None
    made: set[str] = field(default_factory=set)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def page(self, address: str) -> Answer:
        """The address of a page here, or None and why."""
        new, look = self._page(_without_liquid(address))
        self.made |= {new} if new else set()
        return new, look

    def _page(self, address: str) -> Answer:
        if re.search(r"\{[{%]", address):
            return None, "the old site made its address: it is text now"
        path, _, fragment = address.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            return None, "a link within the page is text now: make it again, to one of its headings"
        stem, ending = posixpath.splitext(posixpath.basename(path.rstrip("/")))
        if ending.lower() not in ("", ".md", ".markdown", ".html", ".htm"):
            return None, "the file is not in this book: it is text now; register a piece of evidence for it"
        near = posixpath.splitext(posixpath.normpath(posixpath.join(posixpath.dirname(self.here), path)))[0]
        if path == f"{self.file.stem}{ending}":
            target, certain = self.here, True
        elif near in configuration.toc_files(self.portfolio.root):
            target, certain = near, True
        else:
            name = (
                posixpath.basename(posixpath.dirname(path.rstrip("/")))
                if stem.casefold() == "index"
                else stem
            )
            found, certain = _meant(self.portfolio, name)
            if len(found) > 1 and self.activity:
                found = {a for a in found if a.key.module == self.activity.key.module}
            if len(found) != 1:
                return None, "no page of this book goes by that name or number: it is text now"
            target = found.pop().page
        file = next(
            (
                f"{target}{end}"
                for end in (".md", ".ipynb")
                if (self.portfolio.root / f"{target}{end}").is_file()
            ),
            "",
        )
        if not file:
            return None, f"the page {target} is missing: it is text now"
        new = posixpath.relpath(file, posixpath.dirname(self.here) or ".")
        look = "" if certain else f"it is taken for {target}: check it"
        if fragment and not look:
            look = f"it leads to the page, not to '{fragment}' on it: check it"
        return new, look

    def picture(self, address: str) -> Answer:
        """The address of a picture here, or None and why it could not come over."""
        path = unquote(_without_liquid(address).partition("?")[0].partition("#")[0]).replace("\\", "/")
        # Beside the old page, or at the root of its site.
        folders = [self.file.parent, *self.file.parents[1:3]]
        try:
            files = [folder / path.strip("/") for folder in folders if path.strip("/")]
            found = next((file for file in files if file.is_file()), None)
        except (OSError, ValueError):
            found = None
        if found is None:
            return None, "there is no such file beside the old page or in its site"
        if found.suffix.lower() not in PICTURES:
            return (
                None,
                f"a '{found.suffix or 'nameless'}' cannot be cleaned of what it carries; save it as PNG",
            )
        try:
            data = _cleaned(found)
        except Exception:  # noqa: BLE001 - a foreign picture may fail in any way
            return None, "it cannot be read as a picture"
        stem, ending = re.sub(r"[^\w-]+", "-", found.stem), found.suffix.lower()
        name, number = f"{stem}{ending}", 1
        while self._held(name) not in (None, data):
            number += 1
            name = f"{stem}-{number}{ending}"
        self.pictures[name] = data
        self.made.add(f"{FOLDER}/{name}")
        return f"{FOLDER}/{name}", ""

    def _held(self, name: str) -> bytes | None:
        there = (self.portfolio.root / self.here).parent / FOLDER / name
        return self.pictures.get(name) or (there.read_bytes() if there.is_file() else None)


def _without_liquid(address: str) -> str:
    """An address without what Liquid put before it."""

    def path(match: re.Match[str]) -> str:
        found = match["tag"] or match["quoted"]
        return f"/{found.lstrip('/')}" if found else ""

    return re.sub(r"(?<!:)//+", "/", _LIQUID.sub(path, address))


def _cleaned(path: Path) -> bytes:
    """The bytes of a picture without what it carries beside its pixels."""
    from stp_portfolio.privacy.pictures import clean_picture

    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        copy = Path(folder) / f"picture{path.suffix.lower()}"
        copy.write_bytes(path.read_bytes())
        clean_picture(copy)
        return copy.read_bytes()


# -- arranging --------------------------------------------------------------------------------


def _section(heading: Block) -> str:
    """The letters of a heading without a number before it."""
    return _letters(re.sub(r"^\W*\d+\s*[.):\u2013\u2014-]?\s*", "", heading.lines[0]))


def _arranged(
    found: list[Block], heading: str, title: Block | None, sections: tuple[str, ...]
) -> list[Block]:
    """The blocks of the old page below ``heading`` in the order and depth that the book wants.

    ``title`` is the old page's own heading, which goes; ``sections`` are none for a further page.
    """
    lead: list[Block] = []
    parts: dict[str, list[Block]] = {name: [] for name in sections}
    main = next((parts[name] for name in ("Reflection", "Plan") if name in parts), lead)
    names = {_letters(name): name for name in sections}
    target = lead if any(block.kind == "heading" and _section(block) in names for block in found) else main
    last: list[Block] = []
    level, seen = 0, set()
    for block in found:
        name = names.get(_section(block)) if block.kind == "heading" else None
        if block is title or (name and name not in seen):
            if name and block is not title:
                seen.add(name)
                target, level = parts[name], block.level
            renamed = name and _section(block) != _letters(block.lines[0])
            old = [f"old heading: {block.lines[0]}"] if renamed else []
            target.append(Block("note", [], notes=[*old, *block.notes], looks=block.looks))
        elif block.kind == "text" and block.lines[0].startswith("Read next: "):
            last.append(block)
        else:
            if block.kind == "heading" and target is not main and (target is lead or block.level <= level):
                target, level = main, 0
            target.append(block)
    while lead and lead[0].kind == "note":
        last.append(lead.pop(0))  # else the comments would stand for the page's first words
    page = [Block("heading", [heading], source=heading, level=1), *_stepped(lead, 1)]
    for name, part in parts.items():
        page.append(Block("heading", [name], source=name, level=2))
        if all(block.kind in ("note", "definition") for block in part):
            part.insert(
                0, Block("text", [STILL], looks=[(f"'{name}' was not on the old page: write it", "")])
            )
        page += _stepped(part, 2)
    return [*page, *last]


def _stepped(part: list[Block], base: int) -> list[Block]:
    """Blocks below a heading of level ``base``, with headings that do not jump."""
    above: list[int] = []
    for block in part:
        if block.kind == "heading":
            above = [level for level in above if level < block.level] + [block.level]
            block.level = min(6, base + len(above))
    return part


# -- the whole --------------------------------------------------------------------------------

_PUBLISHED = ("date", "published", "updated", "modified", "lastmod", "last_modified_at", "last_updated")
_NAMES = frozenset(
    "author authors name by trainee student supervisor trainer assessor mentor contact email".split()
)


def _front_block(front: Front) -> Block:
    """The front matter as comments, and what in it needs a look."""
    block = Block("note", [], looks=[(front.problem, "")] if front.problem else [])
    for line in front.lines:
        key = (re.match(r"\s*-?\s*([\w-]+)\s*:", line) or [""] * 2)[1].lower()
        said = f", as published: `{line.strip()}`" if key in _PUBLISHED else f": {line.rstrip()}"
        block.notes.append(f"old front matter{said}")
        if key in _NAMES:
            block.looks.append(
                (f"'{key}' of the old front matter may name somebody: take the name out", line.strip())
            )
    return block


def _extensions(root: Path) -> tuple[str, ...]:
    try:
        parse = (yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")) or {}).get("parse") or {}
        return tuple(sorted(parse.get("myst_enable_extensions") or ()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        return ()  # what is wrong with it, the build says


def convert(site: Site, text: str) -> list[Block]:
    """An old page's text as the blocks of the new page. Raises MoveError for what the book cannot show."""
    portfolio, activity = site.portfolio, site.activity
    front, body = front_matter(text)
    found = dialects.blocks(body, site.page, site.picture, kramdown=bool(front.lines))
    title = next((block for block in found if block.kind == "heading"), None)
    if title and title is not next(block for block in found if block.kind not in ("note", "definition")):
        title = title if _letters(front.values.get("title", "")) in ("", _letters(title.lines[0])) else None
    title = title if title and title.level == 1 else None
    own = title.lines[0] if title else dialects.escaped(front.values.get("title", ""))
    sections: tuple[str, ...] = ()
    heading = own or posixpath.basename(site.here)
    if activity:
        heading = phrases.plain(activity.heading)
        planned = any(block.kind == "heading" and _section(block) == "plan" for block in found)
        sections = (
            pages.PLAN_SECTIONS if planned and not _started(portfolio, activity) else pages.STARTED_SECTIONS
        )
    page = _arranged(found, heading, title, sections)
    if activity and _title_of(own) not in ("", _letters(activity.title)):
        shown = own if re.search(r"[*_`<\[\\]", own) else f"**{own}**"
        at = next(
            i
            for i, block in enumerate(page)
            if block.lines in (["Reflection"], ["Plan"]) and block.level == 2
        )
        page.insert(at + 1, Block("text", [shown], source=own))
    elif own not in ("", heading):
        page.append(Block("note", [], notes=[f"old heading: {own}"]))
    page.append(_front_block(front))
    try:
        dialects.made_sound(page, _extensions(portfolio.root), site.made)
    except ValueError as error:
        raise MoveError(
            f"{site.file.name} was not imported, since the book cannot show this part of it: {error}"
        ) from None
    return page


def _started(portfolio: Portfolio, activity: Activity) -> bool:
    return progress.statuses(portfolio, portfolio.on)[activity.key] is not Status.NOT_STARTED


def prepare(portfolio: Portfolio, file: Path, to: str | None = None, *, replace_: bool = False) -> Move:
    """Make a page of this book of an old one, and say what needs a look; nothing is written.

    Raises MoveError where the page has no clear place, its place is taken, or a word would be lost.
    """
    source = read(file)
    if to is None:
        front, body = front_matter(source)
        heading = re.search(r"^ {0,3}#[ \t]+(.+?)[ \t#]*$|^(\S.*)\n=+[ \t]*$", body, flags=re.MULTILINE)
        page = infer(portfolio, file, front, (heading[1] or heading[2]) if heading else "").page
    else:
        page = destination(portfolio, to)
    activity = next((each for each in portfolio.activities if each.page == page), None)
    _check_free(portfolio, page, activity, replace_=replace_)
    site = Site(portfolio, file, page, activity)
    blocks = convert(site, source)
    lines, starts = dialects.written(blocks)
    text = "\n".join(lines).rstrip("\n") + "\n"
    if missing := dialects.lost(source, text):
        shown = ", ".join(
            f"'{word}'{f' ({count} times)' if count > 1 else ''}" for word, count in missing.items()
        )
        raise MoveError(
            f"{file.name} was not imported, since words of it would be lost: {shown}. Nothing was written. "
            "Simplify the lines where they stand, and import again."
        )
    looks = {*_identifying(portfolio, f"{page}.md", text), *_owed(portfolio, activity, text)}
    for block, start, end in zip(blocks, starts, [*starts[1:], len(lines)], strict=True):
        for what, near in block.looks:
            near = near.split("\n")[0].replace("](", "] (")
            at = (n for n in range(start, end) if near and near in lines[n].replace("](", "] ("))
            looks.add((next(at, start) + 1, what))
    return Move(
        page=page,
        activity=activity,
        text=text,
        looks=tuple(sorted(looks, key=lambda look: (NOT_BUILT not in look[1], *look))),
        lines=sum(bool(line.strip()) for line in source.split("\n")),
        words=sum(dialects.words(source).values()),
        pictures=site.pictures,
    )


def _identifying(portfolio: Portfolio, name: str, text: str) -> Iterator[tuple[int, str]]:
    """Direct identifiers one by one; a term that occurs more than once is asked about once."""
    vocabulary = Vocabulary([*sources.approved_terms(portfolio.root), *sources.own_words(portfolio)])
    days = sources.own_dates(portfolio)
    found = sources.screen_text(name, text, 1, vocabulary, days, prose=False)
    found += sources.screen_text(name, sources.prose_of(text), 1, vocabulary, days, prose=True)
    asked: set[str] = set()
    for hit in dict.fromkeys(found):
        line = hit.line or 1
        if hit.code == sources.IDENTIFIER:
            yield line, f"{hit.fault}: {hit.remedy}; {NOT_BUILT}"
        elif hit.value not in asked:
            yield line, f"{hit.fault}: {hit.remedy}"
            asked.add(hit.value)


def _owed(portfolio: Portfolio, activity: Activity | None, text: str) -> Iterator[tuple[int, str]]:
    """What the page still owes its contract, read as if the activity were begun where its page is one of work done."""
    if activity is None:
        return
    planned = "## Plan\n" in text and "## Evidence\n" not in text
    if not _started(portfolio, activity) and not planned:
        yield (
            1,
            f"{activity.key} is not recorded as started: portfolio record {activity.key} started --date …",
        )
        portfolio = replace(
            portfolio, events=(*portfolio.events, Event(portfolio.on, activity.key, "started", ""))
        )
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        path = Path(folder) / "page.md"
        path.write_text(text, encoding="utf-8")
        page = pages.read(path)
        for problem in pages.problems(page, activity, portfolio):
            yield 1, f"the page owes: {problem}"
        for reminder in pages.reminders(page, activity, portfolio):
            yield 1, f"still open: {reminder}"


def place(portfolio: Portfolio, move: Move) -> list[str]:
    """Write a page, its pictures and the table of contents, each in one step.

    Returns where what was replaced is kept, as paths from the root. Raises WriteError where a file
    cannot be written; what stood before it is then as it was.
    """
    root = portfolio.root
    target = root / f"{move.page}.md"
    kept = [writing.put(root, target.parent / FOLDER / name, data) for name, data in move.pictures.items()]
    kept.append(writing.put(root, target, move.text.encode()))
    drafts.list_page(root, move.page)
    return [path.relative_to(root).as_posix() for path in kept if path is not None]

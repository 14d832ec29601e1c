"""Take pages of an older portfolio into this one: Markdown of Jekyll, MkDocs, Hugo or none, HTML, and Word.

A page becomes HTML, whoever wrote it; its links, pictures and code are fitted to this book there, and
markdownify writes it back as Markdown. ``prepare`` writes nothing, ``place`` writes what it made. Nothing is
lost: what the old reader saw is on the new page, as the book's own parser reads it, or the page is refused; a
line of the old page that is not whole there stands in an author's comment at its end, and is listed.
"""

from __future__ import annotations

import base64
import io
import itertools
import posixpath
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from lxml.html import defs
from markdown_it import MarkdownIt

from stp_portfolio.core import configuration, contract, disk, phrases, progress, writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Portfolio
from stp_portfolio.desk import drafts
from stp_portfolio.privacy import Vocabulary, sources
from stp_portfolio.show import pages

EXTRA = 'pip install "stp-portfolio[import]"'
try:
    from markdownify import ATX, BACKSLASH, MarkdownConverter
except ModuleNotFoundError as error:
    raise Refusal(f"An import needs a library that is not installed. Install it with: {EXTRA}") from error

MARKDOWN, HTML, WORD = (".md", ".markdown", ".txt"), (".html", ".htm"), (".docx",)
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FOLDER = "images"
STILL = f"This part is {pages.UNWRITTEN}."
NO_WORDS = f"What this picture shows is {pages.UNWRITTEN}."
NO_WORDS_OF_DIAGRAM = f"What this diagram shows is {pages.UNWRITTEN}."
NOT_BUILT = "the book is not built until it is taken out"
LITERAL = "this is shown literally, since the book cannot show it: write it anew"


@dataclass(frozen=True, slots=True)
class Old:
    """A page of an older portfolio: text, front matter by key in small letters, body as HTML, and looks."""

    file: Path
    text: str
    front: dict[str, str]
    body: BeautifulSoup
    looks: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """The text of its first heading of level 1."""
        found = self.body.find("h1")
        return " ".join(found.get_text().split()) if found else ""


@dataclass(frozen=True, slots=True)
class Move:
    """A page ready to be placed.

    ``page`` is its path from the root without ending; ``looks`` are what needs a look, each with its line of
    the new page; ``lines`` and ``words`` count what came over; ``pictures`` are cleaned bytes by their path.
    """

    file: Path
    page: str
    activity: Activity | None
    text: str
    looks: tuple[tuple[int, str], ...]
    lines: int
    words: int
    pictures: dict[str, bytes]

    def __str__(self) -> str:
        what = f"{self.activity.key}, " if self.activity else "a further page, "
        return f"{self.file.name} as {what}{self.page}.md"


# -- words ------------------------------------------------------------------------------------

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)\b[^<>]*>")
_NO_WORDS = re.compile(r"\]\([^()\s]*\)?|^[ \t>]*(?:\d{1,9}[.)]|[-*+])(?=\s)|\[[ xX]\](?=\s)", re.MULTILINE)


def words(text: str) -> Counter[str]:
    """The words of a text in small letters, and its signs beyond ASCII, each with its number."""
    return Counter(re.findall(r"[^\W_]+|[^\s\x00-\x7f]", unescape(unescape(text)).casefold()))


def not_whole(source: str, result: str) -> list[int]:
    """The lines of an old page, from 0, on which words stand that the result has less often.

    Tags (but for what they say to a reader), addresses of links, ticks and the marks of lists are no words.
    """

    def said(tag: re.Match[str]) -> str:
        kept = re.findall(r"\b(?:alt|title)\s*=\s*[\"']([^\"']*)", tag[0])
        return " ".join(kept) if _is_tag(tag) else tag[0]

    missing = words(_NO_WORDS.sub(" ", _TAG.sub(said, source))) - words(result)
    lines = list(map(words, source.split("\n")))
    found = []
    # The lines that explain most of it first.
    for number in sorted(range(len(lines)), key=lambda each: (-(lines[each] & missing).total(), each)):
        if lines[number] & missing:
            found.append(number)
            missing -= lines[number]
    return sorted(found)


def _is_tag(tag: re.Match[str]) -> bool:
    return tag[1].lower() in defs.tags


# -- reading ----------------------------------------------------------------------------------

_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff]")
_FENCED = re.compile(r"(---|\+\+\+)[ \t]*\n((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_KEYS = re.compile(
    r"()((?:title|authors?|date|summary|description)[ \t]*:.*\n(?:\w+[ \t]*:.*\n|[ \t]+\S.*\n)*)\n",
    re.IGNORECASE,
)
_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\s+([\w+#-]+).*?%\}\n?([\s\S]*?)\{%-?\s*endhighlight\s*-?%\}")
_ADDRESS = re.compile(r"((?:\]\(|\b(?:href|src)=[\"'])\s*)((?:\{\{.*?\}\}|\{%.*?%\}|[^\s\"'()])+)")
_LIQUID = re.compile(
    r"\{%-?\s*(?:link|post_url)\s+(\S+)\s*-?%\}|\{\{-?\s*(?:[\"'](.*?)[\"']|site\.|page\.).*?\}\}"
)


def read(file: Path) -> Old:
    """Read an old page. Raises Refusal for what is no page."""
    ending = file.suffix.lower()
    if ending not in (*MARKDOWN, *HTML, *WORD):
        raise Refusal(f"{file.name} is no page of Markdown, HTML or Word. Save it as Markdown (.md) first.")
    if not file.is_file():
        raise Refusal(f"{file} is not there. Name a page, or a folder of pages, of the older portfolio.")
    raw = file.read_bytes()
    if len(raw) > contract.MAX_BYTES:
        raise Refusal(
            f"{file.name} is larger than {contract.MAX_BYTES // 1_000_000} MB. Split it into pages first."
        )
    if ending in WORD:
        old = _from_word(file, raw)
    else:
        old = (_from_html if ending in HTML else _from_markdown)(file, _text(file, raw))
    if not old.text.strip():
        raise Refusal(f"{file.name} holds no text. There is nothing to import.")
    return old


def _text(file: Path, raw: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Windows' encoding: plain line ends, nothing invisible."""
    try:
        text = raw.decode("utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else disk.decode(raw)[0]
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Refusal(f"{file.name} holds bytes that are no text. Save it as plain text, UTF-8.")
    return _INVISIBLE.sub(" ", re.sub(r"\r\n?", "\n", text))


def _from_markdown(file: Path, text: str) -> Old:
    match = _FENCED.match(text) or _KEYS.match(text)
    if match and match[1] and not re.match(r"\s*(?:[\w-]+[ \t]*[:=]|[\[#]|$)", match[2]):
        match = None  # a line across the page, not front matter
    front, looks = _front_matter(match) if match else ({}, ())
    body = _HIGHLIGHT.sub(r"```\1\n\2```", text[match.end() :] if match else text)
    body = _ADDRESS.sub(lambda part: part[1] + _LIQUID.sub(lambda tag: tag[1] or tag[2] or "", part[2]), body)
    html = _old_parser(definitions=match is not None).render(body)
    return Old(file, text, front, BeautifulSoup(html, "html.parser"), looks)


def _front_matter(match: re.Match[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The single values of a front matter by key in small letters, and what needs a look."""
    try:
        found = dict(tomllib.loads(match[2]) if match[1] == "+++" else yaml.safe_load(match[2]) or {})
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return {}, ("the front matter could not be read: see what it said",)
    single = {key: value for key, value in found.items() if isinstance(value, str | int | date)}
    return {str(key).lower(): str(value).strip() for key, value in single.items()}, ()


def _from_html(file: Path, text: str) -> Old:
    soup = BeautifulSoup(text, "html.parser")
    front = {"title": " ".join(soup.title.get_text().split())} if soup.title else {}
    whole = soup.select_one("main, [role=main], article") or soup.body or soup
    return Old(file, "\n".join(soup.stripped_strings), front, BeautifulSoup(str(whole), "html.parser"))


def _from_word(file: Path, raw: bytes) -> Old:
    try:
        import mammoth
    except ModuleNotFoundError as error:
        raise Refusal(f"Reading {file.name} needs a library for Word. Install it with: {EXTRA}") from error
    try:
        made = mammoth.convert_to_html(io.BytesIO(raw))
    except Exception as error:  # a file that only has the ending fails in any way
        raise Refusal(
            f"{file.name} cannot be read as a Word document. Open it in Word and save it anew."
        ) from error
    soup = BeautifulSoup(made.value, "html.parser")
    return Old(
        file, "\n".join(soup.stripped_strings), {}, soup, tuple(message.message for message in made.messages)
    )


def _old_parser(*, definitions: bool) -> MarkdownIt:
    """A parser of what the old engines have in common; a tag that is none of HTML is text."""
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.deflist import deflist_plugin

    def html(_: Any, tokens: Any, index: int, *rest: Any) -> str:
        return _TAG.sub(lambda tag: tag[0] if _is_tag(tag) else escape(tag[0]), tokens[index].content)

    def fence(_: Any, tokens: Any, index: int, *rest: Any) -> str:
        info, code = escape(tokens[index].info.strip()), escape(tokens[index].content)
        return f'<pre data-info="{info}">{code}</pre>\n'

    parser = MarkdownIt("commonmark", {"linkify": True}).enable(["table", "linkify"]).use(admon_plugin)
    if definitions:  # a line that begins with a colon
        parser.use(deflist_plugin)
    if parser.linkify:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    for name, rule in {"html_inline": html, "html_block": html, "fence": fence}.items():
        parser.add_render_rule(name, rule)
    return parser


# -- which activity, and where to -------------------------------------------------------------

_KIND = r"(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*"
_NUMBERED = re.compile(rf"(?<![^\W_]){_KIND}0*(\d{{1,3}})(?!\d)", re.IGNORECASE)
_FIRST = re.compile(r"\W*0*(\d{1,3})(?:\s*[.):\u2013\u2014-]\s|(?=[_.-]\S*$|$))")
_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-?")


def _letters(text: str) -> str:
    """The letters of a heading or a name, without a kind and a number before them."""
    text = re.sub(rf"^\W*(?:{_KIND})?(?:\d{{1,3}}(?!\d))?", "", text, count=1, flags=re.IGNORECASE)
    return re.sub(r"[\W_]+", "", text).casefold()


def meant(portfolio: Portfolio, text: str) -> tuple[set[Activity], bool]:
    """The activities that a title, a file's name or an address speaks of, and whether for certain.

    Certain are a key, *DTA* and a number, and the title; a number alone in front is likely.
    """
    text = _DATED.sub("", text, count=1)
    for activity in portfolio.activities:
        key = rf"(?<![^\W_]){re.escape(activity.key.module)}[\s/_-]*0*{activity.key.number}(?!\d)"
        if re.search(key, text, re.IGNORECASE):
            return {activity}, True
    if not (certain := _NUMBERED.search(text)) and (title := _letters(text)):
        names = {a: (_letters(a.title), _letters(posixpath.basename(a.page))) for a in portfolio.activities}
        if found := {activity for activity, both in names.items() if title in both}:
            return found, True
    match = certain or _FIRST.match(text)
    return {a for a in portfolio.activities if match and a.key.number == int(match[1])}, bool(certain)


def infer(portfolio: Portfolio, old: Old) -> str:
    """The page of the activity that an old page is about. Raises Refusal where that is not clear."""
    values = [old.front.get(key, "") for key in ("dta", "activity", "number")]
    values = [f"DTA {value}" if value.isdecimal() else value for value in values]
    clues = [
        meant(portfolio, text) for text in (*values, old.front.get("title", ""), old.heading, old.file.stem)
    ]
    said = [found for found, certain in clues if found and certain] or [found for found, _ in clues if found]
    agreed = set.intersection(*said) if said else set()
    if len(agreed) > 1:
        module = old.front.get("module", "").casefold()
        agreed = {a for a in agreed if a.key.module.casefold() == module} or agreed
    if len(agreed) == 1:
        return agreed.pop().page
    possible = agreed or set().union(*said) or set(portfolio.activities)
    keys = [str(activity.key) for activity in portfolio.activities if activity in possible]
    shown = ", ".join(keys) if len(keys) < 9 else f"{keys[0]} to {keys[-1]}"
    raise Refusal(
        f"Which activity {old.file.name} is about is not clear from its front matter, heading and name. "
        f"Say it with --to, such as --to {keys[0] if keys else 'about/Page'}. "
        f"Possible: {shown or 'none yet'}."
    )


def destination(portfolio: Portfolio, to: str) -> str:
    """The page that ``--to`` names: an activity's, or a folder of the book and a name. Raises Refusal."""
    path = posixpath.normpath(to.strip().replace("\\", "/")).removesuffix(".md")
    folder, name = posixpath.split(path)
    for activity in portfolio.activities:
        if path.casefold() in (str(activity.key).casefold(), activity.page.casefold()):
            return activity.page
        if folder.casefold() == activity.key.module.casefold() and re.fullmatch(
            f"0*{activity.key.number}", name
        ):
            return activity.page
    own = [
        a.key for a in portfolio.activities if a.key.module.casefold() in (folder.casefold(), path.casefold())
    ]
    if own:
        raise Refusal(
            f"'{to}' is no activity of data/activities.csv. {own[0].module} has {own[0]} to {own[-1]}."
        )
    if folder not in {posixpath.dirname(page) for page in configuration.toc_files(portfolio.root)} - {""}:
        raise Refusal(
            f"'{to}' is no place of this book. Write an activity, as MODULE/NUMBER, or a folder that has "
            "pages in the contents and a new name, such as about/Page."
        )
    if not re.fullmatch(r"[\w-][\w .-]*", name):
        raise Refusal(f"'{name}' is no name for a page. Use letters, digits, hyphens and underscores.")
    return path


def _check_free(portfolio: Portfolio, page: str, *, replace_: bool) -> None:
    """Raise Refusal where a notebook stands there, or a page that is neither empty nor an untouched draft."""
    path = disk.page_file(portfolio.root, page)
    if path and path.suffix == ".ipynb":
        raise Refusal(f"{page}.ipynb is a notebook and takes no page. Import to another page, with --to.")
    activity = _activity(portfolio, page)
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n") if path else ""
    if not replace_ and text.strip() and not (activity and drafts.is_draft(portfolio, activity, text)):
        raise Refusal(
            f"{page}.md is written already. Import with --replace to put the old page in its place "
            f"(what stands there is kept in data/{writing.BACKUPS}), or with --to to another page."
        )


# -- fitting ----------------------------------------------------------------------------------

_HIDDEN = ("script", "style", "template", "noscript")
_NOT_SHOWN = tuple("iframe video audio object embed svg math canvas form select textarea map".split())
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_INSIDE = ("li", "blockquote", "td", "th", "dd", "dt", "figure", "a")
_FILE_LIKE = re.compile(r"\S*\.(?:png|jpe?g|gif|svg|webp)|\S*[/\\]\S*|[0-9a-fA-F_-]{16,}", re.IGNORECASE)
_REACHES_OUT = ("http://", "https://", "mailto:")


@dataclass
class Desk:
    """Old pages that come over together: the page of each, by what an address may call it; pictures."""

    portfolio: Portfolio
    folder: Path
    extensions: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def expect(self, old: Old, page: str) -> None:
        """Note where an old page will be, under its path, its name and the address it was published at."""
        path = old.file.relative_to(self.folder).with_suffix("").as_posix()
        names = [
            path,
            path.removesuffix("/index"),
            old.front.get("permalink", ""),
            _DATED.sub("", old.file.stem),
        ]
        for name in filter(None, names):
            self.known.setdefault(posixpath.splitext(name.strip("/").casefold())[0], page)


class _Fitter:
    """One old page on its way into the book; ``looks`` are what needs a look and words of the place."""

    def __init__(self, desk: Desk, old: Old, page: str) -> None:
        self.desk, self.old, self.page, self.body = desk, old, page, old.body
        self.looks: list[tuple[str, str]] = [(look, "") for look in old.looks]
        self.used: dict[str, bytes] = {}

    def fit(self, *, notes: bool) -> str:
        """The page's Markdown; ``notes`` are footnotes that may stay such."""
        for element in self.body(_HIDDEN):
            self.looks.append(
                (f"what '{element.name}' did on the old page is not taken over: say it in words", "")
            )
            element.extract()
        for element in self.body.select(".mermaid"):
            element.name = "pre"
        for element in self.body(_NOT_SHOWN):
            if element.find_parent(_NOT_SHOWN) is None:
                self.looks.append(("raw HTML is shown as it stood: write anew what it showed", str(element)))
                element.replace_with(self._code(" ".join(str(element).split())))
        self.fit_blocks()
        for name, step in {"img": self.fit_picture, "a": self.fit_link, "pre": self.fit_code}.items():
            for element in self.body(name):
                step(element)
        for last in self.body(lambda tag: tag.name == "p" and tag.get_text().startswith("Read next: ")):
            if last.parent is self.body:
                self.body.append(last)
        text = self.body.get_text() if notes else ""
        marks = Counter(re.findall(r"^ *(\[\^[\w-]+\]):", text, re.MULTILINE))
        return str(_Writer({m for m, n in marks.items() if n == 1 < text.count(m)}).convert_soup(self.body))

    def _code(self, text: str) -> Tag:
        code = self.body.new_tag("code")
        code.string = text
        return code

    def fit_blocks(self) -> None:
        """Ticks, lines across the page, headings that are inside of something, captions."""
        for tick in self.body("input"):
            tick.replace_with("[x] " if tick.has_attr("checked") else "[ ] ")
        for line in self.body(["hr", "col", "wbr"]):
            line.unwrap()
        for heading in self.body(_HEADINGS):
            if heading.find_parent(_INSIDE) or heading.find_parent(class_="admonition"):
                heading.name = "strong"
                heading.wrap(self.body.new_tag("p"))
            elif not heading.get_text(strip=True) and not heading.img:
                heading.unwrap()
        for caption in self.body(["summary", "caption", "legend", "figcaption"]):
            caption.name = "p"
            if caption.parent and caption.parent.name == "table":
                caption.parent.insert_before(caption.extract())

    def fit_picture(self, image: Tag) -> None:
        """A picture beside the new page, with words for who cannot see it or a request for them."""
        source, said = unquote(str(image.get("src") or "")), " ".join(str(image.get("alt") or "").split())
        shown = source if len(source) < 80 else f"{source[:40]}…"
        try:
            image["src"] = name = self.picture(source)
        except ValueError as why:
            self.looks.append((f"the picture '{said}' ({shown}): {why}", said or shown))
            image.insert_after(f" {said} (" if said else " (", self._code(shown), ")")
            image.decompose()
            return
        if not said or _FILE_LIKE.fullmatch(said):
            image["alt"] = NO_WORDS
            image.insert_after(f" ({' '.join([NO_WORDS, said]).strip()})")
            self.looks.append((f"the picture {name} has no words for who cannot see it: write them", name))

    def picture(self, source: str) -> str:
        """The address here of a picture, kept clean in ``used``. Raises ValueError with the reason."""
        if data := re.match(r"data:image/(png|jpe?g|webp);base64,", source):
            stem, ending, raw = "picture", f".{data[1]}", base64.b64decode(source[data.end() :])
        elif re.match(r"//|[A-Za-z][\w+.-]+:", source):
            raise ValueError("it is on another host, or of another kind: put a copy beside the page")
        else:
            path = re.split(r"[?#]", source)[0].replace("\\", "/").strip("/")
            folders = [self.old.file.parent, self.desk.folder, *self.old.file.parents[1:3]]
            found = next((file for folder in folders if path and _is_file(file := folder / path)), None)
            if found is None:
                raise ValueError("there is no such file beside the old page or in its site")
            stem, ending, raw = re.sub(r"[^\w-]+", "-", found.stem), found.suffix.lower(), found.read_bytes()
        clean = _cleaned(raw, ending)
        for number in itertools.count(1):
            name = f"{FOLDER}/{stem}{f'-{number}' if number > 1 else ''}{ending}"
            path = posixpath.join(posixpath.dirname(self.page), name)
            there = self.desk.portfolio.root / path
            held = self.desk.pictures.get(path) or (there.read_bytes() if there.is_file() else clean)
            if held == clean:
                break
        self.desk.pictures[path] = self.used[path] = clean
        return name

    def fit_link(self, link: Tag) -> None:
        """A link to the new page; where it leads nowhere here its words, with the old address behind them."""
        address = re.sub(r"^//", "https://", str(link.get("href") or "").strip())
        shown = " ".join(link.get_text().split())
        outside = address.lower().startswith(_REACHES_OUT)
        new, why = (address, "") if outside or not address else self.address(unquote(address))
        if why:
            self.looks.append((f"the link '{shown}' to {address}: {why}", f"{shown} {new or address}"))
        if not shown and not link.img:
            link.string = address
        link["href"] = new
        if (
            str(link.get("title", "")).strip().casefold().startswith("panel:")
        ):  # what this book makes panels of
            del link["title"]
        if not new:
            if address and not address.startswith("#") and shown:
                link.insert_after(" (", self._code(address), ")")
            link.unwrap()

    def address(self, address: str) -> tuple[str, str]:
        """The address here of a page of the old site, empty where there is none, and what needs a look."""
        path, _, fragment = address.partition("#")
        stem, ending = posixpath.splitext(path.partition("?")[0].strip("/"))
        if re.search(r"\{[{%]|^[A-Za-z][\w+.-]*:", address):
            return "", "its kind of address is not known here: it is text now"
        if not path:
            return "", "a link within the page is text now: make it again, to one of its headings"
        if ending.lower() not in ("", *MARKDOWN, *HTML, *WORD):
            return "", "the file is not in this book: it is text now; register a piece of evidence for it"
        target, why = self.target(stem.removesuffix("/index"))
        file = (
            disk.page_file(self.desk.portfolio.root, target)
            if target not in self.desk.known.values()
            else None
        )
        if not file and target not in self.desk.known.values():
            return "", "no page of this book goes by that name or number: it is text now"
        if fragment and not why:
            why = f"it leads to the page, not to '{fragment}' on it: check it"
        name = f"{target}{file.suffix if file else '.md'}"
        return posixpath.relpath(name, posixpath.dirname(self.page) or "."), why

    def target(self, stem: str) -> tuple[str, str]:
        """The page here that an old address without its ending means, and what needs a look."""
        portfolio = self.desk.portfolio
        here = self.old.file.relative_to(self.desk.folder).parent.as_posix()
        for near in (posixpath.normpath(posixpath.join(here, stem)), stem, posixpath.basename(stem)):
            if found := self.desk.known.get(near.casefold()):
                return found, ""
        near = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), stem))
        if near in configuration.toc_files(portfolio.root):
            return near, ""
        activities, certain = meant(portfolio, posixpath.basename(stem))
        own = next((a.key.module for a in portfolio.activities if a.page == self.page), None)
        pages_ = [a.page for a in activities if len(activities) == 1 or a.key.module == own]
        if len(pages_) != 1:
            return "", ""
        return pages_[0], "" if certain else f"it is taken for {pages_[0]}: check it"

    def fit_code(self, code: Tag) -> None:
        """Code with a language that the book knows, and diagrams that it can draw."""
        inner = code.find("code") or code
        classes = [str(name) for each in (code, inner) for name in each.get_attribute_list("class") if name]
        info = str(code.get("data-info") or next((c[9:] for c in classes if c.startswith("language-")), ""))
        name = "mermaid" if "mermaid" in classes else (re.findall(r"[\w+#-]+", info.lower()) or [""])[0]
        for line in code(["br", "p", "div", "li"]):
            line.append("\n")
        text = code.get_text().rstrip("\n")
        if name == "mermaid":
            name, text = self.diagram(text)
            if name != "text" and NO_WORDS_OF_DIAGRAM in text:
                code.insert_after(request := self.body.new_tag("p"))
                request.string = NO_WORDS_OF_DIAGRAM
        else:
            if info.startswith("{"):
                self.looks.append(
                    (f"the fence of '{info}' is shown as code and runs nothing: check it", info)
                )
            name = _language(name, text)
        code.string, code["data-info"] = text, name

    def diagram(self, text: str) -> tuple[str, str]:
        """The language of a diagram's fence and its lines, with a request for words that it lacks."""
        if why := _not_drawn(text):
            self.looks.append(
                (f"this diagram cannot be drawn and is shown as text: {why}", text.split("\n")[0])
            )
            return "text", text
        if not re.search(r"^:alt: *\S", text, re.MULTILINE):
            self.looks.append(
                ("this diagram has no words for who cannot see it: write them", NO_WORDS_OF_DIAGRAM)
            )
            text = f":alt: {NO_WORDS_OF_DIAGRAM}\n" + ("" if text.startswith(":") else "\n") + text
        return "{mermaid}", text


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _cleaned(raw: bytes, ending: str) -> bytes:
    """The bytes of a picture without what it carries beside its pixels. Raises ValueError with the reason."""
    from stp_portfolio.privacy.pictures import clean_picture

    if ending not in PICTURES:
        raise ValueError(f"a '{ending or 'nameless'}' cannot be cleaned of what it carries; save it as PNG")
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        copy = Path(folder) / f"picture{ending}"
        copy.write_bytes(raw)
        try:
            clean_picture(copy)
        except Exception as error:  # a foreign picture may fail in any way
            raise ValueError("it cannot be read as a picture") from error
        return copy.read_bytes()


def _not_drawn(code: str) -> str:
    """Why a diagram cannot be drawn; nothing where it can."""
    from stp_portfolio import diagrams

    source = re.sub(r"\A(?:[ \t]*:\w+: .*\n)*\n*", "", code)
    if source.startswith("---"):
        return "it begins with settings"
    try:
        diagrams.render(source) if find_spec("quickjs") else None
    except diagrams.DiagramError as error:
        return str(error)
    return ""


def _language(name: str, code: str) -> str:
    """The language of a fence, or ``text`` where the book would warn: unknown, or code that is not of it."""
    from pygments.lexers import get_lexer_by_name

    try:
        lexer = get_lexer_by_name(
            "pycon" if name.startswith("py") and code.startswith(">>>") else name or "text"
        )
        lexer.add_filter("raiseonerror")
        list(lexer.get_tokens(code))
    except Exception:  # noqa: BLE001 - a lexer stumbles in any way
        return "text"
    return name


# -- writing ----------------------------------------------------------------------------------

_SIGNS = re.compile(
    r"""\[\^[\w-]+\] | \\(?=[!-/:-@\[-`{-~\n]|$) | [`*\[\]] | (?<!\w)_ | _(?!\w)
    | \{(?=\{|[\w:+.-]+\}(?:`|$)) | !$ | <(?=[A-Za-z/!?]) | &(?=\#?\w+;)""",
    re.VERBOSE,
)
_STARTS = re.compile(  # headings, quotations, lists, rules; comments, blocks, definitions, targets, tables
    r"""^([ \t]*)(?: (\d+)(?=[.)](?:\s|$)) | (?=
        \#{1,6}(?:\s|$) | > | [-+](?:\s|$) | -{2,} | =+\s*$ | ~~~
        | % | :{3} | \+{3} | [:~]\s | \(.*\)= | [|:-][\s|:-]*$ ))""",
    re.MULTILINE | re.VERBOSE,
)


_markdownify: Any = MarkdownConverter  # its types leave these methods out


class _Writer(MarkdownConverter):
    """HTML as Markdown in which the book's parser takes no word of the text for a mark."""

    def __init__(self, notes: set[str]) -> None:
        self.within = False
        self.notes = notes  # the marks of footnotes that are defined once, and cited
        super().__init__(heading_style=ATX, newline_style=BACKSLASH, bullets="-", table_infer_header=True)

    def process_text(self, el: NavigableString, parent_tags: set[str] | None = None) -> str:
        """A text, which begins a line of its own or stands within one."""
        self.within = isinstance(el.previous_sibling, Tag) and el.previous_sibling.name != "br"
        return str(_markdownify.process_text(self, el, parent_tags))

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Running text, with a backslash before what would be a mark."""
        text = _SIGNS.sub(self._sign, text)
        text = _STARTS.sub(
            lambda start: start[0] if self.within and not start.start() else f"{start[1]}{start[2] or ''}\\",
            text,
        )
        if not parent_tags.isdisjoint(("td", "th")):
            text = text.replace("|", "\\|")
        return re.sub(r"^\\\[([ xX])\\\](?=\s)", r"[\1]", text) if "li" in parent_tags else text

    def _sign(self, sign: re.Match[str]) -> str:
        if sign[0] in self.notes:
            return sign[0]
        entities = {"<": "&lt;", "&": "&amp;"}  # a backslash there looks like a path to the screening
        return entities.get(sign[0], f"\\{sign[0]}")

    def convert_code(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        text = str(_markdownify.convert_code(self, el, text, parent_tags))
        return text.replace("|", "\\|") if not parent_tags.isdisjoint(("td", "th")) else text

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{fenced(str(el.get('data-info') or 'text'), el.get_text())}\n\n"

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        address = str(el.get("href") or "")
        if re.search(r"[\s()<>\\]", address):
            el["href"] = f"<{re.sub(r'([<>])', r'', address)}>"
        return str(_markdownify.convert_a(self, el, text, parent_tags))

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        classes = [str(name) for name in el.get_attribute_list("class") if name]
        title = el.find(class_="admonition-title", recursive=False)
        if "admonition" not in classes or "_inline" in parent_tags:
            return str(_markdownify.convert_div(self, el, text, parent_tags))
        said = _markdownify.process_tag(self, title).strip() if isinstance(title, Tag) else ""
        body = text.strip().removeprefix(said).strip()
        kind = classes[-1]
        inner = fenced(f"{{admonition}} {said or kind.capitalize()}", f":class: {kind}\n\n{body}")
        return f"\n\n{inner}\n\n"

    def convert_sub(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        plain = el.get_text()
        return f"{{{el.name}}}`{plain}`" if plain.strip() and not re.search(r"[`\n\\]", plain) else text

    convert_sup = convert_sub


def fenced(info: str, code: str) -> str:
    """Code in a fence that nothing in it can close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
    return f"{ticks}{info}\n{code}\n{ticks}"


def comment(text: str) -> str:
    """A line that reaches no reader; what it names need not be there, so it holds no link."""
    return f"% {text.replace('](', '] (')}".rstrip()


# -- arranging --------------------------------------------------------------------------------


def _parts(text: str) -> list[tuple[int, str, str]]:
    """A page's parts: level and title of the heading, 0 and nothing for what leads, and the text below."""
    lines = text.split("\n")
    tokens = MarkdownIt("commonmark").parse(text)
    starts = [
        (token.map[0], int(token.tag[1])) for token in tokens if token.type == "heading_open" and token.map
    ]
    parts = [(0, "", "\n".join(lines[: starts[0][0] if starts else None]))]
    for (start, level), (end, _) in itertools.pairwise([*starts, (len(lines), 0)]):
        parts.append((level, lines[start].lstrip("# "), "\n".join(lines[start + 1 : end])))
    return parts


def _arranged(parts: list[tuple[int, str, str]], title: str, sections: tuple[str, ...]) -> list[str]:
    """The parts of an old page in the order and depth that the book wants, below its heading.

    ``title`` is shown at the head of the reflection or plan; ``sections`` are none for a further page.
    """
    names = {_letters(name): name for name in sections}
    main = next((name for name in ("Reflection", "Plan") if name in sections), "")
    placed: dict[str, list[str]] = {name: [] for name in ("", *sections)}
    above: list[int] = []
    place = home = "" if any(_letters(name) in names for _, name, _ in parts) else main
    depth = 0
    for level, name, below in parts:
        found = names.get(_letters(name), "") if level else ""
        if names.pop(_letters(name), "") if found else "":
            place, depth, above = found, level, []
        elif level:
            if place == home or level <= depth:
                place, depth, above = (main, 0, above if place == main else [])
            above = [each for each in above if each < level] + [level]
            placed[place].append(f"{'#' * min(6, len(above) + (2 if place else 1))} {name}")
        placed[place].append(below.strip("\n"))
    placed[main].insert(0, title)
    page = placed.pop("")
    for name, texts in placed.items():
        page += [f"## {name}", *(texts if "".join(texts) else [STILL])]
    return page


# -- the book's parser has the last word ------------------------------------------------------


def shown(text: str, extensions: Iterable[str]) -> tuple[Counter[str], set[int]]:
    """The words that the book shows of a page, and the lines (from 1) that it would warn about."""
    from docutils import nodes
    from docutils.core import publish_doctree
    from myst_parser.parsers.docutils_ import Parser

    said = io.StringIO()
    document = publish_doctree(
        re.sub(r"^([ >\t]*`{3,})\{mermaid\}", r"\1text", text, flags=re.MULTILINE),
        parser=Parser(),
        settings_overrides={
            "myst_enable_extensions": list(extensions), "myst_all_links_external": True,
            "syntax_highlight": "none", "file_insertion_enabled": False, "line_length_limit": 10**8,
            "warning_stream": said, "report_level": 2, "halt_level": 5,
        },
    )  # fmt: skip
    texts = [str(node) for node in document.findall(nodes.Text)]
    texts += [str(image.get("alt")) for image in document.findall(nodes.image)]
    faults = {int(line or 1) for line in re.findall(r"^<string>:(\d*):? ?\(", said.getvalue(), re.MULTILINE)}
    faults |= {note.line or 1 for note in document.findall(nodes.footnote) if not note.get("backrefs")}
    return words(" ".join(texts)) | words("".join(texts)), faults


def made_sound(text: str, extensions: Iterable[str]) -> tuple[str, Counter[str], list[str]]:
    """A page with whatever the book would warn about shown literally, its words, and what was shown so.

    Raises Refusal for what that does not help.
    """
    literal: list[str] = []
    for _ in range(50):
        seen, faults = shown(text, extensions)
        if not faults:
            return text, seen, literal
        lines = text.split("\n")
        tokens = MarkdownIt("commonmark").enable("table").parse(text)
        ranges = [token.map for token in tokens if token.map and not token.level]
        first, last = next(((a, b) for a, b in ranges if a < max(faults) <= b), (0, 0))
        block = "\n".join(lines[first:last]).rstrip()
        if not block or block.startswith(("# ", "## ")) or block in literal:
            break
        literal.append(block)
        lines[first:last] = [*fenced("text", block).split("\n"), ""]
        text = "\n".join(lines)
    raise Refusal(f"the book cannot show this part of it: {text.split(chr(10))[max(faults) - 1][:80]}")


# -- the whole --------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")


def prepare(
    portfolio: Portfolio, source: Path, to: str | None = None, *, replace_: bool = False
) -> tuple[list[Move], list[str]]:
    """Make pages of this book of an old page, or of a folder of them; nothing is written.

    Returns them, and for each page of a folder that has no clear place, or whose place is taken, the reason;
    for a single page that is raised as Refusal.
    """
    whole = source.is_dir()
    files = sorted(filter(_is_page, source.rglob("*"))) if whole else [source]
    if not files:
        raise Refusal(f"{source} holds no page of Markdown, HTML or Word. Name the folder with the pages.")
    desk = Desk(portfolio, source if whole else source.parent, _extensions(portfolio.root))
    olds: dict[str, Old] = {}
    moves: list[Move] = []
    refused: list[str] = []
    for file in files:
        with _listed(refused if whole else None):
            old = read(file)
            page = _page_of(portfolio, old, to, source if whole else None)
            if page in olds:
                raise Refusal(
                    f"{file.name} would be {page}.md, as {olds[page].file.name} is. "
                    "Import it alone, with --to."
                )
            _check_free(portfolio, page, replace_=replace_)
            desk.expect(old, page)
            olds[page] = old
    for page, old in olds.items():
        with _listed(refused if whole else None):
            moves.append(_moved(desk, old, page))
    return moves, refused


@contextmanager
def _listed(refused: list[str] | None) -> Iterator[None]:
    """What is refused goes onto a list, where there is one."""
    try:
        yield
    except Refusal as error:
        if refused is None:
            raise
        refused.append(str(error))


def _is_page(path: Path) -> bool:
    hidden = any(part.startswith((".", "_build", "_site", "node_modules")) for part in path.parts)
    return not hidden and path.suffix.lower() in (*MARKDOWN, *HTML, *WORD) and path.is_file()


def _page_of(portfolio: Portfolio, old: Old, to: str | None, folder: Path | None) -> str:
    """Where an old page goes; of a ``folder``, ``to`` is where those go that are about no activity."""
    if to is not None and not folder:
        return destination(portfolio, to)
    try:
        return infer(portfolio, old)
    except Refusal:
        if to is None or folder is None:
            raise
    parts = [*old.file.relative_to(folder).parts[:-1], _DATED.sub("", old.file.stem) or old.file.stem]
    if len(parts) > 1 and parts[-1].casefold() == "index":
        parts.pop()
    name = re.sub(r"\W+", "-", "-".join(part.strip("_") for part in parts))
    return destination(portfolio, f"{to}/{name}")


def _activity(portfolio: Portfolio, page: str) -> Activity | None:
    return next((activity for activity in portfolio.activities if activity.page == page), None)


def _moved(desk: Desk, old: Old, page: str) -> Move:
    """One page in this book's Markdown, with what needs a look. Raises Refusal as ``_converted`` does."""
    text, found = _converted(desk, old, page)
    lines = old.text.split("\n")
    if kept := not_whole(old.text, text):
        text += "\n" + "\n".join(_kept(number + 1, lines[number]) for number in kept) + "\n"
        said = phrases.series([str(number + 1) for number in kept])
        what = f"from the old page stand here, for you alone, its lines {said}: see what they said"
        found.looks.append((what, "% Old line"))
    looks = {(_line_of(text, near), what) for what, near in found.looks}
    looks |= {*_identifying(desk.portfolio, f"{page}.md", text), *_owed(desk.portfolio, page, text)}
    ordered = sorted({*looks, *_leftovers(text)}, key=lambda look: (NOT_BUILT not in look[1], *look))
    return Move(
        old.file, page, _activity(desk.portfolio, page), text, tuple(ordered),
        sum(bool(line.strip()) for line in lines), words(old.text).total(), found.used,
    )  # fmt: skip


def _converted(desk: Desk, old: Old, page: str, *, notes: bool = True) -> tuple[str, _Fitter]:
    """The page as the book shows it, and how it was fitted; ``notes`` are footnotes that may stay such.

    Raises Refusal where the book could not show it, or a word would be lost.
    """
    seen = [*_seen(old.body), *(str(image.get("alt") or "") for image in old.body("img"))]
    headings = words(" ".join(heading.get_text() for heading in old.body(_HEADINGS)))
    fitter = _Fitter(desk, old, page)
    try:
        text = _as_page(desk.portfolio, old, page, fitter.fit(notes=notes))
        text, found, literal = made_sound(text, desk.extensions)
    except RecursionError:
        raise Refusal(f"{old.file.name} was not imported: its parts stand too deep in one another.") from None
    except Refusal as error:
        raise Refusal(f"{old.file.name} was not imported: {error}") from None
    # A tag may stand within a word. The heading of a section may be that of the contract.
    missing = (words(" ".join(seen)) & words("".join(seen))) - found - headings
    if missing and notes:
        return _converted(desk, read(old.file), page, notes=False)
    if missing:
        said = phrases.series([f"'{word}'" for word in missing])
        raise Refusal(
            f"{old.file.name} was not imported, since words of it would be lost: {said}. "
            "Simplify the lines where they stand, and import again."
        )
    fitter.looks += [(LITERAL, block) for block in literal]
    return text, fitter


def _seen(body: BeautifulSoup) -> Iterator[str]:
    """The texts of a page that its reader saw."""
    for text in body.strings:
        if text.parent and text.parent.name not in (*_HIDDEN, *_NOT_SHOWN):
            yield re.sub(r"^\[[ xX]\]\s|\[\^[\w-]+\]", "", str(text))


def _kept(number: int, line: str) -> str:
    if _DAY.search(line):  # the day of a file or an address, which is nobody's encounter
        line = f"as published: `{line.strip()}`"
    return comment(f"Old line {number}: {line}")


def _line_of(text: str, near: str) -> int:
    """The line, from 1, on which some words stand; the first where none does."""
    wanted = words(near)
    lines = enumerate(map(words, text.split("\n")), start=1) if wanted else ()
    return next((number for number, found in lines if wanted <= found), 1)


def _as_page(portfolio: Portfolio, old: Old, page: str, body: str) -> str:
    """The page with the heading and sections that it wants; an old title that says something else stays."""
    activity = _activity(portfolio, page)
    body, _, last = body.rstrip("\n").rpartition("\n\n") if "\n\nRead next: " in body else (body, "", "")
    parts, title = _parts(body), phrases.plain(old.front.get("title", ""))
    if (
        len(parts) > 1
        and parts[1][0] == 1
        and (not parts[0][2].strip() or _letters(title) == _letters(parts[1][1]))
    ):
        title = parts[1][1]
        parts[:2] = [(0, "", f"{parts[0][2]}\n\n{parts[1][2]}")]
    heading, sections = title or posixpath.basename(page), tuple[str, ...]()
    if activity:
        heading = phrases.plain(activity.heading)
        planned = any(_letters(name) == "plan" for _, name, _ in parts) and not _started(portfolio, activity)
        sections = pages.PLAN_SECTIONS if planned else pages.STARTED_SECTIONS
        title = "" if _letters(title) in ("", _letters(activity.title)) else f"**{title}**"
    arranged = _arranged(parts, title if activity else "", sections)
    return "\n\n".join(filter(None, [f"# {heading}", *arranged, last])) + "\n"


def _extensions(root: Path) -> list[str]:
    try:
        found = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["parse"][
            "myst_enable_extensions"
        ]
        return sorted(found)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return []  # what is wrong with it, the build says


def _started(portfolio: Portfolio, activity: Activity) -> bool:
    return progress.status(portfolio, activity.key, portfolio.on) is not Status.NOT_STARTED


_LEFT = (
    (r"\{[{%:#.][^{}\n]*\}?|\{::", "a sign of the old site is shown as it is: write what it stood for"),
    (r"\[\[|\[TOC\]|^=== ", "a link or list of another program is text here: write it anew"),
    (r"\$\$", "a formula in TeX is shown as text: write it as {math}, or in words"),
    (r"^:::", "a block of another program is text here: write it anew"),
)


def _leftovers(text: str) -> Iterator[tuple[int, str]]:
    """What the old site would have made something of, outside of code and comments, and is text here."""
    bare = re.sub(
        r"^([ >]*`{3,}).*?^\1`*$|^%.*?$",
        lambda part: re.sub(".", "", part[0]),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    for number, line in enumerate(bare.split("\n"), start=1):
        plain = re.sub(r"`[^`]*`|\\(?=[\[\]{:=#])", "", line)
        yield from ((number, what) for pattern, what in _LEFT if re.search(pattern, plain))


def _identifying(portfolio: Portfolio, name: str, text: str) -> Iterator[tuple[int, str]]:
    """Direct identifiers one by one; a term that occurs more than once is asked about once."""
    vocabulary = Vocabulary([*sources.approved_terms(portfolio.root), *sources.own_words(portfolio)])
    days = sources.own_dates(portfolio)
    found = sources.screen_text(name, text, 1, vocabulary, days, prose=False)
    found += sources.screen_text(name, sources.prose_of(text), 1, vocabulary, days, prose=True)
    asked: set[str] = set()
    for hit in dict.fromkeys(found):
        if hit.direct:
            yield hit.line, f"{hit.kind}: {hit.context}: {hit.remedy}; {NOT_BUILT}"
        elif hit.text not in asked:
            yield hit.line, f"{hit.kind} to review: {hit.context}: {hit.remedy}"
            asked.add(hit.text)


def _owed(portfolio: Portfolio, page: str, text: str) -> Iterator[tuple[int, str]]:
    """What the page still owes its contract, read as begun where it is a page of work done."""
    activity = _activity(portfolio, page)
    if activity is None:
        return
    if not _started(portfolio, activity) and "\n## Evidence\n" in text:
        yield (
            1,
            f"{activity.key} is not recorded as started: portfolio record {activity.key} started --date …",
        )
        begun = Event(portfolio.on, activity.key, "started", "")
        portfolio = replace(portfolio, events=(*portfolio.events, begun))
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        path = Path(folder) / "page.md"
        disk.put(path, text)
        read_ = pages.read(path)
    yield from ((1, f"the page owes: {problem}") for problem in pages.problems(read_, activity, portfolio))
    yield from ((1, f"still open: {reminder}") for reminder in pages.reminders(read_, activity, portfolio))


def place(portfolio: Portfolio, move: Move) -> list[str]:
    """Write a page, its pictures and the table of contents, each in one step.

    Returns where what was replaced is kept, as paths from the root. Raises WriteError where a file
    cannot be written; what stood before it is then as it was.
    """
    root = portfolio.root
    kept = [writing.put(root, root / path, data) for path, data in move.pictures.items()]
    kept.append(writing.put(root, root / f"{move.page}.md", move.text.encode()))
    drafts.list_page(root, move.page)
    return [path.relative_to(root).as_posix() for path in kept if path is not None]

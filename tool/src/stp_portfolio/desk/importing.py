"""Take pages of an older portfolio into this one: Markdown of Jekyll, MkDocs, Hugo or none, HTML, and Word.

A page becomes HTML, whoever wrote it; its links, pictures and code are fitted to this book there, and
markdownify writes it back as Markdown. Nothing is lost: every line of the old page of which the book would
not show each word stands in an author's comment at the end of the new one, and is listed. ``prepare`` writes
nothing, ``place`` writes what it made.
"""

from __future__ import annotations

import base64
import io
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape, unescape
from pathlib import Path
from posixpath import basename, dirname, join, normpath, relpath
from typing import Any
from urllib.parse import quote, unquote

import yaml
from bs4 import BeautifulSoup, Tag
from docutils import nodes
from docutils.core import publish_doctree
from lxml.html import defs
from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.footnote import footnote_plugin
from myst_parser.parsers.docutils_ import Parser
from pygments.lexers import get_lexer_by_name

from stp_portfolio.book import diagrams
from stp_portfolio.core import configuration, contract, disk, phrases, progress, writing
from stp_portfolio.core.findings import Finding, Refusal
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.desk import drafts
from stp_portfolio.privacy import sources
from stp_portfolio.privacy.pictures import clean_picture
from stp_portfolio.show import pages

try:
    import mammoth
    from markdownify import MarkdownConverter
except ModuleNotFoundError as error:
    extra = 'pip install "stp-portfolio[import]"'
    raise Refusal(f"An import needs a library that is not installed. Install it with: {extra}") from error

MARKDOWN, HTML, WORD = (".md", ".markdown", ".txt"), (".html", ".htm"), (".docx",)
NO_WORDS = f"What this picture shows is {pages.UNWRITTEN}."
NO_WORDS_OF_DIAGRAM = f"What this diagram shows is {pages.UNWRITTEN}."
DROPPED = "script style template noscript iframe video audio object embed svg math canvas form".split()

# -- words ------------------------------------------------------------------------------------

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)\b[^<>]*>")
# Addresses of links, labels of footnotes, ticks, kinds of admonitions, marks of lists.
_NO_WORDS = (
    r"\]\([^()\s]*\)?|\[\^[\w-]+\]|\[[ xX]\](?=\s)|\[!\w+\]|^(?:!!! \w+|[ \t>]*(?:\d+[.)]|[-*+])(?=\s))"
)


def words(text: str) -> Counter[str]:
    """The words of a text in small letters, and its signs beyond ASCII, each with its number."""
    return Counter(re.findall(r"[^\W_]+|[^\s\x00-\x7f]", unescape(unescape(text)).casefold()))


def not_whole(source: str, found: Counter[str]) -> list[int]:
    """The lines of an old page, from 0, with a word that is not ``found`` as often; as few as explain all.

    Of a tag only what it says to a reader is words, but for one that is dropped.
    """

    def said(tag: re.Match[str]) -> str:
        spoken = " ".join(re.findall(r"\b(?:alt|title)\s*=\s*[\"']([^\"']*)", tag[0]))
        return spoken if tag[1].lower() in defs.tags.difference(DROPPED) else tag[0]

    missing = words(re.sub(_NO_WORDS, " ", _TAG.sub(said, source), flags=re.MULTILINE)) - found
    lines, kept = list(map(words, source.split("\n"))), []
    for number in sorted(range(len(lines)), key=lambda each: -(lines[each] & missing).total()):
        if lines[number] & missing:
            kept.append(number)
            missing -= lines[number]
    return sorted(kept)


# -- reading ----------------------------------------------------------------------------------

_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff]")
_FENCED = r"(---|\+\+\+)[ \t]*\n(?=\s*(?:[\w-]+[ \t]*[:=]|[\[#+-]))((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)"
_KEYS = r"()((?:title|authors?|date|summary)[ \t]*:.*\n(?:\w+[ \t]*:.*\n|[ \t]+\S.*\n)*)\n"


@dataclass(frozen=True, slots=True)
class Old:
    """A page of an older portfolio: text, values of its front matter by key in small letters, body as HTML.

    ``title`` and ``heading`` stand among the values whoever gives them.
    """

    file: Path
    text: str
    front: dict[str, str]
    body: BeautifulSoup


def read(file: Path) -> Old:
    """Read an old page. Raises Refusal for what is no page."""
    if file.suffix.lower() not in (*MARKDOWN, *HTML, *WORD) or not file.is_file():
        raise Refusal("there is no such page of Markdown, HTML or Word. Save it as Markdown (.md) first.")
    if file.stat().st_size > contract.MAX_BYTES:
        raise Refusal(f"it is larger than {contract.MAX_BYTES // 1_000_000} MB. Split it into pages first.")
    front: dict[str, str] = {}
    if file.suffix.lower() in WORD:
        html = str(mammoth.convert_to_html(io.BytesIO(file.read_bytes())).value)
    else:
        html = text = _INVISIBLE.sub(" ", disk.read_text(file))
    if markdown := file.suffix.lower() in MARKDOWN:
        front, html = _front_and_html(text)
    soup = BeautifulSoup(html, "html.parser")
    text = text if markdown else "\n".join(soup.stripped_strings)
    if not text.strip():
        raise Refusal("it holds no text. There is nothing to import.")
    article = soup.select_one("main, [role=main], article") or soup.body or soup
    front = {"title": _line(soup.title), "heading": _line(article.h1)} | front
    return Old(file, text, front, BeautifulSoup(str(article), "html.parser"))


def _line(tag: Tag | None) -> str:
    return " ".join(tag.get_text().split()) if tag else ""


def _front_and_html(text: str) -> tuple[dict[str, str], str]:
    """The front matter of Markdown, and the rest as HTML, in which a tag that is none of HTML is text."""
    match = re.match(_FENCED, text) or re.match(_KEYS, text, re.IGNORECASE)
    parser = MarkdownIt().enable("table").use(admon_plugin).use(footnote_plugin, inline=False)
    html = parser.render(text[match.end() if match else 0 :])
    html = _TAG.sub(lambda tag: tag[0] if tag[1].lower() in defs.tags else escape(tag[0]), html)
    return _front_matter(match) if match else {}, html


def _front_matter(match: re.Match[str]) -> dict[str, str]:
    """The values of a front matter by key in small letters; none where it cannot be read."""
    try:
        found = tomllib.loads(match[2]) if match[1] == "+++" else yaml.safe_load(match[2])
        return {str(key).lower(): " ".join(str(value).split()) for key, value in found.items()}
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


# -- which activity, and where to -------------------------------------------------------------

_KIND = r"(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*"
_FIRST = re.compile(r"()\W*0*(\d{1,3})(?:\s*[.):\u2013\u2014-]\s|(?=[_.-]\S*$|$))")
_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-?")


def _letters(text: str) -> str:
    """The letters of a heading or a name, without a kind and a number before them."""
    text = re.sub(rf"^\W*(?:{_KIND})?(?:\d{{1,3}}(?!\d))?", "", text, count=1, flags=re.IGNORECASE)
    return re.sub(r"[\W_]+", "", text).casefold()


def _is_title(letters: str, activity: Activity) -> bool:
    return letters != "" and letters in (_letters(activity.title), _letters(basename(activity.page)))


def meant(portfolio: Portfolio, text: str) -> set[Activity]:
    """The activities that a title, a file's name or an address speaks of: by key, number or title."""
    text, every = _DATED.sub("", text, count=1), portfolio.activities
    codes = "|".join({re.escape(each.key.module) for each in every})
    marked = rf"(?<![^\W_])(?:({codes})[\s/_-]*|{_KIND})0*(\d{{1,3}})(?!\d)"
    match = re.search(marked, text, re.IGNORECASE)
    if not match and (titled := {each for each in every if _is_title(_letters(text), each)}):
        return titled
    match = match or _FIRST.match(text)
    if not match:
        return set()
    numbered = {each for each in every if each.key.number == int(match[2])}
    return {
        each for each in numbered if (match[1] or each.key.module).casefold() == each.key.module.casefold()
    }


def infer(portfolio: Portfolio, old: Old) -> str:
    """The page of the activity that an old page is about. Raises Refusal where that is not clear."""
    clues = [old.front.get(key, "") for key in ("dta", "activity", "number", "title", "heading")]
    numbered = re.sub(r"^(\d+)$", r"DTA \1", "\n".join([*clues, old.file.stem]), flags=re.MULTILINE)
    said = list(filter(None, (meant(portfolio, clue) for clue in numbered.split("\n")))) or [set[Activity]()]
    agreed, module = set.intersection(*said), old.front.get("module", "").casefold()
    agreed = {each for each in agreed if each.key.module.casefold() == module} or agreed
    if len(agreed) == 1:
        return agreed.pop().page
    raise _unclear(portfolio, agreed or set.union(*said) or set(portfolio.activities))


def _unclear(portfolio: Portfolio, possible: set[Activity]) -> Refusal:
    keys = [str(each.key) for each in portfolio.activities if each in possible] or ["about/Page"]
    return Refusal(
        "which activity it is about is not clear from its front matter, heading and name. Say it with --to, "
        f"such as --to {keys[0]}. Possible: {', '.join(keys[:8])}{' …' if keys[8:] else ''}."
    )


def destination(portfolio: Portfolio, to: str) -> str:
    """The page that ``--to`` names: an activity's, or a folder of the book and a name. Raises Refusal."""
    path = normpath(to.strip().replace("\\", "/")).removesuffix(".md")
    for activity in portfolio.activities:
        if re.sub("/0+", "/", path).casefold() == str(activity.key).casefold() or path == activity.page:
            return activity.page
    folders = {dirname(page) for page in configuration.toc_files(portfolio.root)} - {""}
    if dirname(path) not in folders or not re.fullmatch(r"[\w-][\w .-]*", basename(path)):
        raise Refusal(
            f"'{to}' is no place of this book. Write an activity, as MODULE/NUMBER, or a folder that has "
            "pages in the contents and a new name (letters, digits, hyphens), such as about/Page."
        )
    return path


def _page_of(portfolio: Portfolio, old: Old, to: str | None, folder: Path) -> str:
    """Where an old page goes; of a whole folder, ``to`` is where those go that are about no activity."""
    try:
        return destination(portfolio, to) if to and folder == old.file else infer(portfolio, old)
    except Refusal:
        if not to or folder == old.file:
            raise
    path = _DATED.sub("", old.file.relative_to(folder).with_suffix("").as_posix()).removesuffix("/index")
    return destination(portfolio, f"{to}/{re.sub('[^a-zA-Z0-9]+', '-', path).strip('-')}")


# -- fitting ----------------------------------------------------------------------------------

_LEFT = re.compile(r"\{[{%:#.]|\[\[|\[TOC\]|^===|\$\$|^:::", re.MULTILINE)  # Liquid, kramdown, wikis, TeX
_INNER = ":is(li, blockquote, td, th, dd, dt, figure, a, .admonition) :is(h1, h2, h3, h4, h5, h6)"
_NOTE, _END = "\ue000", "\ue001"  # round the label of a footnote, until all else is Markdown


def _called(address: str) -> str:
    """What an address calls a page: without ending, query, ``index`` and outer slashes."""
    path = re.split(r"[?#]", address.casefold())[0].strip("/")
    return re.sub(r"(/index)?(\.(md|markdown|txt|html?|docx))?$", "", path)


@dataclass
class Move:
    """One old page on its way to a page of the book, which is named by its path without ending.

    ``known`` is the page of each name that an address may use, ``pictures`` are cleaned bytes by path, and
    ``notes`` what needs a look, with words of its place, until ``looks`` can say on which line.
    """

    portfolio: Portfolio
    folder: Path
    known: dict[str, str]
    old: Old
    page: str
    text: str = ""
    notes: list[tuple[Finding, str]] = field(default_factory=list)
    looks: list[Finding] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def __str__(self) -> str:
        what = self.activity.key if self.activity else "a further page"
        return f"{self.old.file.name} as {what}, {self.page}.md"

    @property
    def activity(self) -> Activity | None:
        """The activity whose page it becomes."""
        return next((each for each in self.portfolio.activities if each.page == self.page), None)

    @property
    def names(self) -> list[str]:
        """What an address may call the old page: its path, where it was published, its name without a day."""
        path = self.old.file.relative_to(self.folder).as_posix()
        return [path, self.old.front.get("permalink", ""), _DATED.sub("", self.old.file.name)]

    def look(self, code: str, fault: str, remedy: str, near: str = "") -> None:
        """Note what needs a look, and words of its place on the new page."""
        self.notes.append((Finding(f"import-{code}", f"{self.page}.md", fault, remedy), near))

    def code(self, text: str) -> Tag:
        """A text as inline code."""
        code = self.old.body.new_tag("code")
        code.string = text
        return code

    def fit(self) -> str:
        """The page's Markdown."""
        body = self.old.body
        for element in body(DROPPED):
            raw = " ".join(str(element).split())[:200]
            self.look("dropped", f"what '{element.name}' did is not taken over: {raw}", "Say it in words")
            element.extract()
        self.fit_notes(body)
        self.fit_blocks(body)
        steps = {"img": self.fit_picture, "a": self.fit_link, "pre": self.fit_code}
        for element in body(list(steps)):
            steps[element.name](element)
        for left in body(string=_LEFT):
            if not left.find_parent(["pre", "code"]):
                what = "a sign of the old site, or a formula in TeX, is text here"
                self.look("sign", what, "Write what it stood for", str(left))
        return str(_Writer(**_STYLE).convert_soup(body)).replace(_NOTE, "[^").replace(_END, "]")

    def fit_notes(self, body: BeautifulSoup) -> None:
        """Footnotes, and the quotations that are admonitions to GitHub."""
        for rule in body.select("a.footnote-backref, hr"):
            rule.decompose()
        for note in body.select("sup.footnote-ref"):
            note.replace_with(f"{_NOTE}{str(note.a['href'])[3:] if note.a else ''}{_END}")
        for item in body.select("li.footnote-item"):
            (item.p or item).insert(0, f"{_NOTE}{str(item['id'])[2:]}{_END}: ")
            item.name = "div"
        for quote_ in body("blockquote"):
            first = next((text for text in quote_.strings if text.strip()), None)
            if first and (mark := re.match(r"\s*\[!(\w+)\]\s*", first)):
                first.replace_with(first[mark.end() :])
                quote_.name, quote_["class"] = "div", f"admonition {mark[1].lower()}"

    def fit_blocks(self, body: BeautifulSoup) -> None:
        """Ticks, diagrams, and headings inside of something."""
        for tick in body("input"):
            tick.replace_with("[x] " if tick.has_attr("checked") else "[ ] ")
        for drawn in body.select("div.mermaid"):
            drawn.name = "pre"
        for heading in body.select(_INNER):
            heading.name = "strong"
            heading.wrap(body.new_tag("p"))

    def fit_picture(self, image: Tag) -> None:
        """A clean picture beside the new page, with words for who cannot see it or a request for them."""
        source, said = unquote(str(image.get("src") or "")), " ".join(str(image.get("alt") or "").split())
        try:
            ending, raw = self.picture(source)
            name = f"images/{basename(self.page)}-{len(self.pictures) + 1}{ending}"
            with _as_file(f"picture{ending}", raw) as copy:
                clean_picture(copy)
                self.pictures[join(dirname(self.page), name)] = copy.read_bytes()
        except Exception:  # noqa: BLE001 - a foreign picture, or its address, may fail in any way
            what = f"the picture '{said}' ({source[:80]}) is not here: none lies beside the old page"
            self.look("picture", what, "Put a copy as PNG or JPEG into 'images' and show it", said)
            image.replace_with(f"{said} (" if said else " (", self.code(source[:80]), ")")
            return
        image["src"] = name
        if not said or re.fullmatch(r"\S*(\.\w{3,4}|[/\\]\S*)", said):
            image["alt"] = NO_WORDS
            image.insert_after(f" ({f'{NO_WORDS} {said}'.strip()})")
            self.look(
                "no-words", f"the picture {name} has no words for who cannot see it", "Write them", name
            )

    def picture(self, source: str) -> tuple[str, bytes]:
        """The ending and bytes of a picture that lies beside the old page, in its site or in its text."""
        if data := re.match(r"data:image/(png|jpe?g|webp);base64,", source):
            return f".{data[1]}", base64.b64decode(source[data.end() :])
        path, folders = re.split(r"[?#]", source)[0].strip("/"), (*self.old.file.parents[:3], self.folder)
        file = next(each / path for each in folders if (each / path).is_file())
        return file.suffix.lower(), file.read_bytes()

    def fit_link(self, link: Tag) -> None:
        """A link to the new page; where it leads nowhere here its words, with the old address behind them."""
        address = unquote(re.sub(r"^//", "https://", str(link.get("href") or "").strip()))
        shown, here = " ".join(link.get_text().split()), dirname(self.page) or "."
        del link["title"]  # of some, this book makes panels
        if not shown and not link.img:
            link.string = address
        if re.match(r"https?://|mailto:", address, re.IGNORECASE):
            link["href"] = quote(address, safe="/:?#[]@!$&'*+,;=%~")
        elif target := self.target(address):
            file = disk.page_file(self.portfolio.root, target)
            link["href"] = quote(relpath(f"{target}{file.suffix if file else '.md'}", here))
        else:
            if address:
                remedy = "Make it anew if a reader needs it; register a file as evidence"
                self.look("link", f"the link '{shown}' to {address} is text now", remedy, shown)
                link.insert_after(" (", self.code(address), ")")
            link.unwrap()

    def target(self, address: str) -> str:
        """The page here that an old address means, empty where there is none."""
        called, there = _called(address), dirname(self.page)
        if not called or re.search(r"^[a-z][\w+.-]*:|\.\w{1,5}$", called):
            return ""
        here = self.old.file.relative_to(self.folder).parent.as_posix()
        for near in (join(here, called), join(there, called), called, basename(called)):
            if found := self.known.get(normpath(near.casefold())):
                return found
        return ""

    def fit_code(self, code: Tag) -> None:
        """Code with a language that the book knows, and diagrams with words, or a request for them."""
        found = re.search(r'class="(?:language-\W*([\w+#-]+)|mermaid)', str(code))
        name, text = (found[1] or "mermaid").lower() if found else "text", code.get_text().strip("\n")
        source = re.sub(r"\A(?:[ \t]*:\w+: .*\n)*\n*", "", text)
        try:
            if name == "mermaid":
                diagrams.render(source, NO_WORDS_OF_DIAGRAM)
            else:
                list(get_lexer_by_name(name, filters=["raiseonerror"]).get_tokens(text))
        except Exception as why:  # noqa: BLE001 - a lexer stumbles in any way
            what = f"code of '{name}' is shown as text: {why}"
            self.look("code", what, "Write it anew", source.split("\n")[0])
            name = "text"
        if name == "mermaid" and not re.search(r"^:alt: *\S|accDescr", text, re.MULTILINE):
            text = f":alt: {NO_WORDS_OF_DIAGRAM}\n{'' if text.startswith(':') else chr(10)}{text}"
            self.look("no-words", "a diagram has no words for who cannot see it", "Write them", text[:60])
        code.string, code["data-info"] = text, "{mermaid}" if name == "mermaid" else name


@contextmanager
def _as_file(name: str, content: bytes | str) -> Iterator[Path]:
    """A file for what reads files, for a while."""
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        disk.put(Path(folder) / name, content)
        yield Path(folder) / name


# -- writing ----------------------------------------------------------------------------------

_plain: Any = MarkdownConverter  # its types leave methods out
_STYLE: Any = {
    "heading_style": "atx",
    "newline_style": "backslash",
    "bullets": "-",
    "table_infer_header": True,
}
# Backslashes that nothing needs in the midst of a line, and that look like paths to the screening.
_NO_MARK = re.compile(r"(?<=.)\\(?=[#$~>]|&(?!#?\w+;)|(?<=\w\\)_(?=\w))")


class _Writer(MarkdownConverter):
    """HTML as Markdown in which the book's parser takes no word of the text for a mark."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Running text, on one line, with a backslash before what would be a mark."""
        plain = _NO_MARK.sub("", phrases.markdown(text)).replace("{{", "{\\{")
        plain = re.sub(r"^\\\[([ xX])\\\](?=\s)", r"[\1]", plain) if "li" in parent_tags else plain
        return f"{' ' * text[:1].isspace()}{plain}{' ' * text[-1:].isspace()}" if plain else " "

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{fenced(str(el['data-info']), el.get_text())}\n\n"

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        classes = " ".join(map(str, el.get_attribute_list("class"))).split()
        if "admonition" not in classes or "_inline" in parent_tags:
            return str(_plain.convert_div(self, el, text, parent_tags))
        title = el.find(class_="admonition-title", recursive=False)
        said = _plain.process_tag(self, title).strip() if title else ""
        body = f":class: {classes[-1]}\n\n{text.strip().removeprefix(said).strip()}"
        return f"\n\n{fenced(f'{{admonition}} {said or classes[-1].capitalize()}', body)}\n\n"

    def convert_sub(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"{{{el.name}}}`{el.get_text()}`" if el.get_text(strip=True) else ""

    convert_sup = convert_sub


def fenced(info: str, code: str) -> str:
    """Code in a fence that nothing in it can close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
    return f"{ticks}{info}\n{code}\n{ticks}"


# -- arranging --------------------------------------------------------------------------------


def _arranged(body: str, title: str, sections: tuple[str, ...]) -> list[str]:
    """The parts of an old page in the order and depth that the book wants, below its heading.

    ``title`` is shown at the head of the reflection or plan; ``sections`` are none for a further page.
    """
    tokens = [each for each in MarkdownIt().parse(body) if each.type == "heading_open"]
    levels = {each.map[0]: int(each.tag[1]) for each in tokens if each.map}
    main = "Reflection" if "Reflection" in sections else "".join(sections)
    placed: dict[str, list[str]] = {"": [], **{name: [] for name in sections}}
    placed[main] += [title, ""]
    for name, line in _placed(body.split("\n"), levels, {_letters(name): name for name in sections}, main):
        placed[name].append(line)
    texts = {name: "\n".join(below).strip("\n") for name, below in placed.items()}
    still = f"This part is {pages.UNWRITTEN}."
    return [texts.pop(""), *(f"## {name}\n\n{text or still}" for name, text in texts.items())]


def _placed(
    lines: list[str], levels: dict[int, int], names: dict[str, str], main: str
) -> Iterator[tuple[str, str]]:
    """Each line with its section, its heading's level stepped; what stands in none goes to the ``main`` one.

    ``above`` are the levels of the headings above a line, 0 for a section that has none on the old page.
    """
    place, above = ("", []) if any(_letters(lines[each]) in names for each in levels) else (main, [0])
    for number, line in enumerate(lines):
        level = levels.get(number)
        if level and (found := names.pop(_letters(line), "")):
            place, above = found, [level]
        elif level:
            above = [each for each in above if each < level]
            place, above = place if above else main, [*(above or [0]), level]
            yield place, f"{'#' * min(6, len(above) + bool(place))} {line.lstrip('# ')}"
        else:
            yield place, line


def _as_page(move: Move, body: str) -> str:
    """The page with the heading and sections that it wants; an old title that says something else stays."""
    activity, title = move.activity, phrases.plain(move.old.front.get("title", ""))
    if first := re.match(r"# (.*)\n*", body):
        title, body = first[1], body[first.end() :]
    if not activity:
        return "\n\n".join([f"# {title or basename(move.page)}", *_arranged(body, "", ())]) + "\n"
    planned = re.search(r"^#+ Plan$", body, re.MULTILINE) and not _started(move.portfolio, activity)
    sections = pages.PLAN_SECTIONS if planned else pages.STARTED_SECTIONS
    title = "" if _letters(title) in ("", _letters(activity.title)) else f"**{title}**"
    parts = [f"# {phrases.plain(activity.heading)}", *_arranged(body, title, sections)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _started(portfolio: Portfolio, activity: Activity) -> bool:
    return progress.status(portfolio, activity.key) is not progress.Status.NOT_STARTED


# -- the book's parser has the last word ------------------------------------------------------

_PARSING = {
    "myst_enable_extensions": ["colon_fence", "deflist", "substitution", "tasklist"],  # as in _config.yml
    "myst_all_links_external": True, "syntax_highlight": "none", "file_insertion_enabled": False,
    "line_length_limit": 10**8, "report_level": 2, "halt_level": 5,
}  # fmt: skip


def shown(text: str) -> tuple[Counter[str], set[int]]:
    """The words that the book shows of a page, and the lines (from 1) that it would warn about."""
    said = io.StringIO()
    drawn = re.sub(r"^([ >\t]*`{3,})\{mermaid\}", r"\1text", text, flags=re.MULTILINE)
    settings = {**_PARSING, "warning_stream": said}
    document = publish_doctree(drawn, parser=Parser(), settings_overrides=settings)
    for unseen in [*document.findall(lambda node: isinstance(node, nodes.raw | nodes.system_message))]:
        if unseen.parent:
            unseen.parent.remove(unseen)
    texts = [str(node) for node in document.findall(nodes.Text)]
    texts += [str(image.get("alt")) for image in document.findall(nodes.image)]
    texts += [each.info for each in MarkdownIt().parse(text) if each.type == "fence"]
    faults = {int(line or 1) for line in re.findall(r"^<string>:(\d*):? ?\(", said.getvalue(), re.MULTILINE)}
    return words(" ".join(texts)) | words("".join(texts)), faults


def made_sound(text: str) -> tuple[str, list[str]]:
    """A page with whatever the book would warn about shown literally, and what was shown so."""
    literal: list[str] = []
    for _ in range(9):
        faults = shown(text)[1]
        if not faults:
            return text, literal
        lines, tokens = text.split("\n"), MarkdownIt().enable("table").parse(text)
        for first, last in reversed([each.map for each in tokens if each.map and not each.level]):
            block = "\n".join(lines[first:last]).rstrip()
            wrong = any(first < fault <= last for fault in faults)
            if wrong and block not in literal and not block.startswith(("# ", "## ")):
                literal.append(block)
                lines[first:last] = [*fenced("text", block).split("\n"), ""]
        text = "\n".join(lines)
    heading, _, below = text.partition("\n")
    return f"{heading}\n\n{fenced('text', below)}\n", [below]


# -- the whole --------------------------------------------------------------------------------


def prepare(
    portfolio: Portfolio, source: Path, to: str | None = None, *, replace_: bool = False
) -> tuple[list[Move], list[str]]:
    """Make pages of this book of an old page, or of a folder of them; nothing is written.

    Returns them, and for each page of a folder that has no clear place, or whose place is taken, the reason;
    for a single page that is raised as Refusal.
    """
    folder, refused = source if source.is_dir() else source.parent, list[str]()
    files = _pages_in(source) if source.is_dir() else [source]
    moves: list[Move] = []
    known = {page.casefold(): page for page in configuration.toc_files(portfolio.root)}
    for file in files:
        with _listed(file, refused):
            old = read(file)
            move = Move(portfolio, folder, known, old, _page_of(portfolio, old, to, source))
            _check_free(move, moves, replace_=replace_)
            known |= dict.fromkeys(map(_called, move.names), move.page)
            moves.append(move)
    moves = [move for move in moves if _finished(move, refused)]
    if not files or (refused and files == [source]):
        raise Refusal(refused[0] if refused else f"{source} holds no page of Markdown, HTML or Word.")
    return moves, refused


def _check_free(move: Move, others: list[Move], *, replace_: bool) -> None:
    """Raise Refusal where a notebook stands, another page comes, or a page is not a mere draft."""
    page, path = move.page, disk.page_file(move.portfolio.root, move.page)
    if other := next((other for other in others if other.page == page), None):
        raise Refusal(f"it would be {page}.md, as {other.old.file.name} is. Import it alone, with --to.")
    if path and path.suffix == ".ipynb":
        raise Refusal(f"{page}.ipynb is a notebook and takes no page. Import to another page, with --to.")
    text = disk.read_text(path) if path and not replace_ else ""
    if text.strip() and not (move.activity and drafts.is_draft(move.portfolio, move.activity, text)):
        raise Refusal(
            f"{page}.md is written already. Import with --replace to put the old page in its place "
            f"(what stands there is kept in data/{writing.BACKUPS}), or with --to to another page."
        )


@contextmanager
def _listed(file: Path, refused: list[str]) -> Iterator[None]:
    """What is refused goes onto a list."""
    try:
        yield
    except Refusal as error:
        refused.append(f"{file.name} was not imported: {error}")
    except Exception as error:  # noqa: BLE001 - a foreign file may be broken, or nested too deep, in any way
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        refused.append(f"{file.name} was not imported: it cannot be read ({why}). Save it anew, and simpler.")


def _pages_in(folder: Path) -> list[Path]:
    """The page files of an older site, without what is hidden or was built."""
    found = [each for each in folder.rglob("*") if each.suffix.lower() in (*MARKDOWN, *HTML, *WORD)]
    hidden = re.compile(r"(^|/)(\.|_build|_site|node_modules)")
    return sorted(each for each in found if not hidden.search(each.relative_to(folder).as_posix()))


def _finished(move: Move, refused: list[str]) -> bool:
    """Whether the page could be made, or else is among the refused."""
    with _listed(move.old.file, refused):
        _finish(move)
        return True
    return False


def _finish(move: Move) -> None:
    """Make the page, and list what needs a look."""
    old = move.old
    move.text, literal = made_sound(_as_page(move, move.fit()))
    for block in literal:
        what = "the book would warn about this, so it is shown literally"
        move.look("literal", what, "Write it anew", block)
    lines = old.text.split("\n")
    if kept := not_whole(old.text, shown(move.text)[0]):
        move.text += "".join(f"\n{_kept(number + 1, lines[number])}" for number in kept) + "\n"
        numbers = ", ".join(str(number + 1) for number in kept)
        what = f"lines of the old page stand here for you alone: {numbers}"
        move.look("lines", what, "See what they said", "% Old line")
    by_line = list(map(words, move.text.split("\n")))
    looks = [replace(look, line=_line_of(by_line, near)) for look, near in move.notes]
    move.looks = [*_found(move), *dict.fromkeys(looks)]


def _kept(number: int, line: str) -> str:
    """A line as a comment: it holds no link, and the day of a file or an address is nobody's encounter."""
    line = f"as published: `{line.strip()}`" if _DATED.search(line) else line
    return f"% Old line {number}: {line.replace('](', '] (')}".rstrip()


def _line_of(lines: list[Counter[str]], near: str) -> int:
    """The line, from 1, on which some words stand; the first where none does."""
    wanted = words(near)
    return next((number for number, found in enumerate(lines, start=1) if wanted and wanted <= found), 1)


def _found(move: Move) -> Iterator[Finding]:
    """What screening finds, identifiers first, and what the page still owes its contract."""
    portfolio, activity, name = move.portfolio, move.activity, f"{move.page}.md"
    with _as_file(basename(name), move.text) as path:
        found = list(sources.grouped(sources.run(portfolio.root, portfolio, [path])))
        written = pages.read(path)
    for each in sorted(found, key=lambda each: each.code):  # identifiers before terms
        built = "; the book is not built until it is out" if each.code == sources.IDENTIFIER else ""
        yield replace(each, file=name, remedy=each.remedy + built)
    owed: list[str] = []
    if activity and "Evidence" in written.sections and not _started(portfolio, activity):
        todo = f"portfolio record {activity.key} started --date …"
        owed = [f"{activity.key} is not recorded as started: {todo}"]
    elif activity:
        owed = [f"the page owes: {each}" for each in pages.problems(written, activity, portfolio)]
        owed += [f"still open: {each}" for each in pages.reminders(written, activity, portfolio)]
    yield from (Finding("import-owed", name, each) for each in owed)


def place(portfolio: Portfolio, move: Move) -> list[str]:
    """Write a page, its pictures and the table of contents, each in one step.

    Returns where what was replaced is kept, as paths from the root. Raises WriteError where a file
    cannot be written; what stood before it is then as it was.
    """
    root = portfolio.root
    files = {**move.pictures, f"{move.page}.md": move.text.encode()}
    kept = [writing.put(root, root / path, content) for path, content in files.items()]
    drafts.list_page(root, move.page)
    return [path.relative_to(root).as_posix() for path in kept if path is not None]

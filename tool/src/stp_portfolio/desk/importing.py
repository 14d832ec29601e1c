"""Take pages of an older portfolio into this one: Markdown of Jekyll, MkDocs, Hugo or none, HTML, and Word.

A page becomes HTML, whoever wrote it, and markdownify writes that as Markdown that fits this book. Nothing is
lost: every line of the old page of which the book would not show each word stands in an author's comment at
the end of the new one, and is listed. ``prepare`` writes nothing, ``place`` writes what it made.
"""

import base64
import io
import re
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from html import escape, unescape
from itertools import chain
from pathlib import Path
from posixpath import basename, dirname, join, normpath, relpath
from typing import Any
from urllib.parse import quote, unquote
from zipfile import ZipFile

from bs4 import BeautifulSoup, Tag
from lxml import etree
from lxml.html import defs
from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.footnote import footnote_plugin
from pygments.lexers import get_lexer_by_name

from stp_portfolio.book import diagrams
from stp_portfolio.core import configuration, contract, disk, phrases, progress, typed, writing
from stp_portfolio.core.findings import Finding, Refusal
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.desk import drafts, links
from stp_portfolio.privacy import decisions, leaving
from stp_portfolio.privacy.cleaning import clean
from stp_portfolio.show import pages

INSTALL = f'Install it with: {sys.executable} -m pip install "stp-portfolio[import]"'
try:
    from markdownify import MarkdownConverter
except ModuleNotFoundError as error:
    raise Refusal(f"An import needs a library that is not here ({error}). {INSTALL}") from error

MARKDOWN, HTML, WORD = {".md", ".markdown", ".qmd", ".rmd", ".txt"}, {".html", ".htm"}, {".docx"}
NO_WORDS = f"What this shows is {pages.UNWRITTEN}."
EMBEDDED = ["iframe", "video", "audio", "object", "embed"]
DROPPED = [*EMBEDDED, "script", "style", "template", "noscript", "svg", "math", "canvas", "form"]
SHOWN = defs.tags.difference(DROPPED)


# -- words ------------------------------------------------------------------------------------

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)\b([^<>]*)>")
# What says nothing to a reader: of a tag all but its words for who cannot see and what is no attribute (in
# a<b or c>d); addresses of links, labels of footnotes, ticks, kinds of blocks, marks of lists.
_UNSAID = r"(?is)\b(?:(?!alt|title)[\w:-]+\s*=\s*(?:([\"']).*?\1|\S+)|(?:alt|title)\s*=|(?:open|checked)\b)"
_NO_WORDS = r"(?m)\]\([^()\s]*\)?|\[\^[\w-]+\]|\[[xX]\](?=\s)|^[!?]{3}\+? \w+|^[ \t>]*(?:\d+[.)]|`{3}\S*)"


def words(text: str) -> Counter[str]:
    """The words of a text in small letters, and its signs beyond ASCII, each with its number."""
    return Counter(re.findall(r"[^\W_]+|[^\s\x00-\x7f]", unescape(unescape(text)).casefold()))


def shown(text: str) -> Counter[str]:
    """The words that the book shows of a page, by its own parser."""
    soup = BeautifulSoup(links.parser().render(text), "html.parser")
    unseen = [*(str(image.get("alt")) for image in soup("img")), *re.findall(r"\{admonition\} (.*)", text)]
    return words(" ".join([soup.get_text(" "), *unseen]))


def not_whole(source: str, found: Counter[str]) -> list[int]:
    """The lines of an old page, from 0, with a word that is not ``found`` as often; as few as explain all."""

    def said(tag: re.Match[str]) -> str:
        return f" {re.sub(_UNSAID, ' ', tag[2]) if tag[1].lower() in SHOWN else tag[0]} "

    missing = words(re.sub(_NO_WORDS, " ", _TAG.sub(said, source))) - found
    lines, kept = list(map(words, source.split("\n"))), []
    for number in sorted(range(len(lines)), key=lambda each: -(lines[each] & missing).total()):
        if lines[number] & missing:
            kept.append(number)
            missing -= lines[number]
    return sorted(kept)


# -- reading ----------------------------------------------------------------------------------

_HEADING = "\ue000"  # before a heading's level, until all headings have their places
_INVISIBLE = re.compile(f"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff{_HEADING}]")
_FENCED = r"(---|\+{3})[ \t]*\n(?=\s*(?:[\w-]+[ \t]*[:=]|[\[#+-]))(?:.*\n)*?(?:\1|\.{3})[ \t]*(?:\n|\Z)"
_KEYS = r"(?i)(?:title|authors?|date|summary)[ \t]*:.*\n(?:\w+[ \t]*:.*\n|[ \t]+\S.*\n)*\n"
_VALUE = re.compile(r"^([\w-]+)[ \t]*[:=][ \t]*[\"']?([^\s>|\"'\[{].*?)[\"']?[ \t]*$", re.MULTILINE)
_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-?")
_LEFT = re.compile(r"\{[{%:#.]|\[\[|\[TOC\]|^===|\$\$|^:::", re.MULTILINE)  # Liquid, kramdown, wikis, TeX
_SPEAKING = re.compile(r"word/(?!glossary|diagrams/drawing)[\w/]+\.xml")  # parts of a Word document
_TEXTS = ("{*}t", "{*}delText", "{*}v", "{*}tab", "{*}br")
_HOLDERS = {"li", "blockquote", "td", "th", "dd", "dt", "figure", "a"}  # no heading stands in them
# Backslashes that nothing needs in the midst of a line, and that look like paths to the screening.
_NO_MARK = re.compile(r"(?<=.)\\(?=[#$~>]|&(?!#?\w+;)|(?<=\w\\)_(?=\w))")
_BRACE = re.compile(r"(?<=\{)\{|\{(?=(?!su[bp]\})[\w:+-]+\}$)")  # of a substitution, or of a role before code
_NOTE = re.compile(r"#(?:fn:?|footnote-|(?=endnote-))((?:endnote-)?ref)?([:\w-]+)")  # a footnote, or back
_SAFE = "/:?#[]@!$&'*+,;=%~"  # what stays in an address as it is
_plain: Any = MarkdownConverter  # its types leave methods out


class Move(MarkdownConverter):
    """An old page on its way to ``page``, the path of a page of this book without ending.

    It writes its own HTML as Markdown that fits. ``known`` is the page of each name that an address may use;
    ``front`` are the values of the front matter by key in small letters, with ``title`` and ``heading``
    whoever gives them. ``old`` and ``text`` are the page before and after, ``looks`` what needs a look, and
    ``pictures`` cleaned bytes by path.
    """

    def __init__(self, portfolio: Portfolio, folder: Path, file: Path, known: dict[str, str]) -> None:
        super().__init__(newline_style="backslash", bullets="-", table_infer_header=True, strip=["hr"])
        self.portfolio, self.known, self.file = portfolio, known, file
        self.folders, self.path = (*file.parents[:3], folder), file.relative_to(folder).as_posix()
        self.page = self.old = self.text = ""
        self.activity: Activity | None = None
        self.front, self.pictures, self.looks = dict[str, str](), dict[str, bytes](), list[Finding]()

    def look(self, code: str, near: str, fault: str, remedy: str) -> None:
        """Note what needs a look; ``near`` is the text of its place, until the page is whole."""
        self.looks.append(Finding(f"import-{code}", f"{self.page}.md", fault, remedy, value=near))

    def read(self) -> None:
        """Read the old page. Raises Refusal for what is no page."""
        raw, ending = disk.read_bytes(self.file, contract.MAX_BYTES), self.file.suffix.lower()
        html, self.old = _of_word(raw) if ending in WORD else (disk.read_text(self.file), "")
        html = _INVISIBLE.sub(" ", html)
        if ending in MARKDOWN:
            self.old, html = html, self.rendered(html)
        soup = BeautifulSoup(html, "html.parser")
        article = soup.select_one("main, [role=main], article") or soup.body or soup
        self.body = article if ending in HTML else soup
        self.old = self.old or "\n".join([*soup.stripped_strings, *map(str, article(EMBEDDED))])
        if not self.old.strip():
            raise Refusal("it holds no text. There is nothing to import.")
        told = {"title": soup.title, "heading": self.body.h1}
        self.front = {key: " ".join(tag.get_text().split()) for key, tag in told.items() if tag} | self.front

    def rendered(self, text: str) -> str:
        """Markdown as HTML, in which a tag that is none of HTML is text, without its front matter."""
        front = re.match(_FENCED, text) or re.match(_KEYS, text)
        self.front = {key.lower(): value for key, value in _VALUE.findall(front[0] if front else "")}
        parser = MarkdownIt().enable("table").use(admon_plugin).use(footnote_plugin, inline=False)
        parser.add_render_rule("footnote_anchor", lambda *_: "")
        html = parser.render(text[front.end() if front else 0 :])
        return _TAG.sub(lambda tag: tag[0] if tag[1].lower() in defs.tags else escape(tag[0]), html)

    def address_here(self, address: str) -> str:
        """Where an address of the old site leads from the new page, empty where there is no such place."""
        text = re.sub("(?m)^#{4,} .*", "", self.text)  # the book has no anchors further down
        is_here = unquote(address) in map("#{}".format, links.places(text)[1])
        if is_here or re.match("(?i)https?://|mailto:", address):
            return address
        called = _called(unquote(address))
        places = (dirname(self.path).casefold(), dirname(self.page).casefold(), "")
        names = [*(normpath(join(place, called)) for place in places), basename(called)]
        page = next((self.known[name] for name in names if called and name in self.known), "")
        file = disk.page_file(self.portfolio.root, page) if page else None
        path = f"{page}{file.suffix if file else '.md'}"
        return quote(relpath(path, dirname(self.page) or ".")) if page else ""

    def add_picture(self, source: str) -> str:
        """Take a picture that lies beside the old page, in its site or in its text: its new path."""
        if data := re.match(r"data:image/(png|jpe?g|webp);base64,", source):
            ending, raw = f".{data[1]}", base64.b64decode(source[data.end() :])
        else:
            path = re.split(r"[?#]", source)[0].strip("/")
            file = next(each / path for each in self.folders if (each / path).is_file())
            ending, raw = file.suffix.lower(), file.read_bytes()
        name = f"images/{basename(self.page)}-{len(self.pictures) + 1}{ending}"
        self.pictures[join(dirname(self.page), name)] = clean(name, raw)
        return name

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Running text, on one line, with a backslash before what would be a mark."""
        plain = _BRACE.sub(r"\\{", _NO_MARK.sub("", phrases.markdown(text)))
        plain = re.sub(r"^\\\[([ xX])\\\](?=\s)", r"[\1]", plain) if "li" in parent_tags else plain
        if _LEFT.search(text):
            self.look("sign", plain, "a sign of the old site, or of TeX, is text", "Write what it stood for")
        return f"{' ' * text[:1].isspace()}{plain}{' ' * text[-1:].isspace()}" if plain else " "

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: N802 - its name
        """A heading, marked until its place is known; within something else it is bold."""
        line = " ".join(text.split())
        inner = not parent_tags.isdisjoint(_HOLDERS) or el.find_parent(class_="admonition")
        return f"\n\n**{line}**\n\n" if inner and line else f"\n\n{_HEADING}{n} {line}\n\n"

    def convert_input(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A tick of a list of tasks."""
        return f"[{'x' if el.has_attr('checked') else ' '}] "

    def convert_blockquote(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A quotation, or what GitHub shows as an admonition."""
        if mark := re.match(r"\s*\\\[!(\w+)\\\]", text):  # an admonition to GitHub
            return _admonition(mark[1], "", text[mark.end() :])
        return str(_plain.convert_blockquote(self, el, text, parent_tags))

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """An admonition or a diagram, else what stands in it."""
        kinds = [each for each in el.get_attribute_list("class") if each]
        if "mermaid" in kinds:
            return self.convert_pre(el, text, parent_tags)
        if "admonition" not in kinds or "_inline" in parent_tags:
            return str(_plain.convert_div(self, el, text, parent_tags))
        title, _, body = text.strip().partition("\n\n")
        return _admonition(next((each for each in kinds if each != "admonition"), "note"), title, body)

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """An item of a list, or a footnote's text."""
        if note := _NOTE.fullmatch(f"#{el.get('id')}"):
            return f"\n\n[^{note[2]}]: " + text.strip().replace("\n", "\n    ") + "\n\n"
        return str(_plain.convert_li(self, el, text, parent_tags))

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A raised or lowered text, or the mark of a footnote."""
        return text.strip() if el.a or not el.get_text(strip=True) else f"{{{el.name}}}`{el.get_text()}`"

    convert_sub = convert_sup
    convert_figure = convert_details = convert_summary = convert_aside = _plain.convert_figcaption

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A clean picture beside the new page, with words for who cannot see it or a request for them."""
        source, said = unquote(str(el.get("src") or "")), " ".join(str(el.get("alt") or "").split())
        alt = self.escape(said, set()).strip()
        try:
            name = self.add_picture(source)
        except Exception:  # noqa: BLE001 - a foreign picture, or its address, may fail in any way
            new = f"{alt} (`{quote(source[:80], _SAFE)}`)"
            self.look("picture", new, f"the picture {new} is not here", "Put a copy into 'images'")
            return new
        el["src"], el["alt"] = name, alt
        if said and not re.fullmatch(r"\S*(\.\w{3,4}|[/\\]\S*)", said):
            return str(_plain.convert_img(self, el, text, set()))
        self.look("no-words", name, "a picture has no words for who cannot see it", "Write them")
        return f"![{NO_WORDS}]({name}) ({f'{NO_WORDS} {alt}'.strip()})"

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A link to the new page; where it leads nowhere here its words, with the old address behind them."""
        address = quote(unquote(re.sub(r"^//", "https://", str(el.get("href") or "").strip())), _SAFE)
        line = re.sub(r"(?:\\\n|\s)+", " ", text if text.strip("\\\n ") else self.escape(address, set()))
        del el["title"]  # of some, this book makes panels
        if (note := _NOTE.fullmatch(address)) and (note[1] or self.body.find("li", id=address[1:])):
            return "" if note[1] else f"[^{note[2]}]"
        if not address or "_noformat" in parent_tags:
            return text
        if here := self.address_here(address):
            el["href"] = here
            return str(_plain.convert_a(self, el, line, parent_tags))
        new, remedy = f"{line} (`{address}`)", "Make it anew, or register a file as evidence"
        self.look("link", new, f"the link {new.strip()} is text now", remedy)
        return new

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Code with a language that the book knows, and diagrams with words, or a request for them."""
        found = re.search(r'class="(?:language-\W*([\w+#-]+)|mermaid)', str(el))
        name, code = (found[1] or "mermaid").lower() if found else "text", el.get_text().strip("\n")
        source = re.sub(r"\A(?:[ \t]*:\w+: .*\n)*\n*", "", code)
        try:
            lexer = None if name == "mermaid" else get_lexer_by_name(name, filters=["raiseonerror"])
            _ = list(lexer.get_tokens(code)) if lexer else diagrams.render(source, NO_WORDS)
        except Exception as why:  # noqa: BLE001 - a lexer stumbles in any way
            self.look("code", source, f"code of '{name}' is shown as text: {why}", "Write it anew")
            name = "text"
        if name == "mermaid" and not re.search(r"^:alt: *\S|accDescr", code, re.MULTILINE):
            code = f":alt: {NO_WORDS}\n{'' if code.startswith(':') else chr(10)}{code}"
            self.look("no-words", code, "a diagram has no words for who cannot see it", "Write them")
        return f"\n\n{fenced('{mermaid}' if name == 'mermaid' else name, code)}\n\n"


def _of_word(raw: bytes) -> tuple[str, str]:
    """A Word document as HTML, and the paragraphs of all its parts: headers, comments, deletions, boxes."""
    from mammoth import convert_to_html

    parts, found = ZipFile(io.BytesIO(raw)), defaultdict[Any, str](str)
    for name in filter(_SPEAKING.fullmatch, parts.namelist()):
        for text in etree.fromstring(parts.read(name)).iter(*_TEXTS):
            if next(text.iterancestors("{*}Fallback"), None) is None:  # which says it again
                found[next(text.iterancestors("{*}p"), text)] += text.text or " "
    html = convert_to_html(io.BytesIO(raw), style_map="p[style-name='Title'] => h1:fresh").value
    return str(html), "\n".join(found.values())


def _called(address: str) -> str:
    """What an address calls a page: without ending, query, ``index`` and outer slashes."""
    path = re.split(r"[?#]", address.casefold())[0].strip("/")
    return re.sub(r"(/index)?(\.(md|markdown|qmd|rmd|txt|html?|docx))?$", "", path)


def _admonition(kind: str, title: str, text: str) -> str:
    kind, title = re.sub(r"\W", "", kind).lower(), " ".join(title.split())
    body = f":class: {kind}\n\n{text.strip() or title}"  # without a body the book would warn
    return f"\n\n{fenced(f'{{admonition}} {title or kind.capitalize()}', body)}\n\n"


def fenced(info: str, code: str) -> str:
    """Code in a fence that nothing in it can close."""
    mark = "~" if "`" in info else "`"
    fence = mark * max(3, 1 + max((len(run) for run in re.findall(f"{mark}+", code)), default=0))
    return f"{fence}{info}\n{code}\n{fence}"


# -- where to ---------------------------------------------------------------------------------

_KIND = r"(?:[deo]ta|(?:training )?activity)[\s_#.:/-]*"


def _letters(text: str) -> str:
    """The letters of a heading or a name, without a kind and a number before them."""
    text = re.sub(rf"^\W*(?:{_KIND})?(?:\d{{1,3}}(?!\d))?", "", text, count=1, flags=re.IGNORECASE)
    return re.sub(r"[\W_]+", "", text).casefold()


def _speaks_of(activity: Activity, text: str) -> bool:
    """Whether a line speaks of an activity: by key, number or title."""
    text, number = _DATED.sub("", text), rf"0*{activity.key.number}(?!\d)"
    marked = rf"(?<![^\W_])(?:{re.escape(activity.key.module)}[\s/_-]*|{_KIND}){number}"
    first = rf"(?!.*{_KIND}\d)[^\w\n]*{number}(?:\s*[.):\u2013\u2014-]\s|(?=[_.-]\S*$|$))"
    titles = {_letters(activity.title), _letters(basename(activity.page))} - {""}
    same = not titles.isdisjoint(map(_letters, text.split("\n")))
    return same or bool(re.search(f"(?im){marked}|^{first}", text))


def _about(move: Move) -> set[str]:
    """The pages of the activities that an old page may be about, by its front matter, heading and name."""
    told = [move.front.get(key, "") for key in ("dta", "activity", "number", "title", "heading")]
    text, module = "\n".join([*told, move.file.stem]), move.front.get("module", "").casefold()
    every = [each for each in move.portfolio.activities if _speaks_of(each, text)]
    return {each.page for each in every if each.key.module.casefold().startswith(module)}


def find_place(move: Move, to: str) -> None:
    """Choose the page for an old page: what ``to`` names, else the activity that it is about.

    ``to`` is an activity, a folder of the book and a name, or a folder for pages about no activity. Raises
    Refusal for what is no place, or not clear.
    """
    every, path = move.portfolio.activities, normpath(to.strip().replace("\\", "/")).removesuffix(".md")
    folders = set(map(dirname, configuration.toc_files(move.portfolio.root))) - {""}
    with suppress(Refusal):
        path = typed.activity(move.portfolio, to).page
    found = {path} & move.portfolio.activity_on.keys()
    if path in folders or not to:
        found, name = _about(move), _DATED.sub("", move.path).rpartition(".")[0].removesuffix("/index")
        path = f"{path}/{re.sub('[^a-zA-Z0-9]+', '-', name)[-99:].strip('-')}"
    move.page = found.pop() if len(found) == 1 else path
    move.activity = move.portfolio.activity_on.get(move.page)
    if not move.activity and (dirname(path) not in folders or not re.search(r"/[\w-][\w .-]{,99}$", path)):
        keys = ", ".join(str(each.key) for each in every if each.page in found) or f"such as {every[0].key}"
        ways = f"an activity ({keys}), a folder that the contents name (about), or a page in it (about/Page)"
        raise Refusal(f"no place is clear from front matter, heading and name. Say it with --to: {ways}.")


# -- arranging --------------------------------------------------------------------------------


def _as_page(move: Move, markdown: str) -> str:
    """The page with the heading and sections that it wants; an old title that says something else stays."""
    lead, *rest = re.split(rf"^{_HEADING}(\d) (.*)\n*", markdown, flags=re.MULTILINE)
    parts = [("0", "", lead), *zip(rest[::3], rest[1::3], rest[2::3], strict=True)]
    title = move.escape(move.front.get("title", ""), set()).strip()
    if not lead.strip() and rest[:1] == ["1"]:
        title, parts[:2] = rest[1], [("0", "", rest[2])]
    if not (activity := move.activity):
        return _arranged(title or basename(move.page), "", parts, ())
    status = progress.status(move.portfolio, activity.key)
    planned = status is progress.Status.NOT_STARTED and "plan" in (_letters(name) for _, name, _ in parts)
    said = f"**{title}**" if _letters(title) not in ("", _letters(activity.title)) else ""
    sections = pages.PLAN_SECTIONS if planned else pages.STARTED_SECTIONS
    return _arranged(phrases.plain(activity.heading), said, parts, sections)


def _arranged(title: str, said: str, parts: list[tuple[str, str, str]], sections: tuple[str, ...]) -> str:
    """The parts of an old page (level, heading, text) in the sections of the contract, in their order.

    What follows a section's heading stays in it; what no section holds is the reflection, or the plan, with
    what is ``said`` at its head; ``sections`` are none for a further page. No heading jumps a level:
    ``above`` are the old levels of those above a text.
    """
    names = {_letters(name): name for name in sections}
    headings = {*map(_letters, list(zip(*parts, strict=True))[1])}
    texts = {"": [f"# {title}"], **{name: [f"## {name}"] for name in sections}}
    main = "".join(sections[len(sections) // 2 :][:1])
    texts[main].append(said)
    place, above = main if names.keys().isdisjoint(headings) else "", list[str]()
    for level, heading, text in parts:
        if found := names.pop(_letters(heading), ""):
            place, above = found, []
        elif heading:
            place, above = place or main, [*(each for each in above if each < level), level]
            texts[place].append(f"{'#' * min(6, 1 + bool(sections) + len(above))} {heading}")
        texts[place].append(text.strip())
    for name in sections:
        texts[name].append(f"This part is {pages.UNWRITTEN}." * (not any(texts[name][1:])))
    return "\n\n".join(filter(None, chain.from_iterable(texts.values()))) + "\n"


# -- the whole --------------------------------------------------------------------------------


Prepared = tuple[list[Move], list[str]]


def prepare(portfolio: Portfolio, source: Path, to: str = "", *, replace_: bool = False) -> Prepared:
    """Make pages of this book of an old page, or of a folder of them; nothing is written.

    Returns them, and for each page that has no clear place, or whose place is taken, the reason. Raises
    Refusal where there is no page at all.
    """
    files, folder = _pages_in(source), source if source.is_dir() else source.parent
    known = {page.casefold(): page for page in configuration.toc_files(portfolio.root)}
    moves = [Move(portfolio, folder, file, known) for file in files]
    taken, refused = dict[str, Move](), dict[str, list[str]]()  # by page, and by what speaks against them

    def begin(move: Move) -> None:
        move.read()
        find_place(move, to)
        names = (move.path, move.front.get("permalink", ""), _DATED.sub("", move.file.name))
        known.update(dict.fromkeys(map(_called, names), move.page))
        _check_free(move, taken.setdefault(move.page, move), replace_=replace_)

    for step in (begin, _finish):
        for move in tuple(moves):
            try:
                step(move)
            except Exception as error:  # noqa: BLE001 - a foreign file may be broken in any way
                remedy = INSTALL if isinstance(error, ModuleNotFoundError) else "Save it anew, and simpler."
                why = str(error) if isinstance(error, Refusal) else f"it cannot be read ({error}). {remedy}"
                refused.setdefault(why, []).append(move.path)
                moves.remove(move)
    return moves, [f"{', '.join(names)}: {why}" for why, names in refused.items()]


def _pages_in(source: Path) -> list[Path]:
    """The page files of an older site, without what is hidden or was built; or the one that is named."""
    if not source.exists():
        raise Refusal(f"{source} does not exist. Name a page, or a folder of pages.")
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    found = [each for each in paths if each.suffix.lower() in MARKDOWN | HTML | WORD]
    hidden = re.compile(rf"{re.escape(str(source))}.*[/\\](?:\.|~\$|_build|_site|node_modules)")
    if files := [each for each in found if not hidden.match(str(each))]:
        return files
    raise Refusal(f"{source} holds no page of Markdown, HTML or Word. Save it as Markdown (.md) first.")


def _check_free(move: Move, first: Move, *, replace_: bool) -> None:
    """Raise Refusal where another page comes, a notebook stands, or a page that is not a mere draft."""
    page, path = move.page, disk.page_file(move.portfolio.root, move.page)
    if first is not move:
        raise Refusal(f"it would be {page}.md, as {first.file.name} is. Import it alone, with --to.")
    text = disk.read_text(path) if path and (path.suffix == ".ipynb" or not replace_) else ""
    if text.strip() and not (move.activity and drafts.is_draft(move.portfolio, move.activity, text)):
        kept = "--replace (no notebook is; portfolio undo brings back what stands there)"
        raise Refusal(f"{page} is written already. Import with {kept}, or with --to to another page.")


def _finish(move: Move) -> None:
    """Make the page, and list what needs a look."""
    for element in move.body(DROPPED):
        element.extract()
    for code in move.body.select(":is(td, th) code"):
        code.string = code.get_text().replace("|", r"\|")
    for _ in range(2):  # the first time shows which headings there are to link to
        move.looks, move.pictures = [], {}
        move.text = _as_page(move, move.convert(str(move.body)).strip())
    lines = move.old.split("\n")
    if kept := not_whole(move.old, shown(move.text)):
        move.text += "".join(f"\n{_kept(number + 1, lines[number])}" for number in kept) + "\n"
        numbers = ", ".join(str(number + 1) for number in kept)
        move.look("lines", "% Old", f"lines of the old page stand here for you alone: {numbers}", "Read them")
    move.looks = _found(move)


def _kept(number: int, line: str) -> str:
    """A line as a comment: it holds no link, and the day of a file or an address is nobody's encounter."""
    line = f"as published: `{line.strip()}`" if _DATED.search(line) else line
    return f"% Old line {number}: {line.replace('](', '] (')}".rstrip()


def _found(move: Move) -> list[Finding]:
    """What screening finds, identifiers first, and what was noted."""
    text, known = move.text, decisions.known(move.portfolio.root, move.portfolio)
    found = sorted(leaving.screen([(f"{move.page}.md", text.encode())], *known), key=lambda each: each.code)
    built = "; the book is not built until it is out"
    asked = [replace(each, remedy=each.remedy + built * (each.code != leaving.TERM)) for each in found]
    places = {each: max(0, text.find(each.value.strip().split("\n")[0])) for each in move.looks}
    return asked + [replace(each, value="", line=1 + text.count("\n", 0, at)) for each, at in places.items()]


def place(portfolio: Portfolio, move: Move) -> None:
    """Write a page, its pictures and the table of contents, each in one step.

    Raises WriteError where a file cannot be written; what stood before it is then as it was.
    """
    for path, content in {**move.pictures, f"{move.page}.md": move.text.encode()}.items():
        writing.put(portfolio.root, portfolio.root / path, content)
    drafts.list_page(portfolio.root, move.page)

"""Markdown of other engines as Markdown of this book: Jekyll's kramdown and Liquid, GitHub's, R's, plain pages.

Nothing is dropped. What this book would swallow is escaped, what it cannot show becomes text, and what
is no text stands as it was in an author's comment (a line that begins with ``%``) below its block. What
a reader of the old page did not see either (comments, attributes, includes) is such a comment as well.
At last the book's own parser reads the result: a block of which it would lose a word, or that would
fail the strict build, is shown literally instead.
"""

from __future__ import annotations

import html
import re
import textwrap
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Answer = tuple[str | None, str]  # the new address, None where there is none; what needs a look, or nothing


class Links(Protocol):
    """Says what an address of the old page is in this book."""

    def page(self, address: str) -> Answer:
        """The address of a page here."""

    def picture(self, address: str) -> Answer:
        """The address of a picture here."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something that a person should look at: what and what to do, and the words of the page it is at."""

    text: str
    near: str = ""


@dataclass
class Block:
    """A block of the page: its Markdown, the comments below it, what needs a look, and what it was made from.

    ``kind`` is ``heading`` (with its ``level`` and no marks, and a ``label`` where a link needs one),
    ``rule``, ``definition``, ``note`` (comments alone) or ``text``.
    """

    kind: str
    lines: list[str]
    source: str = ""
    level: int = 0
    label: str = ""
    notes: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def written(self) -> list[str]:
        """The lines of the block as they stand on the page, without what follows it."""
        head = [f"{'#' * self.level} {self.lines[0]}"] if self.kind == "heading" else list(self.lines)
        if self.label:
            head.insert(0, f"({self.label})=")
        notes = [f"% {_no_link(line)}".rstrip() for note in self.notes for line in note.split("\n")]
        return [*head, *([""] if head and notes else []), *notes]

    def literal(self) -> None:
        """Show the block as it stood, in a fence."""
        if self.kind == "heading":
            title = " ".join(re.sub(r"^ {0,3}#+|\s#+\s*$|\n[ \t]*(?:=+|-+)[ \t]*$", "", self.source).split())
            self.lines = [re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", title)]
            return
        self.kind, self.lines = "text", fenced("text", self.source)
        self.looks.append(Look("this is shown literally, since the book would lose a part of it: write it anew"))


def _no_link(comment: str) -> str:
    """A comment in which nobody looks for a link, since what it names need not be there."""
    return re.sub(r"`[^`]*`|\]\(", lambda match: match[0] if match[0].startswith("`") else "] (", comment)


_VALUE = re.compile(r"(?:([\w-]+)\s*=\s*)?(?:\"([^\"]*)\"|'([^']*)')")
_NO_PROSE = re.compile(
    r"class|id|style|src|srcset|href|url|path|width|height|markdown|rel|target|v?align|type|(?:frame)?border|allow.*|on.*|"
    r"col(?:span|or)|rowspan|scope|loading|layout|bgcolor|cell.*",
    re.IGNORECASE,
)


def quiet(raw: str) -> str:
    """What is no prose, as code, about whose words nobody is asked; texts in it stay open to that."""
    said = [(match[1] or "src", match[2] or match[3] or "") for match in _VALUE.finditer(raw)]
    prose = any(re.search(r"[A-Z]|\s", text) and not _NO_PROSE.fullmatch(name) for name, text in said)
    prose = prose or (
        re.search(r">[^<>]*[^\W\d_]{2}[^<>]*<", raw) and not re.match(r"<(?:script|style)\b", raw, re.IGNORECASE)
    )
    return raw if prose or "`" in raw else "\n".join(f"`{line.strip()}`" for line in raw.split("\n") if line.strip())


LETTERS = re.compile(r"[^\W_]+|[^\s\x00-\x7f]")


def words(text: str) -> Counter[str]:
    """The words of a text, and its signs beyond ASCII, each with its number."""
    return Counter(LETTERS.findall(text))


def fenced(language: str, code: str) -> list[str]:
    """Code in a fence that nothing in it can close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
    return [f"{ticks}{language}", *code.removesuffix("\n").split("\n"), ticks]


# -- what is set apart before the blocks are read ---------------------------------------------

_MARK = re.compile("\ufdd0(\\d+)\ufdd1")
_KEPT = re.compile("\ufdd2(/?)(\\w+)\ufdd3")
_NOTHING = "\ufdd00\ufdd1"
_APART = re.compile(
    r"""
      (?P<escape> \\[\\`<{] )
    | (?P<span> (?<!`)(?P<ticks>`+)(?!`) (?:(?!\n[ \t]*\n)[\s\S])*? (?<!`)(?P=ticks)(?!`) )
    | (?P<comment> <!--[\s\S]*?--> )
    | (?P<highlight> \{%-?\s*highlight\s+(?P<lang>[\w+#.-]+)[^%]*%\}\n?(?P<code>[\s\S]*?)\{%-?\s*endhighlight\s*-?%\} )
    | (?P<hidden> \{%-?\s*comment\s*-?%\}[\s\S]*?\{%-?\s*endcomment\s*-?%\}
        | \{::comment\}[\s\S]*?\{:/(?:comment)?\} | \{::/?[a-z_]+[^{}\n]*\}
        | <(?P<tag>script|style|svg|math|template|noscript|object|video|audio|canvas)\b[\s\S]*?</(?P=tag)\s*> )
    | (?P<mermaid> <(?P<box>div|pre)\b[^>]*\bmermaid\b[^>]*>(?P<drawing>[\s\S]*?)</(?P=box)\s*> )
    | (?P<pre> <pre\b[^>]*>(?P<plain>[\s\S]*?)</pre\s*> )
    | (?P<table> <table\b(?:(?!<table\b)[\s\S])*?</table\s*> )
    | (?P<liquid> \{%(?:(?!\n[ \t]*\n)[\s\S])*?%\} | \{\{(?:(?!\n[ \t]*\n)[\s\S])*?\}\} )
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)"
    r"(?P<attributes>(?:\s+[A-Za-z_:@][\w:.-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*)\s*/?>"
)
_HTML = frozenset(
    "a abbr acronym address article aside audio b base bdi bdo big blockquote body br button canvas caption center cite "
    "code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font "
    "footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li "
    "link main map mark menu meta meter nav noscript object ol optgroup option output p param picture pre progress q s "
    "samp script section select small source span strike strong style sub summary sup svg table tbody td template "
    "textarea tfoot th thead time title tr track tt u ul var video wbr".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 head header html legend main menu nav ol option p section summary table tbody tfoot thead title "
    "tr td th ul".split()
)
_KEEP = frozenset("b br del em i ins kbd mark s small strong sub sup u".split())  # raw, without attributes
_JOINING = frozenset("abbr acronym bdi bdo big cite data dfn font label q samp span time var wbr".split())
_BARE = re.compile(rf"</?({'|'.join(sorted(_HTML, key=len, reverse=True))})\s*/?>", re.IGNORECASE)
_NEVER_CLOSED = re.compile(r"\s*<(?:!--|\?|![A-Za-z\[]|(?:script|pre|style|textarea)\b)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});")
_A_PLAIN = re.compile(r"<a\s+href=([\"'])([^\"']*)\1\s*>", re.IGNORECASE)


def without_tags(source: str) -> str:
    """A source without the names of HTML tags that say nothing but what they are."""
    source = _A_PLAIN.sub(r" \2 ", source)
    return _BARE.sub(lambda match: "" if match[1].lower() in _JOINING else " ", source)


def entities(text: str) -> str:
    """A text with its HTML entities as what they stand for."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def attribute(tag: str, name: str) -> str:
    """The value of an attribute in a tag, empty where it has none."""
    found = re.search(rf"\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", tag, re.IGNORECASE)
    return entities(next((value for value in found.groups() if value is not None), "")) if found else ""


# -- parsers ----------------------------------------------------------------------------------


@cache
def _plain_parser() -> MarkdownIt:
    """A parser of what the old engines have in common."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"inline_definitions": True}).enable("table").use(footnote_plugin)
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser.disable(["footnote_inline", "footnote_tail", "inline"])


@cache
def book_parser(extensions: tuple[str, ...]) -> MarkdownIt:
    """The book's own parser, with the extensions of ``_config.yml``; it leaves addresses as they are written."""
    from markdown_it.renderer import RendererHTML
    from myst_parser.config.main import MdParserConfig
    from myst_parser.parsers.mdit import create_md_parser

    parser = create_md_parser(MdParserConfig(enable_extensions=set(extensions)), RendererHTML)
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def slug(heading: str) -> str:
    """The anchor of a heading, as MyST writes it."""
    return re.sub(r"[^\w\u4e00-\u9fff\- ]", "", heading.lower().replace(" ", "-"))


# -- code and diagrams ------------------------------------------------------------------------


def _language(name: str, code: str) -> str:
    """A language in which the code can be coloured without a warning; ``text`` for none."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    name = name.lower()
    if not name:
        return ""
    try:
        lexer = get_lexer_by_name("pycon" if name.startswith("py") and code.startswith(">>>") else name)
    except ClassNotFound:
        return "text"
    lexer.add_filter("raiseonerror")
    try:
        for _ in lexer.get_tokens(code):
            pass
    except Exception:  # noqa: BLE001 - a lexer may stumble in any way
        return "text"
    return name


def _code(info: str, code: str) -> tuple[list[str], list[str], list[Look]]:
    """A fence of this book for a fence of the old page; notes, and what needs a look."""
    info = info.strip()
    first, _, rest = info.partition(" ")
    inner = re.match(r"\{\.?([\w+#-]*)", info)
    name = inner[1] if inner else first
    if name == "mermaid":
        return _diagram("{mermaid}" if inner else "mermaid", info, code)
    language = _language(name, code)
    lines = fenced(language, code)
    notes, looks = [], []
    if rest or inner or language != name:
        notes.append(f"old fence: {quiet(info)}")
    if inner:
        looks.append(Look(f"the fence of '{info}' is shown as code and runs nothing: check what it shows", info))
    return lines, notes, looks


def _diagram(opening: str, info: str, code: str) -> tuple[list[str], list[str], list[Look]]:
    from importlib.util import find_spec

    from stp_portfolio import diagrams

    notes = [f"old fence: {info}"] if info not in ("mermaid", "{mermaid}") else []
    head = re.match(r"---\n([\s\S]*?)\n---\n", code)
    if head:
        notes.append(f"old diagram's settings:\n{head[1]}")
        code = code[head.end() :]
    options = re.match(r"(?:[ \t]*:(?:caption|alt|name): .*\n)*\n*", code)
    try:
        if find_spec("quickjs"):
            diagrams.render(code[options.end() :] if options else code)
    except diagrams.DiagramError as error:
        notes.append(f"old fence: {info}")
        return fenced("text", code), notes, [Look(f"this diagram cannot be drawn and is shown as text: {error}")]
    return fenced(opening, code), notes, []


# -- conversion -------------------------------------------------------------------------------

_PREFIX = r"(?P<prefix>(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*)"
_SWALLOWED = re.compile(rf"^{_PREFIX}(?P<what>%|\+{{3}}|:{{3}}|\([^\n()]+\)=[ \t]*$)", re.MULTILINE)
_DEFINES = re.compile(rf"^{_PREFIX}(?P<what>[:~][ \t])", re.MULTILINE)
_PREFIX_ALONE = re.compile(rf"{_PREFIX}$")
_EXPOSED = re.compile(
    r"(\d{0,9})(?=#{1,6}(?:\s|$)|>|[-*+](?:\s|$)|[.)](?:\s|$)|=+\s*$|-+\s*$|~{3}|`{3}|\||[:~]\s|\[[^\]\n]+\]:)",
    re.MULTILINE,
)
_NEW_ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(rf"^{_PREFIX}(?P<ticks>`{{3,}}|~{{3,}})(?P<info>.*)$")
_SPECIAL = re.compile(r"\\[^\ufdd0]|`+|!?\[|<|\{|\ufdd0\d+\ufdd1|https?://")
_WIKI = re.compile(r"(?P<embed>!?)\[\[(?P<page>[^\[\]\n|]+)(?:\\?\|(?P<text>[^\[\]\n]+))?\]\](?!\()")
_ROLE = re.compile(r"\{(?!sub\}|sup\})[\w:+-]{1,36}\}(?=`)")
_FLAWED_ALT = re.compile(r"\S*\.(?:png|jpe?g|gif|svg|webp)|\S*[/\\]\S*|[0-9a-fA-F_-]{16,}", re.IGNORECASE)
_PUBLISHED = "old link, as published:"
_REACHES_OUT = ("http:", "https:", "mailto:")


def not_swallowed(text: str) -> str:
    """Text whose lines MyST takes for text, too."""
    return _SWALLOWED.sub(r"\g<prefix>\\\g<what>", text)


def blocks(text: str, links: Links, *, kramdown: bool) -> list[Block]:
    """The blocks of an old page's text (plain line ends, no front matter) in this book's Markdown.

    ``kramdown`` says whether a line that begins with a colon defines a term.
    """
    return _Converter(links, kramdown=kramdown).run(text)


class _Converter:
    def __init__(self, links: Links, *, kramdown: bool) -> None:
        self.links, self.kramdown = links, kramdown
        self.pieces: list[str] = [""]
        self.references: dict[str, dict[str, str]] = {}
        self.notes: list[str] = []
        self.looks: list[Look] = []

    # -- pieces

    def mark(self, raw: str) -> str:
        self.pieces.append(raw)
        return f"\ufdd0{len(self.pieces) - 1}\ufdd1"

    def expand(self, text: str) -> str:
        while _MARK.search(text):
            text = _MARK.sub(lambda match: self.pieces[int(match[1])], text)
        return text

    def look(self, text: str, near: str = "") -> None:
        self.looks.append(Look(self.said(text), self.said(near)))

    def note(self, text: str) -> None:
        self.notes.append(self.said(text))

    def said(self, text: str) -> str:
        return self.expand(_KEPT.sub(r"<\1\2>", text))

    # -- before the blocks

    def run(self, text: str) -> list[Block]:
        text = self.set_apart(text)
        while (opened := self.opened(text)) is not None:
            text = opened
        return list(self.split(text))

    def set_apart(self, text: str) -> str:
        """The text with what must not be read as Markdown replaced by marks."""
        kept = _verbatim(_tokens(text), text)
        done: list[str] = []
        place = 0
        while match := _APART.search(text, place):
            if inside := next((end for start, end in kept if start <= match.start() < end), None):
                done.append(text[place:inside])
                place = inside
                continue
            done.append(text[place : match.start()])
            done.append(self.replacement(match, text))
            place = match.end()
        return "".join(done) + text[place:]

    def replacement(self, match: re.Match[str], text: str) -> str:
        raw = match[0]
        if match["escape"] or match["span"]:
            return raw
        start = text.rfind("\n", 0, match.start()) + 1
        indent = text[start : match.start()]
        alone = not indent.strip() and len(indent) < 4 and re.match(r"[ \t]*(?:\n|\Z)", text[match.end() :])
        if match["highlight"]:
            tags = re.findall(r"\{%.*?%\}", raw)
            mark = "".join(map(self.mark, (tags[0], tags[-1])))
            return self.apart(indent, fenced(match["lang"], match["code"]), mark)
        if match["mermaid"]:
            drawing = textwrap.dedent(entities(match["drawing"]).strip("\n"))
            return self.apart(indent, fenced("mermaid", drawing), self.tag_mark(raw))
        if match["pre"]:
            found = re.search(r"language-([\w+#-]+)", raw)
            lines = fenced(found[1] if found else "", _unmarked(match["plain"]))
            return self.apart(indent, lines, "".join(self.tag_mark(tag[0]) for tag in _TAG.finditer(raw)))
        if match["table"]:
            lines, rest = _table(raw)
            marks = "".join(self.tag_mark(tag[0]) for tag in _TAG.finditer(raw) if tag["name"].lower() in _FLAT)
            return self.apart(indent, [*rest, "", *lines], marks)
        mark = self.mark(raw)
        # What the old engine read as a block ends a paragraph; what was gone before that engine began does not.
        block = raw.startswith("<") or not text[:start].strip() or text[:start].endswith("\n\n")
        return f"\n{indent}{mark}\n" if alone and block else mark

    def apart(self, indent: str, lines: list[str], mark: str) -> str:
        """Lines as a block of their own at an indent, with a mark below them."""
        indent = indent if not indent.strip() else ""
        return "\n\n" + "\n".join(indent + line for line in [*lines, "", mark or _NOTHING]) + "\n\n"

    def tag_mark(self, raw: str) -> str:
        """A mark for a tag that has attributes; nothing for one that only says what it is."""
        tag = _TAG.match(raw)
        if tag is None:
            opening = re.match(r"<[^>]*>", raw)
            return self.mark(opening[0]) if opening else ""
        return self.mark(tag[0]) if tag["attributes"].strip() else ""

    def opened(self, text: str) -> str | None:
        """The text with its raw blocks of HTML turned into Markdown; None where there are none."""
        lines = text.split("\n")
        found = [token for token in _tokens(text) if token.type == "html_block" and token.map]
        for token in reversed(found):
            first, last = token.map  # type: ignore[misc]
            if token.level or _NEVER_CLOSED.match(lines[first]):
                lines[first] = lines[first].replace("<", f"{_NOTHING}<", 1)
            else:
                lines[first:last] = ["", *self.unwrapped("\n".join(lines[first:last])).split("\n"), ""]
        return "\n".join(lines) if found else None

    def unwrapped(self, raw: str) -> str:
        """Raw HTML as Markdown: its blocks apart, its headings and lists as such; tags in a line stay for later."""

        def heading(match: re.Match[str]) -> str:
            title = " ".join(match["title"].split())
            return f"\n\n{'#' * int(match['level'])} {title}{self.tag_mark(match['tag'])}\n\n"

        depth: list[str] = []

        def tag(match: re.Match[str]) -> str:
            name, end = match["name"].lower(), bool(match["end"])
            kept = self.tag_mark(match[0])
            if name in ("ul", "ol"):
                if end and depth:
                    depth.pop()
                elif not end:
                    depth.append("1." if name == "ol" else "-")
                return f"{kept}\n" if depth and (end or len(depth) > 1) else f"\n\n{kept}\n\n"
            if name == "li":
                indent = "   " * max(0, len(depth) - 1)
                return "" if end else f"\n{_NOTHING}{indent}{depth[-1] if depth else '-'} {kept}"
            if name == "blockquote":
                return "\n\n" if end else f"\n\n{kept}\n\n> "
            if name == "hr":
                return f"\n\n{kept}\n\n***\n\n"
            return f"\n\n{kept}\n\n" if name in _BLOCKS else match[0]

        raw = re.sub(
            r"(?P<tag><h(?P<level>[1-6])\b[^>]*>)(?P<title>[\s\S]*?)</h(?P=level)\s*>",
            heading,
            raw,
            flags=re.IGNORECASE,
        )
        lines = [line.lstrip() for line in _TAG.sub(tag, raw).split("\n")]
        # What a list item began with holds its indent; what begins with a tag is running text from here on.
        lines = [line.removeprefix(_NOTHING) if line.startswith(_NOTHING) else line for line in lines]
        return "\n".join(re.sub(r"^(\s*)<", rf"\1{_NOTHING}<", line) for line in lines)

    # -- blocks

    def split(self, text: str) -> Iterator[Block]:
        lines = text.split("\n")
        tokens = _tokens(text)
        defined = self.definitions(tokens)
        unread = _unread_notes(text, tokens)
        for index, token in enumerate(tokens):
            if token.level or token.map is None or token.nesting < 0:
                continue
            first, last = token.map
            while last > first and not lines[last - 1].strip():
                last -= 1
            own = lines[first:last]
            source = self.expand("\n".join(own))
            if token.type == "paragraph_open":
                own[0] = own[0].lstrip()  # else a list above could take it
            if token.type == "definition":
                block = self.definition(own, token, defined)
            elif token.type == "heading_open":
                title = self.inline(" ".join(tokens[index + 1].content.split("\n")), heading=True)
                title = self.finish(title, rows=True).strip()
                block = Block("heading", [title], level=int(token.tag[1])) if title else Block("note", [])
            elif token.type == "hr":
                block = Block("rule", ["---"])
            elif token.type in ("fence", "code_block"):
                content, notes, looks = _code(self.expand(token.info), self.expand(token.content))
                self.notes += notes
                self.looks += looks
                block = Block("text", content)
            else:
                nested = [each for each in tokens[index + 1 :] if each.map and first <= each.map[0] < last]
                block = Block("text", self.text(own, first, nested, unread, rows=token.type == "table_open"))
                if token.type == "paragraph_open" and all(re.match(r"\s*\|.*\|\s*$", line) for line in own):
                    self.look("this looks like a table without a header row: add one, and a row of dashes", own[0])
            block.source = source
            block.notes, block.looks, self.notes, self.looks = self.notes, self.looks, [], []
            if block.kind == "text" and not any(line.strip() for line in block.lines):
                block.kind, block.lines = "note", []
            if any("$$" in line for line in block.lines) and token.type not in ("fence", "code_block"):
                block.looks.append(Look("a formula in TeX is shown as text: write it as {math}, or in words", "$$"))
            yield block

    def definitions(self, tokens: list[Token]) -> dict[int, bool]:
        """Whether each definition of a link stays, by its first line; the others go into the text."""
        stays: dict[int, bool] = {}
        for token in tokens:
            if token.type != "definition" or token.map is None:
                continue
            meta = token.meta
            address = self.expand(meta["url"])
            reaches = address.lower().startswith(_REACHES_OUT) and not _is_panel(meta["title"])
            new = meta["id"] not in self.references
            keeps = reaches and new and not token.level and meta["id"] != "X"  # [x] is a done task
            stays[token.map[0]] = keeps
            if new:
                self.references[meta["id"]] = {
                    "address": meta["url"],
                    "title": meta["title"],
                    "keeps": "yes" if keeps else "",
                }
        return stays

    def definition(self, own: list[str], token: Token, stays: dict[int, bool]) -> Block:
        if token.map and stays.get(token.map[0]):
            return Block("definition", [self.expand(line) for line in own])
        self.note(f"{_PUBLISHED} {quiet(' '.join(line.strip() for line in own))}")
        return Block("note", [])

    def text(self, own: list[str], first: int, nested: list[Token], unread: set[int], *, rows: bool) -> list[str]:
        """The lines of a paragraph, list, quotation, table or footnote."""
        if re.search(r"\{:\s*toc\b", "\n".join(own)) or re.fullmatch(
            r"\s*(?:\[TOC\]|\[\[_?TOC_?\]\])\s*", "\n".join(own), flags=re.IGNORECASE
        ):
            self.note("old page: " + quiet("\n".join(own)))
            return []
        code = {line for t in nested if t.type in ("fence", "code_block") and t.map for line in range(*t.map)}
        openings = {t.map[0]: t for t in nested if t.type == "fence" and t.map}
        rules = {t.map[0] for t in nested if t.type == "hr" and t.map}
        defined = {line for t in nested if t.type == "definition" and t.map for line in range(*t.map)}
        done: list[str] = []
        run: list[str] = []

        def close() -> None:
            if run:
                done.extend(self.finish_lines(self.inline("\n".join(run)), rows=rows))
                run.clear()

        for number, line in enumerate(own, start=first):
            if number in code:
                close()
                done.append(self.opening(line, openings[number]) if number in openings else self.expand(line))
                continue
            line = line[: len(line) - len(line.lstrip())].expandtabs(4) + line.lstrip()
            if number in unread:
                line = line.replace("[^", "\\[^", 1)
            if number in defined:
                close()
                prefix = re.match(_PREFIX, line)[0]  # type: ignore[index]
                self.note(f"{_PUBLISHED} {quiet(self.expand(line[len(prefix) :]))}")
                done.append(prefix)
                continue
            if number in rules:
                close()
                done.append(re.sub(r"([-*_])(?=[-*_ \t]*$)", r"\\\1", line))
                continue
            if rows or not line.strip() or _NEW_ITEM.match(line):
                close()
            (run if line.strip() else done).append(line)
        close()
        return done

    def opening(self, line: str, fence: Token) -> str:
        """The first line of a fence inside a list or quotation."""
        match = _FENCE.match(line)
        if match is None:
            return self.expand(line)
        lines, notes, looks = _code(self.expand(fence.info), self.expand(fence.content))
        if "mermaid" in lines[0] and fence.content.startswith("---"):  # its settings cannot be taken out here
            lines, notes = ["```text"], [f"old fence: {quiet(fence.info)}"]
            looks = [Look("this is shown literally, since the book would lose a part of it: write it anew")]
        self.notes += notes
        self.looks += looks
        return f"{match['prefix']}{match['ticks']}{lines[0].lstrip('`')}"

    # -- running text

    def finish_lines(self, text: str, *, rows: bool = False) -> list[str]:
        """Lines of a run without those that hold nothing any more, and with what MyST would take for its own escaped."""
        lines = self.finish(text, rows=rows).split("\n")
        lines = [line for line in lines if line.strip(" \t>") or line.strip(" \t") == ">"]
        text = not_swallowed("\n".join(lines))
        if not self.kramdown:
            text = _DEFINES.sub(r"\g<prefix>\\\g<what>", text)
        return text.split("\n") if text else []

    def finish(self, text: str, *, rows: bool = False) -> str:
        """A run with the tags that may stay, where they come in pairs; lines break there as in Markdown, but not in ``rows``."""
        for name in {match[2] for match in _KEPT.finditer(text)}:
            if name != "br" and text.count(f"\ufdd2{name}\ufdd3") != text.count(f"\ufdd2/{name}\ufdd3"):
                text = re.sub(f"\ufdd2/?{name}\ufdd3", " ", text)
        text = re.sub("(?:\ufdd2/?br\ufdd3\\s*)+$", "", text)
        if not rows:
            text = re.sub("[ \t]*(?:\ufdd2/?br\ufdd3[ \t]*)+\n?[ \t]*(?=[^\\W\\d_])", "\\\\\n", text)
        text = re.sub("\ufdd2/?br\ufdd3", "<br> ", text)
        return self.expand(_KEPT.sub(r"<\1\2>", text))

    def inline(self, text: str, *, in_link: bool = False, heading: bool = False) -> str:
        """Running text of the old page as running text of this book."""
        done: list[str] = []
        place, line = 0, ""
        while match := _SPECIAL.search(text, place):
            start = match.start()
            line = (line + text[place:start]).rsplit("\n", 1)[-1]
            done.append(text[place:start])
            found, place = self.special(text, match, in_link=in_link)
            tag = _TAG.match(text, start) if match[0] == "<" else None
            if found != text[start:place]:
                found, place = _fitted(line, found, text, place, parts=not tag or tag["name"].lower() not in _JOINING)
            line = (line + found).rsplit("\n", 1)[-1]
            done.append(found)
        result = "".join(done) + text[place:]
        if heading and (ids := re.search(r"[ \t]*(\{#[^{}\n]*\})[ \t]*$", result)):
            self.note(f"old page: {quiet(ids[1])}")
            result = result[: ids.start()]
        return result

    def special(self, text: str, match: re.Match[str], *, in_link: bool) -> tuple[str, int]:
        """What becomes of the special sign at a match, and where to go on."""
        sign, start = match[0], match.start()
        if sign.startswith("\\"):
            return sign, match.end()
        if sign.startswith("`"):
            closing = re.compile(rf"(?<!`)`{{{len(sign)}}}(?!`)").search(text, match.end())
            end = closing.end() if closing else match.end()
            return self.expand(text[start:end]), end
        if sign.startswith("\ufdd0"):
            return self.piece(self.pieces[int(sign[1:-1])]), match.end()
        if sign.startswith("http"):
            return self.bare_address(text, start, in_link=in_link)
        if sign == "{":
            return self.braces(text, start)
        if sign == "<":
            return self.angle(text, start, in_link=in_link)
        return self.bracket(text, start, in_link=in_link)

    def piece(self, raw: str) -> str:
        """What was set apart, in running text: a comment for what no reader saw, text for what one saw."""
        if raw.startswith("<!--"):
            self.note(raw[4:-3].strip())
        elif raw.startswith("{{"):
            self.look(f"'{raw}' is a placeholder of the old site, shown as it is: write what it stood for", raw)
            return "\\" + self.mark(raw)
        elif raw:
            self.note(f"old page: {quiet(raw)}")
            name = re.match(r"\{%-?\s*(\w+)|<(\w+)", raw)
            what = (name[1] or name[2]).lower() if name else ""
            if raw.startswith("{%") and what in ("include", "include_relative", "if", "unless", "case", "for"):
                self.look(f"'{what}' of the old site does nothing here: write what it showed", raw.split("\n")[0])
            elif what in _OUTSIDE:
                self.look(
                    f"'{what}' of the old page is not taken over: say in words what it showed", raw.split("\n")[0]
                )
            elif re.match(r"<[^>]*\s(?:style|on\w+)\s*=", raw):
                self.look(
                    f"the style of '{what}' is not taken over: check that the text says it without", raw.split("\n")[0]
                )
        return ""

    def bare_address(self, text: str, start: int, *, in_link: bool) -> tuple[str, int]:
        address = re.match(r"[^\s<>\[\]\"'`|\\\ufdd0*]+", text[start:])[0].rstrip(".,;:!?_~")  # type: ignore[index]
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?_~")
        end = start + len(address)
        before, after = text[:start][-1:], text[end : end + 1]
        plain = in_link or before in ("<", '"', "'", "=") or after == "\ufdd0" or len(address) < 10
        return (address if plain else f"<{address}>"), end

    def braces(self, text: str, start: int) -> tuple[str, int]:
        rest = text[start:]
        if match := re.match(r"\{:[^{}\n]*\}|\{::[^{}\n]*/?\}", rest):
            self.note(f"old page: {quiet(match[0])}")
            return "", start + match.end()
        if text[:start][-1:] in ("]", ")") and (match := re.match(r"\{[.#][\w-][^{}\n]*\}", rest)):
            self.note(f"old page: {quiet(match[0])}")
            return "", start + match.end()
        if _ROLE.match(rest) or rest.startswith("{{"):
            return "\\{", start + 1
        return "{", start + 1

    # -- HTML in running text

    def angle(self, text: str, start: int, *, in_link: bool) -> tuple[str, int]:
        if match := re.match(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:)[^\s<>]*>|<[\w.+-]+@[\w.-]+>", text[start:]):
            address = match[0]
            end = start + len(address)
            if "\ufdd0" not in address and (match[1] is None or match[1].lower() in _REACHES_OUT):
                return (address[1:-1] if in_link else address), end
            return self.link(address[1:-1], address[1:-1], "", address), end
        tag = _TAG.match(text, start)
        if tag is None:
            return ("\\<" if re.match(r"<[!?/A-Za-z]", text[start:]) else "<"), start + 1
        name = tag["name"].lower()
        if name not in _HTML:
            return "\\<", start + 1
        if name == "a" and not tag["end"]:
            return self.anchor(text, tag)
        if name == "img":
            address, alt = attribute(tag[0], "src"), attribute(tag[0], "alt")
            return self.picture(escaped(alt), alt, address, "", tag[0], in_link=in_link), tag.end()
        if name in ("sub", "sup") and (match := re.match(r"<(su[bp])>([^<>`\\{}\n\ufdd0]+)</\1>", text[start:])):
            return f"{{{match[1]}}}`{match[2]}`", start + match.end()
        if match := re.match(r"<(b|strong|i|em)>([^\W_](?:[^<>*_`\n\ufdd0]*[^\W_])?)</\1>", text[start:]):
            stars = "**" if match[1] in ("b", "strong") else "*"
            return f"{stars}{self.inline(match[2])}{stars}", start + match.end()
        if name in ("code", "tt") and (match := re.match(r"<(code|tt)>([^<>`\n\ufdd0]+)</\1>", text[start:])):
            return f"`{entities(match[2])}`", start + match.end()
        if tag["attributes"].strip():
            self.piece(tag[0])
        if name in _KEEP:
            return f"\ufdd2{tag['end']}{name}\ufdd3", tag.end()
        address = attribute(tag[0], "src")
        if name in _OUTSIDE and not in_link and re.match(r"https?://[^\s<>]+$", address):
            return f"<{address}>", tag.end()
        return (" " if name in _BLOCKS and tag["end"] else ""), tag.end()

    def anchor(self, text: str, tag: re.Match[str]) -> tuple[str, int]:
        closing = re.compile(r"</a\s*>", re.IGNORECASE).search(text, tag.end())
        address = attribute(tag[0], "href")
        if not _A_PLAIN.fullmatch(tag[0]) or address not in tag[0]:
            self.note(f"old page: {quiet(tag[0])}")
        if closing is None or not address:
            return "", tag.end()
        label = self.inline(text[tag.end() : closing.start()].strip(), in_link=True)
        if label.count("[") != label.count("]"):
            label = re.sub(r"(?<!\\)([\[\]])", r"\\\1", label)
        return self.link(label, address, attribute(tag[0], "title"), tag[0]), closing.end()

    # -- links and images

    def bracket(self, text: str, start: int, *, in_link: bool) -> tuple[str, int]:
        if wiki := _WIKI.match(text, start):
            label, page = wiki["text"] or wiki["page"], wiki["page"].strip()
            if wiki["embed"]:
                alt = wiki["text"] or ""
                return self.picture(self.inline(alt), alt, page, "", wiki[0], in_link=in_link), wiki.end()
            return self.link(self.inline(label.strip(), in_link=True), page, "", wiki[0]), wiki.end()
        image = text[start] == "!"
        opening = start + image
        end = _label_end(text, opening)
        if end < 0 or text.startswith("[^", opening):
            return text[start : opening + 1], opening + 1
        inner, place = text[opening + 1 : end], end + 1
        direct = _destination(text, place)
        if direct is not None:
            address, title, place = direct
            kept = ""
        else:
            reference = re.compile(r"\[([^\[\]]*)\]").match(text, place)
            name = reference[1] if reference and reference[1].strip() else inner
            found = self.references.get(_folded(name))
            task = not reference and re.search(rf"^{_PREFIX}$", text[:start].rsplit("\n", 1)[-1]) and len(inner) == 1
            if found is None or task:
                return text[start : opening + 1], opening + 1
            place = reference.end() if reference else place
            address, title, kept = found["address"], found["title"], found["keeps"]
        raw = text[start:place]
        if direct is None and (image or (not kept and not in_link)):
            self.note(f"{_PUBLISHED} {quiet(self.expand(raw))}")
        if image:
            return self.picture(self.inline(inner, in_link=True), inner, address, title, raw, in_link=in_link), place
        if in_link:
            self.note(f"{_PUBLISHED} {quiet(self.expand(raw))}")
            return self.inline(inner, in_link=True), place
        label = self.inline(inner, in_link=True)
        if kept:
            return (f"[{label}]{raw[end - start + 1 :]}" if label.strip() else f"<{address}>"), place
        return self.link(label, address, title, raw), place

    def link(self, label: str, address: str, title: str, raw: str) -> str:
        """A link of this book for one of the old page; its text where it leads nowhere here."""
        plain = _unescaped(self.expand(address)).strip()
        shown = " ".join(self.expand(label).split())
        said = f"{_PUBLISHED} {quiet(self.expand(address))}{f' ({shown})' if shown != plain else ''}"
        titled = _titled(title)
        if title and not titled:
            said += f" ({self.expand(title)})"
        if plain.startswith("//"):
            plain = f"https:{plain}"
        if plain.lower().startswith(_REACHES_OUT):
            if not titled and title:
                self.note(said)
            if not label.strip() or (shown == plain and not titled):
                return f"<{plain}>" if not re.search(r"[\s<>]", plain) else label
            return f"[{label}]({_address(plain)}{titled})"
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", plain):
            new, look = None, "its kind of address is not one of the web: it is text now"
        else:
            new, look = self.links.page(plain)
        if new != plain or not label.strip() or (title and not titled):
            self.note(said if not titled else f"{said} ({self.expand(title)})")
        if look:
            self.look(f"the link '{shown or plain}' to {plain}: {look}", shown or plain)
        if new is None:
            return label
        return f"[{label}]({_address(new)}{titled})" if label.strip() else ""

    def picture(self, label: str, alt: str, address: str, title: str, raw: str, *, in_link: bool) -> str:
        """An image of this book, or what is left of one that cannot stand here."""
        plain = _unescaped(self.expand(address)).strip()
        alt = " ".join(self.expand(alt).split())
        raw = self.expand(raw)
        said = f"old image, as published: {quiet(self.expand(address))}{f' ({self.expand(title)})' if title else ''}"
        if raw.startswith("<"):
            bare = re.sub(r"(\salt)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", r"\1", raw, flags=re.IGNORECASE)
            said = f"old image, as published: {quiet(bare)}"  # its words are in the text
        if re.match(r"(?:https?:)?//", plain):
            self.note(said)
            self.look(f"the image {plain} is on another host: it is a link now. Put a copy beside the page", plain)
            plain = plain if plain.startswith("http") else f"https:{plain}"
            if in_link or re.search(r"[\s<>]", plain):
                return label
            return f"[{label}]({plain})" if label.strip() else f"<{plain}>"
        new, look = (None, "it is no file") if ":" in plain.split("/")[0] else self.links.picture(plain)
        shown = plain if len(plain) < 80 else f"{plain[:40]}…"
        if new is None:
            self.note(said)
            self.look(f"the image {shown} did not come over, since {look}: add it again, with words for it", plain[:60])
            return label
        if not alt or _FLAWED_ALT.fullmatch(alt):
            self.note(f"image without words for it: `![]({new})`, {said} {alt}")
            self.look(
                f"the image {shown} has no words for who cannot see it: write them, and take it out of the comment",
                plain[:60],
            )
            return ""
        if look:
            self.look(f"the image {shown}: {look}", new)
        if new != plain or raw.startswith("<") or "\ufdd0" in address or _is_panel(title):
            self.note(said)
        titled = _titled(title)
        return f"![{label}]({_address(new)}{titled})"


_OUTSIDE = frozenset(
    "iframe video audio source embed object track input button select textarea form canvas svg math script style".split()
)
_FLAT = _BLOCKS | frozenset("li col colgroup hr blockquote pre".split())  # what a cell of a table cannot hold


def _fitted(line: str, found: str, text: str, place: int, *, parts: bool) -> tuple[str, int]:
    """What comes in the place of something on a line, and where to go on.

    Two words that it ``parts`` do not become one, and what the line begins with now begins no block.
    """
    before, after = line[-1:], text[place : place + 1]
    if parts and before.isalnum() and (found or after)[:1].isalnum():
        found = f" {found}"
    if parts and found[-1:].isalnum() and after.isalnum():
        found += " "
    if not _PREFIX_ALONE.match(line):
        return found, place
    if found.strip():
        exposed = _EXPOSED.match(found.lstrip())
        return (f"{exposed[1]}\\{found.lstrip()[exposed.end() :]}" if exposed else found), place
    while text[place : place + 1] in (" ", "\t"):
        place += 1
    exposed = _EXPOSED.match(text, place)
    return (f"{exposed[1]}\\", exposed.end()) if exposed else ("", place)


def _tokens(text: str) -> list[Token]:
    return _plain_parser().parse(text)


def _verbatim(tokens: Iterable[Token], text: str) -> list[tuple[int, int]]:
    """Where code stands in a text, from and to which character."""
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    return [
        (starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)])
        for token in tokens
        if token.type in ("fence", "code_block") and token.map
    ]


def _unread_notes(text: str, tokens: list[Token]) -> set[int]:
    """The first lines of footnotes that nothing refers to, or that stand there again."""
    found: set[int] = set()
    seen: set[str] = set()
    for token in tokens:
        if token.type == "footnote_reference_open" and token.map:
            label = token.meta["label"]
            referred = len(re.findall(rf"\[\^{re.escape(label)}\](?!:)", text))
            if label in seen or not referred:
                found.add(token.map[0])
            seen.add(label)
    return found


def _unmarked(raw: str) -> str:
    """The text of preformatted HTML."""

    def gone(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        if name not in _HTML:
            return tag[0]
        parts = raw[: tag.start()][-1:].isalnum() and raw[tag.end() :][:1].isalnum() and name not in _JOINING
        return "\n" if name == "br" else " " if parts or name in _FLAT else ""

    return entities(_TAG.sub(gone, raw)).strip("\n")


def _table(raw: str) -> tuple[list[str], list[str]]:
    """An HTML table as a Markdown table; what stood in it outside of its cells."""
    cell = re.compile(r"<(?:td|th)\b[^>]*>([\s\S]*?)(?=</?(?:td|th|tr|thead|tbody|tfoot)\b|</table)", re.IGNORECASE)

    def folded(text: str) -> str:
        inner = _TAG.sub(lambda tag: " " if tag["name"].lower() in _FLAT else tag[0], text)
        return " ".join(inner.split()).replace("|", "\\|")

    rows = [[folded(each) for each in cell.findall(row)] for row in re.split(r"<tr\b[^>]*>", raw, flags=re.IGNORECASE)]
    rows = [row for row in rows if row]
    outside = folded(
        re.sub(
            r"</?(?:table|thead|tbody|tfoot|tr|td|th|col|colgroup|caption)\b[^>]*>",
            " ",
            cell.sub(" ", raw),
            flags=re.IGNORECASE,
        )
    )
    width = max((len(row) for row in rows), default=0)
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
    if lines:
        lines.insert(1, f"|{' --- |' * width}")
    return lines, [outside] if outside else []


def _label_end(text: str, start: int) -> int:
    """Where the bracket that opens at ``start`` closes; -1 where it does not."""
    depth, place = 0, start
    while match := re.compile(r"\\[\s\S]|`+|\[|\]|\n[ \t]*\n").search(text, place):
        place = match.end()
        if match[0] == "[":
            depth += 1
        elif match[0] == "]":
            depth -= 1
            if not depth:
                return match.start()
        elif match[0].startswith("`"):
            closing = re.compile(rf"(?<!`){match[0]}(?!`)").search(text, place)
            place = closing.end() if closing else place
        elif match[0].startswith("\n"):
            return -1
    return -1


def _destination(text: str, start: int) -> tuple[str, str, int] | None:
    """Address and title, as they are written, of the brackets that open at ``start``, and where they end."""
    from markdown_it.helpers import parseLinkDestination, parseLinkTitle

    space = re.compile(r"[ \t]*\n?[ \t]*")
    if text[start : start + 1] != "(":
        return None
    place = space.match(text, start + 1).end()  # type: ignore[union-attr]
    address, title = "", ""
    if (found := parseLinkDestination(text, place, len(text))).ok:
        address, place = text[place : found.pos], found.pos
        address = address[1:-1] if address.startswith("<") else address
    after = space.match(text, place).end()  # type: ignore[union-attr]
    if after > place and (titled := parseLinkTitle(text, after, len(text))).ok:
        title, place = text[after + 1 : titled.pos - 1], titled.pos
    place = space.match(text, place).end()  # type: ignore[union-attr]
    return (address, title, place + 1) if text[place : place + 1] == ")" else None


def _folded(label: str) -> str:
    from markdown_it.common.utils import normalizeReference

    return normalizeReference(label)


def _unescaped(address: str) -> str:
    from markdown_it.common.utils import unescapeAll

    return unescapeAll(address)


def _is_panel(title: str) -> bool:
    return _unescaped(title).strip().casefold().startswith("panel:")


def _titled(title: str) -> str:
    if not title or _is_panel(title):  # a panel is asked for by such a title
        return ""
    return ' "' + re.sub(r'(?<!\\)"', r'\\"', title) + '"'


def escaped(text: str) -> str:
    """Plain text as Markdown that shows it."""
    return re.sub(r"([\[\]*_`<>{}\\])", r"\\\1", " ".join(text.split()))


def _address(address: str) -> str:
    return address if re.fullmatch(r"[^\s()<>\\]+", address) else f"<{address}>"


# -- the book's parser has the last word ------------------------------------------------------

_ALLOWED = frozenset(
    "paragraph heading bullet_list ordered_list list_item blockquote table thead tbody tr th td inline text softbreak "
    "hardbreak code_inline fence code_block em strong link image footnote_ref footnote_reference dl dt dd hr "
    "html_inline myst_role myst_line_comment".split()
)


def made_sound(
    page: list[Block],
    lines_of: Callable[[], tuple[list[str], list[int]]],
    extensions: tuple[str, ...],
    known: Callable[[str], bool],
) -> None:
    """Show literally whatever of ``page`` the book would lose or refuse.

    ``lines_of`` writes the page as it stands now: its lines, and the first line of each block.
    ``known`` says whether an address that reaches no other host leads somewhere. Raises ValueError
    with the text of a block for which that does not help.
    """
    tried: set[int] = set()
    while faulty := _faulty(page, *lines_of(), extensions, known):
        if left := [index for index in faulty if index in tried]:
            raise ValueError(page[left[0]].source)
        tried.update(faulty)
        for index in faulty:
            page[index].literal()


def _faulty(
    page: list[Block], lines: list[str], starts: list[int], extensions: tuple[str, ...], known: Callable[[str], bool]
) -> list[int]:
    tokens = book_parser(extensions).parse("\n".join(lines))
    seen: list[Counter[str]] = [Counter() for _ in page]
    bad: set[int] = set()
    greedy: set[int] = set()
    read: set[str] = set()
    notes: list[tuple[str, int]] = []
    within: list[str] = []
    index = -1
    for token in tokens:
        if token.map and token.map[1] > token.map[0]:
            index = bisect_right(starts, token.map[0]) - 1
            following = bisect_right(starts, starts[index])
            if index >= 0 and following < len(starts) and token.map[1] > starts[following]:
                greedy.add(index)
        if index < 0:
            continue
        if token.type == "heading_open" and not token.level and page[index].kind != "heading":
            bad.add(index)
        if token.type == "footnote_reference_open":
            within.append(token.meta["label"])
            notes.append((token.meta["label"], index))
        elif token.type == "footnote_reference_close":
            within.pop()
        for each in (token, *(token.children or ())):
            if each.type == "footnote_ref" and each.meta["label"] not in within:
                read.add(each.meta["label"])
            if not _sound(each, known):
                bad.add(index)
            seen[index].update(_shown(each))
    bad |= {index for label, index in notes if label not in read}
    if greedy:  # whatever else is wrong may follow from it
        return sorted(greedy)
    for index, block in enumerate(page):
        if block.kind == "definition" or index in bad:
            continue
        text = "\n".join(block.lines)
        if not text.startswith("```"):
            text = re.sub(r"\]\[[^\[\]]*\]", "]", entities(text))  # the label of a definition is nothing to read
            text = re.sub(rf"^({_PREFIX})\[[ xX]\] ", " ", text, flags=re.MULTILINE)
        if words(text) - seen[index]:
            bad.add(index)
    return sorted(bad)


def _sound(token: Token, known: Callable[[str], bool]) -> bool:
    kind = re.sub(r"_(?:open|close)$", "", token.type)
    if kind == "myst_target":
        return known(f"#{token.content}")
    if kind not in _ALLOWED or (kind == "hr" and token.level):
        return False
    if kind == "fence" and token.info.startswith("{") and not token.info.startswith("{mermaid}"):
        return False
    if kind == "myst_role":
        return token.meta["name"] in ("sub", "sup")
    if kind == "html_inline":
        return bool(re.fullmatch(rf"</?(?:{'|'.join(_KEEP)})>|<input class=\"task-list[^>]*>", token.content))
    if kind == "link" and token.nesting > 0:
        address = str(token.attrGet("href") or "")
        return not _is_panel(str(token.attrGet("title") or "")) and (
            address.lower().startswith(_REACHES_OUT) or known(address)
        )
    if kind == "image":
        return bool(token.content.strip()) and known(str(token.attrGet("src") or ""))
    return True


def _shown(token: Token) -> Counter[str]:
    if token.type in ("inline", "myst_line_comment"):
        return Counter()
    said = [token.content, token.info, str(token.meta.get("label", "")), str(token.meta.get("name", ""))]
    said += [unquote(str(value)) for value in token.attrs.values()]
    return words(" ".join(said))

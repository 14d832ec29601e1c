"""Markdown of other engines (Jekyll's kramdown and Liquid, GitHub's) as Markdown of this book.

A page is read into blocks; in each, what is typical is put into the book's words, and what no reader saw
becomes an author's comment (a line that begins with ``%``) below it. Everything odd has one answer: a block
that would lose a word, or that the book's own parser would refuse, is shown as it stood, and listed.
"""

from __future__ import annotations

import html
import itertools
import re
import textwrap
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Answer = tuple[str | None, str]  # the new address, None where there is none; what needs a look, or nothing
LITERAL = "this is shown literally, since the book would lose a part of it: write it anew"
Answers = Callable[[str], Answer]


@dataclass
class Block:
    """A block of the page: its Markdown, the comments below it, what needs a look, and what it was made from.

    ``kind`` is ``heading`` (with its ``level`` and without its marks), ``definition``, ``note``
    (comments alone) or ``text``. A look is what to do, and the words of the page it is at.
    """

    kind: str
    lines: list[str]
    source: str = ""
    level: int = 0
    notes: list[str] = field(default_factory=list)
    looks: list[tuple[str, str]] = field(default_factory=list)

    def written(self) -> list[str]:
        """The lines of the block as they stand on the page, without what follows it."""
        head = [f"{'#' * self.level} {self.lines[0]}"] if self.kind == "heading" else list(self.lines)
        # What a comment names need not be there, so nobody may find a link in it.
        notes = [
            f"% {line.replace('](', '] (')}".rstrip() for note in self.notes for line in note.split("\n")
        ]
        return [*head, *([""] if head and notes else []), *notes]

    def literal(self) -> None:
        """Show the block as it stood: a heading without markup, anything else in a fence."""
        if self.kind == "heading":
            title = " ".join(re.sub(r"^ {0,3}#+|\s#+\s*$|\n[ \t]*(?:=+|-+)[ \t]*$", "", self.source).split())
            self.lines = [escaped(title)]
            return
        self.kind, self.lines = "text", fenced("text", self.source)
        self.looks.append((LITERAL, ""))


# -- words ------------------------------------------------------------------------------------

_WRAPPERS = (
    "article aside body center details div figcaption figure footer header main p section summary".split()
)
_RUNNING = (
    "a abbr b bdi big br cite code del dfn em font i img ins kbd label mark q s samp small span strike strong sub sup time "
    "tt u var wbr"
).split()
_BARE_TAG = re.compile(rf"</?(?:{'|'.join([*_WRAPPERS, *_RUNNING])})\s*/?>", re.IGNORECASE)


def words(text: str) -> Counter[str]:
    """The words of a text, and its signs beyond ASCII, each with its number."""
    return Counter(re.findall(r"[^\W_]+|[^\s\x00-\x7f]", text))


def lost(source: str, result: str) -> Counter[str]:
    """The words of a source, in small letters, that a result has less often, with how many are missing."""

    def read(text: str) -> Counter[str]:
        while (plain := entities(text)) != text:
            text = plain
        return words(_BARE_TAG.sub(" ", text).casefold())

    return read(source) - read(result)


def entities(text: str) -> str:
    """A text with its HTML entities as what they stand for."""
    return re.sub(
        r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});", lambda match: html.unescape(match[0]), text
    )


def escaped(text: str) -> str:
    """Plain text as Markdown that shows it."""
    return re.sub(r"([\[\]*_`<>{}\\])", r"\\\1", " ".join(text.split()))


def quiet(raw: str) -> str:
    """What is no prose, as code, about whose words nobody is asked; a text in quotation marks is asked about."""
    text = re.search(r"\b(?:title|content|aria-label)\s*=", raw)
    return raw if text or "`" in raw or "\n" in raw else f"`{raw.strip()}`"


# -- parsers ----------------------------------------------------------------------------------


@cache
def _old_parser() -> MarkdownIt:
    """A parser of what the old engines have in common."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"inline_definitions": True}).enable("table").use(footnote_plugin)
    return parser.disable(["footnote_inline", "footnote_tail", "inline"])


@cache
def _book_parser(extensions: tuple[str, ...]) -> MarkdownIt:
    """The book's own parser, with the extensions of ``_config.yml``; it leaves addresses as they are written."""
    from markdown_it.renderer import RendererHTML
    from myst_parser.config.main import MdParserConfig
    from myst_parser.parsers.mdit import create_md_parser

    parser = create_md_parser(MdParserConfig(enable_extensions=set(extensions)), RendererHTML)
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


# -- code and diagrams ------------------------------------------------------------------------


def fenced(info: str, code: str) -> list[str]:
    """Code in a fence that nothing in it can close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
    return [f"{ticks}{info}", *code.removesuffix("\n").split("\n"), ticks]


def _fence(info: str, code: str) -> tuple[str, str]:
    """What a fence of the old page says here behind its ticks, and what needs a look."""
    from importlib.util import find_spec

    from pygments.lexers import get_lexer_by_name

    from stp_portfolio.book import diagrams

    info = info.strip()
    name = (re.match(r"\{?\.?([\w+#-]*)", info) or [""] * 2)[1].lower()
    if name == "mermaid" and code.startswith(
        "---"
    ):  # the book would take its settings for options of its own
        return "text", LITERAL
    if name == "mermaid":
        try:
            if find_spec("quickjs"):
                diagrams.render(re.sub(r"\A(?:[ \t]*:(?:caption|alt|name): .*\n)*\n*", "", code), alt="to try it")
        except diagrams.DiagramError as error:
            return "text", f"this diagram cannot be drawn and is shown as text: {error}"
        return "{mermaid}" if info.startswith("{") else "mermaid", ""
    look = (
        f"the fence of '{info}' is shown as code and runs nothing: check what it shows"
        if info[:1] == "{"
        else ""
    )
    try:
        lexer = get_lexer_by_name(
            "pycon" if name.startswith("py") and code.startswith(">>>") else name or "text"
        )
        lexer.add_filter("raiseonerror")
        list(lexer.get_tokens(code))
    except Exception:  # noqa: BLE001 - unknown, or a lexer that stumbles in any way: the build would warn
        name = "text"
    return name, look


# -- what is set apart before the blocks are read ---------------------------------------------

_MARK = re.compile("\ufdd0(\\d+)\ufdd1")
_NOTHING = "\ufdd00\ufdd1"
_APART = re.compile(
    r"""
      \\[\\`<{] | ^[ \t>]*(?P<fence>`{3,}|~{3,})[\s\S]*?(?:^[ \t>]*(?P=fence)|\Z) | (?<!`)(?P<ticks>`+)(?!`) (?:(?!\n[ \t]*\n)[\s\S])*? (?<!`)(?P=ticks)(?!`)
    | \{%-?\s*highlight\s+(?P<lang>[\w+#.-]+)(?P<how>[^%]*)%\}\n?(?P<code>[\s\S]*?)\{%-?\s*endhighlight\s*-?%\}
    | <(?P<box>div|pre)\b[^>]*\bmermaid\b[^>]*>(?P<drawing>[\s\S]*?)</(?P=box)\s*>
    | (?P<hidden> <!--[\s\S]*?--> | \{%-?\s*comment\s*-?%\}[\s\S]*?\{%-?\s*endcomment\s*-?%\}
        | \{::comment\}[\s\S]*?\{:/(?:comment)?\} | \{::/?[a-z_]+[^{}\n]*\}
        | <(?P<tag>script|style|svg|template|noscript)\b[\s\S]*?</(?P=tag)\s*>
        | \{%(?:(?!\n[ \t]*\n)[\s\S])*?%\} | \{\{(?:(?!\n[ \t]*\n)[\s\S])*?\}\} )
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)"
    r"(?P<attributes>(?:\s+[A-Za-z_:@][\w:.-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*)\s*/?>"
)

# -- running text -----------------------------------------------------------------------------

_PREFIX = r"(?P<prefix>(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*)"
_SWALLOWED = re.compile(rf"^{_PREFIX}(?P<what>%|\+{{3}}|:{{3}}|\([^\n()]+\)=[ \t]*$)", re.MULTILINE)
_DEFINES = re.compile(rf"^{_PREFIX}(?P<what>[:~][ \t])", re.MULTILINE)
_LINK = re.compile(
    r"""(?P<image>!?)\[(?P<label>(?:[^\[\]\\`]|\\.|`[^`\n]*`|!?\[[^\[\]\n]*\](?:\([^()\n]*\))?)*)\]
    \(\s*(?P<address><[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)
    (?:\s+(?P<title>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?\s*\)""",
    re.VERBOSE,
)
_SPECIAL = re.compile(
    rf"""
      (?P<same> \\[!-/:-@\[-`{{-~] | (?<!`)(?P<ticks>`+)(?!`) (?:(?!\n[ \t]*\n)[\s\S])*? (?<!`)(?P=ticks)(?!`)
        | <(?:https?:|mailto:)[^\s<>\ufdd0]*> | <[\w.+-]+@[\w.-]+> )
    | (?P<mark> \ufdd0\d+\ufdd1 )
    | (?P<link> {_LINK.pattern} )
    | (?P<attributes> \{{:[^{{}}\n]*\}} | [ \t]*\{{\#[\w:. -]+\}}[ \t]*$ | (?<=[\])])\{{[.#][^{{}}\n]*\}} )
    | (?P<escape> \{{(?=[\w:+-]{{1,36}}\}}`|\{{) )
    | (?P<anchor> (?P<opening><a\s[^<>]*>)(?P<shown>(?:(?!</?a\b)[\s\S])*)</a\s*> )
    | <(?P<pair>b|strong|i|em|code|tt|sub|sup)>(?P<inner>[^\s<>`*_\\{{}}\ufdd0](?:[^<>`*_\\{{}}\n\ufdd0]*[^\s<>`*_\\{{}}\ufdd0])?)</(?P=pair)>
    | (?P<tag> <(?=[!?/A-Za-z]) )
    | (?P<bare> (?<![\w"'=<\]/])https?://[^\s<>()\[\]"'`|\\*\ufdd0]*[^\s<>()\[\]"'`|\\*\ufdd0.,;:!?_~] )
    """,
    re.VERBOSE | re.MULTILINE,
)
_PAIRS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "tt": "`"}
_FLAWED_ALT = re.compile(r"\S*\.(?:png|jpe?g|gif|svg|webp)|\S*[/\\]\S*|[0-9a-fA-F_-]{16,}", re.IGNORECASE)
_REACHES_OUT = ("http:", "https:", "mailto:")
_TO_SEE = (
    (re.compile(r"\$\$"), "a formula in TeX is shown as text: write it as {math}, or in words"),
    (re.compile(r"\[\[[^\[\]\n]+\]\](?!\()"), "a link between double brackets is text here: write it anew"),
    (
        re.compile(r"\A\s*\|(?!.*--).*\|\s*\Z", re.DOTALL),
        "this looks like a table without a header row: add one",
    ),
)


def blocks(text: str, page: Answers, picture: Answers, *, kramdown: bool) -> list[Block]:
    """The blocks of an old page's text (plain line ends, no front matter) in this book's Markdown.

    ``page`` and ``picture`` say what an address of the old page is in this book; ``kramdown`` whether a
    line that begins with a colon defines a term.
    """
    return list(_Converter(page, picture, kramdown=kramdown).run(text))


class _Converter:
    def __init__(self, page: Answers, picture: Answers, *, kramdown: bool) -> None:
        self.page_of, self.picture_of, self.kramdown = page, picture, kramdown
        self.pieces: list[str] = [""]
        self.defined: set[str] = set()
        self.notes: list[str] = []
        self.looks: list[tuple[str, str]] = []

    def mark(self, raw: str) -> str:
        self.pieces.append(raw)
        return f"\ufdd0{len(self.pieces) - 1}\ufdd1"

    def expand(self, text: str) -> str:
        while _MARK.search(text):
            text = _MARK.sub(lambda match: self.pieces[int(match[1])], text)
        return text

    def run(self, text: str) -> Iterator[Block]:
        text = self.unwrapped(self.set_apart(text))
        tokens, lines = _old_parser().parse(text), text.split("\n")
        for index, token in enumerate(tokens):
            if token.level or token.map is None or token.nesting < 0:
                continue
            first, last = token.map
            own = lines[first : first + len("\n".join(lines[first:last]).rstrip().split("\n"))]
            within = [each for each in tokens[index + 1 :] if each.map and first <= each.map[0] < last]
            block = self.block(token, own, within)
            block.source = self.expand("\n".join(own))
            block.notes, block.looks, self.notes, self.looks = self.notes, self.looks, [], []
            if block.kind == "text" and not "".join(block.lines).strip():
                block.kind, block.lines = "note", []
            if lost(block.source, "\n".join(block.written())):
                block.literal()
            yield block

    def set_apart(self, text: str) -> str:
        """The text with what must not be read as Markdown replaced by marks."""

        def replaced(match: re.Match[str]) -> str:
            raw = match[0]
            if match["lang"]:
                mark = self.mark(f"{{% highlight {match['lang']}{match['how']}%}}{{% endhighlight %}}")
                return "\n".join(["", *fenced(match["lang"], match["code"]), "", mark, ""])
            if match["drawing"]:
                drawing = textwrap.dedent(entities(match["drawing"]).strip("\n"))
                return "\n".join(
                    ["", *fenced("mermaid", drawing), "", self.mark(raw[: raw.index(">") + 1]), ""]
                )
            return self.mark(raw) if match["hidden"] else raw

        return re.sub("^\ufdd0\\d+\ufdd1$", "\n\\g<0>\n", _APART.sub(replaced, text), flags=re.MULTILINE)

    def unwrapped(self, text: str) -> str:
        """The text without the raw HTML around blocks, and with what begins with HTML in a line as running text."""
        lines = text.split("\n")

        def apart(tag: re.Match[str]) -> str:
            return f"\n\n{self.mark(tag[0])}\n\n" if tag["name"].lower() in _WRAPPERS else tag[0]

        def running(line: str) -> str:
            return (
                f"{_NOTHING}{line}" if (tag := _TAG.match(line)) and tag["name"].lower() in _RUNNING else line
            )

        for token in reversed(_old_parser().parse(text)):
            if token.type != "html_block" or token.level or token.map is None:
                continue
            first, last = token.map
            raw = "\n".join(line.lstrip() for line in lines[first:last])
            if (tag := _TAG.match(raw)) and tag["name"].lower() in (*_WRAPPERS, *_RUNNING):
                lines[first:last] = ["", *map(running, _TAG.sub(apart, raw).split("\n")), ""]
        return "\n".join(lines)

    def block(self, token: Token, own: list[str], within: list[Token]) -> Block:
        """A block of the old page as one of this book; its notes and looks are left in the converter."""
        raw = "\n".join(own)
        if token.type == "definition":
            return self.definition(token, raw)
        if token.type == "heading_open":
            title = self.expand(self.inline(" ".join(within[0].content.split("\n")))).strip()
            return Block("heading", [title], level=int(token.tag[1])) if title else Block("note", [])
        if (
            token.type == "hr"
        ):  # the book has headings for that, and Sphinx fails on one that stands beside them
            self.notes.append(f"old page: {raw.strip()}")
            return Block("note", [])
        if token.type in ("fence", "code_block"):
            if token.info.strip() == "mermaid" and (
                settings := re.match(r"---\n([\s\S]*?)\n---\n", token.content)
            ):
                self.notes.append(self.expand(f"old settings of the diagram:\n{settings[1]}"))
                token.content = token.content[settings.end() :]
            return Block("text", fenced(self.info(token), self.expand(token.content)))
        if token.type == "html_block":
            self.looks.append(("raw HTML is shown as it stood: write anew what it showed", ""))
            return Block("text", fenced("text", self.expand(raw)))
        if re.search(r"\{:\s*toc\b", raw) or re.fullmatch(r"\s*\[{1,2}_?TOC_?\]{1,2}\s*", raw, re.IGNORECASE):
            self.notes.append(f"old page: {quiet(' '.join(raw.split()))}")
            return Block("note", [])
        self.looks += [(text, self.expand(raw)) for pattern, text in _TO_SEE if pattern.search(raw)]
        return Block("text", self.lines(own, token.map[0] if token.map else 0, within))

    def definition(self, token: Token, raw: str) -> Block:
        """The address of a reference: it stays where it leads to another site, else the links to it are text."""
        name, raw = token.meta["id"], self.expand(raw)
        again = name in (*self.defined, "X")  # [x] is a done task
        self.defined.add(name)
        if (
            token.meta["url"].lower().startswith(_REACHES_OUT)
            and not _is_panel(token.meta["title"])
            and not again
        ):
            return Block("definition", [raw])
        self.notes.append(f"old address, as published: {quiet(raw)}")
        if not again:
            self.looks.append((f"links to [{token.meta['label']}] are text now: write them anew", raw))
        return Block("note", [])

    def info(self, fence: Token) -> str:
        found, look = _fence(self.expand(fence.info), self.expand(fence.content))
        if found != fence.info.strip():
            self.notes.append(f"old fence: {quiet(self.expand(fence.info).strip())}")
        if look:
            self.looks.append((look, self.expand(fence.info)))
        return found

    def lines(self, own: list[str], first: int, within: list[Token]) -> list[str]:
        """The lines of a paragraph, list, quotation, table or footnote; code in it stays as it is."""
        code: dict[int, Token] = {}
        for token in within:
            if token.type in ("fence", "code_block") and token.map:
                code |= dict.fromkeys(range(token.map[0] - first, token.map[1] - first), token)
        rows = any(token.type == "tr_open" for token in within)
        done: list[str] = []
        for token, group in itertools.groupby(range(len(own)), code.get):
            part = [own[number] for number in group]
            if token is None:
                done += self.run_of("\n".join(part), rows=rows)
                continue
            if token.type == "fence" and token.info.strip():
                part[0] = part[0].rpartition(token.info)[0].rstrip() + self.info(token)
            done += map(self.expand, part)
        return done

    def run_of(self, text: str, *, rows: bool) -> list[str]:
        """Lines of running text, without those that hold nothing any more."""
        blank = {line for line in text.split("\n") if not line.strip()}
        text = "\n".join(
            line for line in self.inline(text).split("\n") if line in blank or line.strip(" \t>")
        )
        text = _SWALLOWED.sub(r"\g<prefix>\\\g<what>", text)
        if not self.kramdown:
            text = _DEFINES.sub(r"\g<prefix>\\\g<what>", text)
        if not rows:
            text = re.sub(r"[ \t]*<br\s*/?>[ \t]*\n?[ \t]*(?=[^\W\d_])", "\\\\\n", text, flags=re.IGNORECASE)
        return self.expand(text).split("\n") if text else []

    def inline(self, text: str, *, in_link: bool = False) -> str:
        """Running text of the old page as running text of this book."""
        done, place = "", 0
        while match := _SPECIAL.search(text, place):
            found, end = self.special(text, match, in_link=in_link)
            done, place = f"{done}{text[place : match.start()]}{found}", end
        return done + text[place:]

    def special(self, text: str, match: re.Match[str], *, in_link: bool) -> tuple[str, int]:
        """What becomes of a special sign, and where to go on."""
        raw, end = match[0], match.end()
        if match["mark"]:
            return self.piece(self.pieces[int(raw[1:-1])]), end
        if match["link"]:
            address = match["address"].strip("<>")
            image = bool(match["image"])
            return self.link(match["label"], address, match["title"] or "", image=image, in_link=in_link), end
        if match["attributes"]:
            self.notes.append(f"old page: {quiet(self.expand(raw))}")
            return "", end
        if match["anchor"]:
            self.notes.append(f"old page: {quiet(self.expand(match['opening']))}")
            address = _attribute(match["opening"], "href")
            if not address:
                return self.inline(match["shown"]), end
            return self.link(match["shown"].strip(), address, "", in_link=in_link), end
        if match["pair"]:
            if match["pair"] in ("sub", "sup"):
                return f"{{{match['pair']}}}`{match['inner']}`", end
            return f"{_PAIRS[match['pair']]}{match['inner']}{_PAIRS[match['pair']]}", end
        if match["tag"]:
            tag = _TAG.match(text, match.start())
            if tag is None or tag["name"].lower() not in (*_WRAPPERS, *_RUNNING):
                return "&lt;", end  # a backslash would look like a path to the screening
            if tag["name"].lower() == "img":
                self.notes.append(f"old page: {quiet(self.expand(tag[0]))}")
                alt, address = _attribute(tag[0], "alt"), _attribute(tag[0], "src")
                return self.link(escaped(alt), address, "", image=True, in_link=in_link), tag.end()
            return "<br>" if tag["name"].lower() == "br" else self.piece(tag[0]), tag.end()
        if match["bare"] and not in_link:
            return f"<{raw}>", end
        return f"\\{raw}" if match["escape"] else raw, end

    def piece(self, raw: str) -> str:
        """What is no text of Markdown: a comment for what no reader saw, text for what one saw."""
        if raw.startswith("<!--"):
            self.notes.append(raw[4:-3].strip())
            return ""
        if raw.startswith("{{"):
            self.looks.append(
                (f"'{raw}' is a placeholder of the old site, shown as it is: write what it stood for", raw)
            )
            return "\\" + self.mark(raw)
        if raw and not _BARE_TAG.fullmatch(raw):
            self.notes.append(f"old page: {quiet(self.expand(raw))}")
            name = re.match(
                r"\{%-?\s*(?!end|raw|comment|highlight)(\w+)|<(script|svg)|<(\w+)[^>]*\sstyle\s*=", raw
            )
            if name:
                what = name[1] or name[2] or name[3]
                self.looks.append(
                    (f"what '{what}' did on the old page is not taken over: say it in words", raw)
                )
        return ""

    def link(self, label: str, address: str, title: str, *, image: bool = False, in_link: bool) -> str:
        """A link or image of this book for one of the old page; its text where it leads nowhere here."""
        plain = re.sub(r"^//", "https://", _unescaped(self.expand(address)).strip())
        label = self.inline(label, in_link=True)
        shown = " ".join(self.expand(label).split())
        titled = f" {title}" if title and not _is_panel(title) else ""
        if plain.lower().startswith(_REACHES_OUT):
            new, look = plain, "it is on another host: put a copy beside the page" if image else ""
            image = False
        elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", plain):
            new, look = None, "its kind of address is not one of the web: it is text now"
        else:
            new, look = (self.picture_of if image else self.page_of)(plain)
        wordless = image and new is not None and (not shown or bool(_FLAWED_ALT.fullmatch(shown)))
        if wordless:
            look = "it is in a comment, without words for who cannot see it: write them"
        if in_link or wordless or new != plain or bool(title) != bool(titled) or not label.strip():
            said = [self.expand(title), f"({shown})" if shown not in ("", plain) else ""]
            what = (
                f"image without words for it: `{new}`, as published:"
                if wordless
                else "old address, as published:"
            )
            self.notes.append(" ".join([what, quiet(plain), *filter(None, said)]))
        if look:
            at = plain if len(plain) < 80 else f"{plain[:40]}…"
            self.looks.append(
                (f"the {'image' if image else 'link'} '{shown}' to {at}: {look}", shown or plain)
            )
        if new is None or wordless or (in_link and not image):
            return "" if wordless else label
        if not image and (not label.strip() or (shown == plain and not titled)):
            return (
                f"<{new}>"
                if new.lower().startswith(_REACHES_OUT) and not re.search(r"[\s<>]", new)
                else label
            )
        return f"{'!' if image else ''}[{label}]({_address(new)}{titled})"


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"\s{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", tag, re.IGNORECASE)
    return entities(found[1] or found[2] or found[3] or "") if found else ""


def _unescaped(address: str) -> str:
    from markdown_it.common.utils import unescapeAll

    return unescapeAll(address)


def _is_panel(title: str) -> bool:
    """Whether a title asks for a panel of this book."""
    return _unescaped(title).strip("\"' ").casefold().startswith("panel:")


def _address(address: str) -> str:
    return address if re.fullmatch(r"[^\s()<>\\]+", address) else f"<{address}>"


# -- the book's parser has the last word ------------------------------------------------------

_ALLOWED = frozenset(
    "paragraph heading bullet_list ordered_list list_item blockquote table thead tbody tr th td inline text softbreak "
    "hardbreak code_inline fence code_block em strong link image footnote_ref footnote_reference dl dt dd "
    "html_inline myst_role myst_line_comment".split()
)


def written(page: list[Block]) -> tuple[list[str], list[int]]:
    """The lines of a page, and where each of its blocks begins."""
    lines: list[str] = []
    starts: list[int] = []
    for block in page:
        starts.append(len(lines))
        own = block.written()
        lines += [*own, ""] if own else []
    return lines, starts


def made_sound(page: list[Block], extensions: tuple[str, ...], known: set[str]) -> None:
    """Show literally whatever of ``page`` the book would lose or refuse.

    ``known`` are the addresses here that lead somewhere. Raises ValueError with the text of a block for
    which that does not help.
    """
    tried: set[int] = set()
    while faulty := _faulty(page, extensions, known):
        if left := faulty & tried:
            raise ValueError(page[min(left)].source)
        tried |= faulty
        for index in faulty:
            page[index].literal()


def _faulty(page: list[Block], extensions: tuple[str, ...], known: set[str]) -> set[int]:
    lines, starts = written(page)
    seen: list[Counter[str]] = [Counter() for _ in page]
    bad: set[int] = set()
    greedy: set[int] = set()
    referred: set[str] = set()
    footnotes: dict[str, int] = {}
    within = ""
    index = -1
    for token in _book_parser(extensions).parse("\n".join(lines)):
        if token.map and token.map[1] > token.map[0]:
            index = bisect_right(starts, token.map[0]) - 1
            following = bisect_right(starts, starts[index])
            if following < len(starts) and token.map[1] > starts[following]:
                greedy.add(index)
        if token.type == "footnote_reference_open":
            within = token.meta["label"]
            bad |= {index} if within in footnotes else set()
            footnotes.setdefault(within, index)
        elif token.type == "footnote_reference_close":
            within = ""
        for each in (token, *(token.children or ())):
            if each.type == "footnote_ref" and each.meta["label"] != within:
                referred.add(each.meta["label"])
            out_of_place = each.type == "heading_open" and not each.level and page[index].kind != "heading"
            if out_of_place or not _sound(each, known):
                bad.add(index)
            seen[index].update(_shown(each))
    if greedy:  # whatever else is wrong may follow from it
        return greedy
    bad |= {index for label, index in footnotes.items() if label not in referred}
    for index, block in enumerate(page):
        text = "\n".join(block.lines)
        if not text.startswith("```"):
            text = re.sub(
                r"\]\[[^\[\]]*\]", "]", entities(text)
            )  # the label of a definition is nothing to read
            text = re.sub(rf"^({_PREFIX})\[[ xX]\] ", " ", text, flags=re.MULTILINE)
        if block.kind != "definition" and words(text) - seen[index]:
            bad.add(index)
    return bad


def _sound(token: Token, known: set[str]) -> bool:
    kind = re.sub(r"_(?:open|close)$", "", token.type)
    if kind not in _ALLOWED:
        return False
    if kind == "fence":
        return not token.info.startswith("{") or token.info.startswith("{mermaid}")
    if kind == "myst_role":
        return token.meta["name"] in ("sub", "sup")
    if kind == "html_inline":
        return bool(re.fullmatch(r"<br>|<input class=\"task-list[^>]*>", token.content))
    if kind == "link" and token.nesting > 0:
        address = str(token.attrGet("href") or "")
        reaches = address.lower().startswith(_REACHES_OUT) or not known.isdisjoint(
            (address, unquote(address))
        )
        return reaches and not _is_panel(str(token.attrGet("title") or ""))
    if kind == "image":
        address = str(token.attrGet("src") or "")
        return bool(token.content.strip()) and not known.isdisjoint((address, unquote(address)))
    return True


def _shown(token: Token) -> Counter[str]:
    if token.type in ("inline", "myst_line_comment"):
        return Counter()
    said = [token.content, token.info, str(token.meta.get("label", "")), str(token.meta.get("name", ""))]
    return words(" ".join([*said, *(unquote(str(value)) for value in token.attrs.values())]))

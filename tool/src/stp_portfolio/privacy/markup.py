"""What markup says: pages in Markdown by MyST's own parser, HTML and every kind of XML by lxml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from html import escape
from typing import Any
from urllib.parse import unquote

from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from stp_portfolio.privacy.parts import Member, Part, Piece, decoded, name_text, said, spoken, worded

# -- HTML and XML -------------------------------------------------------------------------------

_INLINE = frozenset(
    "a abbr b bdi bdo big br cite code data del dfn em font i img input ins kbd label mark math q s samp"
    " small span strike strong sub sup time tspan textPath tt u var wbr".split()
)
_PARAGRAPHS = frozenset("p h si is text".split())  # of XML: within them, a word may stand in several elements
_SPACES = dict.fromkeys("br tab cr s line-break ptab".split(), " ") | {"noBreakHyphen": "-"}
_CODES = frozenset("code kbd samp f instrText definedName config-item".split())
_ROWS, _HELD = ("tr", "table-row"), {"script": "script", "style": "css"}
# When a program saved a file: no day that somebody writes is so exact.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT(?!00:00:00)[\d:.]+Z?")
_OFFICE = re.compile(r"openxmlformats|opendocument|schemas-microsoft|purl\.oclc")
# Of a drawing or for its looks: coordinates are no identifiers.
_DRAWN = re.compile(r"(?i:[xyrf][12xy]?|[cd][xy]|.*(?:opacity|width|height|units|length|array|transform))")
# A program's own numbers and addresses, and the typeface that matplotlib draws with.
_OWN = re.compile(r"[\dA-F]{8}|\{[\dA-F-]{36}\}|.*DejaVu.*|http://(?:schemas\.(?:open|micro)|purl\.oclc).*")
_FACES = frozenset(
    "name font font-face rFonts altName mathFont".split()
)  # of Office: elements that name typefaces
_LOOKS = frozenset(
    "typeface ascii hAnsi cs eastAsia script prst orient vert d points viewBox viewbox style sizes offset"
    " fill stroke srcdoc data-line".split()
)
_LABEL = r"(?:\d[\W_]?){6}"  # in a label, which repeats what stands elsewhere
_BLOCK = re.compile(r"\0\|(\d+)\0")  # where one begins in the flow, with its line: no tree holds a \0
_INSIDE = re.compile(r"\0\((.*?)\0\)", re.DOTALL)  # what is code
_END = "-->\"'>"  # ends whatever a page left open, so that nothing of it is lost


def tree(text: str) -> Any:
    """The root of XML. Raises lxml's errors for what is none."""
    guarded = "<!ENTITY" in text  # a huge tree is read without lxml's guard against entities that multiply
    how: dict[str, Any] = {"huge_tree": not guarded, "resolve_entities": "internal"}
    parser = etree.XMLParser(encoding="utf-8", **how)
    return etree.fromstring(text.encode(), parser)


def _page_tree(text: str) -> Any:
    """The root of HTML. Raises ValueError for what is nested too deep to be read to its end."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = html.document_fromstring(f"<p></p>{text}{_END}".encode(), parser)
    if any(fault.level_name == "FATAL" for fault in parser.error_log):
        raise ValueError("it was not read to its end")
    return root


def xml(text: str) -> Iterator[Part]:
    """What a drawing, a part of an Office document or other XML says; what is none, as a browser does."""
    try:
        root = tree(text)
    except etree.XMLSyntaxError:
        return page(text)
    return _Reading(root).parts(text[: text.find(">", text.find("]"))] if "<!DOCTYPE" in text else "")


def page(text: str) -> Iterator[Part]:
    """What a page, or a part of one, in HTML says."""
    return _Reading(_page_tree(text)).parts()


def comments(text: str) -> list[str]:
    """The comments of a page in HTML."""
    return [str(node.text) for node in _page_tree(text).xpath("//comment()")]


_DAY_FORMS = frozenset(map(str, (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))))
_DAY_FORM = re.compile(r"[dy](?![^\[]*\])")


def workbook(held: Mapping[str, bytes]) -> Iterator[Part]:
    """The cells of a workbook's sheets, each with the last words above it, and days as such, no numbers."""
    texts = ["".join(each.itertext()) for each in _nodes(held, "xl/sharedStrings.xml", "si")]
    shared, days = dict(enumerate(texts)), _day_styles(held)
    for part in (name for name in held if name.startswith("xl/worksheets/")):
        heads: dict[str, str] = {}
        rows = []
        for cell in _nodes(held, part, "c"):
            column = cell.get("r", "").rstrip("0123456789")
            text = cell.findtext("{*}v") or "".join(cell.itertext())
            if cell.get("t", "n") != "n":
                heads[column] = text = shared.get(int(text), "") if cell.get("t") == "s" else text
            elif cell.get("s") in days and text.replace(".", "", 1).isdigit():
                text = str(date(1899, 12, 30) + timedelta(min(float(text), 10**6)))
            rows.append(f"{heads.get(column, '')}: {text}")
        yield Piece(part, 1, "\n".join(rows), prose=False)


def _nodes(held: Mapping[str, bytes], part: str, path: str) -> Iterator[Any]:
    root = tree(decoded(held.get(part, b"<a/>")) or "")
    return iter(root.iterfind(f".//{{*}}{path}"))


def _day_styles(held: Mapping[str, bytes]) -> frozenset[str]:
    """The numbers of the styles that show a number of days as a day."""
    forms = {each.get("numFmtId"): each.get("formatCode") for each in _nodes(held, "xl/styles.xml", "numFmt")}
    kinds = [each.get("numFmtId", "") for each in _nodes(held, "xl/styles.xml", "cellXfs/{*}xf")]
    are = (kind in _DAY_FORMS or bool(_DAY_FORM.search(forms.get(kind, ""))) for kind in kinds)
    return frozenset(str(number) for number, is_day in enumerate(are) if is_day)


class _Reading:
    """The words of a tree in its blocks, as a reader has them, and beside them what only a program reads."""

    def __init__(self, root: Any) -> None:
        self.root, self.line = root, 1
        self.office = bool(_OFFICE.search(str(root.tag)))
        self.shown = etree.QName(root).localname in ("html", "svg")
        self.flow = ["\0|1\0"]
        self.beside: list[tuple[int, bool, str]] = []
        self.rows: list[int] = []
        self.heads: list[str] = []
        self.inside = self.coded = 0

    def parts(self, declared: str = "") -> Iterator[Part]:
        """Every text of the tree, line by line: its declaration, comments, attributes, rows and blocks."""
        self.beside.append((1, True, declared))
        for node in (*self.root.itersiblings(preceding=True), *self.root.itersiblings()):
            self.beside.append((1, node.tag is etree.Comment, node.text or ""))
        for event, node in etree.iterwalk(self.root, events=("start", "end", "comment", "pi")):
            if event in ("comment", "pi"):
                self.beside.append((self.line, event == "comment", node.text or ""))
                self.flow.append(node.tail or "")
            elif event == "start":
                yield from self._start(node, etree.QName(node).localname)
            else:
                self._end(node, etree.QName(node).localname)
        yield from self._pieces()

    def _start(self, node: Any, name: str) -> Iterator[Part]:
        self.line = int(node.get("data-line", self.line)) if self.shown else 1
        self._open(name)
        for key, value in node.attrib.items():
            self._attribute(name, re.split("[}:]", str(key))[-1], str(value).strip())
        code = self._is_code(node, name)
        self.flow += ["\0("] * (code and not self.coded)
        self.coded += code
        yield from self._held(node, name)
        self.flow.append("" if self._is_elsewhere(node, name) else node.text or "")

    def _is_elsewhere(self, node: Any, name: str) -> bool:
        """Whether an element's text is read in another way, or is a time that a program noted."""
        shared = name == "v" and node.get("t") == "s"
        stamped = self.office and bool(_STAMP.fullmatch(node.text or ""))
        return shared or stamped or name in _HELD or "data-kind" in node.attrib

    def _open(self, name: str) -> None:
        # Links and spans that only a space parts are set apart by their looks, for instance in a menu.
        self.flow += ["\0/"] * (name in ("a", "span") and self.flow[-1] == " " and not self.coded)
        self.rows += [len(self.flow)] * (name in _ROWS)
        self.flow += [self._break(name), _SPACES.get(name, "")]
        self.inside += name in _PARAGRAPHS

    def _held(self, node: Any, name: str) -> Iterator[Member]:
        """What an element holds that is to be read in its own way: a script, a style, code, a page."""
        kind = node.get("data-kind") or _HELD.get(name)
        if kind:
            kind = "json" if "json" in node.get("type", "") else kind
            yield Member("", f".{kind}", (node.text or "").encode(), self.line)
        if within := node.get("srcdoc"):
            yield Member("", ".html", within.encode(), self.line)

    def _end(self, node: Any, name: str) -> None:
        self.coded -= self._is_code(node, name)
        self.flow += ["\0)"] * (self._is_code(node, name) and not self.coded)
        self.inside -= name in _PARAGRAPHS
        self.flow += [self._break(name), node.tail or ""]
        if name in _ROWS and len(self.flow) - (start := self.rows.pop()) < 400:
            cells = list(filter(str.strip, _BLOCK.split("".join(self.flow[start:]))[::2]))
            row, digits = " | ".join(cells), sum(map(str.isdigit, "".join(cells)))
            self.beside += [(self.line, False, row)] * (digits <= 12)
            self.heads = self.heads if digits else cells
            self.beside += [
                (self.line, False, f"{head}: {cell}")
                for head, cell in zip(self.heads, cells, strict=False)
                if digits
            ]

    def _break(self, name: str) -> str:
        joined = name not in _PARAGRAPHS and (name in _INLINE or self.inside)
        return "" if joined else f"\0|{self.line}\0"

    @staticmethod
    def _is_code(node: Any, name: str) -> bool:
        return name in _CODES or (name == "pre" and node.find("span[@class]") is not None)

    def _attribute(self, name: str, key: str, value: str) -> None:
        self.flow += [f"{value} "] * (key == "date-value")
        if "font" in key or (self.office and name in _FACES):
            return
        if re.search("[\"']", value) and "font" not in value:  # a call, or a form of numbers
            self.beside.append((self.line, True, said(value)))
        if not (key in _LOOKS or _DRAWN.fullmatch(key) or _OWN.fullmatch(value)):
            self._tell(key, value)

    def _tell(self, key: str, value: str) -> None:
        """An attribute's words; and for identifiers what has digits, an @ or several words, as they have."""
        telling = _LABEL if key in ("id", "for") or value.startswith("#") else r"[\d@ ]"
        if re.search(telling, value):
            self.beside.append((self.line, False, f"{key}: {unquote(value)}"))
        words = name_text(f"{value}.") if key == "class" else value
        self.beside += [(self.line, True, part) for part in spoken(words)]

    def _pieces(self) -> Iterator[Piece]:
        _, *flow = _BLOCK.split("".join(self.flow).replace(_END, "").replace("\"'>", ""))
        texts: dict[tuple[int, bool], list[str]] = {}
        for line, block in zip(map(int, flow[::2]), flow[1::2], strict=True):
            plain = _INSIDE.sub(lambda code: f" {said(code[1])} ", block)
            self.beside += [(line, True, part) for part in plain.split("\0/")]
            self.beside += [(line, False, re.sub(r"\0[()/]", "", block))] * ("\0" in block)
        for line, prose, text in self.beside:
            if shown := " ".join(text.split()):
                texts.setdefault((line, prose), []).append(shown)
        yield from (Piece("", line, "\n\n".join(held), prose) for (line, prose), held in texts.items())


# -- pages --------------------------------------------------------------------------------------

_SHOWN = (
    "myst_role myst_target myst_line_comment myst_block_break substitution_inline substitution_block"
    " footnote_ref footnote_reference_open code_block".split()
)
_LITERAL = frozenset("code code-block code-cell literalinclude math mermaid raw eval-rst csv-table".split())
_KINDS = {"code-cell": "py", "csv-table": "csv"}
_OPTION = re.compile(r"[ \t]*:([\w-]+):[ \t]*([^\n]*)\n?")
NESTED, DEEP = 10, 60  # directives in directives, and blocks in blocks; what is deeper is read as plain text


@cache
def _parser() -> MarkdownIt:
    extensions = {"colon_fence", "deflist", "substitution", "tasklist"}
    parser = create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)
    parser.options["maxNesting"] = DEEP + 1
    for kind in _SHOWN:
        parser.add_render_rule(kind, _shown)
    for kind in ("fence", "colon_fence", "front_matter"):
        parser.add_render_rule(kind, _fence)
    parser.add_render_rule("image", _image)
    return parser.disable("reference")  # so that a definition which no link uses is read as well


def markdown(text: str) -> str:
    """A page in Markdown as HTML that holds all of it, with its lines: no directive is carried out."""
    return _html(text, 0, 0)


def _html(text: str, above: int, depth: int) -> str:
    parser, environment = _parser(), {"above": above, "depth": depth}
    tokens = parser.parse(text, environment)
    if any(token.level >= DEEP for token in tokens):  # the parser leaves out what is nested deeper still
        return f'<pre data-kind="txt" data-line="{above + 1}">{escape(text)}</pre>'
    for token in tokens:
        if token.map:
            token.attrSet("data-line", str(above + token.map[0] + 1))
        if token.type == "html_block":
            token.content = f"<div {_at(token)}>{token.content}{_END}</div>"
    return str(parser.renderer.render(tokens, parser.options, environment))


def _at(token: Token) -> str:
    return f'data-line="{token.attrs["data-line"]}"' if token.map else ""


def _tagged(text: str, where: str = "", apart: bool = True) -> str:
    """A text as words or as a code that leads somewhere, in a block of its own or within a line."""
    tag = "code" if not worded(text) else "p" if apart else "span"
    return f"<{tag} {where}>{escape(text)}</{tag}>"


def _shown(_renderer: Any, tokens: Sequence[Token], place: int, *_: Any) -> str:
    """What a role, a label, a comment or a substitution says."""
    token = tokens[place]
    return _tagged(token.content or str(token.meta.get("label", "")), _at(token), token.block)


def _image(renderer: Any, tokens: Sequence[Token], place: int, options: Any, environment: Any) -> str:
    """A picture with the words for it, and the entities and code in them, which the parser's rule drops."""
    parts = tokens[place].children or []
    words = (" " if part.type.endswith("break") else part.content for part in parts)
    tokens[place].attrSet("alt", "".join(words))
    return str(renderer.renderToken(tokens, place, options, environment))


def _fence(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, environment: Any) -> str:
    """A directive with its argument, options and contents, or code, to be read in its own way."""
    token = tokens[place]
    name, _, argument = token.info.strip().partition(" ")
    kind, content, line = name.strip("{}"), token.content, int(token.attrs["data-line"]) + 1
    shown, is_directive = [argument, *spoken(argument)], name.startswith("{")
    while is_directive and (option := _OPTION.match(content)):
        shown += [option[2]] if worded(option[2]) else [f"{option[1]}:{option[2]}", *spoken(option[2])]
        line, content = line + 1, content[option.end() :]
    if is_directive and kind not in _LITERAL and environment["depth"] < NESTED:
        within = _html(content, line - 1, environment["depth"] + 1)
    else:
        kind = "yml" if token.type == "front_matter" else _KINDS.get(kind, argument or kind) or "txt"
        within = f'<pre data-kind="{escape(kind)}" data-line="{line}">{escape(content)}</pre>'
    return f"<div {_at(token)}>{''.join(map(_tagged, shown))}{within}</div>"

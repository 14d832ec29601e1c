"""Write a resolved doctree as Typst: what stands on a page of the book stands in the PDF, in the same words.

Text goes into Typst as strings and structure as function calls, so nothing in a text can be taken
for markup. A reference asks Typst whether its target is in the same file: if so it is a link there,
else to the published page, else plain text. One source thus serves the whole book and single pages.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partialmethod
from itertools import chain, zip_longest
from pathlib import Path
from statistics import median
from typing import Any

from docutils import nodes
from lxml import etree, html
from sphinx.locale import admonitionlabels
from sphinx.util import logging

from stp_portfolio.pdf.typesetting import content, quoted, settable
from stp_portfolio.privacy.cleaning import clean_picture
from stp_portfolio.show.charts import formula
from stp_portfolio.show.nodes import Picture
from stp_portfolio.show.palette import INK

Tree = Any  # a node and what it holds: docutils' types say of children only that they are nodes

LONGEST_WORD = 24  # letters of a word after which it may break: as the template has it
SHORT, ROOM = 20, 64  # letters of a text that keeps on one line, where all columns of such have so many
SHORT_LEAD = 250  # letters of a paragraph below a heading that does not stand alone at the foot of a page
LONG_TABLE = 12  # rows of a table that may be broken
LONG_CELL = 2500  # letters of a cell, times the columns of its table, above which its row may break
NUMBERING = {"loweralpha": "a.", "upperalpha": "A.", "lowerroman": "i.", "upperroman": "I."}
# Paragraphs, and parts of a line, that the template gives a look of their own.
LOOKS = {"stp-example": "example", "stp-edition": "edition-mark", "stp-headline": "headline"}
LOOKS |= {"stp-large": "large", "stp-answer": "strong", "stp-strip-head": "strip-head"}
LOOKS |= {f"stp-tile-{part}": f"tile-{part}" for part in ("number", "status", "title")}
# In points: the width of the text, the most that a drawing may have, its letters at best and at least.
TEXT_WIDTH, WIDEST, HIGHEST, BEST, SMALLEST = 453.5, 510.0, 635.0, 8.8, 7.5
HIGH = 200.0  # points, from where on a drawing makes way
FACES = "Atkinson Hyperlegible, DejaVu Sans"

logger = logging.getLogger(__name__)


def report(problem: str, node: Tree = None) -> None:
    """Report what fails the export, with file and line: a node in a line has the line of what holds it."""
    while node is not None and not node.line:
        node = node.parent
    logger.warning(problem, type="stp", subtype="eportfolio", location=node)


def vector(svg: str) -> str:
    """The book's inline SVG for print: the theme's colours resolved, the faces of the text named."""
    svg = re.sub(r"var\(--[\w-]+, (#[0-9a-f]{6})\)", r"\1", svg)
    return svg.replace("currentColor", INK).replace("<svg ", f'<svg font-family="{FACES}" ', 1)


def print_size(svg: str) -> tuple[float, float, float]:
    """How wide and high a drawing is set, and its least letters, in points: they suit those of the text."""
    _, _, width, height = map(float, re.findall(r'viewBox="([^"]+)"', svg)[0].split())
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)(?:px)?"', svg)] or [BEST]
    wanted = max(min(BEST / median(sizes), TEXT_WIDTH / width), SMALLEST / min(sizes))
    scale = min(wanted, WIDEST / width, HIGHEST / height)
    return scale * width, scale * height, scale * min(sizes)


@dataclass
class PageWriter:
    """Writes one page: a method ``_set_…`` for each class of nodes that has a form of its own.

    ``folder`` is the portfolio's; images are put into ``pictures``, where the source looks for them.
    ``base_url`` is where the book is published, or empty.
    """

    docname: str
    folder: Path
    pictures: Path
    base_url: str
    _footnotes: dict[str, Tree] = field(default_factory=dict)
    _level: int = 0

    def document(self, tree: Tree) -> str:
        """The Typst source of the page."""
        self._footnotes = {each: note for note in tree.findall(nodes.footnote) for each in note["ids"]}
        source = f"{self._mark()}\n\n{self._blocks(tree)}"
        for note in self._footnotes.values():
            report("a footnote that nothing refers to is left out", note)
        return source

    def _render(self, node: Tree) -> str:
        """One node, by the most specific of its classes that has a form, with its labels before it."""
        for kind in type(node).__mro__:
            if form := getattr(self, f"_set_{kind.__name__.lower()}", None):
                text: str = form(node)
                # Sections and footnotes place their labels themselves; in a line they would break it.
                placed = isinstance(node, nodes.Text | nodes.section | nodes.footnote | nodes.Inline)
                return text if placed or not text else self._marks(node) + text
        if node.children:
            plainly = "has no form of its own in the PDF; its contents are set plainly"
            logger.info("%s: %s %s", self.docname, type(node).__name__, plainly)
        return self._blocks(node.children)

    def _blocks(self, parent: Tree) -> str:
        """Block-level nodes, one after another."""
        return "\n\n".join(filter(None, map(self._render, parent)))

    def _inline(self, parent: Tree) -> str:
        """Nodes as running text."""
        return "".join(map(self._render, parent))

    def _wrapped(self, function: str, node: Tree) -> str:
        return f"#{function}[{self._inline(node)}]"

    def _nothing(self, node: Tree) -> str:
        return ""

    def _label(self, identifier: str, docname: str = "") -> str:
        """The Typst label of a page, or of a place on it, as a string."""
        return quoted(f"doc:{docname or self.docname}{identifier and '#'}{identifier}")

    def _mark(self, identifier: str = "") -> str:
        return f"#metadata(none) #label({self._label(identifier)})"

    def _marks(self, node: Tree) -> str:
        return "".join(map(self._mark, node.get("ids", ())))

    # -- forms that are the same for many -----------------------------------------------------

    _set_textelement = _inline
    _set_definition = _set_glossary = _set_compound = _set_line_block = _set_hlist = _set_hlistcol = _blocks
    _set_footnote = _set_meta = _set_toctree = _set_system_message = _set_invisible = _nothing
    _set_strong = _set_rubric = _set_title = partialmethod(_wrapped, "strong")
    _set_emphasis = partialmethod(_wrapped, "emph")
    _set_subscript = partialmethod(_wrapped, "sub")
    _set_superscript = partialmethod(_wrapped, "super")
    _set_target = _marks

    # -- structure ----------------------------------------------------------------------------

    def _set_section(self, node: Tree) -> str:
        self._level += 1
        title, rest = _taken(node, nodes.title)
        head = f"#heading(depth: {self._level})[{self._inline(title)}]" if title else ""
        body = (
            f"{self._marks(node)}\n\n{self._blocks(rest)}\n\n#place.flush()"  # no figure after what is next
        )
        self._level -= 1
        return head + body

    def _set_paragraph(self, node: Tree) -> str:
        text = self._set_inline(node)
        after_heading = isinstance(node.parent[max(0, node.parent.index(node) - 1)], nodes.title)
        return f"#leading[{text}]" if after_heading and len(text) < SHORT_LEAD else text

    def _set_inline(self, node: Tree) -> str:
        look = next((LOOKS[name] for name in node["classes"] if name in LOOKS), "")
        return self._wrapped(look, node) if look else self._inline(node)

    def _items(self, node: Tree) -> str:
        tight = "true" if all(len(item) == 1 for item in node) else "false"
        return ", ".join([f"tight: {tight}", *(f"[{self._blocks(item)}]" for item in node)])

    def _set_bullet_list(self, node: Tree) -> str:
        return self._tiles(node) or f"#list({self._items(node)})"

    def _tiles(self, node: Tree) -> str:
        """A list as tiles, if it is one of these: each has a class that says its status."""
        tiles = (f"({quoted(item['classes'][0])}, [{self._blocks(item)}])" for item in node)
        found = {"stp-strip", "stp-counts"} & set(node["classes"])
        return f"#tiles(across: {min(4, len(node))}, {', '.join(tiles)})" if found else ""

    def _set_enumerated_list(self, node: Tree) -> str:
        if tiles := self._tiles(node):
            return tiles
        numbering = quoted(NUMBERING.get(node.get("enumtype"), "1."))
        return f"#enum(start: {node.get('start', 1)}, numbering: {numbering}, {self._items(node)})"

    def _set_definition_list(self, node: Tree) -> str:
        items = ""
        for item in node:
            body, terms = _taken(item, nodes.definition)
            items += f"terms.item[{', '.join(map(self._inline, terms))}][{self._blocks(body or ())}], "
        return f"#terms({items})"

    def _set_container(self, node: Tree) -> str:
        """Cards, tabs and grids are opened, their titles in bold; the code of a notebook is left out."""
        if node.get("nb_element") == "cell_code_source":
            return ""
        if node.get("nb_element") == "cell_code_output" and self._level == 1:  # what a notebook answers first
            for answer in _taken(node, nodes.table, nodes.figure)[1]:
                answer["classes"].append("stp-answer")
        titled = node.get("design_component") in ("card-title", "tab-label")
        return self._wrapped("strong", node) if titled else self._blocks(node)

    def _set_admonition(self, node: Tree) -> str:
        title, rest = _taken(node, nodes.title)
        name = type(node).__name__
        head = self._inline(title) if title else content(str(admonitionlabels.get(name, "Note")))
        return f"#note[{head}][{self._blocks(rest)}]"

    _set_topic = _set_sidebar = _set_admonition

    def _set_block_quote(self, node: Tree) -> str:
        return f"#quote(block: true)[{self._blocks(node)}]"

    def _set_attribution(self, node: Tree) -> str:
        return content("\u2014 ") + self._inline(node)

    def _set_literal_block(self, node: Tree) -> str:
        return f"#raw(block: true, {quoted(settable(node.astext().rstrip()))})"

    _set_doctest_block = _set_literal_block

    def _set_transition(self, node: Tree) -> str:
        return "#rule()"

    # -- tables and figures -------------------------------------------------------------------

    def _set_table(self, node: Tree) -> str:
        title, [group, *_] = _taken(node, nodes.title)
        # Children alone: a cell may hold a table of its own.
        head: list[Tree] = [row for part in group if isinstance(part, nodes.thead) for row in part]
        body: list[Tree] = [row for part in group if isinstance(part, nodes.tbody) for row in part]
        if "stp-facts" in node["classes"]:
            items = (f"([{self._blocks(name)}], [{self._lines(fact)}])" for name, fact in body)
            return f"#facts({', '.join(items)})"
        columns = list(zip_longest(*map(_spread, [*head, *body]), fillvalue=nodes.entry()))
        parts = [f"columns: ({', '.join(_widths(columns))},)"]
        parts += [f"table.header({self._entries(head)})"] if head else []
        caption = f"[{self._inline(title)}]" if title else "none"
        return f"#tabular(caption: {caption}, table({', '.join([*parts, *self._below_head(body)])}))"

    def _below_head(self, body: list[Tree]) -> Iterator[str]:
        """The rows of a table, and its total as a foot.

        A foot keeps together: with the row above it in it, no total stands alone.
        """
        total = [body.pop()] if body and "stp-total" in body[-1]["classes"] else []
        above = [body.pop()] if total and len(body) > LONG_TABLE else []
        if body:
            yield self._entries(body)
        if total:
            foot = [self._entries(above), self._entries(total, "total")]
            yield f"table.footer(repeat: false, {', '.join(filter(None, foot))})"

    def _lines(self, entry: Tree) -> str:
        """What a cell holds, the items of its lists on a line each."""
        return "#linebreak()".join(map(self._inline, entry.findall(nodes.paragraph)))

    def _entries(self, rows: list[Tree], form: str = "whole") -> str:
        cells = []
        for row in rows:
            short, marks = all(len(entry.astext()) * len(row) <= LONG_CELL for entry in row), self._marks(row)
            for entry in row:
                wide, high = (int(entry.get(name, 0)) + 1 for name in ("morecols", "morerows"))
                side = "right" if {"stp-number", "text-right"} & set(entry["classes"]) else "left"
                options = f"colspan: {wide}, rowspan: {high}, align: {side}"
                cells.append(f"{form if short else 'table.cell'}({options})[{marks}{self._blocks(entry)}]")
                marks = ""
        return ", ".join(cells)

    def _set_figure(self, node: Tree) -> str:
        caption, rest = _taken(node, nodes.caption)
        legend, rest = _taken(rest, nodes.legend)
        text = f"caption: [{self._inline(caption)}]" if caption else "caption: none"
        below = self._blocks(legend or ())
        if isinstance(rest[0], Picture) and (size := print_size(rest[0]["svg"]))[1] > HIGH:
            wide, high, letters = size
            drawn = _drawing(vector(rest[0]["svg"]), rest[0]["alt"])
            name = quoted(hashlib.sha256(drawn.encode()).hexdigest()[:16])
            sizes = f"{wide:.1f}pt, {high:.1f}pt, {SMALLEST / letters:.2f}"
            return f"#high({name}, {sizes}, {text}, {drawn})\n\n{below}"
        return f"#picture({text})[{self._inline(rest)}]\n\n{below}"

    def _set_picture(self, node: Tree) -> str:
        width = print_size(node["svg"])[0]
        return f"#drawing({width:.1f}pt, {_drawing(vector(node['svg']), node['alt'])})"

    def _set_image(self, node: Tree) -> str:
        alt, source = str(node.get("alt", "")).strip(), self.folder / node["uri"]
        if not alt:
            report("an image has no alt text. Say what it shows", node)
        if not source.is_file():
            report(f"the image {node['uri']} is not there. Put it into the portfolio", node)
            return ""
        name = hashlib.sha256(node["uri"].encode()).hexdigest()[:16] + source.suffix.lower()
        shutil.copyfile(source, self.pictures / name)
        if source.suffix.lower() != ".svg":
            clean_picture(self.pictures / name)
        width = node.get("width", "") if re.fullmatch(r"\d+%", node.get("width", "")) else "auto"
        return f"#image({quoted(name)}, alt: {quoted(settable(alt))}, width: {width})"

    def _set_math(self, node: Tree) -> str:
        """TeX as a drawing, with its source as the words for it."""
        tex, block = node.astext().strip(), isinstance(node, nodes.math_block)
        try:
            drawn = _drawing(formula(tex, block=block), f"Formula: {tex}")
            boxed = f"#box(baseline: 25%, image({drawn}))"
        except ValueError as error:
            report(str(error), node)
            return content(tex)
        return f"#align(center)[{boxed}]" if block else boxed

    _set_math_block = _set_math

    # -- running text -------------------------------------------------------------------------

    def _set_text(self, node: Tree) -> str:
        return content(str(node))

    def _set_download_reference(self, node: Tree) -> str:
        """A file of the book: its name, since the PDF holds no file, and its published address."""
        name, text = node["reftarget"].rpartition("/")[2], self._inline(node)
        url = self.base_url and f"{self.base_url.rstrip('/')}/_downloads/{node.get('filename', name)}"
        named = "" if name in node.astext() else content(f" ({name})")
        return f"#link({quoted(url)})[{text}]{named}" if url else text + named

    def _set_literal(self, node: Tree) -> str:
        return f"#raw({quoted(settable(node.astext()))})"

    def _set_abbreviation(self, node: Tree) -> str:
        """An abbreviation with what it stands for, which on the web is shown on pointing at it."""
        meaning = node.get("explanation")
        return self._inline(node) + (content(f" ({meaning})") if meaning else "")

    def _set_reference(self, node: Tree) -> str:
        text, uri = self._inline(node), node.get("refuri", f"#{node.get('refid', '')}")
        if not text or re.match(r"[a-zA-Z][\w+.-]*:", uri):
            return f"#link({quoted(uri)})[{text}]" if text else ""
        address, mark, place = uri.partition("#")
        docname = address.removesuffix(".html") or self.docname
        url = self.base_url and address and f"{self.base_url.rstrip('/')}/{docname}.html{mark}{place}"
        return f"#to({self._label(place, docname)}, {quoted(url)})[{text}]"

    def _set_footnote_reference(self, node: Tree) -> str:
        """The note itself where it is first referred to, its number where it is again."""
        note, mark = self._footnotes.pop(node["refid"], None), f"label({self._label(node['refid'])})"
        if note is None:
            return f"#footnote({mark})"
        return f"#footnote[{self._blocks(_taken(note, nodes.label)[1])}] #{mark}"

    def _set_raw(self, node: Tree) -> str:
        """Raw HTML: a box becomes a word, a table a table; scripts and styles have nothing to show."""
        if "html" not in node.get("format", ""):
            return ""
        root = html.fragment_fromstring(node.astext(), create_parent=True)
        etree.strip_elements(root, etree.Comment, "script", "style", with_tail=False)
        found = [self._set_table(table) for table in _tables(root)]
        boxes = [box.get("checked") is not None for box in root.iter("input")]
        found += [content("Done: " if done else "To do: ") for done in boxes]
        return "\n\n".join(filter(None, [*found, content(root.text_content().strip())]))


def _drawing(svg: str, alt: str) -> str:
    return f'bytes({quoted(svg)}), format: "svg", alt: {quoted(settable(alt))}'


def _taken(parent: Iterable[Tree], *kinds: type[nodes.Element]) -> tuple[Tree, list[Tree]]:
    """The first child of a kind, or None, and all children of no such kind."""
    children = list(parent)
    taken = [child for child in children if isinstance(child, kinds)]
    return next(iter(taken), None), [child for child in children if child not in taken]


def _spread(row: Tree) -> list[Tree]:
    """The cells of a row, an empty one for each further column that a cell spans."""
    return [cell for entry in row for cell in (entry, *[nodes.entry()] * int(entry.get("morecols", 0)))]


def _unbroken(entry: Tree) -> list[str]:
    """The parts of a short cell, such as a day, which never wraps; of its column's head, the words."""
    if "stp-short" not in entry["classes"]:
        return []
    return entry.astext().split() if isinstance(entry.parent.parent, nodes.thead) else [entry.astext()]


def _longest(column: Tree) -> int:
    """The length of a column's longest text that should keep on one line."""
    return max(len(text) for entry in column for text in _unbroken(entry) or [entry.astext()])


def _widths(columns: list[Tree]) -> Iterator[str]:
    """How wide each column is: short texts keep on one line, long ones share what is left by their length."""
    longest = list(map(_longest, columns))
    roomy = sum(length for length in longest if length <= SHORT) <= ROOM
    for length, column in zip(longest, columns, strict=True):
        parts = chain(*(_unbroken(entry) or entry.astext().split() for entry in column))
        words = [min(len(part), LONGEST_WORD) + 2 for part in parts]
        yield "auto" if roomy and length <= SHORT else f"{max(4, min(length, 40) // 2, *words)}fr"


def _tables(root: html.HtmlElement) -> Iterator[nodes.table]:
    """Take the tables out of a piece of HTML, such as pandas writes of a data frame: that to the right."""
    for element in list(root.iter("table")):
        side = ["text-right"] if "dataframe" in element.get("class", "") else []
        head, body = nodes.thead(), nodes.tbody()
        for row in element.iter("tr"):
            cells = nodes.row()
            for cell in row.xpath("th|td"):
                spans = {"morecols": cell.get("colspan", 1), "morerows": cell.get("rowspan", 1)}
                more = {name: int(value) - 1 for name, value in spans.items()}
                text = " ".join(cell.text_content().split())
                cells.append(nodes.entry("", nodes.paragraph(text=text), classes=side, **more))
            (head if row.getparent().tag == "thead" else body).append(cells)
        yield nodes.table("", nodes.tgroup("", head, body))
        element.drop_tree()

"""Write a resolved doctree as Typst: what stands on a page of the book stands in the PDF, in the same words.

Text goes into Typst as strings and structure as function calls, so nothing in a text can be taken
for markup. A reference asks Typst whether its target is in the same file: if so it is a link there,
else to the published page, else plain text. One source thus serves the whole book and single pages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import partialmethod
from itertools import zip_longest
from pathlib import Path
from typing import Any

from docutils import nodes
from lxml import etree, html

from stp_portfolio.pdf import fonts
from stp_portfolio.pdf.typesetting import LONGEST_WORD, breakable, broken, content, quoted
from stp_portfolio.show.charts import formula
from stp_portfolio.show.palette import INK

Tree = Any  # a node and what it holds: docutils' types say of children only that they are nodes

NUMBERING = {"loweralpha": "a.", "upperalpha": "A.", "lowerroman": "i.", "upperroman": "I."}
PARAGRAPHS = {"stp-example": "example", "stp-edition": "edition-mark"}
PARAGRAPHS |= {"stp-answer": "strong", "stp-strip-head": "strong"}
ADMONITIONS = {"seealso": "See also", "versionmodified": "Version"}


def vector(svg: str) -> str:
    """The book's inline SVG for print: the theme's colours resolved, a font named, no browser needed."""
    svg = re.sub(r"var\(--[\w-]+, (#[0-9a-f]{6})\)", r"\1", svg)
    return svg.replace("currentColor", INK).replace("<svg ", '<svg font-family="DejaVu Sans" ', 1)


class PageWriter:
    """Writes one page: a method ``_set_…`` for each class of nodes that has a form of its own.

    ``problems`` fail the export, ``notes`` say what is set plainly; ``pictures`` are files by the name
    under which the source looks for them. ``base_url`` is where the book is published, or empty.
    """

    def __init__(self, docname: str, folder: Path, base_url: str) -> None:
        self.docname, self.folder, self.base_url = docname, folder, base_url.rstrip("/")
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.pictures: dict[str, Path] = {}
        self._footnotes: dict[str, Tree] = {}
        self._footnotes_set: set[str] = set()
        self._level = 0

    def document(self, tree: Tree) -> str:
        """The Typst source of the page."""
        self._footnotes = {each: note for note in tree.findall(nodes.footnote) for each in note["ids"]}
        source = f"{self._mark()}\n\n{self._blocks(tree)}"
        if self._footnotes.keys() - self._footnotes_set:
            self.problems.append(f"{self.docname}: a footnote that nothing refers to is left out")
        return source

    def _render(self, node: Tree) -> str:
        """One node, by the most specific of its classes that has a form, with its labels before it."""
        for kind in type(node).__mro__:
            form = getattr(self, f"_set_{kind.__name__.lower()}", None)
            if form:
                text: str = form(node)
                return f"{self._marks(node)}{text}" if text else ""
        if not isinstance(node, nodes.Element) or not node.children:
            return ""
        plainly = "has no form of its own in the PDF; its contents are set plainly"
        self.notes.append(f"{self.docname}: {type(node).__name__} {plainly}")
        return self._blocks(node)

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
        """A section and a footnote place their labels themselves; those inside of a line would break it."""
        placed = isinstance(node, nodes.Text | nodes.section | nodes.footnote | nodes.Inline)
        return "" if placed else self._inline_marks(node)

    def _inline_marks(self, node: Tree) -> str:
        return "".join(map(self._mark, node.get("ids", ())))

    # -- forms that are the same for many -----------------------------------------------------

    _set_inline = _set_textelement = _set_download_reference = _inline
    _set_definition = _set_glossary = _set_compound = _set_line_block = _set_hlist = _set_hlistcol = _blocks
    _set_footnote = _set_label = _set_meta = _set_toctree = _set_system_message = _set_invisible = _nothing
    _set_strong = _set_rubric = _set_title = partialmethod(_wrapped, "strong")
    _set_emphasis = partialmethod(_wrapped, "emph")
    _set_subscript = partialmethod(_wrapped, "sub")
    _set_superscript = partialmethod(_wrapped, "super")
    _set_target = _inline_marks

    # -- structure ----------------------------------------------------------------------------

    def _set_section(self, node: Tree) -> str:
        self._level += 1
        title, rest = _taken(node, nodes.title)
        head = f"#heading(level: {self._level})[{self._inline(title)}]" if title else ""
        body = f"{self._inline_marks(node)}\n\n{self._blocks(rest)}"
        self._level -= 1
        return head + body

    def _set_paragraph(self, node: Tree) -> str:
        form = next((PARAGRAPHS[name] for name in node["classes"] if name in PARAGRAPHS), "")
        return self._wrapped(form, node) if form else self._inline(node)

    def _items(self, node: Tree) -> str:
        tight = "true" if all(len(item) == 1 for item in node) else "false"
        return ", ".join([f"tight: {tight}", *(f"[{self._blocks(item)}]" for item in node)])

    def _set_bullet_list(self, node: Tree) -> str:
        if "stp-strip" not in node["classes"]:
            return f"#list({self._items(node)})"
        kinds = [quoted("".join(item["classes"][:1])) for item in node]
        tiles = [f"({kind}, [{self._blocks(item)}])" for kind, item in zip(kinds, node, strict=True)]
        return f"#tiles({', '.join(tiles)})"

    def _set_enumerated_list(self, node: Tree) -> str:
        numbering = quoted(NUMBERING.get(node.get("enumtype"), "1."))
        return f"#enum(start: {node.get('start', 1)}, numbering: {numbering}, {self._items(node)})"

    def _set_definition_list(self, node: Tree) -> str:
        items = []
        for item in node:
            terms = ", ".join(self._inline(term) for term in item if isinstance(term, nodes.term))
            _, body = _taken(item, nodes.term, nodes.classifier)
            items.append(f"terms.item[{terms}][{self._blocks(body)}]")
        return f"#terms({', '.join(items)})"

    def _set_container(self, node: Tree) -> str:
        """Cards, tabs and grids are opened, their titles in bold; the code of a notebook is left out."""
        if node.get("nb_element") == "cell_code_source":
            return ""
        titled = node.get("design_component") in ("card-title", "tab-label")
        return self._wrapped("strong", node) if titled else self._blocks(node)

    def _set_admonition(self, node: Tree) -> str:
        title, rest = _taken(node, nodes.title)
        name = type(node).__name__
        head = self._inline(title) if title else content(ADMONITIONS.get(name, name.capitalize()))
        return f"#note[{head}][{self._blocks(rest)}]"

    _set_topic = _set_sidebar = _set_admonition

    def _set_block_quote(self, node: Tree) -> str:
        return f"#quote(block: true)[{self._blocks(node)}]"

    def _set_attribution(self, node: Tree) -> str:
        return content("\u2014 ") + self._inline(node)

    def _set_literal_block(self, node: Tree) -> str:
        text = fonts.settable(node.astext().rstrip())
        text = re.sub(r"\S{60,}", lambda word: breakable(word[0]), text)
        return f"#raw(block: true, {quoted(text)})"

    _set_doctest_block = _set_literal_block

    def _set_transition(self, node: Tree) -> str:
        return "#rule()"

    # -- tables and figures -------------------------------------------------------------------

    def _set_table(self, node: Tree) -> str:
        title, [group, *_] = _taken(node, nodes.title)
        # Children alone: a cell may hold a table of its own.
        head = [row for part in group if isinstance(part, nodes.thead) for row in part]
        body = [row for part in group if isinstance(part, nodes.tbody) for row in part]
        if "stp-facts" in node["classes"]:
            items = [f"terms.item[{self._blocks(row[0])}][{self._blocks(row[1])}]" for row in body]
            return f"#facts({', '.join(items)})"
        weights, aligns = _columns(head, body)
        cells = [f"table.header({self._entries(head)})"] if head else []
        parts = [f"columns: ({weights})", f"align: ({aligns})", *cells, self._entries(body)]
        caption = f"[{self._inline(title)}]" if title else "none"
        return f"#tabular(caption: {caption}, table({', '.join(parts)}))"

    def _entries(self, rows: list[Tree]) -> str:
        return ", ".join(self._entry(entry) for row in rows for entry in row)

    def _entry(self, entry: Tree) -> str:
        spans = {"colspan": entry.get("morecols", 0), "rowspan": entry.get("morerows", 0)}
        named = ", ".join(f"{key}: {int(more) + 1}" for key, more in spans.items())
        return f"table.cell({named})[{self._blocks(entry)}]"

    def _set_figure(self, node: Tree) -> str:
        caption, rest = _taken(node, nodes.caption)
        legend, rest = _taken(rest, nodes.legend)
        text = f"[{self._inline(caption)}]" if caption else "none"
        return f"#picture(caption: {text})[{self._inline(rest)}]\n\n{self._blocks(legend or ())}"

    def _set_picture(self, node: Tree) -> str:
        return self._drawing(vector(node["svg"]), node["alt"])

    def _drawing(self, svg: str, alt: str) -> str:
        return f'#image(bytes({quoted(svg)}), format: "svg", alt: {quoted(fonts.settable(alt))})'

    def _set_image(self, node: Tree) -> str:
        alt, source = str(node.get("alt", "")).strip(), self.folder / node["uri"]
        where = f"{node.source or self.docname}:{node.line or 1}"
        if not alt:
            self.problems.append(f"{where}: an image has no alt text. Say what it shows")
        if not source.is_file():
            self.problems.append(f"{where}: the image {node['uri']} is not there. Put it into the portfolio")
            return ""
        name = hashlib.sha256(node["uri"].encode()).hexdigest()[:16] + source.suffix.lower()
        self.pictures[name] = source
        width = node.get("width", "") if re.fullmatch(r"\d+%", node.get("width", "")) else "auto"
        return f"#image({quoted(name)}, alt: {quoted(fonts.settable(alt))}, width: {width})"

    def _set_math(self, node: Tree) -> str:
        """TeX as a drawing, with its source as the words for it."""
        tex, block = node.astext().strip(), isinstance(node, nodes.math_block)
        try:
            boxed = f"#box(baseline: 25%)[{self._drawing(formula(tex, block=block), f'Formula: {tex}')}]"
        except ValueError as error:
            self.problems.append(f"{self.docname}: {error}")
            return content(tex)
        return f"#align(center)[{boxed}]" if block else boxed

    _set_math_block = _set_math

    # -- running text -------------------------------------------------------------------------

    def _set_text(self, node: Tree) -> str:
        return content(str(node))

    def _set_literal(self, node: Tree) -> str:
        return f"#raw({quoted(broken(fonts.settable(node.astext())))})"

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
        elsewhere = f"{self.base_url}/{docname}.html{mark}{place}" if self.base_url and address else ""
        return f"#to({self._label(place, docname)}, {quoted(elsewhere)})[{text}]"

    def _set_footnote_reference(self, node: Tree) -> str:
        """The note itself where it is first referred to, its number where it is again."""
        identifier = node.get("refid", "")
        note, mark = self._footnotes.get(identifier), f"label({self._label(identifier)})"
        if note is None or identifier in self._footnotes_set:
            return f"#footnote({mark})" if note else ""
        self._footnotes_set.add(identifier)
        return f"#footnote[{self._blocks(_taken(note, nodes.label)[1])}] #{mark}"

    def _set_citation(self, node: Tree) -> str:
        key, body = _taken(node, nodes.label)
        return f"#strong[{content('[')}{self._inline(key or ())}{content('] ')}]{self._blocks(body)}"

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


def _taken(parent: Iterable[Tree], *kinds: type[nodes.Element]) -> tuple[Tree, list[Tree]]:
    """The first child of a kind, or None, and all children of no such kind."""
    children = list(parent)
    return next((each for each in children if isinstance(each, kinds)), None), [
        each for each in children if not isinstance(each, kinds)
    ]


def _columns(head: list[Tree], body: list[Tree]) -> tuple[str, str]:
    """The widths and alignments of a table's columns, by what stands in them, as Typst takes them.

    Long texts share the page, short ones keep on one line, numbers stand to the right.
    """
    weights, aligns = "", ""
    spanned = max(sum(1 + int(entry.get("morecols", 0)) for entry in row) for row in [*head, *body])
    columns = list(zip_longest(*head, *body))
    for column in [*columns, *[()] * (spanned - len(columns))]:
        texts = [entry.astext() for entry in column if entry]
        words = [min(len(word), LONGEST_WORD) + 2 for text in texts for word in text.split()]
        weights += f"{max([4, *words, *(min(len(text), 40) // 2 for text in texts)])}fr, "
        cells = [entry for entry in column[len(head) :] if entry]
        numbers = [{"stp-number", "text-right"} & set(entry["classes"]) for entry in cells]
        aligns += "right, " if numbers and all(numbers) else "left, "
    return weights, aligns


def _tables(root: html.HtmlElement) -> Iterator[nodes.table]:
    """Take the tables out of a piece of HTML, such as pandas writes of a data frame."""
    for element in list(root.iter("table")):
        head, body = nodes.thead(), nodes.tbody()
        for row in element.iter("tr"):
            part = head if row.getparent().tag == "thead" else body
            part.append(nodes.row("", *map(_html_entry, row.xpath("th|td"))))
        caption = [nodes.title(text=each.text_content()) for each in element.iter("caption")]
        yield nodes.table("", *caption, nodes.tgroup("", head, body))
        element.drop_tree()


def _html_entry(cell: html.HtmlElement) -> nodes.entry:
    text = " ".join(cell.text_content().split())
    number = ["text-right"] if re.fullmatch(r"[-+\u2212]?[\d.,]+ ?%?|NaN", text) else []
    spans = {"morecols": int(cell.get("colspan", 1)) - 1, "morerows": int(cell.get("rowspan", 1)) - 1}
    return nodes.entry("", nodes.paragraph(text=text), classes=number, **spans)

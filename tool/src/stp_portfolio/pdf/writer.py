"""Write resolved doctrees as Typst: what stands on a page of the book stands in the PDF, in the same words.

Text goes into Typst as strings and structure as function calls, so nothing in a text can be taken
for markup. A reference asks Typst whether its target is in the same file: if so it is a link there,
else to the published page, else plain text. One source thus serves the whole book and single pages.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from stp_portfolio.pdf import fonts
from stp_portfolio.pdf.typesetting import (
    LONGEST_WORD,
    breakable,
    broken,
    content,
    quoted,
)
from stp_portfolio.show.charts import INK, formula
from stp_portfolio.show.nodes import Picture


@dataclass
class Sheet:
    """One page of the book on its way to Typst; ``problems`` fail the export, ``notes`` say what is set plainly."""

    docname: str
    folder: Path
    base_url: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pictures: dict[str, Path] = field(default_factory=dict)
    footnotes: dict[str, nodes.footnote] = field(default_factory=dict)
    footnotes_set: set[str] = field(default_factory=set)
    level: int = 0


def label(docname: str, identifier: str = "") -> str:
    """The Typst label of a page or of a place on it."""
    return f"doc:{docname}#{identifier}" if identifier else f"doc:{docname}"


def document(sheet: Sheet, tree: nodes.document) -> str:
    """The Typst source of one page."""
    for note in tree.findall(nodes.footnote):
        for identifier in note["ids"]:
            sheet.footnotes[identifier] = note
    body = blocks(sheet, tree.children)
    unset = [note for key, note in sheet.footnotes.items() if key not in sheet.footnotes_set]
    if unset:
        sheet.problems.append(f"{sheet.docname}: a footnote that nothing refers to is left out")
    return f"#metadata(none) #label({quoted(label(sheet.docname))})\n\n{body}"


def blocks(sheet: Sheet, children: Iterable[nodes.Node]) -> str:
    """Block-level nodes, one after another."""
    return "\n\n".join(filter(None, (render(sheet, child) for child in children)))


def inline(sheet: Sheet, node: nodes.Node) -> str:
    """The content of a node as running text."""
    return "".join(render(sheet, child) for child in node.children)


def render(sheet: Sheet, node: nodes.Node) -> str:
    """One node, by the most specific of its classes that this writer knows."""
    if isinstance(node, nodes.Text):
        return content(str(node))
    for kind in type(node).__mro__:
        if kind in _RENDERERS:
            text = _RENDERERS[kind](sheet, node)
            return _anchored(sheet, node, text)
    if isinstance(node, nodes.Element) and node.children:
        sheet.notes.append(
            f"{sheet.docname}: {type(node).__name__} has no form of its own in the PDF; its contents are set plainly"
        )
        return blocks(sheet, node.children)
    return ""


def _anchored(sheet: Sheet, node: nodes.Node, text: str) -> str:
    """The labels of a node before it, so that references find it."""
    if not isinstance(node, nodes.Element) or isinstance(
        node, nodes.section | nodes.footnote | nodes.Inline | nodes.target
    ):
        return text
    marks = "".join(
        f"#metadata(none) #label({quoted(label(sheet.docname, each))})" for each in node.get("ids", ())
    )
    return marks + text if text else text


# -- structure --------------------------------------------------------------------------------


def _section(sheet: Sheet, node: nodes.section) -> str:
    sheet.level += 1
    title = node.next_node(nodes.title, descend=True) if node.children else None
    marks = "".join(f"#metadata(none) #label({quoted(label(sheet.docname, each))})" for each in node["ids"])
    head = ""
    rest = list(node.children)
    if rest and isinstance(rest[0], nodes.title):
        title = rest.pop(0)
        head = f"#heading(level: {sheet.level})[{inline(sheet, title)}]"
    body = blocks(sheet, rest)
    sheet.level -= 1
    return f"{head}{marks}\n\n{body}"


def _paragraph(sheet: Sheet, node: nodes.paragraph) -> str:
    text = inline(sheet, node)
    classes = node.get("classes", ())
    if "stp-example" in classes:
        return f"#example[{text}]"
    if "stp-edition" in classes:
        return f"#edition-mark[{text}]"
    if "stp-answer" in classes or "stp-strip-head" in classes:
        return f"#strong[{text}]"
    return text


def _bullets(sheet: Sheet, node: nodes.bullet_list) -> str:
    items = [f"[{blocks(sheet, item.children)}]" for item in node.children]
    if "stp-strip" in node.get("classes", ()):
        tiles = [
            f"({quoted((item.get('classes') or [''])[0])}, {body})"
            for item, body in zip(node.children, items, strict=True)
        ]
        return f"#tiles({', '.join(tiles)})"
    return f"#list(tight: {_tight(node)}, {', '.join(items)})"


def _enumerated(sheet: Sheet, node: nodes.enumerated_list) -> str:
    items = [f"[{blocks(sheet, item.children)}]" for item in node.children]
    numbering = {"loweralpha": "a.", "upperalpha": "A.", "lowerroman": "i.", "upperroman": "I."}.get(
        node.get("enumtype", ""), "1."
    )
    return f"#enum(tight: {_tight(node)}, start: {node.get('start', 1)}, numbering: {quoted(numbering)}, {', '.join(items)})"


def _tight(node: nodes.Element) -> str:
    return "true" if all(len(item.children) == 1 for item in node.children) else "false"


def _definitions(sheet: Sheet, node: nodes.Element) -> str:
    items = []
    for item in node.findall(nodes.definition_list_item):
        terms = ", ".join(inline(sheet, term) for term in item.children if isinstance(term, nodes.term))
        body = blocks(sheet, [child for child in item.children if isinstance(child, nodes.definition)])
        items.append(f"terms.item[{terms}][{body}]")
    return f"#terms({', '.join(items)})"


def _children(sheet: Sheet, node: nodes.Element) -> str:
    return blocks(sheet, node.children)


def _container(sheet: Sheet, node: nodes.container) -> str:
    """Cards, tabs and grids are opened: their titles in bold, their contents below."""
    if node.get("design_component") in ("card-title", "tab-label"):
        return f"#strong[{inline(sheet, node)}]"
    return blocks(sheet, node.children)


def _admonition(sheet: Sheet, node: nodes.Element) -> str:
    children = list(node.children)
    name = type(node).__name__
    title = content(_ADMONITIONS.get(name, name.capitalize()))
    if children and isinstance(children[0], nodes.title):
        title = inline(sheet, children.pop(0))
    return f"#note[{title}][{blocks(sheet, children)}]"


_ADMONITIONS = {"seealso": "See also", "versionmodified": "Version"}


def _abbreviation(sheet: Sheet, node: nodes.Element) -> str:
    """An abbreviation with what it stands for, which on the web is shown on pointing at it."""
    meaning = node.get("explanation", "")
    return inline(sheet, node) + (content(f" ({meaning})") if meaning else "")


def _quote(sheet: Sheet, node: nodes.block_quote) -> str:
    return f"#quote(block: true)[{blocks(sheet, node.children)}]"


def _code(sheet: Sheet, node: nodes.literal_block) -> str:
    text = "\n".join(
        re.sub(r"\S{60,}", lambda m: breakable(m[0]), line)
        for line in fonts.settable(node.astext()).splitlines()
    )
    return f"#raw(block: true, {quoted(text)})"


def _rule(sheet: Sheet, node: nodes.transition) -> str:
    return "#rule()"


# -- tables and figures -----------------------------------------------------------------------


def _table(sheet: Sheet, node: nodes.table) -> str:
    group = next(node.findall(nodes.tgroup))
    # Children alone: a cell may hold a table of its own.
    head = [row for part in group.children if isinstance(part, nodes.thead) for row in part.children]
    body = [row for part in group.children if isinstance(part, nodes.tbody) for row in part.children]
    if "stp-facts" in node.get("classes", ()):
        items = [f"terms.item[{_cell(sheet, row[0])}][{_cell(sheet, row[1])}]" for row in body]
        return f"#facts({', '.join(items)})"
    width = max(sum(1 + int(entry.get("morecols", 0)) for entry in row) for row in [*head, *body])
    weights = _weights([*head, *body], width)
    size = "0.85em" if width <= 5 else "0.75em" if width <= 9 else "0.6em"
    columns = ", ".join(f"{weight}fr" for weight in weights)
    aligns = ", ".join("right" if _numeric(body, index) else "left" for index in range(width))
    header = (
        f"table.header({', '.join(_entry(sheet, entry) for row in head for entry in row)}), " if head else ""
    )
    cells = ", ".join(_entry(sheet, entry) for row in body for entry in row)
    title = next((child for child in node.children if isinstance(child, nodes.title)), None)
    caption = f"[{inline(sheet, title)}]" if title is not None else "none"
    return f"#tabular(caption: {caption}, size: {size}, table(columns: ({columns},), align: ({aligns},), {header}{cells}))"


def _cell(sheet: Sheet, entry: nodes.entry) -> str:
    return blocks(sheet, entry.children)


def _entry(sheet: Sheet, entry: nodes.entry) -> str:
    spans = {"colspan": int(entry.get("morecols", 0)) + 1, "rowspan": int(entry.get("morerows", 0)) + 1}
    named = ", ".join(f"{key}: {value}" for key, value in spans.items() if value > 1)
    cell = _cell(sheet, entry)
    return f"table.cell({named})[{cell}]" if named else f"[{cell}]"


def _weights(rows: list[nodes.Node], width: int) -> list[int]:
    """Column widths by what stands in them: long texts share the page, short ones keep on one line."""
    longest = [4] * width
    for row in rows:
        for index, entry in enumerate(row.children[:width]):
            text = entry.astext()
            words = max((len(word) for word in text.split()), default=1)
            longest[index] = max(longest[index], min(words, LONGEST_WORD) + 2, min(len(text), 40) // 2)
    return longest


def _numeric(body: list[nodes.Node], index: int) -> bool:
    cells = [row.children[index] for row in body if index < len(row.children)]
    return bool(cells) and all({"stp-number", "text-right"} & set(cell.get("classes", ())) for cell in cells)


def _figure(sheet: Sheet, node: nodes.figure) -> str:
    caption = next((child for child in node.children if isinstance(child, nodes.caption)), None)
    legend = [child for child in node.children if isinstance(child, nodes.legend)]
    shown = [child for child in node.children if child is not caption and child not in legend]
    text = f"[{inline(sheet, caption)}]" if caption is not None else "none"
    picture = "".join(render(sheet, child) for child in shown)
    return f"#picture(caption: {text})[{picture}]\n\n{blocks(sheet, [part for each in legend for part in each.children])}"


def svg(sheet: Sheet, node: nodes.Element) -> str:
    """A drawing that is in the doctree as SVG."""
    return _image(vector(node["svg"]), "svg", node["alt"])


def vector(svg: str) -> str:
    """The book's inline SVG for print: the theme's colours resolved, a font named, no browser needed."""
    svg = re.sub(r"var\(--[\w-]+, (#[0-9a-f]{6})\)", r"\1", svg)
    svg = svg.replace("currentColor", INK)
    return svg.replace("<svg ", '<svg font-family="DejaVu Sans" ', 1)


def _image(data: str, kind: str, alt: str) -> str:
    return f"#image(bytes({quoted(data)}), format: {quoted(kind)}, alt: {quoted(fonts.settable(alt))})"


def _picture_file(sheet: Sheet, node: nodes.image) -> str:
    alt = str(node.get("alt", "")).strip()
    if not alt:
        sheet.problems.append(
            f"{node.source or sheet.docname}:{node.line or 1}: an image has no alt text. Say what it shows"
        )
    source = sheet.folder / node["uri"]
    name = re.sub(r"[^\w.-]", "_", node["uri"])
    sheet.pictures[name] = source
    width = node.get("width", "")
    size = f", width: {width}" if re.fullmatch(r"\d+%", width) else ""
    return f"#image({quoted(name)}, alt: {quoted(alt)}{size})"


def _formula(sheet: Sheet, node: nodes.Element) -> str:
    """TeX as a drawing, with its source as the words for it."""
    tex = node.astext().strip()
    block = isinstance(node, nodes.math_block)
    try:
        drawn = formula(tex, block=block)
    except ValueError as error:
        sheet.problems.append(f"{sheet.docname}: {error}")
        return content(tex)
    boxed = f"#box(baseline: 25%, {_image(drawn, 'svg', f'Formula: {tex}')[1:]})"
    return f"#align(center)[{boxed}]" if block else boxed


# -- running text -----------------------------------------------------------------------------


def _wrapped(name: str) -> Callable[[Sheet, nodes.Node], str]:
    return lambda sheet, node: f"#{name}[{inline(sheet, node)}]"


def _plain(sheet: Sheet, node: nodes.Node) -> str:
    return inline(sheet, node)


def _literal(sheet: Sheet, node: nodes.Node) -> str:
    return f"#raw({quoted(broken(fonts.settable(node.astext())))})"


def _reference(sheet: Sheet, node: nodes.reference) -> str:
    text = inline(sheet, node)
    if not text:
        return ""
    if "refid" in node:
        return f"#to({quoted(label(sheet.docname, node['refid']))}, {quoted('')})[{text}]"
    uri = node.get("refuri", "")
    if re.match(r"[a-zA-Z][\w+.-]*:", uri):
        return f"#link({quoted(uri)})[{text}]"
    address, _, fragment = uri.partition("#")
    docname = posixpath.normpath(posixpath.join(posixpath.dirname(sheet.docname), address)).removesuffix(
        ".html"
    )
    url = (
        f"{sheet.base_url.rstrip('/')}/{docname}.html{f'#{fragment}' if fragment else ''}"
        if sheet.base_url
        else ""
    )
    return f"#to({quoted(label(docname, fragment))}, {quoted(url)})[{text}]"


def _footnote_reference(sheet: Sheet, node: nodes.footnote_reference) -> str:
    identifier = node.get("refid", "")
    note = sheet.footnotes.get(identifier)
    if note is None:
        return ""
    mark = quoted(label(sheet.docname, identifier))
    if identifier in sheet.footnotes_set:
        return f"#footnote(label({mark}))"
    sheet.footnotes_set.add(identifier)
    body = blocks(sheet, [child for child in note.children if not isinstance(child, nodes.label)])
    return f"#footnote[{body}] #label({mark})"


def _citation(sheet: Sheet, node: nodes.citation) -> str:
    key = next((child.astext() for child in node.children if isinstance(child, nodes.label)), "")
    body = blocks(sheet, [child for child in node.children if not isinstance(child, nodes.label)])
    return f"#strong[{content(f'[{key}] ')}]{body}"


def _target(sheet: Sheet, node: nodes.target) -> str:
    return "".join(
        f"#metadata(none) #label({quoted(label(sheet.docname, each))})" for each in node.get("ids", ())
    )


def _raw(sheet: Sheet, node: nodes.raw) -> str:
    """Raw HTML: a ticked or empty box becomes a word; comments and styles have nothing to show; the rest is said."""
    if "html" not in node.get("format", "") or (
        isinstance(node.parent, nodes.container) and node.parent.get("mime_type")
    ):
        text = ""
    else:
        text = node.astext()
    if "<input" in text:
        return content("Done: " if "checked" in text else "To do: ")
    shown = re.sub(
        r"<(script|style)\b.*?</\1>|<!--.*?-->|</?[A-Za-z][^>]*>", "", text, flags=re.DOTALL
    ).strip()
    return content(html.unescape(shown)) if shown else ""


def _nothing(sheet: Sheet, node: nodes.Node) -> str:
    return ""


def register(kind: type, renderer: Callable[[Sheet, nodes.Node], str]) -> None:
    """Teach the writer a node that an extension has made."""
    _RENDERERS[kind] = renderer


_RENDERERS: dict[type, Callable[[Sheet, nodes.Node], str]] = {
    nodes.section: _section,
    nodes.paragraph: _paragraph,
    nodes.compact_paragraph
    if hasattr(nodes, "compact_paragraph")
    else addnodes.compact_paragraph: _paragraph,
    nodes.bullet_list: _bullets,
    nodes.enumerated_list: _enumerated,
    nodes.definition_list: _definitions,
    nodes.definition: _children,
    addnodes.glossary: _children,
    nodes.container: _container,
    nodes.compound: _children,
    nodes.topic: _admonition,
    nodes.sidebar: _admonition,
    nodes.Admonition: _admonition,
    nodes.block_quote: _quote,
    nodes.attribution: lambda sheet, node: content("\u2014 ") + inline(sheet, node),
    nodes.abbreviation: _abbreviation,
    nodes.literal_block: _code,
    nodes.doctest_block: _code,
    nodes.transition: _rule,
    nodes.table: _table,
    nodes.figure: _figure,
    nodes.image: _picture_file,
    nodes.math: _formula,
    nodes.math_block: _formula,
    nodes.emphasis: _wrapped("emph"),
    nodes.strong: _wrapped("strong"),
    nodes.subscript: _wrapped("sub"),
    nodes.superscript: _wrapped("super"),
    nodes.literal: _literal,
    nodes.reference: _reference,
    addnodes.download_reference: _plain,
    addnodes.number_reference: _reference,
    nodes.footnote_reference: _footnote_reference,
    nodes.target: _target,
    nodes.rubric: lambda sheet, node: f"#strong[{inline(sheet, node)}]",
    nodes.line_block: _children,
    nodes.line: _paragraph,
    nodes.raw: _raw,
    nodes.inline: _plain,
    nodes.Inline: _plain,
    nodes.TextElement: _plain,
    nodes.footnote: _nothing,
    nodes.citation: _citation,
    addnodes.hlist: _children,
    addnodes.hlistcol: _children,
    nodes.comment: _nothing,
    nodes.meta if hasattr(nodes, "meta") else nodes.comment: _nothing,
    nodes.substitution_definition: _nothing,
    nodes.system_message: _nothing,
    nodes.Invisible: _nothing,
    addnodes.toctree: _nothing,
    addnodes.index: _nothing,
    nodes.title: lambda sheet, node: f"#strong[{inline(sheet, node)}]",
    nodes.label: _nothing,
    Picture: svg,
}

"""Tables, figures and links as docutils nodes: one form for generated panels and notebook outputs."""

from collections.abc import Sequence
from typing import Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config

from stp_portfolio.show import charts, tables
from stp_portfolio.show.nodes import Picture
from stp_portfolio.show.tables import Cell, Link, Table


def figure(svg: str, alt: str, caption: str) -> nodes.figure:
    """A figure as a page holds it: the picture and the finding as its caption."""
    node = nodes.figure(classes=["stp-figure"], ids=[nodes.make_id(f"figure {caption}")])
    node += Picture(svg=svg, alt=alt)
    node += nodes.caption(text=caption)
    return node


def table(content: Table, *classes: str) -> nodes.table:
    """A table as a page holds it: caption, header row, row headers, numbers to the right.

    Where no column has a name there is no header row: each row names itself.
    """
    content = content.shortened()
    node = nodes.table(classes=list(classes or ("stp-table",)))
    if content.caption:
        node["ids"] = [nodes.make_id(f"table {content.caption}")]
        node += nodes.title(text=content.caption)
    group = nodes.tgroup(cols=len(content.columns))
    group += [nodes.colspec(colwidth=1, stub=int(not index)) for index in range(len(content.columns))]
    if any(content.columns):
        group += nodes.thead("", _row(content, content.columns))
    rows = [_row(content, cells) for cells in content.rows]
    if content.total:
        rows[-1]["classes"].append("stp-total")
    group += nodes.tbody("", *rows)
    node += group
    return node


def _row(content: Table, cells: Sequence[Cell]) -> nodes.row:
    row = nodes.row()
    for column, cell in zip(content.columns, cells, strict=True):
        shown: nodes.Element
        if isinstance(cell, tuple):
            links = (nodes.paragraph("", "", link_to(link)) for link in cell)
            shown = nodes.bullet_list("", *(nodes.list_item("", link) for link in links))
        else:
            inside = link_to(cell) if isinstance(cell, Link) else nodes.Text(tables.shown(cell))
            shown = nodes.paragraph("", "", inside)
        row += nodes.entry("", shown, classes=["stp-number"] if column in content.numeric else [])
    return row


def link_to(link: Link, *children: nodes.Node) -> nodes.Node:
    """A reference to another page of the book, or to an address; resolving it warns if there is no such page.

    It is the node that MyST makes of ``[text](page.md)``: Sphinx' own ``doc`` reference would keep
    the text and drop the children.
    """
    inside = nodes.inline("", "", *(children or (nodes.Text(link.text),)))
    if "://" in link.page:
        return nodes.reference("", "", inside, refuri=link.page)
    if not link.page:
        return inside
    target = {"refdomain": "doc", "reftype": "myst", "reftarget": link.page, "reftargetid": None}
    return addnodes.pending_xref("", inside, refexplicit=True, **target)


class NotebookOutput:
    """Shows the package's own notebook outputs with the nodes above (a plug-in of myst-nb)."""

    # None here: the plug-in is known wherever the package is, its nodes only to a book with the extension.
    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int]]] = []

    @staticmethod
    def handle_mime(_: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Nodes for a table or a figure; None leaves any other output to myst-nb."""
        if inline:
            return None
        if data.mime_type == tables.MIME:
            return [table(tables.from_json(data.content))]
        if data.mime_type == charts.MIME:
            return [figure(**data.content)]
        return None


def prefer(app: Sphinx, config: Config) -> None:
    """Let the package's own outputs come before any other form of them."""
    if "nb_mime_priority_overrides" in config:  # not where diagrams are used without notebooks
        own = [("*", tables.MIME, 1), ("*", charts.MIME, 1)]
        config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, *own]


def setup(app: Sphinx) -> None:
    """Put the package's own outputs first."""
    app.connect("config-inited", prefer, priority=100)

"""Tables, figures and links as docutils nodes: one form for generated panels and notebook outputs."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from stp_portfolio.show import charts, tables
from stp_portfolio.show.nodes import Picture
from stp_portfolio.show.tables import Cell, Link, Table

_DAY = re.compile(r"\b(\d\d?) ([A-Z][a-z]{2}) (?=\d{4}\b)")  # no line ends inside it
SHORT = 20  # characters: a day, a status, a phase


def figure(svg: str, narrow: str, alt: str, caption: str) -> nodes.figure:
    """A figure as a page holds it: the picture and the finding as its caption."""
    node = nodes.figure(classes=["stp-figure"], ids=[nodes.make_id(f"figure {caption}")])
    node += Picture(svg=svg, narrow=narrow, alt=alt)
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
    forms = _forms(content)
    group = nodes.tgroup(cols=len(content.columns))
    stubs = [int(index == content.names) for index in range(len(content.columns))]
    group += [nodes.colspec(colwidth=1, stub=stub) for stub in stubs]
    if any(content.columns):
        group += nodes.thead("", _row(content.columns, forms))
    group += nodes.tbody("", *_rows(content, forms))
    node += group
    return node


def _rows(content: Table, forms: Sequence[str]) -> list[nodes.row]:
    """The rows below the head, marked where they repeat what stands above, lead on, or are a total."""
    rows = [_row(cells, forms) for cells in content.rows]
    for (above, cells), row in zip(pairwise(content.rows), rows[1:], strict=False):
        if above[: content.names] == cells[: content.names]:
            for text in list(row.findall(nodes.paragraph))[: content.names]:
                text["classes"].append("stp-again")
    if content.total:
        rows[-1]["classes"].append("stp-total")
    for row, anchor in zip(rows, content.anchors, strict=False):
        row["ids"] = [nodes.make_id(anchor)]
    return rows


def _forms(content: Table) -> list[str]:
    """The form of each column: of numbers, of short texts (days, statuses), which never wrap, or of text."""
    forms = []
    for name, *cells in zip(content.columns, *content.rows, strict=True):
        short = all(not isinstance(cell, tuple) and len(tables.shown(cell)) <= SHORT for cell in cells)
        forms.append("stp-number" if name in content.numeric else "stp-short" if short else "stp-text")
    return forms if "stp-text" in forms else ["stp-text", *forms[1:]]


def _row(cells: Sequence[Cell], forms: Sequence[str]) -> nodes.row:
    row = nodes.row()
    for form, cell in zip(forms, cells, strict=True):
        shown: nodes.Element
        if isinstance(cell, tuple):
            shown = nodes.bullet_list("", *(nodes.list_item("", _linked(each)) for each in cell))
        else:
            text = _DAY.sub("\\1\xa0\\2\xa0", tables.shown(cell))
            inside = link_to(cell) if isinstance(cell, Link) else nodes.Text(text)
            shown = nodes.paragraph("", "", inside)
        row += nodes.entry("", shown, classes=[form])
    return row


def _linked(item: Link | tuple[Link, ...]) -> nodes.paragraph:
    links = [link_to(each) for each in (item if isinstance(item, tuple) else (item,))]
    return nodes.paragraph("", "", *[part for link in links for part in (link, nodes.Text(" "))][:-1])


def link_to(link: Link, *children: nodes.Node) -> nodes.Node:
    """A reference to another page of the book, or to an address; resolving it warns if there is no such page.

    It is the node that MyST makes of ``[text](page.md)``: Sphinx' own ``doc`` reference would keep
    the text and drop the children.
    """
    inside = nodes.inline("", "", *(children or (nodes.Text(link.text),)))
    if "://" in link.page:
        return nodes.reference("", "", inside, refuri=link.page)
    if link.page.startswith("/"):
        return addnodes.download_reference("", "", inside, reftarget=link.page)
    if not link.page:
        return inside
    target = {"refdomain": "doc", "reftype": "myst", "reftarget": link.page, "reftargetid": None}
    if link.page.startswith("#"):  # Sphinx makes it a link where a page shows that row: see note_rows
        target = {"refdomain": "std", "reftype": "ref", "reftarget": nodes.make_id(link.page)}
    return addnodes.pending_xref("", inside, refexplicit=True, **target)


def _labels(app: Sphinx) -> dict[str, tuple[str, str]]:
    labels: dict[str, tuple[str, str]] = app.env.domaindata["std"]["anonlabels"]
    return labels


def note_rows(app: Sphinx, doctree: nodes.document) -> None:
    """Remember which rows of tables the page just read shows, for links from other pages."""
    for row in doctree.findall(nodes.row):
        for name in row["ids"]:
            _labels(app)[name] = (app.env.docname, name)


def write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """All pages, where rows came, went or moved: any page may lead to them."""
    rows = {name: page for name, (page, own) in _labels(app).items() if name == own}
    before = vars(env).get("stp_rows", rows)
    vars(env)["stp_rows"] = rows
    return [] if rows == before else sorted(env.all_docs)


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
    app.connect("doctree-read", note_rows, priority=900)
    app.connect("env-updated", write_again)

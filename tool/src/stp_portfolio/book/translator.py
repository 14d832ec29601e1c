"""The HTML of a page's text, made right as it is written: named links and ticks, tables' heads, no styles.

The policy of ``frame`` lets no style on an element do anything, so widths become attributes here. What an
author's raw HTML brings is left for ``strict`` to report.
"""

import hashlib
import re
import textwrap
from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst.directives.body import Sidebar
from lxml import etree, html
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from stp_portfolio.show import charts
from stp_portfolio.show.nodes import Picture

logger = logging.getLogger(__name__)


def as_attributes(style: str) -> dict[str, str]:
    """The declarations of a style as attributes: width and height in per cent or pixels, and alignment.

    Anything else stays in ``style``, where it does nothing and is reported.
    """
    found: dict[str, str] = {}
    for part in filter(str.strip, style.split(";")):
        name, value = (word.strip() for word in part.split(":", 1))
        if name == "text-align":
            found["align"] = value
        elif name in ("width", "height") and re.fullmatch(r"[\d.]+(?:%|px)?", value):
            found[name] = value.removesuffix("px")
        else:
            found["style"] = part
    return found


def made_right(markup: str) -> str:
    """A raw tick with its name; a table, as of pandas, without styles, each heading with its scope."""
    whole = html.fragment_fromstring(markup, create_parent="div")
    for element in list(whole.iter("input", "style", "th", "tr")):
        element.attrib.update(as_attributes(element.attrib.pop("style", "")))
        if element.tag == "input":
            element.set("aria-label", "Done" if "checked" in element.attrib else "To do")
        elif element.tag == "style" and "scoped" in element.attrib:  # of pandas
            element.drop_tree()
        elif element.tag == "th":
            _head(element)
    return (whole.text or "") + "".join(html.tostring(child, encoding="unicode") for child in whole)


def _head(cell: html.HtmlElement) -> None:
    """An empty heading is a cell; any other says what it is the heading of."""
    if not cell.text_content().strip():
        cell.tag = "td"
    elif "scope" not in cell.attrib:
        of_column = cell.xpath("ancestor::thead or not(../td[normalize-space()])")
        cell.set("scope", "col" if of_column else "row")


class Translator(HTML5Translator):
    """Sphinx' own, with what its HTML lacks for accessibility and for the policy."""

    def starttag(self, node: nodes.Element, tagname: str, *positional: Any, **attributes: Any) -> str:
        """Without styles; a heading cell says what it heads, and the page's own heading has its address."""
        attributes |= as_attributes(attributes.pop("style", ""))
        if tagname == "h1" and isinstance(node.parent, nodes.section):
            attributes["ids"] = node.parent["ids"]
        if tagname == "th":
            attributes["scope"] = "col" if isinstance(node.parent.parent, nodes.thead) else "row"
        return str(super().starttag(node, tagname, *positional, **attributes))

    def visit_section(self, node: nodes.section) -> None:
        """The page's own is the article already: its heading must be no heading of a part."""
        super().visit_section(node)
        if self.section_level == 1:
            self.body.pop()

    def depart_section(self, node: nodes.section) -> None:
        """Close what was opened."""
        super().depart_section(node)
        if self.section_level == 0:
            self.body.pop()

    def visit_tgroup(self, node: nodes.tgroup) -> None:
        """Below a row of headings, the first of several columns names the rows."""
        first: nodes.colspec = next(node.findall(nodes.colspec))
        first["stub"] = first.get("stub") or (len(node) > 3 and isinstance(node[-2], nodes.thead))
        super().visit_tgroup(node)

    def visit_entry(self, node: nodes.entry) -> None:
        """An empty heading is a cell."""
        super().visit_entry(node)
        if not node.astext().strip() and self.body[-1].startswith("<th"):
            self.body[-1], self.context[-1] = self.starttag(node, "td", ""), "</td>\n"

    def visit_table(self, node: nodes.Element) -> None:
        """In a box that scrolls where the table is wider than the page; the facts have an unseen caption."""
        self.body.append('<div class="stp-scroll">')
        super().visit_table(node)
        if "stp-facts" in node["classes"]:
            self.body.append('<caption class="stp-unseen">Facts about this activity</caption>')

    def depart_table(self, node: nodes.Element) -> None:
        """Close the table and its box."""
        super().depart_table(node)
        self.body.append("</div>\n")

    def visit_figure(self, node: nodes.Element) -> None:
        """Named by its caption, which not every browser does by itself."""
        super().visit_figure(node)
        for caption in node.findall(nodes.caption):
            named = f'<figure aria-label="{escape(caption.astext())}"'
            self.body[-1] = self.body[-1].replace("<figure", named, 1)

    def visit_admonition(self, node: nodes.Element, name: str = "") -> None:
        """A box of the class ``dropdown`` opens and closes without a script."""
        super().visit_admonition(node, name)
        if "dropdown" in node["classes"]:
            self.body[-1] = self.body[-1].replace("<div", "<details", 1)

    def depart_admonition(self, node: nodes.Element | None = None) -> None:
        """Close the box."""
        folded = node is not None and "dropdown" in node["classes"]
        self.body.append("</details>\n" if folded else "</div>\n")

    def visit_title(self, node: nodes.Element) -> None:
        """Of a box that folds, what one opens it by."""
        box: nodes.Element = node.parent
        if isinstance(box, nodes.Admonition) and "dropdown" in box["classes"]:
            self.body.append(self.starttag(node, "summary", ""))
            self.context.append("</summary>\n")
        else:
            super().visit_title(node)

    def visit_raw(self, node: nodes.raw) -> None:
        """Ticks of task lists and tables of pandas come as raw HTML, and whole tables of an author's own."""
        if any(mark in node.astext() for mark in ("task-list-item-checkbox", "</table>")):
            self.body.append(made_right(node.astext()))
            raise nodes.SkipNode
        without = re.sub(r"<!--.*?-->", "", node.astext(), flags=re.DOTALL)  # the author's own remarks
        super().visit_raw(nodes.raw("", without, **node.attributes))

    def visit_comment(self, node: nodes.Element, sub: Any = None) -> None:
        """Nothing: what an author noted is no reader's."""
        raise nodes.SkipNode


# -- nodes of our own, of MyST-NB and of sphinx-design ----------------------------------------


def visit_picture(translator: HTML5Translator, node: Picture) -> None:
    """Write both drawings into the page as one image, of which a reader is told the words, and no text twice.

    They follow the theme, and their text stays text. What cannot shrink, a diagram, scrolls: by keyboard too.
    """
    scrolls = "" if node["narrow"] else ' tabindex="0"'
    box = f'<div class="stp-picture" role="img" aria-label="{escape(node["alt"])}"{scrolls}>'
    translator.body.append(f"{box}{node['svg']}{node['narrow']}</div>\n")
    raise nodes.SkipNode


def visit_hidden_cell(translator: HTML5Translator, node: nodes.Element) -> None:
    """The code of a notebook's cell, or its output, folded away; opens without a script."""
    name = "Code" if "above-input" in node["classes"] else "Output"
    of = f'<span class="stp-unseen">{escape(node.get("of", ""))}</span>'
    translator.body.append(f'<details class="stp-code"><summary>{name}{of}</summary>\n')


# What a cell shows, by the node that says it in words.
COMPUTED = {nodes.title: "table", nodes.caption: "figure", nodes.paragraph: "sentence"}


class CodeBelow(SphinxPostTransform):
    """What a cell shows comes first, and its code is folded below it, under the name of what it computes."""

    default_priority = 900  # after MyST-NB has folded the code

    def run(self, **options: Any) -> None:
        """Put the folded code of each cell behind its outputs."""
        for fold in list(self.document.findall(HideCodeCellNode)):
            if "above-input" in fold["classes"] and fold.parent:
                cell = fold.parent
                cell.remove(fold)
                said = next((node for node in cell.findall() if type(node) in COMPUTED), None)
                if said:
                    words = textwrap.shorten(said.astext(), 80, placeholder=" …")
                    fold["of"] = f" of the {COMPUTED[type(said)]}: {words}"
                cell.append(fold)


def depart_hidden_cell(translator: HTML5Translator, node: nodes.Element) -> None:
    """Close the fold."""
    translator.body.append("</details>\n")


def visit_formula(translator: HTML5Translator, node: nodes.Element) -> None:
    """A formula as a drawing with its TeX as text: no script, no other host."""
    tex, block = node.astext().strip(), isinstance(node, nodes.math_block)
    try:
        drawn = charts.formula(tex, block=block)
    except ValueError as error:
        logger.warning(str(error), location=node, type="stp", subtype="formula")
        raise nodes.SkipNode from error
    height = float(etree.fromstring(drawn.encode()).get("height", "11pt").removesuffix("pt")) / 11
    name = f"formula-{hashlib.sha256(tex.encode()).hexdigest()[:8]}"
    words = {"role": "img", "aria-label": f"Formula: {tex}"}
    svg = charts.inline_svg(drawn, name, "stp-formula", words)
    svg = svg.replace("<svg ", f'<svg height="{height:.3f}em" ', 1)  # drawn for letters of 11 points
    translator.body.append(f"<div>{svg}</div>\n" if block else svg)
    raise nodes.SkipNode


def unescape_links(app: Sphinx, doctree: nodes.document) -> None:
    """Undo an escape too many: myst-parser 3.0 writes ``&amp;`` into the address of a link with a query."""
    for reference in doctree.findall(nodes.reference):
        if "&amp;" in reference.get("refuri", ""):
            reference["refuri"] = reference["refuri"].replace("&amp;", "&")


def setup(app: Sphinx) -> None:
    """Register the translator and what it writes."""
    app.set_translator("html", Translator)
    app.add_node(Picture, html=(visit_picture, None))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_hidden_cell))
    app.add_post_transform(CodeBelow)
    app.add_html_math_renderer("stp", (visit_formula, None), (visit_formula, None))
    app.add_directive("margin", Sidebar)  # a remark beside the text; its title is optional
    app.connect("doctree-read", unescape_links)

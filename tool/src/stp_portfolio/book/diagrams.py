"""Mermaid fences on pages: drawn while a page is read, so that HTML and PDF show the same picture."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from stp_portfolio.show.nodes import Picture

logger = logging.getLogger(__name__)


class Mermaid(SphinxDirective):
    """A fence whose content is a Mermaid diagram; ``alt`` replaces the words computed for it."""

    has_content = True
    option_spec: ClassVar = {
        "caption": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "name": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """The figure, or nothing and a warning at the line of the page that has the mistake."""
        from stp_portfolio import diagrams

        try:
            drawn = diagrams.render("\n".join(self.content), self.options.get("alt", ""))
        except diagrams.DiagramError as error:
            line = self.lineno + self.content_offset + error.line
            logger.warning("%s", error, location=(self.env.docname, line), type="stp", subtype="diagram")
            return []
        figure = nodes.figure(classes=["stp-figure"])
        self.set_source_info(figure)
        figure += Picture(svg=drawn.svg, alt=drawn.alt)
        if caption := self.options.get("caption"):
            inline, messages = self.parse_inline(caption)
            figure += [nodes.caption(caption, "", *inline), *messages]
        self.add_name(figure)
        return [figure]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)

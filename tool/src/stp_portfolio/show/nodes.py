"""The one node of our own: a drawing in the document tree, which book and PDFs show each in their way."""

from docutils import nodes


class Picture(nodes.General, nodes.Element):
    """A figure drawn as inline SVG: ``svg`` is its markup, ``alt`` what it shows in words.

    ``narrow`` is the drawing for a phone, where there is one; PDFs take ``svg``.
    """

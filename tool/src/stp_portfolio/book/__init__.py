"""The Sphinx extension behind the book: a module for each concern.

``panels`` puts status on pages, ``notebooks`` runs notebooks, ``freshness`` decides what is read again,
``strict`` lets no fault pass (``pagecheck`` reads the finished pages), ``nodes`` says how tables and figures
stand on a page, ``translator`` how the HTML of the text is written, ``diagrams`` draws Mermaid fences,
``frame`` gives the theme what it shows around the text.
"""

import atexit
import gc
from typing import Any

from sphinx.application import Sphinx

from stp_portfolio.book import diagrams, frame, freshness, nodes, notebooks, panels, strict, translator


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything. ``strict`` comes first: it must see what the others report."""
    for module in (strict, nodes, translator, diagrams, panels, notebooks, freshness, frame):
        module.setup(app)
    # Python looks for cycles among all that a build has made before it ends, 0.4 s for nothing.
    atexit.register(gc.freeze)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}

"""PDFs for the e-portfolio, from the same doctrees as the web pages: tagged, archivable, the same everywhere.

Used by ``jupyter-book build . --builder custom --custom-builder eportfolio`` and by ``portfolio export``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and what it can show of a notebook."""
    from stp_portfolio.pdf import builder

    app.add_builder(builder.EportfolioBuilder)
    app.add_config_value("stp_pdf_without", builder.LEFT_OUT, "", types=[list])
    app.connect("config-inited", builder.offer_outputs, priority=100)
    return {"version": "1", "parallel_read_safe": True}

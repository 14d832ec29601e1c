"""PDFs for the e-portfolio, written from the same doctrees as the web pages: tagged, archivable, the same everywhere.

Used by ``jupyter-book build . --builder custom --custom-builder eportfolio`` and by ``portfolio export``.
"""

from __future__ import annotations

from sphinx.application import Sphinx

from stp_portfolio.eportfolio import builder


def setup(app: Sphinx) -> None:
    """Register the builder."""
    builder.setup(app)

"""PDFs for the e-portfolio, written from the same doctrees as the web pages: tagged, archivable, the same everywhere.

Used by ``jupyter-book build . --builder custom --custom-builder eportfolio`` and by ``portfolio export``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> None:
    """Register the builder."""
    from stp_portfolio.pdf import builder

    builder.setup(app)

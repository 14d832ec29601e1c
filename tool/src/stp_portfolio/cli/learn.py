"""The verb that explains the others: guide."""

import tempfile
from pathlib import Path

from stp_portfolio.cli.common import Open, app, say
from stp_portfolio.core import reading


@app.command()
def guide(launch: Open = True) -> None:
    """Open the guide of this version as one page, offline."""
    from stp_portfolio.desk import guide as guides
    from stp_portfolio.desk import opening

    try:
        folder = reading.find_root() / "_build"
    except reading.RecordsError:  # outside a portfolio, where it is wanted most
        folder = Path(tempfile.mkdtemp(prefix="portfolio-guide-"))
    page = guides.write(folder / "guide.html")
    say(f"The guide: {page.as_uri()}")
    if launch:
        opening.opened(page.as_uri())

"""Verbs for a meeting: the report and the calendar."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import AsOf, app, day_option, next_step, option, say
from stp_portfolio.core import dates, phrases, reading

FILE = "The file; _build/portfolio.ics by default."
SINCE = "Tell what changed from this day on; the last review by default."


@app.command()
def report(
    as_of: AsOf = None,
    since: Annotated[date | None, day_option("--since", SINCE)] = None,
    folder: Annotated[Path | None, option("--out", "DIR", "Where to; _build/report by default.")] = None,
) -> None:
    """Make one page for a meeting.

    Where you stand, what changed, what waits and what is next, as PDF, HTML and Markdown.
    """
    from pypdf import PdfReader

    from stp_portfolio.desk import renderings
    from stp_portfolio.desk import report as reports

    portfolio = common.read_on(as_of)
    if since and common.not_before_start(portfolio, since) > portfolio.on:
        raise typer.BadParameter(f"{since} is after the day of reading, {portfolio.on}.")
    made = reports.make(portfolio, since)
    written = renderings.write(made, portfolio, (folder or portfolio.root / "_build" / "report").resolve())
    say(f"{made.title}, with what changed since {reports.span(portfolio, since).since}:")
    for path in written:
        say(f"  {path}")
    if (count := len(PdfReader(written[0]).pages)) > 1:
        say(f"The PDF has {count} pages: there is more to say than one page holds.")
    then = "then put the day into reviews in data/portfolio.toml"
    next_step(f"send {written[0].name} to whoever you meet; {then}")


@app.command()
def calendar(file: Annotated[Path | None, option("--out", "FILE", FILE)] = None) -> None:
    """Write milestones, targets and reviews for a calendar.

    With the steps of action plans. A newer file updates what an earlier one put into the calendar.
    """
    from stp_portfolio.desk import calendar

    portfolio = reading.load()
    target = (file or portfolio.root / "_build" / "portfolio.ics").resolve()
    found = calendar.entries(portfolio)
    if not found:
        remedy = "Fill in data/milestones.csv, or reviews in data/portfolio.toml."
        common.refuse(f"There is no date to write yet. {remedy}")
    calendar.write(portfolio, found, target)
    count = phrases.plural(len(found), "entry", "entries")
    say(f"{count}, as the portfolio stood on {dates.written(portfolio.on)}: {target}")
    next_step("import it into a calendar of its own; a newer file moves its entries and doubles none")

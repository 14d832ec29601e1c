"""Verbs that bring something in: evidence, and pages of an older portfolio."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import Day, app, argument, option, refuse, say
from stp_portfolio.core import phrases, reading

evidence_app = typer.Typer(help="Register evidence.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")
SERVES = "An activity it serves, as MODULE/NUMBER. May be repeated."
PLACE = "The activity, as MODULE/NUMBER; or a further page, as FOLDER/Page."
REPLACE = "Replace a page that is written already; it is kept."
SPEAKS_TO = "A standard it speaks to, as HCPC/7. May be repeated."


@evidence_app.command("add")
def evidence_add(
    title: Annotated[str, argument("TITLE", "What it is, without a name.")],
    activities: Annotated[list[str], option("--for", "ACTIVITY", SERVES)],
    kind: Annotated[str, option("--kind", "KIND", "Plan, audit report, feedback, …")],
    standards: Annotated[list[str] | None, option("--standard", "STANDARD", SPEAKS_TO)] = None,
    day: Day = None,
    file: Annotated[str, option("--file", "PATH", "Its file, from the portfolio's folder.")] = "",
) -> None:
    """Register a piece of evidence; its id is assigned."""
    from stp_portfolio.desk import recording

    portfolio = reading.load()
    cells = {
        "date": str(day or date.today()),
        "title": title,
        "kind": kind,
        "activities": ";".join(str(common.activity_named(portfolio, text).key) for text in activities),
        "standards": ";".join(standards or ()),
        "file": file,
    }
    say("\n".join(recording.evidence(portfolio, cells)))


@app.command("import")
def import_(
    source: Annotated[Path, argument("FILE|FOLDER", "A page of an older portfolio, or a folder of them.")],
    to: Annotated[str | None, option("--to", "PLACE", PLACE)] = None,
    replace: Annotated[bool, option("--replace", None, REPLACE)] = False,
    dry_run: Annotated[bool, option("--dry-run", None, "Say what would be done, and write nothing.")] = False,
) -> None:
    """Take pages of an older portfolio in: Markdown, HTML or Word.

    Not a word is lost, and what needs a look is listed. Of a folder, --to names the folder here for
    pages that are about no activity.
    """
    from stp_portfolio.desk import importing

    portfolio = reading.load()
    moves, refused = importing.prepare(portfolio, source, to, replace_=replace)
    for move in moves:
        count = phrases.plural(importing.words(move.old).total(), "word")
        if dry_run:
            say(f"Would import {move}: {count} would come over, none lost. Nothing was written.")
        else:
            kept = importing.place(portfolio, move)
            say(f"Imported {move}: {count} came over, none lost.")
            say("".join(f"What stood there before is kept: {path}\n" for path in kept))
        if move.looks:
            say("\n".join([f"What needs a look ({len(move.looks)}):", *map(str, move.looks)]))
    if refused:
        refuse("\n".join([f"{phrases.plural(len(refused), 'page')} not imported:", *refused]))

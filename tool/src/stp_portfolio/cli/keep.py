"""Verbs of every week: where one stands, what happened, evidence, pages."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import AsOf, Day, Named, NamedOrModule, Open, app, argument, option, refuse, say
from stp_portfolio.core import dates, disk, phrases, progress, reading

evidence_app = typer.Typer(help="Register evidence.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")
SERVES = "An activity it serves, as MODULE/NUMBER. May be repeated."
PLACE = "The activity, as MODULE/NUMBER; or a further page, as FOLDER/Page."
REPLACE = "Replace a page that is written already; it is kept."
SPEAKS_TO = "A standard it speaks to, as HCPC/7. May be repeated."


@app.command()
def status(as_of: AsOf = None) -> None:
    """Progress at a glance, and what to do next."""
    from rich.table import Table

    from stp_portfolio.show import sentences

    portfolio = common.read_on(as_of)
    say(portfolio.settings.title, style="bold")
    if line := sentences.example_line(portfolio):
        say(line, style="dim")
    say(f"\n{sentences.status_summary(portfolio)}")
    say(sentences.progress_answer(portfolio), style="bold")
    for answer in (sentences.pace_answer, sentences.waiting_answer, sentences.credits_answer):
        say(answer(portfolio))
    table = Table("Activity", "Submitted", box=None, pad_edge=False, title="With an assessor")
    table.title_justify, table.title_style = "left", "bold"
    table.add_column("Days", justify="right")
    for wait in progress.waiting(portfolio):
        table.add_row(f"{wait.activity.key} {wait.activity.title}", dates.written(wait.since), str(wait.days))
    if table.row_count:
        say()
        common.out.print(table, soft_wrap=False)
    say("\nWhat to do next", style="bold")
    for action in sentences.next_actions(portfolio):
        say(f"- {action}")


@app.command()
def new(activity: NamedOrModule, launch: Open = True) -> None:
    """Open an activity's page, from a template if it is missing.

    A plan becomes a page to fill in once the activity has begun. For a module, every page that is
    missing is made, with the chapter and its place in the contents.
    """
    from stp_portfolio.desk import drafts

    portfolio = reading.load(without_pages=True)
    if "/" not in activity:
        say("\n".join(drafts.write_pages_of(portfolio, activity)))
        return
    found = common.activity_named(portfolio, activity)
    done = drafts.write_page(portfolio, found)
    path = disk.page_file(portfolio.root, found.page) or portfolio.root / f"{found.page}.md"
    say(f"{path.relative_to(portfolio.root).as_posix()} {done}.")
    if launch and sys.stdout.isatty():
        typer.launch(str(path))


@app.command()
def prompts(activity: Named) -> None:
    """Print the optional prompts of an activity.

    Questions to think with, in our own words. None of them ever reaches a reader.
    """
    from stp_portfolio.desk import drafts

    portfolio = reading.load(without_pages=True)
    found = common.activity_named(portfolio, activity)
    say(f"{found.key} {found.title}", style="bold")
    for dimension, question in drafts.prompts_for(found).items():
        say(f"{dimension.capitalize()}: {question}")
    say("All of them are optional. Use what helps, and leave the rest.", style="dim")


@app.command()
def record(
    activity: NamedOrModule,
    event: Annotated[str, argument("EVENT", "started, submitted, returned or signed_off.")],
    day: Day = None,
    note: Annotated[str, option("--note", "TEXT", "A few words, without a name.")] = "",
) -> None:
    """Record what happened to an activity.

    A step out of order is refused with the reason.

    For a module, signed_off notes the day on which the training officer signed it off.
    """
    from stp_portfolio.desk import recording

    portfolio, when, name = reading.load(), day or date.today(), event.lower().replace("-", "_")
    if "/" in activity:
        said = recording.event(portfolio, common.activity_named(portfolio, activity), name, when, note)
    else:
        said = recording.module(portfolio, activity, name, when)
    say("\n".join(said))


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

"""Verbs of every week: where one stands, what happened, pages."""

import sys
from datetime import date
from typing import Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import AsOf, Day, Named, NamedOrModule, Open, app, argument, option, say
from stp_portfolio.core import dates, disk, progress, reading


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

"""Verbs for a portfolio as a whole: make it, take it to the next version."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from stp_portfolio.cli.common import (
    app,
    day_of,
    say,
)
from stp_portfolio.core import (
    dates,
    phrases,
    reading,
)
from stp_portfolio.desk import start as starting


@app.command()
def start(
    begun: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="DATE",
            help="The day the programme began, as 2026-09-07; by default the first Monday of the last September.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title of the book.")] = None,
    curriculum: Annotated[
        str | None, typer.Option("--curriculum", metavar="CODE", help="Code of your curriculum.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="TEXT", help="Your role, never your name.")
    ] = None,
    modules: Annotated[
        Path | None, typer.Option("--modules", metavar="FILE", help="Your modules, as data/modules.csv.")
    ] = None,
    activities: Annotated[
        Path | None,
        typer.Option("--activities", metavar="FILE", help="Your activities, as data/activities.csv."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
) -> None:
    """Turn a fresh copy of the example into your own portfolio.

    Example prose, events and evidence go, after a backup; every activity gets a plan to fill in.
    """
    day = day_of(begun) or starting.first_monday_of_september(date.today())
    wish = starting.Wish(day, title, curriculum, role, modules, activities)
    root = reading.find_root()
    changes = starting.start(root, wish, date.today(), dry_run=dry_run)
    for word, names in (
        ("Made", changes.made),
        ("Rewritten", changes.rewritten),
        ("Removed", changes.removed),
    ):
        say((f"{word}: {phrases.plural(len(names), 'file')}"))
        for name in names if dry_run else ():
            say(f"  {name}")
    if changes.approved:
        say(
            f"Words of your curriculum, approved in data/approved_terms.txt: {phrases.series(changes.approved)}. "
            "Take out what names a person or a place."
        )
    if changes.to_review:
        say(f"To review before you publish, with portfolio check: {phrases.series(changes.to_review)}.")
    if dry_run:
        say("Nothing was changed. Run the command without --dry-run to do it.")
        return
    own = reading.load(root)
    say(f"\nYour portfolio: {own.settings.title}, begun on {dates.written(day)}.", style="bold")
    say(f"{phrases.activities(len(own.activities)).capitalize()} with a plan to fill in. What was replaced: {changes.backup}"
        )
    if wish.curriculum and wish.modules is None:
        say("The modules are still those of the example. Correct data/modules.csv, or start with --modules.")
    for milestone in own.milestones:
        of = f", {milestone.required} of {milestone.module}" if milestone.required else ""
        say(f"- {dates.written(milestone.date)}: {milestone.name}{of}")
    say("Check these dates with the School; they stand in data/milestones.csv.")
    say("Next, one line after the other:")
    for line in (
        "jupyter-book build .",
        "git config core.hooksPath .githooks",
        "git add --all",
        'git commit -m "My own portfolio"',
    ):
        say(f"  {line}")

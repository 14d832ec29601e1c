"""Verbs for a portfolio as a whole: make it, take it to the next version."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from stp_portfolio.cli.common import app, day_of, say
from stp_portfolio.core import dates, phrases, reading
from stp_portfolio.desk import start as starting
from stp_portfolio.desk import upgrade as upgrading


def _option(name: str, metavar: str, words: str) -> Any:
    return typer.Option(name, metavar=metavar, help=words)


_NEW = typer.Argument(metavar="FOLDER", help="The folder to make; it may not hold anything yet.")
_BEGUN = "The day the programme began, as 2026-09-07; by default the first Monday of the last September."
_DRY_RUN = typer.Option("--dry-run", help="Say what would be made, and make nothing.")
_OURS = starting.CURRICULUM


@app.command()
def start(
    folder: Annotated[Path, _NEW],
    begun: Annotated[str | None, _option("--start", "DATE", _BEGUN)] = None,
    title: Annotated[str, _option("--title", "TEXT", "Title of the book.")] = "",
    curriculum: Annotated[str, _option("--curriculum", "CODE", "Code of your curriculum.")] = _OURS,
    role: Annotated[str, _option("--role", "TEXT", "Your role, never your name.")] = "",
    modules: Annotated[Path | None, _option("--modules", "FILE", "Your modules, a CSV file.")] = None,
    activities: Annotated[
        Path | None, _option("--activities", "FILE", "Your activities, a CSV file.")
    ] = None,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Make a portfolio of your own in a new folder.

    Every activity gets a plan to fill in, and the dates that count follow from the programme's first day.
    """
    today = date.today()
    day = day_of(begun) or starting.first_monday_of_september(today)
    wish = starting.Wish(day, title, curriculum, role, modules, activities)
    made = starting.start(folder, wish, today, dry_run=dry_run)
    for name in made.files if dry_run else ():
        say(f"  {name}")
    _say_made(made, day)
    if dry_run:
        say("Nothing was made. Run the command without --dry-run to do it.")
        return
    if curriculum != starting.CURRICULUM and modules is None:
        say(
            "The modules are those of Clinical Informatics: correct data/modules.csv, or use --modules."
        )
    _say_first_steps(folder)


def _say_made(made: starting.Made, day: date) -> None:
    activities = phrases.activities(len(made.portfolio.activities))
    say(f"{made.portfolio.settings.title}, begun on {dates.written(day)}, in {len(made.files)} files.")
    say(f"{activities.capitalize()} with a plan to fill in.")
    if made.approved:
        words = phrases.series(made.approved)
        say(f"Words of your curriculum, approved in data/approved_terms.txt: {words}.")
        say("Take out what names a person or a place.")
    if made.to_review:
        say(f"To review before you publish, with portfolio check: {phrases.series(made.to_review)}.")
    for milestone in made.portfolio.milestones:
        of = f", {milestone.required} of {milestone.module}" if milestone.required else ""
        say(f"- {dates.written(milestone.date)}: {milestone.name}{of}")
    say("Check these dates with the School; they stand in data/milestones.csv.")


def _say_first_steps(folder: Path) -> None:
    say("Next, one line after the other (README.md there has them for Windows as well):")
    for line in (
        f"cd {folder}",
        "python3 -m venv .venv && .venv/bin/python -m pip install --no-compile -r requirements.txt",
        ".venv/bin/jupyter-book build .",
        "git init && git config core.hooksPath .githooks",
        "git add --all && git commit -m 'My own portfolio'",
    ):
        say(f"  {line}")


_OLD = _option("--from", "FOLDER", "Bring over this old copy, which carries the tool, into a new folder.")


@app.command()
def upgrade(
    to: Annotated[str, typer.Argument(metavar="[WHEEL|VERSION]", help="The newest version by default.")] = "",
    old: Annotated[Path | None, _OLD] = None,
    back: Annotated[bool, typer.Option("--undo", help="Go back to the version before.")] = False,
) -> None:
    """Take this portfolio to another version of the tool.

    Your pages, data and notebooks stay byte for byte. With --from, name the new folder instead of a version.
    """
    if old and not to:
        raise typer.BadParameter("Name the new folder as well: portfolio upgrade --from OLD NEWFOLDER")
    if old:
        upgrading.bring_over(old, Path(to), say)
        say(f"{to} holds the content of {old} now; nothing in {old} has changed.")
        _say_first_steps(Path(to))
    elif back:
        version = upgrading.undo(reading.find_root())
        say(f"This portfolio is made with version {version} of the tool again.")
    else:
        raise typer.Exit(upgrading.upgrade(reading.find_root(), to))

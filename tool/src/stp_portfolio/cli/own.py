"""Verbs for a portfolio as a whole: make it, take it to the next version."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from stp_portfolio.cli.common import app, argument, day_option, next_step, option, refuse, say
from stp_portfolio.core import phrases, reading, repository

BEGUN = "The day the programme began, as 2026-09-07; by default the first Monday of the last September."
CODE = "Code of your curriculum; by default that of Clinical Informatics."
MODULES = "Your modules, as an Excel workbook or CSV; not needed where they are a sheet of --activities."
ACTIVITIES = "Your activities, as an Excel workbook or CSV."
_OWN = "README.md there says how it gets an environment of its own; all else: portfolio guide"


@app.command()
def start(
    folder: Annotated[Path, argument("FOLDER", "The folder to make; it may not hold anything yet.")],
    begun: Annotated[date | None, day_option("--start", BEGUN)] = None,
    title: Annotated[str, option("--title", "TEXT", "Title of the book.")] = "",
    curriculum: Annotated[str, option("--curriculum", "CODE", CODE)] = "",
    role: Annotated[str, option("--role", "TEXT", "Your role, never your name.")] = "",
    modules: Annotated[Path | None, option("--modules", "FILE", MODULES)] = None,
    activities: Annotated[Path | None, option("--activities", "FILE", ACTIVITIES)] = None,
    dry_run: Annotated[bool, option("--dry-run", None, "Only say what would be made.")] = False,
) -> None:
    """Make a portfolio of your own in a new folder.

    Every activity gets a plan to fill in, and the dates that count follow from the programme's first day.
    """
    from stp_portfolio.desk import lists
    from stp_portfolio.desk import start as starting

    today = date.today()
    files = ((lists.MODULES, modules), (lists.ACTIVITIES, activities))
    found = starting.lists_in({name: path for name, path in files if path})
    agree(found.told, guessed=found.guessed)
    day = begun or starting.first_monday_of_september(today)
    usual = starting.UNNAMED if lists.ACTIVITIES in found.lists else starting.CURRICULUM
    chosen = starting.Choices(day, title, curriculum or usual, role, found.lists)
    made = starting.start(folder, chosen, today, dry_run=dry_run)
    say("\n".join(starting.in_words(made)))
    if dry_run:
        say("\n".join(f"  {name}" for name in made.files))
        say("Nothing was made.")
        next_step("the same command without --dry-run")
        return
    if chosen.curriculum != starting.CURRICULUM and lists.MODULES not in found.lists:
        say("The modules are those of Clinical Informatics: correct data/modules.csv, or use --modules.")
    if chosen.curriculum == starting.UNNAMED:
        say("Write the code of your curriculum into data/portfolio.toml.")
    _say_next(folder)


def _say_next(folder: Path) -> None:
    if repository.begin(folder):
        say("git keeps the folder from now on, and a guard looks at each commit.")
    say(_OWN)
    next_step(f"cd {phrases.typed(str(folder))}, then portfolio preview")


def agree(told: Sequence[str], *, guessed: bool) -> None:
    """Show what was taken for what in lists, before anything is written; ask where that was a guess."""
    if told:
        say("\n".join(["Your lists are read as follows:", *(f"  {line}" for line in told)]))
    if guessed and sys.stdin.isatty() and not typer.confirm("Is that right?", default=True):
        refuse("Nothing was done. Give the columns the headings of their meaning, and try again.")


WHICH = "A wheel, or a version to fetch from the package index; by default the newest wheel in wheels/."
OLD = "Bring over this old copy, which carries the tool, into a new folder."


@app.command()
def upgrade(
    to: Annotated[str, argument("[WHEEL|VERSION]", WHICH)] = "",
    old: Annotated[Path | None, option("--from", "FOLDER", OLD)] = None,
    undo: Annotated[bool, option("--undo", None, "Go back to the version before.")] = False,
    finish: Annotated[bool, typer.Option("--finish", hidden=True)] = False,  # what the new version is asked
) -> None:
    """Take this portfolio to another version of the tool.

    Your pages, data and notebooks stay byte for byte. With --from, name the new folder instead of a version.
    """
    from stp_portfolio.desk import upgrade as upgrading

    if old and not to:
        raise typer.BadParameter("Name the new folder as well: portfolio upgrade --from OLD NEWFOLDER")
    if old:
        upgrading.bring_over(old, Path(to), say)
        say(f"{to} holds the content of {old} now; nothing in {old} has changed.")
        _say_next(Path(to))
    elif undo:
        version = upgrading.undo(reading.find_root(), say)
        say(f"This portfolio is made with version {version} of the tool again.")
        next_step("portfolio check")
    elif finish:
        raise typer.Exit(upgrading.finish(reading.find_root(), say))
    else:
        if code := upgrading.upgrade(reading.find_root(), to):
            raise typer.Exit(code)
        next_step("portfolio preview, or back again: portfolio upgrade --undo")

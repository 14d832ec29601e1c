"""What all verbs share: the command, its printing and refusals, and how a day and an activity are written."""

import os
import sys
from datetime import date
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from stp_portfolio.core import reading, records
from stp_portfolio.core.findings import Refusal, quoted
from stp_portfolio.core.records import Activity, Portfolio

app = typer.Typer(
    name="portfolio",
    help="Keep a training portfolio: see, record and check progress.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # fits a screen, and is plain where it is piped
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

NO_PROOF = (
    "No check proves that nobody can be identified. Ask yourself before you publish: is there a rare "
    "condition, a small number, an event that was in the news, or a combination of details that singles "
    "somebody out?"
)

out = Console(highlight=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """Print a line as it is: nothing in it is taken for markup, and it is plain where it is piped."""
    out.print(Text(text, style=style))


def next_step(text: str) -> None:
    """The last line of a command that did something: what to do next, with the command to type."""
    say(f"Next: {text}", style="dim")


def main() -> None:
    """Run the command; every refusal ends in one message and code 1, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a piped Windows console knows no ≥ and no …
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except Refusal as error:
        refuse(str(error))
    except BrokenPipeError:  # who reads has seen enough, as in: portfolio status | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        what = f"{error.filename or 'A file'} cannot be used ({error.strerror or error})"
        refuse(f"{what}. Check that it is there and not open.")


def refuse(message: str) -> NoReturn:
    """Say why something is not done, and end with 1."""
    sys.stderr.write(f"{message}\n")
    raise SystemExit(1)


def option(name: str, metavar: str | None, words: str, **more: Any) -> Any:
    """An option, as it stands in a verb's signature; a flag has no metavar."""
    return typer.Option(name, metavar=metavar, help=words, **more)


def argument(metavar: str, words: str) -> Any:
    """An argument, as it stands in a verb's signature."""
    return typer.Argument(metavar=metavar, help=words)


def day_of(text: str | None) -> date | None:
    """A day as it is written in an option. Raises BadParameter for anything else."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        fault = f"{quoted(str(text))} is not a day. Write it as 2025-07-07, year first."
        raise typer.BadParameter(fault) from None


def day_option(name: str, words: str) -> Any:
    """An option that takes a day."""
    return option(name, "DATE", words, parser=day_of)


AsOf = Annotated[date | None, day_option("--as-of", "Read the records on another day, as 2025-07-07.")]
Day = Annotated[date | None, day_option("--date", "The day it happened, as 2025-07-07; today by default.")]
Named = Annotated[str, argument("ACTIVITY", "The activity, as MODULE/NUMBER.")]
NamedOrModule = Annotated[str, argument("ACTIVITY", "The activity, as MODULE/NUMBER; or a module.")]
Open = Annotated[bool, option("--open/--no-open", None, "Open it, where there is a screen.")]


def read_on(day: date | None) -> Portfolio:
    """The records, read on another day where one is given; a day before the start is a misuse."""
    portfolio = reading.load()
    return records.on_day(portfolio, not_before_start(portfolio, day)) if day else portfolio


def not_before_start(portfolio: Portfolio, day: date) -> date:
    """The day itself. Raises BadParameter where it is before the programme."""
    if day < portfolio.settings.start:
        raise typer.BadParameter(f"{day} is before the programme's start, {portfolio.settings.start}.")
    return day


def activity_named(portfolio: Portfolio, text: str) -> Activity:
    """The activity that is written as MODULE/NUMBER, in letters of any case; any other is refused."""
    wanted = text.casefold()
    for activity in portfolio.activities:
        if str(activity.key).casefold() == wanted:
            return activity
    example = next((str(activity.key) for activity in portfolio.activities), "MODULE/NUMBER")
    remedy = f"Write the module's code and the number, such as {example}."
    refuse(f"{quoted(text)} is not an activity of data/activities.csv. {remedy}")

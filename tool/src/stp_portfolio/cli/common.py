"""What all verbs share: the command, its printing and refusals, and how a day and an activity are written."""

import json
import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from stp_portfolio import __version__
from stp_portfolio.cli import completing
from stp_portfolio.core import dates, journal, phrases, reading, records
from stp_portfolio.core.findings import Finding, Refusal
from stp_portfolio.core.records import Portfolio

USAGE: Any = typer.BadParameter.__base__  # what typer raises for a line that is none of its verbs'
# What it says of a line, and how that is said to who typed it.
_PLAINLY = {
    r"Invalid value for '(.+?)': ": r"\1: ",
    r"Invalid value: ": "",
    r"is not a valid int( range)?": "is not a whole number",
    r"is not in the range (\d+)<=x<=(\d+)": r"is not in the range from \1 to \2",
    r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)": r"'\1' is more than is expected here.",
    r"No such (option|command):? '?([^\s']+)'?\.?": r"There is no \1 '\2'.",
    r" \(Possible options: (.*)\)": r" Did you mean \1?",
    r"Option ('.*') requires an argument": r"What belongs to \1 is missing",
    r"Option ('.*') does not take a value": r"\1 stands alone, without '='",
}


def misused(error: Any) -> NoReturn:
    """Say what is wrong with a line and what to type, and end with 2."""
    ctx, param, said = error.ctx, getattr(error, "param", None), str(error.format_message())
    for form, plain in _PLAINLY.items():
        said = re.sub(form, plain, said).strip()
    if param is not None and said.startswith("Missing"):
        said = f"{param.metavar or param.opts[0]} is missing: {param.help}"
    usage = [re.sub("[{}]", "", piece) for piece in ctx.command.collect_usage_pieces(ctx)] if ctx else []
    if usage and not usage[-1].startswith("COMMAND"):
        said += f"\nType: {' '.join([ctx.command_path, *usage[1:]])}"
    refuse(f"{said}\nHelp: {ctx.command_path if ctx else 'portfolio'} -h", code=2)


class Verbs(typer.core.TyperGroup):
    """The verbs. What one of them changes is taken back together; help is about them alone."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options; those that install completion by Tab work, and stand in the guide."""
        found: list[Any] = super().get_params(ctx)
        for each in found:
            each.hidden = each.name in ("install_completion", "show_completion")
        return found

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer has a click of its own
        """Read the line that was typed, and keep it for ``undo``."""
        typed = shlex.join(args)
        rest = super().parse_args(ctx, args)
        ctx.with_resource(journal.command(typed))
        return rest


app = typer.Typer(
    name="portfolio",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode=None,  # fits a screen, and is plain where it is piped
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130  # the exit code after Ctrl and C
NO_PROOF = (
    "No check proves that nobody can be identified. Ask yourself before you publish: is there a rare "
    "condition, a small number, an event that was in the news, or a combination of details that singles "
    "somebody out?"
)

PLAIN = bool(os.environ.get("NO_COLOR"))  # bold and dim are left out as well
out = Console(highlight=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """Print a text as it is: nothing in it is taken for markup, and it is plain where it is piped.

    On a screen it breaks between words; a path or an address is never broken.
    """
    out.print(Text(text, style="" if PLAIN else style, overflow="ignore"), soft_wrap=not out.is_terminal)


def rows(pairs: Iterable[tuple[str, str]]) -> None:
    """Print short texts, each with a longer one beside it: as wide as the screen, or as is needed."""
    grid = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2))
    for pair in pairs:
        grid.add_row(*map(Text, pair))
    if not grid.row_count:
        return
    screen = out if out.is_terminal else Console(width=10_000)
    with screen.capture() as made:
        screen.print(grid)
    say("\n".join(line.rstrip() for line in made.get().splitlines()))


def as_json(data: Any) -> NoReturn:
    """Print what other programs read, and nothing else."""
    say(json.dumps(records.as_data(data), ensure_ascii=False, indent=2))
    raise typer.Exit


def next_step(text: str) -> None:
    """The last line of a command that did something: what to do next, with the command to type."""
    say(f"Next: {text}", style="dim")


def _print_for_people() -> None:
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what a library has to say to programmers
    for stream in (sys.stdout, sys.stderr):  # a piped Windows console knows no ≥ and no …
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def main() -> None:
    """Run the command; every refusal ends in one message and code 1, never in a traceback."""
    _print_for_people()
    try:
        code = app(prog_name="portfolio", standalone_mode=False)
    except USAGE as error:
        misused(error)
    except Refusal as error:
        refuse(str(error))
    except typer.Abort:  # a question that got no answer
        refuse("\nNothing was done.")
    except BrokenPipeError:  # who reads has seen enough, as in: portfolio status | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError as error:
        what = f"{error.filename or 'A file'} cannot be used ({error.strerror or error})"
        refuse(f"{what}. Check that it is there and not open.")
    if code == INTERRUPTED:
        refuse(f"\n{phrases.STOPPED}", code)
    sys.exit(code)


def refuse(message: str, code: int = 1) -> NoReturn:
    """Say why something is not done, and end with a code."""
    sys.stderr.write(f"{message}\n")
    raise SystemExit(code)


def ask(what: str, guess: Any, origin: str = "", flag: str = "", parse: Any = None) -> Any:
    """What is typed at a terminal, a guess where that is nothing.

    Where nobody can be asked, the guess is said with its origin; what has a flag is refused, with that.
    """
    if on_terminal():
        return typer.prompt(f"{what}, {origin}" if origin else what, default=str(guess), value_proc=parse)
    if flag:
        line = " ".join(["portfolio", *map(phrases.typed, sys.argv[1:]), flag, phrases.typed(guess)])
        refuse(f"{what}{f' ({origin})' if origin else ''}? Say it, such as: {line}")
    say(f"{what}: {guess} ({origin})")
    return guess


def on_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def settle(questions: Sequence[Finding]) -> None:
    """Ask whether to write all the same what screening asks about; refuse it where nobody can be asked.

    A picture that no program could read is said, and waits for the check.
    """
    from stp_portfolio.privacy import leaving

    asked = [each for each in questions if each.code == leaving.TERM]
    for each in questions:
        if each not in asked:
            say(f"Not read: {each}")
    said = "\n".join(f"  {replace(each, remedy='')}" for each in asked)
    if asked and on_terminal():
        say(said)
        if not typer.confirm("Write it all the same?"):
            refuse("Nothing was written.")
    elif asked:
        terms = " ".join(dict.fromkeys(phrases.typed(each.value) for each in asked))
        remedy = f"Reword it; or, if it names nobody and no place: portfolio approve {terms}"
        why = "Nothing was written, as this may identify somebody"
        refuse(f"{why}:\n{said}\n{remedy}\nThen type the command again.")


# What Tab offers for what stands in a line under these names.
_OFFERED = {"ACTIVITY": completing.activity, "[ACTIVITY]": completing.activity, "DATE": completing.day}
_OFFERED |= {"ACTIVITY...": completing.activity_or_module, "ACTIVITY... EVENT [DAY]": completing.line}
_OFFERED |= {"STANDARD": completing.standard, "ID": completing.evidence}


def option(name: str, metavar: str | None, words: str, **more: Any) -> Any:
    """An option, as it stands in a verb's signature; a flag has no metavar."""
    return typer.Option(name, metavar=metavar, help=words, autocompletion=_OFFERED.get(metavar or ""), **more)


def argument(metavar: str, words: str) -> Any:
    """An argument, as it stands in a verb's signature."""
    return typer.Argument(metavar=metavar, help=words, autocompletion=_OFFERED.get(metavar))


def day_of(text: str | None) -> date | None:
    """A day as people write it. Raises BadParameter for what is none, or can mean several."""
    try:
        return None if text is None else dates.read(text)
    except Refusal as error:
        raise typer.BadParameter(str(error)) from None


def day_option(name: str, words: str) -> Any:
    """An option that takes a day."""
    return option(name, "DATE", words, parser=day_of)


AsOf = Annotated[date | None, day_option("--as-of", "Read the records on another day, as 7 July 2025.")]
HAPPENED = "The day it happened, as 7 July 2025 or yesterday; today by default."
Day = Annotated[date | None, day_option("--date", HAPPENED)]
Json = Annotated[bool, option("--json", None, "Print JSON, for other programs.")]
Yes = Annotated[bool, option("--yes", None, "Do not ask.")]
Open = Annotated[bool, option("--open/--no-open", None, "Open it, where there is a screen.")]


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"portfolio {__version__}")
        raise typer.Exit


_VERSION = option("--version", None, "Say the version.", callback=_say_version, is_eager=True)


@app.callback()
def portfolio(version: Annotated[bool, _VERSION] = False) -> None:
    """Keep a training portfolio: see, record and check progress."""


def read_on(day: date | None) -> Portfolio:
    """The records, read on another day where one is given; a day before the start is a misuse."""
    portfolio = reading.load(without_pages=True)
    return records.on_day(portfolio, not_before_start(portfolio, day)) if day else portfolio


def not_before_start(portfolio: Portfolio, day: date) -> date:
    """The day itself. Raises BadParameter where it is before the programme."""
    if day < portfolio.settings.start:
        start = dates.written(portfolio.settings.start)
        raise typer.BadParameter(f"{dates.written(day)} is before the programme's start, {start}.")
    return day

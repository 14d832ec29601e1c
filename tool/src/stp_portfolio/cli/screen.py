"""Verbs of looking before others do: check, review, approve, allow."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import click

from stp_portfolio.cli.common import NO_PROOF, app, argument, next_step, on_terminal, option, refuse, say
from stp_portfolio.core import phrases, reading, typed
from stp_portfolio.core.disk import PAGE_ENDINGS, PRIVATE, page_file
from stp_portfolio.core.findings import Finding, Refusal, quoted
from stp_portfolio.core.records import Module, Portfolio, of_module
from stp_portfolio.core.repository import git

ONLY = "Only these files, activities, modules."
MANY_PAGES = 3  # a reminder about more pages than this names the first ones
KEYS = "a approve everywhere, f false alarm in this file, s show all places, l later, q quit"
Reason = Annotated[str, option("--reason", "TEXT", "Why it identifies nobody.")]
Undo = Annotated[bool, option("--undo", None, "Take the decision back.")]


@app.command()
def check(only: Annotated[list[str] | None, argument("[PAGE]...", ONLY)] = None) -> None:
    """Find everything that is wrong, in one run.

    Records, settings, pages, links, notebooks, and what may identify somebody in any file that git takes.
    """
    from stp_portfolio.desk import checks
    from stp_portfolio.privacy import leaving

    root = reading.find_root()
    paths = [path for text in only or () for path in _paths_meant(root, text)]
    found, portfolio = checks.run(root, paths)
    faults = [each for each in found if paths or each.code not in leaving.NOT_READ]
    if paths or not faults:
        _say_open(portfolio, paths, unread=found)
    if faults:
        _say_faults(faults)
    if portfolio is None:
        refuse("A fault in data/ stands in the way of checking this alone. To see it: portfolio check")
    _say_clean(portfolio, paths, found)
    next_step("see it as a reader does: portfolio preview")


def _say_clean(portfolio: Portfolio, paths: Sequence[Path], found: Sequence[Finding]) -> None:
    from stp_portfolio.privacy import sources

    read = {*sources.chosen(portfolio.root, portfolio, paths)}.difference(each.file for each in found)
    say(NO_PROOF, style="dim")
    where = f" in {phrases.series([path.relative_to(portfolio.root).as_posix() for path in paths])}"
    whole = f": the records, the settings, {phrases.activities(len(portfolio.activities))}"
    say(f"No fault found{where if paths else f'{whole} with their pages, links and notebooks'}.")
    say(f"{phrases.plural(len(read), 'file')} read: nothing that looks like an identifier.")
    if not paths and git(portfolio.root, "rev-parse") is None:
        say("git does not keep this folder, so no earlier version was looked at.", style="dim")


def _paths_meant(root: Path, text: str) -> list[Path]:
    """A file or folder by its path, from here or the root, its ending may miss; or pages by their subject."""
    for name in dict.fromkeys((Path.cwd() / Path(text).expanduser(), root / text)):
        for path in (name, *(Path(f"{name}{ending}") for ending in PAGE_ENDINGS)):
            if path.exists():
                if path.resolve().is_relative_to(root):
                    return [path.resolve()]
                refuse(f"{text} lies outside the portfolio, {root}. Name a page, file or activity of it.")
    portfolio = reading.load(without_pages=True)
    try:
        found = typed.subject(portfolio, text)
    except Refusal as error:
        near = str(error).partition(". ")[2]
        refuse(f"{text} does not exist: no page, file or activity of the portfolio is called so. {near}")
    own = of_module(portfolio, found.code).activities if isinstance(found, Module) else [found]
    return [page_file(root, each.page) or root / f"{each.page}.md" for each in own]


def _say_open(portfolio: Portfolio | None, paths: Sequence[Path], unread: Sequence[Finding]) -> None:
    """What is still to write on the pages that were named, and what is open."""
    from stp_portfolio.desk import checks

    for path in paths:
        if parts := checks.unwritten(path):
            say(f"To write{f' in {path.name}' if len(paths) > 1 else ''}: {', '.join(parts)}.")
    for text, files in checks.reminders(portfolio, paths) if portfolio else ():
        more = f" and {len(files) - MANY_PAGES} more" if len(files) > MANY_PAGES else ""
        say(f"Open: {', '.join(files[:MANY_PAGES])}{more}: {text}.")
    for each in unread if not paths else ():
        say(f"Not read: {each}")


def _say_faults(faults: Sequence[Finding]) -> NoReturn:
    from stp_portfolio.privacy import leaving

    for each in faults:
        say(str(each))
    asked = any(each.code == leaving.TERM for each in faults)
    settle = " Go through the questions with: portfolio review" if asked else ""
    them = "it" if len(faults) == 1 else "them"
    refuse(f"\n{phrases.plural(len(faults), 'finding')}. Fix {them} and run the command again.{settle}")


@app.command()
def review() -> None:
    """Answer what screening asks, with one key each.

    The most frequent question comes first. Where nobody sits at the terminal, the questions are
    listed with the commands that settle them.
    """
    from stp_portfolio.desk import approval, checks
    from stp_portfolio.privacy import sources

    root = reading.find_root()
    found, _ = checks.run(root)
    asked = [each for each in found if each.code in approval.OPEN]
    if not asked:
        say("No question is open.")
        next_step("portfolio check")
        return
    places = Counter(each.value for each in sources.run(root, None))
    asked.sort(key=lambda each: -places[each.value])
    for number, each in enumerate(asked, start=1):
        say(f"\n{number} of {len(asked)}: {each}")
        if on_terminal() and not _settled(root, each):
            break
    next_step("once all are settled: portfolio check")


def _settled(root: Path, asked: Finding) -> bool:
    """Ask for one key until the question is settled or put off; False to quit."""
    from stp_portfolio.desk import approval
    from stp_portfolio.privacy import decisions, sources

    say(f"  {KEYS}", style="dim")
    while (key := click.getchar().lower()) not in ("l", "q", "\x03"):
        try:
            if key == "a":
                approval.approve(root, [asked.value], "no name", date.today())
            elif key == "f":
                approval.allow(root, root / asked.file, asked.value, "false alarm", date.today())
            if key in ("a", "f"):
                say(f"  Noted in {decisions.TERMS}; to take it back: portfolio approve --undo TEXT")
                return True
        except Refusal as error:
            say(f"  {error}")
        if key == "s":
            for each in sources.run(reading.find_root(), None):
                if each.value == asked.value:
                    say(f"  {each.file}:{each.line}: {each.fault}")
        say(f"  {KEYS}", style="dim")
    return key == "l"


@app.command()
def approve(
    terms: Annotated[list[str], argument("TERM...", "Words or phrases that name nobody and no place.")],
    reason: Reason = "no name",
    undo: Undo = False,
) -> None:
    """Approve terms that name nobody and no place.

    Screening does not ask about them any more; an identifier is refused. --undo takes any decision back.
    """
    from stp_portfolio.desk import approval

    root = reading.find_root()
    if undo:
        for line in approval.take_back(root, terms):
            say(f"Taken back: {line}")
        next_step("portfolio check")
        return
    new = approval.approve(root, terms, reason, date.today())
    what = phrases.series(new) if new else "nothing new"
    say(f"Approved {what}. No check proves that a text is anonymous.")
    next_step("portfolio check")


@app.command()
def allow(
    file: Annotated[Path, argument("FILE", "The only file in which it is allowed.")],
    text: Annotated[str, argument("[TEXT]", "What was found; of a picture, nothing.")] = "",
    reason: Annotated[str, option("--reason", "TEXT", "Why it is none.")] = "false alarm",
) -> None:
    """Allow a false alarm in one file, or confirm a picture.

    What is certain (an NHS number, an e-mail address, a telephone number) can never be allowed.
    """
    from stp_portfolio.desk import approval
    from stp_portfolio.privacy import decisions, sources

    root = reading.find_root()
    if not file.is_file() and text != PRIVATE:
        refuse(f"{file} does not exist. Name a file of the portfolio.")
    new = approval.allow(root, file.resolve(), text, reason, date.today())
    what = phrases.series(list(map(quoted, new))) if new else "nothing new"
    say(f"Allowed {what} in {sources.name_of(root, file.resolve())}. It stands in {decisions.TERMS}.")
    next_step("portfolio check")

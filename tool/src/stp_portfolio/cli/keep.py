"""Verbs of every week: where one stands, what happened, pages."""

from datetime import date
from typing import Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import AsOf, Day, Json, Open, app, argument, option, say
from stp_portfolio.core import dates, disk, phrases, progress, reading, records, typed
from stp_portfolio.core.records import Activity, Portfolio

PAGES = "The activity, as MODULE/NUMBER; or several; or a module."
ALL = "The activity; all by default."
EXAMPLES = "As 5 signed off, or S-C1/5 S-C1/6 started yesterday."


@app.command()
def status(as_of: AsOf = None, json: Json = False) -> None:
    """Progress at a glance, and what to do next."""
    from stp_portfolio.show import log, sentences

    portfolio = common.read_on(as_of)
    if json:
        common.as_json(log.status_data(portfolio))
    say(portfolio.settings.title, style="bold")
    if line := sentences.example_line(portfolio):
        say(line, style="dim")
    say(f"\n{sentences.status_summary(portfolio)}")
    for answer in sentences.progress_answers(portfolio):
        say(answer, style="bold")
    for text in (sentences.waiting_answer(portfolio), sentences.credits_answer(portfolio)):
        say(text)
    if waits := progress.waiting(portfolio):
        say("\nWith an assessor", style="bold")
        common.rows((phrases.plural(each.days, "day"), each.activity.called) for each in waits)
    say("\nWhat to do next", style="bold")
    for action in sentences.next_actions(portfolio):
        say(f"- {action}")
    common.next_step(_after_status(portfolio))


def _after_status(portfolio: Portfolio) -> str:
    """What waits for the trainee, a return first; else one to begin, else the report for the next meeting."""
    states = progress.statuses(portfolio)
    since = {turn.subject: turn.since for turn in progress.turns(portfolio)}
    for wanted in (progress.Status.RETURNED, progress.Status.IN_PROGRESS):
        own = [each for each in portfolio.activities if states[each.key] is wanted]
        if own:
            return f"portfolio new {min(own, key=since.__getitem__).key}"
    fresh = [key for key, state in states.items() if state is progress.Status.NOT_STARTED]
    return f"portfolio record {fresh[0]} started" if fresh else "portfolio report"


@app.command()
def log(activity: Annotated[str, argument("[ACTIVITY]", ALL)] = "", json: Json = False) -> None:
    """What happened to an activity, or lately to all."""
    from stp_portfolio.show import log

    portfolio = reading.load(without_pages=True)
    found = typed.activity(portfolio, activity) if activity else None
    entries = log.history(portfolio, found) if found else log.latest(portfolio)
    if json:
        common.as_json(log.log_data(portfolio, entries, found))
    if found:
        say(found.called, style="bold")
        say(progress.status_line(progress.history(portfolio, found.key)))
    of = {each.activity.key: "" if found else f"{each.activity.key} " for each in entries}
    common.rows((dates.written(each.day), f"{of[each.activity.key]}{each.words}") for each in entries)
    if not entries:
        say("Nothing has happened yet.")
    common.next_step(_after_log(portfolio, found, entries[0].activity if entries else None))


def _after_log(portfolio: Portfolio, found: Activity | None, last: Activity | None) -> str:
    if found and progress.status(portfolio, found.key) is not progress.Status.SIGNED_OFF:
        first, *others = (records.EVENT_WORDS[each] for each in progress.may_follow(portfolio, found.key))
        return f"once it is, portfolio record {found.key} {first}{''.join(f', or {each}' for each in others)}"
    return f"portfolio log {last.key}, for all of one activity" if last and not found else "portfolio status"


@app.command()
def new(activities: Annotated[list[str], argument("ACTIVITY...", PAGES)], launch: Open = True) -> None:
    """Open an activity's page, from a template if it is missing.

    A plan becomes a page to fill in once the activity has begun. For a module, every page that is
    missing is made, with the chapter and its place in the contents.
    """
    from stp_portfolio.desk import drafts, opening

    portfolio = reading.load(without_pages=True)
    following = "portfolio preview"
    for found in typed.subjects(portfolio, activities):
        if isinstance(found, records.Module):
            say("\n".join(drafts.write_pages_of(portfolio, found.code)))
            continue
        done = drafts.write_page(portfolio, found)
        path = disk.page_file(portfolio.root, found.page) or portfolio.root / f"{found.page}.md"
        say(f"{path.relative_to(portfolio.root).as_posix()} {done}.")
        following = f"write it, and look at it in portfolio preview; then portfolio check {found.key}"
        if launch:
            opening.opened(path)
    common.next_step(following)


@app.command()
def prompts(activity: Annotated[str, argument("ACTIVITY", "The activity, as MODULE/NUMBER.")]) -> None:
    """Print the optional prompts of an activity.

    Questions to think with, in our own words. None of them ever reaches a reader.
    """
    from stp_portfolio.desk import drafts

    portfolio = reading.load(without_pages=True)
    found = typed.activity(portfolio, activity)
    say(found.called, style="bold")
    for dimension, question in drafts.prompts_for(found).items():
        say(f"{dimension.capitalize()}: {question}")
    say("All of them are optional. Use what helps, and leave the rest.", style="dim")
    common.next_step(f"portfolio new {found.key}")


@app.command()
def record(
    words: Annotated[list[str], argument("ACTIVITY... EVENT [DAY]", EXAMPLES)],
    day: Day = None,
    note: Annotated[str, option("--note", "TEXT", "A few words, without a name.")] = "",
) -> None:
    """Record what happened to an activity, or to several.

    EVENT is started, submitted, returned, signed off or withdrawn: a sign-off withdrawn for the reason that
    --note gives. A step out of order is refused with what may follow.

    For a module, signed off notes the day on which the training officer signed it off.
    """
    from stp_portfolio.desk import recording
    from stp_portfolio.privacy import told as screened

    portfolio = reading.load(without_pages=True)
    said = typed.line(portfolio, words)
    if said.day and day:
        raise typer.BadParameter(f"The day is given twice, {said.day} and {dates.written(day)}.")
    when = common.day_of(said.day or None) or day or date.today()
    common.settle(screened.cells(portfolio, "data/progress.csv", note=note))
    if said.module:
        *told, following = recording.module(portfolio, said.module, said.event, when)
        told += ["data/modules.csv keeps no note, so this one is not kept."] if note else []
    else:
        *told, following = recording.events(portfolio, said.activities, said.event, when, note)
    say("\n".join(told))
    common.next_step(following)


@app.command()
def undo(yes: common.Yes = False) -> None:
    """Take back what the last command changed.

    It says what, and asks. Another undo brings it back.
    """
    from stp_portfolio.desk import undoing

    root = reading.find_root()
    last, told = undoing.last(root)
    say("\n".join(told))
    if not yes and not typer.confirm("Do it again?" if last.back else "Take it back?"):
        common.refuse("Nothing was changed.")
    undoing.undo(root, last)
    say("Done again." if last.back else "Taken back.")
    common.next_step(f"portfolio undo, {'for what it was before' if last.back else 'to have it again'}")

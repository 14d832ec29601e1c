"""What the report for a meeting says: headings, sentences, lists and tables, in the order of their use.

How it looks, as Markdown, HTML or PDF, is for ``renderings`` to know.
"""

from datetime import date
from typing import NamedTuple

from stp_portfolio.core import dates, phrases, progress, records
from stp_portfolio.core.records import Activity, Module, Portfolio
from stp_portfolio.show import pages, sentences
from stp_portfolio.show.tables import Cell, Table

MONTHS_AHEAD = 2  # steps of action plans that fall due later are counted, not listed
STEPS_SHOWN = 8  # of those without an outcome and those due; the others are counted

Rows = list[tuple[Cell, ...]]
Block = str | tuple[str, ...] | Table  # a paragraph, a short list, a table


class Section(NamedTuple):
    """A heading, the sentence that answers it, and what stands behind that."""

    heading: str
    answer: str
    blocks: tuple[Block, ...] = ()


class Report(NamedTuple):
    """One page: whose portfolio, on which day, whether it is invented, and its sections."""

    title: str
    subject: str
    example: str
    sections: tuple[Section, ...]
    note: str = (
        "Numbers follow from the dated events in the records; only signed-off activities count. "
        "Steps stand as the pages have them now."
    )


class Span(NamedTuple):
    """From which day on the report tells what changed, in words that fit after *since*, and why that day."""

    day: date
    since: str
    why: str = ""


def span(portfolio: Portfolio, asked: date | None) -> Span:
    """The span that is asked for, else since the last review meeting, else a calendar month."""
    if asked is not None:
        return Span(asked, dates.written(asked))
    if reviews := [day for day in portfolio.settings.reviews if day < portfolio.on]:
        return Span(reviews[-1], f"the review of {dates.written(reviews[-1])}")
    day = max(portfolio.settings.start, dates.months_after(portfolio.on, -1))
    why = "No review meeting is noted before this day, so the report looks back"
    if day == portfolio.settings.start:
        return Span(day, f"the programme began on {dates.written(day)}", f"{why} to the start.")
    return Span(day, dates.written(day), f"{why} a month.")


def make(portfolio: Portfolio, asked: date | None = None) -> Report:
    """The report on the portfolio's day of reading; what changed is told from ``asked`` on.

    Raises ``pages.PageError`` or OSError for a page whose action plan cannot be read.
    """
    settings, changed = portfolio.settings, _changed(portfolio, span(portfolio, asked))
    sections = (_standing(portfolio), changed, _waiting(portfolio), _next(portfolio), _dates(portfolio))
    title, subject = f"Progress report, {dates.written(portfolio.on)}", f"{settings.title} · {settings.role}"
    return Report(title, subject, sentences.example_line(portfolio), sections)


def _table(caption: str, columns: tuple[str, ...], rows: Rows, *numeric: str) -> tuple[Table, ...]:
    """A table, with numbers in the columns named last; none where there are no rows."""
    return (Table(caption, columns, tuple(rows), frozenset(numeric)),) if rows else ()


def _named(subject: Activity | Module) -> str:
    return f"{subject.code} {subject.name}" if isinstance(subject, Module) else subject.called


def _standing(portfolio: Portfolio) -> Section:
    columns = ("Module", "Signed off", "In review", "Next milestone", "Required", "State")
    heading, modules = "Where each module stands", [each.code for each in portfolio.modules_in_use]
    if len(modules) < 2:
        return Section(heading, " ".join(sentences.progress_answers(portfolio, *modules)))
    rows = [_module(portfolio, code) for code in modules]
    table = _table("Each module against its next milestone", columns, rows, "In review", "Required")
    return Section(heading, sentences.status_summary(portfolio), table)


def _module(portfolio: Portfolio, code: str) -> tuple[Cell, ...]:
    own = records.of_module(portfolio, code)
    first = (code, f"{progress.signed_off(own)} of {len(own.activities)}", len(progress.waiting(own)))
    for far in progress.distances(portfolio, code):
        if not far.passed:
            milestone = f"{far.milestone.name}, {dates.short(far.milestone.date)}"
            return (*first, milestone, int(far.required), far.state)
    return (*first, "None ahead", None, None)


def _changed(portfolio: Portfolio, since: Span) -> Section:
    rows: Rows = []
    for change in progress.changes(portfolio, since.day):
        added = ", ".join(piece.id for piece in change.evidence) or "None"
        rows.append((_named(change.activity), sentences.course(change.events), added))
    table = _table("What happened, activity by activity", ("Activity", "Events", "Evidence added"), rows)
    answer, why = sentences.changes_answer(portfolio, since.day), (since.why,) if since.why else ()
    return Section(f"What changed since {since.since}", answer, (*why, *table))


def _waiting(portfolio: Portfolio) -> Section:
    rows: Rows = []
    for turn in progress.turns(portfolio):
        named, state = _named(turn.subject), "Complete"
        if isinstance(turn.subject, Activity):
            state = str(turn.state)
            said = progress.status_line(progress.history(portfolio, turn.subject.key))
            named += said.removeprefix(state)  # that its sign-off was withdrawn, when and why
        rows.append((named, state, str(turn.role), dates.written(turn.since), turn.days))
    columns = ("What", "Status", "Waits for", "Since", "Days")
    table = _table("What is open, longest first", columns, rows, "Days")
    unsigned = any(isinstance(turn.subject, Module) for turn in progress.turns(portfolio))
    more = (sentences.unsigned_answer(portfolio),) if unsigned else ()
    return Section("What waits, and for whom", sentences.turns_answer(portfolio), (*table, *more))


def _next(portfolio: Portfolio) -> Section:
    first, *others = sentences.next_actions(portfolio)
    blocks: tuple[Block, ...] = (tuple(others), *_steps(portfolio))
    return Section("What is next", first, tuple(filter(None, blocks)))


def _steps(portfolio: Portfolio) -> tuple[Block, ...]:
    """How many steps of action plans are open, due and later; and the first of those that are open or due."""
    on, end = portfolio.on, dates.months_after(portfolio.on, MONTHS_AHEAD)
    steps = [each for each in pages.steps(portfolio) if each.month > on or not each.step.outcome]
    shown = [each for each in steps if each.month <= end]
    open_, later = sum(each.month <= on for each in steps), len(steps) - len(shown)
    said = [f"{open_} without an outcome so far"] if open_ else []
    said += [f"{len(shown) - open_} due by {dates.written_month(end)}"]
    said += [f"{later} later"] if later else []
    first = f" The first {STEPS_SHOWN} of them:" if len(shown) > STEPS_SHOWN else ""
    lines = tuple(_step_line(each, on) for each in shown[:STEPS_SHOWN])
    return (f"Steps of action plans: {phrases.series(said)}.{first}", lines) if steps else ()


def _step_line(due: pages.DatedStep, on: date) -> str:
    past = " Its month is past: say what came of it." if due.step.is_unanswered(on) else ""
    return f"{dates.written_month(due.month)}, {due.activity.key}: {pages.bare(due.step.action)}{past}"


def _dates(portfolio: Portfolio) -> Section:
    on, heading = portfolio.on, "Next dates"
    found = [(day, "Review meeting", "") for day in portfolio.settings.reviews]
    for group in progress.milestones(portfolio):
        asks = [
            sentences.conditions(portfolio, group),
            *dict.fromkeys(each.note for each in group if each.required),
        ]
        found += [(group[0].date, group[0].name, ". ".join(filter(None, asks)))]
    found = sorted((each for each in found if each[0] >= on), key=lambda each: each[0])
    if not found:
        return Section(heading, "No milestone and no review meeting lies ahead.")
    rows: Rows = [(dates.written(day), what, (day - on).days, asks) for day, what, asks in found]
    when = f"in {phrases.plural((found[0][0] - on).days, 'day')}" if found[0][0] > on else "today"
    columns = ("Date", "What", "Days", "What it asks for")
    table = _table("Milestones and review meetings ahead", columns, rows, "Days")
    return Section(heading, f"{found[0][1]}: {rows[0][0]}, {when}.", table)

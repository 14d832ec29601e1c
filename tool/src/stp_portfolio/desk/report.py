"""What the report for a meeting says: headings, sentences, lists and tables, in the order of their use.

How it looks, as Markdown, HTML or PDF, is for ``renderings`` to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.records import Activity, Module, Portfolio
from stp_portfolio.show import pages, sentences
from stp_portfolio.show.tables import Cell, Table

MONTHS_AHEAD = 2  # steps of action plans that fall due later are counted, not listed
STEPS_SHOWN = 8  # of those without an outcome and those due; the others are counted
FAR = 1200  # months: all steps there are


@dataclass(frozen=True, slots=True)
class Bullets:
    """A short list."""

    items: tuple[str, ...]


Block = str | Bullets | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the sentence that answers it, and what stands behind that."""

    heading: str
    answer: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One page: whose portfolio, on which day, whether it is invented, and its sections."""

    title: str
    subject: str
    example: str
    sections: tuple[Section, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Span:
    """From which day on the report tells what changed, in words that fit after *since*, and why that day."""

    day: date
    since: str
    why: str


def span(portfolio: Portfolio, asked: date | None) -> Span:
    """The span that is asked for, else since the last review meeting, else a calendar month."""
    if asked is not None:
        return Span(asked, dates.written(asked), "")
    if review := progress.last_review(portfolio, portfolio.on):
        return Span(review, f"the review of {dates.written(review)}", "")
    day = progress.month_before(portfolio, portfolio.on)
    why = "No review meeting is noted before this day, so the report looks back"
    if day == portfolio.settings.start:
        return Span(day, f"the programme began on {dates.written(day)}", f"{why} to the start.")
    return Span(day, dates.written(day), f"{why} a month.")


def make(portfolio: Portfolio, asked: date | None = None) -> Report:
    """The report on the portfolio's day of reading.

    Raises ``pages.PageError`` or OSError for a page whose action plan cannot be read.
    """
    settings = portfolio.settings
    return Report(
        title=f"Progress report, {dates.written(portfolio.on)}",
        subject=f"{settings.title} · {settings.role}",
        example=sentences.example_line(portfolio),
        sections=(
            _standing(portfolio),
            _changed(portfolio, asked),
            _waiting(portfolio),
            _next(portfolio),
            _dates(portfolio),
        ),
        note="Numbers follow from the dated events in the records; only signed-off activities count. Steps stand as the "
        "pages have them now.",
    )


def _named(activity: Activity) -> str:
    return f"{activity.key} {activity.title}"


def _standing(portfolio: Portfolio) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for module in progress.modules_with_activities(portfolio):
        total = len(progress.activities_of(portfolio, module.code))
        done = progress.signed_off_by(portfolio, portfolio.on, module.code)
        ahead = progress.next_distance(portfolio, portfolio.on, module.code)
        so_far = progress.pace(portfolio, portfolio.on, module.code)
        rows.append((
            module.code,
            f"{done} of {total}",
            f"{ahead.milestone.name}, {dates.written(ahead.milestone.date)}" if ahead else "None ahead",
            ahead.required if ahead else None,
            sentences.standing(ahead) if ahead else None,
            f"{ahead.needed:.2f}" if ahead and ahead.needed is not None else None,
            f"{so_far:.2f}" if so_far is not None else None,
        ))  # fmt: skip
    columns = (
        "Module",
        "Signed off",
        "Next milestone",
        "Required",
        "Standing",
        "Needed a month",
        "So far a month",
    )
    table = Table(
        "Each module against its next milestone",
        columns,
        tuple(rows),
        frozenset({"Required", "Needed a month", "So far a month"}),
    )
    heading = "Where each module stands"
    if len(rows) > 1:
        blocks = (Bullets(tuple(sentences.progress_answers(portfolio))), table)
        return Section(heading, sentences.status_summary(portfolio), blocks)
    return Section(heading, sentences.progress_answer(portfolio), (table,) if rows else ())


def _changed(portfolio: Portfolio, asked: date | None) -> Section:
    since = span(portfolio, asked)
    rows: list[tuple[Cell, ...]] = []
    for change in progress.changes(portfolio, since.day, portfolio.on):
        added = ", ".join(piece.id for piece in change.evidence) or "None"
        rows.append((_named(change.activity), sentences.course(change.events), added))
    table = Table(
        "What happened, activity by activity", ("Activity", "Events", "Evidence added"), tuple(rows)
    )
    blocks: list[Block] = [since.why] if since.why else []
    return Section(
        f"What changed since {since.since}",
        sentences.changes_answer(portfolio, since.day),
        (*blocks, table) if rows else tuple(blocks),
    )


def _waiting(portfolio: Portfolio) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (
            _subject(turn.subject),
            str(turn.state) if isinstance(turn.subject, Activity) else "Complete",
            str(turn.role),
            dates.written(turn.since),
            turn.days,
        )
        for turn in progress.turns(portfolio, portfolio.on)
    ]
    columns = ("What", "Status", "Waits for", "Since", "Days")
    table = Table("What is open, longest first", columns, tuple(rows), frozenset({"Days"}))
    unsigned = sentences.unsigned_answer(portfolio)
    return Section(
        "What waits, and for whom",
        sentences.turns_answer(portfolio),
        (table, unsigned) if rows else (unsigned,),
    )


def _subject(subject: Activity | Module) -> str:
    return _named(subject) if isinstance(subject, Activity) else f"{subject.code} {subject.name}"


def _next(portfolio: Portfolio) -> Section:
    first, *others = sentences.next_actions(portfolio)
    blocks: list[Block] = [Bullets(tuple(others))] if others else []
    open_, due = pages.steps_unanswered(portfolio), pages.steps_ahead(portfolio, MONTHS_AHEAD)
    later = len(pages.steps_ahead(portfolio, FAR)) - len(due)
    steps = [*open_, *due]
    if steps or later:
        year, month = divmod(portfolio.on.year * 12 + portfolio.on.month - 1 + MONTHS_AHEAD, 12)
        until = dates.written_month(date(year, month + 1, 1))
        said = [f"{len(open_)} without an outcome so far"] if open_ else []
        said += [f"{len(due)} due by {until}", *([f"{later} later"] if later else [])]
        shown = f" The first {STEPS_SHOWN} of them:" if len(steps) > STEPS_SHOWN else ""
        items = tuple(_step_line(activity, step, portfolio.on) for activity, step in steps[:STEPS_SHOWN])
        blocks += [
            f"Steps of action plans: {phrases.series(said)}.{shown}",
            *([Bullets(items)] if items else []),
        ]
    return Section("What is next", first, tuple(blocks))


def _step_line(activity: Activity, step: pages.Step, on: date) -> str:
    month = step.month or (on.year, on.month)
    past = " Its month is past: say what came of it." if month < (on.year, on.month) else ""
    return f"{dates.written_month(date(*month, 1))}, {activity.key}: {pages.bare(step.action)}{past}"


def _dates(portfolio: Portfolio) -> Section:
    on = portfolio.on
    reached = {id(distance.milestone): distance for distance in progress.distances(portfolio, on)}
    found: list[tuple[date, str, str]] = [
        (day, "Review meeting", "") for day in progress.reviews_ahead(portfolio, on)
    ]
    for milestone in portfolio.milestones:
        distance = reached.get(id(milestone))
        needs = (
            f"{distance.required} of {milestone.module}: {sentences.standing(distance).lower()}"
            if distance
            else ""
        )
        if milestone.date >= on:
            found.append((milestone.date, milestone.name, ". ".join(filter(None, (needs, milestone.note)))))
    found.sort(key=lambda item: item[0])
    if not found:
        return Section("Next dates", "No milestone and no review meeting lies ahead.", ())
    day, name, _ = found[0]
    days = (day - on).days
    when = "today" if not days else f"in {phrases.plural(days, 'day')}"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (dates.written(day), name, (day - on).days, needs) for day, name, needs in found
    )
    table = Table(
        "Milestones and review meetings ahead",
        ("Date", "What", "Days", "What it asks for"),
        rows,
        frozenset({"Days"}),
    )
    return Section("Next dates", f"{name}: {dates.written(day)}, {when}.", (table,))

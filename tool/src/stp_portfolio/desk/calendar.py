"""The portfolio's dates for any calendar: milestones, review meetings, targets and steps of action plans.

The same fact has the same identifier in every file, so importing a newer file moves an entry and
never doubles it. Escaping, folding and line ends are the library's.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from stp_portfolio.core import dates, progress
from stp_portfolio.core.progress import Distance
from stp_portfolio.core.records import Portfolio
from stp_portfolio.show import pages, sentences

if TYPE_CHECKING:
    from icalendar import Event

MAKER = "-//STP portfolio//stp-portfolio//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that lasts the whole of a day. ``fact`` says which fact of the portfolio it stands for."""

    fact: str
    day: date
    kind: str
    summary: str
    description: str


def entries(portfolio: Portfolio) -> tuple[Entry, ...]:
    """Every entry in the order of its day.

    Raises ``pages.PageError`` or OSError for a page whose action plan cannot be read.
    """
    found = [*_milestones(portfolio), *_reviews(portfolio), *_targets(portfolio), *_steps(portfolio)]
    return tuple(sorted(found, key=lambda entry: (entry.day, entry.kind, entry.fact)))


def _milestones(portfolio: Portfolio) -> Iterator[Entry]:
    reached = {id(distance.milestone): distance for distance in progress.distances(portfolio, portfolio.on)}
    for milestone in portfolio.milestones:
        distance = reached.get(id(milestone))
        needs = f"{milestone.required} of {milestone.module}" if distance else ""
        yield Entry(
            f"milestone/{milestone.module}/{milestone.name}",
            milestone.date,
            "Milestone",
            f"{milestone.name}: {needs}" if needs else milestone.name,
            "\n".join(filter(None, (_required(portfolio, distance) if distance else "", milestone.note))),
        )


def _required(portfolio: Portfolio, distance: Distance) -> str:
    text = (
        f"Required: {distance.required} of {distance.milestone.module} signed off. "
        f"On {dates.written(portfolio.on)}: {distance.done}, {sentences.standing(distance).lower()}"
    )
    return f"{text}; this needs {distance.needed:.2f} a month." if distance.needed is not None else f"{text}."


def _reviews(portfolio: Portfolio) -> Iterator[Entry]:
    for number, review in enumerate(portfolio.settings.reviews, start=1):
        # Its place in the order, not its day: a meeting that is put off stays the same meeting.
        yield Entry(f"review/{number}", review, "Review", "Review meeting", portfolio.settings.title)


def _targets(portfolio: Portfolio) -> Iterator[Entry]:
    for target in progress.targets(portfolio, portfolio.on):
        milestone = target.milestone
        yield Entry(
            f"target/{milestone.module}/{target.number}",
            target.day,
            "Target",
            f"Target: {target.number} of {milestone.module} signed off",
            f"At the pace needed for {milestone.name}: {milestone.required} of {milestone.module} "
            f"by {dates.written(milestone.date)}. Computed on {dates.written(portfolio.on)}.",
        )


def _steps(portfolio: Portfolio) -> Iterator[Entry]:
    for activity, number, step in pages.steps(portfolio):
        if step.month and not step.outcome and step.month >= (portfolio.on.year, portfolio.on.month):
            measure = pages.bare(step.measure)
            yield Entry(
                # Its place on the page, not its words: a step that is reworded or put off stays the same step.
                f"step/{activity.key}/{number}",
                date(*step.month, monthrange(*step.month)[1]),
                "Step",
                f"{activity.key}: {pages.bare(step.action)}",
                "\n".join(filter(None, (activity.title, f"Done when: {measure}" if measure else ""))),
            )


def calendar(portfolio: Portfolio, found: Iterable[Entry]) -> bytes:
    """Entries, at least one, as an iCalendar file; the same entries and day of reading give the same bytes."""
    from icalendar import Calendar

    settings = portfolio.settings
    about = " ".join(
        filter(
            None,
            (f"As the portfolio stood on {dates.written(portfolio.on)}.", sentences.example_line(portfolio)),
        )
    )
    made = Calendar.new(prodid=MAKER, uid=_uid(portfolio, "calendar"), name=settings.title, description=about)
    for entry in found:
        made.add_component(_event(entry, portfolio))
    return made.to_ical()


def _event(entry: Entry, portfolio: Portfolio) -> Event:
    from icalendar import TRANSP, Event

    settings = portfolio.settings
    return Event.new(
        uid=_uid(portfolio, entry.fact),
        stamp=datetime.combine(portfolio.on, datetime.min.time(), UTC),
        # Some calendars take a newer file for an update only if this number has grown.
        sequence=(portfolio.on - settings.start).days,
        start=entry.day,
        end=entry.day + timedelta(days=1),
        summary=entry.summary,
        description=entry.description or None,
        categories=[entry.kind],
        transparency=TRANSP.TRANSPARENT,
    )


def _uid(portfolio: Portfolio, fact: str) -> str:
    settings = portfolio.settings
    return str(uuid5(NAMESPACE_URL, f"stp-portfolio/{settings.curriculum}/{settings.start}/{fact}"))

"""The portfolio's dates for any calendar: milestones, review meetings, targets and steps of action plans.

The same fact has the same identifier in every file, so importing a newer file moves an entry and
never doubles it. Escaping, folding and line ends are the library's.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import icalendar

from stp_portfolio.core import dates, disk, phrases, progress
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy import decisions, leaving
from stp_portfolio.show import pages, sentences

MAKER = "-//STP portfolio//stp-portfolio//EN"


class Entry(NamedTuple):
    """An entry that lasts the whole of a day, sorted as it stands here.

    ``fact`` says which fact of the portfolio it stands for.
    """

    day: date
    kind: str
    fact: str
    summary: str
    description: str


def entries(portfolio: Portfolio) -> list[Entry]:
    """Every entry in the order of its day. Raises UnreadableError for a page that cannot be read."""
    return sorted([*_milestones(portfolio), *_reviews(portfolio), *_targets(portfolio), *_steps(portfolio)])


def _milestones(portfolio: Portfolio) -> Iterator[Entry]:
    """An entry for each, known by the module of its first condition: so it was when a row was a milestone."""
    for group in progress.milestones(portfolio):
        first, counted = group[0], [sentences.asked(each) for each in group if isinstance(each.required, int)]
        name = f"{first.name}: {', '.join(counted)}" if counted else first.name
        asks = sentences.conditions(portfolio, group)
        told = [f"On {dates.written(portfolio.on)}: {asks}."] if asks else []
        told += filter(None, dict.fromkeys(each.note for each in group if each.required))
        yield Entry(first.date, "Milestone", f"milestone/{first.module}/{first.name}", name, "\n".join(told))


def _reviews(portfolio: Portfolio) -> Iterator[Entry]:
    for number, review in enumerate(portfolio.settings.reviews, start=1):
        # Its place in the order, not its day: a meeting that is put off stays the same meeting.
        yield Entry(review, "Review", f"review/{number}", "Review meeting", portfolio.settings.title)


def _targets(portfolio: Portfolio) -> Iterator[Entry]:
    wait = phrases.plural(progress.usual_wait(portfolio).days, "day")
    for target in progress.targets(portfolio):
        milestone, module = target.milestone, target.milestone.module
        wanted = f"{milestone.name}: {sentences.asked(milestone)} by {dates.written(milestone.date)}"
        why = f"For {wanted}, with {wait} for review. Computed on {dates.written(portfolio.on)}."
        nth = f"{target.number} of {module or 'the programme'}"
        yield Entry(target.day, "Target", f"target/{module}/{target.number}", f"Target: {nth} submitted", why)


def _steps(portfolio: Portfolio) -> Iterator[Entry]:
    for month, activity, place, step in pages.steps(portfolio):
        if not step.outcome and month >= portfolio.on.replace(day=1):
            measure = pages.bare(step.measure)
            told = "\n".join([activity.title, *([f"Done when: {measure}"] if measure else [])])
            summary, day = f"{activity.key}: {pages.bare(step.action)}", dates.months_after(month, 0, 31)
            # Its place on the page, not its words: a step that is reworded or put off stays the same step.
            yield Entry(day, "Step", f"step/{activity.key}/{place}", summary, told)


def write(portfolio: Portfolio, found: Iterable[Entry], path: Path) -> None:
    """Write entries, at least one, as an iCalendar file; the same entries and day give the same bytes.

    Raises OSError, and Refusal for what could identify somebody; what stood there is then as it was.
    """
    settings, day = portfolio.settings, f"As the portfolio stood on {dates.written(portfolio.on)}."
    about = f"{day} {sentences.example_line(portfolio)}".strip()
    uid = _uid(portfolio, "calendar")
    made = icalendar.Calendar.new(prodid=MAKER, uid=uid, name=settings.title, description=about)
    for entry in found:
        event = icalendar.Event.new(
            uid=_uid(portfolio, entry.fact),
            stamp=datetime.combine(portfolio.on, datetime.min.time(), UTC),
            # Some calendars take a newer file for an update only if this number has grown.
            sequence=(portfolio.on - settings.start).days,
            start=entry.day,
            end=entry.day + timedelta(days=1),
            summary=entry.summary,
            description=entry.description or None,
            categories=[entry.kind],
            transparency=icalendar.TRANSP.TRANSPARENT,
        )
        made.add_component(event)
    raw = made.to_ical()
    leaving.hold_back({"portfolio.ics": raw}, decisions.known(portfolio.root, portfolio), "the calendar")
    disk.put(path, raw)


def _uid(portfolio: Portfolio, fact: str) -> str:
    settings = portfolio.settings
    return str(uuid5(NAMESPACE_URL, f"stp-portfolio/{settings.curriculum}/{settings.start}/{fact}"))

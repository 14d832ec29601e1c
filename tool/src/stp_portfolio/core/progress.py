"""What follows from the records on their day of reading. Pure functions: nothing here reads, prints or draws.

Status is derived and never stored: the last event up to that day says it. ``records.on_day`` gives the same
records on another day, ``records.of_module`` those of one module. Only *signed off* counts. A month is
30.4375 days (365.25 / 12), so a pace does not depend on the calendar's months.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import Any, NamedTuple

from stp_portfolio.core import dates, phrases, records
from stp_portfolio.core.records import Activity, ActivityKey, Event, Evidence, Milestone, Module, Portfolio

DAYS_PER_MONTH = 365.25 / 12


class Status(StrEnum):
    """The words of status, most settled first; the same words on page, index, chart and table."""

    SIGNED_OFF = "Signed off"
    SUBMITTED = "Submitted"
    RETURNED = "Returned"
    IN_PROGRESS = "In progress"
    NOT_STARTED = "Not started"


_AFTER = (Status.IN_PROGRESS, Status.SUBMITTED, Status.RETURNED, Status.SIGNED_OFF, Status.RETURNED)
STATUS_AFTER = dict(zip(records.EVENTS, _AFTER, strict=True))


class Wait(NamedTuple):
    """One submission's stay with an assessor; ``until`` is None, ``outcome`` *Submitted* while it lasts."""

    activity: Activity
    since: date
    until: date | None
    days: int
    outcome: Status


class Distance(NamedTuple):
    """How far a milestone is.

    ``done``: activities of its module signed off now; ``done_then``: by the milestone, or by now
    if it lies ahead; ``days``: days left, negative once it has passed; ``needed``: activities a
    month still needed, None where nothing is left to do or no day to do it in; ``projected``: how
    many would be signed off by then at the pace so far, None where there is no pace yet: before the
    first full day, and in the first quarter of the time while nothing is signed off.
    """

    milestone: Milestone
    required: int
    done: int
    done_then: int
    days: int
    needed: float | None
    projected: int | None

    @property
    def left(self) -> int:
        """Activities still to be signed off, 0 where the milestone is reached."""
        return max(0, self.required - self.done)

    @property
    def passed(self) -> bool:
        """Whether its day is over."""
        return self.days < 0

    @property
    def missed(self) -> int:
        """How many were missing on its day; 0 while it lies ahead."""
        return max(0, self.required - self.done_then) if self.passed else 0

    @property
    def behind(self) -> int:
        """How many would be missing on its day at the pace so far; 0 means on track."""
        return 0 if self.passed or self.projected is None else max(0, self.required - self.projected)


FIGURES = "required done done_then days left missed behind needed projected".split()

# -- status -----------------------------------------------------------------------------------


def history(portfolio: Portfolio, key: ActivityKey) -> tuple[Event, ...]:
    """The events of one activity up to the day of reading, in order."""
    return tuple(event for event in portfolio.events_of.get(key, ()) if event.date <= portfolio.on)


def histories(portfolio: Portfolio) -> list[tuple[Activity, tuple[Event, ...]]]:
    """Every activity with its events up to the day of reading."""
    return [(activity, history(portfolio, activity.key)) for activity in portfolio.activities]


def may_follow(portfolio: Portfolio, key: ActivityKey) -> tuple[str, ...]:
    """The events that may be recorded next for an activity, whatever the day of reading."""
    events = portfolio.events_of.get(key)
    return records.LEGAL_NEXT[events[-1].event if events else None]


def choices(portfolio: Portfolio, key: ActivityKey) -> str:
    """Those events in words: ``returned or signed off``."""
    return phrases.series([records.EVENT_WORDS[name] for name in may_follow(portfolio, key)], "or")


def latest(portfolio: Portfolio) -> list[tuple[Activity, Event]]:
    """Every event so far with its activity, the latest first; of a day, the last in the file first."""
    activities = {activity.key: activity for activity in portfolio.activities}
    past = [event for event in portfolio.events if event.date <= portfolio.on]
    return [(activities[event.activity], event) for event in reversed(past)]


def status_after(events: Iterable[Event]) -> Status:
    """The status that a history of one activity leads to."""
    *_, last = (Status.NOT_STARTED, *(STATUS_AFTER[event.event] for event in events))
    return last


def status_line(events: Sequence[Event]) -> str:
    """The status with what a reader must know beside it: that a sign-off was withdrawn, when and why."""
    status = str(status_after(events))
    return f"{status}: {since(events)}" if events and events[-1].event == "withdrawn" else status


def since(events: Sequence[Event]) -> str | None:
    """The day of the last event, in words; of a withdrawal ``sign-off withdrawn on 3 June 2026 (reason)``."""
    day = dates.written(events[-1].date) if events else None
    withdrawn = events and events[-1].event == "withdrawn"
    return f"{records.said('withdrawn')} on {day} ({events[-1].note})" if withdrawn else day


def status(portfolio: Portfolio, key: ActivityKey) -> Status:
    """The status of one activity."""
    return status_after(history(portfolio, key))


def statuses(portfolio: Portfolio) -> dict[ActivityKey, Status]:
    """The status of every activity, in the order of the activities."""
    return {activity.key: status_after(events) for activity, events in histories(portfolio)}


def counts(portfolio: Portfolio) -> dict[Status, int]:
    """How many activities have each status, zeros included."""
    found = Counter(statuses(portfolio).values())
    return {status: found[status] for status in Status}


# -- pace and milestones ----------------------------------------------------------------------


def _sign_offs(portfolio: Portfolio) -> list[date]:
    """The day of each sign-off that stands, in order: one that was withdrawn does not."""
    last = {event.activity: event for event in portfolio.events if event.date <= portfolio.on}
    return sorted(event.date for event in last.values() if event.event == "signed_off")


def signed_off(portfolio: Portfolio) -> int:
    """How many activities are signed off."""
    return len(_sign_offs(portfolio))


def pace(portfolio: Portfolio) -> float | None:
    """Activities signed off a month since the programme's start; None before its first full day."""
    elapsed = (portfolio.on - portfolio.settings.start).days
    return signed_off(portfolio) / elapsed * DAYS_PER_MONTH if elapsed > 0 else None


def distance(portfolio: Portfolio, milestone: Milestone) -> Distance | None:
    """How far one milestone is; None where it requires no activities."""
    if (required := milestone.required) is None:
        return None
    own = records.of_module(portfolio, milestone.module)
    done, done_then = signed_off(own), signed_off(records.on_day(own, min(own.on, milestone.date)))
    days, elapsed = (milestone.date - own.on).days, (own.on - own.settings.start).days
    needed = (required - done) / days * DAYS_PER_MONTH if required > done and days > 0 else None
    projected = None
    if days >= 0 and elapsed > 0 and (done or 4 * elapsed >= elapsed + days):
        # Whole numbers throughout: a float would turn 10.0 into 9 now and then.
        projected = min(done * (elapsed + days) // elapsed, len(own.activities))
    return Distance(milestone, required, done, done_then, days, needed, projected)


def figures(far: Distance | None) -> dict[str, Any]:
    """The numbers of a distance by their names, None where the milestone requires no activities."""
    return {name: getattr(far, name, None) for name in FIGURES}


def distances(portfolio: Portfolio) -> tuple[Distance, ...]:
    """The distance to every milestone that requires activities, in date order."""
    return tuple(far for each in portfolio.milestones if (far := distance(portfolio, each)))


def next_distance(portfolio: Portfolio) -> Distance | None:
    """The next milestone that has not passed, or None."""
    return next((far for far in distances(portfolio) if not far.passed), None)


def waits(portfolio: Portfolio) -> tuple[Wait, ...]:
    """Every submission so far, in order of submission, with the days it lay with an assessor."""
    found = []
    for activity, events in histories(portfolio):
        for event, decision in zip_longest(events, events[1:]):
            if event.event == "submitted":
                until = decision.date if decision else None
                outcome = STATUS_AFTER[decision.event] if decision else Status.SUBMITTED
                days = ((until or portfolio.on) - event.date).days
                found.append(Wait(activity, event.date, until, days, outcome))
    return tuple(sorted(found, key=lambda wait: wait.since))


def waiting(portfolio: Portfolio) -> tuple[Wait, ...]:
    """What lies with an assessor, longest first: submitted, and neither returned nor signed off."""
    return tuple(wait for wait in waits(portfolio) if wait.until is None)


class Role(StrEnum):
    """Whose turn it is: roles, never names."""

    ASSESSOR = "The assessor"
    TRAINEE = "The trainee"
    TRAINING_OFFICER = "The training officer"


TURN = {Status.SUBMITTED: Role.ASSESSOR, Status.RETURNED: Role.TRAINEE, Status.IN_PROGRESS: Role.TRAINEE}


class Turn(NamedTuple):
    """Something that waits for somebody: an activity, or a module whose activities are all signed off.

    ``days`` is the time from ``since``, the last event that concerns it, to the day of reading.
    """

    subject: Activity | Module
    state: Status | CreditState
    role: Role
    since: date
    days: int


def turns(portfolio: Portfolio) -> tuple[Turn, ...]:
    """All that waits and whose turn it is, longest first."""
    on, found = portfolio.on, []
    for activity, events in histories(portfolio):
        status = status_after(events)
        if role := TURN.get(status):
            since = events[-1].date
            found.append(Turn(activity, status, role, since, (on - since).days))
    for module, state in credit_states(portfolio):
        if state is CreditState.AWAITING:
            since = _sign_offs(records.of_module(portfolio, module.code))[-1]
            found.append(Turn(module, state, Role.TRAINING_OFFICER, since, (on - since).days))
    return tuple(sorted(found, key=lambda turn: turn.since))


# -- a span of time ---------------------------------------------------------------------------


class Change(NamedTuple):
    """What happened to one activity in a span of days, and the evidence that was added for it."""

    activity: Activity
    status: Status
    events: tuple[Event, ...]
    evidence: tuple[Evidence, ...]


def changes(portfolio: Portfolio, since: date) -> tuple[Change, ...]:
    """Every activity with an event or new evidence from ``since`` to the day of reading, both included.

    Those with events come first, the most settled before the others.
    """
    found = []
    for activity, events in histories(portfolio):
        new = tuple(event for event in events if event.date >= since)
        evidence = tuple(piece for piece in evidence_for(portfolio, activity.key) if piece.date >= since)
        if new or evidence:
            found.append(Change(activity, status_after(events), new, evidence))
    order = list(Status)
    return tuple(sorted(found, key=lambda change: (not change.events, order.index(change.status))))


# -- targets ----------------------------------------------------------------------------------


class Target(NamedTuple):
    """The day by which the ``number``-th activity of a module has to be signed off, for ``milestone``."""

    milestone: Milestone
    number: int
    day: date


def targets(portfolio: Portfolio) -> tuple[Target, ...]:
    """For each activity still missing for a milestone ahead, the day by which it has to be signed off.

    The time left to a milestone is shared evenly among what it misses. Where milestones of a module
    ask for the same number on different days, the earlier day stands: it serves them all.
    """
    found: dict[tuple[str, int], Target] = {}
    for ahead in distances(portfolio):
        for nth in range(1, ahead.left + 1) if ahead.days > 0 else ():
            days = -(-ahead.days * nth // ahead.left)  # rounded up, so the last one falls on the milestone
            target = Target(ahead.milestone, ahead.done + nth, portfolio.on + timedelta(days=days))
            key = (ahead.milestone.module, target.number)
            found[key] = min(found.get(key, target), target, key=lambda each: each.day)
    return tuple(sorted(found.values(), key=lambda each: (each.day, each.milestone.module, each.number)))


# -- credits ----------------------------------------------------------------------------------


class CreditState(StrEnum):
    """Where a module's credits stand. Finished activities do not earn them: the module's sign-off does."""

    EARNED = "Earned"
    AWAITING = "Activities complete, module not signed off"
    OPEN = "Open"


def credit_states(portfolio: Portfolio) -> tuple[tuple[Module, CreditState], ...]:
    """Each module with the state of its credits."""
    now = statuses(portfolio)
    unfinished = {key.module for key, status in now.items() if status is not Status.SIGNED_OFF}
    finished = {key.module for key in now} - unfinished

    def state(module: Module) -> CreditState:
        if module.signed_off and module.signed_off <= portfolio.on:
            return CreditState.EARNED
        return CreditState.AWAITING if module.code in finished else CreditState.OPEN

    return tuple((module, state(module)) for module in portfolio.modules)


def _credits(modules: Iterable[Module]) -> Decimal:
    return sum((module.credits for module in modules), Decimal(0))


def credits_by_phase(portfolio: Portfolio) -> dict[str, Decimal]:
    """Credits of each phase, in the order in which the phases first occur."""
    phases = dict.fromkeys(module.phase for module in portfolio.modules)
    return {phase: _credits(m for m in portfolio.modules if m.phase == phase) for phase in phases}


def credits_by_state(portfolio: Portfolio) -> dict[CreditState, Decimal]:
    """Credits in each state, zeros included; together they are the programme's total."""
    states = credit_states(portfolio)
    return {state: _credits(module for module, now in states if now is state) for state in CreditState}


def total_credits(portfolio: Portfolio) -> Decimal:
    """Credits of the whole programme."""
    return _credits(portfolio.modules)


# -- evidence ---------------------------------------------------------------------------------


def held(portfolio: Portfolio) -> tuple[Evidence, ...]:
    """The evidence dated up to the day of reading."""
    return tuple(evidence for evidence in portfolio.evidence if evidence.date <= portfolio.on)


def evidence_for(portfolio: Portfolio, key: ActivityKey) -> tuple[Evidence, ...]:
    """The evidence held for one activity."""
    return tuple(piece for piece in portfolio.evidence_of.get(key, ()) if piece.date <= portfolio.on)


def coverage(portfolio: Portfolio) -> dict[records.StandardKey, tuple[Evidence, ...]]:
    """For each standard, in the order of ``standards.csv``, the evidence that speaks to it."""
    past = held(portfolio)
    return {
        standard.key: tuple(piece for piece in past if standard.key in piece.standards)
        for standard in portfolio.standards
    }


def activities_without_coverage(portfolio: Portfolio) -> tuple[Activity, ...]:
    """The activities for which no evidence is held that speaks to any standard."""
    covered = {key for evidence in held(portfolio) if evidence.standards for key in evidence.activities}
    return tuple(activity for activity in portfolio.activities if activity.key not in covered)

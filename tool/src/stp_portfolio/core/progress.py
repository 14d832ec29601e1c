"""What follows from the records on their day of reading. Pure functions: nothing here reads, prints or draws.

Status is derived and never stored: the last event up to that day says it. ``records.on_day`` gives the same
records on another day, ``records.of_module`` those of one module. Only *signed off* counts; the
model of what must still be submitted, and by when, stands in the book's page *How this book is made*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import zip_longest
from typing import Any, NamedTuple

from stp_portfolio.core import dates, phrases, records
from stp_portfolio.core.records import Activity, ActivityKey, Event, Evidence, Milestone, Module, Portfolio

FOUR_WEEKS = 28  # the usual wait while fewer than DECIDED submissions, or less than half, are decided
DECIDED = 3
SIGN_OFFS_ENOUGH, DAYS_ENOUGH = 4, 90  # for saying what would come of going on as so far
QUARTER = timedelta(days=92)  # our own rule: a review meeting so soon after a milestone is its late one
LAST_PHASE = 9  # a phase beyond is no year of a programme


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


class Usual(NamedTuple):
    """How long a submission usually lies with an assessor, and how many decisions say so; 0 where none do."""

    days: int
    decided: int


class Distance(NamedTuple):
    """How far a condition of a milestone is, counted in activities, credits, modules or review meetings.

    ``unit`` is empty, and the condition never met, where it requires nothing that the records hold.

    ``done``: how much of it there is now; ``done_then``: by its day, or by now if it lies ahead; ``days``:
    left until its day, negative once it has gone by; ``meeting``: the day of the review meeting that counts,
    if any; ``instead``: the way that is met in place of this condition's.

    Of activities alone, ``in_review``: submitted and not decided; ``returned``: came back, or their sign-off
    was withdrawn; ``overdue``: the days of those in review that wait longer than usual, the longest first;
    ``unsure``: those that are needed and for which the usual wait no longer fits; ``usual``: that wait;
    ``since``: the start of the modules; ``projected``: how many would be handed in by ``submit_by`` if it
    went on as since that start, None with fewer than four sign-offs or ninety days.
    """

    milestone: Milestone
    unit: str
    required: float
    done: float
    done_then: float
    days: int
    meeting: date | None = None
    in_review: int = 0
    returned: int = 0
    overdue: tuple[int, ...] = ()
    unsure: int = 0
    usual: Usual = Usual(0, 0)
    since: date = date.min
    projected: int | None = None
    instead: str = ""

    @property
    def left(self) -> float:
        """How much is still missing, 0 where the condition is met."""
        return max(0, self.required - self.done)

    @property
    def to_submit(self) -> int:
        """Activities that must still be submitted: required, and neither signed off nor in review."""
        return 0 if self.instead else int(max(0, self.required - self.done - self.in_review))

    @property
    def submit_by(self) -> date:
        """The last day on which a submission would usually come back in time."""
        return self.milestone.date - timedelta(days=self.usual.days)

    @property
    def passed(self) -> bool:
        """Whether its day is over."""
        return self.days < 0

    @property
    def missed(self) -> float:
        """How much was missing on its day; 0 while it lies ahead."""
        return max(0, self.required - self.done_then) if self.passed else 0

    @property
    def is_met(self) -> bool:
        """Whether it is met: by its day, or by now if that lies ahead."""
        return self.done_then >= self.required

    @property
    def state(self) -> str:
        """Where it stands, in a few words: ``Met``, ``2 to submit by 8 Sep 2025``."""
        if self.instead and not self.is_met:
            return f"Not needed: way {self.instead} is met"
        if not self.unit:
            return "Date has passed: not counted" if self.passed else "Not counted here: ask the School"
        if self.passed:
            return f"Date has passed: {self._then}"
        if not self.left:
            return f"Taken as held on {dates.short(self.meeting)}" if self.meeting else "Met"
        return self._to_come if self.unit == "activities" else f"Not yet: {self._missing}"

    @property
    def _then(self) -> str:
        if self.meeting:
            held, late = "taken as held" if self.done else "planned", " late," * bool(self.missed)
            return f"{held}{late} on {dates.short(self.meeting)}"
        if self.missed:
            return f"{self.missed:g} missing then{'' if self.left else ', met since'}"
        return f"met then, {self.left:g} missing now" if self.left else "met"

    @property
    def _missing(self) -> str:
        if self.unit != "review meetings":
            unit = self.unit if self.required != 1 else self.unit.removesuffix("s")
            return f"{self.done:g} of {self.required:g} {unit}"
        late = ", after this date" if self.meeting and self.meeting > self.milestone.date else ""
        return f"planned for {dates.short(self.meeting)}{late}" if self.meeting else "none is planned"

    @property
    def _to_come(self) -> str:
        if not self.days:
            return f"{self.left:g} missing today"
        if not self.to_submit:
            return "Enough is in review" + (f"; {self.unsure} may come late" if self.unsure else "")
        fits = self.days >= self.usual.days
        by = f"by {dates.short(self.submit_by)}" if fits else "at once: the usual wait no longer fits"
        return f"{self.to_submit} to submit {by}"


FIGURES = "required done done_then in_review to_submit submit_by".split()

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


def status_after(events: Sequence[Event]) -> Status:
    """The status that a history of one activity leads to."""
    return STATUS_AFTER[events[-1].event] if events else Status.NOT_STARTED


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


# -- milestones -------------------------------------------------------------------------------


def _sign_offs(portfolio: Portfolio) -> list[date]:
    """The day of each sign-off that stands, in order: one that was withdrawn does not."""
    last = {event.activity: event for event in portfolio.events if event.date <= portfolio.on}
    return sorted(event.date for event in last.values() if event.event == "signed_off")


def signed_off(portfolio: Portfolio) -> int:
    """How many activities are signed off."""
    return len(_sign_offs(portfolio))


def usual_wait(portfolio: Portfolio) -> Usual:
    """The days within which half of the submissions of all modules are decided; else four weeks.

    The median by Kaplan and Meier (1958): a submission in review counts for as long as it has waited.
    """
    spans, undecided = waits(portfolio), Fraction(1)
    decided = [wait.days for wait in spans if wait.until]
    for day in sorted({*decided}) if len(decided) >= DECIDED else ():
        undecided *= 1 - Fraction(decided.count(day), sum(wait.days >= day for wait in spans))
        if undecided <= Fraction(1, 2):
            return Usual(day, len(decided))
    return Usual(FOUR_WEEKS, 0)


def begun(portfolio: Portfolio, module: Module) -> date:
    """From when a module counts: the programme's start; in phase n its first event, else that year's."""
    start = portfolio.settings.start
    if not module.phase.isdecimal():
        return start
    own = (event.date for event in portfolio.events if event.activity.module == module.code)
    return next(own, dates.months_after(start, 12 * (min(int(module.phase), LAST_PHASE) - 1)))


def distance(portfolio: Portfolio, milestone: Milestone, usual: Usual | None = None) -> Distance:
    """How far one condition is."""
    usual, met = usual or usual_wait(portfolio), dict[str, bool]()
    for other in portfolio.milestones if milestone.way else ():
        if other[:2] == milestone[:2] and other.way not in ("", milestone.way):
            far = _distance(portfolio, other, usual)
            met[other.way] = met.get(other.way, True) and far.is_met
    far = _distance(portfolio, milestone, usual)
    return far._replace(instead=next((way for way, is_met in met.items() if is_met), ""))


def _distance(portfolio: Portfolio, milestone: Milestone, usual: Usual) -> Distance:
    on, modules = portfolio.on, records.modules_meant(portfolio.modules, milestone.module)
    last = min(on, milestone.date)  # the day that counts
    days = (milestone.date - on).days
    match milestone.required:
        case None:
            return Distance(milestone, "", 1, 0, 0, days)
        case records.Need.REVIEW:
            meeting = _meeting(portfolio, milestone)
            held, in_time = (meeting is not None and meeting <= day for day in (on, last))
            return Distance(milestone, "review meetings", 1, held, in_time, days, meeting)
        case records.Share(percent, "credits"):
            worth = [float(module.credits) for module in modules]
            return Distance(
                milestone, "credits", sum(worth) * percent / 100, *_signed(modules, worth, on, last), days
            )
        case records.Need.SIGNED_OFF:
            worth = [1.0] * len(modules)
            return Distance(milestone, "modules", sum(worth), *_signed(modules, worth, on, last), days)
    own = records.of_modules(portfolio, {module.code for module in modules})
    return _of_activities(own, milestone, milestone.required, usual)


def _signed(modules: Sequence[Module], worth: Sequence[float], on: date, last: date) -> tuple[float, float]:
    """What the modules that are signed off are worth together, now and by a day before."""
    signed = [(module.signed_off or date.max, each) for module, each in zip(modules, worth, strict=True)]
    now, then = (sum((each for day, each in signed if day <= until), 0.0) for until in (on, last))
    return now, then


def _meeting(portfolio: Portfolio, milestone: Milestone) -> date | None:
    """A meeting counts for one milestone: held since the one before, or up to a quarter late."""
    meeting, before = None, date.min
    days = {each.date for each in portfolio.milestones if each.required is records.Need.REVIEW}
    for day in sorted(day for day in days if day <= milestone.date):
        own = [each for each in portfolio.settings.reviews if before < each <= day + QUARTER]
        meeting = max((each for each in own if each <= day), default=min(own, default=None))
        before = max(day, meeting or day)
    return meeting


def _of_activities(
    own: Portfolio, milestone: Milestone, required: int | records.Share, usual: Usual
) -> Distance:
    """Activities signed off, in review and to submit, reckoned from the start of their modules."""
    total, reviews = len(own.activities), waiting(own)
    needed = -(-total * required.percent // 100) if isinstance(required, records.Share) else required
    done, by = signed_off(own), milestone.date - timedelta(usual.days)
    then = signed_off(records.on_day(own, min(own.on, milestone.date)))
    since = min((begun(own, module) for module in own.modules_in_use), default=own.settings.start)
    elapsed, handed, projected = (own.on - since).days, done + len(reviews), None
    if done >= SIGN_OFFS_ENOUGH and elapsed >= DAYS_ENOUGH:
        # Whole numbers throughout: a float would turn 10.0 into 9 now and then.
        projected = min(total, handed * max(elapsed, (by - since).days) // elapsed)
    overdue = tuple(wait.days for wait in reviews if wait.days > usual.days)  # another such wait must fit
    prompt = sum((own.on if wait.days > usual.days else wait.since) <= by for wait in reviews)
    unsure = max(0, min(len(reviews), needed - done) - prompt)
    rest = (len(reviews), counts(own)[Status.RETURNED], overdue, unsure, usual, since, projected)
    return Distance(milestone, "activities", needed, done, then, (milestone.date - own.on).days, None, *rest)


def distances(portfolio: Portfolio, module: str | None = None) -> tuple[Distance, ...]:
    """The distance to every condition that requires activities, in date order; of one module, or of all."""
    usual = usual_wait(portfolio)
    own = (each for each in portfolio.milestones if module in (None, each.module))
    found = (distance(portfolio, each, usual) for each in own)
    return tuple(far for far in found if far.unit == "activities" and not far.instead)


def figures(far: Distance) -> dict[str, Any]:
    """The numbers of a distance by their names, None where a condition requires no activities."""
    counts = far if far.unit == "activities" else None
    return {name: getattr(counts, name, None) for name in FIGURES} | {"state": far.state}


def milestones(portfolio: Portfolio) -> list[tuple[Milestone, ...]]:
    """Each milestone by its conditions: those of one date and name, in date order."""
    return [*map(tuple, records.grouped((each[:2], each) for each in portfolio.milestones).values())]


def waits(portfolio: Portfolio) -> tuple[Wait, ...]:
    """Every submission so far, in order of submission, with the days it lay with an assessor."""
    found = []
    for activity, events in histories(portfolio):
        for event, decision in zip_longest(events, events[1:]):
            if event.event == "submitted":
                until, outcome = decision and decision.date, status_after([decision or event])
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
    found: list[tuple[date, Activity | Module, Status | CreditState, Role]] = []
    for activity, events in histories(portfolio):
        if role := TURN.get(status := status_after(events)):
            found.append((events[-1].date, activity, status, role))
    for module, state in credit_states(portfolio):
        if state is CreditState.AWAITING:
            last = _sign_offs(records.of_module(portfolio, module.code))[-1]
            found.append((last, module, state, Role.TRAINING_OFFICER))
    found.sort(key=lambda turn: turn[0])
    return tuple(Turn(what, state, role, day, (portfolio.on - day).days) for day, what, state, role in found)


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
    """The day by which the ``number``-th activity of a module has to be submitted, for ``milestone``."""

    milestone: Milestone
    number: int
    day: date


def targets(portfolio: Portfolio) -> tuple[Target, ...]:
    """For each activity still to be submitted for a milestone ahead, the day by which to submit it.

    The time left until the last day to submit is shared evenly among them. Where milestones of a module
    ask for the same number on different days, the earlier day stands: it serves them all.
    """
    found: dict[tuple[str, int], Target] = {}
    for ahead in distances(portfolio):
        days, handed = (ahead.submit_by - portfolio.on).days, int(ahead.done) + ahead.in_review
        for nth in range(1, ahead.to_submit + 1) if days > 0 else ():
            day = portfolio.on + timedelta(days=-(-days * nth // ahead.to_submit))  # the last one: submit_by
            target = Target(ahead.milestone, handed + nth, day)
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
    finished = {module.code for module in portfolio.modules_in_use}
    finished -= {key.module for key, status in statuses(portfolio).items() if status is not Status.SIGNED_OFF}

    def state(module: Module) -> CreditState:
        if module.signed_off and module.signed_off <= portfolio.on:
            return CreditState.EARNED
        return CreditState.AWAITING if module.code in finished else CreditState.OPEN

    return tuple((module, state(module)) for module in portfolio.modules)


def _credits(modules: Iterable[Module]) -> Decimal:
    return sum((module.credits for module in modules), Decimal(0))


def credits_by_phase(portfolio: Portfolio) -> dict[str, Decimal]:
    """Credits of each phase, in the order in which the phases first occur."""
    phases = records.grouped((module.phase, module) for module in portfolio.modules)
    return {phase: _credits(modules) for phase, modules in phases.items()}


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
    keys, past = [standard.key for standard in portfolio.standards], held(portfolio)
    return {key: tuple(piece for piece in past if key in piece.standards) for key in keys}


def activities_without_coverage(portfolio: Portfolio) -> tuple[Activity, ...]:
    """The activities for which no evidence is held that speaks to any standard."""
    covered = {key for evidence in held(portfolio) if evidence.standards for key in evidence.activities}
    return tuple(activity for activity in portfolio.activities if activity.key not in covered)

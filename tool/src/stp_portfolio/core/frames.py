"""The records and what follows from them as tidy data frames, for notebooks that ask questions of their own.

Every rule (status, waits, credits, distances) is applied by ``progress`` on the day of reading; what lies
after that day is left out. Days are pandas timestamps, missing values ``NaN``, ``NaT`` or ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from stp_portfolio.core import phrases, progress, records
from stp_portfolio.core.progress import CreditState, Status
from stp_portfolio.core.records import EVENTS, Activity, ActivityKey, Portfolio

if TYPE_CHECKING:  # a page or a command that asks no frame need not load pandas
    from pandas import DataFrame


class Frames(NamedTuple):
    """What a portfolio holds on the day of reading, a frame a kind of record.

    Columns that several frames share: ``module`` is a module's code (groups of modules, phases and statuses
    come in the order of the programme: they are ordered categories); ``key`` names an activity
    (``S-C1/5``); ``activity`` is its number and title as a label, with the module before them where several
    have activities; ``page`` is the path of its page, without ending.

    - ``modules``: ``phase`` (*Phase 2*), ``code``, ``name``, ``module`` (name and code), ``credits``,
      ``state``, ``earned`` and ``awaiting`` (the credits where they are, else 0), ``activities`` and ``done``
      (how many there are, and how many are signed off).
    - ``activities``: ``module``, ``number``, ``key``, ``activity``, ``page``, ``title``, ``status`` (the most
      settled first), ``standing`` (the status, with when and why a sign-off was withdrawn), ``started``,
      ``submitted``, ``returned``, ``signed_off``, ``withdrawn`` (the latest day of each; of sign-offs the one
      that stands), ``waiting`` (days with an assessor by now), ``evidence`` (pieces held).
    - ``events``, in their order: ``date``, ``module``, ``number``, ``key``, ``activity``, ``page``,
      ``event``, ``note``, ``counts`` (1 for a sign-off, -1 for its withdrawal, else 0).
    - ``waits``, a submission each: ``module``, ``number``, ``key``, ``activity``, ``page``, ``since``,
      ``until``, ``days``, ``outcome`` (*Waiting* while it lasts).
    - ``evidence``: ``id``, ``date``, ``title``, ``kind``, ``file``.
    - ``evidence_activities``: ``id``, and ``module``, ``number``, ``key``, ``activity``, ``page`` of what it
      serves.
    - ``evidence_standards``: ``id``, and ``scheme``, ``code``, ``standard`` (*HCPC 7*) that it speaks to.
    - ``standards``: ``scheme``, ``code``, ``standard``, ``label``.
    - ``milestones``, a condition each: ``date``, ``name``, ``module``, ``way``, ``note``, ``state`` (*Met*,
      *Enough is in review*, …) and, where activities are required: ``required``, ``done`` (now),
      ``done_then`` (by its day), ``in_review``, ``to_submit``, ``submit_by``, as in ``progress.Distance``.
    """

    modules: DataFrame
    activities: DataFrame
    events: DataFrame
    waits: DataFrame
    evidence: DataFrame
    evidence_activities: DataFrame
    evidence_standards: DataFrame
    standards: DataFrame
    milestones: DataFrame


_ACTIVITY = "module number key activity page"
_MODULE = "phase code name module credits state earned awaiting activities done"
_STAND = f"{_ACTIVITY} title status standing {' '.join(EVENTS)} waiting evidence"
_PIECE = "id date title kind file"
_COUNTS = {"signed_off": 1, "withdrawn": -1}
_DAYS = ("date", "since", "until", "submit_by", *EVENTS)

Rows = Iterable[tuple[Any, ...]]
Names = dict[ActivityKey, tuple[Any, ...]]


def frames(portfolio: Portfolio) -> Frames:
    """The frames of a portfolio. Credits are floats, in which halves and quarters are exact."""
    on, held = portfolio.on, progress.held(portfolio)
    names = {a.key: (*a.key, str(a.key), label(portfolio, a), a.page) for a in portfolio.activities}
    events = [
        (each.date, *names[each.activity], each.event, each.note, _COUNTS.get(each.event, 0))
        for each in portfolio.events
        if each.date <= on
    ]
    serves = [(piece.id, *names[key]) for piece in held for key in piece.activities]
    speaks = [(piece.id, *key, str(key)) for piece in held for key in piece.standards]
    standards = [(*each.key, str(each.key), each.label) for each in portfolio.standards]
    found = Frames(
        modules=_frame(_MODULE, _modules(portfolio)),
        activities=_frame(_STAND, _activities(portfolio, names)),
        events=_frame(f"date {_ACTIVITY} event note counts", events).astype({"counts": int}),
        waits=_frame(f"{_ACTIVITY} since until days outcome", _waits(portfolio, names)),
        evidence=_frame(_PIECE, map(attrgetter(*_PIECE.split()), held)),
        evidence_activities=_frame(f"id {_ACTIVITY}", serves),
        evidence_standards=_frame("id scheme code standard", speaks),
        standards=_frame("scheme code standard label", standards),
        milestones=_frame(
            f"date name module way note {' '.join(progress.FIGURES)} state", _milestones(portfolio)
        ),
    )
    _order(found.modules, "phase", dict.fromkeys(found.modules["phase"]))
    _order(found.activities, "status", Status)
    for frame in (found.activities, found.events, found.waits, found.evidence_activities):
        _order(frame, "module", [module.code for module in portfolio.modules_in_use])
    return found


def label(portfolio: Portfolio, activity: Activity) -> str:
    """An activity's number and title, and before them its module where several have activities."""
    several = len(portfolio.modules_in_use) > 1
    return f"{activity.key.module} {activity.heading}" if several else activity.heading


def _frame(columns: str, rows: Rows) -> DataFrame:
    import pandas

    made = pandas.DataFrame([*rows], columns=columns.split())
    return made.assign(**{name: pandas.to_datetime(made[name]) for name in made if name in _DAYS})


def _order(frame: DataFrame, column: str, values: Iterable[str]) -> None:
    """Groups of a column come in the order of its values."""
    import pandas

    frame[column] = pandas.Categorical(frame[column], [str(value) for value in values], ordered=True)


def _modules(portfolio: Portfolio) -> Rows:
    for module, state in progress.credit_states(portfolio):
        own = records.of_module(portfolio, module.code)
        worth = float(module.credits)
        earned, awaiting = (worth * (state is each) for each in (CreditState.EARNED, CreditState.AWAITING))
        first = (phrases.phase_name(module.phase), module.code, module.name, module.heading)
        yield (*first, worth, str(state), earned, awaiting, len(own.activities), progress.signed_off(own))


def _activities(portfolio: Portfolio, names: Names) -> Rows:
    waiting = {wait.activity.key: wait.days for wait in progress.waiting(portfolio)}
    for activity, events in progress.histories(portfolio):
        latest, status = {event.event: event.date for event in events}, progress.status_after(events)
        if status is not Status.SIGNED_OFF:
            latest.pop("signed_off", None)
        first = (*names[activity.key], activity.title, str(status), progress.status_line(events))
        held = len(progress.evidence_for(portfolio, activity.key))
        yield (*first, *map(latest.get, EVENTS), waiting.get(activity.key), held)


def _waits(portfolio: Portfolio, names: Names) -> Rows:
    for wait in progress.waits(portfolio):
        outcome = str(wait.outcome) if wait.until else "Waiting"
        yield (*names[wait.activity.key], wait.since, wait.until, wait.days, outcome)


def _milestones(portfolio: Portfolio) -> Rows:
    usual = progress.usual_wait(portfolio)
    for each in portfolio.milestones:
        far = progress.distance(portfolio, each, usual)
        yield (each.date, each.name, each.module, each.way, each.note, *progress.figures(far).values())

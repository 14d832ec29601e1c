"""The records and what follows from them as tidy data frames, for notebooks that ask questions of their own.

Every rule (status, waits, credits, distances) is applied by ``progress`` on the day of reading; what lies
after that day is left out. Days are pandas timestamps, missing values ``NaN``, ``NaT`` or ``None``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stp_portfolio.core import phrases, progress
from stp_portfolio.core.progress import CreditState, Status
from stp_portfolio.core.records import EVENTS, Activity, Portfolio

if TYPE_CHECKING:  # a page or a command that asks no frame need not load pandas
    from pandas import DataFrame


class Frames(NamedTuple):
    """What a portfolio holds on the day of reading, a frame a kind of record.

    Columns that several frames share: ``module`` is a module's code, in the order of the programme; ``key``
    names an activity (``S-C1/5``); ``activity`` is its number and title as a label, with the module before
    them where several have activities; ``page`` is the path of its page, without ending.

    - ``modules``: ``phase`` (*Phase 2*), ``code``, ``name``, ``module`` (name and code), ``credits``,
      ``state``, ``earned`` and ``awaiting`` (the credits where they are, else 0), ``activities`` and ``done``
      (how many there are, and how many are signed off).
    - ``activities``: ``module``, ``number``, ``key``, ``activity``, ``page``, ``title``, ``status`` (an ordered
      category, the most settled first), ``started``, ``submitted``, ``returned``, ``signed_off`` (the latest
      day of each), ``waiting`` (days with an assessor by now), ``evidence`` (pieces held).
    - ``events``, in their order: ``date``, ``module``, ``number``, ``key``, ``activity``, ``page``, ``event``,
      ``note``.
    - ``waits``, a submission each: ``module``, ``number``, ``key``, ``activity``, ``page``, ``since``,
      ``until``, ``days``, ``outcome`` (*Waiting* while it lasts).
    - ``evidence``: ``id``, ``date``, ``title``, ``kind``, ``file``.
    - ``evidence_activities``: ``id``, and ``module``, ``number``, ``key``, ``activity``, ``page`` of what it
      serves.
    - ``evidence_standards``: ``id``, and ``scheme``, ``code``, ``standard`` (*HCPC 7*) that it speaks to.
    - ``standards``: ``scheme``, ``code``, ``standard``, ``label``.
    - ``milestones``: ``date``, ``name``, ``module``, ``note`` and, where activities are required:
      ``required``, ``done`` (now), ``done_then`` (by its day), ``days`` (to it), ``left``, ``missed``,
      ``behind``, ``needed`` (a month), ``projected``, each as in ``progress.Distance``.
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
_DAYS = ("date", "since", "until", *EVENTS)


def frames(portfolio: Portfolio) -> Frames:
    """The frames of a portfolio. Credits are floats, in which halves and quarters are exact."""
    on = portfolio.on
    names = {activity.key: _names(portfolio, activity) for activity in portfolio.activities}
    held = progress.held(portfolio, on)
    events = [
        (event.date, *names[activity.key], event.event, event.note)
        for activity, event in reversed(progress.latest(portfolio, on))
    ]
    waits = [
        (
            *names[wait.activity.key],
            wait.since,
            wait.until,
            wait.days,
            wait.outcome if wait.until else "Waiting",
        )
        for wait in progress.waits(portfolio, on)
    ]
    serves = [(piece.id, *names[key]) for piece in held for key in piece.activities]
    speaks = [(piece.id, *key, str(key)) for piece in held for key in piece.standards]
    standards = [(*each.key, str(each.key), each.label) for each in portfolio.standards]
    evidence = [(piece.id, piece.date, piece.title, piece.kind, piece.file) for piece in held]
    return Frames(
        modules=_modules(portfolio),
        activities=_activities(portfolio),
        events=_in_order(_frame(f"date {_ACTIVITY} event note", events), portfolio),
        waits=_in_order(_frame(f"{_ACTIVITY} since until days outcome", waits), portfolio),
        evidence=_frame("id date title kind file", evidence),
        evidence_activities=_in_order(_frame(f"id {_ACTIVITY}", serves), portfolio),
        evidence_standards=_frame("id scheme code standard", speaks),
        standards=_frame("scheme code standard label", standards),
        milestones=_milestones(portfolio),
    )


def label(portfolio: Portfolio, activity: Activity) -> str:
    """An activity's number and title, and before them its module where several have activities."""
    several = len(portfolio.modules_in_use) > 1
    return f"{activity.key.module} {activity.heading}" if several else activity.heading


def _names(portfolio: Portfolio, activity: Activity) -> tuple[Any, ...]:
    return (*activity.key, str(activity.key), label(portfolio, activity), activity.page)


def _frame(columns: str, rows: list[tuple[Any, ...]]) -> DataFrame:
    import pandas

    made = pandas.DataFrame(rows, columns=columns.split())
    days = [name for name in made if name in _DAYS]
    return made.assign(**{name: pandas.to_datetime(made[name]) for name in days})


def _in_order(frame: DataFrame, portfolio: Portfolio) -> DataFrame:
    """With the modules as a category, so that groups of them come in the order of the programme."""
    import pandas

    codes = [module.code for module in portfolio.modules_in_use]
    return frame.assign(module=pandas.Categorical(frame["module"], codes, ordered=True))


def _modules(portfolio: Portfolio) -> DataFrame:
    rows = []
    for module, state in progress.credit_states(portfolio, portfolio.on):
        own = len(progress.activities_of(portfolio, module.code)) if module.code else 0
        done = progress.signed_off_by(portfolio, portfolio.on, module.code) if own else 0
        named = f"{module.name} ({module.code})" if module.code else module.name
        worth = float(module.credits)
        earned, awaiting = (worth * (state is each) for each in (CreditState.EARNED, CreditState.AWAITING))
        first = (phrases.phase_name(module.phase), module.code, module.name, named)
        rows.append((*first, worth, str(state), earned, awaiting, own, done))
    return _frame("phase code name module credits state earned awaiting activities done", rows)


def _activities(portfolio: Portfolio) -> DataFrame:
    import pandas

    on, rows = portfolio.on, []
    waiting = {wait.activity.key: wait.days for wait in progress.waiting(portfolio, on)}
    for activity, events in zip(
        portfolio.activities, progress.histories(portfolio, on).values(), strict=True
    ):
        latest = {event.event: event.date for event in events}
        held = len(progress.evidence_for(portfolio, activity.key, on))
        status = str(progress.status_after(events))
        days = (latest.get(name) for name in EVENTS)
        rows.append(
            (*_names(portfolio, activity), activity.title, status, *days, waiting.get(activity.key), held)
        )
    made = _frame(f"{_ACTIVITY} title status {' '.join(EVENTS)} waiting evidence", rows)
    made["status"] = pandas.Categorical(made["status"], [str(status) for status in Status], ordered=True)
    return _in_order(made, portfolio)


def _milestones(portfolio: Portfolio) -> DataFrame:
    names = "required done done_then days left missed behind needed projected"
    found = {id(each.milestone): each for each in progress.distances(portfolio, portfolio.on)}
    rows = []
    for milestone in portfolio.milestones:
        far = found.get(id(milestone))
        numbers = [getattr(far, name, None) for name in names.split()]
        rows.append((milestone.date, milestone.name, milestone.module, milestone.note, *numbers))
    return _frame(f"date name module note {names}", rows)

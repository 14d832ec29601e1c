"""What status and log say: the history of activities, and both as plain data for other programs."""

from datetime import date
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

from stp_portfolio.core import progress
from stp_portfolio.core.phrases import plural
from stp_portfolio.core.progress import Role
from stp_portfolio.core.records import Activity, Event, Evidence, Portfolio
from stp_portfolio.show import sentences

LATEST = 15  # events that are shown of all activities


class Entry(NamedTuple):
    """An event, or a piece of evidence; whose turn it was from then on, until when and for how many days.

    ``turn`` is None after a sign-off, ``until`` while it lasts.
    """

    day: date
    activity: Activity
    what: Event | Evidence
    turn: Role | None = None
    until: date | None = None
    days: int | None = None

    @property
    def words(self) -> str:
        """``Submitted; 28 days with the assessor``."""
        if isinstance(self.what, Evidence):
            return f"Evidence {self.what.id}, {self.what.title}"
        said = sentences.event_line(self.what)
        if not self.turn or self.days is None:
            return said
        waited = f"{plural(self.days, 'day')} with {self.turn.lower()}"
        return f"{said}; {waited}{'' if self.until else ' so far'}"


def history(portfolio: Portfolio, activity: Activity) -> list[Entry]:
    """What happened to an activity and what was added for it, in order."""
    found = []
    events = progress.history(portfolio, activity.key)
    for event, following in zip_longest(events, events[1:]):
        until, turn = following.date if following else None, progress.TURN.get(progress.status_after([event]))
        days = ((until or portfolio.on) - event.date).days if turn else None
        found.append(Entry(event.date, activity, event, turn, until, days))
    held = progress.evidence_for(portfolio, activity.key)
    found += [Entry(piece.date, activity, piece) for piece in held]
    return sorted(found, key=lambda entry: entry.day)


def latest(portfolio: Portfolio) -> list[Entry]:
    """The latest events of all activities, the last of them first."""
    every = {entry.what: entry for activity in portfolio.activities for entry in history(portfolio, activity)}
    return [every[event] for _, event in progress.latest(portfolio)[:LATEST]]


# -- as data, which records.as_data makes plain ---------------------------------------------------


def log_data(portfolio: Portfolio, entries: list[Entry], activity: Activity | None = None) -> dict[str, Any]:
    """The log as data: what a key is called and holds stays, and further keys may come.

    ``on`` is the day of reading; ``activity`` one of ``status_data``, or null for all; ``entries`` are
    those above, in which ``what`` is a row of ``progress.csv`` or of ``evidence.csv``.
    """
    of = _standing(portfolio, activity) if activity else None
    return {"on": portfolio.on, "activity": of, "entries": entries}


def status_data(portfolio: Portfolio) -> dict[str, Any]:
    """The status as data: what a key is called and holds stays, and further keys may come.

    ``on`` is the day of reading; ``settings`` are those of ``portfolio.toml``; ``counts`` go by status; rows
    of ``activities.csv`` come with their ``status``, ``standing`` (with the withdrawal of a sign-off) and
    ``events``, those of ``modules.csv`` with their ``state``, those of ``milestones.csv`` with theirs and the
    numbers of ``progress.Distance``; ``next`` says what to do. Days are ``2025-06-30``, what is missing is
    null.
    """
    far = partial(progress.distance, portfolio, usual=progress.usual_wait(portfolio))
    return {
        "on": portfolio.on,
        "settings": portfolio.settings,
        "counts": progress.counts(portfolio),
        "activities": [_standing(portfolio, each) for each in portfolio.activities],
        "modules": [{**each._asdict(), "state": state} for each, state in progress.credit_states(portfolio)],
        "milestones": [progress.figures(far(each)) | each._asdict() for each in portfolio.milestones],
        "next": sentences.next_actions(portfolio),
    }


def _standing(portfolio: Portfolio, activity: Activity) -> dict[str, Any]:
    events = progress.history(portfolio, activity.key)
    said = {"status": progress.status_after(events), "standing": progress.status_line(events)}
    return {**activity._asdict(), **said, "events": events}

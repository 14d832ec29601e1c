"""Portfolios made for a test: by hand, or drawn by hypothesis."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from stp_portfolio.core import records
from stp_portfolio.core.records import Activity, ActivityKey, Event, Module, Portfolio, Settings

START = date(2023, 9, 4)
HALF_DAY, END_DAY = date(2025, 9, 30), date(2026, 9, 15)
SETTINGS = Settings("Title", "trainee", "X", START, "en-GB", None, example=False)


def make(on, events=(), *, numbers=20, modules=None, milestones=(), evidence=(), standards=()):
    """A portfolio of one module M with ``numbers`` activities and events ``(day, number, event)``."""
    return Portfolio(
        root=Path(),
        on=on,
        settings=SETTINGS,
        modules=tuple(modules or [Module("1", "M", "Module", Decimal(20), None)]),
        activities=tuple(Activity(ActivityKey("M", n), f"Task {n}", f"m/{n}", "", "") for n in range(1, numbers + 1)),
        events=tuple(sorted((Event(d, ActivityKey("M", n), e, "") for d, n, e in events), key=lambda e: e.date)),
        evidence=tuple(evidence),
        milestones=tuple(milestones),
        standards=tuple(standards),
    )


def done(*days):
    """The events of as many activities as days, each signed off on its day."""
    events = []
    for number, day in enumerate(days, start=1):
        events += [(START, number, "started"), (START, number, "submitted"), (day, number, "signed_off")]
    return events


@st.composite
def histories(draw, numbers=8):
    """Any legal history of a few activities, in the order in which a trainee would append it."""
    rows = []
    state = dict.fromkeys(range(1, numbers + 1))
    day = START
    for _ in range(draw(st.integers(0, 40))):
        day += timedelta(days=draw(st.integers(0, 60)))
        number = draw(st.integers(1, numbers))
        legal = records.LEGAL_NEXT[state[number]]
        if legal:
            event = draw(st.sampled_from(legal))
            state[number] = event
            rows.append((day, number, event))
    return rows

"""A sign-off that was withdrawn: it counts no longer, and wherever the activity's status is said, that is said."""

from datetime import date, timedelta

import pytest
from portfolios import START, done, make

from stp_portfolio.book import panels
from stp_portfolio.core import progress, records
from stp_portfolio.core.frames import frames
from stp_portfolio.core.records import Milestone
from stp_portfolio.desk import report
from stp_portfolio.pdf import package
from stp_portfolio.show import charts, sentences, tables

ON, SIGNED, GONE = date(2025, 6, 30), date(2025, 1, 7), date(2025, 6, 3)
DAY = timedelta(days=1)
WORDS = "sign-off withdrawn on 3 June 2025 (reason)"
STATES = {"withdrawn": [], "submitted again": ["submitted"], "signed off again": ["signed_off"]}


def portfolio(*after, on=ON):
    """Two activities of four signed off, the first sign-off withdrawn, and what came after that."""
    events = [*done(SIGNED, SIGNED), (GONE, 1, "withdrawn"), *((GONE + DAY, 1, event) for event in after)]
    return make(on, events, numbers=4, milestones=[Milestone(date(2025, 3, 1), "Spring", "M", 2, "")])


def said_of(made):
    """Everything that says the status of one activity, by its place."""
    (first, *_), now = made.activities, report.make(made, SIGNED)
    groups = tables.by_status(made, "M").values()
    grouped = [table for (table,) in groups if table.rows[0][0].text.startswith("1.")]
    return {
        "facts": panels.facts(made, first).astext(),
        "tiles": panels.strip(made, "intro")[0].astext(),
        "chapter": str(grouped),
        "frame": str(list(frames(made).activities["standing"])),
        "timeline": sentences.timeline_alt(made, "M"),
        "waiting": str(next(each for each in now.sections if each.heading.startswith("What waits"))),
        "index": str([*package._contents(made, made.root, [str(first.key)])]),
    }


@pytest.mark.parametrize("place", said_of(portfolio()))
def test_every_place_says_when_and_why(place):
    assert WORDS in said_of(portfolio())[place]
    assert WORDS not in said_of(portfolio(on=GONE - DAY))[place]
    if place != "timeline":  # which shows the whole course
        assert WORDS not in said_of(portfolio("submitted"))[place]


def test_numbers_of_every_day():
    """It counts until the day before, and again from the day on which it is signed off once more."""
    assert [progress.signed_off(portfolio(on=day)) for day in (SIGNED, GONE - DAY, GONE, ON)] == [2, 2, 1, 1]
    assert progress.signed_off(portfolio("submitted")) == 1
    assert progress.signed_off(portfolio("signed_off")) == 2
    (far,) = progress.distances(portfolio())
    assert (far.done, far.done_then, far.left, far.missed) == (1, 2, 1, 0)  # it was met on its day
    assert (far.returned, far.state) == (1, "Date has passed: met then, 1 missing now")
    (turn,) = [turn for turn in progress.turns(portfolio()) if turn.subject.key.number == 1]
    assert (turn.role, turn.since, turn.days) == (progress.Role.TRAINEE, GONE, 27)
    assert "1 sign-off withdrawn, 2 signed off" in sentences.changes_answer(portfolio(), SIGNED)
    assert "Answer the withdrawn sign-off of M/1, of 3 June 2025: reason." in sentences.next_actions(
        portfolio()
    )
    assert sentences.course(progress.history(portfolio(), records.ActivityKey("M", 1))).endswith(
        "signed off, sign-off withdrawn 3 June 2025 (reason)"
    )


@pytest.mark.parametrize("after", STATES)
def test_curve_goes_down_and_ends_at_what_stands(after):
    """The burn-up draws each change on its day; its last point is the number that is said beside it."""
    made = portfolio(*STATES[after])
    found = frames(made)
    heights = [progress.signed_off(records.on_day(made, day)) for day in (SIGNED, GONE, GONE + DAY, ON)]
    curve = found.events.groupby("date")["counts"].sum().cumsum()
    assert [curve[: str(day)].iloc[-1] for day in (SIGNED, GONE, GONE + DAY, ON)] == heights
    span = {"start": START, "on": ON, "alt": "A", "caption": "C"}
    figure = charts.burn_up(found.events, found.milestones, of=4, **span)
    assert f">{progress.signed_off(made)} signed off<" in figure.svg
    drawn = charts.timeline(found.activities, found.events, **span).svg
    assert ">Sign-off withdrawn<" in drawn
    assert ">Sign-off withdrawn<" not in charts.timeline(found.activities, found.events[:3], **span).svg

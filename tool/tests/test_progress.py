"""What follows from the records, on any day: by example, and against brute force on any legal history."""

import calendar
import locale
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import START, cases, done, histories, make
from recount import WORDS

from stp_portfolio.core import dates, phrases, progress, records
from stp_portfolio.core.frames import frames
from stp_portfolio.core.progress import CreditState, Role, Status
from stp_portfolio.core.records import Milestone, Module
from stp_portfolio.show import sentences

DAY = timedelta(days=1)
ON = date(2025, 6, 30)
HALF = Milestone(date(2025, 9, 30), "Half", "M", 10, "")
MILESTONES = {"half": HALF, "end": Milestone(date(2026, 9, 15), "End", "M", 20, "")}


@pytest.mark.parametrize(
    ("on", "signed_off", "missed", "left", "needed", "behind"),
    [
        (date(2025, 9, 30), 9, 0, 1, None, 1),  # the day itself: not over, and no day left
        (date(2025, 9, 30), 10, 0, 0, None, 0),
        (date(2025, 10, 1), 9, 1, 1, None, 0),  # over, and missed
        (START, 0, 0, 10, 10 / (757 / 30.4375), 0),  # the first day: no pace yet
    ],
)
def test_distance_at_the_edges(on, signed_off, missed, left, needed, behind):
    """The milestone's own day, the day after and the programme's first day."""
    distance = progress.distance(make(on, done(*[START] * signed_off)), HALF)
    assert (distance.missed, distance.left, distance.behind) == (missed, left, behind)
    assert distance.needed == (pytest.approx(needed) if needed else None)


def test_milestone_missed_and_caught_up():
    """What was missing on the day stays said, though it is signed off by now."""
    late = date(2025, 12, 1)
    distance = progress.distance(make(late, done(*[date(2025, 11, 1)] * 10)), HALF)
    assert (distance.missed, distance.left) == (10, 0)


def test_waits():
    """Each submission is counted to its decision, or to the day while it lasts; the longest comes first."""
    events = [(START, 1, "started"), (START, 1, "submitted"), (START + 7 * DAY, 1, "returned")]
    events += [(ON - 42 * DAY, 1, "submitted"), (START, 2, "started"), (ON - 50 * DAY, 2, "submitted")]
    portfolio = make(ON, events)
    found = [(wait.activity.key.number, wait.days, wait.outcome) for wait in progress.waits(portfolio)]
    assert found == [(1, 7, Status.RETURNED), (2, 50, Status.SUBMITTED), (1, 42, Status.SUBMITTED)]
    assert [w.days for w in progress.waiting(portfolio)] == [50, 42]
    assert progress.waiting(records.on_day(portfolio, ON - 51 * DAY)) == ()


def test_credits_are_earned_by_the_modules_sign_off():
    """Finished activities wait for it; a sign-off later than the day does not count yet."""
    modules = [Module("1", "M", "One", Decimal(20), None), Module("1", "", "Two", Decimal("7.5"), ON)]
    modules.append(Module("2", "", "Three", Decimal(30), ON + DAY))
    portfolio = make(ON, done(*[START] * 20), modules=modules)
    states = progress.credits_by_state(portfolio)
    assert states == {CreditState.EARNED: Decimal("7.5"), CreditState.AWAITING: 20, CreditState.OPEN: 30}
    assert progress.credits_by_phase(portfolio) == {"1": Decimal("27.5"), "2": 30}
    assert progress.total_credits(portfolio) == Decimal("57.5")
    said = "7.5 are earned by 30 June 2025, and 20 more wait only for the module's sign-off."
    assert sentences.credits_answer(portfolio).endswith(said)


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(-10, 2000), st.integers(-10, 2000), st.integers(1, 8))
def test_any_history_equals_brute_force(rows, offset, goal, required):
    """Status, counts, milestones, turns and waits on any day equal a recount by plain loops."""
    on, due = (START + days * DAY for days in (offset, goal))
    portfolio = make(on, rows, numbers=8, milestones=[Milestone(due, "Any", "M", required, "")])

    def lasting(until):
        return {number: (event, day) for day, number, event in rows if day <= until}

    last = lasting(on)
    found = {key.number: str(status) for key, status in progress.statuses(portfolio).items()}
    assert found == {number: WORDS[last.get(number, (None,))[0]] for number in range(1, 9)}
    counts = progress.counts(portfolio)
    signed, then = (
        [day for event, day in lasting(each).values() if event == "signed_off"] for each in (on, min(on, due))
    )
    assert sum(counts.values()) == 8
    assert counts[Status.SIGNED_OFF] == len(signed) == progress.signed_off(portfolio)
    (far,) = progress.distances(portfolio)
    assert (far.done, far.done_then, far.left) == (len(signed), len(then), max(0, required - len(signed)))
    assert far.missed == (max(0, required - len(then)) if due < on else 0)
    assert len(progress.targets(portfolio)) == (far.left if due > on else 0)
    waits = progress.waits(portfolio)
    assert len(waits) == sum(day <= on and event == "submitted" for day, _, event in rows)
    assert sum(w.until is None for w in waits) == counts[Status.SUBMITTED]
    assert all(w.days >= 0 for w in waits)
    whose = {"started": "trainee", "submitted": "assessor", "returned": "trainee", "withdrawn": "trainee"}
    turns = [turn for turn in progress.turns(portfolio) if turn.role != Role.TRAINING_OFFICER]
    wanted = {(number, f"The {whose[event]}", day) for number, (event, day) in last.items() if event in whose}
    assert {(turn.subject.key.number, str(turn.role), turn.since) for turn in turns} == wanted
    if len(signed) == 8:
        (officer,) = set(progress.turns(portfolio)) - set(turns)
        assert officer.since == max(signed)


@settings(max_examples=40, deadline=None)
@given(histories(), st.integers(-10, 2000))
def test_frames_of_any_history_equal_brute_force(rows, offset):
    """The curve of what is signed off goes up and down with the events, and ends at what stands."""
    on = START + offset * DAY
    portfolio = make(on, rows, numbers=8)
    found = frames(portfolio)
    curve = found.events.groupby("date")["counts"].sum().cumsum()
    for day, height in curve.items():
        assert height == progress.signed_off(records.on_day(portfolio, day.date()))
    assert found.events["counts"].sum() == progress.signed_off(portfolio)
    stands = found.activities["signed_off"].notna()
    assert list(stands) == list(found.activities["status"] == "Signed off")
    withdrawn = found.activities["standing"].str.contains("sign-off withdrawn on")
    last = {number: event for day, number, event in rows if day <= on}
    assert list(withdrawn) == [last.get(number) == "withdrawn" for number in range(1, 9)]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 20), st.integers(1, 1100), st.integers(1, 20))
def test_behind_means_that_the_pace_so_far_does_not_reach_it(signed_off, elapsed, required):
    """Behind by n if and only if the straight line through today ends n short of the milestone."""
    on = START + elapsed * DAY
    milestone = Milestone(START + 1200 * DAY, "Any", "M", required, "")
    distance = progress.distance(make(on, done(*[START] * signed_off)), milestone)
    reached = min(20, signed_off * 1200 // elapsed)
    early = not signed_off and 4 * elapsed < elapsed + distance.days  # no pace yet to speak of
    assert distance.behind == (0 if early else max(0, required - reached))
    if distance.needed is not None:
        assert distance.needed * distance.days / progress.DAYS_PER_MONTH == pytest.approx(distance.left)


# -- the sentences that say it --------------------------------------------------------------------------


@cases("standing", "on signed_off milestones sentence")
def test_progress_answer(on, signed_off, milestones, sentence):
    """On track or behind, by how many, against which milestone."""
    portfolio = make(on, done(*[START] * signed_off), milestones=[MILESTONES[name] for name in milestones])
    assert sentences.progress_answer(portfolio) == f"M: {sentence}"


@cases("counted", "sentence events numbers words")
def test_none_one_and_several(sentence, events, numbers, words):
    """Every status that occurs is counted, in words; a single one is singular; over four weeks is said."""
    assert getattr(sentences, sentence)(make(ON, events, numbers=numbers)) == words


def test_pace_is_asked_for_from_the_first_day():
    """Before there is a pace so far, the one that is needed is said alone."""
    said = sentences.pace_answer(make(START, milestones=[HALF]))
    assert said == "M: 10 activities to go in 757 days, which needs 0.40 a month."


@pytest.mark.parametrize("name", ["de_DE.UTF-8", "German"])
def test_dates_do_not_depend_on_the_machine(name):
    """Months are English whatever the locale says, where the machine has that locale."""
    with suppress(locale.Error), calendar.different_locale(name):
        assert dates.written(date(2024, 3, 5)) == "5 March 2024"


def test_markdown_in_a_sentence_is_not_interpreted():
    """A module called *x* or <b> shows as it is written."""
    assert sentences.Sentence("a_b *c* <d> [e](f)")._repr_markdown_() == r"a\_b \*c\* \<d\> \[e\](f)"


MARKS = "- a/+ a/1. a/23) a/---/===/% a/(a)=/:::a/# a/&lt;/a|b/> a"


@pytest.mark.parametrize("text", MARKS.split("/"))
def test_markdown_takes_nothing_for_a_mark(text):
    """Each mark of Markdown and MyST is escaped where it stands, and plain text stays plain."""
    assert phrases.markdown(text) != text
    assert phrases.markdown(text).replace("\\", "") == text
    for plain in ("0.66", "12 a.b", "a - b", "S-C1/5: 8 of 20", "5%"):
        assert phrases.markdown(plain) == plain

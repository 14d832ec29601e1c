"""What follows from the records, on any day: by example, and against brute force on any legal history."""

import calendar
import locale
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import START, cases, done, histories, make
from recount import WORDS, usual_wait

from stp_portfolio.core import dates, phrases, progress, records
from stp_portfolio.core.frames import frames
from stp_portfolio.core.progress import CreditState, Role, Status
from stp_portfolio.core.records import Milestone, Module, Need
from stp_portfolio.show import sentences

DAY = timedelta(days=1)
ON = date(2025, 6, 30)
HALF = Milestone(date(2025, 9, 30), "Half", "M", 10, "")
WHOLE = ("started", "submitted", "signed_off")


@pytest.mark.parametrize(
    ("on", "signed_off", "missed", "left", "state"),
    [
        (date(2025, 9, 29), 9, 0, 1, "1 to submit at once: the usual wait no longer fits"),
        (date(2025, 9, 30), 9, 0, 1, "1 missing today"),  # not over, and no day left
        (date(2025, 9, 30), 10, 0, 0, "Met"),
        (date(2025, 10, 1), 9, 1, 1, "Date has passed: 1 missing then"),
        (date(2025, 10, 1), 10, 0, 0, "Date has passed: met"),
        (START, 0, 0, 10, "10 to submit by 2 Sep 2025"),  # four weeks before, as nothing is decided
    ],
)
def test_distance_at_the_edges(on, signed_off, missed, left, state):
    """The milestone's own day, the days beside it and the programme's first day."""
    days = [(START, START, START + 22 * DAY)] * signed_off
    events = [(day, n, event) for n, own in enumerate(days, 1) for day, event in zip(own, WHOLE, strict=True)]
    distance = progress.distance(make(on, events), HALF)
    assert (distance.missed, distance.left, distance.state) == (missed, left, state)


@pytest.mark.parametrize(
    ("submitted", "waits", "days", "decided"),
    [
        (5, [], 28, 0),
        (5, [1, 90], 28, 0),
        (3, [1, 90, 20], 20, 3),
        (5, [1, 90, 20], 90, 3),  # of those alone that are decided it would be 20
        (7, [1, 90, 20], 28, 0),
        (5, [1, 2, 5, 90], 5, 4),
    ],
)
def test_usual_wait(submitted, waits, days, decided):
    """Within how many days half is decided, with what waits still; four weeks while too few are decided."""
    events = [(START, n, event) for n in range(1, submitted + 1) for event in WHOLE[:2]]
    events += [(START + wait * DAY, n, "signed_off") for n, wait in enumerate(waits, start=1)]
    assert progress.usual_wait(make(ON, events)) == (days, decided)


@pytest.mark.parametrize(
    ("phase", "first", "begun"),
    [
        ("Throughout", None, START),
        ("2", None, date(2024, 9, 4)),
        ("2", date(2024, 2, 1), date(2024, 2, 1)),
        ("99999999", None, date(2031, 9, 4)),
    ],
)
def test_a_module_counts_from_its_own_start(phase, first, begun):
    """The programme's start, the first event of a phase, or the start of that year."""
    module = Module(phase, "M", "Module", Decimal(20), None)
    assert (
        progress.begun(make(ON, [(first, 1, "started")] if first else [], modules=[module]), module) == begun
    )


REVIEW = [Milestone(date(year, 9, 30), f"End {year}", "", Need.REVIEW) for year in (2024, 2025)]


@pytest.mark.parametrize(
    ("reviews", "states"),
    [
        ([], ["Date has passed: 1 missing then", "Not yet: none is planned"]),
        ([date(2024, 9, 25)], ["Date has passed: taken as held on 25 Sep 2024", "Not yet: none is planned"]),
        (
            [date(2024, 10, 9)],
            ["Date has passed: taken as held late, on 9 Oct 2024", "Not yet: none is planned"],
        ),
        (
            [date(2024, 9, 25), date(2025, 9, 24)],
            ["Date has passed: taken as held on 25 Sep 2024", "Not yet: planned for 24 Sep 2025"],
        ),
        (
            [date(2024, 9, 25), date(2025, 5, 2)],
            ["Date has passed: taken as held on 25 Sep 2024", "Taken as held on 2 May 2025"],
        ),
        ([date(2025, 2, 3)], ["Date has passed: 1 missing then", "Taken as held on 3 Feb 2025"]),
        (
            [date(2025, 10, 2)],
            ["Date has passed: 1 missing then", "Not yet: planned for 2 Oct 2025, after this date"],
        ),
    ],
)
def test_a_review_meeting_counts_once(reviews, states):
    """For the milestone before which it was held, or after which within a quarter; for one of them alone.

    All that the records say of one that is past is the day, and so does the state.
    """
    made = make(ON, milestones=REVIEW)
    made = replace(made, settings=made.settings._replace(reviews=tuple(reviews)))
    assert [progress.distance(made, each).state for each in REVIEW] == states


def test_a_way_is_met_with_all_of_its_conditions(portfolio):
    """In the example one condition of way B is met and the other is not counted: way A is still needed."""
    ways = {each: progress.distance(portfolio, each) for each in portfolio.milestones if each.way}
    assert [(each.way, far.is_met, far.instead) for each, far in ways.items()] == [
        ("A", False, ""), ("B", False, ""), ("B", True, ""),
    ]  # fmt: skip
    later = replace(portfolio, modules=tuple(m._replace(signed_off=ON) for m in portfolio.modules))
    assert [progress.distance(later, each).instead for each in ways] == ["", "A", "A"]
    states = [progress.distance(later, each).state for each in ways]
    assert states == ["Met", "Not needed: way A is met", "Met"]


def test_rates_are_said_as_a_person_does():
    """Weeks, days and months in words, and the two numbers between which a rate lies."""
    said = [
        (9, 420),
        (11, 665),
        (1, 7),
        (2, 7),
        (5, 14),
        (3, 30),
        (4, 120),
        (1, 365),
        (1, 430),
        (14, 7),
        (30, 7),
    ]
    words = (
        "one every six to seven weeks/one every eight to nine weeks/one a week/two a week/two to three a week/"
        "one every ten days/one every four to five weeks/one every twelve months/one every 14 months/"
        "two a day/four to five a day"
    )
    assert [phrases.rate(count, days) for count, days in said] == words.split("/")


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
    reviewed = sum(event == "submitted" for event, _ in last.values())
    assert (far.in_review, far.to_submit) == (reviewed, max(0, required - len(signed) - reviewed))
    spans = progress.waits(portfolio)
    decided, waiting = ([each.days for each in spans if bool(each.until) is over] for over in (True, False))
    assert far.submit_by == due - usual_wait(decided, waiting) * DAY
    assert len(progress.targets(portfolio)) == (far.to_submit if far.submit_by > on else 0)
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
def test_the_rate_so_far_goes_on_as_a_straight_line(signed_off, elapsed, required):
    """From the start through today to the last day to submit; with too little to go by there is none."""
    milestone, on = Milestone(START + 1200 * DAY, "Any", "M", required), START + elapsed * DAY
    throughout = [Module("Throughout", "M", "Module", Decimal(20), None)]
    made = make(on, done(*[START] * signed_off), modules=throughout)
    distance = progress.distance(made, milestone)
    last = 1200 - distance.usual.days
    known = signed_off >= 4 and elapsed >= 90
    assert distance.projected == (min(20, signed_off * max(elapsed, last) // elapsed) if known else None)


# -- the sentences that say it --------------------------------------------------------------------------


@cases("counted", "sentence events numbers words")
def test_none_one_and_several(sentence, events, numbers, words):
    """Every status that occurs is counted, in words; a single one is singular; over four weeks is said."""
    assert getattr(sentences, sentence)(make(ON, events, numbers=numbers)) == words


@pytest.mark.parametrize("name", ["de_DE.UTF-8", "German"])
def test_dates_do_not_depend_on_the_machine(name):
    """Months are English whatever the locale says, where the machine has that locale."""
    with suppress(locale.Error), calendar.different_locale(name):
        assert dates.written(date(2024, 3, 5)) == "5 March 2024"
        assert dates.short(date(2025, 9, 30)) == "30 Sep 2025"


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

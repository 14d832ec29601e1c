"""The calendar: parsed again and held against an independent recount; the same fact, the same identifier."""

import calendar
import math
import re
from datetime import UTC, date, datetime, timedelta

import forty
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from portfolios import START, done, make
from recount import MONTHS, Recount, written
from test_cli import run, spoil, tree  # noqa: F401 - a fixture

from stp_portfolio.core import progress
from stp_portfolio.core.records import Milestone


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The calendar of the shipped example as the command writes it."""
    path = tmp_path_factory.mktemp("calendar") / "deep" / "portfolio.ics"
    code, said, err = run(ROOT, "calendar", "--out", str(path))
    assert code == 0, err
    assert "46 entries" in said
    return path.read_bytes()


def parsed(raw):
    """The entries of a file by their identifier, none of them with a fault."""
    made = Calendar.from_ical(raw)
    assert made.errors == []
    made.validate()
    entries = {str(event["UID"]): event for event in made.events}
    assert len(entries) == len(made.events)
    for event in made.events:
        assert event.errors == []
    return entries


def of_kind(entries, kind):
    found = [event for event in entries.values() if event.categories == [kind]]
    return sorted(found, key=lambda event: (event.start, str(event["SUMMARY"])))


def unfolded(raw):
    return raw.decode("utf-8").replace("\r\n ", "")


def test_file_is_whole(shipped):
    """Each line ends as the standard has it and is no longer than it allows; entries last a whole day each."""
    lines = shipped.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert "Illustration: the progress\\, evidence and reflections are invented" in unfolded(shipped)
    for event in parsed(shipped).values():
        assert type(event.start) is date
        assert event.end - event.start == timedelta(days=1)
        assert event.stamp == datetime(2025, 6, 30, tzinfo=UTC)
        assert event["TRANSP"] == "TRANSPARENT"


def test_milestones_and_reviews(shipped):
    """Every milestone with what it requires and where it stands, and every review, held or planned."""
    recount = Recount(ROOT)
    entries = parsed(shipped)
    found = {event.start.isoformat(): event for event in of_kind(entries, "Milestone")}
    assert list(found) == [row["date"] for row in recount.milestones]
    for row in recount.milestones:
        event = found[row["date"]]
        text = str(event["DESCRIPTION"])
        assert text.endswith(row["note"])
        if not row["required"]:
            assert event["SUMMARY"] == row["name"]
            continue
        done_now, required = recount.done(row["module"]), int(row["required"])
        assert event["SUMMARY"] == f"{row['name']}: {required} of {row['module']}"
        days = (date.fromisoformat(row["date"]) - date.fromisoformat(recount.on)).days
        pace = (required - done_now) / days * 365.25 / 12
        assert text.startswith(
            f"Required: {required} of {row['module']} signed off. On {written(recount.on)}: {done_now}, "
            f"{required - done_now} to go; this needs {pace:.2f} a month."
        )
    assert [event.start for event in of_kind(entries, "Review")] == [date(2024, 9, 25), date(2025, 9, 24)]


def recounted_targets(root):
    """By plain loops: the earliest even share of the time left, for each number still missing of a module."""
    recount = Recount(root)
    on = date.fromisoformat(recount.on)
    found = {}
    for row in recount.milestones:
        if not row["required"] or row["date"] <= recount.on:
            continue
        done_now = recount.done(row["module"])
        missing = int(row["required"]) - done_now
        days = (date.fromisoformat(row["date"]) - on).days
        for nth in range(1, missing + 1):
            day = on + timedelta(days=math.ceil(days * nth / missing))
            key = (row["module"], done_now + nth)
            found[key] = min(found.get(key, day), day)
    return found


def test_targets_are_the_pace_needed(shipped, tmp_path):
    """The n-th missing activity on the day that an even pace has it signed off, in one module and in three."""
    other = forty.make(tmp_path)
    assert run(other, "calendar")[0] == 0
    for root, raw in ((ROOT, shipped), (other, (other / "_build/portfolio.ics").read_bytes())):
        expected = recounted_targets(root)
        assert expected
        found = {}
        for event in of_kind(parsed(raw), "Target"):
            number, module = re.fullmatch(r"Target: (\d+) of (\S+) signed off", event["SUMMARY"]).groups()
            found[module, int(number)] = event.start
        assert found == expected
    assert max(found.values()) == date(2026, 9, 30)
    assert "Illustration" not in unfolded(raw)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.integers(1, 800), st.integers(1, 800), st.integers(1, 20), st.integers(1, 20))
def test_who_keeps_the_targets_keeps_the_milestones(signed_off, soon, later, few, many):
    """Ahead, in order, one for each number; signing off on the last day of each meets every milestone."""
    on = START + timedelta(days=100)
    milestones = [
        Milestone(on + timedelta(days=days), name, "M", required, "")
        for name, days, required in (("Soon", soon, few), ("Later", later, many))
    ]
    portfolio = make(on, done(*[START] * signed_off), milestones=milestones)
    targets = progress.targets(portfolio, on)
    assert [target.number for target in targets] == list(range(signed_off + 1, max(few, many, signed_off) + 1))
    assert all(target.day > on for target in targets)
    assert [target.day for target in targets] == sorted(target.day for target in targets)
    for milestone in milestones:
        kept = signed_off + sum(target.day <= milestone.date for target in targets)
        assert kept >= milestone.required


def test_no_target_for_what_has_passed_or_is_reached(portfolio):
    """On the day of a milestone and after it nothing is spread; a date alone has no target."""
    for day, left in ((date(2025, 9, 30), 12), (date(2026, 9, 15), 0), (date(2027, 1, 1), 0)):
        assert len(progress.targets(portfolio, day)) == left


def test_steps_fall_due_at_the_end_of_their_month(shipped):
    """Every step ahead without an outcome, counted again from the pages by their own marks."""
    expected = []
    for path in sorted((ROOT / "C1_Professional_Foundations").glob("*.md")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        for name, year, rest in re.findall(
            rf"(?:- |In )\*\*({'|'.join(MONTHS)}) (\d{{4}})\.?\*\*(.*?)(?= - \*\*|$)", text
        ):
            month = (int(year), MONTHS.index(name) + 1)
            if month >= (2025, 6) and "*Outcome:*" not in rest.split("Read next")[0]:
                expected.append(date(*month, calendar.monthrange(*month)[1]))
    steps = of_kind(parsed(shipped), "Step")
    assert sorted(event.start for event in steps) == sorted(expected)
    quiz = next(event for event in steps if event["SUMMARY"] == "S-C1/11: Send the quiz again, about ten weeks on.")
    assert str(quiz["DESCRIPTION"]).startswith(
        "Deliver a specialty learning session to other healthcare professionals\nDone when: "
    )


def test_same_fact_keeps_its_identifier(shipped, tree):  # noqa: F811 - the fixture
    """A meeting put off, a milestone moved, a step reworded, a pace changed: entries move, and none is doubled."""
    before = parsed(shipped)
    assert run(tree, "calendar")[0] == 0
    path = tree / "_build/portfolio.ics"
    assert path.read_bytes() == shipped
    spoil(tree, "data/portfolio.toml", "2025-09-24]", "2025-10-02]")
    spoil(tree, "data/portfolio.toml", "as_of = 2025-06-30", "as_of = 2025-07-15")
    spoil(tree, "data/milestones.csv", "2026-09-15,Completion", "2026-09-01,Completion")
    page = "C1_Professional_Foundations/11_LearningSession.md"
    spoil(tree, page, "**July 2025.** Send the quiz again", "**August 2025.** Send the *quiz* once more")
    spoil(
        tree,
        "data/progress.csv",
        "2025-06-16,S-C1,7,submitted,",
        "2025-06-16,S-C1,7,submitted,\n2025-07-14,S-C1,11,signed_off,",
    )
    assert run(tree, "calendar")[0] == 0
    after = parsed(path.read_bytes())
    assert len(before.keys() - after.keys()) == 1  # the ninth sign-off, which has happened
    assert after.keys() <= before.keys()

    def moved(kind, part):
        (uid,) = (uid for uid, event in before.items() if event.categories == [kind] and part in event["SUMMARY"])
        return before[uid].start, after[uid].start, int(after[uid]["SEQUENCE"]) > int(before[uid]["SEQUENCE"])

    assert moved("Milestone", "Completion") == (date(2026, 9, 15), date(2026, 9, 1), True)
    assert moved("Step", "Send the quiz again") == (date(2025, 7, 31), date(2025, 8, 31), True)
    assert [event.start for event in of_kind(after, "Review")] == [date(2024, 9, 25), date(2025, 10, 2)]
    assert moved("Target", "20 of") == (date(2026, 9, 15), date(2026, 9, 1), True)


def test_texts_are_escaped(tree):  # noqa: F811 - the fixture
    """Commas, semicolons, backslashes and letters of any script arrive as they were written."""
    name = "End; of, year\\2 \u2013 \u65e5\u672c " + "long " * 30 + "x"
    register = tree / "data/milestones.csv"
    text = register.read_text(encoding="utf-8").replace("End of year 2,", f'"{name}",')
    register.write_text(text, encoding="utf-8")
    assert run(tree, "calendar")[0] == 0
    raw = (tree / "_build/portfolio.ics").read_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    assert f"{name}: 10 of S-C1" in [event["SUMMARY"] for event in of_kind(parsed(raw), "Milestone")]


def test_portfolio_without_dates_is_told_so(tree):  # noqa: F811 - the fixture
    """The standard knows no empty calendar: one message with the remedy, code 1, no file."""
    for name in ("activities", "progress", "evidence", "milestones"):
        path = tree / f"data/{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    spoil(tree, "data/portfolio.toml", "reviews =", "# reviews =")
    code, _, err = run(tree, "calendar")
    assert code == 1
    assert "There is no date to write yet. Fill in data/milestones.csv" in err
    assert not (tree / "_build").exists()


def test_file_that_cannot_be_written(tree):  # noqa: F811 - the fixture
    """A folder in its place: one message, code 1."""
    code, _, err = run(tree, "calendar", "--out", "data")
    assert code == 1
    assert "cannot be used" in err

"""The calendar: parsed again and held against an independent recount; the same fact, the same identifier."""

import calendar
import math
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import ROOT, refused, told
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from portfolios import START, done, edit, forty, make
from recount import MONTHS, Recount, written

from stp_portfolio.core import progress, records
from stp_portfolio.core.records import Milestone


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The calendar of the shipped example as the command writes it."""
    path = tmp_path_factory.mktemp("calendar") / "deep" / "portfolio.ics"
    assert "46 entries" in told(ROOT, "calendar", "--out", path)
    return path.read_bytes()


def parsed(raw):
    """The entries of a file by their identifier, none of them with a fault."""
    made = Calendar.from_ical(raw)
    made.validate()
    assert [made.errors, *(event.errors for event in made.events)] == [[]] * (1 + len(made.events))
    entries = {str(event["UID"]): event for event in made.events}
    assert len(entries) == len(made.events)
    return entries


def of_kind(raw, kind):
    found = [event for event in parsed(raw).values() if event.categories == [kind]]
    return sorted(found, key=lambda event: (event.start, str(event["SUMMARY"])))


def test_file_is_whole(shipped):
    """Each line ends as the standard has it and is no longer than it allows; entries last a whole day."""
    lines = shipped.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    assert [lines[0], *lines[-2:]] == [b"BEGIN:VCALENDAR", b"END:VCALENDAR", b""]
    assert "Illustration: the progress\\, evidence and" in shipped.decode().replace("\r\n ", "")
    for event in parsed(shipped).values():
        assert type(event.start) is date
        assert event.end - event.start == timedelta(days=1)
        assert (event.stamp, event["TRANSP"]) == (datetime(2025, 6, 30, tzinfo=UTC), "TRANSPARENT")


def test_milestones_and_reviews(shipped):
    """Every milestone with what it requires and where it stands, and every review, held or planned."""
    recount, found = Recount(ROOT), of_kind(shipped, "Milestone")
    for row, event in zip(recount.milestones, found, strict=True):
        summary, text = row["name"], row["note"]
        if row["required"]:
            summary += f": {row['required']} of {row['module']}"
            done_now, days = recount.done(row["module"]), (event.start - date.fromisoformat(recount.on)).days
            left = int(row["required"]) - done_now
            asked = f"Required: {row['required']} of {row['module']} signed off."
            standing = f"On {written(recount.on)}: {done_now}, {left} to go;"
            pace = f"this needs {left / days * 365.25 / 12:.2f} a month."
            text = f"{asked} {standing} {pace}\n{text}".rstrip()
        assert (str(event.start), event["SUMMARY"], str(event["DESCRIPTION"])) == (row["date"], summary, text)
    assert [event.start for event in of_kind(shipped, "Review")] == [date(2024, 9, 25), date(2025, 9, 24)]


def recounted_targets(root):
    """By plain loops: the earliest even share of the time left, for each number still missing of a module."""
    recount, found = Recount(root), {}
    on = date.fromisoformat(recount.on)
    for row in recount.milestones:
        if row["required"] and row["date"] > recount.on:
            done_now = recount.done(row["module"])
            missing, days = int(row["required"]) - done_now, (date.fromisoformat(row["date"]) - on).days
            for nth in range(1, missing + 1):
                day = on + timedelta(days=math.ceil(days * nth / missing))
                key = f"Target: {done_now + nth} of {row['module']} signed off"
                found[key] = min(found.get(key, day), day)
    return found


def test_targets_are_the_pace_needed(shipped, tmp_path):
    """The n-th missing activity on the day that an even pace has it signed off, in one module and three."""
    other = forty(tmp_path)
    told(other, "calendar")
    raw = (other / "_build/portfolio.ics").read_bytes()
    for root, entries in ((ROOT, shipped), (other, raw)):
        found = {str(event["SUMMARY"]): event.start for event in of_kind(entries, "Target")}
        assert found == recounted_targets(root) != {}
    assert max(found.values()) == date(2026, 9, 30)
    assert b"Illustration" not in raw


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.integers(1, 800), st.integers(1, 800), st.integers(1, 20), st.integers(1, 20))
def test_who_keeps_the_targets_keeps_the_milestones(signed_off, soon, later, few, many):
    """Ahead, in order, one for each number; signing off on the last day of each meets every milestone."""
    on = START + timedelta(days=100)
    wanted = {on + timedelta(days=soon): few} | {on + timedelta(days=later): many}
    milestones = [Milestone(day, str(day), "M", required, "") for day, required in wanted.items()]
    targets = progress.targets(make(on, done(*[START] * signed_off), milestones=milestones))
    missing = range(signed_off + 1, max(signed_off, *wanted.values()) + 1)
    assert [target.number for target in targets] == list(missing)
    days = [on, *(target.day for target in targets)]
    assert days == sorted(days)
    assert days.count(on) == 1
    for day, required in wanted.items():
        assert signed_off + sum(each.day <= day for each in targets) >= required


def test_no_target_for_what_has_passed_or_is_reached(portfolio):
    """On the day of a milestone and after it nothing is spread; a date alone has no target."""
    for day, left in ((date(2025, 9, 30), 12), (date(2026, 9, 15), 0), (date(2027, 1, 1), 0)):
        assert len(progress.targets(records.on_day(portfolio, day))) == left


def test_steps_fall_due_at_the_end_of_their_month(shipped):
    """Every step ahead without an outcome, counted again from the pages by their own marks."""
    expected = []
    step = rf"(?:- |In )\*\*({'|'.join(MONTHS)}) (\d{{4}})\.?\*\*(.*?)(?= - \*\*|$)"
    for path in (ROOT / "C1_Professional_Foundations").glob("*.md"):
        for name, year, rest in re.findall(step, " ".join(path.read_text(encoding="utf-8").split())):
            month = (int(year), MONTHS.index(name) + 1)
            if month >= (2025, 6) and "*Outcome:*" not in rest.split("Read next")[0]:
                expected.append(date(*month, calendar.monthrange(*month)[1]))
    steps = of_kind(shipped, "Step")
    assert [event.start for event in steps] == sorted(expected)
    quiz = next(event for event in steps if event["SUMMARY"].startswith("S-C1/11: Send the quiz again"))
    title = "Deliver a specialty learning session to other healthcare professionals"
    assert str(quiz["DESCRIPTION"]).startswith(f"{title}\nDone when: ")


def test_same_fact_keeps_its_identifier(shipped, tree):
    """A meeting put off, a milestone moved, a step reworded, a pace changed: entries move, none twice."""
    path = tree / "_build/portfolio.ics"
    told(tree, "calendar")
    assert path.read_bytes() == shipped
    page, last = "C1_Professional_Foundations/11_LearningSession.md", "2025-06-16,S-C1,7,submitted,"
    for name, old, new in (
        ("data/portfolio.toml", "2025-09-24]", "2025-10-02]"),
        ("data/portfolio.toml", "as_of = 2025-06-30", "as_of = 2025-07-15"),
        ("data/milestones.csv", "2026-09-15,Completion", "2026-09-01,Completion"),
        (page, "**July 2025.** Send the quiz again", "**August 2025.** Send the *quiz* once more"),
        ("data/progress.csv", last, f"{last}\n2025-07-14,S-C1,11,signed_off,"),
    ):
        edit(tree, name, old, new)
    told(tree, "calendar")
    before, after = parsed(shipped), parsed(path.read_bytes())
    assert len(before.keys() - after.keys()) == 1  # the ninth sign-off, which has happened
    assert after.keys() <= before.keys()
    assert all(int(after[uid]["SEQUENCE"]) > int(before[uid]["SEQUENCE"]) for uid in after)
    for kind, part, day, moved in (
        ("Milestone", "Completion", date(2026, 9, 15), date(2026, 9, 1)),
        ("Step", "Send the quiz again", date(2025, 7, 31), date(2025, 8, 31)),
        ("Review", "", date(2025, 9, 24), date(2025, 10, 2)),
        ("Target", "20 of", date(2026, 9, 15), date(2026, 9, 1)),
    ):
        own = [uid for uid, event in before.items() if event.categories == [kind]]
        uid = [each for each in own if part in before[each]["SUMMARY"]][-1]
        assert (before[uid].start, after[uid].start) == (day, moved)


def test_texts_are_escaped(tree):
    """Commas, semicolons, backslashes and letters of any script arrive as they were written."""
    name = "End; of, year\\2 \u2013 \u2265\u20ac " + "long " * 30 + "x"
    edit(tree, "data/milestones.csv", "End of year 2,", f'"{name}",')
    told(tree, "calendar")
    raw = (tree / "_build/portfolio.ics").read_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    assert f"{name}: 10 of S-C1" in [event["SUMMARY"] for event in of_kind(raw, "Milestone")]


def test_portfolio_without_dates_is_told_so(tree):
    """The standard knows no empty calendar: one message with the remedy, code 1, no file."""
    for name in ("activities", "progress", "evidence", "milestones"):
        path = tree / f"data/{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    edit(tree, "data/portfolio.toml", "reviews =", "# reviews =")
    assert "There is no date to write yet. Fill in data/milestones.csv" in refused(tree, "calendar")
    assert not (tree / "_build").exists()

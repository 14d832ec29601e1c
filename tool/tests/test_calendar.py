"""The calendar: parsed again and held against an independent recount; the same fact, the same identifier."""

import calendar
import math
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter

import pytest
from conftest import ROOT, refused, told
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from portfolios import START, done, edit, forty, make
from recount import Recount, steps_ahead, written

from stp_portfolio.core import progress, records
from stp_portfolio.core.records import Milestone

REVIEWS = [date(2024, 9, 25), date(2025, 9, 24)]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The calendar of the shipped example as the command writes it."""
    path = tmp_path_factory.mktemp("calendar") / "deep" / "portfolio.ics"
    milestones = {(row["date"], row["name"]) for row in Recount(ROOT).milestones}
    count = sum(map(len, (milestones, REVIEWS, recounted_targets(ROOT), steps_ahead(ROOT, (2025, 6)))))
    assert f"{count} entries" in told(ROOT, "calendar", "--out", path)
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
    """Every milestone once, with what it requires and where that stands, and every review, held or planned."""
    recount, found = Recount(ROOT), of_kind(shipped, "Milestone")
    wanted = sorted({(row["date"], row["name"]) for row in recount.milestones})
    assert [(str(event.start), event["SUMMARY"].split(":")[0]) for event in found] == wanted
    for event in found:
        text, own = (
            str(event["DESCRIPTION"]),
            [r for r in recount.milestones if r["date"] == str(event.start)],
        )
        assert text.startswith(f"On {written(recount.on)}: ")
        assert all(
            row["note"] in text and (row["required"] != "review meeting" or row["required"] in text)
            for row in own
        )
        for row in filter(itemgetter("required"), own):
            asked = f"{row['required']} of {row['module']}"
            assert (asked in event["SUMMARY"]) is (asked in text) is (row in recount.counted)
            if row in recount.counted and (more := recount.to_submit(row)):
                assert f"{asked} ({more} to submit by " in text
    assert [event.start for event in of_kind(shipped, "Review")] == REVIEWS


def recounted_targets(root):
    """By plain loops: the earliest even share of the time left, for each number still missing of a module."""
    recount, found = Recount(root), {}
    on = date.fromisoformat(recount.on)
    for row in recount.counted:
        days, missing = (recount.submit_by(row) - on).days, recount.to_submit(row)
        handed = recount.done(row["module"]) + recount.in_review(row["module"])
        for nth in range(1, missing + 1) if days > 0 else ():
            day = on + timedelta(days=math.ceil(days * nth / missing))
            key = f"Target: {handed + nth} of {row['module']} submitted"
            found[key] = min(found.get(key, day), day)
    return found


def test_targets_are_days_to_submit_by(shipped, tmp_path):
    """The n-th on the day that an even rate has it submitted, in one module and three; the last in time."""
    other = forty(tmp_path)
    told(other, "calendar")
    raw = (other / "_build/portfolio.ics").read_bytes()
    for root, entries in ((ROOT, shipped), (other, raw)):
        found = {str(event["SUMMARY"]): event.start for event in of_kind(entries, "Target")}
        assert found == recounted_targets(root) != {}
        assert max(found.values()) == max(Recount(root).submit_by(row) for row in Recount(root).counted)
    assert b"Illustration" not in raw


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.integers(1, 800), st.integers(1, 800), st.integers(1, 20), st.integers(1, 20))
def test_who_keeps_the_targets_keeps_the_milestones(signed_off, soon, later, few, many):
    """Ahead, in order, one for each number; submitting on the last day of each leaves the usual wait."""
    on, usual = START + timedelta(days=100), timedelta(days=28 if signed_off < 3 else 0)
    wanted = {on + timedelta(days=soon): few} | {on + timedelta(days=later): many}
    milestones = [Milestone(day, str(day), "M", required, "") for day, required in wanted.items()]
    portfolio = make(on, done(*[START] * signed_off), milestones=milestones)
    targets = progress.targets(portfolio)
    fits = [required for day, required in wanted.items() if day - usual > on]
    assert [target.number for target in targets] == list(range(signed_off + 1, max([signed_off, *fits]) + 1))
    assert [each.day for each in targets] == sorted(each.day for each in targets)
    assert all(each.day > on for each in targets)
    for day, required in wanted.items():
        if day - usual > on:
            assert signed_off + sum(each.day <= day - usual for each in targets) >= required


def test_no_target_for_what_has_passed_or_is_reached(portfolio):
    """On the day of a milestone and after it nothing is spread; a date alone has no target."""
    for day, left in (
        (date(2025, 9, 30), 9),
        (date(2026, 8, 23), 9),
        (date(2026, 8, 24), 0),
        (date(2027, 1, 1), 0),
    ):
        assert len(progress.targets(records.on_day(portfolio, day))) == left


def test_steps_fall_due_at_the_end_of_their_month(shipped):
    """Every step ahead without an outcome, counted again from the pages by their own marks."""
    months = steps_ahead(ROOT, (2025, 6))
    expected = [date(*each, calendar.monthrange(*each)[1]) for each in months]
    steps = of_kind(shipped, "Step")
    assert [event.start for event in steps] == expected != []
    trial = next(event for event in steps if event["SUMMARY"].startswith("S-C1/17: Repeat the trial"))
    title = "Support the use of Standard Operating Procedures (SOPs)"
    assert str(trial["DESCRIPTION"]).startswith(f"{title}\nDone when: ")


def test_same_fact_keeps_its_identifier(shipped, tree):
    """A meeting put off, a milestone moved, a step reworded, a pace changed: entries move, none twice."""
    path = tree / "_build/portfolio.ics"
    told(tree, "calendar")
    assert path.read_bytes() == shipped
    page = "C1_Professional_Foundations/17_StandardOperatingProcedures.md"
    last = "2025-06-16,S-C1,7,submitted,"
    for name, old, new in (
        ("data/portfolio.toml", "2025-09-24]", "2025-10-02]"),
        ("data/portfolio.toml", "as_of = 2025-06-30", "as_of = 2025-07-15"),
        ("data/milestones.csv", "2026-09-15,Completion,S-C1", "2026-09-01,Completion,S-C1"),
        ("data/milestones.csv", "2026-09-15,Completion,,", "2026-09-01,Completion,,"),
        ("data/milestones.csv", "2026-09-15,Completion,,", "2026-09-01,Completion,,"),
        (page, "**July 2025.** Repeat the trial", "**August 2025.** Hold the *trial* again"),
        ("data/progress.csv", last, f"{last}\n2025-07-14,S-C1,14,submitted,"),
    ):
        edit(tree, name, old, new)
    told(tree, "calendar")
    before, after = parsed(shipped), parsed(path.read_bytes())
    assert len(before.keys() - after.keys()) == 1  # the twelfth submission, which has happened
    assert after.keys() <= before.keys()
    assert all(int(after[uid]["SEQUENCE"]) > int(before[uid]["SEQUENCE"]) for uid in after)
    for kind, part, day, moved in (
        ("Milestone", "Completion", date(2026, 9, 15), date(2026, 9, 1)),
        ("Step", "Repeat the trial", date(2025, 7, 31), date(2025, 8, 31)),
        ("Review", "", date(2025, 9, 24), date(2025, 10, 2)),
        ("Target", "20 of", date(2026, 8, 24), date(2026, 8, 10)),
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

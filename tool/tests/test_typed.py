"""What people type: days, activities and events in many forms, taken where they can mean one thing."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portfolios import make

from stp_portfolio.core import dates, records, typed
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import ActivityKey, Module

TODAY = date(2026, 11, 26)
SEVENTH = """2026-09-07|2026-9-7|2026/9/7|2026.9.7|7 September 2026|7th Sept 2026|7th of September, 2026
the 7th sep 2026|September 7, 2026|2026 September 7|7-Sep-2026|7sept2026|Mon 7 Sept 2026|monday, 7 september 2026
07 SEPTEMBER 2026|7 sept 26"""


@pytest.mark.parametrize("form", SEVENTH.replace("\n", "|").split("|"))
def test_one_day_in_many_forms(form):
    """However it is written, as long as it can mean one day."""
    assert dates.read(form, TODAY) == date(2026, 9, 7)


def test_other_days():
    """A number over twelve is no month, today and yesterday are reckoned from today."""
    said = {"13/9/2026": date(2026, 9, 13), "9/13/2026": date(2026, 9, 13), "7/7/2026": date(2026, 7, 7)}
    said |= {"Today": TODAY, " yesterday ": TODAY - timedelta(days=1), "29 feb 2024": date(2024, 2, 29)}
    assert {text: dates.read(text, TODAY) for text in said} == said


UNCLEAR = {
    "7/9/2026": "'7/9/2026' can mean 9 July 2026 or 7 September 2026. Write the one you mean.",
    "7.9.2026": "9 July 2026 or 7 September 2026",
    "7 september": "'7 september' has no year. If you mean 7 September 2026, write that.",
    "7 Dec": "has no year. If you mean 7 December 2025, write that.",
    "13/9": "has no year. If you mean 13 September 2026",
    "29 February": "If you mean 29 February 2024",
    "Tuesday 7 September 2026": "7 September 2026 is a Monday",
}
NO_DAY = """september 2026|2026|7|last|31/2/2026|29 feb 2026|13/13/2026|2026/13/9|0000-01-01|soon|10am|7 Mai 2026|-|//
7 7 7 2026|2026-9-7 2026-9-8|7 sept 2026 10|sept sept 2026|1/2/3/4|\u0661\u0662/\u0669/2026|2026-09-07T10:00"""


def test_latest_weekday():
    """The one before today; of today's own name both may be meant."""
    thursday = date(2026, 11, 26)
    assert dates.read("Monday", thursday) == dates.read("last mon", thursday) == date(2026, 11, 23)
    assert dates.read("last Thursday", thursday) == date(2026, 11, 19)
    with pytest.raises(Refusal, match="'Thursday' can mean 19 November 2026 or 26 November 2026"):
        dates.read("thursday", thursday)


@pytest.mark.parametrize("text", [*UNCLEAR, *NO_DAY.replace("\n", "|").split("|"), ""])
def test_what_is_no_one_day_is_refused(text):
    """With both readings, or with what it lacks; never a guess."""
    with pytest.raises(Refusal) as refused:
        dates.read(text, TODAY)
    assert UNCLEAR.get(
        text, "is not a day. Write it as 7 September 2026, 2026-09-07, yesterday or Monday."
    ) in str(refused.value)


@given(
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%a %d %b %Y"]),
)
def test_every_day_is_read(day, form):
    assert dates.read(day.strftime(form), TODAY) == day


@given(st.text(alphabet="0123456789 -/.,tshyJunemp", max_size=14))
def test_any_text_is_a_day_or_refused(text):
    """No other error escapes, whatever is typed."""
    with suppress(Refusal):
        assert dates.read(text, TODAY) <= date.max


# -- activities and events ------------------------------------------------------------------------------

ONE = make(TODAY, numbers=20, modules=[Module("1", "S-C1", "One", 20, None)])
ONE = replace(
    ONE, activities=tuple(each._replace(key=ActivityKey("S-C1", each.key.number)) for each in ONE.activities)
)


def two():
    """A portfolio of two modules, of which one has more activities."""
    others = [each._replace(key=ActivityKey("S-MP-R1", each.key.number)) for each in ONE.activities[:8]]
    modules = (*ONE.modules, Module("1", "S-MP-R1", "Two", 10, None))
    return replace(ONE, modules=modules, activities=(*ONE.activities, *others))


@pytest.mark.parametrize(
    "text", ["S-C1/5", "S-C1.5", "S-C1-5", "s-c1/05", "S-C1 5", " sc1:5", "5", "5.", "05"]
)
def test_activity_in_many_forms(text):
    """With any mark between, zeros before, in any case; the number alone where it can mean one."""
    assert str(typed.activity(ONE, text).key) == "S-C1/5"


def test_number_alone_of_several_modules():
    """Refused with the candidates, each with its title; taken where one module alone has it."""
    with pytest.raises(
        Refusal, match=r"'5' can be S-C1/5 \(Task 5\) or S-MP-R1/5 \(Task 5\)\. Write the module"
    ):
        typed.activity(two(), "5")
    assert str(typed.activity(two(), "12").key) == "S-C1/12"
    assert str(typed.activity(two(), "s-mp-r1.5").key) == "S-MP-R1/5"


@pytest.mark.parametrize(
    ("text", "words"),
    [("S-C2/5", r"S-C1/5 \(Task 5\)"), ("S-C15", "S-C1/5"), ("Tsak 12", "S-C1/12")],
)
def test_misspelt_activity_is_answered_with_the_nearest(text, words):
    with pytest.raises(Refusal, match=f"is not an activity of data/activities.csv. Did you mean .*{words}"):
        typed.activity(ONE, text)


EVENTS = {
    "signed_off": "signed off|signed-off|signed_off|Signed Off|sign-off|SIGNOFF|sign off|signed",
    "started": "started|start|Start|began", "submitted": "submitted|submit|SUB",
    "returned": "returned|return|r", "withdrawn": "withdrawn|withdraw|W",
}  # fmt: skip
SAID = [(form, event) for event, forms in EVENTS.items() for form in forms.split("|")]


@pytest.mark.parametrize(("form", "event"), SAID)
@pytest.mark.parametrize("day", ["", "yesterday", "7 September 2026"])
def test_line_of_record(form, event, day):
    """Activities, event and day, each as it is typed, quoted together or not."""
    for words in (f"5 {form} {day}".split(), ["S-C1 5", form, day], ["5", f"{form} {day}"]):
        said = typed.line(ONE, words)
        assert ([str(each.key) for each in said.activities], said.event, said.day) == (["S-C1/5"], event, day)


LINES = {
    "5 6 7 started": "S-C1/5 S-C1/6 S-C1/7",
    "5, 6 and 7 started": "S-C1/5 S-C1/6 S-C1/7",
    "S-C1 5 6 started": "S-C1/5 S-C1/6",
    "S-C1/5 5 started": "S-C1/5",
    "S-C1.5 S-C1-6 s-c1 7 started": "S-C1/5 S-C1/6 S-C1/7",
    "S-MP-R1 5 6 S-C1 7 started": "S-MP-R1/5 S-MP-R1/6 S-C1/7",
}


@pytest.mark.parametrize("line", LINES)
def test_several_activities(line):
    """A code before numbers is theirs until another comes."""
    found = typed.line(two() if "MP" in line else ONE, line.split())
    assert " ".join(str(each.key) for each in found.activities) == LINES[line]


SUBJECTS = {
    "S-C1": "S-C1",
    "s c1": "S-C1",
    "S-C1/5": "S-C1/5",
    "s-c1.5": "S-C1/5",
    "5": "S-C1/5",
    "S-C15": "S-C15",
}


@pytest.mark.parametrize("text", SUBJECTS)
def test_a_module_is_told_from_an_activity(text):
    """By its whole code; S-C1/5 is not S-C15, where there is such a module."""
    further = ONE.activities[0]._replace(key=ActivityKey("S-C15", 30))
    modules = (*ONE.modules, Module("1", "S-C15", "Two", 10, None))
    found = typed.subject(replace(ONE, modules=modules, activities=(*ONE.activities, further)), text)
    assert (found.code if isinstance(found, Module) else str(found.key)) == SUBJECTS[text]
    with pytest.raises(Refusal):  # of a module without activities there is nothing to open
        typed.subject(replace(ONE, modules=modules), "S-C15")


def test_a_module_alone():
    """Its code without a number is the module itself, and one at a time."""
    found = typed.line(two(), "s-mp-r1 sign-off 2026-09-07".split())
    assert (found.module.code, *found[:1], *found[2:]) == ("S-MP-R1", (), "signed_off", "2026-09-07")
    with pytest.raises(Refusal, match="Record S-C1 by itself"):
        typed.line(two(), "S-C1 S-MP-R1 signed off".split())


TOKENS = "5 6. S-C1 S-C1/5 s-c1.99 S-MP-R1 signed off sign-off started s sub withdrawn yesterday 7 September 2026 x , and \u0665 \xb2 - 5S"
EMPTY = make(TODAY, numbers=0, modules=[])


@given(st.lists(st.sampled_from(TOKENS.split()), max_size=6), st.sampled_from([ONE, EMPTY, two()]))
def test_any_line_is_understood_or_refused(words, portfolio):
    """Whatever is typed, in whatever order, of many activities or none: an event of somebody, or a Refusal."""
    with suppress(Refusal):
        said = typed.line(portfolio, words)
        assert bool(said.activities) != bool(said.module)
        assert said.event in records.EVENTS

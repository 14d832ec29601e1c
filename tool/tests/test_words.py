"""The computed sentences: right for one and for many, for nothing and for everything."""

import calendar
import locale
from contextlib import suppress
from datetime import date

import pytest
from portfolios import END_DAY, HALF_DAY, START, done, make

from stp_portfolio.core import dates, phrases
from stp_portfolio.core.records import Milestone
from stp_portfolio.show import sentences

ON, AFTER = date(2025, 6, 30), date(2025, 10, 1)
HALF, END = Milestone(HALF_DAY, "Half", "M", 10, ""), Milestone(END_DAY, "End", "M", 20, "")
BY = "10 required by 30 September 2025"
PACE = "The pace so far would bring"


@pytest.mark.parametrize(
    ("on", "signed_off", "milestones", "sentence"),
    [
        (ON, 8, [HALF], f"behind by 1, with 8 of 20 signed off. {PACE} 9 of the {BY}."),
        (ON, 9, [HALF], f"on track, with 9 of 20 signed off. {PACE} 10 of the {BY}."),
        (ON, 10, [HALF, END], f"on track, with 10 of 20 signed off and the {BY} already reached."),
        (ON, 20, [HALF, END], "complete, with all 20 activities signed off."),
        (START, 0, [HALF], f"just begun, with 0 of 20 signed off and {BY}."),
        (ON, 8, [], "8 of 20 signed off; no milestone lies ahead."),
        (HALF_DAY, 8, [HALF], f"behind by 2, with 8 of 20 signed off and {BY}, which is today."),
        (AFTER, 8, [HALF], f"behind by 2, with 8 of 20 signed off and {BY}, which has passed."),
    ],
)
def test_progress_answer(on, signed_off, milestones, sentence):
    """On track or behind, by how many, against which milestone."""
    portfolio = make(on, done(*[START] * signed_off), milestones=milestones)
    assert sentences.progress_answer(portfolio) == f"M: {sentence}"


ONE = [(START, 1, "started"), (date(2025, 6, 29), 1, "submitted")]
TWO = [*ONE, (START, 2, "started"), (date(2025, 5, 19), 2, "submitted")]


@pytest.mark.parametrize(
    ("sentence", "events", "numbers", "words"),
    [
        ("status_summary", [*done(START), (START, 2, "started")], 3, "On 30 June 2025, 1 of 3 activities is "
         "signed off; 1 in progress and 1 not started."),
        ("status_summary", done(START), 1, "On 30 June 2025, 1 of 1 activity is signed off."),
        ("status_summary", [], 0, "No training activities are listed yet."),
        ("waiting_answer", [], 1, "No submission is waiting with an assessor."),
        ("waiting_answer", ONE, 1, "1 submission waits with an assessor: activity M/1, for 1 day."),
        ("waiting_answer", TWO, 2, "2 submissions wait with an assessor; the longest, activity M/2, "
         "for 42 days. 1 has waited over 4 weeks."),
    ],
)  # fmt: skip
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

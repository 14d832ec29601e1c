"""The computed sentences: right for one and for many, for nothing and for everything."""

import locale
from datetime import date

import pytest
from portfolios import END_DAY, HALF_DAY, START, done, make

from stp_portfolio.core import dates, phrases
from stp_portfolio.show import sentences
from stp_portfolio.core.records import Milestone

ON = date(2025, 6, 30)
HALF = Milestone(HALF_DAY, "Half", "M", 10, "")
END = Milestone(END_DAY, "End", "M", 20, "")


@pytest.mark.parametrize(
    ("on", "signed_off", "milestones", "sentence"),
    [
        (ON, 8, [HALF], "M: behind by 1, with 8 of 20 signed off. The pace so far would bring 9 of the 10 required by 30 September 2025."),
        (ON, 9, [HALF], "M: on track, with 9 of 20 signed off. The pace so far would bring 10 of the 10 required by 30 September 2025."),
        (ON, 10, [HALF, END], "M: on track, with 10 of 20 signed off and the 10 required by 30 September 2025 already reached."),
        (ON, 20, [HALF, END], "M: complete, with all 20 activities signed off."),
        (START, 0, [HALF], "M: just begun, with 0 of 20 signed off and 10 required by 30 September 2025."),
        (ON, 8, [], "M: 8 of 20 signed off; no milestone lies ahead."),
        (HALF_DAY, 8, [HALF], "M: behind by 2, with 8 of 20 signed off and 10 required by 30 September 2025, which is today."),
        (date(2025, 10, 1), 8, [HALF], "M: behind by 2, with 8 of 20 signed off and 10 required by 30 September 2025, which has passed."),
    ],
)  # fmt: skip
def test_progress_answer(on, signed_off, milestones, sentence):
    """On track or behind, by how many, against which milestone."""
    assert sentences.progress_answer(make(on, done(*[START] * signed_off), milestones=milestones)) == sentence


def test_status_summary():
    """Every status that occurs is counted, in words; a single one is singular."""
    events = [*done(START), (START, 2, "started")]
    assert sentences.status_summary(make(ON, events, numbers=3)) == (
        "On 30 June 2025, 1 of 3 activities is signed off; 1 in progress and 1 not started."
    )
    assert (
        sentences.status_summary(make(ON, done(START), numbers=1))
        == "On 30 June 2025, 1 of 1 activity is signed off."
    )
    assert sentences.status_summary(make(ON, numbers=0)) == "No training activities are listed yet."


def test_waiting_answer():
    """None, one and several; over four weeks is said."""
    assert sentences.waiting_answer(make(ON)) == "No submission is waiting with an assessor."
    one = [(START, 1, "started"), (date(2025, 6, 29), 1, "submitted")]
    assert (
        sentences.waiting_answer(make(ON, one))
        == "1 submission waits with an assessor: activity M/1, for 1 day."
    )
    two = [*one, (START, 2, "started"), (date(2025, 5, 19), 2, "submitted")]
    assert sentences.waiting_answer(make(ON, two)) == (
        "2 submissions wait with an assessor; the longest, activity M/2, for 42 days. 1 has waited over 4 weeks."
    )


def test_dates_do_not_depend_on_the_machine():
    """Months are English whatever the locale says."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "German", ""):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert dates.written(date(2024, 3, 5)) == "5 March 2024"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_markdown_in_a_sentence_is_not_interpreted():
    """A module called *x* or <b> shows as it is written."""
    assert sentences.Sentence("a_b *c* <d> [e](f)")._repr_markdown_() == r"a\_b \*c\* \<d\> \[e\](f)"


@pytest.mark.parametrize(
    "text", ["- a", "+ a", "1. a", "23) a", "---", "===", "% a", "(a)=", ":::a", "# a", "&lt;", "a|b", "> a"]
)
def test_markdown_takes_nothing_for_a_mark(text):
    """Each mark of Markdown and MyST is escaped where it stands, and plain text stays plain."""
    assert phrases.markdown(text) != text
    assert phrases.markdown(text).replace("\\", "") == text
    for plain in ("0.66", "12 a.b", "a - b", "S-C1/5: 8 of 20", "5%"):
        assert phrases.markdown(plain) == plain

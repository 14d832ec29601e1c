"""The computed sentences: right for one and for many, for nothing and for everything."""

import calendar
import locale
from contextlib import suppress
from datetime import date

import pytest
from portfolios import START, cases, done, make

from stp_portfolio.core import dates, phrases
from stp_portfolio.core.records import Milestone
from stp_portfolio.show import sentences

ON = date(2025, 6, 30)
HALF = Milestone(date(2025, 9, 30), "Half", "M", 10, "")
MILESTONES = {"half": HALF, "end": Milestone(date(2026, 9, 15), "End", "M", 20, "")}


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

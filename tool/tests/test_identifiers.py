"""Layer 1: every direct identifier is found, however it is written; what only looks like one is not."""

import csv
import re
import signal
import time
from datetime import date
from pathlib import Path

import pytest

from stp_portfolio.privacy import NEVER_ALLOWED, Vocabulary, direct, identifiers, screen, text

NUMBER = "999 055 4331"
ASKED = [row for row in identifiers.patterns("asked") if row.kind != "day" or not row.judge]
PATTERNS = [row for table in ("pattern", "public") for row in identifiers.patterns(table)]


def rows(label):
    with Path(__file__).with_name("identifiers.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file) if row["label"] == label]


# -- patterns ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [*PATTERNS, *ASKED], ids=lambda row: f"{row.kind}: {row.finds[0]}")
def test_pattern_finds_its_examples(pattern):
    """What stands beside a pattern is found by it, or not; its words are plain, else nobody looks at them."""

    def found(example):
        flat = text.flatten(example)[0]
        return any(pattern.spans(identifiers.Page(flat, everywhere=pattern in ASKED)))

    assert [example for example in pattern.finds if not found(example)] == []
    assert [example for example in pattern.leaves if found(example)] == []
    assert pattern.sees == "raw" or all(screen(example, Vocabulary()) for example in pattern.finds)
    plain = re.compile(r"[A-Za-z]+(?![A-Za-z?*+{\[]|\(\?:[^-])|\{\w+\}$")
    assert all(plain.match(word) for word in re.sub(r"\n\s*", "", pattern.words).split("|") if word)


def test_patterns_can_be_read():
    """No line of the files is too long to read, and kinds that callers name are kinds."""
    files = (Path(text.__file__).with_name(name) for name in identifiers.DATA)
    assert max(len(line) for path in files for line in path.read_text("utf-8").splitlines()) <= 120
    assert {row.kind for row in identifiers.patterns()} >= NEVER_ALLOWED


# -- the set ----------------------------------------------------------------------------------


def test_every_identifier_of_the_set_is_found():
    """In records, messages, headers, logs, addresses, tables and prose, broken over lines or badly read."""
    assert len(rows("1")) >= 150
    assert [words for words in rows("1") if not direct(words)] == []


def test_look_alikes_of_the_set_are_left_alone():
    """References, codes of terms, versions, sums, public numbers and days: hardly one is taken for more."""
    assert len(rows("0")) >= 100
    false = {words: [hit.text for hit in hits] for words in rows("0") if (hits := direct(words))}
    assert len(false) <= 0.02 * len(rows("0")), false


JUDGED = (
    "Mrs Holloway/Dr Okafor disagreed/Pt K.B. was late/a 63-year-old woman/Juniper Ward, side/@sofia_flow"
)


@pytest.mark.parametrize("words", JUDGED.split("/"))
def test_what_a_person_must_judge_stops_no_build(words):
    """Names, initials, ages, places and handles are asked about: approved, they are silent."""
    assert direct(words) == []
    found = screen(words, Vocabulary())
    assert found
    assert not any(hit.direct for hit in found)
    assert screen(words, Vocabulary([hit.text for hit in found])) == []


# -- NHS numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "right"),
    [("9990554331", 1), ("9990554330", 0), ("9991187856", 0), ("9876543210", 1), ("0101010000", 0)],
)
def test_check_digit(digits, right):
    """The NHS number's modulus 11, at numbers checked by hand; a remainder of ten is never right."""
    assert identifiers.modulus_11(digits) == bool(right)


SPLIT = (
    "9990554331 / 999 055 4331 / 999\u00a0055\u00a04331 / 999.055.4331 / 999-055-4331 / 999/055/4331"
    " / 999\u2011055\u20114331 / 9\u200b99\u200b055\u200d4331 / **999** **055** **4331**"
    " / __999__ _055_ *4331* / | 999 | 055 | 4331 | / \uff19\uff19\uff19 055 4331"
    " / <b>999</b>&nbsp;055&#160;4331 / 9 9 9 0 5 5 4 3 3 1"
)


@pytest.mark.parametrize("number", SPLIT.split(" / "))
def test_number_is_found_however_it_is_split(number):
    """Typography hides nothing, and the hit covers the whole of it."""
    hits = direct(f"I read {number} aloud.")
    assert [hit.kind for hit in hits] == ["NHS number"]
    assert hits[0].start <= 7 + number.index(next(c for c in number if c.isdigit()))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (f"NHS number {NUMBER}", "NHS number"),
        ("tel 07700 900 182", "phone"),
        ("user jo.bloggs2@hospital.example", "e-mail"),
    ],
)
def test_what_may_never_be_allowed_keeps_its_name(words, kind):
    """Whatever else sees it, and however much more of the text that takes."""
    assert [hit.kind for hit in direct(words)] == [kind]
    assert kind in NEVER_ALLOWED


# -- lines ------------------------------------------------------------------------------------

WRAPPED = [
    f"I read NHS number {NUMBER} aloud",
    "She was born on 12 March 1957 in the north",
    "The patient collapsed on 12 March 2024 in front of me",
    "The form says EC1A 1BB and nothing else",
    "Her mobile is 07700 900 182 at night",
    "Hospital number RXH 448 2107 was called",
    "My bleep is 4521 on Fridays",
]
MARKS = {"paragraph": ("", "\n"), "list": ("- ", "\n  "), "quote": ("> ", "\n> "), "Windows": ("", "\r\n")}


WRAPPED += [words.replace(" 055 ", "-055-").replace(" 900 ", "-900-") for words in WRAPPED[::4]]
WRAPPED += ["She was born on 12/03/1957", "Write to jo.bloggs@hospital.example", "The form says EC1A-1BB"]


@pytest.mark.parametrize("words", WRAPPED)
@pytest.mark.parametrize("mark", MARKS)
def test_no_line_end_hides_anything(words, mark):
    """At whatever space, hyphen, stroke or @ a line is broken, in a paragraph, a list or a quotation."""
    begin, broken = MARKS[mark]
    places = [match.span() for match in re.finditer(r" |(?<=\w[-/@])(?=\w)", words)]
    pages = [f"{begin}{words[:start]}{broken}{words[end:]}." for start, end in places]
    assert [page for page in pages if not direct(page)] == []


def test_address_broken_before_a_full_stop_is_one():
    """An editor that breaks a long address begins its next line with the stop."""
    assert [hit.kind for hit in direct("Write to jo.bloggs@trust\n.hospital.example today")] == ["e-mail"]


@pytest.mark.parametrize("apart", ["\n\n", "\n- ", "\n| ", "\n1. ", "\n# ", "\n```\n"])
def test_blocks_are_no_one_number(apart):
    """An empty line, a list's item and a table's row end what stands before."""
    assert direct(f"We counted 999{apart}055 4331") == []


def test_hit_stands_where_it_was_found():
    """Positions are those of the text given, over broken lines, entities and letters of any width."""
    page = "Élan – caf&eacute;\r\n> **seen**  \r\n> with \uff19\uff19\uff19 055\r\n>   4331 on it; " + NUMBER
    hits = direct(page)
    assert [page[hit.start : hit.end] for hit in hits] == [hit.text for hit in hits]
    assert [re.sub(r"\D", "", text.flatten(hit.text)[0]) for hit in hits] == ["9990554331"] * 2


def test_own_days_are_no_encounters():
    """A day of the record is left alone in any form, another day beside a patient is not."""
    page = "The patient was seen on 4 February 2024, 2024-02-04 and 4th Feb 2024"
    assert direct(page, [date(2024, 2, 4)]) == []
    assert len(direct(page, [date(2024, 2, 5)])) == 3


# -- time -------------------------------------------------------------------------------------

SHAPES = (
    "a|1 |1|: |:|A |@|é|0aF+/|12 |1 jan |nhs 1|12345 |a@b.|born |_|\\|x: 1\n|http://|he 1/2/24 |seven |\n"
)


@pytest.mark.parametrize("shape", SHAPES.split("|"))
def test_time_grows_with_the_text(shape):
    """Twice the text takes about twice the time, whatever its shape."""

    def seconds(length):
        page = shape * (length // len(shape))
        begun = time.process_time()
        direct(page)
        return time.process_time() - begun

    seconds(100)  # what is read and compiled once
    assert any(seconds(2 * length) <= 3 * seconds(length) for length in (20_000, 30_000, 40_000, 50_000))


def test_screening_can_be_interrupted():
    """One line of five megabytes: an interrupt ends it within a second."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    page = "the 12 patients of 3 May, " * 200_000
    before = signal.signal(signal.SIGALRM, interrupt)
    begun = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            direct(page)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 1.3

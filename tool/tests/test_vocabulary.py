"""Layer 2: names and what singles out are asked about, the words of the trade are not."""

import csv
import re
from pathlib import Path

import pytest

from stp_portfolio.privacy import Vocabulary, direct, screen, unknown, vocabulary

WORDS = vocabulary.WORDS
RULES = [*vocabulary._data()["ask"], *vocabulary._data()["quiet"]]


def asked(text, *terms):
    return [hit.text for hit in unknown(text, Vocabulary(terms))]


def matches(rule, text):
    """Whether a pattern stands in a text, as the program would look for it."""
    row = "".join(map(Vocabulary().letters.__getitem__, vocabulary.tokens_of(text)))
    row = vocabulary._quietened(row) if "kind" in rule else row
    return vocabulary._compiled(rule["pattern"]).search(row) is not None


# -- the patterns and the lists ---------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{rule.get('kind', 'quiet')}: {rule['pattern'][:50]}"
)
def test_pattern_does_what_stands_beside_it(rule):
    """It finds its examples, by its kind; what it leaves, or quietens, is asked about by no pattern."""
    for text in rule.get("finds", ()):
        assert matches(rule, text), text
        assert rule["kind"] in [hit.kind for hit in unknown(text, Vocabulary())], text
    for text in rule["leaves"]:
        assert asked(text) == []
        assert "kind" in rule or matches(rule, text), text


def test_patterns_can_be_read():
    """No line of the file is too long, and a misspelt sign or group is no silent nothing."""
    lines = Path(vocabulary.__file__).with_suffix(".toml").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 120
    for wrong in ("{nmae}", "{NOWHERE}"):
        with pytest.raises((ValueError, KeyError)):
            vocabulary._compiled(wrong)


def test_lists_are_small_and_say_where_they_are_from():
    """Every list stands in a note of its source and licence, and all of them weigh at most 700 kB."""
    files = list(WORDS.iterdir())
    notes = "".join(path.read_text(encoding="utf-8") for path in files if path.suffix == ".LICENSE")
    assert [path.name for path in files if path.suffix != ".LICENSE" and path.name not in notes] == []
    assert sum(path.stat().st_size for path in files) <= 700_000


@pytest.mark.parametrize("word", "workflow anonymised oncologist powerpoint reanalysed hadn't".split())
def test_words_of_the_trade_are_known(word):
    """In small letters and with a capital: at the head of a sentence, a list or a heading."""
    assert asked(f"{word.capitalize()} came first, then {word}.") == []


# -- the set ----------------------------------------------------------------------------------


def test_names_of_every_origin(record_property):
    """Of sentences nastier than life: at least 0.95 of what identifies, at most 10 % of the clean ones."""
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missed = [row["text"] for row in rows if row["label"] == "1" and not asked(row["text"])]
    false = {row["text"]: terms for row in rows if row["label"] == "0" and (terms := asked(row["text"]))}
    clean = sum(row["label"] == "0" for row in rows)
    assert len(rows) >= 500
    record_property(
        "summary", f"names: {len(missed)} of {len(rows) - clean} missed, {len(false)} of {clean} asked"
    )
    assert len(missed) <= 0.05 * (len(rows) - clean), missed
    assert len(false) <= 0.1 * clean, false


NAMES = "Grace asked me to wait.|Will said no.|I asked Rose to hold still.|Mark's results came back."
PLAIN = "Grace periods were short.|Will this change my practice?|Mark each row.|Hope springs eternal."


@pytest.mark.parametrize(("texts", "expected"), [(NAMES, True), (PLAIN, False)])
def test_names_that_are_words(texts, expected):
    """What stands round an everyday word tells a name from a word."""
    assert [text for text in texts.split("|") if bool(asked(text)) != expected] == []


def test_surname_of_a_model_is_asked_about_where_it_is_a_persons():
    """Used for the model, the test, the disease or the paper it is silent; in a person's place it is not."""
    for use in (
        "Edwards syndrome",
        "Edwards (2017)",
        "(Edwards et al., 2021)",
        "Edwards, S. (2017) Reflection.",
    ):
        assert asked(f"I read of {use}") == [], use
    assert asked("I spoke with Edwards.") == ["Edwards"]


REFERENCES = "## References\n\n- Okonkwo on waiting.\n\nKowalska, A. (2021) Waiting. Kraków: Nowak.\n"


def test_references_are_no_question_and_what_follows_them_is():
    """The items of a list of references hold authors and publishers; the text after it, people."""
    assert asked(f"{REFERENCES}\n## Thanks\n\nOkonkwo helped.") == ["Okonkwo"]
    assert asked(f"{REFERENCES}\nOkonkwo helped.") == ["Okonkwo"]


def test_name_is_one_question_over_a_line_end():
    """Words of a name that adjoin are one, whatever wraps the line; a number stands for itself."""
    assert asked("Then Priya\nRamanathan came, and Siân ap Rhys.") == ["Priya\nRamanathan", "Siân ap Rhys"]
    hits = screen("The label said 77/1482/K", Vocabulary())
    assert [(hit.kind, hit.text) for hit in hits] == [("number or code", "77/1482/K")]


# -- approved terms ---------------------------------------------------------------------------


def test_term_is_asked_about_once_and_can_be_approved():
    """A phrase is one term; approved, it is silent; its words alone are not."""
    page = "I met Quenby Marl twice."
    assert asked(page) == ["Quenby Marl"]
    assert asked(page, "Quenby Marl") == []
    assert asked("I met Marl.", "Quenby Marl") == ["Marl"]
    assert asked("Kowalska's gel was Kowalska's.", "Kowalska") == []


def test_approval_of_a_word_in_one_place_is_none_in_another():
    """An everyday word is asked about with its company, and so are a role and a condition."""
    (first,) = asked("I asked Rose to wait.")
    assert first == "asked Rose"
    assert asked("I asked Rose to wait.", first) == []
    assert asked("Rose told me.", first) == ["Rose told"]
    for text in ("She is the only consultant geneticist in Wales.", "I have type 1 diabetes."):
        assert asked(text, *asked(text)) == []


def test_approved_phrases_and_codes_are_silent_everywhere():
    """However it is wrapped, and a code as it is written."""
    assert asked("Then Priya\nRaman came.", "Priya Raman") == []
    assert screen("The label said 77/1482/K", Vocabulary(["77/1482/K"])) == []


def test_layer_2_alone_stops_no_build():
    """What it finds is a question: no hit of it is a direct identifier."""
    text = "Priya Ramanathan, aged 97, the only harpist in Wales, on Ward 7B, with Rose; sample 25.1147302.K"
    hits = unknown(text, Vocabulary())
    assert len({hit.kind for hit in hits}) >= 4
    assert not any(hit.direct for hit in hits)
    assert all(text[hit.start : hit.end] == hit.text for hit in hits)
    assert re.search("Priya", hits[0].text)
    assert direct("Priya Ramanathan came.") == []

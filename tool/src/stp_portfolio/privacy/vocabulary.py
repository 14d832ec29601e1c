"""Layer 2: a closed vocabulary. Whatever is not a plain English word as it is written waits for review.

No list holds all names, so names are not looked for: every unknown word is asked about once, and
every capital that does not begin a sentence. The word lists are data, in ``words/``, with their licences.
"""

from __future__ import annotations

import gzip
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from stp_portfolio.privacy.identifiers import context, patterns
from stp_portfolio.privacy.text import Hit, flatten

WORDS = Path(__file__).with_name("words")
_NEAR = 60  # characters before a word that say whether it begins a sentence
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*", re.UNICODE)


@cache
def _listed(name: str) -> frozenset[str]:
    raw = (WORDS / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def first_names() -> frozenset[str]:
    """Given names of many countries, in lower case."""
    return _listed("given_names.txt")


def is_english(word: str) -> bool:
    """Whether a word, in lower case, is on the British and American word lists or on that of the trade."""
    return word in _listed("english.txt.gz") or word in _listed("trade.txt")


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first, that branches letter by letter.

    The codes and ids of a large portfolio are thousands; one after another at each place of a text, they
    would make screening grow with the square of the portfolio.
    """
    rests: dict[str, list[str]] = {}
    for phrase in phrases:
        rests.setdefault(phrase[:1], []).append(phrase[1:])
    ends_here = rests.pop("", None)
    begins = {letter: r"\s+" if letter == " " else re.escape(letter) for letter in rests}
    parts = [begins[letter] + _any_of(rest) for letter, rest in rests.items()]
    if len(parts) == 1 and not ends_here:
        return parts[0]
    return f"(?:{'|'.join(parts)}){'?' if ends_here else ''}" if parts else ""


class Vocabulary:
    """The approved terms: words and phrases that are no names of persons or places.

    A term in lower case approves the word in any position; one with capitals approves that form.
    """

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self.codes = {term.strip() for term in terms}
        plain = {flatten(term)[0].strip() for term in self.codes} - {""}
        self.words = {term for term in plain if _WORD.fullmatch(term)}
        phrases = sorted(plain - self.words, reverse=True)
        self.phrases = re.compile(rf"(?<![^\W\d_])(?:{_any_of(phrases)})(?![^\W\d_])") if phrases else None

    def spans(self, flat: str) -> list[tuple[int, int]]:
        """Where approved phrases stand."""
        return [match.span() for match in self.phrases.finditer(flat)] if self.phrases else []

    def holds(self, word: str) -> bool:
        """Whether a word is approved as it is written; the possessive of a term is as well."""
        base = word[:-2] if word.endswith("'s") else word.rstrip("'")
        return bool({word, base, word.lower(), base.lower()} & self.words) or (
            base.endswith("s") and base[:-1] in self.words
        )


def unknown(text: str, vocabulary: Vocabulary) -> list[Hit]:
    """The terms in a text that wait for review; adjoining words are one: a phrase is asked about once."""
    flat, places = flatten(text)
    approved = vocabulary.spans(flat)  # none over another, in their order

    def is_approved(start: int, end: int) -> bool:
        at = bisect_right(approved, (start, len(flat))) - 1
        return at >= 0 and end <= approved[at][1]

    words = (match for match in _WORD.finditer(flat) if not is_approved(*match.span()))
    terms = _terms(flat, (match for match in words if _suspicious(flat, match, vocabulary)))
    codes = [span for code in patterns("code") for span in code.spans(flat, {}, frozenset())]
    terms += [span for span in codes if not is_approved(*span) and flat[slice(*span)] not in vocabulary.codes]
    spans = ((places[start], places[end - 1] + 1) for start, end in terms)
    return [Hit("term", text[first:last], first, last, direct=False) for first, last in spans]


def _terms(flat: str, words: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    """The spans of suspicious words, those that adjoin and begin with a capital as one."""
    spans: list[tuple[int, int]] = []
    joins = False  # whether the next word may belong to the last
    for match in words:
        start, end = match.span()
        follows = context("speaks").match(flat, end) if _is_also_name(match) else None
        if follows:  # "Hope is" is what is asked about: to approve it must not approve "Hope said"
            end = follows.end()
        elif joins and flat[start].isupper() and _adjoins(flat, spans[-1], start):
            start = spans.pop()[0]
        spans.append((start, end))
        joins = not follows
    return spans


def _adjoins(flat: str, last: tuple[int, int], start: int) -> bool:
    return flat[last[0]].isupper() and flat[last[1] : start] in (" ", "-", "- ")


def _is_also_name(match: re.Match[str]) -> bool:
    return not match[0].islower() and match[0].lower() in _listed("names_that_are_words.txt")


def _suspicious(flat: str, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    """Whether a word may name somebody, as it is written and where it stands."""
    word = match[0]
    lower = word.lower().removesuffix("'s")
    if len(word) == 1 or lower == "her" or vocabulary.holds(word) or context("contracted").fullmatch(word):
        return False
    if word.islower():
        return not all(is_english(part) for part in lower.split("'") if len(part) > 1)
    return _names_somebody(flat, match, lower)


def _names_somebody(flat: str, match: re.Match[str], lower: str) -> bool:
    """Whether a word with a capital may be a name: by where it stands, what follows, and the lists."""
    word = match[0]
    acts = lower in _listed("names_that_are_words.txt") and context("speaks").match(flat, match.end())
    if acts or context("calendar").fullmatch(word):
        return bool(acts)
    if word.isupper() or not is_english(lower) or not _begins_sentence(flat, match.start()):
        return True
    if lower in _listed("names_that_are_words.txt"):
        return word.endswith("'s") or flat.startswith(("'s", "s'"), match.end())
    return lower in first_names()


def _begins_sentence(flat: str, start: int) -> bool:
    """Whether a word begins a sentence: after its mark, or at the head of a block."""
    before = flat[start - _NEAR : start] if start > _NEAR else f"\n\n{flat[:start]}"
    return bool(context("begins").search(before))

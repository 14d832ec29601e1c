"""A text as it reads, whatever its typography, and what is found in it."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found in a text: its kind, the words themselves and where they stand.

    ``direct`` hits are identifiers by their form and cannot be approved; the others are terms to
    review. ``start`` and ``end`` are positions in the text that was screened.
    """

    kind: str
    text: str
    start: int
    end: int
    direct: bool


# Tags without attributes only: what stands in an attribute is read by somebody, too.
_MARKUP = re.compile(
    r"</?(?:b|i|u|s|em|strong|span|td|tr|th|p|br|div|sub|sup|code|mark|small|li|kbd|del|ins)\s*/?>|&#?\w{2,8};"
)


def flatten(text: str) -> tuple[str, list[int]]:
    """The text as a reader sees its characters, and for each of them its place in the original.

    Full-width digits become digits, invisible characters and Markdown's emphasis go, every kind of
    space and dash becomes the plain one: an identifier cannot hide behind its typography.
    """
    letters: list[str] = []
    places: list[int] = []
    markup = {match.start(): match for match in _MARKUP.finditer(text)}
    place = 0
    while place < len(text):
        match = markup.get(place)
        raw = text[place] if match is None else html.unescape(match[0]) if match[0].startswith("&") else ""
        for letter in unicodedata.normalize("NFKC", raw):
            category = unicodedata.category(letter)
            if category == "Cf" or letter in "*`~" or (letter == "_" and _is_emphasis(text, place)):
                continue
            plain = " " if category == "Zs" else "-" if category == "Pd" or letter == "\u2212" else letter
            letters.append("'" if plain in "\u2018\u2019\u02bc" else plain)
            places.append(place)
        place += 1 if match is None else len(match[0])
    return "".join(letters), places


def _is_emphasis(text: str, place: int) -> bool:
    """Whether an underscore is a mark of emphasis: one inside a word joins it instead."""
    left, right = text[place - 1 : place].strip("_*"), text[place + 1 : place + 2].strip("_*")
    return not (left.isalnum() and right.isalnum())

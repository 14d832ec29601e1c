"""A text as it reads, whatever its typography, and what is found in it."""

from __future__ import annotations

import html
import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


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


# Where a text may differ from what its reader sees; everything between is taken as it stands.
_SPECIAL = re.compile(rf"{_MARKUP.pattern}|[*`~_]|[^\x00-\x7f]")


@lru_cache(maxsize=4)  # each layer asks for the same text
def flatten(text: str) -> tuple[str, Sequence[int]]:
    """The text as a reader sees its characters, and for each of them its place in the original.

    Full-width digits become digits, invisible characters and Markdown's emphasis go, every kind of
    space and dash becomes the plain one: an identifier cannot hide behind its typography.
    """
    letters: list[str] = []
    places = array("L")
    place = 0
    for match in _SPECIAL.finditer(text):
        letters.append(text[place : match.start()])
        places.extend(range(place, match.start()))
        place = match.start()
        raw = (
            match[0]
            if match.end() - place == 1
            else html.unescape(match[0])
            if match[0].startswith("&")
            else ""
        )
        for letter in unicodedata.normalize("NFKC", raw):
            category = unicodedata.category(letter)
            if category == "Cf" or letter in "*`~" or (letter == "_" and _is_emphasis(text, place)):
                continue
            plain = " " if category == "Zs" else "-" if category == "Pd" or letter == "\u2212" else letter
            letters.append("'" if plain in "\u2018\u2019\u02bc" else plain)
            places.append(place)
        place = match.end()
    letters.append(text[place:])
    places.extend(range(place, len(text)))
    return "".join(letters), places


def _is_emphasis(text: str, place: int) -> bool:
    """Whether an underscore is a mark of emphasis: one inside a word joins it instead."""
    left, right = text[place - 1 : place].strip("_*"), text[place + 1 : place + 2].strip("_*")
    return not (left.isalnum() and right.isalnum())

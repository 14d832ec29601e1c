"""A text as it reads, whatever its encoding and typography, and what is found in it."""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


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


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read(path: Path) -> str:
    """The text of any file, with plain line ends: what is no good UTF-8 is screened all the same."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# Tags without attributes only: what stands in an attribute is read by somebody, too.
_MARKUP = re.compile(
    r"</?(?:b|i|u|s|em|strong|span|td|tr|th|p|br|div|sub|sup|code|mark|small|li|kbd|del|ins)\s*/?>"
    r"|&#?\w{2,8};"
)


# Where a text may differ from what its reader sees; everything between is taken as it stands.
_SPECIAL = re.compile(rf"{_MARKUP.pattern}|\r\n?|[*`~_]|[^\x00-\x7f]")


@lru_cache(maxsize=4)  # each layer asks for the same text
def flatten(text: str) -> tuple[str, Sequence[int]]:
    """The text as a reader sees its characters, and for each of them its place in the original.

    Full-width digits become digits, invisible characters and Markdown's emphasis go, every kind of
    space, dash and line end becomes the plain one: an identifier cannot hide behind its typography.
    """
    letters: list[str] = []
    places = array("L")
    place = 0
    for match in _SPECIAL.finditer(text):
        letters.append(text[place : match.start()])
        places.extend(range(place, match.start()))
        for letter in _plain(match):
            letters.append(letter)
            places.append(match.start())
        place = match.end()
    letters.append(text[place:])
    places.extend(range(place, len(text)))
    return "".join(letters), places


_LOOKS_LIKE = {"Zs": " ", "Pd": "-", "\u2212": "-", "\u2018": "'", "\u2019": "'", "\u02bc": "'"}


def _plain(match: re.Match[str]) -> Iterator[str]:
    """The plain characters that a reader sees in place of a special one, a tag or an entity."""
    if match[0].startswith(("\r", "<")):  # a line end; or a tag, which nobody sees
        yield from "\n" * match[0].startswith("\r")
        return
    for letter in unicodedata.normalize("NFKC", html.unescape(match[0])):
        category = unicodedata.category(letter)
        emphasis = letter in "*`~" or (letter == "_" and _is_emphasis(match.string, match.start()))
        if category != "Cf" and not emphasis:
            yield _LOOKS_LIKE.get(category) or _LOOKS_LIKE.get(letter, letter)


def _is_emphasis(text: str, place: int) -> bool:
    """Whether an underscore is a mark of emphasis: one inside a word joins it instead."""
    left, right = text[place - 1 : place].strip("_*"), text[place + 1 : place + 2].strip("_*")
    return not (left.isalnum() and right.isalnum())

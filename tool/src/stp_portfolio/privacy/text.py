"""A text as it reads, whatever its encoding and typography, and what is found in it."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

# Kinds that no decision may let pass: their check digit, or the form of an address, leaves no doubt.
NEVER_ALLOWED = frozenset({"NHS number", "e-mail", "phone"})


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


@cache
def rows(name: str) -> dict[str, Any]:
    """The tables of one of the room's files of patterns."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def in_one_line(pattern: str) -> str:
    """A pattern as it is meant: its lines joined without what indents them, so that a space stays one."""
    return re.sub(r"\n\s*", "", pattern)


def joined(text: str, found: Iterable[tuple[int, int, str]], *, direct: bool) -> list[Hit]:
    """What was found in the flat text, in its order and as it stands in the text itself.

    What overlaps is one. It has the kind of the first, or one that may never be allowed.
    """
    places, hits = flatten(text)[1], list[Hit]()
    for begins, ends, kind in sorted(found, key=lambda each: (each[0], -each[1])):
        start, end = places[begins], places[ends - 1] + 1
        if hits and start < hits[-1].end:
            before = hits.pop()
            start, end = before.start, max(before.end, end)
            kind = kind if kind in NEVER_ALLOWED else before.kind
        hits.append(Hit(kind, text[start:end], start, end, direct))
    return hits


# Where a text may differ from what its reader sees; everything between is taken as it stands. It begins
# with one character of a set, which is fast. What stands in an attribute is read by somebody: a tag with
# more than a class stays; underscores inside a word join it, so they stay as well.
_SPECIAL = re.compile(
    r"""[ \t\r\n<&*`~_\x80-\U0010ffff] (?:
    (?P<end> (?<=[\r\n]) (?:(?<=\r)\n)? (?!\n) [ \t]* (?:>[ \t]*){0,9} )
    | (?P<seen> (?<=&)\#?\w{2,8}; | (?<=[^\x00-\x7f])[^\x00-\x7f]*
      | (?<=[ \t]) (?<![ \t][ \t]) (?:[ \t]++|(?<=\t)) (?![\r\n]) )
    | (?<=[*`~])[*`~]* | (?<=_)(?<!__)(?: (?<![^\W_]_)_* | _*+(?![^\W_]) )
    | (?<=<)(?i:/?(?:b|i|u|s|em|strong|span|td|tr|th|p|br|div|sub|sup|code|mark|small|li|kbd|del|ins)
      (?:\ (?:class|style|lang|dir)="[^"<>\d]{0,80}")?\s?/?>) )""",
    re.VERBOSE,
)
# What a line begins with that does not go on from the one before: a block, a row, a log's time; what ends
# with its line; and a line of settings or of a form.
_BLOCK = re.compile(r"[-*+] |\d{1,2}[.)] |[|#%:<{}\[\]\"]|```|~~~|---|===|\d{4}-\d\d-\d\d[T ]\d\d:|\r|\n|\Z")
_ROW = re.compile(r"[^|]*\||[ \t>]*(?:[#%]|```|~~~|---|===|:::|$)")
_FIELD = re.compile(r"[ \t>]*[\"']?[A-Za-z][\w .-]{0,30}[\"']? ?[:=]")
_LOOKS_LIKE = {"Zs": " ", "Pd": "-", "\u2212": "-", "\u2018": "'", "\u2019": "'", "\u02bc": "'", "Cf": ""}


@lru_cache(maxsize=4)  # each layer asks for the same text
def flatten(text: str) -> tuple[str, Sequence[int]]:
    """The text as a reader sees its characters, and for each of them its place in the original.

    Full-width digits become digits, invisible characters and Markdown's emphasis go, every kind of space
    and dash becomes the plain one, several spaces are one, a line that only an editor broke goes on: an
    identifier cannot hide behind its typography.
    """
    letters: list[str] = []
    places, place = array("L"), 0
    for match in _SPECIAL.finditer(text):
        start, end = match.span()
        ends = match["end"] is not None
        letter = "" if match["seen"] is None else " " if match[0].isspace() else html.unescape(match[0])
        seen = _line_end(match) if ends else "".join(map(_plain, letter))
        letters += text[place:start].rstrip(" \t") if seen == " " and ends else text[place:start], seen
        places.extend(range(place, place + len(letters[-2])))
        # Where letters stand for others one by one, each has its own place; else all have the first one.
        places.extend(range(start, end) if len(seen) == end - start else [start] * len(seen))
        place = end
    places.extend(range(place, len(text)))
    return "".join([*letters, text[place:]]), places


@lru_cache(maxsize=10_000)
def _plain(letter: str) -> str:
    """The plain characters that a reader sees in place of one letter."""
    digit = unicodedata.decimal(letter, None)
    parts = ((part, unicodedata.category(part)) for part in unicodedata.normalize("NFKC", letter))
    seen = "".join(_LOOKS_LIKE.get(kind, _LOOKS_LIKE.get(part, part)) for part, kind in parts)
    return seen if digit is None else str(digit)


def _line_end(match: re.Match[str]) -> str:
    """A space where the next line goes on, as a paragraph's do; nothing at a hyphen or before a stop."""
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - 200) : start].rpartition("\n")[2]
    after = text[end : end + 200].partition("\n")[0]
    apart = _BLOCK.match(text, end) or _ROW.match(before) or (_FIELD.match(before) and _FIELD.match(after))
    if apart or not re.search("[A-Za-z]", before + after):  # a column is numbers alone
        return "\n"
    return "" if re.search(r"\w[-/@]$", before) or re.match(r"\.\w", after) else " "

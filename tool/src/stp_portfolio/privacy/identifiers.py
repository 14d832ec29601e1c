"""Layer 1: direct identifiers, found by form, check digit and context. None of them can be approved.

What they look like is data: ``identifiers.toml``. Here is how it is read, and what no pattern can judge.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stp_portfolio.core import dates
from stp_portfolio.privacy.text import Hit, flatten

DATA = Path(__file__).with_name("identifiers.toml")
Match = re.Match[str]
Starts = Mapping[str, Sequence[int]]
Judge = Callable[[str, Match, frozenset[date]], bool]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


def _filled(pattern: str) -> str:
    """A pattern as it is written in the file, in one line and with its named parts in place."""
    named = _data()["context"] | _data()["parts"]
    while re.search(r"\n|\{[a-z_]+\}", pattern):
        pattern = re.sub(r"\n\s*", "", pattern)
        pattern = re.sub(r"\{([a-z_]+)\}", lambda match: str(named[match[1]]), pattern)
    return pattern


@cache
def context(name: str) -> re.Pattern[str]:
    """The pattern of that name for what stands round a match."""
    return re.compile(_filled(_data()["context"][name]))


@dataclass(frozen=True)
class Pattern:
    """One row of the file; compiled when a text first asks for it."""

    kind: str
    pattern: str
    finds: Sequence[str]
    leaves: Sequence[str]
    words: str = ""
    case: bool = False
    not_after: str = ""
    inside: str = ""
    sentence: Sequence[str] = ()
    judge: str = ""

    @cached_property
    def leading(self) -> frozenset[str]:
        """The first words, in small letters, of what it begins with; empty if it may begin anywhere."""
        return frozenset(re.findall(r"(?:^|\|)([a-z]+)", _filled(self.words).lower()))

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], ...]:
        lead = rf"\b(?:{self.words})" if self.words else ""
        parts = (lead + self.pattern, self.not_after, self.inside)
        return tuple(re.compile(_filled(part), 0 if self.case else re.IGNORECASE) for part in parts)

    def spans(self, flat: str, starts: Starts, own: frozenset[date]) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, by its ``it`` where it has one."""
        held = (match for match in self._matches(flat, starts) if self._holds(flat, match, own))
        yield from (match.span("it" if "it" in match.re.groupindex else 0) for match in held)

    def _matches(self, flat: str, starts: Starts) -> Iterator[Match]:
        if not self.leading:
            yield from self._compiled[0].finditer(flat)
        elif not self.leading.isdisjoint(starts):
            end = 0
            for at in sorted(at for word in self.leading for at in starts.get(word, ())):
                if at >= end and (match := self._compiled[0].match(flat, at)):
                    end = match.end()
                    yield match

    def _holds(self, flat: str, match: Match, own: frozenset[date]) -> bool:
        """Whether a match is what it looks like, by what stands before, inside and round it."""
        _, not_after, inside = self._compiled
        if self.not_after and not_after.search(flat[max(0, match.start() - 30) : match.start()]):
            return False
        if self.sentence:
            around = _sentence(flat, match)
            return all(context(name).search(around) for name in self.sentence)
        return bool(inside.search(match[0])) and (not self.judge or _JUDGES[self.judge](flat, match, own))


@cache
def patterns(table: str = "pattern") -> tuple[Pattern, ...]:
    """The rows of a table of the file."""
    return tuple(Pattern(**row) for row in _data()[table])


_WORD = re.compile(r"\b(?=(?P<head>[A-Z]?[a-z]*))[A-Za-z]+")  # the head of EpisodeID is a word, too


def starts_of(flat: str) -> Starts:
    """Where each word stands that a pattern begins with."""
    starts: dict[str, list[int]] = defaultdict(list)
    for word in _WORD.finditer(flat):
        for lower in {word[0].lower(), word["head"].lower()}:
            starts[lower].append(word.start())
    return starts


def direct(text: str, own_dates: Iterable[date] = ()) -> list[Hit]:
    """The direct identifiers in a text, in order. ``own_dates`` are the record's own and no encounters."""
    flat, places = flatten(text)
    for harmless in (context("public"), _UNREADABLE):
        flat = harmless.sub(lambda match: " " * len(match[0]), flat)
    own, starts = frozenset(own_dates), starts_of(flat)
    found = [(*span, one.kind) for one in patterns() for span in one.spans(flat, starts, own)]
    hits: list[Hit] = []
    for start, end, kind in sorted(found, key=lambda item: (item[0], -item[1])):
        first, last = places[start], places[end - 1] + 1
        if not hits or first >= hits[-1].end:  # the widest of those that overlap says it
            hits.append(Hit(kind, text[first:last], first, last, direct=True))
    return hits


# The middle of an embedded picture or of compressed data: no reader reads it, and it takes long to look at.
_UNREADABLE = re.compile(r"(?<=[A-Za-z\d+/=]{100})[A-Za-z\d+/=]{100,}+")


# -- judges -----------------------------------------------------------------------------------


def modulus_11(digits: str) -> bool:
    """Whether ten digits carry the check digit of an NHS number (the CHI number has the same one).

    The nine digits before it are weighted 10 to 2; eleven minus the sum's remainder is the tenth,
    0 for eleven, and none where it would be ten. Source: NHS Data Dictionary, *NHS NUMBER*.
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    check = 11 - weighted % 11
    return check != 10 and int(digits[9]) == check % 11


# How ten digits are parted where they are one number, as in 999 055 4331; any other is a row of numbers.
_GROUPS = "10 334 1111111111 55 37 64 46 343 433 22222 1234 3322".split()


def _nhs_number(flat: str, match: Match, own: frozenset[date]) -> bool:
    """Ten digits with a right check digit that count nothing, or any ten that are called so."""
    before, after = flat[max(0, match.start() - 40) : match.start()], flat[match.end() : match.end() + 60]
    groups = "".join(map(str, map(len, re.findall(r"\d+", match[0]))))
    digits = re.sub(r"\D", "", match[0])
    if context("catalogued").search(before) or len(set(digits)) == 1:
        return False
    if context("nhs").search(before) or (groups == "334" and context("nhs_number").search(after)):
        return True
    counted = groups == "10" and context("counted").match(after) and not context("health").search(before)
    return groups in _GROUPS and modulus_11(digits) and not counted


def _encounter(flat: str, match: Match, own: frozenset[date]) -> bool:
    """A day on which something happened to somebody; the trainee's own dates are no encounters."""
    if _short(match[0]) in _forms(own):
        return False
    before = flat[max(0, match.start() - 60) : match.start()]
    said = context("own_date").search(before) or context("own_after").match(flat, match.end())
    return not said or bool(context("people").search(_sentence(flat, match)))


@cache
def _forms(days: frozenset[date]) -> frozenset[str]:
    """The ways in which days are written, in short."""
    return frozenset(_short(form) for day in days for form in (day.isoformat(), dates.written(day)))


def _short(day: str) -> str:
    """``4 feb 2025`` for 4 February 2025 and the 4th of it; another form as it is."""
    return re.sub(r"^0?(\d{1,2})(?:st|nd|rd|th)? (\w{3})\w* (\d{4})$", r"\1 \2 \3", day.lower())


_JUDGES: dict[str, Judge] = {"nhs number": _nhs_number, "encounter": _encounter}
_ENDS = re.compile(r"[.?!] |[\n|]")
_FAR = 400  # no sentence is longer, and a text without a full stop is not read again for each date


def _sentence(flat: str, match: Match) -> str:
    left, right = flat[max(0, match.start() - _FAR) : match.start()], flat[match.end() : match.end() + _FAR]
    return _ENDS.split(left)[-1] + match[0] + _ENDS.split(right, maxsplit=1)[0]

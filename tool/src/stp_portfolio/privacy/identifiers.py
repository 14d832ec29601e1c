"""Layer 1: direct identifiers, by form, check digit and context; and what layer 2 asks about by its form.

What they look like is data: ``identifiers.toml`` for what stops a build, ``singles_out.toml`` for what a
person must judge. Here is how it is read, and what no pattern can judge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property, lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from stp_portfolio.core import dates
from stp_portfolio.privacy.text import NEVER_ALLOWED as NEVER_ALLOWED
from stp_portfolio.privacy.text import Hit, flatten, in_one_line, joined, rows

DATA = ("identifiers.toml", "singles_out.toml")

Match = re.Match[str]


@cache
def _data() -> dict[str, Any]:
    return {name: table for file in DATA for name, table in rows(file).items()}


def _filled(pattern: str) -> str:
    """A pattern as it is written in the file, in one line and with its named parts in place."""
    named = _data()["context"] | _data()["parts"]
    return re.sub(r"\{([a-z_]+)\}", lambda match: _filled(named[match[1]]), in_one_line(pattern))


@cache
def context(name: str) -> re.Pattern[str]:
    """The pattern of that name for what stands round a match."""
    return re.compile(_filled(_data()["context"][name]))


@lru_cache(maxsize=10_000)
def _says(name: str, text: str) -> bool:
    return bool(context(name).search(text))


@dataclass(frozen=True)
class Pattern:
    """One row of a file; compiled when a text first asks for it."""

    kind: str
    pattern: str
    finds: Sequence[str]
    leaves: Sequence[str]
    words: str = ""
    case: bool = False
    needs: str = ""
    sees: str = "text"
    not_after: str = ""
    inside: str = ""
    sentence: Sequence[str] = ()
    judge: str = ""

    @cached_property
    def leading(self) -> frozenset[str]:
        """The first words, in small letters, of what it begins with; the empty one where it has none."""
        return frozenset(re.findall(r"(?:^|\|)([a-z]+)", _filled(self.words).lower()) or [""])

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], ...]:
        parts = (f"(?:{self.words}){self.pattern}", self.not_after, self.inside)
        return tuple(re.compile(_filled(part), 0 if self.case else re.IGNORECASE) for part in parts)

    def spans(self, page: Page, own: frozenset[str] = frozenset()) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, by its ``it`` where it has one."""
        matches = self._after_words(page) if self.words else self._anywhere(page)
        held = (match for match in matches if self._holds(page, match, own))
        yield from (match.span("it" if "it" in match.re.groupindex else 0) for match in held)

    def _anywhere(self, page: Page) -> Iterator[Match]:
        text: str = getattr(page, self.sees)
        for span in page.windows:
            if text.find(self.needs, *span) >= 0:
                yield from self._compiled[0].finditer(text, *span)

    def _after_words(self, page: Page) -> Iterator[Match]:
        text, end = getattr(page, self.sees), 0
        for at in sorted(at for word in self.leading & page.words.keys() for at in page.words[word]):
            if at >= end and (match := self._compiled[0].match(text, at)):
                end = match.end()
                yield match

    def _holds(self, page: Page, match: Match, own: frozenset[str]) -> bool:
        """Whether a match is what it looks like, by what stands before, inside and round it."""
        _, not_after, inside = self._compiled
        if self.not_after and not_after.search(page.before(match, 40)):
            return False
        if not inside.search(match[0]) or not all(page.says(name, match.start()) for name in self.sentence):
            return False
        return not self.judge or _JUDGES[self.judge](page, match, own)


@cache
def patterns(table: str = "pattern") -> tuple[Pattern, ...]:
    """The rows of a table; to ``asked`` belong the days, too, that may be an encounter's."""
    days = [row for row in patterns() if row.judge == "day"] if table == "asked" else []
    read = (Pattern(**row) for row in _data()[table])
    return (*read, *(replace(row, kind="day", sentence=["encounter"]) for row in days))


# -- a text, and where to look in it -------------------------------------------------------------

_REACH = 110  # characters on either side of a sign within which a pattern begins and ends
# Capitals as small letters; digits, and what an address has, as 0: the signs of an identifier.
_SIGNS = str.maketrans(f"{ascii_uppercase}{digits}@\\", f"{ascii_lowercase}{'0' * 12}")


class Page:
    """A flat text as the patterns see it: looked at everywhere, or only near the signs of an identifier."""

    def __init__(self, flat: str, everywhere: bool = True) -> None:
        self.flat = flat
        near = context("near").finditer("" if everywhere else flat.translate(_SIGNS))
        windows = [(max(0, signs.start() - _REACH), signs.end() + _REACH) for signs in near]
        self.windows = [(0, len(flat))] if everywhere else windows
        self.raw = _blanked(flat, self._find("unreadable", flat))
        self.words = self._words()
        public = sorted(span for row in patterns("public") for span in row.spans(self))
        self.addresses = _blanked(self.raw, public)
        self.text = _blanked(self.addresses, self._find("web", self.addresses))

    def _words(self) -> dict[str, list[int]]:
        """Where each word stands, in small letters; the empty one stands for a text that is looked at."""
        words = defaultdict[str, list[int]](list, {"": []} if self.windows else {})
        for word in (word for span in self.windows for word in context("word").finditer(self.raw, *span)):
            for name in {word[1].lower(), (word[1] + word[2]).lower()}:
                words[name].append(word.start())
        return words

    def _find(self, name: str, text: str) -> Iterator[tuple[int, int]]:
        return (match.span() for span in self.windows for match in context(name).finditer(text, *span))

    @cached_property
    def _ends(self) -> list[int]:
        """Where sentences end, those that have no end cut in pieces."""
        return [0, *(match.end() for match in context("sentence").finditer(self.flat))]

    def says(self, name: str, at: int, reach: int = 0) -> bool:
        """Whether the sentence at a place, or as many on either side of it, has something of that context."""
        ends, index = self._ends, bisect_right(self._ends, at)
        near = range(max(1, index - reach), min(len(ends), index + reach + 1))
        return any(_says(name, self.flat[ends[each - 1] : ends[each]]) for each in near)

    def before(self, match: Match, length: int) -> str:
        """The text that ends where a match begins."""
        return self.flat[max(0, match.start() - length) : match.start()]


def _blanked(flat: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with spaces in place of some spans, in their order, every other character in its place."""
    parts: list[str] = []
    place = 0
    for start, end in spans:
        parts += flat[place:start], " " * (end - max(start, place))
        place = max(end, place)
    return "".join([*parts, flat[place:]])


def direct(text: str, own_dates: Iterable[date] = ()) -> list[Hit]:
    """The direct identifiers in a text, in order. ``own_dates`` are the record's own and no encounters."""
    return _found(text, "pattern", own_dates)


def asked(text: str, own_dates: Iterable[date] = ()) -> list[Hit]:
    """What may single somebody out: names, initials, ages, places, days. It is asked about, no more."""
    return _found(text, "asked", own_dates)


def _found(text: str, table: str, own_dates: Iterable[date]) -> list[Hit]:
    page = Page(flatten(text)[0], everywhere=table == "asked")
    own = frozenset(_short(form) for day in own_dates for form in (day.isoformat(), dates.written(day)))
    looked = (row for row in patterns(table) if not row.leading.isdisjoint(page.words))
    found = ((*span, row.kind) for row in looked for span in row.spans(page, own))
    return joined(text, found, direct=table == "pattern")


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
_GROUPS = "10 1111111111 55 37 64 46 343 433 22222 1234 3322".split()


def _nhs_number(page: Page, match: Match, own: frozenset[str]) -> bool:
    """Ten digits with a right check digit, that are called so or written as such numbers are."""
    number, before = re.sub(r"\D", "", match[0]), page.before(match, 100)
    after = page.flat[match.end() : match.end() + 60]
    if len(set(number)) == 1 or not modulus_11(number) or _says("catalogued", before):
        return False
    return _says("nhs", f"{before} {after}") or _stands_alone(before, match[0], after)


def _stands_alone(before: str, number: str, after: str) -> bool:
    """Whether ten digits are parted as a number is, count nothing and stand in no row of numbers."""
    groups, gaps = re.findall(r"\d+", number), set(re.findall(r"\D+", number))
    shape, gap = "".join(str(len(group)) for group in groups), min(gaps, default="")
    if shape not in _GROUPS or len(gaps) > 1 or gap.strip(" |-./"):
        return shape == "334" and gap.strip() != ","
    same = re.escape(gap)
    in_row = gap and (re.search(rf"\d{same}$|//\S*$", before) or re.match(rf"{same}\d", after))
    counted = context("counted").match(after)
    return not (in_row or counted) and _says("issued_nhs", "".join(groups))


def _unpublished(page: Page, match: Match, own: frozenset[str]) -> bool:
    """What stands in no entry of a list of references: there are codes of drugs, of trials and of papers."""
    return not page.says("reference", match.start(), reach=2) or page.says("told", match.start())


def _day(page: Page, match: Match, own: frozenset[str]) -> bool:
    """A day that may be an encounter's: none of the record's own, of a publication or of the trainee's."""
    before = re.split(r"\n\s*\n| \| ", page.before(match, 60))[-1]  # of its own paragraph or cell
    if _short(match[0]) in own or _says("issued", before[-30:]) or not _unpublished(page, match, own):
        return False
    said = _says("own_date", before) or context("own_after").match(page.flat, match.end())
    return not said or page.says("strong", match.start())


def _short(day: str) -> str:
    """``4 feb 2025`` for 4 February 2025 and the 4th of it; another form as it is."""
    return re.sub(r"^0?(\d{1,2})(?:st|nd|rd|th)? (\w{3})\w* (\d{4})$", r"\1 \2 \3", day.lower())


_JUDGES = {"nhs number": _nhs_number, "unpublished": _unpublished, "day": _day}

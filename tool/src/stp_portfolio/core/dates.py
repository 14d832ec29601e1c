"""Days and months: reckoned in one place, and written in English whatever the machine's locale."""

import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from stp_portfolio.core.findings import Refusal, quoted

_MONTHS = "January February March April May June July August September October November December".split()


def written(value: date) -> str:
    """``30 June 2025``, in English whatever the machine's locale."""
    return f"{value.day} {written_month(value)}"


def written_month(value: date) -> str:
    """``June 2025``."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def short(value: date) -> str:
    """``30 Jun 2025``, for tables, where a day must not wrap."""
    return f"{value.day} {_MONTHS[value.month - 1][:3]} {value.year}"


def month_of(text: str) -> date | None:
    """The first day of the month ``June 2025``; None for anything else."""
    name, _, year = text.partition(" ")
    return date(int(year), _MONTHS.index(name) + 1, 1) if name in _MONTHS and year.isdecimal() else None


def months_after(day: date, months: int, number: int | None = None) -> date:
    """The same day so many months later (earlier where negative), or the ``number``-th of that month.

    Where that month is too short it is its last day.
    """
    return day + relativedelta(months=months, day=number)


# -- a day as people write it ---------------------------------------------------------------------

_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_WORD = re.compile(r"[0-9]+|[^\W\d_]+|[^\s,.]")
_BESIDE = frozenset("on the of st nd rd th - /".split())  # what may stand beside the parts of a day
# The orders of a day's parts; m stands before a month that was written as a word.
_ORDERS = (
    "%d m%m %Y", "m%m %d %Y", "%Y m%m %d", "%d m%m %y", "m%m %d %y",
    "%d %m %Y", "%m %d %Y", "%Y %m %d", "%d %m %y", "%m %d %y", "%y %m %d",
)  # fmt: skip


def read(text: str, today: date | None = None) -> date:
    """A day as people write it: ``2026-9-7``, ``7th Sept 2026``, ``13/9/2026``, ``yesterday``.

    Raises Refusal for what can mean several days, lacks its year or is no day, with what to write.
    """
    today = today or date.today()
    words = [word for word in _WORD.findall(text.casefold()) if word not in _BESIDE]
    if day := _by_name(words, today):
        return day
    weekdays = {word: name for word in words if (name := _begun(word, _WEEKDAYS))}
    months = {word: f"m{_MONTHS.index(month) + 1}" for word in words if (month := _begun(word, _MONTHS))}
    parts = " ".join(months.get(word, word) for word in words if word not in weekdays)
    found = _days(parts)
    if len(found) != 1:
        raise Refusal(f"{quoted(text)} {_unclear(parts, found, today)}.")
    weekday = _WEEKDAYS[found[0].weekday()]
    if not {weekday}.issuperset(weekdays.values()):
        raise Refusal(f"{quoted(text)}: {written(found[0])} is a {weekday}.")
    return found[0]


def _by_name(words: list[str], today: date) -> date | None:
    """Today, yesterday or the latest Monday. Raises Refusal where that may be today or a week ago."""
    *before, word = words or [""]
    if word in ("today", "yesterday") and not before:
        return today - timedelta(days=word == "yesterday")
    if before not in ([], ["last"]) or (name := _begun(word, _WEEKDAYS)) is None:
        return None
    back = (today.weekday() - _WEEKDAYS.index(name)) % 7
    if not back and not before:
        both = _either([today - timedelta(days=7), today])
        raise Refusal(f"'{name}' can mean {both}. Write the one you mean.")
    return today - timedelta(days=back or 7)


def _unclear(parts: str, found: Sequence[date], today: date) -> str:
    """Why the parts of a day mean none, or one of several, and what to write."""
    if found:
        return f"can mean {_either(found)}. Write the one you mean"
    if lacking := [_last(day, today) for day in _days(f"{parts} 2000")]:  # a leap year
        return f"has no year. If you mean {_either(lacking)}, write that"
    return "is not a day. Write it as 7 September 2026, 2026-09-07, yesterday or Monday"


def _begun(word: str, names: Sequence[str]) -> str | None:
    """The name that a word of three letters or more is, or begins."""
    return next((name for name in names if len(word) > 2 and name.casefold().startswith(word)), None)


def _days(parts: str) -> list[date]:
    """Every day that the parts of one can mean."""
    found = set()
    for order in _ORDERS:
        with suppress(ValueError):
            found.add(date(*time.strptime(parts, order)[:3]))
    return sorted(found)


def _either(days: Iterable[date]) -> str:
    return " or ".join(map(written, days))


def _last(day: date, today: date) -> date:
    """The last day up to today that has the same month and number."""
    years = (months_after(day, 12 * (today.year - day.year - back)) for back in range(9))
    return next(each for each in years if each <= today and each.day == day.day)

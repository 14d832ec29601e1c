"""Days and months: reckoned in one place, and written in English whatever the machine's locale."""

from __future__ import annotations

from datetime import date

from dateutil.relativedelta import relativedelta

_MONTHS = "January February March April May June July August September October November December".split()


def written(value: date) -> str:
    """``30 June 2025``, in English whatever the machine's locale."""
    return f"{value.day} {written_month(value)}"


def written_month(value: date) -> str:
    """``June 2025``."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def month_of(text: str) -> tuple[int, int] | None:
    """``(2025, 6)`` for ``June 2025``; None for anything else."""
    name, _, year = text.partition(" ")
    return (int(year), _MONTHS.index(name) + 1) if name in _MONTHS and year.isdecimal() else None


def months_after(day: date, months: int) -> date:
    """The same day so many months later (earlier where negative), or that month's last day."""
    return day + relativedelta(months=months)


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, 1) + relativedelta(day=31)

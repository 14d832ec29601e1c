"""Days and months: reckoned in one place, and written in English whatever the machine's locale."""

from datetime import date

from dateutil.relativedelta import relativedelta

_MONTHS = "January February March April May June July August September October November December".split()


def written(value: date) -> str:
    """``30 June 2025``, in English whatever the machine's locale."""
    return f"{value.day} {written_month(value)}"


def written_month(value: date) -> str:
    """``June 2025``."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def month_of(text: str) -> date | None:
    """The first day of the month ``June 2025``; None for anything else."""
    name, _, year = text.partition(" ")
    return date(int(year), _MONTHS.index(name) + 1, 1) if name in _MONTHS and year.isdecimal() else None


def months_after(day: date, months: int, number: int | None = None) -> date:
    """The same day so many months later (earlier where negative), or the ``number``-th of that month.

    Where that month is too short it is its last day.
    """
    return day + relativedelta(months=months, day=number)

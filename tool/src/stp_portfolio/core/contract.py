"""The contract of ``data/``, declared once: each column's name, parser, words and rule.

Reading, writing, the messages and the data dictionary ``data/README.md`` follow from the tables at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from stp_portfolio.core import disk
from stp_portfolio.core.findings import quoted
from stp_portfolio.core.records import (
    EVENTS,
    Activity,
    ActivityKey,
    Event,
    Evidence,
    Milestone,
    Module,
    Standard,
    StandardKey,
)

FOLDER = "data"
SETTINGS = "portfolio.toml"
FORMAT = 1  # of the whole folder; raised when an older tool would misread what a newer one writes
MAX_BYTES = 5_000_000


class UnfitError(Exception):
    """What cannot be taken; its arguments are a Finding's code, fault and remedy."""


@dataclass
class Known:
    """The keys of a table, which later tables refer to; ``whole`` where its file could be read at all.

    A key counts as known even where its row has another fault, and nothing is held against a file that could
    not be read: a message names the cause, never its echo in ten other rows.
    """

    whole: bool = False
    keys: set[Any] = field(default_factory=set)

    @cached_property
    def folded(self) -> dict[str, Any]:
        """Each key by the one spelling of all that mean it; asked only once the table is read."""
        return {fold(str(key)): key for key in self.keys}


@dataclass
class Context:
    """What a cell is held against: the folder, the programme's days and the tables read before it."""

    root: Path
    start: date
    today: date
    with_pages: bool
    known: dict[str, Known] = field(default_factory=dict)


@dataclass
class Row:
    """One row: its cells as text, and the values of those that are parsed already.

    ``day_first`` says that its file shows in which order a slashed date stands.
    """

    number: int
    cells: dict[str, str]
    context: Context
    day_first: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    sound: bool = True


@dataclass(frozen=True)
class Column:
    """A column: how a cell is parsed, what it means in words, and what else holds for its value.

    ``empty`` is the value of an empty cell, ``...`` where it must be filled in. A cell of a column with
    ``many`` is a list with semicolons, of which ``parse`` gets each item.
    """

    name: str
    parse: Callable[[str, Row], Any]
    words: str
    rule: Callable[[Any, Row], None] | None = None
    empty: Any = ...
    many: bool = False


@dataclass(frozen=True)
class Table:
    """A file: what a row is, the record made of a row's values in order, and what must hold for its rows.

    ``unique`` names, by the column that a message points at, the columns which together stand only once;
    ``loosely`` says that spelling makes no difference there. ``key`` is the record's part that others refer to.
    """

    row: str
    record: Callable[..., Any]
    columns: tuple[Column, ...]
    unique: dict[str, tuple[str, ...]] = field(default_factory=dict)
    loosely: bool = False
    key: str = ""
    rule: Callable[[Row], None] | None = None


@dataclass(frozen=True)
class Setting:
    """A key of ``portfolio.toml``: the type of its value and what it means."""

    kind: type
    words: str
    required: bool = True


# -- parsers: a text and its row, to a value ---------------------------------------------------

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def fold(text: str) -> str:
    """``HCPC/6``, ``HCPC 6`` and ``hcpc:6`` are one standard."""
    return re.sub(r"[\s/:]+", "/", text).casefold()


def clean(cell: str) -> str:
    """A cell without the blanks round it, the ones that a web page brings included."""
    return cell.strip(" \t\u00a0\r\n")


def _text(cell: str, row: Row) -> str:
    return cell


def _whole(cell: str, row: Row) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", cell) or int(cell) < 1:
        raise UnfitError("whole-number", "is not a whole number from 1", "Write digits alone, such as 5")
    return int(cell)


_NO_CREDITS = (  # the first that fits names the fault
    (r"-[0-9.]+", "credits-negative", "is negative"),
    (r"[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?", "credits-thousands", "holds a thousands separator"),
    (r"[0-9.,]+\s*[^\W\d_].*", "credits-unit", "holds a unit"),
    (r".*", "credits-number", "is not a plain number"),
)


def _credits(cell: str, row: Row) -> Decimal:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", cell):
        return Decimal(cell)
    code, fault = next(
        (code, fault) for form, code, fault in _NO_CREDITS if re.fullmatch(form, cell, re.DOTALL)
    )
    raise UnfitError(code, fault, "Write digits alone, with a point for decimals, such as 20 or 7.5")


def _url(cell: str, row: Row) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]+\.[^\s<>\"]+", cell):
        raise UnfitError("address", "is not a web address", "Write it whole, from https://")
    return cell


def _path(cell: str, row: Row) -> str:
    path = PurePosixPath(cell)
    if "\\" in cell or path.is_absolute() or ".." in path.parts or ":" in cell:
        remedy = "Write it from the root with forward slashes"
        raise UnfitError("path-outside", "is not a path inside the portfolio", remedy)
    return path.as_posix()


def _day(cell: str, row: Row) -> date:
    """A day as ISO writes it, or as a spreadsheet does where its file shows the order.

    A spreadsheet that saves the file rewrites every date as dd/mm/yyyy (or mm/dd/yyyy), so one
    date that can only be day first settles all, and a file without any settles none.
    """
    if match := _ISO.fullmatch(cell):
        year, month, day = map(int, match.groups())
    elif match := SLASHED.fullmatch(cell):
        day, month, year = map(int, match.groups())
        month_first = f"{year}-{day:02}-{month:02}"
        if day <= 12 < month:
            raise UnfitError("date-month-first", "has the month first", f"Write {month_first}, year first")
        if day <= 12 and day != month and not row.day_first:
            fault = "is ambiguous: the day or the month could stand first"
            remedy = f"Write {year}-{month:02}-{day:02} or {month_first}, year first"
            raise UnfitError("date-ambiguous", fault, remedy)
    else:
        remedy = "Write it as 2024-02-13, year first with four digits"
        raise UnfitError("date-form", "is not a date this file may hold", remedy)
    try:
        return date(year, month, day)
    except ValueError:
        remedy = "Write a day that exists, as 2024-02-13"
        raise UnfitError("date-calendar", "is not a day of the calendar", remedy) from None


def _reference(file: str, form: str = "") -> Callable[[str, Row], Any]:
    """A parser of one item of a list that refers to rows of ``file``; ``form`` shows such a list."""

    def parse(item: str, row: Row) -> Any:
        known = row.context.known[file]
        shown = form or ";".join(map(str, sorted(known.keys)[:2])) or "MODULE/NUMBER"
        if not item:
            raise UnfitError("empty", "is empty", f"Name the activities it serves, such as {shown}")
        if known.whole and fold(item) not in known.folded:
            fault = f"names {quoted(item)}, which is not known"
            raise UnfitError("reference-unknown", fault, f"Write a list such as {shown}")
        return known.folded.get(fold(item))

    return parse


# -- rules: what else must hold for a value ----------------------------------------------------


def _from_the_start(day: date, row: Row) -> None:
    if day < row.context.start:
        fault = f"is before the programme's start, {row.context.start}"
        raise UnfitError("date-before-start", fault, "Check the year")


def _happened(day: date, row: Row) -> None:
    if day > row.context.today:
        raise UnfitError("date-future", "is in the future", "Write the day on which it happened")
    _from_the_start(day, row)


def _one_word(code: str, row: Row) -> None:
    if re.search(r"[\s/;]", code):
        raise UnfitError("module-code", "holds a space, a slash or a semicolon", "Write a code such as M-1")


def _module(code: str, row: Row) -> None:
    known = row.context.known["modules.csv"]
    if known.whole and code not in known.keys:
        codes = ", ".join(sorted(known.keys)) or "none yet"
        raise UnfitError("module-unknown", "is not a code of modules.csv", f"Use one of: {codes}")


def _activity(number: int, row: Row) -> None:
    known, key = row.context.known["activities.csv"], ActivityKey(row.values["module"], number)
    if known.whole and all(key) and key not in known.keys:
        remedy = "Correct module or number"
        raise UnfitError("activity-unknown", "is not an activity of activities.csv", remedy)


def _event(name: str, row: Row) -> None:
    if name not in EVENTS:
        raise UnfitError("event-unknown", "is not an event", f"Use one of: {', '.join(EVENTS)}")


def _page(page: str, row: Row) -> None:
    if row.context.with_pages and disk.page_file(row.context.root, page) is None:
        remedy = f"Make it: portfolio new {row.cells['module']}/{row.cells['number']}; or correct the path"
        raise UnfitError("page-missing", "is a page that does not exist", remedy)


def _file(file: str, row: Row) -> None:
    if not (row.context.root / file).is_file():
        remedy = "Put the file there, or empty the cell"
        raise UnfitError("evidence-missing", "is a file that does not exist", remedy)


def _no_more_than_there_are(required: int, row: Row) -> None:
    module, activities = row.values["module"], row.context.known["activities.csv"]
    held = sum(key.module == module for key in activities.keys)
    modules = row.context.known["modules.csv"]
    if modules.whole and activities.whole and module in modules.keys and required > held:
        remedy = "Correct the number, or add the activities"
        raise UnfitError("milestone-too-many", f"is more than the {held} activities of {module}", remedy)


def _both_or_neither(row: Row) -> None:
    if bool(row.cells["module"]) != bool(row.cells["required"]):
        remedy = "Fill in both, or neither for a date alone"
        raise UnfitError("milestone-half", "module and required belong together", remedy)


# -- the tables: a file refers only to those before it -----------------------------------------


def _activity_of(module: str, number: int, *others: str) -> Activity:
    return Activity(ActivityKey(module, number), *others)


def _standard_of(scheme: str, code: str, label: str) -> Standard:
    return Standard(StandardKey(scheme, code), label)


def _event_of(day: date, module: str, number: int, event: str, note: str) -> Event:
    return Event(day, ActivityKey(module, number), event, note)


TABLES = {
    "modules.csv": Table(
        "a module of the programme",
        Module,
        (
            Column("phase", _text, "`Throughout`, or the number of the phase"),
            Column("code", _text, "code of the module; empty where it is not known", _one_word, ""),
            Column("module", _text, "its name"),
            Column("credits", _credits, "its credits, a plain number"),
            Column(
                "signed_off",
                _day,
                "day on which the training officer signed the module off; empty until then",
                _happened,
                None,
            ),
        ),
        unique={"module": ("phase", "code", "module"), "code": ("code",)},
        key="code",
    ),
    "activities.csv": Table(
        "a training activity",
        _activity_of,
        (
            Column("module", _text, "code of its module", _module),
            Column("number", _whole, "its number in the module"),
            Column("title", _text, "its short title, in the trainee's words"),
            Column("page", _path, "path of its page from the root, without ending", _page),
            Column(
                "learning_outcomes",
                _text,
                "those of the curriculum, copied by the trainee; empty until then",
                empty="",
            ),
            Column("url", _url, "its address in the curriculum library", empty=""),
        ),
        unique={"page": ("page",), "number": ("module", "number")},
        key="key",
    ),
    "standards.csv": Table(
        "a standard to map evidence to",
        _standard_of,
        (
            Column("scheme", _text, "`HCPC` or `GSP`"),
            Column("code", _text, "its number in the scheme"),
            Column("label", _text, "a short label of our own, not the official wording"),
        ),
        unique={"code": ("scheme", "code")},
        loosely=True,
        key="key",
    ),
    "progress.csv": Table(
        "an event that happened",
        _event_of,
        (
            Column("date", _day, "day on which it happened", _happened),
            Column("module", _text, "code of the module"),
            Column("number", _whole, "number of the activity", _activity),
            Column("event", _text, "`started`, `submitted`, `returned` or `signed_off`", _event),
            Column("note", _text, "a few words on it, without a name; may be empty", empty=""),
        ),
    ),
    "evidence.csv": Table(
        "a piece of evidence",
        Evidence,
        (
            Column("id", _text, "its identifier, such as `E07`, as pages name it"),
            Column("date", _day, "day on which it was finished", _happened),
            Column("title", _text, "what it is, without a name"),
            Column("kind", _text, "plan, audit report, feedback, …"),
            Column(
                "activities",
                _reference("activities.csv"),
                "the activities it serves: `S-C1/5;S-C1/19`",
                many=True,
            ),
            Column(
                "standards",
                _reference("standards.csv", "HCPC/6;GSP/1"),
                "the standards it speaks to: `HCPC/7;GSP/3`; may be empty",
                empty=(),
                many=True,
            ),
            Column(
                "file",
                _path,
                "path of the file from the root; empty where it is held in the e-portfolio only",
                _file,
                "",
            ),
        ),
        unique={"id": ("id",)},
        loosely=True,
    ),
    "milestones.csv": Table(
        "a date that counts",
        Milestone,
        (
            Column("date", _day, "the day", _from_the_start),
            Column("name", _text, "what it is called"),
            Column("module", _text, "the module whose activities count; empty for a date alone", _module, ""),
            Column(
                "required",
                _whole,
                "activities of that module to be signed off by then; empty for a date alone",
                _no_more_than_there_are,
                None,
            ),
            Column("note", _text, "what else is due, or what to check", empty=""),
        ),
        unique={"name": ("name", "module")},
        rule=_both_or_neither,
    ),
}

COLUMNS = {file: tuple(column.name for column in table.columns) for file, table in TABLES.items()}

KEYS = {
    "title": Setting(str, "title of the portfolio, as on the home page"),
    "role": Setting(str, "role of its author, never a name"),
    "curriculum": Setting(str, "code of the curriculum"),
    "start": Setting(date, "day on which the programme began"),
    "language": Setting(str, "language of the book"),
    "as_of": Setting(date, "day on which the book is read; leave it out for today", required=False),
    "reviews": Setting(
        list,
        "days of review meetings, held and planned: `[2024-09-25, 2025-09-24]`; may be left out",
        required=False,
    ),
    "example": Setting(
        bool, "`true` marks every page as invented; leave it out for a portfolio of your own", required=False
    ),
    "format": Setting(int, "format of this folder, a whole number; leave it out for 1", required=False),
}

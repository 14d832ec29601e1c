"""The contract of ``data/``, declared once: each column's name, parser, words and rule.

Reading, writing and the data dictionary ``data/README.md`` follow from the tables at the end. What a parser
or a rule refuses is a code of ``faults.toml``, where its message stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from stp_portfolio.core import disk, records
from stp_portfolio.core.findings import quoted
from stp_portfolio.core.records import ActivityKey, StandardKey

FOLDER = "data"
SETTINGS = "portfolio.toml"
FORMAT = 1  # of the whole folder; raised when an older tool would misread what a newer one writes
MAX_BYTES = 5_000_000


class UnfitError(Exception):
    """What cannot be taken: the code of its fault, the words of the message, and the column if another's."""

    def __init__(self, code: str, column: str | None = None, **words: Any) -> None:
        self.code, self.column, self.words = code, column, words


@dataclass
class Context:
    """What a cell is held against: the folder, the programme's days, and the keys of the tables before.

    ``known`` has each key of a file by its folded text. A key counts as known even where its row has another
    fault, and a file that could not be read is left out and nothing held against it: a message names the
    cause, never its echo in ten other rows.
    """

    root: Path
    start: date
    today: date
    with_pages: bool
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def holds(self, file: str, key: object) -> bool:
        """Whether a table has a key as it is written; yes where its file could not be read."""
        return file not in self.known or self.known[file].get(fold(key)) == key


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


class Column(NamedTuple):
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


class Table(NamedTuple):
    """A file: what a row is, the record made of a row's values in order, and its columns.

    ``unique`` names, by the column that a message points at, the columns which together stand only once,
    however they are spelt. ``key`` is the record's part that later tables refer to.
    """

    row: str
    record: Callable[..., Any]
    columns: tuple[Column, ...]
    unique: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - never changed
    key: str = ""


class Setting(NamedTuple):
    """A key of ``portfolio.toml``: the type of its value and what it means."""

    kind: type
    words: str
    required: bool = True


def fold(key: object) -> str:
    """``HCPC/6``, ``HCPC 6`` and ``hcpc:6`` are one standard."""
    return re.sub(r"[\s/:]+", "/", str(key)).casefold()


def clean(cell: str) -> str:
    """A cell without the blanks round it, the ones that a web page brings included."""
    return cell.strip(" \t\u00a0\r\n")


# -- parsers: a text and its row, to a value ---------------------------------------------------

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def days_stand_first(cells: Iterable[str]) -> bool:
    """Whether the slashed dates of a file show that the day stands first, and none shows the opposite.

    A spreadsheet that saves the file rewrites every date as dd/mm/yyyy (or mm/dd/yyyy), so one
    date that can only be day first settles all, and a file without any settles none.
    """
    slashed = [match for cell in cells if (match := _SLASHED.fullmatch(cell))]
    return any(int(match[1]) > 12 for match in slashed) and not any(int(match[2]) > 12 for match in slashed)


def _day(cell: str, row: Row) -> date:
    """A day as ISO writes it, or as a spreadsheet does where its file shows the order."""
    if match := _ISO.fullmatch(cell):
        year, month, day = map(int, match.groups())
    elif match := _SLASHED.fullmatch(cell):
        day, month, year = map(int, match.groups())
        forms = {"day_first": f"{year}-{month:02}-{day:02}", "month_first": f"{year}-{day:02}-{month:02}"}
        if day <= 12 < month:
            raise UnfitError("date-month-first", **forms)
        if day <= 12 and day != month and not row.day_first:
            raise UnfitError("date-ambiguous", **forms)
    else:
        raise UnfitError("date-form")
    try:
        return date(year, month, day)
    except ValueError:
        raise UnfitError("date-calendar") from None


def _text(cell: str, row: Row) -> str:
    return cell


def _whole(cell: str, row: Row) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", cell) or int(cell) < 1:
        raise UnfitError("whole-number")
    return int(cell)


_NO_CREDITS = {  # the first that fits names the fault
    "credits-negative": r"-[0-9.]+",
    "credits-thousands": r"[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?",
    "credits-unit": r"[0-9.,]+\s*[^\W\d_].*",
    "credits-number": r".*",
}


def _credits(cell: str, row: Row) -> Decimal:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", cell):
        return Decimal(cell)
    raise UnfitError(next(code for code, form in _NO_CREDITS.items() if re.fullmatch(form, cell, re.DOTALL)))


def _url(cell: str, row: Row) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]+\.[^\s<>\"]+", cell):
        raise UnfitError("address")
    return cell


def _path(cell: str, row: Row) -> str:
    path = PurePosixPath(cell)
    if "\\" in cell or path.is_absolute() or ".." in path.parts or ":" in cell:
        raise UnfitError("path-outside")
    return path.as_posix()


def _listed(file: str) -> Callable[[str, Row], Any]:
    """A parser of one item of a list that refers to rows of ``file``."""

    def parse(item: str, row: Row) -> Any:
        known = row.context.known.get(file, {})
        form = ";".join("/".join(map(str, key)) for key in sorted(known.values())[:2]) or "MODULE/NUMBER"
        if not item:
            raise UnfitError("evidence-for-nothing", form=form)
        if file in row.context.known and fold(item) not in known:
            raise UnfitError("reference-unknown", item=quoted(item), form=form)
        return known.get(fold(item))

    return parse


# -- rules: what else must hold for a value ----------------------------------------------------


def _since_the_start(day: date, row: Row) -> None:
    if day < row.context.start:
        raise UnfitError("date-before-start", start=row.context.start)


def _happened(day: date, row: Row) -> None:
    if day > row.context.today:
        raise UnfitError("date-future")
    _since_the_start(day, row)


def _one_word(code: str, row: Row) -> None:
    if re.search(r"[\s/;]", code):
        raise UnfitError("module-code")


def _module(code: str, row: Row) -> None:
    if not row.context.holds("modules.csv", code):
        codes = ", ".join(sorted(row.context.known["modules.csv"].values())) or "none yet"
        raise UnfitError("module-unknown", codes=codes)


def _activity(number: int, row: Row) -> None:
    key = ActivityKey(row.values["module"], number)
    if all(key) and not row.context.holds("activities.csv", key):
        raise UnfitError("activity-unknown")


def _event(name: str, row: Row) -> None:
    if name not in records.EVENTS:
        raise UnfitError("event-unknown", events=", ".join(records.EVENTS))


def _page(page: str, row: Row) -> None:
    if row.context.with_pages and disk.page_file(row.context.root, page) is None:
        raise UnfitError("page-missing", activity=f"{row.cells['module']}/{row.cells['number']}")


def _file(file: str, row: Row) -> None:
    if not (row.context.root / file).is_file():
        raise UnfitError("evidence-missing")


def _counted(code: str, row: Row) -> None:
    if not row.cells["required"]:
        raise UnfitError("milestone-half", column="")
    _module(code, row)


def _required(number: int, row: Row) -> None:
    module, known = row.cells["module"], row.context.known
    if not module:
        raise UnfitError("milestone-half", column="")
    held = sum(key.module == module for key in known.get("activities.csv", {}).values())
    if (
        known.keys() >= {"modules.csv", "activities.csv"}
        and fold(module) in known["modules.csv"]
        and number > held
    ):
        raise UnfitError("milestone-too-many", held=held, module=module)


# -- the tables: a file refers only to those before it -----------------------------------------

TABLES = {
    "modules.csv": Table(
        "a module of the programme",
        records.Module,
        (
            Column("phase", _text, "`Throughout`, or the number of the phase"),
            Column("code", _text, "code of the module; empty where it is not known", _one_word, ""),
            Column("module", _text, "its name"),
            Column("credits", _credits, "its credits, a plain number"),
            Column("signed_off", _day, "when the training officer signed it off, or empty", _happened, None),
        ),
        unique={"module": ("phase", "code", "module"), "code": ("code",)},
        key="code",
    ),
    "activities.csv": Table(
        "a training activity",
        lambda module, number, *others: records.Activity(ActivityKey(module, number), *others),
        (
            Column("module", _text, "code of its module", _module),
            Column("number", _whole, "its number in the module"),
            Column("title", _text, "its short title, in the trainee's words"),
            Column("page", _path, "path of its page from the root, without ending", _page),
            Column("learning_outcomes", _text, "those of the curriculum; empty until copied there", empty=""),
            Column("url", _url, "its address in the curriculum library", empty=""),
        ),
        unique={"page": ("page",), "number": ("module", "number")},
        key="key",
    ),
    "standards.csv": Table(
        "a standard to map evidence to",
        lambda scheme, code, label: records.Standard(StandardKey(scheme, code), label),
        (
            Column("scheme", _text, "`HCPC` or `GSP`"),
            Column("code", _text, "its number in the scheme"),
            Column("label", _text, "a short label of our own, not the official wording"),
        ),
        unique={"code": ("scheme", "code")},
        key="key",
    ),
    "progress.csv": Table(
        "an event that happened",
        lambda day, module, number, *others: records.Event(day, ActivityKey(module, number), *others),
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
        records.Evidence,
        (
            Column("id", _text, "its identifier, such as `E07`, as pages name it"),
            Column("date", _day, "day on which it was finished", _happened),
            Column("title", _text, "what it is, without a name"),
            Column("kind", _text, "plan, audit report, feedback, …"),
            Column("activities", _listed("activities.csv"), "those it serves: `S-C1/5;S-C1/19`", many=True),
            Column("standards", _listed("standards.csv"), "`HCPC/7;GSP/3`, or empty", None, (), True),
            Column("file", _path, "its path from the root; empty if only the e-portfolio has it", _file, ""),
        ),
        unique={"id": ("id",)},
    ),
    "milestones.csv": Table(
        "a date that counts",
        records.Milestone,
        (
            Column("date", _day, "the day", _since_the_start),
            Column("name", _text, "what it is called"),
            Column("module", _text, "whose activities count, or empty", _counted, ""),
            Column("required", _whole, "how many must be signed off by then, or empty", _required, None),
            Column("note", _text, "what else is due, or what to check", empty=""),
        ),
        unique={"name": ("name", "module")},
    ),
}

COLUMNS = {file: tuple(column.name for column in table.columns) for file, table in TABLES.items()}

KEYS = {
    "title": Setting(str, "title of the portfolio, as on the home page"),
    "role": Setting(str, "role of its author, never a name"),
    "curriculum": Setting(str, "code of the curriculum"),
    "start": Setting(date, "day on which the programme began"),
    "language": Setting(str, "language of the book"),
    "as_of": Setting(date, "day on which the book is read; left out for today", False),
    "reviews": Setting(list, "days of meetings, `[2024-09-25, 2025-09-24]`, or left out", False),
    "example": Setting(bool, "`true` marks all pages as invented; left out for one's own", False),
    "format": Setting(int, "format of this folder, `1` where it is left out", False),
}

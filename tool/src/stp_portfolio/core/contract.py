"""The contract of ``data/``, declared once: each column's name, parser, words and rule.

Reading, writing and the data dictionary ``data/README.md`` follow from the tables at the end. What a parser
or a rule refuses is a code of ``faults.toml``, where its message stands.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from stp_portfolio.core import disk, records
from stp_portfolio.core.findings import Finding, quoted
from stp_portfolio.core.records import ActivityKey, StandardKey

FOLDER = "data"
SETTINGS = "portfolio.toml"
FORMAT = 1  # of the whole folder; raised when an older tool would misread what a newer one writes
MAX_BYTES = 5_000_000


class UnfitError(Exception):
    """What cannot be taken: the code of its fault, and the words of the message."""

    def __init__(self, code: str, **words: Any) -> None:
        self.code, self.words = code, words


@dataclass
class Context:
    """What a cell is held against: the folder, the programme's days, and the keys of the tables before.

    ``known`` has each key of a file by its folded text. A key counts as known even where its row has another
    fault, and a file that could not be read is left out and nothing held against it: a message names the
    cause, never its echo in ten other rows. ``read`` has the records and the faults of each file before.
    ``day_first`` says that the file which is being read shows in which order a slashed date stands.
    """

    root: Path
    start: date
    today: date
    with_pages: bool
    day_first: bool = False
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: dict[str, tuple[tuple[Any, ...], list[Finding]]] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[records.Module, ...]:
        """Those of ``modules.csv``, where all of its rows are sound."""
        found, faults = self.read.get("modules.csv", ((), []))
        return () if faults else found

    def holds(self, file: str, key: object) -> bool:
        """Whether a table has a key as it is written; yes where its file could not be read."""
        return file not in self.known or self.known[file].get(fold(key)) == key


@dataclass
class Row:
    """One row: its cells as text, and whether it is without fault so far."""

    number: int
    cells: dict[str, str]
    context: Context
    sound: bool = True


Parser = Callable[[str, Row], Any]


class Column(NamedTuple):
    """A column: how a cell is parsed, what it means in words, and what else holds for its value.

    ``empty`` is the value of an empty cell, ``...`` where it must be filled in. A cell of a column with
    ``many`` is a list with semicolons, of which ``parse`` gets each item. One that is ``newer`` than the
    first files may be missing from a file, as if its cells were empty.
    """

    name: str
    parse: Parser
    words: str
    rule: Callable[[Any, Row], Any] | None = None
    empty: Any = ...
    many: bool = False
    newer: bool = False


class Table(NamedTuple):
    """A file: what a row is, the record made of a row's values in order, and what stands there only once.

    Each text in ``unique`` names columns which together stand only once, however they are spelt; a message
    points at the last of them. ``key`` is the record's part that later tables refer to.
    """

    row: str
    record: Callable[..., Any]
    unique: tuple[str, ...] = ()
    key: str = ""


def fold(key: object) -> str:
    """``HCPC/6``, ``HCPC 6`` and ``hcpc:6`` are one standard."""
    return re.sub(r"[\s/:]+", "/", str(key)).casefold()


def clean(cell: str) -> str:
    """A cell without the blanks round it, the ones that a web page brings included."""
    return cell.strip(" \t\u00a0\r\n")


# -- parsers: a text and its row, to a value ---------------------------------------------------

_SLASHED = r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"


def days_stand_first(rows: Iterable[Row]) -> bool:
    """Whether the slashed dates of a file show that the day stands first, and none shows the opposite.

    A spreadsheet that saves the file rewrites every date as dd/mm/yyyy (or mm/dd/yyyy), so one
    date that can only be day first settles all, and a file without any settles none.
    """
    cells = (cell for row in rows for cell in row.cells.values())
    slashed = [cell.split("/") for cell in cells if re.fullmatch(_SLASHED, cell)]
    return any(int(day) > 12 for day, _, _ in slashed) and all(int(month) <= 12 for _, month, _ in slashed)


def _day(cell: str, row: Row) -> date:
    """A day as ISO writes it, or as a spreadsheet does where its file shows the order."""
    if not re.fullmatch(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{_SLASHED}", cell):
        raise UnfitError("date-form")
    slashed, parts = "/" in cell, [int(part) for part in re.split("[-/]", cell)]
    year, month, day = reversed(parts) if slashed else parts
    if slashed and day <= 12:
        forms = {"day_first": f"{year}-{month:02}-{day:02}", "month_first": f"{year}-{day:02}-{month:02}"}
        if month > 12:
            raise UnfitError("date-month-first", **forms)
        if day != month and not row.context.day_first:
            raise UnfitError("date-ambiguous", **forms)
    try:
        return date(year, month, day)
    except ValueError:
        raise UnfitError("date-calendar") from None


def _text(cell: str, row: Row) -> str:
    return cell


def _shaped(code: str, form: str, make: Callable[[str], Any] = str, **words: str) -> Parser:
    """A parser, or a rule, for what has the form of a pattern."""

    def parse(cell: str, row: Row) -> Any:
        if not re.fullmatch(form, cell):
            raise UnfitError(code, **words)
        return make(cell)

    return parse


_WHOLE = r"(?=0*[1-9])[0-9]{1,6}"
_whole = _shaped("whole-number", _WHOLE, int)
_some = _shaped("milestone-required", _WHOLE)
_url = _shaped("address", r"https?://[^\s<>\"]+\.[^\s<>\"]+")
_one_word = _shaped("module-code", r"[^\s/;]*")
_evidence_id = _shaped("evidence-id", r"[A-Za-z][A-Za-z0-9-]{0,19}")
_known_event = _shaped("event-unknown", "|".join(records.EVENTS), events=", ".join(records.EVENTS))

_NO_CREDITS = {  # the first that fits names the fault
    "credits-negative": r"-[0-9.]+",
    "credits-thousands": r"[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?",
    "credits-unit": r"[0-9.,]+\s*[^\W\d_].*",
    "credits-number": r".*",
}


_way = _shaped("milestone-way", r"[A-Za-z]", str.upper)


def _required(cell: str, row: Row) -> records.Required:
    """What a milestone asks for: ``10``, ``60 % of credits``, ``signed off`` or ``review meeting``."""
    said = " ".join(cell.casefold().replace("%", " % ").split())
    if share := re.fullmatch(r"0*([1-9][0-9]?|100) % (?:of )?(activities|credits)", said):
        return records.Share(int(share[1]), share[2])
    if re.fullmatch(r"(?:all )?signed[ _]off|100 % (?:of )?modules", said):
        return records.Need.SIGNED_OFF
    if re.fullmatch(r"review(?: meeting)?", said):
        return records.Need.REVIEW
    return int(_some(said, row))


def _credits(cell: str, row: Row) -> Decimal:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", cell):
        return Decimal(cell)
    raise UnfitError(next(code for code, form in _NO_CREDITS.items() if re.fullmatch(form, cell, re.DOTALL)))


def _path(cell: str, row: Row) -> str:
    path = PurePosixPath(cell)
    if re.search(r"[\\:]", cell) or path.is_absolute() or ".." in path.parts:
        raise UnfitError("path-outside")
    return path.as_posix()


def _listed(file: str) -> Parser:
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


def _module(code: str, row: Row) -> None:
    if not row.context.holds("modules.csv", code):
        codes = ", ".join(sorted(row.context.known["modules.csv"].values())) or "none yet"
        raise UnfitError("module-unknown", codes=codes)


def _event(name: str, row: Row) -> None:
    _known_event(name, row)
    if name == "withdrawn" and not row.cells["note"]:
        raise UnfitError("withdrawn-reason", column="note", value="")


def _activity(number: int, row: Row) -> None:
    key = ActivityKey(row.cells["module"], number)
    if all(key) and not row.context.holds("activities.csv", key):
        raise UnfitError("activity-unknown")


def _page(page: str, row: Row) -> None:
    if row.context.with_pages and disk.page_file(row.context.root, page) is None:
        raise UnfitError("page-missing", activity=f"{row.cells['module']}/{row.cells['number']}")


def _file(file: str, row: Row) -> None:
    try:
        found = disk.inside(row.context.root, file).is_file()
    except disk.UnreadableError as error:
        raise UnfitError(error.code) from None
    if not found:
        raise UnfitError("evidence-missing")


def _whose(cell: str, row: Row) -> str:
    """The modules of a condition as all others name them: a code, a title without one, or ``Phase 2``."""
    if not (modules := row.context.modules):
        return cell
    if found := records.modules_meant(modules, cell):
        return (found[0].code or found[0].name) if len(found) == 1 else found[0].phase_name
    named = dict.fromkeys(word for m in modules for word in (m.code or m.name, m.phase_name))
    raise UnfitError("milestone-whose", names="; ".join(named))


def _asked(module: str, row: Row) -> None:
    """Whether something is required of the modules that are named."""
    if not row.cells["required"]:
        raise UnfitError("milestone-half", column="required", value="")


def _enough(required: records.Required, row: Row) -> None:
    """Whether there are as many activities as a condition asks for, or any where it asks for a share."""
    least = required if isinstance(required, int) else int(str(required).endswith("% of activities"))
    codes = {each.code for each in records.modules_meant(row.context.modules, row.cells["module"])}
    held = sum(key.module in codes for key in row.context.known.get("activities.csv", {}).values())
    if codes and "activities.csv" in row.context.known and least > held:
        raise UnfitError("milestone-too-many", held=held, whose=row.cells["module"] or "the programme")


# -- the tables: a file refers only to those before it -----------------------------------------


def _as_activity(module: str, number: int, *others: str) -> records.Activity:
    return records.Activity(ActivityKey(module, number), *others)


def _as_event(day: date, module: str, number: int, *others: str) -> records.Event:
    return records.Event(day, ActivityKey(module, number), *others)


def _as_standard(scheme: str, code: str, label: str) -> records.Standard:
    return records.Standard(StandardKey(scheme, code), label)


TABLES = {  # in the order of the records in a portfolio
    "modules.csv": Table("a module of the programme", records.Module, ("phase code module", "code"), "code"),
    "activities.csv": Table("a training activity", _as_activity, ("page", "module number"), "key"),
    "standards.csv": Table("a standard to map evidence to", _as_standard, ("scheme code",), "key"),
    "progress.csv": Table("an event that happened", _as_event),
    "evidence.csv": Table("a piece of evidence", records.Evidence, ("id",)),
    "milestones.csv": Table(
        "a condition of a milestone", records.Milestone, ("date name module required way",)
    ),
}

CELLS = {
    "modules.csv": (
        Column("phase", _text, "`Throughout`, or the number of the phase"),
        Column("code", _text, "code of the module; empty where it is not known", _one_word, ""),
        Column("module", _text, "its name"),
        Column("credits", _credits, "its credits, a plain number"),
        Column("signed_off", _day, "when the training officer signed it off, or empty", _happened, None),
    ),
    "activities.csv": (
        Column("module", _text, "code of its module", _module),
        Column("number", _whole, "its number in the module"),
        Column("title", _text, "its short title, in the trainee's words"),
        Column("page", _path, "path of its page from the root, without ending", _page),
        Column("learning_outcomes", _text, "those of the curriculum; empty until copied there", empty=""),
        Column("url", _url, "its address in the curriculum library", empty=""),
    ),
    "standards.csv": (
        Column("scheme", _text, "`HCPC` or `GSP`"),
        Column("code", _text, "its number in the scheme"),
        Column("label", _text, "a short label of our own, not the official wording"),
    ),
    "progress.csv": (
        Column("date", _day, "day on which it happened", _happened),
        Column("module", _text, "code of the module"),
        Column("number", _whole, "number of the activity", _activity),
        Column("event", _text, "`started`, `submitted`, `returned`, `signed_off` or `withdrawn`", _event),
        Column(
            "note",
            _text,
            "a few words on it, without a name; for `withdrawn` the reason, else it may be empty",
            empty="",
        ),
    ),
    "evidence.csv": (
        Column("id", _evidence_id, "its identifier, such as `E07`, as pages name it"),
        Column("date", _day, "day on which it was finished", _happened),
        Column("title", _text, "what it is, without a name"),
        Column("kind", _text, "plan, audit report, feedback, …"),
        Column("activities", _listed("activities.csv"), "those it serves: `S-C1/5;S-C1/19`", many=True),
        Column("standards", _listed("standards.csv"), "`HCPC/7;GSP/3`, or empty", None, (), True),
        Column("file", _path, "its path from the root; empty if only the e-portfolio has it", _file, ""),
    ),
    "milestones.csv": (
        Column("date", _day, "the day", _since_the_start),
        Column("name", _text, "what it is called; rows with one date and name are one milestone"),
        Column("module", _whose, "code or title of a module, `Phase 2`, or empty for all", _asked, ""),
        Column(
            "required", _required, "`10`, `60 % of credits`, `signed off` or empty: see below", _enough, None
        ),
        Column("way", _way, "a letter, where one of several ways is enough", empty="", newer=True),
        Column("note", _text, "what else is due, or what to check", empty=""),
    ),
}

COLUMNS = {file: tuple(column.name for column in columns) for file, columns in CELLS.items()}

KEYS = {
    "title": (str, "title of the portfolio, as on the home page"),
    "role": (str, "role of its author, never a name"),
    "curriculum": (str, "code of the curriculum"),
    "start": (date, "day on which the programme began"),
    "language": (str, "language of the book"),
    "as_of": (date, "day on which the book is read; left out for today"),
    "reviews": (
        list,
        "days of meetings, `[2024-09-25, 2025-09-24]`, or left out; "
        "one that is past is taken as held: take it out if it was not",
    ),
    "example": (bool, "`true` marks all pages as invented; left out for one's own"),
    "format": (int, "format of this folder, `1` where it is left out"),
}
REQUIRED = ("title", "role", "curriculum", "start", "language")

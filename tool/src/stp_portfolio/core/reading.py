"""Read ``data/`` and hold it against the data contract: immutable records, or every fault at once.

Cells are read as text with the standard library's ``csv`` in strict mode and never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from stp_portfolio.core import disk
from stp_portfolio.core.contract import (
    COLUMNS,
    FOLDER,
    FORMAT,
    KEYS,
    MAX_BYTES,
    SETTINGS,
    SLASHED,
    TABLES,
    Column,
    Context,
    Known,
    Row,
    UnfitError,
    clean,
    fold,
)
from stp_portfolio.core.findings import FaultsError, Finding, quoted
from stp_portfolio.core.records import LEGAL_NEXT, ActivityKey, Event, Portfolio, Settings


class RecordsError(FaultsError):
    """``data/`` breaks its contract."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        found = tuple(findings)
        super().__init__(f"{len(found)} {'fault' if len(found) == 1 else 'faults'} in {FOLDER}/:", found)


def find_root(start: Path | None = None) -> Path:
    """The portfolio's root: ``start`` (default: here) or the nearest folder above with its settings.

    Raises RecordsError where there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FOLDER / SETTINGS).is_file():
            return folder
    fault, remedy = f"was not found in {here.name}/ or above it", "Run this inside the portfolio's folder"
    raise RecordsError([Finding("no-portfolio", f"{FOLDER}/{SETTINGS}", fault, remedy)])


def load(
    root: Path | None = None,
    today: date | None = None,
    instead: Mapping[str, bytes] | None = None,
    *,
    without_pages: bool = False,
) -> Portfolio:
    """Read and validate ``data/`` below ``root`` (default: found from the working folder).

    ``today`` bounds what may have happened already and defaults to the real day. ``instead`` gives
    files (``progress.csv``) other contents than those on disk, to try a change before it is made.
    ``without_pages`` takes activities whose page is not written yet. Raises RecordsError with every
    problem found, and no other error of its own.
    """
    root = find_root(root) if root is None else Path(root).resolve()
    today = today or date.today()
    problems: list[Finding] = []
    settings = _settings(root, today, problems)
    context = Context(root, settings.start if settings else date.min, today, not without_pages)
    sheets = [_Sheet(file, context, problems) for file in TABLES]
    found = {sheet.file: sheet.records((instead or {}).get(sheet.file)) for sheet in sheets}
    if problems or settings is None:
        order = [f"{FOLDER}/{name}" for name in (SETTINGS, *TABLES)]
        raise RecordsError(sorted(problems, key=lambda p: (order.index(p.file), p.line or 0)))
    return Portfolio(
        root=root,
        on=settings.as_of or today,
        settings=settings,
        modules=found["modules.csv"],
        activities=found["activities.csv"],
        events=tuple(sorted(found["progress.csv"], key=lambda event: event.date)),
        evidence=found["evidence.csv"],
        milestones=tuple(sorted(found["milestones.csv"], key=lambda milestone: milestone.date)),
        standards=found["standards.csv"],
    )


# -- settings ---------------------------------------------------------------------------------

_FORMS: dict[type, str] = {
    str: "a text in quotes",
    date: "a bare date such as 2023-09-04",
    bool: "true or false",
    int: "a whole number such as 1",
    list: "a list of bare dates such as [2024-09-18, 2025-09-17]",
}


def _settings(root: Path, today: date, problems: list[Finding]) -> Settings | None:
    """The settings, None where one has not its form; raises RecordsError for a newer format than is known."""
    try:
        values = tomllib.loads(disk.read_text(root / FOLDER / SETTINGS))
    except disk.UnreadableError as error:
        problems.append(_setting("settings-unreadable", error.fault, error.remedy))
        return None
    except tomllib.TOMLDecodeError as error:
        remedy = "Mend the line; texts stand in quotes, dates are bare (2023-09-04)"
        problems.append(_setting("settings-toml", f"is not valid TOML: {error}", remedy))
        return None
    if faults := list(_wrong_forms(values)):
        problems += faults
        return None
    settings = Settings(**{**values, "reviews": tuple(values.get("reviews", ()))})
    if faults := list(_wrong_reviews(settings)):
        problems += faults
    else:
        settings = replace(settings, reviews=tuple(sorted(settings.reviews)))
    problems += _wrong_days(settings, today)
    return settings


def _setting(code: str, fault: str, remedy: str, key: str = "", value: Any = "") -> Finding:
    return Finding(code, f"{FOLDER}/{SETTINGS}", fault, remedy, column=key, value=str(value))


def _wrong_forms(values: dict[str, Any]) -> Iterator[Finding]:
    stated = values.get("format", FORMAT)
    if type(stated) is int and stated > FORMAT:
        fault = f"is a newer format than this tool knows ({FORMAT})"
        raise RecordsError([_setting("format-newer", fault, "Upgrade the tool", "format", stated)])
    for key in sorted(values.keys() - KEYS.keys()):
        yield _setting("setting-unknown", "is not a setting", f"Use one of: {', '.join(KEYS)}", value=key)
    for key, setting in KEYS.items():
        value, form = values.get(key), _FORMS[setting.kind]
        if key not in values:
            if setting.required:
                yield _setting("setting-missing", "is missing", f"Add the line {key} = …", key)
        elif type(value) is not setting.kind or (key == "format" and value < 1):
            yield _setting("setting-form", f"is not {form}", f"Write {key} as {form}", key, value)
        elif isinstance(value, str) and not value.strip():
            yield _setting("setting-empty", "is empty", f"Fill in {key}", key)


def _wrong_reviews(settings: Settings) -> Iterator[Finding]:
    for number, review in enumerate(settings.reviews):
        if type(review) is not date:
            fault, remedy = "is not a bare date", "Write each day as a bare date such as 2024-09-18"
            yield _setting("setting-form", fault, remedy, "reviews", review)
        elif review < settings.start:
            fault, remedy = f"is before the programme's start, {settings.start}", "Check the year"
            yield _setting("date-before-start", fault, remedy, "reviews", review)
        elif review in settings.reviews[:number]:
            yield _setting("twice", "stands there twice", "Name each day once", "reviews", review)


def _wrong_days(settings: Settings, today: date) -> Iterator[Finding]:
    start, as_of = settings.start, settings.as_of
    if start > today:
        remedy = "Write the day on which the programme began"
        yield _setting("date-future", "is in the future", remedy, "start", start)
    if as_of and as_of > today:
        remedy = "Write a day up to today, or leave the line out"
        yield _setting("date-future", "is in the future", remedy, "as_of", as_of)
    elif as_of and as_of < start:
        fault = f"is before the programme's start, {start}"
        yield _setting("date-before-start", fault, "Write a later day", "as_of", as_of)


# -- a file of text -----------------------------------------------------------------------------

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)


def _raw(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnfitError("file-folder", "is a folder", "Put the CSV file in its place")
        if path.stat().st_size > MAX_BYTES:
            fault = f"is larger than {MAX_BYTES // 1_000_000} MB"
            raise UnfitError("file-large", fault, "Check that it is the right file")
        return path.read_bytes()
    except FileNotFoundError:
        remedy = "Put the file back, from git or from a backup"
        raise UnfitError("file-missing", "is missing", remedy) from None
    except OSError as error:
        remedy = "Close the program that holds it and check its permissions"
        raise UnfitError("file-unreadable", f"cannot be read ({error.strerror})", remedy) from error


def _text(raw: bytes, file: str) -> str:
    remedy = "Save it as 'CSV UTF-8' from the spreadsheet"
    if b"\0" in raw:
        raise UnfitError("file-no-text", "is not a text file (it holds NUL bytes)", remedy)
    try:
        text, _ = disk.decode(raw)
    except UnicodeDecodeError:
        fault = "is neither UTF-8 nor Windows text"
        raise UnfitError("file-encoding", fault, remedy) from None
    if match := _CONFLICT.search(text):
        row, remedy = text.count("\n", 0, match.start()) + 1, "Choose one side and delete the markers"
        raise UnfitError("conflict-marker", "is a git conflict marker", remedy, row, "", match[1])
    if not text.strip(" \t\r\n,;"):
        raise UnfitError("file-empty", "is empty", f"Begin it with the header {','.join(COLUMNS[file])}")
    return text


def separator_of(text: str, file: str) -> str:
    """The separator that makes the header of a file whole; a spreadsheet's locale chooses it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    columns = COLUMNS[file]
    return max(",;\t", key=lambda s: sum(clean(name).lower() in columns for name in first.split(s)))


# -- a table ------------------------------------------------------------------------------------

_RETYPE = "Type the cell again"
_NEVER = (  # what no cell may hold; of those, the first is said
    ("control-character", r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "holds a control character", _RETYPE),
    ("line-break", r"[\r\n]", "holds a line break", "Keep the cell on one line"),
    (
        *("invisible-character", r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"),
        *("holds an invisible character", "Delete the cell and type it again"),
    ),
    (  # the replacement character, and UTF-8 that was once read as Windows text: â€™ for an apostrophe, Ã© for é
        "lost-character",
        r"\ufffd|\u00e2\u20ac|[\u00c2\u00c3][\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]",
        *("holds a character that was lost in a conversion", _RETYPE),
    ),
    ("formula", r"^[=+@-]", "starts like a formula", "Start the cell with a letter or a digit"),
)


class _Sheet:
    """One file of ``data/``, read into records; every fault goes into ``problems``."""

    def __init__(self, file: str, context: Context, problems: list[Finding]) -> None:
        self.file, self.table, self.context, self.problems = file, TABLES[file], context, problems
        self.known = context.known[file] = Known()

    def wrong(
        self, code: str, fault: str, remedy: str, row: int | None = None, column: str = "", value: str = ""
    ) -> None:
        self.problems.append(Finding(code, f"{FOLDER}/{self.file}", fault, remedy, row, column, value))

    def wrong_cell(self, row: Row, column: str, code: str, fault: str, remedy: str) -> None:
        row.sound = False
        self.wrong(code, fault, remedy, row.number, column, row.cells.get(column, ""))

    def records(self, raw: bytes | None) -> tuple[Any, ...]:
        """The records of the rows without fault, in the order of the file; ``raw`` stands in for its contents."""
        before = len(self.problems)
        try:
            text = _text(_raw(self.context.root / FOLDER / self.file) if raw is None else raw, self.file)
        except UnfitError as error:
            self.wrong(*error.args)
            return ()
        rows = list(self.rows(text))
        self.known.whole = len(self.problems) == before
        slashed = [match for row in rows for cell in row.cells.values() if (match := SLASHED.fullmatch(cell))]
        day_first = any(int(match[1]) > 12 for match in slashed)
        month_first = any(int(match[2]) > 12 for match in slashed)
        seen: dict[tuple[Any, ...], int] = {}
        found = []
        for row in rows:
            row.day_first = day_first and not month_first
            for column in self.table.columns:
                row.values[column.name] = self.value(row, column)
            self.check_row(row, seen)
            record = self.table.record(*row.values.values())
            key = getattr(record, self.table.key) if self.table.key else ()
            if key and all(key):
                self.known.keys.add(key)
            found.append((row, record))
        if self.file == "progress.csv":
            self.check_order(found)
        return tuple(record for row, record in found if row.sound)

    def rows(self, text: str) -> Iterator[Row]:
        """The rows below the header with a cell for each column."""
        records = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator_of(text, self.file), strict=True
        )
        header: list[str] = []
        number = 0
        try:
            for number, record in enumerate(records, start=1):  # noqa: B007 - the number is needed in the end
                cells = [clean(cell) for cell in record]
                while len(cells) > len(header) and not cells[-1]:
                    cells.pop()
                if not any(cells):
                    continue
                if not header:
                    header = [cell.lower() for cell in cells]
                    if not self.is_header(header, number):
                        return
                elif len(cells) != len(header):
                    fault = f"the row has {len(cells)} cells, the header {len(header)}"
                    remedy = "Put a text that holds the separator in quotation marks, and leave no cell out"
                    self.wrong("row-length", fault, remedy, number)
                else:
                    row = Row(number, dict(zip(header, cells, strict=True)), self.context)
                    self.check_characters(row)
                    yield row
        except csv.Error as error:
            remedy = "Check its quotation marks: each opening one needs a closing one"
            self.wrong("row-unreadable", f"the row cannot be read ({error})", remedy, number + 1)

    def is_header(self, names: list[str], number: int) -> bool:
        """Whether the first row names each column once."""
        columns, before = COLUMNS[self.file], len(self.problems)
        wanted = f"The header is {','.join(columns)}"
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                self.wrong("column-twice", "is a column that stands twice", wanted, number, value=name)
            if name not in columns:
                self.wrong("column-unknown", "is not a column of this file", wanted, number, value=name)
        for name in columns:
            if name not in names:
                self.wrong("column-missing", "is missing from the header", wanted, number, name)
        return len(self.problems) == before

    def check_characters(self, row: Row) -> None:
        """Report cells with what no text of a person holds, or what a spreadsheet would run."""
        for column, cell in row.cells.items():
            for code, pattern, fault, remedy in _NEVER:
                negative = code == "formula" and column == "credits" and cell.startswith("-")
                if re.search(pattern, cell) and not negative:  # negative credits have a message of their own
                    self.wrong_cell(row, column, code, fault, remedy)
                    break

    def value(self, row: Row, column: Column) -> Any:
        """The value of a cell, None where it has none; what is wrong with it is reported."""
        cell, found = row.cells[column.name], []
        items = [item for part in cell.split(";") if (item := clean(part))] if column.many else [cell]
        if not any(items) and column.empty is not ...:
            return column.empty
        if not cell and not column.many:
            self.wrong_cell(row, column.name, "empty", "is empty", f"Fill in {column.name}")
            return None
        for item in items or [""]:
            try:
                value = column.parse(item, row)
                if value is not None and value in found:
                    fault = f"names {quoted(item)} twice"
                    raise UnfitError("reference-twice", fault, "Name each once")
                found.append(value)
                if column.rule:
                    column.rule(value, row)
            except UnfitError as error:
                self.wrong_cell(row, column.name, *error.args)
        return tuple(found) if column.many else found[0] if found else None

    def check_row(self, row: Row, seen: dict[tuple[Any, ...], int]) -> None:
        """Report a row that repeats an earlier one, or whose cells do not go together."""
        for column, together in self.table.unique.items():
            values = tuple(row.values[name] for name in together)
            if None in values or not any(values):
                continue
            key = (column, *(fold(value) for value in values)) if self.table.loosely else (column, *values)
            first = seen.setdefault(key, row.number)
            if first != row.number:
                fault = f"stands already in row {first}"
                self.wrong_cell(row, column, "twice", fault, "Delete or correct one of the two rows")
        if self.table.rule:
            try:
                self.table.rule(row)
            except UnfitError as error:
                self.wrong_cell(row, "", *error.args)

    def check_order(self, found: list[tuple[Row, Event]]) -> None:
        """Report an event that cannot follow the one before it of the same activity."""
        last: dict[ActivityKey, Event | None] = {}  # None: unknown, its row is at fault
        for row, event in found:
            key = event.activity
            if row.sound and not (key in last and last[key] is None):
                try:
                    _follows(last.get(key), event)
                except UnfitError as error:
                    column, *words = error.args
                    self.wrong_cell(row, column, *words)
            last[key] = event if row.sound else None


def _follows(previous: Event | None, event: Event) -> None:
    """Refuse an event that cannot stand after another; the error's first argument is the column."""
    legal = LEGAL_NEXT[previous.event if previous else None]
    if event.event not in legal:
        after = f"after '{previous.event}' of {previous.date}" if previous else "as the first event"
        wanted = " or ".join(legal) or "nothing: a signed-off activity is done"
        fault, remedy = f"cannot stand {after} of {event.activity}", f"What can follow is {wanted}"
        raise UnfitError("event", "event-order", fault, remedy)
    if previous and event.date < previous.date:
        fault = f"is before '{previous.event}' of {event.activity}, {previous.date}"
        remedy = "Correct the date; events of an activity stand in the order in which they happened"
        raise UnfitError("date", "date-order", fault, remedy)

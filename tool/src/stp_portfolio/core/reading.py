"""Read ``data/`` and hold it against the data contract: immutable records, or every fault at once.

Cells are read as text with the standard library's ``csv`` in strict mode and never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from stp_portfolio.core import contract, disk
from stp_portfolio.core.contract import COLUMNS, FOLDER, SETTINGS, TABLES, Column, Context, Row, UnfitError
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
    raise RecordsError([Finding.of("no-portfolio", f"{FOLDER}/{SETTINGS}", folder=here.name)])


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
    found = {file: _Sheet(file, context, problems).records((instead or {}).get(file)) for file in TABLES}
    if problems or settings is None:
        order = [SETTINGS, *TABLES]
        raise RecordsError(sorted(problems, key=lambda p: (order.index(Path(p.file).name), p.line or 0)))
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


def _setting(code: str, column: str = "", value: object = "", /, **words: object) -> Finding:
    return Finding.of(code, f"{FOLDER}/{SETTINGS}", None, column, value, **words)


def _settings(root: Path, today: date, problems: list[Finding]) -> Settings | None:
    """The settings, None where one has not its form. Raises RecordsError for a newer format than is known."""
    try:
        values = tomllib.loads(disk.read_text(root / FOLDER / SETTINGS))
    except disk.UnreadableError as error:
        problems.append(_setting("file-unreadable", fault=error.fault, remedy=error.remedy))
        return None
    except tomllib.TOMLDecodeError as error:
        problems.append(_setting("settings-toml", why=error))
        return None
    stated = values.get("format")
    if type(stated) is int and stated > contract.FORMAT:
        raise RecordsError([_setting("format-newer", "format", stated, known=contract.FORMAT)])
    if faults := list(_wrong_forms(values)):
        problems += faults
        return None
    values["reviews"] = tuple(sorted(values.get("reviews", ())))
    settings = Settings(**values)
    problems += _wrong_days(settings, today)
    return settings


def _wrong_forms(values: dict[str, Any]) -> Iterator[Finding]:
    for key in sorted(values.keys() - contract.KEYS.keys()):
        yield _setting("setting-unknown", "", key, keys=", ".join(contract.KEYS))
    for key, setting in contract.KEYS.items():
        if key in values:
            yield from _wrong_form(key, setting.kind, values[key])
        elif setting.required:
            yield _setting("setting-missing", key, key=key)


def _wrong_form(key: str, kind: type, value: Any) -> Iterator[Finding]:
    fits = type(value) is kind  # true is no whole number, and a time no date
    if not fits or (kind is int and value < 1):
        yield _setting("setting-form", key, value, key=key, form=_FORMS[kind])
    elif kind is str and not value.strip():
        yield _setting("setting-empty", key, key=key)
    elif kind is list:
        yield from (_setting("review-form", key, item) for item in value if type(item) is not date)


def _wrong_days(settings: Settings, today: date) -> Iterator[Finding]:
    start, reviews = settings.start, settings.reviews
    if start > today:
        yield _setting("start-future", "start", start)
    if settings.as_of and settings.as_of > today:
        yield _setting("as-of-future", "as_of", settings.as_of)
    elif settings.as_of and settings.as_of < start:
        yield _setting("as-of-before-start", "as_of", settings.as_of, start=start)
    for review, previous in zip(reviews, (None, *reviews), strict=False):
        if review < start:
            yield _setting("date-before-start", "reviews", review, start=start)
        elif review == previous:
            yield _setting("review-twice", "reviews", review)


# -- a file of text -----------------------------------------------------------------------------

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)


def _raw(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnfitError("file-folder")
        if path.stat().st_size > contract.MAX_BYTES:
            raise UnfitError("file-large", megabytes=contract.MAX_BYTES // 1_000_000)
        return path.read_bytes()
    except FileNotFoundError:
        raise UnfitError("file-missing") from None
    except OSError as error:
        raise UnfitError("file-locked", why=error.strerror) from error


def _decoded(raw: bytes, file: str) -> str:
    if b"\0" in raw:
        raise UnfitError("file-binary")
    try:
        text, _ = disk.decode(raw)
    except UnicodeDecodeError:
        raise UnfitError("file-encoding") from None
    if not text.strip(" \t\r\n,;"):
        raise UnfitError("file-empty", header=",".join(COLUMNS[file]))
    return text


def separator_of(text: str, file: str) -> str:
    """The separator that makes the header of a file whole; a spreadsheet's locale chooses it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    columns = COLUMNS[file]
    return max(",;\t", key=lambda s: sum(contract.clean(name).lower() in columns for name in first.split(s)))


# -- a table ------------------------------------------------------------------------------------

_NEVER = {  # what no cell may hold; of those, the first is said
    "control-character": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
    "line-break": r"[\r\n]",
    "invisible-character": r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]",
    # Either lost, or UTF-8 that was once read as Windows text: â€™ for an apostrophe, Ã© for é.
    "lost-character": r"\ufffd|\u00e2\u20ac"
    r"|[\u00c2\u00c3][\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]",
    "formula": r"^[=+@-]",
}


def _trimmed(record: list[str], width: int) -> list[str]:
    """The cells without the blanks round them, and without the empty ones beyond the header's."""
    cells = [contract.clean(cell) for cell in record]
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


def _items(cell: str, many: bool) -> list[str]:
    return [item for part in (cell.split(";") if many else [cell]) if (item := contract.clean(part))]


def _parsed(item: str, column: Column, row: Row, before: list[Any]) -> Any:
    """The value of a cell, or of one item of its list; a list's own parser says what an empty one lacks."""
    if not item and not column.many:
        raise UnfitError("empty", name=column.name)
    value = column.parse(item, row)
    if value is not None and value in before:
        raise UnfitError("reference-twice", item=quoted(item))
    return value


class _Sheet:
    """One file of ``data/``, read into records; every fault goes into ``problems``."""

    def __init__(self, file: str, context: Context, problems: list[Finding]) -> None:
        self.file, self.table, self.context, self.problems = file, TABLES[file], context, problems

    def wrong(
        self, code: str, line: int | None = None, column: str = "", value: str = "", **words: Any
    ) -> None:
        self.problems.append(Finding.of(code, f"{FOLDER}/{self.file}", line, column, value, **words))

    def unfit(self, row: Row, column: str, error: UnfitError) -> None:
        """Report what a cell cannot hold; its row makes no record."""
        row.sound = False
        column = column if error.column is None else error.column
        self.wrong(error.code, row.number, column, row.cells.get(column, ""), **error.words)

    def records(self, raw: bytes | None) -> tuple[Any, ...]:
        """The records of the rows without fault, in the file's order; ``raw`` stands in for its contents."""
        before = len(self.problems)
        rows = list(self.rows(self.text(raw)))
        readable = len(self.problems) == before
        day_first = contract.days_stand_first(cell for row in rows for cell in row.cells.values())
        seen: dict[tuple[str, ...], int] = {}
        found = []
        for row in rows:
            row.day_first = day_first
            found.append((row, self.record(row, seen)))
        if self.file == "progress.csv":
            self.check_order(found)
        if self.table.key and readable:
            keys = filter(None, (getattr(record, self.table.key) for _, record in found))
            self.context.known[self.file] = {contract.fold(key): key for key in keys if all(key)}
        return tuple(record for row, record in found if row.sound)

    def text(self, raw: bytes | None) -> str:
        """The text of the file, empty where it cannot be taken."""
        try:
            raw = _raw(self.context.root / FOLDER / self.file) if raw is None else raw
            text = _decoded(raw, self.file)
        except UnfitError as error:
            self.wrong(error.code, **error.words)
            return ""
        if match := _CONFLICT.search(text):
            self.wrong("conflict-marker", text.count("\n", 0, match.start()) + 1, "", match[1])
            return ""
        return text

    def record(self, row: Row, seen: dict[tuple[str, ...], int]) -> Any:
        """What a row says, whether it is sound or not; ``seen`` holds the keys of the rows before it."""
        for column in self.table.columns:
            row.values[column.name] = self.value(row, column)
        for name, together in self.table.unique.items():
            values = [row.values[each] for each in together]
            first = seen.setdefault((name, *map(contract.fold, values)), row.number)
            if first != row.number and None not in values and any(values):
                self.unfit(row, name, UnfitError("twice", row=first))
        return self.table.record(*row.values.values())

    def rows(self, text: str) -> Iterator[Row]:
        """The rows below the header, with a cell for each column."""
        separator = separator_of(text, self.file)
        header: list[str] = []
        number = 0
        try:
            for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
                number += 1
                cells = _trimmed(record, len(header))
                if not any(cells):
                    continue
                if not header:
                    header = [cell.lower() for cell in cells]
                    if not self.is_header(header, number):
                        return
                elif len(cells) != len(header):
                    self.wrong("row-length", number, cells=len(cells), header=len(header))
                else:
                    row = Row(number, dict(zip(header, cells, strict=True)), self.context)
                    self.check_characters(row)
                    yield row
        except csv.Error as error:
            self.wrong("row-unreadable", number + 1, why=error)

    def is_header(self, names: list[str], number: int) -> bool:
        """Whether the first row names each column once."""
        columns, before = COLUMNS[self.file], len(self.problems)
        header = ",".join(columns)
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                self.wrong("column-twice", number, value=name, header=header)
            if name not in columns:
                self.wrong("column-unknown", number, value=name, header=header)
        for name in columns:
            if name not in names:
                self.wrong("column-missing", number, name, header=header)
        return len(self.problems) == before

    def check_characters(self, row: Row) -> None:
        """Report what no cell may hold; a credit below zero has a message of its own."""
        for column, cell in row.cells.items():
            code = next((code for code, form in _NEVER.items() if re.search(form, cell)), "")
            if code and not (code == "formula" and column == "credits" and cell.startswith("-")):
                self.unfit(row, column, UnfitError(code))

    def value(self, row: Row, column: Column) -> Any:
        """The value of a cell, None where it has none; what is wrong with it is reported."""
        items = _items(row.cells[column.name], column.many)
        if not items and column.empty is not ...:
            return column.empty
        found: list[Any] = []
        for item in items or [""]:
            try:
                value = _parsed(item, column, row, found)
                found.append(value)
                if column.rule:
                    column.rule(value, row)
            except UnfitError as error:
                self.unfit(row, column.name, error)
        return tuple(found) if column.many else next(iter(found), None)

    def check_order(self, found: list[tuple[Row, Event]]) -> None:
        """Report an event that cannot follow the one before it of the same activity."""
        last: dict[ActivityKey, Event | None] = {}  # None: unknown, its row is at fault
        for row, event in found:
            key = event.activity
            if row.sound and not (key in last and last[key] is None):
                try:
                    _follows(last.get(key), event)
                except UnfitError as error:
                    self.unfit(row, "", error)
            last[key] = event if row.sound else None


def _follows(previous: Event | None, event: Event) -> None:
    """Refuse an event that cannot stand after the one before it of its activity."""
    legal = LEGAL_NEXT[previous.event if previous else None]
    if event.event not in legal:
        after = f"after '{previous.event}' of {previous.date}" if previous else "as the first event"
        wanted = " or ".join(legal) or "nothing: a signed-off activity is done"
        raise UnfitError("event-order", "event", after=after, activity=event.activity, legal=wanted)
    if previous and event.date < previous.date:
        words = {"event": previous.event, "activity": event.activity, "date": previous.date}
        raise UnfitError("event-before", "date", **words)

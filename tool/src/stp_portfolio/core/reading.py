"""Read ``data/`` and hold it against the data contract: immutable records, or every fault at once.

Cells are read as text with the standard library's ``csv`` in strict mode and never guessed at.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any

from stp_portfolio.core import contract, dates, disk, phrases
from stp_portfolio.core.contract import COLUMNS, FOLDER, SETTINGS, TABLES, Column, Context, Row, UnfitError
from stp_portfolio.core.findings import FaultsError, Finding, quoted
from stp_portfolio.core.records import LEGAL_NEXT, Activity, ActivityKey, Event, Module, Portfolio, Settings


class RecordsError(FaultsError):
    """``data/`` breaks its contract."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"{phrases.plural(len(findings), 'fault')} in {FOLDER}/:", findings)


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
    instead: Mapping[str, bytes] = {},
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
    settings, problems = _settings(root, today)
    context = Context(root, settings.start if settings else date.min, today, not without_pages)
    sheets = [_Sheet(file, context, instead.get(file)) for file in TABLES]
    for sheet in sheets:
        problems += sheet.problems
    problems += _contradictions(sheets[0].records, sheets[1].records, sheets[3].last)
    if problems or settings is None:
        raise RecordsError(problems)
    return Portfolio(root, settings.as_of or today, settings, *(sheet.records for sheet in sheets))


def _contradictions(
    modules: Sequence[Module], activities: Sequence[Activity], last: Mapping[ActivityKey, Event | None]
) -> Iterator[Finding]:
    """Modules that are signed off while one of their activities is not."""
    done = {key for key, event in last.items() if event is None or event.event == "signed_off"}
    lacking = [each.key for each in activities if each.key not in done]
    for code, day in ((module.code, module.signed_off) for module in modules if module.signed_off):
        if keys := [str(key) for key in lacking if key.module == code]:
            words = {"module": code, "activities": phrases.series(keys)}
            yield Finding.of("module-open", f"{FOLDER}/modules.csv", None, "signed_off", day, **words)


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


def _settings(root: Path, today: date) -> tuple[Settings | None, list[Finding]]:
    """The settings, None where one has not its form. Raises RecordsError for a newer format than is known."""
    try:
        values = tomllib.loads(disk.read_text(root / FOLDER / SETTINGS))
    except disk.UnreadableError as error:
        return None, [_setting(error.code, **error.words)]
    except tomllib.TOMLDecodeError as error:
        return None, [_setting("settings-toml", why=error)]
    stated = values.get("format")
    if type(stated) is int and stated > contract.FORMAT:
        raise RecordsError([_setting("format-newer", "format", stated, known=contract.FORMAT)])
    if faults := list(_wrong_forms(values)):
        return None, faults
    settings = Settings(**values | {"reviews": tuple(sorted(values.get("reviews", ())))})
    return settings, list(_wrong_days(settings, today))


def _wrong_forms(values: dict[str, Any]) -> Iterator[Finding]:
    for key in sorted(values.keys() - contract.KEYS.keys()):
        yield _setting("setting-unknown", "", key, keys=", ".join(contract.KEYS))
    for key, (kind, _) in contract.KEYS.items():
        if key in values:
            yield from _wrong_form(key, kind, values[key])
        elif key in contract.REQUIRED:
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
    start = settings.start
    if start > today:
        yield _setting("start-future", "start", start)
    if (as_of := settings.as_of) and as_of > today:
        yield _setting("as-of-future", "as_of", as_of)
    elif as_of and as_of < start:
        yield _setting("as-of-before-start", "as_of", as_of, start=start)
    for previous, review in pairwise((None, *settings.reviews)):
        if review and review < start:
            yield _setting("date-before-start", "reviews", review, start=start)
        elif review == previous:
            yield _setting("review-twice", "reviews", review)


# -- a table ------------------------------------------------------------------------------------

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)
_NEVER = {  # what no cell may hold; of those, the first is said
    "control-character": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
    "line-break": r"[\r\n]",
    "invisible-character": r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]",
    # Either lost, or UTF-8 that was once read as Windows text: â€™ for an apostrophe, Ã© for é.
    "lost-character": r"\ufffd|\u00e2\u20ac"
    r"|[\u00c2\u00c3][\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]",
    "formula": r"^[=+@-]",
}


def separator_of(text: str, file: str) -> str:
    """The separator that makes the header of a file whole; a spreadsheet's locale chooses it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    columns = COLUMNS[file]
    return max(",;\t", key=lambda s: sum(contract.clean(name).lower() in columns for name in first.split(s)))


def _trimmed(line: list[str], width: int) -> list[str]:
    """The cells without the blanks round them, and without the empty ones beyond the header's."""
    cells = [contract.clean(cell) for cell in line]
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


class _Sheet:
    """One file of ``data/``, read: its ``records``, without those of rows with a fault, and its ``problems``.

    ``raw`` stands in for the file's contents. Events and milestones stand in the order of their days.
    """

    def __init__(self, file: str, context: Context, raw: bytes | None) -> None:
        self.file, self.table, self.context = file, TABLES[file], context
        self.problems: list[Finding] = []
        self.first: dict[tuple[str, ...], int] = {}  # what stands only once, and its row
        self.last: dict[ActivityKey, Event | None] = {}  # None: unknown, its row is at fault
        try:
            rows = list(self.rows(self.text(raw)))
        except (UnfitError, disk.UnreadableError) as error:
            self.wrong(error.code, **error.words)
            rows = []
        readable = not self.problems
        context.day_first = contract.days_stand_first(rows)
        found = [(self.record(row), row) for row in rows]
        if self.table.key and readable:
            keys = filter(all, filter(None, (getattr(record, self.table.key) for record, _ in found)))
            context.known[file] = {contract.fold(key): key for key in keys}
        self.problems.sort(key=lambda problem: problem.line or 0)
        made = (record for record, row in found if row.sound)
        by_day = file in ("progress.csv", "milestones.csv")
        self.records = tuple(sorted(made, key=attrgetter("date")) if by_day else made)
        context.read[file] = self.records, self.problems

    def wrong(self, code: str, line: int = 0, column: str = "", value: str = "", **words: Any) -> None:
        self.problems.append(Finding.of(code, f"{FOLDER}/{self.file}", line or None, column, value, **words))

    def unfit(self, row: Row, column: str, code: str, /, **words: Any) -> None:
        """Report what a cell cannot hold; its row makes no record."""
        row.sound = False
        self.wrong(code, row.number, **{"column": column, "value": row.cells[column], **words})

    def text(self, raw: bytes | None) -> str:
        """The text of the file. Raises UnfitError or UnreadableError where it cannot be taken."""
        if raw is None:
            raw = disk.read_bytes(self.context.root / FOLDER / self.file, contract.MAX_BYTES)
        if b"\0" in raw:
            raise UnfitError("file-binary")
        try:
            text, _ = disk.decode(raw)
        except UnicodeDecodeError:
            raise UnfitError("file-encoding") from None
        if not text.strip(" \t\r\n,;"):
            raise UnfitError("file-empty", header=",".join(COLUMNS[self.file]))
        if match := _CONFLICT.search(text):
            raise UnfitError("conflict-marker", line=text.count("\n", 0, match.start()) + 1, value=match[1])
        return text

    def rows(self, text: str) -> Iterator[Row]:
        """The rows below the header, with a cell for each column."""
        source, separator = io.StringIO(text, newline=""), separator_of(text, self.file)
        lines = csv.reader(source, delimiter=separator, strict=True)
        header: list[str] = []
        number, blank = 0, {column.name: "" for column in contract.CELLS[self.file] if column.newer}
        try:
            for number, line in enumerate(lines, start=1):
                cells = _trimmed(line, len(header))
                if not header:
                    header = [cell.lower() for cell in cells]
                    if header and not self.is_header(header, number):
                        return
                elif not any(cells):
                    continue
                elif len(cells) != len(header):
                    self.wrong("row-length", number, cells=len(cells), header=len(header))
                else:
                    row = Row(number, blank | dict(zip(header, cells, strict=True)), self.context)
                    self.check_characters(row)
                    yield row
        except csv.Error as error:
            self.wrong("row-unreadable", number + 1, why=error)

    def is_header(self, names: list[str], number: int) -> bool:
        """Whether the first row names each column once."""
        columns = {column.name: column.newer for column in contract.CELLS[self.file]}
        header = ",".join(columns)
        for name in dict.fromkeys((*names, *columns)):
            if names.count(name) > 1:
                self.wrong("column-twice", number, value=name, header=header)
            if name not in columns:
                self.wrong("column-unknown", number, value=name, header=header)
            if name not in names and not columns[name]:
                self.wrong("column-missing", number, name, header=header)
        return not self.problems

    def check_characters(self, row: Row) -> None:
        """Report what no cell may hold; a credit below zero has a message of its own."""
        for column, cell in row.cells.items():
            code = next((code for code, form in _NEVER.items() if re.search(form, cell)), "")
            if code and not (code == "formula" and column == "credits" and cell.startswith("-")):
                self.unfit(row, column, code)

    def record(self, row: Row) -> Any:
        """What a row says, whether it is sound or not."""
        parsed = {column.name: self.value(row, column) for column in contract.CELLS[self.file]}
        for together in self.table.unique:
            values = [parsed[name] for name in together.split()]
            first = self.first.setdefault((together, *map(contract.fold, values)), row.number)
            if first != row.number and None not in values and any(values):
                self.unfit(row, together.split()[-1], "twice", row=first)
        record = self.table.record(*parsed.values())
        if self.file == "progress.csv":
            self.check_order(row, record)
        return record

    def value(self, row: Row, column: Column) -> Any:
        """The value of a cell, None where it has none; what is wrong with it is reported."""
        parts = row.cells[column.name].split(";") if column.many else [row.cells[column.name]]
        items = [item for part in parts if (item := contract.clean(part))]
        if not items and column.empty is not ...:
            return column.empty
        found: list[Any] = []
        for item in items or [""]:
            try:
                found.append(_parsed(item, column, row, found))
                if column.rule:
                    column.rule(found[-1], row)
            except UnfitError as error:
                self.unfit(row, column.name, error.code, **error.words)
        return tuple(found) if column.many else next(iter(found), None)

    def check_order(self, row: Row, event: Event) -> None:
        """Report an event that cannot follow the one before it of the same activity."""
        previous = self.last.get(event.activity)
        legal = LEGAL_NEXT[previous.event if previous else None]
        if not row.sound or (previous is None and event.activity in self.last):
            pass  # what went before is not known
        elif event.event not in legal:
            after = "as the first event: it has not been started"
            if previous:
                after = f"after '{previous.event}' of {dates.written(previous.date)}"
            wanted = " or ".join(legal)
            self.unfit(row, "event", "event-order", after=after, activity=event.activity, legal=wanted)
        elif previous and event.date < previous.date:
            words = {"event": previous.event, "activity": event.activity, "date": previous.date}
            self.unfit(row, "date", "event-before", **words)
        self.last[event.activity] = event if row.sound else None


def _parsed(item: str, column: Column, row: Row, before: list[Any]) -> Any:
    """The value of a cell, or of one item of its list; a list's own parser says what an empty one lacks."""
    if not item and not column.many:
        raise UnfitError("empty", name=column.name)
    value = column.parse(item, row)
    if value is not None and value in before:
        raise UnfitError("reference-twice", item=quoted(item))
    return value

"""Read ``data/`` and hold it against the data contract: immutable records, or every fault at once.

Cells are read as text with the standard library's ``csv`` in strict mode and never guessed at.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from stp_portfolio.core.contract import COLUMNS, FOLDER, MAX_BYTES, SETTINGS
from stp_portfolio.core.disk import PAGE_ENDINGS, decode
from stp_portfolio.core.findings import FaultsError, Finding, quoted
from stp_portfolio.core.records import (
    EVENTS,
    LEGAL_NEXT,
    Activity,
    ActivityKey,
    Event,
    Evidence,
    Milestone,
    Module,
    Portfolio,
    Settings,
    Standard,
    StandardKey,
)


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
    raise RecordsError(
        [
            Finding(
                "no-portfolio",
                f"{FOLDER}/{SETTINGS}",
                f"was not found in {here.name}/ or above it",
                "Run this inside the portfolio's folder",
            )
        ]
    )


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
    settings = _read_settings(root, today, problems)
    start = settings.start if settings else date.min
    reader = _Reader(root, start, today, problems, instead or {}, without_pages=without_pages)
    # In this order: each file refers only to those read before it.
    modules = reader.modules()
    standards = reader.standards()
    activities = reader.activities()
    events = reader.events()
    evidence = reader.evidence()
    milestones = reader.milestones()
    if problems or settings is None:
        order = [f"{FOLDER}/{name}" for name in (SETTINGS, *COLUMNS)]
        raise RecordsError(sorted(problems, key=lambda p: (order.index(p.file), p.line or 0)))
    return Portfolio(
        root=root,
        on=settings.as_of or today,
        settings=settings,
        modules=modules,
        activities=activities,
        events=events,
        evidence=evidence,
        milestones=milestones,
        standards=standards,
    )


_SETTINGS_TYPES: dict[str, tuple[type, bool]] = {  # key: (type, required)
    "title": (str, True),
    "role": (str, True),
    "curriculum": (str, True),
    "start": (date, True),
    "language": (str, True),
    "as_of": (date, False),
    "reviews": (list, False),
    "example": (bool, False),
}

_FORMS: dict[type, str] = {
    str: "a text in quotes",
    date: "a bare date such as 2023-09-04",
    bool: "true or false",
    list: "a list of bare dates such as [2024-09-18, 2025-09-17]",
}


def _read_settings(root: Path, today: date, problems: list[Finding]) -> Settings | None:
    def wrong(fault: str, remedy: str, column: str | None = None, value: Any = None) -> None:
        shown = None if value is None else str(value)
        problems.append(
            Finding("settings", f"{FOLDER}/{SETTINGS}", fault, remedy, column=column or "", value=shown or "")
        )

    before = len(problems)
    try:
        values = tomllib.loads((root / FOLDER / SETTINGS).read_bytes().decode("utf-8-sig"))
    except OSError:
        wrong("cannot be read", "Put the file back, or close the program that holds it")
        return None
    except UnicodeDecodeError:
        wrong("is not UTF-8 text", "Save it as plain text, UTF-8")
        return None
    except tomllib.TOMLDecodeError as error:
        wrong(
            f"is not valid TOML: {error}", "Mend the line; texts stand in quotes, dates are bare (2023-09-04)"
        )
        return None
    for key in sorted(values.keys() - _SETTINGS_TYPES.keys()):
        wrong("is not a setting", f"Use one of: {', '.join(_SETTINGS_TYPES)}", value=key)
    for key, (kind, required) in _SETTINGS_TYPES.items():
        if key not in values:
            if required:
                wrong("is missing", f"Add the line {key} = …", column=key)
        elif type(values[key]) is not kind:
            form = _FORMS[kind]
            wrong(f"is not {form}", f"Write {key} as {form}", key, values[key])
        elif kind is str and not values[key].strip():
            wrong("is empty", f"Fill in {key}", column=key)
    if len(problems) > before:
        return None
    settings = Settings(
        **{key: values[key] for key, (_, required) in _SETTINGS_TYPES.items() if required},
        as_of=values.get("as_of"),
        example=values.get("example", False),
        reviews=tuple(values.get("reviews", ())),
    )
    for number, review in enumerate(settings.reviews):
        if type(review) is not date:
            wrong("is not a bare date", "Write each day as a bare date such as 2024-09-18", "reviews", review)
        elif review < settings.start:
            wrong(f"is before the programme's start, {settings.start}", "Check the year", "reviews", review)
        elif review in settings.reviews[:number]:
            wrong("stands there twice", "Name each day once", "reviews", review)
    if len(problems) == before:
        settings = replace(settings, reviews=tuple(sorted(settings.reviews)))
    if settings.start > today:
        wrong("is in the future", "Write the day on which the programme began", "start", settings.start)
    if settings.as_of and settings.as_of > today:
        wrong("is in the future", "Write a day up to today, or leave the line out", "as_of", settings.as_of)
    elif settings.as_of and settings.as_of < settings.start:
        wrong(
            f"is before the programme's start, {settings.start}", "Write a later day", "as_of", settings.as_of
        )
    return settings


class _CellError(Exception):
    """A cell that cannot be taken: fault and remedy."""

    def __init__(self, fault: str, remedy: str) -> None:
        self.fault, self.remedy = fault, remedy


@dataclass
class _Row:
    """One row; ``get`` parses a cell and reports what is wrong with it instead of raising."""

    sheet: _Sheet
    number: int
    cells: dict[str, str]
    sound: bool = field(default=True)

    def get(self, column: str, parse: Callable[[str], Any], *, required: bool = True) -> Any:
        text = self.cells[column]
        if not text:
            if required:
                self.wrong("is empty", f"Fill in {column}", column)
            return "" if parse is _text else None
        try:
            return parse(text)
        except _CellError as bad:
            self.wrong(bad.fault, bad.remedy, column)
            return None

    def wrong(self, fault: str, remedy: str, column: str | None = None) -> None:
        self.sound = False
        value = self.cells[column] if column and self.cells[column] else None
        self.sheet.wrong(fault, remedy, self.number, column, value)


@dataclass
class _Sheet:
    file: str
    problems: list[Finding]
    rows: list[_Row] = field(default_factory=list)
    readable: bool = False

    def wrong(
        self,
        fault: str,
        remedy: str,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        self.problems.append(
            Finding("records", f"{FOLDER}/{self.file}", fault, remedy, row, column or "", value or "")
        )

    def parse_date(self) -> Callable[[str], date]:
        """A parser for this sheet's dates: ISO, or dd/mm/yyyy where the sheet proves that order.

        A spreadsheet that saves the file rewrites every date as dd/mm/yyyy (or mm/dd/yyyy), so one
        date that can only be day first settles all, and a sheet without any settles none.
        """
        pairs = [
            (int(match[1]), int(match[2]))
            for row in self.rows
            for cell in row.cells.values()
            if (match := _SLASHED.fullmatch(cell))
        ]
        day_first = any(first > 12 for first, _ in pairs)
        month_first = any(second > 12 for _, second in pairs)

        def parse(text: str) -> date:
            if match := _ISO.fullmatch(text):
                parts = int(match[1]), int(match[2]), int(match[3])
            elif match := _SLASHED.fullmatch(text):
                day, month, year = int(match[1]), int(match[2]), int(match[3])
                if month > 12 and day <= 12:
                    raise _CellError("has the month first", f"Write {year}-{day:02}-{month:02}, year first")
                if day <= 12 and day != month and (month_first or not day_first):
                    raise _CellError(
                        "is ambiguous: the day or the month could stand first",
                        f"Write {year}-{month:02}-{day:02} or {year}-{day:02}-{month:02}, year first",
                    )
                parts = year, month, day
            else:
                raise _CellError(
                    "is not a date this file may hold", "Write it as 2024-02-13, year first with four digits"
                )
            try:
                return date(*parts)
            except ValueError:
                raise _CellError(
                    "is not a day of the calendar", "Write a day that exists, as 2024-02-13"
                ) from None

        return parse


_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")

# UTF-8 that was once read as Windows text: â€™ for an apostrophe, Ã© for é.
_GARBLED = re.compile(r"\u00e2\u20ac|[\u00c2\u00c3][\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]")

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)


def _raw(path: Path, sheet: _Sheet) -> bytes | None:
    try:
        if path.is_dir():
            sheet.wrong("is a folder", "Put the CSV file in its place")
            return None
        if path.stat().st_size > MAX_BYTES:
            sheet.wrong(f"is larger than {MAX_BYTES // 1_000_000} MB", "Check that it is the right file")
            return None
        return path.read_bytes()
    except FileNotFoundError:
        sheet.wrong("is missing", "Put the file back, from git or from a backup")
    except OSError as error:
        sheet.wrong(
            f"cannot be read ({error.strerror})", "Close the program that holds it and check its permissions"
        )
    return None


def _decoded(raw: bytes, sheet: _Sheet) -> str | None:
    if b"\0" in raw:
        sheet.wrong("is not a text file (it holds NUL bytes)", "Save it as 'CSV UTF-8' from the spreadsheet")
        return None
    try:
        text, _ = decode(raw)
    except UnicodeDecodeError:
        sheet.wrong("is neither UTF-8 nor Windows text", "Save it as 'CSV UTF-8' from the spreadsheet")
        return None
    if match := _CONFLICT.search(text):
        row = text.count("\n", 0, match.start()) + 1
        sheet.wrong("is a git conflict marker", "Choose one side and delete the markers", row, value=match[1])
        return None
    if not text.strip(" \t\r\n,;"):
        sheet.wrong("is empty", f"Begin it with the header {','.join(COLUMNS[sheet.file])}")
        return None
    return text


def separator_of(text: str, file: str) -> str:
    """The separator that makes the header of a file whole; a spreadsheet's locale chooses it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    columns = COLUMNS[file]
    return max(",;\t", key=lambda s: sum(_clean(name).lower() in columns for name in first.split(s)))


def _read_sheet(folder: Path, file: str, problems: list[Finding], raw: bytes | None) -> _Sheet:
    sheet = _Sheet(file, problems)
    raw = _raw(folder / file, sheet) if raw is None else raw
    text = None if raw is None else _decoded(raw, sheet)
    if text is None:
        return sheet
    separator = separator_of(text, file)
    before = len(problems)
    header: list[str] | None = None
    number = 0
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number += 1
        try:
            record = next(records)
        except StopIteration:
            break
        except csv.Error as error:
            sheet.wrong(
                f"the row cannot be read ({error})",
                "Check its quotation marks: each opening one needs a closing one",
                number,
            )
            return sheet
        cells = [_clean(cell) for cell in record]
        if not any(cells):
            continue
        if header is None:
            header = _header(cells, sheet, number)
            if header is None:
                return sheet
            continue
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if len(cells) != len(header):
            sheet.wrong(
                f"the row has {len(cells)} cells, the header {len(header)}",
                "Put a text that holds the separator in quotation marks, and leave no cell out",
                number,
            )
            continue
        row = _Row(sheet, number, dict(zip(header, cells, strict=True)))
        for column, cell in row.cells.items():
            if _CONTROL.search(cell):
                row.wrong("holds a control character", "Type the cell again", column)
            elif "\n" in cell or "\r" in cell:
                row.wrong("holds a line break", "Keep the cell on one line", column)
            elif _INVISIBLE.search(cell):
                row.wrong("holds an invisible character", "Delete the cell and type it again", column)
            elif "\ufffd" in cell or _GARBLED.search(cell):
                row.wrong("holds a character that was lost in a conversion", "Type the cell again", column)
            elif cell.startswith(("=", "+", "@")) or (cell.startswith("-") and column != "credits"):
                row.wrong("starts like a formula", "Start the cell with a letter or a digit", column)
        sheet.rows.append(row)
    sheet.readable = len(problems) == before
    return sheet


def _clean(cell: str) -> str:
    return cell.strip(" \t\u00a0\r\n")


def _header(cells: list[str], sheet: _Sheet, number: int) -> list[str] | None:
    columns = COLUMNS[sheet.file]
    while cells and not cells[-1]:
        cells.pop()
    names = [cell.lower() for cell in cells]
    before = len(sheet.problems)
    wanted = f"The header is {','.join(columns)}"
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            sheet.wrong("is a column that stands twice", wanted, number, value=name)
        if name not in columns:
            sheet.wrong("is not a column of this file", wanted, number, value=name)
    for name in columns:
        if name not in names:
            sheet.wrong("is missing from the header", wanted, number, column=name)
    return names if len(sheet.problems) == before else None


def _text(cell: str) -> str:
    return cell


def _whole(cell: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", cell) or int(cell) < 1:
        raise _CellError("is not a whole number from 1", "Write digits alone, such as 5")
    return int(cell)


def _credits(cell: str) -> Decimal:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", cell):
        return Decimal(cell)
    if re.fullmatch(r"-[0-9.]+", cell):
        fault = "is negative"
    elif re.fullmatch(r"[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?", cell):
        fault = "holds a thousands separator"
    elif re.match(r"[0-9.,]+\s*[^\W\d_]", cell):
        fault = "holds a unit"
    else:
        fault = "is not a plain number"
    raise _CellError(fault, "Write digits alone, with a point for decimals, such as 20 or 7.5")


def _list(cell: str) -> list[str]:
    return [part for item in cell.split(";") if (part := _clean(item))]


def _url(cell: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]+\.[^\s<>\"]+", cell):
        raise _CellError("is not a web address", "Write it whole, from https://")
    return cell


def _path(cell: str) -> str:
    path = PurePosixPath(cell)
    if "\\" in cell or path.is_absolute() or ".." in path.parts or ":" in cell:
        raise _CellError("is not a path inside the portfolio", "Write it from the root with forward slashes")
    return path.as_posix()


class _Reader:
    """Reads the files in turn and remembers the keys that later files may refer to.

    A key counts as known even where its row has another fault, and a file that could not be read
    at all is not checked against: a message names the cause, never its echo in ten other rows.
    """

    def __init__(
        self,
        root: Path,
        start: date,
        today: date,
        problems: list[Finding],
        instead: Mapping[str, bytes],
        *,
        without_pages: bool,
    ) -> None:
        self.without_pages = without_pages
        self.root, self.start, self.today, self.problems, self.instead = root, start, today, problems, instead
        self.unreadable: set[str] = set()
        self.codes: set[str] = set()
        self.activity_keys: set[ActivityKey] = set()
        self.standard_keys: set[StandardKey] = set()

    def sheet(self, file: str) -> _Sheet:
        sheet = _read_sheet(self.root / FOLDER, file, self.problems, self.instead.get(file))
        if not sheet.readable:
            self.unreadable.add(file)
        return sheet

    def past_date(
        self, row: _Row, column: str, parse: Callable[[str], date], *, required: bool = True
    ) -> date | None:
        """A day on which something happened: within the programme and not in the future."""
        day = row.get(column, parse, required=required)
        if day is not None and day > self.today:
            row.wrong("is in the future", "Write the day on which it happened", column)
        elif day is not None and day < self.start:
            row.wrong(f"is before the programme's start, {self.start}", "Check the year", column)
        return day

    def unique(self, row: _Row, key: Any, seen: dict[Any, int], column: str) -> None:
        if key in seen:
            row.wrong(f"stands already in row {seen[key]}", "Delete or correct one of the two rows", column)
        seen.setdefault(key, row.number)

    def modules(self) -> tuple[Module, ...]:
        sheet = self.sheet("modules.csv")
        parse_date = sheet.parse_date()
        found, names, codes = [], {}, {}
        for row in sheet.rows:
            module = Module(
                phase=row.get("phase", _text),
                code=row.get("code", _text, required=False),
                name=row.get("module", _text),
                credits=row.get("credits", _credits),
                signed_off=self.past_date(row, "signed_off", parse_date, required=False),
            )
            self.unique(row, (module.phase, module.code, module.name), names, "module")
            if module.code:
                self.codes.add(module.code)
                self.unique(row, module.code, codes, "code")
                if re.search(r"[\s/;]", module.code):
                    row.wrong("holds a space, a slash or a semicolon", "Write a code such as M-1", "code")
            found.append((row, module))
        return _sound(found)

    def standards(self) -> tuple[Standard, ...]:
        sheet = self.sheet("standards.csv")
        found, keys = [], {}
        for row in sheet.rows:
            key = StandardKey(row.get("scheme", _text), row.get("code", _text))
            if all(key):
                self.standard_keys.add(key)
                self.unique(row, _folded(key), keys, "code")
            found.append((row, Standard(key, row.get("label", _text))))
        return _sound(found)

    def activities(self) -> tuple[Activity, ...]:
        sheet = self.sheet("activities.csv")
        found, keys, pages = [], {}, {}
        for row in sheet.rows:
            module, number = row.get("module", _text), row.get("number", _whole)
            if module and module not in self.codes and "modules.csv" not in self.unreadable:
                codes = ", ".join(sorted(self.codes)) or "none yet"
                row.wrong("is not a code of modules.csv", f"Use one of: {codes}", "module")
            page = row.get("page", _path)
            written = self.without_pages or not page
            if not written and not any((self.root / f"{page}{ending}").is_file() for ending in PAGE_ENDINGS):
                row.wrong(
                    "is a page that does not exist",
                    f"Make it: portfolio new {module}/{number}; or correct the path",
                    "page",
                )
            if page:
                self.unique(row, page, pages, "page")
            if module and number:
                self.activity_keys.add(ActivityKey(module, number))
                self.unique(row, (module, number), keys, "number")
            activity = Activity(
                key=ActivityKey(module, number),
                title=row.get("title", _text),
                page=page,
                learning_outcomes=row.get("learning_outcomes", _text, required=False),
                url=row.get("url", _url, required=False) or "",
            )
            found.append((row, activity))
        return _sound(found)

    def events(self) -> tuple[Event, ...]:
        sheet = self.sheet("progress.csv")
        parse_date = sheet.parse_date()
        found: list[tuple[_Row, Event]] = []
        last: dict[ActivityKey, Event | None] = {}  # None: unknown, its row is at fault
        for row in sheet.rows:
            key = ActivityKey(row.get("module", _text), row.get("number", _whole))
            day = self.past_date(row, "date", parse_date)
            name = row.get("event", _text)
            if name and name not in EVENTS:
                row.wrong("is not an event", f"Use one of: {', '.join(EVENTS)}", "event")
            if all(key) and key not in self.activity_keys and "activities.csv" not in self.unreadable:
                row.wrong("is not an activity of activities.csv", "Correct module or number", "number")
            event = Event(day, key, name, row.get("note", _text, required=False))
            if row.sound and not (key in last and last[key] is None):
                previous = last.get(key)
                legal = LEGAL_NEXT[previous.event if previous else None]
                if name not in legal:
                    after = (
                        f"after '{previous.event}' of {previous.date}" if previous else "as the first event"
                    )
                    wanted = " or ".join(legal) or "nothing: a signed-off activity is done"
                    row.wrong(f"cannot stand {after} of {key}", f"What can follow is {wanted}", "event")
                elif previous and day < previous.date:
                    row.wrong(
                        f"is before '{previous.event}' of {key}, {previous.date}",
                        "Correct the date; events of an activity stand in the order in which they happened",
                        "date",
                    )
            last[key] = event if row.sound else None
            found.append((row, event))
        return tuple(sorted(_sound(found), key=lambda event: event.date))

    def evidence(self) -> tuple[Evidence, ...]:
        sheet = self.sheet("evidence.csv")
        parse_date = sheet.parse_date()
        by_activity = {str(key).casefold(): key for key in self.activity_keys}
        form = ";".join(map(str, sorted(self.activity_keys)[:2])) or "MODULE/NUMBER"
        by_standard = {_folded(key): key for key in self.standard_keys}
        no_activities, no_standards = ({f} & self.unreadable for f in ("activities.csv", "standards.csv"))
        found, ids = [], {}
        for row in sheet.rows:
            identifier = row.get("id", _text)
            if identifier:
                self.unique(row, identifier.casefold(), ids, "id")
            file = row.get("file", _path, required=False) or ""
            if file and not (self.root / file).is_file():
                row.wrong("is a file that does not exist", "Put the file there, or empty the cell", "file")
            evidence = Evidence(
                id=identifier,
                date=self.past_date(row, "date", parse_date),
                title=row.get("title", _text),
                kind=row.get("kind", _text),
                activities=_references(row, "activities", by_activity, str.casefold, form, no_activities),
                standards=_references(row, "standards", by_standard, _fold, "HCPC/6;GSP/1", no_standards),
                file=file,
            )
            if not row.cells["activities"]:
                row.wrong("is empty", f"Name the activities it serves, such as {form}", "activities")
            found.append((row, evidence))
        return _sound(found)

    def milestones(self) -> tuple[Milestone, ...]:
        sheet = self.sheet("milestones.csv")
        parse_date = sheet.parse_date()
        held = Counter(key.module for key in self.activity_keys)
        found, keys = [], {}
        for row in sheet.rows:
            milestone = Milestone(
                date=row.get("date", parse_date),
                name=row.get("name", _text),
                module=row.get("module", _text, required=False),
                required=row.get("required", _whole, required=False),
                note=row.get("note", _text, required=False),
            )
            if milestone.date and milestone.date < self.start:
                row.wrong(f"is before the programme's start, {self.start}", "Check the year", "date")
            if bool(row.cells["module"]) != bool(row.cells["required"]):
                row.wrong("module and required belong together", "Fill in both, or neither for a date alone")
            elif milestone.module and not self.unreadable & {"modules.csv", "activities.csv"}:
                if milestone.module not in self.codes:
                    row.wrong("is not a code of modules.csv", "Correct the code", "module")
                elif milestone.required and milestone.required > held[milestone.module]:
                    row.wrong(
                        f"is more than the {held[milestone.module]} activities of {milestone.module}",
                        "Correct the number, or add the activities",
                        "required",
                    )
            self.unique(row, (milestone.name, milestone.module), keys, "name")
            found.append((row, milestone))
        return tuple(sorted(_sound(found), key=lambda milestone: milestone.date))


def _sound(found: Iterable[tuple[_Row, Any]]) -> tuple[Any, ...]:
    """The records whose rows are without fault; the others are reported already."""
    return tuple(record for row, record in found if row.sound)


def _fold(text: str) -> str:
    """``HCPC/6``, ``HCPC 6`` and ``hcpc:6`` are one standard."""
    return re.sub(r"[\s/:]+", "/", text).casefold()


def _folded(key: StandardKey) -> str:
    return _fold(f"{key.scheme}/{key.code}")


def _references(
    row: _Row, column: str, known: Mapping[str, Any], fold: Callable[[str], str], form: str, skip: object
) -> tuple[Any, ...]:
    found: list[Any] = []
    for item in () if skip else _list(row.cells[column]):
        key = known.get(fold(item))
        if key is None:
            row.wrong(f"names {quoted(item)}, which is not known", f"Write a list such as {form}", column)
        elif key in found:
            row.wrong(f"names {quoted(item)} twice", "Name each once", column)
        else:
            found.append(key)
    return tuple(found)

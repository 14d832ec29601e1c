"""Lists of modules and activities as people have them: the sheets of an Excel workbook, or CSV.

The headings say what a column is, in any of the usual words. What was taken for what is told before anything
is written, and a row is named as a spreadsheet counts.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from stp_portfolio.core import disk, phrases
from stp_portfolio.core.contract import COLUMNS, MAX_BYTES
from stp_portfolio.core.findings import Finding, Refusal, quoted
from stp_portfolio.desk import drafts

MODULES, ACTIVITIES = "modules.csv", "activities.csv"
ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv")
NEEDED = {MODULES: ("phase", "code", "module", "credits"), ACTIVITIES: ("number", "title")}
CARRIED = {MODULES: "phase", ACTIVITIES: "module"}  # stands once for all rows below, as in merged cells
HEADINGS: dict[str, dict[str, list[str]]] = tomllib.loads(disk.read_text(Path(__file__).with_suffix(".toml")))
_TOTAL = re.compile(r"(?i) *(grand |sub-?)?total\b")
_KIND = r"(?:[deo]ta|(?:training )?activity|number|no|nr|#)[\s.:#-]*"
_TOP = 30  # rows in which the headings are looked for

Rows = list[dict[str, str]]


class List(NamedTuple):
    """The rows of a list with a cell for each column of its table, its ``place`` and ``sheet``."""

    rows: Rows

    def table(self, file: str, more: Iterable[Iterable[object]] = ()) -> bytes:
        """The list as its table in ``data/``, with ``more`` rows below."""
        rows = ([row[column] for column in COLUMNS[file]] for row in self.rows)
        return disk.csv_text([COLUMNS[file], *rows, *more]).encode()

    def told(self, finding: Finding) -> str:
        """A fault of the table that was made of this list, said of the list itself."""
        at = {str(number): row["place"] for number, row in enumerate(self.rows, start=2)}
        words = re.sub(r"\brow (\d+)", lambda row: at.get(row[1], row[0]), finding.words)
        return f"{at.get(str(finding.line), finding.file)}, column {finding.column}: {words}"


class Found(NamedTuple):
    """What was found in files: the lists by table, what was taken for what, and whether that was a guess."""

    lists: dict[str, List]
    told: list[str]
    guessed: bool


# -- sheets -----------------------------------------------------------------------------------


class Sheet:
    """A sheet of a workbook, or a CSV file, as text: as messages name it, its own name, and its rows.

    The row that has most of the usual headings has the number ``top``; ``columns`` are what it means for each
    list, empty where a heading means nothing.
    """

    def __init__(self, name: str, title: str, rows: Iterable[Iterable[Any]]) -> None:
        cells = [[_text(cell) for cell in row] for row in rows] or [[]]
        means = [{file: _columns(row, file) for file in HEADINGS} for row in cells[:_TOP]]
        usual = [sum(map(bool, chain(*each.values()))) for each in means]
        self.name, self.title, self.usual = name, title, max(usual)
        self.top = 1 + usual.index(self.usual)
        self.columns = means[self.top - 1]
        self.headings, *self.below = cells[self.top - 1 :]

    def missing(self, file: str) -> list[str]:
        """The columns that a list needs and the sheet has not."""
        return [column for column in NEEDED[file] if column not in self.columns[file]]

    def is_guess(self, file: str) -> bool:
        """Whether a heading may well mean something else, or none names the module or the phase."""
        named = zip(map(_bare, self.headings), self.columns[file], strict=True)
        clear = (not column or heading in HEADINGS[file][column][0].split(", ") for heading, column in named)
        return CARRIED[file] not in self.columns[file] or not all(clear)

    def told(self, files: Iterable[str]) -> str:
        """What is taken for what in lists, and the headings that are not used."""
        means = zip(*(self.columns[file] for file in files), strict=True)
        meant = [phrases.series([*filter(None, each)]).replace("_", " ") for each in means]
        pairs = list(zip(self.headings, meant, strict=True))
        taken = ", ".join(f"{heading} -> {column}" for heading, column in pairs if column) or "no headings"
        rest = ", ".join(heading for heading, column in pairs if heading and not column)
        return f"{self.name}, row {self.top}: {taken}{rest and f'; not used: {rest}'}."


def sheets(path: Path) -> list[Sheet]:
    """The sheets of a workbook that can be seen, or a CSV file as one. Raises Refusal."""
    name = disk.shown(path)
    if not path.exists():
        raise Refusal(f"There is no file {name}. Check its name, and the folder it lies in.")
    raw = disk.read_bytes(path, MAX_BYTES)
    try:
        return _of_workbook(name, raw) if raw.startswith((b"PK", b"\xd0\xcf")) else [_of_text(name, raw)]
    except Exception as error:  # what is broken, or no list at all, fails in any way
        fault = "cannot be read as a list: it is broken, of an old kind, or has a password"
        ways = "save it as 'Excel Workbook (.xlsx)' without a password, or as 'CSV UTF-8'"
        raise Refusal(f"{name} {fault}. Open it in a spreadsheet, and {ways}.") from error


def _of_workbook(name: str, raw: bytes) -> list[Sheet]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for sheet in seen:
        sheet.reset_dimensions()  # programs note them wrongly
    return [Sheet(f"{name}, sheet {sheet.title}", sheet.title, sheet.values) for sheet in seen]


def _of_text(name: str, raw: bytes) -> Sheet:
    """The rows of a CSV file by the separator that gives most of the usual headings. Raises ValueError."""
    text, _ = disk.decode(raw)
    if "\0" in text:
        raise ValueError(name)
    ways = [csv.reader(io.StringIO(text, ""), delimiter=each, strict=True) for each in ",;\t"]
    return max((Sheet(name, "", rows) for rows in ways), key=lambda sheet: sheet.usual)


def _text(value: Any) -> str:
    """A cell as text on one line: a whole number without its point, a day as ISO writes it."""
    text = str(value.date() if isinstance(value, datetime) else "" if value is None else value)
    text = " ".join(re.sub("[\u200b\ufeff]", "", text).split())
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _bare(heading: str) -> str:
    """A heading in small letters, without signs and what stands in brackets."""
    return " ".join(re.sub(r"\(.*?\)|[^\w#]|_", " ", heading.casefold()).split())


def _columns(headings: list[str], file: str) -> list[str]:
    """The column that each heading means: for each column that which says it best and is not taken yet."""
    bare, found = list(map(_bare, headings)), [""] * len(headings)
    for column, usual in HEADINGS[file].items():
        free = [each for each, taken in zip(bare, found, strict=True) if not taken]
        if best := next((word for word in ", ".join(usual).split(", ") if word in free), ""):
            found[next(at for at, each in enumerate(bare) if each == best and not found[at])] = column
    return found


# -- lists ------------------------------------------------------------------------------------


def read(given: Mapping[str, Path], known: Mapping[str, str], remedy: str, *, further: bool = False) -> Found:
    """The lists in files that were handed over by table, or as either; one workbook may hold both.

    ``known`` are modules that are there already, names by codes, in place of which those of a list come, or
    ``further`` ones beside them; ``remedy`` says how such a list is handed over. Raises Refusal for what
    cannot be read as a list, with the headings found and expected.
    """
    used, lists = _used(given), dict[str, List]()
    rows = {file: list(chain(*(_rows(sheet, file) for sheet in fits))) for file, fits in used.items()}
    if rows[MODULES]:
        lists[MODULES] = List(_modules(rows[MODULES]))
        own = {row["code"]: row["module"] for row in rows[MODULES] if row["code"]}
        known = {**known, **own} if further else own
    if rows[ACTIVITIES]:
        lists[ACTIVITIES] = List(_activities(rows[ACTIVITIES], known, remedy))
    return Found(lists, *_shown(used))


def _shown(used: Mapping[str, list[Sheet]]) -> tuple[list[str], bool]:
    """What was taken for what on each sheet, and whether any of that was a guess."""
    guessed = any(sheet.is_guess(file) or len(fits) > 1 for file, fits in used.items() for sheet in fits)
    every = dict.fromkeys(chain(*used.values()))
    return [sheet.told([file for file in used if sheet in used[file]]) for sheet in every], guessed


def _used(given: Mapping[str, Path]) -> dict[str, list[Sheet]]:
    """The sheets that hold each list: of the file given for it, or of any. Raises Refusal for no list."""
    every, used = {path: sheets(path) for path in given.values()}, dict[str, list[Sheet]]()
    for file in HEADINGS:
        held = every.get(given.get(file, Path()), [*chain(*every.values())])
        fitting, (other,) = [sheet for sheet in held if not sheet.missing(file)], HEADINGS.keys() - {file}
        used[file] = [sheet for sheet in fitting if sheet.missing(other)] or fitting  # not the other list
    for file, path in given.items():
        if not used.get(file, used[MODULES] or used[ACTIVITIES]):
            raise _no_list(every[path], file or ACTIVITIES)
    return used


def _no_list(held: list[Sheet], file: str) -> Refusal:
    """Why there is no list: the headings found, and those expected."""
    usual = "; ".join(f"{column} ({HEADINGS[file][column][0]})" for column in NEEDED[file])
    fault = f"There is no list of {file.removesuffix('.csv')}. It needs headings such as these: {usual}"
    return Refusal("\n  ".join([f"{fault}. What was found:", *(sheet.told([file]) for sheet in held)]))


def _rows(sheet: Sheet, file: str) -> Rows:
    """Each row with its place, but no total; a module or a phase that stands once counts until the next."""
    found, carried, last = Rows(), CARRIED[file], ""
    for number, cells in enumerate(sheet.below, start=sheet.top + 1):
        place = f"{sheet.name}, row {number}"
        if not sheet.title and any(cells[len(sheet.headings) :]):
            fault = "the row has more cells than the headings"
            raise Refusal(f"{place}: {fault}. Put a text that holds the separator in quotation marks.")
        row = {name: text for name, text in zip(sheet.columns[file], cells, strict=False) if name and text}
        last = row.get(carried, last)
        total = not row.keys() >= {*NEEDED[file]} and _TOTAL.match(" ".join(cells))
        if not any((row.keys() <= {carried}, total, cells == sheet.headings)):
            blank = dict.fromkeys(COLUMNS[file], "")
            found.append({**blank, carried: last, **row, "place": place, "sheet": sheet.title})
    if not found:
        raise Refusal(f"{sheet.name}, row {sheet.top}: there are no rows below the headings.")
    return found


def _modules(rows: Rows) -> Rows:
    """Each module once: a list of activities may name its module in every row. ``Year 1`` is phase 1."""
    once = dict[object, dict[str, str]]()
    for row in rows:
        row["phase"] = re.sub(r"(?i)^(?:phase|year|stage)\s*(?=\d+$)", "", row["phase"])
        cells = tuple(row[column] for column in COLUMNS[MODULES])
        once.setdefault(cells if row["code"] else row["place"], row)
    return list(once.values())


def _activities(rows: Rows, known: Mapping[str, str], remedy: str) -> Rows:
    """Each activity with its module, number and page as the tables have them.

    A row that has only learning outcomes continues the one above. Raises Refusal for unknown modules.
    """
    found, unknown = Rows(), dict[str, str]()
    for row in rows:
        if found and row["learning_outcomes"] and not row["number"] + row["title"]:
            found[-1]["learning_outcomes"] += f"; {row['learning_outcomes']}"
            continue
        code = row["module"] = _module_of(row, known) or row["module"]
        number = re.fullmatch(rf"(?i)(?:{re.escape(code)}[\s./:_-]+|{_KIND})?0*(\d+)\.?", row["number"])
        row["number"] = number[1] if number else row["number"]
        row["page"] = row["page"] or drafts.page_path(row, known.get(code, ""))
        found.append(row)
        if code not in known:
            unknown.setdefault(code, row["place"])
    if unknown:
        raise _unknown(unknown, remedy)
    return found


def _module_of(row: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The code of an activity's module: by its cell; else by its number, its sheet, or as the only one."""
    before = re.sub(r"[\s./:_-]+\d+\.?$", "", row["number"])
    for said in [row["module"]] if row["module"] else [before, row["sheet"]]:
        for code, name in known.items():  # its code, its name, or both
            if said.casefold() == name.casefold() or re.match(rf"(?i){re.escape(code)}(?![\w.-])", said):
                return code
    return "" if row["module"] or len(known) > 1 else "".join(known)


def _unknown(unknown: Mapping[str, str], remedy: str) -> Refusal:
    """What is missing for activities of modules, with their places, that no list has, with rows to paste."""
    if place := unknown.get(""):
        ways = "Add a column 'Module code', or name the sheet after the code of its module"
        return Refusal(f"{place}: it is not said which module the activity belongs to. {ways}.")
    said = phrases.series([f"{quoted(code)} ({place})" for code, place in unknown.items()])
    ways = f"Correct the code, or hand over a list of modules as well: {remedy}. It may look like this"
    rows = "".join(f"\n1,{code},Its name,10" for code in unknown)
    return Refusal(f"No list of modules has {said}. {ways}:\nphase,code,module,credits{rows}")

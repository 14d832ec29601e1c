"""Evidence in rows: a CSV file of one's own as a table of the book, or as a line or bar chart.

The first row names the columns, the first column the rows. ``<10`` is a number that is held back; a row that
begins with ``#`` is a note on the file.
"""

from __future__ import annotations

import csv
import io
import math
import re
import textwrap
from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from stp_portfolio.core import dates, disk
from stp_portfolio.core.contract import MAX_BYTES
from stp_portfolio.show import drawing
from stp_portfolio.show.palette import ACCENT, CLEAR, INK, MUTED
from stp_portfolio.show.tables import Table

KINDS = ("table", "line", "bars")
MOST = {"line": 400, "bars": 30}  # rows that a chart can show
_MARKS = {INK: "o", MUTED: "s", ACCENT: "^"}  # of each series, told apart without colour too
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?<=\d) ?%?")
_HELD_BACK = re.compile(r"[<>\u2264\u2265] ?\d+|[*-]?")
_TOLD = 12  # numbers of a series that are read out; of more, the first, last, highest and lowest


class Exhibit(NamedTuple):
    """A file that was read. ``series`` holds each column of numbers: a number, NaN for none, and its text."""

    heads: tuple[str, ...]
    rows: list[list[str]]
    notes: str
    series: dict[str, list[tuple[float, str]]]

    def table(self, caption: str) -> Table:
        """All of it as a table; a last row called total, or all, is one."""
        total = self.rows[-1][0].casefold() in ("total", "all")
        return Table(caption, self.heads, tuple(map(tuple, self.rows)), frozenset(self.series), total)

    def chart(self, kind: str, caption: str) -> drawing.Figure:
        """The first columns of numbers as lines over the first column, or as bars."""
        shown = self._replace(series=dict(islice(self.series.items(), len(_MARKS))))
        paint = partial(_bars if kind == "bars" else _lines, shown)
        return drawing.drawn(paint, alt=_words(shown, kind), caption=caption)


def kind_of(title: str) -> str:
    """The kind of exhibit that the title of a link asks for, such as ``panel: line``; empty for none."""
    name = title.removeprefix("panel:").strip()
    return name if title.startswith("panel:") and name in KINDS else ""


def read(root: Path, name: str | Path, kind: str) -> Exhibit:
    """Read a CSV file by its path from ``root``, to be shown in some way. Raises UnreadableError."""
    path = disk.inside(root, name)
    rows = _rows(path)
    notes = [row[0].lstrip("# ") for row in rows if _is_note(row)]
    heads, *body = [row for row in rows if any(row) and not _is_note(row)] or [[]]
    if not body:
        raise disk.UnreadableError(path, "exhibit-empty")
    if uneven := next((row for row in body if len(row) != len(heads)), None):
        place, cells = rows.index(uneven) + 1, len(uneven)
        raise disk.UnreadableError(path, "exhibit-row", row=place, cells=cells, heads=len(heads))
    return _of_kind(path, kind, heads, body, notes)


def _of_kind(path: Path, kind: str, heads: list[str], body: list[list[str]], notes: list[str]) -> Exhibit:
    """Rows that are even as an exhibit, where they can be shown in this way."""
    _, *columns = zip(heads, *body, strict=True)
    series = {head: numbers for head, *cells in columns if (numbers := _numbers(cells))}
    if kind in MOST and not series:
        raise disk.UnreadableError(path, "exhibit-numbers", columns=", ".join(heads))
    if len(body) > MOST.get(kind, len(body)):
        raise disk.UnreadableError(path, "exhibit-long", rows=f"{len(body):,}", most=MOST[kind], kind=kind)
    return Exhibit(tuple(heads), body, " ".join(notes), series)


def _rows(path: Path) -> list[list[str]]:
    """The rows as any program saves them: with commas, semicolons or tabs."""
    try:
        text, _ = disk.decode(disk.read_bytes(path, MAX_BYTES))
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise disk.UnreadableError(path, "file-binary")
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    lines = csv.reader(io.StringIO(text, ""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        return [[" ".join(cell.split()) for cell in line] for line in lines]
    except csv.Error as error:
        raise disk.UnreadableError(path, "row-unreadable", why=error) from error


def _is_note(row: list[str]) -> bool:
    return "".join(row[:1]).startswith("#") and not any(row[1:])


def _numbers(cells: Sequence[str]) -> list[tuple[float, str]]:
    """The numbers of a column with how they are written; none where a cell is a text, or none is told."""
    if any(not _NUMBER.fullmatch(cell) and not _HELD_BACK.fullmatch(cell) for cell in cells):
        return []
    numbers = [float(re.sub("[, %]", "", cell)) if _NUMBER.fullmatch(cell) else math.nan for cell in cells]
    return [] if all(map(math.isnan, numbers)) else list(zip(numbers, cells, strict=True))


# -- charts -----------------------------------------------------------------------------------


def _places(names: list[str]) -> tuple[list[Any], list[str]]:
    """Where the rows stand on an axis, by day, by number or evenly, and what they are called there."""
    try:
        days = [date.fromisoformat(name) for name in names]
        return days, [dates.short(day) for day in days]
    except ValueError:
        numbers = [number for number, _ in _numbers(names)]
        return (numbers if numbers == sorted(numbers) and numbers else [*range(len(names))]), names


def _looks(series: dict[str, list[tuple[float, str]]]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each line: those that begin with one word and share no row are one measure."""
    looks, free = dict[str, tuple[str, str]](), iter(_MARKS.items())
    for name, cells in series.items():
        first = name.split()[:1]
        one = (
            look
            for other, look in looks.items()
            if other.split()[:1] == first
            and all(math.isnan(a + b) for (a, _), (b, _) in zip(cells, series[other], strict=True))
        )
        looks[name] = next(one, None) or next(free)
    return looks


def _lines(shown: Exhibit, drawn: Any, narrow: bool) -> None:
    """A line for each series, its name beside its end; it is broken where a number is missing."""
    places, names = _places([row[0] for row in shown.rows])
    ends = []
    looks = _looks(shown.series)
    for name, cells in shown.series.items():
        colour, marker = looks[name]
        numbers = [number for number, _ in cells]
        drawn.plot(places, numbers, color=colour, marker=marker, markersize=4, linewidth=1.8)
        told = [each for each in zip(numbers, places, strict=True) if not math.isnan(each[0])]
        ends.append((*told[-1], textwrap.fill(name, 12 if narrow else 24), colour))
    drawn.set_ylim(bottom=min(0, drawn.get_ylim()[0]))
    bottom, top = drawn.get_ylim()
    free = -math.inf  # above the labels so far, which start from below
    for number, place, name, colour in sorted(ends):
        half = (top - bottom) * 0.06 * (name.count("\n") + 1)
        at = max(number, free + half)
        beside = {"xytext": (8, 0), "textcoords": "offset points", "va": "center", "fontweight": "bold"}
        drawn.annotate(name, (place, at), color=colour, bbox=CLEAR, **beside)
        free = at + half
    drawn.set_ylim(bottom, max(top, free))
    step = math.ceil(len(names) * (max(map(len, names)) + 2) / (24 if narrow else 72))
    drawn.set_xticks(places[::step], names[::step])
    drawn.set_xlabel(shown.heads[0], loc="left")
    drawn.grid(axis="y")


def _bars(shown: Exhibit, drawn: Any, narrow: bool) -> None:
    """The name of each row and below it a bar for each of its numbers, with the number as it is written."""
    slots = len(shown.series) + 1.4  # of a row: its name, its bars, and the space after them
    drawn.figure.set_figheight(0.29 * slots * len(shown.rows))
    for place, row in enumerate(shown.rows):
        drawn.text(0, place, row[0], transform=drawn.get_yaxis_transform(), va="center")
        for slot, ((name, cells), colour) in enumerate(zip(shown.series.items(), _MARKS, strict=False), 1):
            number, written = cells[place]
            size, at = 0 if math.isnan(number) else number, place + slot / slots
            drawn.barh(at, size, 0.8 / slots, color=colour)
            label = f"{f'{name} ' if len(shown.series) > 1 else ''}{written or 'none'}"
            drawn.annotate(label, (size, at), xytext=(5, 0), textcoords="offset points", va="center")
        drawn.vlines(0, place + 0.5 / slots, place + 1 - 0.9 / slots, color=MUTED, linewidth=0.9)
    drawn.set_ylim(len(shown.rows) - 0.6 / slots, -0.5 / slots)
    drawn.set_axis_off()


def _words(shown: Exhibit, kind: str) -> str:
    """What a chart shows, in words and numbers."""
    first = shown.heads[0].lower()
    said = [f"{'Bar' if kind == 'bars' else 'Line'} chart by {first}."]
    names = [f"{first} {row[0]}" if _NUMBER.fullmatch(row[0]) else row[0] for row in shown.rows]
    for head, cells in shown.series.items():
        told = [(*cell, name) for cell, name in zip(cells, names, strict=True) if not math.isnan(cell[0])]
        parts = [f"{name} {written}" for _, written, name in told]
        if len(told) > _TOLD:
            ends = {"first": told[0], "last": told[-1], "highest": max(told), "lowest": min(told)}
            parts = [f"{word} {written} ({name})" for word, (_, written, name) in ends.items()]
        said.append(f"{head}: {', '.join(parts)}.")
    return " ".join(said)

"""The book's charts: functions that take frames (``core.frames``, or your own) and draw them in one style.

Words are given to a chart (``alt``, ``caption``), never made by it: ``sentences`` computes those of the
shipped notebooks. For a chart that is not here, draw on ``axes()``, or let pandas draw, and hand the result
to ``figure``; or give ``drawn`` a function that draws for a full column and for a phone.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Any, TypeAlias

from stp_portfolio.core import dates, phrases
from stp_portfolio.core.records import EVENT_WORDS, said
from stp_portfolio.show.drawing import MIME, TYPE, Figure, axes, drawn, figure, formula, inline_svg, style
from stp_portfolio.show.palette import ACCENT, CLEAR, INK, MUTED, PAGE, PANEL, RULE, WARM

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    Done: TypeAlias = DataFrame | Series[Any]
    Label: TypeAlias = tuple[str, tuple[date, float], int, dict[str, Any]]  # text, point, side, look

__all__ = [
    "ACCENT", "INK", "MIME", "MUTED", "PAGE", "PANEL", "RULE", "WARM", "Figure", "axes", "blocks", "burn_up",
    "drawn", "figure", "formula", "inline_svg", "matrix", "style", "timeline", "waits",
]  # fmt: skip

LINE = 16  # units from one line of text to the next
_DASHED: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": (0, (3, 3))}
_MARKS = {  # event: marker, its face and edge; then colour and width of the line that follows, and its word
    "started": ("|", INK, INK, MUTED, 1.1, "In work"),
    "submitted": ("o", PAGE, ACCENT, ACCENT, 3.2, "With the assessor"),
    "returned": ("X", WARM, WARM, MUTED, 1.1, "_"),
    "signed_off": ("s", ACCENT, ACCENT, "none", 0, "_"),
    "withdrawn": ("v", WARM, WARM, MUTED, 1.1, "_"),
}
_DONE: dict[str, Any] = {"facecolor": ACCENT, "edgecolor": ACCENT, "linewidth": 1, "clip_on": False}
_WITH_SOMEBODY: dict[str, Any] = {"facecolor": PANEL, "edgecolor": ACCENT, "linewidth": 1, "clip_on": False}
_LATE = {**_WITH_SOMEBODY, "edgecolor": WARM}
_LINED = {**_WITH_SOMEBODY, "hatch": "////"}
_OPEN: dict[str, Any] = {"facecolor": PAGE, "edgecolor": MUTED, "linewidth": 1, "clip_on": False}


def blocks(
    frame: DataFrame,
    *,
    row: str,
    width: str,
    filled: str,
    hatched: str,
    key: Sequence[str],
    name: str = "",
    alt: str,
    caption: str,
) -> Figure:
    """A bar for each value of ``row``, made of a block for each row of the frame, as wide as its number.

    The first four and ``name`` name columns; a block is filled, or hatched, where
    the number in that column is more than 0, and holds its name where there is room. ``key`` are the words
    for filled, for open and for hatched blocks, the last of them only where there are some.
    """
    from matplotlib.patches import Patch

    groups = frame.assign(called=frame.get(name, "")).groupby(row, sort=False, observed=False)
    longest = max([1.0, *groups[width].sum()])

    def paint(axes: Any, narrow: bool) -> None:
        places = _rows(axes, [str(name) for name, _ in groups], narrow, mark=26, top=26 * (1 + narrow))
        unit = (_across(axes) - 90) / longest
        axes.set_xlim(0, _across(axes) / unit)
        for place, (_, group) in zip(places, groups, strict=True):
            left, group = 0.0, group[group[width] > 0]
            columns = group[[width, filled, hatched, "called"]]
            for size, full, lined, called in columns.itertuples(index=False):
                look = _DONE if full else _LINED if lined else _OPEN
                axes.barh(place, size, 24, left, **look)
                number = f"{size:g}" * (len(group) > 1)  # which else stands after the bar
                # No words where lines would cross them.
                text = _fitting(called, number, size * unit * (look is not _LINED))
                middle = {"ha": "center", "va": "center", "color": PAGE if full else INK}
                axes.text(left + size / 2, place, text, **middle)
                left += size
            _after(axes, (left, place), f"{left:g} {width}", weight="bold")
        _key(axes, [Patch(**look) for look in (_DONE, _OPEN, _LINED)[: len(key)]], key, 1 if narrow else 3)

    return drawn(paint, alt=alt, caption=caption)


def _fitting(name: str, number: str, room: float) -> str:
    """A name and a number, or the number alone, or nothing, as there is room in a block."""
    return next((text.strip() for text in (f"{name} {number}", number) if _wide(text) + 8 < room), "")


def timeline(
    activities: DataFrame, events: DataFrame, *, start: date, on: date, alt: str, caption: str
) -> Figure:
    """A row for each activity, from started through submitted and returned to signed off.

    Takes the columns ``key`` and ``activity`` of the one frame and ``key``, ``date``, ``event`` of the other,
    which may hold events of further activities.
    """
    import pandas

    found = events[events["key"].isin(activities["key"])]
    found = found.assign(until=found.groupby("key")["date"].shift(-1).fillna(pandas.Timestamp(on)))
    marks = dict(_MARKS)
    if "withdrawn" not in {*found["event"]}:
        del marks["withdrawn"]

    def paint(axes: Any, narrow: bool) -> None:
        columns = 2 if narrow else 6 if len(marks) == 4 else 4
        top = 22 * math.ceil((len(marks) + 2) / columns) + 20
        places = _rows(axes, activities["activity"], narrow, mark=14, top=top, bottom=40)
        own = found.assign(row=found["key"].map(dict(zip(activities["key"], places, strict=True))))
        _time_axis(axes, start, on + timedelta(days=max(12, (on - start).days // 40)))
        _upright(axes, axes.get_xticks(), places, narrow, color=RULE, linewidth=0.8)
        _upright(axes, [axes.convert_xunits(on)], places, narrow, **_DASHED)
        handles, words = [], []
        for event, (marker, face, edge, colour, width, word) in marks.items():
            these = own[own["event"] == event]
            handles += _mark(axes, these["date"], these["row"], marker, face, edge)
            handles.append(axes.hlines(these["row"], these["date"], these["until"], colour, linewidth=width))
            words += [said(event).capitalize(), word]
        for place in sorted({*places} - {*own["row"]}):
            axes.text(start, place, "Not started", va="center", color=MUTED, bbox=CLEAR)
        axes.text(1, 1, dates.short(on), transform=axes.transAxes, ha="right", va="bottom", color=MUTED)
        _key(axes, handles, words, columns)

    return drawn(paint, alt=alt, caption=caption)


def burn_up(
    events: Done,
    goals: DataFrame,
    *,
    of: int,
    start: date,
    on: date,
    in_review: int = 0,
    alt: str,
    caption: str,
) -> Figure:
    """How many of so many are signed off, how many more are in review, and what the milestones need.

    ``events`` takes the columns ``date`` and ``counts``, by how many each raises or lowers what is done, or
    is a series of the days on which one was done; ``goals`` takes the columns ``date``, ``required``,
    ``to_submit``, ``submit_by`` and ``state`` of the milestones, and leaves out those that require no number.
    A dashed line leads from what is handed in to the next number that is not covered by it.
    """
    import pandas

    if events.ndim == 1:  # as notebooks of version 0.1.0 have it
        events = pandas.DataFrame({"date": events.dropna()}).assign(counts=1)
    so_far = events.groupby("date")["counts"].sum().cumsum()
    done, goals = int(events["counts"].sum()), goals.dropna(subset="required")
    last = max([on, *(day.date() for day in goals["date"])])

    def paint(axes: Any, narrow: bool) -> None:
        _frame(axes, 250 if narrow else 300, left=26, top=6, bottom=40)
        axes.set_ylim(0, max(of, *goals["required"], 1) * (1.2 if narrow else 1.12))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.spines["bottom"].set_visible(True)
        _time_axis(axes, start, last + timedelta(days=max(20, (last - start).days // 40)))
        axes.step([start, *so_far.index, on], [0, *so_far, done], where="post", color=ACCENT, linewidth=2.2)
        labels = [*_goals(axes, goals, done, on), *_needs(axes, goals, done + in_review, on)]
        if in_review:
            axes.plot([on, on], [done, done + in_review], color=ACCENT, linewidth=1)
            _mark(axes, on, done + in_review, "o", PAGE, ACCENT)
            labels.append((f"{in_review} in review", (on, done + in_review), -1, {"color": ACCENT}))
        _mark(axes, on, done, "s", ACCENT, ACCENT)
        labels.append((f"{done} signed off", (on, done), -1, {"color": ACCENT, "weight": "bold"}))
        for text, point, side, look in labels:
            _beside(axes, text, point, side, narrow, **look)

    return drawn(paint, alt=alt, caption=caption)


def _goals(axes: Any, goals: DataFrame, done: int, on: date) -> Iterator[Label]:
    """A diamond for each milestone, filled where it is met."""
    for day, required in goals[["date", "required"]].itertuples(index=False):
        edge = ACCENT if done >= required else WARM if day.date() < on else INK
        _mark(axes, day, required, "D", ACCENT if done >= required else PAGE, edge)
        yield f"{required:g} required by {dates.short(day)}", (day, required), 1, {}


def _needs(axes: Any, goals: DataFrame, handed: int, on: date) -> Iterator[Label]:
    """A line from what is handed in today to the next number that is not covered, by the day to submit by."""
    ahead = goals[(goals["date"] >= str(on)) & (goals["to_submit"] > 0)][:1]
    for day, by, required, state in ahead[["date", "submit_by", "required", "state"]].itertuples(index=False):
        end = (by if by.date() > on else day).date()
        axes.plot([on, end], [handed, required], color=INK, linewidth=1.3, linestyle=(0, (4, 3)))
        middle = (on + (end - on) / 2, (handed + required) / 2)
        yield state.partition(":")[0], middle, -1, {"weight": "bold"}


def waits(frame: DataFrame, *, weeks: int, alt: str, caption: str) -> Figure:
    """A bar for each submission: the days it lay with an assessor, and what came of it.

    Takes the columns ``activity``, ``since``, ``until``, ``days`` and ``outcome``; what still waits stands
    out, what waits for more than so many weeks more so, and a line marks them.
    """
    from matplotlib.patches import Patch

    columns = frame[["activity", "since", "until", "days", "outcome"]]
    bars = [*columns.itertuples(index=False, name=None)]
    labels = [f"{name}, " + "\xa0".join(dates.short(day).split()[1:]) for name, day, *_ in bars]
    texts = [f"{phrases.plural(days, 'day')}, {outcome.lower()}" for *_, days, outcome in bars]
    marks = {EVENT_WORDS[event].capitalize(): mark for event, mark in _MARKS.items()}
    key = {"With the assessor": Patch(**_WITH_SOMEBODY), f"Waits for over {weeks} weeks": Patch(**_LATE)}

    def paint(axes: Any, narrow: bool) -> None:
        places = _rows(axes, labels, narrow, mark=16, top=44 + 22 * narrow)
        room = _across(axes) - 1.15 * max(map(_wide, texts), default=0) - 14
        longest = max([7 * weeks, *frame["days"]])
        axes.set_xlim(0, longest * _across(axes) / room)
        _upright(axes, [7 * weeks], places, narrow, **_DASHED)
        axes.text(7 * weeks, -10, f"{weeks} weeks", va="center", color=MUTED)
        _key(axes, [*key.values()], [*key], 1 if narrow else 2)
        for place, text, (_, _, until, days, outcome) in zip(places, texts, bars, strict=True):
            waiting = until != until  # NaT equals nothing
            _wait(axes, place, days, (longest, text), waiting=waiting, late=waiting and days > 7 * weeks)
            if not waiting:
                _mark(axes, days, place, *marks[outcome][:3])

    return drawn(paint, alt=alt, caption=caption)


def _wait(axes: Any, place: float, days: int, words: tuple[float, str], *, waiting: bool, late: bool) -> None:
    """The bar of one submission, and its words in the column at the right."""
    axes.barh(place, days, 11, **(_LATE if late else _WITH_SOMEBODY))
    look: dict[str, Any] = {"weight": "bold" if waiting else "normal", "color": WARM if late else INK}
    _after(axes, (words[0], place), words[1], **look)


def matrix(evidence: DataFrame, links: DataFrame, standards: DataFrame, *, alt: str, caption: str) -> Figure:
    """Which evidence speaks to which standards: a row for each piece; for a phone how many speak to each.

    Takes the columns ``id`` and ``title`` of the evidence, ``id`` and ``standard`` of the links, and
    ``scheme``, ``code``, ``standard`` and ``label`` of the standards.
    """
    counts = links["standard"].value_counts().reindex(standards["standard"], fill_value=0)

    def paint(axes: Any, narrow: bool) -> None:
        _counted(axes, standards, counts) if narrow else _crossed(axes, evidence, links, standards, counts)

    return drawn(paint, alt=alt, caption=caption)


def _counted(axes: Any, standards: DataFrame, counts: Series[Any]) -> None:
    """A bar for each standard, as long as it has pieces of evidence."""
    places = _rows(axes, standards["standard"] + " " + standards["label"], narrow=True, mark=16)
    axes.set_xlim(0, max([1, *counts]) * 1.2)
    for place, count in zip(places, counts, strict=True):
        axes.barh(place, count, 11, facecolor=MUTED, edgecolor=MUTED)
        look = {"weight": "bold"} if count else {"color": MUTED}
        _after(axes, (count, place), str(count or "None yet"), 7 if count else 0, **look)


def _crossed(
    axes: Any, evidence: DataFrame, links: DataFrame, standards: DataFrame, counts: Series[Any]
) -> None:
    """A row for each piece of evidence, a column for each standard, a dot where one speaks to the other."""
    places = _rows(axes, evidence["id"] + " " + evidence["title"], narrow=False, gap=8, top=44, bottom=22)
    rows = dict(zip(evidence["id"], places, strict=True))
    columns = {name: column for column, name in enumerate(standards["standard"])}
    axes.set_xlim(-0.6, max(len(columns), 1) - 0.4)
    height, edge = axes.get_ylim()[0], -axes.get_position().x0 / axes.get_position().width
    under = [*accumulate(places, lambda edge, place: 2 * place - edge, initial=0.0)]  # each in its middle
    lines = {"transform": axes.get_yaxis_transform(), "clip_on": False, "color": RULE, "linewidth": 0.7}
    axes.plot([edge, 1, math.nan] * len(under), [y for y in under for _ in range(3)], **lines)
    axes.plot(links["standard"].map(columns), links["id"].map(rows), "o", markersize=7, color=INK)
    middle = {"ha": "center", "va": "center"}
    for column, code, count in zip(columns.values(), standards["code"], counts, strict=True):
        axes.text(column, -11, code, color=MUTED, **middle)
        axes.text(column, height + 12, str(count), weight="bold", **middle)
        if not count:
            axes.barh(height / 2, 1, height, column - 0.5, color=PANEL, zorder=0)
            around = {"ha": "center", "va": "top", "bbox": {**CLEAR, "facecolor": PANEL}}
            axes.text(column, 6, "none yet" if height > 70 else "", color=MUTED, rotation=90, **around)
    axes.text(edge, height + 12, "Pieces", transform=axes.get_yaxis_transform(), va="center", weight="bold")
    for scheme, own in standards.groupby("scheme", sort=False)["standard"]:
        first = columns[own.iloc[0]]
        axes.text(first - 0.3, -31, scheme, va="center", weight="bold")
        if first:
            axes.plot([first - 0.5] * 2, [-40, height], color=MUTED, linewidth=0.9, clip_on=False)


# -- room for whole titles --------------------------------------------------------------------


@cache
def _wide(text: str) -> float:
    """How many units a text takes: a little less than in Matplotlib's typeface, more than in the page's."""
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    font.set_size(TYPE, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64 * 0.94


def _lines(text: str, room: float) -> list[str]:
    """A text on as many lines as it needs."""
    return textwrap.wrap(text, max(8, int(len(text) * room / max(_wide(text), 1)))) or [""]


def _across(axes: Any) -> float:
    """How many units wide the axes are."""
    return float(axes.get_window_extent().width)


def _frame(axes: Any, height: float, left: float = 1, top: float = 4, bottom: float = 4) -> None:
    """Make the axes so many units high, with so much room around them; no spines, no ticks."""
    canvas = axes.figure
    canvas.set_layout_engine("none")
    wide, high = canvas.get_figwidth() * 72, height + top + bottom
    canvas.set_figheight(high / 72)
    axes.set_position((left / wide, bottom / high, (wide - left - 6) / wide, height / high))
    axes.set_xticks([])
    axes.spines[:].set_visible(False)


def _rows(
    axes: Any, labels: Iterable[str], narrow: bool, mark: float = 0, gap: float = 10, **around: float
) -> list[float]:
    """Write whole labels for the rows, and make room for a mark of so many units in each.

    They stand left of the marks, on a phone above them, ``gap`` units apart. Gives the places of the marks:
    the axes count units from the top.
    """
    labels, wide = list(labels), axes.figure.get_figwidth() * 72
    room = 0.95 * wide if narrow else min(max(map(_wide, labels), default=0) + 2, 0.35 * wide)
    found, high = [], 0.0
    for label in labels:
        lines = _lines(label, room)
        height = len(lines) * LINE
        row = height + mark if narrow else max(height, mark)
        first = high + gap / 2 + (0 if narrow else (row - height) / 2) + LINE / 2
        for number, line in enumerate(lines):
            at = {"xycoords": ("figure points", "data"), "annotation_clip": False}
            axes.annotate(line, (1, first + number * LINE), va="center", **at)
        found.append(high + gap / 2 + (height + mark / 2 if narrow else row / 2))
        high += row + gap
    _frame(axes, max(high, LINE), 1 if narrow else room + 22, **around)
    axes.set_ylim(max(high, LINE), 0)
    axes.set_yticks([])
    return found


def _key(axes: Any, handles: list[Any], words: Sequence[str], columns: int) -> None:
    """What the marks mean, above them."""
    shown = [(handle, word) for handle, word in zip(handles, words, strict=False) if word != "_"]
    where = {"bbox_to_anchor": (0, 1), "bbox_transform": axes.figure.transFigure, "loc": "upper left"}
    spaces = {"handlelength": 1.4, "handletextpad": 0.5, "columnspacing": 1.2}
    spaces |= dict.fromkeys(("borderpad", "borderaxespad"), 0)
    axes.legend(*zip(*shown, strict=True), ncols=columns, frameon=False, **where, **spaces)


def _mark(axes: Any, x: Any, y: Any, marker: str, face: str, edge: str) -> list[Any]:
    """A mark, or many of one kind."""
    look = {"markersize": 7, "markerfacecolor": face, "markeredgecolor": edge, "color": edge}
    return list(axes.plot(x, y, marker, clip_on=False, zorder=3, **look))


def _after(axes: Any, point: tuple[float, float], text: str, away: int = 9, **look: Any) -> None:
    """A text at the end of a bar."""
    axes.annotate(text, point, (away, 0), textcoords="offset points", va="center", **look)


def _upright(axes: Any, across: Iterable[float], places: Sequence[float], narrow: bool, **look: Any) -> None:
    """Upright lines, one path for all; on a phone only beside the marks of rows: none runs through words."""
    spans = [(place - 7, place + 7) for place in places] if narrow else [axes.get_ylim()]
    pieces = [*product(across, spans)]
    xs = [at for x, _ in pieces for at in (x, x, math.nan)]
    axes.plot(xs, [y for _, span in pieces for y in (*span, math.nan)], zorder=0, **look)


def _time_axis(axes: Any, first: date, last: date) -> None:
    """Years and months from ``first`` to ``last``, a tick every few months."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    most = max(2, int(_across(axes) / 42))
    step = next((s for s in (1, 2, 3, 4, 6, 12) if months / s <= most), 12 * math.ceil(months / 12 / most))
    ticks = [dates.months_after(first.replace(day=1), index) for index in range(0, months + step, step)]
    ticks = [max(first, tick) for tick in ticks if tick <= last]
    axes.set_xlim(first, last)
    names = []
    for before, tick in pairwise([date.min, *ticks]):
        month, year = dates.written_month(tick).split()
        names.append(f"{month[:3]}\n{year if tick.year != before.year else ''}")
    axes.set_xticks(ticks, names)
    axes.get_xticklabels()[0].set_ha("left")


def _beside(axes: Any, text: str, point: tuple[date, float], side: int, narrow: bool, **look: Any) -> None:
    """Write a label where it stands nearest to its point, on that side if it can, and covers nothing else."""
    import numpy

    paths = (line.get_transform().transform_path(line.get_path()) for line in axes.lines)
    points = numpy.concatenate([path.interpolated(60).vertices for path in paths])
    texts, page = [each.get_window_extent() for each in axes.texts], axes.get_window_extent()
    text = re.sub("( required)? by ", " by\n", text) if narrow else text
    where = {"textcoords": "offset points", "ma": "left", "annotation_clip": False}
    label = axes.annotate(text, point, (0, 0), **where, **look)

    def covers(place: tuple[int, int, int, int]) -> float:
        away, aside, x, y = place
        label.set(ha=("center", "left", "right")[x], va=("center", "bottom", "top")[y])
        label.set_position((aside * x if y else away * x, away * y))
        box = label.get_window_extent().padded(3)
        outside = max(0, page.x0 - box.x0, box.x1 - page.x1 - 5, page.y0 - box.y0, box.y1 - page.y1)
        return float(box.count_contains(points) + 99 * box.count_overlaps(texts) + 99 * outside)

    places = [*product(range(8, 80, 6), (8, 30, 60, 100), (side, -side), (1, -1, 0))]
    places.sort(key=lambda place: place[0] + place[1])
    if all(covers(place) for place in places):  # else it stands where it covers nothing
        covers(min(places, key=covers))

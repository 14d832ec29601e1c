"""The book's charts: functions that take frames (``core.frames``, or your own) and draw them in one style.

Words are given to a chart (``alt``, ``caption``), never made by it: ``sentences`` computes those of the
shipped notebooks. For a chart that is not here, draw on ``axes()``, or let pandas draw, and hand the result
to ``figure``.
"""

from __future__ import annotations

import math
import textwrap
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from stp_portfolio.core import dates, phrases
from stp_portfolio.core.records import said
from stp_portfolio.show.drawing import MIME, Figure, figure, formula, inline_svg, style
from stp_portfolio.show.palette import ACCENT, INK, MUTED, PAGE, PANEL, RULE, WARM

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    Done: TypeAlias = DataFrame | Series[Any]

__all__ = [
    "ACCENT", "INK", "MIME", "MUTED", "PAGE", "PANEL", "RULE", "WARM", "Figure", "axes", "blocks", "burn_up",
    "figure", "formula", "inline_svg", "matrix", "style", "timeline", "waits",
]  # fmt: skip

# Inches, 374 units of the SVG: on a phone a unit is nearly a pixel, so its text can be read there.
WIDTH = 5.2
LABEL = 62  # characters that fit into that width
_CLEAR = {"facecolor": PAGE, "edgecolor": "none", "pad": 1}  # no line runs through the words
_DASHED = {"color": MUTED, "linewidth": 0.8, "linestyle": (0, (3, 3))}
_MARKS = {  # event: marker, its face and edge; then colour and width of the line that follows, and its word
    "started": ("|", INK, INK, MUTED, 1.1, "in work"),
    "submitted": ("o", PAGE, ACCENT, ACCENT, 3.2, "with the assessor"),
    "returned": ("X", WARM, WARM, MUTED, 1.1, "_"),
    "signed_off": ("s", ACCENT, ACCENT, "none", 0, "_"),
    "withdrawn": ("v", WARM, WARM, MUTED, 1.1, "_"),
}


@style()
def axes(height: float = 3.0) -> Any:  # an Axes; Matplotlib's own types know of no dates
    """Empty axes in the book's style, as wide as its figures and ``height`` inches high."""
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=(WIDTH, height), layout="constrained").subplots()


@style()
def blocks(
    frame: DataFrame, *, row: str, width: str, filled: str, hatched: str, key: str, alt: str, caption: str
) -> Figure:
    """A bar for each value of ``row``, made of a block for each row of the frame, as wide as its number.

    ``row``, ``width``, ``filled`` and ``hatched`` name columns; a block is filled, or hatched, where the
    number in that column is more than 0. ``key`` says below the bars what filled and hatched mean.
    """
    groups = frame.groupby(row, sort=False)
    longest = float(groups[width].sum().max() or 1) if len(frame) else 1.0
    drawn = axes(0.55 * len(groups) + 0.75)
    words = {"ha": "center", "va": "center", "fontsize": 10}
    for place, (_, group) in enumerate(groups):
        left, own = 0.0, group[group[width] > 0][[width, filled, hatched]]
        for size, full, lined in own.itertuples(index=False):
            face, ink = (ACCENT, PAGE) if full else (PANEL, INK)
            hatch = "////" if lined else None
            drawn.barh(place, size, 0.62, left, facecolor=face, edgecolor=ACCENT, linewidth=1, hatch=hatch)
            if size * 40 > longest:  # else it does not fit
                drawn.text(left + size / 2, place, f"{size:g}", color=ink, **words)
            left += size
        total = f"{left:g}" if place else f"{left:g} {width}"
        drawn.text(left + frame[width].sum() * 0.008, place, total, va="center", fontweight="bold")
    drawn.set_yticks(range(len(groups)), [str(name) for name, _ in groups])
    drawn.set_ylim(len(groups) - 0.4, -0.6)
    drawn.set_xlim(0, longest * 1.18)
    drawn.set_xticks([])
    drawn.set_xlabel(key, fontsize=9, loc="left")
    _clear(drawn)
    return figure(drawn, alt=alt, caption=caption)


@style()
def timeline(
    activities: DataFrame, events: DataFrame, *, start: date, on: date, alt: str, caption: str
) -> Figure:
    """A row for each activity, from started through submitted and returned to signed off.

    Takes the columns ``key`` and ``activity`` of the one frame and ``key``, ``date``, ``event`` of the other,
    which may hold events of further activities.
    """
    drawn = axes(0.36 * len(activities) + 1.0)
    rows = {key: row + 0.14 for row, key in enumerate(activities["key"])}
    for row, name in enumerate(activities["activity"]):
        _above(drawn, row - 0.28, _short(name, LABEL))
    own = events[events["key"].isin(rows)]
    own = own.assign(row=own["key"].map(rows), until=own.groupby("key")["date"].shift(-1))
    for event, (marker, face, edge, colour, width, word) in _MARKS.items():
        these = own[own["event"] == event]
        label = said(event) if event != "withdrawn" or len(these) else "_"
        mark = {"markersize": 6, "markerfacecolor": face, "markeredgecolor": edge, "zorder": 3}
        drawn.plot(these["date"], these["row"], marker, label=label, **mark)
        until = [on if day != day else day for day in these["until"]]  # NaT equals nothing: not over yet
        drawn.hlines(these["row"], these["date"], until, colour, linewidth=width, label=word)
    for key in activities["key"][~activities["key"].isin(own["key"])]:
        drawn.text(on, rows[key], "Not started  ", ha="right", va="center", color=MUTED, fontsize=9)
    drawn.axvline(on, **_DASHED)
    drawn.set_yticks([])
    drawn.set_ylim(len(activities) - 0.4, -0.7)
    _time_axis(drawn, start, on + timedelta(days=max(20, (on - start).days // 25)))
    drawn.grid(axis="x")
    _clear(drawn, "left", "bottom")
    spaces = {"handletextpad": 0.6, "columnspacing": 1.4, "borderaxespad": 0, "borderpad": 0}
    drawn.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9, **spaces)
    return figure(drawn, alt=alt, caption=caption)


@style()
def burn_up(
    events: Done, goals: DataFrame, *, of: int, start: date, on: date, alt: str, caption: str
) -> Figure:
    """How many of so many were done over time, against goals.

    ``events`` takes the columns ``date`` and ``counts``, by how many each raises or lowers what is done, or
    is a series of the days on which one was done; ``goals`` takes the columns ``date``, ``required`` and
    ``needed`` of the milestones, and leaves out those that require no number.
    """
    import pandas

    if events.ndim == 1:  # as notebooks of version 0.1.0 have it
        events = pandas.DataFrame({"date": events.dropna()}).assign(counts=1)
    so_far = events.groupby("date")["counts"].sum().cumsum()
    done, goals = int(events["counts"].sum()), goals.dropna(subset="required")
    last = max([on, *(day.date() for day in goals["date"])])
    drawn = axes(3.2)
    line = {"where": "post", "color": ACCENT, "linewidth": 2.2, "zorder": 3}
    drawn.step([start, *so_far.index, on], [0, *so_far, done], **line)
    drawn.plot(on, done, "o", markersize=6, color=ACCENT, zorder=4)
    beside = {"textcoords": "offset points", "va": "center", "bbox": _CLEAR}
    words = {"textcoords": "offset points", "color": ACCENT, "fontweight": "bold"}
    drawn.annotate(f"{done} signed off", (on, done), xytext=(4, -14), **words)
    pace = goals.dropna(subset="needed")[:1]
    for day, required, needed in pace[["date", "required", "needed"]].itertuples(index=False):
        drawn.plot([on, day], [done, required], color=WARM, linewidth=1.4, linestyle=(0, (4, 2)), zorder=2)
        text = f"needed: {needed:.2f} a month"
        drawn.annotate(text, (day, required), xytext=(9, -1), ha="left", color=WARM, **beside)
    for day, required in goals[["date", "required"]].itertuples(index=False):
        face = ACCENT if done >= required else PAGE
        drawn.plot(day, required, "D", markersize=7, markerfacecolor=face, markeredgecolor=WARM, zorder=4)
        text = f"{required:g} by {dates.written(day)}"
        drawn.annotate(text, (day, required), xytext=(-10, 1), ha="right", **beside)
    drawn.set_ylim(0, max(of, *goals["required"], 1) * 1.08)
    drawn.yaxis.get_major_locator().set_params(integer=True)
    _time_axis(drawn, start, last + timedelta(days=max(20, (last - start).days // 40)))
    drawn.grid(axis="y")
    _clear(drawn, "left")
    return figure(drawn, alt=alt, caption=caption)


@style()
def waits(frame: DataFrame, *, weeks: int, alt: str, caption: str) -> Figure:
    """A bar for each submission: the days it lay with an assessor, and what came of it.

    Takes the columns ``activity``, ``since``, ``until``, ``days`` and ``outcome``; what still waits stands
    out, and a line marks so many weeks.
    """
    drawn = axes(0.42 * max(len(frame), 1) + 0.5)
    columns = frame[["activity", "since", "days", "outcome", "until"]]
    for row, (name, since, days, outcome, until) in enumerate(columns.itertuples(index=False)):
        waiting = until != until  # NaT equals nothing
        month = f", {dates.written_month(since)[:3]} {since.year}"
        _above(drawn, row - 0.3, _short(name, LABEL - len(month)) + month)
        face, edge = (WARM, WARM) if waiting else (PANEL, MUTED)
        drawn.barh(row + 0.16, days, height=0.34, facecolor=face, edgecolor=edge, linewidth=1)
        weight = {"fontsize": 9, "fontweight": "bold" if waiting else "normal", "va": "center"}
        text = f"{phrases.plural(days, 'day')}, {outcome.lower()}"
        drawn.annotate(text, (days, row + 0.16), xytext=(5, 0), textcoords="offset points", **weight)
    drawn.set_yticks([])
    drawn.set_ylim(max(len(frame), 1) - 0.4, -1)
    drawn.set_xlim(0, max([7 * weeks, *frame["days"]]) * 1.55)
    drawn.axvline(7 * weeks, **_DASHED)
    drawn.text(7 * weeks, -0.8, f" {weeks} weeks", color=MUTED, fontsize=9, va="center")
    drawn.set_xticks([])
    _clear(drawn)
    return figure(drawn, alt=alt, caption=caption)


@style()
def matrix(evidence: DataFrame, links: DataFrame, standards: DataFrame, *, alt: str, caption: str) -> Figure:
    """A row for each piece of evidence, a column for each standard, a square where one speaks to the other.

    Takes the columns ``id`` of the evidence, ``id`` and ``standard`` of the links, and ``scheme``, ``code``
    and ``standard`` of the standards.
    """
    rows = {name: row for row, name in enumerate(evidence["id"])}
    columns = {name: column for column, name in enumerate(standards["standard"])}
    counts = links["standard"].value_counts()
    drawn = axes(0.21 * max(len(rows), 1) + 1.1)
    drawn.plot(links["standard"].map(columns), links["id"].map(rows), "s", markersize=6.5, color=ACCENT)
    for name, column in columns.items():
        count = counts.get(name, 0)
        words = {"ha": "center", "va": "center", "fontweight": "bold", "color": INK if count else WARM}
        drawn.text(column, len(rows) + 0.1, str(count), **words)
        if not count:
            shade = {"facecolor": PANEL, "edgecolor": RULE, "hatch": "////", "linewidth": 0.5}
            drawn.axvspan(column - 0.5, column + 0.5, **shade)
    drawn.set_yticks([*range(len(rows)), len(rows) + 0.1], [*rows, "Pieces"])
    drawn.set_yticks([row - 0.5 for row in range(len(rows) + 1)], minor=True)
    drawn.set_ylim(len(rows) + 0.7, -0.6)
    drawn.set_xlim(-0.6, max(len(columns), 1) - 0.4)
    drawn.set_xticks(range(len(columns)), standards["code"])
    drawn.xaxis.tick_top()
    drawn.tick_params(axis="both", which="both", length=0, labelsize=9)
    drawn.grid(axis="y", which="minor")
    _clear(drawn)
    above = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "fontweight": "bold"}
    for scheme, own in standards.groupby("scheme", sort=False)["standard"]:
        first = columns[own.iloc[0]]
        drawn.annotate(scheme, (first - 0.4, 1), xytext=(0, 17), ha="left", va="bottom", **above)
        drawn.axvline(first - 0.5, color=MUTED, linewidth=0.8 if first else 0)
    return figure(drawn, alt=alt, caption=caption)


def _clear(drawn: Any, *sides: str) -> None:
    for side in sides or ("top", "right", "left", "bottom"):
        drawn.spines[side].set_visible(False)


def _short(text: str, length: int) -> str:
    """A text, or as many whole words of it as have room: half a word may look like a name."""
    return textwrap.shorten(text, length, placeholder=" …")


def _above(drawn: Any, row: float, label: str) -> None:
    """A row's label above what is drawn for it, from the left edge: both have the whole width of a phone."""
    drawn.text(0, row, label, transform=drawn.get_yaxis_transform(), ha="left", va="center", fontsize=9.5)


def _time_axis(drawn: Any, first: date, last: date) -> None:
    """Years and months from ``first`` to ``last``, a tick every few months."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((s for s in (1, 2, 3, 4, 6, 12) if months / s <= 8), 12 * math.ceil(months / 96))
    ticks = [dates.months_after(first.replace(day=1), index) for index in range(0, months + step, step)]
    ticks = [tick for tick in ticks if first <= tick <= last]
    drawn.set_xlim(first, last)
    drawn.set_xticks(ticks, [f"{dates.written_month(tick)[:3]}\n{tick.year}" for tick in ticks])

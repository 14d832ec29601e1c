"""The book's figures: one chart style, one function a chart.

A figure is inline SVG with real text, so it is sharp at any zoom, follows the theme of the page and
is read aloud. Ink is ``currentColor``; the other colours are the stylesheet's custom properties
with the same value as a fallback, which is what JupyterLab shows. Matplotlib is imported where a
figure is drawn: pages that only show figures need not pay for it.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.progress import CreditState, Status
from stp_portfolio.core.records import Activity, Event, Module, Portfolio
from stp_portfolio.show import sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

MIME = "application/vnd.stp-portfolio.figure+json"
WIDTH = (
    5.2  # inches, 374 units of the SVG: on a phone a unit is nearly a pixel, so its text can be read there
)
MANY_ROWS = 60  # a row each is drawn for no more: of more, how many there are
MANY_CHARTS = 6
LABEL = 62  # characters that fit into that width

INK, MUTED, ACCENT, RULE, PANEL, WARM = "#212b32", "#4c6272", "#005eb8", "#d8dde0", "#f0f4f5", "#a84300"
PAGE = "#ffffff"
_THEMED = {
    PAGE: f"var(--stp-page, {PAGE})",
    INK: "currentColor",
    MUTED: f"var(--stp-muted, {MUTED})",
    ACCENT: f"var(--stp-accent, {ACCENT})",
    RULE: f"var(--stp-rule, {RULE})",
    PANEL: f"var(--stp-panel, {PANEL})",
    WARM: f"var(--stp-warm, {WARM})",
}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stp-portfolio",  # else every run draws other ids, and the same book other bytes
    "font.size": 10.0,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "hatch.color": MUTED,
    "hatch.linewidth": 0.6,
}


_CLEAR = {"facecolor": PAGE, "edgecolor": "none", "pad": 1}  # no line runs through the words


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its SVG, what it shows in words and numbers, and the finding."""

    svg: str
    alt: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        html = f"<figure>{self.svg}<figcaption>{escape(self.caption)}</figcaption></figure>"
        return {MIME: asdict(self), "text/html": html, "text/plain": f"{self.caption}\n{self.alt}"}


# -- style ------------------------------------------------------------------------------------


@contextmanager
def _canvas(height: float, rows: int = 1) -> Iterator[tuple[Canvas, Sequence[Axes]]]:
    """A canvas of ``WIDTH`` by ``height`` inches in the book's style, with axes one above another."""
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
        yield canvas, list(canvas.subplots(rows, 1, squeeze=False)[:, 0])


def _finished(canvas: Canvas, name: str, alt: str, caption: str) -> Figure:
    """The canvas as a figure, its SVG ready to stand on a page."""
    buffer = io.StringIO()
    canvas.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    return Figure(inline_svg(buffer.getvalue(), name, alt), alt, caption)


def inline_svg(svg: str, name: str, alt: str, classes: str = "stp-svg") -> str:
    """A drawing of Matplotlib's as part of a page: themed, without size, date, inline styles or foreign ids."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' style="([^"]*)"', _attributes, svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg)
    for colour, themed in _THEMED.items():
        svg = svg.replace(f'"{colour}"', f'"{themed}"')
    svg = re.sub(r'\b(id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'\bxlink:href="', 'href="', svg)
    size = re.search(r'viewBox="[^"]*"', svg)[0]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} class="{classes}" role="img" aria-label="{escape(alt)}">'
    svg = re.sub(r"<svg[^>]*>", lambda _: head, svg, count=1)
    return re.sub(r"\s*\n\s*", "\n", svg).strip()


def _attributes(match: re.Match[str]) -> str:
    """Style declarations as attributes: a strict content policy allows no inline style."""
    found = dict(part.strip().split(": ", 1) for part in match[1].split(";") if part.strip())
    found.pop("font-family", None)  # the page's own; in a PDF the export names one
    if font := found.pop("font", None):
        found["font-size"] = re.search(r"([0-9.]+)px", font)[1]
        if "bold" in font or re.search(r"\b700\b", font):
            found["font-weight"] = "bold"
    return "".join(f' {name}="{value}"' for name, value in found.items())


def _clear(axes: Axes, *sides: str) -> None:
    for side in sides or ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _time_axis(axes: Axes, first: date, last: date) -> None:
    """Years and months from ``first`` to ``last``, a tick every few months."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((s for s in (1, 2, 3, 4, 6, 12) if months / s <= 8), 12 * math.ceil(months / 96))
    ticks = []
    for index in range(0, months + step, step):
        year, month = divmod(first.year * 12 + first.month - 1 + index, 12)
        ticks.append(date(year, month + 1, 1))
    ticks = [tick for tick in ticks if first <= tick <= last]
    axes.set_xlim(first, last)
    axes.set_xticks(ticks, [f"{dates.written_month(tick)[:3]}\n{tick.year}" for tick in ticks])


def formula(tex: str, *, block: bool) -> str:
    """A formula as SVG with a size in points, letters as outlines in the ink of the page.

    Raises ValueError with the formula where Matplotlib's mathtext lacks something in it.
    """
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    drawn_tex = tex.replace(r"\frac", r"\dfrac") if block else tex
    buffer = io.StringIO()
    style = {"svg.fonttype": "path", "svg.hashsalt": "stp-portfolio", "mathtext.fontset": "dejavuserif"}
    with matplotlib.rc_context({**style, "text.color": INK}):
        canvas = Canvas(figsize=(0.01, 0.01))
        canvas.text(0, 0, f"${drawn_tex}$", fontsize=11)
        try:
            canvas.savefig(
                buffer, format="svg", bbox_inches="tight", pad_inches=0.02, metadata={"Date": None}
            )
        except ValueError as error:
            raise ValueError(
                f"the formula {tex} cannot be set ({str(error).splitlines()[-1].strip()})"
            ) from error
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :]


# -- credits ----------------------------------------------------------------------------------


def credits_by_phase(portfolio: Portfolio) -> Figure:
    """A bar a phase, a block a module as wide as its credits; earned blocks filled, others outlined."""
    states = dict(progress.credit_states(portfolio, portfolio.on))
    phases = progress.credits_by_phase(portfolio)
    total = progress.total_credits(portfolio)
    earned = progress.credits_by_state(portfolio, portfolio.on)[CreditState.EARNED]
    with _canvas(0.55 * len(phases) + 0.75) as (canvas, (axes,)):
        for row, phase in enumerate(phases):
            left = 0.0
            for module, state in states.items():
                width = float(module.credits)
                if module.phase != phase or not width:
                    continue
                filled = state is CreditState.EARNED
                hatch = "////" if state is CreditState.AWAITING else None
                axes.barh(
                    row, width, left=left, height=0.62, facecolor=ACCENT if filled else PANEL,
                    edgecolor=ACCENT, linewidth=1, hatch=hatch,
                )  # fmt: skip
                text = (
                    phrases.number(module.credits) if width * 40 > float(max(phases.values())) else ""
                )  # fits
                axes.text(
                    left + width / 2,
                    row,
                    text,
                    ha="center",
                    va="center",
                    color=PAGE if filled else INK,
                    fontsize=10,
                )
                left += width
            label = (
                f"{phrases.number(phases[phase])} credits"
                if phase == next(iter(phases))
                else phrases.number(phases[phase])
            )
            axes.text(left + float(total or 1) * 0.008, row, label, va="center", fontweight="bold")
        axes.set_yticks(range(len(phases)), [sentences.phase_name(phase) for phase in phases])
        axes.set_ylim(len(phases) - 0.4, -0.6)
        axes.set_xlim(0, float(max(phases.values(), default=1) or 1) * 1.18)
        axes.set_xticks([])
        note = "Filled: earned. Pale: open."
        if CreditState.AWAITING in states.values():
            note += " Hatched: activities complete, module not signed off."
        axes.set_xlabel(note, fontsize=9, loc="left")
        _clear(axes)
        parts = [
            f"{sentences.phase_name(phase)} {phrases.number(amount)}" for phase, amount in phases.items()
        ]
        alt = (
            f"Bar chart of {phrases.number(total)} credits by phase: {phrases.series(parts)}. "
            f"{phrases.number(earned)} of them are earned."
        )
        return _finished(canvas, "credits", alt, str(sentences.earned_answer(portfolio)))


# -- progress ---------------------------------------------------------------------------------

_MARKS: dict[str, tuple[str, str, str]] = {  # event: marker, face, word
    "started": ("|", INK, "started"),
    "submitted": ("o", PAGE, "submitted"),
    "returned": ("X", WARM, "returned"),
    "signed_off": ("s", ACCENT, "signed off"),
}


def timeline(portfolio: Portfolio) -> Figure:
    """A row an activity, from started through submitted and returned to signed off; of many, how many stood where."""
    if len(portfolio.activities) > MANY_ROWS:
        return _statuses_over_time(portfolio)
    on = portfolio.on
    rows = list(zip(portfolio.activities, progress.histories(portfolio, on).values(), strict=True))
    several = len(progress.modules_with_activities(portfolio)) > 1
    counts = progress.counts(portfolio, on)
    with _canvas(0.36 * max(len(rows), 1) + 1.0) as (canvas, (axes,)):
        for row, (activity, events) in enumerate(rows):
            _above(axes, row - 0.28, _row_label(activity, several))
            _draw_history(axes, row + 0.14, events, on)
        axes.axvline(on, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_yticks([])
        axes.set_ylim(max(len(rows), 1) - 0.4, -0.7)
        margin = timedelta(days=max(20, (on - portfolio.settings.start).days // 25))
        _time_axis(axes, portfolio.settings.start, on + margin)
        axes.grid(axis="x")
        _clear(axes, "left", "bottom")
        _legend(axes)
        parts = [f"{number} {status.lower()}" for status, number in counts.items() if number]
        longest = progress.waiting(portfolio, on)
        alt = f"Timeline of {phrases.activities(len(rows))} up to {dates.written(on)}: {phrases.series(parts) or 'none'}."
        if longest:
            alt += f" Activity {longest[0].activity.key} has waited longest, {phrases.plural(longest[0].days, 'day')}."
        return _finished(canvas, "timeline", alt, str(sentences.status_summary(portfolio)))


def _statuses_over_time(portfolio: Portfolio) -> Figure:
    """How many activities had each status, month by month, one band upon another."""
    on, start = portfolio.on, portfolio.settings.start
    months = [
        date(start.year + (start.month - 1 + n) // 12, (start.month - 1 + n) % 12 + 1, 1)
        for n in range(1, 1200)
    ]
    days = [start, *(day for day in months if start < day < on), on]
    counted = [progress.counts(portfolio, day) for day in days]
    faces = {
        Status.SIGNED_OFF: ACCENT,
        Status.SUBMITTED: MUTED,
        Status.RETURNED: WARM,
        Status.IN_PROGRESS: RULE,
    }
    with _canvas(3.6) as (canvas, (axes,)):
        axes.stackplot(
            days, [[counts[status] for counts in counted] for status in faces], colors=list(faces.values()),
            labels=[str(status) for status in faces], edgecolor=PAGE, linewidth=0.5,
        )  # fmt: skip
        axes.set_ylim(0, len(portfolio.activities))
        axes.yaxis.get_major_locator().set_params(integer=True)
        _time_axis(axes, start, on)
        axes.grid(axis="y")
        _clear(axes, "left")
        axes.legend(
            ncols=4, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9, handletextpad=0.5,
            columnspacing=1.2, borderaxespad=0, borderpad=0, handlelength=1.2,
        )  # fmt: skip
        parts = [f"{number} {status.lower()}" for status, number in counted[-1].items() if number]
        alt = (
            f"Bands of {phrases.activities(len(portfolio.activities))} by status over time, up to {dates.written(on)}: "
            f"{phrases.series(parts)}."
        )
        return _finished(canvas, "timeline", alt, str(sentences.status_summary(portfolio)))


def _row_label(activity: Activity, several: bool, length: int = LABEL) -> str:
    head = f"{activity.key.module} {activity.key.number}" if several else str(activity.key.number)
    return _short(f"{head}. {activity.title}", length)


def _above(axes: Axes, row: float, label: str) -> None:
    """A row's label above what is drawn for it, from the left edge: so both have the whole width of a phone."""
    axes.text(0, row, label, transform=axes.get_yaxis_transform(), ha="left", va="center", fontsize=9.5)


def _draw_history(axes: Axes, row: float, events: Sequence[Event], on: date) -> None:
    if not events:
        axes.text(on, row, "Not started  ", ha="right", va="center", color=MUTED, fontsize=9)
        return
    for event, following in zip_longest(events, events[1:]):
        if event.event == "signed_off":
            break
        end = following.date if following else on
        with_assessor = event.event == "submitted"
        axes.plot(
            [event.date, end], [row, row], color=ACCENT if with_assessor else MUTED,
            linewidth=3.2 if with_assessor else 1.1, solid_capstyle="butt", zorder=2,
        )  # fmt: skip
    for event in events:
        marker, face, _ = _MARKS[event.event]
        edge = face if event.event in ("started", "returned") else ACCENT
        axes.plot(event.date, row, marker, markersize=6, markerfacecolor=face, markeredgecolor=edge, zorder=3)


def _legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=marker, markerfacecolor=face, markeredgecolor=INK if face == INK else
               WARM if face == WARM else ACCENT, markersize=6, label=word)
        for marker, face, word in _MARKS.values()
    ]  # fmt: skip
    handles.insert(1, Line2D([], [], color=MUTED, linewidth=1.1, label="in work"))
    handles.insert(3, Line2D([], [], color=ACCENT, linewidth=3.2, label="with the assessor"))
    axes.legend(
        handles=handles, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9,
        handletextpad=0.6, columnspacing=1.4, borderaxespad=0, borderpad=0,
    )  # fmt: skip


def burn_up(portfolio: Portfolio) -> Figure:
    """Activities signed off over time against the milestones, a chart a module with activities; of many, all in one."""
    modules = progress.modules_with_activities(portfolio)
    if len(modules) > MANY_CHARTS:
        return _burn_up_of_all(portfolio)
    with _canvas(2.9 * max(len(modules), 1) + 0.3, max(len(modules), 1)) as (canvas, all_axes):
        parts = []
        for module, axes in zip(modules, all_axes, strict=False):
            parts.append(_burn_up(portfolio, module, axes, titled=len(modules) > 1))
        if not modules:
            _clear(all_axes[0])
        alt = "Cumulative line of activities signed off. " + " ".join(parts)
        return _finished(canvas, "burn-up", alt.strip(), str(sentences.pace_answer(portfolio)))


def _burn_up(portfolio: Portfolio, module: Module, axes: Axes, *, titled: bool) -> str:
    on, start = portfolio.on, portfolio.settings.start
    series = progress.signed_off_series(portfolio, on, module.code)
    distances = progress.distances(portfolio, on, module.code)
    total = len(progress.activities_of(portfolio, module.code))
    done = series[-1][1] if series else 0
    last = max([on, *(d.milestone.date for d in distances)])
    days, values = [start, *(day for day, _ in series), on], [0, *(count for _, count in series), done]
    axes.step(days, values, where="post", color=ACCENT, linewidth=2.2, zorder=3)
    axes.plot(on, done, "o", markersize=6, color=ACCENT, zorder=4)
    axes.annotate(
        f"{done} signed off",
        (on, done),
        xytext=(4, -14),
        textcoords="offset points",
        color=ACCENT,
        fontweight="bold",
    )
    ahead = next((d for d in distances if not d.passed and d.left), None)
    if ahead is not None and ahead.needed is not None:
        axes.plot(
            [on, ahead.milestone.date],
            [done, ahead.required],
            color=WARM,
            linewidth=1.4,
            linestyle=(0, (4, 2)),
            zorder=2,
        )
    for d in distances:
        met = d.done >= d.required
        axes.plot(
            d.milestone.date,
            d.required,
            "D",
            markersize=7,
            markerfacecolor=ACCENT if met else PAGE,
            markeredgecolor=WARM,
            zorder=4,
        )
        axes.annotate(
            f"{d.required} by {dates.written(d.milestone.date)}", (d.milestone.date, d.required), xytext=(-10, 1),
            textcoords="offset points", ha="right", va="center", bbox=_CLEAR,
        )  # fmt: skip
    if ahead is not None and ahead.needed is not None:
        axes.annotate(
            f"needed: {ahead.needed:.2f} a month", (ahead.milestone.date, ahead.required), xytext=(9, -1),
            textcoords="offset points", ha="left", va="center", color=WARM, bbox=_CLEAR,
        )  # fmt: skip
    axes.set_ylim(0, max(total, *(d.required for d in distances), 1) * 1.08)
    axes.yaxis.get_major_locator().set_params(integer=True)
    _time_axis(axes, start, last + timedelta(days=max(20, (last - start).days // 40)))
    axes.grid(axis="y")
    _clear(axes, "left")
    if titled:
        axes.set_title(
            _short(f"{module.code} {module.name}", LABEL), loc="left", fontsize=10, fontweight="bold"
        )
    text = f"{module.code}: {done} of {total} by {dates.written(on)}"
    goals = [f"{d.required} by {dates.written(d.milestone.date)}" for d in distances]
    return f"{text}; milestones {phrases.series(goals)}." if goals else f"{text}; no milestone is set."


def _burn_up_of_all(portfolio: Portfolio) -> Figure:
    on, start, total = portfolio.on, portfolio.settings.start, len(portfolio.activities)
    series = progress.signed_off_series(portfolio, on)
    done = series[-1][1] if series else 0
    with _canvas(3.2) as (canvas, (axes,)):
        days, values = [start, *(day for day, _ in series), on], [0, *(count for _, count in series), done]
        axes.step(days, values, where="post", color=ACCENT, linewidth=2.2)
        axes.annotate(
            f"{done} of {total} signed off", (on, done), xytext=(-6, 4), textcoords="offset points", ha="right",
            color=ACCENT, fontweight="bold", bbox=_CLEAR,
        )  # fmt: skip
        axes.set_ylim(0, total * 1.08)
        axes.yaxis.get_major_locator().set_params(integer=True)
        _time_axis(axes, start, on + timedelta(days=max(20, (on - start).days // 40)))
        axes.grid(axis="y")
        _clear(axes, "left")
        alt = f"Cumulative line of activities signed off in all modules: {done} of {total} by {dates.written(on)}."
        return _finished(canvas, "burn-up", alt, str(sentences.pace_answer(portfolio)))


def waits(portfolio: Portfolio) -> Figure:
    """A bar a submission: the days it lay with an assessor, and what came of it; of many, how many took how long."""
    items = progress.waits(portfolio, portfolio.on)
    if len(items) > MANY_ROWS:
        return _waits_counted(portfolio)
    several = len(progress.modules_with_activities(portfolio)) > 1
    limit = 7 * sentences.WEEKS_TOO_LONG
    with _canvas(0.42 * max(len(items), 1) + 0.5) as (canvas, (axes,)):
        for row, wait in enumerate(items):
            open_ = wait.until is None
            since = f", {dates.written_month(wait.since)[:3]} {wait.since.year}"
            _above(axes, row - 0.3, _row_label(wait.activity, several, LABEL - len(since)) + since)
            axes.barh(
                row + 0.16,
                wait.days,
                height=0.34,
                facecolor=WARM if open_ else PANEL,
                edgecolor=WARM if open_ else MUTED,
                linewidth=1,
            )
            outcome = "waiting" if open_ else str(wait.outcome).lower()
            axes.annotate(
                f"{phrases.plural(wait.days, 'day')}, {outcome}", (wait.days, row + 0.16), xytext=(5, 0), textcoords="offset points",
                va="center", fontsize=9, fontweight="bold" if open_ else "normal",
            )  # fmt: skip
        axes.set_yticks([])
        axes.set_ylim(max(len(items), 1) - 0.4, -1)
        longest = max((wait.days for wait in items), default=0)
        axes.set_xlim(0, max(longest, limit) * 1.55)
        axes.axvline(limit, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.text(limit, -0.8, f" {sentences.WEEKS_TOO_LONG} weeks", color=MUTED, fontsize=9, va="center")
        axes.set_xticks([])
        _clear(axes)
        parts = [
            f"{w.activity.key}: {w.days}, {'waiting' if w.until is None else str(w.outcome).lower()}"
            for w in items
        ]
        alt = f"Bar chart of days with an assessor, {phrases.plural(len(items), 'submission')}: {'; '.join(parts) or 'none yet'}."
        return _finished(canvas, "waits", alt, str(sentences.waiting_answer(portfolio)))


def _waits_counted(portfolio: Portfolio) -> Figure:
    """How many submissions were decided, or wait still, after how many weeks; a bar for a span of weeks."""
    items = progress.waits(portfolio, portfolio.on)
    longest = max(wait.days for wait in items) // 7 + 1
    step = max(1, math.ceil(longest / 12))
    spans = math.ceil(longest / step)
    decided, open_ = [0] * spans, [0] * spans
    for wait in items:
        (open_ if wait.until is None else decided)[wait.days // 7 // step] += 1
    names = [
        f"{n * step + 1} to {(n + 1) * step} weeks" if step > 1 else f"week {n + 1}" for n in range(spans)
    ]
    with _canvas(0.3 * spans + 0.6) as (canvas, (axes,)):
        axes.barh(range(spans), decided, height=0.66, facecolor=PANEL, edgecolor=MUTED, label="decided")
        axes.barh(
            range(spans), open_, left=decided, height=0.66, facecolor=WARM, edgecolor=WARM, label="waiting"
        )
        for row, (one, other) in enumerate(zip(decided, open_, strict=True)):
            said = [str(one)] * bool(one) + [f"{other} waiting"] * bool(other)
            axes.text(one + other, row, f" {', '.join(said) or 0}", va="center", fontsize=9)
        axes.set_yticks(range(spans), names)
        axes.set_ylim(spans - 0.4, -0.6)
        axes.set_xlim(0, max(map(sum, zip(decided, open_, strict=True))) * 1.35)
        axes.set_xticks([])
        _clear(axes)
        parts = [
            f"{name}: {one} decided, {other} waiting"
            for name, one, other in zip(names, decided, open_, strict=True)
        ]
        alt = f"Bar chart of {phrases.plural(len(items), 'submission')} by weeks with an assessor. {'; '.join(parts)}."
        return _finished(canvas, "waits", alt, str(sentences.waiting_answer(portfolio)))


# -- coverage ---------------------------------------------------------------------------------


def coverage(portfolio: Portfolio) -> Figure:
    """A row a piece of evidence, a column a standard, a dot where the one speaks to the other; of many, a bar a standard."""
    pieces = progress.held(portfolio, portfolio.on)
    found = progress.coverage(portfolio, portfolio.on)
    if len(pieces) > MANY_ROWS:
        return _coverage_counted(portfolio)
    with _canvas(0.21 * max(len(pieces), 1) + 1.1) as (canvas, (axes,)):
        for column, key in enumerate(found):
            if not found[key]:
                axes.axvspan(
                    column - 0.5, column + 0.5, facecolor=PANEL, edgecolor=RULE, hatch="////", linewidth=0.5
                )
            ys = [row for row, piece in enumerate(pieces) if key in piece.standards]
            axes.plot([column] * len(ys), ys, "s", markersize=6.5, color=ACCENT)
            axes.text(
                column, len(pieces) + 0.1, str(len(found[key])) if found[key] else "0", ha="center", va="center",
                fontweight="bold", color=INK if found[key] else WARM,
            )  # fmt: skip
        axes.set_yticks([*range(len(pieces)), len(pieces) + 0.1], [*(piece.id for piece in pieces), "Pieces"])
        axes.set_ylim(len(pieces) + 0.7, -0.6)
        axes.set_xlim(-0.6, max(len(found), 1) - 0.4)
        axes.set_xticks(range(len(found)), [key.code for key in found])
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", length=0, labelsize=9)
        axes.tick_params(axis="y", labelsize=9)
        axes.set_yticks([row - 0.5 for row in range(len(pieces) + 1)], minor=True)
        axes.tick_params(axis="y", which="minor", length=0)
        axes.grid(axis="y", which="minor")
        _clear(axes)
        _scheme_heads(axes, [key.scheme for key in found])
        gaps = [str(key) for key, evidence in found.items() if not evidence]
        counted = [f"{key}: {len(evidence)}" for key, evidence in found.items()]
        alt = (
            f"Matrix of {phrases.plural(len(pieces), 'piece')} of evidence by {phrases.plural(len(found), 'standard')}. "
            f"Pieces a standard: {'; '.join(counted) or 'none'}. "
            + (f"Without evidence: {phrases.series(gaps)}." if gaps else "Every standard has evidence.")
        )
        return _finished(canvas, "coverage", alt, str(sentences.coverage_finding(portfolio)))


def _coverage_counted(portfolio: Portfolio) -> Figure:
    """A bar a standard: how many pieces of evidence speak to it."""
    pieces = progress.held(portfolio, portfolio.on)
    found = {str(key): len(evidence) for key, evidence in progress.coverage(portfolio, portfolio.on).items()}
    with _canvas(0.24 * max(len(found), 1) + 0.4) as (canvas, (axes,)):
        axes.barh(range(len(found)), list(found.values()), height=0.66, color=ACCENT)
        for row, count in enumerate(found.values()):
            axes.text(
                count, row, f" {count}", va="center", fontsize=9, fontweight="bold", color=INK if count else WARM
            )  # fmt: skip
        axes.set_yticks(range(len(found)), list(found))
        axes.set_ylim(max(len(found), 1) - 0.4, -0.6)
        axes.set_xlim(0, max(found.values(), default=1) * 1.15 or 1)
        axes.set_xticks([])
        _clear(axes)
        counted = [f"{key}: {count}" for key, count in found.items()]
        alt = (
            f"Bar chart of {phrases.plural(len(pieces), 'piece')} of evidence by {phrases.plural(len(found), 'standard')}. "
            f"Pieces a standard: {'; '.join(counted) or 'none'}."
        )
        return _finished(canvas, "coverage", alt, str(sentences.coverage_finding(portfolio)))


def _scheme_heads(axes: Axes, schemes: Sequence[str]) -> None:
    """The scheme's name over its columns, and a line between schemes."""
    for index, scheme in enumerate(schemes):
        if index == 0 or schemes[index - 1] != scheme:
            axes.annotate(
                scheme, (index - 0.4, 1), xycoords=("data", "axes fraction"), xytext=(0, 17), textcoords="offset points",
                ha="left", va="bottom", fontweight="bold",
            )  # fmt: skip
            if index:
                axes.axvline(index - 0.5, color=MUTED, linewidth=0.8)


# -- sharing ----------------------------------------------------------------------------------


def card(portfolio: Portfolio) -> bytes:
    """The picture that shows where a link to the book is shared: 1,200 by 630 pixels, PNG, no date in it.

    The title, where the activities stand in a sentence, and a small square an activity, filled where it is signed off.
    """
    import matplotlib.patches
    from matplotlib.figure import Figure as Canvas

    now = list(progress.statuses(portfolio, portfolio.on).values())
    columns = 10 if len(now) <= 40 else math.ceil(math.sqrt(len(now) * 2.5))
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, "text.color": INK}):
        canvas = Canvas(figsize=(12, 6.3), dpi=100, facecolor="white")
        canvas.text(
            0.06, 0.84, textwrap.fill(portfolio.settings.title, 38), fontsize=34, fontweight="bold", va="top"
        )
        canvas.text(
            0.06,
            0.5,
            textwrap.fill(str(sentences.status_summary(portfolio)), 68),
            fontsize=20,
            va="top",
            color=MUTED,
        )
        axes = canvas.add_axes((0.06, 0.08, 0.6, 0.24), xlim=(0, columns), aspect="equal")
        axes.set_ylim(math.ceil(len(now) / columns) or 1, 0)
        axes.set_axis_off()
        axes.set_anchor("W")
        for index, status in enumerate(now):
            filled = status is progress.Status.SIGNED_OFF
            place = (index % columns + 0.08, index // columns + 0.08)
            face = ACCENT if filled else "white"
            axes.add_patch(
                matplotlib.patches.Rectangle(place, 0.84, 0.84, facecolor=face, edgecolor=ACCENT, linewidth=2)
            )
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()

"""The book's tables: each is made once and shown as a data frame, in JupyterLab and on a page.

``Table`` is light on purpose: pages need no pandas, so it is imported where a frame is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Portfolio
from stp_portfolio.show import sentences

if TYPE_CHECKING:
    import pandas

MIME = "application/vnd.stp-portfolio.table+json"
MAX_ROWS = 100  # a page shows no more of a table: nobody reads on, and the records hold the rest
MAX_ITEMS = 20  # nor of a list in a cell


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads to a page (its path from the root, without ending); to none where ``page`` is empty."""

    text: str
    page: str

    def __str__(self) -> str:
        return self.text


Cell = str | int | Decimal | None | Link | tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns; the first column names the row. ``None`` is an empty cell.

    ``numeric`` names the columns that are aligned right; ``total`` marks the last row as a total.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[str] = field(default=frozenset())
    total: bool = False

    def frame(self) -> pandas.DataFrame:
        """The rows as a data frame: one column a table column, links as text, numbers as numbers."""
        import pandas

        return pandas.DataFrame(
            [[_plain(cell) for cell in row] for row in self.rows], columns=list(self.columns)
        )

    def shortened(self) -> Table:
        """What a page shows: the first ``MAX_ROWS`` rows and the total, and how many there are."""
        if len(self.rows) <= MAX_ROWS + self.total:
            return self
        rows = self.rows[:MAX_ROWS] + self.rows[len(self.rows) - self.total :]
        return replace(
            self, caption=f"{self.caption}: {MAX_ROWS} of {len(self.rows) - self.total} rows", rows=rows
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        import pandas

        short = self.shortened()
        # Not the frame: beside an empty cell, pandas makes 9 into 9.0.
        texts = pandas.DataFrame(
            [[shown(cell) for cell in row] for row in short.rows], columns=list(self.columns)
        )
        html = texts.to_html(index=False, border=0).replace(
            ">", f"><caption>{_escaped(short.caption)}</caption>", 1
        )
        return {MIME: to_json(short), "text/html": html, "text/plain": texts.to_string(index=False)}


def _plain(cell: Cell) -> str | int | float | None:
    if isinstance(cell, Link | tuple):
        return shown(cell)
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return cell


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shown(cell: Cell) -> str:
    """A cell as its reader sees it."""
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return "; ".join(link.text for link in cell)
    return phrases.number(cell) if isinstance(cell, Decimal | int) else str(cell)


def to_json(table: Table) -> dict[str, Any]:
    """A table as JSON, as a notebook hands it to the page: every cell as text."""
    rows = [[asdict(c) if isinstance(c, Link) else shown(c) for c in row] for row in table.rows]
    return {
        "caption": table.caption,
        "columns": list(table.columns),
        "rows": rows,
        "numeric": sorted(table.numeric),
        "total": table.total,
    }


def from_json(data: dict[str, Any]) -> Table:
    """The table that ``to_json`` wrote."""
    rows = tuple(tuple(Link(**c) if isinstance(c, dict) else c for c in row) for row in data["rows"])
    return Table(data["caption"], tuple(data["columns"]), rows, frozenset(data["numeric"]), data["total"])


# -- one function a table ---------------------------------------------------------------------


def programme(portfolio: Portfolio) -> Table:
    """The modules by phase with their credits, and the programme's total."""
    rows: list[tuple[Cell, ...]] = [
        (sentences.phase_name(m.phase), f"{m.name} ({m.code})" if m.code else m.name, m.credits)
        for m in portfolio.modules
    ]
    rows.append(("Total", None, progress.total_credits(portfolio)))
    return Table(
        "Modules of the programme and their credits",
        ("Phase", "Module", "Credits"),
        tuple(rows),
        frozenset({"Credits"}),
        True,
    )


def credits_by_phase(portfolio: Portfolio) -> Table:
    """Credits of each phase: all, and those earned."""
    earned: dict[str, Decimal] = {}
    for module, state in progress.credit_states(portfolio, portfolio.on):
        got = module.credits if state is progress.CreditState.EARNED else Decimal(0)
        earned[module.phase] = earned.get(module.phase, Decimal(0)) + got
    rows: list[tuple[Cell, ...]] = [
        (sentences.phase_name(phase), amount, earned[phase])
        for phase, amount in progress.credits_by_phase(portfolio).items()
    ]
    rows.append(("Total", progress.total_credits(portfolio), sum(earned.values(), Decimal(0))))
    columns = ("Phase", "Credits", "Earned")
    return Table("Credits by phase", columns, tuple(rows), frozenset(columns[1:]), True)


def credits_by_module(portfolio: Portfolio) -> Table:
    """Each module with its credits, its activities signed off and the state of its credits."""
    rows: list[tuple[Cell, ...]] = []
    for module, state in progress.credit_states(portfolio, portfolio.on):
        total = len(progress.activities_of(portfolio, module.code)) if module.code else 0
        done = progress.signed_off_by(portfolio, portfolio.on, module.code) if total else 0
        rows.append((
            f"{module.name} ({module.code})" if module.code else module.name,
            sentences.phase_name(module.phase),
            module.credits,
            f"{done} of {total}" if total else None,
            str(state),
        ))  # fmt: skip
    rows.append(("Total", None, progress.total_credits(portfolio), None, None))
    columns = ("Module", "Phase", "Credits", "Activities signed off", "State")
    return Table("Credits by module", columns, tuple(rows), frozenset({"Credits"}), True)


def status_counts(portfolio: Portfolio) -> Table:
    """How many activities have each status."""
    counts = progress.counts(portfolio, portfolio.on)
    rows: list[tuple[Cell, ...]] = [(str(status), count) for status, count in counts.items()]
    rows.append(("Total", sum(counts.values())))
    return Table(
        "Activities by status", ("Status", "Activities"), tuple(rows), frozenset({"Activities"}), True
    )


def activities(portfolio: Portfolio) -> Table:
    """Each activity with its status, the day of its latest event of each kind and its evidence."""
    rows: list[tuple[Cell, ...]] = []
    for activity, events in zip(
        portfolio.activities, progress.histories(portfolio, portfolio.on).values(), strict=True
    ):
        latest = {event.event: dates.written(event.date) for event in events}
        days = [latest.get(name) for name in ("started", "submitted", "returned", "signed_off")]
        held = len(progress.evidence_for(portfolio, activity.key, portfolio.on))
        rows.append((_named(activity, portfolio), str(progress.status_after(events)), *days, held))
    if len(rows) > MAX_ROWS:  # what is open comes first where not all can be shown
        rows.sort(key=lambda row: row[1] == Status.SIGNED_OFF)
    columns = ("Activity", "Status", "Started", "Last submitted", "Last returned", "Signed off", "Evidence")
    return Table(
        "The activities, their status and their dates", columns, tuple(rows), frozenset({"Evidence"})
    )


def _named(activity: Any, portfolio: Portfolio) -> Link:
    """A link with number and title, and the module where there are several."""
    several = len(progress.modules_with_activities(portfolio)) > 1
    return Link(f"{activity.key.module} {activity.heading}" if several else activity.heading, activity.page)


def milestones(portfolio: Portfolio) -> Table:
    """Each milestone with what it requires, what is signed off and the pace still needed."""
    found = {id(d.milestone): d for d in progress.distances(portfolio, portfolio.on)}
    rows: list[tuple[Cell, ...]] = []
    for milestone in portfolio.milestones:
        distance = found.get(id(milestone))
        if distance is None:
            state = "Passed" if milestone.date < portfolio.on else "Ahead"
            rows.append(
                (milestone.name, dates.written(milestone.date), None, None, state, None, milestone.note)
            )
            continue
        state = sentences.standing(distance)
        needed = f"{distance.needed:.2f}" if distance.needed is not None else None
        required = f"{distance.required} of {milestone.module}"
        rows.append(
            (
                milestone.name,
                dates.written(milestone.date),
                required,
                distance.done,
                state,
                needed,
                milestone.note,
            )
        )
    columns = ("Milestone", "Date", "Required", "Signed off now", "State", "Needed a month", "Note")
    return Table("Milestones", columns, tuple(rows), frozenset({"Signed off now", "Needed a month"}))


def signed_off(portfolio: Portfolio) -> Table:
    """The cumulative number of activities signed off, a row for each day on which it grew."""
    rows: list[tuple[Cell, ...]] = []
    modules = progress.modules_with_activities(portfolio)
    for module in modules:
        for day, total in progress.signed_off_series(portfolio, portfolio.on, module.code):
            rows.append((dates.written(day), module.code, total))
    columns = ("Day", "Module", "Signed off so far")
    return Table("Activities signed off, cumulative", columns, tuple(rows), frozenset({columns[2]}))


def waits(portfolio: Portfolio) -> Table:
    """Every submission with the days it lay with an assessor and what came of it."""
    rows: list[tuple[Cell, ...]] = []
    waits = progress.waits(portfolio, portfolio.on)
    if len(waits) > MAX_ROWS:
        waits = tuple(sorted(waits, key=lambda wait: (wait.until is not None, -wait.days)))
    for wait in waits:
        outcome = "Waiting" if wait.outcome is Status.SUBMITTED else str(wait.outcome)
        until = dates.written(wait.until) if wait.until else None
        rows.append((_named(wait.activity, portfolio), dates.written(wait.since), until, wait.days, outcome))
    columns = ("Activity", "Submitted", "Decided", "Days", "Outcome")
    return Table("Days that each submission lay with an assessor", columns, tuple(rows), frozenset({"Days"}))


def coverage(portfolio: Portfolio) -> Table:
    """Each standard with the evidence that speaks to it."""
    labels = {standard.key: standard.label for standard in portfolio.standards}
    rows: list[tuple[Cell, ...]] = [
        (f"{key}: {labels[key]}", len(pieces), _listed([piece.id for piece in pieces]) or "None yet")
        for key, pieces in progress.coverage(portfolio, portfolio.on).items()
    ]
    return Table(
        "Standards and the evidence that speaks to them",
        ("Standard", "Pieces", "Evidence"),
        tuple(rows),
        frozenset({"Pieces"}),
    )


def evidence(portfolio: Portfolio) -> Table:
    """The register of evidence held, with activities and standards."""
    held = progress.held(portfolio, portfolio.on)
    if len(held) > MAX_ROWS:
        held = tuple(sorted(held, key=lambda piece: piece.date, reverse=True))
    rows: list[tuple[Cell, ...]] = [
        (
            piece.id,
            piece.title,
            piece.kind,
            dates.written_month(piece.date),
            _joined(piece.activities),
            _joined(piece.standards),
        )
        for piece in held
    ]
    return Table("Evidence held", ("Id", "Evidence", "Kind", "Month", "Activities", "Standards"), tuple(rows))


def by_standard(portfolio: Portfolio) -> Table:
    """Each standard with the activities whose evidence speaks to it: the book's index by standard."""
    labels = {standard.key: standard.label for standard in portfolio.standards}
    rows: list[tuple[Cell, ...]] = []
    for key, pieces in progress.coverage(portfolio, portfolio.on).items():
        spoken = {activity for piece in pieces for activity in piece.activities}
        own = tuple(
            _named(activity, portfolio) for activity in portfolio.activities if activity.key in spoken
        )
        if len(own) > MAX_ITEMS:
            own = (*own[:MAX_ITEMS], Link(f"and {len(own) - MAX_ITEMS} more", ""))
        rows.append((f"{key}: {labels[key]}", own or "None yet"))
    return Table("Standards and the activities that speak to them", ("Standard", "Activities"), tuple(rows))


def news(portfolio: Portfolio) -> Table:
    """What happened in the portfolio, the latest first."""
    rows: list[tuple[Cell, ...]] = [
        (dates.written(event.date), _named(activity, portfolio), sentences.happened(event))
        for activity, event in progress.latest(portfolio, portfolio.on)
    ]
    return Table("Events, the latest first", ("Day", "Activity", "What happened"), tuple(rows))


def uncovered(portfolio: Portfolio) -> Table:
    """The activities for which no evidence is held that speaks to a standard, with their status."""
    now = progress.statuses(portfolio, portfolio.on)
    rows: list[tuple[Cell, ...]] = [
        (_named(activity, portfolio), str(now[activity.key]))
        for activity in progress.activities_without_coverage(portfolio, portfolio.on)
    ]
    return Table("Activities without evidence for a standard", ("Activity", "Status"), tuple(rows))


def _joined(keys: Sequence[object]) -> str:
    return ", ".join(str(key) for key in keys)


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - MAX_ITEMS} more" if len(items) > MAX_ITEMS else ""
    return f"{', '.join(items[:MAX_ITEMS])}{more}"


def by_module(portfolio: Portfolio) -> Table:
    """How many activities of each module have each status; a module leads to the first that is open."""
    now = progress.statuses(portfolio, portfolio.on)
    rows: list[tuple[Cell, ...]] = []
    for module in progress.modules_with_activities(portfolio):
        own = progress.activities_of(portfolio, module.code)
        counts = progress.counts(portfolio, portfolio.on, module.code)
        first = next((each for each in own if now[each.key] is not Status.SIGNED_OFF), own[0])
        rows.append((Link(f"{module.name} ({module.code})", first.page), len(own), *counts.values()))
    columns = ("Module", "Activities", *map(str, Status))
    return Table("Activities by module and status", columns, tuple(rows), frozenset(columns[1:]))


def by_status(portfolio: Portfolio, module: str) -> Iterator[tuple[Status, Table]]:
    """The activities of a module grouped by status: a table for each status that occurs."""
    now = progress.statuses(portfolio, portfolio.on)
    history = progress.histories(portfolio, portfolio.on)
    for status in Status:
        waiting = ("Days with the assessor",) if status is Status.SUBMITTED else ()
        rows: list[tuple[Cell, ...]] = []
        for activity in progress.activities_of(portfolio, module):
            if now[activity.key] is status:
                events = history[activity.key]
                since = dates.written(events[-1].date) if events else None
                days = [(portfolio.on - events[-1].date).days] if waiting else []
                held = len(progress.evidence_for(portfolio, activity.key, portfolio.on))
                rows.append((Link(activity.heading, activity.page), since, *days, held))
        for first in range(0, len(rows), MAX_ROWS):
            part = rows[first : first + MAX_ROWS]
            which = f", {first + 1} to {first + len(part)}" if len(rows) > MAX_ROWS else ""
            caption = f"{status}: {phrases.activities(len(rows))}{which}"
            columns = ("Activity", "Since", *waiting, "Evidence")
            yield status, Table(caption, columns, tuple(part), frozenset({*waiting, "Evidence"}))

"""The book's tables: those of panels and commands, made of the records, and any data frame as one (``show``).

``Table`` is light on purpose: pages need no pandas, so only ``show`` loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from stp_portfolio.core import dates, phrases, progress, records
from stp_portfolio.core.frames import label
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Milestone, Portfolio
from stp_portfolio.show import sentences

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MIME = "application/vnd.stp-portfolio.table+json"
MAX_ROWS = 100  # a page shows no more of a table: nobody reads on, and the records hold the rest
MAX_ITEMS = 20  # nor of a list in a cell


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads to a page (its path from the root, without ending); to none if ``page`` is empty."""

    text: str
    page: str

    def __str__(self) -> str:
        return self.text


Cell = str | int | Decimal | None | Link | tuple[Link, ...]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns; the first column names the row. ``None`` is an empty cell.

    ``numeric`` names the columns that are aligned right; ``total`` marks the last row as a total.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: frozenset[str] = field(default=frozenset())
    total: bool = False

    def shortened(self) -> Table:
        """What a page shows: the first ``MAX_ROWS`` rows and the total, and how many there are."""
        if len(self.rows) <= MAX_ROWS + self.total:
            return self
        rows = self.rows[:MAX_ROWS] + self.rows[len(self.rows) - self.total :]
        caption = f"{self.caption}: {MAX_ROWS} of {len(self.rows) - self.total} rows"
        return replace(self, caption=caption, rows=rows)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        short = self.shortened()
        heads, *rows = [short.columns, *([shown(cell) for cell in row] for row in short.rows)]
        body = "".join([_html("th", heads), *(_html("td", row) for row in rows)])
        plain = "\n".join([short.caption, *("\t".join(row) for row in (heads, *rows))])
        html = f"<table><caption>{escape(short.caption)}</caption>{body}</table>"
        return {MIME: to_json(short), "text/html": html, "text/plain": plain}


def _html(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def shown(cell: Cell) -> str:
    """A cell as its reader sees it."""
    if isinstance(cell, tuple):
        return "; ".join(link.text for link in cell)
    return phrases.number(cell) if isinstance(cell, Decimal | int) else str(cell or "")


def to_json(table: Table) -> dict[str, Any]:
    """A table as JSON, as a notebook hands it to the page: every cell as text."""
    rows = [[asdict(c) if isinstance(c, Link) else shown(c) for c in row] for row in table.rows]
    return {**asdict(replace(table, rows=())), "rows": rows, "numeric": sorted(table.numeric)}


def from_json(data: dict[str, Any]) -> Table:
    """The table that ``to_json`` wrote."""
    rows = tuple(tuple(Link(**c) if isinstance(c, dict) else c for c in row) for row in data["rows"])
    return Table(data["caption"], tuple(data["columns"]), rows, frozenset(data["numeric"]), data["total"])


# -- any data frame ---------------------------------------------------------------------------


def show(
    frame: DataFrame | Series[Any],
    caption: str,
    *,
    total: bool = False,
    leads_to: str = "",
    first: Series[bool] | None = None,
) -> Table:
    """A data frame, or a series, as a table of the book.

    A named index comes first; headings are the columns' names with a capital and without underscores;
    numbers are set to the right, days are written out, missing values are empty. ``total`` adds a row with
    the sums of the numbers. ``leads_to`` names a column of pages to which the first column's cells lead, and
    which is not shown itself. ``first`` says which rows come first where a page cannot show all of them.
    """
    import pandas

    if first is not None and len(frame) > MAX_ROWS:
        frame = pandas.concat([frame[first], frame[~first]])
    whole = pandas.DataFrame(frame)
    whole = whole.reset_index() if any(whole.index.names) else whole
    parts = whole.drop(columns=leads_to) if leads_to else whole
    rows = [tuple(map(_cell, row)) for row in parts.itertuples(index=False)]
    if leads_to:
        pages = whole[leads_to]
        rows = [(Link(shown(name), page), *rest) for (name, *rest), page in zip(rows, pages, strict=True)]
    if total:
        sums = parts.sum(numeric_only=True)
        rows.append(("Total", *(_cell(sums.get(name)) for name in list(parts)[1:])))
    numeric = frozenset(map(_heading, parts.select_dtypes("number")))
    return Table(caption, tuple(map(_heading, parts)), tuple(rows), numeric, total)


def _heading(name: object) -> str:
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def _cell(value: Any) -> Cell:
    import pandas

    if pandas.isna(value):
        return None
    if isinstance(value, date):
        return dates.written(value)
    return Decimal(f"{value:.10g}") if pandas.api.types.is_number(value) else str(value)


def listed(items: Iterable[object]) -> str:
    """Items in one cell, the first ``MAX_ITEMS`` of them, and how many more there are."""
    names = [str(item) for item in items]
    more = f" and {len(names) - MAX_ITEMS} more" if len(names) > MAX_ITEMS else ""
    return f"{', '.join(names[:MAX_ITEMS])}{more}"


# -- panels: one function a table -------------------------------------------------------------


def _link(portfolio: Portfolio, activity: Activity) -> Link:
    return Link(label(portfolio, activity), activity.page)


def programme(portfolio: Portfolio) -> Table:
    """The modules by phase with their credits, and the programme's total."""
    rows: list[Row] = [(phrases.phase_name(m.phase), m.heading, m.credits) for m in portfolio.modules]
    rows.append(("Total", None, progress.total_credits(portfolio)))
    caption, columns = "Modules of the programme and their credits", ("Phase", "Module", "Credits")
    return Table(caption, columns, tuple(rows), frozenset({"Credits"}), total=True)


def milestones(portfolio: Portfolio) -> Table:
    """Each milestone with what it requires, what is signed off and the pace still needed."""
    rows = tuple(
        (each.name, dates.written(each.date), *_standing(portfolio, each), each.note)
        for each in portfolio.milestones
    )
    columns = ("Milestone", "Date", "Required", "Signed off now", "State", "Needed a month", "Note")
    return Table("Milestones", columns, rows, frozenset({"Signed off now", "Needed a month"}))


def _standing(portfolio: Portfolio, milestone: Milestone) -> Row:
    far = progress.distance(portfolio, milestone)
    if far is None:
        return None, None, "Passed" if milestone.date < portfolio.on else "Ahead", None
    needed = f"{far.needed:.2f}" if far.needed is not None else None
    return f"{far.required} of {milestone.module}", far.done, sentences.standing(far), needed


def evidence(portfolio: Portfolio) -> Table:
    """The register of evidence held, with activities and standards; of much, the latest first."""
    held = progress.held(portfolio)
    if len(held) > MAX_ROWS:
        held = tuple(sorted(held, key=lambda piece: piece.date, reverse=True))
    rows: list[Row] = []
    for each in held:
        month, standards = dates.written_month(each.date), listed(each.standards)
        rows.append((each.id, each.title, each.kind, month, listed(each.activities), standards))
    columns = ("Id", "Evidence", "Kind", "Month", "Activities", "Standards")
    return Table("Evidence held", columns, tuple(rows))


def by_standard(portfolio: Portfolio) -> Table:
    """Each standard with the activities whose evidence speaks to it: the book's index by standard."""
    rows: list[Row] = []
    found = progress.coverage(portfolio)
    for standard in portfolio.standards:
        spoken = {key for piece in found[standard.key] for key in piece.activities}
        own = [_link(portfolio, each) for each in portfolio.activities if each.key in spoken]
        if len(own) > MAX_ITEMS:
            own[MAX_ITEMS:] = [Link(f"and {len(own) - MAX_ITEMS} more", "")]
        rows.append((f"{standard.key}: {standard.label}", tuple(own) or "None yet"))
    return Table("Standards and the activities that speak to them", ("Standard", "Activities"), tuple(rows))


def news(portfolio: Portfolio) -> Table:
    """What happened in the portfolio, the latest first."""
    rows = tuple(
        (dates.written(event.date), _link(portfolio, activity), sentences.event_line(event))
        for activity, event in progress.latest(portfolio)
    )
    return Table("Events, the latest first", ("Day", "Activity", "What happened"), rows)


def by_module(portfolio: Portfolio) -> Table:
    """How many activities of each module have each status; a module leads to the first that is open."""
    rows: list[Row] = []
    for module in portfolio.modules_in_use:
        own = records.of_module(portfolio, module.code)
        now = progress.statuses(own)
        open_ = (each.page for each in own.activities if now[each.key] is not Status.SIGNED_OFF)
        first = Link(module.heading, next(open_, own.activities[0].page))
        rows.append((first, len(own.activities), *progress.counts(own).values()))
    columns = ("Module", "Activities", *map(str, Status))
    return Table("Activities by module and status", columns, tuple(rows), frozenset(columns[1:]))


def by_status(portfolio: Portfolio, module: str) -> Iterator[Table]:
    """The activities of a module grouped by status: a table for each status that occurs."""
    found: dict[Status, list[Row]] = {status: [] for status in Status}
    for activity, events in progress.histories(records.of_module(portfolio, module)):
        status = progress.status_after(events)
        since = progress.since(events)
        days = [(portfolio.on - events[-1].date).days] if status is Status.SUBMITTED else []
        held = len(progress.evidence_for(portfolio, activity.key))
        found[status].append((Link(activity.heading, activity.page), since, *days, held))
    for status, rows in found.items():
        waiting = ("Days with the assessor",) if status is Status.SUBMITTED else ()
        numeric = (*waiting, "Evidence")
        for first in range(0, len(rows), MAX_ROWS):
            part = tuple(rows[first : first + MAX_ROWS])
            which = f", {first + 1} to {first + len(part)}" if len(rows) > MAX_ROWS else ""
            caption = f"{status}: {phrases.activities(len(rows))}{which}"
            yield Table(caption, ("Activity", "Since", *numeric), part, frozenset(numeric))

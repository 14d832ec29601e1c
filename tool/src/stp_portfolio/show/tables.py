"""The book's tables: those of panels and commands, made of the records, and any data frame as one (``show``).

``Table`` is light on purpose: pages need no pandas, so only ``show`` loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from stp_portfolio.core import dates, disk, phrases, progress, records
from stp_portfolio.core.frames import label
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Evidence, Portfolio
from stp_portfolio.show import sentences

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MIME = "application/vnd.stp-portfolio.table+json"
MAX_ROWS = 100  # a page shows no more of a table: nobody reads on, and the records hold the rest
MAX_ITEMS = 20  # nor of a list in a cell


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads to a page (its path from the root, without ending); to none if ``page`` is empty.

    ``/C1/evidence/E07-map.pdf`` leads to a file, ``#evidence E07`` to the row of that name on whatever page.
    """

    text: str
    page: str

    def __str__(self) -> str:
        return self.text


Cell = str | int | Decimal | None | Link | tuple[Link | tuple[Link, ...], ...]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns. ``None`` is an empty cell.

    ``numeric`` names the columns that are aligned right; ``total`` marks the last row as a total; ``anchors``
    name the rows for links that lead to them. The first column names the row, or that at ``names``: then a
    page shows what stands before it once for rows that follow each other.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: frozenset[str] = field(default=frozenset())
    total: bool = False
    anchors: tuple[str, ...] = ()
    names: int = 0

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
        return "; ".join(" ".join(map(str, each)) if isinstance(each, tuple) else each.text for each in cell)
    return phrases.number(cell) if isinstance(cell, Decimal | int) else str(cell or "")


def to_json(table: Table) -> dict[str, Any]:
    """A table as JSON, as a notebook hands it to the page: every cell as text."""
    rows = [[asdict(c) if isinstance(c, Link) else shown(c) for c in row] for row in table.rows]
    return {**asdict(replace(table, rows=())), "rows": rows, "numeric": sorted(table.numeric)}


def from_json(data: dict[str, Any]) -> Table:
    """The table that ``to_json`` wrote."""
    rows = tuple(tuple(Link(**c) if isinstance(c, dict) else c for c in row) for row in data["rows"])
    data = {**data, "columns": tuple(data["columns"]), "rows": rows, "numeric": frozenset(data["numeric"])}
    return Table(**data | {"anchors": tuple(data["anchors"])})


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
    numbers are set to the right, days are written short, missing values are empty. ``total`` adds a row with
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
    return (text[:1].upper() + text[1:]).replace("signed off", "signed\xa0off")  # a heading of two lines


def _cell(value: Any) -> Cell:
    import pandas

    if pandas.isna(value):
        return None
    if isinstance(value, date):
        return dates.short(value)
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
    rows: list[Row] = [(m.heading, m.phase_name, m.credits) for m in portfolio.modules]
    rows.append(("Total", None, progress.total_credits(portfolio)))
    caption, columns = "Modules of the programme and their credits", ("Module", "Phase", "Credits")
    return Table(caption, columns, tuple(rows), frozenset({"Credits"}), total=True)


def milestones(portfolio: Portfolio) -> Table:
    """Each milestone, a row for each of its conditions: what it asks for, how far that is, and its state."""
    usual, rows = progress.usual_wait(portfolio), list[Row]()
    for each in portfolio.milestones:
        far, reached = progress.distance(portfolio, each, usual), ""
        asks = ". ".join(filter(None, dict.fromkeys((sentences.asked(each), each.note))))
        state = far.state
        if far.unit == "activities":
            reached = f"{far.done:g} signed off" + (f", {far.in_review} in review" if far.in_review else "")
        elif state.startswith("Not yet"):
            state, _, reached = state.partition(": ")
        what = f"Way {each.way}: {asks}" if each.way else f"{asks[:1].upper()}{asks[1:]}"
        rows.append((f"{each.name}, {dates.short(each.date)}", what, state, reached))
    return Table("Milestones", ("Milestone", "Asks for", "State", "So far"), tuple(rows), names=1)


def evidence(portfolio: Portfolio) -> Table:
    """The register of evidence held, with activities and standards; of much, the latest first."""
    held = progress.held(portfolio)
    if len(held) > MAX_ROWS:
        held = tuple(sorted(held, key=lambda piece: piece.date, reverse=True))
    rows: list[Row] = []
    for each in held:
        month = dates.short(each.date).partition(" ")[2]
        standards = listed(str(key).replace(" ", "\u00a0") for key in each.standards)  # none is parted
        rows.append((each.id, piece_link(each), each.kind, month, listed(each.activities), standards))
    columns = ("Id", "Evidence", "Kind", "Month", "Activities", "Standards")
    anchors = tuple(f"evidence {each.id}" for each in held)
    return Table("Evidence held", columns, tuple(rows), anchors=anchors)


def piece_link(piece: Evidence) -> Link:
    """The title of a piece of evidence, which opens its file where the book holds one, and says its type."""
    _, dot, ending = piece.file.rpartition(".")
    if not dot or f".{ending}" in disk.PAGE_ENDINGS:
        return Link(piece.title, "")
    return Link(f"{piece.title} ({ending.upper()})", f"/{piece.file}")


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
    caption, columns = "Standards and the activities that speak to them", ("Standard", "Activities")
    anchors = tuple(f"standard {standard.key}" for standard in portfolio.standards)
    return Table(caption, columns, tuple(rows), anchors=anchors)


def news(portfolio: Portfolio) -> Table:
    """What happened in the portfolio, the latest first."""
    rows: list[Row] = []
    for activity, event in progress.latest(portfolio):
        rows.append((dates.short(event.date), _link(portfolio, activity), sentences.event_line(event)))
    return Table("Events, the latest first", ("Day", "Activity", "What happened"), tuple(rows))


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


def by_status(portfolio: Portfolio, module: str) -> dict[Status, list[Table]]:
    """The activities of a module by status: for each that occurs its table, of very many its tables."""
    found: dict[Status, list[Row]] = {status: [] for status in Status}
    for activity, events in progress.histories(records.of_module(portfolio, module)):
        status = progress.status_after(events)
        days = [(portfolio.on - events[-1].date).days] if status is Status.SUBMITTED else []
        held = len(progress.evidence_for(portfolio, activity.key))
        since = [_since(events)] if events else []
        found[status].append((Link(activity.heading, activity.page), *since, *days, held))
    return {status: list(_in_parts(status, rows)) for status, rows in found.items() if rows}


def _since(events: Sequence[Event]) -> str | None:
    """The day of the last event, and of a withdrawal what was withdrawn and why."""
    last = events[-1]
    return progress.since(events) if last.event == "withdrawn" else dates.short(last.date)


def _in_parts(status: Status, rows: list[Row]) -> Iterator[Table]:
    since = () if status is Status.NOT_STARTED else ("Since",)
    numeric = (*(("Days waiting",) if status is Status.SUBMITTED else ()), "Evidence")
    for first in range(0, len(rows), MAX_ROWS):
        part = tuple(rows[first : first + MAX_ROWS])
        which = f", {first + 1} to {first + len(part)}" if len(rows) > MAX_ROWS else ""
        caption = f"{phrases.activities(len(rows))} {status.lower()}{which}"
        yield Table(caption, ("Activity", *since, *numeric), part, frozenset(numeric))

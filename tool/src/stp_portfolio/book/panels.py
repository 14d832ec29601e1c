"""Generated panels: what the records say, on the pages that speak of it.

An activity's page gets its facts after the standfirst, without being asked. Elsewhere a paragraph
that is nothing but a link whose title begins with ``panel:`` is replaced::

    [The programme and its credits](notebooks/credits.ipynb "panel: programme")

So the source stays plain Markdown: an editor, JupyterLab or another engine shows a working link.
"""

import platform
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

from stp_portfolio.book.nodes import figure, link_to, table
from stp_portfolio.core import dates, disk, phrases, progress, reading, records
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Evidence, Portfolio, Standard
from stp_portfolio.show import exhibits, pages, sentences, tables
from stp_portfolio.show.tables import Cell, Link, Table

logger = logging.getLogger(__name__)

PREFIX = "panel:"
MANY_TILES = 100  # more activities than this are counted by module: nobody reads so many tiles
MONTHS_AHEAD = 6
SOFTWARE = ("jupyter-book", "Sphinx", "myst-nb", "pandas", "matplotlib")
_MONTH = re.compile(r"[A-Z][a-z]+ [12][0-9]{3}")
Panel = Callable[[Portfolio, str], list[nodes.Node]]  # the records, and the page it stands on


@lru_cache(maxsize=1)
def portfolio_of(app: Sphinx) -> Portfolio:
    """The records that this build shows, read once: ``strict`` asks first. Raises RecordsError."""
    return reading.load(Path(app.srcdir))


# -- panels -----------------------------------------------------------------------------------


def _answer(*texts: str) -> nodes.paragraph:
    return nodes.paragraph(text=" ".join(texts), classes=["stp-answer"])


def _slug(status: Status) -> str:
    return f"stp-{status.lower().replace(' ', '-')}"


def summary(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """How many activities are signed off, large; the others by status; each module against its milestone."""
    stand = progress.counts(portfolio)
    total, done = sum(stand.values()), stand.pop(Status.SIGNED_OFF)
    if not total:
        return [_answer(sentences.progress_answer(portfolio))]
    large = nodes.inline(text=f"{done} of {total}", classes=["stp-large"])
    noun = phrases.activities(total).removeprefix(str(total))
    rest = nodes.Text(f"{noun} signed off by {dates.written(portfolio.on)}")
    others = [(f"{count} {status.lower()}", _slug(status)) for status, count in stand.items() if count]
    counts = (nodes.list_item("", nodes.paragraph(text=text), classes=[slug]) for text, slug in others)
    answers, also = sentences.next_answers(portfolio), sentences.milestone_answer(portfolio)
    listed = (nodes.list_item("", nodes.paragraph(text=answer)) for answer in answers)
    return [
        nodes.paragraph("", "", large, rest, classes=["stp-headline"]),
        *([nodes.bullet_list("", *counts, classes=["stp-counts"])] if others else []),
        _answer(*answers) if len(answers) == 1 else nodes.bullet_list("", *listed),
        *([nodes.paragraph(text=also)] if also else []),
    ]


def _titled(title: str, *below: nodes.Node) -> nodes.section:
    """A section with a heading, which the page's contents list."""
    return nodes.section("", nodes.title(text=title), *below, ids=[nodes.make_id(f"activities {title}")])


def strip(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities as numbered tiles, each a link to its page with status in words and title.

    Of several modules, each under its name; of very many activities, their number by module and status.
    """
    if len(portfolio.activities) > MANY_TILES:
        return [table(tables.by_module(portfolio))]

    def tile(activity: Activity) -> nodes.Node:
        events = progress.history(portfolio, activity.key)
        status = progress.status_after(events)
        # and that its sign-off was withdrawn
        title = f"{activity.title}{progress.status_line(events).removeprefix(status)}"
        shown = {"number": str(activity.key.number), "status": str(status), "title": title}
        parts = [nodes.inline(text=text, classes=[f"stp-tile-{name}"]) for name, text in shown.items()]
        spaced = [child for part in parts for child in (part, nodes.Text(" "))][:-1]
        link = link_to(Link(activity.heading, activity.page), *spaced)
        return nodes.list_item("", nodes.paragraph("", "", link), classes=[_slug(status)])

    def tiles(module: str) -> nodes.Node:
        own = records.of_module(portfolio, module).activities
        counting = {"enumtype": "arabic", "start": own[0].key.number}
        return nodes.enumerated_list("", *map(tile, own), classes=["stp-strip"], **counting)

    modules = portfolio.modules_in_use
    if len(modules) == 1:
        return [tiles(modules[0].code)]
    return [_titled(module.heading, tiles(module.code)) for module in modules]


def chapter(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities of the modules whose pages stand in this page's folder, by status under headings."""
    folder = docname.rpartition("/")[0]
    here = {each.key.module for each in portfolio.activities if each.page.rpartition("/")[0] == folder}
    modules = [each for each in portfolio.modules_in_use if each.code in here]
    found: list[nodes.Node] = []
    for module in modules:
        of = f" in {module.code}" if len(modules) > 1 else ""
        for status, parts in tables.by_status(portfolio, module.code).items():
            found.append(_titled(f"{status}{of}", *map(table, parts)))
    return found


def ahead(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """What the action plans promise for the next months, in a sentence and by month."""
    end = dates.months_after(portfolio.on, MONTHS_AHEAD)
    due = [each for each in pages.steps(portfolio) if portfolio.on < each.month <= end]
    last = dates.written_month(end)
    if not due:
        return [nodes.paragraph(text=f"No step of an action plan falls due up to {last}.")]
    steps, falls = phrases.plural(len(due), "step"), "falls" if len(due) == 1 else "fall"
    count = phrases.plural(len({each.activity.key for each in due}), "page")
    rows: list[tuple[Cell, ...]] = []
    for month, on, _, step in due:
        measure = step.measure[:1].upper() + step.measure[1:]
        rows.append((dates.written_month(month), Link(on.heading, on.page), step.action, measure))
    columns = ("Month", "Activity", "Step", "Done when")
    said = _answer(f"{steps} on {count} {falls} due up to {last}.")
    return [said, table(Table("Steps that fall due, by month", columns, tuple(rows)))]


def versions(portfolio: Portfolio) -> Table:
    """What the book was made with."""
    rows = (("Python", platform.python_version()), *((name, version(name)) for name in SOFTWARE))
    return Table("Made with", ("Software", "Version"), rows)


def _as_panel(made: Callable[[Portfolio], Table | str]) -> Panel:
    def panel(portfolio: Portfolio, _: str) -> list[nodes.Node]:
        content = made(portfolio)
        return [table(content) if isinstance(content, Table) else _answer(content)]

    return panel


PANELS: dict[str, Panel] = {
    "summary": summary,
    "strip": strip,
    "programme": _as_panel(tables.programme),
    "activities": strip,
    "chapter": chapter,
    "milestones": _as_panel(tables.milestones),
    "evidence": _as_panel(tables.evidence),
    "gaps": _as_panel(sentences.coverage_answer),
    "ahead": ahead,
    "by standard": _as_panel(tables.by_standard),
    "news": _as_panel(tables.news),
    "versions": _as_panel(versions),
}


def facts(portfolio: Portfolio, activity: Activity) -> nodes.Node:
    """What an activity's page owes its reader before the prose: status, what came after it, evidence."""
    events = progress.history(portfolio, activity.key)
    status, held = progress.status_after(events), progress.evidence_for(portfolio, activity.key)
    settled = events[-1] if status is Status.SIGNED_OFF else None
    pieces = tuple((Link(each.id, f"#evidence {each.id}"), tables.piece_link(each)) for each in held)
    standards = standards_of(portfolio, held)
    rows: dict[str, Cell] = {
        "Activity": f"{activity.key.module}, number {activity.key.number}",
        "Status": _status_line(portfolio, events),
        "Signed off": settled and _noted(settled),
        "Added after sign-off": settled and _added(portfolio, activity, settled.date),
        "Worked on": _months(events),
        "Evidence held": pieces or "None yet",
        "Standards": tuple(Link(f"{each.key}: {each.label}", f"#standard {each.key}") for each in standards)
        or "None yet",
        "Page revised": _revised(portfolio, activity),
        "Learning outcomes": activity.learning_outcomes or None,
        "Curriculum": _curriculum(portfolio, activity) if activity.url else None,
    }
    content = Table("", ("", ""), tuple(filter(all, rows.items())))
    return table(content, "stp-facts", _slug(status))


def _noted(event: Event) -> str:
    return dates.written(event.date) + (f" ({event.note})" if event.note else "")


def _added(portfolio: Portfolio, activity: Activity, since: date) -> str:
    """What a page tells that is later than its sign-off, by its own words: evidence, outcomes, passages."""
    held = progress.evidence_for(portfolio, activity.key)
    added = [f"{each.id} ({dates.written_month(each.date)})" for each in held if each.date > since]
    if (path := disk.page_file(portfolio.root, activity.page)) and path.suffix == ".md":
        added += _told_after(pages.read(path), since)
    return "; ".join(added)


def _told_after(page: pages.Page, since: date) -> Iterator[str]:
    """The latest month by which a page tells an outcome, and those that its text marks as added."""
    due = [
        (dates.written_month(step.month), step.outcome) for step in page.steps if step.month and step.outcome
    ]
    told = _MONTH.findall(" ".join(text for each in due for text in each))
    if later := [day for month in told if (day := dates.month_of(month)) and day > since]:
        yield f"outcomes up to {dates.written_month(max(later))}"
    if marked := dict.fromkeys(re.findall(rf"Added in ({_MONTH.pattern})", page.text)):
        yield f"passages of {phrases.series(list(marked))}"


def _revised(portfolio: Portfolio, activity: Activity) -> str | None:
    """The day of the page's last commit; none where git does not know it, or it lies after the reading."""
    path = disk.page_file(portfolio.root, activity.page)
    day = portfolio.revised.get(path.relative_to(portfolio.root).as_posix()) if path else None
    return dates.written(day) if day and day <= portfolio.on else None


def _curriculum(portfolio: Portfolio, activity: Activity) -> Link:
    """The page of the library, by what it is about: the whole specialty, or this activity."""
    curriculum = portfolio.settings.curriculum
    is_whole = activity.url.rstrip("/").endswith(f"/{curriculum}")
    about = f"the specialty, {curriculum}" if is_whole else f"this activity, {activity.key}"
    return Link(f"Curriculum library: page of {about}", activity.url)


def standards_of(portfolio: Portfolio, held: Sequence[Evidence]) -> list[Standard]:
    """The standards that pieces of evidence speak to, in the order of ``standards.csv``."""
    spoken = {key for piece in held for key in piece.standards}
    return [standard for standard in portfolio.standards if standard.key in spoken]


def _status_line(portfolio: Portfolio, events: Sequence[Event]) -> str:
    status = progress.status_after(events)
    if not events or events[-1].event in ("signed_off", "withdrawn"):
        return progress.status_line(events)
    last, waited = events[-1], ""
    if status is Status.IN_PROGRESS:
        return f"{status} since {dates.written(last.date)}"
    if status is Status.SUBMITTED:
        days = phrases.plural((portfolio.on - last.date).days, "day")
        waited = f"; with the assessor for {days} by {dates.written(portfolio.on)}"
    return f"{status} on {dates.written(last.date)}{waited}" + (f" ({last.note})" if last.note else "")


def _months(events: Sequence[Event]) -> str:
    """From the start of the work to its last submission: what came after was the assessor's."""
    if not events:
        return "Not yet"
    own = [dates.written_month(each.date) for each in events if each.event in ("started", "submitted")]
    if progress.status_after(events) is not Status.SIGNED_OFF:
        return f"Since {own[0]}"
    return own[0] if own[0] == own[-1] else f"{own[0]} to {own[-1]}"


# -- placing ----------------------------------------------------------------------------------


def panels_for(portfolio: Portfolio, docname: str, names: Sequence[str]) -> list[nodes.Node]:
    """Everything generated on a page that asks for the panels ``names``; what it shows, in one list."""
    activity = portfolio.activity_on.get(docname)
    return [
        *([facts(portfolio, activity)] if activity else []),
        *(node for name in names for node in PANELS[name](portfolio, docname)),
        nodes.paragraph(text=sentences.example_line(portfolio), classes=["stp-example"]),
    ]


def place(app: Sphinx, doctree: nodes.document) -> None:
    """Put the generated panels into a page that was just read, and note which ones it asked for."""
    portfolio, docname = portfolio_of(app), app.env.docname
    asked = _place_panels(app, doctree, portfolio)
    if (section := next(doctree.findall(nodes.section), None)) is None:
        return
    first = (section.first_child_matching_class(nodes.title) or 0) + 1
    after = _after_standfirst(section, first)
    if activity := portfolio.activity_on.get(docname):
        section.insert(after, facts(portfolio, activity))
    if _shows_records(portfolio, docname, asked) and (mark := sentences.example_line(portfolio)):
        section.insert(after, nodes.paragraph(text=mark, classes=["stp-example"]))
    if app.config.stp_edition:
        section.insert(first, nodes.paragraph(text=app.config.stp_edition, classes=["stp-edition"]))
    _lead_to_register(doctree, {piece.id for piece in portfolio.evidence})


def _lead_to_register(doctree: nodes.document, registered: set[str]) -> None:
    """Make each id of evidence in bold, or alone in a cell, lead to its row of the register."""
    for name in doctree.findall(nodes.strong):
        if name.astext() in registered:
            name[:] = [link_to(Link(name.astext(), f"#evidence {name.astext()}"))]
    for cell in doctree.findall(nodes.entry):
        names = cell.astext().split(", ")
        if not cell.parent["ids"] and registered.issuperset(names):  # of the register itself, no row
            links = [link_to(Link(name, f"#evidence {name}")) for name in names]
            parts = [part for link in links for part in (link, nodes.Text(", "))][:-1]
            cell[:] = [nodes.paragraph("", "", *parts)]


def _place_panels(app: Sphinx, doctree: nodes.document, portfolio: Portfolio) -> list[str]:
    """Put each panel in its paragraph's place; the names of those that show records."""
    docname = app.env.docname
    found = {each: name for each in doctree.findall(nodes.paragraph) if (name := _panel_name(each))}
    asked = app.env.metadata[docname]["stp_panels"] = [name for name in found.values() if name in PANELS]
    for paragraph, name in found.items():
        if name in exhibits.KINDS:
            paragraph.replace_self(_exhibit(app, paragraph, name))
        elif name not in PANELS:
            names = ", ".join([*PANELS, *exhibits.KINDS])
            logger.warning(f"there is no panel '{name}'; use one of: {names}", location=paragraph, type="stp")
        elif name == "strip" and "activities" in asked:
            paragraph.parent.remove(paragraph)  # the same tiles stand there
        else:
            paragraph.replace_self(PANELS[name](portfolio, docname))
    return asked


def _shows_records(portfolio: Portfolio, docname: str, asked: Sequence[str]) -> bool:
    """Whether a page shows records or reflections: by a panel, as a notebook, beside an activity's page."""
    folders = {"notebooks", *(page.rpartition("/")[0] for page in portfolio.activity_on)}
    return docname.rpartition("/")[0] in folders or bool({*asked} - {"versions"})


def _exhibit(app: Sphinx, paragraph: nodes.paragraph, kind: str) -> list[nodes.Node]:
    """The rows of a CSV file that a paragraph links to, as a table or a chart, with the file to open."""
    link = next(paragraph.findall(addnodes.download_reference), None)
    if link is None:
        problem = f"'{PREFIX} {kind}' shows a CSV file, and this link leads to none that is there"
        logger.warning(problem, location=paragraph, type="stp")
        return [paragraph]
    file, whole = app.env.relfn2path(link["reftarget"])
    caption, name = link.astext(), Path(file).name
    try:
        shown = exhibits.read(Path(app.srcdir), file, kind)
    except disk.UnreadableError as error:
        problem = f"'{name}' {error.fault}. {error.remedy}"
        logger.warning(problem, location=paragraph, type="stp", subtype=error.code)
        return [paragraph]
    size = f"{max(1, round(Path(whole).stat().st_size / 1000))}\u00a0kB"
    link[:] = [nodes.inline(text=f"Open the data: {name} ({size})", classes=["xref", "download"])]
    made = table(shown.table(caption)) if kind == "table" else figure(**asdict(shown.chart(kind, caption)))
    notes = nodes.Text(f". {shown.notes}" if shown.notes else "")
    return [made, nodes.paragraph("", "", link, notes, classes=["stp-file"])]


def _after_standfirst(section: nodes.section, first: int) -> int:
    found = section.first_child_matching_class((nodes.paragraph, nodes.section), first)
    return found + 1 if found is not None and isinstance(section[found], nodes.paragraph) else first


def _panel_name(paragraph: nodes.paragraph) -> str | None:
    match [child for child in paragraph if not isinstance(child, nodes.Text) or child.strip()]:
        case [nodes.Element() as link]:
            title = str(link.get("title") or link.get("reftitle") or "")
            return title.removeprefix(PREFIX).strip() if title.startswith(PREFIX) else None
    return None


def setup(app: Sphinx) -> None:
    """Place panels on every page read."""
    app.add_config_value("stp_edition", "", "env", types=[str])
    app.connect("doctree-read", place, priority=400)  # before Sphinx lists headings and files

"""Generated panels: what the records say, on the pages that speak of it.

An activity's page gets its facts after the standfirst, without being asked. Elsewhere a paragraph
that is nothing but a link whose title begins with ``panel:`` is replaced::

    [The programme and its credits](notebooks/credits.ipynb "panel: programme")

So the source stays plain Markdown: an editor, JupyterLab or another engine shows a working link.
"""

import platform
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from stp_portfolio.book.nodes import link_to, table
from stp_portfolio.core import dates, phrases, progress, reading, records
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Evidence, Portfolio
from stp_portfolio.show import pages, sentences, tables
from stp_portfolio.show.tables import Cell, Link, Table

logger = logging.getLogger(__name__)

PREFIX = "panel:"
MANY_TILES = 100  # more activities than this are counted by module: nobody reads so many tiles
MONTHS_AHEAD = 6
SOFTWARE = ("jupyter-book", "Sphinx", "myst-nb", "pandas", "matplotlib")
Listed = Callable[[Sequence[Activity]], nodes.Node]  # the activities of a module as a list
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


def _status(portfolio: Portfolio, activity: Activity) -> tuple[Status, str]:
    events = progress.history(portfolio, activity.key)
    return progress.status_after(events), progress.status_line(events)


def summary(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """One computed sentence on status, one on being on track; of several modules, a list of these."""
    said, answers = sentences.status_summary(portfolio), sentences.progress_answers(portfolio)
    if len(answers) < 2:
        return [_answer(said, sentences.progress_answer(portfolio))]
    items = (nodes.list_item("", nodes.paragraph(text=answer)) for answer in answers)
    return [_answer(said), nodes.bullet_list("", *items)]


def _each_module(portfolio: Portfolio, listed: Listed) -> list[nodes.Node]:
    """The activities of each module as a list; where there are several, each under the module's name."""
    modules = portfolio.modules_in_use
    found: list[nodes.Node] = []
    for module in modules:
        if len(modules) > 1:
            found.append(nodes.paragraph(text=module.heading, classes=["stp-strip-head"]))
        found.append(listed(records.of_module(portfolio, module.code).activities))
    return found


def strip(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities as a strip of tiles, each a link to its page with number, status in words and title."""
    if len(portfolio.activities) > MANY_TILES:
        return [table(tables.by_module(portfolio))]

    def tile(activity: Activity) -> nodes.Node:
        status, words = _status(portfolio, activity)
        title = f"{activity.title}{words.removeprefix(status)}"  # and that its sign-off was withdrawn
        shown = {"number": str(activity.key.number), "status": str(status), "title": title}
        parts = [nodes.inline(text=text, classes=[f"stp-tile-{name}"]) for name, text in shown.items()]
        spaced = [child for part in parts for child in (part, nodes.Text(" "))][:-1]
        link = link_to(Link(activity.heading, activity.page), *spaced)
        return nodes.list_item("", nodes.paragraph("", "", link), classes=[_slug(status)])

    return _each_module(portfolio, lambda own: nodes.bullet_list("", *map(tile, own), classes=["stp-strip"]))


def activity_list(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Every activity as a numbered line: a link to its page, and its status; of very many, their number."""
    if len(portfolio.activities) > MANY_TILES:
        modules = phrases.plural(len(portfolio.modules_in_use), "module")
        counted = phrases.activities(len(portfolio.activities))
        return [nodes.paragraph(text=f"{counted} in {modules}; the chapter of each lists its own.")]

    def listed(own: Sequence[Activity]) -> nodes.Node:
        first = own[0].key.number
        # A list that counts for itself, where the numbers have no gap; else each line carries its number.
        counts = [activity.key.number for activity in own] == list(range(first, first + len(own)))
        items = nodes.enumerated_list(enumtype="arabic", start=first) if counts else nodes.bullet_list()
        for activity in own:
            status, words = _status(portfolio, activity)
            link = link_to(Link(activity.title if counts else activity.heading, activity.page))
            shown = nodes.inline(text=words, classes=["stp-status", _slug(status)])
            items.append(nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(" "), shown)))
        return items

    return _each_module(portfolio, listed)


def chapter(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities of the modules whose pages stand in this page's folder, grouped by status."""
    folder = docname.rpartition("/")[0]
    here = {each.key.module for each in portfolio.activities if each.page.rpartition("/")[0] == folder}
    modules = [each.code for each in portfolio.modules_in_use if each.code in here]
    return [table(each, "stp-by-status") for code in modules for each in tables.by_status(portfolio, code)]


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
    for month, activity, _, step in due:
        measure = step.measure[:1].upper() + step.measure[1:]
        link = Link(activity.heading, activity.page)
        rows.append((dates.written_month(month), link, step.action, measure))
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
    "activities": activity_list,
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
    """What an activity's page owes its reader before the prose: status, months and evidence."""
    events = progress.history(portfolio, activity.key)
    held = progress.evidence_for(portfolio, activity.key)
    days = [event.date for event in events] + [piece.date for piece in held]
    rows: dict[str, Cell] = {
        "Activity": f"{activity.key.module}, number {activity.key.number}",
        "Status": _status_line(portfolio, events),
        "Worked on": _months(events),
        "Evidence held": "; ".join(f"{piece.id} {piece.title}" for piece in held) or "None yet",
        "Standards": ", ".join(standards_of(portfolio, held)) or "None yet",
        "Last revised": dates.written_month(max(days)) if days else None,
        "Learning outcomes": activity.learning_outcomes or None,
        "Curriculum": Link("Curriculum library", activity.url) if activity.url else None,
    }
    content = Table("", ("", ""), tuple(filter(all, rows.items())))
    return table(content, "stp-facts", _slug(progress.status_after(events)))


def standards_of(portfolio: Portfolio, held: Sequence[Evidence]) -> list[str]:
    """The standards that pieces of evidence speak to, in the order of ``standards.csv``."""
    spoken = {key for piece in held for key in piece.standards}
    return [str(standard.key) for standard in portfolio.standards if standard.key in spoken]


def _status_line(portfolio: Portfolio, events: Sequence[Event]) -> str:
    status = progress.status_after(events)
    if not events:
        return str(status)
    last = events[-1]
    if last.event == "withdrawn":
        return progress.status_line(events)
    if status is Status.IN_PROGRESS:
        return f"{status} since {dates.written(last.date)}"
    text = f"{status} on {dates.written(last.date)}"
    if status is Status.SUBMITTED:
        waited = phrases.plural((portfolio.on - last.date).days, "day")
        text += f"; with the assessor for {waited} by {dates.written(portfolio.on)}"
    return f"{text} ({last.note})" if last.note else text


def _months(events: Sequence[Event]) -> str:
    if not events:
        return "Not yet"
    first, last = (dates.written_month(events[index].date) for index in (0, -1))
    if events[-1].event != "signed_off":
        return f"Since {first}"
    return first if first == last else f"{first} to {last}"


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
    asked = app.env.metadata[docname]["stp_panels"] = []
    for paragraph in list(doctree.findall(nodes.paragraph)):
        name = _panel_name(paragraph)
        if name in PANELS:
            asked.append(name)
            paragraph.replace_self(PANELS[name](portfolio, docname))
        elif name is not None:
            names = ", ".join(PANELS)
            logger.warning(f"there is no panel '{name}'; use one of: {names}", location=paragraph, type="stp")
    if (section := next(doctree.findall(nodes.section), None)) is None:
        return
    first = (section.first_child_matching_class(nodes.title) or 0) + 1
    if activity := portfolio.activity_on.get(docname):
        section.insert(_after_standfirst(section, first), facts(portfolio, activity))
    marks = {"stp-edition": app.config.stp_edition, "stp-example": sentences.example_line(portfolio)}
    for name, text in marks.items():
        if text:
            section.insert(first, nodes.paragraph(text=text, classes=[name]))


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
    app.connect("doctree-read", place)

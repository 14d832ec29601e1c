"""Generated panels: what the records say, on the pages that speak of it.

An activity's page gets its facts after the standfirst, without being asked. Elsewhere a paragraph
that is nothing but a link whose title begins with ``panel:`` is replaced::

    [The programme and its credits](notebooks/credits.ipynb "panel: programme")

So the source stays plain Markdown: an editor, JupyterLab or another engine shows a working link.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from weakref import WeakKeyDictionary

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from stp_portfolio.book.nodes import link_to, table
from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Event, Evidence, Portfolio
from stp_portfolio.show import pages, sentences, tables
from stp_portfolio.show.tables import Cell, Link, Table

logger = logging.getLogger(__name__)

PREFIX = "panel:"
MANY_TILES = 100  # more activities than this are counted by module: nobody reads so many tiles
MONTHS_AHEAD = 6
SOFTWARE = ("jupyter-book", "Sphinx", "myst-nb", "pandas", "matplotlib")
Panel = Callable[[Portfolio, str], list[nodes.Node]]

portfolios: WeakKeyDictionary[Sphinx, Portfolio] = WeakKeyDictionary()


def portfolio_of(app: Sphinx) -> Portfolio:
    """The records that this build shows; ``strict`` reads them before anything else happens."""
    return portfolios[app]


# -- panels -----------------------------------------------------------------------------------


def _answer(*texts: str) -> nodes.paragraph:
    return nodes.paragraph(text=" ".join(texts), classes=["stp-answer"])


def _in(parent: nodes.Element, *children: nodes.Node) -> nodes.Element:
    parent.extend(children)
    return parent


def _slug(status: str) -> str:
    return f"stp-{status.lower().replace(' ', '-')}"


def summary(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """One computed sentence on status, one on being on track; of several modules, a list of these."""
    said, answers = sentences.status_summary(portfolio), sentences.progress_answers(portfolio)
    if len(answers) < 2:
        return [_answer(said, sentences.progress_answer(portfolio))]
    items = (_in(nodes.list_item(), nodes.paragraph(text=answer)) for answer in answers)
    return [_answer(said), _in(nodes.bullet_list(), *items)]


def _each_module(portfolio: Portfolio, listed: Callable[[list[Activity]], nodes.Node]) -> list[nodes.Node]:
    """The activities of each module as a list; where there are several, each under the module's name."""
    modules = progress.modules_with_activities(portfolio)
    found: list[nodes.Node] = []
    for module in modules:
        if len(modules) > 1:
            found.append(nodes.paragraph(text=f"{module.name} ({module.code})", classes=["stp-strip-head"]))
        found.append(listed(list(progress.activities_of(portfolio, module.code))))
    return found


def strip(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities as a strip of tiles, each a link to its page with number, status in words and title."""
    if len(portfolio.activities) > MANY_TILES:
        return [table(tables.by_module(portfolio), docname)]
    now = progress.statuses(portfolio, portfolio.on)

    def tile(activity: Activity) -> nodes.Node:
        status = now[activity.key]
        shown = [("number", str(activity.key.number)), ("status", str(status)), ("title", activity.title)]
        parts = [nodes.inline(text=text, classes=[f"stp-tile-{name}"]) for name, text in shown]
        spaced = [child for part in parts for child in (part, nodes.Text(" "))][:-1]
        link = link_to(Link(activity.heading, activity.page), docname, *spaced)
        return _in(nodes.list_item(classes=[_slug(status)]), _in(nodes.paragraph(), link))

    return _each_module(portfolio, lambda own: _in(nodes.bullet_list(classes=["stp-strip"]), *map(tile, own)))


def activity_list(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Every activity as a numbered line: a link to its page, and its status; of very many, their number."""
    if len(portfolio.activities) > MANY_TILES:
        modules = phrases.plural(len(progress.modules_with_activities(portfolio)), "module")
        counted = phrases.activities(len(portfolio.activities))
        return [nodes.paragraph(text=f"{counted} in {modules}; the chapter of each lists its own.")]
    now = progress.statuses(portfolio, portfolio.on)

    def listed(own: list[Activity]) -> nodes.Node:
        numbers = [activity.key.number for activity in own]
        # A list that counts for itself, where the numbers have no gap; else each line carries its number.
        counts = numbers == list(range(numbers[0], numbers[0] + len(own)))
        items = nodes.enumerated_list(enumtype="arabic", start=numbers[0]) if counts else nodes.bullet_list()
        items["classes"].append("stp-activities")
        for activity in own:
            status = str(now[activity.key])
            link = link_to(Link(activity.title if counts else activity.heading, activity.page), docname)
            shown = nodes.inline(text=status, classes=["stp-status", _slug(status)])
            items.append(_in(nodes.list_item(), _in(nodes.paragraph(), link, nodes.Text(" "), shown)))
        return items

    return _each_module(portfolio, listed)


def chapter(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities whose pages stand in this page's folder, grouped by status."""
    folder = docname.rpartition("/")[0]
    found: list[nodes.Node] = []
    for module in progress.modules_with_activities(portfolio):
        own = progress.activities_of(portfolio, module.code)
        if any(activity.page.rpartition("/")[0] == folder for activity in own):
            for _, grouped in tables.by_status(portfolio, module.code):
                found.append(table(grouped, docname, "stp-by-status"))
    return found


def ahead(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """What the action plans promise for the next months, in a sentence and by month."""
    due = pages.steps_ahead(portfolio, MONTHS_AHEAD)
    last = dates.written_month(dates.months_after(portfolio.on, MONTHS_AHEAD))
    if not due:
        return [nodes.paragraph(text=f"No step of an action plan falls due up to {last}.")]
    count = phrases.plural(len({activity.key for activity, _ in due}), "page")
    falls = "falls" if len(due) == 1 else "fall"
    rows = tuple(
        (
            dates.written_month(date(*step.month, 1)),
            Link(activity.heading, activity.page),
            step.action,
            step.measure[:1].upper() + step.measure[1:],
        )
        for activity, step in due
        if step.month
    )
    content = Table("Steps that fall due, by month", ("Month", "Activity", "Step", "Done when"), rows)
    said = f"{phrases.plural(len(due), 'step')} on {count} {falls} due up to {last}."
    return [_answer(said), table(content, docname)]


def gaps(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Which standards the evidence speaks to, and which it does not, in a sentence."""
    return [_answer(sentences.coverage_answer(portfolio))]


def versions(portfolio: Portfolio) -> Table:
    """What the book was made with."""
    rows = (("Python", platform.python_version()), *((name, version(name)) for name in SOFTWARE))
    return Table("Made with", ("Software", "Version"), rows)


def _as_panel(made: Callable[[Portfolio], Table]) -> Panel:
    return lambda portfolio, docname: [table(made(portfolio), docname)]


PANELS: dict[str, Panel] = {
    "summary": summary,
    "strip": strip,
    "programme": _as_panel(tables.programme),
    "activities": activity_list,
    "chapter": chapter,
    "milestones": _as_panel(tables.milestones),
    "evidence": _as_panel(tables.evidence),
    "gaps": gaps,
    "ahead": ahead,
    "by standard": _as_panel(tables.by_standard),
    "news": _as_panel(tables.news),
    "versions": _as_panel(versions),
}


def facts(portfolio: Portfolio, activity: Activity, docname: str) -> nodes.Node:
    """What an activity's page owes its reader before the prose: status, months and evidence."""
    events = progress.history(portfolio, activity.key, portfolio.on)
    held = progress.evidence_for(portfolio, activity.key, portfolio.on)
    revised = max([event.date for event in events] + [piece.date for piece in held], default=None)
    rows: dict[str, Cell] = {
        "Activity": f"{activity.key.module}, number {activity.key.number}",
        "Status": _status_line(portfolio, events),
        "Worked on": _months(events),
        "Evidence held": "; ".join(f"{piece.id} {piece.title}" for piece in held) or "None yet",
        "Standards": ", ".join(_standards(portfolio, held)) or "None yet",
        "Last revised": dates.written_month(revised) if revised else None,
        "Learning outcomes": activity.learning_outcomes or None,
        "Curriculum": Link("Curriculum library", activity.url) if activity.url else None,
    }
    content = Table("", ("", ""), tuple(filter(all, rows.items())))
    return table(content, docname, "stp-facts", _slug(progress.status_after(events)))


def _standards(portfolio: Portfolio, held: Sequence[Evidence]) -> list[str]:
    spoken = {key for piece in held for key in piece.standards}
    return [str(standard.key) for standard in portfolio.standards if standard.key in spoken]


def _status_line(portfolio: Portfolio, events: Sequence[Event]) -> str:
    status = progress.status_after(events)
    if not events:
        return str(status)
    last = events[-1]
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
    first, last = dates.written_month(events[0].date), dates.written_month(events[-1].date)
    if events[-1].event != "signed_off":
        return f"Since {first}"
    return first if first == last else f"{first} to {last}"


# -- placing ----------------------------------------------------------------------------------


def panels_for(portfolio: Portfolio, docname: str, names: Sequence[str]) -> list[nodes.Node]:
    """Everything generated on a page that asks for the panels ``names``; what it shows, in one list."""
    activity = portfolio.activity_on.get(docname)
    return [
        *([facts(portfolio, activity, docname)] if activity else []),
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
        section.insert(_after_standfirst(section, first), facts(portfolio, activity, docname))
    marks = {"stp-edition": app.config.stp_edition, "stp-example": sentences.example_line(portfolio)}
    for name, text in marks.items():
        if text:
            section.insert(first, nodes.paragraph(text=text, classes=[name]))


def _after_standfirst(section: nodes.section, first: int) -> int:
    for index in range(first, len(section)):
        if isinstance(section[index], nodes.paragraph):
            return index + 1
        if isinstance(section[index], nodes.section):
            break
    return first


def _panel_name(paragraph: nodes.paragraph) -> str | None:
    children = [child for child in paragraph if not isinstance(child, nodes.Text) or child.strip()]
    if len(children) != 1 or not isinstance(children[0], nodes.Element):
        return None
    title = str(children[0].get("title") or children[0].get("reftitle") or "")
    return title.removeprefix(PREFIX).strip() if title.startswith(PREFIX) else None


def setup(app: Sphinx) -> None:
    """Place panels on every page read."""
    app.add_config_value("stp_edition", "", "env", types=[str])
    app.connect("doctree-read", place)

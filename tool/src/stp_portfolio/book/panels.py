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
from typing import cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from stp_portfolio.book.nodes import link_to, table
from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.records import Activity, Event, Portfolio
from stp_portfolio.show import pages, sentences, tables
from stp_portfolio.show.tables import Link, Table

logger = logging.getLogger(__name__)

PREFIX = "panel:"
MANY_TILES = 100  # more activities than this are counted by module: nobody reads so many tiles
Panel = Callable[[Portfolio, str], list[nodes.Node]]


# -- panels -----------------------------------------------------------------------------------


def summary(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """One computed sentence on status, one on being on track; a list of these where there are several modules."""
    answers = sentences.progress_answers(portfolio)
    if len(answers) < 2:
        text = f"{sentences.status_summary(portfolio)} {sentences.progress_answer(portfolio)}"
        return [nodes.paragraph(text=text, classes=["stp-answer"])]
    items = nodes.bullet_list()
    for answer in answers:
        item = nodes.list_item()
        item += nodes.paragraph(text=answer)
        items += item
    return [nodes.paragraph(text=sentences.status_summary(portfolio), classes=["stp-answer"]), items]


def strip(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities as a strip of tiles, each a link to its page with number, status in words and title."""
    if len(portfolio.activities) > MANY_TILES:
        return [table(tables.by_module(portfolio), docname)]
    now = progress.statuses(portfolio, portfolio.on)
    found: list[nodes.Node] = []
    modules = progress.modules_with_activities(portfolio)
    for module in modules:
        if len(modules) > 1:
            found.append(nodes.paragraph(text=f"{module.name} ({module.code})", classes=["stp-strip-head"]))
        items = nodes.bullet_list(classes=["stp-strip"])
        for activity in progress.activities_of(portfolio, module.code):
            status = now[activity.key]
            item = nodes.list_item(classes=[f"stp-{_slug(status)}"])
            reference = link_to(
                Link(activity.heading, activity.page),
                docname,
                nodes.inline(text=str(activity.key.number), classes=["stp-tile-number"]),
                nodes.Text(" "),
                nodes.inline(text=str(status), classes=["stp-tile-status"]),
                nodes.Text(" "),
                nodes.inline(text=activity.title, classes=["stp-tile-title"]),
            )
            paragraph = nodes.paragraph()
            paragraph += reference
            item += paragraph
            items += item
        found.append(items)
    return found


def programme(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The programme's modules, their credits and the total."""
    return [table(tables.programme(portfolio), docname)]


def activity_list(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Every activity as a numbered line: a link to its page, and its status; of very many, how many there are."""
    if len(portfolio.activities) > MANY_TILES:
        modules = progress.modules_with_activities(portfolio)
        text = f"{phrases.activities(len(portfolio.activities))} in {phrases.plural(len(modules), 'module')}; the chapter of each lists its own."
        return [nodes.paragraph(text=text)]
    now = progress.statuses(portfolio, portfolio.on)
    found: list[nodes.Node] = []
    modules = progress.modules_with_activities(portfolio)
    for module in modules:
        if len(modules) > 1:
            found.append(nodes.paragraph(text=f"{module.name} ({module.code})", classes=["stp-strip-head"]))
        own = progress.activities_of(portfolio, module.code)
        first = own[0].key.number
        # A list that counts for itself, where the numbers have no gap; else each line carries its number.
        counting = [activity.key.number for activity in own] == list(range(first, first + len(own)))
        items = nodes.enumerated_list(enumtype="arabic", start=first) if counting else nodes.bullet_list()
        items["classes"].append("stp-activities")
        for activity in own:
            status = now[activity.key]
            paragraph = nodes.paragraph()
            paragraph += link_to(
                Link(activity.title if counting else activity.heading, activity.page), docname
            )
            paragraph += nodes.Text(" ")
            paragraph += nodes.inline(text=str(status), classes=["stp-status", f"stp-{_slug(status)}"])
            item = nodes.list_item()
            item += paragraph
            items += item
        found.append(items)
    return found


def chapter(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The activities whose pages stand in this page's folder, grouped by status."""
    folder = docname.rpartition("/")[0]
    found: list[nodes.Node] = []
    for module in progress.modules_with_activities(portfolio):
        own = progress.activities_of(portfolio, module.code)
        if any(activity.page.rpartition("/")[0] == folder for activity in own):
            for _, grouped in tables.by_status(portfolio, module.code):
                node = table(grouped, docname)
                node["classes"].append("stp-by-status")
                found.append(node)
    return found


def milestones(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """The milestones and how far they are."""
    return [table(tables.milestones(portfolio), docname)]


def evidence_register(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """All evidence held."""
    return [table(tables.evidence(portfolio), docname)]


def gaps(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Which standards the evidence speaks to, and which it does not, in a sentence."""
    return [nodes.paragraph(text=sentences.coverage_answer(portfolio), classes=["stp-answer"])]


MONTHS_AHEAD = 6


def ahead(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """What the action plans promise for the next months, in a sentence and by month."""
    due = pages.steps_ahead(portfolio, MONTHS_AHEAD)
    on = portfolio.on
    year, month = divmod(on.year * 12 + on.month - 1 + MONTHS_AHEAD, 12)
    last = dates.written_month(date(year, month + 1, 1))
    if not due:
        return [nodes.paragraph(text=f"No step of an action plan falls due up to {last}.")]
    count = len({activity.key for activity, _ in due})
    fall = "falls" if len(due) == 1 else "fall"
    text = f"{phrases.plural(len(due), 'step')} on {phrases.plural(count, 'page')} {fall} due up to {last}."
    rows = tuple(
        (
            dates.written_month(date(*step.month, 1)),
            Link(activity.heading, activity.page),
            step.action,
            _first_upper(step.measure),
        )
        for activity, step in due
        if step.month
    )
    columns = ("Month", "Activity", "Step", "Done when")
    return [
        nodes.paragraph(text=text, classes=["stp-answer"]),
        table(Table("Steps that fall due, by month", columns, rows), docname),
    ]


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def by_standard(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """Every standard, with links to the activities whose evidence speaks to it."""
    return [table(tables.by_standard(portfolio), docname)]


def news(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """What happened, the latest first."""
    return [table(tables.news(portfolio), docname)]


def versions(portfolio: Portfolio, docname: str) -> list[nodes.Node]:
    """What the book was made with."""
    names = ("jupyter-book", "Sphinx", "myst-nb", "sphinx-book-theme", "pandas", "matplotlib")
    rows = (("Python", platform.python_version()), *((name, version(name)) for name in names))
    return [table(Table("Made with", ("Software", "Version"), rows), docname)]


PANELS: dict[str, Panel] = {
    "summary": summary,
    "strip": strip,
    "programme": programme,
    "activities": activity_list,
    "chapter": chapter,
    "milestones": milestones,
    "evidence": evidence_register,
    "gaps": gaps,
    "ahead": ahead,
    "by standard": by_standard,
    "news": news,
    "versions": versions,
}


def facts(portfolio: Portfolio, activity: Activity, docname: str) -> list[nodes.Node]:
    """What an activity's page owes its reader before the prose: status, months and evidence."""
    events = progress.history(portfolio, activity.key, portfolio.on)
    status = progress.status_after(events)
    held = progress.evidence_for(portfolio, activity.key, portfolio.on)
    spoken = {key for piece in held for key in piece.standards}
    standards = [str(standard.key) for standard in portfolio.standards if standard.key in spoken]
    rows: list[tuple[str, str]] = [
        ("Activity", f"{activity.key.module}, number {activity.key.number}"),
        ("Status", _status_line(portfolio, activity, events)),
        ("Worked on", _months(events)),
        ("Evidence held", "; ".join(f"{piece.id} {piece.title}" for piece in held) or "None yet"),
        ("Standards", ", ".join(standards) or "None yet"),
    ]
    if revised := max([event.date for event in events] + [piece.date for piece in held], default=None):
        rows.append(("Last revised", dates.written_month(revised)))
    if activity.learning_outcomes:
        rows.append(("Learning outcomes", activity.learning_outcomes))
    panel = Table("", ("Fact", "Value"), tuple(rows))
    node = table(panel, docname)
    node["classes"] = ["stp-facts", f"stp-{_slug(status)}"]
    group = cast(nodes.tgroup, node[0])
    group.remove(group[group.first_child_matching_class(nodes.thead)])  # each row names itself
    if activity.url:
        body = group[-1]
        row = nodes.row()
        for content in (
            nodes.Text("Curriculum"),
            nodes.reference("", "Curriculum library", refuri=activity.url),
        ):
            paragraph = nodes.paragraph()
            paragraph += content
            row += nodes.entry("", paragraph)
        body += row
    return [node]


def _status_line(portfolio: Portfolio, activity: Activity, events: Sequence[Event]) -> str:
    status = progress.status_after(events)
    if not events:
        return str(status)
    if status is progress.Status.IN_PROGRESS:
        return f"{status} since {dates.written(events[-1].date)}"
    text = f"{status} on {dates.written(events[-1].date)}"
    if status is progress.Status.SUBMITTED:
        days = (portfolio.on - events[-1].date).days
        text += f"; with the assessor for {phrases.plural(days, 'day')} by {dates.written(portfolio.on)}"
    if note := events[-1].note:
        text += f" ({note})"
    return text


def _months(events: Sequence[Event]) -> str:
    if not events:
        return "Not yet"
    first, last = dates.written_month(events[0].date), dates.written_month(events[-1].date)
    if events[-1].event != "signed_off":
        return f"Since {first}"
    return first if first == last else f"{first} to {last}"


def _slug(status: str) -> str:
    return status.lower().replace(" ", "-")


# -- placing ----------------------------------------------------------------------------------


def panels_for(portfolio: Portfolio, docname: str, names: Sequence[str]) -> list[nodes.Node]:
    """Everything generated on a page that asks for the panels ``names``; what it shows, in one list."""
    found: list[nodes.Node] = []
    if activity := portfolio.activity_on.get(docname):
        found += facts(portfolio, activity, docname)
    for name in names:
        found += PANELS[name](portfolio, docname)
    if line := sentences.example_line(portfolio):
        found.append(nodes.paragraph(text=line, classes=["stp-example"]))
    return found


def place(app: Sphinx, doctree: nodes.document) -> None:
    """Put the generated panels into a page that was just read, and note which ones it asked for."""
    portfolio = portfolio_of(app)
    docname = app.env.docname
    asked: list[str] = []
    for paragraph in list(doctree.findall(nodes.paragraph)):
        name = _panel_name(paragraph)
        if name is None:
            continue
        if name not in PANELS:
            logger.warning(
                "there is no panel '%s'; use one of: %s",
                name,
                ", ".join(PANELS),
                location=paragraph,
                type="stp",
            )
            continue
        asked.append(name)
        paragraph.replace_self(PANELS[name](portfolio, docname))
    asked_for(app.env)[docname] = asked
    section = next(doctree.findall(nodes.section), None)
    if section is None:
        return
    if activity := portfolio.activity_on.get(docname):
        section.insert(_after_standfirst(section), facts(portfolio, activity, docname))
    if app.config.stp_edition:
        section.insert(
            _after_title(section), nodes.paragraph(text=app.config.stp_edition, classes=["stp-edition"])
        )
    if line := sentences.example_line(portfolio):
        section.insert(_after_title(section), nodes.paragraph(text=line, classes=["stp-example"]))


def _panel_name(paragraph: nodes.paragraph) -> str | None:
    children = [
        child for child in paragraph.children if not (isinstance(child, nodes.Text) and not child.strip())
    ]
    if len(children) != 1 or not isinstance(children[0], nodes.Element):
        return None
    title = str(children[0].get("title") or children[0].get("reftitle") or "")
    return title.removeprefix(PREFIX).strip() if title.startswith(PREFIX) else None


def _after_title(section: nodes.section) -> int:
    index = section.first_child_matching_class(nodes.title)
    return 0 if index is None else index + 1


def _after_standfirst(section: nodes.section) -> int:
    first = _after_title(section)
    for index in range(first, len(section)):
        if isinstance(section[index], nodes.paragraph):
            return index + 1
        if isinstance(section[index], nodes.section):
            break
    return first


# -- the records of a build -------------------------------------------------------------------


def portfolio_of(app: Sphinx) -> Portfolio:
    """The records that this build shows."""
    return cast(Portfolio, app.stp_portfolio)


def asked_for(env: BuildEnvironment) -> dict[str, list[str]]:
    """The panels that each page asks for, as of when it was last read."""
    if not hasattr(env, "stp_panels"):
        env.stp_panels = {}  # type: ignore[attr-defined]
    return cast(dict[str, list[str]], env.stp_panels)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> None:
    """Place panels on every page read."""
    app.add_config_value("stp_edition", "", "env", types=[str])
    app.connect("doctree-read", place)

"""Read a page and hold it against the page contract: one activity, one page.

The contract: the heading of ``activities.csv``; a standfirst of two sentences; *Evidence*,
*Reflection* and *Action plan*, or *Plan* where the activity is not started; read next.

What breaks it is a problem, from the day of submission on at the latest. What is only open, because
a page is not finished or a month has passed, is a reminder: time alone makes no page wrong.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin

from stp_portfolio.core import dates, disk, phrases, progress, records
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Portfolio

STARTED_SECTIONS = ("Evidence", "Reflection", "Action plan")
PLAN_SECTIONS = ("Plan",)
PLAN_PARTS = ("Occasion", "Evidence aimed at", "First step", "Risk")
UNWRITTEN = "still to be written"  # what a draft says to its reader where the author has not written yet

PageError = disk.UnreadableError  # a page that cannot be read: which one, and what to do

MARKDOWN = MarkdownIt("commonmark").use(front_matter_plugin).use(myst_block_plugin).use(colon_fence_plugin)
_STEP = re.compile(
    r"""\*\*(?P<month>[A-Z][a-z]+\ [12]\d{3})\.?\*\*\s*(?P<action>.*?)
    (?:\s*\*Done\ when:\*\s*(?P<measure>.*?))?
    (?:\s*\*Outcome:\*\s*(?P<outcome>.*))?$""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an action plan: its month by its first day, the action, its measure and what came of it.

    ``month`` is None where the text does not begin with one; the last two are empty where missing.
    """

    text: str
    month: date | None
    action: str
    measure: str = ""
    outcome: str = ""

    def is_unanswered(self, day: date) -> bool:
        """Whether its month was over on a day, and nothing says what came of it."""
        return bool(self.month and self.month < day.replace(day=1) and not self.outcome)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's parts, texts with their Markdown marks on one line each.

    ``sections`` maps each second-level heading to the paragraphs and the list items (their first paragraph)
    below it; ``text`` is all that a reader may get to see, comments left out.
    """

    path: Path
    heading: str
    standfirst: str
    sections: dict[str, list[str]]
    steps: tuple[Step, ...]
    text: str

    @property
    def reads_next(self) -> bool:
        """Whether a paragraph says what to read next, with a link."""
        paragraphs = [text for below in self.sections.values() for text in below]
        return any(re.match(r"Read next: .*\[[^\]]+\]\([^)]+\)", text) for text in paragraphs)

    @property
    def unwritten(self) -> bool:
        """Whether the author has left a part of the draft as it came, lines for the author left out."""
        return UNWRITTEN in self.text

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of the evidence that the page names, in bold, each once."""
        return tuple(dict.fromkeys(re.findall(r"\*\*([A-Z]+\d+)\*\*", self.text)))


def read(path: Path) -> Page:
    """Read one Markdown page. Raises PageError where the file cannot be read."""
    tokens = MARKDOWN.parse(disk.read_text(path))
    heading, below = "", []
    sections: dict[str, list[str]] = {}
    first: list[str] = []
    for block in SyntaxTreeNode(tokens).children:
        content = _content(block)
        if block.tag == "h1" and not heading:
            heading, below = bare(content), first
        elif block.tag == "h2":
            below = sections.setdefault(bare(content), [])
        elif block.type == "bullet_list":
            below += [f"- {_content(item.children[0])}" for item in block.children if item.children]
        elif block.type == "paragraph":
            below.append(content)
    readable = ("inline", "fence", "colon_fence")
    text = " ".join(_folded(token.content) for token in tokens if token.type in readable)
    return Page(path, heading, first[0] if first else "", sections, tuple(_steps(sections)), text)


def _content(block: SyntaxTreeNode) -> str:
    """The text of a heading or paragraph on one line, its marks in it; empty for other blocks."""
    inline = next((child for child in block.children if child.type == "inline"), None)
    return _folded(inline.content) if inline else ""


def _folded(text: str) -> str:
    return " ".join(text.split())


def _steps(sections: dict[str, list[str]]) -> Iterator[Step]:
    """The steps of the action plan; of a plan, its first step."""
    for name, begins in (("Plan", r"\*\*First step\.\*\* (?:In )?"), ("Action plan", "- ")):
        for content in sections.get(name, ()):
            if mark := re.match(begins, content):
                text = content[mark.end() :]
                parts = _STEP.fullmatch(text)
                said = parts.groupdict("") if parts else {"action": text, "month": ""}
                yield Step(text, month=dates.month_of(said.pop("month")), **said)


def bare(text: str) -> str:
    """A line of a page as it is read: without Markdown's marks, backslashes and entities."""
    parts = MARKDOWN.parseInline(text)[0].children or ()
    return "".join(" " if part.type in ("softbreak", "hardbreak") else part.content for part in parts)


# -- the contract -----------------------------------------------------------------------------

# The sections that a page may have while it may still be a plan.
_MAY_PLAN = {Status.NOT_STARTED: (PLAN_SECTIONS,), Status.IN_PROGRESS: (STARTED_SECTIONS, PLAN_SECTIONS)}


def problems(page: Page, activity: Activity, portfolio: Portfolio) -> Iterator[str]:
    """What the page owes the contract, in words; nothing where it keeps it."""
    status = progress.status(portfolio, activity.key)
    if status not in _MAY_PLAN and tuple(page.sections) == PLAN_SECTIONS:
        what = f"it is still its plan, and the activity is {status.lower()}"
        yield f"{what}. To make it a page to fill in: portfolio new {activity.key}"
    else:
        yield from _owed(page, activity, portfolio, status)


def _owed(page: Page, activity: Activity, portfolio: Portfolio, status: Status) -> Iterator[str]:
    if page.heading != activity.heading:
        yield f"the heading is '{page.heading}', the register has '{activity.heading}'"
    if len(re.findall(r"[.?!](?:\s|$)", page.standfirst)) != 2:
        yield "the standfirst is not two sentences: what happened, and what changed"
    wanted = _MAY_PLAN.get(status, (STARTED_SECTIONS,))
    if tuple(page.sections) not in wanted:
        held = phrases.series(list(page.sections)) or "none"
        yield f"its sections are {held}; they must be {phrases.series(wanted[0])}"
    else:
        yield from _plan_problems(page, portfolio.on)
    if not page.reads_next:
        yield "there is no last paragraph 'Read next: [page](file.md), with the reason'"
    registered = _registered(activity, portfolio)
    for identifier in page.evidence:
        if identifier not in registered:
            yield f"it names {identifier}, which the register does not give to this activity"
    if status not in _MAY_PLAN:
        yield from _unfinished(page, registered)


def reminders(page: Page, activity: Activity, portfolio: Portfolio) -> Iterator[str]:
    """What is open on a page and no fault: a part not written, a plan to replace, a month that is over."""
    status = progress.status(portfolio, activity.key)
    if status is Status.IN_PROGRESS and tuple(page.sections) == PLAN_SECTIONS:
        yield f"the activity has begun and its page is still the plan: portfolio new {activity.key}"
    elif status is Status.IN_PROGRESS:
        yield from _unfinished(page, _registered(activity, portfolio))
    elif page.unwritten and status is Status.NOT_STARTED:
        yield f"its plan is {UNWRITTEN}"
    for step in page.steps:
        if step.month and step.is_unanswered(portfolio.on) and not page.unwritten:
            month = dates.written_month(step.month)
            yield f"the step of {month} is past: say what came of it, after *Outcome:*"


def _registered(activity: Activity, portfolio: Portfolio) -> list[str]:
    return [piece.id for piece in progress.evidence_for(portfolio, activity.key)]


def _unfinished(page: Page, registered: list[str]) -> Iterator[str]:
    if page.unwritten:
        yield f"a part of it is {UNWRITTEN}"
    for identifier in registered:
        if identifier not in page.evidence:
            yield f"it does not name {identifier}, which the register gives to this activity"


def _plan_problems(page: Page, on: date) -> Iterator[str]:
    if not page.steps:
        yield "there is no step: a list item of the action plan, or the plan's first step"
    for step in page.steps:
        if step.month is None:
            yield f"the step '{step.text[:40]}…' does not begin with its month: **June 2025.**"
            continue
        month = dates.written_month(step.month)
        if not step.measure:
            yield f"the step of {month} has no measure: *Done when:* …"
        if step.outcome and step.month > on:
            yield f"the step of {month} lies ahead and has an outcome already"
    plan = " ".join(page.sections.get("Plan", ()))
    for part in PLAN_PARTS if "Plan" in page.sections else ():
        if f"**{part}.**" not in plan:
            yield f"the plan has no part '**{part}.**'"


# -- the steps of all pages -------------------------------------------------------------------


class DatedStep(NamedTuple):
    """A step with its month, and where it stands: the activity, and its place on the page, counted from 1."""

    month: date
    activity: Activity
    place: int
    step: Step


def steps(portfolio: Portfolio) -> list[DatedStep]:
    """The steps with a month of all pages that are written, by month. Notebooks are left out.

    Raises PageError for a page that cannot be read.
    """
    found = []
    for activity, path in records.pages(portfolio):
        page = read(path) if path.suffix == ".md" else None
        for place, step in enumerate(page.steps if page and not page.unwritten else (), start=1):
            if step.month:
                found.append(DatedStep(step.month, activity, place, step))
    return sorted(found, key=attrgetter("month"))

"""Read a page and hold it against the page contract: one activity, one page.

The contract: the heading of ``activities.csv``; a standfirst of two sentences; *Evidence*,
*Reflection* and *Action plan*, or *Plan* where the activity is not started; read next.

What breaks it is a problem, from the day of submission on at the latest. What is only open, because
a page is not finished or a month has passed, is a reminder: time alone makes no page wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path

from stp_portfolio.core import dates, progress, records
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Portfolio

STARTED_SECTIONS = ("Evidence", "Reflection", "Action plan")
PLAN_SECTIONS = ("Plan",)
PLAN_PARTS = ("Occasion", "Evidence aimed at", "First step", "Risk")
UNWRITTEN = "still to be written"  # what a draft says to its reader where the author has not written yet

_SENTENCE_END = re.compile(r"[.?!](?:\s|$)")
_STEP = re.compile(
    r"\*\*(?P<month>[A-Z][a-z]+ \d{4})\.?\*\*\s*(?P<action>.*?)"
    r"(?:\s*\*Done when:\*\s*(?P<measure>.*?))?(?:\s*\*Outcome:\*\s*(?P<outcome>.*))?$"
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an action plan: its month as ``(year, month)``, the action, its measure and what came of it.

    ``month`` is None where the text does not begin with one; the last two are empty where missing.
    """

    text: str
    month: tuple[int, int] | None
    action: str
    measure: str
    outcome: str


def _step(text: str) -> Step:
    match = _STEP.match(text)
    if match is None:
        return Step(text, None, text, "", "")
    month = dates.month_of(match["month"])
    return Step(text, month, match["action"], match["measure"] or "", match["outcome"] or "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's parts as its source has them; ``sections`` maps each second-level heading to its text."""

    path: Path
    heading: str
    standfirst: str
    sections: dict[str, str]
    text: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the action plan; of a plan, its first step."""
        plan = re.search(
            r"\*\*First step\.\*\* (?:In )?(.+?)(?:\n\n|\Z)", self.sections.get("Plan", ""), re.DOTALL
        )
        if plan:
            return (_step(_folded(plan[1])),)
        items = re.split(r"^- ", self.sections.get("Action plan", ""), flags=re.MULTILINE)[1:]
        # An item ends with its first blank line; what follows is the page's last paragraph.
        return tuple(_step(_folded(item.split("\n\n")[0])) for item in items)

    @property
    def unwritten(self) -> bool:
        """Whether the author has left a part of the draft as it came, lines for the author left out."""
        return UNWRITTEN in _folded(re.sub(r"^%.*$", "", self.text, flags=re.MULTILINE))

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of the evidence that the page names, in bold, each once."""
        return tuple(dict.fromkeys(re.findall(r"\*\*([A-Z]+\d+)\*\*", self.text)))


def _folded(text: str) -> str:
    return " ".join(text.split())


def read(path: Path) -> Page:
    """Read one Markdown page. Raises OSError or UnicodeDecodeError where the file cannot be read."""
    text = path.read_text(encoding="utf-8-sig")
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    head, *parts = re.split(r"^## +", body, flags=re.MULTILINE)
    match = re.search(r"^# +(.+)$", head, flags=re.MULTILINE)
    after = head[match.end() :] if match else head
    paragraphs = [_folded(p) for p in after.split("\n\n") if p.strip()]
    sections = {}
    for part in parts:
        title, _, content = part.partition("\n")
        sections[title.strip()] = content
    # As it is read: without the backslashes and entities that keep Markdown from reading a title as markup.
    heading = unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", match[1].strip())) if match else ""
    return Page(path, heading, paragraphs[0] if paragraphs else "", sections, body)


def problems(page: Page, activity: Activity, portfolio: Portfolio) -> Iterator[str]:
    """What the page owes the contract, in words; nothing where it keeps it."""
    if page.heading != activity.heading:
        yield f"the heading is '{page.heading}', the register has '{activity.heading}'"
    if len(_SENTENCE_END.findall(page.standfirst)) != 2:
        yield "the standfirst is not two sentences: what happened, and what changed"
    status = progress.status(portfolio, activity.key, portfolio.on)
    allowed = {Status.NOT_STARTED: (PLAN_SECTIONS,), Status.IN_PROGRESS: (STARTED_SECTIONS, PLAN_SECTIONS)}
    wanted = allowed.get(status, (STARTED_SECTIONS,))
    if tuple(page.sections) not in wanted:
        yield f"the sections are {list(page.sections)}, the contract has {list(wanted[0])}"
    else:
        yield from _step_problems(page, portfolio.on)
        for part in PLAN_PARTS if tuple(page.sections) == PLAN_SECTIONS else ():
            if f"**{part}.**" not in page.sections["Plan"]:
                yield f"the plan has no part '**{part}.**'"
    if not re.search(r"^Read next: .*\[[^\]]+\]\([^)]+\)", page.text, flags=re.MULTILINE):
        yield "there is no last paragraph 'Read next: [page](file.md), with the reason'"
    registered = [piece.id for piece in progress.evidence_for(portfolio, activity.key, portfolio.on)]
    for identifier in page.evidence:
        if identifier not in registered:
            yield f"it names {identifier}, which the register does not give to this activity"
    if status not in allowed:
        yield from _unfinished(page, registered)


def reminders(page: Page, activity: Activity, portfolio: Portfolio) -> Iterator[str]:
    """What is open on a page and no fault: an unwritten part, a plan to be replaced, a step whose month has passed."""
    status = progress.status(portfolio, activity.key, portfolio.on)
    if status is Status.IN_PROGRESS and tuple(page.sections) == PLAN_SECTIONS:
        yield f"the activity has begun and its page is still the plan: portfolio new {activity.key}"
    elif status is Status.IN_PROGRESS:
        registered = [piece.id for piece in progress.evidence_for(portfolio, activity.key, portfolio.on)]
        yield from _unfinished(page, registered)
    elif page.unwritten and status is Status.NOT_STARTED:
        yield f"its plan is {UNWRITTEN}"
    for step in page.steps if not page.unwritten else ():
        if step.month and step.month < (portfolio.on.year, portfolio.on.month) and not step.outcome:
            month = dates.written_month(date(*step.month, 1))
            yield f"the step of {month} is past: say what came of it, after *Outcome:*"


def _unfinished(page: Page, registered: list[str]) -> Iterator[str]:
    if page.unwritten:
        yield f"a part of it is {UNWRITTEN}"
    for identifier in registered:
        if identifier not in page.evidence:
            yield f"it does not name {identifier}, which the register gives to this activity"


def _step_problems(page: Page, on: date) -> Iterator[str]:
    if not page.steps:
        yield "there is no step: a list item of the action plan, or the plan's first step"
    for step in page.steps:
        if step.month is None:
            yield f"the step '{step.text[:40]}…' does not begin with its month: **June 2025.**"
            continue
        month = dates.written_month(date(*step.month, 1))
        if not step.measure:
            yield f"the step of {month} has no measure: *Done when:* …"
        if step.outcome and step.month > (on.year, on.month):
            yield f"the step of {month} lies ahead and has an outcome already"


class PageError(Refusal):
    """A page that cannot be read: which one, and what to do."""


def written(portfolio: Portfolio) -> Iterator[tuple[Activity, Page]]:
    """Every activity's page that its author has written, notebooks left out.

    Raises PageError for a page that is no UTF-8 text, and OSError where it cannot be read at all.
    """
    for activity, path in records.pages(portfolio):
        if path.suffix != ".md":
            continue
        try:
            page = read(path)
        except UnicodeDecodeError as error:
            name = path.relative_to(portfolio.root).as_posix()
            raise PageError(f"{name} cannot be read as UTF-8 text. Save it as plain text, UTF-8.") from error
        if not page.unwritten:
            yield activity, page


def steps(portfolio: Portfolio) -> Iterator[tuple[Activity, int, Step]]:
    """Every step with a month of every page that is written, with its place on the page, counted from 1.

    Raises what ``written`` raises.
    """
    for activity, page in written(portfolio):
        yield from ((activity, number, step) for number, step in enumerate(page.steps, start=1) if step.month)


def steps_ahead(portfolio: Portfolio, months: int) -> tuple[tuple[Activity, Step], ...]:
    """The steps of all pages that fall due in the ``months`` months after the day of reading, by month.

    Raises what ``steps`` raises.
    """
    now = portfolio.on.year * 12 + portfolio.on.month
    found = [
        (activity, step)
        for activity, _, step in steps(portfolio)
        if step.month and now < step.month[0] * 12 + step.month[1] <= now + months
    ]
    return tuple(sorted(found, key=lambda item: item[1].month or (0, 0)))


def steps_unanswered(portfolio: Portfolio) -> tuple[tuple[Activity, Step], ...]:
    """The steps of all pages up to the month of the day of reading that have no outcome, by month.

    Raises what ``steps`` raises.
    """
    now = (portfolio.on.year, portfolio.on.month)
    found = [(activity, step) for activity, _, step in steps(portfolio) if step.month and step.month <= now]
    return tuple(
        sorted((item for item in found if not item[1].outcome), key=lambda item: item[1].month or (0, 0))
    )


def bare(text: str) -> str:
    """A line of a page without its Markdown marks."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt().parseInline(text)[0].children or ()
    return "".join(" " if token.type in ("softbreak", "hardbreak") else token.content for token in tokens)


# -- drafts -----------------------------------------------------------------------------------

"""Read a page and hold it against the page contract: one activity, one page.

The contract: the heading of ``activities.csv``; a standfirst of two sentences; *Evidence*,
*Reflection* and *Action plan*, or *Plan* where the activity is not started; read next.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from stp_portfolio import progress, records, words
from stp_portfolio.progress import Status
from stp_portfolio.records import Activity, Portfolio

STARTED_SECTIONS = ("Evidence", "Reflection", "Action plan")
PLAN_SECTIONS = ("Plan",)
TEMPLATES = "templates"
PLAN_PARTS = ("Occasion", "Evidence aimed at", "First step", "Risk")

_PROMPT = re.compile(r"\$prompt_(\w+)")
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
    month = words.month_of(match["month"])
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
        plan = re.search(r"\*\*First step\.\*\* (?:In )?(.+?)(?:\n\n|\Z)", self.sections.get("Plan", ""), re.DOTALL)
        if plan:
            return (_step(_folded(plan[1])),)
        items = re.split(r"^- ", self.sections.get("Action plan", ""), flags=re.MULTILINE)[1:]
        # An item ends with its first blank line; what follows is the page's last paragraph.
        return tuple(_step(_folded(item.split("\n\n")[0])) for item in items)

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
    return Page(path, match[1].strip() if match else "", paragraphs[0] if paragraphs else "", sections, body)


def problems(page: Page, activity: Activity, portfolio: Portfolio) -> Iterator[str]:
    """What the page owes the contract, in words; nothing where it keeps it."""
    if page.heading != activity.heading:
        yield f"the heading is '{page.heading}', the register has '{activity.heading}'"
    if len(_SENTENCE_END.findall(page.standfirst)) != 2:
        yield "the standfirst is not two sentences: what happened, and what changed"
    started = progress.statuses(portfolio, portfolio.on)[activity.key] is not Status.NOT_STARTED
    wanted = STARTED_SECTIONS if started else PLAN_SECTIONS
    if tuple(page.sections) != wanted:
        yield f"the sections are {list(page.sections)}, the contract has {list(wanted)}"
    else:
        yield from _step_problems(page, portfolio.on)
        for part in PLAN_PARTS if not started else ():
            if f"**{part}.**" not in page.sections["Plan"]:
                yield f"the plan has no part '**{part}.**'"
    if not re.search(r"^Read next: .*\[[^\]]+\]\([^)]+\)", page.text, flags=re.MULTILINE):
        yield "there is no last paragraph 'Read next: [page](file.md), with the reason'"
    yield from _evidence_problems(page, activity, portfolio, started=started)


def _step_problems(page: Page, on: date) -> Iterator[str]:
    if not page.steps:
        yield "there is no step: a list item of the action plan, or the plan's first step"
    for step in page.steps:
        if step.month is None:
            yield f"the step '{step.text[:40]}…' does not begin with its month: **June 2025.**"
            continue
        month = words.month(date(*step.month, 1))
        if not step.measure:
            yield f"the step of {month} has no measure: *Done when:* …"
        past = step.month <= (on.year, on.month)
        if past and not step.outcome:
            yield f"the step of {month} is past and has no *Outcome:* …"
        elif step.outcome and not past:
            yield f"the step of {month} lies ahead and has an outcome already"


def _evidence_problems(page: Page, activity: Activity, portfolio: Portfolio, *, started: bool) -> Iterator[str]:
    registered = [piece.id for piece in progress.evidence_for(portfolio, activity.key, portfolio.on)]
    named = page.evidence
    for identifier in named:
        if identifier not in registered:
            yield f"it names {identifier}, which the register does not give to this activity"
    for identifier in registered if started else ():
        if identifier not in named:
            yield f"it does not name {identifier}, which the register gives to this activity"


def steps_ahead(portfolio: Portfolio, months: int) -> tuple[tuple[Activity, Step], ...]:
    """The steps of all pages that fall due in the ``months`` months after the day of reading, by month."""
    now = portfolio.on.year * 12 + portfolio.on.month
    found = [
        (activity, step)
        for activity, path in records.pages(portfolio)
        if path.suffix == ".md"
        for step in read(path).steps
        if step.month and now < step.month[0] * 12 + step.month[1] <= now + months
    ]
    return tuple(sorted(found, key=lambda item: item[1].month or (0, 0)))


def prompts(root: Path) -> dict[str, dict[str, str]]:
    """The optional prompts of each activity (``S-C1/5``), from ``templates/prompts.toml``.

    Keys are ``before``, ``in``, ``on``, ``beyond`` and sometimes ``evidence``. Raises OSError or
    tomllib.TOMLDecodeError where the file cannot be read.
    """
    path = root / TEMPLATES / "prompts.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["activity"]


def draft(portfolio: Portfolio, activity: Activity) -> str:
    """The author's first copy of a page: a plan before the activity has begun, a full page from then on.

    Its prompts stand in comments, which never reach a reader's page. Raises OSError where a
    template is missing.
    """
    begun = progress.statuses(portfolio, portfolio.on)[activity.key] is not Status.NOT_STARTED
    template = (portfolio.root / TEMPLATES / ("activity.md" if begun else "plan.md")).read_text(encoding="utf-8")
    own = prompts(portfolio.root).get(str(activity.key), {})
    held = progress.evidence_for(portfolio, activity.key, portfolio.on)
    lines = [line for line in template.splitlines() if not (match := _PROMPT.search(line)) or match[1] in own]
    return Template("\n".join(lines) + "\n").substitute(
        {f"prompt_{key}": text for key, text in own.items()},
        heading=activity.heading,
        evidence=held[0].id if held else "E01",
        index="index.md",
    )

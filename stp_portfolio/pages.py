"""Read a page and hold it against the page contract: one activity, one page.

The contract: the heading of ``activities.csv``; a standfirst of two sentences; *Evidence*,
*Reflection* and *Action plan*, or *Plan* where the activity is not started; read next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stp_portfolio import progress, words
from stp_portfolio.progress import Status
from stp_portfolio.records import Activity, Portfolio

STARTED_SECTIONS = ("Evidence", "Reflection", "Action plan")
PLAN_SECTIONS = ("Plan",)
PLAN_PARTS = ("Occasion", "Evidence aimed at", "First step", "Risk")

_SENTENCE_END = re.compile(r"[.?!](?:\s|$)")
_STEP = re.compile(r"^\*\*(?P<month>[A-Z][a-z]+ \d{4})\.\*\* (?P<rest>.+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's parts as its source has them; ``sections`` maps each second-level heading to its text."""

    path: Path
    heading: str
    standfirst: str
    sections: dict[str, str]
    text: str

    @property
    def steps(self) -> tuple[str, ...]:
        """The list items of the action plan, each on one line."""
        items = re.split(r"^- ", self.sections.get("Action plan", ""), flags=re.MULTILINE)[1:]
        # An item ends with its first blank line; what follows is the page's last paragraph.
        return tuple(" ".join(item.split("\n\n")[0].split()) for item in items)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of the evidence that the page names, in bold, each once."""
        return tuple(dict.fromkeys(re.findall(r"\*\*([A-Z]+\d+)\*\*", self.text)))


def read(path: Path) -> Page:
    """Read one Markdown page. Raises OSError or UnicodeDecodeError where the file cannot be read."""
    text = path.read_text(encoding="utf-8-sig")
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    head, *parts = re.split(r"^## +", body, flags=re.MULTILINE)
    match = re.search(r"^# +(.+)$", head, flags=re.MULTILINE)
    after = head[match.end() :] if match else head
    paragraphs = [" ".join(p.split()) for p in after.split("\n\n") if p.strip()]
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
    elif started:
        yield from _step_problems(page, portfolio.on)
    else:
        for part in PLAN_PARTS:
            if f"**{part}.**" not in page.sections["Plan"]:
                yield f"the plan has no part '**{part}.**'"
    if not re.search(r"^Read next: .*\[[^\]]+\]\([^)]+\)", page.text, flags=re.MULTILINE):
        yield "there is no last paragraph 'Read next: [page](file.md), with the reason'"
    yield from _evidence_problems(page, activity, portfolio, started=started)


def _step_problems(page: Page, on: date) -> Iterator[str]:
    if not page.steps:
        yield "the action plan has no list of steps"
    for step in page.steps:
        match = _STEP.match(step)
        month = words.month_of(match["month"]) if match else None
        if month is None:
            yield f"the step '{step[:40]}…' does not begin with its month: **June 2025.**"
            continue
        if "*Done when:*" not in step:
            yield f"the step of {match['month']} has no measure: *Done when:* …"
        past = month <= (on.year, on.month)
        if past != ("*Outcome:*" in step):
            yield f"the step of {match['month']} " + (
                "is past and has no *Outcome:* …" if past else "lies ahead and has an outcome already"
            )


def _evidence_problems(page: Page, activity: Activity, portfolio: Portfolio, *, started: bool) -> Iterator[str]:
    registered = [piece.id for piece in progress.evidence_for(portfolio, activity.key, portfolio.on)]
    named = page.evidence
    for identifier in named:
        if identifier not in registered:
            yield f"it names {identifier}, which the register does not give to this activity"
    for identifier in registered if started else ():
        if identifier not in named:
            yield f"it does not name {identifier}, which the register gives to this activity"

"""The records: immutable, as ``reading`` makes them of ``data/``."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stp_portfolio.core import repository
from stp_portfolio.core.disk import page_file
from stp_portfolio.core.phrases import phase_name

EVENTS = ("started", "submitted", "returned", "signed_off", "withdrawn")
EVENT_WORDS = {name: name.replace("_", " ") for name in EVENTS}

# What may follow what; None is the state before the first event. With its sign-off withdrawn, an activity is
# the trainee's again: it is submitted again or, where the assessor thinks better of it, signed off as it is.
LEGAL_NEXT: dict[str | None, tuple[str, ...]] = {
    None: ("started",),
    "started": ("submitted",),
    "submitted": ("returned", "signed_off"),
    "returned": ("submitted",),
    "signed_off": ("withdrawn",),
    "withdrawn": ("submitted", "signed_off"),
}


def said(event: str) -> str:
    """What happened, in words: ``signed off``, ``sign-off withdrawn``."""
    return f"sign-off {event}" if event == "withdrawn" else EVENT_WORDS[event]


class ActivityKey(NamedTuple):
    """What identifies an activity: the code of its module and its number there."""

    module: str
    number: int

    def __str__(self) -> str:
        return f"{self.module}/{self.number}"


class StandardKey(NamedTuple):
    """What identifies a standard: its scheme (such as HCPC) and its code there."""

    scheme: str
    code: str

    def __str__(self) -> str:
        return f"{self.scheme} {self.code}"


class Module(NamedTuple):
    """A module of the programme; ``code`` is empty where it is not known."""

    phase: str
    code: str
    name: str
    credits: Decimal
    signed_off: date | None

    @property
    def heading(self) -> str:
        """Its name with its code, where it has one."""
        return f"{self.name} ({self.code})" if self.code else self.name

    @property
    def phase_name(self) -> str:
        """``Phase 2``, or the word that stands for its phase."""
        return phase_name(self.phase)


class Activity(NamedTuple):
    """A training activity; ``page`` is its path from the root without ending."""

    key: ActivityKey
    title: str
    page: str
    learning_outcomes: str
    url: str

    @property
    def heading(self) -> str:
        """Number and title as the page's heading has them."""
        return f"{self.key.number}. {self.title}"

    @property
    def called(self) -> str:
        """Key and title as commands name it."""
        return f"{self.key} {self.title}"


class Event(NamedTuple):
    """Something that happened to an activity on a day."""

    date: date
    activity: ActivityKey
    event: str
    note: str


class Evidence(NamedTuple):
    """A piece of evidence, the activities it serves and the standards it speaks to."""

    id: str
    date: date
    title: str
    kind: str
    activities: tuple[ActivityKey, ...]
    standards: tuple[StandardKey, ...]
    file: str


class Need(StrEnum):
    """What a milestone may ask for beside a number of activities or a share."""

    SIGNED_OFF = "signed off"
    REVIEW = "review meeting"


@dataclass(frozen=True)
class Share:
    """A share of activities or of credits: ``60 % of credits``."""

    percent: int
    of: str

    def __str__(self) -> str:
        return f"{self.percent} % of {self.of}"


Required = int | Share | Need
Key = TypeVar("Key")
Value = TypeVar("Value")


class Milestone(NamedTuple):
    """One condition of a milestone: a date and a name that its conditions share.

    ``module`` says whose: a code, the title of a module, ``Phase 2``, or the whole programme where it is
    empty. ``required``: so many activities signed off, a share of them or of the credits, the sign-off of the
    modules, or a review meeting; None for a date alone, or for what the note alone tells. Conditions with one
    letter in ``way`` belong together: one of the lettered ways is enough, what has no letter always counts.
    """

    date: date
    name: str
    module: str
    required: Required | None
    way: str = ""
    note: str = ""


class Standard(NamedTuple):
    """A standard that evidence is mapped to, with our own short label."""

    key: StandardKey
    label: str


class Settings(NamedTuple):
    """``portfolio.toml``: whose portfolio it is and the day on which it is read.

    ``reviews`` are the days of review meetings, held and planned, in order.
    """

    title: str
    role: str
    curriculum: str
    start: date
    language: str
    as_of: date | None = None
    example: bool = False
    reviews: tuple[date, ...] = ()
    format: int = 1


@dataclass(frozen=True)
class Portfolio:
    """Everything in ``data/``. ``on`` is the day it is read: ``as_of``, or today without it.

    Events stand in the order in which they happened; rows of one day keep the order of the file.
    What is asked about every activity is looked up, else a book's time grew with the square of its size.
    """

    root: Path
    on: date
    settings: Settings
    modules: tuple[Module, ...]
    activities: tuple[Activity, ...]
    standards: tuple[Standard, ...]
    events: tuple[Event, ...]
    evidence: tuple[Evidence, ...]
    milestones: tuple[Milestone, ...]

    @cached_property
    def events_of(self) -> dict[ActivityKey, list[Event]]:
        """The events of each activity, in their order; of all days."""
        return grouped((event.activity, event) for event in self.events)

    @cached_property
    def evidence_of(self) -> dict[ActivityKey, list[Evidence]]:
        """The evidence for each activity, in the order of the register; of all days."""
        return grouped((key, piece) for piece in self.evidence for key in piece.activities)

    @cached_property
    def revised(self) -> dict[str, date]:
        """The day on which each page was last revised, as far as git knows: see ``repository``."""
        return repository.revised(self.root)

    @cached_property
    def modules_in_use(self) -> tuple[Module, ...]:
        """The modules that hold activities, in the order of ``modules.csv``."""
        codes = {activity.key.module for activity in self.activities}
        return tuple(module for module in self.modules if module.code in codes)

    @cached_property
    def activity_on(self) -> dict[str, Activity]:
        """The activity of each page that is one's."""
        return {activity.page: activity for activity in self.activities}


def grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    """The values of each key, keys and values in the order in which they come."""
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def on_day(portfolio: Portfolio, day: date) -> Portfolio:
    """The same records read on another day."""
    return replace(portfolio, on=day)


def of_module(portfolio: Portfolio, code: str | None) -> Portfolio:
    """The records with the activities, events and milestones of one module alone; as they are without a code.

    Evidence and standards belong to no module, and stay.
    """
    return portfolio if code is None else of_modules(portfolio, {code})


def of_modules(portfolio: Portfolio, codes: Container[str]) -> Portfolio:
    """The same for several modules."""
    modules = tuple(each for each in portfolio.modules if each.code in codes)
    activities = tuple(each for each in portfolio.activities if each.key.module in codes)
    events = tuple(each for each in portfolio.events if each.activity.module in codes)
    milestones = tuple(each for each in portfolio.milestones if each.module in codes)
    return replace(portfolio, modules=modules, activities=activities, events=events, milestones=milestones)


def modules_meant(modules: Iterable[Module], words: str) -> tuple[Module, ...]:
    """The modules that a code, a title or ``Phase 2`` means; all of them without a word."""
    every, said = tuple(modules), words.casefold()
    for name in ("code", "name", "heading", "phase_name") if words else ():
        if found := tuple(each for each in every if getattr(each, name).casefold() == said):
            return found
    return () if words else every


def next_evidence_id(ids: Iterable[str]) -> str:
    """The id after the highest one, in its form: ``E27`` after ``E26``; ``E01`` where there is none."""
    numbered = [match for each in ids if (match := re.fullmatch(r"(\D*)([0-9]+)", each))]
    last = max(numbered, key=lambda match: int(match[2]), default=None)
    return f"{last[1]}{int(last[2]) + 1:0{len(last[2])}}" if last else "E01"


def pages(portfolio: Portfolio) -> Iterator[tuple[Activity, Path]]:
    """Each activity with the file of its page."""
    for activity in portfolio.activities:
        if path := page_file(portfolio.root, activity.page):
            yield activity, path


def as_data(value: Any) -> Any:
    """Records, and whatever holds some, as plain data: fields by their names, keys and days as texts."""
    if isinstance(value, ActivityKey | StandardKey):
        return "/".join(map(str, value))
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): as_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, date | Share) else value

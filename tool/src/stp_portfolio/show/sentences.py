"""Numbers in words: every computed sentence of the book, so that no prose holds a typed number."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.phrases import number, plural, series
from stp_portfolio.core.progress import CreditState, Distance, Role, Status
from stp_portfolio.core.records import EVENTS, ActivityKey, Event, Module, Portfolio

WEEKS_TOO_LONG = 4  # a submission that waits longer is named in the text
MANY = 6  # a list of gaps longer than this is counted, not spelt out


class Sentence(str):
    """A computed text that a notebook shows as prose rather than as a quoted string."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return phrases.plain(self)


def _are(count: Decimal | int) -> str:
    return "is" if count == 1 else "are"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _of(portfolio: Portfolio, module: str | None, text: str) -> Sentence:
    """A text about one module, named where several have activities: so no two charts say the same."""
    several = module and len(portfolio.modules_in_use) > 1
    return Sentence(f"{module}: {text}" if several else text)


# -- events and the example -------------------------------------------------------------------


def happened(event: Event) -> str:
    """An event as its reader sees it: ``Signed off``, with its note where it has one."""
    return event.event.replace("_", " ").capitalize() + (f" ({event.note})" if event.note else "")


def course(events: Sequence[Event]) -> str:
    """What happened in turn, and the day of the last of it: ``Started, submitted 4 February 2025``."""
    if not events:
        return "No event"
    text = ", ".join(event.event.replace("_", " ") for event in events)
    return f"{text.capitalize()} {dates.written(events[-1].date)}"


def example_line(portfolio: Portfolio) -> str:
    """The one line that marks the shipped example as invented; empty once the records are one's own."""
    if not portfolio.settings.example:
        return ""
    invented = "Illustration: the progress, evidence and reflections are invented"
    return f"{invented} and show a trainee at {dates.written(portfolio.on)}."


def computed_note(portfolio: Portfolio) -> Sentence:
    """How a page's numbers came about: the data, the day and the versions that computed them."""
    versions = series([f"{name} {version(name)}" for name in ("pandas", "matplotlib")])
    return Sentence(
        "Computed when the book was built, from the files in data/ as they stood on "
        f"{dates.written(portfolio.on)}, with Python {platform.python_version()}, {versions}."
    )


# -- status and pace --------------------------------------------------------------------------


def status_summary(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """One sentence: how many activities stand where; of one module, or of all."""
    stand = progress.counts(portfolio, portfolio.on, module)
    total, done = sum(stand.values()), stand[Status.SIGNED_OFF]
    if not total:
        return Sentence("No training activities are listed yet.")
    head = f"On {dates.written(portfolio.on)}, {done} of {phrases.activities(total)} {_are(done)} signed off"
    rest = _counted({status: count for status, count in stand.items() if status is not Status.SIGNED_OFF})
    return _of(portfolio, module, f"{head}; {rest}." if rest else f"{head}.")


def _counted(stand: Mapping[Status, int]) -> str:
    return series([f"{count} {status.lower()}" for status, count in stand.items() if count])


def timeline_alt(portfolio: Portfolio, module: str) -> str:
    """What the timeline of a module shows."""
    on, stand = portfolio.on, progress.counts(portfolio, portfolio.on, module)
    longest = [each for each in progress.waiting(portfolio, on) if each.activity.key.module == module][:1]
    head = (
        f"Timeline of {phrases.activities(sum(stand.values()))} up to {dates.written(on)}: {_counted(stand)}."
    )
    waits = [
        f"Activity {each.activity.key} has waited longest, {plural(each.days, 'day')}." for each in longest
    ]
    return _of(portfolio, module, " ".join([head, *waits]))


def progress_answer(portfolio: Portfolio) -> Sentence:
    """On track or behind, and by how many: a sentence or two for each module, or for many at once."""
    return Sentence(" ".join(progress_answers(portfolio)) or "No training activities are listed yet.")


def progress_answers(portfolio: Portfolio) -> list[str]:
    """The answer for each module with activities, in their order; of many modules, one for all."""
    modules = progress.modules_with_activities(portfolio)
    if len(modules) <= MANY:
        return [_module_answer(portfolio, module) for module in modules]
    behind: Counter[str] = Counter()
    for far in progress.distances(portfolio, portfolio.on):
        owed = far.left if far.passed else far.behind
        behind[far.milestone.module] = max(owed, behind[far.milestone.module])
    counts = [progress.counts(portfolio, portfolio.on, module.code) for module in modules]
    complete = sum(sum(stand.values()) == stand[Status.SIGNED_OFF] for stand in counts)
    text = f"{len(modules)} modules with activities, {complete or 'none'} of them complete."
    if count := sum(owed > 0 for owed in behind.values()):
        ((most, owed),) = behind.most_common(1)
        text += f" {count} {_are(count)} behind a milestone, {most} by the most: {owed}."
    return [text]


def _module_answer(portfolio: Portfolio, module: Module) -> str:
    on = portfolio.on
    total = len(progress.activities_of(portfolio, module.code))
    done = progress.signed_off_by(portfolio, on, module.code)
    if done == total:
        return f"{module.code}: complete, with all {phrases.activities(total)} signed off."
    if ahead := progress.next_distance(portfolio, on, module.code):
        return f"{module.code}: {_against(ahead, total)}"
    if passed := [each for each in progress.distances(portfolio, on, module.code) if each.left]:
        return (
            f"{module.code}: behind by {passed[-1].left}, with {done} of {total} signed off and "
            f"{passed[-1].required} required by {dates.written(passed[-1].milestone.date)}, which has passed."
        )
    return f"{module.code}: {done} of {total} signed off; no milestone lies ahead."


def _against(ahead: Distance, total: int) -> str:
    milestone = f"{ahead.required} required by {dates.written(ahead.milestone.date)}"
    done = f"with {ahead.done} of {total} signed off"
    if not ahead.left:
        return f"on track, {done} and the {milestone} already reached."
    if ahead.projected is None:
        return f"just begun, {done} and {milestone}."
    head = f"behind by {ahead.behind}" if ahead.behind else "on track"
    if ahead.days == 0:
        return f"{head}, {done} and {milestone}, which is today."
    return f"{head}, {done}. The pace so far would bring {ahead.projected} of the {milestone}."


def pace_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """The pace so far and the pace still needed: of one module, or of each with a milestone ahead."""
    codes = [module] if module else [each.code for each in portfolio.modules_in_use]
    if len(codes) > MANY:
        done, so_far = (reckon(portfolio, portfolio.on) for reckon in (progress.signed_off_by, progress.pace))
        total = phrases.activities(len(portfolio.activities))
        head = f"{done} of {total} in {len(codes)} modules are signed off"
        paced = f"; {so_far:.2f} a month were signed off so far" if so_far is not None else ""
        return Sentence(f"{head}{paced}.")
    parts = " ".join(filter(None, (_pace(portfolio, code) for code in codes)))
    none = _of(portfolio, module, "No milestone lies ahead that still needs activities.")
    return Sentence(parts or none)


def _pace(portfolio: Portfolio, code: str) -> str:
    ahead = progress.next_distance(portfolio, portfolio.on, code)
    so_far = progress.pace(portfolio, portfolio.on, code)
    if ahead is None or ahead.needed is None or so_far is None:
        return ""
    return (
        f"{code}: {phrases.activities(ahead.left)} to go in {plural(ahead.days, 'day')}, which needs "
        f"{ahead.needed:.2f} a month; {so_far:.2f} a month were signed off so far."
    )


def burn_up_alt(portfolio: Portfolio, module: str) -> str:
    """What the burn-up of a module shows."""
    done = progress.signed_off_by(portfolio, portfolio.on, module)
    total = len(progress.activities_of(portfolio, module))
    far = progress.distances(portfolio, portfolio.on, module)
    goals = series([f"{each.required} by {dates.written(each.milestone.date)}" for each in far])
    text = f"{module}: {done} of {total} by {dates.written(portfolio.on)}"
    ends = f"milestones {goals}" if goals else "no milestone is set"
    return f"Cumulative line of activities signed off. {text}; {ends}."


def standing(distance: Distance) -> str:
    """Where a milestone stands, in a word or two: ``Met``, ``2 to go``, ``Missed by 3``."""
    if distance.passed:
        return f"Missed by {distance.missed}" if distance.missed else "Met"
    return f"{distance.left} to go" if distance.left else "Met"


# -- turns, waits and what to do --------------------------------------------------------------


def turns_answer(portfolio: Portfolio) -> Sentence:
    """How much waits for whom, and how long the longest of it has."""
    found = progress.turns(portfolio, portfolio.on)
    parts: list[str] = []
    for role in Role:
        own = [turn.days for turn in found if turn.role is role]
        if own:
            verb = "" if parts else "waits " if len(own) == 1 else "wait "
            longest = "the longest " if len(own) > 1 else ""
            parts.append(f"{len(own)} {verb}for {role.lower()}, {longest}{plural(own[0], 'day')}")
    return Sentence(f"{'; '.join(parts)}." if parts else "Nothing waits for anybody.")


def waiting_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """How many submissions wait with an assessor, and how long the longest has; of one module, or of all."""
    waiting = progress.waiting(portfolio, portfolio.on)
    items = [each for each in waiting if module in (None, each.activity.key.module)]
    if not items:
        return _of(portfolio, module, "No submission is waiting with an assessor.")
    late = sum(each.days > 7 * WEEKS_TOO_LONG for each in items)
    over = f" {late} {_have(late)} waited over {WEEKS_TOO_LONG} weeks." if late and len(items) > 1 else ""
    several = f"{len(items)} submissions wait with an assessor; the longest,"
    head = several if len(items) > 1 else "1 submission waits with an assessor:"
    longest = f"activity {items[0].activity.key}, for {plural(items[0].days, 'day')}."
    return _of(portfolio, module, f"{head} {longest}{over}")


def waits_alt(portfolio: Portfolio, module: str) -> str:
    """What the chart of a module's submissions shows."""
    items = [each for each in progress.waits(portfolio, portfolio.on) if each.activity.key.module == module]
    parts = [
        f"{each.activity.key}: {each.days}, {each.outcome.lower() if each.until else 'waiting'}"
        for each in items
    ]
    return f"Bar chart of days with an assessor, {plural(len(items), 'submission')}: {'; '.join(parts)}."


def changes_answer(portfolio: Portfolio, since: date) -> Sentence:
    """How many events of each kind, and how much evidence, there were from a day to the day of reading."""
    changes = progress.changes(portfolio, since, portfolio.on)
    events = Counter(event.event for change in changes for event in change.events)
    parts = [f"{events[name]} {name.replace('_', ' ')}" for name in reversed(EVENTS) if events[name]]
    added = len(progress.evidence_since(portfolio, since, portfolio.on))
    if not parts and not added:
        return Sentence("Nothing happened and no evidence was added.")
    parts.append(f"{plural(added, 'piece')} of evidence added" if added else "no evidence added")
    return Sentence(f"{series(parts)}.")


def next_actions(portfolio: Portfolio) -> list[str]:
    """What to do next, most pressing first: at least one line, for a list in a terminal or a report."""
    courses = progress.histories(portfolio, portfolio.on)
    of: dict[Status, list[ActivityKey]] = {status: [] for status in Status}
    for key, status in progress.statuses(portfolio, portfolio.on).items():
        of[status].append(key)
    found = [f"Answer the return of {key}, of {_last(courses[key][-1])}." for key in of[Status.RETURNED]]
    found += _to_chase(portfolio)
    for key in sorted(of[Status.IN_PROGRESS], key=lambda key: courses[key][-1].date)[:1]:
        since = dates.written(courses[key][-1].date)
        found.append(f"Take {key} further: in progress since {since}, longer than any other.")
    for key in of[Status.NOT_STARTED][:1]:
        title = next(activity.title for activity in portfolio.activities if activity.key == key)
        found.append(f"Seek an occasion for {key}, {title}: not started.")
    return found or ["Nothing is open: every activity is signed off or with its assessor."]


def _last(event: Event) -> str:
    return dates.written(event.date) + (f": {event.note}" if event.note else "")


def _to_chase(portfolio: Portfolio) -> Iterator[str]:
    for wait in progress.waiting(portfolio, portfolio.on):
        if wait.days > 7 * WEEKS_TOO_LONG:
            yield f"Ask the assessor about {wait.activity.key}, submitted {plural(wait.days, 'day')} ago."
    for module in _unsigned(portfolio):
        yield f"Ask the training officer to sign off {module.code}: all of its activities are."


# -- credits ----------------------------------------------------------------------------------


def _unsigned(portfolio: Portfolio) -> list[Module]:
    states = progress.credit_states(portfolio, portfolio.on)
    return [module for module, state in states if state is CreditState.AWAITING]


def unsigned_answer(portfolio: Portfolio) -> Sentence:
    """Which modules have all activities signed off and are not signed off themselves."""
    found = _unsigned(portfolio)
    if not found:
        return Sentence("No module is complete and still unsigned.")
    named = [f"{module.code} ({plural(module.credits, 'credit')})" for module in found[:MANY]]
    named += [f"{len(found) - MANY} more"] if len(found) > MANY else []
    head = f"Complete and still unsigned {_are(len(found))} {series(named)}"
    return Sentence(f"{head}: only the training officer's sign-off is missing.")


def credits_answer(portfolio: Portfolio) -> Sentence:
    """Where the credits come from and how many are earned."""
    if not portfolio.modules:
        return Sentence("No modules are listed yet.")
    states = progress.credits_by_state(portfolio, portfolio.on)
    phases = progress.credits_by_phase(portfolio)
    largest = max(phases, key=lambda phase: phases[phase])
    total, count = progress.total_credits(portfolio), len(portfolio.modules)
    earned, awaiting = states[CreditState.EARNED], states[CreditState.AWAITING]
    waits = "waits" if awaiting == 1 else "wait"
    more = f", and {number(awaiting)} more {waits} only for the module's sign-off" if awaiting else ""
    return Sentence(
        f"{plural(total, 'credit')} come from {plural(count, 'module')}; the largest share, "
        f"{number(phases[largest])}, lies in {_phase(largest)}. "
        f"{number(earned)} {_are(earned)} earned by {dates.written(portfolio.on)}{more}."
    )


def earned_answer(portfolio: Portfolio) -> Sentence:
    """How many credits are earned, and in which phases."""
    states = progress.credit_states(portfolio, portfolio.on)
    earned = [module for module, state in states if state is CreditState.EARNED]
    total = plural(progress.total_credits(portfolio), "credit")
    if not earned:
        return Sentence(f"None of the {total} is earned yet.")
    phases = series(list(dict.fromkeys(_phase(module.phase) for module in earned)))
    amount = sum((module.credits for module in earned), Decimal(0))
    return Sentence(f"Earned so far: {number(amount)} of {total}, in {phases}.")


def credits_alt(portfolio: Portfolio) -> str:
    """What the chart of the credits shows."""
    total = progress.total_credits(portfolio)
    earned = progress.credits_by_state(portfolio, portfolio.on)[CreditState.EARNED]
    phases = progress.credits_by_phase(portfolio).items()
    parts = series([f"{phrases.phase_name(phase)} {number(amount)}" for phase, amount in phases])
    return f"Bar chart of {number(total)} credits by phase: {parts}. {number(earned)} of them are earned."


def credits_key(portfolio: Portfolio) -> str:
    """What filled, pale and hatched blocks are in that chart."""
    hatched = f" Hatched: {CreditState.AWAITING[:1].lower()}{CreditState.AWAITING[1:]}."
    return f"Filled: earned. Pale: open.{hatched if _unsigned(portfolio) else ''}"


def _phase(phase: str) -> str:
    """A phase inside a sentence."""
    return f"phase {phase}" if phase.isdecimal() else f"the phase '{phase}'"


# -- evidence ---------------------------------------------------------------------------------


def coverage_answer(portfolio: Portfolio) -> Sentence:
    """Which standards the evidence speaks to, and where the gaps are."""
    held = len(progress.held(portfolio, portfolio.on))
    found = progress.coverage(portfolio, portfolio.on)
    if not found:
        return Sentence("No standards are listed yet.")
    gaps = [str(key) for key, evidence in found.items() if not evidence]
    reached = f"{len(found) - len(gaps)} of {plural(len(found), 'standard')}"
    text = f"{plural(held, 'piece')} of evidence {'speaks' if held == 1 else 'speak'} to {reached}"
    named = series(gaps) if len(gaps) <= MANY else f"the other {len(gaps)}"
    return Sentence(f"{text}; none yet to {named}." if gaps else f"{text}.")


def coverage_finding(portfolio: Portfolio) -> Sentence:
    """The standard with the most evidence, and how many have none."""
    found = progress.coverage(portfolio, portfolio.on)
    if not any(found.values()):
        return Sentence("No evidence speaks to a standard yet.")
    top = max(found, key=lambda key: len(found[key]))
    bare = sum(not pieces for pieces in found.values())
    rest = f"{plural(bare, 'standard')} {_have(bare)} none" if bare else "every standard has some"
    return Sentence(f"Most evidence speaks to {top} ({plural(len(found[top]), 'piece')}); {rest}.")


def coverage_alt(portfolio: Portfolio) -> str:
    """What the matrix of evidence and standards shows."""
    held = plural(len(progress.held(portfolio, portfolio.on)), "piece")
    found = progress.coverage(portfolio, portfolio.on)
    counted = "; ".join(f"{key}: {len(evidence)}" for key, evidence in found.items()) or "none"
    gaps = series([str(key) for key, evidence in found.items() if not evidence])
    rest = f"Without evidence: {gaps}." if gaps else "Every standard has evidence."
    matrix = f"Matrix of {held} of evidence by {plural(len(found), 'standard')}."
    return f"{matrix} Pieces a standard: {counted}. {rest}"


def uncovered_answer(portfolio: Portfolio) -> Sentence:
    """How many activities have no evidence that speaks to a standard, and how many of those have begun."""
    bare = progress.activities_without_coverage(portfolio, portfolio.on)
    if not bare:
        return Sentence("Every activity has evidence that speaks to a standard.")
    now = progress.statuses(portfolio, portfolio.on)
    begun = [str(activity.key) for activity in bare if now[activity.key] is not Status.NOT_STARTED]
    named = series(begun) if len(begun) <= 2 * MANY else str(len(begun))
    tail = (
        f"of these, {named} {_have(len(begun))} been started" if begun else "none of these has been started"
    )
    head = f"{phrases.activities(len(bare)).capitalize()} {_have(len(bare))} no evidence"
    return Sentence(f"{head} that speaks to a standard; {tail}.")

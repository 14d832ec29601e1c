"""Numbers in words: every computed sentence of the book, so that no prose holds a typed number."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.phrases import number, plural, series
from stp_portfolio.core.progress import CreditState, Distance, Role, Status
from stp_portfolio.core.records import EVENTS, Event, Module, Portfolio

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
    """A text about one module, which names it where several have activities: so no two charts say the same."""
    several = module and len(portfolio.modules_in_use) > 1
    return Sentence(f"{module}: {text}" if several else text)


# -- events and the example -------------------------------------------------------------------


def happened(event: Event) -> str:
    """An event as its reader sees it: ``Signed off``, with its note where it has one."""
    return event.event.replace("_", " ").capitalize() + (f" ({event.note})" if event.note else "")


def course(events: Sequence[Event]) -> str:
    """What happened in turn, with the day of the last of it: ``Started, submitted, signed off 4 February 2025``."""
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
        f"Computed when the book was built, from the files in data/ as they stood on {dates.written(portfolio.on)}, "
        f"with Python {platform.python_version()}, {versions}."
    )


# -- status and pace --------------------------------------------------------------------------


def status_summary(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """One sentence: how many activities stand where; of one module, or of all."""
    counts = progress.counts(portfolio, portfolio.on, module)
    total, done = sum(counts.values()), counts.pop(Status.SIGNED_OFF)
    if not total:
        return Sentence("No training activities are listed yet.")
    head = f"On {dates.written(portfolio.on)}, {done} of {phrases.activities(total)} {_are(done)} signed off"
    rest = series([f"{n} {status.lower()}" for status, n in counts.items() if n])
    return _of(portfolio, module, f"{head}; {rest}." if rest else f"{head}.")


def timeline_alt(portfolio: Portfolio, module: str) -> str:
    """What the timeline of a module shows."""
    counts = progress.counts(portfolio, portfolio.on, module)
    stand = series([f"{n} {status.lower()}" for status, n in counts.items() if n]) or "none"
    count = phrases.activities(sum(counts.values()))
    text = f"Timeline of {count} up to {dates.written(portfolio.on)}: {stand}."
    longest = next(
        (w for w in progress.waiting(portfolio, portfolio.on) if w.activity.key.module == module), None
    )
    if longest:
        text += f" Activity {longest.activity.key} has waited longest, {plural(longest.days, 'day')}."
    return _of(portfolio, module, text)


def progress_answer(portfolio: Portfolio) -> Sentence:
    """On track or behind, and by how many: a sentence or two for each module with activities, or for many at once."""
    return Sentence(" ".join(progress_answers(portfolio)) or "No training activities are listed yet.")


def progress_answers(portfolio: Portfolio) -> list[str]:
    """The answer for each module with activities, in the order of the modules; of many modules, one for all."""
    modules = progress.modules_with_activities(portfolio)
    if len(modules) <= MANY:
        return [_module_answer(portfolio, module) for module in modules]
    on, complete, behind = portfolio.on, 0, {}
    for code in (module.code for module in modules):
        far = progress.distances(portfolio, on, code)
        owed = max((each.left if each.passed else each.behind for each in far), default=0)
        behind.update({code: owed} if owed else {})
        complete += progress.signed_off_by(portfolio, on, code) == len(
            progress.activities_of(portfolio, code)
        )
    text = f"{len(modules)} modules with activities, {complete or 'none'} of them complete."
    if behind:
        most = max(behind, key=lambda code: behind[code])
        text += f" {len(behind)} {_are(len(behind))} behind a milestone, {most} by the most: {behind[most]}."
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
    on = portfolio.on
    codes = [module] if module else [each.code for each in portfolio.modules_in_use]
    if len(codes) > MANY:
        so_far = progress.pace(portfolio, on)
        paced = f"; {so_far:.2f} a month were signed off so far" if so_far is not None else ""
        done, total = progress.signed_off_by(portfolio, on), len(portfolio.activities)
        return Sentence(
            f"{done} of {phrases.activities(total)} in {len(codes)} modules are signed off{paced}."
        )
    parts = []
    for code in codes:
        ahead, so_far = progress.next_distance(portfolio, on, code), progress.pace(portfolio, on, code)
        if ahead and ahead.needed is not None and so_far is not None:
            to_go = f"{phrases.activities(ahead.left)} to go in {plural(ahead.days, 'day')}"
            needs = f"needs {ahead.needed:.2f} a month; {so_far:.2f} a month were signed off so far"
            parts.append(f"{code}: {to_go}, which {needs}.")
    none = _of(portfolio, module, "No milestone lies ahead that still needs activities.")
    return Sentence(" ".join(parts)) if parts else none


def burn_up_alt(portfolio: Portfolio, module: str) -> str:
    """What the burn-up of a module shows."""
    done = progress.signed_off_by(portfolio, portfolio.on, module)
    total = len(progress.activities_of(portfolio, module))
    far = progress.distances(portfolio, portfolio.on, module)
    goals = series([f"{each.required} by {dates.written(each.milestone.date)}" for each in far])
    text = f"Cumulative line of activities signed off. {module}: {done} of {total} by {dates.written(portfolio.on)}"
    return f"{text}; milestones {goals}." if goals else f"{text}; no milestone is set."


def standing(distance: Distance) -> str:
    """Where a milestone stands, in a word or two: ``Met``, ``2 to go``, ``Missed by 3``."""
    if distance.passed:
        return f"Missed by {distance.missed}" if distance.missed else "Met"
    return f"{distance.left} to go" if distance.left else "Met"


# -- turns, waits and what to do --------------------------------------------------------------


def turns_answer(portfolio: Portfolio) -> Sentence:
    """How much waits for whom, and how long the longest of it has."""
    found = progress.turns(portfolio, portfolio.on)
    parts = []
    for role in Role:
        own = [turn.days for turn in found if turn.role is role]
        if own:
            verb = "" if parts else "waits " if len(own) == 1 else "wait "
            longest = "the longest " if len(own) > 1 else ""
            parts.append(f"{len(own)} {verb}for {role.lower()}, {longest}{plural(own[0], 'day')}")
    return Sentence(f"{'; '.join(parts)}." if parts else "Nothing waits for anybody.")


def waiting_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """How many submissions wait with an assessor, and how long the longest has; of one module, or of all."""
    items = progress.waiting(portfolio, portfolio.on)
    items = tuple(each for each in items if module in (None, each.activity.key.module))
    if not items:
        return _of(portfolio, module, "No submission is waiting with an assessor.")
    named = f"activity {items[0].activity.key}, for {plural(items[0].days, 'day')}."
    if len(items) == 1:
        return _of(portfolio, module, f"1 submission waits with an assessor: {named}")
    late = sum(each.days > 7 * WEEKS_TOO_LONG for each in items)
    over = f" {late} {_have(late)} waited over {WEEKS_TOO_LONG} weeks." if late else ""
    head = f"{len(items)} submissions wait with an assessor; the longest, "
    return _of(portfolio, module, f"{head}{named}{over}")


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
    by_status: dict[Status, list[tuple[date, str, str, str]]] = {status: [] for status in Status}
    for activity in portfolio.activities:
        events = progress.history(portfolio, activity.key, portfolio.on)
        day, note = (events[-1].date, events[-1].note) if events else (portfolio.on, "")
        by_status[progress.status_after(events)].append((day, str(activity.key), activity.title, note))
    found = [
        f"Answer the return of {key}, of {dates.written(day)}{f': {note}' if note else ''}."
        for day, key, _, note in by_status[Status.RETURNED]
    ]
    found += [
        f"Ask the assessor about {wait.activity.key}, submitted {plural(wait.days, 'day')} ago."
        for wait in progress.waiting(portfolio, portfolio.on)
        if wait.days > 7 * WEEKS_TOO_LONG
    ]
    found += [
        f"Ask the training officer to sign off {module.code}: all of its activities are."
        for module in _unsigned(portfolio)
    ]
    if working := by_status[Status.IN_PROGRESS]:
        day, key, *_ = min(working, key=lambda item: item[0])
        found.append(f"Take {key} further: in progress since {dates.written(day)}, longer than any other.")
    for _, key, title, _ in by_status[Status.NOT_STARTED][:1]:
        found.append(f"Seek an occasion for {key}, {title}: not started.")
    return found or ["Nothing is open: every activity is signed off or with its assessor."]


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

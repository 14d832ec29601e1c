"""Numbers in words: every computed sentence of the book, so that no prose holds a typed number."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.progress import CreditState, Distance, Role, Status
from stp_portfolio.core.records import EVENTS, Event, Module, Portfolio

WEEKS_TOO_LONG = 4  # a submission that waits longer is named in the text
MANY = 6  # a list of gaps longer than this is counted, not spelt out


class Sentence(str):
    """A computed text that a notebook shows as prose rather than as a quoted string."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return phrases.plain(self)


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
    return f"Illustration: the progress, evidence and reflections are invented and show a trainee at {dates.written(portfolio.on)}."


def status_summary(portfolio: Portfolio) -> Sentence:
    """One sentence: how many activities stand where."""
    counts = progress.counts(portfolio, portfolio.on)
    total = sum(counts.values())
    if not total:
        return Sentence("No training activities are listed yet.")
    rest = [f"{n} {status.lower()}" for status, n in counts.items() if n and status is not Status.SIGNED_OFF]
    verb = "is" if counts[Status.SIGNED_OFF] == 1 else "are"
    head = f"On {dates.written(portfolio.on)}, {counts[Status.SIGNED_OFF]} of {phrases.activities(total)} {verb} signed off"
    return Sentence(f"{head}; {phrases.series(rest)}." if rest else f"{head}.")


def progress_answer(portfolio: Portfolio) -> Sentence:
    """On track or behind, and by how many: a sentence or two for each module with activities, or for many at once."""
    return Sentence(" ".join(progress_answers(portfolio)) or "No training activities are listed yet.")


def progress_answers(portfolio: Portfolio) -> list[str]:
    """The answer for each module with activities, in the order of the modules; of many modules, one for all."""
    modules = progress.modules_with_activities(portfolio)
    if len(modules) <= MANY:
        return [_module_answer(portfolio, module) for module in modules]
    complete, behind = 0, []
    for module in modules:
        owed = [
            (d.left if d.passed else d.behind)
            for d in progress.distances(portfolio, portfolio.on, module.code)
        ]
        counts = progress.counts(portfolio, portfolio.on, module.code)
        complete += counts[Status.SIGNED_OFF] == sum(counts.values())
        if any(owed):
            behind.append((max(owed), module.code))
    text = f"{len(modules)} modules with activities, {complete or 'none'} of them complete."
    if behind:
        most, code = max(behind, key=lambda item: item[0])
        text += f" {len(behind)} {'is' if len(behind) == 1 else 'are'} behind a milestone, {code} by the most: {most}."
    return [text]


def _module_answer(portfolio: Portfolio, module: Module) -> str:
    on = portfolio.on
    total = len(progress.activities_of(portfolio, module.code))
    done = progress.signed_off_by(portfolio, on, module.code)
    if done == total:
        return f"{module.code}: complete, with all {phrases.activities(total)} signed off."
    passed = [d for d in progress.distances(portfolio, on, module.code) if d.passed and d.left]
    ahead = progress.next_distance(portfolio, on, module.code)
    if ahead is None:
        if passed:
            last = passed[-1]
            return (
                f"{module.code}: behind by {last.left}, with {done} of {total} signed off and "
                f"{last.required} required by {dates.written(last.milestone.date)}, which has passed."
            )
        return f"{module.code}: {done} of {total} signed off; no milestone lies ahead."
    return f"{module.code}: {_against(ahead, total)}"


def _against(ahead: Distance, total: int) -> str:
    milestone = f"{ahead.required} required by {dates.written(ahead.milestone.date)}"
    if not ahead.left:
        return f"on track, with {ahead.done} of {total} signed off and the {milestone} already reached."
    if ahead.projected is None:
        return f"just begun, with {ahead.done} of {total} signed off and {milestone}."
    head = "on track" if not ahead.behind else f"behind by {ahead.behind}"
    if ahead.days == 0:
        return f"{head}, with {ahead.done} of {total} signed off and {milestone}, which is today."
    return f"{head}, with {ahead.done} of {total} signed off. The pace so far would bring {ahead.projected} of the {milestone}."


def pace_answer(portfolio: Portfolio) -> Sentence:
    """The pace so far and the pace still needed, for each module with a milestone ahead."""
    parts = []
    modules = progress.modules_with_activities(portfolio)
    if len(modules) > MANY:
        so_far = progress.pace(portfolio, portfolio.on)
        paced = f"; {so_far:.2f} a month were signed off so far" if so_far is not None else ""
        done, total = progress.signed_off_by(portfolio, portfolio.on), len(portfolio.activities)
        return Sentence(
            f"{done} of {phrases.activities(total)} in {len(modules)} modules are signed off{paced}."
        )
    for module in modules:
        ahead = progress.next_distance(portfolio, portfolio.on, module.code)
        so_far = progress.pace(portfolio, portfolio.on, module.code)
        if ahead is None or ahead.needed is None or so_far is None:
            continue
        parts.append(
            f"{module.code}: {phrases.activities(ahead.left)} to go in {phrases.plural(ahead.days, 'day')}, which needs "
            f"{ahead.needed:.2f} a month; {so_far:.2f} a month were signed off so far."
        )
    return Sentence(" ".join(parts) or "No milestone lies ahead that still needs activities.")


def standing(distance: Distance) -> str:
    """Where a milestone stands, in a word or two: ``Met``, ``2 to go``, ``Missed by 3``."""
    if distance.passed:
        return f"Missed by {distance.missed}" if distance.missed else "Met"
    return f"{distance.left} to go" if distance.left else "Met"


def turns_answer(portfolio: Portfolio) -> Sentence:
    """How much waits for whom, and how long the longest of it has."""
    found = progress.turns(portfolio, portfolio.on)
    if not found:
        return Sentence("Nothing waits for anybody.")
    parts = []
    for role in Role:
        own = [turn.days for turn in found if turn.role is role]
        if own:
            verb = "" if parts else "waits " if len(own) == 1 else "wait "
            longest = "the longest " if len(own) > 1 else ""
            parts.append(f"{len(own)} {verb}for {role.lower()}, {longest}{phrases.plural(own[0], 'day')}")
    return Sentence(f"{'; '.join(parts)}.")


def unsigned_answer(portfolio: Portfolio) -> Sentence:
    """Which modules have all activities signed off and are not signed off themselves."""
    states = progress.credit_states(portfolio, portfolio.on)
    found = [module for module, state in states if state is CreditState.AWAITING]
    if not found:
        return Sentence("No module is complete and still unsigned.")
    named = [f"{module.code} ({phrases.plural(module.credits, 'credit')})" for module in found[:MANY]]
    if len(found) > MANY:
        named.append(f"{len(found) - MANY} more")
    verb = "is" if len(found) == 1 else "are"
    return Sentence(
        f"Complete and still unsigned {verb} {phrases.series(named)}: only the training officer's sign-off is missing."
    )


def changes_answer(portfolio: Portfolio, since: date) -> Sentence:
    """How many events of each kind, and how much evidence, there were from a day to the day of reading."""
    found = progress.changes(portfolio, since, portfolio.on)
    events = [event.event for change in found for event in change.events]
    parts = [f"{events.count(name)} {name.replace('_', ' ')}" for name in reversed(EVENTS) if name in events]
    added = len(progress.evidence_since(portfolio, since, portfolio.on))
    if not parts and not added:
        return Sentence("Nothing happened and no evidence was added.")
    parts.append(f"{phrases.plural(added, 'piece')} of evidence added" if added else "no evidence added")
    return Sentence(f"{phrases.series(parts)}.")


def waiting_answer(portfolio: Portfolio) -> Sentence:
    """How many submissions wait with an assessor, and how long the longest has."""
    items = progress.waiting(portfolio, portfolio.on)
    if not items:
        return Sentence("No submission is waiting with an assessor.")
    longest = items[0]
    named = f"activity {longest.activity.key}, for {phrases.plural(longest.days, 'day')}."
    if len(items) == 1:
        return Sentence(f"1 submission waits with an assessor: {named}")
    late = sum(item.days > 7 * WEEKS_TOO_LONG for item in items)
    over = f" {late} {'has' if late == 1 else 'have'} waited over {WEEKS_TOO_LONG} weeks." if late else ""
    return Sentence(f"{len(items)} submissions wait with an assessor; the longest, {named}{over}")


def credits_answer(portfolio: Portfolio) -> Sentence:
    """Where the credits come from and how many are earned."""
    total = progress.total_credits(portfolio)
    if not portfolio.modules:
        return Sentence("No modules are listed yet.")
    states = progress.credits_by_state(portfolio, portfolio.on)
    phases = progress.credits_by_phase(portfolio)
    largest = max(phases, key=lambda phase: phases[phase])
    text = (
        f"{phrases.plural(total, 'credit')} come from {phrases.plural(len(portfolio.modules), 'module')}; the largest "
        f"share, {phrases.number(phases[largest])}, lies in {phase_name(largest, inside=True)}. {phrases.number(states[CreditState.EARNED])} "
        f"{'is' if states[CreditState.EARNED] == 1 else 'are'} earned by {dates.written(portfolio.on)}"
    )
    awaiting = states[CreditState.AWAITING]
    if awaiting:
        text += f", and {phrases.number(awaiting)} more {'waits' if awaiting == 1 else 'wait'} only for the module's sign-off"
    return Sentence(text + ".")


def earned_answer(portfolio: Portfolio) -> Sentence:
    """How many credits are earned, and in which phases."""
    states = progress.credit_states(portfolio, portfolio.on)
    earned = [module for module, state in states if state is CreditState.EARNED]
    total = progress.total_credits(portfolio)
    if not earned:
        return Sentence(f"None of the {phrases.plural(total, 'credit')} is earned yet.")
    phases = list(dict.fromkeys(phase_name(module.phase, inside=True) for module in earned))
    amount = sum((module.credits for module in earned), Decimal(0))
    return Sentence(
        f"Earned so far: {phrases.number(amount)} of {phrases.plural(total, 'credit')}, in {phrases.series(phases)}."
    )


def phase_name(phase: str, *, inside: bool = False) -> str:
    """``Phase 2`` for ``2``; a phase that is a word (``Throughout``) stays as it is."""
    if phase.isdecimal():
        return f"phase {phase}" if inside else f"Phase {phase}"
    return f"the phase '{phase}'" if inside else phase


def coverage_answer(portfolio: Portfolio) -> Sentence:
    """Which standards the evidence speaks to, and where the gaps are."""
    pieces = progress.held(portfolio, portfolio.on)
    found = progress.coverage(portfolio, portfolio.on)
    if not found:
        return Sentence("No standards are listed yet.")
    gaps = [str(key) for key, evidence in found.items() if not evidence]
    speaks = "speaks" if len(pieces) == 1 else "speak"
    text = (
        f"{phrases.plural(len(pieces), 'piece')} of evidence {speaks} to {len(found) - len(gaps)} of "
        f"{phrases.plural(len(found), 'standard')}"
    )
    if not gaps:
        return Sentence(f"{text}.")
    return Sentence(
        f"{text}; none yet to {phrases.series(gaps) if len(gaps) <= MANY else f'the other {len(gaps)}'}."
    )


def coverage_finding(portfolio: Portfolio) -> Sentence:
    """The standard with the most evidence, and how many have none."""
    found = progress.coverage(portfolio, portfolio.on)
    if not any(found.values()):
        return Sentence("No evidence speaks to a standard yet.")
    top = max(found, key=lambda key: len(found[key]))
    bare = sum(not pieces for pieces in found.values())
    have = "has" if bare == 1 else "have"
    rest = f"{phrases.plural(bare, 'standard')} {have} none" if bare else "every standard has some"
    return Sentence(f"Most evidence speaks to {top} ({phrases.plural(len(found[top]), 'piece')}); {rest}.")


def uncovered_answer(portfolio: Portfolio) -> Sentence:
    """How many activities have no evidence that speaks to a standard, and how many of those have begun."""
    bare = progress.activities_without_coverage(portfolio, portfolio.on)
    if not bare:
        return Sentence("Every activity has evidence that speaks to a standard.")
    now = progress.statuses(portfolio, portfolio.on)
    begun = [str(activity.key) for activity in bare if now[activity.key] is not Status.NOT_STARTED]
    have = "has" if len(bare) == 1 else "have"
    named = phrases.series(begun) if len(begun) <= 2 * MANY else str(len(begun))
    tail = (
        f"of these, {named} {'has' if len(begun) == 1 else 'have'} been started"
        if begun
        else "none of these has been started"
    )
    return Sentence(
        f"{phrases.activities(len(bare)).capitalize()} {have} no evidence that speaks to a standard; {tail}."
    )


def next_actions(portfolio: Portfolio) -> list[str]:
    """What to do next, most pressing first: at least one line, for a list in a terminal or a report."""
    on = portfolio.on
    found = []
    now = progress.statuses(portfolio, on)
    for activity in portfolio.activities:
        if now[activity.key] is Status.RETURNED:
            event = progress.history(portfolio, activity.key, on)[-1]
            why = f": {event.note}" if event.note else ""
            found.append(f"Answer the return of {activity.key}, of {dates.written(event.date)}{why}.")
    found += [
        f"Ask the assessor about {wait.activity.key}, submitted {phrases.plural(wait.days, 'day')} ago."
        for wait in progress.waiting(portfolio, on)
        if wait.days > 7 * WEEKS_TOO_LONG
    ]
    found += [
        f"Ask the training officer to sign off {module.code}: all of its activities are."
        for module, state in progress.credit_states(portfolio, on)
        if state is CreditState.AWAITING
    ]
    working = [
        (progress.history(portfolio, activity.key, on)[-1].date, activity)
        for activity in portfolio.activities
        if now[activity.key] is Status.IN_PROGRESS
    ]
    if working:
        since, oldest = min(working, key=lambda item: item[0])
        found.append(
            f"Take {oldest.key} further: in progress since {dates.written(since)}, longer than any other."
        )
    idle = [activity for activity in portfolio.activities if now[activity.key] is Status.NOT_STARTED]
    if idle:
        found.append(f"Seek an occasion for {idle[0].key}, {idle[0].title}: not started.")
    return found or ["Nothing is open: every activity is signed off or with its assessor."]


def computed_note(portfolio: Portfolio) -> Sentence:
    """How a page's numbers came about: the data, the day and the versions that computed them."""
    with_versions = phrases.series([f"{name} {version(name)}" for name in ("pandas", "matplotlib")])
    return Sentence(
        f"Computed when the book was built, from the files in data/ as they stood on {dates.written(portfolio.on)}, "
        f"with Python {platform.python_version()}, {with_versions}."
    )

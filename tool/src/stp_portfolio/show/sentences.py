"""Numbers in words: every computed sentence of the book, so that no prose holds a typed number."""

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from stp_portfolio.core import dates, phrases, progress
from stp_portfolio.core.phrases import number, plural, series
from stp_portfolio.core.progress import CreditState, Distance, Role, Status, Wait
from stp_portfolio.core.records import EVENTS, Event, Module, Portfolio, of_module, said

WEEKS_TOO_LONG = 4  # a submission that waits longer is named in the text
MANY = 6  # a list of gaps longer than this is counted, not spelt out


class Sentence(str):
    """A computed text that a notebook shows as prose rather than as a quoted string."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return phrases.plain(self)


def _verb(count: Decimal | int, one: str, many: str) -> str:
    return one if count == 1 else many


def _of(portfolio: Portfolio, module: str | None, text: str) -> Sentence:
    """A text about one module, named where several have activities: so no two charts say the same."""
    several = module and len(portfolio.modules_in_use) > 1
    return Sentence(f"{module}: {text}" if several else text)


# -- events and the example -------------------------------------------------------------------


def event_line(event: Event) -> str:
    """An event as its reader sees it: ``Signed off``, with its note where it has one."""
    return said(event.event).capitalize() + (f" ({event.note})" if event.note else "")


def course(events: Sequence[Event]) -> str:
    """What happened in turn, and the day of the last of it: ``Started, submitted 4 February 2025``."""
    text = ", ".join(said(event.event) for event in events).capitalize()
    why = f" ({events[-1].note})" if events and events[-1].event == "withdrawn" else ""
    return f"{text} {dates.written(events[-1].date)}{why}" if events else "No event"


def example_line(portfolio: Portfolio) -> str:
    """The one line that marks the shipped example as invented; empty once the records are one's own."""
    invented = "Illustration: the progress, evidence and reflections are invented and show a trainee"
    return f"{invented} at {dates.written(portfolio.on)}." if portfolio.settings.example else ""


def computed_note(portfolio: Portfolio) -> Sentence:
    """How a page's numbers came about: the data, the day and the versions that computed them."""
    versions = series([f"{name} {version(name)}" for name in ("pandas", "matplotlib")])
    data = f"from the files in data/ as they stood on {dates.written(portfolio.on)}"
    python = f"with Python {platform.python_version()}"
    return Sentence(f"Computed when the book was built, {data}, {python}, {versions}.")


# -- status and pace --------------------------------------------------------------------------


def status_summary(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """One sentence: how many activities stand where; of one module, or of all."""
    stand = progress.counts(of_module(portfolio, module))
    total, done = sum(stand.values()), stand.pop(Status.SIGNED_OFF)
    if not total:
        return Sentence("No training activities are listed yet.")
    of_all = f"{done} of {phrases.activities(total)} {_verb(done, 'is', 'are')} signed off"
    parts = filter(None, (of_all, _counted(stand)))
    return _of(portfolio, module, f"On {dates.written(portfolio.on)}, {'; '.join(parts)}.")


def _counted(stand: Mapping[Status, int]) -> str:
    return series([f"{count} {status.lower()}" for status, count in stand.items() if count])


def timeline_alt(portfolio: Portfolio, module: str) -> str:
    """What the timeline of a module shows."""
    own = of_module(portfolio, module)
    until = f"{phrases.activities(len(own.activities))} up to {dates.written(own.on)}"
    text = f"Timeline of {until}: {_counted(progress.counts(own))}."
    for longest in progress.waiting(own)[:1]:
        days = plural(longest.days, "day")
        text += f" Activity {longest.activity.key} has waited longest, {days}."
    past = (event for _, events in progress.histories(own) for event in events if event.event == "withdrawn")
    text += "".join(f" Activity {event.activity}: {progress.since([event])}." for event in past)
    return _of(portfolio, module, text)


def progress_answer(portfolio: Portfolio) -> Sentence:
    """On track or behind, and by how many: a sentence or two for each module, or for many at once."""
    return Sentence(" ".join(progress_answers(portfolio)) or "No training activities are listed yet.")


def progress_answers(portfolio: Portfolio) -> list[str]:
    """The answer for each module with activities, in their order; of many modules, one for all."""
    modules = {each.code: of_module(portfolio, each.code) for each in portfolio.modules_in_use}
    if len(modules) <= MANY:
        return [f"{code}: {_answer(own)}" for code, own in modules.items()]
    behind: Counter[str] = Counter()  # the most that a module owes to one milestone
    for far in progress.distances(portfolio):
        behind |= Counter({far.milestone.module: far.left if far.passed else far.behind})
    complete = sum(progress.signed_off(own) == len(own.activities) for own in modules.values())
    text = f"{len(modules)} modules with activities, {complete or 'none'} of them complete."
    for most, owed in behind.most_common(1):
        are = _verb(len(behind), "is", "are")
        text += f" {len(behind)} {are} behind a milestone, {most} by the most: {owed}."
    return [text]


def _answer(own: Portfolio) -> str:
    total, done = len(own.activities), progress.signed_off(own)
    if done == total:
        return f"complete, with all {phrases.activities(total)} signed off."
    with_done = f"with {done} of {total} signed off"
    if ahead := progress.next_distance(own):
        return _against(ahead, with_done)
    if passed := [far for far in progress.distances(own) if far.left]:
        return f"behind by {passed[-1].left}, {with_done} and {_goal(passed[-1])}, which has passed."
    return f"{done} of {total} signed off; no milestone lies ahead."


def _goal(far: Distance) -> str:
    return f"{far.required} required by {dates.written(far.milestone.date)}"


def _against(ahead: Distance, with_done: str) -> str:
    if not ahead.left:
        return f"on track, {with_done} and the {_goal(ahead)} already reached."
    if ahead.projected is None:
        return f"just begun, {with_done} and {_goal(ahead)}."
    head = f"behind by {ahead.behind}, {with_done}" if ahead.behind else f"on track, {with_done}"
    if ahead.days == 0:
        return f"{head} and {_goal(ahead)}, which is today."
    return f"{head}. The pace so far would bring {ahead.projected} of the {_goal(ahead)}."


def pace_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """The pace so far and the pace still needed: of one module, or of each with a milestone ahead."""
    return Sentence(" ".join(pace_answers(portfolio, module)))


def pace_answers(portfolio: Portfolio, module: str | None = None) -> list[str]:
    """The same with a text for each module."""
    codes = [module] if module else [each.code for each in portfolio.modules_in_use]
    if len(codes) > MANY:
        done, total = progress.signed_off(portfolio), phrases.activities(len(portfolio.activities))
        head = f"{done} of {total} in {len(codes)} modules are signed off"
        return [f"{head}{_pace_so_far(portfolio)}."]
    parts = []
    for own in (of_module(portfolio, code) for code in codes):
        if (far := progress.next_distance(own)) and far.needed:
            to_go = f"{phrases.activities(far.left)} to go in {plural(far.days, 'day')}"
            needs = f"which needs {far.needed:.2f} a month{_pace_so_far(own)}"
            parts.append(f"{far.milestone.module}: {to_go}, {needs}.")
    return parts or [_of(portfolio, module, "No milestone lies ahead that still needs activities.")]


def _pace_so_far(own: Portfolio) -> str:
    pace = progress.pace(own)
    return "" if pace is None else f"; {pace:.2f} a month were signed off so far"


def burn_up_alt(portfolio: Portfolio, module: str) -> str:
    """What the burn-up of a module shows."""
    own = of_module(portfolio, module)
    far = progress.distances(own)
    goals = series([f"{each.required} by {dates.written(each.milestone.date)}" for each in far])
    done = f"{progress.signed_off(own)} of {len(own.activities)} by {dates.written(own.on)}"
    ends = f"milestones {goals}" if goals else "no milestone is set"
    return f"Cumulative line of activities signed off. {module}: {done}; {ends}."


def standing(distance: Distance) -> str:
    """Where a milestone stands, in a word or two: ``Met``, ``2 to go``, ``Missed by 3``."""
    if distance.passed:
        return f"Missed by {distance.missed}" if distance.missed else "Met"
    return f"{distance.left} to go" if distance.left else "Met"


# -- turns, waits and what to do --------------------------------------------------------------


def turns_answer(portfolio: Portfolio) -> Sentence:
    """How much waits for whom, and how long the longest of it has."""
    parts: list[str] = []
    for role in Role:
        days = [turn.days for turn in progress.turns(portfolio) if turn.role is role]
        if days:
            verb = "" if parts else _verb(len(days), "waits ", "wait ")
            longest = _verb(len(days), "", "the longest ")
            parts.append(f"{len(days)} {verb}for {role.lower()}, {longest}{plural(days[0], 'day')}")
    return Sentence(f"{'; '.join(parts)}." if parts else "Nothing waits for anybody.")


def _late(waiting: Sequence[Wait]) -> list[Wait]:
    return [wait for wait in waiting if wait.days > 7 * WEEKS_TOO_LONG]


def waiting_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """How many submissions wait with an assessor, and how long the longest has; of one module, or of all."""
    waiting = progress.waiting(of_module(portfolio, module))
    if not waiting:
        return _of(portfolio, module, "No submission is waiting with an assessor.")
    late, several = len(_late(waiting)), f"{len(waiting)} submissions wait with an assessor; the longest,"
    text = several if len(waiting) > 1 else "1 submission waits with an assessor:"
    text += f" activity {waiting[0].activity.key}, for {plural(waiting[0].days, 'day')}."
    if late and len(waiting) > 1:
        text += f" {late} {_verb(late, 'has', 'have')} waited over {WEEKS_TOO_LONG} weeks."
    return _of(portfolio, module, text)


def waits_alt(portfolio: Portfolio, module: str) -> str:
    """What the chart of a module's submissions shows."""
    parts = [
        f"{wait.activity.key}: {wait.days}, {wait.outcome.lower() if wait.until else 'waiting'}"
        for wait in progress.waits(of_module(portfolio, module))
    ]
    return f"Bar chart of days with an assessor, {plural(len(parts), 'submission')}: {'; '.join(parts)}."


def changes_answer(portfolio: Portfolio, since: date) -> Sentence:
    """How many events of each kind, and how much evidence, there were from a day to the day of reading."""
    events = Counter(event.event for event in portfolio.events if since <= event.date <= portfolio.on)
    parts = [f"{events[name]} {said(name)}" for name in reversed(EVENTS) if events[name]]
    added = sum(piece.date >= since for piece in progress.held(portfolio))
    if not parts and not added:
        return Sentence("Nothing happened and no evidence was added.")
    parts.append(f"{plural(added, 'piece')} of evidence added" if added else "no evidence added")
    return Sentence(f"{series(parts)}.")


def next_actions(portfolio: Portfolio) -> list[str]:
    """What to do next, most pressing first: at least one line, for a list in a terminal or a report."""
    return [*_actions(portfolio)] or ["Nothing is open: every activity is signed off or with its assessor."]


def _actions(portfolio: Portfolio) -> Iterator[str]:
    courses = progress.histories(portfolio)
    last = {activity.key: events[-1] for activity, events in courses if events}
    now = progress.statuses(portfolio)
    for key in (key for key in now if now[key] is Status.RETURNED):
        why = ": ".join(filter(None, (dates.written(last[key].date), last[key].note)))
        what = {"withdrawn": "withdrawn sign-off"}.get(last[key].event, "return")
        yield f"Answer the {what} of {key}, of {why}."
    for wait in _late(progress.waiting(portfolio)):
        yield f"Ask the assessor about {wait.activity.key}, submitted {plural(wait.days, 'day')} ago."
    for module in _in_state(portfolio, CreditState.AWAITING):
        yield f"Ask the training officer to sign off {module.code}: all of its activities are."
    begun = [key for key in now if now[key] is Status.IN_PROGRESS]
    for key in sorted(begun, key=lambda key: last[key].date)[:1]:
        since = dates.written(last[key].date)
        yield f"Take {key} further: in progress since {since}, longer than any other."
    for activity in [each for each in portfolio.activities if each.key not in last][:1]:
        yield f"Seek an occasion for {activity.key}, {activity.title}: not started."


# -- credits ----------------------------------------------------------------------------------


def _in_state(portfolio: Portfolio, state: CreditState) -> list[Module]:
    return [module for module, now in progress.credit_states(portfolio) if now is state]


def unsigned_answer(portfolio: Portfolio) -> Sentence:
    """Which modules have all activities signed off and are not signed off themselves."""
    found = _in_state(portfolio, CreditState.AWAITING)
    if not found:
        return Sentence("No module is complete and still unsigned.")
    named = [f"{module.code} ({plural(module.credits, 'credit')})" for module in found[:MANY]]
    named += [f"{len(found) - MANY} more"] if len(found) > MANY else []
    head = f"Complete and still unsigned {_verb(len(found), 'is', 'are')} {series(named)}"
    return Sentence(f"{head}: only the training officer's sign-off is missing.")


def credits_answer(portfolio: Portfolio) -> Sentence:
    """Where the credits come from and how many are earned."""
    if not portfolio.modules:
        return Sentence("No modules are listed yet.")
    states = progress.credits_by_state(portfolio)
    earned, awaiting = states[CreditState.EARNED], states[CreditState.AWAITING]
    phase, share = max(progress.credits_by_phase(portfolio).items(), key=lambda item: item[1])
    text = f"{_total(portfolio)} come from {plural(len(portfolio.modules), 'module')}; the largest share, "
    text += f"{number(share)}, lies in {_phase(phase)}. {number(earned)} {_verb(earned, 'is', 'are')} earned "
    text += f"by {dates.written(portfolio.on)}"
    if awaiting:
        waits = _verb(awaiting, "waits", "wait")
        text += f", and {number(awaiting)} more {waits} only for the module's sign-off"
    return Sentence(f"{text}.")


def _total(portfolio: Portfolio) -> str:
    return plural(progress.total_credits(portfolio), "credit")


def earned_answer(portfolio: Portfolio) -> Sentence:
    """How many credits are earned, and in which phases."""
    earned = _in_state(portfolio, CreditState.EARNED)
    if not earned:
        return Sentence(f"None of the {_total(portfolio)} is earned yet.")
    phases = series(list(dict.fromkeys(_phase(module.phase) for module in earned)))
    return Sentence(f"Earned so far: {_earned(portfolio)} of {_total(portfolio)}, in {phases}.")


def _earned(portfolio: Portfolio) -> str:
    return number(progress.credits_by_state(portfolio)[CreditState.EARNED])


def credits_alt(portfolio: Portfolio) -> str:
    """What the chart of the credits shows."""
    phases = progress.credits_by_phase(portfolio).items()
    parts = series([f"{phrases.phase_name(phase)} {number(amount)}" for phase, amount in phases])
    total = number(progress.total_credits(portfolio))
    return f"Bar chart of {total} credits by phase: {parts}. {_earned(portfolio)} of them are earned."


def credits_key(portfolio: Portfolio) -> str:
    """What filled, pale and hatched blocks are in that chart."""
    hatched = f" Hatched: {CreditState.AWAITING[:1].lower()}{CreditState.AWAITING[1:]}."
    return f"Filled: earned. Pale: open.{hatched if _in_state(portfolio, CreditState.AWAITING) else ''}"


def _phase(phase: str) -> str:
    """A phase inside a sentence."""
    return f"phase {phase}" if phase.isdecimal() else f"the phase '{phase}'"


# -- evidence ---------------------------------------------------------------------------------


def _coverage(portfolio: Portfolio) -> tuple[dict[str, int], list[str]]:
    """How many pieces of evidence speak to each standard, and the standards to which none does."""
    counts = {str(key): len(each) for key, each in progress.coverage(portfolio).items()}
    return counts, [standard for standard, count in counts.items() if not count]


def _held(portfolio: Portfolio) -> str:
    return f"{plural(len(progress.held(portfolio)), 'piece')} of evidence"


def coverage_answer(portfolio: Portfolio) -> Sentence:
    """Which standards the evidence speaks to, and where the gaps are."""
    counts, gaps = _coverage(portfolio)
    if not counts:
        return Sentence("No standards are listed yet.")
    speak = _verb(len(progress.held(portfolio)), "speaks", "speak")
    text = f"{_held(portfolio)} {speak} to {len(counts) - len(gaps)} of {plural(len(counts), 'standard')}"
    named = series(gaps) if len(gaps) <= MANY else f"the other {len(gaps)}"
    return Sentence(f"{text}; none yet to {named}." if gaps else f"{text}.")


def coverage_finding(portfolio: Portfolio) -> Sentence:
    """The standard with the most evidence, and how many have none."""
    counts, gaps = _coverage(portfolio)
    if len(gaps) == len(counts):
        return Sentence("No evidence speaks to a standard yet.")
    top, most = max(counts.items(), key=lambda item: item[1])
    bare = f"{plural(len(gaps), 'standard')} {_verb(len(gaps), 'has', 'have')} none"
    rest = bare if gaps else "every standard has some"
    return Sentence(f"Most evidence speaks to {top} ({plural(most, 'piece')}); {rest}.")


def coverage_alt(portfolio: Portfolio) -> str:
    """What the matrix of evidence and standards shows."""
    counts, gaps = _coverage(portfolio)
    counted = "; ".join(f"{standard}: {count}" for standard, count in counts.items()) or "none"
    rest = f"Without evidence: {series(gaps)}." if gaps else "Every standard has evidence."
    matrix = f"Matrix of {_held(portfolio)} by {plural(len(counts), 'standard')}."
    return f"{matrix} Pieces a standard: {counted}. {rest}"


def uncovered_answer(portfolio: Portfolio) -> Sentence:
    """How many activities have no evidence that speaks to a standard, and how many of those have begun."""
    bare = progress.activities_without_coverage(portfolio)
    if not bare:
        return Sentence("Every activity has evidence that speaks to a standard.")
    begun = [str(each.key) for each in bare if progress.history(portfolio, each.key)]
    named = series(begun) if len(begun) <= 2 * MANY else str(len(begun))
    started = f"of these, {named} {_verb(len(begun), 'has', 'have')} been started"
    tail = started if begun else "none of these has been started"
    head = f"{phrases.activities(len(bare)).capitalize()} {_verb(len(bare), 'has', 'have')} no evidence"
    return Sentence(f"{head} that speaks to a standard; {tail}.")

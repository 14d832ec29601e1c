"""Numbers in words: every computed sentence of the book, so that no prose holds a typed number."""

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version

from stp_portfolio.core import dates, phrases, progress, records
from stp_portfolio.core.phrases import number, plural, series
from stp_portfolio.core.progress import CreditState, Distance, Role, Status, Wait
from stp_portfolio.core.records import EVENTS, Event, Milestone, Need, Portfolio, grouped, of_module, said

WEEKS_TOO_LONG = 4  # a submission that waits longer is named in the text
RATE_FROM = 14  # days in which a rate is said: within fewer, a number and a day say it all
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


# -- status --------------------------------------------------------------------------------


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


# -- progress and milestones ------------------------------------------------------------------


def progress_answer(portfolio: Portfolio) -> Sentence:
    """How far each module is and what its next milestone needs; of many modules, one answer for all."""
    return Sentence(" ".join(next_answers(portfolio)) or "No training activities are listed yet.")


def next_answers(portfolio: Portfolio) -> list[str]:
    """The same with a text for each module."""
    if len(modules := portfolio.modules_in_use) > MANY:
        return [_many(portfolio)]
    return [_answer(portfolio, each, brief=True) for each in modules]


def progress_answers(portfolio: Portfolio, *codes: str) -> list[str]:
    """All that each module, or those named, needs for its milestones; of all, what else the next one asks."""
    modules = [each for each in portfolio.modules_in_use if not codes or each.code in codes]
    answers = [_answer(portfolio, each) for each in modules] if len(modules) <= MANY else [_many(portfolio)]
    return answers if codes else [*answers, *filter(None, [milestone_answer(portfolio)])]


def pace_answer(portfolio: Portfolio, module: str | None = None) -> Sentence:
    """All that one module, or each, needs for its milestones."""
    return Sentence(" ".join(progress_answers(portfolio, *filter(None, [module]))))


def _many(portfolio: Portfolio) -> str:
    """The answer for many modules: what is complete, what must be submitted first, and what was missed."""
    stand, far = progress.counts(portfolio), progress.distances(portfolio)
    modules, total = len(portfolio.modules_in_use), phrases.activities(len(portfolio.activities))
    text = f"{stand[Status.SIGNED_OFF]} of {total} in {modules} modules are signed off"
    text += f" and {stand[Status.SUBMITTED] or 'none'} in review."
    if owed := [each for each in far if not each.passed and each.to_submit]:
        first = min(owed, key=lambda each: each.submit_by)
        text += f" More must be submitted for {_listed([each.milestone.module for each in owed])}, "
        text += f"first for {asked(first.milestone)}: {first.state}."
    if missed := [each.milestone.module for each in far if each.passed and each.left]:
        text += f" A date has passed with activities still missing for {_listed(missed)}."
    return text


def _listed(modules: Sequence[str]) -> str:
    """Modules, each once; of very many only the first."""
    named = list(dict.fromkeys(each or "the whole programme" for each in modules))
    return series(named[:MANY] + [f"{len(named) - MANY} more"] * (len(named) > MANY))


def _answer(portfolio: Portfolio, module: records.Module, *, brief: bool = False) -> str:
    """How far a module is, what is still missing of a milestone gone by, and the milestones ahead."""
    own = of_module(portfolio, module.code)
    total, done, reviews = len(own.activities), progress.signed_off(own), len(progress.waiting(own))
    far = progress.distances(portfolio, module.code)
    reviewed = f" and {reviews} in review" if reviews else ""
    head = f"{module.code}: {done or 'none'} of {total} signed off{reviewed}."
    needed = _owed([each for each in far if not each.passed], portfolio.on, brief=brief)
    if done == total:
        signed = module.signed_off and module.signed_off <= portfolio.on
        also = ", and so is the module" if signed else "; the module itself waits for the training officer"
        head, needed = f"{module.code}: all {phrases.activities(total)} are signed off{also}.", iter(())
    return " ".join([head, *_gone(far, brief=brief), *needed])


def _gone(far: Sequence[Distance], *, brief: bool) -> Iterator[str]:
    """What was, and is, missing of the last milestone gone by; in brief, only what still is."""
    missed = [each for each in far if each.passed and (each.left or (each.missed and not brief))]
    for last in missed[-1:]:
        then, now = (f"{count:g}" if count else "none" for count in (last.missed, last.left))
        yield f"The date for the {_goal(last)} has passed, with {then} missing then and {now} now."


def _owed(ahead: Sequence[Distance], on: date, *, brief: bool) -> Iterator[str]:
    """What the milestones ahead need, up to one to submit for; in brief, only the first of them."""
    if not ahead:
        yield "No milestone ahead counts its activities."
    for place, each in enumerate(ahead):
        yield _ahead(each, on, explained=any(before.left for before in ahead[:place]))
        if each.to_submit or brief:
            return


def _goal(far: Distance) -> str:
    """``10 required by 30 September 2025 (End of year 2)``."""
    name = f"one way to {far.milestone.name}" if far.milestone.way else far.milestone.name
    return f"{far.required:g} required by {dates.written(far.milestone.date)} ({name})"


def _reckoned(far: Distance) -> str:
    """The wait for a decision that is reckoned with, as a clause."""
    if not far.usual.decided:
        return "four weeks are reckoned for review, as too few have been decided to say what is usual"
    wait = f"the usual wait is {plural(far.usual.days, 'day')}"
    return wait if far.usual.days else "decisions usually come on the day"


def _waited(far: Distance) -> str:
    """How many in review have waited longer than usual, and how long the longest of them."""
    longest, usual = plural(far.overdue[0], "day"), "usual" if far.usual.decided else "four weeks"
    if len(far.overdue) == 1:
        return f"one has waited {longest}"
    return f"{len(far.overdue)} have waited longer than {usual}, up to {longest}"


def _ahead(far: Distance, on: date, *, explained: bool) -> str:
    """What a milestone ahead still needs: nothing, reviews, or submissions by a day.

    Where it is ``explained`` already, the wait that is reckoned with is not said again.
    """
    need, reviews = int(far.left), far.in_review
    goal = f"The {_goal(far)} {_verb(int(far.required), 'is', 'are')}"
    if not need:
        return f"{goal} signed off."
    if not far.days:
        covered, partly = f"the {need} missing still", f"{need} missing, of which {reviews or 'none'}"
        return f"{goal} due today, with {covered if need <= reviews else partly} in review."
    if far.to_submit:
        waited = f" Of what is in review, {_waited(far)}." if far.overdue and not explained else ""
        return f"For the {_goal(far)}, {_to_submit(far, on, explained=explained)}.{waited}"
    these = f"{need} of the {reviews}" if need < reviews else f"the {need}"
    return f"{goal} reached if {these} in review {_verb(need, 'is', 'are')} signed off by then; {_fits(far)}."


def _fits(far: Distance) -> str:
    """What speaks for and against reviews in time."""
    told = [_waited(far)] if far.overdue else []
    told += [f"{far.unsure} may come late"] if far.unsure else []
    return "; ".join(told if far.overdue and not far.unsure else [*told, _reckoned(far)])


def _to_submit(far: Distance, on: date, *, explained: bool) -> str:
    """How many must be submitted by when, at what rate, and what the rate so far would bring."""
    by, more, back = far.submit_by, far.to_submit, min(far.returned, far.to_submit)
    came_back = f" ({'all' if back == more else back} of them came back)" if back else ""
    text = f"{more}{' more' if far.done or far.in_review else ''} must be submitted"
    if by < on:
        return f"{text} and signed off within {plural(far.days, 'day')}{came_back}; {_reckoned(far)}"
    needed, known = _rates(far, on) if more > 1 else ("", "")
    told = "" if explained else f"; {_reckoned(far)}"
    return f"{text} by {dates.written(by)}{came_back}{needed}{told}{known if back < more else ''}"


def _rates(far: Distance, on: date) -> tuple[str, str]:
    """The rate that is needed, and what going on as so far would bring; empty with too little to go by."""
    begin, more, handed = max(on, far.since), far.to_submit, int(far.done) + far.in_review
    if (days := (far.submit_by - begin).days) < RATE_FROM:
        return "", ""
    later = f" from {dates.written_month(begin)} on" if begin > on else ""
    needed = f": {phrases.rate(more, days)}{later}"
    if far.projected is None:
        return needed, ""
    rate, would = phrases.rate(handed, (on - far.since).days), far.projected - handed
    if would >= more:
        return needed, f". The rate so far, {rate}, is enough"
    return needed, f". At the rate so far, {rate}, {would or 'none'} of these {more} would be in by then"


def milestone_answer(portfolio: Portfolio) -> Sentence:
    """What the next milestone asks for besides activities of a module, and how far that is; or nothing."""
    ahead = (each for each in progress.milestones(portfolio) if each[0].date >= portfolio.on)
    group = [each for each in next(ahead, ()) if each.way or not each.module or type(each.required) is Need]
    also = conditions(portfolio, group)
    return Sentence(also and f"{group[0].name}, {dates.written(group[0].date)}, also asks for {also}.")


def _inside(far: Distance) -> str:
    """Its state inside a sentence."""
    return f"{far.state[:1].lower()}{far.state[1:]}"


def conditions(portfolio: Portfolio, group: Sequence[Milestone]) -> str:
    """What a milestone asks for, and in brackets how far each condition is; less ways that are not needed."""
    fars = [far for each in group if not (far := progress.distance(portfolio, each)).instead and asked(each)]
    ways = grouped((far.milestone.way, f"{asked(far.milestone)} ({_inside(far)})") for far in fars)
    always, either = ways.pop("", []), [series(each) for each in ways.values()]
    if len(either) > 1:
        either = [f"one of these ways: {'; or '.join(either)}"]
    return ", and ".join(filter(None, [series(always), *either]))


def asked(milestone: Milestone) -> str:
    """What a condition asks for: ``10 of S-C1``, ``a review meeting``; or what its note says."""
    required, of = milestone.required, f" of {milestone.module}" if milestone.module else ""
    if required is Need.REVIEW:
        return "a review meeting"
    if required is Need.SIGNED_OFF:
        return f"{milestone.module or 'every module'} signed off"
    return f"{required}{of or ' activities' * isinstance(required, int)}" if required else milestone.note


def burn_up_alt(portfolio: Portfolio, module: str) -> str:
    """What the burn-up of a module shows."""
    own = of_module(portfolio, module)
    far = progress.distances(portfolio, module)
    goals = [f"{each.required:g} by {dates.written(each.milestone.date)} ({_inside(each)})" for each in far]
    done = f"{progress.signed_off(own)} of {len(own.activities)} signed off"
    done += f" and {len(progress.waiting(own))} in review by {dates.written(own.on)}"
    ends = f"milestones {series(goals)}" if goals else "no milestone is set"
    lines = "Cumulative line of activities signed off, and of those in review above it"
    return f"{lines}. {module}: {done}; {ends}."


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
    parts = []
    for wait in progress.waits(of_module(portfolio, module)):
        outcome = wait.outcome.lower() if wait.until else "waiting"
        parts.append(f"{wait.activity.key}: {wait.days}, {outcome}")
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
    settled = "Nothing waits for the trainee: every activity is signed off or with its assessor."
    return [*_unplanned(portfolio), *_actions(portfolio)] or [settled]


def _unplanned(portfolio: Portfolio) -> Iterator[str]:
    for each in portfolio.milestones:
        far = progress.distance(portfolio, each)
        if each.required is Need.REVIEW and not far.meeting and 0 <= far.days <= 7 * WEEKS_TOO_LONG:
            yield f"Agree a day for the review meeting due by {dates.written(each.date)}: none is planned."


def _actions(portfolio: Portfolio) -> Iterator[str]:
    last = {activity.key: events[-1] for activity, events in progress.histories(portfolio) if events}
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


def _in_state(portfolio: Portfolio, state: CreditState) -> list[records.Module]:
    return [module for module, now in progress.credit_states(portfolio) if now is state]


def unsigned_answer(portfolio: Portfolio) -> Sentence:
    """Which modules have all activities signed off and are not signed off themselves."""
    found = _in_state(portfolio, CreditState.AWAITING)
    if not found:
        return Sentence("No module is complete and still unsigned.")
    named = _listed([f"{module.code} ({plural(module.credits, 'credit')})" for module in found])
    head = f"Complete and still unsigned {_verb(len(found), 'is', 'are')} {named}"
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


def credits_key(portfolio: Portfolio) -> list[str]:
    """What filled, open and, where there are some, hatched blocks are in that chart."""
    return ["Earned", "Open", *[str(CreditState.AWAITING)] * bool(_in_state(portfolio, CreditState.AWAITING))]


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

"""What the records take in: events, and a module's sign-off. Each function answers in sentences.

Raises Refusal, with what can be done, where a record would contradict those there are.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from stp_portfolio.core import dates, disk, phrases, progress, reading, records, writing
from stp_portfolio.core.contract import COLUMNS
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Activity, ActivityKey, Module, Portfolio
from stp_portfolio.show import pages
from stp_portfolio.show.sentences import MANY, progress_answer


def events(
    portfolio: Portfolio, activities: Sequence[Activity], name: str, when: date, note: str = ""
) -> list[str]:
    """Record what happened to activities on a day: to all of them, or to none where a step is out of order.

    The last of the sentences says what to do next.
    """
    faults = [*_unfit_day(portfolio, when)]
    for each in activities:
        faults += _out_of_order(portfolio, each.key, name, when)
    if name == "withdrawn" and not note.strip():
        faults.append('Say why the sign-off was withdrawn, in a few words and without a name: --note "…"')
    if faults:
        raise Refusal("\n".join(faults))
    columns, happened = COLUMNS["progress.csv"], (name, note)
    rows = [dict(zip(columns, map(str, (when, *each.key, *happened)), strict=True)) for each in activities]
    writing.append(portfolio.root, "progress.csv", *rows)
    now = reading.load(portfolio.root, without_pages=True)
    answer = _answer(now, {each.key.module for each in activities}, when)
    which = phrases.series([str(each.key) for each in activities])
    open_ = {each.key: state for each in activities if (state := _open_page(portfolio, each))}
    told = [f"The page of {key} {state}." for key, state in open_.items() if name == "submitted"]
    recorded = f"Recorded: {which} {records.said(name)} on {dates.written(when)}."
    return [recorded, *told, answer, _next(name, next(iter(open_), None), activities[0])]


def _answer(now: Portfolio, codes: set[str], when: date) -> str:
    """Where the modules stand now, or why that does not show it."""
    if when > now.on:
        read_on = f"{dates.written(now.on)} (as_of in data/portfolio.toml)"
        return f"The book is read on {read_on} and does not show it yet."
    return progress_answer(now if len(codes) > 1 else records.of_module(now, codes.pop()))


def _unfit_day(portfolio: Portfolio, when: date) -> Iterator[str]:
    if when > date.today():
        yield f"{dates.written(when)} is in the future. Give the day on which it happened."
    if when < (start := portfolio.settings.start):
        began = f"the programme's start, {dates.written(start)}"
        yield f"{dates.written(when)} is before {began}. Check the year."


def _out_of_order(portfolio: Portfolio, key: ActivityKey, name: str, when: date) -> Iterator[str]:
    """Why an event cannot follow what was recorded for an activity, and what can."""
    last, verb = next(reversed(portfolio.events_of.get(key, ())), None), records.EVENT_WORDS[name]
    was = "has not been started"
    if last:
        was = f"was {records.EVENT_WORDS[last.event]} on {dates.written(last.date)}"
    if name not in progress.may_follow(portfolio, key):
        yield f"{key} {was}, so it cannot be {verb}. What may follow is {progress.choices(portfolio, key)}."
    elif last and when < last.date:
        yield f"{key} {was}, so it cannot be {verb} on {dates.written(when)}. Check the day."
    elif name == "withdrawn" and records.of_module(portfolio, key.module).modules[0].signed_off:
        remedy = f"Take that back first: portfolio record {key.module} withdrawn"
        yield f"{key.module} is signed off as a module. {remedy}"


def _open_page(portfolio: Portfolio, activity: Activity) -> str:
    """What keeps a page from being submitted: it is missing, or still the plan; empty where nothing does."""
    path = disk.page_file(portfolio.root, activity.page)
    if path is None:
        return "is missing"
    plan = path.suffix == ".md" and tuple(pages.read(path).sections) == pages.PLAN_SECTIONS
    return "is still its plan" if plan else ""


def _next(name: str, open_: ActivityKey | None, first: Activity) -> str:
    """What to do after an event, with the command to type."""
    if open_ and name != "signed_off":
        return f"portfolio new {open_}, for the page to fill in"
    submit = f"portfolio record {first.key} submitted"
    return {
        "started": f"write {first.page}.md; then {submit}",
        "submitted": f"once the assessor has answered, portfolio record {first.key} signed off, or returned",
        "returned": f"answer it on {first.page}.md; then {submit}",
        "withdrawn": f"once it is put right, {submit}",
    }.get(name, "portfolio status")


def module(portfolio: Portfolio, found: Module, name: str, when: date) -> list[str]:
    """Record the day on which a module was signed off, once all of its activities are; or take that back."""
    code, earned = found.code, phrases.plural(found.credits, "credit")
    on = found.signed_off and dates.written(found.signed_off)
    if name == "signed_off":
        twice = f"{code} is signed off already, on {on}."
        faults = [twice] if on else [*_unfit_sign_off(portfolio, code, when)]
        day, done = str(when), f"signed off on {dates.written(when)}, {earned} earned"
    elif name == "withdrawn":
        faults = [] if on else [f"{code} is not signed off."]
        day, done = "", f"no longer signed off ({on} is taken out), {earned} no longer earned"
    else:
        number = next((each.key.number for each in portfolio.activities if each.key.module == code), 5)
        remedy = f"For an activity, write its number too: {code}/{number}."
        faults = [f"A module can only be signed off, or its sign-off withdrawn. {remedy}"]
    if faults:
        raise Refusal("\n".join(faults))

    def change(row: dict[str, str]) -> dict[str, str]:
        return {**row, "signed_off": day} if row["code"] == code else row

    writing.rewrite(portfolio.root, "modules.csv", change)
    return [f"Recorded: {code} {done}.", "portfolio status"]


def _unfit_sign_off(portfolio: Portfolio, code: str, when: date) -> Iterator[str]:
    yield from _unfit_day(portfolio, when)
    states, signed_off = progress.statuses(records.on_day(portfolio, when)), progress.Status.SIGNED_OFF
    missing = [str(key) for key, state in states.items() if key.module == code and state is not signed_off]
    if missing:
        more = [f"{len(missing) - MANY} more"] if len(missing) > MANY else []
        first = phrases.series([*missing[:MANY], *more])
        yield f"{code} has {phrases.activities(len(missing))} not signed off: {first}. Record those first."

"""What the records take in: events, a module's sign-off, evidence. Each function answers in sentences.

Raises Refusal, with what can be done, where a record would contradict those there are.
"""

from collections.abc import Mapping
from datetime import date

from stp_portfolio.core import dates, phrases, progress, reading, records, writing
from stp_portfolio.core.findings import Refusal, quoted
from stp_portfolio.core.records import Activity, Module, Portfolio
from stp_portfolio.show.sentences import MANY, progress_answer


def event(portfolio: Portfolio, activity: Activity, name: str, when: date, note: str = "") -> list[str]:
    """Record what happened to an activity on a day. A step out of order is refused."""
    module, number = activity.key
    row = {"date": str(when), "module": module, "number": str(number), "event": name, "note": note}
    writing.append(portfolio.root, "progress.csv", row)
    now = reading.load(portfolio.root)
    answer: str = progress_answer(now)
    if when > now.on:
        read_on = f"{dates.written(now.on)} (as_of in data/portfolio.toml)"
        answer = f"The book is read on {read_on} and does not show it yet."
    return [f"Recorded: {activity.key} {name.replace('_', ' ')} on {dates.written(when)}.", answer]


def module(portfolio: Portfolio, code: str, name: str, when: date) -> list[str]:
    """Record the day on which a module was signed off, once all of its activities are."""
    found = _module_named(portfolio, code)
    if name != "signed_off":
        remedy = f"For an activity, write its number too: {found.code}/5."
        raise Refusal(f"A module can only be signed_off. {remedy}")
    if found.signed_off:
        raise Refusal(f"{found.code} is signed off already, on {dates.written(found.signed_off)}.")
    signed_off = progress.Status.SIGNED_OFF
    states = progress.statuses(records.on_day(portfolio, when)).items()
    missing = [str(key) for key, state in states if key.module == found.code and state is not signed_off]
    if missing:
        first = phrases.series(missing[:MANY]) + (" …" if len(missing) > MANY else "")
        raise Refusal(f"{found.code} has {phrases.activities(len(missing))} not signed off: {first}.")

    def sign(row: dict[str, str]) -> dict[str, str]:
        return {**row, "signed_off": str(when)} if row["code"] == found.code else row

    writing.rewrite(portfolio.root, "modules.csv", sign)
    earned = phrases.plural(found.credits, "credit")
    return [f"Recorded: {found.code} signed off on {dates.written(when)}, {earned} earned."]


def _module_named(portfolio: Portfolio, code: str) -> Module:
    known = {module.code.casefold(): module for module in portfolio.modules if module.code}
    if code.casefold() in known:
        return known[code.casefold()]
    codes = [module.code for module in known.values()]
    forms = f"Activities are written {codes[0] if codes else 'MODULE'}/5"
    fault = f"{quoted(code)} is neither an activity nor a module"
    raise Refusal(f"{fault}. {forms}; modules: {', '.join(codes) or 'none yet'}.")


def evidence(portfolio: Portfolio, cells: Mapping[str, str]) -> list[str]:
    """Register a piece of evidence, all of its cells but the id: it is the next free one."""
    row: dict[str, str] = {}

    def numbered(now: Portfolio) -> Mapping[str, str]:
        row.update(cells, id=records.next_evidence_id(now))
        return row

    writing.append(portfolio.root, "evidence.csv", numbered)
    return [
        f"Registered {row['id']}: {row['title']}, for {phrases.series(row['activities'].split(';'))}.",
        f"Name it in bold on the page, **{row['id']}**, and say what it shows.",
    ]

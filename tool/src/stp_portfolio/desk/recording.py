"""What the records take in: events, a module's sign-off, evidence. Each function answers in sentences.

Raises Refusal, with what can be done, where a record would contradict those there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from stp_portfolio.core import dates, disk, phrases, progress, reading, records, writing
from stp_portfolio.core.contract import COLUMNS
from stp_portfolio.core.findings import Refusal, quoted
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.desk import drafts
from stp_portfolio.show import sentences


def event(portfolio: Portfolio, activity: Activity, name: str, when: date, note: str = "") -> list[str]:
    """Record what happened to an activity on a day. A step out of order is refused."""
    key = activity.key
    if name not in records.EVENTS:
        raise Refusal(f"{quoted(name)} is not an event. Use one of: {', '.join(records.EVENTS)}.")
    past = progress.history(portfolio, key, date.max)
    legal = records.LEGAL_NEXT[past[-1].event if past else None]
    if name not in legal:
        since = "it has not been started"
        if past:
            since = f"its last event is '{past[-1].event}' of {dates.written(past[-1].date)}"
        raise Refusal(
            f"{key} cannot be {name.replace('_', ' ')}: {since}. "
            f"What can follow is {' or '.join(legal) or 'nothing: a signed-off activity is done'}."
        )
    cells = (when.isoformat(), key.module, str(key.number), name, note)
    writing.append(portfolio.root, "progress.csv", dict(zip(COLUMNS["progress.csv"], cells, strict=True)))
    now = reading.load(portfolio.root)
    said = f"Recorded: {key} {name.replace('_', ' ')} on {dates.written(when)}."
    if when <= now.on:
        return [said, str(sentences.progress_answer(now))]
    day = dates.written(now.on)
    return [said, f"The book is read on {day} (as_of in data/portfolio.toml) and does not show it yet."]


def module(portfolio: Portfolio, code: str, name: str, when: date) -> list[str]:
    """Record the day on which a module was signed off, once all of its activities are."""
    found = next((m for m in portfolio.modules if m.code and m.code.casefold() == code.casefold()), None)
    if found is None:
        codes = [m.code for m in portfolio.modules if m.code]
        form = f"{codes[0]}/5" if codes else "MODULE/NUMBER"
        raise Refusal(
            f"{quoted(code)} is neither an activity nor a module. "
            f"Activities are written {form}; modules: {', '.join(codes) or 'none yet'}."
        )
    if name != "signed_off":
        raise Refusal(
            f"A module can only be signed_off. For an activity, write its number too: {found.code}/5."
        )
    if found.signed_off:
        raise Refusal(f"{found.code} is signed off already, on {dates.written(found.signed_off)}.")
    states = progress.statuses(portfolio, when).items()
    missing = [
        str(key) for key, state in states if key.module == found.code and state is not Status.SIGNED_OFF
    ]
    if missing:
        first = phrases.series(missing[: sentences.MANY]) + (" …" if len(missing) > sentences.MANY else "")
        raise Refusal(f"{found.code} has {phrases.activities(len(missing))} not signed off: {first}.")

    def sign(row: dict[str, str]) -> dict[str, str]:
        return {**row, "signed_off": when.isoformat()} if row["code"] == found.code else row

    writing.rewrite(portfolio.root, "modules.csv", sign)
    earned = phrases.plural(found.credits, "credit")
    return [f"Recorded: {found.code} signed off on {dates.written(when)}, {earned} earned."]


def evidence(
    portfolio: Portfolio,
    title: str,
    kind: str,
    keys: Sequence[str],
    standards: Sequence[str],
    when: date,
    file: str,
) -> list[str]:
    """Register a piece of evidence under the next free id."""
    identifier = records.next_evidence_id(portfolio)
    cells = (identifier, when.isoformat(), title, kind, ";".join(keys), ";".join(standards), file)
    writing.append(portfolio.root, "evidence.csv", dict(zip(COLUMNS["evidence.csv"], cells, strict=True)))
    return [
        f"Registered {identifier}: {title}, for {phrases.series(keys)}.",
        f"Name it in bold on the page, **{identifier}**, and say what it shows.",
    ]


def module_pages(portfolio: Portfolio, code: str) -> list[str]:
    """Make every page of a module that is missing, with the chapter and its place in the contents."""
    own = [activity for activity in portfolio.activities if activity.key.module.casefold() == code.casefold()]
    missing = [activity for activity in own if not disk.page_file(portfolio.root, activity.page)]
    if not own:
        codes = (
            ", ".join(dict.fromkeys(activity.key.module for activity in portfolio.activities)) or "none yet"
        )
        raise Refusal(
            f"{quoted(code)} is not a module of data/activities.csv. Modules with activities: {codes}."
        )
    for activity in missing:
        drafts.write_page(portfolio, activity)
    made = [f"{activity.page}.md was made from the template." for activity in missing]
    return [
        *made,
        f"{code}: {phrases.plural(len(missing), 'page')} made, {len(own) - len(missing)} there already.",
    ]

"""Verbs of every week: where one stands, what happened, evidence, pages."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from stp_portfolio.cli.common import (
    Day,
    activity_named,
    app,
    day_of,
    evidence_app,
    out,
    read_on,
    refuse,
    say,
)
from stp_portfolio.core import (
    dates,
    disk,
    phrases,
    progress,
    reading,
    records,
    writing,
)
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Portfolio
from stp_portfolio.desk import drafts
from stp_portfolio.show import sentences


@app.command()
def status(
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Read the records on another day, as 2025-07-07."),
    ] = None,
) -> None:
    """Progress at a glance, and what to do next."""
    portfolio = read_on(as_of)
    say(portfolio.settings.title, style="bold")
    if line := sentences.example_line(portfolio):
        say(line, style="dim")
    say()
    say((str(sentences.status_summary(portfolio))))
    say(str(sentences.progress_answer(portfolio)), style="bold")
    say((str(sentences.pace_answer(portfolio))))
    say((str(sentences.waiting_answer(portfolio))))
    say((str(sentences.credits_answer(portfolio))))
    _print_waiting(portfolio)
    say("\nWhat to do next", style="bold")
    for action in sentences.next_actions(portfolio):
        say(f"- {action}")


def _print_waiting(portfolio: Portfolio) -> None:
    items = progress.waiting(portfolio, portfolio.on)
    if not items:
        return
    table = Table(
        box=None, pad_edge=False, title="With an assessor", title_justify="left", title_style="bold"
    )
    table.add_column("Activity")
    table.add_column("Submitted")
    table.add_column("Days", justify="right")
    for wait in items:
        table.add_row(f"{wait.activity.key} {wait.activity.title}", dates.written(wait.since), str(wait.days))
    say()
    out.print(table, soft_wrap=False)


@app.command()
def new(
    activity: Annotated[
        str, typer.Argument(metavar="ACTIVITY", help="The activity, as MODULE/NUMBER; or a module.")
    ],
    launch: Annotated[
        bool,
        typer.Option(
            "--open/--no-open", help="Open the page in the program for it, where there is a screen."
        ),
    ] = True,
) -> None:
    """Open an activity's page, from a template if it is missing.

    A plan becomes a page to fill in once the activity has begun. For a module, every page that is
    missing is made, with the chapter and its place in the contents.
    """
    portfolio = reading.load(without_pages=True)
    if "/" not in activity:
        own = [a for a in portfolio.activities if a.key.module.casefold() == activity.casefold()]
        missing = [a for a in own if not disk.page_file(portfolio.root, a.page)]
        if not own:
            codes = ", ".join(dict.fromkeys(a.key.module for a in portfolio.activities)) or "none yet"
            refuse(f"'{activity}' is not a module of data/activities.csv. Modules with activities: {codes}.")
        for one in missing:
            drafts.write_page(portfolio, one)
            say(f"{one.page}.md was made from the template.")
        say(f"{activity}: {phrases.plural(len(missing), 'page')} made, {len(own) - len(missing)} there already."
            )
        return
    found = activity_named(portfolio, activity)
    done = drafts.write_page(portfolio, found)
    path = disk.page_file(portfolio.root, found.page) or portfolio.root / f"{found.page}.md"
    say(f"{path.relative_to(portfolio.root).as_posix()} {done}.")
    if launch and sys.stdout.isatty():
        typer.launch(str(path))


@app.command()
def prompts(
    activity: Annotated[str, typer.Argument(metavar="ACTIVITY", help="The activity, as MODULE/NUMBER.")],
) -> None:
    """Print the optional prompts of an activity.

    Questions to think with, in our own words. None of them ever reaches a reader.
    """
    portfolio = reading.load(without_pages=True)
    found = activity_named(portfolio, activity)
    say(f"{found.key} {found.title}", style="bold")
    for dimension, question in drafts.prompts_for(portfolio.root, found).items():
        say(f"{dimension.capitalize()}: {question}")
    say("All of them are optional. Use what helps, and leave the rest.", style="dim")


@app.command()
def record(
    activity: Annotated[
        str, typer.Argument(metavar="ACTIVITY", help="The activity, as MODULE/NUMBER; or a module's code.")
    ],
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="started, submitted, returned or signed_off.")
    ],
    day: Day = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A few words, without a name.")] = "",
) -> None:
    """Record what happened to an activity.

    A step out of order is refused with the reason.

    For a module, signed_off notes the day on which the training officer signed it off.
    """
    portfolio = reading.load()
    when = day_of(day) or date.today()
    name = event.lower().replace("-", "_")
    if "/" not in activity:
        _sign_module_off(portfolio, activity, name, when)
        return
    found = activity_named(portfolio, activity)
    if name not in records.EVENTS:
        refuse(f"'{event}' is not an event. Use one of: {', '.join(records.EVENTS)}.")
    past = progress.history(portfolio, found.key, date.max)
    legal = records.LEGAL_NEXT[past[-1].event if past else None]
    if name not in legal:
        since = (
            f"its last event is '{past[-1].event}' of {dates.written(past[-1].date)}"
            if past
            else "it has not been started"
        )
        refuse(
            f"{found.key} cannot be {name.replace('_', ' ')}: {since}. "
            f"What can follow is {' or '.join(legal) or 'nothing: a signed-off activity is done'}."
        )
    cells = {
        "date": when.isoformat(),
        "module": found.key.module,
        "number": str(found.key.number),
        "event": name,
        "note": note,
    }
    writing.append(portfolio.root, "progress.csv", cells)
    now = reading.load(portfolio.root)
    say(f"Recorded: {found.key} {name.replace('_', ' ')} on {dates.written(when)}.")
    if when > now.on:
        say(
            f"The book is read on {dates.written(now.on)} (as_of in data/portfolio.toml) and does not show it yet."
        )
    else:
        say((str(sentences.progress_answer(now))))


def _sign_module_off(portfolio: Portfolio, code: str, event: str, when: date) -> None:
    module = next((m for m in portfolio.modules if m.code and m.code.casefold() == code.casefold()), None)
    if module is None:
        codes = ", ".join(m.code for m in portfolio.modules if m.code) or "none yet"
        refuse(
            f"'{code}' is neither an activity nor a module. Activities are written {codes.split(',')[0]}/5; modules: {codes}."
        )
    if event != "signed_off":
        refuse(f"A module can only be signed_off. For an activity, write its number too: {module.code}/5.")
    if module.signed_off:
        refuse(f"{module.code} is signed off already, on {dates.written(module.signed_off)}.")
    open_ = [
        str(key)
        for key, status_ in progress.statuses(portfolio, when).items()
        if key.module == module.code and status_ is not Status.SIGNED_OFF
    ]
    if open_:
        refuse(
            f"{module.code} has {phrases.activities(len(open_))} not signed off: {phrases.series(open_[: sentences.MANY])}{' …' if len(open_) > sentences.MANY else ''}."
        )

    def sign(row: dict[str, str]) -> dict[str, str]:
        return {**row, "signed_off": when.isoformat()} if row["code"] == module.code else row

    writing.rewrite(portfolio.root, "modules.csv", sign)
    say(
        f"Recorded: {module.code} signed off on {dates.written(when)}, {phrases.plural(module.credits, 'credit')} earned."
    )


@evidence_app.command("add")
def evidence_add(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is, without a name.")],
    activities: Annotated[
        list[str],
        typer.Option(
            "--for", metavar="ACTIVITY", help="An activity it serves, as MODULE/NUMBER. May be repeated."
        ),
    ],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Plan, audit report, feedback, …")],
    standards: Annotated[
        list[str] | None,
        typer.Option(
            "--standard", metavar="STANDARD", help="A standard it speaks to, as HCPC/7. May be repeated."
        ),
    ] = None,
    day: Day = None,
    file: Annotated[
        str, typer.Option("--file", metavar="PATH", help="Its file, from the portfolio's folder.")
    ] = "",
) -> None:
    """Register a piece of evidence; its id is assigned."""
    portfolio = reading.load()
    keys = [str(activity_named(portfolio, text).key) for text in activities]
    identifier = records.next_evidence_id(portfolio)
    cells = {
        "id": identifier,
        "date": (day_of(day) or date.today()).isoformat(),
        "title": title,
        "kind": kind,
        "activities": ";".join(keys),
        "standards": ";".join(standards or ()),
        "file": file,
    }
    writing.append(portfolio.root, "evidence.csv", cells)
    say(f"Registered {identifier}: {title}, for {phrases.series(keys)}.")
    say(f"Name it in bold on the page, **{identifier}**, and say what it shows.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Markdown page of an older portfolio.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="PLACE", help="The activity, as MODULE/NUMBER; or a further page, as FOLDER/Page."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a page that is written already; it is kept.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
    ] = False,
) -> None:
    """Take a page of an older portfolio in.

    A page of Jekyll or plain Markdown: not a word is lost, and what needs a look is listed.
    """
    from stp_portfolio.desk import moving

    portfolio = reading.load()
    try:
        move = moving.prepare(portfolio, file, to, replace_=replace)
    except moving.MoveError as error:
        refuse(str(error))
    what = f"{file.name} as {f'{move.activity.key}, ' if move.activity else 'a further page, '}{move.page}.md"
    counts = f"{phrases.plural(move.lines, 'line')} and {phrases.plural(move.words, 'word')}"
    if dry_run:
        say(f"Would import {what}: {counts} would come over, none lost. Nothing was written.")
    else:
        kept = moving.place(portfolio, move)
        say(f"Imported {what}: {counts} came over, none lost.")
        for path in kept:
            say(f"What stood there before is kept: {path}")
    if move.looks:
        say((f"\nWhat needs a look ({len(move.looks)}):"))
    for line, text in move.looks:
        say(f"{move.page}.md:{line}: {text}")

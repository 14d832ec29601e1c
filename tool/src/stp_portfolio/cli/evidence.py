"""Verbs that bring something in: evidence, and pages of an older portfolio."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stp_portfolio.cli import common
from stp_portfolio.cli.common import Day, Json, Yes, app, argument, ask, next_step, option, refuse, say
from stp_portfolio.cli.own import agree
from stp_portfolio.core import phrases, progress, reading, typed
from stp_portfolio.core.records import Activity, Portfolio

if TYPE_CHECKING:
    from stp_portfolio.desk.evidence import Source

evidence_app = typer.Typer(help="Register evidence, list, correct and remove it.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")
SERVES = "An activity it serves. May be repeated."
INSTEAD = "The activities it serves now, each with --for."
ONLY = "Only what serves this activity."
SOURCE = "A page of an older portfolio, or a folder of them; or a list of modules and activities."
PLACE = "The activity, as MODULE/NUMBER; or a further page, as FOLDER/Page."
REPLACE = "Replace a page that is written already; undo brings it back."
SPEAKS_TO = "A standard it speaks to, as HCPC/7. May be repeated."
For = Annotated[list[str] | None, option("--for", "ACTIVITY", SERVES)]
Kind = Annotated[str, option("--kind", "KIND", "Plan, audit report, feedback, …")]
Standard = Annotated[list[str] | None, option("--standard", "STANDARD", SPEAKS_TO)]
Title = Annotated[str, option("--title", "TEXT", "What it is, without a name.")]
Id = Annotated[str, argument("ID", "Its id, as E07.")]


@evidence_app.command("add")
def evidence_add(
    words: Annotated[list[str], argument("WHAT...", "Files or folders, which are copied in; or a title.")],
    activities: For = None,
    kind: Kind = "",
    standards: Standard = None,
    day: Day = None,
    title: Title = "",
) -> None:
    """Register evidence; its id is assigned.

    Title and day are read from a file where it holds them; you are asked for the rest.
    """
    from stp_portfolio.desk import evidence

    pieces = evidence.pieces_meant(reading.find_root(), words)
    if len(pieces) > 1 and title:
        raise typer.BadParameter("Several files have a title each: give --title with one alone.")
    for what in pieces:
        serves = _register(what, activities, kind, standards, day, title)
    next_step(f"open the page: portfolio new {serves[0].key}")


def _register(what: str, for_: For, kind: str, standards: Standard, day: Day, title: str) -> list[Activity]:
    from stp_portfolio.desk import evidence

    portfolio = reading.load()
    source = _source(portfolio, what, needed=bool(title))
    serves = _serves(portfolio, for_)
    if source:
        evidence.refuse_twin(portfolio, source, serves)
        title = title or ask("Title", *source.title)
        day = day or ask("Date", *source.day, parse=common.day_of)
    used = Counter(piece.kind for piece in portfolio.evidence) or {"Notes": 1}
    usual = (max(used, key=used.__getitem__), f"so far {phrases.series([*used][:8], 'or')}", "--kind")
    kind = kind or ask("Kind", *(source.kind if source else usual))
    cells = _cells(portfolio, title or what, kind, day or date.today(), serves, standards)
    say("\n".join(evidence.add(portfolio, cells, source)))
    return serves


def _serves(portfolio: Portfolio, given: list[str] | None) -> list[Activity]:
    begun = [each for each, _ in progress.latest(portfolio)]
    likely = next((str(each.key) for each in [*begun, *portfolio.activities]), "MODULE/NUMBER")
    texts = given or re.split(r"[,;\s]+", ask("For which activities", likely, flag="--for"))
    return [typed.activity(portfolio, text) for text in texts]


def _source(portfolio: Portfolio, what: str, *, needed: bool) -> Source | None:
    """The file or folder that is meant, read and screened; None for a title, where a file is not needed."""
    from stp_portfolio.desk import evidence
    from stp_portfolio.privacy import told

    path = evidence.path_meant(portfolio.root, what, needed=needed)
    if path is None:
        return None
    source = evidence.read(portfolio, path, date.today())
    if (size := len(source.raw)) > evidence.LARGE:
        say(f"It has {size // 1_000_000} MB: git keeps every version for good. A smaller one is better.")
    common.settle(told.contents(portfolio, source.name, source.raw, source.place))
    return source


def _cells(
    portfolio: Portfolio, title: str, kind: str, day: date | None, serves: list[Activity], standards: Standard
) -> dict[str, str]:
    """What is given of a row, screened."""
    from stp_portfolio.privacy import told

    common.settle(told.cells(portfolio, "data/evidence.csv", title=title, kind=kind))
    return {
        "title": title,
        "kind": kind,
        "date": str(day or ""),
        "activities": ";".join(str(each.key) for each in serves),
        "standards": ";".join(typed.standard(portfolio, text) for text in standards or ()),
    }


@evidence_app.command("list")
def evidence_list(activity: Annotated[str, argument("[ACTIVITY]", ONLY)] = "", json: Json = False) -> None:
    """List the evidence that is registered."""
    from stp_portfolio.desk import evidence

    portfolio = reading.load()
    found = typed.activity(portfolio, activity) if activity else None
    held = portfolio.evidence_of.get(found.key, []) if found else portfolio.evidence
    if json:
        common.as_json(held)
    common.rows((piece.id, f"{piece.title}\n{evidence.details(piece)}") for piece in held)
    say(f"{phrases.plural(len(held), 'piece')} of evidence{f' for {found.key}' if found else ''}.")
    next_step(f"portfolio check {found.key}" if found else "portfolio status")


@evidence_app.command("edit")
def evidence_edit(
    id_: Id,
    title: Title = "",
    kind: Kind = "",
    activities: Annotated[list[str] | None, option("--for", "ACTIVITY", INSTEAD)] = None,
    standards: Standard = None,
    day: Annotated[date | None, common.day_option("--date", "The day on which it was finished.")] = None,
    file: Annotated[str | None, option("--file", "PATH", "Another file, which is copied in.")] = None,
) -> None:
    """Correct it: only what is given changes."""
    from stp_portfolio.desk import evidence

    portfolio = reading.load()
    piece = typed.evidence(portfolio, id_)
    serves = [typed.activity(portfolio, text) for text in activities or ()]
    source = _source(portfolio, file, needed=True) if file else None
    given = _cells(portfolio, title, kind, day, serves, standards)
    cells = {name: text for name, text in given.items() if text} | ({"file": ""} if file == "" else {})
    if not cells and not source:
        example = f"portfolio evidence edit {piece.id} --title {phrases.typed(piece.title)}"
        refuse(f"Say what changes, such as: {example}")
    say("\n".join(evidence.edit(portfolio, piece, cells, source)))
    next_step(f"portfolio check {[*(each.key for each in serves), *piece.activities][0]}")


@evidence_app.command("remove")
def evidence_remove(id_: Id, yes: Yes = False) -> None:
    """Take it out of the register, with its copied file."""
    from stp_portfolio.desk import evidence

    portfolio = reading.load()
    piece = typed.evidence(portfolio, id_)
    evidence.free(portfolio, piece)
    if not yes and not (common.on_terminal() and typer.confirm(f"Remove {piece.id}, {piece.title}?")):
        refuse(f"{piece.id} was not removed. To remove it: portfolio evidence remove {piece.id} --yes")
    say("\n".join(evidence.remove(portfolio, piece)))
    next_step("to have it back: portfolio undo")


@app.command("import")
def import_(
    source: Annotated[Path, argument("FILE|FOLDER", SOURCE)],
    to: Annotated[str, option("--to", "PLACE", PLACE)] = "",
    replace: Annotated[bool, option("--replace", None, REPLACE)] = False,
    dry_run: Annotated[bool, option("--dry-run", None, "Say what would be done, and write nothing.")] = False,
) -> None:
    """Take in older pages, or a list of more activities.

    Pages are Markdown, HTML or Word. Not a word is lost, and what needs a look is listed. Of a folder, --to
    names the folder here for pages that are about no activity. Of a list, Excel or CSV, what is not there yet
    comes in, with its pages.
    """
    from stp_portfolio.desk import lists

    if source.suffix.lower() in lists.ENDINGS:
        _import_list(source, dry_run=dry_run)
    else:
        _import_pages(source, to, replace=replace, dry_run=dry_run)


def _import_list(source: Path, *, dry_run: bool) -> None:
    from stp_portfolio.desk import further, lists

    portfolio = reading.load()
    known = {module.code: module.name for module in portfolio.modules if module.code}
    remedy = "a sheet of the same workbook, or a file to import before this one"
    found = lists.read({"": source}, known, remedy, further=True)
    agree(found.told, guessed=found.guessed)
    new = further.new_in(portfolio, found.lists)
    rows = [row for each in new.values() for row in each.rows]
    if not rows:
        say("All that is in the list is here already.")
    elif dry_run:
        say("\n".join(["Would come in:", *(f"  {row.get('title', row['module'])}" for row in rows)]))
        say("Nothing was written. Run the command without --dry-run to do it.")
    else:
        say("\n".join(further.add(portfolio, new, date.today())))
    next_step("portfolio preview" if rows and not dry_run else "portfolio status")


def _import_pages(source: Path, to: str, *, replace: bool, dry_run: bool) -> None:
    from stp_portfolio.desk import importing

    portfolio = reading.load()
    moves, refused = importing.prepare(portfolio, source.expanduser(), to, replace_=replace)
    for move in moves:
        count = phrases.plural(importing.words(move.old).total(), "word")
        what = f"{move.file.name} as {move.page}.md"
        if dry_run:
            say(f"Would import {what}: {count} would come over, none lost. Nothing was written.")
        else:
            importing.place(portfolio, move)
            say(f"Imported {what}: {count} came over, none lost.")
        if move.looks:
            say("\n".join([f"What needs a look ({len(move.looks)}):", *map(str, move.looks)]))
    if refused:
        refuse("\n".join(["Not imported:", *refused]))
    next_step("the same command without --dry-run" if dry_run else "read what came over: portfolio preview")

"""The ``portfolio`` command: progress at a glance, recording what happened, checking everything.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
Nothing here imports pandas, Matplotlib or Sphinx, so every verb answers at once.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stp_portfolio.core import dates, phrases, progress, reading, records, repository, writing
from stp_portfolio.desk import checks, editions
from stp_portfolio.desk import start as starting
from stp_portfolio.show import pages, sentences
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.privacy import direct, sources

app = typer.Typer(
    name="portfolio",
    help="Keep a training portfolio: see, record and check progress.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # fits a screen, and is plain where it is piped
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
evidence_app = typer.Typer(help="Register evidence.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")

NO_PROOF = (
    "No check proves that nobody can be identified. Ask yourself before you publish: is there a rare condition, a small "
    "number, an event that was in the news, or a combination of details that singles somebody out?"
)

MANY_PAGES = 3  # a reminder about more pages than this names the first ones

out = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command; every refusal ends in one message and code 1, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a piped Windows console knows no ≥ and no …
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except reading.RecordsError as error:
        _refuse(str(error))
    except (writing.WriteError, editions.EditionError, repository.RepositoryError, starting.StartError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(
            f"{error.filename or 'A file'} cannot be used ({error.strerror or error}). Check that it is there and not open."
        )


def _refuse(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(1)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a day. Write it as 2025-07-07, year first.") from None


Day = Annotated[
    str | None, typer.Option("--date", metavar="DATE", help="The day it happened, as 2025-07-07; today by default.")
]


# -- status -----------------------------------------------------------------------------------


@app.command()
def status(
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Read the records on another day, as 2025-07-07.")
    ] = None,
) -> None:
    """Progress at a glance, and what to do next."""
    portfolio = _read_on(as_of)
    out.print(Text(portfolio.settings.title, style="bold"))
    if line := sentences.example_line(portfolio):
        out.print(Text(line, style="dim"))
    out.print()
    out.print(Text(str(sentences.status_summary(portfolio))))
    out.print(Text(str(sentences.progress_answer(portfolio)), style="bold"))
    out.print(Text(str(sentences.pace_answer(portfolio))))
    out.print(Text(str(sentences.waiting_answer(portfolio))))
    out.print(Text(str(sentences.credits_answer(portfolio))))
    _print_waiting(portfolio)
    out.print(Text("\nWhat to do next", style="bold"))
    for action in sentences.next_actions(portfolio):
        out.print(Text(f"- {action}"))


def _read_on(as_of: str | None) -> Portfolio:
    """The records, read on another day where one is given; a day before the start is a misuse."""
    portfolio = reading.load()
    day = _day(as_of)
    return portfolio if day is None else records.on_day(portfolio, _not_before_start(portfolio, day))


def _not_before_start(portfolio: Portfolio, day: date) -> date:
    if day < portfolio.settings.start:
        raise typer.BadParameter(f"{day} is before the programme's start, {portfolio.settings.start}.")
    return day


def _print_waiting(portfolio: Portfolio) -> None:
    items = progress.waiting(portfolio, portfolio.on)
    if not items:
        return
    table = Table(box=None, pad_edge=False, title="With an assessor", title_justify="left", title_style="bold")
    table.add_column("Activity")
    table.add_column("Submitted")
    table.add_column("Days", justify="right")
    for wait in items:
        table.add_row(f"{wait.activity.key} {wait.activity.title}", dates.written(wait.since), str(wait.days))
    out.print()
    out.print(table, soft_wrap=False)


# -- start and write --------------------------------------------------------------------------


@app.command()
def start(
    begun: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="DATE",
            help="The day the programme began, as 2026-09-07; by default the first Monday of the last September.",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title of the book.")] = None,
    curriculum: Annotated[
        str | None, typer.Option("--curriculum", metavar="CODE", help="Code of your curriculum.")
    ] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="TEXT", help="Your role, never your name.")] = None,
    modules: Annotated[
        Path | None, typer.Option("--modules", metavar="FILE", help="Your modules, as data/modules.csv.")
    ] = None,
    activities: Annotated[
        Path | None, typer.Option("--activities", metavar="FILE", help="Your activities, as data/activities.csv.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Turn a fresh copy of the example into your own portfolio.

    Example prose, events and evidence go, after a backup; every activity gets a plan to fill in.
    """
    day = _day(begun) or starting.first_monday_of_september(date.today())
    wish = starting.Wish(day, title, curriculum, role, modules, activities)
    root = reading.find_root()
    changes = starting.start(root, wish, date.today(), dry_run=dry_run)
    for word, names in (("Made", changes.made), ("Rewritten", changes.rewritten), ("Removed", changes.removed)):
        out.print(Text(f"{word}: {phrases.plural(len(names), 'file')}"))
        for name in names if dry_run else ():
            out.print(Text(f"  {name}"))
    if changes.approved:
        out.print(
            Text(
                f"Words of your curriculum, approved in data/approved_terms.txt: {phrases.series(changes.approved)}. "
                "Take out what names a person or a place."
            )
        )
    if changes.to_review:
        out.print(Text(f"To review before you publish, with portfolio check: {phrases.series(changes.to_review)}."))
    if dry_run:
        out.print(Text("Nothing was changed. Run the command without --dry-run to do it."))
        return
    own = reading.load(root)
    out.print(Text(f"\nYour portfolio: {own.settings.title}, begun on {dates.written(day)}.", style="bold"))
    out.print(
        Text(
            f"{phrases.activities(len(own.activities)).capitalize()} with a plan to fill in. What was replaced: {changes.backup}"
        )
    )
    if wish.curriculum and wish.modules is None:
        out.print(
            Text("The modules are still those of the example. Correct data/modules.csv, or start with --modules.")
        )
    for milestone in own.milestones:
        of = f", {milestone.required} of {milestone.module}" if milestone.required else ""
        out.print(Text(f"- {dates.written(milestone.date)}: {milestone.name}{of}"))
    out.print(Text("Check these dates with the School; they stand in data/milestones.csv."))
    out.print(Text("Next, one line after the other:"))
    for line in (
        "jupyter-book build .",
        "git config core.hooksPath .githooks",
        "git add --all",
        'git commit -m "My own portfolio"',
    ):
        out.print(Text(f"  {line}"))


@app.command()
def new(
    activity: Annotated[str, typer.Argument(metavar="ACTIVITY", help="The activity, as MODULE/NUMBER; or a module.")],
    launch: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the program for it, where there is a screen.")
    ] = True,
) -> None:
    """Open an activity's page, from a template if it is missing.

    A plan becomes a page to fill in once the activity has begun. For a module, every page that is
    missing is made, with the chapter and its place in the contents.
    """
    portfolio = reading.load(without_pages=True)
    if "/" not in activity:
        own = [a for a in portfolio.activities if a.key.module.casefold() == activity.casefold()]
        missing = [a for a in own if not starting.page_of(portfolio, a).is_file()]
        if not own:
            codes = ", ".join(dict.fromkeys(a.key.module for a in portfolio.activities)) or "none yet"
            _refuse(f"'{activity}' is not a module of data/activities.csv. Modules with activities: {codes}.")
        for one in missing:
            starting.write_page(portfolio, one)
            out.print(Text(f"{one.page}.md was made from the template."))
        out.print(
            Text(f"{activity}: {phrases.plural(len(missing), 'page')} made, {len(own) - len(missing)} there already.")
        )
        return
    found = _activity(portfolio, activity)
    done = starting.write_page(portfolio, found)
    path = starting.page_of(portfolio, found)
    out.print(Text(f"{path.relative_to(portfolio.root).as_posix()} {done}."))
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
    found = _activity(portfolio, activity)
    out.print(Text(f"{found.key} {found.title}", style="bold"))
    for dimension, question in pages.prompts_for(portfolio.root, found).items():
        out.print(Text(f"{dimension.capitalize()}: {question}"))
    out.print(Text("All of them are optional. Use what helps, and leave the rest.", style="dim"))


# -- record -----------------------------------------------------------------------------------


@app.command()
def record(
    activity: Annotated[
        str, typer.Argument(metavar="ACTIVITY", help="The activity, as MODULE/NUMBER; or a module's code.")
    ],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="started, submitted, returned or signed_off.")],
    day: Day = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A few words, without a name.")] = "",
) -> None:
    """Record what happened to an activity.

    A step out of order is refused with the reason.

    For a module, signed_off notes the day on which the training officer signed it off.
    """
    portfolio = reading.load()
    when = _day(day) or date.today()
    name = event.lower().replace("-", "_")
    if "/" not in activity:
        _sign_module_off(portfolio, activity, name, when)
        return
    found = _activity(portfolio, activity)
    if name not in records.EVENTS:
        _refuse(f"'{event}' is not an event. Use one of: {', '.join(records.EVENTS)}.")
    past = progress.history(portfolio, found.key, date.max)
    legal = records.LEGAL_NEXT[past[-1].event if past else None]
    if name not in legal:
        since = (
            f"its last event is '{past[-1].event}' of {dates.written(past[-1].date)}" if past else "it has not been started"
        )
        _refuse(
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
    out.print(Text(f"Recorded: {found.key} {name.replace('_', ' ')} on {dates.written(when)}."))
    if when > now.on:
        out.print(
            Text(f"The book is read on {dates.written(now.on)} (as_of in data/portfolio.toml) and does not show it yet.")
        )
    else:
        out.print(Text(str(sentences.progress_answer(now))))


def _activity(portfolio: Portfolio, text: str) -> Activity:
    wanted = text.casefold()
    for activity in portfolio.activities:
        if str(activity.key).casefold() == wanted:
            return activity
    example = next((str(activity.key) for activity in portfolio.activities), "MODULE/NUMBER")
    _refuse(
        f"'{text}' is not an activity of data/activities.csv. Write the module's code and the number, such as {example}."
    )


def _sign_module_off(portfolio: Portfolio, code: str, event: str, when: date) -> None:
    module = next((m for m in portfolio.modules if m.code and m.code.casefold() == code.casefold()), None)
    if module is None:
        codes = ", ".join(m.code for m in portfolio.modules if m.code) or "none yet"
        _refuse(
            f"'{code}' is neither an activity nor a module. Activities are written {codes.split(',')[0]}/5; modules: {codes}."
        )
    if event != "signed_off":
        _refuse(f"A module can only be signed_off. For an activity, write its number too: {module.code}/5.")
    if module.signed_off:
        _refuse(f"{module.code} is signed off already, on {dates.written(module.signed_off)}.")
    open_ = [
        str(key)
        for key, status_ in progress.statuses(portfolio, when).items()
        if key.module == module.code and status_ is not Status.SIGNED_OFF
    ]
    if open_:
        _refuse(
            f"{module.code} has {phrases.activities(len(open_))} not signed off: {phrases.series(open_[: sentences.MANY])}{' …' if len(open_) > sentences.MANY else ''}."
        )

    def sign(row: dict[str, str]) -> dict[str, str]:
        return {**row, "signed_off": when.isoformat()} if row["code"] == module.code else row

    writing.rewrite(portfolio.root, "modules.csv", sign)
    out.print(
        Text(
            f"Recorded: {module.code} signed off on {dates.written(when)}, {phrases.plural(module.credits, 'credit')} earned."
        )
    )


# -- evidence ---------------------------------------------------------------------------------


@evidence_app.command("add")
def evidence_add(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is, without a name.")],
    activities: Annotated[
        list[str],
        typer.Option("--for", metavar="ACTIVITY", help="An activity it serves, as MODULE/NUMBER. May be repeated."),
    ],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Plan, audit report, feedback, …")],
    standards: Annotated[
        list[str] | None,
        typer.Option("--standard", metavar="STANDARD", help="A standard it speaks to, as HCPC/7. May be repeated."),
    ] = None,
    day: Day = None,
    file: Annotated[str, typer.Option("--file", metavar="PATH", help="Its file, from the portfolio's folder.")] = "",
) -> None:
    """Register a piece of evidence; its id is assigned."""
    portfolio = reading.load()
    keys = [str(_activity(portfolio, text).key) for text in activities]
    identifier = records.next_evidence_id(portfolio)
    cells = {
        "id": identifier,
        "date": (_day(day) or date.today()).isoformat(),
        "title": title,
        "kind": kind,
        "activities": ";".join(keys),
        "standards": ";".join(standards or ()),
        "file": file,
    }
    writing.append(portfolio.root, "evidence.csv", cells)
    out.print(Text(f"Registered {identifier}: {title}, for {phrases.series(keys)}."))
    out.print(Text(f"Name it in bold on the page, **{identifier}**, and say what it shows."))


# -- approve ----------------------------------------------------------------------------------


@app.command()
def approve(
    terms: Annotated[
        list[str], typer.Argument(metavar="TERM...", help="Words or phrases that name nobody and no place.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it identifies nobody.")] = "no name",
) -> None:
    """Approve terms that name nobody and no place.

    Screening does not ask about them any more; an identifier is refused.
    """
    root = reading.find_root()
    known = set(sources.approved_terms(root))
    for term in terms:
        if hits := direct(term):
            _refuse(
                f"'{term}' is a direct identifier ({hits[0].kind}) and cannot be approved. Take it out of the text."
            )
        if not term.strip() or any(mark in term for mark in "|#\n\r"):
            _refuse(f"'{term}' is not a term. Write a word or a phrase without bars, hashes and line breaks.")
    new = [term.strip() for term in dict.fromkeys(terms) if term.strip() not in known]
    plain = " ".join(reason.replace("|", "/").split())
    writing.append_lines(root, "approved_terms.txt", [f"{term} | {date.today()} | {plain}" for term in new])
    out.print(
        Text(f"Approved {phrases.series(new) if new else 'nothing new'}. No check proves that a text is anonymous.")
    )


# -- build and release ------------------------------------------------------------------------


@app.command()
def build(
    edition: Annotated[str, typer.Option("--edition", metavar="EDITION", help="public or assessor.")] = "public",
    private: Annotated[
        Path | None,
        typer.Option("--private", metavar="DIR", help="The overlay of the assessor's edition; private/ by default."),
    ] = None,
) -> None:
    """Build the public or the assessor's edition.

    The assessor's is the public book with the private overlay laid on top.
    """
    root = reading.find_root()
    if edition == "public":
        raise SystemExit(1 if editions.build_public(root) else 0)
    if edition != "assessor":
        _refuse(f"'{edition}' is not an edition. Use public or assessor.")
    target = editions.build_assessor(root, private or root / repository.PRIVATE, lambda text: out.print(Text(text)))
    out.print(Text(f"{editions.MARK}: {target / 'index.html'}"))


@app.command()
def preview(
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="The port to use; the next free one from there.")
    ] = 8000,
    launch: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the book in the browser, where there is a screen.")
    ] = True,
) -> None:
    """Show the public book while you write, rebuilt when you save.

    Only this computer can open it. Stop it with Ctrl and C.
    """
    import asyncio

    from stp_portfolio.desk import preview as previews

    def ready(address: str) -> None:
        out.print(Text(f"The book is at {address}. Save a file, and it is built again. Stop with Ctrl and C."))
        if launch and sys.stdout.isatty():
            typer.launch(address)

    out.print(Text("Building the book …"))
    try:
        asyncio.run(previews.serve(reading.find_root(), port, lambda text: out.print(Text(text)), ready))
    except KeyboardInterrupt:
        out.print(Text("The preview has ended."))


@app.command()
def export(
    edition: Annotated[
        str | None,
        typer.Option("--edition", metavar="EDITION", help="public or assessor; assessor where there is an overlay."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ACTIVITY", help="Only this activity, as MODULE/NUMBER. May be repeated."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; _build/eportfolio, or _build/export, by default."),
    ] = None,
    private: Annotated[
        Path | None, typer.Option("--private", metavar="DIR", help="The overlay; private/ by default.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="eportfolio or json.")] = "eportfolio",
) -> None:
    """Make the PDFs and texts for the e-portfolio.

    With the evidence files, a manifest and one zip; or one JSON document of everything public.
    """
    portfolio = reading.load()
    root = portfolio.root
    if form == "json":
        if only or private or edition not in (None, "public"):
            raise typer.BadParameter(
                "--format json holds the whole public portfolio: leave out --only, --private and --edition assessor."
            )
        _export_document(portfolio, (folder or root / "_build" / "export").resolve())
        return
    if form != "eportfolio":
        _refuse(f"'{form}' is not a format. Use eportfolio or json.")
    overlay = private or root / repository.PRIVATE
    chosen = [str(_activity(portfolio, text).key) for text in only or ()]
    kind = edition or ("assessor" if overlay.is_dir() else "public")
    if kind not in ("public", "assessor"):
        _refuse(f"'{kind}' is not an edition. Use public or assessor.")
    if kind == "assessor" and not overlay.is_dir():
        _refuse(f"There is no overlay at {overlay}. Put the assessor's pages there, or export the public edition.")
    out.print(Text(f"Exporting the {kind} edition."))
    target = (folder or root / "_build" / "eportfolio").resolve()
    archive = editions.export(root, kind, overlay, chosen, target, lambda text: out.print(Text(text)))
    out.print(
        Text(f"The {kind} edition for the e-portfolio: {archive}. What is in it: {archive.with_name('index.txt')}")
    )


@app.command()
def release() -> None:
    """Make the site to publish, fully checked.

    The one way to publish: a clean tree, no finding, a fresh build, and the finished site screened.
    """
    out.print(Text(NO_PROOF))
    site = editions.release(reading.find_root(), lambda text: out.print(Text(text)))
    out.print(Text(f"To publish: {site}. Every file with its SHA-256: {site.parent / 'manifest.csv'}"))
    out.print(Text(f"To hand over, readable without a network: {site.parent / editions.OFFLINE}"))


# -- check ------------------------------------------------------------------------------------


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATHS]", help="Only what concerns these files or folders.")
    ] = None,
) -> None:
    """Find everything that is wrong, in one run.

    Records, settings, pages, links, notebooks, and what may identify somebody.
    """
    root = reading.find_root()
    for path in paths or ():
        if not path.exists():
            _refuse(f"{path} does not exist. Name a file or folder of the portfolio.")
    found, portfolio = checks.run(root, paths or ())
    for finding in found:
        out.print(Text(str(finding)))
    if found:
        out.print()
        _refuse(f"{phrases.plural(len(found), 'finding')}. Mend them and run the command again.")
    for text, files in checks.reminders(portfolio) if portfolio else ():
        more = f" and {len(files) - MANY_PAGES} more" if len(files) > MANY_PAGES else ""
        out.print(Text(f"Open: {', '.join(files[:MANY_PAGES])}{more}: {text}."))
    count = len(portfolio.activities) if portfolio else 0
    out.print(Text(NO_PROOF, style="dim"))
    out.print(
        Text(
            f"No fault found: the records, the settings, {phrases.activities(count)} with their pages, links and notebooks; nothing that looks like an identifier."
        )
    )


# -- report -----------------------------------------------------------------------------------


@app.command()
def report(
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Read the records on another day, as 2025-07-07.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Tell what changed from this day on; the last review by default."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; _build/report by default.")
    ] = None,
) -> None:
    """Make one page for a meeting.

    Where you stand, what changed, what waits and what is next, as PDF, HTML and Markdown.
    """
    from pypdf import PdfReader

    from stp_portfolio.desk import renderings
    from stp_portfolio.desk import report as reports
    from stp_portfolio.pdf.typesetting import TypesettingError
    from stp_portfolio.show.pages import PageError

    portfolio = _read_on(as_of)
    day = _day(since)
    if day is not None and _not_before_start(portfolio, day) > portfolio.on:
        raise typer.BadParameter(f"{day} is after the day of reading, {portfolio.on}.")
    target = (folder or portfolio.root / "_build" / "report").resolve()
    try:
        made = reports.make(portfolio, day)
        written = renderings.write(made, portfolio, target)
    except (PageError, TypesettingError) as error:
        _refuse(str(error))
    out.print(Text(f"{made.title}, with what changed since {reports.span(portfolio, day).since}:"))
    for path in written:
        out.print(Text(f"  {path}"))
    if (count := len(PdfReader(written[0]).pages)) > 1:
        out.print(Text(f"The PDF has {count} pages: there is more to say than one page holds."))


# -- calendar ---------------------------------------------------------------------------------


@app.command()
def calendar(
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write; _build/portfolio.ics by default.")
    ] = None,
) -> None:
    """Write milestones, targets and reviews for a calendar.

    With the steps of action plans. A newer file updates what an earlier one put into the calendar.
    """
    from stp_portfolio.desk import calendar
    from stp_portfolio.show.pages import PageError

    portfolio = reading.load()
    target = (file or portfolio.root / "_build" / "portfolio.ics").resolve()
    try:
        found = calendar.entries(portfolio)
    except PageError as error:
        _refuse(str(error))
    if not found:
        _refuse("There is no date to write yet. Fill in data/milestones.csv, or reviews in data/portfolio.toml.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(calendar.calendar(portfolio, found))
    count = phrases.plural(len(found), "entry", "entries")
    out.print(Text(f"{count}, as the portfolio stood on {dates.written(portfolio.on)}: {target}"))
    out.print(Text("Import it into a calendar of its own; importing a newer file moves its entries and doubles none."))


# -- document ---------------------------------------------------------------------------------


def _export_document(portfolio: Portfolio, folder: Path) -> None:
    """The part of ``export`` that writes one JSON document."""
    from stp_portfolio import document

    try:
        raw = document.text(portfolio).encode("utf-8")
    except document.DocumentError as error:
        _refuse(str(error))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / document.NAME
    path.write_bytes(raw)
    out.print(Text(f"The public portfolio as one document ({document.FORMAT}): {path}"))
    out.print(Text("Its form, property by property: docs/portfolio.schema.json"))


# -- import -----------------------------------------------------------------------------------


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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
) -> None:
    """Take a page of an older portfolio in.

    A page of Jekyll or plain Markdown: not a word is lost, and what needs a look is listed.
    """
    from stp_portfolio.desk import moving

    portfolio = reading.load()
    try:
        move = moving.prepare(portfolio, file, to, replace_=replace)
    except moving.MoveError as error:
        _refuse(str(error))
    what = f"{file.name} as {f'{move.activity.key}, ' if move.activity else 'a further page, '}{move.page}.md"
    counts = f"{phrases.plural(move.lines, 'line')} and {phrases.plural(move.words, 'word')}"
    if dry_run:
        out.print(Text(f"Would import {what}: {counts} would come over, none lost. Nothing was written."))
    else:
        kept = moving.place(portfolio, move)
        out.print(Text(f"Imported {what}: {counts} came over, none lost."))
        for path in kept:
            out.print(Text(f"What stood there before is kept: {path}"))
    if move.looks:
        out.print(Text(f"\nWhat needs a look ({len(move.looks)}):"))
    for line, text in move.looks:
        out.print(Text(f"{move.page}.md:{line}: {text}"))

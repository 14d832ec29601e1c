"""Verbs before others read it: check, approve, build, preview, export, release."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from stp_portfolio.cli.common import Open, activity_named, app, argument, option, refuse, say
from stp_portfolio.core import phrases, reading
from stp_portfolio.core.disk import PRIVATE

NO_PROOF = (
    "No check proves that nobody can be identified. Ask yourself before you publish: is there a rare "
    "condition, a small number, an event that was in the news, or a combination of details that singles "
    "somebody out?"
)
MANY_PAGES = 3  # a reminder about more pages than this names the first ones
OF_BOTH = "public or assessor; assessor where there is an overlay."
ONLY = "Only this activity, as MODULE/NUMBER. May be repeated."
PORT = "The port to use; the next free one from there."
Edition = Literal["public", "assessor"]


@app.command()
def approve(
    terms: Annotated[list[str], argument("TERM...", "Words or phrases that name nobody and no place.")],
    reason: Annotated[str, option("--reason", "TEXT", "Why it identifies nobody.")] = "no name",
) -> None:
    """Approve terms that name nobody and no place.

    Screening does not ask about them any more; an identifier is refused.
    """
    from stp_portfolio.desk import approval

    new = approval.approve(reading.find_root(), terms, reason, date.today())
    what = phrases.series(new) if new else "nothing new"
    say(f"Approved {what}. No check proves that a text is anonymous.")


@app.command()
def build(
    edition: Annotated[Edition, option("--edition", "EDITION", "public or assessor.")] = "public",
) -> None:
    """Build the public or the assessor's edition.

    The assessor's is the public book with what is in private/ laid on top.
    """
    from stp_portfolio.desk import editions

    root = reading.find_root()
    if edition == "public":
        raise SystemExit(1 if editions.build_public(root) else 0)
    target = editions.build_assessor(root, root / PRIVATE, say)
    say(f"{editions.MARK}: {target / 'index.html'}")


@app.command()
def preview(
    port: Annotated[int, option("--port", "PORT", PORT, min=0, max=65535)] = 8000, launch: Open = True
) -> None:
    """Show the public book while you write, rebuilt when you save.

    Only this computer can open it. Stop it with Ctrl and C.
    """
    import asyncio

    from stp_portfolio.desk import preview as previews

    def ready(address: str) -> None:
        say(f"The book is at {address}. Save a file, and it is built again. Stop with Ctrl and C.")
        if launch and sys.stdout.isatty():
            typer.launch(address)

    say("Building the book …")
    try:
        asyncio.run(previews.serve(reading.find_root(), port, say, ready))
    except KeyboardInterrupt:
        say("The preview has ended.")


@app.command()
def export(
    edition: Annotated[Edition | None, option("--edition", "EDITION", OF_BOTH)] = None,
    only: Annotated[list[str] | None, option("--only", "ACTIVITY", ONLY)] = None,
    folder: Annotated[Path | None, option("--out", "DIR", "Where to; _build/eportfolio by default.")] = None,
) -> None:
    """Make the PDFs and texts for the e-portfolio.

    With the evidence files, a manifest and one zip.
    """
    from stp_portfolio.desk import editions

    portfolio = reading.load()
    overlay = portfolio.root / PRIVATE
    chosen = [str(activity_named(portfolio, text).key) for text in only or ()]
    kind = edition or ("assessor" if overlay.is_dir() else "public")
    say(f"Exporting the {kind} edition.")
    target = (folder or portfolio.root / "_build" / "eportfolio").resolve()
    archive = editions.export(portfolio.root, kind, overlay, chosen, target, say)
    say(f"The {kind} edition for the e-portfolio: {archive}. What is in it: {archive.with_name('index.txt')}")


@app.command()
def release() -> None:
    """Make the site to publish, fully checked.

    The one way to publish: a clean tree, no finding, a fresh build, and the finished site screened.
    """
    from stp_portfolio.desk import editions

    say(NO_PROOF)
    site = editions.release(reading.find_root(), say)
    say(f"To publish: {site}. Every file with its SHA-256: {site.parent / editions.MANIFEST}")
    say(f"To hand over, readable without a network: {site.parent / editions.OFFLINE}")


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, argument("[PATHS]", "Only what concerns these files or folders.")
    ] = None,
) -> None:
    """Find everything that is wrong, in one run.

    Records, settings, pages, links, notebooks, and what may identify somebody.
    """
    from stp_portfolio.desk import checks

    root = reading.find_root()
    for path in paths or ():
        if not path.exists():
            refuse(f"{path} does not exist. Name a file or folder of the portfolio.")
    found, portfolio = checks.run(root, paths or ())
    for finding in found:
        say(str(finding))
    if found or portfolio is None:
        refuse(f"\n{phrases.plural(len(found), 'finding')}. Fix them and run the command again.")
    for text, files in checks.reminders(portfolio):
        more = f" and {len(files) - MANY_PAGES} more" if len(files) > MANY_PAGES else ""
        say(f"Open: {', '.join(files[:MANY_PAGES])}{more}: {text}.")
    say(NO_PROOF, style="dim")
    activities = phrases.activities(len(portfolio.activities))
    what = f"the records, the settings, {activities} with their pages, links and notebooks"
    say(f"No fault found: {what}; nothing that looks like an identifier.")

"""Verbs that make what others read: build, preview, export, release."""

from pathlib import Path
from typing import Annotated, Literal

from stp_portfolio.cli.common import NO_PROOF, Open, app, next_step, option, say
from stp_portfolio.core import reading, typed
from stp_portfolio.core.disk import PRIVATE

WHICH = "public or assessor."
OF_BOTH = "public or assessor; assessor where there is an overlay."
ONLY = "Only this activity, as MODULE/NUMBER. May be repeated."
PORT = "The port to use; the next free one from there."
Edition = Literal["public", "assessor"]


@app.command()
def build(edition: Annotated[Edition, option("--edition", "EDITION", WHICH)] = "public") -> None:
    """Build the public or the assessor's edition.

    The assessor's is the public book with what is in private/ laid on top.
    """
    from stp_portfolio.desk import editions

    root = reading.find_root()
    if edition == "public":
        if editions.build_public(root):
            raise SystemExit(1)
        say(f"Open {(root / '_build' / 'html' / 'index.html').as_uri()}")
        next_step("while you write: portfolio preview")
        return
    target = editions.build_assessor(root, root / PRIVATE, say)
    say(f"{editions.MARK}: {target / 'index.html'}")
    next_step("to hand it in: portfolio export --edition assessor")


@app.command()
def preview(
    port: Annotated[int, option("--port", "PORT", PORT, min=0, max=65535)] = 8000, launch: Open = True
) -> None:
    """Show the public book while you write, rebuilt when you save.

    Only this computer can open it. Stop it with Ctrl and C.
    """
    import asyncio

    from stp_portfolio.desk import opening
    from stp_portfolio.desk import preview as previews

    def ready(address: str) -> None:
        say(f"The book is at {address}. Save a file, and it is built again. Stop with Ctrl and C.")
        if launch:
            opening.opened(address)

    say("Building the book …")
    asyncio.run(previews.serve(reading.find_root(), port, say, ready))


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
    chosen = [str(typed.activity(portfolio, text).key) for text in only or ()]
    kind = edition or ("assessor" if overlay.is_dir() else "public")
    say(f"Exporting the {kind} edition.")
    target = (folder or portfolio.root / "_build" / "eportfolio").resolve()
    archive = editions.export(portfolio.root, kind, overlay, chosen, target, say)
    say(f"The {kind} edition for the e-portfolio: {archive}. What is in it: {archive.with_name('index.txt')}")
    next_step("upload what is in it to your e-portfolio, then say so with portfolio record")


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
    next_step(f"publish the folder {site.name}, as README.md says; nothing else")

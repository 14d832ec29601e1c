"""No fault passes: a build that reported anything ends with exit code 1, on every run until it is mended.

Sphinx reports a fault of a page only when it reads that page, so a second run would pass in silence.
A stamp beside the doctrees is written after a build without warnings and only then; a build that
finds none forgets what it knew and reads everything again. Nothing here relies on private names:
warnings are counted by a handler of our own.
"""

from __future__ import annotations

import json
import logging as std_logging
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urldefrag

from docutils import nodes
from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config
from sphinx.util import logging

from stp_portfolio.book import notebooks
from stp_portfolio.core import configuration, digests, reading
from stp_portfolio.core.configuration import MAY_BE_SUPPRESSED
from stp_portfolio.privacy import direct, sources

logger = logging.getLogger(__name__)

LOG = "error.log"  # the traceback of a build that stopped, for who wants it
NOT_CURRENT = "html-not-current"


class _Counter(std_logging.Handler):
    """Counts what Sphinx and its extensions report, warnings and errors, suppressed by default or not."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__(std_logging.WARNING)
        self.app, self.count = app, 0

    def emit(self, record: std_logging.LogRecord) -> None:
        kind, subtype = getattr(record, "type", None), getattr(record, "subtype", None)
        if f"{kind}.{subtype}" not in MAY_BE_SUPPRESSED:
            self.count += 1


def stop(app: Sphinx, message: str) -> NoReturn:
    """End the build at once with a message instead of a traceback, and leave nothing that looks current."""
    notebooks.stop(app)
    _set_aside(app)
    sys.stderr.write(f"\n{message}\n")
    raise SystemExit(1)


def begin(app: Sphinx, config: Config) -> None:
    """Before anything is read: forget a build that was not clean; check the records and the configuration."""
    clean = app.stp_was_clean = digests.was_clean(Path(app.doctreedir))  # type: ignore[attr-defined]
    Path(app.doctreedir, digests.STAMP).unlink(missing_ok=True)
    if not clean:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    try:
        app.stp_portfolio = reading.load(Path(app.srcdir))  # type: ignore[attr-defined]
    except reading.RecordsError as error:
        stop(app, f"{error}\nNothing was built.")
    faults = [*configuration.faults(Path(app.srcdir)), *_unknown_settings(app, config)]
    if faults:
        heading = "The book's configuration is at fault:"
        stop(app, "\n".join([heading, *(f"  {fault}" for fault in faults), "Nothing was built."]))


def screen_sources(app: Sphinx, config: Config) -> None:
    """A direct identifier in any source ends the build; terms to review are counted, and fail a release."""
    found = sources.run(Path(app.srcdir), app.stp_portfolio)  # type: ignore[attr-defined]
    if identifiers := [hit for hit in found if hit.code == sources.IDENTIFIER]:
        heading = "The sources hold what could identify a person:"
        stop(app, "\n".join([heading, *(f"  {hit}" for hit in identifiers), "Nothing was built."]))
    if terms := {hit.value for hit in found}:
        logger.info(f"{len(terms)} terms wait for review before a release: run portfolio check")


def screen_output(app: Sphinx, doctree: nodes.document) -> None:
    """What a notebook computed is on no list of sources: screen it as it will be read."""
    if str(app.env.doc2path(app.env.docname)).endswith(".ipynb"):
        days = sources.own_dates(app.stp_portfolio)  # type: ignore[attr-defined]
        unseen: set[int] = set()
        for bundle in doctree.findall(
            lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"
        ):
            # Forms of one output: the plain ones are for other places than a page.
            forms = [form for form in bundle if form.get("mime_type") not in ("text/plain", "text/html")]
            unseen.update(
                id(node) for form in bundle if forms and form not in forms for node in form.findall()
            )
        texts = [node.astext() for node in doctree.findall(nodes.TextElement) if id(node) not in unseen]
        texts += [str(node.get("alt", "")) for node in doctree.findall() if isinstance(node, nodes.Element)]
        for hit in direct("\n\n".join(texts), days):
            logger.warning(
                f"an output holds an identifier ({hit.kind})",
                location=app.env.docname,
                type="stp",
                subtype="screening",
            )


def _unknown_settings(app: Sphinx, config: Config) -> Iterator[str]:
    values = configuration.read_yaml(Path(app.srcdir, "_config.yml").read_text(encoding="utf-8"))
    for name in values.get("sphinx", {}).get("config") or {}:
        if name not in config.values and name != "extensions":
            yield (
                f"_config.yml, key sphinx/config/{name}: is not a setting of Sphinx or of a loaded extension. "
                "Check its spelling."
            )


def finish(app: Sphinx, exception: Exception | None) -> None:
    """After the build: check the finished pages, then stamp it as clean or set it aside."""
    if exception is None and app.builder.format == "html":
        if (
            hasattr(app, "stp_styles") or not app.stp_was_clean
        ):  # a page was written, or the last build had a fault
            for fault in page_faults(Path(app.outdir)):
                logger.warning(fault, type="stp", subtype="page")
        _remove_pages_without_source(app)
    handler: _Counter = app.stp_warnings  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").removeHandler(handler)
    if exception is None and not handler.count:
        (Path(app.doctreedir).parent / LOG).unlink(missing_ok=True)
        Path(app.doctreedir, digests.STAMP).write_text(digests.code(), encoding="utf-8")
        return
    if exception is None:
        app.statuscode = 1
        _set_aside(app)
        return
    # Jupyter Book would show its reader a traceback; it goes into a file, and what it says on the screen.
    log = Path(app.doctreedir).parent / LOG
    log.write_text("".join(traceback.format_exception(exception)), encoding="utf-8")
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(exception)).split()) or type(exception).__name__
    page = (
        f", at the page {app.env.docname}"
        if getattr(app, "env", None) and app.env.temp_data.get("docname")
        else ""
    )
    stop(app, f"The build stopped{page}: {said}\nThe details are in {log.parent.name}/{log.name}.")


def _set_aside(app: Sphinx) -> None:
    """Move pages that may be wrong or old away from where a reader looks for the book."""
    output = Path(app.outdir)
    if output.name != "html" or not any(output.glob("*.html")):
        return
    aside = output.with_name(NOT_CURRENT)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        output.rename(aside)
        sys.stderr.write(f"The build failed. What there is of its pages was moved to {aside.name}/.\n")
    except OSError:  # a page is open in another program, on Windows: take the pages, leave the rest
        for page in output.rglob("*.html"):
            page.unlink(missing_ok=True)


def _remove_pages_without_source(app: Sphinx) -> None:
    output = Path(app.outdir)
    made = {Path(app.builder.get_outfilename(docname)) for docname in app.env.all_docs}
    extra = {output / name for name in ("index.html", "search.html", "404.html")}
    for page in output.rglob("*.html"):
        if page not in made | extra and "_static" not in page.relative_to(output).parts:
            page.unlink()


def check_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Report what inside a notebook would let a failing or unexecuted cell pass."""
    if str(app.env.doc2path(docname)).endswith(".ipynb"):
        try:
            notebook = json.loads(source[0])
        except ValueError:
            return  # myst-nb says so, with the reason
        for fault in configuration.notebook_faults(docname, notebook):
            logger.warning(fault.words, location=docname, type="stp", subtype="notebook")


# -- finished pages ---------------------------------------------------------------------------

_LINK = re.compile(r"""<(?:a|img|link|script|source|iframe)\b[^>]*?\s(?:href|src)=(["'])(.*?)\1""", re.DOTALL)
_ID = re.compile(r"""\s(?:id|name)=(["'])(.*?)\1""")
_IMAGE = re.compile(r"<img\b[^>]*>", re.DOTALL)
_ALT = re.compile(r"""\salt=(["'])(.*?)\1""", re.DOTALL)
_INLINE = re.compile(
    r"<script\b(?![^>]*\ssrc=)[^>]*>|<style\b[^>]*>|<[a-zA-Z][^<>]*\s(?:style|on[a-z]+)=[^<>]*>"
)
_FOREIGN = re.compile(
    r"""<(?:img|script|iframe|source|video|audio|embed|object|input)\b[^>]*?\s(?:src|srcset|data)=["']?((?:https?:)?//[^"'\s>]+)"""
)
_FILE_LIKE = re.compile(r"\S*\.(?:png|jpe?g|gif|svg|webp)|\S*[/\\]\S*|[0-9a-fA-F_-]{16,}", re.IGNORECASE)


def page_faults(output: Path) -> Iterator[str]:
    """What is wrong with a folder of finished pages.

    Links that lead nowhere, images that say nothing, what is fetched from another host, and scripts
    and styles that stand on the page: the policy of ``theme`` would not let them do anything.
    """
    base = os.path.abspath(output)  # noqa: PTH100 - texts: a Path, and the disk, for each of thousands of links takes long
    pages = {
        os.path.normpath(os.path.join(base, name)): (output / name).read_text(encoding="utf-8")  # noqa: PTH118
        for name in sorted(path.relative_to(output).as_posix() for path in output.rglob("*.html"))
        if "_static" not in name.split("/")
    }
    ids: dict[str, set[str]] = {}
    exists: dict[str, bool] = {}
    for page, text in pages.items():
        where = page[len(base) + 1 :].replace("\\", "/")
        folder = os.path.dirname(page)  # noqa: PTH120
        for image in _IMAGE.findall(text):
            alt = _ALT.search(image)
            if alt is None or not alt[2].strip() or _FILE_LIKE.fullmatch(unescape(alt[2]).strip()):
                yield f"{where}: an image has no alt text that says what it shows: {image[:120]}"
        for inline in _INLINE.findall(text):
            yield (
                f"{where}: a script, style or handler stands on the page and would do nothing there: {inline[:120]}. "
                "Leave it out; a style belongs in _static/portfolio.css."
            )
        for address in _FOREIGN.findall(text):
            yield f"{where}: the page would fetch {address} from another host. Put the file beside the page instead."
        if where == "404.html":
            continue  # its links are the frame's, and may begin at the root of a server
        for target in sorted({unescape(match[2]) for match in _LINK.finditer(text)}):
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", target):
                continue
            address, fragment = urldefrag(target)
            path = page
            if address:
                path = os.path.normpath(os.path.join(folder, unquote(address.partition("?")[0])))  # noqa: PTH118
            if path not in exists:
                exists[path] = Path(path).is_file() or Path(path, "index.html").is_file()
            if not exists[path]:
                yield f"{where}: the link '{target}' leads to a file that does not exist"
            elif fragment and path in pages:
                if path not in ids:
                    ids[path] = {unescape(match[2]) for match in _ID.finditer(pages[path])}
                if unquote(fragment) not in ids[path]:
                    yield f"{where}: the link '{target}' leads to an anchor that does not exist"


def setup(app: Sphinx) -> None:
    """Count warnings from now on; begin before and finish after the work of every other extension."""
    app.stp_warnings = _Counter(app)  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").addHandler(app.stp_warnings)  # type: ignore[attr-defined]
    app.connect("config-inited", begin, priority=900)
    app.connect("config-inited", screen_sources, priority=920)
    app.connect("source-read", check_notebook, priority=400)
    app.connect("doctree-read", screen_output, priority=400)
    app.connect("build-finished", finish, priority=900)

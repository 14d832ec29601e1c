"""No fault passes: a build that reported anything ends with exit code 1, on every run until it is fixed.

Sphinx reports a fault of a page only when it reads that page, so a second run would pass in silence. A stamp
beside the doctrees is written after a build without warnings and only then; a build that finds none forgets
what it knew and reads everything again. Warnings are counted by a handler of our own, not by private names.
What is wrong with finished pages is ``pagecheck``'s matter.
"""

import atexit
import json
import logging as std_logging
import os
import re
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Container, Iterator
from contextlib import redirect_stderr, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import click
from markdown_it.token import Token
from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from stp_portfolio.book import notebooks
from stp_portfolio.book.pagecheck import page_faults
from stp_portfolio.book.panels import portfolio_of
from stp_portfolio.core import configuration, digests, disk, phrases
from stp_portfolio.core.findings import FaultsError, Finding, Refusal
from stp_portfolio.privacy import cleaning, decisions, leaving, sources
from stp_portfolio.show import pages

logger = logging.getLogger(__name__)

LOG = "error.log"  # the traceback of a build that stopped, for who wants it
NOT_CURRENT = "html-not-current"
# In the head of a page.
TEXT_NOTEBOOK = re.compile(r"^(?:jupytext|kernelspec):|^file_format: mystnb", re.MULTILINE)


STOP = (signal.SIGINT, signal.SIGTERM)
TERMINATED = 128 + signal.SIGTERM


class _Counter(std_logging.Handler):
    """Counts what is reported, and knows whether pages were written and the last build was clean."""

    count, clean, wrote = 0, False, False

    def __init__(self) -> None:
        super().__init__(std_logging.WARNING)
        self.signals: dict[int, Any] = {}  # what was done on a signal before the build

    def emit(self, record: std_logging.LogRecord) -> None:
        kind = f"{getattr(record, 'type', None)}.{getattr(record, 'subtype', None)}"
        self.count += kind not in configuration.MAY_BE_SUPPRESSED


_builds: WeakKeyDictionary[Sphinx, _Counter] = WeakKeyDictionary()


# -- before anything is read ------------------------------------------------------------------


def begin(app: Sphinx, config: Config) -> None:
    """Forget a build that was not clean; check records, configuration and sources; start the notebooks."""
    if threading.current_thread() is threading.main_thread():
        _builds[app].signals = {each: signal.signal(each, partial(_stopped, app)) for each in STOP}
    clean = _builds[app].clean = digests.was_clean(Path(app.doctreedir))
    Path(app.doctreedir, digests.STAMP).unlink(missing_ok=True)
    atexit.register(_set_aside, Path(app.outdir), Path(app.doctreedir))
    if not clean:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    try:
        portfolio_of(app)  # nothing is built from records that are wrong
        _check_configuration(app, config)
        notebooks.begin(app, config)
        _screen_sources(app)
    except Refusal as error:
        _stop(app, f"{error}\nNothing was built.")
    except Exception as error:  # noqa: BLE001 - whatever it is, no old page may look current
        _stop(app, _explained(app, error))


def again(app: Sphinx) -> None:
    """Make an application that has built ready to build once more: what follows from the files is new."""
    portfolio_of.cache_clear()
    app.env._pickled_doctree_cache.clear()  # of pages as they were; Sphinx keeps it for one build
    _count(app)
    begin(app, app.config)


def _count(app: Sphinx) -> None:
    """Count warnings from now on."""
    _builds[app] = _Counter()
    std_logging.getLogger("sphinx").addHandler(_builds[app])


def _check_configuration(app: Sphinx, config: Config) -> None:
    faults = list(configuration.faults(Path(app.srcdir)))
    if not faults:
        values = configuration.read_yaml(disk.read_text(Path(app.srcdir, "_config.yml")))
        fault, remedy = "is not a setting of Sphinx or of a loaded extension", "Check its spelling"
        own = (values.get("sphinx", {}).get("config") or {}).keys()
        for name in sorted(own - {*config.values, "extensions"}, key=str):
            where = f"sphinx/config/{name}"
            faults.append(Finding("setting-unknown", "_config.yml", fault, remedy, column=where))
    if faults:
        raise FaultsError("The book's configuration is at fault:", faults)


def _screen_sources(app: Sphinx) -> None:
    """An identifier in any source ends the build; what could not be read is said, and fails a release."""
    found = sources.identifiers(Path(app.srcdir), portfolio_of(app))
    if stops := [f"  {each}" for each in found if each.identifies and each.code not in leaving.NOT_READ]:
        raise Refusal("\n".join(["The sources hold what could identify a person:", *stops]))
    if unread := sorted({each.file for each in found if each.code in leaving.NOT_READ}):
        logger.info(f"Not read, so a release refuses it until you look at it: {', '.join(unread)}")


# -- as pages are read ------------------------------------------------------------------------


def swallowed(text: str, file: str) -> Iterator[Finding]:
    """What makes the rest of a Markdown text disappear, or run where nobody looks after it."""
    lines = text.splitlines()
    for token in pages.MARKDOWN.parse(text):
        first, after = token.map or (0, 0)
        for code, fault, remedy in _hiding(token, lines[first:after]):
            yield Finding(code, file, fault, remedy, first + 1)


def _hiding(token: Token, lines: list[str]) -> Iterator[tuple[str, str, str]]:
    in_head = token.type == "front_matter" and TEXT_NOTEBOOK.search(token.content)
    if in_head or token.info.startswith("{code-cell}"):
        fault = "a notebook written as text, whose numbers would go stale"
        yield "notebook-as-text", fault, "Save it as .ipynb (jupytext --to ipynb)"
    elif token.type in ("fence", "colon_fence") and not _closed(token.markup, lines[1:]):
        fault = f"'{lines[0].strip()[:40]}' is not closed, and hides what follows"
        yield "not-closed", fault, f"Put {token.markup} on a line of its own after it"
    elif token.type == "html_block" and "<!--" in token.content.rpartition("-->")[2]:
        yield "not-closed", "a comment is not closed, and hides what follows", "Put --> after it"


def _closed(markup: str, below: list[str]) -> bool:
    """Whether a fence ends with its own sign, and with none of another that begins inside it."""
    inside = [line.strip(" >\t") for line in below]
    begun = any(line.startswith(markup) and line.strip(markup[0]) for line in inside)
    return bool(inside) and not begun and set(inside[-1]) == {markup[0]}


def check_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Report what would hide a part of a page, or let a failing or unexecuted cell pass."""
    path = Path(str(app.env.doc2path(docname)))
    file = path.relative_to(app.srcdir).as_posix()
    found: list[Finding] = []
    if path.suffix != ".ipynb":
        found += swallowed(source[0], file)
        if not source[0].strip():
            found.append(Finding("page-empty", file, "is empty", "Write it, or take it out of _toc.yml"))
    else:
        with suppress(ValueError):  # no JSON: MyST-NB says so, with the reason
            found += configuration.notebook_faults(file, json.loads(source[0]))
    for finding in found:
        logger.warning(finding.words, location=(docname, finding.line), type="stp", subtype=finding.code)


def check_files(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Report every file that a page is made of, or leads to, and that no reader may get to see."""
    used = {docname: {env.doc2path(docname), *env.dependencies[docname]} for docname in env.all_docs}
    for name, (docnames, _) in [*env.images.items(), *env.dlfiles.items()]:
        for docname in docnames:
            used[docname].add(name)
    for docname, names in used.items():
        for name in sorted(map(str, names)):
            try:
                disk.inside(Path(app.srcdir), name)
            except disk.UnreadableError as error:
                said = f"'{Path(name).name}' {error.fault}. {error.remedy}"
                logger.warning(said, location=docname, type="stp", subtype=error.code)
    return []


# -- at the end -------------------------------------------------------------------------------


def note_written(app: Sphinx, *rest: object) -> None:
    """Remember that pages were written: only then is there something new to check."""
    _builds[app].wrote = True


def finish(app: Sphinx, exception: Exception | None) -> None:
    """After the build: check the finished pages, then stamp it as clean or set it aside."""
    build, output = _builds[app], Path(app.outdir)
    if exception is None and app.builder.name == "html":
        _remove_pages_without_source(app)
        _clean_copies(output, app.env.all_docs)
        if build.wrote or not build.clean:
            for finding in made_faults(app):
                logger.warning(str(finding), type="stp", subtype=finding.code)
    _let_go(build)
    if exception is not None:
        _stop(app, _explained(app, exception))
    if build.count:
        app.statuscode = 1
        _set_aside(output, Path(app.doctreedir))
    else:
        (Path(app.doctreedir).parent / LOG).unlink(missing_ok=True)
        disk.put(Path(app.doctreedir, digests.STAMP), digests.code())
        _say_address(app)


def _say_address(app: Sphinx) -> None:
    """Say which page to open, below Jupyter Book's own last line."""
    command = click.get_current_context(silent=True)
    said = phrases.SAID_ELSEWHERE in os.environ
    if command and app.builder.name == "html" and not app.quiet and not said:
        address = Path(app.outdir, "index.html").resolve().as_uri()
        command.call_on_close(partial(click.echo, f"Open {address}"))


def _clean_copies(output: Path, made: Container[str]) -> None:
    """Take out of all but the pages made here what files carry beside what they show."""
    for path in (path for path in output.rglob("*") if path.is_file()):
        name, raw = path.relative_to(output), path.read_bytes()
        if name.with_suffix("").as_posix() in made or leaving.is_shipped(name.as_posix(), raw):
            continue
        try:
            cleaned = cleaning.clean(path.name, raw)
        except Refusal as error:
            logger.warning(str(error), type="stp", subtype="cleaning")
            continue
        if cleaned != raw:
            disk.put(path, cleaned)


_sound: set[str] = set()  # hashes of files in which nothing was found: the preview asks again


def _made(app: Sphinx) -> dict[str, bytes]:
    """What the build made, by name: all but copies of the author's files."""
    output, computed = Path(app.outdir), Path(app.doctreedir).parent
    shown = [*app.env.images.items(), *app.env.dlfiles.items()]
    copies = {Path(name).name for file, (_, name) in shown if computed not in Path(app.srcdir, file).parents}
    files = sorted(path for path in output.rglob("*") if path.is_file() and path.name not in copies)
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in files}


def made_faults(app: Sphinx) -> list[Finding]:
    """What is wrong with all that was made: pages, search index, what notebooks drew. Copies are sources.

    Of what this process has seen before, it knows.
    """
    named, portfolio = _made(app), portfolio_of(app)
    known = decisions.known(portfolio.root, portfolio)
    texts = {text for _, text in known.allowed}
    days = repr(sorted(known.days)).encode()
    seen = {name: digests.digest([name.encode(), raw, days]) for name, raw in named.items()}
    found = leaving.screen([each for each in named.items() if seen[each[0]] not in _sound], None, known.days)
    _sound.update(() if found else seen.values())
    stops = [each for each in found if each.code == leaving.CERTAIN or each.value not in texts]
    wrong = (each for each in stops if each.code in (leaving.CERTAIN, leaving.IDENTIFIER))
    return [*page_faults(Path(app.outdir)), *wrong]


def _explained(app: Sphinx, error: Exception) -> str:
    """What an exception says, without the traceback that Jupyter Book would show: that goes into a file."""
    log = Path(app.doctreedir).parent / LOG
    disk.put(log, "".join(traceback.format_exception(error)))
    said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split()) or type(error).__name__
    env = getattr(app, "env", None)
    page = f", at the page {env.docname}" if env and env.temp_data.get("docname") else ""
    return f"The build stopped{page}: {said}\nThe details are in {log.parent.name}/{log.name}."


def _stop(app: Sphinx, message: str) -> NoReturn:
    """End the build at once with a message, and leave nothing that looks current."""
    notebooks.stop(app)
    _let_go(_builds[app])
    _set_aside(Path(app.outdir), Path(app.doctreedir))
    sys.stderr.write(f"\n{message}\n")
    raise SystemExit(1)


def _let_go(build: _Counter) -> None:
    """Count no more, and leave signals to who had them before."""
    std_logging.getLogger("sphinx").removeHandler(build)
    for number, before in build.signals.items():
        signal.signal(number, before)
    build.signals = {}


def _stopped(app: Sphinx, number: int, _: object) -> NoReturn:
    """End the build because somebody wants it to end, in one line and with all that it had started."""
    for each in STOP:
        signal.signal(each, signal.SIG_IGN)
    notebooks.stop(app)
    with redirect_stderr(None):
        _set_aside(Path(app.outdir), Path(app.doctreedir))
    if phrases.SAID_ELSEWHERE not in os.environ:
        sys.stderr.write(f"\n{phrases.STOPPED}\n")
    for each in STOP:
        signal.signal(each, signal.SIG_DFL)  # the exception is lost where an object is just being removed
    raise SystemExit(128 + number)


def _set_aside(output: Path, doctrees: Path) -> None:
    """Move pages that may be wrong or old away from where a reader looks for the book, unless they are clean.

    Asked again as the process ends, in whatever way: by a signal, or in the hands of another extension.
    """
    stamped = not doctrees.is_dir() or (doctrees / digests.STAMP).is_file()
    if stamped or output.name != "html" or not any(output.glob("*.html")):
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
    made, output = {*app.env.all_docs, "index", "search", "404"}, Path(app.outdir)
    for page in output.rglob("*.html"):
        name = page.relative_to(output).with_suffix("").as_posix()
        if name not in made and not name.startswith(("_static/", "_downloads/")):
            page.unlink()


def setup(app: Sphinx) -> None:
    """Count warnings from now on; begin before and finish after the work of every other extension."""
    _count(app)
    for name in ("myst_nb", "myst_parser"):  # each lists all of its settings
        std_logging.getLogger(f"sphinx.{name}").setLevel(std_logging.WARNING)
    app.connect("config-inited", begin, priority=900)
    app.connect("source-read", check_source, priority=400)
    app.connect("env-updated", check_files)
    app.connect("html-page-context", note_written)
    app.connect("build-finished", finish, priority=900)

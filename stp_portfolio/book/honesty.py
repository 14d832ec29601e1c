"""No fault passes: a build that reported anything ends with exit code 1, on every run until it is mended.

Sphinx reports a fault of a page only when it reads that page, so a second run would pass in silence.
A stamp beside the doctrees is written after a build without warnings and only then; a build that
finds none forgets what it knew and reads everything again. Nothing here relies on private names:
warnings are counted by a handler of our own.
"""

from __future__ import annotations

import logging as std_logging
import re
import shutil
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urldefrag

import yaml
from jupyter_book.config import PATH_JSON_SCHEMA, PATH_YAML_DEFAULT, get_validator
from myst_nb.core.render import strip_ansi
from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config
from sphinx.util import logging

from stp_portfolio import records
from stp_portfolio.book import freshness

logger = logging.getLogger(__name__)

STAMP = "stp-built-without-warnings"
NOT_CURRENT = "html-not-current"
# What the schema and the defaults of Jupyter Book 1.0 leave out of the keys that it does read.
_MORE_KEYS = {"project", "bibtex_reference_style", "html/use_multitoc_numbering", "html/navbar_footer_text"}
_OPEN_KEYS = {"sphinx/config", "sphinx/local_extensions", "latex/latex_documents", "parse/myst_substitutions"}
_TOC_KEYS = {
    *("format", "root", "meta", "defaults", "options"),
    *("parts", "chapters", "sections", "subtrees", "entries", "items"),
    *("file", "glob", "url", "title"),
    *("caption", "hidden", "maxdepth", "numbered", "reversed", "titlesonly"),
}
# Jupyter Book's own default; anything else would hide a fault.
_MAY_BE_SUPPRESSED = {"myst.domains"}


class _Counter(std_logging.Handler):
    """Counts what Sphinx and its extensions report, warnings and errors, suppressed by default or not."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__(std_logging.WARNING)
        self.app, self.count = app, 0

    def emit(self, record: std_logging.LogRecord) -> None:
        kind, subtype = getattr(record, "type", None), getattr(record, "subtype", None)
        if f"{kind}.{subtype}" not in _MAY_BE_SUPPRESSED:
            self.count += 1


def stop(app: Sphinx, message: str) -> NoReturn:
    """End the build at once with a message instead of a traceback, and leave nothing that looks current."""
    _set_aside(app)
    sys.stderr.write(f"\n{message}\n")
    raise SystemExit(1)


def begin(app: Sphinx, config: Config) -> None:
    """Before anything is read: forget a build that was not clean; check the records and the configuration."""
    stamp = Path(app.doctreedir, STAMP)
    clean = stamp.is_file() and stamp.read_text(encoding="utf-8") == freshness.code_digest()
    stamp.unlink(missing_ok=True)
    if not clean:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    try:
        app.stp_portfolio = records.load(Path(app.srcdir))  # type: ignore[attr-defined]
    except records.RecordsError as error:
        stop(app, f"{error}\nNothing was built.")
    if faults := [*_config_faults(app, config), *_toc_faults(app, config)]:
        heading = "The book's configuration is at fault:"
        stop(app, "\n".join([heading, *(f"  {fault}" for fault in faults), "Nothing was built."]))


def finish(app: Sphinx, exception: Exception | None) -> None:
    """After the build: check every link of the pages, then stamp it as clean or set it aside."""
    for docname, noted in getattr(app.env, "nb_metadata", {}).items() if exception is None else ():
        if error := (noted.get("exec_data") or {}).get("traceback"):
            lines = [line for line in strip_ansi(error).splitlines() if line.strip()]
            logger.warning(f"{docname}: a cell failed: {lines[-1]}", type="stp", subtype="cell")
    if exception is None and app.builder.format == "html":
        for fault in dead_links(Path(app.outdir)):
            logger.warning(fault, type="stp", subtype="link")
        _remove_pages_without_source(app)
    handler: _Counter = app.stp_warnings  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").removeHandler(handler)
    if exception is None and not handler.count:
        Path(app.doctreedir, STAMP).write_text(freshness.code_digest(), encoding="utf-8")
        return
    if exception is None:
        app.statuscode = 1
    _set_aside(app)


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
    extra = {output / name for name in ("index.html", "search.html", "genindex.html", "404.html")}
    for page in output.rglob("*.html"):
        if page not in made | extra and "_static" not in page.relative_to(output).parts:
            page.unlink()


# -- configuration ----------------------------------------------------------------------------


def _config_faults(app: Sphinx, config: Config) -> Iterator[str]:
    path = Path(app.srcdir, "_config.yml")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        yield f"_config.yml: cannot be read ({error}). Mend the line."
        return
    for error in get_validator().iter_errors(values):
        yield f"_config.yml, key {'/'.join(map(str, error.path))}: {error.message}. Correct the value."
    known = _known_keys()
    for key in _keys(values):
        if key not in known:
            yield f"_config.yml, key {key}: is not a key of Jupyter Book. Check its spelling and where it is indented."
    for name in values.get("sphinx", {}).get("config") or {}:
        if name not in config.values and name != "extensions":
            yield f"_config.yml, key sphinx/config/{name}: is not a setting of Sphinx or of a loaded extension. Check its spelling."
    for kind in set(config.suppress_warnings) - _MAY_BE_SUPPRESSED:
        yield f"_config.yml, key sphinx/config/suppress_warnings: '{kind}' would hide a fault. Remove it and mend the fault."


def _toc_keys(values: Any) -> Iterator[str]:
    for value in values if isinstance(values, list) else ():
        yield from _toc_keys(value)
    if isinstance(values, dict):
        for key, value in values.items():
            yield str(key)
            if key != "meta":
                yield from _toc_keys(value)


def _known_keys() -> set[str]:
    defaults = yaml.safe_load(PATH_YAML_DEFAULT.read_text(encoding="utf-8"))
    schema = yaml.safe_load(PATH_JSON_SCHEMA.read_text(encoding="utf-8"))
    return {*_keys(defaults), *_schema_keys(schema), *_MORE_KEYS}


def _keys(values: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        path = f"{above}{key}"
        yield path
        if isinstance(value, dict) and path not in _OPEN_KEYS:
            yield from _keys(value, f"{path}/")


def _schema_keys(schema: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        yield f"{above}{key}"
        yield from _schema_keys(value, f"{above}{key}/")


def _toc_faults(app: Sphinx, config: Config) -> Iterator[str]:
    """Keys that the table of contents misspells, and files it names that do not exist: both pass in silence."""
    toc = yaml.safe_load(Path(str(config.external_toc_path)).read_text(encoding="utf-8"))
    for key in _toc_keys(toc):
        if key not in _TOC_KEYS:
            yield f"_toc.yml, key {key}: is not a key of a table of contents. Check its spelling."
    site_map = getattr(config, "external_site_map", None)
    for docname in site_map or ():
        path = Path(app.srcdir, docname)
        if not path.is_file() and not any(
            path.with_name(path.name + ending).is_file() for ending in config.source_suffix
        ):
            yield f"_toc.yml: '{docname}' is a page that does not exist. Write it, or correct the path."


# -- links ------------------------------------------------------------------------------------

_LINK = re.compile(r"""<(?:a|img|link|script|source|iframe)\b[^>]*?\s(?:href|src)=(["'])(.*?)\1""", re.DOTALL)
_ID = re.compile(r"""\s(?:id|name)=(["'])(.*?)\1""")


def dead_links(output: Path) -> Iterator[str]:
    """The links in a folder of HTML that lead nowhere: no such file, or no such anchor in it."""
    ids: dict[Path, set[str]] = {}

    def ids_of(page: Path) -> set[str]:
        if page not in ids:
            ids[page] = {unescape(match[2]) for match in _ID.finditer(page.read_text(encoding="utf-8"))}
        return ids[page]

    exists: dict[Path, bool] = {}
    for page in sorted(output.rglob("*.html")):
        if "_static" in page.relative_to(output).parts:
            continue
        targets = {unescape(match[2]) for match in _LINK.finditer(page.read_text(encoding="utf-8"))}
        for target in sorted(targets):
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", target):
                continue
            address, fragment = urldefrag(target)
            path = page.parent / unquote(address.partition("?")[0]) if address else page
            path = path.resolve()
            if path not in exists:
                exists[path] = path.is_file() or (path / "index.html").is_file()
            where = page.relative_to(output).as_posix()
            if not exists[path]:
                yield f"{where}: the link '{target}' leads to a file that does not exist"
            elif fragment and path.suffix == ".html" and unquote(fragment) not in ids_of(path):
                yield f"{where}: the link '{target}' leads to an anchor that does not exist"


def setup(app: Sphinx) -> None:
    """Count warnings from now on; begin before and finish after the work of every other extension."""
    app.stp_warnings = _Counter(app)  # type: ignore[attr-defined]
    std_logging.getLogger("sphinx").addHandler(app.stp_warnings)  # type: ignore[attr-defined]
    app.connect("config-inited", begin, priority=900)
    app.connect("build-finished", finish, priority=900)

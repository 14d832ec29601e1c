"""What stands around the pages of a finished book: one stylesheet, the search, a feed, a site map.

Everything the theme brings that no page uses is taken out again: what is published is what is read.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import date
from html import escape, unescape
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import lightningcss
from sphinx.application import Sphinx

from stp_portfolio.book import panels, theme
from stp_portfolio.core import dates, digests, progress
from stp_portfolio.core.records import Portfolio
from stp_portfolio.show import sentences

FEED_ENTRIES = 20
_KEEP = ("language_data.js", theme.STYLESHEET, theme.SCRIPT, "search.js", theme.CARD)


# -- the stylesheet ---------------------------------------------------------------------------


def note_styles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Remember which stylesheets the theme and the extensions would load."""
    if not hasattr(app, "stp_styles"):
        names = [str(getattr(sheet, "filename", "") or "") for sheet in context.get("css_files", ())]
        app.stp_styles = [name.removeprefix("_static/") for name in names if name]  # type: ignore[attr-defined]


def stylesheet(app: Sphinx, pages: dict[Path, str]) -> str:
    """The theme's rules that some page uses, in a layer of their own, then the book's own rules.

    A rule outside a layer wins over every rule inside, so the book's own stay short. Rules for
    styles that stood on an element (see ``theme.mended``) come last.
    """
    static = Path(app.outdir, "_static")
    store = Path(app.doctreedir, "stp-theme.css")
    own = theme.own_files(app)
    names = ["basic.css", "styles/pydata-sphinx-theme.css", *getattr(app, "stp_styles", [])]
    sheets = [static / name for name in dict.fromkeys(names) if name not in own]
    if any(sheet.is_file() for sheet in sheets):  # copied there by this run; kept for runs that copy nothing
        store.write_text(
            "\n".join(s.read_text(encoding="utf-8") for s in sheets if s.is_file()), encoding="utf-8"
        )
    foreign = store.read_text(encoding="utf-8") if store.is_file() else ""
    foreign = re.sub(r"@import[^;]*;|@font-face\s*\{[^}]*\}|@charset[^;]*;", "", foreign)
    text = "\n".join(pages.values())
    used = {name for value in re.findall(r'\bclass="([^"]*)"', text) for name in value.split()}
    used |= set(re.findall(r'\bid="([^"]+)"', text))
    unused = set(re.findall(r"[.#](-?[A-Za-z_][\w-]*)", foreign)) - used
    rules = lightningcss.process_stylesheet(foreign, error_recovery=True, unused_symbols=unused, minify=True)
    book = "\n".join(own[name].read_text(encoding="utf-8") for name in own if name.endswith(".css"))
    styles = sorted(set(re.findall(r'\sdata-style="([^"]*)"', text)))
    book += "".join(
        f"\n[data-style={json.dumps(unescape(style))}] {{ {unescape(style)} }}" for style in styles
    )
    return f"@layer theme{{{rules}}}\n" + lightningcss.process_stylesheet(book, theme.STYLESHEET, minify=True)


# -- search -----------------------------------------------------------------------------------


def search_pages(app: Sphinx) -> str:
    """What the search knows beyond the words on a page: title, description, number, standards."""
    env, portfolio = app.env, panels.portfolio_of(app.env)
    known: dict[str, dict[str, Any]] = {
        name: {
            "title": env.titles[name].astext(),
            "description": theme.descriptions(env).get(name, ""),
            "keys": [],
            "standards": [],
        }
        for name in sorted(env.found_docs)
    }
    for activity in portfolio.activities:
        if activity.page not in known:
            continue
        number = str(activity.key.number)
        held = progress.evidence_for(portfolio, activity.key, portfolio.on)
        spoken = {key for piece in held for key in piece.standards}
        known[activity.page]["keys"] = [
            f"Activity {activity.key}", number, str(activity.key), f"DTA {number}", f"{activity.key.module} {number}",
        ]  # fmt: skip
        known[activity.page]["standards"] = [str(s.key) for s in portfolio.standards if s.key in spoken]
    return f"const PAGES = {json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(',', ':'))};\n"


# -- feed and site map ------------------------------------------------------------------------


def feed(portfolio: Portfolio, address: str) -> str:
    """The latest events of the records as an Atom feed (RFC 4287).

    Addresses are relative where the book does not know where it is published.
    """
    base = f"{address.rstrip('/')}/" if address else ""
    title = portfolio.settings.title
    name = uuid.uuid5(uuid.NAMESPACE_URL, base or title)
    entries = list(_entries(portfolio, base, name))
    latest = max(
        (event.date for event in portfolio.events if event.date <= portfolio.on), default=portfolio.on
    )
    home = f"<link href={quoteattr(base or 'index.html')}/>"
    itself = f'<link rel="self" href={quoteattr(f"{base}feed.xml")}/>'
    head = (
        f"<title>{escape(title)}</title><id>urn:uuid:{name}</id><updated>{_moment(latest)}</updated>"
        f"<author><name>{escape(portfolio.settings.role)}</name></author>{home}{itself}"
    )
    return "\n".join([
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={quoteattr(portfolio.settings.language)}>{head}',
        *entries,
        "</feed>\n",
    ])  # fmt: skip


def _entries(portfolio: Portfolio, base: str, name: uuid.UUID) -> Iterator[str]:
    for activity, event in progress.latest(portfolio, portfolio.on)[:FEED_ENTRIES]:
        what = sentences.happened(event)
        identity = uuid.uuid5(name, f"{event.date} {activity.key} {event.event}")
        yield (
            f"<entry><title>{escape(f'{activity.key} {activity.title}: {what}')}</title>"
            f"<id>urn:uuid:{identity}</id><updated>{_moment(event.date)}</updated>"
            f"<link href={quoteattr(f'{base}{activity.page}.html')}/>"
            f"<summary>{escape(f'{what} on {dates.written(event.date)}')}</summary></entry>"
        )


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def site_map(app: Sphinx) -> str:
    """The addresses of all pages, for search engines; the format asks for whole addresses."""
    base = str(app.config.html_baseurl).rstrip("/")
    pages = "\n".join(
        f"<url><loc>{escape(f'{base}/{name}.html')}</loc></url>" for name in sorted(app.env.found_docs)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{pages}\n</urlset>\n"
    )


# -- finishing --------------------------------------------------------------------------------


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write what stands around the pages, and take out what no page uses."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    pages = {path: text for path, text in pages.items() if "_static" not in path.relative_to(out).parts}
    # Where no page was written, only another stylesheet of the book's own can make another one.
    own = digests.digest(
        path.read_bytes() for name, path in theme.own_files(app).items() if name.endswith(".css")
    )
    noted = Path(app.doctreedir, "stp-own-styles")
    known = (
        noted.is_file() and noted.read_text(encoding="utf-8") == own and (static / theme.STYLESHEET).is_file()
    )
    if hasattr(app, "stp_styles") or not known:
        _write(static / theme.STYLESHEET, stylesheet(app, pages))
        _write(noted, own)
    for script in (theme.SCRIPT, "search.js"):
        _write(static / script, (theme.HERE / "assets" / script).read_text(encoding="utf-8"))
    _write(out / "searchpages.js", search_pages(app))
    portfolio, address = panels.portfolio_of(app.env), str(app.config.html_baseurl)
    _write(out / "feed.xml", feed(portfolio, address))
    if address:
        _write(out / "sitemap.xml", site_map(app))
    else:
        (out / "sitemap.xml").unlink(missing_ok=True)
    home = out / f"{app.config.root_doc}.html"
    if home.is_file():  # the address without a page shows the home page itself instead of leading to it
        _write(out / "index.html", home.read_text(encoding="utf-8"))
    _take_out(static, {*_KEEP, *(name for name in theme.own_files(app) if not name.endswith(".css"))})


def _write(path: Path, text: str) -> None:
    """Write a file unless it holds that text already."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _take_out(static: Path, keep: set[str]) -> None:
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(static).as_posix() not in keep:
            path.unlink()


def setup(app: Sphinx) -> None:
    """Note the stylesheets while pages are written; finish before ``honesty`` looks at the pages."""
    app.connect("html-page-context", note_styles, priority=950)
    app.connect("build-finished", finish, priority=800)

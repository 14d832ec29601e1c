"""The frame of a page: title, description, menu, the way to it and its neighbours; and what stands around the pages.

The theme (``theme/``) is the book's own: plain landmarks, words instead of icons, a menu that is a popover and
needs no script, and nothing inline, so that one strict policy holds on every page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from lxml import html
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from stp_portfolio.book.panels import portfolio_of
from stp_portfolio.core import digests, disk, progress

THEME = Path(__file__).parent / "theme"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
DESCRIPTION = 200  # characters, as much as a search engine shows
NEIGHBOURS = 20  # how many pages before and after the current one a long chapter lists in the menu
# What an extension brings, and what on a page says that it is needed there. Anything else of theirs stays away.
WHERE_USED = {"sphinx-design.min.css": "sd-", "design-tabs.js": "sd-tab-set"}
UNUSED = ("pygments.css", "mystnb.*.css", "translations.js")  # written by Sphinx and MyST-NB whatever a theme says


# -- what a page is about ---------------------------------------------------------------------


def describe(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the first words of a page that its author wrote, for descriptions and the search."""
    written = (
        " ".join(paragraph.astext().split())
        for paragraph in doctree.findall(nodes.paragraph)
        if not paragraph["classes"] and isinstance(paragraph.parent, nodes.section | nodes.document)
    )
    app.env.metadata[app.env.docname]["stp_description"] = _shortened(next(filter(None, written), ""))


def _shortened(text: str) -> str:
    """Whole sentences where at least one fits, else whole words."""
    if len(text) <= DESCRIPTION:
        return text
    sentences = re.match(rf"(.{{40,{DESCRIPTION - 1}}}[.?])\s", text)
    return sentences[1] if sentences else text[: DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


# -- finding one's way ------------------------------------------------------------------------


def title_of(env: BuildEnvironment, page: str) -> str:
    """The title of a page as text, or the page's name where it has none."""
    return env.titles[page].astext() if page in env.titles else page


def trail(env: BuildEnvironment, page: str) -> list[str]:
    """The pages above a page, outermost first, without the home page."""
    above = {child: parent for parent, children in env.toctree_includes.items() for child in children}
    found: list[str] = []
    while (page := above.get(page, "")) and page != env.config.root_doc and page not in found:
        found.insert(0, page)
    return found


def branch(env: BuildEnvironment, pages: Sequence[str], way: Sequence[str]) -> list[dict[str, Any]]:
    """The pages of one level as the menu lists them; only what lies on the ``way`` to the current page is open.

    A long level is cut to the neighbours of the current page: a menu that lists every page on every
    page grows with the square of the book.
    """
    here = next((page for page in pages if page in way), None)
    if len(pages) > 2 * NEIGHBOURS + 1:
        middle = pages.index(here) if here else 0
        pages = pages[max(0, middle - NEIGHBOURS) : middle + NEIGHBOURS + 1]
    return [
        {
            "page": page,
            "title": title_of(env, page),
            "open": page in way,
            "children": branch(env, env.toctree_includes.get(page, []), way) if page == here else [],
        }
        for page in pages
    ]


def contents_changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Every page shows titles of others, in its menu and at its foot: write those again that show an old one."""
    titles = [(page, title_of(env, page)) for page in sorted(env.titles)]
    now = digests.digest([repr((titles, sorted(env.toctree_includes.items()))).encode()])
    outdated = [page for page in env.found_docs if env.metadata[page].get("stp_contents") != now]
    for page in outdated:
        env.metadata[page]["stp_contents"] = now
    return outdated


# -- the page ---------------------------------------------------------------------------------


def frame(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Give the template what it shows around the text."""
    env, project = app.env, str(app.config.project)
    if pagename == "404" and app.config.html_baseurl:
        # A server shows it at any depth, so its links begin at the root of the server.
        base = urlsplit(str(app.config.html_baseurl)).path.rstrip("/")
        context["pathto"] = lambda name, resource=False: f"{base}/{name}" + ("" if resource else ".html")
    way = trail(env, pagename)
    heading = {"search": "Search", "404": "Page not found"}.get(pagename) or title_of(env, pagename)
    contents = env.tocs.get(env.config.root_doc, nodes.bullet_list()).findall(addnodes.toctree)
    body = context.get("body", "")
    context.update(
        stp_policy=POLICY,
        stp_sheets=list(_used(context["css_files"], body, app.config.html_css_files)),
        stp_scripts=list(_used(context["script_files"], body, app.config.html_js_files)),
        stp_heading=heading,
        stp_title=project if pagename == app.config.root_doc else f"{heading} – {project}",
        stp_description=env.metadata.get(pagename, {}).get("stp_description")
        or f"{heading}, in the book {project}.",
        stp_parts=[
            (part.get("caption"), branch(env, [page for _, page in part["entries"] if page], [*way, pagename]))
            for part in contents
        ],
        stp_trail=[(page, title_of(env, page)) for page in way],
        stp_contents=_on_this_page(context.get("toc", "")),
        stp_footer=[(page, title_of(env, page)) for page in app.config.stp_footer if page in env.titles],
        stp_edition="" if pagename in env.titles else app.config.stp_edition,  # pages have it in their text
        author=app.config.author,
    )


def _used(assets: Sequence[Any], body: str, own: Sequence[tuple[str, Any]]) -> Iterator[Any]:
    """The stylesheets or scripts that this page needs: the theme's, the portfolio's own, and an extension's."""
    names = {"book.css", *(name for name, _ in own)}
    for asset in assets:
        name = str(getattr(asset, "filename", None)).removeprefix("_static/")
        if name in names or (name in WHERE_USED and WHERE_USED[name] in body):
            yield asset


def _on_this_page(contents: str) -> str:
    """The headings below the title, as a list; empty where there are fewer than two."""
    below = html.fragment_fromstring(contents).find("li/ul") if contents else None
    return "" if below is None or len(below.findall(".//li")) < 2 else html.tostring(below, encoding="unicode")


# -- around the pages -------------------------------------------------------------------------


def not_found(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page that a web server shows for an address it does not know."""
    yield "404", {}, "404.html"


def search_pages(app: Sphinx) -> str:
    """What the search knows beyond the words on a page: title, description, number, standards."""
    env, portfolio = app.env, portfolio_of(app)
    known: dict[str, dict[str, Any]] = {
        page: {"title": title_of(env, page), "description": env.metadata[page].get("stp_description", "")}
        for page in sorted(env.found_docs)
    }
    for activity in portfolio.activities:
        if activity.page in known:
            module, number = activity.key
            held = progress.evidence_for(portfolio, activity.key, portfolio.on)
            standards = {str(key) for piece in held for key in piece.standards}
            known[activity.page]["keys"] = [
                *(f"Activity {activity.key}", str(number), str(activity.key), f"DTA {number}", f"{module} {number}")
            ]
            known[activity.page]["standards"] = [
                str(standard.key) for standard in portfolio.standards if str(standard.key) in standards
            ]
    return f"const PAGES = {json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(',', ':'))};\n"


def site_map(app: Sphinx) -> str:
    """The addresses of all pages, for search engines; the format asks for whole addresses."""
    base = str(app.config.html_baseurl).rstrip("/")
    pages = "\n".join(f"<url><loc>{escape(f'{base}/{page}.html')}</loc></url>" for page in sorted(app.env.found_docs))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{pages}\n</urlset>\n"
    )


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write what stands around the pages: the search's data, the site map, and the home page at the bare address."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    disk.put(out / "searchpages.js", search_pages(app))
    if app.config.html_baseurl:
        disk.put(out / "sitemap.xml", site_map(app))
    else:
        (out / "sitemap.xml").unlink(missing_ok=True)
    disk.put(out / "index.html", (out / f"{app.config.root_doc}.html").read_bytes())
    for pattern in UNUSED:
        for path in (out / "_static").glob(pattern):
            path.unlink()


def configure(app: Sphinx, config: Config) -> None:
    """Show every book in its own theme; Jupyter Book's settings are for another one."""
    config.html_theme, config.html_theme_options = "stp", {}
    config.html_use_index = False  # an empty page
    config.html_permalinks_icon = "#"


def setup(app: Sphinx) -> None:
    """Register the theme; describe pages as they are read, frame them as they are written."""
    app.add_config_value("stp_footer", [], "html", types=[list])
    app.add_html_theme("stp", str(THEME))
    app.connect("config-inited", configure)
    app.connect("doctree-read", describe, priority=300)
    app.connect("env-updated", contents_changed)
    app.connect("html-page-context", frame, priority=900)
    app.connect("html-collect-pages", not_found)
    app.connect("build-finished", finish, priority=800)

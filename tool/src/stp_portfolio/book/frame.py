"""The frame of a page: description, menu and the way to it; and what stands around the pages.

The theme (``theme/``) is the book's own: plain landmarks, words instead of icons, a menu that is a popover
and needs no script, and nothing inline, so that one strict policy holds on every page.
"""

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from lxml import html
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from stp_portfolio.book.panels import portfolio_of, standards_of
from stp_portfolio.core import digests, disk, progress

THEME = Path(__file__).parent / "theme"
DESCRIPTION = 200  # characters, as much as a search engine shows
NEIGHBOURS = 20  # how many pages before and after the current one a long chapter lists in the menu
# Written whatever a theme says.
UNUSED = ("pygments.css", "mystnb.*.css", "translations.js", "design-tabs.js")


# -- what a page is about ---------------------------------------------------------------------


def describe(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the first words of a page that its author wrote, for descriptions and the search."""
    written = (
        paragraph.astext()
        for paragraph in doctree.findall(nodes.paragraph)
        if not paragraph["classes"] and isinstance(paragraph.parent, nodes.section | nodes.document)
    )
    words = textwrap.shorten(next(filter(str.strip, written), ""), DESCRIPTION, placeholder=" …")
    app.env.metadata[app.env.docname]["stp_description"] = words


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
    """The pages of one level as the menu lists them; only the ``way`` to the current page is open.

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
    """Every page shows titles of others, in menu and foot: write those again that show an old one."""
    titles = [(page, title_of(env, page)) for page in sorted(env.titles)]
    now = digests.digest([repr((titles, sorted(env.toctree_includes.items()))).encode()])
    outdated = [page for page in env.found_docs if env.metadata[page].get("stp_contents") != now]
    for page in outdated:
        env.metadata[page]["stp_contents"] = now
    return outdated


# -- the page ---------------------------------------------------------------------------------


def frame(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Give the template what it shows around the text."""
    env = app.env
    if pagename == "404":
        base = str(app.config.html_baseurl)
        context["base"] = f"{urlsplit(base).path.rstrip('/')}/" if base else ""
        context["style"], context["hash_of"] = disk.read_text(THEME / "static/book.css"), digests.for_policy
    context["config"], context["titles"] = app.config, env.titles
    context["description"] = env.metadata.get(pagename, {}).get("stp_description")
    context["way"] = way = trail(env, pagename)
    context["menu"] = []
    for part in env.tocs.get(env.config.root_doc, nodes.bullet_list()).findall(addnodes.toctree):
        listed = [page for _, page in part["entries"] if page]
        context["menu"].append((part.get("caption"), branch(env, listed, [*way, pagename])))
    # The headings below the title, where there are two or more.
    below = html.fragment_fromstring(context.get("toc") or "<ul/>").find("li/ul")
    several = below is not None and len(below.findall(".//li")) > 1
    context["contents"] = html.tostring(below, encoding="unicode") if several else ""


def not_found(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page that a web server shows for an address it does not know."""
    yield "404", {}, "404.html"


# -- around the pages -------------------------------------------------------------------------


def search_pages(app: Sphinx) -> str:
    """What the search knows beyond the words on a page: title, description, number, standards."""
    env, portfolio = app.env, portfolio_of(app)
    known: dict[str, dict[str, Any]] = {
        page: {"title": title_of(env, page), "description": env.metadata[page].get("stp_description", "")}
        for page in sorted(env.found_docs)
    }
    for activity in portfolio.activities:
        if activity.page in known:
            key, number = activity.key, activity.key.number
            standards = [
                str(each.key) for each in standards_of(portfolio, progress.evidence_for(portfolio, key))
            ]
            keys = [f"Activity {key}", str(number), str(key), f"DTA {number}", f"{key.module} {number}"]
            known[activity.page] |= {"keys": keys, "standards": standards}
    return f"const PAGES = {json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(',', ':'))};\n"


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write what stands around the pages: search data, site map, the home page at the bare address."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    disk.put(out / "searchpages.js", search_pages(app))
    disk.put(out / "index.html", (out / f"{app.config.root_doc}.html").read_bytes())
    for pattern in ("sitemap.xml", *(f"_static/{name}" for name in UNUSED)):
        for path in out.glob(pattern):
            path.unlink()
    if base := str(app.config.html_baseurl).rstrip("/"):
        listed = {"base": base, "pages": sorted(app.env.found_docs)}
        disk.put(out / "sitemap.xml", app.builder.templates.render("sitemap.xml", listed))


def configure(app: Sphinx, config: Config) -> None:
    """Show every book in its own theme; Jupyter Book's settings are for another one."""
    config.html_theme, config.html_theme_options = "stp", {}
    config.html_use_index = False  # an empty page
    config.html_permalinks = False  # a heading would be read out twice; the list of contents leads to each
    config.html_math_renderer = "stp"  # of ``translator``


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

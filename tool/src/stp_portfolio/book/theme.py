"""The reader's page: its frame, its policy, and what the theme gets wrong, mended in one place.

The look is sphinx-book-theme's, but the frame around the text is the book's own (``templates/``): plain
landmarks, words instead of icons, a menu that is a popover and needs no script, and nothing inline, so
that one strict policy holds on every page. The body is mended as it is handed to the template.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinx_design.shared import create_component

from stp_portfolio.show import charts

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
STYLESHEET, SCRIPT, CARD = "book.css", "portfolio.js", "card.png"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
DESCRIPTION = 200  # characters, as much as a search engine or a card shows
_UNUSED_PARTS = (  # of the theme: the frame is our own
    "navbar_start", "navbar_center", "navbar_end", "navbar_persistent", "primary_sidebar_end", "secondary_sidebar_items",
    "article_header_start", "article_header_end", "article_footer_items", "content_footer_items",
    "footer_start", "footer_center", "footer_end", "footer_content_items",
)  # fmt: skip
NEIGHBOURS = 20  # how many pages before and after the current one a long chapter lists in the menu


# -- what a page is about ---------------------------------------------------------------------


def describe(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the first words of a page that its author wrote, for descriptions and the search."""
    for paragraph in doctree.findall(nodes.paragraph):
        written = paragraph.get("classes") == [] and isinstance(
            paragraph.parent, nodes.section | nodes.document
        )
        if written and (text := " ".join(paragraph.astext().split())):
            descriptions(app.env)[app.env.docname] = _shortened(text)
            return
    descriptions(app.env)[app.env.docname] = ""


def descriptions(env: BuildEnvironment) -> dict[str, str]:
    """What each page is about, in at most ``DESCRIPTION`` characters."""
    if not hasattr(env, "stp_descriptions"):
        env.stp_descriptions = {}  # type: ignore[attr-defined]
    return env.stp_descriptions  # type: ignore[attr-defined, no-any-return]


def _shortened(text: str) -> str:
    """Whole sentences where at least one fits, else whole words."""
    if len(text) <= DESCRIPTION:
        return text
    sentences = re.match(rf"(.{{40,{DESCRIPTION - 1}}}[.?])\s", text)
    return sentences[1] if sentences else text[: DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


# -- finding one's way ------------------------------------------------------------------------


def parts(env: BuildEnvironment) -> list[tuple[str, list[str]]]:
    """The parts of the contents: caption and pages."""
    root = env.tocs.get(env.config.root_doc)
    toctrees = root.findall(addnodes.toctree) if root is not None else ()
    return [
        (str(tree.get("caption") or ""), [page for _, page in tree["entries"] if page]) for tree in toctrees
    ]


def parents(env: BuildEnvironment) -> dict[str, str]:
    """The page that each page stands under."""
    return {child: parent for parent, children in env.toctree_includes.items() for child in children}


def trail(env: BuildEnvironment, docname: str, above: dict[str, str]) -> list[str]:
    """The pages above a page, outermost first, without the home page."""
    found: list[str] = []
    while (docname := above.get(docname, "")) and docname != env.config.root_doc and docname not in found:
        found.insert(0, docname)
    return found


def branch(
    env: BuildEnvironment, pages: Sequence[str], current: str, way: Sequence[str]
) -> list[dict[str, Any]]:
    """The pages of one level as the menu lists them; only what lies on the way to ``current`` is open.

    A long level is cut to the neighbours of the current page: a menu that lists every page on every
    page grows with the square of the book.
    """
    here = next((page for page in pages if page == current or page in way), None)
    if len(pages) > 2 * NEIGHBOURS + 1:
        middle = pages.index(here) if here else 0
        pages = pages[max(0, middle - NEIGHBOURS) : middle + NEIGHBOURS + 1]
    return [
        {
            "page": page,
            "title": env.titles[page].astext() if page in env.titles else page,
            "open": page in way,
            "children": branch(env, env.toctree_includes.get(page, []), current, way) if page == here else [],
        }
        for page in pages
    ]


def contents_changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Every page shows titles of others, in its menu and at its foot: write all when one has changed."""
    now = repr(
        [(page, env.titles[page].astext()) for page in sorted(env.titles)]
        + sorted(env.toctree_includes.items())
    )
    before = getattr(env, "stp_contents", None)
    env.stp_contents = now  # type: ignore[attr-defined]
    return [] if before in (now, None) else sorted(env.found_docs)


# -- the page ---------------------------------------------------------------------------------


def page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Give the template what it shows, and mend the body."""
    env = app.env
    if pagename == "404" and app.config.html_baseurl:
        # A server shows it at any depth, so its links begin at the root of the server.
        base = urlsplit(str(app.config.html_baseurl)).path.rstrip("/")
        context["pathto"] = lambda name, resource=False: f"{base}/{name}" + ("" if resource else ".html")
    above = getattr(app, "stp_parents", None)
    if above is None:
        above = app.stp_parents = parents(env)  # type: ignore[attr-defined]
    way = trail(env, pagename, above)
    titles = {name: env.titles[name].astext() for name in (pagename, *way) if name in env.titles}
    heading = titles.get(pagename) or {"search": "Search", "404": "Page not found"}.get(pagename, pagename)
    project = str(app.config.project)
    context.update(
        stp_policy=POLICY,
        stp_stylesheet=STYLESHEET,
        stp_script=SCRIPT,
        stp_scripts=list(_own_scripts(app, context.get("script_files", ()))),
        stp_heading=heading,
        stp_title=project if pagename == app.config.root_doc else f"{heading} – {project}",
        stp_description=descriptions(env).get(pagename) or f"{heading}, in the book {project}.",
        stp_parts=[
            {"caption": caption, "pages": branch(env, pages, pagename, way)} for caption, pages in parts(env)
        ],
        stp_trail=[{"page": name, "title": titles.get(name, name)} for name in way],
        stp_contents=_on_this_page(context),
        stp_footer=_footer(app, context),
        stp_card=f"{str(app.config.html_baseurl).rstrip('/')}/_static/{CARD}",
        stp_edition="" if pagename in env.titles else app.config.stp_edition,  # pages have it in their text
        author=app.config.author,
        copyright=app.config.copyright,
    )
    if "body" in context:
        context["body"] = mended(context["body"])


def _on_this_page(context: dict[str, Any]) -> str:
    """The headings below the title, as a list; empty where there are fewer than two."""
    inner = re.search(r"<ul>.*</ul>(?=\s*</li>\s*</ul>)", context.get("toc", "")[4:], re.DOTALL)
    return inner[0] if inner and inner[0].count("<li>") > 1 else ""


def _footer(app: Sphinx, context: dict[str, Any]) -> Iterator[dict[str, str]]:
    for name in app.config.stp_footer:
        if name in app.env.titles:
            yield {"href": context["pathto"](name), "title": app.env.titles[name].astext()}
    yield {"href": context["pathto"]("feed.xml", resource=True), "title": "Feed of what is new"}


def _own_scripts(app: Sphinx, scripts: Sequence[Any]) -> Iterator[Any]:
    """The scripts that lie in the book's own ``_static``; the theme's are not needed."""
    for script in scripts:
        name = str(getattr(script, "filename", "") or "")
        if name.removeprefix("_static/") in own_files(app):
            yield script


def own_files(app: Sphinx) -> dict[str, Path]:
    """The files of the book's own ``_static``, by their path in it; extensions have folders of their own."""
    return _files_below(Path(app.srcdir, "_static"))


@cache
def _files_below(base: Path) -> dict[str, Path]:
    return {path.relative_to(base).as_posix(): path for path in sorted(base.rglob("*")) if path.is_file()}


_BOX = re.compile(r'<input class="task-list-item-checkbox"([^>]*)>')
_PERMALINK = re.compile(r'(<h[2-6][^>]*>)(.*?)<a class="headerlink" href="([^"]*)" title="[^"]*">')


def mended(body: str) -> str:
    """The body of a page without what accessibility rules and the policy do not allow.

    Styles that stand on an element become an attribute, for which the stylesheet gets a rule; a
    ticked box and a section's link get a name; an empty heading cell becomes a cell; styles in outputs
    of pandas go; the section round the whole page is none.
    """
    body = re.sub(r"<style scoped>.*?</style>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"(<[a-zA-Z][^<>]*?)\sstyle=\"", r'\1 data-style="', body)
    body = _PERMALINK.sub(_named_permalink, body)
    body = re.sub(
        r'<a class="headerlink" href="#id\d+"[^>]*>[^<]*</a>', "", body
    )  # names that change with the page
    body = re.sub(r'(<a class="headerlink" href="[^"]*") title="', r'\1 aria-label="', body)
    body = _BOX.sub(
        lambda box: f'{box[0][:-1].rstrip(" /")} aria-label="{"Done" if "checked" in box[1] else "To do"}">',
        body,
    )
    body = re.sub(r"<th([^>]*)>\s*(?:<p>\s*</p>)?\s*</th>", r"<td\1></td>", body)
    # The title is the article's own heading, not that of a section within it.
    whole = re.fullmatch(r"(\s*)<section([^>]*)>(\s*<h1.*)</section>(\s*)", body, re.DOTALL)
    if whole and body.count("<h1") == 1:
        body = f"{whole[1]}<div data-page{whole[2]}>{whole[3]}</div>{whole[4]}"
    return body


def _named_permalink(found: re.Match[str]) -> str:
    heading, title, address = found.groups()
    name = escape(" ".join(unescape(re.sub(r"<[^>]+>", "", title)).split()))
    return f'{heading}{title}<a class="headerlink" href="{address}" aria-label="Link to the section: {name}">'


# -- formulas and toggles ---------------------------------------------------------------------


def visit_formula(translator: HTML5Translator, node: nodes.Element) -> None:
    """A formula as a drawing with its TeX as text: no script, no other host."""
    block = isinstance(node, nodes.math_block)
    tex = node.astext().strip()
    try:
        drawn = charts.formula(tex, block=block)
    except ValueError as error:
        logger.warning(str(error), location=node, type="stp", subtype="formula")
        drawn = ""
    else:
        height = re.search(r'height="([0-9.]+)pt"', drawn)
        name = f"formula-{hashlib.sha256(tex.encode()).hexdigest()[:8]}"
        drawn = charts.inline_svg(drawn, name, f"Formula: {tex}", "stp-formula")
        size = f'height="{float(height[1]) / 11:.3f}em"' if height else ""  # drawn for letters of 11 points
        drawn = drawn.replace("<svg ", f"<svg {size} ", 1)
    translator.body.append(f"<div>{drawn}</div>\n" if block else drawn)
    raise nodes.SkipNode


class Fold(SphinxPostTransform):
    """A box of the class ``dropdown`` opens and closes without a script, as sphinx-design's own does."""

    default_priority = 190  # before sphinx-design turns its dropdowns into HTML
    formats = ("html",)

    def run(self, **options: Any) -> None:
        """Replace each such box by a dropdown."""
        for box in list(self.document.findall(nodes.Admonition)):
            if not isinstance(box, nodes.Element) or "dropdown" not in box["classes"]:
                continue
            inside = list(box.children)
            title = (
                inside.pop(0)
                if isinstance(inside[0], nodes.title)
                else nodes.title(text=box.tagname.capitalize())
            )
            fold = create_component(
                "dropdown", opened=False, type="dropdown", has_title=True, icon=None, chevron=None,
                container_classes=["sd-mb-3"], title_classes=[], body_classes=[],
            )  # fmt: skip
            fold += nodes.rubric("", "", *title.children)
            fold += inside
            box.replace_self(fold)


def not_found(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page that a web server shows for an address it does not know."""
    yield "404", {}, "404.html"


def configure(app: Sphinx, config: Config) -> None:
    """Put the book's templates before the theme's, and switch off what no page shows."""
    config.templates_path = [str(HERE / "templates"), *config.templates_path]
    config.html_use_index = False  # an empty page
    # The theme renders each of its parts on every page to see whether it is empty, the menu of all pages first.
    config.html_sidebars = {"**": []}
    config.html_theme_options = {**config.html_theme_options, **{part: [] for part in _UNUSED_PARTS}}
    config.html_math_renderer = "stp"


def setup(app: Sphinx) -> None:
    """Describe pages as they are read; frame and mend them as they are written."""
    app.add_config_value("stp_footer", [], "html", types=[list])
    app.add_html_math_renderer(
        "stp", inline_renderers=(visit_formula, None), block_renderers=(visit_formula, None)
    )
    app.add_post_transform(Fold)
    app.connect("config-inited", configure)
    app.connect("doctree-read", describe, priority=300)
    app.connect("env-updated", contents_changed)
    app.connect("html-page-context", page, priority=900)
    app.connect("html-collect-pages", not_found)

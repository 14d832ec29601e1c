"""The Sphinx builder: one PDF of the book, one of each activity, and a plain narrative ready to paste.

Every PDF is compiled as PDF/UA-1 and PDF/A-2a at once; Typst refuses to write a file that is not. The
sources are kept, so ``portfolio export`` needs no Sphinx while nothing has changed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from stp_portfolio.core import dates, digests, reading
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.pdf import fonts, setting, typesetting, writer
from stp_portfolio.pdf.package import BOOK, ONLY, file_stem
from stp_portfolio.pdf.typesetting import content, opening, quoted
from stp_portfolio.privacy.pictures import clean_picture
from stp_portfolio.show import charts, sentences, tables

logger = logging.getLogger(__name__)


MANY_PAGES = 100  # a book of more is exported seldom, and a page takes 10 ms


class EportfolioBuilder(Builder):
    """Writes ``portfolio.pdf``, a PDF and a narrative for each activity."""

    name = "eportfolio"
    format = "typst"
    epilog = "The PDFs are in %(outdir)s."
    allow_parallel = False

    def init(self) -> None:
        """Nothing to prepare."""

    def get_outdated_docs(self) -> Iterable[str]:
        """Every page belongs to the book's PDF."""
        return self.env.found_docs

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Where a page stands in the published book, from its root."""
        return f"{docname}.html"

    def prepare_writing(self, docnames: Set[str]) -> None:
        """Nothing to prepare."""

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Pages are written together, by ``write``."""

    def write(
        self, build_docnames: Iterable[str] | None, updated_docnames: Iterable[str], method: str = "update"
    ) -> None:
        """Write everything. A fault is reported, never raised: Sphinx would forget what it knows."""
        folder = Path(self.app.doctreedir).parent / setting.FOLDER
        for problem in self.write_sources(folder):
            logger.warning(problem, type="stp", subtype="eportfolio")
        chosen = set(filter(None, os.environ.get(ONLY, "").split(";")))
        for remark in setting.set_all(folder, Path(self.outdir), chosen, logger.info):
            logger.warning(remark, type="stp", subtype="eportfolio")

    def write_sources(self, work: Path) -> list[str]:
        """Write the Typst sources of all PDFs, their pictures and the narratives; returns what cannot be set."""
        portfolio = reading.load(Path(self.srcdir))
        setting.empty(work)
        typesetting.put_template(work)
        stems = {activity.page: file_stem(activity) for activity in portfolio.activities}
        sources: dict[str, str] = {}
        texts: dict[str, str] = {}
        problems: list[str] = []
        for docname in self._order():
            sheet = writer.Sheet(docname, Path(self.srcdir), self.config.html_baseurl)
            tree = self.env.get_and_resolve_doctree(docname, self)
            sources[docname] = writer.document(sheet, tree)
            if docname in stems:
                texts[stems[docname]] = narrative(tree)
            problems += sheet.problems
            for note in sheet.notes:
                logger.info(note)
            for name, path in sheet.pictures.items():
                _copy_picture(path, work / name)
        if said := fonts.report():
            logger.info(said)
        pdfs = {"": BOOK.removesuffix(".pdf")}
        (work / f"{pdfs['']}.typ").write_text(
            _book(portfolio, self.config.stp_edition, sources), encoding="utf-8"
        )
        for activity in portfolio.activities:
            if activity.page in sources:
                stem = pdfs[str(activity.key)] = stems[activity.page]
                source = _single(portfolio, activity, self.config, sources[activity.page])
                (work / f"{stem}.typ").write_text(source, encoding="utf-8")
        made_of = "" if problems else digests.tree(Path(self.srcdir))
        setting.keep(work, setting.Sources(made_of, portfolio.on.isoformat(), pdfs, texts))
        return problems

    def _order(self) -> Iterator[str]:
        """The pages in the order of the contents."""
        yield self.config.root_doc
        seen = {self.config.root_doc}
        pending = list(self.env.toctree_includes.get(self.config.root_doc, ()))
        while pending:
            docname = pending.pop(0)
            if docname not in seen:
                seen.add(docname)
                yield docname
                pending = [*self.env.toctree_includes.get(docname, ()), *pending]


def _copy_picture(source: Path, target: Path) -> None:
    """A picture from its pixels alone: what it carries beside them stays behind."""
    if source.suffix.lower() == ".svg":
        shutil.copyfile(source, target)
        return
    shutil.copyfile(source, target)
    clean_picture(target)


def _book(portfolio: Portfolio, edition: str, sources: dict[str, str]) -> str:
    settings = portfolio.settings
    kind = edition or "Public edition"
    cover = (
        f'#v(30%)\n#text(size: 26pt, weight: "bold")[{content(settings.title)}]\n\n'
        f"#text(size: 14pt)[{content(settings.role)}]\n\n"
        f"{content(f'Curriculum {settings.curriculum}')}\n\n"
        f"{content(f'As it stood on {dates.written(portfolio.on)}')}\n\n{content(kind)}\n\n"
        f"{content(sentences.example_line(portfolio))}\n\n#pagebreak()\n#outline(title: [Contents], depth: 1)\n"
    )
    pages = "\n".join(f"#pagebreak(weak: true)\n{source}" for source in sources.values())
    return f"{opening(settings, settings.title, f'{settings.title} · {kind}')}{cover}{pages}\n"


def _single(portfolio: Portfolio, activity: Activity, config: Config, source: str) -> str:
    """A PDF that stands alone: whose it is, which activity, and where the book is published."""
    settings = portfolio.settings
    running = f"{activity.key} {activity.title} · {settings.role}"
    head = f"#text(size: 9pt, fill: muted)[{content(f'{settings.title} · {settings.role} · as it stood on {dates.written(portfolio.on)}')}]\n\n"
    tail = ""
    if config.html_baseurl:
        url = f"{config.html_baseurl.rstrip('/')}/{activity.page}.html"
        tail = f"\n\n#rule()\n{content('This page in the published book: ')}#link({quoted(url)})[{content(url)}]\n"
    return f"{opening(settings, activity.heading, running)}{head}{source}{tail}"


def narrative(tree: nodes.document) -> str:
    """The page as plain text for the form's box: no marks, no panels, headings on lines of their own."""
    lines: list[str] = []
    for node in tree.findall():
        if isinstance(node, nodes.title) and isinstance(node.parent, nodes.section):
            lines += ["", node.astext(), ""] if lines else [node.astext(), ""]
        elif isinstance(node, nodes.paragraph) and not _in_panel(node):
            mark = "- " if isinstance(node.parent, nodes.list_item) and node.parent.index(node) == 0 else ""
            lines += [mark + " ".join(node.astext().split()), ""]
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _in_panel(node: nodes.Element) -> bool:
    classes = {name for each in _with_parents(node) for name in each.get("classes", ())}
    return bool(classes & {"stp-facts", "stp-example", "stp-edition", "stp-table"})


def _with_parents(node: nodes.Element) -> Iterator[nodes.Element]:
    while isinstance(node, nodes.Element):
        yield node
        node = node.parent


def note_first(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Remember whether this build reads every page."""
    app.stp_first = len(docnames) == len(env.found_docs)  # type: ignore[attr-defined]


def write_sources_too(app: Sphinx, exception: Exception | None) -> None:
    """After a first build, write the sources of the PDFs as well: an export that follows needs no Sphinx.

    All is in memory then, so it takes a sixth of the time of a run of its own. A later build writes none:
    whoever looks at a page again and again waits for nothing. What cannot be set is said by the export.
    """
    first = (
        getattr(app, "stp_first", False) and len(app.env.found_docs) <= MANY_PAGES
        if exception is None
        else False
    )
    if not first or app.builder.format != "html":
        return
    builder, folder = app.builder, Path(app.doctreedir).parent / setting.FOLDER
    try:
        with logging.suppress_logging():
            app.builder = EportfolioBuilder(app, app.env)  # what resolves a page asks the application for it
            app.builder.write_sources(folder)
    except Exception:  # noqa: BLE001 - of whatever kind, it is no fault of the web pages
        setting.empty(folder)
    finally:
        app.builder = builder


def offer_outputs(app: Sphinx, config: Config) -> None:
    """Tell myst-nb which forms of an output this builder can set: always, so that no builder reads pages again."""
    known = [
        (tables.MIME, 1),
        (charts.MIME, 1),
        ("text/markdown", 5),
        ("image/svg+xml", 6),
        ("image/png", 7),
        ("image/jpeg", 8),
        ("text/plain", 9),
    ]
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        *(("eportfolio", mime, rank) for mime, rank in known),
    ]


def setup(app: Sphinx) -> None:
    """Register the builder and what it can show of a notebook."""
    app.add_builder(EportfolioBuilder)
    app.connect("config-inited", offer_outputs, priority=100)
    app.connect("env-before-read-docs", note_first)
    app.connect("build-finished", write_sources_too, priority=850)

"""The Sphinx builder: one PDF of the book, one of each activity, and a plain narrative ready to paste.

Every PDF is compiled as PDF/UA-1 and PDF/A-2a at once; Typst refuses to write a file that is not.
"""

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.util import logging

from stp_portfolio.core import dates, disk, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.pdf.package import BOOK, ONLY, file_stem
from stp_portfolio.pdf.typesetting import TypesettingError, compiled, letters_named, opening
from stp_portfolio.pdf.writer import PageWriter, Tree, report
from stp_portfolio.show import charts, sentences, tables

logger = logging.getLogger(__name__)

# What a notebook's output may be in a PDF, the best first.
OUTPUTS = [tables.MIME, charts.MIME, "text/markdown"]
OUTPUTS += ["image/svg+xml", "image/png", "image/jpeg", "text/html", "text/plain"]
PANELS = {"stp-facts", "stp-example", "stp-edition", "stp-table"}  # generated, and no part of a narrative


class EportfolioBuilder(Builder):
    """Writes ``portfolio.pdf``, a PDF and a narrative for each activity; or for those asked for alone."""

    name = "eportfolio"
    format = "typst"
    epilog = "The PDFs are in %(outdir)s."
    allow_parallel = False

    def get_outdated_docs(self) -> str:
        """Every page belongs to the book's PDF."""
        return "all that is exported"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Where a page stands in the published book, from its root."""
        return f"{docname}.html"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """The same from every page: the writer knows where it is."""
        return self.get_target_uri(to)

    def write(
        self, build_docnames: Iterable[str] | None, updated_docnames: Iterable[str], method: str = "update"
    ) -> None:
        """Write everything. A fault is reported, never raised: Sphinx would forget what it knows."""
        try:
            self._write()
        except (OSError, Refusal) as error:
            report(f"the PDFs were not written: {error}")

    def _write(self) -> None:
        out = Path(self.outdir)
        for old in (*out.glob("*.pdf"), *out.glob("*.txt")):
            old.unlink()
        portfolio = reading.load(Path(self.srcdir))
        asked = os.environ.get(ONLY, "").split()
        activities = {each.page: each for each in portfolio.activities if not asked or str(each.key) in asked}
        wanted = activities if asked else self.env.found_docs
        pages, sources = [], {}
        with TemporaryDirectory(prefix="portfolio-") as pictures:
            in_order = [docname for docname in self.env.collect_relations() if docname in wanted]
            for docname in in_order:
                tree = self.env.get_and_resolve_doctree(docname, self)
                page = PageWriter(docname, Path(self.srcdir), Path(pictures), self.config.html_baseurl)
                pages.append(page.document(tree))
                if activity := activities.get(docname):
                    disk.put(out / f"{file_stem(activity)}.txt", narrative(tree))
                    sources[f"{file_stem(activity)}.pdf"] = self._single(portfolio, activity, pages[-1])
            if not asked:  # first, since it takes as long as all the others
                sources = {BOOK: self._book(portfolio, pages), **sources}
            _set(sources, portfolio.on, Path(pictures), out)

    def _book(self, portfolio: Portfolio, pages: list[str]) -> str:
        """The PDF of the whole book: a cover, the contents, and every page in their order."""
        day, example = dates.written(portfolio.on), sentences.example_line(portfolio)
        about = {"day": day, "edition": self.config.stp_edition or "Public edition", "example": example}
        head = opening("book", portfolio.settings, title=portfolio.settings.title, **about)
        return head + "".join(f"\n#pagebreak(weak: true)\n{page}" for page in pages)

    def _single(self, portfolio: Portfolio, activity: Activity, page: str) -> str:
        """A PDF that stands alone: whose it is, which activity, and where the book is published."""
        settings, day, base = portfolio.settings, dates.written(portfolio.on), self.config.html_baseurl
        running = f"{activity.key} {activity.title} · {settings.role}"
        whose = f"{settings.title} · {settings.role} · as it stood on {day}"
        url = base and f"{base.rstrip('/')}/{activity.page}.html"
        head = opening("single", settings, title=activity.heading, running=running, whose=whose, url=url)
        return head + page


def _set(sources: dict[str, str], on: date, pictures: Path, out: Path) -> None:
    """Compile sources by the name of their PDF, dated ``on``, into ``out``."""
    if said := letters_named():
        logger.info(said)
    with ThreadPoolExecutor() as pool:  # Typst works outside of Python's lock
        jobs = {name: pool.submit(compiled, source, on, pictures) for name, source in sources.items()}
        for name, job in jobs.items():
            logger.info("setting %s", name)
            try:
                disk.put(out / name, job.result())
            except TypesettingError as error:
                report(f"{name} was not written: {error}")


def narrative(tree: Tree) -> str:
    """The page as plain text for the form's box: no marks, no panels, headings on lines of their own.

    Takes the panels out of the tree.
    """
    for node in list(tree.findall(nodes.Element)):
        if PANELS & set(node["classes"]):
            node.parent.remove(node)
    lines: list[str] = []
    for node in tree.findall():
        if isinstance(node, nodes.title) and isinstance(node.parent, nodes.section):
            lines += ["", node.astext(), ""]
        elif isinstance(node, nodes.paragraph):
            first = isinstance(node.parent, nodes.list_item) and node.parent.index(node) == 0
            lines += [("- " if first else "") + " ".join(node.astext().split()), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def offer_outputs(app: Sphinx, config: Config) -> None:
    """Tell myst-nb which outputs this builder can set: always, so that no builder reads pages again."""
    known = [("eportfolio", mime, rank) for rank, mime in enumerate(OUTPUTS, start=1)]
    config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, *known]

"""The Sphinx builder: one PDF of the book, one of each activity, and a plain narrative ready to paste.

Every PDF is compiled as PDF/UA-1 and PDF/A-2a at once; Typst refuses to write a file that is not.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from stp_portfolio.pdf import fonts, typesetting
from stp_portfolio.pdf.package import BOOK, ONLY, file_stem
from stp_portfolio.pdf.typesetting import call, content, opening, quoted
from stp_portfolio.pdf.writer import PageWriter, Tree
from stp_portfolio.privacy.pictures import clean_picture
from stp_portfolio.show import charts, sentences, tables

logger = logging.getLogger(__name__)

# What a notebook's output may be in a PDF, the best first.
OUTPUTS = (
    *(tables.MIME, charts.MIME, "text/markdown"),
    *("image/svg+xml", "image/png", "image/jpeg", "text/html", "text/plain"),
)
PANELS = {"stp-facts", "stp-example", "stp-edition", "stp-table"}  # generated, and no part of a narrative


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the book as Typst, and as plain text."""

    source: str
    narrative: str


class EportfolioBuilder(Builder):
    """Writes ``portfolio.pdf``, a PDF and a narrative for each activity; or those of the activities asked for."""

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
            _report(f"The PDFs were not written: {error}")

    def _write(self) -> None:
        out = Path(self.outdir)
        for old in (*out.glob("*.pdf"), *out.glob("*.txt")):
            old.unlink()
        portfolio = reading.load(Path(self.srcdir))
        asked = os.environ.get(ONLY, "").split()
        activities = [each for each in portfolio.activities if not asked or str(each.key) in asked]
        wanted = {each.page for each in activities} if asked else self.env.found_docs
        with TemporaryDirectory(prefix="portfolio-") as folder:
            pictures = Path(folder)
            # In the order of the contents.
            pages = {
                each: self._page(each, pictures) for each in self.env.collect_relations() if each in wanted
            }
            sources = {} if asked else {BOOK: _book(portfolio, self.config.stp_edition, pages)}
            for activity in activities:
                if page := pages.get(activity.page):
                    stem = file_stem(activity)
                    disk.put(out / f"{stem}.txt", page.narrative)
                    sources[f"{stem}.pdf"] = self._single(portfolio, activity, page.source)
            _set(sources, portfolio.on, pictures, out)

    def _page(self, docname: str, pictures: Path) -> Page:
        """Write one page, and put the pictures on it into a folder."""
        tree = self.env.get_and_resolve_doctree(docname, self)
        writer = PageWriter(docname, Path(self.srcdir), self.config.html_baseurl)
        source = writer.document(tree)
        for problem in writer.problems:
            _report(problem)
        for note in writer.notes:
            logger.info(note)
        for name, path in writer.pictures.items():
            _copy_picture(path, pictures / name)
        return Page(source, narrative(tree))

    def _single(self, portfolio: Portfolio, activity: Activity, source: str) -> str:
        """A PDF that stands alone: whose it is, which activity, and where the book is published."""
        settings, day = portfolio.settings, dates.written(portfolio.on)
        head = call("whose", f"{settings.title} · {settings.role} · as it stood on {day}")
        running = f"{activity.key} {activity.title} · {settings.role}"
        base, tail = self.config.html_baseurl.rstrip("/"), ""
        if base:
            url = f"{base}/{activity.page}.html"
            tail = f"\n\n#published({quoted(url)})[{content(url)}]\n"
        return f"{opening(settings, activity.heading, running)}{head}\n\n{source}{tail}"


def _book(portfolio: Portfolio, edition: str, pages: dict[str, Page]) -> str:
    """The PDF of the whole book: a cover, the contents, and every page in their order."""
    settings, kind = portfolio.settings, edition or "Public edition"
    day, example = f"As it stood on {dates.written(portfolio.on)}", sentences.example_line(portfolio)
    cover = call(
        "cover", settings.title, settings.role, f"Curriculum {settings.curriculum}", day, kind, example
    )
    body = "\n".join(f"#pagebreak(weak: true)\n{page.source}" for page in pages.values())
    return f"{opening(settings, settings.title, f'{settings.title} · {kind}')}{cover}\n{body}\n"


def _set(sources: dict[str, str], on: date, pictures: Path, out: Path) -> None:
    """Compile sources by the name of their PDF, dated ``on``, into ``out``."""
    if said := fonts.report():
        logger.info(said)

    def one(name: str) -> list[str]:
        try:
            pdf, remarks = typesetting.compiled(sources[name], on, pictures)
        except typesetting.TypesettingError as error:
            return [f"{name} was not written: {error}"]
        disk.put(out / name, pdf)
        return [f"{name}: {remark}" for remark in remarks]

    # Typst works outside of Python's lock; the book, which comes first, takes as long as all the others.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, remarks in zip(sources, pool.map(one, sources), strict=True):
            logger.info("setting %s", name)
            for remark in remarks:
                _report(remark)


def _report(problem: str) -> None:
    logger.warning(problem, type="stp", subtype="eportfolio")


def _copy_picture(source: Path, target: Path) -> None:
    """A picture from its pixels alone: what it carries beside them stays behind."""
    shutil.copyfile(source, target)
    if target.suffix != ".svg":
        clean_picture(target)


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
    """Tell myst-nb which forms of an output this builder can set: always, so that no builder reads pages again."""
    known = [("eportfolio", mime, rank) for rank, mime in enumerate(OUTPUTS, start=1)]
    config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, *known]

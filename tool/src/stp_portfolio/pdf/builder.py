"""The Sphinx builder: one PDF of the book, one of each activity, and a plain narrative ready to paste.

Every PDF is compiled as PDF/UA-1 and PDF/A-2a at once; Typst refuses to write a file that is not.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.matching import Matcher

from stp_portfolio.core import dates, disk, progress, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Activity, Portfolio
from stp_portfolio.pdf.package import BOOK, ONLY, attached, file_stem
from stp_portfolio.pdf.typesetting import TypesettingError, compiled, letters_named, opening
from stp_portfolio.pdf.writer import PageWriter, Tree, report
from stp_portfolio.show import charts, sentences, tables
from stp_portfolio.show.nodes import Picture

logger = logging.getLogger(__name__)

# What a notebook's output may be in a PDF, the best first.
OUTPUTS = [tables.MIME, charts.MIME, "text/markdown"]
OUTPUTS += ["image/svg+xml", "image/png", "image/jpeg", "text/html", "text/plain"]
NO_NARRATIVE = {"stp-facts", "stp-edition", "cell_input"}  # panels, and the code of a notebook
# Pages, and sections by their id, about the book as software and its news, which nobody hands in;
# patterns as Sphinx has them for files.
LEFT_OUT = ["about/news", "about/writing-a-reflection", "about/accessibility"]
LEFT_OUT += ["about/*#what-guards-it", "notebooks/*#how-this-page-was-computed"]


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

    def write(self, *given: Any, **named: Any) -> None:
        """Write everything. A fault is reported, never raised: Sphinx would forget what it knows."""
        out = Path(self.outdir)
        try:
            for old in (*out.glob("*.pdf"), *out.glob("*.txt")):
                old.unlink()
            self._write(out)
        except (OSError, Refusal) as error:
            report(f"the PDFs were not written: {error}")

    def _write(self, out: Path) -> None:
        portfolio = reading.load(Path(self.srcdir))
        asked = os.environ.get(ONLY, "").split()
        wanted = asked or [str(each.key) for each in portfolio.activities]
        activities = {each.page: each for each in portfolio.activities if str(each.key) in wanted}
        left_out = Matcher(self.config.stp_pdf_without)
        book, sources = "", {}
        with TemporaryDirectory(prefix="portfolio-") as pictures:
            for docname in self.env.collect_relations():
                activity, in_book = activities.get(docname), not asked and not left_out(docname)
                if not activity and not in_book:
                    continue
                tree = self.env.get_and_resolve_doctree(docname, self)
                _leave_out(tree, docname, left_out)
                page = PageWriter(docname, Path(self.srcdir), Path(pictures), self.config.html_baseurl)
                book += self._in_book(docname, page.document(tree)) * in_book
                if activity:
                    stem = file_stem(activity)
                    text, sources[f"{stem}.pdf"] = self._alone(portfolio, activity, page, tree)
                    disk.put(out / f"{stem}.txt", f"{text}\n")
            if book:  # first, since it takes as long as all others together
                sources = {BOOK: self._book(portfolio) + book, **sources}
            _set(sources, portfolio.on, Path(pictures), out)

    def _alone(
        self, portfolio: Portfolio, activity: Activity, page: PageWriter, tree: nodes.document
    ) -> tuple[str, str]:
        """The narrative of one activity, and the source of its PDF."""
        _end_with_the_plan(tree)
        text = "\n\n".join([narrative(tree), *_to_attach(portfolio, activity)])
        return text, self._single(portfolio, activity, page.document(tree))

    def _in_book(self, docname: str, page: str) -> str:
        """A page as a part of the book, a chapter or a page of one: contents list pages, else sections."""
        below, root = self.env.toctree_includes, self.config.root_doc
        depth = int(docname not in [root, *below[root]])
        sections = "true" if docname == root or docname not in below else "false"
        return f"\n#page-of-book({depth}, sections: {sections})[\n{page}\n]\n"

    def _book(self, portfolio: Portfolio) -> str:
        """How the PDF of the book begins: a cover and the contents."""
        day, example = dates.written(portfolio.on), sentences.example_line(portfolio)
        about = {"day": day, "edition": self.config.stp_edition or "Public edition", "example": example}
        about["url"] = self.config.html_baseurl
        return opening("book", portfolio.settings, title=portfolio.settings.title, **about)

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


def _leave_out(tree: Tree, docname: str, left_out: Matcher) -> None:
    """Take out the sections that a pattern names."""
    for section in list(tree.findall(nodes.section)):
        if any(left_out(f"{docname}#{name}") for name in section["ids"]):
            section.parent.remove(section)


def _end_with_the_plan(tree: Tree) -> None:
    """Take out what leads on to another page: an activity by itself has none."""
    for paragraph in list(tree.findall(nodes.paragraph)):
        if paragraph.astext().startswith("Read next:"):
            paragraph.parent.remove(paragraph)


def narrative(tree: Tree) -> str:
    """The page as plain text for the form's box: no marks, no panels, headings on lines of their own.

    Of a figure or a table it says that it stands in the PDF.
    """
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_lines(tree))).strip()


def _to_attach(portfolio: Portfolio, activity: Activity) -> Iterator[str]:
    """The end of a narrative: its pieces of evidence by name, each with its file in the export."""
    pieces = progress.evidence_for(portfolio, activity.key)
    held = (f"- {each.id} {each.title} ({attached(each) or 'held elsewhere'})" for each in pieces)
    yield from ["Attach:", *held] if pieces else []


def _in_the_pdf(node: nodes.Element) -> str:
    """What stands in a narrative for a figure or a table."""
    kind = "Table" if isinstance(node, nodes.table) else "Figure"
    titles = [child.astext() for child in node if isinstance(child, nodes.title | nodes.caption)]
    return f"{kind}: {' '.join(titles) or node.get('alt') or 'without a title'} (in the PDF)"


def _lines(node: Tree) -> Iterator[str]:
    shown = isinstance(node, nodes.Element) and not isinstance(node, nodes.Invisible | nodes.raw)
    if not shown or NO_NARRATIVE & set(node["classes"]):
        return
    if isinstance(node, nodes.figure | nodes.table | nodes.image | Picture):
        yield from (_in_the_pdf(node), "")
    elif "stp-file" in node["classes"]:
        yield node.children[-1].astext().lstrip(". ")  # the file itself is among what to attach
    elif isinstance(node, nodes.TextElement):
        first = isinstance(node.parent, nodes.list_item) and node.parent.index(node) == 0
        yield from ("", ("- " if first else "") + " ".join(node.astext().split()), "")
    else:
        yield from chain.from_iterable(map(_lines, node))


def offer_outputs(app: Sphinx, config: Config) -> None:
    """Tell myst-nb which outputs this builder can set: always, so that no builder reads pages again."""
    known = [("eportfolio", mime, rank) for rank, mime in enumerate(OUTPUTS, start=1)]
    config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, *known]

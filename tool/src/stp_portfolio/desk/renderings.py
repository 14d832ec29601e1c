"""A report as Markdown, as one HTML file that needs nothing else, and as a tagged PDF.

All three hold the same words in the same order: a template for each, in which every value is written so
that nothing in it is taken for markup.
"""

import html
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup

from stp_portfolio.core import digests, disk, phrases
from stp_portfolio.core.records import Portfolio, Settings
from stp_portfolio.desk import drafts
from stp_portfolio.desk.report import Report
from stp_portfolio.pdf.typesetting import compiled, content, opening
from stp_portfolio.privacy import decisions, leaving
from stp_portfolio.show import palette
from stp_portfolio.show.tables import Table, shown

SHORT = 48  # letters of a column's longest cell up to which it keeps on one line
# How each form writes a text so that it is taken for no markup.
Written = Callable[[str], str]
ESCAPED: dict[str, Written] = {"md": phrases.markdown, "html": html.escape, "typ": content, "css": str}


def write(report: Report, portfolio: Portfolio, folder: Path) -> list[Path]:
    """Write ``report-2025-06-30`` as PDF, HTML and Markdown; returns the files in this order.

    Raises TypesettingError where the PDF cannot be set, and Refusal for what could identify somebody; then
    nothing is written.
    """
    settings, on = portfolio.settings, portfolio.on
    contents = {"pdf": pdf(report, settings, on), "html": page(report, settings.language).encode()}
    contents["md"] = markdown(report).encode()
    files = {f"report-{on}.{ending}": made for ending, made in contents.items()}
    leaving.hold_back(files, decisions.known(portfolio.root, portfolio), "the report")
    for name, made in files.items():
        disk.put(folder / name, made)
    return [folder / name for name in files]


def markdown(report: Report) -> str:
    """The report as Markdown: tables with pipes, a caption in italics before each."""
    return _rendered("md", report=report)


def page(report: Report, language: str) -> str:
    """The report as one HTML file: its style inside, no script, nothing asked of any host."""
    style = _rendered("css", light=palette.LIGHT, dark=palette.DARK)
    return _rendered("html", report=report, language=language, style=style, digest=digests.for_policy(style))


def pdf(report: Report, settings: Settings, on: date) -> bytes:
    """The report as PDF/UA-1 and PDF/A-2a; the same report and day give the same bytes.

    Raises TypesettingError where it cannot be set.
    """
    head = opening("report", settings, title=report.title, running=f"{report.title} · {report.subject}")
    return compiled(head + _rendered("typ", report=report), on)


def _rendered(ending: str, **values: Any) -> str:
    def written(value: Any) -> Markup:
        return value if isinstance(value, Markup) else Markup(ESCAPED[ending](shown(value)))  # noqa: S704

    return drafts.filled(f"report/report.{ending}.jinja", written=written, columns_of=columns_of, **values)


def columns_of(table: Table) -> list[dict[str, Any]]:
    """What a form needs to know of each column: name, letters of its longest cell, and whether it is long."""
    columns = []
    for name, *cells in zip(table.columns, *table.rows, strict=True):
        width = max(len(shown(cell)) for cell in (name, *cells))
        kind = "number" if name in table.numeric else "long" if width > SHORT else "short"
        columns.append({"name": name, "width": width, "kind": kind})
    return columns

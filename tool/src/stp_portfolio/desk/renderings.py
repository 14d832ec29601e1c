"""A report as Markdown, as one HTML file that needs nothing else, and as a tagged PDF.

All three hold the same words in the same order.
"""

from __future__ import annotations

import hashlib
import html
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

from stp_portfolio.core import phrases
from stp_portfolio.core.records import Portfolio, Settings
from stp_portfolio.desk.report import Block, Bullets, Report
from stp_portfolio.pdf.typesetting import compiled, content, opening, put_template
from stp_portfolio.show.tables import Table, shown

SHORT, LONG = 48, 80  # letters of a column's longest cell


def _longest(table: Table) -> list[int]:
    """The letters of each column's longest cell, its heading included."""
    columns = zip(table.columns, *table.rows, strict=True)
    return [max(len(shown(cell)) for cell in column) for column in columns]


def write(report: Report, portfolio: Portfolio, folder: Path) -> list[Path]:
    """Write ``report-2025-06-30`` as PDF, HTML and Markdown; returns the files in this order.

    Raises TypesettingError where the PDF cannot be set; then nothing is written.
    """
    contents = {
        "pdf": pdf(report, portfolio.settings, portfolio.on),
        "html": page(report, portfolio.settings.language).encode(),
        "md": markdown(report).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for ending, raw in contents.items():
        path = folder / f"report-{portfolio.on}.{ending}"
        path.write_bytes(raw)
        found.append(path)
    return found


# -- Markdown ---------------------------------------------------------------------------------


def markdown(report: Report) -> str:
    """The report as Markdown: tables with pipes, a caption in italics before each."""
    parts = [
        f"# {phrases.markdown(report.title)}",
        phrases.markdown(report.subject),
        phrases.markdown(report.example),
    ]
    for section in report.sections:
        parts += [f"## {phrases.markdown(section.heading)}", f"**{phrases.markdown(section.answer)}**"]
        parts += [_markdown_block(block) for block in section.blocks]
    return "\n\n".join(filter(None, [*parts, phrases.markdown(report.note)])) + "\n"


def _markdown_block(block: Block) -> str:
    if isinstance(block, Bullets):
        return "\n".join(f"- {phrases.markdown(item)}" for item in block.items)
    if isinstance(block, str):
        return phrases.markdown(block)
    marks = ["---:" if column in block.numeric else "---" for column in block.columns]
    head = [[phrases.markdown(column) for column in block.columns], marks]
    body = [[phrases.markdown(shown(cell)) for cell in row] for row in block.rows]
    lines = [f"| {' | '.join(row)} |" for row in [*head, *body]]
    return "\n".join([f"*{phrases.markdown(block.caption)}*", "", *lines])


# -- HTML -------------------------------------------------------------------------------------


def page(report: Report, language: str) -> str:
    """The report as one HTML file: its style inside, no script, nothing asked of any host."""
    style = files("stp_portfolio.desk").joinpath("renderings.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return "\n".join([
        "<!DOCTYPE html>",
        f'<html lang="{html.escape(language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(f'{report.title}: {report.subject}')}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        *_html_parts(report),
        "</main>",
        "</body>",
        "</html>",
        "",
    ])  # fmt: skip


def _html_parts(report: Report) -> Iterator[str]:
    yield f"<h1>{_text(report.title)}</h1>"
    yield f'<p class="subject">{_text(report.subject)}</p>'
    if report.example:
        yield f'<p class="small">{_text(report.example)}</p>'
    for section in report.sections:
        yield f"<h2>{_text(section.heading)}</h2>"
        yield f"<p><strong>{_text(section.answer)}</strong></p>"
        for block in section.blocks:
            if isinstance(block, Bullets):
                yield "\n".join(["<ul>", *(f"<li>{_text(item)}</li>" for item in block.items), "</ul>"])
            elif isinstance(block, Table):
                yield _html_table(block)
            else:
                yield f"<p>{_text(block)}</p>"
    yield f'<p class="small">{_text(report.note)}</p>'


def _html_table(table: Table) -> str:
    kinds = [
        "number" if name in table.numeric else "long" if longest > SHORT else ""
        for name, longest in zip(table.columns, _longest(table), strict=True)
    ]
    classes = [f' class="{kind}"' if kind else "" for kind in kinds]
    lines = [f'<div class="wide" role="region" tabindex="0" aria-label="{_text(table.caption)}">', "<table>"]
    lines.append(f"<caption>{_text(table.caption)}</caption>")
    head = "".join(
        f'<th scope="col"{name}>{_text(column)}</th>'
        for column, name in zip(table.columns, classes, strict=True)
    )
    lines.append(f"<thead><tr>{head}</tr></thead>")
    lines.append("<tbody>")
    for row in table.rows:
        first, *others = (_text(shown(cell)) for cell in row)
        cells = "".join(f"<td{name}>{cell}</td>" for cell, name in zip(others, classes[1:], strict=True))
        lines.append(f'<tr><th scope="row"{classes[0]}>{first}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody>", "</table>", "</div>"])


def _text(text: str) -> str:
    return html.escape(text)


# -- PDF --------------------------------------------------------------------------------------


def pdf(report: Report, settings: Settings, on: date) -> bytes:
    """The report as PDF/UA-1 and PDF/A-2a; the same report and day give the same bytes.

    Raises TypesettingError where it cannot be set.
    """
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        source = Path(folder) / "report.typ"
        put_template(source.parent)
        source.write_text(typst(report, settings), encoding="utf-8")
        return compiled(source, on)[0]


def typst(report: Report, settings: Settings) -> str:
    """The report as Typst source, in the look of the book's PDFs but closer set."""
    parts = [
        f"#heading(level: 1)[{content(report.title)}]",
        content(report.subject),
        f"#example[{content(report.example)}]" if report.example else "",
    ]
    for section in report.sections:
        parts += [f"#heading(level: 2)[{content(section.heading)}]", f"#strong[{content(section.answer)}]"]
        parts += [_typst_block(block) for block in section.blocks]
    parts.append(f"#example[{content(report.note)}]")
    head = opening(settings, report.title, f"{report.title} · {report.subject}")
    return head + "#show: sheet\n" + "\n\n".join(filter(None, parts)) + "\n"


def _typst_block(block: Block) -> str:
    if isinstance(block, Bullets):
        return f"#list({', '.join(f'[{content(item)}]' for item in block.items)})"
    if isinstance(block, str):
        return content(block)
    # A short column takes what it needs; the long ones share the rest by their longest text.
    columns = ", ".join(
        "auto" if longest <= SHORT else f"{min(longest, LONG)}fr" for longest in _longest(block)
    )
    aligns = ", ".join("right" if column in block.numeric else "left" for column in block.columns)
    header = ", ".join(f"[{content(column)}]" for column in block.columns)
    cells = ", ".join(f"[{content(shown(cell))}]" for row in block.rows for cell in row)
    return (
        f"#tabular(caption: [{content(block.caption)}], size: 0.9em, "
        f"table(columns: ({columns},), align: ({aligns},), table.header({header}), {cells}))"
    )

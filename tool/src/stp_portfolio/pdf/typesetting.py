"""What every PDF shares: text that cannot be taken for markup, the opening of a source, and the compiler.

Needs neither Sphinx nor docutils, so a report sets its page at once.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Settings
from stp_portfolio.pdf import fonts

STANDARDS = ["ua-1", "a-2a"]
TEMPLATE = "template.typ"
LONGEST_WORD = 24  # letters after which a word may break, so that nothing runs off the page


class TypesettingError(Refusal):
    """A PDF that was not written, and why."""


def quoted(text: str) -> str:
    """A text as a Typst string."""
    escaped = (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\r", "")
        .replace("\t", " ")
    )
    return f'"{escaped}"'


def content(text: str) -> str:
    """A text as Typst content: lines joined, with break points in long words and every letter in a font."""
    whole = broken(fonts.settable(re.sub(r"\s*\n\s*", " ", text)))
    return f"#{quoted(whole)}" if whole else ""


def broken(text: str) -> str:
    """A text whose long words have invisible break points."""
    return re.sub(rf"[^\s\u200b]{{{LONGEST_WORD},}}", lambda match: breakable(match[0]), text)


def breakable(word: str) -> str:
    """A long word with invisible break points, after its own marks where it has any."""
    parts = re.split(r"(?<=[/_.\-=&?])", word)
    return "\u200b".join(
        "\u200b".join(part[i : i + 12] for i in range(0, len(part), 12)) for part in parts if part
    )


def put_template(folder: Path) -> str:
    """Put the look of the PDFs beside their sources, where ``opening`` finds it; returns its text."""
    text = files("stp_portfolio.pdf").joinpath(TEMPLATE).read_text(encoding="utf-8")
    (folder / TEMPLATE).write_text(text, encoding="utf-8")
    return text


def opening(settings: Settings, title: str, running: str) -> str:
    """The first lines of a source: the template, and the title, author and running head of the PDF."""
    keywords = ", ".join(quoted(word) for word in (settings.curriculum, "portfolio", "reflection"))
    return (
        f'#import "{TEMPLATE}": *\n'
        f"#show: setup.with(title: {quoted(title)}, author: {quoted(settings.role)}, "
        f"keywords: ({keywords}), running: {quoted(running)})\n"
    )


def compiled(path: Path, on: date) -> tuple[bytes, list[str]]:
    """The PDF of a source as PDF/UA-1 and PDF/A-2a at once, dated ``on``, and what Typst remarks.

    The same source and day give the same bytes. Raises TypesettingError where Typst refuses.
    """
    import typst

    try:
        pdf, warnings = typst.compile_with_warnings(
            str(path), font_paths=fonts.folders(), ignore_system_fonts=True, pdf_standards=STANDARDS,
            timestamp=int(datetime.combine(on, datetime.min.time(), UTC).timestamp()),
        )  # fmt: skip
    except typst.TypstError as error:
        hints = "; ".join(getattr(error, "hints", None) or [])
        raise TypesettingError(f"{error.message}{f' ({hints})' if hints else ''}") from error
    return pdf, [warning.message for warning in warnings]

"""What every PDF shares: text that cannot be taken for markup, the opening of a source, and the compiler.

Needs neither Sphinx nor docutils, so a report sets its page at once.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import cast

from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Settings
from stp_portfolio.pdf import fonts
from stp_portfolio.show import palette

LONGEST_WORD = 24  # letters after which a word may break, so that nothing runs off the page


class TypesettingError(Refusal):
    """A PDF that was not written, and why."""


def quoted(text: str) -> str:
    """A text as a Typst string."""
    for mark, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", ""), ("\t", " ")):
        text = text.replace(mark, escaped)
    return f'"{text}"'


def content(text: str) -> str:
    """A text as Typst content: lines joined, with break points in long words and every letter in a font."""
    whole = broken(fonts.settable(re.sub(r"\s*\n\s*", " ", text)))
    return f"#{quoted(whole)}" if whole else ""


def call(function: str, *texts: str) -> str:
    """A call of a function of the template, or of Typst, with texts as its contents."""
    return f"#{function}" + "".join(f"[{content(text)}]" for text in texts)


def broken(text: str) -> str:
    """A text whose long words have invisible break points."""
    return re.sub(rf"[^\s\u200b]{{{LONGEST_WORD},}}", lambda match: breakable(match[0]), text)


def breakable(word: str) -> str:
    """A long word with invisible break points, after its own marks where it has any."""
    parts = re.split(r"(?<=[/_.\-=&?])", word)
    return "\u200b".join(part[i : i + 12] for part in parts for i in range(0, len(part), 12))


def opening(settings: Settings, title: str, running: str) -> str:
    """The first lines of a source: the template, and the title, author and running head of the PDF."""
    template = files("stp_portfolio.pdf").joinpath("template.typ").read_text(encoding="utf-8")
    keywords = ", ".join(quoted(word) for word in (settings.curriculum, "portfolio", "reflection"))
    return (
        f"{template}\n#show: setup.with(title: {quoted(title)}, author: {quoted(settings.role)}, "
        f"keywords: ({keywords}), running: {quoted(running)})\n"
    )


def compiled(source: str, on: date, pictures: Path | None = None) -> tuple[bytes, list[str]]:
    """The PDF of a source as PDF/UA-1 and PDF/A-2a at once, dated ``on``, and what Typst remarks.

    ``pictures`` is the folder of the images that it names. The same source and day give the same bytes.
    Raises TypesettingError where Typst refuses.
    """
    import typst

    try:
        pdf, warnings = typst.Compiler(
            source.encode(), root=pictures, font_paths=fonts.faces(), sys_inputs=palette.LIGHT
        ).compile_with_warnings(
            pdf_standards=["ua-1", "a-2a"], timestamp=datetime(on.year, on.month, on.day, tzinfo=UTC)
        )
    except typst.TypstError as error:
        hints = f" ({'; '.join(error.hints)})" if error.hints else ""
        raise TypesettingError(f"{error.message}{hints}") from error
    return cast("bytes", pdf), [warning.message for warning in warnings]

"""What every PDF shares: text that cannot be taken for markup, the opening of a source, and the compiler.

Needs neither Sphinx nor docutils, so a report sets its page at once.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import cast

import typst

from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Settings
from stp_portfolio.pdf import fonts
from stp_portfolio.show import palette


class TypesettingError(Refusal):
    """A PDF that was not written, and why."""


def quoted(text: str) -> str:
    """A text as a Typst string, without what is no letter and would be drawn as a box."""
    return json.dumps(re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text), ensure_ascii=False)


def content(text: str) -> str:
    """A text as Typst content: lines joined, and every letter in a font."""
    whole = fonts.settable(re.sub(r"\s*\n\s*", " ", text))
    return f"#{quoted(whole)}" if whole else ""


def opening(form: str, settings: Settings, **values: str) -> str:
    """The first lines of a source: the template, and one of its forms with what it says of the PDF."""
    template = files("stp_portfolio.pdf").joinpath("template.typ").read_text(encoding="utf-8")
    values |= {"author": settings.role, "curriculum": settings.curriculum}
    named = ", ".join(f"{name}: {quoted(fonts.settable(value))}" for name, value in values.items())
    return f"{template}\n#show: {form}.with({named})\n"


def compiled(source: str, on: date, pictures: Path | None = None) -> bytes:
    """The PDF of a source as PDF/UA-1 and PDF/A-2a, dated ``on``; the same source gives the same bytes.

    ``pictures`` is the folder of the images that it names. Raises TypesettingError where Typst refuses,
    or remarks on anything.
    """
    colours, day = palette.LIGHT, datetime(on.year, on.month, on.day, tzinfo=UTC)
    compiler = typst.Compiler(source.encode(), pictures, font_paths=fonts.faces(), sys_inputs=colours)
    standards: typst.PDFStandards = ["ua-1", "a-2a"]
    try:
        pdf, remarks = compiler.compile_with_warnings(pdf_standards=standards, timestamp=day)
    except typst.TypstError as error:
        raise TypesettingError("; ".join([error.message, *error.hints])) from error
    if remarks:
        raise TypesettingError("; ".join(remark.message for remark in remarks))
    return cast("bytes", pdf)

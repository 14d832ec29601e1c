"""What every PDF shares: faces, text that cannot be taken for markup, the opening of a source, the compiler.

The faces come from packages, never from the system, so that every machine sets the same pages: Atkinson
Hyperlegible, in ``faces/`` with its licence, was drawn for readers with low vision; DejaVu, which Matplotlib
carries, has the letters that it lacks. Needs neither Sphinx nor docutils, so a report sets its page at once.
"""

import json
import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import cast

import typst

from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Settings
from stp_portfolio.show import palette

# Sizes of letters in points; the first that leaves no last sheet nearly empty is taken. How full it must be.
LETTERS = (10.5, 10.2, 10.8, 10.0, 11.0, 11.2)
LEAST_FULL = 0.25
# In how many rounds high figures find their places; and how far down one seems that is to stay where it is.
ROUNDS, IN_PLACE = 24, 100.0

# Letters that no face has and that were written out by name since it was last asked.
substituted: Counter[str] = Counter()


class TypesettingError(Refusal):
    """A PDF that was not written, and why."""


# -- faces ------------------------------------------------------------------------------------


def folders() -> tuple[Path, Path]:
    """The folders that hold the faces: Atkinson Hyperlegible, and DejaVu."""
    # Where it lies, without the quarter of a second that importing Matplotlib takes.
    dejavu = distribution("matplotlib").locate_file("matplotlib/mpl-data/fonts/ttf")
    return Path(__file__).with_name("faces"), Path(str(dejavu))


@cache
def faces() -> typst.Fonts:
    """The faces as Typst takes them, read once for all PDFs."""
    return typst.Fonts(font_paths=list(folders()), include_system_fonts=False, include_embedded_fonts=False)


@cache
def _letters() -> frozenset[int]:
    """Every letter that the upright faces hold."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for folder, name in zip(folders(), ("AtkinsonHyperlegible-Regular.ttf", "DejaVuSans.ttf"), strict=True):
        with TTFont(folder / name, lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def _name(letter: str) -> str:
    return f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"


def settable(text: str) -> str:
    """The text with every letter that no face has written out by its name in square brackets, and counted.

    Marks that only change the look of the letter before them are dropped.
    """
    return text if text.isascii() else "".join(_settable(letter) for letter in text)


def _settable(letter: str) -> str:
    if ord(letter) in _letters() or letter in "\n\r\t\u200b":
        return letter
    if unicodedata.category(letter) in ("Cf", "Mn"):
        return ""
    substituted[letter] += 1
    return _name(letter)


def letters_named() -> str:
    """What was written out since it was last asked, in a sentence; empty where nothing was."""
    names = [f"{letter} as {_name(letter)} ({count} times)" for letter, count in substituted.most_common()]
    substituted.clear()
    names[10:] = [f"and {len(names) - 10} more"] if names[10:] else []
    return f"no font has these characters, so the PDFs name them: {', '.join(names)}" if names else ""


# -- sources ----------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A text as a Typst string, without what is no letter and would be drawn as a box."""
    return json.dumps(re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text), ensure_ascii=False)


def content(text: str) -> str:
    """A text as Typst content: lines joined, and every letter in a font."""
    whole = settable(re.sub(r"\s*\n\s*", " ", text))
    return f"#{quoted(whole)}" if whole else ""


def opening(form: str, settings: Settings, **values: str) -> str:
    """The first lines of a source: the template, and one of its forms with what it says of the PDF."""
    template = Path(__file__).with_name("template.typ").read_text(encoding="utf-8")
    values |= {"author": settings.role, "curriculum": settings.curriculum}
    named = ", ".join(f"{name}: {quoted(settable(value))}" for name, value in values.items())
    return f"{template}\n#show: {form}.with({named})\n"


def compiled(source: str, on: date, pictures: Path | None = None) -> bytes:
    """The PDF of a source as PDF/UA-1 and PDF/A-2a, dated ``on``; the same source gives the same bytes.

    ``pictures`` is the folder of the images that it names. Raises TypesettingError where Typst refuses,
    or remarks on anything.
    """
    day = datetime(on.year, on.month, on.day, tzinfo=UTC)
    for letters in (*LETTERS, LETTERS[0]):
        inputs, ends_well = _settled(source, pictures, letters)
        if ends_well:
            break
    standards: typst.PDFStandards = ["ua-1", "a-2a"]
    compiler = _compiler(source, pictures, inputs)  # another: it answers one question
    try:
        pdf, remarks = compiler.compile_with_warnings(pdf_standards=standards, timestamp=day)
    except typst.TypstError as error:
        raise TypesettingError("; ".join([error.message, *error.hints])) from error
    if remarks:
        raise TypesettingError("; ".join(remark.message for remark in remarks))
    return cast("bytes", pdf)


def _compiler(source: str, pictures: Path | None, inputs: dict[str, str]) -> typst.Compiler:
    return typst.Compiler(source.encode(), pictures, font_paths=faces(), sys_inputs=inputs)


def _settled(source: str, pictures: Path | None, letters: float) -> tuple[dict[str, str], bool]:
    """With which inputs high figures keep their places, and whether the last sheet is not nearly empty.

    One that changes its place without end stays where it is. A fault is for the compiler to say.
    """
    inputs, kept = {**palette.LIGHT, "letters": str(letters)}, dict[str, float]()
    seats, ends_well = dict[str, float](), True
    for turn in range(1, ROUNDS):
        inputs["figures"], before = json.dumps(seats), seats
        try:
            found = json.loads(_compiler(source, pictures, inputs).query("<place>", field="value"))
        except typst.TypstError:
            return inputs, True
        ends_well = all(page == 1 or at >= LEAST_FULL for name, page, at in found if name == "end")
        seats = {name: at for name, _, at in found if name != "end"} | kept
        changed = [name for name, at in seats.items() if at != before.get(name)]
        if not changed:
            break
        if turn % 4 == 0:
            kept[changed[0]] = IN_PLACE
    return inputs, ends_well

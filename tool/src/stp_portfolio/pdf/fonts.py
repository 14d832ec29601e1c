"""The faces of the PDFs: from packages, never from the system, so that every machine sets the same pages.

Atkinson Hyperlegible, in ``faces/`` with its licence, was drawn for readers with low vision; DejaVu, which
Matplotlib carries, has the letters that it lacks.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import typst

# Letters that no face has and that were written out by name since the last report.
substituted: Counter[str] = Counter()


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


def report() -> str:
    """What was written out since the last report, in a sentence; empty where nothing was."""
    names = [f"{letter} as {_name(letter)} ({count} times)" for letter, count in substituted.most_common()]
    substituted.clear()
    names[10:] = [f"and {len(names) - 10} more"] if names[10:] else []
    return f"no font has these characters, so the PDFs name them: {', '.join(names)}" if names else ""

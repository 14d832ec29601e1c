"""The faces of the PDFs: from packages, never from the system, so that every machine sets the same pages.

Atkinson Hyperlegible was drawn for readers with low vision; DejaVu, which Matplotlib carries, has
the letters that it lacks.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

# Letters that no face has and that were written out by name since the last report.
substituted: Counter[str] = Counter()


def folders() -> list[str]:
    """The folders that hold the font files."""
    import fontpkg_atkinson_hyperlegible
    import matplotlib

    atkinson = Path(fontpkg_atkinson_hyperlegible.__file__).parent / "files"
    return [str(atkinson), str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")]


@cache
def _letters() -> frozenset[int]:
    """Every letter that the upright faces hold."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for folder, name in zip(folders(), ("AtkinsonHyperlegible-Regular.ttf", "DejaVuSans.ttf"), strict=True):
        with TTFont(Path(folder) / name, lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def settable(text: str) -> str:
    """The text with every letter that no face has written out by its name in square brackets, and counted.

    Marks that only change the look of the letter before them are dropped.
    """
    if text.isascii():
        return text
    known = _letters()
    letters = []
    for letter in text:
        if ord(letter) in known or letter in "\n\r\t\u200b":
            letters.append(letter)
        elif unicodedata.category(letter) in ("Cf", "Mn") or 0xFE00 <= ord(letter) <= 0xFE0F:
            continue
        else:
            name = unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
            substituted[letter] += 1
            letters.append(f"[{name}]")
    return "".join(letters)


def report() -> str | None:
    """What was written out since the last report, in a sentence; None where nothing was."""
    if not substituted:
        return None
    names = [
        f"{letter} as [{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}] ({count} times)"
        for letter, count in substituted.most_common()
    ]
    substituted.clear()
    return (
        "no font has these characters, so the PDFs name them: "
        + ", ".join(names[:10])
        + (f" and {len(names) - 10} more" if names[10:] else "")
    )

"""One shape for a fault, whoever finds it."""

from __future__ import annotations

from dataclasses import dataclass

from stp_portfolio.core.contract import FOLDER



@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in ``data/``: where it is, what it is and what to do. ``row`` is the spreadsheet's."""

    file: str
    fault: str
    remedy: str
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        where = [f"{FOLDER}/{self.file}"]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column}")
        value = "" if self.value is None else f"{_shown(self.value)} "
        return f"{', '.join(where)}: {value}{self.fault}. {self.remedy}."


def _shown(value: str) -> str:
    """A value as a message quotes it: on one line and not too long."""
    text = " ".join(value.split())
    return f"'{text if len(text) <= 60 else text[:57] + '…'}'"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the file (from the root), the line where it has one, and what to do.

    ``identifies``: what may identify somebody, or what is private; everything else only waits to be mended.
    """

    file: str
    text: str
    line: int | None = None
    identifies: bool = False

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.text}"


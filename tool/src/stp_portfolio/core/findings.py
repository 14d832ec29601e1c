"""One shape for a fault, whoever finds it, and one for something that was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where it is, what it is and what to do.

    ``file`` is a path from the root; ``line`` is its line, or the row of a table; ``column`` is a table's column
    or the key of a setting; ``code`` is a short stable name, such as ``date-ambiguous``, for tests and for who
    looks a message up; ``identifies`` says that it may identify somebody, or is private: everything else only
    waits to be fixed.
    """

    code: str
    file: str
    fault: str
    remedy: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    identifies: bool = False

    @property
    def words(self) -> str:
        """What is wrong and what to do, without where it is."""
        value = f"{quoted(self.value)} " if self.value else ""
        return f"{value}{self.fault}{f'. {self.remedy}' if self.remedy else ''}."

    def __str__(self) -> str:
        table = self.file.endswith(".csv")
        where = self.file
        if self.line:
            where += f", row {self.line}" if table else f":{self.line}"
        if self.column:
            where += f", {'column' if table else 'key'} {self.column}"
        return f"{where}: {self.words}"


class Refusal(Exception):  # noqa: N818 - it is what it says, not an error of the program
    """Something that was not done: why, and what to do. What it would have changed is as it was."""


class FaultsError(Refusal):
    """Something that is wrong in several places at once; ``findings`` lists all of them."""

    def __init__(self, heading: str, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join([heading, *(f"  {finding}" for finding in self.findings)]))


def quoted(value: str) -> str:
    """A value as a message quotes it: on one line and not too long."""
    text = " ".join(value.split())
    return f"'{text if len(text) <= 60 else text[:57] + '…'}'"

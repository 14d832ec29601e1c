"""The way back: what the last command changed, told to who is asked whether to undo it."""

import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from stp_portfolio.core import disk, journal, phrases, writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.journal import Journal
from stp_portfolio.core.writing import Swap

MANY = 8  # lines of a file; of more, their number is said

undo = writing.take_back


def last(root: Path) -> tuple[Journal, list[str]]:
    """The last command that changed something, and what undoing it changes: rows, lines, pages, files.

    Raises Refusal where there is none, or a file has changed since.
    """
    found = journal.read(root)
    swaps = writing.to_take_back(root, found) if found else []
    if not found or not swaps:
        remedy = "What was changed by hand comes back from git or a backup"
        raise Refusal(f"There is nothing to take back of what a command wrote here. {remedy}.")
    head = "Was taken back and would be done again" if found.back else "Would be taken back"
    return found, [f"{head}: {found.said}", *(f"  {line}" for swap in swaps for line in _swap(swap))]


def _swap(swap: Swap) -> Iterator[str]:
    if swap.then is None or swap.now is None:
        yield f"{swap.name} {'goes' if swap.then is None else 'comes back'}"
        return
    try:
        now, then = (disk.decode(raw)[0].splitlines() for raw in (swap.now, swap.then))
    except UnicodeDecodeError:
        yield f"{swap.name} comes back as it was"
        return
    changed = [*unified_diff(now, then, n=0, lineterm="")][2:]  # without the names of the files
    yield f"{swap.name}:"
    for sign, verb in (("-", "goes"), ("+", "comes back")):
        lines = [_plain(swap.name, line[1:]) for line in changed if line[0] == sign]
        shown = lines if len(lines) <= MANY else [phrases.plural(len(lines), "line")]
        yield from (f"  {verb}: {line}" for line in shown)


def _plain(name: str, line: str) -> str:
    """A line as a reader sees it; of a table, the cells of its row that hold something."""
    return re.sub(r"[,;\t]+", ", ", line).strip(", ") if name.endswith(".csv") else line.strip()

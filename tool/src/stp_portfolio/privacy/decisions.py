"""What somebody decided about the questions of screening, all in ``data/approved_terms.txt``.

A line is ``TEXT | day | reason | file``. Without a file it approves a term of the second layer everywhere;
with one it allows a false alarm, in that file alone, or confirms a picture that no engine could read.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from stp_portfolio.core import contract, disk
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy.vocabulary import Vocabulary

TERMS = f"{contract.FOLDER}/approved_terms.txt"


class Decision(NamedTuple):
    """One line: what it is about, when and why it was decided, and the file in which alone it holds."""

    text: str
    on: str = ""
    reason: str = ""
    file: str = ""

    def __str__(self) -> str:
        return " | ".join(self).rstrip(" |")


def read(root: Path) -> list[Decision]:
    """All decisions of a portfolio, in their order; none where there is no such file.

    Raises Refusal for a file that is no UTF-8 text: misread, its terms would silently approve nothing.
    """
    text = disk.read_text(root / TERMS) if (root / TERMS).exists() else ""
    return list(filter(None, map(parsed, text.splitlines())))


def parsed(line: str) -> Decision | None:
    """The decision that a line holds; None for a comment or an empty one."""
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    return Decision(*(part.strip() for part in line.split("|", 3)))


def remarks(root: Path) -> bytes:
    """What the file says beside days and allowed texts: approved terms, reasons and comments."""
    lines = disk.read_text(root / TERMS).splitlines()
    made = ((line, parsed(line)) for line in lines)
    return "\n\n".join(
        f"{'' if it.file else it.text}\n\n{it.reason}" if it else line for line, it in made
    ).encode()


def approved(decisions: list[Decision]) -> list[str]:
    """The terms that hold everywhere."""
    return [each.text for each in decisions if not each.file]


def allowed(decisions: list[Decision]) -> frozenset[tuple[str, str]]:
    """The false alarms and confirmed pictures, as ``(file, folded text)``."""
    return frozenset((each.file, folded(each.text)) for each in decisions if each.file)


def settled_private(root: Path) -> frozenset[str]:
    """The files of earlier commits that lie below a private folder and hold nothing private."""
    return frozenset(file for file, text in allowed(read(root)) if text == disk.PRIVATE)


def folded(text: str) -> str:
    """A text as decisions are compared: on one line, with single blanks and without bars."""
    return " ".join(text.replace("|", " ").split())


class Known(NamedTuple):
    """What screening need not ask: approved and recorded words, the records' days, allowed false alarms."""

    vocabulary: Vocabulary | None  # none where identifiers alone are looked for
    days: frozenset[date]
    allowed: frozenset[tuple[str, str]]


def known(root: Path, portfolio: Portfolio | None = None) -> Known:
    """What is known of a portfolio, with or without its records. Raises what ``read`` does."""
    made = read(root)
    words, days = (own_words(portfolio), own_days(portfolio)) if portfolio else ([], frozenset[date]())
    return Known(Vocabulary([*approved(made), *words]), days, allowed(made))


def own_words(portfolio: Portfolio) -> list[str]:
    """What the records themselves name: codes, schemes and ids of evidence."""
    words = {module.code for module in portfolio.modules} | {str(each.key) for each in portfolio.activities}
    words |= {each.key.scheme for each in portfolio.standards} | {each.id for each in portfolio.evidence}
    return sorted(words - {""})


def own_days(portfolio: Portfolio) -> frozenset[date]:
    """The days that the records themselves hold: what happened to activities, never to a patient."""
    settings, modules = portfolio.settings, portfolio.modules
    days = {event.date for event in portfolio.events} | {each.date for each in portfolio.milestones}
    days |= {module.signed_off for module in modules if module.signed_off}
    return frozenset(days | {portfolio.on, settings.start, *settings.reviews})

"""What a command is given, screened before it is written: both layers, as a check would read it later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from stp_portfolio.core import disk
from stp_portfolio.core.findings import FaultsError, Finding
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy import decisions, leaving, screen
from stp_portfolio.privacy.vocabulary import Vocabulary

_OUT = "Take it out, or write a role or a month instead"
_FALSE = (
    "Take it out, save the file and type the command again; or, for a false alarm, put the file into the"
    " portfolio, settle it there with portfolio allow, and register that file"
)


def cells(portfolio: Portfolio, file: str, **texts: str) -> list[Finding]:
    """What a person must answer for in texts on their way into the columns of a table (``data/…csv``).

    Raises FaultsError where one holds an identifier.
    """
    texts = {column: text for column, text in texts.items() if text}
    if not texts:
        return []
    known, found = decisions.known(portfolio.root, portfolio), list[Finding]()
    for column, text in texts.items():
        table, said = disk.csv_text([[column], [text]]).encode(), (f": {column}: ", ": ", 1)
        for each in leaving.screen([(file, table)], *known):
            found.append(replace(each, file=f"The {column}", line=None, fault=each.fault.replace(*said)))
    return _questions(found, _OUT)


def contents(portfolio: Portfolio, name: str, raw: bytes, place: str = "") -> list[Finding]:
    """What a person must answer for in a file, and pictures in it that no program could read.

    ``place`` is its path from the root where it lies in the portfolio; any other gets a new name there, so
    that its own is not read. Raises FaultsError where it holds an identifier, or cannot be looked into.
    """
    known = decisions.known(portfolio.root, portfolio)
    found = leaving.screen([(place or f"file{Path(name).suffix}", raw)], *known)
    return _questions((replace(each, file=name) for each in found), _FALSE)


def names(**texts: str) -> None:
    """Refuse a text with an identifier or a name, where there is no portfolio yet that could approve it."""
    found = [
        replace(leaving.finding(what, text, 1, hit), file=f"The {what}", line=None, remedy="Leave it out")
        for what, text in texts.items()
        for hit in screen(text, Vocabulary())
        if hit.direct or hit.kind == "name"
    ]
    if found:
        later = "If it names nobody, it can be changed later in data/portfolio.toml."
        raise FaultsError(f"Nothing was made: this could identify a person. {later}", found)


def _questions(found: Iterable[Finding], remedy: str) -> list[Finding]:
    """What is asked, in its order. Raises FaultsError with all that is no question."""
    held, direct = list(found), (leaving.CERTAIN, leaving.IDENTIFIER)
    stops = [replace(each, remedy=remedy) for each in held if each.code in direct]
    stops += [replace(each, value="") for each in held if each.code == leaving.CLOSED]
    if stops:
        raise FaultsError("Nothing was written. What stands in the way:", stops)
    return held

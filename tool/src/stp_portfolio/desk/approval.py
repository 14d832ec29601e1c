"""Answers to screening: a term approved, a false alarm allowed, a picture confirmed, any of it taken back."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from stp_portfolio.core import disk, phrases, repository, writing
from stp_portfolio.core.findings import Finding, Refusal, quoted
from stp_portfolio.privacy import NEVER_ALLOWED, decisions, direct, leaving, sources
from stp_portfolio.privacy.decisions import Decision

OPEN = (leaving.TERM, leaving.IDENTIFIER, leaving.PICTURE)  # questions to a person, and what may be no fault


def approve(root: Path, terms: Iterable[str], reason: str, on: date) -> list[str]:
    """Approve terms that name nobody and no place, everywhere; returns those that are new.

    Raises Refusal, and approves none, where one of them is a direct identifier or no term.
    """
    wanted = [term.strip() for term in dict.fromkeys(terms)]
    for term in wanted:
        for hit in direct(term):
            fault = f"'{term}' is a direct identifier ({hit.kind}) and cannot be approved"
            remedy = "Take it out of the text"
            if hit.kind not in NEVER_ALLOWED:
                remedy += f"; or, for a false alarm: portfolio allow FILE {phrases.typed(term)}"
            raise Refusal(f"{fault}. {remedy}")
        if not term or set(term) & set("|#\n\r"):
            remedy = "Write a word or a phrase without bars, hashes and line breaks."
            raise Refusal(f"'{term}' is not a term. {remedy}")
    return _note(root, wanted, reason, on)


def allow(root: Path, file: Path, text: str, reason: str, on: date) -> list[str]:
    """Allow a false alarm in a file, or confirm a picture there that was looked at (``text`` empty).

    For ``private`` and a file of earlier commits alone: that what lay in that folder was nothing private.

    Returns what is new. Raises Refusal where the file holds no such finding, and where it is one that is
    never a false alarm.
    """
    name = sources.name_of(root, file)
    if text == disk.PRIVATE and name in repository.private_in_git(root) and not file.exists():
        return _note(root, [text], reason, on, name)
    fits = _meant(root, name, text)
    if any(each.code in (leaving.CERTAIN, leaving.CLOSED) for each in fits):
        remedy = "Take it out: what its check digit or its form makes certain can be no false alarm"
        raise Refusal(f"{quoted(fits[0].value)} cannot be allowed. {remedy}.")
    return _note(root, dict.fromkeys(decisions.folded(each.value) for each in fits), reason, on, name)


def _meant(root: Path, name: str, text: str) -> list[Finding]:
    """The findings in a file that have the text which was typed; without any, pictures are meant."""
    found = [each for each in sources.run(root, None, [name]) if each.value]
    folded = decisions.folded(text)
    pictures = [each for each in found if each.code == leaving.PICTURE]
    fits = [each for each in found if decisions.folded(each.value) == folded] if text else pictures
    if not fits:
        open_ = ", ".join(dict.fromkeys(quoted(each.value) for each in found[:5])) or "nothing"
        what = f"no {quoted(text)}" if text else "no picture that was not read"
        raise Refusal(f"Screening finds {what} in {name}. What it finds there: {open_}.")
    return fits


def take_back(root: Path, texts: Iterable[str]) -> list[str]:
    """Take decisions back, by their text; returns them as lines. Raises Refusal for one never made."""
    wanted = {decisions.folded(text): text for text in texts}
    for folded in wanted.keys() - {decisions.folded(each.text) for each in decisions.read(root)}:
        raise Refusal(f"{quoted(wanted[folded])} was not decided. All decisions stand in {decisions.TERMS}.")
    gone: list[str] = []

    def without(lines: list[str]) -> list[str]:
        made = [(line, decisions.parsed(line)) for line in lines]
        gone.extend(line for line, each in made if each and decisions.folded(each.text) in wanted)
        return [line for line, _ in made if line not in gone]

    writing.change_lines(root, Path(decisions.TERMS).name, without)
    return gone


def _note(root: Path, texts: Iterable[str], reason: str, on: date, file: str = "") -> list[str]:
    """Write down the decisions on texts that are new, and return those."""
    known, why = decisions.read(root), " ".join(reason.replace("|", "/").split())
    decided = {(each.text, each.file) for each in known}
    new = [Decision(text, str(on), why, file) for text in texts if (text, file) not in decided]
    if new:
        writing.change_lines(root, Path(decisions.TERMS).name, lambda lines: [*lines, *map(str, new)])
    return [each.text for each in new]

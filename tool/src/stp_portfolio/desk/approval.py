"""Words that screening asked about and that name nobody and no place: noted once, with day and reason."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from stp_portfolio.core import writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.privacy import direct, sources


def approve(root: Path, terms: Iterable[str], reason: str, on: date) -> list[str]:
    """Add terms to the list of approved ones; returns those that are new.

    Raises Refusal, and adds none, where one of them is a direct identifier or no term.
    """
    wanted = [term.strip() for term in dict.fromkeys(terms)]
    for term in wanted:
        for hit in direct(term):
            what = f"'{term}' is a direct identifier ({hit.kind}) and cannot be approved"
            raise Refusal(f"{what}. Take it out of the text.")
        if not term or set(term) & set("|#\n\r"):
            remedy = "Write a word or a phrase without bars, hashes and line breaks."
            raise Refusal(f"'{term}' is not a term. {remedy}")
    known = sources.approved_terms(root)
    new = [term for term in wanted if term not in known]
    plain = " ".join(reason.replace("|", "/").split())
    writing.append_lines(root, "approved_terms.txt", [f"{term} | {on} | {plain}" for term in new])
    return new

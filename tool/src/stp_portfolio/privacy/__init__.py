"""Find what could identify a person, before anybody else reads it.

Two layers. *Direct identifiers* are found by form, check digit and context, and can never be
approved. A *closed vocabulary* catches names: a word that is no English word as it is written, and
any capital that does not start a sentence, waits for review until it stands on
``data/approved_terms.txt``. No pattern list holds all names, so everything unknown is asked about.

Neither layer proves that a text is anonymous: a rare condition or a combination of harmless details
identifies as well, and only a person can see that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date

from stp_portfolio.privacy.identifiers import direct
from stp_portfolio.privacy.text import Hit
from stp_portfolio.privacy.vocabulary import Vocabulary, unknown

__all__ = ["Hit", "Vocabulary", "direct", "screen", "unknown"]


def screen(text: str, vocabulary: Vocabulary, own_dates: Iterable[date] = ()) -> list[Hit]:
    """Both layers: direct identifiers, and terms to review outside of them, in the order of the text."""
    found = direct(text, own_dates)
    starts = [hit.start for hit in found]  # in order, none over another

    def is_apart(term: Hit) -> bool:
        at = bisect_left(starts, term.end)
        return at == 0 or found[at - 1].end <= term.start

    return sorted([*found, *filter(is_apart, unknown(text, vocabulary))], key=lambda hit: hit.start)

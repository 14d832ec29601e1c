"""Find what could identify a person, before anybody else reads it.

What leaves is taken apart into its texts (``carriers``), and two layers read these. *Direct identifiers* are
found by form, check digit and context, and stop a build. What a person must judge is asked about: what
*singles out* by its form, such as an age or a day, and names, places of work, rare roles and relations, and
illness, by the company that words keep. The author's answers stand in ``data/approved_terms.txt``
(``decisions``); copies leave without what a file carries beside its words (``cleaning``).

Neither layer proves that a text is anonymous: a rare condition or a combination of harmless details
identifies as well, and only a person can see that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date

from stp_portfolio.privacy.identifiers import asked, direct
from stp_portfolio.privacy.text import NEVER_ALLOWED, Hit
from stp_portfolio.privacy.vocabulary import Vocabulary, unknown

__all__ = ["NEVER_ALLOWED", "Hit", "Vocabulary", "asked", "direct", "screen", "unknown"]


def screen(text: str, vocabulary: Vocabulary, own_dates: Iterable[date] = ()) -> list[Hit]:
    """Both layers in the order of the text: identifiers, and outside of them what is asked about.

    What is approved, word for word, is asked about no longer.
    """
    own_dates = frozenset(own_dates)
    found = direct(text, own_dates)
    for hits in (asked(text, own_dates), unknown(text, vocabulary)):
        found = sorted([*found, *_apart(hits, found, vocabulary)], key=lambda hit: hit.start)
    return found


def _apart(hits: Iterable[Hit], found: list[Hit], vocabulary: Vocabulary) -> Iterator[Hit]:
    """The hits that nothing found before, none over another, says already."""
    starts = [hit.start for hit in found]
    for hit in hits:
        at = bisect_left(starts, hit.end)
        if (at == 0 or found[at - 1].end <= hit.start) and " ".join(hit.text.split()) not in vocabulary.codes:
            yield hit

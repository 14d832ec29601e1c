"""What Tab offers: activities, what may follow, days, standards; where something is wrong, nothing."""

from collections.abc import Callable, Iterable

import typer

from stp_portfolio.core import progress, reading, typed
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import EVENT_WORDS, Portfolio

Offer = tuple[str, str]  # what is typed, and what it is
Offers = Callable[[Portfolio, list[str]], Iterable[Offer]]  # of the records and the words before
DAYS = (("today", ""), ("yesterday", ""))


def _completes(offers: Offers) -> Callable[[typer.Context, str], list[Offer]]:
    """A function for ``autocompletion=``: what fits the letters typed so far, in their own case."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            portfolio = reading.load(without_pages=True)
            found = [*offers(portfolio, [*(ctx.params.get("words") or ())])]
        except (Refusal, OSError, ValueError):
            return []
        fits = (offer for offer in found if offer[0].casefold().startswith(incomplete.casefold()))
        return [(incomplete + text[len(incomplete) :], words) for text, words in fits]

    return complete


def _activities(portfolio: Portfolio, _words: list[str]) -> Iterable[Offer]:
    return [(str(each.key), each.title) for each in portfolio.activities]


def _both(portfolio: Portfolio, words: list[str]) -> Iterable[Offer]:
    return [*_activities(portfolio, words), *((each.code, each.name) for each in portfolio.modules_in_use)]


def _line(portfolio: Portfolio, words: list[str]) -> Iterable[Offer]:
    """How a line of ``record`` may go on: with activities, an event that may follow, a day."""
    if not words:
        return _both(portfolio, words)
    if any(len(typed.events(word)) == 1 for word in words):
        return DAYS
    said = typed.line(portfolio, [*words, "started"])
    follows = [set(progress.may_follow(portfolio, each.key)) for each in said.activities]
    may = set.intersection(*follows) if follows else {"signed_off", "withdrawn"}  # those of a module
    # With a hyphen each is one word, which no shell has to quote.
    return [(name.replace("_", "-"), "may follow now") for name in EVENT_WORDS if name in may]


activity = _completes(_activities)
activity_or_module = _completes(_both)
line = _completes(_line)
standard = _completes(lambda held, _words: [("/".join(each.key), each.label) for each in held.standards])
evidence = _completes(lambda held, _words: [(each.id, each.title) for each in held.evidence])
day = _completes(lambda _held, _words: DAYS)

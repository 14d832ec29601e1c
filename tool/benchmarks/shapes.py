"""How long screening takes for texts of every shape, at two sizes: in proportion to the text it is 2.0."""

from __future__ import annotations

import time
from itertools import cycle, islice

from stp_portfolio.privacy import Vocabulary
from stp_portfolio.privacy.leaving import screen

SIZE = 1_000_000  # characters of the smaller text
_SENTENCES = (
    "We moved the list of waiting tests to the new server and looked at it with the team.\n",
    "The Consultant Clinical Scientist asked how many results came late in March 2025.\n\n",
    "- [ ] Write down what changed, and for whom\n",
    "I spoke with Edwards about the audit (Page et al., 2021), and read 12 of 40 answers.\n",
)
UNITS = {
    "prose": _SENTENCES,
    "prose in one line": tuple(sentence.replace("\n", " ") for sentence in _SENTENCES),
    "digits": ("9990554331",),
    "digits and spaces": ("9 9 0 ", "1 2 "),
    "colons": (":",),
    "open brackets": ("[(",),
    "capitals": ("Ward ", "Anna ", "Holt "),
    "e-mail signs": ("a@", "b."),
    "quotes of Markdown": ("> ",),
    "packed data": ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODkr",),
    "code in one line": ("if(a.b===0){c[d]=e(f,'g h');}", "var x=1;"),
}
FORMS = (".md", ".html", ".json", ".txt")


def text(units: tuple[str, ...], size: int) -> str:
    """A text of a shape, cut at a size in characters."""
    count = size // min(map(len, units)) + 1
    return "".join(islice(cycle(units), count))[:size]


def seconds(form: str, words: str) -> float:
    """Processor time of both layers on a file; what it holds goes through the reader of its form."""
    begun = time.process_time()
    screen([(f"page{form}", words.encode())], Vocabulary(), ())
    return time.process_time() - begun


def slowest(units: tuple[str, ...]) -> tuple[str, float, float]:
    """The form that takes longest, its seconds at ``SIZE``, and how many times that at twice the size."""
    taken = {form: seconds(form, text(units, SIZE)) for form in FORMS}
    form = max(taken, key=lambda each: taken[each])
    return form, taken[form], seconds(form, text(units, 2 * SIZE)) / taken[form]

"""Small words round a number: counts, plurals, series, and text that Markdown shows as it is."""

import re
import shlex
from collections.abc import Sequence
from decimal import Decimal

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~$])")

# Lists, rules, and what MyST takes for a comment, a target or a fence.
_MARKDOWN_AT_THE_START = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+=%(:]))")

WEEKS_IN_WORDS = 12  # a longer time between two is told in months

# What a command that was stopped says; and what tells a program that it starts to leave the last word to it.
STOPPED = "Stopped. Nothing half-written is left, and nothing goes on running."
SAID_ELSEWHERE = "STP_SAID_ELSEWHERE"


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def markdown(text: str) -> str:
    """A text as a line of Markdown of its own: nothing in it is taken for a mark, at its start neither."""
    one_line = re.sub(r"\s*\n\s*", " ", text).strip()
    return _MARKDOWN_AT_THE_START.sub(r"\1\\", plain(one_line).replace("&", r"\&"))


def number(value: Decimal | int) -> str:
    """``20``, ``7.5``: no trailing zeros, no exponent."""
    return f"{Decimal(value).normalize():f}"


def plural(count: Decimal | int, one: str, many: str | None = None) -> str:
    """``1 activity``, ``2 activities``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def series(items: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``; or with another word before the last."""
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def activities(count: int) -> str:
    """``1 activity``, ``2 activities``."""
    return plural(count, "activity", "activities")


def phase_name(phase: str) -> str:
    """``Phase 2`` for ``2``; a phase that is a word (``Throughout``) stays as it is."""
    return f"Phase {phase}" if phase.isdecimal() else phase


_WORDS = "no one two three four five six seven eight nine ten eleven twelve".split()


def rate(count: int, days: int) -> str:
    """So many in so many days, as a person says it: ``two a week``, ``one every six to seven weeks``."""
    weeks = days / 7 / count
    if weeks > WEEKS_IN_WORDS:
        return f"one every {_about(weeks * 12 / 52)} months"
    if weeks >= 1.2:
        return "one every ten days" if weeks < 1.8 else f"one every {_about(weeks)} weeks"
    if weeks > 0.8:
        return "one a week"
    return f"{_about(1 / weeks)} a week" if weeks > 0.2 else f"{_about(max(1, 1 / weeks / 7))} a day"


def _about(value: float) -> str:
    """A number in words, or the two that it lies between."""
    low, rest = int(value), value % 1
    near = [low] if rest < 0.2 else [low + 1] if rest > 0.8 else [low, low + 1]
    return " to ".join(_WORDS[each] if each < len(_WORDS) else str(each) for each in near)


def typed(word: str) -> str:
    """A word as a command line takes it: in the quotes that every system knows, where that is enough."""
    if re.search(r'["$`\\!]', word):
        return shlex.quote(word)
    return word if re.fullmatch(r"[\w./-]+", word) else f'"{word}"'

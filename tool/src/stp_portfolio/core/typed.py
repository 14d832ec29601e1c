"""What a person types, held against the records: activities, modules, evidence, standards, a line of events.

Where it can mean one thing it is taken for that; else a Refusal names what it can mean, or what is nearest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import zip_longest
from typing import NamedTuple, TypeVar

from stp_portfolio.core import phrases, progress
from stp_portfolio.core.findings import Refusal, quoted
from stp_portfolio.core.records import EVENT_WORDS, Activity, Evidence, Module, Portfolio

_NUMBERED = re.compile(r"(?:(?P<module>.*?)[\s/.:_-]+)?0*(?P<number>[0-9]{1,9})\.?")
_Known = TypeVar("_Known")
_BARE = re.compile(r"[0-9]+\.?")
_EVENTS = {name.replace("_", ""): name for name in EVENT_WORDS}
_ALSO = {"signoff": "signed_off", "begin": "started", "began": "started", "begun": "started"}


class Said(NamedTuple):
    """A line of ``record``: activities or one module, the event, and the words of a day, if any."""

    activities: tuple[Activity, ...]
    module: Module | None
    event: str
    day: str


def _folded(text: object) -> str:
    """Letters and digits alone, in small letters and without the zeros before a number."""
    return re.sub(r"[\W_]+|(?<![0-9])0+(?=[0-9])", "", str(text)).casefold()


def one(text: str, known: Mapping[str, _Known]) -> _Known | None:
    """What goes by a name, in any case and with any marks; None for none."""
    return {_folded(name): each for name, each in known.items()}.get(_folded(text)) if _folded(text) else None


def activity(portfolio: Portfolio, text: str) -> Activity:
    """The activity that is meant by ``S-C1/5``, ``s-c1.05``, ``S-C1 5``, or ``5`` alone."""
    found = _numbered(portfolio, text)
    if len(found) > 1:
        raise Refusal(f"{quoted(text)} can be {_named(found)}. Write the module's code too.")
    if not found and (whole := module(portfolio, text)):
        raise Refusal(f"{whole.code} is a module. Write the number of the activity too, as {whole.code}/1.")
    if not found:
        near = _nearest(portfolio, text.strip().casefold())
        remedy = f"Did you mean {_named(near)}?" if near else f"Write it as {_example(portfolio)}."
        raise Refusal(f"{quoted(text)} is not an activity of data/activities.csv. {remedy}")
    return found[0]


def _numbered(portfolio: Portfolio, text: str) -> list[Activity]:
    """The activities that a number, with the code of a module or without, can mean."""
    if not (match := _NUMBERED.fullmatch(text.strip())):
        return []
    code = _folded(match["module"] or "")
    found = [each for each in portfolio.activities if each.key.number == int(match["number"])]
    return [each for each in found if code in ("", _folded(each.key.module))]


def subject(portfolio: Portfolio, text: str) -> Activity | Module:
    """The activity that is meant, or the module that holds some."""
    found = module(portfolio, text)
    return found if found and found in portfolio.modules_in_use else activity(portfolio, text)


def _nearest(portfolio: Portfolio, text: str) -> list[Activity]:
    """The activities with a word in their title, else the one whose key or title is spelt most like it."""
    if len(text) > 3 and (near := [each for each in portfolio.activities if text in each.title.casefold()]):
        return near
    if _BARE.fullmatch(text):
        text = "".join(f"{each.code}/{text}".casefold() for each in portfolio.modules_in_use[:1])
    names = {name.casefold(): each for each in portfolio.activities for name in (str(each.key), each.title)}
    return [names[name] for name in get_close_matches(text, names, 1)]


def _example(portfolio: Portfolio) -> str:
    return next((str(each.key) for each in portfolio.activities), "MODULE/NUMBER")


def _named(found: Iterable[Activity]) -> str:
    return " or ".join(f"{each.key} ({each.title})" for each in found)


def module(portfolio: Portfolio, text: str) -> Module | None:
    """The module whose code is meant, None where it is none's, or an activity's."""
    if _numbered(portfolio, text) and not _BARE.fullmatch(text):  # S-C1/5 is not S-C15
        return None
    return one(text, {each.code: each for each in portfolio.modules if each.code})


def evidence(portfolio: Portfolio, text: str) -> Evidence:
    """The piece with an id, as ``E07``, ``e7`` or ``7``."""
    held = {piece.id: piece for piece in portfolio.evidence}
    if found := one(text, held) or one(f"E{text}", held):
        return found
    close = "".join(f"Did you mean {name}? " for name in get_close_matches(text.strip().upper(), held, 1))
    raise Refusal(f"{quoted(text)} is no piece of evidence. {close}All of them: portfolio evidence list")


def standard(portfolio: Portfolio, text: str) -> str:
    """The standard that is meant by ``HCPC/7``, ``hcpc 7`` or ``HCPC7``, as a row has it."""
    known = {name: name for each in portfolio.standards if (name := "/".join(each.key))}
    if found := one(text, known):
        return found
    remedy = f"Write one of: {', '.join(known)}." if known else "That file has none yet."
    raise Refusal(f"{quoted(text)} is not a standard of data/standards.csv. {remedy}")


def events(text: str) -> list[str]:
    """The events that a word, or several, can mean: by its beginning, in any case and with any hyphens."""
    word, known = _folded(text), _EVENTS | _ALSO
    if word in known:
        return [known[word]]
    return sorted({known[each] for each in known if word and each.startswith(word)})


def subjects(portfolio: Portfolio, words: Sequence[str]) -> list[Activity | Module]:
    """The activities and modules that ``1 2``, ``S-C1/5`` or ``S-C1 5`` name."""
    return list(dict.fromkeys(_subjects(portfolio, " ".join(words).replace(",", " ").split())))


def line(portfolio: Portfolio, words: Sequence[str]) -> Said:
    """What ``5 6 7 started yesterday``, ``S-C1 5 signed off`` or, of a module, ``S-C1 signed off`` means."""
    left = [word for word in " ".join(words).replace(",", " ").split() if word.casefold() not in ("and", "&")]
    if not left or (events(left[0]) and not module(portfolio, left[0])):
        example = f"portfolio record {_example(portfolio)} started"
        raise Refusal(f"Say which activity, then what happened, as: {example}")
    cut = _subjects_in(portfolio, left)
    subjects = dict.fromkeys(_subjects(portfolio, left[:cut]))
    meant = tuple(each for each in subjects if isinstance(each, Activity))
    modules = [each for each in subjects if isinstance(each, Module)]
    if modules and len(subjects) > 1:
        why = "a module is signed off, or its sign-off withdrawn"
        raise Refusal(f"Record {modules[0].code} by itself: {why}.")
    name, count = _event(portfolio, left[cut:], meant)
    return Said(meant, next(iter(modules), None), name, " ".join(left[cut + count :]))


def _subjects(portfolio: Portfolio, named: Sequence[str]) -> Iterator[Activity | Module]:
    """What a line begins with; numbers alone are of the module that stands before them."""
    over = ""
    for word, following in zip_longest(named, named[1:], fillvalue=""):
        if found := module(portfolio, word):
            over = found.code
            if not _BARE.fullmatch(following):
                yield found
        else:
            over = over if _BARE.fullmatch(word) else ""
            yield activity(portfolio, f"{over} {word}".strip())


def _subjects_in(portfolio: Portfolio, words: Sequence[str]) -> int:
    """How many words a line begins with that name activities: no event has a digit."""
    for count, word in enumerate(words):
        goes_on = re.search("[0-9]", word) or (module(portfolio, word) and not events(word))
        if count and not goes_on:
            return count
    return len(words)


def _event(portfolio: Portfolio, words: Sequence[str], of: Sequence[Activity]) -> tuple[str, int]:
    """The event that a line goes on with, and how many of its words it took: *signed off* takes two."""
    firsts = [" ".join(words[:count]) for count in (2, 1) if len(words) >= count]
    for first in firsts:
        if len(found := events(first)) == 1:
            return found[0], len(first.split())
    choices = phrases.series([*EVENT_WORDS.values()], "or")
    for each in of[:1]:
        choices += f"; for {each.key} {progress.choices(portfolio, each.key)} may follow now"
    if not words:
        raise Refusal(f"What happened is missing. Write {choices}.")
    near = [name for first in firsts for name in get_close_matches(_folded(first), _EVENTS, 1, 0.7)]
    remedy = f"Did you mean {EVENT_WORDS[_EVENTS[near[0]]]}?" if near else f"Write {choices}."
    raise Refusal(f"{quoted(words[0])} is not an event. {remedy}")

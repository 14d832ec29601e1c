"""Layer 2: names, and what singles somebody out, by the company that words keep.

A text is read as a row of tokens. Each has signs: by its form ("caps"), by the word lists ("given", "name")
and by its class in ``vocabulary.toml`` ("role"). The patterns of that file are regular expressions on these
signs, so a new kind of question is a row there. The word lists are data, in ``words/``, with their licences.
"""

from __future__ import annotations

import gzip
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import accumulate
from pathlib import Path

from stp_portfolio.privacy.text import Hit, flatten, in_one_line, joined, rows

WORDS = Path(__file__).with_name("words")
Signs = frozenset[str]


_data = partial(rows, "vocabulary.toml")


def tokens_of(flat: str) -> list[str]:
    """The words, numbers and marks of a text, each with the blanks after it."""
    return re.findall(in_one_line(_data()["tokens"]["token"]), flat)


# -- word lists -------------------------------------------------------------------------------


def _lines(name: str) -> list[str]:
    raw = (WORDS / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


@cache
def _listed(name: str) -> Signs:
    return frozenset(word for line in _lines(name) for word in line.split())


def first_names() -> Signs:
    """Given names of many countries, in lower case."""
    return _listed("given_names.txt.gz")


def is_english(word: str) -> bool:
    """Whether a word, in lower case, is on the British and American word lists or on that of the trade."""
    return word in _listed("english.txt.gz") or word in _listed("trade.txt")


def _is_name(word: str) -> bool:
    return word in first_names() or word in _listed("surnames.txt.gz")


def _is_known(word: str) -> bool:
    """Whether a word is English in some form (contracted, with a prefix or an ending) or of a class."""
    stems = [match[1] for form in _data()["tokens"]["of"] if (match := re.fullmatch(form, word))]
    formed = any(map(is_english, stems)) and not _is_name(word)
    return is_english(word) or bool(_classes_of(word)) or formed


def _classes_of(word: str) -> Signs:
    """The classes that the file names for a word, or for its ending where no name is written so."""
    ends = {name for name, form in _data()["endings"].items() if re.fullmatch(in_one_line(form), word)}
    return _classes().get(word) or frozenset(() if _is_name(word) else ends)


@cache
def _classes() -> dict[str, Signs]:
    """The classes of each word of the file."""
    classes: dict[str, set[str]] = {}
    for name, words in _data()["words"].items():
        for word in words.split():
            classes.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in classes.items()}


# -- the signs of a token ---------------------------------------------------------------------


_BIG, _NAME = frozenset({"big", "special"}), frozenset({"name", "special"})
_STRANGER, _UNLISTED = _NAME | {"stranger"}, frozenset({"unlisted", "special"})
_APPROVED, _QUIET, _CODE = frozenset({"approved"}), frozenset({"quiet"}), frozenset({"code"})


def _signs(word: str) -> Signs:
    """Everything that the patterns may ask of a token: its form, and its classes where it has any."""
    lower = word.lower()
    form, classes = _form(word, lower), _classes_of(lower)
    if not classes or not form & {"small", "big", "letter"}:
        return form - {"two"} if classes else form
    size = "small" if word.islower() else "big"
    return form - (classes & {"generic"} and {"special"}) | classes | {f"{size}-{name}" for name in classes}


@cache
def _forms() -> re.Pattern[str]:
    """What is no word of the lists, by its form: each in a group of its name."""
    return re.compile("|".join(f"(?P<{name}>(?s:{form})\\Z)" for name, form in _data()["forms"].items()))


def _form(word: str, lower: str) -> Signs:
    if match := _forms().match(word):
        return _STRANGER if match["foreign"] else frozenset({str(match.lastgroup)})
    if word[1:] != word[1:].lower():
        return _capitals(word, lower)
    return _small(lower) if word.islower() else _capital(lower)


def _capitals(word: str, lower: str) -> Signs:
    if len(word) > 2 and _classes_of(lower) - {"title"}:
        return _BIG
    if not word.isupper() or _is_known(lower):
        return frozenset({"abbr", "two" if len(word) == 2 else "loud" if lower in first_names() else "abbr"})
    return frozenset({"caps" if len(word) < 4 else "shout" if _is_name(lower) else "abbr"})


def _small(lower: str) -> Signs:
    if _is_known(lower) or lower in _listed("eponyms.txt"):
        is_first = lower in first_names() and lower in _listed("first_a_name.txt")
        signs = {"smallname": _is_name(lower), "smallfirst": is_first, "past": lower.endswith("ed")}
        return frozenset({"small", *(name for name, holds in signs.items() if holds)})
    return frozenset({"low" if len(lower) > 3 and _is_name(lower) else "pair" if len(lower) == 2 else "odd"})


def _capital(lower: str) -> Signs:
    """What a word with a capital may be: "name" is asked about by itself, the others in a name's company."""
    kinds = {kind for kind, words in _data()["lists"].items() if lower in _listed(words)}
    is_word = "first" not in kinds and _is_known(lower)
    if "eponym" in kinds and not is_word:
        return _BIG | {"eponym"}
    if is_word or "place" in kinds:
        return _BIG | kinds - {"eponym", "first"}
    if "given" in kinds:
        return _NAME
    return _STRANGER if kinds or re.search("[À-ɏ]", lower) else _UNLISTED


@cache
def _alphabet() -> dict[Signs, str]:
    """A letter for each set of signs that a token may have, so that a text becomes a row of letters."""
    words = [form for word in _classes() for form in (word, word.capitalize(), word.upper())]
    plain = [frozenset({name}) for name in (*_data()["forms"], "odd", "pair", "caps")]
    plain += [_NAME, _STRANGER, _UNLISTED, _BIG | {"eponym"}, _APPROVED, _QUIET, _CODE]
    plain += [frozenset(each.split()) for each in _data()["tokens"]["combined"]]
    every = dict.fromkeys([*map(_signs, words), *plain])
    return {signs: chr(0x100 + number) for number, signs in enumerate(every)}


class _Letters(dict[str, str]):
    """The letter of each token; a word that is approved has one of its own."""

    def __init__(self, approved: Callable[[str], bool]) -> None:
        self.approved = approved

    def __missing__(self, token: str) -> str:
        word = token.strip() or token[0]
        if word == "-" != token:  # a dash with a blank joins nothing
            return _alphabet()[_signs("%")]
        if len(word) > 40:
            return _alphabet()[_CODE]
        signs = _APPROVED if word[0].isalpha() and self.approved(word) else _signs(word)
        return self.setdefault(token, _alphabet().get(signs, _alphabet()[_CODE]))


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern on signs as one on letters."""
    while group := re.search(r"\{([A-Z]+)\}", pattern):
        pattern = pattern.replace(group[0], _data()["groups"][group[1]])
    every = frozenset[str]().union(*_alphabet())

    def letters(match: re.Match[str]) -> str:
        signs = set(match[2].split("|"))
        if not signs <= every:
            raise ValueError(f"vocabulary.toml: no such sign: {sorted(signs - every)}")
        return f"[{match[1]}{''.join(letter for each, letter in _alphabet().items() if each & signs)}]"

    return re.compile(re.sub(r"\{(\^?)([a-z][^{}]*)\}", letters, re.sub(r"\s", "", pattern)))


@cache
def _rules(table: str) -> list[tuple[str, re.Pattern[str]]]:
    return [(row.get("kind", ""), _compiled(row["pattern"])) for row in _data()[table]]


# -- approved terms ---------------------------------------------------------------------------


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first, that branches letter by letter.

    The codes and ids of a large portfolio are thousands; one after another at each place of a text, they
    would make screening grow with the square of the portfolio.
    """
    rests: dict[str, list[str]] = {}
    for phrase in phrases:
        rests.setdefault(phrase[:1], []).append(phrase[1:])
    ends_here = rests.pop("", None)
    begins = {letter: r"\s+" if letter == " " else re.escape(letter) for letter in rests}
    parts = [begins[letter] + _any_of(rest) for letter, rest in rests.items()]
    if len(parts) == 1 and not ends_here:
        return parts[0]
    return f"(?:{'|'.join(parts)}){'?' if ends_here else ''}" if parts else ""


class Vocabulary:
    """The approved terms: words and phrases that name nobody and no place.

    A term in lower case approves the word in any position; one with capitals approves that form.
    """

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self.codes = {term.strip() for term in terms}
        plain = {" ".join(flatten(term)[0].split()) for term in self.codes} - {""}
        self.words = {term for term in plain if re.fullmatch(r"[^\W\d_]+(?:'[^\W\d_]+)*", term)}
        phrases = sorted({*plain, *_lines("phrases.txt")} - self.words, reverse=True)
        self.phrases = re.compile(rf"(?<!\w)(?:{_any_of(phrases)})(?!\w)")
        self.letters = _Letters(self.holds)

    def spans(self, flat: str) -> Iterator[tuple[int, int]]:
        """Where approved phrases stand, none over another, in their order."""
        return (match.span() for match in self.phrases.finditer(flat))

    def holds(self, word: str) -> bool:
        """Whether a word is approved as it is written; the possessive of a term is as well."""
        base = word[:-2] if word.endswith("'s") else word.rstrip("'")
        return bool({word, base, word.lower(), base.lower()} & self.words) or (
            base.endswith("s") and base[:-1] in self.words
        )


# -- questions --------------------------------------------------------------------------------


def unknown(text: str, vocabulary: Vocabulary) -> list[Hit]:
    """What is to be asked about in a text, in order; what adjoins is one: a phrase is asked about once."""
    flat = flatten(text)[0]
    return joined(text, _names(flat, vocabulary), direct=False)


def _names(flat: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, str]]:
    """What the patterns find, by its kind, where nothing is approved."""
    tokens = tokens_of(flat)
    starts = [0, *accumulate(map(len, tokens))]
    letters = list(map(vocabulary.letters.__getitem__, tokens))
    for start, end in vocabulary.spans(flat):
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end)
        letters[first:last] = _alphabet()[_APPROVED] * (last - first)
    row = _quietened("".join(letters))
    for kind, pattern in _rules("ask"):
        for match in pattern.finditer(row):
            first, last = match.span(match.lastgroup or 0)
            yield starts[first], starts[last - 1] + len(tokens[last - 1].rstrip()), kind


def _quietened(row: str) -> str:
    """A row without the names that are in use for a model, a test, an author or the like."""
    names = {*"name unlisted given family eponym low odd pair caps letter shout".split()}
    table = {ord(letter): _alphabet()[_QUIET] for signs, letter in _alphabet().items() if signs & names}
    for _, pattern in _rules("quiet"):
        row = pattern.sub(lambda match: match[0].translate(table), row)
    return row

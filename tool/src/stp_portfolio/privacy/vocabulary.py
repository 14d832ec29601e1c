"""Layer 2: a closed vocabulary. Whatever is not a plain English word as it is written waits for review.

No list holds all names, so names are not looked for: every unknown word is asked about once, and
every capital that does not begin a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from stp_portfolio.privacy.identifiers import COUNTED, NOT_A_NUMBER
from stp_portfolio.privacy.text import Hit, flatten

SENTENCE_LIKE = re.compile(r"[.?!:…]['\"”’)*_]*\s+[('\"“‘*_\[]*$|^\s*[('\"“‘*_\[>#|-]*\s*$")

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*", re.UNICODE)
_CALENDAR = frozenset(
    "January February March April May June July August September October November December "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun".split()
)
# Everyday words that are also names: at the start of a sentence only what follows can tell.
_EVERYDAY = frozenset(
    "amber angel april art august autumn basil bay bell berry bill bishop blake blue bob bonny brook brown buck bud carol "
    "chance chase christian christmas clay cliff cook coral crystal daisy dale dawn day dean dell dolly drew duke earl ebony "
    "eden elder ever faith fay fern fields finch flora ford forest frank gay gene glen gold good grace grant gray green grey guy "
    "hall harmony harper heath heather hill holly home honey hope house hunter iris ivy ivory jack jade jasmine jay jewel joy "
    "judge june justice king lake lane lark laurel lily long love mace major march mark mason may means melody mercy merit miles "
    "miller misty more myrtle nick norm olive opal page paige parish park parker pat patience paul pearl penny pepper piper poppy "
    "porter precious price prince prudence queen rain ray red reed reef rich ridge river rob robin rock rod rose rowan ruby rule "
    "rusty sage sandy savannah scout sharp short sky skip sonny star sterling stone storm sue summer sunny taylor tanner terry "
    "tiger trace tracy trinity true tucker tyler verity victor victory violet wade walker ward warren watt way wayne west "
    "white will willow winter wood woods wren young"
    "".split()
)
_SPEAKS = re.compile(
    r"\s+(?:(?:who|then|later|also|never|always|just|quietly|kindly)\s+)?(?:said|says|told|tells|asked|asks|felt|feels|was|is|has|had|went|came"
    r"|thought|thinks|knew|knows|took|takes|gave|gives|wanted|wants|showed|shows|helped|helps|explained|explains|replied|replies|agreed"
    r"|disagreed|shouted|cried|laughed|smiled|looked|looks|signed|sent|sends|wrote|writes|rang|called|calls|left|arrived|brought|works|worked"
    r"|taught|teaches|joined|and I|from|'s|s')\b|\s*:\s*[\"'“]"
)
_POSSESSIVE = re.compile(r"'s|s'")
_LOCALES = "en_GB en_US en_IE en_IN en_NZ pl_PL de_DE fr_FR es_ES it_IT pt_PT nl_NL ro_RO tr_TR sv_SE cs_CZ hu_HU hr_HR".split()


_NO_NAMES = frozenset(
    ["", "a", "an", "be", "can", "do", "in", "man", "my", "no", "on", "see", "so", "the", "to"]
)


@cache
def first_names() -> frozenset[str]:
    """Given names of many countries, in lower case, from the lists of the Faker library."""
    from importlib import import_module

    found: set[str] = set()
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for attribute in ("first_names", "first_names_male", "first_names_female"):
            found.update(str(name).lower() for name in getattr(provider, attribute, ()))
    return frozenset(found) - _NO_NAMES


@cache
def is_english(word: str) -> bool:
    """Whether a word, in lower case, is in the British and American word lists of simplemma."""
    from simplemma import is_known

    return is_known(word, lang="en")


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first, that branches letter by letter.

    The codes and ids of a large portfolio are thousands; one after another at each place of a text, they
    would make screening grow with the square of the portfolio.
    """
    return _branches([*dict.fromkeys(phrases)])


def _branches(phrases: list[str]) -> str:
    by_letter: dict[str, list[str]] = {}
    for phrase in phrases:
        if phrase:
            by_letter.setdefault(phrase[0], []).append(phrase[1:])
    parts = []
    for letter, rests in by_letter.items():
        head = r"\s+" if letter == " " else re.escape(letter)
        while len(rests) == 1 and rests[0]:  # no branch left: the rest as it stands
            head, rests = head + re.escape(rests[0]).replace(r"\ ", r"\s+"), [""]
        rest = _branches(rests)
        parts.append(f"{head}{rest}")
    inner = "|".join(parts)
    if not inner:
        return ""
    whole = f"(?:{inner})" if len(parts) > 1 else inner
    return f"(?:{whole})?" if "" in phrases else whole


class Vocabulary:
    """The approved terms: words and phrases that are no names of persons or places.

    A term in lower case approves the word in any position; one with capitals approves that form.
    """

    def __init__(self, terms: Iterable[str] = ()) -> None:
        terms = list(terms)
        self.words: set[str] = set()
        self.codes = {term.strip() for term in terms}
        phrases: list[str] = []
        for term in terms:
            plain = flatten(term)[0].strip()
            if _WORD.fullmatch(plain):
                self.words.add(plain)
            elif plain:
                phrases.append(plain)
        self.phrases = re.compile(rf"(?<![^\W\d_])(?:{_any_of(phrases)})(?![^\W\d_])") if phrases else None

    def spans(self, flat: str) -> list[tuple[int, int]]:
        """Where approved phrases stand."""
        return [match.span() for match in self.phrases.finditer(flat)] if self.phrases else []

    def holds(self, word: str) -> bool:
        """Whether a word is approved as it is written; the possessive of a term is as well."""
        base = word[:-2] if word.endswith("'s") else word.rstrip("'")
        return bool({word, base, word.lower(), base.lower()} & self.words) or (
            base.endswith("s") and base[:-1] in self.words
        )


def unknown(text: str, vocabulary: Vocabulary) -> list[Hit]:
    """The terms in a text that wait for review: adjoining words are one term, so a phrase is asked about once."""
    flat, places = flatten(text)
    spans = vocabulary.spans(flat)
    hits: list[Hit] = []
    last_end = -10
    for match in _WORD.finditer(flat):
        if any(start <= match.start() and match.end() <= end for start, end in spans):
            continue
        if not _suspicious(flat, match, vocabulary):
            continue
        first, last = places[match.start()], places[match.end() - 1] + 1
        between = flat[last_end : match.start()]
        if (
            match[0].lower() in _EVERYDAY
            and not match[0].islower()
            and (follows := _SPEAKS.match(flat, match.end()))
        ):
            # "Hope is" is what is asked about: to approve it must not approve "Hope said".
            last = places[follows.end() - 1] + 1
            hits.append(Hit("term", text[first:last], first, last, direct=False))
            continue
        joined = hits and 0 <= match.start() - last_end <= 2 and re.fullmatch(r"[ -]|-? ?", between)
        if joined and match[0][0].isupper() and hits[-1].text[:1].isupper():
            start = hits[-1].start
            hits[-1] = Hit("term", text[start:last], start, last, direct=False)
        else:
            hits.append(Hit("term", text[first:last], first, last, direct=False))
        last_end = match.end()
    for start, end in _codes(flat):
        if (
            not any(left <= start and end <= right for left, right in spans)
            and flat[start:end] not in vocabulary.codes
        ):
            hits.append(
                Hit(
                    "term",
                    text[places[start] : places[end - 1] + 1],
                    places[start],
                    places[end - 1] + 1,
                    direct=False,
                )
            )
    return hits


_CODED = re.compile(
    r"(?<![\w.,/:-])(?=[A-Za-z\d/._-]*\d)(?:[A-Za-z]{0,4}[/._-]?\d[A-Za-z\d]{4,}(?:[/._-][A-Za-z\d]+)*|\d{2,}(?:[./-]\d{2,}){2,}"
    r"|[A-Z]{0,2}\d{1,4}(?: \d{2,4}){2,}|(?:[A-Za-z]{1,3}[/-]?)?\d{1,8}[A-Za-z]{0,3}(?:[/._-][A-Za-z\d]{1,8}){1,})(?![\w%])"
)
_PLAIN_NUMBER = re.compile(
    r"\d{1,4}-\d{1,4}|\d{1,4}|\d{4}[-/]\d{2,4}|v?\d{1,3}(?:\.\d{1,3}){1,3}|(?:19|20)\d{2}s?|\d{1,3}(?: \d{3})+|\d+\.\d+(?:-\d+\.\d+)?|\d+(?:st|nd|rd|th)"
)


def _codes(flat: str) -> Iterator[tuple[int, int]]:
    """Long numbers and codes, which nobody can tell from an identifier without knowing what they are."""
    for match in _CODED.finditer(flat):
        code = match[0]
        if (
            _PLAIN_NUMBER.fullmatch(code)
            or sum(letter.isdigit() for letter in code) < 5
            or COUNTED.match(flat, match.end())
        ):
            continue
        before = flat[max(0, match.start() - 30) : match.start()]
        if not (NOT_A_NUMBER.search(before) or re.search(r"(?:https?://|doi:|10\.)\S*$", before)):
            yield match.span()


def _suspicious(flat: str, match: re.Match[str], vocabulary: Vocabulary) -> bool:
    word = match[0]
    lower = word.lower().removesuffix("'s")
    if (
        len(word) == 1
        or lower == "her"
        or vocabulary.holds(word)
        or (word in _CALENDAR and not (lower in _EVERYDAY and _SPEAKS.match(flat, match.end())))
    ):
        return False
    contracted = re.fullmatch(
        r"(?:i|you|he|she|we|they|it|that|there|who|what|let|don|didn|doesn|isn|wasn|weren|hasn|hadn|haven|can|couldn|won|wouldn|shouldn|aren|mustn)'(?:m|re|ve|ll|d|s|t)",
        word.lower(),
    )
    if contracted:
        return False
    if word.islower():
        return not all(is_english(part) for part in re.split(r"'", lower) if len(part) > 1)
    before = flat[max(0, match.start() - 30) : match.start()]
    line_start = flat.rfind("\n", 0, match.start()) + 1
    starts = (
        bool(SENTENCE_LIKE.search(before))
        if match.start() - line_start > 30
        else _starts(flat, line_start, match.start())
    )
    if not starts or not is_english(lower) or (word.isupper() and len(word) > 1):
        return True
    if lower in _EVERYDAY:
        return bool(
            _SPEAKS.match(flat, match.end()) or _POSSESSIVE.match(flat, match.end()) or word.endswith("'s")
        )
    return lower in first_names()


_BLOCK = re.compile(r"\s*(?:% ?|#{1,6}\s+|[-+]\s+|\d+[.)]\s+|>\s*|\|\s*)*['\"“‘(\[]*$")


def _starts(flat: str, line_start: int, start: int) -> bool:
    """Whether a word begins a sentence: after its mark, or at the head of a block."""
    lead = flat[line_start:start]
    if not _BLOCK.match(lead):
        return bool(SENTENCE_LIKE.search(lead)) or bool(re.search(r"\|\s*$", lead))
    if lead.strip():
        return True  # a heading, a list item, a cell
    above = flat[:line_start].rstrip(" \t")
    if not above or above.endswith("\n\n") or above == "\n":
        return True
    return bool(re.search(r"[.?!:|]['\"”’)]*\n$", above)) or not above.strip()

"""What leaves the portfolio, screened as a reader or a program gets it: site, release, exports, calendar."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from stp_portfolio import privacy
from stp_portfolio.core import phrases
from stp_portfolio.core.findings import FaultsError, Finding, Refusal
from stp_portfolio.privacy import Hit, Vocabulary
from stp_portfolio.privacy.carriers import Closed, Piece, name_text, pieces
from stp_portfolio.privacy.cleaning import clean
from stp_portfolio.privacy.decisions import Known, folded
from stp_portfolio.privacy.identifiers import NEVER_ALLOWED

# Named by Sphinx, not by the author.
_MADE = frozenset("searchindex.js searchpages.js objects.inv genindex.html .nojekyll .buildinfo".split())
_THEMES = ("sphinx", "sphinx_design", "myst_nb", "stp_portfolio")
# The codes of findings: what may never be allowed, what may be a false alarm, what a person is asked.
CERTAIN, IDENTIFIER, TERM = "identifier-certain", "identifier", "term"
PICTURE, CLOSED = "picture-unread", "closed-format"
NOT_READ = (PICTURE, CLOSED)
# What a question says where "may be a" and its kind would not.
_ASKED = {
    "address": "may be an address", "age": "may be an age that singles somebody out",
    "age over 89": "may be an age over 89", "day": "may be the day of an encounter",
    "handle": "may be somebody's log-in", "health": "may tell of somebody's health",
    "initials": "may be somebody's initials", "relation": "may be a relation that singles somebody out",
}  # fmt: skip
_UNREAD = {True: (PICTURE, "picture"), False: (CLOSED, "file")}
_PARTED = "\n\n"

Days = Collection[date]
Text = tuple[str, bool]  # and whether it is prose
Spots = defaultdict[Text, list[Piece]]  # pieces with the name of their file in place of their text


def screen(
    files: Iterable[tuple[str, bytes]],
    vocabulary: Vocabulary | None,
    days: Days,
    allowed: Collection[tuple[str, str]] = (),
) -> list[Finding]:
    """Both layers on all that files say and on their names; what could not be read is a finding, too.

    A text that stands in many places is screened and found once. Without a vocabulary, identifiers alone
    are looked for. ``allowed`` are pairs of a file and a finding's value; what could not be read is allowed
    by its value, under any name.
    """
    found: list[Finding] = []
    hits: list[tuple[Text, Hit]] = []
    spots: Spots = defaultdict(list)
    for name, raw in files:
        parts = [] if is_shipped(name, raw) else list(_parts(name, raw))
        found += [_closed(name, raw, part) for part in parts if isinstance(part, Closed)]
        for prose, texts in _new(name, parts, spots).items():
            held = _hits(texts, vocabulary if prose else None, days)
            hits += [((text, prose), hit) for text, hit in held]
    for key, hit in hits:
        found += [_placed(finding(spot.text, key[0], spot.line, hit), spot) for spot in spots[key]]
    return list(grouped(found, set(allowed)))


def _new(name: str, parts: Iterable[Piece | Closed], spots: Spots) -> dict[bool, list[str]]:
    """The texts of a file that no file before had, as prose and not; ``spots`` takes in where each stands."""
    new: dict[bool, list[str]] = {True: [], False: []}
    for part in (part for part in parts if isinstance(part, Piece)):
        for text in part.text.split(_PARTED):
            if (text, part.prose) not in spots and (text, True) not in spots:
                new[part.prose].append(text)
            spots[text, part.prose].append(part._replace(text=name))
    return new


def hold_back(files: Mapping[str, bytes], known: Known, what: str) -> None:
    """Let files leave, or raise FaultsError with all that could identify somebody or was not read.

    What is allowed in a source is allowed in what is made of it, whatever that is called.
    """
    texts = {text for _, text in known.allowed}
    found = screen(files.items(), known.vocabulary, known.days, known.allowed)
    if open_ := [each for each in found if each.code == CERTAIN or folded(each.value) not in texts]:
        count = phrases.plural(len(open_), "finding")
        raise FaultsError(f"{count} in {what}, of which nothing was written:", open_)


def finding(name: str, text: str, line: int, hit: Hit) -> Finding:
    """A hit in a text as a finding: in which file, on which line, with the words around it."""
    before = text[max(0, hit.start - 40) : hit.start].rpartition("\n")[2]
    after = text[hit.end : hit.end + 40].partition("\n")[0]
    around = " ".join(f"{before}«{text[hit.start : hit.end]}»{after}".split()).rstrip(".")
    value, line = " ".join(hit.text.split()), line + bisect_left(_line_ends(text), hit.start)
    asked = _ASKED.get(hit.kind, f"may be a {hit.kind}")
    fault = f"could identify a person ({hit.kind})" if hit.direct else asked
    code = TERM if not hit.direct else CERTAIN if hit.kind in NEVER_ALLOWED else IDENTIFIER
    settled = f"{phrases.typed(name)} {phrases.typed(value)}"
    advice = {
        CERTAIN: "Take it out, or write a role or a month instead",
        IDENTIFIER: f"Take it out; or, for a false alarm: portfolio allow {settled}",
        TERM: f"Reword it, or, if it names nobody and no place: portfolio approve {phrases.typed(value)}",
    }
    return Finding(code, name, f"{fault}: {around}", advice[code], line, value=value, identifies=True)


@lru_cache(maxsize=16)  # one text may have thousands of hits
def _line_ends(text: str) -> list[int]:
    return [match.start() for match in re.finditer("\n", text)]


def _parts(name: str, raw: bytes) -> Iterator[Piece | Closed]:
    if Path(name).name == "language_data.js":  # in every book, with a program in it that is no author's
        from sphinx.search.en import js_porter_stemmer

        raw = raw.replace(js_porter_stemmer.encode(), b"")
    words = "" if Path(name).name in _MADE else name_text(name)
    yield Piece("its name", 1, _PARTED.join(words.split()))
    yield Piece("its name", 1, words, prose=False)
    yield from pieces(name, raw)


def _hits(texts: list[str], vocabulary: Vocabulary | None, days: Days) -> Iterator[tuple[str, Hit]]:
    """What is found in texts of one file, screened together: each call of a layer takes its time."""
    starts = list(accumulate((len(text) + len(_PARTED) for text in texts), initial=0))
    whole = _PARTED.join(texts)
    for hit in privacy.direct(whole, days) if vocabulary is None else privacy.screen(whole, vocabulary, days):
        at = bisect_right(starts, hit.start) - 1
        yield texts[at], replace(hit, start=hit.start - starts[at], end=hit.end - starts[at])


def _placed(found: Finding, spot: Piece) -> Finding:
    """A finding with its place in words, and without a line where files of its kind have none."""
    fault = f"{found.fault} ({spot.place})" if spot.place else found.fault
    return replace(found, fault=fault, line=found.line if spot.line > 1 else None)


def _closed(name: str, raw: bytes, closed: Closed) -> Finding:
    """Its value tells this file from any other, so that who confirmed it is asked again when it changes.

    A copy that was cleaned has the value of what it was made of.
    """
    with suppress(Refusal):
        raw = clean(name, raw)
    (code, what), (fault, _, remedy) = _UNREAD[closed.picture], closed.why.partition(". ")
    fault = f"was not read{f' ({closed.place})' if closed.place else ''}: {fault}"
    value = f"{what} {hashlib.sha256(raw).hexdigest()[:8]}"
    return Finding(code, name, fault, remedy, value=value, identifies=True)


def grouped(found: Iterable[Finding], allowed: Collection[tuple[str, str]] = ()) -> Iterator[Finding]:
    """Each value once, with the other places in which it stands, but for what is allowed."""
    seen = {value for _, value in allowed if value.startswith(("picture ", "file "))}
    values: defaultdict[tuple[str, str], dict[str, Finding]] = defaultdict(dict)
    for each in found:
        if each.value not in seen and (each.file, folded(each.value)) not in allowed:
            values[each.code, each.value].setdefault(each.file, each)
    for first, *others in map(list, map(dict.values, values.values())):
        places = [f"{each.file}:{each.line or ''}".rstrip(":") for each in others]
        more = f" and {len(places) - 3} more" if places[3:] else ""
        also = f" (also in {', '.join(places[:3])}{more})" if places else ""
        yield replace(first, fault=f"{first.fault}{also}")


@cache
def _shipped() -> dict[str, list[Path]]:
    """The static files of the theme and of what it is built on, by name."""
    files: defaultdict[str, list[Path]] = defaultdict(list)
    for spec in filter(None, map(find_spec, _THEMES)):
        for path in Path(spec.origin or "").parent.rglob("*.*"):
            files[path.name].append(path)
    return files


def is_shipped(name: str, raw: bytes) -> bool:
    """Whether a file is to the byte one that every book of this kind has."""
    paths = _shipped().get(Path(name).name, []) if name.startswith("_static/") else []
    return any(path.read_bytes() == raw for path in paths if path.is_file())

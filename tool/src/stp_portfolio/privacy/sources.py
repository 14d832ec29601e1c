"""Screen everything that reaches a reader: pages, notebooks, data, settings, file names, images and PDFs.

Each file is screened once for its contents and the vocabulary; the result is kept beside the build,
so a second run looks at changed files only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from stp_portfolio.core import configuration, contract, digests, disk
from stp_portfolio.core.findings import Finding
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy import Vocabulary, carriers, direct, screen
from stp_portfolio.privacy.text import Hit, read
from stp_portfolio.privacy.vocabulary import is_english

TERMS = f"{contract.FOLDER}/approved_terms.txt"
CACHE = "_build/.screening.json"
IDENTIFIER, TERM = "identifier", "term"  # the codes of findings

# -- vocabulary -------------------------------------------------------------------------------


def approved_terms(root: Path) -> list[str]:
    """The terms of ``data/approved_terms.txt``; none where there is no such file.

    Raises Refusal for a file that is no UTF-8 text: misread, its terms would silently approve nothing.
    """
    text = disk.read_text(root / TERMS) if (root / TERMS).exists() else ""
    terms = (line.split("|")[0].strip() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return list(filter(None, terms))


def own_words(portfolio: Portfolio | None) -> list[str]:
    """What the records themselves name: codes, schemes and ids of evidence."""
    if portfolio is None:
        return []
    words = {module.code for module in portfolio.modules} | {str(each.key) for each in portfolio.activities}
    words |= {each.key.scheme for each in portfolio.standards} | {each.id for each in portfolio.evidence}
    return sorted(words - {""})


def own_dates(portfolio: Portfolio | None) -> frozenset[date]:
    """The days that the records themselves hold: what happened to activities, never to a patient."""
    if portfolio is None:
        return frozenset()
    settings, modules = portfolio.settings, portfolio.modules
    days = {event.date for event in portfolio.events} | {each.date for each in portfolio.milestones}
    days |= {module.signed_off for module in modules if module.signed_off}
    return frozenset(days | {portfolio.on, settings.start, *settings.reviews})


prose_of = carriers.prose_of  # of a page that is no file yet

# -- what there is to screen ------------------------------------------------------------------


def sources(root: Path) -> list[Path]:
    """Every file that reaches a reader: pages of the contents, what they link to, data and settings."""
    data = root / contract.FOLDER
    found = [root / "_config.yml", root / "_toc.yml", *(data / file for file in contract.COLUMNS)]
    found.append(data / contract.SETTINGS)
    for name in configuration.toc_files(root):
        path = root / name if (root / name).is_file() else disk.page_file(root, name)
        found += [path, *_linked(root, path)] if path else []
    found += sorted((root / "_static").rglob("*"))
    return list(dict.fromkeys(path for path in found if path.is_file()))


_TARGET = re.compile(
    r"\]\(<?([^)\s>\]]+)|(?:src|href)=[\"']([^\"']+)|^```\{(?:include|literalinclude|figure|image)\} (\S+)",
    re.MULTILINE,
)


def _linked(root: Path, page: Path) -> Iterator[Path]:
    """The files of the portfolio that a page shows or offers, other than pages."""
    for match in _TARGET.finditer(read(page)):
        target = (match[1] or match[2] or match[3]).split("#")[0]
        if not target or re.match(r"[a-zA-Z][\w+.-]*:|//", target):
            continue
        with suppress(OSError, ValueError):  # no name that a file can have
            path = (page.parent / target).resolve()
            if path.is_file() and path.is_relative_to(root) and path.suffix not in disk.PAGE_ENDINGS:
                yield path


# -- screening --------------------------------------------------------------------------------


def finding(name: str, text: str, line: int, hit: Hit) -> Finding:
    """A hit in a text as a finding: in which file, on which line, with the words around it."""
    before = text[max(0, hit.start - 40) : hit.start].rpartition("\n")[2]
    after = text[hit.end : hit.end + 40].partition("\n")[0]
    around = " ".join(f"{before}«{text[hit.start : hit.end]}»{after}".split())
    value, line = " ".join(hit.text.split()), line + text.count("\n", 0, hit.start)
    fault = f"could identify a person ({hit.kind})" if hit.direct else f"is a {hit.kind} to review"
    code, advice = IDENTIFIER if hit.direct else TERM, remedy(hit.direct, value)
    return Finding(code, name, f"{fault}: {around}", advice, line, value=value, identifies=True)


def remedy(identifies: bool, value: str) -> str:
    """What to do about an identifier, or about a term."""
    if identifies:
        return "Take it out, or write a role or a month instead"
    return f'Reword it, or, if it names nobody and no place: portfolio approve "{value}"'


def screen_text(
    name: str, text: str, line: int, vocabulary: Vocabulary, days: frozenset[date], *, prose: bool
) -> list[Finding]:
    """Both layers on a piece of prose, the first alone on anything else."""
    hits = screen(text, vocabulary, days) if prose else direct(text, days)
    return [finding(name, text, line, hit) for hit in hits]


def _name_hits(name: str, vocabulary: Vocabulary) -> Iterator[Hit]:
    """A file's name, word by word: what is no word of the vocabulary may be somebody's name."""
    stem = Path(name).stem.replace("_", " ")
    yield from direct(stem)
    for match in re.finditer(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", stem):
        word, lower = match[0], match[0].lower()
        if len(word) > 2 and not (vocabulary.holds(word) or vocabulary.holds(lower) or is_english(lower)):
            yield Hit("word of a file name", word, *match.span(), direct=False)


def screen_file(root: Path, path: Path, vocabulary: Vocabulary, days: frozenset[date]) -> list[Finding]:
    """Everything found in one file and in its name."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    found = [finding(name, path.stem, 1, hit) for hit in _name_hits(path.name, vocabulary)]
    for line, text, prose in carriers.pieces(path):
        found += screen_text(name, text, line, vocabulary, days, prose=prose)
    # Much is found twice, as it is written and as it reads.
    return [*{(each.code, each.line, each.value): each for each in reversed(found)}.values()][::-1]


def run(root: Path, portfolio: Portfolio | None, only: Iterable[Path] = ()) -> list[Finding]:
    """Screen every source, or the given ones; what is unchanged since the last run is not read again."""
    terms, days = [*approved_terms(root), *own_words(portfolio)], own_dates(portfolio)
    vocabulary = Vocabulary(terms)
    basis = repr((digests.code(), terms, sorted(days), carriers.ocr_engine()))
    known, fresh = _known(root, basis), {}
    held = [root / piece.file for piece in portfolio.evidence if piece.file] if portfolio else []
    for path in only or dict.fromkeys([*sources(root), *filter(Path.is_file, held)]):
        key = digests.digest([path.name.encode(), str(path).encode(), path.read_bytes()])
        if key not in known:
            known[key] = [asdict(each) for each in screen_file(root, path, vocabulary, days)]
        fresh[key] = known[key]
    if not only:
        disk.put(root / CACHE, json.dumps({"basis": basis, "files": fresh}, ensure_ascii=False))
    return [Finding(**each) for here in fresh.values() for each in here]


def _known(root: Path, basis: str) -> dict[str, list[dict[str, Any]]]:
    """What the last run found, by file, if it looked for the same."""
    try:
        kept = json.loads((root / CACHE).read_text(encoding="utf-8"))
        return dict(kept["files"]) if kept["basis"] == basis else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def grouped(found: Iterable[Finding]) -> Iterator[Finding]:
    """Identifiers one by one; a term that occurs in several places once, with the others named."""
    terms: dict[str, list[Finding]] = {}
    for each in found:
        if each.code == IDENTIFIER:
            yield each
        else:
            terms.setdefault(each.value, []).append(each)
    for first, *others in terms.values():
        where = ", ".join(f"{other.file}:{other.line}" for other in others[:5])
        more = f" (also {where}{' …' if others[5:] else ''})" if others else ""
        yield replace(first, fault=f"{first.fault}{more}")

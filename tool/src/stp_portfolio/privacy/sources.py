"""The early warning: every file that git holds or would take, screened before anything is made of it.

Each file is screened once for its contents and what is known; the result is kept beside the build, so a
second run looks at changed files only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stp_portfolio.core import digests, disk, repository
from stp_portfolio.core.findings import Finding
from stp_portfolio.core.records import Portfolio
from stp_portfolio.privacy import carriers, decisions, leaving

CACHE = "_build/.screening.json"
BUILD_CACHE = "_build/.identifiers.json"
PROGRAM = "pyproject.toml"  # a folder with such a file holds a program, no part of a portfolio


def files(root: Path, portfolio: Portfolio | None = None) -> list[str]:
    """Every file to screen: tracked and new ones without a program's, and whatever evidence names."""
    names = repository.files(root)
    programs = tuple(name.removesuffix(PROGRAM) for name in names if name.endswith(f"/{PROGRAM}"))
    held = [piece.file for piece in portfolio.evidence if piece.file] if portfolio else []
    kept = [name for name in names if not name.startswith(programs) and not name.endswith(".whl")]
    return list(dict.fromkeys([*kept, *held]))


def name_of(root: Path, path: Path) -> str:
    """A file's name in findings: its path from the root, or as it is where it lies elsewhere."""
    return Path(os.path.relpath(path, root)).as_posix()


def chosen(root: Path, portfolio: Portfolio | None, only: Iterable[Path] | None = None) -> list[str]:
    """The files that paths of a command mean: a file itself, of a folder what is screened in it; or all."""
    found: list[str] = [] if only else files(root, portfolio)
    for path in (each.resolve() for each in only or ()):
        if path.is_dir():
            listed = [name for name in files(root, portfolio) if (root / name).is_relative_to(path)]
            found += listed or [name_of(root, path / name) for name in repository.walked(path)]
        else:
            found.append(name_of(root, path))
    return found


def run(root: Path, portfolio: Portfolio | None, names: Sequence[str] | None = None) -> list[Finding]:
    """Screen every source, or the named ones. What could not be read is a finding, too: see ``leaving``."""
    wanted = chosen(root, portfolio) if names is None else names
    return _screened(root, decisions.known(root, portfolio), wanted, CACHE if names is None else "")


def identifiers(root: Path, portfolio: Portfolio) -> list[Finding]:
    """Layer 1 alone on what may become part of the book: nothing whose path begins with a dot."""
    wanted = [name for name in chosen(root, portfolio) if not name.startswith(".")]
    known = decisions.known(root, portfolio)._replace(vocabulary=None)
    return _screened(root, known, wanted, BUILD_CACHE)


def _screened(root: Path, known: decisions.Known, names: Iterable[str], cache: str) -> list[Finding]:
    """What is found in files; kept in ``cache``, a path from the root, unless that is empty."""
    words = sorted(known.vocabulary.codes) if known.vocabulary else None
    basis = repr((digests.code(), words, sorted(known.days), sorted(known.allowed), carriers.ocr_engine()))
    kept, fresh = _kept(root / (cache or CACHE), basis), dict[str, Any]()
    for name in names:
        try:
            raw = _read(root, name)
        except disk.UnreadableError as error:
            fault = {"code": error.code, "file": name, "fault": error.fault, "remedy": error.remedy}
            fresh[name] = [fault | {"identifies": True}]
            continue
        key = digests.digest([name.encode(), raw])
        if key not in kept:
            kept[key] = [asdict(each) for each in leaving.screen([(name, raw)], *known)]
        fresh[key] = kept[key]
    if cache:
        disk.put(root / cache, json.dumps({"basis": basis, "files": fresh}, ensure_ascii=False))
    return [Finding(**each) for here in fresh.values() for each in here]


def _read(root: Path, name: str) -> bytes:
    """A source as it is screened: what was decided is no news, what its file says beside that may be."""
    path = disk.inside(root, name)
    return decisions.remarks(root) if name == decisions.TERMS else disk.read_bytes(path)


def _kept(cache: Path, basis: str) -> dict[str, list[dict[str, Any]]]:
    """What the last run found, by file, if it looked for the same."""
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return dict(kept["files"]) if kept["basis"] == basis else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def grouped(found: Iterable[Finding]) -> list[Finding]:
    """Identifiers one by one; a term that occurs in several places once, with the others named."""
    terms: list[Finding] = []
    others: list[Finding] = []
    for each in found:
        (terms if each.code == leaving.TERM else others).append(each)
    return [*others, *leaving.grouped(terms)]

"""From Typst sources to PDFs, without Sphinx: the sources are kept, and are set again while they are current."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from stp_portfolio.core import digests
from stp_portfolio.pdf import fonts, typesetting

FOLDER = ".typst"  # beside the doctrees
_INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands in the folder: PDFs by activity (empty for the book) and stem, narratives by stem.

    ``made_of`` is the hash of the portfolio that they were written from.
    """

    made_of: str
    on: str
    pdfs: dict[str, str]
    texts: dict[str, str]


def keep(folder: Path, sources: Sources) -> None:
    """Note what the sources in a folder are."""
    (folder / _INDEX).write_text(json.dumps(asdict(sources), ensure_ascii=False), encoding="utf-8")


def kept(folder: Path) -> Sources | None:
    """What stands in a folder; None where nothing does."""
    try:
        return _read(folder)
    except (OSError, ValueError, TypeError):
        return None


def _read(folder: Path) -> Sources:
    return Sources(**json.loads((folder / _INDEX).read_text(encoding="utf-8")))


def is_current(root: Path, built: Path) -> bool:
    """Whether the sources below ``built`` were written from the portfolio as it is now, by a build without a fault."""
    found = kept(built / FOLDER)
    return (
        digests.was_clean(built / ".doctrees") and found is not None and found.made_of == digests.tree(root)
    )


def set_all(folder: Path, out: Path, chosen: Collection[str], say: Callable[[str], None]) -> Iterator[str]:
    """Set the book and the chosen activities (all where none is) from a folder of sources into ``out``.

    What is there already and made of the same is left. Yields what is wrong, and what Typst remarks. Raises
    OSError where there are no sources.
    """
    sources = _read(folder)
    out.mkdir(parents=True, exist_ok=True)
    pictures = b"".join(
        path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix not in (".typ", ".json")
    )
    basis = hashlib.sha256("\0".join([repr(fonts.folders()), version("typst")]).encode() + pictures)
    basis.update((folder / typesetting.TEMPLATE).read_bytes())
    stems = {stem: key for key, stem in sources.pdfs.items() if not key or not chosen or key in chosen}
    for stem in stems:
        if stem in sources.texts:
            (out / f"{stem}.txt").write_text(sources.texts[stem], encoding="utf-8")
    # Typst works outside of Python's lock; the book takes as long as all the others.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for remarks in pool.map(lambda stem: _set(folder, stem, out, basis.digest(), sources.on, say), stems):
            yield from remarks


def _set(folder: Path, stem: str, out: Path, basis: bytes, on: str, say: Callable[[str], None]) -> list[str]:
    source, target = folder / f"{stem}.typ", out / f"{stem}.pdf"
    # What a PDF was made of stands beside it: the same again is not set again.
    made_of = hashlib.sha256(source.read_bytes() + basis).hexdigest()
    note = target.with_name(f".{target.name}.sha256")
    if target.is_file() and note.is_file() and note.read_text(encoding="utf-8") == made_of:
        return []
    say(f"setting {target.name}")
    try:
        pdf, remarks = typesetting.compiled(source, date.fromisoformat(on))
    except typesetting.TypesettingError as error:
        target.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        return [f"{target.name} was not written: {error}"]
    target.write_bytes(pdf)
    note.write_text(made_of, encoding="utf-8")
    return [f"{target.name}: {remark}" for remark in remarks]


def empty(folder: Path) -> Path:
    """The folder for sources, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder

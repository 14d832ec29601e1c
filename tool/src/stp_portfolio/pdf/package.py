"""The export: PDFs, narratives and evidence, activity by activity, with a manifest, an index and one zip."""

import csv
import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from stp_portfolio.core import dates, disk, progress
from stp_portfolio.core.records import Activity, Evidence, Portfolio
from stp_portfolio.privacy import cleaning, decisions, leaving

BOOK = "portfolio.pdf"
MANIFEST = "manifest.csv"
INDEX = "index.txt"
ARCHIVE = "eportfolio.zip"
ONLY = "STP_EXPORT_ONLY"  # activities such as M-1/5 M-1/6, set by `portfolio export --only` for the builder
# The activity, the line of the index, and the file with its name in the export where there is one.
Entry = tuple[str, str, Path | None, str]
COLUMNS = ("activity", "file", "pages", "bytes", "sha256", "edition", "commit")


def safe(name: str) -> str:
    """A name that any system takes for a file in the folder where it is put: letters, digits, ``._-``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).lstrip(".-") or "file"


def file_stem(activity: Activity) -> str:
    """``M-1_05_patient-care-journey``: module, number and the page's name, in the order of the list."""
    name = re.sub(r"^\d+_", "", activity.page.rpartition("/")[2])
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
    return safe(f"{activity.key.module}_{activity.key.number:02}_{spaced}")


def attached(piece: Evidence) -> str:
    """The name of a piece of evidence in the export, with its id; empty where it is held elsewhere."""
    held = Path(piece.file).name.removeprefix(f"{piece.id}-")
    return f"evidence/{safe(f'{piece.id}-{held}')}" if piece.file else ""


def clear(out: Path) -> None:
    """Take away what an earlier export put into a folder, by its manifest; every other file stays."""
    names = [INDEX, MANIFEST, ARCHIVE]
    if (out / MANIFEST).is_file():
        with (out / MANIFEST).open(encoding="utf-8", errors="replace", newline="") as file:
            names += [row["file"] for row in csv.DictReader(file) if "activity" in row]
    for path in {(out / name).resolve() for name in names}:
        if path.is_relative_to(out.resolve()):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # not there, or it holds something else
        (out / "evidence").rmdir()


def pack(
    portfolio: Portfolio, built: Path, out: Path, about: tuple[str, str], chosen: Collection[str]
) -> Path:
    """Gather what the builder made in ``built`` into ``out``, evidence as cleaned copies; returns the zip.

    ``about`` are the edition and the commit that it was made from; ``chosen`` are the activities wanted
    (``M-1/5``): all, and the book, where it is empty. Raises Refusal, and writes nothing, where a file holds
    what could identify somebody, or cannot be looked into.
    """
    title, day = portfolio.settings.title, dates.written(portfolio.on)
    rows, lines = [], [f"{title}, {about[0]} edition, as it stood on {day}"]
    files: dict[str, bytes] = {}
    for activity, line, source, name in _contents(portfolio, built, chosen):
        lines.append(line)
        if source is not None:
            raw = source.read_bytes() if source.parent == built else cleaning.clean(name, source.read_bytes())
            files[name] = raw
            digest = hashlib.sha256(raw).hexdigest()
            rows.append([activity, name, _pages(name, raw), str(len(raw)), digest, *about])
    files[INDEX] = "\n".join([*lines, ""]).encode()
    leaving.hold_back(files, decisions.known(portfolio.root, portfolio), "the export")
    files[MANIFEST] = disk.csv_text([COLUMNS, *rows]).encode()
    for name, raw in files.items():
        disk.put(out / name, raw)
    made = {name: out / name for name in [INDEX, MANIFEST, *(row[1] for row in rows)]}
    disk.put(out / ARCHIVE, zipped(made))
    return out / ARCHIVE


def _contents(portfolio: Portfolio, built: Path, chosen: Collection[str]) -> Iterator[Entry]:
    """What an export holds, in the order of its index."""
    if not chosen:
        yield "", f"\nThe portfolio, all activities in one: {BOOK}", built / BOOK, BOOK
    for activity in portfolio.activities:
        key, stem = str(activity.key), file_stem(activity)
        if chosen and key not in chosen:
            continue
        status = progress.status_line(progress.history(portfolio, activity.key))
        yield key, f"\n{key} {activity.title} ({status})", None, ""
        for ending, what in (("pdf", "page to attach"), ("txt", "narrative to paste")):
            yield key, f"  {what}: {stem}.{ending}", built / f"{stem}.{ending}", f"{stem}.{ending}"
        for piece in progress.evidence_for(portfolio, activity.key):
            if not (name := attached(piece)):
                yield key, f"  evidence held elsewhere: {piece.id} {piece.title}", None, ""
                continue
            yield key, f"  evidence: {name} ({piece.title})", disk.inside(portfolio.root, piece.file), name


def zipped(files: dict[str, Path]) -> bytes:
    """A zip of files by their name in it; the same files give the same bytes, whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.writestr(zipfile.ZipInfo(name), disk.read_bytes(path), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _pages(name: str, raw: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    with suppress(PyPdfError):  # a damaged file of somebody else is handed on as it is
        return str(len(PdfReader(io.BytesIO(raw)).pages)) if name.lower().endswith(".pdf") else ""
    return ""

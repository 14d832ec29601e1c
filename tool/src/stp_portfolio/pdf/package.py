"""The export: PDFs, narratives and evidence, activity by activity, with a manifest, an index and one zip."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from stp_portfolio.core import dates, disk, progress
from stp_portfolio.core.records import Activity, Portfolio

BOOK = "portfolio.pdf"
MANIFEST = "manifest.csv"
INDEX = "index.txt"
ARCHIVE = "eportfolio.zip"
ONLY = "STP_EXPORT_ONLY"  # activities such as M-1/5 M-1/6, set by `portfolio export --only` for the builder
COLUMNS = ("activity", "file", "pages", "bytes", "sha256", "edition", "commit")


def safe(name: str) -> str:
    """A name that any system takes for a file in the folder where it is put: plain letters, digits, ``._-``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).lstrip(".-") or "file"


def file_stem(activity: Activity) -> str:
    """``M-1_05_patient-care-journey``: module, number and the page's name, in the order of the list."""
    name = re.sub(r"^\d+_", "", activity.page.rpartition("/")[2])
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
    return safe(f"{activity.key.module}_{activity.key.number:02}_{spaced}")


def clear(out: Path) -> None:
    """Take away what an earlier export put into a folder, by its manifest; every other file stays."""
    names = [INDEX, MANIFEST, ARCHIVE]
    if (out / MANIFEST).is_file():
        with (out / MANIFEST).open(encoding="utf-8", newline="") as file:
            names += [row.get("file") or INDEX for row in csv.DictReader(file)]
    for path in {(out / name).resolve() for name in names}:
        if path.is_relative_to(out.resolve()):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # not there, or it holds something else
        (out / "evidence").rmdir()


def pack(
    portfolio: Portfolio, built: Path, out: Path, edition: str, commit: str, chosen: Collection[str]
) -> Path:
    """Gather what the builder made in ``built`` into ``out``; returns the zip.

    ``chosen`` are the activities wanted (``M-1/5``); all, and the book, where it is empty.
    """
    rows: list[dict[str, str]] = []

    def take(source: Path, name: str, activity: str) -> None:
        raw = source.read_bytes()
        if source != out / name:
            disk.put(out / name, raw)
        found = [activity, name, _pages(name, raw), str(len(raw)), hashlib.sha256(raw).hexdigest()]
        rows.append(dict(zip(COLUMNS, [*found, edition, commit], strict=True)))

    lines = [
        f"{portfolio.settings.title}, {edition} edition, as it stood on {dates.written(portfolio.on)}",
        "",
    ]
    if not chosen:
        take(built / BOOK, BOOK, "")
        lines += [f"The whole book: {BOOK}", ""]
    for activity in portfolio.activities:
        if not chosen or str(activity.key) in chosen:
            lines += [*_gathered(portfolio, activity, built, take), ""]
    disk.put(out / INDEX, "\n".join(lines))
    disk.put(out / MANIFEST, _as_csv(rows))
    names = dict.fromkeys([INDEX, MANIFEST, *(row["file"] for row in rows)])
    zipped(out / ARCHIVE, {name: out / name for name in names})
    return out / ARCHIVE


def _gathered(
    portfolio: Portfolio, activity: Activity, built: Path, take: Callable[[Path, str, str], None]
) -> Iterator[str]:
    """Take the files of an activity; yields what the index says of them."""
    stem, key = file_stem(activity), str(activity.key)
    yield f"{key} {activity.title} ({progress.status(portfolio, activity.key, portfolio.on)})"
    for ending, what in (("pdf", "page"), ("txt", "narrative to paste")):
        take(built / f"{stem}.{ending}", f"{stem}.{ending}", key)
        yield f"  {what}: {stem}.{ending}"
    for piece in progress.evidence_for(portfolio, activity.key, portfolio.on):
        if piece.file:
            source = portfolio.root / piece.file
            name = f"evidence/{safe(f'{piece.id}_{source.name}')}"
            take(source, name, key)
            yield f"  evidence: {name} ({piece.title})"
        else:
            yield f"  evidence held elsewhere: {piece.id} {piece.title}"


def zipped(target: Path, files: dict[str, Path]) -> None:
    """Write a zip of files by their name in it; the same files give the same bytes, whenever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    disk.put(target, buffer.getvalue())


def _pages(name: str, raw: bytes) -> str:
    if not name.lower().endswith(".pdf"):
        return ""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        return str(len(PdfReader(io.BytesIO(raw)).pages))
    except PyPdfError:
        return ""


def _as_csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()

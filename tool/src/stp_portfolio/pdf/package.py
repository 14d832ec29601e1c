"""The export: PDFs, narratives and evidence, activity by activity, with a manifest, an index and one zip."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path

from stp_portfolio.core import dates, progress
from stp_portfolio.core.records import Activity, Portfolio

BOOK = "portfolio.pdf"
MANIFEST = "manifest.csv"
INDEX = "index.txt"
ARCHIVE = "eportfolio.zip"
ONLY = "STP_EXPORT_ONLY"  # activities such as M-1/5;M-1/6, set by `portfolio export --only` for the builder


def file_stem(activity: Activity) -> str:
    """``M-1_05_patient-care-journey``: module, number and the page's name, in the order of the list."""
    name = re.sub(r"^\d+_", "", activity.page.rpartition("/")[2])
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
    return f"{activity.key.module}_{activity.key.number:02}_{spaced}"


def pack(
    portfolio: Portfolio, built: Path, out: Path, edition: str, commit: str, chosen: Collection[str]
) -> Path:
    """Gather what the builder made in ``built`` into ``out``; returns the zip.

    ``chosen`` are the activities wanted (``M-1/5``), all where it is empty. Files of an earlier
    export are removed first, so the folder holds this one and nothing else.
    """
    for old in (
        *out.glob("*.pdf"),
        *out.glob("*.txt"),
        *out.glob("*.csv"),
        *out.glob("*.zip"),
        out / "evidence",
    ):
        if old.is_dir():
            shutil.rmtree(old)
        elif old.parent != built:
            old.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    _take(built / BOOK, out, "", rows)
    lines = [
        f"{portfolio.settings.title}, {edition} edition, as it stood on {dates.written(portfolio.on)}",
        "",
        f"The whole book: {BOOK}",
        "",
    ]
    now = progress.statuses(portfolio, portfolio.on)
    for activity in portfolio.activities:
        if chosen and str(activity.key) not in chosen:
            continue
        stem = file_stem(activity)
        lines += [
            f"{activity.key} {activity.title} ({now[activity.key]})",
            f"  page: {stem}.pdf",
            f"  narrative to paste: {stem}.txt",
        ]
        for ending in ("pdf", "txt"):
            _take(built / f"{stem}.{ending}", out, str(activity.key), rows)
        for piece in progress.evidence_for(portfolio, activity.key, portfolio.on):
            if piece.file:
                source = portfolio.root / piece.file
                target = out / "evidence" / f"{piece.id}_{source.name}"
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(source, target)
                _note(target, out, str(activity.key), rows)
                lines.append(f"  evidence: {target.relative_to(out).as_posix()} ({piece.title})")
            else:
                lines.append(f"  evidence held elsewhere: {piece.id} {piece.title}")
        lines.append("")
    for row in rows:
        row.update(edition=edition, commit=commit)
    (out / INDEX).write_text("\n".join(lines), encoding="utf-8")
    (out / MANIFEST).write_text(_as_csv(rows), encoding="utf-8", newline="")
    names = dict.fromkeys([INDEX, MANIFEST, *(row["file"] for row in rows)])
    zipped(out / ARCHIVE, {name: out / name for name in names})
    return out / ARCHIVE


def zipped(target: Path, files: dict[str, Path]) -> None:
    """Write a zip of files by their name in it; the same files give the same bytes, whenever it is made."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), path.read_bytes(), zipfile.ZIP_DEFLATED
            )


def _take(source: Path, out: Path, activity: str, rows: list[dict[str, str]]) -> None:
    target = out / source.name
    if source != target:
        shutil.copyfile(source, target)
    _note(target, out, activity, rows)


def _note(path: Path, out: Path, activity: str, rows: list[dict[str, str]]) -> None:
    raw = path.read_bytes()
    rows.append({
        "activity": activity,
        "file": path.relative_to(out).as_posix(),
        "pages": _pages(path),
        "bytes": str(len(raw)),
        "sha256": hashlib.sha256(raw).hexdigest(),
    })  # fmt: skip


def _pages(path: Path) -> str:
    if path.suffix.lower() != ".pdf":
        return ""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        return str(len(PdfReader(path).pages))
    except PyPdfError:
        return ""


def _as_csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(
        buffer, ["activity", "file", "pages", "bytes", "sha256", "edition", "commit"], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()

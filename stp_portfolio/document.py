"""The whole public portfolio as one JSON document: the records, their status on the day, and every page.

Its form is ``docs/portfolio.schema.json``. Rows bear the names of ``data/README.md`` and stand in its
order, so the CSV files can be written from the document again. Nothing of ``private/`` goes into it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from stp_portfolio import configuration, progress, records
from stp_portfolio.checks import PRIVATE
from stp_portfolio.records import Activity, Portfolio

FORMAT = "stp-portfolio/1"  # another number where a reader of the last one would misread it
NAME = "portfolio.json"


class DocumentError(Exception):
    """A file that cannot stand in the document: which one, and what to do."""


def text(portfolio: Portfolio) -> str:
    """The document as text with sorted keys and a line end; the same portfolio and day give the same text.

    Raises DocumentError for a file that is private or cannot be read as what it is, and OSError.
    """
    return json.dumps(document(portfolio), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def document(portfolio: Portfolio) -> dict[str, Any]:
    """The document as plain objects. Raises what ``text`` raises."""
    contents = configuration.toc_files(portfolio.root)
    pages = _pages(portfolio, contents)
    own = {activity.page for activity in portfolio.activities}
    return {
        "format": FORMAT,
        "on": portfolio.on.isoformat(),
        "settings": _settings(portfolio),
        **_records(portfolio),
        "activities": [_activity(portfolio, activity, pages) for activity in portfolio.activities],
        "contents": contents,
        "pages": [
            _page(portfolio, name, path)
            for name, path in sorted(pages.items())
            if path.suffix != ".ipynb" and name not in own
        ],
        "notebooks": [
            {"page": name, "source": _name(portfolio, path), "notebook": _notebook(portfolio, path)}
            for name, path in sorted(pages.items())
            if path.suffix == ".ipynb"
        ],
        "files": list(_files(portfolio)),
    }


# -- records ----------------------------------------------------------------------------------


def _settings(portfolio: Portfolio) -> dict[str, Any]:
    settings = portfolio.settings
    return {
        "title": settings.title,
        "role": settings.role,
        "curriculum": settings.curriculum,
        "start": _day(settings.start),
        "language": settings.language,
        "as_of": _day(settings.as_of),
        "reviews": [_day(review) for review in settings.reviews],
        "example": settings.example,
    }


def _records(portfolio: Portfolio) -> dict[str, list[dict[str, Any]]]:
    """The rows of every CSV file but ``activities.csv``, under the name of the file."""
    return {
        "modules": [
            {
                "phase": module.phase,
                "code": module.code,
                "module": module.name,
                "credits": _number(module.credits),
                "signed_off": _day(module.signed_off),
            }
            for module in portfolio.modules
        ],
        "standards": [
            {"scheme": standard.key.scheme, "code": standard.key.code, "label": standard.label}
            for standard in portfolio.standards
        ],
        "progress": [
            {
                "date": _day(event.date),
                "module": event.activity.module,
                "number": event.activity.number,
                "event": event.event,
                "note": event.note,
            }
            for event in portfolio.events
        ],
        "evidence": [
            {
                "id": piece.id,
                "date": _day(piece.date),
                "title": piece.title,
                "kind": piece.kind,
                "activities": [str(key) for key in piece.activities],
                "standards": [f"{key.scheme}/{key.code}" for key in piece.standards],
                "file": piece.file,
            }
            for piece in portfolio.evidence
        ],
        "milestones": [
            {
                "date": _day(milestone.date),
                "name": milestone.name,
                "module": milestone.module,
                "required": milestone.required,
                "note": milestone.note,
            }
            for milestone in portfolio.milestones
        ],
    }


def _activity(portfolio: Portfolio, activity: Activity, pages: dict[str, Path]) -> dict[str, Any]:
    path = pages[activity.page]
    events = progress.history(portfolio, activity.key, portfolio.on)
    return {
        "module": activity.key.module,
        "number": activity.key.number,
        "title": activity.title,
        "page": activity.page,
        "learning_outcomes": activity.learning_outcomes,
        "url": activity.url,
        "status": str(progress.status_after(events)),
        "since": _day(events[-1].date) if events else None,
        "source": _name(portfolio, path),
        "markdown": None if path.suffix == ".ipynb" else _read(portfolio, path),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


# -- pages and files --------------------------------------------------------------------------


def _pages(portfolio: Portfolio, contents: list[str]) -> dict[str, Path]:
    """The file of each page of the contents and of each activity, by the page's name."""
    found = {activity.page: path for activity, path in records.pages(portfolio)}
    for name in contents:
        candidates = [portfolio.root / f"{name}{ending}" for ending in ("", *records.PAGE_ENDINGS)]
        path = next((path for path in candidates if path.suffix in records.PAGE_ENDINGS and path.is_file()), None)
        if path is None:
            raise DocumentError(
                f"_toc.yml: '{name}' is neither a Markdown page nor a notebook. Write it, or correct the path."
            )
        found.setdefault(name, path)
    return found


def _page(portfolio: Portfolio, name: str, path: Path) -> dict[str, Any]:
    return {"page": name, "source": _name(portfolio, path), "markdown": _read(portfolio, path)}


def _read(portfolio: Portfolio, path: Path) -> str:
    """A page's text, with the same line ends whatever the machine's are."""
    try:
        return _public(portfolio, path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{_name(portfolio, path)} cannot be read as UTF-8 text. Save it as plain text, UTF-8."
        ) from error


def _notebook(portfolio: Portfolio, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_read(portfolio, path))
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        sound = isinstance(found, dict) and isinstance(found.get("cells"), list)
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise DocumentError(
            f"{_name(portfolio, path)} is not a notebook that can be read. Put it back, from git or from a backup."
        )
    return found


def _files(portfolio: Portfolio) -> Iterator[dict[str, Any]]:
    for name in sorted({piece.file for piece in portfolio.evidence if piece.file}):
        path = _public(portfolio, portfolio.root / name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield {"file": name, "bytes": path.stat().st_size, "sha256": digest}


def _public(portfolio: Portfolio, path: Path) -> Path:
    """The path, where it lies in the portfolio and outside its private folder, links followed."""
    real = path.resolve()
    root = portfolio.root.resolve()
    if not real.is_relative_to(root) or real.is_relative_to(root / PRIVATE):
        raise DocumentError(
            f"{_name(portfolio, path)} is a private file, or leads out of the portfolio. The document holds the public "
            "tree alone: put a file for everybody in its place, or name none."
        )
    return path


def _name(portfolio: Portfolio, path: Path) -> str:
    return path.relative_to(portfolio.root).as_posix()

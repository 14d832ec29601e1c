"""What each file of ``data/`` holds, declared once: its columns, in order."""

from __future__ import annotations

FOLDER = "data"

SETTINGS = "portfolio.toml"

COLUMNS: dict[str, tuple[str, ...]] = {  # a file refers only to those before it
    "modules.csv": ("phase", "code", "module", "credits", "signed_off"),
    "activities.csv": ("module", "number", "title", "page", "learning_outcomes", "url"),
    "standards.csv": ("scheme", "code", "label"),
    "progress.csv": ("date", "module", "number", "event", "note"),
    "evidence.csv": ("id", "date", "title", "kind", "activities", "standards", "file"),
    "milestones.csv": ("date", "name", "module", "required", "note"),
}

MAX_BYTES = 5_000_000

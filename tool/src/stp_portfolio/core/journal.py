"""What the last command changed: for each file what stood there, which is kept, and what it left.

The journal is written before each change, so that a command that was killed can be taken back as well.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from stp_portfolio.core import dates, disk
from stp_portfolio.core.contract import FOLDER

BACKUPS = f"{FOLDER}/.backup"
NAME = "undo.json"


class Change(NamedTuple):
    """The digests of a file before a command and after it, None where there was no file."""

    before: str | None
    after: str | None


@dataclass
class Journal:
    """A command as it was typed, its time, and its changes by the file's path from the root.

    ``back`` says that the command was ``undo``, and ``command`` what it took back.
    """

    command: str
    back: bool = False
    when: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(timespec="minutes"))
    files: dict[str, Change] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The command with its time, in words."""
        time = datetime.fromisoformat(self.when)
        return f"portfolio {self.command} ({dates.written(time)}, {time:%H:%M})"

    def write(self, root: Path) -> None:
        """Put it in the place of the one before it."""
        disk.put(root / BACKUPS / NAME, json.dumps(vars(self), ensure_ascii=False, indent=1))


def read(root: Path) -> Journal | None:
    """The journal of the last command that changed something, None where there is none to read."""
    try:
        found = json.loads((root / BACKUPS / NAME).read_text(encoding="utf-8"))
        files = {name: Change(*change) for name, change in found.pop("files").items()}
        made = Journal(**found, files=files)
        datetime.fromisoformat(made.when)
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None
    return made


def digest(raw: bytes | None) -> str | None:
    """What tells contents from others, a SHA-256 in hexadecimal; None for no file."""
    return None if raw is None else sha256(raw).hexdigest()


_running: Journal | None = None


@contextmanager
def command(words: str) -> Iterator[None]:
    """All changes meanwhile are those of one command, and are taken back together."""
    global _running  # a process runs one command at a time
    _running = Journal(words)
    try:
        yield
    finally:
        _running = None


def running() -> Journal:
    """The journal of the command that runs; outside of any, each change has one of its own."""
    return _running or Journal("")

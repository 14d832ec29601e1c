"""Files as the portfolio reads them: which file a page is, and how its text is encoded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PAGE_ENDINGS = (".md", ".ipynb")


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a CSV file and its encoding: ``utf-8-sig``, ``utf-8`` or Windows' ``cp1252``.

    Raises UnicodeDecodeError for anything else.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw.decode("utf-8-sig"), "utf-8-sig"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252"), "cp1252"


def page_file(root: Path, page: str) -> Path | None:
    """Return the file of a page (its path from ``root`` without ending), Markdown first, or None."""
    return next((path for ending in PAGE_ENDINGS if (path := root / f"{page}{ending}").is_file()), None)


def put(path: Path, content: bytes | str) -> None:
    """Put a file in place in one step, its folder made where it is missing; text is written as UTF-8 with plain line ends.

    A reader, and a machine that is switched off, find the old contents or the new ones and never a part.
    Raises OSError; what stood there is then as it was.
    """
    raw = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

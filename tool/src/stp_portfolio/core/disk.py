"""Files as the portfolio reads them: which file a page is, and how its text is encoded."""

from __future__ import annotations

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

"""Direct identifiers in a finished site, as a reader or a program can get at them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from lxml import etree, html

from stp_portfolio.core.findings import Finding
from stp_portfolio.privacy import carriers
from stp_portfolio.privacy.identifiers import direct
from stp_portfolio.privacy.sources import finding
from stp_portfolio.privacy.text import read

# Numbers of drawings are coordinates, not identifiers; what a drawing says is its texts.
_NOT_READ = frozenset("d points transform viewbox x y id href src class style".split())
_BLOCKS = frozenset("p li h1 h2 h3 h4 h5 h6 td th text figcaption caption div a option dt dd".split())
_APART = "\n¶\n"  # no identifier reaches from one attribute into the next


def screen_site(site: Path, days: frozenset[date]) -> list[Finding]:
    """Direct identifiers in the text, attributes, comments, search index, inventory and files of a site.

    The theme's own scripts and styles are left out: they are the same in every book.
    """
    files = ((path, path.relative_to(site).as_posix()) for path in sorted(site.rglob("*")) if path.is_file())
    found = (
        finding(name, text, 1, hit)
        for path, name in files
        if not name.startswith("_static/")
        for text in _texts_of(path)
        for hit in direct(text, days)
    )
    return list(dict.fromkeys(found))


def _texts_of(path: Path) -> Iterator[str]:
    suffix = path.suffix.lower()
    yield re.sub(r"[_-]", " ", path.stem)
    if suffix == ".html":
        yield from _page_texts(path)
    elif suffix == ".inv":
        *head, packed = path.read_bytes().split(b"\n", 4)
        yield b"\n".join(head).decode(errors="replace")
        yield zlib.decompress(packed).decode(errors="replace")
    elif suffix == ".js":
        # The search index: words and titles; its numbers are positions.
        yield "\n\n".join(re.findall(r'"((?:[^"\\]|\\.)*+)"', read(path)))
    else:
        yield from (piece.text for piece in carriers.pieces(path))


def _page_texts(path: Path) -> Iterator[str]:
    """The comments of a page, what its attributes say and its text."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    page = html.document_fromstring(path.read_bytes() + b"<p></p>", parser)  # a comment alone is no document
    comments: Any = page.getroottree().xpath("//comment()")  # those before and after the page, too
    yield _APART.join(comment.text or "" for comment in comments)
    elements = page.iter(etree.Element)
    yield _APART.join(
        str(value)
        for each in elements
        for name, value in each.attrib.items()
        if str(name).lower() not in _NOT_READ
    )
    yield carriers.joined(page, _BLOCKS, skipped=("script", "style"))

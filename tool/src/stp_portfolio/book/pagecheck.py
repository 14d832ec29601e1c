"""What is wrong with a folder of finished pages, found in one pass over each page's parsed HTML.

Links and anchors that lead nowhere, images that say nothing, what is fetched from another host, and scripts
and styles that stand on the page: the policy of ``frame`` would not let them do anything.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag

from lxml import html

from stp_portfolio.core.findings import Finding

_NO_WORDS = re.compile(r"|\S*\.(?:png|jpe?g|gif|svg|webp)|\S*[/\\]\S*|[0-9a-fA-F_-]{16,}", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")
_FETCHING = {"img", "script", "iframe", "source", "video", "audio", "embed", "object", "input", "track"}


@dataclass(slots=True)
class _Page:
    """A page as it is parsed: its anchors, its links, and what is wrong by itself."""

    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    faults: list[Finding] = field(default_factory=list)


_known: dict[str, tuple[bytes, _Page]] = {}  # by name, with a hash of what was parsed: the preview asks again


def page_faults(output: Path) -> Iterator[Finding]:
    """Everything that is wrong with the pages in a folder and below it."""
    files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    names = sorted(name for name in files if name.endswith(".html") and not name.startswith("_static/"))
    # Of pages that are the same, as index.html is the home page once more, the last one is looked at.
    once = {(output / name).read_bytes(): name for name in names}
    pages = {name: _parsed(name, raw) for raw, name in once.items()}
    for name, page in pages.items():
        yield from page.faults
        # What the frame of the page for unknown addresses leads to may begin at the root of a server.
        for link in sorted(page.links) if name != "404.html" else ():
            yield from _dead(name, link, files, pages)


def _dead(name: str, link: str, files: set[str], pages: dict[str, _Page]) -> Iterator[Finding]:
    address, anchor = urldefrag(link)
    path = unquote(address.partition("?")[0])
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    if not {target, posixpath.normpath(f"{target}/index.html")} & files:
        yield Finding("link-dead", name, f"the link '{link}' leads to a file that does not exist")
    elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
        yield Finding("anchor-dead", name, f"the link '{link}' leads to an anchor that does not exist")


def _parsed(name: str, raw: bytes) -> _Page:
    now = hashlib.sha256(raw).digest()
    if name in _known and _known[name][0] == now:
        return _known[name][1]
    page = _Page()
    for element in html.fromstring(raw, parser=html.HTMLParser(encoding="utf-8")).iter("*"):
        page.anchors.update(element.get(key, "") for key in ("id", "name"))
        links = {element.get(key, "") for key in ("href", "src")}
        page.links |= {link for link in links if link and not _ELSEWHERE.match(link)}
        page.faults += _faults_of(name, element)
    _known[name] = now, page
    return page


def _faults_of(name: str, element: html.HtmlElement) -> Iterator[Finding]:
    tag, said = element.tag, html.tostring(element, encoding="unicode", with_tail=False)[:120]
    if tag == "img" and _NO_WORDS.fullmatch(element.get("alt", "").strip()):
        yield Finding("image-unnamed", name, f"an image has no alt text that says what it shows: {said}")
    if _inline(element) and name != "404.html":  # whose policy lets its own do what they do
        fault = f"a script, style or handler stands on the page and would do nothing there: {said}"
        yield Finding("inline", name, fault, "Leave it out; a style belongs in a stylesheet in _static")
    if element.get("http-equiv", "").strip().lower() == "refresh":
        yield Finding("refresh", name, "the page sends its reader elsewhere", "Write a link instead")
    for key in ("src", "srcset", "data", "poster") if tag in _FETCHING else ():
        if re.match(r"(?:https?:)?//", address := element.get(key, "")):
            fault = f"the page would fetch {address} from another host"
            yield Finding("foreign", name, fault, "Put the file beside the page instead")


def _inline(element: html.HtmlElement) -> bool:
    if element.tag == "style" or (element.tag == "script" and not element.get("src")):
        return True
    return any(str(name) == "style" or str(name).startswith("on") for name in element.attrib)

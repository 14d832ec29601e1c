"""Everything that can be wrong with the sources, found in one run and without a build."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

from stp_portfolio.core import configuration, disk, reading, records
from stp_portfolio.core.findings import Finding
from stp_portfolio.core.records import Portfolio
from stp_portfolio.core.repository import private_in_git
from stp_portfolio.privacy import sources
from stp_portfolio.show import pages

_PRIVATE_TRACKED = (
    "git tracks it, or an earlier commit holds it. Never publish this repository: take the file out of git and "
    "begin a new history from a clean copy"
)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\((<[^>]+>|[^)\s]+)(?:\s+\"[^\"]*\")?\)")
_OUTSIDE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


def run(
    root: Path, only: Iterable[Path] = (), repository: Path | None = None
) -> tuple[list[Finding], Portfolio | None]:
    """Check the whole portfolio, or only what concerns some files or folders of it.

    ``repository`` is where git is asked; a copy that was made for the check has none of its own.
    Returns the findings and the records, None where they are wrong.
    """
    found: list[Finding] = []
    portfolio = None
    try:
        portfolio = reading.load(root)
    except reading.RecordsError as error:
        found += error.findings
    found += configuration.faults(root)
    if portfolio is not None:
        found += _contract(portfolio)
    listed = dict.fromkeys(configuration.toc_files(root))  # in its order, and quick to look up
    for name in listed:
        page, notebook = root / f"{name}.md", root / f"{name}.ipynb"
        if page.is_file():
            found += _links(root, page, listed)
        elif notebook.is_file():
            found += _notebook(root, notebook)
    if portfolio is not None:
        found += [
            _finding(
                "_toc.yml",
                f"{activity.page} is not in the table of contents. Add it, so that it is published",
            )
            for activity in portfolio.activities
            if activity.page not in listed
        ]
    found += sources.grouped(sources.run(root, portfolio))
    found += [
        _finding(name, _PRIVATE_TRACKED, identifies=True) for name in private_in_git(repository or root)
    ]
    chosen = [path.resolve() for path in only]
    if chosen:
        found = [f for f in found if any((root / f.file).resolve().is_relative_to(path) for path in chosen)]
    return found, portfolio


def reminders(portfolio: Portfolio) -> list[tuple[str, list[str]]]:
    """What is open and no fault: each reminder once, with the pages (files from the root) it is about."""
    found: dict[str, list[str]] = {}
    for activity, path in records.pages(portfolio):
        if path.suffix == ".md":
            for text in pages.reminders(pages.read(path), activity, portfolio):
                found.setdefault(text, []).append(_name(portfolio.root, path))
    return list(found.items())


def _contract(portfolio: Portfolio) -> Iterator[Finding]:
    for activity, path in records.pages(portfolio):
        if path.suffix != ".md":
            continue
        try:
            page = pages.read(path)
        except pages.PageError:
            yield _finding(
                _name(portfolio.root, path), "cannot be read as UTF-8 text. Save it as plain text, UTF-8"
            )
            continue
        for problem in pages.problems(page, activity, portfolio):
            yield _finding(_name(portfolio.root, path), problem)


def _links(root: Path, path: Path, listed: Container[str]) -> Iterator[Finding]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return  # said by the contract
    bare = _CODE.sub(_blank, _FENCE.sub(_blank, text))
    for match in _LINK.finditer(bare):
        target = match[1].strip("<>")
        if _OUTSIDE.match(target):
            continue
        address, fragment = urldefrag(target)
        other = path.parent / unquote(address) if address else path
        line = text.count("\n", 0, match.start()) + 1
        try:
            there = other.is_file()
        except (OSError, ValueError):  # no name that a file can have
            there = False
        if not there:
            yield _finding(
                _name(root, path), f"the link '{target}' leads to a file that does not exist", line
            )
        elif other.suffix in disk.PAGE_ENDINGS and _name(root, other.with_suffix("")) not in listed:
            yield _finding(
                _name(root, path), f"the link '{target}' leads to a page that is not in the contents", line
            )
        elif fragment and other.suffix == ".md" and unquote(fragment) not in _anchors(other):
            yield _finding(
                _name(root, path), f"the link '{target}' leads to a heading that does not exist", line
            )


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _anchors(path: Path) -> set[str]:
    """The anchors of a page: its headings as MyST writes them, and its explicit labels."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8-sig"))
    headings = re.findall(r"^#+ +(.+?)\s*$", text, flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w\u4e00-\u9fff\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"^\(([^)\s]+)\)=", text, flags=re.MULTILINE))


def _notebook(root: Path, path: Path) -> Iterator[Finding]:
    name = _name(root, path)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        notebook = None
    faults = list(configuration.notebook_faults(name, notebook))
    yield from faults
    if any(fault.code == "notebook-shape" for fault in faults):
        return
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook["cells"]):
        yield _finding(
            name,
            "holds outputs. Clear them (in JupyterLab: Edit, Clear outputs of all cells) before you commit",
        )


def _name(root: Path, path: Path) -> str:
    """A path from the root, and one that lies outside of it as it is."""
    whole = path.resolve()
    return (whole.relative_to(root) if whole.is_relative_to(root) else whole).as_posix()


def _finding(file: str, text: str, line: int | None = None, identifies: bool = False) -> Finding:
    fault, _, remedy = text.rstrip(".").partition(". ")
    return Finding("check", file, fault, remedy, line, identifies=identifies)

"""Everything that can be wrong with the sources, found in one run and without a build."""

import json
import os
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

from stp_portfolio.core import configuration, disk, reading, records
from stp_portfolio.core.findings import Finding
from stp_portfolio.core.records import Portfolio
from stp_portfolio.core.repository import private_in_git
from stp_portfolio.desk import links
from stp_portfolio.privacy import decisions, sources
from stp_portfolio.show import exhibits, pages

_PRIVATE = (
    "git tracks it, or an earlier commit holds it",
    "Never publish this repository: take the file out of git and begin a new history from a clean copy; or,"
    " if it is in earlier commits alone and held nothing private: portfolio allow FILE private",
)
_DRAFTED = re.compile(r"[Ss]till to be (written|chosen|weighed)\b")
Checked = tuple[list[Finding], Portfolio | None]
Places = Mapping[Path, links.Anchors]
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


def run(root: Path, only: Iterable[Path] = (), repository: Path | None = None) -> Checked:
    """Check the whole portfolio, or only what concerns some files or folders, of the book or not.

    ``repository`` is where git is asked; a copy that was made for the check has none of its own.
    Returns the findings and the records, None where they are wrong.
    """
    found, portfolio = list[Finding](), None
    try:
        portfolio = reading.load(root)
    except reading.RecordsError as error:
        found += error.findings
    found += [*configuration.faults(root), *_pages(root, portfolio)]
    private = private_in_git(repository or root, decisions.settled_private(root))
    found += [Finding("private-in-git", name, *_PRIVATE, identifies=True) for name in private]
    wanted = [path.resolve() for path in only]
    if wanted:
        found = [f for f in found if any((root / f.file).resolve().is_relative_to(path) for path in wanted)]
    names = sources.chosen(root, portfolio, wanted) if wanted else None
    read = (each for each in sources.run(root, portfolio, names) if each.file not in private)
    return [*found, *sources.grouped(read)], portfolio


def reminders(portfolio: Portfolio, only: Collection[Path] = ()) -> list[tuple[str, list[str]]]:
    """What is open and no fault: each reminder once, with the pages (files from the root) it is about."""
    found: dict[str, list[str]] = {}
    for activity, path in records.pages(portfolio):
        if path.suffix == ".md" and (not only or any(path.is_relative_to(each) for each in only)):
            for text in pages.reminders(pages.read(path), activity, portfolio):
                found.setdefault(text, []).append(path.relative_to(portfolio.root).as_posix())
    return list(found.items())


def unwritten(page: Path) -> list[str]:
    """The places of a page that stand as the draft has them: each by its heading, with its line."""
    found, part = [], "the opening"
    text = disk.read_text(page) if page.is_file() and page.suffix == ".md" else ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("## "):
            part = line.removeprefix("## ")
        if _DRAFTED.search(line) and not line.startswith("%"):
            found.append(f"{part} (line {number})")
    return found


def notebook_in(text: str, file: str) -> tuple[Any, list[Finding]]:
    """The notebook that a text holds, None where it is none, and what is wrong with it."""
    notebook = None
    with suppress(ValueError):
        notebook = json.loads(text)
    faults = list(configuration.notebook_faults(file, notebook))
    return (notebook if "notebook-shape" not in {fault.code for fault in faults} else None), faults


def with_output(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells in which running them left something."""
    return [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")]


def _pages(root: Path, portfolio: Portfolio | None) -> Iterator[Finding]:
    """What is wrong with the files of all pages, where their links lead, and what they owe their reader."""
    listed = dict.fromkeys(configuration.toc_files(root))  # in its order, and quick to look up
    registered = portfolio.activity_on if portfolio else {}
    anchors, targets = dict[Path, links.Anchors](), dict[Path, links.Targets]()
    for path in filter(None, (disk.page_file(root, name) for name in {**listed, **registered})):
        file = path.relative_to(root).as_posix()
        try:
            text = disk.read_text(path)
        except disk.UnreadableError as error:
            yield Finding("page-unreadable", file, error.fault, error.remedy)
            continue
        if path.suffix == ".md":
            targets[path], anchors[path] = links.places(text)
        else:
            yield from _notebook(text, file)
    for path, leads in targets.items():
        file = path.relative_to(root).as_posix()
        for target, line, title in leads:
            if missing := _missing(root, path, target, anchors, listed):
                yield Finding("link", file, f"the link '{unquote(target)}' leads to a {missing}", line=line)
            else:
                yield from _exhibit(root, file, target, line, title)
    yield from _contract(portfolio, anchors, listed) if portfolio else ()


def _exhibit(root: Path, file: str, target: str, line: int, title: str) -> Iterator[Finding]:
    """Why a file of evidence cannot be shown on a page, where the title of its link asks for that."""
    try:
        if kind := exhibits.kind_of(title):
            exhibits.read(root, _address(root, root / file, target)[0], kind)
    except disk.UnreadableError as error:
        yield Finding(error.code, file, f"'{unquote(target)}' {error.fault}", error.remedy, line)


def _contract(portfolio: Portfolio, read: Container[Path], listed: Container[str]) -> Iterator[Finding]:
    """What the page of each activity owes its reader."""
    for activity, path in records.pages(portfolio):
        for problem in pages.problems(pages.read(path), activity, portfolio) if path in read else ():
            yield Finding("page-contract", path.relative_to(portfolio.root).as_posix(), problem)
        if activity.page not in listed:
            remedy = f"Put it there, so that it is published: portfolio new {activity.key}"
            file = path.relative_to(portfolio.root).as_posix()
            yield Finding("page-unlisted", file, "is not in the table of contents, _toc.yml", remedy)


def _notebook(text: str, file: str) -> Iterator[Finding]:
    notebook, faults = notebook_in(text, file)
    yield from faults
    if notebook and with_output(notebook):
        remedy = "Clear them (in JupyterLab: Edit, Clear outputs of all cells) before you commit"
        yield Finding("notebook-output", file, "holds outputs", remedy)


def _address(root: Path, page: Path, target: str) -> tuple[Path, str]:
    """The file that a link on a page means, and the place in it."""
    address, fragment = map(unquote, urldefrag(target))
    base = root if address.startswith("/") else page.parent
    return (Path(os.path.normpath(base / address.lstrip("/"))) if address else page), fragment


def _missing(root: Path, page: Path, target: str, anchors: Places, listed: Container[str]) -> str:
    """What is not there at the end of a link; empty where all is."""
    if _ELSEWHERE.match(target):
        return ""
    other, fragment = _address(root, page, target)
    if not os.path.isfile(other):  # noqa: PTH113 - Path.is_file fails on what can be no file's name
        return "file that does not exist"
    name = Path(os.path.relpath(other, root))
    if name.suffix in disk.PAGE_ENDINGS and name.with_suffix("").as_posix() not in listed:
        return "page that is not in the contents"
    if fragment and fragment not in anchors.get(other, {fragment}):
        return "heading that does not exist"
    return ""

"""Two editions from one source: the public book, and the assessor's with a private overlay laid on top.

Nothing private can leak through a condition on a page: the public book is built from the tracked
files and never opens the overlay; the assessor's is staged into a temporary tree and built in a
folder of its own. ``release`` is the one way to publish.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import yaml

from stp_portfolio.core import configuration, disk, phrases, reading, repository
from stp_portfolio.core.disk import PRIVATE
from stp_portfolio.core.findings import FaultsError, Refusal
from stp_portfolio.desk import checks
from stp_portfolio.privacy import decisions, leaving

FRAGMENT = "_toc.yml"
MARK = "Assessor edition, not for publication"
OFFLINE = "portfolio-offline.zip"
MANIFEST = "manifest.csv"
_NEVER_STAGED = ("_build", PRIVATE, ".git")
_NO_CONTENT = (".py", ".yml", ".yaml", ".toml", ".html", ".js", ".css")

Say = Callable[[str], None]


# -- staging ----------------------------------------------------------------------------------


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A temporary copy of the tracked files as they lie there; removed at the end, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="portfolio-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "portfolio"
        for name in repository.tracked(root):
            if os.path.lexists(root / name) and Path(name).parts[0] not in _NEVER_STAGED:
                _copy(disk.inside(root, name), tree / name)
        yield tree


def lay_over(tree: Path, overlay: Path) -> list[str]:
    """Lay an overlay on a staged tree. Returns the pages it replaced or added.

    A page that the contents do not name must be placed by the overlay's own ``_toc.yml``, a list of
    ``file:`` and ``under:`` (the page it belongs under). Raises Refusal for anything that has
    no place, or that is not content.
    """
    if (fragment := overlay / FRAGMENT).is_file():
        _place(tree / "_toc.yml", fragment)
    listed = configuration.toc_files(tree)
    pages = []
    for path in _files(overlay):
        name = path.relative_to(overlay)
        page = name.with_suffix("").as_posix()
        if path == fragment or any(part.startswith((".", "~$")) for part in name.parts):
            continue
        if fault := _misplaced(path, page, listed):
            raise Refusal(f"{PRIVATE}/{name.as_posix()} {fault}")
        if path.suffix in disk.PAGE_ENDINGS:
            pages.append(page)
            for ending in disk.PAGE_ENDINGS:  # a notebook may replace a page of that name
                (tree / f"{page}{ending}").unlink(missing_ok=True)
        _copy(path, tree / name)
    return pages


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _misplaced(path: Path, page: str, listed: Container[str]) -> str:
    """Why a file of an overlay has no place in the book; empty where it has one."""
    if path.is_symlink():
        return "is a link to another file. Put the file itself there."
    if path.suffix.lower() in _NO_CONTENT:
        return "is not content. An overlay holds pages, notebooks, images and data."
    if path.suffix in disk.PAGE_ENDINGS and page not in listed:
        remedy = f"a list with file: {page} and under: the page it belongs under."
        where = f"Correct its path, or place it in {PRIVATE}/{FRAGMENT}: {remedy}"
        return f"is a page that the contents do not name. {where}"
    return ""


def _place(contents: Path, fragment: Path) -> None:
    """Put the pages of an overlay's fragment into the table of contents."""
    where = f"{PRIVATE}/{FRAGMENT}"
    toc, entries = _yaml(contents), _yaml(fragment)
    if not isinstance(entries, list):
        remedy = "Write: - file: path/of/page, and under: the page it belongs under."
        raise Refusal(f"{where} is not a list. {remedy}")
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"file", "under"}:
            raise Refusal(f"{where}: each entry has file and under, and nothing else: {entry}")
        under = entry["under"]
        if under == toc.get("root"):
            raise Refusal(f"{where}: a page cannot stand under the home page. Choose a page of a chapter.")
        parent = next((item for item in _items(toc) if item.get("file") == under), None)
        if parent is None:
            raise Refusal(f"{where}: '{under}' is not a page of the contents. Correct under.")
        parent.setdefault("sections", []).append({"file": str(entry["file"])})
    _write_yaml(contents, toc)


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """Every entry of a table of contents, at any depth."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for child in value if isinstance(value, list) else ():
        yield from _items(child)


def _yaml(path: Path) -> Any:
    try:
        return configuration.read_yaml(disk.read_text(path))
    except yaml.YAMLError as error:
        raise Refusal(f"{disk.shown(path)} cannot be read ({error}). Fix the line.") from error


def _write_yaml(path: Path, values: Any) -> None:
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


# -- building ---------------------------------------------------------------------------------


def build_public(tree: Path, *options: str, aside: Mapping[str, str] | None = None) -> int:
    """Build the book of a tree where it lies, as ``jupyter-book build .`` does. Returns the exit code.

    Of a build ``aside``, whose pages go elsewhere and which gets variables, only what stopped it is shown.
    """
    name = "jupyter-book.exe" if sys.platform == "win32" else "jupyter-book"
    piped = None if sys.stdout.isatty() and not aside else subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603 - our own tool
        [Path(sys.executable).with_name(name), "build", ".", *options], cwd=tree,
        env={**os.environ, **(aside or {}), phrases.SAID_ELSEWHERE: "1"},
        stdout=piped, stderr=piped and subprocess.STDOUT,
        encoding="utf-8", errors="replace", start_new_session=True,  # Ctrl and C is passed on below
    )  # fmt: skip
    try:
        _show(process, aside=bool(aside))
    except BaseException:
        if sys.platform != "win32":  # where Ctrl and C has reached it as well
            process.terminate()
        process.wait()
        raise
    return process.returncode


def _show(process: subprocess.Popen[str], *, aside: bool) -> None:
    """Pass on what a build says, without the colours that Jupyter Book gives it: of one aside if it fails."""
    said = (re.sub(r"\x1b\[[0-9;]*m", "", line) for line in process.stdout or ())
    if aside:
        said = (line for line in list(said) if process.wait())
    sys.stdout.writelines(said)
    process.wait()


def _build_aside(tree: Path, root: Path, fault: str, *options: str, **more: str) -> None:
    """Build a copy of what git keeps in ``root``. Raises Refusal with the fault where that fails."""
    if build_public(tree, *options, aside={repository.KEPT_IN: str(root), **more}):
        raise Refusal(f"{fault}. What is wrong stands above.")


def build_assessor(root: Path, overlay: Path, say: Say) -> Path:
    """Build the assessor's edition into ``_build/assessor``. Returns that folder.

    Raises Refusal where the overlay has no place in the book or the build fails; then an
    earlier edition is gone as well, so none can be taken for the new one.
    """
    target = root / "_build" / "assessor"
    shutil.rmtree(target, ignore_errors=True)
    with _with_overlay(root, overlay, say) as tree:
        say("Building …")
        _build_aside(tree, root, "The assessor's edition was not built")
        target.parent.mkdir(exist_ok=True)
        shutil.move(tree / "_build" / "html", target)
    return target


@contextmanager
def _with_overlay(root: Path, overlay: Path, say: Say) -> Iterator[Path]:
    """The staged tree of the assessor's edition, marked as such on every page."""
    if not overlay.is_dir():
        remedy = "Put the assessor's pages there, under the same paths as in the book."
        raise Refusal(f"There is no overlay at {overlay}. {remedy}")
    with staged(root) as tree:
        pages = lay_over(tree, overlay)
        say(f"Staged {len(repository.tracked(root))} tracked files, {len(pages)} pages from the overlay.")
        path = tree / "_config.yml"
        values = _yaml(path)
        values.setdefault("sphinx", {}).setdefault("config", {})["stp_edition"] = MARK
        _write_yaml(path, values)
        yield tree


def export(root: Path, edition: str, overlay: Path, chosen: list[str], out: Path, say: Say) -> Path:
    """Set the PDFs of an edition, of the chosen activities alone where some are, and pack them into ``out``.

    Returns the zip. Raises Refusal where the overlay has no place in the book or a PDF was not written.
    """
    from stp_portfolio.pdf import package

    package.clear(out)
    with nullcontext(root) if edition == "public" else _with_overlay(root, overlay, say) as tree:
        built = tree / "_build" / "eportfolio"
        described = ("describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+changes")
        commit = repository.git(root, *described) or ""  # that it is not all of what was exported is said
        try:
            say("Setting the PDFs …")
            options = ("--builder", "custom", "--custom-builder", "eportfolio")
            chosen_alone = {package.ONLY: " ".join(chosen)}
            _build_aside(tree, root, "The PDFs were not all written", *options, **chosen_alone)
            say("Packing …")
            return package.pack(reading.load(tree), built, out, (edition, commit.strip()), chosen)
        except Refusal:
            for path in (*built.glob("*.pdf"), *built.glob("*.txt")):  # nobody takes them for an export
                path.unlink()
            raise


# -- release ----------------------------------------------------------------------------------


def release(root: Path, say: Say) -> Path:
    """Make the folder to publish, ``_build/release/site``, its manifest and a zip to read offline.

    Only from a clean tree, without a single finding, built into an empty folder from tracked files,
    and only after the finished site has been screened as well. Returns the folder of the site. Raises
    Refusal otherwise, and leaves no folder that could be published.
    """
    from stp_portfolio.pdf.package import zipped

    target, partial = root / "_build" / "release", root / "_build" / ".release"
    for folder in (target, partial):
        shutil.rmtree(folder, ignore_errors=True)
    commit = _commit_to_release(root)
    say("Checking the sources …")
    found, portfolio = checks.run(root)
    findings = [each for each in found if each.code not in leaving.NOT_READ]  # the site's are refused below
    if findings or portfolio is None:
        count = phrases.plural(len(findings), "finding")
        raise FaultsError(f"{count}. Fix or approve them first, then release again:", findings)
    with staged(root) as tree:
        say("Building from the tracked files into an empty folder …")
        _build_aside(tree, root, "The book was not built")
        site, made = tree / "_build" / "html", tree / "_build" / "release"
        say("Screening the finished site …")
        leaving.hold_back(_finish(site), decisions.known(root, portfolio), "the finished site")
        disk.put(made / MANIFEST, manifest(site, commit))
        offline = {f"portfolio/{path.relative_to(site).as_posix()}": path for path in _files(site)}
        disk.put(made / OFFLINE, zipped(offline))
        shutil.move(site, made / "site")
        shutil.move(made, partial)  # the temporary folder may lie on another disk, and this one be full
        partial.rename(target)
    settled = decisions.read(root)
    allowed = [f"  {each}" for each in settled if each.file]
    terms = phrases.plural(len(settled) - len(allowed), "approved term")
    held = phrases.plural(len(allowed), "allowed false alarm or picture", "allowed false alarms and pictures")
    say("\n".join([f"It rests on {terms} and {held}, in {decisions.TERMS}.", *allowed]))
    return target / "site"


def _commit_to_release(root: Path) -> str:
    """The commit that a release is made from. Raises Refusal where it is not everything, or leaks."""
    changed, commit = repository.git(root, "status", "--porcelain"), repository.git(root, "rev-parse", "HEAD")
    if changed is None or commit is None:
        remedy = "keep this folder with git first, as shown by: portfolio guide"
        raise Refusal(f"A release is made from a commit: {remedy}")
    if changed.strip():
        raise Refusal(f"There are changes that are not committed. Commit them first:\n{changed.rstrip()}")
    if leaked := repository.private_in_git(root, decisions.settled_private(root)):
        where = f"git holds files of {PRIVATE}/, now or in its history: {', '.join(leaked[:3])}"
        raise Refusal(f"{where}. Do not publish this repository.")
    return commit.strip()


def _finish(site: Path) -> dict[str, bytes]:
    """The files of a built site by their names, without what no reader needs."""
    shutil.rmtree(site / "_sources", ignore_errors=True)
    (site / ".buildinfo").unlink(missing_ok=True)
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in _files(site)}


def manifest(site: Path, commit: str) -> str:
    """Every file of a site with its size and SHA-256, and the commit that it was made from, as CSV."""
    files = [(path.relative_to(site).as_posix(), path.read_bytes()) for path in _files(site)]
    rows = [(name, len(raw), hashlib.sha256(raw).hexdigest(), "public", commit) for name, raw in files]
    return disk.csv_text([("file", "bytes", "sha256", "edition", "commit"), *rows])

"""Two editions from one source: the public book, and the assessor's with a private overlay laid on top.

Nothing private can leak through a condition on a page: the public book is built from the tracked
files and never opens the overlay; the assessor's is staged into a temporary tree and built in a
folder of its own. ``release`` is the one way to publish.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import yaml

from stp_portfolio.core import configuration, disk, reading, repository
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.repository import PRIVATE
from stp_portfolio.desk import checks
from stp_portfolio.privacy import direct, sources
from stp_portfolio.privacy.pictures import clean_picture
from stp_portfolio.privacy.sources import PICTURES, Found

FRAGMENT = "_toc.yml"
MARK = "Assessor edition, not for publication"
OFFLINE = "portfolio-offline.zip"
_NEVER_STAGED = ("_build", PRIVATE, ".git")
_NOT_FOR_AN_OVERLAY = (".py", ".yml", ".yaml", ".toml", ".html", ".js", ".css")

Say = Callable[[str], None]


class EditionError(Refusal):
    """An edition that was not made: why, and what to do."""


# -- staging ----------------------------------------------------------------------------------


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A temporary copy of the tracked files as they lie there; removed at the end, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="portfolio-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "portfolio"
        for name in repository.tracked(root):
            source = root / name
            if source.is_file() and Path(name).parts[0] not in _NEVER_STAGED:
                target = tree / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        yield tree


def lay_over(tree: Path, overlay: Path) -> list[str]:
    """Lay an overlay on a staged tree. Returns the pages it replaced or added.

    A page that the contents do not name must be placed by the overlay's own ``_toc.yml``, a list of
    ``file:`` and ``under:`` (the page it belongs under). Raises EditionError for anything that has
    no place, or that is not content.
    """
    files = sorted(path for path in overlay.rglob("*") if path.is_file() and not _hidden(path, overlay))
    fragment = overlay / FRAGMENT
    toc_path = tree / "_toc.yml"
    toc = configuration.read_yaml(toc_path.read_text(encoding="utf-8"))
    if fragment in files:
        _place(toc, fragment)
        toc_path.write_text(yaml.safe_dump(toc, sort_keys=False, allow_unicode=True), encoding="utf-8")
        files.remove(fragment)
    listed = set(configuration.toc_files(tree))
    pages = []
    for path in files:
        name = path.relative_to(overlay)
        if path.is_symlink():
            raise EditionError(
                f"{PRIVATE}/{name.as_posix()} is a link to another file. Put the file itself there."
            )
        if path.suffix.lower() in _NOT_FOR_AN_OVERLAY:
            raise EditionError(
                f"{PRIVATE}/{name.as_posix()} is not content. An overlay holds pages, notebooks, images and data."
            )
        if path.suffix in disk.PAGE_ENDINGS:
            docname = name.with_suffix("").as_posix()
            if docname not in listed:
                raise EditionError(
                    f"{PRIVATE}/{name.as_posix()} is a page that the contents do not name. Correct its path, or place it in "
                    f"{PRIVATE}/{FRAGMENT}: a list with file: {docname} and under: the page it belongs under."
                )
            for ending in disk.PAGE_ENDINGS:  # a notebook may replace a page of that name
                (tree / f"{docname}{ending}").unlink(missing_ok=True)
            pages.append(docname)
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return pages


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _place(toc: dict[str, Any], fragment: Path) -> None:
    """Put the pages of an overlay's fragment into the table of contents."""
    where = f"{PRIVATE}/{FRAGMENT}"
    try:
        entries = configuration.read_yaml(fragment.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise EditionError(f"{where} cannot be read ({error}). Mend the line.") from error
    if not isinstance(entries, list):
        raise EditionError(
            f"{where} is not a list. Write: - file: path/of/page, and under: the page it belongs under."
        )
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"file", "under"}:
            raise EditionError(f"{where}: each entry has file and under, and nothing else: {entry}")
        parent = next(
            (item for item in _items(toc) if entry["under"] in (item.get("file"), item.get("root"))), None
        )
        if parent is None:
            raise EditionError(f"{where}: '{entry['under']}' is not a page of the contents. Correct under.")
        if "root" in parent:
            raise EditionError(
                f"{where}: a page cannot stand under the home page. Choose a page of a chapter."
            )
        parent.setdefault("sections", []).append({"file": str(entry["file"])})


def _items(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _items(child)
    for child in value if isinstance(value, list) else ():
        yield from _items(child)


# -- building ---------------------------------------------------------------------------------


def build_public(root: Path) -> int:
    """Build the public book where it lies, as ``jupyter-book build .`` does. Returns the exit code."""
    return _jupyter_book(root)


def build_assessor(root: Path, overlay: Path, say: Say) -> Path:
    """Build the assessor's edition into ``_build/assessor``. Returns that folder.

    Raises EditionError where the overlay has no place in the book or the build fails; then an
    earlier edition is gone as well, so none can be taken for the new one.
    """
    target = root / "_build" / "assessor"
    shutil.rmtree(target, ignore_errors=True)
    if not overlay.is_dir():
        raise EditionError(
            f"There is no overlay at {overlay}. Put the assessor's pages there, under the same paths as in the book."
        )
    with staged(root) as tree:
        pages = lay_over(tree, overlay)
        say(f"Staged {len(repository.tracked(root))} tracked files, {len(pages)} pages from the overlay.")
        _mark(tree)
        if _jupyter_book(tree):
            raise EditionError("The assessor's edition was not built. What is wrong stands above.")
        target.parent.mkdir(exist_ok=True)
        shutil.move(tree / "_build" / "html", target)
    return target


def _mark(tree: Path) -> None:
    path = tree / "_config.yml"
    values = configuration.read_yaml(path.read_text(encoding="utf-8"))
    values.setdefault("sphinx", {}).setdefault("config", {})["stp_edition"] = MARK
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


def export(root: Path, edition: str, overlay: Path, chosen: list[str], out: Path, say: Say) -> Path:
    """Set the PDFs of an edition, of the chosen activities alone where some are, and pack them into ``out``.

    Returns the zip. Raises EditionError where the overlay has no place in the book or a PDF was not written.
    """
    from stp_portfolio.pdf import package

    def made(tree: Path) -> Path:
        options = ("--builder", "custom", "--custom-builder", "eportfolio")
        if _jupyter_book(tree, *options, environment={package.ONLY: " ".join(chosen)}):
            raise EditionError("The PDFs were not all written. What is wrong stands above.")
        say("Packing …")
        built, commit = tree / "_build" / "eportfolio", repository.git(root, "rev-parse", "HEAD") or ""
        return package.pack(reading.load(tree), built, out, edition, commit.strip(), chosen)

    package.clear(out)
    if edition == "public":
        return made(root)
    with staged(root) as tree:
        lay_over(tree, overlay)
        _mark(tree)
        return made(tree)


def _jupyter_book(tree: Path, *options: str, environment: dict[str, str] | None = None) -> int:
    name = "jupyter-book.exe" if sys.platform == "win32" else "jupyter-book"
    command = [str(Path(sys.executable).with_name(name)), "build", ".", *options]
    env = {**os.environ, **(environment or {})}
    if sys.stdout.isatty():
        return subprocess.run(command, cwd=tree, env=env, check=False).returncode  # noqa: S603 - our own tool
    process = subprocess.Popen(  # noqa: S603 - our own tool
        command,
        cwd=tree,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    for line in process.stdout or ():  # plain where it is piped: Jupyter Book colours whatever it is told
        sys.stdout.write(re.sub(r"\x1b\[[0-9;]*m", "", line))
    return process.wait()


# -- release ----------------------------------------------------------------------------------


def release(root: Path, say: Say) -> Path:
    """Make the folder to publish, ``_build/release/site``, its manifest and a zip to read offline; returns the folder.

    Only from a clean tree, without a single finding, built into an empty folder from tracked files,
    and only after the finished site has been screened as well. Raises EditionError otherwise, and
    leaves no folder that could be published.
    """
    from stp_portfolio.pdf.package import zipped

    target = root / "_build" / "release"
    shutil.rmtree(target, ignore_errors=True)
    changed = repository.git(root, "status", "--porcelain")
    commit = repository.git(root, "rev-parse", "HEAD")
    if changed is None or commit is None:
        raise EditionError("A release is made from a commit of a git repository. Commit first.")
    if changed.strip():
        raise EditionError(
            f"There are changes that are not committed. Commit them first:\n{changed.rstrip()}"
        )
    if leaked := repository.private_in_git(root):
        raise EditionError(
            f"git holds files of {PRIVATE}/, now or in its history: {', '.join(leaked[:3])}. Do not publish this repository."
        )
    say("Checking the sources …")
    findings, portfolio = checks.run(root)
    if findings or portfolio is None:
        raise EditionError(
            "\n".join([*map(str, findings), f"{len(findings)} findings. Mend or approve them first."])
        )
    with staged(root) as tree:
        say("Building from the tracked files into an empty folder …")
        if _jupyter_book(tree):
            raise EditionError("The book was not built. What is wrong stands above.")
        site = tree / "_build" / "html"
        shutil.rmtree(site / "_sources", ignore_errors=True)
        (site / ".buildinfo").unlink(missing_ok=True)
        for path in sorted(site.rglob("*")):
            if path.suffix.lower() in PICTURES:
                clean_picture(path)
        say("Screening the finished site …")
        found = screen_site(site, sources.own_dates(portfolio))
        if found:
            raise EditionError(
                "\n".join(
                    [*map(str, found), f"{len(found)} identifiers in the finished site. Nothing is released."]
                )
            )
        target.mkdir(parents=True)
        (target / "manifest.csv").write_text(manifest(site, commit.strip()), encoding="utf-8")
        shutil.move(site, target / "site")
    site = target / "site"
    files = sorted(path for path in site.rglob("*") if path.is_file())
    zipped(target / OFFLINE, {f"portfolio/{path.relative_to(site).as_posix()}": path for path in files})
    return site


def manifest(site: Path, commit: str) -> str:
    """Every file of a site with its size and SHA-256, and the commit that it was made from, as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["file", "bytes", "sha256", "edition", "commit"])
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        writer.writerow(
            [path.relative_to(site).as_posix(), len(raw), hashlib.sha256(raw).hexdigest(), "public", commit]
        )
    return buffer.getvalue()


def screen_site(site: Path, days: frozenset[Any]) -> list[Found]:
    """Direct identifiers in a finished site: text, attributes, comments, search index, inventory, images, PDFs.

    The theme's own scripts and styles are left out: they are the same in every book.
    """
    found: list[Found] = []
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        for text in _texts_of(path, name):
            found += [
                Found(
                    name, 1 + text.count("\n", 0, hit.start), hit.kind, hit.text, f"«{hit.text}»", direct=True
                )
                for hit in direct(text, days)
            ]
    return list(dict.fromkeys(found))


def _texts_of(path: Path, name: str) -> Iterator[str]:
    suffix = path.suffix.lower()
    if name.startswith("_static/"):
        return
    yield re.sub(r"[_-]", " ", path.stem)
    if suffix == ".html":
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r"<!--(.*?)-->", text, re.DOTALL)
        # Numbers of drawings are coordinates, not identifiers; what a drawing says is its texts.
        text = re.sub(r"\s(?:d|points|transform|viewBox|x|y|id|href|src|class|style)=\"[^\"]*\"", " ", text)
        yield from (
            unescape(value) for _, value in re.findall(r"""\s[\w:-]+=(["'])(.*?)\1""", text, re.DOTALL)
        )
        text = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->", " ", text, flags=re.DOTALL)
        text = re.sub(r"</(?:p|li|h\d|td|th|text|figcaption|caption|div|a|option|dt|dd)>", "\n\n", text)
        yield unescape(re.sub(r"<[^>]+>", "", text))
    elif suffix == ".inv":
        raw = path.read_bytes()
        head = b"".join(raw.splitlines(keepends=True)[:4])
        yield head.decode(errors="replace")
        yield zlib.decompress(raw[len(head) :]).decode(errors="replace")
    elif suffix == ".js":
        # The search index: words and titles; its numbers are positions.
        yield "\n\n".join(re.findall(r'"((?:[^"\\]|\\.)*)"', path.read_text(encoding="utf-8")))
    elif suffix in PICTURES:
        yield from sources.picture_texts(path)
    elif suffix == ".pdf":
        yield from sources.pdf_texts(path)
    else:
        yield path.read_bytes().decode("utf-8", errors="replace")

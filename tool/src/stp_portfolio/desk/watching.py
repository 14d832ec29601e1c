"""Seeing that files were saved, by looking at their times and sizes; and keeping a folder like another."""

import asyncio
import os
import re
import shutil
import time
from contextlib import suppress
from filecmp import cmp
from pathlib import Path

LOOK, REST = 0.1, 0.05  # seconds between looks, and for which files must be at rest
SHARE = 0.05  # of a processor that looking may take at most
_NOT_WATCHED = ("_build", "private", "tests", "benchmarks", "node_modules")
_NO_SOURCES = re.compile(r"[.]|~[$]|__pycache__$|.*(?:~|[.]tmp|[.]sw.|[.]pyc)$")

Files = dict[str, tuple[int, int]]  # the time and size of each, by path


def files(folder: str, *, top: bool = True) -> Files:
    """The files on which a page may depend: not what is built, hidden, private, a test or an environment."""
    found: Files = {}
    for entry in os.scandir(folder):
        with suppress(OSError):  # it has gone meanwhile, or is a link to nothing
            if _NO_SOURCES.match(entry.name) or (top and entry.name in _NOT_WATCHED):
                continue
            if entry.is_dir(follow_symlinks=False):
                found |= files(entry.path, top=False)
            else:
                found[entry.path] = (entry.stat().st_mtime_ns, entry.stat().st_size)
    return {} if not top and f"{folder}{os.sep}pyvenv.cfg" in found else found


def mirror(source: Path, target: Path) -> None:
    """Make a folder like another one; files that are the same are left as they are."""
    for path in target.rglob("*"):
        if path.is_file() and not (source / path.relative_to(target)).is_file():
            path.unlink()
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_copy_other, dirs_exist_ok=True)


def _copy_other(source: str, target: str) -> None:
    if not (Path(target).is_file() and cmp(source, target)):
        shutil.copy2(source, target)


async def other_than(seen: Files, root: Path) -> Files:
    """The files once they are other than those seen, and at rest: an editor may write in several steps."""
    now = seen
    while now == seen:
        begun = time.monotonic()
        now = files(str(root))
        await asyncio.sleep(max(LOOK, (time.monotonic() - begun) / SHARE) if now == seen else REST)
    while now != (later := files(str(root))):
        now = later
        await asyncio.sleep(REST)
    return now

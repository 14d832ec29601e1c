"""What git knows of the portfolio."""

import os
import subprocess
from collections.abc import Collection
from datetime import date
from filecmp import cmp
from pathlib import Path

from stp_portfolio.core.disk import PRIVATE
from stp_portfolio.core.findings import Refusal

KEPT_IN = "STP_KEPT_IN"


def private_in_git(root: Path, settled: Collection[str] = ()) -> list[str]:
    """Files below a folder of that name, in any case and at any depth, that git tracks or ever held.

    Those that are ``settled`` held nothing private: they may stand in earlier commits, and only there.
    """
    which = f":(icase,glob)**/{PRIVATE}/**"
    now = git(root, "ls-files", "-z", "--", which) or ""
    ever = git(root, "log", "--all", "--format=", "--name-only", "-z", "--", which) or ""
    earlier = {name.strip("\n") for name in ever.split("\0")}.difference(settled)
    return sorted({*now.split("\0"), *earlier} - {""})


def git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - git with fixed arguments
            ["git", "-c", "core.quotepath=off", *arguments],  # noqa: S607 - the git of the user
            cwd=root, capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None


def revised(root: Path) -> dict[str, date]:
    """The day of the last commit of each page that is as it was then, by its path from the root.

    Nothing where git is missing, or holds only a part of the history. A copy made to be built elsewhere says
    in ``KEPT_IN`` where git keeps it; of its pages those count that are the same there.
    """
    kept, pages = Path(os.environ.get(KEPT_IN) or root), ("--", "*.md", "*.ipynb")
    if git(kept, "rev-parse", "--is-shallow-repository") != "false\n":
        return {}
    # Of a merge, -c names the files that are like none of its parents.
    log = git(kept, "log", "-c", "--relative", "--name-only", "--format=%x00%cd", "--date=short", *pages)
    changed = git(kept, "diff", "HEAD", "--relative", "--name-only", *pages)
    if log is None or changed is None:
        return {}
    found: dict[str, date] = {}
    for day, *names in map(str.splitlines, log.split("\0")[1:]):
        found = {name: date.fromisoformat(day) for name in names} | found
    same = set(found).difference(changed.splitlines(), [""])
    return {name: found[name] for name in same if _same(kept / name, root / name)}


def _same(one: Path, other: Path) -> bool:
    return one == other or (other.is_file() and one.is_file() and cmp(one, other, shallow=False))


def begin(root: Path) -> bool:
    """Let git keep a folder from now on, with the guard; False where it does already, or is not there."""
    if git(root, "rev-parse") is not None or git(root, "init", "-q", "-b", "main", "--template=") is None:
        return False
    return git(root, "config", "core.hooksPath", ".githooks") is not None


def tracked(root: Path) -> list[str]:
    """The files that git tracks, as paths from the root. Raises RepositoryError outside a repository."""
    listed = git(root, "ls-files", "-z")
    if listed is None:
        raise RepositoryError(
            "git does not keep this folder, so nobody can say which files are public."
            " Run: git init (git itself is at git-scm.com)"
        )
    return [name for name in listed.split("\0") if name]


def files(root: Path) -> list[str]:
    """All files that git tracks or would take with ``git add``, as paths from the root, in order."""
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if not listed:  # no repository, or a folder that it leaves out
        return walked(root)
    return sorted({name for name in listed.split("\0") if name and os.path.lexists(root / name)})


_NOT_WALKED = {".git", "_build", "__pycache__", ".backup", ".ipynb_checkpoints", "node_modules"}


def walked(root: Path) -> list[str]:
    """All files below a folder, as paths from it: no environments, nothing built and nothing private."""
    found: list[str] = []
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in _NOT_WALKED and name.casefold() != PRIVATE]
        below[:] = [name for name in below if not Path(folder, name, "pyvenv.cfg").is_file()]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in names]
    return sorted(found)


class RepositoryError(Refusal):
    """What git could not do: why, and what to do."""

"""What git knows of the portfolio."""

import subprocess
from pathlib import Path

from stp_portfolio.core.disk import PRIVATE
from stp_portfolio.core.findings import Refusal


def private_in_git(root: Path) -> list[str]:
    """Files of the overlay that git tracks, or held in any earlier commit: what must never happen."""
    now = git(root, "ls-files", "--", f"{PRIVATE}/")
    ever = git(root, "log", "--all", "--format=", "--name-only", "--", f"{PRIVATE}/")
    return sorted({name for text in (now, ever) if text for name in text.splitlines() if name})


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


def tracked(root: Path) -> list[str]:
    """The files that git tracks, as paths from the root. Raises RepositoryError outside a repository."""
    listed = git(root, "ls-files", "-z")
    if listed is None:
        raise RepositoryError(
            "This folder is no git repository, so nobody can say which files are public. Run: git init"
        )
    return [name for name in listed.split("\0") if name]


class RepositoryError(Refusal):
    """What git could not do: why, and what to do."""

"""Publish the site of a release to the branch gh-pages of a repository, as one commit that knows nothing of earlier ones.

Usage: python .github/publish_site.py _build/release owner/name

In place of owner/name may stand the address of any git repository, or a folder that holds one. For
GitHub, the private half of the repository's deploy key stands in the variable SITE_DEPLOY_KEY.
"""

import csv
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BRANCH = "gh-pages"
KEY = "SITE_DEPLOY_KEY"
# As GitHub publishes it: docs.github.com, "GitHub's SSH key fingerprints"
# (SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU).
KNOWN_HOSTS = "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"
# Nobody: the commit of a public branch tells neither who published nor from which commit.
_NOBODY = {"NAME": "Portfolio", "EMAIL": "portfolio@example.invalid"}


def main(release: Path, target: str) -> int:
    """Publish; returns 0. Ends with a message, and with nothing published, where anything is not as it must be."""
    on_github = re.fullmatch(r"(?:https://github\.com/)?([A-Za-z0-9][\w-]*/[\w.-]+?)(?:\.git)?/?", target)
    if not on_github and "://" not in target and not Path(target).is_absolute():
        sys.exit(f"'{target}' is no repository to publish to. Write owner/name, as in its address on GitHub.")
    names = checked(release)
    with tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        environment = {name: value for name, value in os.environ.items() if not name.startswith((KEY, "GIT_"))}
        if on_github:
            environment["GIT_SSH_COMMAND"] = ssh(place, os.environ.get(KEY, ""))
        tree = place / "site"
        shutil.copytree(release / "site", tree)
        (tree / ".nojekyll").touch()  # what GitHub is told to show as it is
        commit(tree, environment)
        address = f"git@github.com:{on_github[1]}.git" if on_github else target
        push = ["push", "--force", "--no-verify", "--quiet", "--", address, f"HEAD:refs/heads/{BRANCH}"]
        done = git(tree, push, environment | {"GIT_TERMINAL_PROMPT": "0"})
        if done.returncode:
            sys.exit(
                f"{done.stderr.strip()}\nNothing was published. Check that {target} exists, and that the public half of "
                f"the key is one of its deploy keys, with write access."
            )
    sys.stdout.write(f"Published {len(names)} files to {target}, branch {BRANCH}.\n")
    return 0


def checked(release: Path) -> list[str]:
    """The files of the release's site, as paths in it; only if they are those of its manifest, each with its hash."""
    try:
        with (release / "manifest.csv").open(encoding="utf-8", newline="") as file:
            listed = {row["file"]: row["sha256"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError):
        sys.exit(f"{release} is not what a release leaves: there is no manifest. Make one first: portfolio release")
    site = release / "site"
    found = {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.rglob("*")
        if path.is_file()
    }
    other = sorted(name for name in {*listed, *found} if listed.get(name) != found.get(name))
    if other or not found:
        what = ", ".join(other[:5]) or "there is no file"
        sys.exit(f"{site} is not what was screened ({what}). Nothing was published. Make it again: portfolio release")
    return sorted(found)


def ssh(place: Path, key: str) -> str:
    """The command by which git reaches GitHub: with this key only, and only where the host proves that it is GitHub."""
    text = key.replace("\r\n", "\n").strip()
    if not text.startswith("-----BEGIN "):
        sys.exit(
            f"{KEY} holds no private key. Paste the whole file of the key without the ending .pub, from its first "
            f"to its last line, into the secret {KEY} (Settings, Secrets and variables, Actions)."
        )
    key_file, hosts = place / "key", place / "known_hosts"
    key_file.touch(mode=0o600)
    key_file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    hosts.write_text(KNOWN_HOSTS, encoding="utf-8", newline="\n")
    options = [
        *("-F", "none", "-i", key_file.as_posix(), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
        *("-o", "StrictHostKeyChecking=yes", "-o", f'UserKnownHostsFile="{hosts.as_posix()}"'),
        *("-o", f'GlobalKnownHostsFile="{hosts.as_posix()}"', "-o", "UpdateHostKeys=no"),
    ]
    return shlex.join(["ssh", *options])


def commit(tree: Path, environment: dict[str, str]) -> None:
    """Put every file of a folder, byte for byte, into the one commit of a new repository in it."""
    empty = tree.parent / "settings"
    empty.mkdir()
    (empty / "config").touch()
    own = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _NOBODY.items()}
    # Nobody's own settings: they may leave files out, convert line endings, sign, or run hooks.
    own |= {"GIT_CONFIG_GLOBAL": str(empty / "config"), "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": str(empty)}
    for arguments in (
        ["init", "--quiet", "--template="],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message=The site"],
    ):
        done = git(tree, arguments, environment | own)
        if done.returncode:
            sys.exit(f"{done.stderr.strip()}\nNothing was published: git did not take the files.")


def git(tree: Path, arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run git in a folder; what it says is kept."""
    return subprocess.run(
        ["git", *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))

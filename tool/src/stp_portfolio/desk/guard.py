"""What runs before each commit: the check on exactly what is to be committed, which holds no output.

What may identify somebody stops a commit, and so does an output. Any other fault is said and lets it
pass: work that is half done must be safe as well, and a release refuses it in any case.

Git runs it through ``.githooks/pre-commit``, once ``git config core.hooksPath .githooks`` has switched
that on.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from stp_portfolio.core import disk, phrases
from stp_portfolio.core.findings import Finding, Refusal
from stp_portfolio.core.repository import RepositoryError, git
from stp_portfolio.desk import checks
from stp_portfolio.privacy import decisions, leaving, sources

STAGE = "_build/.commit"  # always the same place, so that screening knows there what it has read before
HELD = "notebook-held-output"


def main() -> int:
    """0 lets the commit go through; 1 stops it, with what must not be in it and what to do."""
    root = Path.cwd().resolve()  # git runs its hooks at the top of the repository
    try:
        found = message_problems(root, Path(sys.argv[1])) if sys.argv[1:] else problems(root)
    except Refusal as error:
        return _said([error], stops=True)
    except OSError as error:
        why = f"cannot be used ({error.strerror or error}). Close what holds it"
        return _said([f"{error.filename or 'A file'} {why}."], stops=True)
    stops = [finding for finding in found if finding.identifies or finding.code == HELD]
    if not sys.argv[1:]:
        sys.stderr.write(f"{phrases.plural(len(sources.files(root / STAGE)), 'file')} looked at.\n")
    return _said(stops or found, stops=bool(stops))


def _said(lines: Sequence[object], *, stops: bool) -> int:
    end = "Nothing was committed. Fix what is left, add the files (git add), and commit again."
    end = end if stops else "Committed all the same. Fix this before you publish."
    if lines:
        sys.stderr.write("\n".join([*map(str, lines), "", end, ""]))
    return int(stops)


def problems(root: Path) -> list[Finding]:
    """What is wrong with what is to be committed. Outputs of notebooks are cleared, in the file too.

    Looks at the index and not at the files: one may have been added and fixed, or the other way round.
    Raises OSError or Refusal where that cannot be done.
    """
    stage = root / STAGE
    for path in stage.glob("*"):
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.name != "_build":  # where screening remembers
            shutil.rmtree(path)
    if git(root, "checkout-index", "--all", f"--prefix={STAGE}/") is None:
        raise RepositoryError("git could not show what is to be committed. See what it says to: git status")
    held, remedy = [], "They are cleared now, in your file as well"
    for path in sorted(stage.rglob("*.ipynb")):
        name = path.relative_to(stage)
        if clear(path):  # before the check: numbers in a drawing look like an identifier
            clear(root / name)
            held.append(Finding(HELD, name.as_posix(), "held outputs", remedy))
    return [*checks.run(stage, repository=root)[0], *held]


def message_problems(root: Path, file: Path) -> list[Finding]:
    """What could identify somebody in the message of a commit, which whoever sees the repository sees."""
    text = disk.read_text(file).partition("\n# ------------------------ >8")[0]
    said = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
    return leaving.screen([("the commit's message.txt", said.encode())], *decisions.known(root))


def clear(path: Path) -> bool:
    """Take out of a notebook what running it put there. Returns whether it held outputs.

    What is no notebook is left alone: the check says what is wrong with it. Raises OSError where the file
    cannot be written.
    """
    try:
        notebook, _ = checks.notebook_in(disk.read_text(path), path.name)
    except disk.UnreadableError:
        notebook = None
    if notebook is None or not (held := checks.with_output(notebook)):
        return False
    for cell in held:
        cell.update(outputs=[], execution_count=None)
        cell.get("metadata", {}).pop("execution", None)
    about = notebook.get("metadata", {})
    about.pop("widgets", None)
    if "language_info" in about:  # it holds the version that happened to run the notebook
        about["language_info"] = {"name": about["language_info"].get("name", "python")}
    disk.put(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return True


if __name__ == "__main__":
    sys.exit(main())

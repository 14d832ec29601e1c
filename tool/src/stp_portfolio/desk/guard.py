"""What runs before each commit: the check on exactly what is to be committed, and no output of a notebook in it.

What may identify somebody stops a commit, and so does an output. Any other fault is said and lets it
pass: work that is half done must be safe as well, and a release refuses it in any case.

Git runs it through ``.githooks/pre-commit``, once ``git config core.hooksPath .githooks`` has switched that on.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from stp_portfolio.core import repository
from stp_portfolio.desk import checks

STAGE = "_build/.commit"  # always the same place, so that screening knows there what it has read before


def main() -> int:
    """0 lets the commit go through; 1 stops it, with what must not be in it and what to do."""
    for stream in (sys.stdout, sys.stderr):  # a piped Windows console knows no ≥ and no …
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        faults, others = problems(Path.cwd().resolve())  # git runs its hooks at the top of the repository
    except OSError as error:
        faults, others = (
            [
                f"{error.filename or 'A file'} cannot be used ({error.strerror or error}). Close what holds it."
            ],
            [],
        )
    if faults:
        end = "Nothing was committed. Mend what is left, add the files (git add), and commit again."
        sys.stderr.write("\n".join([*faults, "", end, ""]))
    elif others:
        sys.stderr.write(
            "\n".join([*others, "", "Committed all the same. Mend this before you publish.", ""])
        )
    return 1 if faults else 0


def problems(root: Path) -> tuple[list[str], list[str]]:
    """What must not be committed, and what is only wrong, in words. Outputs are cleared, in the working copy too.

    Looks at the index and not at the files: one may have been added and mended, or the other way round.
    Raises OSError where a file cannot be read or written.
    """
    stage = root / STAGE
    for path in stage.iterdir() if stage.is_dir() else ():
        if path.name != "_build":  # where screening remembers
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    faults: list[str] = []
    if repository.git(root, "checkout-index", "--all", f"--prefix={STAGE}/") is None:
        faults.append("git could not show what is to be committed. See what it says to: git status")
        return faults, []
    for notebook in sorted(stage.rglob("*.ipynb")):
        if clear(notebook):
            name = notebook.relative_to(stage).as_posix()
            if (root / name).is_file():
                clear(root / name)
            faults.append(f"{name}: held outputs. They are cleared now, in your file as well")
    found, _ = checks.run(stage, repository=root)
    faults += [str(finding) for finding in found if finding.identifies]
    return faults, [str(finding) for finding in found if not finding.identifies]


def clear(path: Path) -> bool:
    """Take out of a notebook what running it put there. Returns whether it held outputs.

    What is no notebook is left alone. Raises OSError where the file cannot be read or written.
    """
    try:
        notebook: Any = json.loads(path.read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        held = [cell for cell in code if cell.get("outputs") or cell.get("execution_count")]
    except (ValueError, KeyError, TypeError):
        return False  # the check says what is wrong with it
    for cell in held:
        cell.update(outputs=[], execution_count=None)
        cell.get("metadata", {}).pop("execution", None)
    if held:
        about = notebook.get("metadata", {})
        about.pop("widgets", None)
        for key in about.get("language_info", {}).keys() - {
            "name"
        }:  # such as the version that happened to run it
            del about["language_info"][key]
        temporary = path.with_name(f".{path.name}.tmp")
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8", newline="\n")
        shutil.copymode(path, temporary)
        temporary.replace(path)
    return bool(held)


if __name__ == "__main__":
    sys.exit(main())

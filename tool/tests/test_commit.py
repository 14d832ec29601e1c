"""The guard before each commit, in real repositories: no output, no finding, and never anything lost."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Small
from test_checks import NOTEBOOK as SUMS
from test_checks import with_notebook

SWITCH_ON = "git config core.hooksPath .githooks"
PAGE, NOTEBOOK = "intro.md", "sums.ipynb"
CLEAN = json.dumps(SUMS, indent=1, sort_keys=True) + "\n"
NOBODY = {
    f"GIT_{who}_{what}": "x@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def run(tree, *command):
    """Run a command as in an environment that is activated."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **NOBODY, "PATH": path}
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def commit(tree, *arguments):
    return run(tree, "git", "commit", "-m", "Change", *arguments)


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A small book as a repository, the guard switched on as the guide says; one commit passed it."""
    small = Small(tmp_path_factory.mktemp("committed"))
    small.write(".gitignore", "_build/\n/private/\n")
    small.write("data/approved_terms.txt", "config | 2025-01-01 | a file name\n")
    with_notebook(small, CLEAN)
    shutil.copytree(ROOT / ".githooks", small.tree / ".githooks")
    for page in ("CONTRIBUTING.md", "tool/docs/saving.md"):
        assert SWITCH_ON in (ROOT / page).read_text(encoding="utf-8")
    run(small.tree, "git", "init", "-q")
    run(small.tree, *SWITCH_ON.split())
    run(small.tree, "git", "add", "--all")
    done = commit(small.tree)
    assert done.returncode == 0
    assert re.fullmatch(r"\d+ files looked at\.\n", done.stderr)  # which is all that it says
    return small.tree


@pytest.fixture
def tree(committed, tmp_path):
    """A copy of that repository, to try to commit something to."""
    return Path(shutil.copytree(committed, tmp_path / "portfolio"))


@pytest.fixture(scope="module")
def executed():
    """The notebook as JupyterLab saves it once it was run, with a line that was written meanwhile."""
    notebook = json.loads(CLEAN.replace("# Sums", "# Sums, counted"))
    notebook["metadata"]["language_info"]["version"] = "3.13.1"
    notebook["metadata"]["widgets"] = {}
    output = {
        "data": {"text/plain": ["2"]},
        "execution_count": 1,
        "metadata": {},
        "output_type": "execute_result",
    }
    ran = {"execution": {"iopub.status.busy": "2025-06-30T10:00:00.000000Z"}}
    notebook["cells"][1] |= {"outputs": [output], "execution_count": 1, "metadata": ran}
    return json.dumps(notebook, indent=1, sort_keys=True) + "\n"


def outputs(text):
    return [cell for cell in json.loads(text)["cells"] if cell.get("outputs") or cell.get("execution_count")]


def head(tree):
    return run(tree, "git", "rev-parse", "HEAD").stdout


def refused(tree, words, *how):
    """A commit that is not made, with words that say why."""
    before = head(tree)
    done = commit(tree, *how)
    assert (done.returncode, head(tree)) == (1, before)
    assert words in done.stderr
    assert "Nothing was committed" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def remark(tree):
    with (tree / PAGE).open("a", encoding="utf-8") as page:
        page.write("\n% A remark.\n")


@pytest.mark.parametrize("how", [["-a"], ["--only", NOTEBOOK], []], ids=["all", "only", "staged"])
def test_no_output_gets_into_a_commit(tree, executed, how):
    """However it is committed, an executed notebook is refused and cleared, and passes the second time."""
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    run(tree, "git", "add", *([] if how else ["--all"]))
    refused(tree, f"{NOTEBOOK}: held outputs. They are cleared now", *how)
    assert not outputs((tree / NOTEBOOK).read_text(encoding="utf-8"))
    lines = run(tree, "git", "diff", "--numstat", "HEAD").stdout.split()
    assert lines == ["1", "1", NOTEBOOK]  # the line that was written, and no trace of the run
    run(tree, "git", "add", *([] if how else [NOTEBOOK]))
    assert commit(tree, *how).returncode == 0
    assert "Sums, counted" in run(tree, "git", "show", f"HEAD:{NOTEBOOK}").stdout
    assert run(tree, "git", "status", "--porcelain").stdout == ""
    for line in run(tree, "git", "rev-list", "--objects", "--all").stdout.splitlines():
        identifier, _, name = line.partition(" ")
        assert name != NOTEBOOK or not outputs(run(tree, "git", "cat-file", "blob", identifier).stdout)


def test_what_counts_is_what_is_added(tree, executed):
    """Outputs that were added are refused, cleared or not; those of a notebook that is not added pass."""
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    remark(tree)
    run(tree, "git", "add", PAGE)
    assert commit(tree).returncode == 0
    run(tree, "git", "add", NOTEBOOK)
    (tree / NOTEBOOK).write_text(CLEAN, encoding="utf-8")
    refused(tree, f"{NOTEBOOK}: held outputs")
    assert (tree / NOTEBOOK).read_text(encoding="utf-8") == CLEAN


def test_findings_are_not_committed(tree):
    """An identifier that was added is refused, until the fixed file is added too; so is what is private."""
    page = tree / PAGE
    clean = page.read_text(encoding="utf-8")
    page.write_text(f"{clean}\nNHS number 943 476 5919.\n", encoding="utf-8")
    run(tree, "git", "add", PAGE)
    page.write_text(clean, encoding="utf-8")
    assert f"{PAGE}:" in refused(tree, "Take it out, or write a role or a month instead")
    (tree / "private").mkdir()
    (tree / "private/note.md").write_text("For the assessor.\n", encoding="utf-8")
    run(tree, "git", "add", "--all")
    run(tree, "git", "add", "--force", "private/note.md")
    assert f"{PAGE}:" not in refused(tree, "private/note.md: git tracks it")


def test_unfinished_work_is_safe(tree):
    """A dead link, a wrong row and bytes that are no text are said, and committed all the same."""
    (tree / PAGE).write_bytes(b"# Home\n\nThe words \x96 of the home page.\n")
    with (tree / "data/progress.csv").open("a", encoding="utf-8") as file:
        file.write("2025-06-30,M,1,begun,\n")
    done = commit(tree, "-a")
    assert done.returncode == 0, done.stderr
    assert "'begun' is not an event" in done.stderr
    assert f"{PAGE}: is not UTF-8 text" in done.stderr
    assert "Fix this before you publish" in done.stderr


def test_without_the_environment_nothing_is_committed(tree):
    """Where no Python has the package, the commit is refused with what to do."""
    remark(tree)
    hiding = tree / "stp_portfolio/__init__.py"  # the one that is installed
    hiding.parent.mkdir()
    hiding.write_text("", encoding="utf-8")
    assert "first command of README.md" in refused(
        tree, "the environment of the portfolio was not found", "-a"
    )


def test_hook_can_be_run_wherever_it_is_cloned():
    """It keeps its right to be executed and its line ends: git passes over one without, in silence."""
    listed = run(ROOT, "git", "ls-files", "-s", ".githooks")
    assert listed.returncode or listed.stdout.startswith("100755 ")  # a copy without git keeps no rights
    hook = (ROOT / ".githooks/pre-commit").read_bytes()
    assert hook.startswith(b"#!/bin/sh\n")
    assert b"\r" not in hook

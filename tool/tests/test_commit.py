"""The guard before each commit, in real repositories: no output, no finding, and never anything lost."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Small

SWITCH_ON = "git config core.hooksPath .githooks"
PAGE, NOTEBOOK = "intro.md", "sums.ipynb"
CELLS = [
    {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Sums\n", "\n", "What adds up."]},
    {
        "cell_type": "code",
        "id": "b",
        "metadata": {},
        "source": ["1 + 1"],
        "outputs": [],
        "execution_count": None,
    },
]
KERNEL = {"kernelspec": {"display_name": "Python 3", "name": "python3"}, "language_info": {"name": "python"}}
CLEAN = (
    json.dumps(
        {"cells": CELLS, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}, indent=1, sort_keys=True
    )
    + "\n"
)


def run(tree, *command, **environment):
    """Run a command as in an environment that is activated."""
    environment = {
        **os.environ,
        **{
            f"GIT_{who}_{what}": "x@example.invalid"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **environment,
    }
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def commit(tree, *arguments):
    return run(tree, "git", "commit", "-m", "Change", *arguments)


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A small book as a repository, the guard switched on as the guide says; one commit passed it."""
    small = Small(tmp_path_factory.mktemp("committed"))
    small.write("_toc.yml", "format: jb-book\nroot: intro\nchapters:\n  - file: M/1_Task\n  - file: sums\n")
    small.write(".gitignore", "_build/\n/private/\n")
    small.write("data/approved_terms.txt", "config | 2025-01-01 | a file name\n")
    small.write(NOTEBOOK, CLEAN)
    shutil.copytree(ROOT / ".githooks", small.tree / ".githooks")
    for page in ("CONTRIBUTING.md", "tool/docs/own-book.md"):
        assert SWITCH_ON in (ROOT / page).read_text(encoding="utf-8")
    run(small.tree, "git", "init", "-q")
    run(small.tree, *SWITCH_ON.split())
    run(small.tree, "git", "add", "--all")
    done = commit(small.tree)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
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


@pytest.mark.parametrize("how", [["-a"], ["--only", NOTEBOOK], []], ids=["all", "only", "staged"])
def test_no_output_gets_into_a_commit(tree, executed, how):
    """However it is committed, an executed notebook is refused and cleared, and passes the second time."""
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    if not how:
        run(tree, "git", "add", "--all")
    before = head(tree)
    refused = commit(tree, *how)
    assert refused.returncode == 1
    assert f"{NOTEBOOK}: held outputs. They are cleared now" in refused.stderr
    assert "Nothing was committed." in refused.stderr
    assert "Traceback" not in refused.stderr
    assert head(tree) == before
    assert not outputs((tree / NOTEBOOK).read_text(encoding="utf-8"))
    lines = run(tree, "git", "diff", "--numstat", "HEAD").stdout.split()
    assert lines == ["1", "1", NOTEBOOK]  # the line that was written, and no trace of the run
    if not how:
        run(tree, "git", "add", NOTEBOOK)
    assert commit(tree, *how).returncode == 0
    assert "Sums, counted" in run(tree, "git", "show", f"HEAD:{NOTEBOOK}").stdout
    assert run(tree, "git", "status", "--porcelain").stdout == ""
    for line in run(tree, "git", "rev-list", "--objects", "--all").stdout.splitlines():
        identifier, _, name = line.partition(" ")
        assert name != NOTEBOOK or not outputs(run(tree, "git", "cat-file", "blob", identifier).stdout)


def test_what_counts_is_what_is_added(tree, executed):
    """Outputs that were added are refused, cleared or not; those of a notebook that is not added pass."""
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    with (tree / PAGE).open("a", encoding="utf-8") as page:
        page.write("\n% A remark.\n")
    run(tree, "git", "add", PAGE)
    assert commit(tree).returncode == 0
    run(tree, "git", "add", NOTEBOOK)
    (tree / NOTEBOOK).write_text(CLEAN, encoding="utf-8")
    refused = commit(tree)
    assert refused.returncode == 1
    assert f"{NOTEBOOK}: held outputs" in refused.stderr
    assert (tree / NOTEBOOK).read_text(encoding="utf-8") == CLEAN


def test_findings_are_not_committed(tree):
    """An identifier that was added is refused, until the fixed file is added too."""
    page = tree / PAGE
    clean = page.read_text(encoding="utf-8")
    page.write_text(f"{clean}\nNHS number 943 476 5919.\n", encoding="utf-8")
    run(tree, "git", "add", PAGE)
    page.write_text(clean, encoding="utf-8")
    before = head(tree)
    refused = commit(tree)
    assert refused.returncode == 1
    assert f"{PAGE}:" in refused.stderr
    assert "Take it out, or write a role or a month instead" in refused.stderr
    assert head(tree) == before
    (tree / "private").mkdir()
    (tree / "private/note.md").write_text("For the assessor.\n", encoding="utf-8")
    run(tree, "git", "add", "--all")
    run(tree, "git", "add", "--force", "private/note.md")
    refused = commit(tree)
    assert refused.returncode == 1
    assert "private/note.md: git tracks it" in refused.stderr
    assert f"{PAGE}:" not in refused.stderr


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
    with (tree / PAGE).open("a", encoding="utf-8") as page:
        page.write("\n% A remark.\n")
    (tree / "stp_portfolio").mkdir()
    (tree / "stp_portfolio/__init__.py").write_text(
        "", encoding="utf-8"
    )  # it hides the one that is installed
    before = head(tree)
    refused = commit(tree, "-a")
    assert refused.returncode == 1
    assert "the environment of the portfolio was not found" in refused.stderr
    assert "first command of README.md" in refused.stderr
    assert head(tree) == before


def test_hook_can_be_run_wherever_it_is_cloned():
    """It keeps its right to be executed and its line ends: git passes over one without, in silence."""
    listed = run(ROOT, "git", "ls-files", "-s", ".githooks")
    assert listed.returncode or listed.stdout.startswith("100755 ")  # a copy without git keeps no rights
    hook = (ROOT / ".githooks/pre-commit").read_bytes()
    assert hook.startswith(b"#!/bin/sh\n")
    assert b"\r" not in hook

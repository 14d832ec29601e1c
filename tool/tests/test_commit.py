"""The guard before each commit, in real repositories: no output, no finding, and never anything lost."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import OWN, ROOT
from test_cli import PORTFOLIO

SWITCH_ON = "git config core.hooksPath .githooks"
PAGE = "C1_Professional_Foundations/5_PatientCareJourney.md"
NOTEBOOK = "notebooks/credits.ipynb"
NOT_TRACKED = shutil.ignore_patterns("_build", ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "private")  # fmt: skip


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A repository of the example with the guard switched on as CONTRIBUTING.md says, and one commit that passed it."""
    tree = tmp_path_factory.mktemp("committed") / "portfolio"
    shutil.copytree(ROOT, tree, ignore=NOT_TRACKED)
    assert f"`{SWITCH_ON}`" in (OWN / "CONTRIBUTING.md").read_text(encoding="utf-8")
    run(tree, "git", "init", "-q")
    run(tree, *SWITCH_ON.split())
    run(tree, "git", "add", "--all")
    done = run(tree, "git", "commit", "-q", "-m", "The example")
    assert done.returncode == 0, done.stderr
    return tree


@pytest.fixture
def tree(committed, tmp_path):
    """A copy of that repository, to try to commit something to."""
    return Path(shutil.copytree(committed, tmp_path / "portfolio"))


@pytest.fixture(scope="module")
def executed(committed, tmp_path_factory):
    """The text of a notebook that was run and saved with what it shows, as JupyterLab and VS Code do."""
    tree = shutil.copytree(committed, tmp_path_factory.mktemp("executed") / "portfolio")
    done = run(tree, sys.executable, "-m", "jupyter", "execute", "--inplace", NOTEBOOK)
    assert done.returncode == 0, done.stderr
    text = (tree / NOTEBOOK).read_text(encoding="utf-8")
    assert outputs(text)
    return text.replace("# Credits", "# Credits, counted")  # what was written meanwhile


def run(tree, *command, **environment):
    """Run a command as in an environment that is activated."""
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": "x@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **environment,
    }
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, encoding="utf-8", check=False)


def outputs(text):
    return [cell for cell in json.loads(text)["cells"] if cell.get("outputs") or cell.get("execution_count")]


def sources(text):
    return [(cell["id"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]


def head(tree):
    return run(tree, "git", "rev-parse", "HEAD").stdout


def notebooks_ever(tree):
    """Every version of every notebook that any commit holds."""
    for line in run(tree, "git", "rev-list", "--objects", "--all").stdout.splitlines():
        identifier, _, name = line.partition(" ")
        if name.endswith(".ipynb"):
            yield run(tree, "git", "cat-file", "blob", identifier).stdout


@pytest.mark.parametrize("commit", [["-a"], ["--only", NOTEBOOK], []], ids=["all", "only", "staged"])
def test_no_output_gets_into_a_commit(tree, executed, commit):
    """However it is committed, an executed notebook is refused and cleared, and passes the second time."""
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    if not commit:
        run(tree, "git", "add", "--all")
    before = head(tree)
    refused = run(tree, "git", "commit", "-m", "Credits", *commit)
    assert refused.returncode == 1
    assert f"{NOTEBOOK}: held outputs. They are cleared now" in refused.stderr
    assert "Nothing was committed." in refused.stderr
    assert "Traceback" not in refused.stderr
    assert head(tree) == before
    now = (tree / NOTEBOOK).read_text(encoding="utf-8")
    assert not outputs(now)
    assert sources(now) == sources(executed)  # nothing that was written is lost
    lines = run(tree, "git", "diff", "--numstat", "HEAD").stdout.split()
    assert lines == ["1", "1", NOTEBOOK]  # the line that was written, and no trace of the run
    if not commit:
        run(tree, "git", "add", NOTEBOOK)
    done = run(tree, "git", "commit", "-m", "Credits", *commit)
    assert done.returncode == 0, done.stderr
    assert head(tree) != before
    assert "Credits, counted" in run(tree, "git", "show", f"HEAD:{NOTEBOOK}").stdout
    assert run(tree, "git", "status", "--porcelain").stdout == ""
    ever = list(notebooks_ever(tree))
    assert len(ever) > len(list((tree / "notebooks").glob("*.ipynb")))
    assert not any(outputs(text) for text in ever)


def test_what_counts_is_what_is_added(tree, executed):
    """Outputs that were added and cleared afterwards are refused; those of a notebook that is not added stop nothing."""
    clean = (tree / NOTEBOOK).read_bytes()
    (tree / NOTEBOOK).write_text(executed, encoding="utf-8")
    checked = run(tree, PORTFOLIO, "check")
    assert checked.returncode == 1
    assert f"{NOTEBOOK}: holds outputs. Clear them (in JupyterLab: Edit, Clear outputs of all cells)" in checked.stdout
    with (tree / PAGE).open("a", encoding="utf-8") as page:
        page.write("\n% A remark.\n")
    run(tree, "git", "add", PAGE)
    done = run(tree, "git", "commit", "-m", "The page alone")
    assert done.returncode == 0, done.stderr
    run(tree, "git", "add", NOTEBOOK)
    (tree / NOTEBOOK).write_bytes(clean)
    refused = run(tree, "git", "commit", "-m", "Added before it was cleared")
    assert refused.returncode == 1
    assert f"{NOTEBOOK}: held outputs" in refused.stderr
    assert (tree / NOTEBOOK).read_bytes() == clean


def test_findings_are_not_committed(tree):
    """An identifier that was added is refused, also once the file itself is mended, until that is added too."""
    page = tree / PAGE
    clean = page.read_text(encoding="utf-8")
    page.write_text(f"{clean}\nNHS number 943 476 5919.\n", encoding="utf-8")
    run(tree, "git", "add", PAGE)
    page.write_text(clean, encoding="utf-8")
    before = head(tree)
    refused = run(tree, "git", "commit", "-m", "The page")
    assert refused.returncode == 1
    assert f"{PAGE}:" in refused.stderr
    assert "Take it out, or write a role or a month instead" in refused.stderr
    assert head(tree) == before
    (tree / "private").mkdir()
    (tree / "private/note.md").write_text("For the assessor.\n", encoding="utf-8")
    run(tree, "git", "add", "--all")
    run(tree, "git", "add", "--force", "private/note.md")
    refused = run(tree, "git", "commit", "-m", "The overlay")
    assert refused.returncode == 1
    assert "private/note.md: git tracks it" in refused.stderr
    assert PAGE not in refused.stderr


def test_unfinished_work_is_safe(tree):
    """A page that breaks the contract and a wrong row are said, and committed all the same."""
    page = tree / PAGE
    page.write_text(page.read_text(encoding="utf-8").replace("## Reflection", "## Reflections"), encoding="utf-8")
    with (tree / "data/progress.csv").open("a", encoding="utf-8") as file:
        file.write("2025-06-30,S-C1,16,begun,\n")
    before = head(tree)
    done = run(tree, "git", "commit", "-am", "Half a page")
    assert done.returncode == 0, done.stderr
    assert head(tree) != before
    assert "'begun' is not an event" in done.stderr
    assert "Mend this before you publish" in done.stderr


def test_without_the_environment_nothing_is_committed(tree):
    """Where no Python has the package, the commit is refused with what to do."""
    with (tree / PAGE).open("a", encoding="utf-8") as page:
        page.write("\n% A remark.\n")
    broken = tree / "stp_portfolio/commit.py"
    broken.write_text("import nothing_of_this_name\n", encoding="utf-8")
    before = head(tree)
    refused = run(tree, "git", "commit", "-a", "-m", "Unchecked")
    assert refused.returncode == 1
    assert "the environment of the portfolio was not found" in refused.stderr
    assert "first command of README.md" in refused.stderr
    assert head(tree) == before


def test_hook_can_be_run_wherever_it_is_cloned():
    """It keeps its right to be executed and its line ends: git passes over one without, in silence."""
    listed = subprocess.run(["git", "ls-files", "-s", ".githooks"], cwd=OWN, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:  # a copy without git keeps no rights
        assert listed.stdout.startswith(b"100755 ")
    hook = (OWN / ".githooks/pre-commit").read_bytes()
    assert hook.startswith(b"#!/bin/sh\n")
    assert b"\r" not in hook

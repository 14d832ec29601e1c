"""To another version of the tool and back, or from a copy that carries it: no byte of one's own changes."""

import shutil
import subprocess
import sys
from datetime import date

import pytest
from conftest import NOT_SOURCES, ROOT, build, refused, told
from portfolios import append, cases, edit

from stp_portfolio.core import configuration, disk
from stp_portfolio.desk import kit, start, upgrade

OWN = {  # what a trainee writes beside what comes with the tool
    "intro.md": "# My portfolio\n\nMy own words.\n",
    "data/progress.csv": "date,module,number,event,note\n2025-10-01,S-C1,1,started,\n",
    "notebooks/mine.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n',
    "private/notes.md": "For the assessor.\n",
}
LEFT = ("_config.yml", "_toc.yml", *upgrade._OLD["program"], *upgrade._OLD["notebooks"])
MOVED = (kit.PINS, kit.LEDGER, kit.WHEELS, "data/.backup", "_build")  # what an upgrade is there to change
OLD_FILES = """stp_portfolio/records.py docs/index.md templates/plan.md pyproject.toml .venv/pyvenv.cfg
.github/x.yml env/pyvenv.cfg env/lib/a.py _static/portfolio.css data/.backup/old.csv"""


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def own_files(folder):
    """What is neither the tool's nor what an upgrade is there to move."""
    theirs = (*kit.owned(), *MOVED, "gone.md")
    return {name: raw for name, raw in files_of(folder).items() if not name.startswith(theirs)}


@pytest.fixture
def older(tmp_path):
    """A portfolio as an older version made it, and went on: a file of the tool's changed, one removed."""
    root = tmp_path / "portfolio"
    start.start(root, start.Choices(date(2025, 9, 1)), date.today())
    ledger = disk.read_text(root / kit.LEDGER)
    for name in ("README.md", ".githooks/pre-commit", "data/README.md", ".gitignore"):
        disk.put(root / name, "As the older version wrote it.\n")
        ledger = ledger.replace(kit.ledger(root)[name], kit.digest(root / name))
    disk.put(root / "gone.md", "No longer the tool's.\n")
    disk.put(root / kit.LEDGER, ledger + f'"gone.md" = "{kit.digest(root / "gone.md")}"\n')
    disk.put(root / "data/README.md", "As the older version wrote it.\nMy own line.\n")
    (root / ".gitignore").unlink()
    pins = disk.read_text(root / kit.PINS).replace("stp_portfolio-0.2.0", "stp_portfolio-0.1.9")
    pins += "mine==1.0  # kept\n"
    disk.put(root / kit.PINS, pins.replace("pandas==3.1.1", "pandas==3.0.0"))
    for name, text in OWN.items():
        disk.put(root / name, text)
    return root


def test_only_untouched_files_of_the_tool_are_written(older):
    """Those are as the new version has them; changed ones are shown and stay, removed ones stay away."""
    before, said = files_of(older), []
    upgrade.rewrite(older, kit.owned(), said.append)
    kit.write_ledger(older)
    after = files_of(older)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"README.md", ".githooks/pre-commit", "gone.md", kit.LEDGER}
    assert after["README.md"] == kit.owned()["README.md"]
    assert (older / ".githooks/pre-commit").stat().st_mode & 0o100
    assert "data/README.md was changed here" in said[0]
    assert "-My own line." in said[0]
    assert len(said) == 1
    upgrade.rewrite(older, kit.owned(), said.append)
    assert len(said) == 1  # what was said once is not said again
    assert files_of(older) == after


def test_upgrade_finishes_and_is_undone(older, monkeypatch):
    """Pins move together, everything of the owner's is as it was, and undo gives back the rest."""
    installed = []  # pip would replace the very package under test: what it does is for the slow test
    monkeypatch.setattr(upgrade, "_pip", lambda *arguments: installed.append(arguments[2:]))
    monkeypatch.setattr(upgrade.editions, "build_public", lambda _: 0)
    present = older / kit.WHEELS / "stp_portfolio-0.2.0-py3-none-any.whl"
    present.rename(older / kit.WHEELS / "stp_portfolio-0.1.9-py3-none-any.whl")
    before, own, said = files_of(older), own_files(older), []
    upgrade._keep(older, "0.1.9")
    disk.put(present, b"newer")
    assert upgrade.finish(older, said.append) == 0, said
    assert own.keys() >= OWN.keys()
    assert own_files(older) == own
    lines = disk.read_text(older / kit.PINS).splitlines()
    assert {f"./wheels/{present.name}", "mine==1.0  # kept", "pandas==3.1.1"} <= set(lines)
    assert [path.name for path in (older / kit.WHEELS).iterdir()] == [present.name]
    assert installed == [("install", "-r", kit.PINS)]
    disk.put(older / "README.md", "My own README.\n")  # changed since: undo must leave it
    assert "version 0.1.9" in told(older, "upgrade", "--undo")
    undone = {name: raw for name, raw in files_of(older).items() if not name.startswith("_build")}
    assert undone == before | {"README.md": b"My own README.\n"}
    assert "no upgrade to undo" in refused(older, "upgrade", "--undo")


@cases("upgrades", "arguments code said")
def test_upgrade_refuses_and_changes_nothing(older, arguments, code, said):
    """What is no wheel, half a wish, and nothing newer in wheels/: no index is asked of its own accord."""
    disk.put(older / kit.PINS, kit.requirements())
    before = files_of(older)
    assert said in refused(older, "upgrade", *arguments, code=code)
    assert files_of(older) == before


def test_copy_with_the_tool_in_it_is_told_the_way():
    """The example has no version of the tool to move."""
    assert "portfolio upgrade --from . NEWFOLDER" in refused(ROOT, "upgrade")


# -- a copy that carries the tool itself ------------------------------------------------------


@pytest.fixture
def copy_of_010(tmp_path, monkeypatch):
    """The example with what a copy of 0.1.0 had around it; its notebooks stand for the shipped ones."""
    old = tmp_path / "old"
    shutil.copytree(ROOT, old, ignore=NOT_SOURCES)
    for name in OLD_FILES.split():
        disk.put(old / name, "# of the program\n")
    for name in ("private/notes.md", "figures/mine.svg", "_static/mine.txt"):
        disk.put(old / name, "Mine.\n")
    config = disk.read_text(old / "_config.yml").replace("- stp_portfolio.pdf", "- sphinx_book_theme")
    own = "html:\n  favicon: _static/favicon.svg\n  baseurl: https://example.org/\n"
    disk.put(old / "_config.yml", config.replace("title: STP", "title: My").replace("html:\n", own, 1))
    guide = "  - caption: Guide\n    chapters:\n      - file: docs/index\n        sections:\n"
    guide += "          - file: docs/keeping\n"
    disk.put(old / "_toc.yml", disk.read_text(old / "_toc.yml") + guide)
    shipped = {name: kit.digest(old / name) for name in upgrade._OLD["notebooks"]}
    monkeypatch.setitem(upgrade._OLD, "notebooks", shipped)
    changed = old / "notebooks/coverage.ipynb"
    changed.write_bytes(changed.read_bytes().replace(b"Coverage", b"My coverage"))
    return old


def test_content_comes_along_and_the_program_stays_behind(copy_of_010, tmp_path):
    """Pages, records, own files and settings are there byte for byte; today's tool builds the book."""
    before, new = files_of(copy_of_010), tmp_path / "new"
    said = told(tmp_path, "upgrade", "--from", copy_of_010, new)
    assert files_of(copy_of_010) == before
    after = files_of(new)
    came = {name: raw for name, raw in before.items() if not name.startswith(LEFT)}
    for name in OLD_FILES.split():
        came.pop(name, None)
    assert {name: after.get(name) for name in came} == came
    assert {"private/notes.md", "figures/mine.svg", "_static/mine.txt", "data/progress.csv"} <= came.keys()
    assert not after.keys() & {*OLD_FILES.split()} - {*kit.owned()}
    assert after["notebooks/coverage-of-before.ipynb"] == before["notebooks/coverage.ipynb"]
    assert "coverage-of-before.ipynb" in said
    assert all(after[name] == raw for name, raw in kit.owned().items())
    own_pages = [name for name in configuration.toc_files(copy_of_010) if not name.startswith("docs/")]
    assert configuration.toc_files(new) == own_pages
    config = configuration.read_yaml(disk.read_text(new / "_config.yml"))
    assert config["title"].startswith("My ")
    assert (config["html"]["baseurl"], config["html"].get("favicon")) == ("https://example.org/", None)
    extensions = config["sphinx"]["config"]["extensions"]
    assert ("stp_portfolio.pdf" in extensions, "sphinx_book_theme" in extensions) == (True, False)
    done = build(new)
    assert done.code == 0, done.output


# -- the whole way, with pip ------------------------------------------------------------------


@pytest.mark.slow
def test_whole_way_from_an_older_wheel_and_back(tmp_path):
    """An older tool makes a portfolio in its own environment; the present wheel takes over, and back."""
    source, root = tmp_path / "source", tmp_path / "portfolio"
    other = shutil.ignore_patterns("tests", "benchmarks", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "tool", source, ignore=other)
    present = wheel_of(source, tmp_path / "present")
    edit(source, "pyproject.toml", '"0.2.0"', '"0.1.9"')
    disk.put(source / "src/stp_portfolio/desk/templates/owned/README.md", "# An older one\n")
    run(tmp_path, sys.executable, "-m", "venv", "env")
    python = tmp_path / ("env/Scripts/python.exe" if sys.platform == "win32" else "env/bin/python")
    pip = (python, "-m", "pip")
    run(tmp_path, *pip, "install", "-q", wheel_of(source, tmp_path / "older"))
    tool = (python, "-c", "from stp_portfolio.cli import main; main()")
    run(tmp_path, *tool, "start", root, "--start", "2025-09-01")
    assert "stp_portfolio-0.1.9" in disk.read_text(root / kit.PINS)
    run(root, *tool, "record", "S-C1/1", "started", "--date", "2025-10-01")
    shutil.copy(root / "notebooks/credits.ipynb", root / "notebooks/mine.ipynb")
    append(root, "intro.md", "", "My own words.")
    append(root, "_toc.yml", "      - file: notebooks/mine")
    before, own = files_of(root), own_files(root)
    run(root, *tool, "upgrade", present)
    assert own_files(root) == own
    assert (root / "README.md").read_bytes() == kit.owned()["README.md"]
    assert [path.name for path in (root / kit.WHEELS).iterdir()] == [present.name]
    assert (root / "_build/html/notebooks/mine.html").is_file()
    assert "0.2.0" in run(root, *pip, "show", "stp-portfolio")
    run(root, *tool, "upgrade", "--undo")
    assert {name: raw for name, raw in files_of(root).items() if not name.startswith("_build/")} == before
    assert "0.1.9" in run(root, *pip, "show", "stp-portfolio")


def wheel_of(source, folder):
    run(source, sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, source)
    shutil.rmtree(source / "build", ignore_errors=True)
    return next(folder.glob("*.whl"))


def run(folder, *arguments):
    command = [str(part) for part in arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

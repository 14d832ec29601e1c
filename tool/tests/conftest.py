"""What the tests share: the shipped records, the shipped book built once, and copies to break."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from browsing import ARGUMENTS, MISSING, installed
from playwright.sync_api import sync_playwright

from stp_portfolio.core import reading
from stp_portfolio.desk import start

OWN = Path(__file__).parents[1]  # the portfolio in which the tests stand, whoever's it is


def _example():
    """The shipped example: this tree, or, once it is somebody's own, what ``start`` kept, with the program as it is now."""
    kept = OWN / start.EXAMPLE
    if not kept.is_file():
        return OWN
    tree = Path(tempfile.mkdtemp(prefix="example-")) / "portfolio"
    atexit.register(shutil.rmtree, tree.parent, ignore_errors=True)
    tree.mkdir()
    for path in OWN.iterdir():
        if path.is_file() and start.is_program(path.name):
            shutil.copy(path, tree)
        elif (
            path.is_dir()
            and start.is_program(f"{path.name}/")
            and not re.match(r"\.(git|venv.*|\w+_cache)$", path.name)
        ):
            shutil.copytree(path, tree / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    with zipfile.ZipFile(kept) as archive:
        archive.extractall(tree)
    return tree


ROOT = _example()
JUPYTER_BOOK = Path(sys.executable).with_name("jupyter-book.exe" if sys.platform == "win32" else "jupyter-book")
NOT_SOURCES = shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info", "private", "tests", "node_modules")


def pytest_configure(config):
    """Stop at once, with the remedy, where another Jupyter Book is installed: it builds nothing and returns 0."""
    found = version("jupyter-book")
    if not found.startswith("1."):
        pytest.exit(
            f"Jupyter Book {found} is installed, and this book needs 1. Run: pip install -r requirements.txt", 4
        )


def pytest_terminal_summary(terminalreporter):
    """Print the figures that tests recorded, wherever they ran."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "summary" and report.when == "call":
                terminalreporter.write_line(value)


def toc_files(tree):
    """The pages that the contents of a tree name, in their order."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            found.extend([value["file"]] if "file" in value else [])
            for child in value.values():
                walk(child)
        for child in value if isinstance(value, list) else ():
            walk(child)

    walk(yaml.safe_load((tree / "_toc.yml").read_text(encoding="utf-8")))
    return found


@dataclass(frozen=True)
class Built:
    """What one run of the build gave."""

    code: int
    output: str
    tree: Path

    @property
    def html(self) -> Path:
        return self.tree / "_build" / "html"

    def page(self, docname):
        return (self.html / f"{docname}.html").read_text(encoding="utf-8")

    @property
    def read(self):
        """The pages that this run read."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.output)
        return re.findall(r"reading sources\.\.\. \[ *\d+%\] (\S+)", plain)

    @property
    def executed(self):
        """The notebooks that this run executed."""
        return re.findall(r"^(\S+) was executed in [\d.]+ s$", self.output, flags=re.MULTILINE)


def build(tree, *options, **environment):
    """Run the README's own build in a tree, with the tree's own package."""
    done = subprocess.run(
        [JUPYTER_BOOK, "build", ".", *options],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Built(done.returncode, done.stdout + done.stderr, tree)


@pytest.fixture(scope="session")
def portfolio():
    return reading.load(ROOT)


@pytest.fixture(scope="session")
def own():
    """The records of the portfolio in which the tests stand."""
    return reading.load(OWN)


@pytest.fixture(scope="session")
def own_book(request, tmp_path_factory):
    """The book of the portfolio in which the tests stand, built once in a clean copy."""
    if OWN == ROOT:
        return request.getfixturevalue("book")
    tree = tmp_path_factory.mktemp("own") / "portfolio"
    shutil.copytree(OWN, tree, ignore=NOT_SOURCES)
    return build(tree)


@pytest.fixture(scope="session")
def browser():
    """An installed browser, never one that is fetched."""
    path = installed()
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as tool:
        started = tool.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The shipped book, built once in a clean copy."""
    tree = tmp_path_factory.mktemp("book") / "portfolio"
    shutil.copytree(ROOT, tree, ignore=NOT_SOURCES)
    return build(tree)


PDF_BUILDER = ("--builder", "custom", "--custom-builder", "eportfolio")


@pytest.fixture(scope="session")
def pdfs(book, tmp_path_factory):
    """The folder with the PDFs of the shipped book, set once."""
    tree = tmp_path_factory.mktemp("pdfs") / "portfolio"
    shutil.copytree(book.tree, tree)
    done = build(tree, *PDF_BUILDER)
    assert done.code == 0, done.output
    return tree / "_build" / "eportfolio"


@pytest.fixture
def copy(book, tmp_path):
    """A copy of the shipped book with what its build left behind, to edit and build again."""
    tree = tmp_path / "portfolio"
    shutil.copytree(book.tree, tree)
    return tree


@pytest.fixture
def data(tmp_path):
    """A copy of the shipped records with their pages, to spoil."""
    tree = tmp_path / "records"
    shutil.copytree(ROOT / "data", tree / "data", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(ROOT / "C1_Professional_Foundations", tree / "C1_Professional_Foundations")
    return tree

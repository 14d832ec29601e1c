"""What the tests share: the shipped book built once a run, small books in process, and copies to break."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from browsing import MISSING, launched
from click.testing import CliRunner
from filelock import FileLock
from playwright.sync_api import sync_playwright

from stp_portfolio import cli
from stp_portfolio.core import reading

ROOT = Path(__file__).parents[2]  # the worked example, of which this folder is a part
SMALL = Path(__file__).with_name("small")
NOT_SOURCES = shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info", "private", "tests", "tool")
COMMANDS = ("jupyter-book", "portfolio")
JUPYTER_BOOK, PORTFOLIO = (shutil.which(name, path=str(Path(sys.executable).parent)) for name in COMMANDS)


def pytest_terminal_summary(terminalreporter):
    """Print the figures that tests recorded, wherever they ran."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "summary" and report.when == "call":
                terminalreporter.write_line(value)


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
        """The markup of a page, of a build without a fault."""
        assert self.code == 0, self.output
        return (self.html / f"{docname}.html").read_text(encoding="utf-8")

    @property
    def faults(self):
        """What was reported, without the rest of the output."""
        return [line for line in self.output.splitlines() if re.search("WARNING|ERROR|CRITICAL", line)]

    @property
    def read(self):
        """The pages that this run read."""
        return re.findall(r"reading sources\.\.\. \[ *\d+%\] (\S+)", self.output)

    @property
    def executed(self):
        """The notebooks that this run executed."""
        return re.findall(r"^(\S+) was executed in [\d.]+ s$", self.output, flags=re.MULTILINE)


def uncoloured(output):
    return re.sub(r"\x1b\[[0-9;]*m", "", output)


def build(tree, *options, **environment):
    """Run the README's own build in a tree."""
    done = subprocess.run(
        [JUPYTER_BOOK, "build", ".", *options], cwd=tree, env={**os.environ, **environment},
        capture_output=True, text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return Built(done.returncode, uncoloured(done.stdout + done.stderr), tree)


def build_here(tree, *options):
    """The same build in this process: for a small book a tenth of the time, as all is imported already."""
    from jupyter_book.cli.main import main

    done = CliRunner().invoke(main, ["build", str(tree), *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Built(done.exit_code, uncoloured(done.output), tree)


def call(tree, *arguments, folder="."):
    """The command ``portfolio`` in this process: its code, and what it says on both streams."""
    out, err, given = io.StringIO(), io.StringIO(), ["portfolio", *map(str, arguments)]
    with (
        chdir(tree / folder), redirect_stdout(out), redirect_stderr(err),
        patch.dict(os.environ, {"COLUMNS": "100"}), patch.object(sys, "argv", given),
    ):  # fmt: skip
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()


def told(tree, *arguments, folder="."):
    """What the command says where it does what it is asked."""
    code, out, err = call(tree, *arguments, folder=folder)
    assert code == 0, out + err
    return out


def refused(tree, *arguments, code=1):
    """What it says, on one line, where it does not."""
    found, out, err = call(tree, *arguments)
    assert found == code, out + err
    return " ".join((out + err).split())


def once(tmp_path_factory, name, make):
    """A folder made by whichever worker comes first, and shared by all of them; ``make`` fills it."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder, log = shared / name, shared / f"{name}.log"
    with FileLock(shared / f"{name}.lock"):
        if not log.is_file():
            folder.mkdir()
            built = make(folder)
            log.write_text(f"{built.code}\n{built.output}", encoding="utf-8")
    code, _, output = log.read_text(encoding="utf-8").partition("\n")
    return Built(int(code), output, folder / "portfolio")


def _example(folder):
    shutil.copytree(ROOT, folder / "portfolio", ignore=NOT_SOURCES)
    return build(folder / "portfolio")


@pytest.fixture(scope="session")
def portfolio():
    return reading.load(ROOT)


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The shipped book, built once in a clean copy: to be looked at, never changed."""
    return once(tmp_path_factory, "book", _example)


@pytest.fixture(scope="session")
def pdfs(book, tmp_path_factory):
    """The folder with the PDFs of the shipped book, set once."""

    def make(folder):
        shutil.copytree(book.tree, folder / "portfolio")
        return build(folder / "portfolio", "--builder", "custom", "--custom-builder", "eportfolio")

    done = once(tmp_path_factory, "pdfs", make)
    assert done.code == 0, done.output
    return done.tree / "_build" / "eportfolio"


@pytest.fixture(scope="session")
def browsers():
    """Gives an installed browser by its name, never one that is fetched."""
    with sync_playwright() as tool, ExitStack() as running:

        @cache
        def started(name):
            found = launched(tool, name)
            if found is None:
                pytest.skip(MISSING.format(name.capitalize()))
            running.callback(found.close)
            return found

        yield started


@pytest.fixture(scope="session")
def browser(browsers):
    """The one that most pages are tried in."""
    return browsers("chromium")


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def either(browsers, request):
    """Each of two that differ in how they read a policy, in what gets the focus, and in what they log."""
    return browsers(request.param)


@pytest.fixture
def copy(book, tmp_path):
    """A copy of the shipped book with what its build left behind, to edit and build again."""
    tree = tmp_path / "portfolio"
    shutil.copytree(book.tree, tree)
    return tree


@pytest.fixture
def tree(tmp_path):
    """A copy of the whole portfolio without what was built, to work in."""
    return Path(shutil.copytree(ROOT, tmp_path / "portfolio", ignore=NOT_SOURCES))


@pytest.fixture
def data(tmp_path):
    """A copy of the shipped records with their pages, to spoil."""
    tree = tmp_path / "records"
    shutil.copytree(ROOT / "data", tree / "data", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(ROOT / "C1_Professional_Foundations", tree / "C1_Professional_Foundations")
    return tree


# -- a book of two pages ----------------------------------------------------------------------


class Small:
    """A portfolio of two pages in a folder of its own, built in this process."""

    def __init__(self, tree):
        self.tree = tree
        shutil.copytree(SMALL, tree, dirs_exist_ok=True)
        shutil.copy(ROOT / "_config.yml", tree)

    def write(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def home(self, text):
        """Put a text below the home page's heading and build: what a test of one fault needs."""
        self.write("intro.md", f"# Home\n\nThe words of the home page.\n\n{text}\n")
        return self.build()

    def edit(self, name, old, new):
        text = (self.tree / name).read_text(encoding="utf-8")
        assert old in text
        return self.write(name, text.replace(old, new, 1))

    @staticmethod
    def cell(source, **metadata):
        """A code cell of a notebook, which never ran."""
        empty = {"cell_type": "code", "outputs": [], "execution_count": None}
        return empty | {"metadata": metadata, "source": source}

    def notebook(self, *sources, cells=(), words="What was computed."):
        """A page, listed as ``sums``, that is a notebook of these sources, and of ready ``cells``."""
        title = {"cell_type": "markdown", "metadata": {}, "source": f"# Sums\n\n{words}"}
        listed = [title, *map(self.cell, sources), *cells]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        whole = {"cells": [{"id": f"c{n}"} | cell for n, cell in enumerate(listed)], "metadata": kernel}
        self.write("sums.ipynb", json.dumps(whole | {"nbformat": 4, "nbformat_minor": 5}))
        if "sums" not in (self.tree / "_toc.yml").read_text(encoding="utf-8"):
            self.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: sums\n")

    def build(self, *options):
        return build_here(self.tree, *options)


@pytest.fixture
def small(tmp_path):
    """A book of two pages to break."""
    return Small(tmp_path / "small")

"""A fault put into a book ends the build with a non-zero code, twice in a row, and says what it is."""

import json
import os
import signal
import subprocess
import time

import pytest
from conftest import JUPYTER_BOOK
from PIL import Image

from stp_portfolio.book.pagecheck import page_faults
from stp_portfolio.book.strict import swallowed


def add_notebook(small, *sources, cells=(), **metadata):
    """Add a page that is a notebook of these code cells (or of ready ``cells``), and list it."""
    code = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }
        for n, text in enumerate(sources)
    ]
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Sums\n\nWhat was computed."}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    whole = {
        "cells": [title, *code, *cells],
        "metadata": kernel | metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    small.write("sums.ipynb", json.dumps(whole))
    if "sums" not in (small.tree / "_toc.yml").read_text(encoding="utf-8"):
        edit(small, "_toc.yml", "chapters:\n", "chapters:\n  - file: sums\n")
    return whole


def edit(small, name, old, new):
    text = (small.tree / name).read_text(encoding="utf-8")
    assert old in text
    small.write(name, text.replace(old, new, 1))


def fails_twice(small, *messages):
    """Both runs fail and report each message as a fault of its own; nothing is left that looks current."""
    for _ in range(2):
        done = small.build()
        assert done.code != 0
        for message in messages:
            assert message in done.output, done.output
        assert "Traceback" not in done.output
        assert not list(done.html.glob("*.html"))
    return done


# What stands on a page, with what is said of it; each is a warning or error of its own.
ON_A_PAGE = {
    "[a page](nowhere.md)": "nowhere.md",
    "[a part](M/1_Task.md#nothing)": "nothing",
    "[a part](#nobody)": "nobody",
    "![a drawing](gone.png)": "gone.png",
    "```{include} missing.md\n```": "missing.md",
    "{ref}`gone-label`": "gone-label",
    "{doc}`gone-page`": "gone-page",
    "```{noet}\n```": "noet",
    '[Progress](M/1_Task.md "panel: progres")': "there is no panel 'progres'",
    "{math}`\\nosuchthing{x}`": "the formula \\nosuchthing{x} cannot be set",
    '<a href="lost.html">a page</a>': "the link 'lost.html' leads to a file",
    "<a href='M/1_Task.html#gone'>a part</a>": "the link 'M/1_Task.html#gone' leads to an anchor",
    '<img src="lost.png" alt="a drawing">': "the link 'lost.png' leads to a file",
    "![](picture.png)": "an image has no alt text",
    "<script>alert(1)</script>": "a script, style or handler stands on the page",
    "<p onclick='go()'>x</p>": "would do nothing there: <p onclick",
    "<style>p { color: red }</style>": "would do nothing there: <style>",
    '<p style="color: red">y</p>': "would do nothing there: <p style",
    "![A chart](https://example.org/chart.png)": "fetch https://example.org/chart.png from another host",
    "<iframe src='//example.org/frame'></iframe>": "fetch //example.org/frame from another host",
    "```mermaid\nflowchart LR\n  A --> B\n```": "This diagram says nothing to who cannot see it",
}


def test_faults_of_a_page_fail_twice(small):
    """Each is reported, by itself, on the first run and on the second; fixed, the next run is clean."""
    Image.new("RGB", (8, 8)).save(small.tree / "picture.png")
    small.write("intro.md", "# Home\n\n" + "\n\n".join(ON_A_PAGE) + "\n")
    done = fails_twice(small)
    for text, message in ON_A_PAGE.items():
        assert [line for line in done.faults if message in line], f"{text}: not reported in\n{done.output}"
    assert (done.tree / "_build/html-not-current/intro.html").is_file()
    done = small.home("All is well.")
    assert done.code == 0, done.output
    assert (done.html / "intro.html").is_file()


@pytest.mark.parametrize("alt", ["img/picture.png", "8878045cc6db502f8baf", " "])
def test_a_name_of_a_file_is_no_alt_text(tmp_path, alt):
    """A path and a hash say nothing of a picture."""
    (tmp_path / "a.html").write_text(
        f'<html><body><img src="a.html" alt="{alt}"></body></html>', encoding="utf-8"
    )
    assert [finding.code for finding in page_faults(tmp_path)] == ["image-unnamed"]


def test_dead_links_are_seen(tmp_path):
    """A missing file, a missing anchor and a missing image are each reported once, with their page."""
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">x</a><a href="b.html#gone">x</a><a href="c.html">x</a>'
        '<img src="d.png" alt="a drawing">'
        '<a href="https://example.org/gone">x</a><a href="#here" id="here">x</a><a href="./b.html?x=1">x</a>'
    )
    (tmp_path / "b.html").write_text('<p id="there">x</p>')
    found = list(page_faults(tmp_path))
    assert [(finding.file, str(finding).split("'")[1]) for finding in found] == [
        ("a.html", "b.html#gone"), ("a.html", "c.html"), ("a.html", "d.png"),
    ]  # fmt: skip


SWALLOWED = {
    "a fence": ("one\n\n```python\nx = 1\n\n## Two\n", 3, "'```python' is not closed"),
    "a directive": ("one\n\n:::{note}\nx\n\n## Two\n", 3, "':::{note}' is not closed"),
    "a directive before another": (
        "one\n\n:::{note}\nx\n\n:::{tip}\ny\n:::\n",
        3,
        "':::{note}' is not closed",
    ),
    "a fence in a list": ("- one\n\n  ```\n  x\n\ntwo\n", 3, "'```' is not closed"),
    "a comment": ("one\n\n<!-- two\n\n## Three\n", 3, "a comment is not closed"),
    "a notebook as text": ("---\njupytext:\n  x: 1\n---\n# One\n", 1, "a notebook written as text"),
    "a cell as text": ("# One\n\n```{code-cell}\n1\n```\n", 3, "a notebook written as text"),
}


@pytest.mark.parametrize("name", SWALLOWED)
def test_what_swallows_the_rest_of_a_page_is_found(name):
    """What would hide what follows, or hold numbers that go stale, is named with its line."""
    text, line, message = SWALLOWED[name]
    found = list(swallowed(text, "p.md"))
    assert [finding.line for finding in found] == [line]
    assert message in found[0].fault


def test_what_is_closed_is_no_fault():
    """Nested directives, fences in lists and quotations, longer fences round shorter ones, comments."""
    text = (
        "---\ntitle: x\n---\n# One\n\n::::{grid} 2\n:::{card} A\nx\n:::\n::::\n\n````\n```\nx\n```\n````\n\n"
        "- a\n\n  ```\n  b\n  ```\n\n> ```\n> c\n> ```\n<!-- d -->\n\n~~~\ne\n~~~\n\n```mermaid\npie\n```\n"
    )
    assert list(swallowed(text, "p.md")) == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("M/1_Task.md", "", "is empty"),
        ("M/1_Task.md", "# 1. Task\n\nIt waits.\n\n```python\nx\n", "M/1_Task.md:5: WARNING: '```python'"),
        ("M/1_Task.md", "---\nkernelspec:\n  name: python3\n---\n# 1. Task\n", "a notebook written as text"),
        ("data/progress.csv", "date,module,number,event,note\n2025-01-01,M,1,signed-off,\n", "'signed-off'"),
        ("data/portfolio.toml", 'title = "Small"\n', "data/portfolio.toml"),
        ("data/approved_terms.txt", b"caf\xe9\n", "data/approved_terms.txt"),
    ],
)  # fmt: skip
def test_faults_of_a_file_fail_twice(small, file, text, message):
    """An empty or half hidden page, a notebook as text, wrong records, a file in another encoding."""
    small.build()
    if isinstance(text, bytes):
        (small.tree / file).write_bytes(text)
    else:
        small.write(file, text)
    fails_twice(small, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("only_build_toc_files", "only_built_toc_files", "only_built_toc_files"),
        ("numfig: false", "numfgi: false", "sphinx/config/numfgi: is not a setting of Sphinx"),
        ("numfig: false", "suppress_warnings: [myst.xref_missing]", "'myst.xref_missing' would hide a fault"),
    ],
)
def test_faults_of_the_configuration_fail_twice(small, old, new, message):
    """A key or a setting that nobody knows, and one that would hide a fault."""
    edit(small, "_config.yml", old, new)
    fails_twice(small, message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "sums: a cell failed: ZeroDivisionError: division by zero"),
        ("import warnings\nwarnings.warn('doubtful')", "stderr"),
        ("import os\nos._exit(1)", "Kernel died"),
        ("import time\ntime.sleep(60)", "A cell timed out while it was being executed, after 2 seconds"),
        (
            "print(f\"NH{'S'} number {940 + 3} {400 + 76} {5900 + 19}\")",
            "an output holds an identifier (NHS number)",
        ),
    ],
)
def test_faults_of_a_cell_fail_twice(small, source, message):
    """A cell that fails, warns, kills its kernel, takes too long or says who somebody is."""
    edit(small, "_config.yml", "timeout: 120", "timeout: 2")
    add_notebook(small, source)
    fails_twice(small, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"tags": ["raises-exception"]}}, "has the tag 'raises-exception'"),
        ({"source": None}, "The build stopped"),
    ],
)
def test_faults_of_a_notebook_fail_twice(small, change, message):
    """A cell that may fail, and a file that is no notebook: no traceback, no page."""
    cell = {
        "cell_type": "code",
        "id": "odd",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    add_notebook(small, cells=[cell | change])
    fails_twice(small, message)


def test_stored_output_never_reaches_a_page(small):
    """A false number stored in a notebook is thrown away before the page is made."""
    false = {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/plain": "99999"},
    }
    cell = {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "source": "6 * 7",
        "outputs": [false],
        "execution_count": 1,
    }
    add_notebook(small, cells=[cell])
    done = small.build()
    assert done.code == 0, done.output
    assert "99999" not in done.page("sums")
    assert "42" in done.page("sums")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_an_interrupted_build_leaves_nothing_that_looks_current(small):
    """Ctrl+C while a notebook runs: the old pages are set aside, and the next build is whole."""
    assert small.build().code == 0
    add_notebook(small, "import time\ntime.sleep(30)")
    running = subprocess.Popen(
        [JUPYTER_BOOK, "build", small.tree], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    stamp = small.tree / "_build/.doctrees/stp-built-without-warnings"
    while stamp.is_file() and running.poll() is None:
        time.sleep(0.05)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert not list((small.tree / "_build/html").glob("*.html"))
    add_notebook(small, "1 + 1")
    assert small.build().code == 0

"""A fault put into the book ends the build with a non-zero code, twice in a row, and says what it is."""

import json
import shutil

import pytest
from conftest import ROOT, build

PAGE = "C1_Professional_Foundations/5_PatientCareJourney.md"


def append(tree, text, page=PAGE):
    path = tree / page
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(tree, name, old, new):
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def notebook(tree, change):
    path = tree / "notebooks/credits.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def cell(source, **metadata):
    """A change that gives the last cell of a notebook another source and metadata."""

    def change(content):
        content["cells"][-1]["source"] = source
        content["cells"][-1]["metadata"] = metadata

    return lambda tree: notebook(tree, change)


def picture(markup):
    """A change that puts a real image on a page, with some markup around its address."""

    def spoil(tree):
        shutil.copy(ROOT / ".github/book.png", tree / "C1_Professional_Foundations/picture.png")
        append(tree, f"\n{markup}\n")

    return spoil


def slow_cell(tree):
    replace(tree, "_config.yml", "timeout: 120", "timeout: 2")
    cell("import time\ntime.sleep(60)")(tree)


FAULTS = {
    "failing cell": (cell("1 / 0"), "notebooks/credits: a cell failed: ZeroDivisionError: division by zero"),
    "cell that warns": (cell("import warnings\nwarnings.warn('doubtful')"), "stderr"),
    "cell that may fail": (cell("1 / 0", tags=["raises-exception"]), "has the tag 'raises-exception'"),
    "cell that is skipped": (cell("1", tags=["skip-execution"]), "has the tag 'skip-execution'"),
    "kernel that dies": (cell("import os\nos._exit(1)"), "Kernel died"),
    "cell past its time limit": (slow_cell, "A cell timed out while it was being executed, after 2 seconds"),
    "errors allowed": (
        lambda t: replace(t, "_config.yml", "timeout: 120", "allow_errors: true"),
        "execute/allow_errors: would let a notebook pass",
    ),
    "execution switched off": (
        lambda t: replace(t, "_config.yml", "execute_notebooks: cache", 'execute_notebooks: "off"'),
        "'off' would publish stored or stale numbers",
    ),
    "execution switched off for a notebook": (
        lambda t: notebook(t, lambda c: c["metadata"].update(mystnb={"execution_mode": "off"})),
        "mystnb/execution_mode would let a fault pass",
    ),
    "notebook left out of execution": (
        lambda t: replace(t, "_config.yml", "timeout: 120", "exclude_patterns: [notebooks/*]"),
        "execute/exclude_patterns: would let a notebook pass",
    ),
    "image without alt text": (picture("![](picture.png)"), "an image has no alt text"),
    "image with its path as alt text": (picture("![img/picture.png](picture.png)"), "an image has no alt text"),
    "image with a hash as alt text": (picture("![8878045cc6db502f8baf](picture.png)"), "an image has no alt text"),
    "page of the contents that does not exist": (
        lambda t: replace(t, "_toc.yml", "file: notebooks/credits", "file: notebooks/credit"),
        "'notebooks/credit' is a page that does not exist",
    ),
    "misspelt key in the contents": (lambda t: replace(t, "_toc.yml", "caption:", "captoin:"), "captoin"),
    "link to a page that does not exist": (lambda t: append(t, "\n[a page](nowhere.md)\n"), "nowhere.md"),
    "link to an anchor of another page": (lambda t: append(t, "\n[a part](index.md#nowhere)\n"), "nowhere"),
    "link to an anchor of its own page": (lambda t: append(t, "\n[a part](#nowhere)\n"), "nowhere"),
    "link in raw HTML": (lambda t: append(t, '\n<a href="gone.html">a page</a>\n'), "gone.html"),
    "anchor in raw HTML": (lambda t: append(t, "\n<a href='index.html#gone'>a part</a>\n"), "index.html#gone"),
    "image that does not exist": (lambda t: append(t, "\n![a drawing](gone.png)\n"), "gone.png"),
    "image in raw HTML": (lambda t: append(t, '\n<img src="gone.png" alt="a drawing">\n'), "gone.png"),
    "include that does not exist": (lambda t: append(t, "\n```{include} gone.md\n```\n"), "gone.md"),
    "reference that does not exist": (lambda t: append(t, "\n{ref}`gone-label`\n"), "gone-label"),
    "document that does not exist": (lambda t: append(t, "\n{doc}`gone-page`\n"), "gone-page"),
    "unknown directive": (lambda t: append(t, "\n```{noet}\n```\n"), "noet"),
    "unknown panel": (
        lambda t: append(t, '\n[Progress](../notebooks/progress.ipynb "panel: progres")\n'),
        "there is no panel 'progres'",
    ),
    "misspelt key of the configuration": (
        lambda t: replace(t, "_config.yml", "only_build_toc_files", "only_built_toc_files"),
        "only_built_toc_files: is not a key of Jupyter Book",
    ),
    "misspelt key in a group": (
        lambda t: replace(t, "_config.yml", "stderr_output", "stdrer_output"),
        "execute/stdrer_output: is not a key of Jupyter Book",
    ),
    "misspelt setting of Sphinx": (
        lambda t: replace(t, "_config.yml", "nb_remove_code_source", "nb_remove_code_sauce"),
        "nb_remove_code_sauce: is not a setting",
    ),
    "suppressed warnings": (
        lambda t: replace(t, "_config.yml", "numfig: false", "suppress_warnings: [myst.xref_missing]"),
        "'myst.xref_missing' would hide a fault",
    ),
    "record that is wrong": (
        lambda t: replace(t, "data/progress.csv", "signed_off", "signed-off"),
        "'signed-off' is not an event",
    ),
    "misspelt key of the settings": (lambda t: replace(t, "data/portfolio.toml", "as_of", "as_off"), "as_off"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_fails_twice(copy, name):
    """The first run and the second both fail and name the fault; no page is left that looks current."""
    spoil, message = FAULTS[name]
    spoil(copy)
    for _ in range(2):
        done = build(copy)
        assert done.code != 0, done.output
        assert message in done.output
        # A kernel that is interrupted at its time limit writes its own trace before it goes.
        assert "Traceback (most recent call last)" not in done.output.split("ipykernel/kernelbase.py")[-1]
        assert not list(done.html.glob("*.html"))


def test_mended_fault_builds_again(copy):
    """Once the fault is mended, the next run is clean without a flag."""
    append(copy, "\n[a page](nowhere.md)\n")
    assert build(copy).code != 0
    replace(copy, PAGE, "\n[a page](nowhere.md)\n", "")
    done = build(copy)
    assert done.code == 0, done.output
    assert (done.html / "intro.html").is_file()


def test_stored_output_never_reaches_a_page(copy):
    """A false number stored in a notebook is thrown away before the page is made."""
    false = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "99999"}}

    def store(content):
        for each in content["cells"]:
            if each["cell_type"] == "code":
                each["outputs"] = [false]

    notebook(copy, store)
    done = build(copy)
    assert done.code == 0, done.output
    assert "99999" not in done.page("notebooks/credits")
    assert "180 credits" in done.page("notebooks/credits")

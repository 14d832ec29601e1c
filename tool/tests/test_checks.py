"""The check: every fault in one run, whatever the files are like, and no silence about what was not read."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Small
from portfolios import CASES, cases, edit

from stp_portfolio.core import configuration, disk
from stp_portfolio.desk import checks

CODE = Small.cell(["1 + 1"]) | {"id": "b"}
TEXT = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Sums\n", "\n", "They add up."]}
KERNEL = {"kernelspec": {"display_name": "Python 3", "name": "python3"}, "language_info": {"name": "python"}}
NOTEBOOK = {"cells": [TEXT, CODE], "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
HERE = Path(__file__).parent


def with_notebook(small, text=""):
    """Put a notebook into the contents of the small book."""
    small.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: sums\n")
    return small.write("sums.ipynb", text or json.dumps(NOTEBOOK))


def faults(small, *only):
    found, _ = checks.run(small.tree, only)
    return {(each.code, each.file, each.line) for each in found if not each.identifies}


def test_links_are_read_as_the_book_reads_them(small):
    """Dead files, pages and headings with their lines, in notes and references; code and sites pass."""
    small.write("intro.md", (HERE / "links_sound.md").read_text(encoding="utf-8"))
    assert faults(small) == set()
    small.write("alone.md", "# Alone\n")
    small.write("intro.md", (HERE / "links_dead.md").read_text(encoding="utf-8"))
    found = [finding for finding in checks.run(small.tree)[0] if finding.code == "link"]
    assert [finding.line for finding in found] == [3, 4, 7, 12, 14, 14, 14]
    assert "the link 'c d.md' leads to a file that does not exist" in str(found[2])
    assert "leads to a page that is not in the contents" in str(found[5])
    assert "leads to a heading that does not exist" in str(found[6])


@pytest.mark.parametrize("text", ["[]", "{"])
def test_odd_notebooks_are_findings(small, text):
    """What is no notebook, or no JSON at all, is said and nothing stops."""
    with_notebook(small, text)
    assert faults(small) == {("notebook-shape", "sums.ipynb", None)}


def test_outputs_and_settings_of_a_notebook(small):
    """Stored outputs, and a tag with which a fault would pass."""
    path = with_notebook(small)
    assert faults(small) == set()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][1] |= {"execution_count": 1, "metadata": {"tags": ["raises-exception"]}}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert {code for code, _, _ in faults(small)} == {"notebook-output", "cell-tag"}


def test_bytes_of_another_encoding_and_line_ends(small):
    """A page in Windows' encoding is one finding with what to do; its line ends change nothing."""
    page = small.tree / "intro.md"
    small.write("intro.md", "# Home\n\nThe words of the [home](gone.md) page.\n")
    before = faults(small)
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert faults(small) == before == {("link", "intro.md", 3)}
    page.write_bytes(b"# Home\n\nThe words caf\xe9.\n")
    found = [finding for finding in checks.run(small.tree)[0] if finding.code == "page-unreadable"]
    assert "intro.md: is not UTF-8 text. Save it as plain text, UTF-8." in map(str, found)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc for a file that cannot be read")
def test_a_page_that_cannot_be_read_is_a_finding(small):
    """As where another program holds it, or its permissions are wrong."""
    page = small.tree / "M/1_Task.md"
    page.unlink()
    page.symlink_to("/proc/self/mem")
    assert ("page-unreadable", "M/1_Task.md", None) in faults(small)


def test_what_was_not_read_is_said(small):
    """Of a page of the book its own faults; a file that is no part of it is read as well."""
    small.write("intro.md", "# Home\n\nThe [gone](gone.md) page.\n")
    draft = small.write("drafts/x.md", "# x\n\nNHS number 943 476 5919\n")
    assert faults(small, small.tree / "intro.md") == {("link", "intro.md", 3)}
    assert faults(small, small.tree / "M") == faults(small, small.tree / "data") == set()
    for only in (draft, draft.parent):
        assert [each.value for each in checks.run(small.tree, [only])[0]] == ["NHS number 943 476 5919"]


@pytest.mark.parametrize("name", ["a.md", "about/Private/a.md", "PRIVATE/x/a.md", "out/a.md", "inner.md"])
def test_no_name_leads_out_or_into_private(small, tmp_path, name):
    """By no spelling, at no depth, and through no link to a folder or file."""
    (tmp_path / "elsewhere").mkdir()
    small.write("about/private/a.md", "# A\n")
    links = {
        "a.md": "/proc/version",
        "out": tmp_path / "elsewhere",
        "inner.md": small.tree / "about/private/a.md",
    }
    for link, target in links.items():
        (small.tree / link).symlink_to(target)
    with pytest.raises(disk.UnreadableError, match=r"leads out|no reader gets to see"):
        disk.inside(small.tree, name)
    assert disk.inside(small.tree, "M/1_Task.md") == small.tree / "M/1_Task.md"


# -- the configuration: what Jupyter Book takes in silence is a finding --------------------------------


def test_shipped_configuration_is_without_fault():
    """Else every case below could be met by chance."""
    assert list(configuration.faults(ROOT)) == []


@cases("configuration", "file old new code words")
def test_fault_is_found(tmp_path, file, old, new, code, words):
    """Misspelt, doubled or hiding keys, and what would leave the book unguarded."""
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, tmp_path)
    edit(tmp_path, file, old, new)
    found = list(configuration.faults(tmp_path))
    assert any(finding.code == code and words in str(finding) for finding in found), list(map(str, found))


def test_missing_files_are_found(tmp_path):
    """Jupyter Book would build with settings of its own."""
    found = [(finding.file, finding.fault) for finding in configuration.faults(tmp_path)]
    assert found == [("_config.yml", "is missing"), ("_toc.yml", "is missing")]
    assert configuration.toc_files(tmp_path) == []


@pytest.mark.parametrize("notebook", CASES["notebooks"])
def test_odd_notebook_is_found(notebook):
    """Valid JSON that is no notebook, and what would let a cell fail in silence."""
    code, words = CASES["notebooks"][notebook]
    (finding,) = configuration.notebook_faults("a.ipynb", json.loads(notebook))
    assert finding.code == code
    assert words in str(finding)

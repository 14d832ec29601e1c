"""What must stay true of this portfolio, whoever's it is and however far it has come.

The other tests hold the program to the shipped example; these look at the pages and records that
stand here now.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import OWN, PDF_BUILDER, build, toc_files
from test_book import check_numbers

from stp_portfolio.core import records
from stp_portfolio.desk import checks, start
from stp_portfolio.show import pages

NOTEBOOKS = sorted((OWN / "notebooks").glob("*.ipynb"))


def test_rows_pages_and_contents_agree(own):
    """Each activity has one row, one page and one entry of the contents, in the same order."""
    listed = [activity.page for activity in own.activities]
    folders = {page.rpartition("/")[0] for page in listed}
    in_contents = [name for name in toc_files(OWN) if name in set(listed)]
    on_disk = [p.relative_to(OWN).with_suffix("").as_posix() for f in folders for p in (OWN / f).glob("*.md")]
    assert in_contents == listed
    assert sorted(on_disk) == sorted(name for name in toc_files(OWN) if name.rpartition("/")[0] in folders)
    assert len(toc_files(OWN)) == len(set(toc_files(OWN)))


def test_every_page_keeps_the_contract(own):
    """Heading, standfirst, sections, steps, evidence and read next, on every page."""
    assert [
        (path.name, problem)
        for activity, path in records.pages(own)
        for problem in pages.problems(pages.read(path), activity, own)
    ] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_hold_no_output(path):
    """Outputs and counts are never stored."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_no_file_of_the_repository_is_too_large_or_built(own):
    """No built page and nothing private is tracked, and, but for evidence of one's own, nothing over 500 kB."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=OWN, capture_output=True, check=False)
    if listed.returncode:  # a copy without git has nothing tracked
        return
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = Path(OWN, name)
        assert not name.startswith(("_build/", "private/"))
        small = own.settings.example or start.is_program(name)
        assert not small or not path.is_file() or path.stat().st_size <= 500_000, name


def test_book_is_built_without_a_warning(own_book):
    """The README's own command ends well."""
    assert own_book.code == 0, own_book.output
    assert (own_book.html / "index.html").is_file()


def test_every_number_agrees_with_a_recount(own_book):
    """Statuses, totals, credits, milestones and evidence on the pages, counted again by other code."""
    check_numbers(own_book)


def test_check_finds_nothing(own_book):
    """Records, settings, pages, links and notebooks are sound, and nothing looks like an identifier."""
    found, _ = checks.run(own_book.tree)
    assert [str(finding) for finding in found] == []


def test_every_activity_has_its_pdf(own, own_book, tmp_path):
    """The PDFs for the e-portfolio are written, one for each activity and one of the book."""
    tree = tmp_path / "portfolio"
    shutil.copytree(own_book.tree, tree)
    done = build(tree, *PDF_BUILDER)
    assert done.code == 0, done.output
    made = list((tree / "_build/eportfolio").glob("*.pdf"))
    assert len(made) == 1 + len(own.activities)
    assert all(path.read_bytes().startswith(b"%PDF") for path in made)

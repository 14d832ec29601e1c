"""What every portfolio promises: sound data, pages and notebooks, and a book built from them each time."""

import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html

from stp_portfolio.core import configuration, progress, reading
from stp_portfolio.desk import checks

ROOT = Path(__file__).parents[1]
JUPYTER_BOOK = Path(sys.executable).with_name("jupyter-book" + (".exe" if sys.platform == "win32" else ""))


def test_nothing_is_wrong_with_the_sources() -> None:
    """Records, settings, pages, links and notebooks are sound, and nothing in them may identify a person."""
    found, _ = checks.run(ROOT)
    assert [str(finding) for finding in found] == []


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, built twice by the README's command: a fault must stop the second build like the first."""
    folder = tmp_path_factory.mktemp("book")
    for _ in range(2):
        command = [str(part) for part in (JUPYTER_BOOK, "build", ROOT, "--path-output", folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def test_every_page_is_in_the_book_with_the_numbers_of_the_records(book: Path) -> None:
    """Each page of the contents is built, and the home page shows every activity as the records have it."""
    assert [name for name in configuration.toc_files(ROOT) if not (book / f"{name}.html").is_file()] == []
    portfolio = reading.load(ROOT)
    now = progress.statuses(portfolio)
    tiles = html.parse(book / "intro.html").xpath("//*[contains(@class, 'stp-tile-status')]/text()")
    assert tiles in ([], [str(now[activity.key]) for activity in portfolio.activities])

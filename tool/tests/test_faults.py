"""A fault put into a book ends the build with a non-zero code, twice in a row, and says what it is."""

import os
import signal
import subprocess
import time

import pytest
from conftest import JUPYTER_BOOK
from PIL import Image
from portfolios import CASES, cases, edit

from stp_portfolio.book.pagecheck import page_faults
from stp_portfolio.book.strict import swallowed


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


def test_faults_of_a_page_fail_twice(small):
    """Each is reported, by itself, on the first run and on the second; fixed, the next run is clean."""
    Image.new("RGB", (8, 8)).save(small.tree / "picture.png")
    small.write("intro.md", "# Home\n\n" + "\n\n".join(CASES["page"]) + "\n")
    done = fails_twice(small)
    for text, message in CASES["page"].items():
        assert [line for line in done.faults if message in line], f"{text}: not reported in\n{done.output}"
    assert (done.tree / "_build/html-not-current/intro.html").is_file()
    assert "All is well." in small.home("All is well.").page("intro")


def test_finished_pages_are_held_to_their_promises(tmp_path):
    """A missing file, anchor and image are each reported with their page; a file's name is no alt text."""
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">x</a><a href="b.html#gone">x</a><a href="c.html">x</a>'
        '<img src="d.png" alt="a drawing">'
        '<a href="https://example.org/gone">x</a><a href="#here" id="here">x</a><a href="./b.html?x=1">x</a>'
    )
    unnamed = [f'<img src="a.html" alt="{alt}">' for alt in ("img/picture.png", "8878045cc6db502f8baf", " ")]
    (tmp_path / "b.html").write_text(f'<p id="there">{"".join(unnamed)}</p>')
    found = [(finding.file, finding.code) for finding in page_faults(tmp_path)]
    dead = [("a.html", code) for code in ("anchor-dead", "link-dead", "link-dead")]
    assert sorted(found) == [*dead, *[("b.html", "image-unnamed")] * 3]


@cases("swallowed", "text lines message")
def test_what_swallows_the_rest_of_a_page_is_found(text, lines, message):
    """What would hide what follows, or hold numbers that go stale, is named with its line; else nothing."""
    found = list(swallowed(text, "p.md"))
    assert [finding.line for finding in found] == lines
    assert all(message in finding.fault for finding in found)


@cases("book", "file old new message")
def test_faults_of_a_file_fail_twice(small, file, old, new, message):
    """An empty or half hidden page, a notebook as text, wrong records, a key or setting that nobody knows."""
    small.build()
    edit(small.tree, file, old, new)
    fails_twice(small, message)


def test_terms_that_are_no_text_fail_twice(small):
    """Bytes of another encoding are named with their file."""
    small.write("data/approved_terms.txt", b"caf\xe9\n")
    fails_twice(small, "data/approved_terms.txt")


@cases("cells", "source tags message")
def test_faults_of_a_cell_fail_twice(small, source, tags, message):
    """A cell that fails, warns, kills its kernel, is too slow, identifies somebody, may fail or is none."""
    small.edit("_config.yml", "timeout: 120", "timeout: 2")
    small.notebook(cells=[small.cell(source, tags=tags)])
    fails_twice(small, message)


def test_stored_output_never_reaches_a_page(small):
    """A false number stored in a notebook is thrown away before the page is made."""
    false = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
    stored = {"outputs": [false | {"data": {"text/plain": "99999"}}], "execution_count": 1}
    small.notebook(cells=[small.cell("6 * 7") | stored])
    done = small.build()
    assert "99999" not in done.page("sums")
    assert "42" in done.page("sums")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_an_interrupted_build_leaves_nothing_that_looks_current(small):
    """Ctrl+C while a notebook runs: the old pages are set aside, and the next build is whole."""
    assert small.build().code == 0
    small.notebook("import time\ntime.sleep(30)")
    command = [JUPYTER_BOOK, "build", small.tree]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    stamp = small.tree / "_build/.doctrees/stp-built-without-warnings"
    while stamp.is_file() and running.poll() is None:
        time.sleep(0.05)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert not list((small.tree / "_build/html").glob("*.html"))
    small.notebook("1 + 1")
    assert small.build().code == 0

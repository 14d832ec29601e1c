"""Nothing grows faster than its input; what grows by how much is measured by ``python -m benchmarks``."""

import sys

import pytest
from conftest import build
from lxml import html

from benchmarks import growth, measuring
from stp_portfolio.core import configuration, progress, reading

pytestmark = pytest.mark.slow


def calls(work):
    """How many functions a piece of work calls: the same number on a busy machine as on an idle one."""
    counted = 0

    def count(frame, event, argument):
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def everything_asked(tree):
    """Read a portfolio and ask for every activity what a page, a chart or the command asks for."""
    portfolio = reading.load(tree)
    progress.statuses(portfolio, portfolio.on)
    progress.waits(portfolio, portfolio.on)
    progress.coverage(portfolio, portfolio.on)
    for activity in portfolio.activities:
        progress.history(portfolio, activity.key, portfolio.on)
        progress.evidence_for(portfolio, activity.key, portfolio.on)
        progress.status(portfolio, activity.key, portfolio.on)


def test_twice_the_portfolio_is_twice_the_work(tmp_path):
    """From 300 to 600 activities the number of calls doubles, and does not grow fourfold."""
    few, many = (growth.make(tmp_path / str(count), count, 3 * count, module=25) for count in (300, 600))
    everything_asked(few)  # what is loaded once is loaded
    assert calls(lambda: everything_asked(many)) < 2.2 * calls(lambda: everything_asked(few))


def test_page_does_not_grow_with_the_book(tmp_path):
    """What stands around a text weighs as much among 90 as among 60: no menu lists the whole book."""
    sizes = []
    for count in (60, 90):
        done = build(growth.make(tmp_path / str(count), count, count, module=count))
        page = html.fromstring(done.page("S-M1/30_Task"))
        for text in page.xpath("//main"):
            text.getparent().remove(text)
        sizes.append(len(html.tostring(page)))
    assert sizes[1] < 1.02 * sizes[0]


def test_generator_gives_the_same_files_and_a_sound_portfolio(tmp_path):
    """The same numbers, the same bytes; records and configuration without a fault; nothing official."""
    trees = [growth.make(tmp_path / name, 23, 40, module=10) for name in ("one", "two")]
    files = [{p.relative_to(t): p.read_bytes() for p in t.rglob("*") if p.is_file()} for t in trees]
    assert files[0] == files[1]
    portfolio = reading.load(trees[0])
    assert (len(portfolio.activities), len(portfolio.evidence), len(portfolio.modules_in_use)) == (23, 40, 3)
    assert portfolio.settings.example
    assert list(configuration.faults(trees[0])) == []


def test_measuring(tmp_path):
    """A command that fails is an error with its last words; a page weighs what it loads, each file once."""
    with pytest.raises(measuring.CommandError, match="no such luck"):
        measuring.run([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path)
    (tmp_path / "a.css").write_text("p { background: url(b.png) }", encoding="utf-8")
    (tmp_path / "b.png").write_bytes(bytes(range(256)) * 4)
    page = tmp_path / "p.html"
    head = '<link rel="stylesheet" href="a.css?v=1"><script src="https://example.org/x.js"></script>'
    page.write_text(f'{head}<img src="b.png"><img src="b.png">', encoding="utf-8")
    found = measuring.weight(page)
    assert found.foreign == 1
    assert 1024 + found.page < found.first_visit < 1024 + found.page + 100

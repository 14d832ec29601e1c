"""Nothing grows faster than its input; what grows by how much is measured by ``python -m benchmarks``."""

import re
import sys
from cProfile import Profile

import pytest
from conftest import build
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from portfolios import make

from benchmarks import growth, measuring
from stp_portfolio.book import panels
from stp_portfolio.core import configuration, progress, reading
from stp_portfolio.privacy import vocabulary
from stp_portfolio.show import sentences, tables


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Three hundred activities in twelve modules."""
    return reading.load(growth.make(tmp_path_factory.mktemp("large") / "tree", 300, 900, module=25))


def test_very_many_are_counted(large):
    """The home page counts by module, sentences stay short and right, and a chapter's tables are parted."""
    table = tables.by_module(large)
    sums = [sum(column) for column in list(zip(*table.rows, strict=True))[1:]]
    assert sums == [300, *progress.counts(large).values()]
    assert "Activities by module and status" in panels.strip(large, "intro")[0].astext()
    owing = {each.milestone.module for each in progress.distances(large) if each.to_submit}
    assert f"and {len(owing) - sentences.MANY} more, first for" in sentences.progress_answer(large)
    for answer in (sentences.progress_answer, sentences.uncovered_answer):
        assert len(answer(large)) < 300
    (parts,) = tables.by_status(make(growth.START, numbers=250), "M").values()
    assert [len(part.rows) for part in parts] == [100, 100, 50]
    assert parts[1].caption == "250 activities not started, 101 to 200"


@settings(deadline=None)
@given(
    st.lists(st.text("ab E-/1.", min_size=1, max_size=7).map(str.strip).filter(bool), min_size=1),
    st.text("ab E-/1."),
)
def test_terms_are_found_as_one_after_another_would_find_them(phrases, text):
    """The pattern that branches letter by letter finds the same spans as the terms do, the longest first."""
    each = "|".join(
        re.escape(phrase).replace("\\ ", "\\s+") for phrase in sorted(phrases, key=len, reverse=True)
    )
    plain, branching = (
        re.compile(rf"(?<![^\W\d_])(?:{either})(?![^\W\d_])")
        for either in (each, vocabulary._any_of(phrases))
    )
    assert [m.span() for m in branching.finditer(text)] == [m.span() for m in plain.finditer(text)]


def calls(work):
    """How many functions a piece of work calls: the same number on a busy machine as on an idle one."""
    profile = Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def everything_asked(tree):
    """Read a portfolio and ask for every activity what a page, a chart or the command asks for."""
    portfolio = reading.load(tree)
    progress.statuses(portfolio)
    progress.waits(portfolio)
    progress.coverage(portfolio)
    for activity in portfolio.activities:
        progress.history(portfolio, activity.key)
        progress.evidence_for(portfolio, activity.key)
        progress.status(portfolio, activity.key)


@pytest.mark.slow
def test_twice_the_portfolio_is_twice_the_work(tmp_path):
    """From 300 to 600 activities the number of calls doubles, and does not grow fourfold."""
    few, many = (growth.make(tmp_path / str(count), count, 3 * count, module=25) for count in (300, 600))
    everything_asked(few)  # what is loaded once is loaded
    assert calls(lambda: everything_asked(many)) < 2.2 * calls(lambda: everything_asked(few))


@pytest.mark.slow
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
    """Time and memory of a command, or its last words; a page weighs what it loads, each file once."""
    busy = "x = bytearray(80_000_000); import time; time.sleep(0.4)"
    taken = measuring.run([sys.executable, "-c", busy], tmp_path, memory=True)
    assert (taken.seconds >= 0.4, taken.peak > 80_000_000) == (True, True)
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

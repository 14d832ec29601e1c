"""What grows with the portfolio: pages and figures stay readable, and nothing grows faster than its input."""

import re
import sys
from datetime import date

import pytest
from conftest import ROOT, build
from hypothesis import given
from hypothesis import strategies as st
from portfolios import make

from benchmarks import growth, measuring
from stp_portfolio.core import configuration, progress, reading
from stp_portfolio.show import charts, sentences, tables
from stp_portfolio.book import panels
from stp_portfolio.privacy import identifiers, vocabulary
from stp_portfolio.privacy.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A synthetic portfolio of 300 activities in twelve modules, 900 pieces of evidence."""
    tree = tmp_path_factory.mktemp("large") / "portfolio"
    return reading.load(growth.make(tree, 300, 900, module=25))


@pytest.mark.parametrize("draw", [charts.timeline, charts.burn_up, charts.waits, charts.coverage])
def test_figures_of_many_rows_stay_readable(large, draw):
    """No more marks and texts than fit on a page, and the alternative text is short enough to be read aloud."""
    figure = draw(large)
    height = float(re.search(r'viewBox="0 0 \S+ ([\d.]+)"', figure.svg)[1])
    assert height < 600
    assert figure.svg.count("<text") < 120
    assert 40 < len(figure.alt) < 1200


def test_counted_figures_say_the_right_numbers(large):
    """What is drawn instead of a row each adds up to what the records hold."""
    now = progress.counts(large, large.on)
    for status, count in now.items():
        assert f"{count} {status.lower()}" in charts.timeline(large).alt
    waits = charts.waits(large).alt
    decided = sum(map(int, re.findall(r"(\d+) decided", waits)))
    open_ = sum(map(int, re.findall(r"(\d+) waiting", waits)))
    items = progress.waits(large, large.on)
    assert (decided, open_) == (sum(w.until is not None for w in items), sum(w.until is None for w in items))
    for key, pieces in progress.coverage(large, large.on).items():
        assert f"{key}: {len(pieces)}" in charts.coverage(large).alt
    assert f"{now[progress.Status.SIGNED_OFF]} of 300" in charts.burn_up(large).alt


def test_tables_say_how_much_they_show(large):
    """A page shows the first rows, what is open before what is done, and the number of all; the frame has every row."""
    table = tables.activities(large)
    shown = table.shortened()
    assert len(table.frame()) == 300
    assert len(shown.rows) == tables.MAX_ROWS
    assert shown.caption.endswith(f": {tables.MAX_ROWS} of 300 rows")
    done = [row[1] == "Signed off" for row in table.rows]
    assert done == sorted(done)
    total = tables.Table("T", ("A",), (*((n,) for n in range(500)), ("Total",)), frozenset(), True).shortened()
    assert (len(total.rows), total.rows[-1], total.caption) == (101, ("Total",), "T: 100 of 500 rows")
    assert tables.status_counts(large).shortened() == tables.status_counts(large)


def test_no_activity_is_lost_from_its_chapter(tmp_path):
    """A chapter of very many activities lists each of them, in tables of a bearable length."""
    portfolio = make(date(2024, 1, 1), numbers=250)
    parts = [table for _, table in tables.by_status(portfolio, "M")]
    assert [len(part.rows) for part in parts] == [100, 100, 50]
    assert len({row[0].page for part in parts for row in part.rows}) == 250
    assert parts[1].caption == "Not started: 250 activities, 101 to 200"


def test_strip_of_many_is_a_table_of_modules(large):
    """Rows of modules add up to the activities; a module leads to its first activity that is open."""
    table = tables.by_module(large)
    assert [sum(column) for column in list(zip(*table.rows, strict=True))[1:]] == [
        300, *progress.counts(large, large.on).values(),
    ]  # fmt: skip
    now = progress.statuses(large, large.on)
    for row in table.rows:
        assert now[large.activity_on[row[0].page].key] is not progress.Status.SIGNED_OFF
    assert "Activities by module and status" in panels.strip(large, "intro")[0].astext()
    assert panels.activity_list(large, "intro")[0].astext().startswith("300 activities in 12 modules")


@pytest.mark.parametrize("answer", [sentences.progress_answer, sentences.pace_answer, sentences.uncovered_answer])
def test_sentences_about_many_stay_short(large, answer):
    """Many modules or activities are counted, not spelt out."""
    assert len(answer(large)) < 300


def test_answer_about_many_modules_counts_those_behind(large):
    """The count of modules behind equals what each distance says."""
    behind = [
        module.code
        for module in large.modules_in_use
        if any(d.left if d.passed else d.behind for d in progress.distances(large, large.on, module.code))
    ]
    assert f"{len(behind)} are behind a milestone" in sentences.progress_answer(large)
    assert sentences.progress_answer(large).startswith("12 modules with activities, none of them complete.")


def test_lookups_equal_a_search(large):
    """What is looked up for one activity is what a search through all records finds."""
    for activity in large.activities[::17]:
        key = activity.key
        assert progress.history(large, key, large.on) == tuple(
            event for event in large.events if event.activity == key and event.date <= large.on
        )
        assert progress.evidence_for(large, key, large.on) == tuple(
            piece for piece in large.evidence if key in piece.activities and piece.date <= large.on
        )
        assert progress.status(large, key, large.on) is progress.statuses(large, large.on)[key]


def test_page_does_not_grow_with_the_book(tmp_path):
    """The page of an activity weighs as much among 90 as among 60: no menu lists the whole book."""
    sizes = []
    for count in (60, 90):
        done = build(growth.make(tmp_path / str(count), count, count, module=count), PYTHONPATH=str(ROOT))
        assert done.code == 0, done.output[-2000:]
        pages = [done.page(f"S-M1/{number}_Task") for number in (25, 30, 35)]
        sizes.append(
            sum(len(re.sub(r"<(?:main|article)\b.*</(?:main|article)>", "", page, flags=re.DOTALL)) for page in pages)
        )
    assert sizes[1] < 1.02 * sizes[0]


@given(
    st.lists(st.text(alphabet="ab E-/1.", min_size=1, max_size=7).map(str.strip).filter(bool), min_size=1, max_size=9),
    st.text(alphabet="ab E-/1.\n", max_size=60),
)
def test_terms_are_found_as_an_alternation_finds_them(phrases, text):
    """The pattern that branches letter by letter finds the same spans as one term after another, the longest first."""
    edge = r"[^\W\d_]"
    ordered = sorted(phrases, key=len, reverse=True)
    plain = re.compile(
        rf"(?<!{edge})(?:{'|'.join(re.escape(p).replace(chr(92) + ' ', chr(92) + 's+') for p in ordered)})(?!{edge})"
    )
    branching = re.compile(rf"(?<!{edge})(?:{vocabulary._any_of(phrases)})(?!{edge})")
    assert [m.span() for m in branching.finditer(text)] == [m.span() for m in plain.finditer(text)]


def test_codes_of_a_large_portfolio_are_approved():
    """Thousands of ids are one pattern, and the neighbour of one is still asked about."""
    terms = Vocabulary([f"E{number:05}" for number in range(1, 3000)])
    assert terms.spans("See E02999 and E01.") == [(4, 10)]


def test_patterns_near_digits_match_nothing_without_one():
    """What is looked for near digits alone holds a digit in every match, by the pattern's own structure."""
    from re import _constants as kinds
    from re import _parser as parser

    def digits_only(part):
        kind, value = part
        return (
            (kind, value) == (kinds.CATEGORY, kinds.CATEGORY_DIGIT)
            or (kind is kinds.RANGE and value[0] >= ord("0") and value[1] <= ord("9"))
            or (kind is kinds.LITERAL and chr(value).isdigit())
        )

    def needs(tree):
        for kind, value in tree:
            if kind is kinds.IN and all(map(digits_only, value)):
                return True
            if kind is kinds.LITERAL and chr(value).isdigit():
                return True
            if kind is kinds.BRANCH and all(map(needs, value[1])):
                return True
            if kind is kinds.SUBPATTERN and needs(value[3]):
                return True
            if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT) and value[0] and needs(value[2]):
                return True
        return False

    assert len(identifiers._WITH_DIGITS) > 40
    for kind, pattern, flags in identifiers._WITH_DIGITS:
        assert needs(parser.parse(pattern, flags)), (kind, pattern)


def test_generator_gives_the_same_files_and_a_sound_portfolio(tmp_path):
    """The same numbers, the same bytes; records and configuration without a fault; events legal; nothing official."""
    trees = [growth.make(tmp_path / name, 23, 40, module=10) for name in ("one", "two")]
    files = [{p.relative_to(t): p.read_bytes() for p in t.rglob("*") if p.is_file()} for t in trees]
    assert files[0] == files[1]
    portfolio = reading.load(trees[0])
    assert (len(portfolio.activities), len(portfolio.evidence), len(portfolio.modules_in_use)) == (23, 40, 3)
    assert portfolio.settings.example
    assert list(configuration.faults(trees[0])) == []


def test_measuring_a_command(tmp_path):
    """Time and memory of a real command; one that fails is an error with its last words."""
    taken = measuring.run(
        [sys.executable, "-c", "x = bytearray(80_000_000); import time; time.sleep(0.4)"], tmp_path, memory=True
    )
    assert taken.seconds >= 0.4
    assert taken.peak > 80_000_000
    with pytest.raises(measuring.CommandError, match="no such luck"):
        measuring.run([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path)


def test_weight_counts_what_a_first_visit_loads(tmp_path):
    """The page, its stylesheet and the picture in it, each once; what another host would send is counted apart."""
    (tmp_path / "a.css").write_text("p { background: url(b.png) }", encoding="utf-8")
    (tmp_path / "b.png").write_bytes(bytes(range(256)) * 4)
    page = tmp_path / "p.html"
    page.write_text(
        '<link rel="stylesheet" href="a.css?v=1"><script src="https://example.org/x.js"></script><img src="b.png">',
        encoding="utf-8",
    )
    found = measuring.weight(page)
    assert found.foreign == 1
    assert 1024 + found.page < found.first_visit < 1024 + found.page + 100

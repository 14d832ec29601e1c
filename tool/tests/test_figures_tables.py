"""Figures and tables: the same bytes every time, safe in any text, of any size, open to own charts."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from portfolios import START, done, make

from stp_portfolio import book
from stp_portfolio.core.frames import frames
from stp_portfolio.core.records import Module
from stp_portfolio.show import charts, palette, tables

ON = date(2025, 6, 30)
WORDS = {"alt": "What it shows.", "caption": "What follows."}
BARS = {"row": "phase", "width": "credits", "filled": "earned", "hatched": "awaiting", "key": "Key."}
OF = {"of": 20, **WORDS}
# Each chart of the frames of a portfolio, as the notebooks draw it.
CHARTS = {
    "blocks": lambda f, _days: charts.blocks(f.modules, **BARS, **WORDS),
    "timeline": lambda f, days: charts.timeline(f.activities, f.events, **days, **WORDS),
    "burn_up": lambda f, days: charts.burn_up(f.events, f.milestones, **days, **OF),
    "waits": lambda f, _days: charts.waits(f.waits, weeks=4, **WORDS),
    "matrix": lambda f, _days: charts.matrix(f.evidence, f.evidence_standards, f.standards, **WORDS),
}
ALL = pytest.mark.parametrize("name", CHARTS)


def draw(portfolio, name):
    return CHARTS[name](frames(portfolio), {"start": portfolio.settings.start, "on": portfolio.on})


def check(figure):
    """Valid SVG with real text and its words, no inline style or script, and ids that lead somewhere."""
    root = ElementTree.fromstring(figure.svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", figure.alt)
    assert "currentColor" in figure.svg
    assert not re.search(r'\sstyle=|<style|<script|<metadata|"#(?:212b32|000000|005eb8)"', figure.svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', figure.svg)) <= set(ids)
    return [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def texts(table):
    return [[tables.shown(cell) for cell in row] for row in table.rows]


@pytest.mark.parametrize("count", [0, 1, 99])
def test_burn_up_takes_days_too(portfolio, count):
    """A notebook of an earlier version, which its owner has changed, hands over a series of days, some missing."""
    found, span = frames(portfolio), {"start": portfolio.settings.start, "on": portfolio.on}
    days = found.activities["signed_off"].where(found.activities.index < count)
    figure = charts.burn_up(days, found.milestones, **span, **OF)
    assert f"{days.notna().sum()} signed off" in check(figure)


@ALL
def test_figure_is_the_same_twice_and_follows_the_theme(portfolio, name):
    """Same input, same bytes."""
    figure = draw(portfolio, name)
    assert draw(portfolio, name) == figure
    assert len(check(figure)) > 3
    assert WORDS["caption"] in figure._repr_mimebundle_()["text/html"]


@ALL
@pytest.mark.parametrize("numbers", [0, 1, 60])
def test_figure_of_nothing_little_and_much(name, numbers):
    """An empty programme, one activity and sixty are drawn, on the first day and the last."""
    portfolio = make(ON, done(*[START] * numbers), numbers=numbers)
    for on in (ON, START) if numbers < 2 else (ON,):
        check(draw(replace(portfolio, on=on), name))


def test_figure_grows_with_its_rows_and_no_faster():
    """Ten times the activities are at most ten times the drawing."""
    small, large = (len(draw(make(START, numbers=count), "timeline").svg) for count in (10, 100))
    assert large < 10 * small


def test_figure_texts_are_escaped():
    """A title in somebody's CSV cannot become markup."""
    figure = draw(make(ON, modules=[Module("<b>", "M", "A & <script>", Decimal(20), None)]), "blocks")
    assert "<b>" in check(figure)
    assert "<script>" not in figure._repr_mimebundle_()["text/html"]


def test_any_chart_becomes_a_figure_of_the_book():
    """What pandas draws, with the book's axes or not, gets words, follows the theme and is shown once."""
    from matplotlib import pyplot

    counts = pd.Series([3, 1], index=["one", "two"])
    for axes in (counts.plot.barh(ax=charts.axes(1.5), color=charts.ACCENT), counts.plot.bar()):
        axes.set_title("Title")
        figure = charts.figure(axes, **WORDS)
        assert {"one", "two", "Title"} <= set(check(figure))
        assert (figure.alt, figure.caption) == tuple(WORDS.values())
    assert pyplot.get_fignums() == []
    for words in ({**WORDS, "alt": ""}, {**WORDS, "caption": " "}):
        with pytest.raises(ValueError, match="needs alt="):
            charts.figure(charts.axes(), **words)


def test_palette_is_the_stylesheet_s():
    """Both themes of the stylesheet have the palette's colours, and a drawing names each by its property."""
    sheet = (Path(book.__file__).parent / "theme/static/book.css").read_text(encoding="utf-8")
    for name, colours in {"light": palette.LIGHT, "dark": palette.DARK}.items():
        theme = sheet.partition(f'[data-theme="{name}"] {{')[2].partition("}")[0]
        assert dict(re.findall(r"--stp-(\w+): (#\w+);", theme)) == colours
    assert palette.THEMED[palette.ACCENT] == f"var(--stp-accent, {palette.ACCENT})"


@pytest.mark.parametrize("name", "programme milestones evidence by_standard news by_module".split())
def test_table_survives_the_way_to_a_page(portfolio, name):
    """As JSON and back a table shows the same cells."""
    table = getattr(tables, name)(portfolio)
    back = tables.from_json(json.loads(json.dumps(tables.to_json(table))))
    assert texts(back) == texts(table)
    assert replace(back, rows=()) == replace(table, rows=())
    assert f"<caption>{table.caption}</caption>" in table._repr_mimebundle_()["text/html"]


def test_total_of_the_programme_is_computed():
    """A module of 7.5 credits counts as that, and the total is no constant."""
    modules = [Module("1", "M", "One", Decimal("7.5"), None), Module("2", "", "Two", Decimal(15), None)]
    portfolio = make(ON, modules=modules)
    table = tables.show(frames(portfolio).modules[["phase", "credits"]], "C", total=True)
    for rows in (texts(tables.programme(portfolio)), texts(table)):
        assert [row[-1] for row in rows] == ["7.5", "15", "22.5"]


def test_any_frame_becomes_a_table_of_the_book():
    """An index comes first, days are written out, gaps are empty, numbers stand right, pages are links."""
    days = pd.to_datetime(["2025-02-04", None])
    frame = pd.DataFrame({"name": ["a", "b"], "last_day": days, "count": [9, None], "page": ["p/a", "p/b"]})
    table = tables.show(frame, "Caption", total=True, leads_to="page")
    assert table.columns == ("Name", "Last day", "Count")
    assert texts(table) == [["a", "4 February 2025", "9"], ["b", "", ""], ["Total", "", "9"]]
    assert table.rows[0][0] == tables.Link("a", "p/a")
    assert (table.numeric, table.total) == ({"Count"}, True)
    assert tables.show(frame.groupby("name")["count"].sum(), "Caption").columns == ("Name", "Count")
    many = pd.DataFrame({"n": range(300)})
    long = tables.show(many, "Many", first=many["n"] >= 250)
    assert [row[0] for row in texts(long)[:51]] == [*map(str, range(250, 300)), "0"]
    assert long.shortened().caption == f"Many: {tables.MAX_ROWS} of 300 rows"

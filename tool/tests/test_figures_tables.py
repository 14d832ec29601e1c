"""Figures and tables: the right numbers, the same bytes every time, and safe in any text."""

import json
import re
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pandas as pd
import pytest
from portfolios import START, done, make

from stp_portfolio.show import charts, tables
from stp_portfolio.core.records import Module

ALL_FIGURES = [charts.credits_by_phase, charts.timeline, charts.burn_up, charts.waits, charts.coverage]
ALL_TABLES = [
    tables.programme, tables.credits_by_phase, tables.credits_by_module, tables.status_counts, tables.activities,
    tables.milestones, tables.signed_off, tables.waits, tables.coverage, tables.evidence, tables.uncovered,
]  # fmt: skip


def name(function):
    return function.__name__


@pytest.mark.parametrize("draw", ALL_FIGURES, ids=name)
def test_figure_is_the_same_twice_and_follows_the_theme(portfolio, draw):
    """Same input, same bytes; valid SVG with real text, no inline style and no colour of its own for ink."""
    first, second = draw(portfolio), draw(portfolio)
    assert first == second
    root = ElementTree.fromstring(first.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == first.alt
    assert "currentColor" in first.svg
    assert not re.search(r'\sstyle=|<style|<script|#212b32"', first.svg)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}text"))) > 3
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:href="|url\()#([^")]+)', first.svg):
        assert target in ids


@pytest.mark.parametrize("draw", ALL_FIGURES, ids=name)
@pytest.mark.parametrize("numbers", [0, 1, 60])
def test_figure_of_nothing_little_and_much(draw, numbers):
    """An empty programme, one activity and sixty are drawn without a complaint."""
    portfolio = make(date(2025, 6, 30), done(*[START] * numbers), numbers=numbers)
    assert draw(portfolio).svg.startswith("<svg")


def test_figure_texts_are_escaped():
    """A title in somebody's CSV cannot become markup."""
    modules = [Module("<b>", "M", "A & <script>", Decimal(20), None)]
    figure = charts.credits_by_phase(make(date(2025, 6, 30), modules=modules))
    ElementTree.fromstring(figure.svg)
    assert "<b>" not in figure.svg
    assert "<script>" not in figure._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("make_table", ALL_TABLES, ids=name)
def test_table_survives_the_way_to_a_page(portfolio, make_table):
    """As JSON and back a table shows the same cells; as a frame it has the same shape."""
    table = make_table(portfolio)
    back = tables.from_json(json.loads(json.dumps(tables.to_json(table))))
    assert [[tables.shown(c) for c in row] for row in back.rows] == [
        [tables.shown(c) for c in row] for row in table.rows
    ]
    assert back.columns == table.columns
    frame = table.frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.shape == (len(table.rows), len(table.columns))
    assert f"<caption>{table.caption}</caption>" in table._repr_mimebundle_()["text/html"]


def test_total_of_the_programme_is_computed():
    """A module of 7.5 credits counts as that, and the total is no constant."""
    modules = [Module("1", "M", "One", Decimal("7.5"), None), Module("2", "", "Two", Decimal(15), None)]
    frame = tables.programme(make(date(2025, 6, 30), modules=modules)).frame()
    assert list(frame["Credits"]) == [7.5, 15, 22.5]

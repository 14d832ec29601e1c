"""Figures and tables: the same bytes every time, safe in any text, of any size, open to own charts."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from portfolios import START, done, make

from stp_portfolio import book
from stp_portfolio.core.frames import frames
from stp_portfolio.core.records import Evidence, Milestone, Module, Standard, StandardKey
from stp_portfolio.show import charts, drawing, palette, tables

ON = date(2025, 6, 30)
WORDS = {"alt": "What it shows.", "caption": "What follows."}
KEY = ("Earned", "Open", "Awaiting")
BARS = {"row": "phase", "width": "credits", "filled": "earned", "hatched": "awaiting", "key": KEY}
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
    """Valid SVG with real text, no inline style or script, and ids that lead somewhere; the texts of the first."""
    found = [read(drawn) for drawn in (figure.svg, figure.narrow) if drawn]
    ids = [name for _, names in found for name in names]
    assert len(ids) == len(set(ids))
    return found[0][0]


def read(svg):
    """The texts and the ids of a drawing, in which no text of a wide or narrow one is smaller than 12.5 units."""
    root = ElementTree.fromstring(svg)
    assert root.get("aria-hidden") == "true"
    assert "currentColor" in svg
    assert not re.search(r'\sstyle=|<style|<script|<metadata|"#(?:212b32|000000|005eb8)"', svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(ids)
    texts = [*root.iter("{http://www.w3.org/2000/svg}text")]
    if root.get("class") != "stp-svg":
        assert not [each for each in texts if "font-size" in each.attrib]
        width = {"stp-svg stp-wide": 684, "stp-svg stp-narrow": 300}[root.get("class")]
        # 12 pixels in a column of 656 on a wide screen, of 288 on the narrowest.
        assert (float(root.get("viewBox").split()[2]), root.get("font-size")) == (width, "12.5")
    return [text.text for text in texts], ids


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


LONG = "Evaluate and communicate about an innovation in your specialty to patients, carers and managers of two trusts"


def trainee(on, courses, goals, titles="Task {}"):
    """A portfolio on a day: for each activity the days from the start to its events, in their order."""
    steps = ("started", "submitted", "returned", "submitted", "signed_off")
    events = []
    for number, days in enumerate(courses, 1):
        named = [*steps[:2], "signed_off"] if len(days) < 4 else steps
        events += [(START + timedelta(day), number, name) for day, name in zip(days, named, strict=False)]
    goals = [Milestone(day, f"By {day}", "M", required) for day, required in goals]
    past = [event for event in events if event[0] <= on]
    made = make(on, past, numbers=max(1, len(courses)), milestones=goals)
    named = (each._replace(title=titles.format(each.key.number)) for each in made.activities)
    return replace(made, activities=tuple(named))


GOALS = [(date(2024, 9, 30), 2), (date(2025, 9, 30), 10), (date(2026, 9, 15), 20)]
TRAINEES = {
    "the first day": (START, [()] * 20, GOALS),
    "the first weeks": (START + timedelta(40), [(5, 15)] + [()] * 19, GOALS),
    "one activity": (date(2023, 10, 1), [(5,)], [(date(2026, 9, 15), 1)]),
    "mid-way": (date(2025, 6, 30), [(40 * n, 40 * n + 30, 40 * n + 50) for n in range(1, 16)] + [()] * 5, GOALS),
    "ten days to go": (date(2025, 9, 20), [(50 * n, 50 * n + 9, 50 * n + 30) for n in range(9)] + [()] * 11, GOALS),
    "goals close together": (
        date(2025, 9, 20), [(50 * n, 50 * n + 9, 50 * n + 30) for n in range(9)] + [()] * 11,
        [(date(2025, 9, 30), 10), (date(2025, 10, 30), 11), (date(2026, 9, 15), 20)]),
    "the last weeks": (date(2026, 8, 20), [(50 * n, 50 * n + 9, 50 * n + 30) for n in range(14)] + [(1070, 1075)] * 6, GOALS),
    "all done": (date(2026, 9, 1), [(40 * n, 40 * n + 9, 40 * n + 30) for n in range(20)], GOALS),
    "sixty activities": (
        date(2026, 3, 1), [(13 * n, 13 * n + 40, 13 * n + 60, 13 * n + 80, 13 * n + 110) for n in range(60)],
        [(date(2024, 9, 30), 10), (date(2025, 9, 30), 30), (date(2026, 9, 15), 60)]),
    "long titles, long waits": (date(2025, 6, 30), [(5, 25), (50, 60, 460, 480), (5, 6, 9)] + [()] * 2, GOALS, LONG),
    "capitals": (date(2025, 6, 30), [(5, 25), (50, 60, 460)] + [()] * 2, GOALS, "WWW AUDIT OF MWM MESSAGES AND IMAGES WWW"),
}  # fmt: skip
LENGTHS = ("one activity", "long titles, long waits", "capitals")


@pytest.mark.parametrize(
    ("who", "name"),
    [
        (who, name)
        for who in TRAINEES
        for name in CHARTS
        if name == "burn_up" or who in ("the first day", *LENGTHS)
    ],
)
def test_no_line_and_no_text_runs_through_a_text(monkeypatch, name, who):
    """At both widths texts stand apart, within the drawing, and no line crosses one that has no ground of its own."""
    from matplotlib.path import Path

    seen = []
    svg = drawing._svg
    monkeypatch.setattr(drawing, "_svg", lambda axes, *rest: seen.append(axes) or svg(axes, *rest))
    portfolio = trainee(*TRAINEES[who])
    if name == "matrix":
        portfolio = shown_as_evidence(portfolio)
    draw(portfolio, name)
    assert len(seen) == 2
    for axes in seen:
        key, ticks = axes.get_legend(), [*axes.xaxis.get_ticklabels(), *axes.yaxis.get_ticklabels()]
        texts = [*axes.texts, *(key.get_texts() if key else ()), *ticks]
        boxes = {each: each.get_window_extent().padded(-2) for each in texts if each.get_text().strip()}
        high = axes.figure.bbox.height
        boxes = {
            text: box for text, box in boxes.items() if text in axes.texts or box.y1 <= high
        }  # a tick beyond
        assert [
            text.get_text() for text, box in boxes.items() if min(box.x0, box.y0, high - box.y1) < 0
        ] == []
        for one, other in combinations(boxes, 2):
            assert not boxes[one].overlaps(boxes[other]), (one.get_text(), other.get_text())
        drawn = [line for line in axes.lines if line.get_linestyle() != "None"]
        paths = [line.get_transform().transform_path(line.get_path()) for line in drawn]
        breaks = [(path.vertices, np.flatnonzero(np.isnan(path.vertices[:, 0]))) for path in paths]
        parts = [
            Path(each[~np.isnan(each[:, 0])]) for vertices, at in breaks for each in np.split(vertices, at)
        ]
        for text, box in boxes.items():
            through = text.get_bbox_patch() is None and any(
                p.intersects_bbox(box, filled=False) for p in parts
            )
            assert not through, text.get_text()


def shown_as_evidence(portfolio):
    """The activities of a portfolio as its evidence, for twenty standards, two of which nothing speaks to."""
    standards = tuple(
        Standard(StandardKey("HCPC" if n < 15 else "GSP", str(n)), f"Standard {n}") for n in range(20)
    )
    pieces = (
        Evidence(
            f"E{n:02}",
            START,
            each.title,
            "Plan",
            (each.key,),
            (standards[n % 18].key, standards[n % 7].key),
            "",
        )
        for n, each in enumerate(portfolio.activities)
    )
    return replace(portfolio, evidence=tuple(pieces), standards=standards)


@pytest.mark.parametrize("name", ["timeline", "waits", "matrix"])
def test_titles_are_whole(name):
    """No title is cut: its words follow each other, over as many lines as it takes, at both widths."""
    portfolio = shown_as_evidence(trainee(*TRAINEES["long titles, long waits"]))
    figure = draw(portfolio, name)
    for svg in (figure.svg, figure.narrow)[: 1 if name == "matrix" else 2]:
        assert LONG in " ".join(read(svg)[0])
        assert "…" not in svg


def test_burn_up_says_what_is_needed(portfolio):
    """Beside its point stands each number: signed off, in review, required by whom, and what to submit by when."""
    found = frames(portfolio)
    goals = found.milestones[found.milestones["required"].notna()]
    day = pd.Timestamp(2026, 8, 24)
    goals = goals.assign(
        to_submit=[0, 9], submit_by=day, state=["Enough is in review", "9 to submit by 24 Aug 2026"]
    )
    days = {"start": portfolio.settings.start, "on": portfolio.on}
    figure = charts.burn_up(found.events, goals, **days, in_review=3, **OF)
    said = {"8 signed off", "3 in review", "10 required by 30 Sep 2025", "20 required by 15 Sep 2026"}
    assert said | {"9 to submit by 24 Aug 2026"} <= set(check(figure))
    assert "9 to submit by 24 Aug 2026" in " ".join(read(figure.narrow)[0])
    bare = charts.burn_up(found.events, goals.assign(to_submit=0), **days, **OF)
    assert not [text for text in check(bare) if "submit" in text or "review" in text]


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
    """An index comes first, days are short, gaps are empty, numbers stand right, pages are links."""
    days = pd.to_datetime(["2025-02-04", None])
    frame = pd.DataFrame({"name": ["a", "b"], "last_day": days, "count": [9, None], "page": ["p/a", "p/b"]})
    table = tables.show(frame, "Caption", total=True, leads_to="page")
    assert table.columns == ("Name", "Last day", "Count")
    assert texts(table) == [["a", "4 Feb 2025", "9"], ["b", "", ""], ["Total", "", "9"]]
    assert table.rows[0][0] == tables.Link("a", "p/a")
    assert (table.numeric, table.total) == ({"Count"}, True)
    assert tables.show(frame.groupby("name")["count"].sum(), "Caption").columns == ("Name", "Count")
    many = pd.DataFrame({"n": range(300)})
    long = tables.show(many, "Many", first=many["n"] >= 250)
    assert [row[0] for row in texts(long)[:51]] == [*map(str, range(250, 300)), "0"]
    assert long.shortened().caption == f"Many: {tables.MAX_ROWS} of 300 rows"

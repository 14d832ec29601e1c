"""The notebooks: plain pandas that a trainee can change, and numbers that a recount agrees with."""

import ast
import json
import re

import forty
import pytest
from conftest import ROOT
from recount import MONTHS, Recount, written
from typer.testing import CliRunner

from stp_portfolio.cli import app
from stp_portfolio.core import frames as tidy
from stp_portfolio.core import progress, reading
from stp_portfolio.show.charts import Figure
from stp_portfolio.show.tables import Table, shown

NAMES = ("credits", "progress", "coverage")


def cells(name):
    """The code of a notebook, a cell each."""
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(sources):
    """What cells show when they run one after another: each last expression, and what is displayed."""
    found = []
    space = {"display": found.append}
    for source in sources:
        body = ast.parse(source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else ast.parse("None").body[0]
        exec(compile(ast.Module(body, []), "cell", "exec"), space)
        found.append(eval(compile(ast.Expression(last.value), "cell", "eval"), space))
    return [each for each in found if each is not None]


def rows(found, caption):
    """The rows of the table with a caption, as texts."""
    table = next(each for each in found if isinstance(each, Table) and each.caption == caption)
    return [[shown(cell) for cell in row] for row in table.rows]


@pytest.fixture(params=["shipped", "another"])
def tree(request, tmp_path, monkeypatch):
    """The shipped portfolio, and another trainee's, as the folder that is worked in."""
    found = ROOT if request.param == "shipped" else forty.make(tmp_path)
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def now(tree):
    return Recount(tree)


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]+)<", figure.svg)


def test_credits(now):
    """Phases and modules add up to the recount; the bars carry the same sums."""
    found = run(cells("credits"))
    *phases, total = rows(found, "Credits by phase")
    assert total == ["Total", str(now.total_credits), str(now.earned)]
    for phase, worth, earned in phases:
        own = [row for row in now.modules if row["phase"] == phase.removeprefix("Phase ")]
        assert int(worth) == sum(int(row["credits"]) for row in own)
        assert int(earned) == sum(int(row["credits"]) for row in own if row["signed_off"])
        assert {worth, f"{worth} credits"} & set(texts(found[1]))
    *modules, total = rows(found, "Credits by module")
    assert [row[2] for row in modules] == [row["credits"] for row in now.modules]
    assert total[2] == str(now.total_credits)
    for row, module in zip(modules, now.modules, strict=True):
        count = sum(each["module"] == module["code"] for each in now.activities)
        assert row[3] == (f"{now.done(module['code'])} of {count}" if count else "")
    assert ("Hatched" in found[1].svg) is any(row[4].startswith("Activities complete") for row in modules)


def test_progress(now):
    """Statuses, dates, milestones and waits are those of the recount, in tables and in figures."""
    found = run(cells("progress"))
    counts = dict(rows(found, "Activities by status"))
    assert counts.pop("Total") == str(len(now.activities))
    assert counts == {word: str(now.count(word)) for word in counts}
    listed = rows(found, "The activities, their status and their dates")
    assert [row[1] for row in listed] == list(now.status.values())
    assert sum(row[5] != "" for row in listed) == now.count("Signed off")
    modules = list(dict.fromkeys(row["module"] for row in now.activities))
    steps = rows(found, "Activities signed off, cumulative")
    for module in modules:
        assert [int(row[2]) for row in steps if row[1] == module][-1] == now.done(module)
    waits = [
        row for row in rows(found, "Days that each submission lay with an assessor") if row[4] == "Waiting"
    ]
    assert sorted(int(row[3]) for row in waits) == sorted(now.waiting.values())
    figures = [each for each in found if isinstance(each, Figure)]
    assert len(figures) == 3 * len(modules)
    assert len({each.caption for each in figures}) == len({each.alt for each in figures}) == len(figures)
    for module, timeline, burn_up in zip(modules, figures, figures[len(modules) :], strict=False):
        assert f"{now.done(module)} signed off" in texts(burn_up)
        assert f"{now.done(module)} signed off" in timeline.alt or not now.done(module)
        for row in now.milestones:
            mark = f"{row['required']} by {written(row['date'])}"
            assert (mark in texts(burn_up)) is (row["module"] == module and row["required"] != "")
    drawn = [text for each in figures[-len(modules) :] for text in texts(each) if text.endswith(" waiting")]
    assert sorted(int(text.split()[0]) for text in drawn) == sorted(now.waiting.values())


def test_coverage(now):
    """Each standard has the recount's pieces, in the table, below the squares and in the figure's words."""
    found = run(cells("coverage"))
    table = rows(found, "Standards and the evidence that speaks to them")
    for row, (standard, pieces) in zip(table, now.standards.items(), strict=True):
        assert row[0].startswith(f"{standard}:")
        assert row[1:] == [str(len(pieces)), ", ".join(pieces) or "None yet"]
        assert f"{standard}: {len(pieces)}" in found[1].alt
    below = texts(found[1])[-len(table) - len({name.split()[0] for name in now.standards}) :]
    assert [text for text in below if text.isdecimal()][: len(table)] == [row[1] for row in table]
    speaking = {key for row in now.evidence if row["standards"] for key in row["activities"].split(";")}
    bare = rows(found, "Activities without evidence for a standard")
    assert len(bare) == len(now.activities) - len(speaking)


def test_commands_and_notebooks_say_the_same(tree):
    """``portfolio status`` says the sentences that open the notebooks."""
    said = " ".join(CliRunner().invoke(app, ["status"]).output.split())
    for name in ("credits", "progress"):
        assert str(run(cells(name)[:1])[0]) in said


def test_frames_hold_what_follows_from_the_records(tree):
    """Columns are those of the rules in ``progress``: status, waits, evidence, credits and distances."""
    portfolio = reading.load(tree)
    on, found = portfolio.on, tidy.frames(portfolio)
    own = found.activities.set_index("key")
    assert own["status"].to_dict() == {
        str(key): str(s) for key, s in progress.statuses(portfolio, on).items()
    }
    waiting = {str(wait.activity.key): wait.days for wait in progress.waiting(portfolio, on)}
    assert own["waiting"].dropna().to_dict() == waiting
    assert list(own["evidence"]) == [
        len(progress.evidence_for(portfolio, a.key, on)) for a in portfolio.activities
    ]
    assert list(found.modules["state"]) == [str(state) for _, state in progress.credit_states(portfolio, on)]
    assert len(found.events) == sum(event.date <= on for event in portfolio.events)
    assert list(found.waits["days"]) == [wait.days for wait in progress.waits(portfolio, on)]
    far = found.milestones.dropna(subset="required")
    for name in ("required", "done", "left", "missed", "behind", "days"):
        assert list(far[name]) == [getattr(each, name) for each in progress.distances(portfolio, on)]
    documented = set(re.findall(r"``(\w+)``", tidy.Frames.__doc__))
    for name, frame in found._asdict().items():
        assert {name, *frame.columns} <= documented


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_plain(name):
    """A cell is short, defines nothing and is to be folded; the last says how the page was computed."""
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
    assert sum("".join(cell["source"]).startswith("# ") for cell in notebook["cells"]) == 1
    tags = [cell["metadata"]["tags"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert tags == [["hide-input"]] * len(cells(name))
    for source in cells(name):
        parts = {type(node) for node in ast.walk(ast.parse(source))}
        assert not parts & {ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.If, ast.Try, ast.With}
        assert len(source.splitlines()) <= 11
    assert "computed_note" in cells(name)[-1]


def test_page_folds_the_code_of_a_cell(book):
    """The built page holds each cell's code in a ``details`` of its own, with no script."""
    for name in NAMES:
        page = book.page(f"notebooks/{name}")
        folded = re.findall(r"<details[^>]*>.*?</details>", page, re.DOTALL)
        assert len(folded) == len(cells(name))
        assert all("<summary" in each and "highlight" in each for each in folded)
    assert "groupby" in book.page("notebooks/credits")


def test_guide_asks_a_question_of_its_own(monkeypatch):
    """The cells of the guide's page run as they stand there: a chart, its words and its table."""
    text = (ROOT / "tool/docs/asking.md").read_text(encoding="utf-8")
    monkeypatch.chdir(ROOT)
    found = run(re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))
    figure = next(each for each in found if isinstance(each, Figure))
    *months, total = next(
        [[shown(c) for c in row] for row in each.rows] for each in found if isinstance(each, Table)
    )
    now = Recount(ROOT)
    assert int(total[1]) == len(now.evidence)
    for month, count in months:
        name, year = month.split()
        begins = f"{year}-{MONTHS.index(name) + 1:02}"
        assert int(count) == sum(row["date"].startswith(begins) for row in now.evidence)
    assert figure.alt
    assert total[1] in figure.caption

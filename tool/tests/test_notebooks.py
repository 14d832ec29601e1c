"""The notebooks: plain pandas that a trainee can change, and numbers that a recount agrees with."""

import ast
import json
import re

import pytest
from conftest import ROOT
from lxml import html
from portfolios import edit, forty
from recount import MONTHS, Recount, written
from test_book import text_of
from typer.testing import CliRunner

from stp_portfolio.cli import app
from stp_portfolio.core import frames as tidy
from stp_portfolio.core import progress, reading
from stp_portfolio.show.charts import Figure
from stp_portfolio.show.tables import Table, shown

NAMES = ("credits", "progress", "coverage")


def cells(name, kind="code"):
    """The cells of a notebook of one kind."""
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def code(name):
    return ["".join(cell["source"]) for cell in cells(name)]


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


def sort(found):
    """The figures of what was shown, and the rows of its tables by their captions, as texts."""
    tables = [each for each in found if isinstance(each, Table)]
    rows = {each.caption: [[shown(cell) for cell in row] for row in each.rows] for each in tables}
    return [each for each in found if isinstance(each, Figure)], rows


@pytest.fixture(params=["shipped", "another"])
def tree(request, tmp_path, monkeypatch):
    """The shipped portfolio, and another trainee's, as the folder that is worked in."""
    found = ROOT if request.param == "shipped" else forty(tmp_path)
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def now(tree):
    return Recount(tree)


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]+)<", figure.svg)


def test_credits(now):
    """Phases and modules add up to the recount; the bars carry the same sums."""
    (figure,), said = sort(run(code("credits")))
    *phases, total = said["Credits by phase"]
    assert total == ["Total", str(now.total_credits), str(now.earned)]
    for phase, worth, earned in phases:
        own = [row for row in now.modules if row["phase"] == phase.removeprefix("Phase ")]
        assert int(worth) == sum(int(row["credits"]) for row in own)
        assert int(earned) == sum(int(row["credits"]) for row in own if row["signed_off"])
        assert {worth, f"{worth} credits"} & set(texts(figure))
    *modules, total = said["Credits by module"]
    assert total[2] == str(now.total_credits)
    for row, module in zip(modules, now.modules, strict=True):
        count = sum(each["module"] == module["code"] for each in now.activities)
        done = f"{now.done(module['code'])} of {count}" if count else ""
        assert row[2:4] == [module["credits"], done]
    awaiting = [row[4] for row in modules if row[4].startswith("Activities complete")]
    assert ("Activities complete, module not signed off" in texts(figure)) is bool(awaiting)


def test_progress(now):
    """Statuses, dates, milestones and waits are those of the recount, in tables and in figures."""
    drawn, said = sort(run(code("progress")))
    *counts, total = said["Activities by status"]
    assert total == ["Total", str(len(now.activities))]
    assert counts == [[word, str(now.count(word))] for word, _ in counts]
    listed = said["The activities, their status and their dates"]
    assert [row[1].partition(":")[0] for row in listed] == list(now.status.values())
    reasons = {f"on {written(row['date'])} ({row['note']})" for row in now.withdrawn}
    assert {
        row[1].removeprefix("Returned: sign-off withdrawn ") for row in listed if ":" in row[1]
    } == reasons
    assert sum(row[5] != "" for row in listed) == now.count("Signed off")
    waits = said["Days that each submission lay with an assessor"]
    assert sorted(int(row[3]) for row in waits if row[4] == "Waiting") == sorted(now.waiting.values())
    modules = list(dict.fromkeys(row["module"] for row in now.activities))
    assert len({each.caption for each in drawn}) == len({each.alt for each in drawn}) == len(drawn)
    for module, timeline, burn_up in zip(modules, drawn, drawn[len(modules) :], strict=False):
        done = now.done(module)
        steps = [row[2] for row in said["Activities signed off, cumulative"] if row[1] == module]
        assert steps[-1] == str(done)
        assert f"{done} signed off" in texts(burn_up)
        assert f"{done} signed off" in timeline.alt or not done
        for row in now.counted:
            day, month, year = written(row["date"]).split()
            mark = f"{row['required']} required by {day} {month[:3]} {year}"
            assert (mark in texts(burn_up)) is (row["module"] == module)
    assert len(drawn) == 3 * len(modules)
    words = [text for each in drawn[-len(modules) :] for text in texts(each) if text.endswith(" waiting")]
    assert sorted(int(text.split()[0]) for text in words) == sorted(now.waiting.values())


def test_coverage(now):
    """Each standard has the recount's pieces, in the table, in the figure with their titles, and in its words."""
    (figure,), said = sort(run(code("coverage")))
    table = said["Standards and the evidence that speaks to them"]
    for row, (standard, pieces) in zip(table, now.standards.items(), strict=True):
        assert row[0].startswith(f"{standard}:")
        assert row[1:] == [str(len(pieces)), ", ".join(pieces) or "None yet"]
        assert f"{standard}: {len(pieces)}" in figure.alt
    columns = [text for row in table for text in (row[0].partition(":")[0].split()[-1], row[1])]
    assert "|".join(columns) in "|".join(texts(figure)).replace("|none yet", "")
    rows = " ".join(texts(figure))
    assert all(f"{row['id']} {row['title'].split()[0]}" in rows for row in now.evidence)
    speaking = {key for row in now.evidence if row["standards"] for key in row["activities"].split(";")}
    bare = said["Activities without evidence for a standard"]
    assert len(bare) == len(now.activities) - len(speaking)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_works_from_the_first_day(data, monkeypatch, name):
    """With nothing begun yet, every figure and table is there."""
    edit(data, "data/portfolio.toml", "as_of = 2025-06-30", "as_of = 2023-09-04")
    monkeypatch.chdir(data)
    assert all(sort(run(code(name))))


def test_commands_and_notebooks_say_the_same(tree):
    """``portfolio status`` says the sentences that open the notebooks."""
    said = " ".join(CliRunner().invoke(app, ["status"]).output.split())
    for name in ("credits", "progress"):
        assert str(run(code(name)[:1])[0]) in said


def test_frames_hold_what_follows_from_the_records(tree):
    """Columns are those of the rules in ``progress``: status, waits, evidence, credits and distances."""
    portfolio = reading.load(tree)
    on, found = portfolio.on, tidy.frames(portfolio)
    own = found.activities.set_index("key")
    statuses = {str(key): str(status) for key, status in progress.statuses(portfolio).items()}
    assert own["status"].to_dict() == statuses
    waiting = {str(wait.activity.key): wait.days for wait in progress.waiting(portfolio)}
    assert own["waiting"].dropna().to_dict() == waiting
    held = [progress.evidence_for(portfolio, each.key) for each in portfolio.activities]
    assert list(own["evidence"]) == list(map(len, held))
    assert list(found.modules["state"]) == [str(state) for _, state in progress.credit_states(portfolio)]
    assert len(found.events) == sum(event.date <= on for event in portfolio.events)
    assert list(found.waits["days"]) == [wait.days for wait in progress.waits(portfolio)]
    far = found.milestones.dropna(subset="required")
    for name in ("required", "done", "done_then", "in_review", "to_submit", "state"):
        assert list(far[name]) == [getattr(each, name) for each in progress.distances(portfolio)]
    assert [each.date() for each in far["submit_by"]] == [
        each.submit_by for each in progress.distances(portfolio)
    ]
    documented = set(re.findall(r"``(\w+)``", tidy.Frames.__doc__))
    for name, frame in found._asdict().items():
        assert {name, *frame.columns} <= documented


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_plain(name):
    """A cell is short, defines nothing and is to be folded; the last says how the page was computed."""
    assert [cell["metadata"]["tags"] for cell in cells(name)] == [["hide-input"]] * len(code(name))
    assert sum("".join(cell["source"]).startswith("# ") for cell in cells(name, "markdown")) == 1
    for source in code(name):
        parts = {type(node) for node in ast.walk(ast.parse(source))}
        assert not parts & {ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.If, ast.Try, ast.With}
        assert len(source.splitlines()) <= 11
    assert "computed_note" in code(name)[-1]


@pytest.mark.parametrize("name", NAMES)
def test_page_folds_the_code_of_a_cell(book, name):
    """The built page holds each cell's code, closed, above what it shows, and says when it was computed."""
    page = html.fromstring(book.page(f"notebooks/{name}"))
    folded = page.xpath(
        "//details[@class='stp-code' and not(@open) and starts-with(summary, 'Code of the ')]"
    )
    said = ["".join(part.text_content() for part in each.find_class("highlight")) for each in folded]
    assert [each.strip() for each in said] == [each.strip() for each in code(name)]
    assert len(page.find_class("cell_input")) == len(folded)
    assert "Computed when the book was built, from the files in data/" in text_of(
        book.page(f"notebooks/{name}")
    )


def test_guide_asks_a_question_of_its_own(monkeypatch):
    """The cells of the guide's page run as they stand there: a chart, its words and its table."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / "tool/docs/asking.md").read_text(encoding="utf-8")
    cells = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    (figure,), said = sort(run(cells))
    ((*months, total),) = said.values()
    dates = [row["date"] for row in Recount(ROOT).evidence]
    assert int(total[1]) == len(dates)
    for month, count in months:
        name, year = month.split()
        begins = f"{year}-{MONTHS.index(name) + 1:02}"
        assert int(count) == sum(date.startswith(begins) for date in dates)
    assert figure.alt
    assert total[1] in figure.caption

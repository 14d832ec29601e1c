"""Notebooks run ahead, at once, and only when something they read has changed."""

import json
import subprocess
import sys
import textwrap
import time

import psutil
import pytest
from conftest import ROOT, build

from stp_portfolio.book import reads
from stp_portfolio.core import reading, records
from stp_portfolio.book import notebooks


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_cell(path, source, kind="code"):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {"cell_type": kind, "id": f"added{len(notebook['cells'])}", "metadata": {}, "source": source}
    notebook["cells"].append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    path.write_text(json.dumps(notebook), encoding="utf-8")


def notebooks(*names):
    return [f"notebooks/{name}" for name in names]


@pytest.mark.parametrize(
    ("file", "old", "new", "ran", "also_read"),
    [
        ("standards.csv", "Own area of practice", "Another label", ["coverage"], ["about/by-standard"]),
        ("milestones.csv", "Half of the programme", "Half of it all", ["progress"], []),
        ("evidence.csv", ",Report,", ",Paper,", ["coverage", "progress"], []),
    ],
)
def test_a_changed_row_runs_what_depends_on_it(copy, file, old, new, ran, also_read):
    """A notebook that looked at the table runs; the others are neither run nor read."""
    build(copy)
    path = copy / "data" / file
    if old not in path.read_text(encoding="utf-8"):  # the words of the example may change, what depends may not
        rows = path.read_text(encoding="utf-8").splitlines()
        cells = rows[1].split(",")
        old, new = cells[1 if file == "milestones.csv" else -1], "Another word"
        if file == "evidence.csv":
            old = cells[3]
    edit(path, old, new)
    done = build(copy)
    assert done.code == 0, done.output
    assert done.executed == notebooks(*ran)
    read = set(done.read)
    assert {name for name in read if name.startswith("notebooks/")} == set(notebooks(*ran))
    assert set(also_read) <= read
    assert len(read) < 12


def test_files_and_modules_that_a_notebook_reads(copy):
    """What one notebook opens, imports or lists is its own dependency and no other's, wherever it lies below the root."""
    (copy / "notes").mkdir()
    (copy / "notes/own.csv").write_text("number\n41\n", encoding="utf-8")
    (copy / "notebooks/helper.py").write_text("WORD = 'first'\n", encoding="utf-8")
    source = """\
        from pathlib import Path
        import helper, pandas
        total = int(pandas.read_csv("../notes/own.csv").number.sum())
        print(f"The sum is {total}, the word {helper.WORD}, the files {len(list(Path('../notes').iterdir()))}.")
        """
    add_cell(copy / "notebooks/credits.ipynb", textwrap.dedent(source))
    first = build(copy)
    assert first.code == 0, first.output
    assert "The sum is 41, the word first, the files 1." in first.page("notebooks/credits")
    assert build(copy).executed == []
    for change, said in (
        (lambda: (copy / "notes/own.csv").write_text("number\n42\n", encoding="utf-8"), "The sum is 42"),
        (lambda: (copy / "notebooks/helper.py").write_text("WORD = 'another'\n", encoding="utf-8"), "the word another"),
        (lambda: (copy / "notes/new.txt").write_text("x", encoding="utf-8"), "the files 2"),
    ):
        change()
        done = build(copy)
        assert done.executed == notebooks("credits")
        assert said in done.page("notebooks/credits")


def test_prose_of_a_notebook_needs_no_kernel(copy):
    """A changed Markdown cell is read again and runs nothing; changed code runs."""
    build(copy)
    add_cell(copy / "notebooks/credits.ipynb", "One more sentence.", "markdown")
    done = build(copy)
    assert (done.executed, done.read) == ([], notebooks("credits"))
    assert "One more sentence." in done.page("notebooks/credits")
    add_cell(copy / "notebooks/credits.ipynb", "1 + 1")
    assert build(copy).executed == notebooks("credits")


def test_failing_notebook_runs_once_and_is_not_kept(copy, tmp_path):
    """Its cells are not tried a second time in the same build, and are in the next."""
    log = tmp_path / "log"
    add_cell(copy / "notebooks/credits.ipynb", f"open({str(log)!r}, 'a').write('x')\n1 / 0")
    for times in (1, 2):
        done = build(copy)
        assert done.code == 1
        assert "notebooks/credits: a cell failed: ZeroDivisionError: division by zero" in done.output
        assert log.read_text() == "x" * times


def test_cut_off_run_is_made_again(copy):
    """A stored run that was not written to its end is not taken for one."""
    build(copy)
    for path in (copy / "_build/.notebooks").glob("*.json"):
        path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    add_cell(copy / "notebooks/credits.ipynb", "A sentence.", "markdown")
    done = build(copy)
    assert done.code == 0, done.output
    assert "notebooks/credits" in done.executed


def test_a_build_that_stops_leaves_no_kernel(copy):
    """An identifier ends the build while a notebook sleeps: at once, and its kernels end with it."""
    add_cell(copy / "notebooks/credits.ipynb", "import time\ntime.sleep(100)")
    page = copy / "C1_Professional_Foundations/5_PatientCareJourney.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nNHS number 943 476 5919.\n", encoding="utf-8")
    begun = time.monotonic()
    done = build(copy)
    assert done.code == 1
    assert "could identify a person" in done.output
    assert "Traceback" not in done.output
    assert time.monotonic() - begun < 60  # the cell alone would take longer
    lines = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if "ipykernel" in line and str(copy) in line]


def test_what_is_looked_at_is_told(tmp_path):
    """In a kernel, ``reading.load`` gives a portfolio that tells of its tables; its own opening of files does not count."""
    told = tmp_path / "told"
    code = f"""
import sys
from stp_portfolio.book import reads
from stp_portfolio.core import progress, reading, records
reads.begin({str(ROOT)!r}, {str(told)!r})
portfolio = reading.load()
before = open({str(told)!r}).read()
progress.evidence_for(portfolio, portfolio.activities[0].key, portfolio.on)
records.on_day(portfolio, portfolio.on)
print(before.split())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["['begun']"]
    lines = set(told.read_text(encoding="utf-8").splitlines())
    assert {"table\tactivities", "table\tevidence"} <= lines
    assert not [line for line in lines if line.startswith("file\tdata/")]
    assert set(reads.TABLES) == set(records.Portfolio.__dataclass_fields__) - {"root", "on"}


def test_digest_changes_with_each_thing_read(portfolio):
    """Each table that was looked at makes a difference, one that was not makes none; without a report all data does."""
    base = notebooks.inputs_digest(portfolio, ["begun\t", "table\tmodules"])
    other = records.replace(portfolio, evidence=portfolio.evidence[1:])
    assert notebooks.inputs_digest(other, ["begun\t", "table\tmodules"]) == base
    assert notebooks.inputs_digest(other, ["begun\t", "table\tevidence"]) != notebooks.inputs_digest(
        portfolio, ["begun\t", "table\tevidence"]
    )
    assert notebooks.inputs_digest(portfolio, []) != base


def test_store_keeps_the_latest(tmp_path, portfolio, monkeypatch):
    """Runs that were used longest ago are dropped."""
    monkeypatch.setattr(running, "KEEP", 3)
    store = notebooks.Store(tmp_path / "runs")
    for number in range(6):
        store.keep(f"{number:032}", portfolio, notebooks.Run([], {}, ("begun\t",)))
    assert len(list((tmp_path / "runs").glob("*.json"))) == 3
    assert store.find(f"{5:032}", portfolio) is not None
    assert store.find(f"{0:032}", portfolio) is None

"""Notebooks run ahead, at once, and only when what they may depend on has changed; pages likewise."""

import json
import os
import time

import psutil
import pytest
from test_faults import add_notebook, edit

from stp_portfolio.book import notebooks

# Text that a page would show of the records, without the package: quick, and as the records are now.
COUNT = "from pathlib import Path\nprint('rows:', len(Path('data/progress.csv').read_text().splitlines()))"


def shown(done, text):
    assert done.code == 0, done.output
    return text in done.page("sums")


def test_what_runs_and_what_is_read(small):
    """Nothing twice; a row runs the notebook and reads who shows it; put back, the old result is found."""
    add_notebook(small, COUNT)
    first = small.build()
    assert (first.executed, shown(first, "rows: 1")) == (["sums"], True)
    html = {path: path.read_bytes() for path in first.html.rglob("*") if path.is_file()}
    again = small.build()
    assert (again.code, again.executed, again.read) == (0, [], [])
    assert {path: path.read_bytes() for path in again.html.rglob("*") if path.is_file()} == html

    records = small.tree / "data/progress.csv"
    before = records.read_text(encoding="utf-8")
    small.write("data/progress.csv", before + "2025-06-25,M,1,started,\n")
    changed = small.build()
    assert (changed.executed, changed.read) == (["sums"], ["M/1_Task", "sums"])
    assert shown(changed, "rows: 2")
    assert "In progress since 25 June 2025" in changed.page("M/1_Task")

    small.write("data/progress.csv", before)
    os.utime(records, (0, 0))  # an older time, as from a backup
    back = small.build()
    assert (back.executed, shown(back, "rows: 1")) == ([], True)


def test_what_else_makes_a_notebook_run(small):
    """Its code and the files beside it do, and the day; its prose and another page do not."""
    whole = add_notebook(small, "import helper\nprint('said:', helper.WORD)")
    small.write("helper.py", "WORD = 'first'\n")
    assert shown(small.build(), "said: first")
    whole["cells"][0]["source"] += "\n\nOne more sentence."
    small.write("sums.ipynb", json.dumps(whole))
    prose = small.build()
    assert (prose.executed, prose.read) == ([], ["sums"])
    assert shown(prose, "One more sentence.")
    small.write("helper.py", "WORD = 'another'\n")
    assert shown(small.build(), "said: another")
    edit(small, "data/portfolio.toml", "2025-06-30", "2025-07-01")
    assert small.build().executed == ["sums"]
    assert small.home("Other words.").executed == []


def test_a_page_is_read_when_what_it_shows_changes(small):
    """Its source whatever its time, a file it includes, a title in the menu of the others."""
    small.write("part.txt", "An included line.")
    small.home("```{include} part.txt\n```")
    path = small.write(
        "M/1_Task.md", (small.tree / "M/1_Task.md").read_text().replace("It waits.", "It waits longer.")
    )
    os.utime(path, (0, 0))
    assert small.build().read == ["M/1_Task"]
    small.write("part.txt", "Another included line.")
    done = small.build()
    assert done.read == ["intro"]
    assert "Another included line." in done.page("intro")
    edit(small, "M/1_Task.md", "# 1. Task", "# 1. The task")
    done = small.build()
    assert done.read == ["M/1_Task"]
    assert "1. The task" in done.page("intro")


def test_a_page_out_of_the_contents_leaves_the_site(small):
    """Its page goes, with every line of the menu that led there."""
    small.write("more.md", "# More\n\nWords.\n")
    edit(small, "_toc.yml", "chapters:\n", "chapters:\n  - file: more\n")
    assert (small.build().html / "more.html").is_file()
    edit(small, "_toc.yml", "  - file: more\n", "")
    done = small.build()
    assert done.code == 0, done.output
    assert not (done.html / "more.html").exists()
    assert "more.html" not in done.page("intro")


def test_a_failing_notebook_runs_once_a_build_and_is_not_kept(small, tmp_path):
    """Its cells are not tried a second time in the same build, and are in the next."""
    log = tmp_path / "log"
    add_notebook(small, f"open({str(log)!r}, 'a').write('x')\n1 / 0")
    for times in (1, 2):
        assert small.build().code == 1
        assert log.read_text() == "x" * times
    assert not list((small.tree / "_build" / notebooks.FOLDER).glob("*.json"))


def test_what_moved_meanwhile_is_not_kept(small):
    """Records saved while the notebook runs: what it gave is not found under the old records' hash."""
    add_notebook(
        small, "from pathlib import Path\nwith Path('data/progress.csv').open('a') as f:\n    f.write('\\n')"
    )
    done = small.build()
    assert done.code == 0, done.output
    assert not list((small.tree / "_build" / notebooks.FOLDER).glob("*.json"))
    assert small.build().executed == ["sums"]


def test_a_cut_off_run_is_made_again(small):
    """A stored run that was not written to its end is not taken for one."""
    whole = add_notebook(small, COUNT)
    small.build()
    for path in (small.tree / "_build" / notebooks.FOLDER).glob("*.json"):
        path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    whole["cells"][0]["source"] += "\n\nA sentence."
    small.write("sums.ipynb", json.dumps(whole))
    assert small.build().executed == ["sums"]


def test_notebooks_run_at_the_same_time(small):
    """Two that wait for each other come to their end."""
    meet = (
        "import time\nfrom pathlib import Path\nPath('{0}').touch()\n"
        "while not Path('{1}').exists():\n    time.sleep(0.05)\nprint('met')"
    )
    add_notebook(small, meet.format("a.tmp", "b.tmp"))
    (small.tree / "sums.ipynb").rename(small.tree / "other.ipynb")
    add_notebook(small, meet.format("b.tmp", "a.tmp"))
    edit(small, "_toc.yml", "chapters:\n", "chapters:\n  - file: other\n")
    done = small.build()
    assert done.code == 0, done.output
    assert shown(done, "met")


def test_a_build_that_stops_leaves_no_kernel(small):
    """An identifier ends the build while a notebook sleeps: at once, and its kernel ends with it."""
    add_notebook(small, "import time\ntime.sleep(100)")
    edit(small, "M/1_Task.md", "It waits.", "NHS number 943 476 5919.")
    begun = time.monotonic()
    done = small.build()
    assert done.code == 1
    assert "could identify a person" in done.output
    assert "Traceback" not in done.output
    assert time.monotonic() - begun < 60  # the cell alone would take longer
    kernels = [
        each for each in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(each.cmdline())
    ]
    assert kernels == []


def test_the_store_keeps_the_latest(small, monkeypatch):
    """Runs that were used longest ago are dropped."""
    monkeypatch.setattr(notebooks, "KEEP", 1)
    for number in (1, 2):
        add_notebook(small, f"print({number})")
        assert small.build().executed == ["sums"]
    assert len(list((small.tree / "_build" / notebooks.FOLDER).glob("*.json"))) == 1
    assert small.build().executed == []


@pytest.mark.slow
def test_same_input_gives_the_same_bytes(copy):
    """Two clean builds of the shipped book agree in every file, though Python orders its sets differently."""
    import shutil

    from conftest import build

    trees = []
    for seed in ("1", "2"):
        shutil.rmtree(copy / "_build")
        done = build(copy, PYTHONHASHSEED=seed)
        assert done.code == 0, done.output
        assert len(done.executed) == 3
        trees.append({p.relative_to(done.html): p.read_bytes() for p in done.html.rglob("*") if p.is_file()})
    assert len(trees[0]) > 40
    assert trees[0] == trees[1]

"""Notebooks run ahead, at once, and only when what they may depend on has changed; pages likewise."""

import os
import shutil
import time
from datetime import date, timedelta
from functools import partial

import psutil
import pytest
from conftest import build, told

from stp_portfolio.book import notebooks
from stp_portfolio.core import digests, reading, repository

# Text that a page would show of the records, without the package: quick, and as the records are now.
COUNT = "from pathlib import Path\nprint('rows:', len(Path('data/progress.csv').read_text().splitlines()))"


def shown(done, text):
    return text in done.page("sums")


def kept(small):
    return list((small.tree / "_build" / notebooks.FOLDER).glob("*.json"))


def test_last_line_is_the_address_of_the_page_to_open(small):
    """Below all that Jupyter Book says, and written so that a browser takes it; a book with a fault has none."""
    small.tree = small.tree.rename(small.tree.with_name("my portfolio"))
    done = small.build()
    index = done.html / "index.html"
    assert done.output.splitlines()[-1] == f"Open {index.as_uri()}"
    assert "%20" in index.as_uri()
    assert "MdParserConfig" not in done.output
    assert "Open file" not in small.home("[Nowhere](nowhere.md)").output


def test_without_git_it_is_built_and_checked(small, monkeypatch):
    """Neither needs git, and the check says in one line what it could not look at."""
    monkeypatch.setenv("PATH", str(small.tree))
    assert small.build().code == 0
    said = told(small.tree, "check")
    assert "git does not keep this folder, so no earlier version was looked at." in said
    assert ".backup" not in "".join(repository.walked(small.tree))


def test_what_runs_and_what_is_read(small, monkeypatch):
    """Nothing twice; a row runs the notebook and reads who shows it; put back, the old result is found."""
    small.notebook(COUNT)
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

    monkeypatch.setattr(digests, "code", lambda: "a changed line of the package")
    other = small.build()
    assert (other.executed, sorted(other.read)) == (["sums"], ["M/1_Task", "intro", "sums"])


def test_a_changed_line_is_other_code(tmp_path, monkeypatch):
    """The hash that decides changes with any file of the package, and with nothing else."""
    monkeypatch.setattr(digests, "PACKAGE", shutil.copytree(digests.PACKAGE / "core", tmp_path / "core"))
    hashes = [digests.code.__wrapped__(), digests.code.__wrapped__()]
    with (tmp_path / "core/dates.py").open("a", encoding="utf-8") as file:
        file.write("# A line.\n")
    assert len({*hashes, digests.code.__wrapped__()}) == 2
    assert hashes[0] == hashes[1]


def test_what_else_makes_a_notebook_run(small, monkeypatch):
    """Its code and the files beside it do, and the day, given or today; its prose and another page do not."""
    source = "import helper\nprint('said:', helper.WORD)"
    small.notebook(source)
    small.write("helper.py", "WORD = 'first'\n")
    assert shown(small.build(), "said: first")
    small.notebook(source, words="Other words.")
    prose = small.build()
    assert (prose.executed, prose.read, shown(prose, "Other words.")) == ([], ["sums"], True)
    small.write("helper.py", "WORD = 'another'\n")
    assert shown(small.build(), "said: another")
    small.edit("data/portfolio.toml", "as_of = 2025-06-30\n", "")
    assert small.build().executed == ["sums"]
    assert small.home("Other words.").executed == []
    tomorrow = date.today() + timedelta(days=1)
    monkeypatch.setattr(reading, "load", partial(reading.load, today=tomorrow))
    assert small.build().executed == ["sums"]


def test_a_page_is_read_when_what_it_shows_changes(small):
    """Its source whatever its time, a file it includes, a title in the menu of the others."""
    small.write("part.txt", "An included line.")
    small.home("```{include} part.txt\n```")
    os.utime(small.edit("M/1_Task.md", "It waits.", "It waits longer."), (0, 0))
    assert small.build().read == ["M/1_Task"]
    small.write("part.txt", "Another included line.")
    done = small.build()
    assert done.read == ["intro"]
    assert "Another included line." in done.page("intro")
    small.edit("M/1_Task.md", "# 1. Task", "# 1. The task")
    done = small.build()
    assert done.read == ["M/1_Task"]
    assert "1. The task" in done.page("intro")


def test_a_page_out_of_the_contents_leaves_the_site(small):
    """Its page goes, with every line of the menu that led there."""
    small.write("more.md", "# More\n\nWords.\n")
    small.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: more\n")
    assert (small.build().html / "more.html").is_file()
    small.edit("_toc.yml", "  - file: more\n", "")
    done = small.build()
    assert not (done.html / "more.html").exists()
    assert "more.html" not in done.page("intro")


def test_a_failing_notebook_runs_once_a_build_and_is_not_kept(small, tmp_path):
    """Its cells are not tried a second time in the same build, and are in the next."""
    log = tmp_path / "log"
    small.notebook(f"open({str(log)!r}, 'a').write('x')\n1 / 0")
    for times in (1, 2):
        assert small.build().code == 1
        assert log.read_text() == "x" * times
    assert not kept(small)


def test_what_moved_meanwhile_is_not_kept(small):
    """Records saved while the notebook runs: what it gave is not found under the old records' hash."""
    write = "with Path('data/progress.csv').open('a') as f:\n    f.write('\\n')"
    small.notebook(f"from pathlib import Path\n{write}")
    done = small.build()
    assert done.code == 0, done.output
    assert not kept(small)
    assert small.build().executed == ["sums"]


def test_the_store_keeps_the_latest_whole_runs(small, monkeypatch):
    """Runs used longest ago are dropped; one that was not written to its end is not taken for one."""
    monkeypatch.setattr(notebooks, "KEEP", 1)
    for number in (1, 2):
        small.notebook(f"print({number})")
        assert small.build().executed == ["sums"]
    (path,) = kept(small)
    assert small.build().executed == []
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    small.notebook("print(2)", words="A sentence.")
    assert small.build().executed == ["sums"]


def test_notebooks_run_at_the_same_time(small):
    """Two that wait for each other come to their end."""
    meet = (
        "import time\nfrom pathlib import Path\nPath('{0}').touch()\n"
        "while not Path('{1}').exists():\n    time.sleep(0.05)\nprint('met')"
    )
    small.notebook(meet.format("a.tmp", "b.tmp"))
    (small.tree / "sums.ipynb").rename(small.tree / "other.ipynb")
    small.notebook(meet.format("b.tmp", "a.tmp"))
    small.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: other\n")
    assert shown(small.build(), "met")


def test_a_build_that_stops_leaves_no_kernel(small):
    """An identifier ends the build while a notebook sleeps: at once, and its kernel ends with it."""
    small.notebook("import time\ntime.sleep(100)")
    small.edit("M/1_Task.md", "It waits.", "NHS number 943 476 5919.")
    begun = time.monotonic()
    done = small.build()
    assert (done.code, "Traceback" in done.output) == (1, False)
    assert "could identify a person" in done.output
    assert time.monotonic() - begun < 60  # the cell alone would take longer
    children = psutil.Process().children(recursive=True)
    assert not [each for each in children if "ipykernel" in " ".join(each.cmdline())]


@pytest.mark.slow
def test_same_input_gives_the_same_bytes(copy):
    """Two clean builds of the shipped book agree in every file, though Python orders its sets differently."""
    trees = []
    for seed in ("1", "2"):
        shutil.rmtree(copy / "_build")
        done = build(copy, PYTHONHASHSEED=seed)
        assert done.code == 0, done.output
        assert len(done.executed) == 3
        trees.append({p.relative_to(done.html): p.read_bytes() for p in done.html.rglob("*") if p.is_file()})
    assert len(trees[0]) > 40
    assert trees[0] == trees[1]

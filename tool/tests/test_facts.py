"""What stands at the head of an activity's page: its sign-off, what came after it, and the page's own day."""

import os
import subprocess
from datetime import date

import pytest
from portfolios import append, edit
from test_trainees import trainee

from stp_portfolio.book import panels
from stp_portfolio.core import reading, repository

STEPS = """# 1. Task 1

## Action plan

- **March 2025.** In the month of the sign-off. *Done when:* done. *Outcome:* done.
- **April 2025.** Later. *Done when:* done. *Outcome:* done, but for one in May 2025.
- **August 2025.** Ahead. *Done when:* done.
"""


@pytest.fixture
def page(tmp_path):
    """The page of a first activity, signed off on 19 March 2025 and read on 30 June, in its portfolio."""
    deeds = [[1, 1, "signed_off", date(2025, 3, 3), 0, 16], [2, 2, "submitted", date(2025, 3, 3), 0, 0]]
    trainee(tmp_path, {"start": date(2024, 9, 2), "on": date(2025, 6, 30), "milestones": [], "deeds": deeds})
    (tmp_path / "S-C1").mkdir()
    for number in (1, 2):
        text = STEPS.replace("1", str(number), 1)
        (tmp_path / f"S-C1/{number}.md").write_text(text, encoding="utf-8")
    return tmp_path / "S-C1/1.md"


def facts(root, number=1):
    """The rows of the panel by their names."""
    portfolio = reading.load(root, without_pages=True)
    table = panels.facts(portfolio, portfolio.activities[number - 1])
    cells = [
        each.astext().replace("\xa0", " ") for each in table.findall(lambda node: node.tagname == "entry")
    ]
    return dict(zip(cells[::2], cells[1::2], strict=True))


def test_what_was_added_after_a_sign_off_is_marked(page):
    """Evidence with a later date, later months of outcomes, marked passages; nothing else, or without one."""
    root = page.parents[1]
    for number, day in enumerate(("2025-03-19", "2025-03-20", "2025-05-02"), start=1):
        append(root, "data/evidence.csv", f"E0{number},{day},A piece,notes,S-C1/1;S-C1/2,,")
    found = facts(root)
    assert (found["Status"], found["Signed off"]) == ("Signed off", "19 March 2025")
    added = "E02 (March 2025); E03 (May 2025); outcomes up to May 2025"
    assert found["Added after sign-off"] == added
    page.write_text(f"{STEPS}\n*Added in June 2025.* More.\n", encoding="utf-8")
    assert facts(root)["Added after sign-off"] == f"{added}; passages of June 2025"
    page.write_text(
        STEPS.replace("of the sign-off", "and April 2025").split("- **April")[0], encoding="utf-8"
    )
    assert (
        facts(root)["Added after sign-off"] == "E02 (March 2025); E03 (May 2025)"
    )  # a month that no outcome names
    assert not {"Signed off", "Added after sign-off"} & facts(root, 2).keys()
    edit(root, "data/portfolio.toml", "as_of = 2025-06-30", "as_of = 2025-03-19")
    assert "Added after sign-off" not in facts(root)


def committed(root, *days):
    """Let git keep a portfolio, with a commit of everything, or of what has changed, on each day."""
    env = os.environ | {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for day in days:
        env |= {"GIT_COMMITTER_DATE": f"{day}T12:00:00", "GIT_AUTHOR_DATE": "2024-10-01T12:00:00"}
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "Pages"]):
            subprocess.run(["git", *words], cwd=root, env=env, check=True)


def test_the_day_of_a_page_is_that_of_its_last_commit(page, tmp_path_factory, monkeypatch):
    """Known to git, unchanged since, not after the reading, and from a whole history; else nothing is said."""
    root = page.parents[1]
    assert "Page revised" not in facts(root)
    committed(root, "2025-04-01")
    page.write_text(f"{STEPS}\n", encoding="utf-8")
    assert "Page revised" not in facts(root)  # changed, and not committed
    assert facts(root, 2)["Page revised"] == "1 April 2025"
    committed(root, "2025-05-05", "2025-05-09")
    assert [facts(root, number)["Page revised"] for number in (1, 2)] == ["5 May 2025", "1 April 2025"]
    shallow = tmp_path_factory.mktemp("shallow") / "copy"
    subprocess.run(["git", "clone", "-q", "--depth", "1", root.as_uri(), shallow], check=True)
    assert "Page revised" not in facts(shallow)
    staged = tmp_path_factory.mktemp("staged") / "copy"
    subprocess.run(["git", "worktree", "add", "-q", "--detach", staged], cwd=root, check=True)
    (staged / ".git").unlink()
    assert "Page revised" not in facts(staged)
    monkeypatch.setenv(repository.KEPT_IN, str(root))
    assert facts(staged)["Page revised"] == "5 May 2025"
    (staged / "S-C1/1.md").write_text(STEPS, encoding="utf-8")  # as a private overlay does
    assert ["Page revised" in facts(staged, number) for number in (1, 2)] == [False, True]
    monkeypatch.delenv(repository.KEPT_IN)
    page.write_text(STEPS, encoding="utf-8")
    committed(root, "2025-07-01")
    assert "Page revised" not in facts(root)


def test_a_commit_is_seen_by_the_next_build(small):
    """The page is read again though its source is as it was: a day that git knows now is shown."""
    small.write(".gitignore", "_build\n")
    assert "Page revised" not in small.build().page("M/1_Task")
    committed(small.tree, "2025-06-01")
    built = small.build()
    assert built.read == ["M/1_Task"]
    assert "1 June 2025" in built.page("M/1_Task")
    small.edit("M/1_Task.md", "It waits.", "It still waits.")
    assert "Page revised" not in small.build().page("M/1_Task")

"""The author's copy: prompts for every activity, and none of them ever on a reader's page."""

import re
import tomllib
from datetime import date

import pytest
from conftest import ROOT

from stp_portfolio.core import disk, progress, reading, records
from stp_portfolio.core.progress import Status
from stp_portfolio.desk import drafts
from stp_portfolio.privacy import Vocabulary, carriers, screen, sources
from stp_portfolio.show import pages


def test_every_activity_has_its_own_prompts(portfolio):
    """Three to five prompts each, a question for every dimension, none twice; and some for any other."""
    found = tomllib.loads(disk.read_text(drafts.TEMPLATES / "prompts.toml"))
    assert list(found["activity"]) == [str(activity.key) for activity in portfolio.activities]
    seen = []
    for own in (*found["activity"].values(), found[drafts.GENERAL]):
        assert {"before", "in", "on", "beyond"} <= set(own) <= {"before", "in", "on", "beyond", "evidence"}
        seen += own.values()
    assert all(text.rstrip().endswith("?") and len(text.split()) <= 32 for text in seen)
    assert len(seen) == len(set(seen))


def test_draft_keeps_the_contract(portfolio, tmp_path):
    """A draft of every activity has the contract's form, no name, and is one until a word of it is changed."""
    now = progress.statuses(portfolio, portfolio.on)
    vocabulary = Vocabulary([*sources.approved_terms(ROOT), *sources.own_words(portfolio)])
    for activity in portfolio.activities:
        text = drafts.draft(portfolio, activity)
        disk.put(tmp_path / "page.md", text)
        page = pages.read(tmp_path / "page.md")
        begun = now[activity.key] is not Status.NOT_STARTED
        assert tuple(page.sections) == (pages.STARTED_SECTIONS if begun else pages.PLAN_SECTIONS)
        assert not re.search(r"[{}$]", text)
        faults = [str(fault) for fault in pages.problems(page, activity, portfolio)]
        assert [fault for fault in faults if pages.UNWRITTEN not in fault] == []
        assert page.unwritten
        assert screen(carriers.prose_of(text), vocabulary) == []
        assert drafts.is_draft(records.on_day(portfolio, date(2025, 8, 1)), activity, text)
        assert not drafts.is_draft(portfolio, activity, text.replace("Read next", "Read now"))


@pytest.mark.parametrize("begun", [False, True], ids=["plan", "page"])
def test_prompts_never_reach_a_reader(small, begun):
    """A draft is built as it is: what is open is on its page, no prompt in any file of the site."""
    if begun:
        small.write("data/progress.csv", "date,module,number,event,note\n2025-01-10,M,1,started,\n")
    portfolio = reading.load(small.tree)
    (activity,) = portfolio.activities
    small.write("M/1_Task.md", drafts.draft(portfolio, activity).replace("(index.md)", "(../intro.md)"))
    done = small.build()
    assert done.code == 0, done.output
    files = [path for path in done.html.rglob("*") if path.suffix in {".html", ".js", ".txt"}]
    text = " ".join(" ".join(map(disk.read_text, files)).split())
    assert "still to be written" in text
    prompts = drafts.prompts_for(small.tree, activity)
    assert [prompt for prompt in prompts.values() if prompt.split("?")[0][:30] in text] == []
    assert "for you; no reader" not in text


def test_overlay_example_keeps_the_contract_and_stays_out(portfolio, book):
    """The assessor's pages of the example are complete, and no sentence of theirs is in the public book."""
    overlay = ROOT / "examples" / "private"
    found = {path.relative_to(overlay).with_suffix("").as_posix(): path for path in overlay.rglob("*.md")}
    activities = {activity.page: activity for activity in portfolio.activities}
    assert len(found) == 3
    built = [path for path in book.html.rglob("*") if path.suffix in {".html", ".js"}]
    public = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", " ".join(map(disk.read_text, built))))
    for docname, path in found.items():
        page = pages.read(path)
        assert list(pages.problems(page, activities[docname], portfolio)) == []
        prose = " ".join(page.sections.get("Reflection") or page.sections["Plan"])
        sentences = [" ".join(sentence.split()) for sentence in re.split(r"(?<=[.?!])\s+", prose)]
        assert [sentence for sentence in sentences if len(sentence) >= 40 and sentence in public] == []

"""The author's copy: prompts for every activity, and none of them ever on a reader's page."""

import re
from datetime import date

from conftest import ROOT, build

from stp_portfolio.core import progress, reading, records
from stp_portfolio.show import pages
from stp_portfolio.core.progress import Status
from stp_portfolio.privacy import Vocabulary, screen, sources


def test_every_activity_has_its_own_prompts(portfolio):
    """Three to five prompts each, a question for every dimension, and no question twice; and some for any other."""
    found = pages.prompts(ROOT)
    assert list(found) == [*(str(activity.key) for activity in portfolio.activities), pages.GENERAL]
    seen = []
    for own in found.values():
        assert {"before", "in", "on", "beyond"} <= set(own) <= {"before", "in", "on", "beyond", "evidence"}
        seen += own.values()
    assert all(text.rstrip().endswith("?") and len(text.split()) <= 32 for text in seen)
    assert len(seen) == len(set(seen))


def test_draft_keeps_the_contract(portfolio, tmp_path):
    """A draft of every activity has the contract's form, and is known as a draft until a word of it is changed."""
    now = progress.statuses(portfolio, portfolio.on)
    vocabulary = Vocabulary([*sources.approved_terms(ROOT), *sources.own_words(portfolio)])
    for activity in portfolio.activities:
        path = tmp_path / "page.md"
        text = pages.draft(portfolio, activity)
        path.write_text(text, encoding="utf-8")
        page = pages.read(path)
        wanted = pages.PLAN_SECTIONS if now[activity.key] is Status.NOT_STARTED else pages.STARTED_SECTIONS
        assert tuple(page.sections) == wanted
        assert "$" not in page.text
        faults = [fault for fault in pages.problems(page, activity, portfolio) if pages.UNWRITTEN not in fault]
        assert faults == []
        assert page.unwritten
        assert screen(sources.prose_of(text), vocabulary) == []
        assert pages.is_draft(records.on_day(portfolio, date(2025, 8, 1)), activity, text)
        assert not pages.is_draft(portfolio, activity, text.replace("Read next", "Read now"))


def test_prompts_never_reach_a_reader(copy):
    """Two drafts are built as they are: no prompt and no comment is in any file of the site."""
    portfolio = reading.load(copy)
    shown = [portfolio.activities[4], portfolio.activities[7]]
    for activity in shown:
        (copy / f"{activity.page}.md").write_text(pages.draft(portfolio, activity), encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    text = " ".join(p.read_text(encoding="utf-8") for p in done.html.rglob("*") if p.suffix in {".html", ".js", ".txt"})
    text = re.sub(r"\s+", " ", text)
    assert "is still to be written" in text
    for own in pages.prompts(copy).values():
        for prompt in own.values():
            assert prompt not in text
            assert prompt.split("?")[0][:30] not in text
    assert "for you; no reader" not in text


def test_overlay_example_keeps_the_contract_and_stays_out(portfolio, book):
    """The assessor's pages of the example are complete pages, and no sentence of theirs is in the public book."""
    overlay = ROOT / "examples" / "private"
    found = {path.relative_to(overlay).with_suffix("").as_posix(): path for path in overlay.rglob("*.md")}
    activities = {activity.page: activity for activity in portfolio.activities}
    assert len(found) == 3
    public = " ".join(
        re.sub(r"<[^>]+>|\s+", " ", p.read_text(encoding="utf-8"))
        for p in book.html.rglob("*")
        if p.suffix in {".html", ".js"}
    )
    public = re.sub(r"\s+", " ", public)
    for docname, path in found.items():
        page = pages.read(path)
        assert list(pages.problems(page, activities[docname], portfolio)) == []
        for sentence in re.split(r"(?<=[.?!])\s+", page.sections.get("Reflection", page.sections.get("Plan", ""))):
            folded = " ".join(sentence.split())
            assert len(folded) < 40 or folded not in public

"""Promises that the book makes to its readers and keepers, each held by a test."""

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT
from lxml import html
from portfolios import cases

from stp_portfolio.book import panels
from stp_portfolio.core import contract, disk, progress, reading, records
from stp_portfolio.core.frames import frames
from stp_portfolio.core.progress import Status
from stp_portfolio.desk import drafts
from stp_portfolio.privacy import decisions, leaving
from stp_portfolio.show import pages, sentences

CHAPTER = "C1_Professional_Foundations"


def test_example_has_twenty_activities(portfolio):
    """The shipped module is the one of the curriculum: twenty activities, the first at its old address."""
    assert [activity.key.number for activity in portfolio.activities] == list(range(1, 21))
    assert portfolio.activities[0].page == f"{CHAPTER}/1_WellbeingPlan"


def test_example_is_finished(portfolio):
    """No page of the example breaks the contract, and nothing on it is left open."""
    for activity, path in records.pages(portfolio):
        page = pages.read(path)
        assert [*pages.problems(page, activity, portfolio), *pages.reminders(page, activity, portfolio)] == []


def contract_of(path, text, activity, portfolio):
    """What a text breaks as the page of an activity, and what is open on it."""
    disk.put(path, text)
    return [[*ask(pages.read(path), activity, portfolio)] for ask in (pages.problems, pages.reminders)]


@cases("contract", "old new words")
def test_contract_sees_what_is_missing(portfolio, tmp_path, old, new, words):
    """Each clause of the contract is seen when it is broken."""
    activity = portfolio.activities[4]
    text = disk.read_text(ROOT / f"{activity.page}.md")
    assert old in text
    problems, _ = contract_of(tmp_path / "page.md", text.replace(old, new, 1), activity, portfolio)
    assert any(words in problem for problem in problems)


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.IN_PROGRESS, Status.SUBMITTED])
def test_open_is_a_reminder_until_submission(portfolio, tmp_path, status):
    """A draft is no fault before its activity is submitted, and one from then on; a plan may outlive it."""
    now = progress.statuses(portfolio)
    first = {now[activity.key]: activity for activity in reversed(portfolio.activities)}
    activity, plan = first[status], first[Status.NOT_STARTED]
    found = contract_of(tmp_path / "page.md", drafts.draft(portfolio, activity), activity, portfolio)
    submitted = status is Status.SUBMITTED
    assert bool(found[0]) is submitted
    assert any("still to be written" in text for text in found[not submitted])
    text = disk.read_text(ROOT / f"{plan.page}.md").replace(plan.heading, activity.heading)
    problems, _ = contract_of(tmp_path / "page.md", text, activity, portfolio)
    assert any("still its plan" in problem for problem in problems) is submitted


@pytest.mark.parametrize(("on", "count"), [(date(2025, 11, 30), 0), (date(2025, 12, 1), 1)])
def test_a_month_that_passes_makes_no_fault(portfolio, on, count):
    """A step whose month is over and that has no outcome is a reminder from the next month on."""
    activity, later = portfolio.activities[4], records.on_day(portfolio, on)
    page = pages.read(ROOT / f"{activity.page}.md")  # its last step is of November 2025
    assert list(pages.problems(page, activity, later)) == []
    reminders = pages.reminders(page, activity, later)
    assert sum("November 2025 is past" in text for text in reminders) == count


def test_words_of_status_are_the_same_everywhere(portfolio, book):
    """Enumeration, dictionary, home page, chapter and frames use the same five words and no others."""
    words = {"Not started", "In progress", "Submitted", "Returned", "Signed off"}
    dictionary = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (?:none|`\w+`) \| ([A-Z][a-z ]+) \| ", dictionary, re.MULTILINE)) == words
    home, chapter = map(html.fromstring, map(book.page, ("intro", f"{CHAPTER}/index")))
    assert {element.text_content().strip() for element in home.find_class("stp-tile-status")} == words
    captions = " ".join(caption.text_content() for caption in chapter.iter("caption"))
    assert {
        each.strip().capitalize() for each in re.findall(r"\d activit(?:y|ies) ([a-z ]+)", captions)
    } == words
    assert set(frames(portfolio).activities["status"]) == set(map(str, Status)) == words


@pytest.mark.parametrize("file", contract.COLUMNS)
def test_example_has_the_columns_of_the_contract(file):
    """Every CSV names the columns of the contract, all of them and in their order."""
    header, *_ = (ROOT / "data" / file).read_text(encoding="utf-8").splitlines()
    assert header.split(",") == list(contract.COLUMNS[file])


def test_home_page_says_what_its_seed_said(portfolio, book):
    """Title, links, list and table of the page that this book grew from."""
    text, page = (ROOT / "intro.md").read_text(encoding="utf-8"), book.page("intro")
    assert text.startswith(f"# {portfolio.settings.title}\n")
    explained = "https://nshcs.hee.nhs.uk/healthcare-science/healthcare-science-specialisms-explained"
    links = [f"{explained}/informatics/clinical-informatics/", "https://gstt-csc.github.io"]
    links += ["https://curriculumlibrary.nshcs.org.uk/stp/specialty/SBI1-3-23/", f"{CHAPTER}/index.html"]
    links += [f"{activity.page}.html" for activity in portfolio.activities]
    assert [link for link in links if f'href="{link}"' not in page] == []


def test_panels_work_for_any_day(portfolio):
    """Every panel is made for the first day and the day of the last milestone."""
    for on in (portfolio.settings.start, portfolio.milestones[-1].date):
        other = records.on_day(portfolio, on)
        assert all(isinstance(panel(other, "intro"), list) for panel in panels.PANELS.values())
        assert sentences.progress_answer(other)


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("# ", "\ufeff# ", 1)], ids=["line ends", "mark"])
def test_page_of_any_editor_reads_the_same(portfolio, tmp_path, change):
    """Windows' line ends or a mark at the start make no difference; a page that is no UTF-8 is named."""
    for _, path in records.pages(portfolio):
        page = tmp_path / path.name
        page.write_bytes(path.read_text(encoding="utf-8").replace(*change).encode())
        assert replace(pages.read(page), path=path) == pages.read(path)
    page.write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(pages.PageError, match=rf"{page.name} is not UTF-8 text\. Save it"):
        pages.read(page)


def test_page_is_read_as_markdown():
    """What stands in code or comments is no part; a heading is as its reader sees it; ids count once."""
    page = pages.read(Path(__file__).with_name("page_as_markdown.md"))
    assert [page.heading, page.standfirst, *page.sections] == ["5. A & b", "One. Two.", "Action plan"]
    (step,) = page.steps
    assert (step.month, step.action, step.outcome) == (date(2025, 6, 1), "Go on.", "it is.")
    assert (step.measure, pages.bare(step.measure)) == ("**E01** is `there`.", "E01 is there.")
    assert (page.unwritten, page.evidence, page.reads_next) == (False, ("E01",), True)


# -- the author's copy ----------------------------------------------------------------------------------


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
    now = progress.statuses(portfolio)
    vocabulary = decisions.known(ROOT, portfolio)
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
        assert leaving.screen([("page.md", text.encode())], *vocabulary) == []
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
    prompts = drafts.prompts_for(activity)
    assert [prompt for prompt in prompts.values() if prompt.split("?")[0][:30] in text] == []
    assert "for you; no reader" not in text


def test_overlay_example_keeps_the_contract_and_stays_out(portfolio, book):
    """The assessor's pages of the example are complete, and no sentence of theirs is in the public book."""
    overlay = ROOT / "examples" / "overlay"
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

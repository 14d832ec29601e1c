"""Promises that the book makes to its readers and keepers, each held by a test."""

import re
from dataclasses import fields, replace
from datetime import date

import pytest
from conftest import ROOT
from lxml import html

from stp_portfolio.book import panels
from stp_portfolio.core import contract, progress, records
from stp_portfolio.core.frames import frames
from stp_portfolio.core.progress import Status
from stp_portfolio.desk import drafts
from stp_portfolio.show import pages, sentences


def test_example_has_twenty_activities(portfolio):
    """The shipped module is the one of the curriculum: twenty activities, the first at its old address."""
    assert [activity.key.number for activity in portfolio.activities] == list(range(1, 21))
    assert portfolio.activities[0].page == "C1_Professional_Foundations/1_WellbeingPlan"


def test_example_is_finished(portfolio):
    """No page of the example breaks the contract, and nothing on it is left open."""
    for activity, path in records.pages(portfolio):
        page = pages.read(path)
        assert [*pages.problems(page, activity, portfolio), *pages.reminders(page, activity, portfolio)] == []


CONTRACT = {
    "other heading": ("# 5. Explore patient", "# 5. See patient", "the heading is"),
    "standfirst of one sentence": ("know. I had drawn", "know and I had drawn", "not two sentences"),
    "section left out": ("## Reflection", "### Reflection", "the sections are"),
    "step without a month": ("- **June 2024.**", "- **Soon.**", "does not begin with its month"),
    "step without a measure": ("*Done when:*", "*Then:*", "has no measure"),
    "future step with an outcome": ("- **June 2024.**", "- **June 2026.**", "has an outcome already"),
    "evidence of another activity": ("**E06**", "**E06** and **E01**", "it names E01"),
    "evidence left out": ("**E07**", "The summary", "it does not name E07"),
    "no read next": ("Read next:", "Next:", "there is no last paragraph"),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_contract_sees_what_is_missing(portfolio, tmp_path, name):
    """Each clause of the contract is seen when it is broken."""
    old, new, words = CONTRACT[name]
    activity, path = next((a, p) for a, p in records.pages(portfolio) if a.key.number == 5)
    text = path.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "page.md"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(words in problem for problem in pages.problems(pages.read(broken), activity, portfolio))


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.IN_PROGRESS, Status.SUBMITTED])
def test_open_is_a_reminder_until_submission(portfolio, tmp_path, status):
    """A draft is no fault before its activity is submitted, and one from then on; a plan may outlive it."""
    now = progress.statuses(portfolio, portfolio.on)
    activity = next(a for a in portfolio.activities if now[a.key] is status)
    page = tmp_path / "page.md"
    page.write_text(drafts.draft(portfolio, activity), encoding="utf-8")
    found = [*pages.problems(pages.read(page), activity, portfolio)]
    open_ = [*pages.reminders(pages.read(page), activity, portfolio)]
    assert any("still to be written" in text for text in (found if status is Status.SUBMITTED else open_))
    assert bool(found) is (status is Status.SUBMITTED)
    plan = next(a for a in portfolio.activities if now[a.key] is Status.NOT_STARTED)
    text = (
        (portfolio.root / f"{plan.page}.md")
        .read_text(encoding="utf-8")
        .replace(plan.heading, activity.heading)
    )
    page.write_text(text, encoding="utf-8")
    sections = [text for text in pages.problems(pages.read(page), activity, portfolio) if "sections" in text]
    assert bool(sections) is (status is Status.SUBMITTED)


def test_a_month_that_passes_makes_no_fault(portfolio):
    """A step whose month is over and that has no outcome is a reminder from the next month on."""
    activity, path = next((a, p) for a, p in records.pages(portfolio) if a.key.number == 5)
    page = pages.read(path)  # its last step is of November 2025
    for on, count in ((date(2025, 11, 30), 0), (date(2025, 12, 1), 1)):
        later = records.on_day(portfolio, on)
        assert list(pages.problems(page, activity, later)) == []
        assert (
            sum("November 2025 is past" in text for text in pages.reminders(page, activity, later)) == count
        )


def test_words_of_status_are_the_same_everywhere(portfolio, book):
    """Enumeration, dictionary, home page, chapter and frames use the same five words and no others."""
    words = {"Not started", "In progress", "Submitted", "Returned", "Signed off"}
    dictionary = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (?:none|`\w+`) \| ([A-Z][a-z ]+) \|", dictionary, re.MULTILINE)) == words
    home, chapter = (
        html.fromstring(book.page(name)) for name in ("intro", "C1_Professional_Foundations/index")
    )
    for name in ("stp-tile-status", "stp-status"):
        assert {element.text_content() for element in home.find_class(name)} == words
    captions = [caption.text_content() for caption in chapter.iter("caption")]
    assert {caption.partition(":")[0].strip() for caption in captions if " activit" in caption} == words
    assert set(frames(portfolio).activities["status"]) == set(map(str, progress.Status)) == words


def test_dictionary_describes_the_real_headers():
    """data/README.md names the columns of every CSV in their order, and every key of the settings."""
    sections = re.split(r"^## ", (ROOT / "data/README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]
    tables = {
        re.match(r"`([^`]+)`", section)[1]: section.split("\n\n| Last event")[0] for section in sections
    }
    described = {
        name: tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) for name, text in tables.items()
    }
    assert list(described.pop("portfolio.toml")) == list(contract.KEYS)
    files = (ROOT / "data").glob("*.csv")
    headers = {path.name: tuple(path.read_text(encoding="utf-8").split("\n")[0].split(",")) for path in files}
    assert described == headers == {name: tuple(columns) for name, columns in contract.COLUMNS.items()}


def test_home_page_says_what_its_seed_said(portfolio, book):
    """Title, links, list and table of the page that this book grew from."""
    text = (ROOT / "intro.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {portfolio.settings.title}\n")
    page = book.page("intro")
    for link in (
        "https://nshcs.hee.nhs.uk/healthcare-science/healthcare-science-specialisms-explained/informatics/clinical-informatics/",
        "https://gstt-csc.github.io",
        "https://curriculumlibrary.nshcs.org.uk/stp/specialty/SBI1-3-23/",
        "C1_Professional_Foundations/1_WellbeingPlan.html",
        "C1_Professional_Foundations/index.html",
    ):
        assert f'href="{link}"' in page, link
    for activity in portfolio.activities:
        assert f'href="{activity.page}.html"' in page


def test_panels_work_for_any_day(portfolio):
    """Every panel is made for the first day and the day of the last milestone."""
    for on in (portfolio.settings.start, portfolio.milestones[-1].date):
        other = records.on_day(portfolio, on)
        assert all(isinstance(panel(other, "intro"), list) for panel in panels.PANELS.values())
        assert sentences.progress_answer(other)


@pytest.mark.parametrize("change", ["\r\n", "\ufeff"])
def test_page_of_any_editor_reads_the_same(portfolio, tmp_path, change):
    """Windows' line ends or a mark at the start make no difference; a page that is no UTF-8 is named."""
    for activity, path in records.pages(portfolio):
        text = path.read_text(encoding="utf-8")
        page = tmp_path / path.name
        page.write_bytes((text.replace("\n", change) if change == "\r\n" else change + text).encode())
        assert replace(pages.read(page), path=path) == pages.read(path)
        assert list(pages.problems(pages.read(page), activity, portfolio)) == []
    page.write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(pages.PageError, match=rf"{page.name} is not UTF-8 text\. Save it"):
        pages.read(page)


PAGE = """\
---
key: value
---

# 5\\. A &amp; *b*

One. Two.

```text
## Reflection
```

## Action plan

% still to be written

- **June 2025.** Go
  on. *Done when:* **E01** is `there`. *Outcome:* it is.

  More.

Read next: [x](y.md), **E01**.
"""


def test_page_is_read_as_markdown(tmp_path):
    """What stands in code or comments is no part; a heading is as its reader sees it; ids count once."""
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    page = pages.read(tmp_path / "page.md")
    assert [page.heading, page.standfirst, *page.sections] == ["5. A & b", "One. Two.", "Action plan"]
    (step,) = page.steps
    assert (step.month, step.action, step.outcome) == ((2025, 6), "Go on.", "it is.")
    assert (step.measure, pages.bare(step.measure)) == ("**E01** is `there`.", "E01 is there.")
    assert (page.unwritten, page.evidence, page.reads_next) == (False, ("E01",), True)

"""Promises that the book makes to its readers and keepers, each held by a test."""

import csv
import json
import re
from datetime import date

import pytest
from conftest import ROOT

from stp_portfolio.core import contract, progress, records
from stp_portfolio.show import charts, pages, sentences, tables
from stp_portfolio.book import panels
from stp_portfolio.core.progress import Status

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


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
    "standfirst of one sentence": (" I had drawn", " and I had drawn", None),
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
    old, new, words_of_it = CONTRACT[name]
    activity, path = next((a, p) for a, p in records.pages(portfolio) if a.key.number == 5)
    text = path.read_text(encoding="utf-8")
    assert old in text or words_of_it is None
    if words_of_it is None:
        text, words_of_it = re.sub(r"(\n\n[A-Z][^#]+?)\. (I had)", r"\1 and \2", text, count=1), "not two sentences"
    broken = tmp_path / "page.md"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(words_of_it in problem for problem in pages.problems(pages.read(broken), activity, portfolio))


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.IN_PROGRESS, Status.SUBMITTED])
def test_open_is_a_reminder_until_submission(portfolio, tmp_path, status):
    """A draft is no fault before its activity is submitted, and one from then on; a plan may outlive the start."""
    now = progress.statuses(portfolio, portfolio.on)
    activity = next(a for a in portfolio.activities if now[a.key] is status)
    page = tmp_path / "page.md"
    page.write_text(pages.draft(portfolio, activity), encoding="utf-8")
    found = [*pages.problems(pages.read(page), activity, portfolio)]
    open_ = [*pages.reminders(pages.read(page), activity, portfolio)]
    assert any("still to be written" in text for text in (found if status is Status.SUBMITTED else open_))
    assert bool(found) is (status is Status.SUBMITTED)
    plan = next(a for a in portfolio.activities if now[a.key] is Status.NOT_STARTED)
    text = pages.read(portfolio.root / f"{plan.page}.md").text.replace(plan.heading, activity.heading)
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
        assert sum("November 2025 is past" in text for text in pages.reminders(page, activity, later)) == count


def test_words_of_status_are_the_same_everywhere(portfolio, book):
    """Enumeration, dictionary, index and progress page use the same five words and no others."""
    vocabulary = {str(status) for status in progress.Status}
    assert vocabulary == {"Not started", "In progress", "Submitted", "Returned", "Signed off"}
    dictionary = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (?:none|`\w+`) \| ([A-Z][a-z ]+) \|", dictionary, flags=re.MULTILINE)) == vocabulary
    home = book.page("intro")
    assert set(re.findall(r'<span class="stp-tile-status">(?:<[^>]+>)*([^<]+)<', home)) == vocabulary
    assert set(re.findall(r'class="stp-status [^"]*">([^<]+)<', home)) == vocabulary
    assert (
        set(re.findall(r"<caption>.*?>([A-Z][a-z ]+): \d+ activit", book.page("C1_Professional_Foundations/index")))
        == vocabulary
    )
    shown = {str(row[1]) for row in tables.activities(portfolio).rows}
    assert shown == vocabulary


def test_dictionary_describes_the_real_headers():
    """data/README.md names the columns of every CSV in their order, and every key of the settings."""
    sections = re.split(r"^## ", (ROOT / "data/README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    described = {}
    for section in sections:
        name = re.match(r"`([^`]+)`", section)[1]
        first_table = section.split("\n\n| Last event")[0]
        described[name] = re.findall(r"^\| `(\w+)` \|", first_table, flags=re.MULTILINE)
    assert described.pop("portfolio.toml") == list(contract.KEYS)
    headers = {}
    for path in (ROOT / "data").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            headers[path.name] = next(csv.reader(file))
    assert described == headers
    assert {name: list(columns) for name, columns in contract.COLUMNS.items()} == headers


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_hold_no_logic(path):
    """A cell calls one named function, and each notebook has one heading of the first level."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    for cell in code:
        source = "".join(cell["source"])
        assert not re.search(r"\b(for|if|while|def|lambda|try|with)\b|%|!|sys\.path", source)
        assert len(re.findall(r"^(?:figures|tables|words)\.\w+\(portfolio\)$", source, flags=re.MULTILINE)) == 1
    assert "computed_note" in "".join(code[-1]["source"])
    headings = [c for c in notebook["cells"] if c["cell_type"] == "markdown" and "".join(c["source"]).startswith("# ")]
    assert len(headings) == 1


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


def test_panels_and_figures_work_for_any_day(portfolio):
    """Every panel, table and figure is made for the first day, today and the day after the last milestone."""
    from dataclasses import replace

    for on in (portfolio.settings.start, portfolio.milestones[-1].date):
        other = replace(portfolio, on=on)
        for panel in panels.PANELS.values():
            assert isinstance(panel(other, "intro"), list)
        for draw in (charts.timeline, charts.burn_up, charts.waits, charts.coverage, charts.credits_by_phase):
            figure = draw(other)
            assert figure.alt
            assert figure.caption
            assert "<svg" in figure.svg
        assert sentences.progress_answer(other)

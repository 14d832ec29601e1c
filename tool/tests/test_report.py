"""The report for a meeting: right on any day, the same words in three forms, one page, and open to every reader."""

import csv
import re
import subprocess
import sys
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import forty
import pikepdf
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from portfolios import START, done, histories, make
from pypdf import PdfReader
from recount import MONTHS, Recount, rows, written
from test_cli import run, tree  # noqa: F401 - a fixture
from test_eportfolio import squeezed, text_of_pdf, valid
from test_reader import Visit, said_by_axe

from stp_portfolio.core import progress, reading, records
from stp_portfolio.desk import renderings, report
from stp_portfolio.show import pages, sentences
from stp_portfolio.core.records import ActivityKey, Module
from stp_portfolio.show.tables import Table

NAME = "report-2025-06-30"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The folder with the report on the shipped example, made by the command."""
    out = tmp_path_factory.mktemp("report")
    code, said, err = run(ROOT, "report", "--out", str(out))
    assert code == 0, err
    assert "since the review of 25 September 2024" in said
    assert "The PDF has" not in said
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.html", f"{NAME}.md", f"{NAME}.pdf"]
    return out


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """The folder with the report on forty activities in three modules, what the command said, and the tree."""
    root = forty.make(tmp_path_factory.mktemp("forty"))
    code, said, err = run(root, "report")
    assert code == 0, err
    return root / "_build" / "report", said, root


# -- what it says -----------------------------------------------------------------------------


def recount_of_turns(root, on):
    """Who has what for how long, from the CSV file alone."""
    last = {}
    for row in rows(root, "progress.csv"):
        if row["date"] <= str(on):
            last[f"{row['module']}/{row['number']}"] = row
    turn = {"submitted": "The assessor", "returned": "The trainee", "started": "The trainee"}
    return {
        key: (turn[row["event"]], (on - date.fromisoformat(row["date"])).days)
        for key, row in last.items()
        if row["event"] in turn
    }


def test_says_what_an_assessor_asks(shipped):
    """Title, day, mark, standing, pace, changes, waits, what is next and the dates, in this order and recounted."""
    text = (shipped / f"{NAME}.md").read_text(encoding="utf-8")
    recount = Recount(ROOT)
    assert recount.done("S-C1") == 8
    added = [row for row in recount.evidence if row["date"] >= "2024-09-25"]
    events = [row["event"] for row in rows(ROOT, "progress.csv") if "2024-09-25" <= row["date"] <= recount.on]
    days = (date(2025, 9, 30) - date.fromisoformat(recount.on)).days
    parts = [
        "# Progress report, 30 June 2025",
        "Illustration: the progress, evidence and reflections are invented",
        f"**S-C1: behind by 1, with {recount.done('S-C1')} of 20 signed off.",
        f"| 2 to go | {2 / days * 365.25 / 12:.2f} |",
        "## What changed since the review of 25 September 2024",
        f"**{events.count('signed_off')} signed off, {events.count('returned')} returned, "
        f"{events.count('submitted')} submitted, {events.count('started')} started and {len(added)} pieces of evidence",
        "| S-C1/9 Offer peer support to newcomers | Submitted, signed off 10 December 2024 | E10, E11 |",
        "| In progress | The trainee | 15 April 2024 | 441 |",
        "| Submitted | The assessor | 19 May 2025 | 42 |",
        "No module is complete and still unsigned.",
        "**Answer the return of S-C1/14, of 12 May 2025: Asked how the local test set was chosen.**",
        "- Ask the assessor about S-C1/11, submitted 42 days ago.",
        "Steps of action plans: 5 due by August 2025 and 24 later.",
        "- July 2025, S-C1/11: Send the quiz again, about ten weeks on.",
        "**Review meeting: 24 September 2025, in 86 days.**",
        f"| 30 September 2025 | End of year 2 | {days} | 10 of S-C1: 2 to go. Half of S-C1 and a review meeting",
        "only signed-off activities count.",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize("on", ["2023-09-04", "2023-10-02", "2024-07-29", "2024-09-17", "2025-06-30", "2026-10-01"])
def test_who_has_what_for_how_long(portfolio, on):
    """Submitted lies with the assessor, returned or in progress with the trainee, longest first, on any day."""
    day = date.fromisoformat(on)
    turns = progress.turns(portfolio, day)
    assert {str(turn.subject.key): (str(turn.role), turn.days) for turn in turns} == recount_of_turns(ROOT, day)
    assert all(one.days >= other.days for one, other in pairwise(turns))


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(0, 900))
def test_every_activity_has_one_turn_or_is_settled(history, days):
    """Whatever happened: each activity is someone's turn, not started, or signed off; and the days add up."""
    on = START + timedelta(days=days)
    portfolio = make(on, history, numbers=8)
    turns = {turn.subject.key: turn for turn in progress.turns(portfolio, on) if hasattr(turn.subject, "key")}
    for key, status in progress.statuses(portfolio, on).items():
        assert (key in turns) == (status not in ("Signed off", "Not started"))
        if key in turns:
            assert turns[key].days == (on - progress.history(portfolio, key, on)[-1].date).days >= 0


def test_complete_module_waits_for_the_training_officer():
    """From the day of its last sign-off, until it is signed off itself; and it is said as well."""
    on = START + timedelta(days=30)
    days = [START, START + timedelta(days=10)]
    open_, signed = Module("1", "M", "Module", 20, None), Module("1", "M", "Module", 20, on)
    portfolio = make(on, done(*days), numbers=2, modules=[open_])
    (turn,) = progress.turns(portfolio, on)
    assert (turn.subject, str(turn.role), turn.since, turn.days) == (open_, "The training officer", days[1], 20)
    assert sentences.turns_answer(portfolio) == "1 waits for the training officer, 20 days."
    assert sentences.unsigned_answer(portfolio) == (
        "Complete and still unsigned is M (20 credits): only the training officer's sign-off is missing."
    )
    settled = make(on, done(*days), numbers=2, modules=[signed])
    assert progress.turns(settled, on) == ()
    assert sentences.turns_answer(settled) == "Nothing waits for anybody."
    assert sentences.unsigned_answer(settled) == "No module is complete and still unsigned."


SPANS = {
    "the latest review before the day": ("2025-06-30", None, date(2024, 9, 25), "the review of 25 September 2024"),
    "a review of the same day is still ahead": ("2025-09-24", None, date(2024, 9, 25), "the review of 25 September 2024"),
    "a planned review counts once it is past": ("2025-09-25", None, date(2025, 9, 24), "the review of 24 September 2025"),
    "a month where there is none": ("2024-03-31", None, date(2024, 2, 29), "29 February 2024"),
    "a month over the turn of the year": ("2024-01-15", None, date(2023, 12, 15), "15 December 2023"),
    "never before the start": ("2023-09-20", None, START, "the programme began on 4 September 2023"),
    "a day of its own events": ("2025-06-30", date(2025, 6, 16), date(2025, 6, 16), "16 June 2025"),
    "what is asked for": ("2025-06-30", date(2025, 6, 1), date(2025, 6, 1), "1 June 2025"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPANS)
def test_from_which_day_on_changes_are_told(portfolio, name):
    """The day asked for, else the last review, else a calendar month; the report says which, and what changed."""
    on, asked, day, since = SPANS[name]
    other = records.on_day(portfolio, date.fromisoformat(on))
    span = report.span(other, asked)
    assert (span.day, span.since) == (day, since)
    section = report.make(other, asked).sections[1]
    assert section.heading == f"What changed since {since}"
    assert any("looks back" in str(block) for block in section.blocks) == (asked is None and "review" not in since)
    events = [row for row in rows(ROOT, "progress.csv") if str(day) <= row["date"] <= on]
    added = [row for row in rows(ROOT, "evidence.csv") if str(day) <= row["date"] <= on]
    shown = {change.activity.key: change for change in progress.changes(other, day, other.on)}
    expected = {ActivityKey(row["module"], int(row["number"])) for row in events}
    expected |= {ActivityKey(*_key(item)) for row in added for item in row["activities"].split(";")}
    assert set(shown) == expected
    assert sum(len(change.events) for change in shown.values()) == len(events)
    assert {piece.id for change in shown.values() for piece in change.evidence} == {row["id"] for row in added}


def _key(text):
    module, number = text.split("/")
    return module, int(number)


def test_step_whose_month_is_past_asks_for_its_outcome(tree):  # noqa: F811 - the fixture
    """A past step without an outcome is asked about; one of this month is due; one far ahead is counted."""
    page = "C1_Professional_Foundations/14_InnovationEvaluation.md"
    path = tree / page
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r" \*Outcome:\*[^-]*?(?=\n- \*\*|\n\n)", "", text, flags=re.DOTALL), encoding="utf-8")
    found = pages.steps_unanswered(reading.load(tree))
    assert [(str(activity.key), step.month) for activity, step in found] == [
        ("S-C1/14", (2025, 5)),
        ("S-C1/14", (2025, 6)),
    ]
    assert run(tree, "report")[0] == 0
    said = (tree / f"_build/report/{NAME}.md").read_text(encoding="utf-8")
    assert "- May 2025, S-C1/14: Write the missing section. Its month is past: say what came of it." in said
    assert "- June 2025, S-C1/14: Correct the one-page summary for the oversight group.\n" in said
    assert "Steps of action plans: 2 without an outcome so far, 5 due by August 2025 and 24 later." in said


def test_on_another_day(tmp_path):
    """As status does it: the records of that day, in a file of that day; a day before the start is a misuse."""
    code, said, _ = run(ROOT, "report", "--as-of", "2024-02-05", "--since", "2024-01-01", "--out", str(tmp_path))
    assert code == 0
    assert "Progress report, 5 February 2024, with what changed since 1 January 2024" in said
    text = (tmp_path / "report-2024-02-05.md").read_text(encoding="utf-8")
    assert "with 2 of 20 signed off" in text
    assert "**2 signed off, 1 submitted and 1 piece of evidence added.**" in text
    for misuse in (
        ["--as-of", "2020-01-01"],
        ["--as-of", "05/02/2024"],
        ["--since", "2020-01-01"],
        ["--since", "soon"],
        ["--since", "2025-07-01"],
    ):
        assert run(ROOT, "report", *misuse, "--out", str(tmp_path))[0] == 2
    assert len(list(tmp_path.iterdir())) == 3


def test_any_day_has_a_report(portfolio):
    """The first day, the days of milestones and reviews, and after the last: nothing is left without words."""
    for day in (START, date(2025, 9, 24), date(2025, 9, 30), date(2030, 1, 1)):
        made = report.make(records.on_day(portfolio, day))
        assert [bool(section.answer) for section in made.sections] == [True] * 5
        for block in (block for section in made.sections for block in section.blocks):
            if isinstance(block, Table):
                assert block.rows
                assert {len(row) for row in block.rows} == {len(block.columns)}


def test_page_that_is_no_text_is_named(tree):  # noqa: F811 - the fixture
    """One message with the file and the remedy, code 1, and no half of a report."""
    (tree / "C1_Professional_Foundations/5_PatientCareJourney.md").write_bytes(b"\xff\xfe# 5")
    for command in ("report", "calendar"):
        code, _, err = run(tree, command)
        assert code == 1
        assert "C1_Professional_Foundations/5_PatientCareJourney.md cannot be read as UTF-8 text" in err
    assert not (tree / "_build").exists()


# -- three forms ------------------------------------------------------------------------------


class Reader(HTMLParser):
    """An HTML file as a reader meets it: elements in order, and the text of the body in blocks."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.blocks = [], [], [""]
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag not in ("strong", "em"):
            self.blocks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag not in ("strong", "em"):
            self.blocks.append("")

    def handle_data(self, data):
        if not {"title", "style"} & set(self.open):
            self.blocks[-1] += data

    @property
    def words(self):
        return [text for block in self.blocks if (text := " ".join(block.split()))]


def in_both(folder, name):
    """The blocks of text of the HTML file, and those of the Markdown file rendered."""
    html = Reader((folder / f"{name}.html").read_text(encoding="utf-8"))
    source = (folder / f"{name}.md").read_text(encoding="utf-8")
    return html.words, Reader(MarkdownIt().enable("table").render(source)).words


def test_markdown_html_and_pdf_say_the_same(shipped, busy):
    """Block by block in Markdown and HTML, and all of it in the PDF; whatever marks a text holds."""
    for folder, name in ((shipped, NAME), (busy[0], "report-2025-03-31")):
        html, markdown = in_both(folder, name)
        assert html == markdown
        assert len(html) > 100
        pdf = text_of_pdf(folder / f"{name}.pdf")
        for text in html:
            assert squeezed(text) in pdf, text
    assert "Medical Physics & <more> | *all* · trainee" in in_both(busy[0], "report-2025-03-31")[0]


UGLY = [
    "*",
    "_",
    "`",
    "|",
    "\\",
    "<b>",
    "&lt;",
    "&",
    "#",
    "- ",
    "+ ",
    "1. ",
    "23) ",
    "[x](y)",
    "~~",
    "---",
    "===",
    "> ",
    "a",
    " ",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(UGLY), max_size=8).map("".join))
def test_no_text_is_taken_for_markup(text):
    """Whatever stands in a title or a note is shown as it stands, in Markdown and in HTML."""
    text = " ".join(text.split())
    table = Table(text or "c", (f"h{text}",), ((text,),))
    section = report.Section(text or "h", text or "a", (text or "p", report.Bullets((text or "b",)), table))
    made = report.Report(text or "t", text or "s", "", (section,), "n")
    html = Reader(renderings.page(made, "en-GB")).words
    assert html == Reader(MarkdownIt().enable("table").render(renderings.markdown(made))).words
    assert not text or html.count(text) >= 7


def test_html_stands_alone_and_is_in_order(shipped, busy):
    """Language, title, one first heading, no script, nothing asked of a host, captions and header cells."""
    for path in (shipped / f"{NAME}.html", busy[0] / "report-2025-03-31.html"):
        text = path.read_text(encoding="utf-8")
        page = Reader(text)
        tags = [tag for tag, _ in page.elements]
        assert page.open == []
        assert page.elements[0] == ("html", {"lang": "en-GB"})
        assert re.search(r"<title>Progress report, \d", text)
        assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(tags)
        for _, attributes in page.elements:
            assert not {"src", "href", "style", "srcset", "action"} & set(attributes)
            assert not [name for name in attributes if name.startswith("on")]
        assert not re.search(r"url\(|@import|https?:", text)
        assert "default-src 'none'" in text
        headings = [tag for tag in tags if re.fullmatch(r"h\d", tag)]
        assert headings == ["h1", *["h2"] * 5]
        tables = re.findall(r"<table>.*?</table>", text, re.DOTALL)
        assert len(tables) == 4
        for table in tables:
            assert re.match(r"<table>\s*<caption>[^<]+</caption>", table)
            head, *body = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
            assert set(re.findall(r"<(t[hd])\b", head)) == {"th"}
            assert head.count('scope="col"') == head.count("<th")
            assert body
            for row in body:
                assert re.findall(r"<(th|td)\b", row) == ["th", *["td"] * (head.count("<th") - 1)]
                assert row.startswith('<th scope="row"')


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_html_in_a_browser(browser, shipped, busy, theme, width):
    """Axe finds nothing, nothing lies outside the window, and the page is quiet under its own policy."""
    for path in (shipped / f"{NAME}.html", busy[0] / "report-2025-03-31.html"):
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
        with Visit(browser, path.parent.as_uri(), **options) as visit:
            page = visit.go(path.name)
            assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "auto"
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
            assert visit.faults == []
        with Visit(browser, path.parent.as_uri(), bypass_csp=True, **options) as visit:
            assert said_by_axe(visit.go(path.name)) == []


def test_pdf_is_one_page_and_conforms(shipped):
    """One A4 page; PDF/UA-1 and PDF/A-2a by an independent validator; title, language and tags."""
    path = shipped / f"{NAME}.pdf"
    reader = PdfReader(path)
    assert len(reader.pages) == 1
    assert [round(float(value)) for value in reader.pages[0].mediabox] == [0, 0, 595, 842]
    assert valid(path)
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "en-GB"
        assert str(pdf.docinfo.Title) == "Progress report, 30 June 2025"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as outline:
            (top,) = outline.root
            assert top.children[0].title == "Where each module stands"
        tags = [
            str(obj.S) for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and "/K" in obj and "/S" in obj
        ]
    for tag in ("/H1", "/H2", "/L", "/LI", "/Table", "/TH", "/TD", "/Caption"):
        assert tag in tags, tag
    assert tags.count("/H2") == 5
    assert tags.count("/Table") == tags.count("/Caption") == 4


def test_forty_activities_run_on_to_a_second_page_and_it_says_so(busy):
    """Nothing is left out, the page and the command both say that there are two, and it conforms."""
    folder, said, root = busy
    path = folder / "report-2025-03-31.pdf"
    texts = [page.extract_text() for page in PdfReader(path).pages]
    assert len(texts) == 2
    assert "Page 1 of 2" in texts[0]
    assert "The PDF has 2 pages: there is more to say than one page holds." in said
    assert valid(path)
    markdown = (folder / "report-2025-03-31.md").read_text(encoding="utf-8")
    whole = squeezed("".join(texts))
    open_ = recount_of_turns(root, date(2025, 3, 31))
    assert len(open_) == 17
    for key, (role, days) in open_.items():
        assert re.search(rf"\| {key} Task .*\| {role} \| .* \| {days} \|", markdown)
        assert squeezed(f"{key} Task") in whole
    assert "| B-P2 Devices \\& design | Complete | The training officer | 14 February 2025 | 45 |" in markdown
    assert "Complete and still unsigned is B-P2 (15 credits)" in markdown
    assert (
        "Steps of action plans: 40 without an outcome so far and 40 due by May 2025. The first 8 of them:" in markdown
    )
    assert "- January 2025, B-P1/1: Take step 1 of the plan. Its month is past: say what came of it." in markdown
    assert "Illustration" not in markdown


def test_same_records_give_the_same_bytes(shipped, tree):  # noqa: F811 - the fixture
    """Where and when a report is made does not show in it; a run over an old one leaves the new one."""
    (tree / "_build/report").mkdir(parents=True)
    (tree / f"_build/report/{NAME}.md").write_text("old", encoding="utf-8")
    assert run(tree, "report", folder="notebooks")[0] == 0
    for path in shipped.iterdir():
        assert (tree / "_build/report" / path.name).read_bytes() == path.read_bytes(), path.name


def test_changed_record_changes_the_report(shipped, tree):  # noqa: F811 - the fixture
    """One more sign-off is seen in every form."""
    with (tree / "data/progress.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(["2025-06-27", "S-C1", "11", "signed_off", ""])
    assert run(tree, "report")[0] == 0
    texts = [
        squeezed((tree / f"_build/report/{NAME}.md").read_text(encoding="utf-8")),
        squeezed((tree / f"_build/report/{NAME}.html").read_text(encoding="utf-8")),
        text_of_pdf(tree / f"_build/report/{NAME}.pdf"),
    ]
    for text in texts:
        assert squeezed("on track, with 9 of 20 signed off") in text
        assert squeezed("Started, submitted, signed off 27 June 2025") in text


def test_folder_that_cannot_be_used(tree):  # noqa: F811 - the fixture
    """A file where the folder should be: one message, code 1."""
    code, _, err = run(tree, "report", "--out", "LICENSE")
    assert code == 1
    assert "cannot be used" in err


def test_report_needs_no_sphinx():
    """Neither Sphinx nor docutils nor pandas is loaded to make one page."""
    program = (
        "import sys, tempfile\nfrom pathlib import Path\nfrom stp_portfolio import records, renderings, report\n"
        "p = reading.load()\nrenderings.write(report.make(p), p, Path(tempfile.mkdtemp()))\n"
        "heavy = {'pandas', 'sphinx', 'docutils'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done_ = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done_.returncode == 0, done_.stderr


def test_months_and_days_are_written_out(shipped):
    """Every day on the page is a day of the records, of the settings, or the day of reading."""
    text = (shipped / f"{NAME}.md").read_text(encoding="utf-8")
    known = {written(row["date"]) for name in ("progress.csv", "milestones.csv") for row in rows(ROOT, name)}
    known |= {"25 September 2024", "24 September 2025", "30 June 2025"}
    found = set(re.findall(rf"\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}", text))
    assert len(found) > 15
    assert found <= known

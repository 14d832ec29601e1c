"""The report for a meeting: right on any day, the same words in three forms, one page, open to all."""

import re
import subprocess
from datetime import date, timedelta

import pikepdf
import pytest
from conftest import PORTFOLIO, ROOT, refused, told
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt
from portfolios import START, cases, done, edit, forty, histories, make
from pypdf import PdfReader
from recount import Recount, rows, steps_ahead
from test_eportfolio import squeezed, text_of_pdf, valid
from test_reader import Visit, said_by_axe

from stp_portfolio.core import progress, reading, records
from stp_portfolio.core.records import Module
from stp_portfolio.desk import renderings, report
from stp_portfolio.show import sentences
from stp_portfolio.show.tables import Table

NAME, OF_FORTY = "report-2025-06-30", "report-2025-03-31"
LAST_ROW = "2025-06-16,S-C1,7,submitted,"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The folder with the report on the shipped example, made by the command."""
    out = tmp_path_factory.mktemp("report")
    said = told(ROOT, "report", "--out", out)
    assert "since the review of 25 September 2024" in said
    assert "The PDF has" not in said
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.html", f"{NAME}.md", f"{NAME}.pdf"]
    return out


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """The folder with the report on forty activities in three modules; the command says how long it is."""
    root = forty(tmp_path_factory.mktemp("forty"))
    assert "The PDF has 2 pages: there is more to say than one page holds." in told(root, "report")
    return root / "_build" / "report"


# -- what it says -----------------------------------------------------------------------------


def recount_of_turns(root, on):
    """Who has what for how long, from the CSV file alone."""
    past = [row for row in rows(root, "progress.csv") if row["date"] <= str(on)]
    last = {f"{row['module']}/{row['number']}": row for row in past}
    turn = {"submitted": "The assessor", "returned": "The trainee", "started": "The trainee"}
    days = {key: (on - date.fromisoformat(row["date"])).days for key, row in last.items()}
    return {key: (turn[row["event"]], days[key]) for key, row in last.items() if row["event"] in turn}


def steps_due(tree):
    """What the report of June 2025 says of the steps from July on, counted again."""
    months = steps_ahead(tree, (2025, 7))
    near = sum(each <= (2025, 8) for each in months)
    return f"{near} due by August 2025 and {len(months) - near} later."


def test_says_what_an_assessor_asks(shipped):
    """Title, day, mark, standing, pace, changes, waits, what is next and dates, in this order, recounted."""
    text = (shipped / f"{NAME}.md").read_text(encoding="utf-8")
    recount = Recount(ROOT)
    added = [row for row in recount.evidence if row["date"] >= "2024-09-25"]
    span = [row for row in rows(ROOT, "progress.csv") if "2024-09-25" <= row["date"] <= recount.on]
    events = [row["event"] for row in span]
    days = (date(2025, 9, 30) - date.fromisoformat(recount.on)).days
    parts = [
        "# Progress report, 30 June 2025",
        "Illustration: the progress, evidence and reflections are invented",
        f"**S-C1: {recount.done('S-C1')} of 20 signed off and {recount.in_review('S-C1')} in review. The 10 required",
        "9 more must be submitted by 24 August 2026",
        "## What changed since the review of 25 September 2024",
        f"**{events.count('signed_off')} signed off, {events.count('returned')} returned, "
        f"{events.count('submitted')} submitted, {events.count('started')} started and {len(added)} pieces",
        "| S-C1/9 Offer peer support to newcomers | Submitted, signed off 10 December 2024 | E10, E11 |",
        "| In progress | The trainee | 15 April 2024 | 441 |",
        "| Submitted | The assessor | 19 May 2025 | 42 |",
        "**Answer the return of S-C1/14, of 12 May 2025: Asked how the local test set was chosen.**",
        "- Ask the assessor about S-C1/11, submitted 42 days ago.",
        f"Steps of action plans: {steps_due(ROOT)}",
        "- July 2025, S-C1/17: Repeat the trial of version 3 with two other people.",
        "**Review meeting: 24 September 2025, in 86 days.**",
        f"| 30 September 2025 | End of year 2 | {days} | 10 of S-C1 (enough is in review) and a review meeting (not yet:",
        "only signed-off activities count.",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert not re.search(r"\d{4}-\d\d", text)  # days and months are written out


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(0, 900))
def test_every_activity_has_one_turn_or_is_settled(history, days):
    """Whatever happened: each activity is someone's turn, not started, or signed off; and the days add up."""
    on = START + timedelta(days=days)
    portfolio = make(on, history, numbers=8)
    turns = {turn.subject.key: turn for turn in progress.turns(portfolio) if hasattr(turn.subject, "key")}
    for key, status in progress.statuses(portfolio).items():
        assert (key in turns) == (status not in ("Signed off", "Not started"))
        if key in turns:
            assert turns[key].days == (on - progress.history(portfolio, key)[-1].date).days >= 0
    days_ = [turn.days for turn in turns.values()]
    assert days_ == sorted(days_, reverse=True)


def test_complete_module_waits_for_the_training_officer():
    """From the day of its last sign-off, until it is signed off itself."""
    on, last = START + timedelta(days=30), START + timedelta(days=10)
    unsigned, signed = (Module("1", "M", "Module", 20, day) for day in (None, on))
    before, after = (make(on, done(START, last), numbers=2, modules=[each]) for each in (unsigned, signed))
    (turn,) = progress.turns(before)
    found = (turn.subject, str(turn.role), turn.since, turn.days)
    assert found == (unsigned, "The training officer", last, 20)
    assert sentences.turns_answer(before) == "1 waits for the training officer, 20 days."
    assert sentences.turns_answer(after) == "Nothing waits for anybody."


@cases("spans", "on asked day since")
def test_from_which_day_on_changes_are_told(portfolio, on, asked, day, since):
    """The day asked for, else the last review, else a calendar month; it says which, and what changed."""
    other, asked = records.on_day(portfolio, on), asked or None
    assert (report.span(other, asked).day, report.span(other, asked).since) == (day, since)
    sections = report.make(other, asked).sections
    assert [bool(each.answer) for each in sections] == [True] * 5
    for table in (block for each in sections for block in each.blocks if isinstance(block, Table)):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    section = sections[1]
    assert section.heading == f"What changed since {since}"
    looks_back = any("looks back" in str(block) for block in section.blocks)
    assert looks_back == (asked is None and "review" not in since)
    both = (rows(ROOT, name) for name in ("progress.csv", "evidence.csv"))
    events, added = ([row for row in each if str(day) <= row["date"] <= str(on)] for each in both)
    changes = progress.changes(other, day)
    expected = {f"{row['module']}/{row['number']}" for row in events}
    expected |= {key for row in added for key in row["activities"].split(";")}
    assert {str(change.activity.key) for change in changes} == expected
    assert sum(len(change.events) for change in changes) == len(events)
    assert {piece.id for change in changes for piece in change.evidence} == {row["id"] for row in added}


def test_step_whose_month_is_past_asks_for_its_outcome(tree):
    """A past step without an outcome is asked about; one of this month is due; one far ahead is counted."""
    path = tree / "C1_Professional_Foundations/14_InnovationEvaluation.md"
    text = path.read_text(encoding="utf-8")
    without = re.sub(r" \*Outcome:\*[^-]*?(?=\n- \*\*|\n\n)", "", text, flags=re.DOTALL)
    path.write_text(without, encoding="utf-8")
    portfolio = reading.load(tree)
    said = renderings.markdown(report.make(portfolio))
    assert "- May 2025, S-C1/14: Write the missing section. Its month is past: say what came of it." in said
    assert "- June 2025, S-C1/14: Correct the one-page summary for the oversight group.\n" in said
    assert f"Steps of action plans: 2 without an outcome so far, {steps_due(ROOT)}" in said


def test_on_another_day(tmp_path):
    """As status does it: the records of that day, in a file of that day; none before the start."""
    out = ("--out", tmp_path)
    said = told(ROOT, "report", "--as-of", "2024-02-05", "--since", "2024-01-01", *out)
    assert "Progress report, 5 February 2024, with what changed since 1 January 2024" in said
    text = (tmp_path / "report-2024-02-05.md").read_text(encoding="utf-8")
    assert (
        "S-C1: 2 of 20 signed off. For the 10 required by 30 September 2025 (End of year 2), 8 more must be"
        in text
    )
    assert "**2 signed off, 1 submitted and 1 piece of evidence added.**" in text
    for misuse in ("--as-of=2020-01-01", "--as-of=05/02/2024", "--since=2020-01-01", "--since=2025-07-01"):
        assert "Type: " in refused(ROOT, "report", misuse, *out, code=2)
    assert len(list(tmp_path.iterdir())) == 3


# -- three forms ------------------------------------------------------------------------------


def in_both(page, markdown):
    """The blocks of text of a page, and those of the Markdown rendered, in their order."""
    rendered = f"<html><body>{MarkdownIt().enable('table').render(markdown)}</body></html>"
    path = "//h1|//h2|//p|//li|//caption|//th|//td"
    blocks = [html.document_fromstring(each).xpath(path) for each in (page, rendered)]
    return [[text for block in each if (text := " ".join(block.text_content().split()))] for each in blocks]


def test_markdown_html_and_pdf_say_the_same(shipped, busy):
    """Block by block in Markdown and HTML, and all of it in the PDF; whatever marks a text holds."""
    for path in (shipped / NAME, busy / OF_FORTY):
        texts = [path.with_suffix(ending).read_text(encoding="utf-8") for ending in (".html", ".md")]
        page, markdown = in_both(*texts)
        assert page == markdown
        assert len(page) > 100
        pdf = text_of_pdf(path.with_suffix(".pdf"))
        assert [text for text in page if squeezed(text) not in pdf] == []
    assert "Medical Physics & <more> | *all* · trainee" in page


UGLY = r"* _ ` | \ <b> &lt; & # -␣ +␣ 1.␣ 23)␣ [x](y) ~~ --- === >␣ {{ {% a ␣".split()  # ␣ is a blank


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(UGLY), max_size=8).map("".join))
def test_no_text_is_taken_for_markup(text):
    """Whatever stands in a title or a note is shown as it stands, in Markdown and in HTML."""
    text = " ".join(text.replace("␣", " ").split())
    table = Table(text or "c", (f"h{text}",), ((text,),))
    section = report.Section(text or "h", text or "a", (text or "p", (text or "b",), table))
    made = report.Report(text or "t", text or "s", "", (section,), "n")
    page, markdown = in_both(renderings.page(made, "en-GB"), renderings.markdown(made))
    assert page == markdown
    assert not text or page.count(text) >= 7


def test_html_stands_alone_and_is_in_order(shipped, busy):
    """Language, title, one first heading, no script, nothing asked of a host, captions and header cells."""
    for path in (shipped / f"{NAME}.html", busy / f"{OF_FORTY}.html"):
        text = path.read_text(encoding="utf-8")
        page = html.document_fromstring(text)
        assert page.get("lang") == "en-GB"
        assert page.findtext(".//title").startswith("Progress report, ")
        assert not page.xpath("//script|//link|//img|//iframe|//object|//embed|//base|//form")
        assert not page.xpath("//@src|//@href|//@style|//@srcset|//@action|//@*[starts-with(name(), 'on')]")
        assert not re.search(r"url\(|@import|https?:", text)
        assert "default-src 'none'" in text
        assert [heading.tag for heading in page.xpath("//h1|//h2|//h3")] == ["h1", *["h2"] * 5]
        tables = page.xpath("//table")
        assert len(tables) == (4 if "B-P2" in text else 3)
        for table in tables:
            assert table[0].tag == "caption"
            head, *body = table.iter("tr")
            assert [cell.get("scope") for cell in head] == ["col"] * len(head)
            for first, *others in body:
                assert (first.tag, first.get("scope"), {cell.tag for cell in others}) == ("th", "row", {"td"})


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_html_in_a_browser(browser, shipped, busy, theme, width):
    """Axe finds nothing, nothing lies outside the window, and the page is quiet under its own policy."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
    for path in (shipped / f"{NAME}.html", busy / f"{OF_FORTY}.html"):
        with Visit(browser, path.parent.as_uri(), **options) as visit:
            page = visit.go(path.name)
            assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "auto"
            root = "document.documentElement"
            assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
            assert visit.faults == []
        with Visit(browser, path.parent.as_uri(), bypass_csp=True, **options) as visit:
            assert said_by_axe(visit.go(path.name)) == []


def test_pdf_is_one_page_and_conforms(shipped):
    """One A4 page; PDF/UA-1 and PDF/A-2a by an independent validator; title, language and tags."""
    path = shipped / f"{NAME}.pdf"
    (page,) = PdfReader(path).pages
    assert [round(float(side)) for side in page.mediabox] == [0, 0, 595, 842]
    assert valid(path)
    with pikepdf.open(path) as pdf:
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title)) == ("en-GB", "Progress report, 30 June 2025")
        with pdf.open_outline() as outline:
            assert outline.root[0].children[0].title == "Where each module stands"
        dictionaries = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
        tags = [str(each.S) for each in dictionaries if {"/K", "/S"} <= set(each.keys())]
    assert {"/H1", "/L", "/LI", "/TH", "/TD"} <= set(tags)
    assert [tags.count(tag) for tag in ("/H2", "/Table", "/Caption")] == [5, 3, 3]


def test_forty_activities_run_on_to_a_second_page(busy):
    """Nothing is left out, the page says that there are two, and it conforms."""
    path = busy / f"{OF_FORTY}.pdf"
    assert "Page 1 of 2" in PdfReader(path).pages[0].extract_text()
    assert valid(path)
    markdown = path.with_suffix(".md").read_text(encoding="utf-8")
    open_ = recount_of_turns(busy.parents[1], date(2025, 3, 31))
    assert len(open_) == 17
    for key, (role, days) in open_.items():
        assert re.search(rf"\| {key} Task .*\| {role} \| .* \| {days} \|", markdown)
    for said in (
        "| B-P2 Devices \\& design | Complete | The training officer | 14 February 2025 | 45 |",
        "Complete and still unsigned is B-P2 (15 credits)",
        "Steps of action plans: 40 without an outcome so far and 40 due by May 2025. The first 8 of them:",
        "- January 2025, B-P1/1: Take step 1 of a plan. Its month is past: say what came of it.",
    ):
        assert said in markdown
    assert "Illustration" not in markdown


# -- how it is written ------------------------------------------------------------------------


def test_same_records_give_the_same_bytes_and_a_change_is_seen(shipped, tree):
    """Where and when a report is made does not show in it; one more sign-off is seen in every form."""
    folder = tree / "_build/report"
    folder.mkdir(parents=True)
    (folder / f"{NAME}.md").write_text("old", encoding="utf-8")
    told(tree, "report", folder="notebooks")
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in shipped.iterdir())
    assert all(path.read_bytes() == (shipped / path.name).read_bytes() for path in folder.iterdir())
    edit(tree, "data/progress.csv", LAST_ROW, f"{LAST_ROW}\n2025-06-27,S-C1,11,signed_off,")
    told(tree, "report")
    texts = [squeezed((folder / f"{NAME}.{ending}").read_text(encoding="utf-8")) for ending in ("md", "html")]
    for text in (*texts, text_of_pdf(folder / f"{NAME}.pdf")):
        assert squeezed("S-C1: 9 of 20 signed off and 2 in review.") in text
        assert squeezed("Started, submitted, signed off 27 June 2025") in text


@pytest.mark.parametrize("command", ["report", "calendar"])
def test_what_cannot_be_read_or_written_is_named(tree, command):
    """One message with the file, code 1, and no half of a file: a full disk, a file for a folder, no text."""
    resource = pytest.importorskip("resource")  # Windows limits no file's size
    assert "cannot be used" in refused(tree, command, "--out", "README.md/below")
    full = subprocess.run(
        [PORTFOLIO, command], cwd=tree, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )  # fmt: skip
    assert (full.returncode, "cannot be used" in full.stderr) == (1, True), full.stderr
    assert [path for path in tree.glob("_build/**/*") if path.is_file()] == []
    page = "C1_Professional_Foundations/5_PatientCareJourney.md"
    (tree / page).write_bytes(b"\xff\xfe# 5")
    assert f"{page} is not UTF-8 text" in refused(tree, command)

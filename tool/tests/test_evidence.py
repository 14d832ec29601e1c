"""Evidence: files come in by themselves, screened before anything is written; list, correct and remove."""

import io
import json
import os
import re
import sys
import zipfile
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
from conftest import call, refused, told
from PIL import Image
from portfolios import append, edit
from pypdf import PdfWriter
from recount import rows
from rich.console import Console

from stp_portfolio.cli import common
from stp_portfolio.core import reading
from stp_portfolio.core.findings import FaultsError
from stp_portfolio.privacy import told as screened

CORE = """<cp:coreProperties
 xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">
<dc:title>{title}</dc:title><dc:creator>Quenby Marl</dc:creator>
<dcterms:created>{created}T09:00:00Z</dcterms:created><dcterms:modified>{day}T09:00:00Z</dcterms:modified>
</cp:coreProperties>"""
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BODY = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>{{}}</w:t></w:r></w:p></w:body></w:document>'
NOW = datetime(2025, 5, 20, 12, tzinfo=UTC).timestamp()


def office(title="", day="2025-03-14", text="What was done.", created="2025-03-01"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("docProps/core.xml", CORE.format(title=title, day=day, created=created))
        archive.writestr("word/document.xml", BODY.format(text))
    return buffer.getvalue()


def pdf(title):
    writer, buffer = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": title, "/Author": "Quenby Marl", "/CreationDate": "D:20250401120000Z"})
    writer.write(buffer)
    return buffer.getvalue()


def picture(kind, **more):
    buffer, image = io.BytesIO(), Image.new("RGB", (8, 8), "white")
    exif = image.getexif()
    for key, value in more.items():
        exif[int(key[1:])] = value
    image.save(buffer, kind, **({"exif": exif} if more else {}))
    return buffer.getvalue()


# the file, its bytes, and what of it stands in the register: name of the copy, day, title, kind
FILES = {
    "slides.pptx": (office("Why dashboards disagree"), "E01-why-dashboards-disagree.pptx", "2025-03-14", "Why dashboards disagree", "Presentation"),
    "turnaround_times-v2.xlsx": (office(), "E01-turnaround-times-v2.xlsx", "2025-03-14", "Turnaround times v2", "Spreadsheet"),
    "plan.DOCX": (office("Document1", "1999-01-01"), "E01-plan.docx", "2025-03-01", "Plan", "Document"),
    "poster_final.pdf": (pdf("Microsoft Word - Poster of the pathway.docx"), "E01-poster-of-the-pathway.pdf", "2025-04-01", "Poster of the pathway", "Document"),
    "Empty title.pdf": (pdf(""), "E01-empty-title.pdf", "2025-04-01", "Empty title", "Document"),
    "whiteboard.jpg": (picture("JPEG", _306="2025:05:06 10:00:00"), "E01-whiteboard.jpg", "2025-05-06", "Whiteboard", "Picture"),
    "screen shot.png": (picture("PNG"), "E01-screen-shot.png", "2025-05-20", "Screen shot", "Picture"),
    "notes.txt": (b"What was done.", "E01-notes.txt", "2025-05-20", "Notes", "Document"),
}  # fmt: skip


@pytest.fixture
def downloads(tmp_path):
    folder = tmp_path / "Downloads"
    folder.mkdir()

    def write(name, raw):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw)
        os.utime(path, (NOW, NOW))
        return path

    return write


def state(tree):
    """All files of a portfolio but what commands keep for themselves."""
    skipped = (".backup", "_build")
    found = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    return {path: raw for path, raw in found.items() if not set(path.parts) & set(skipped)}


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_in_by_itself(small, downloads, name):
    """Beside the page, under a name that says what it is, without its author; one undo takes all back."""
    raw, copy, day, title, kind = FILES[name]
    path, before = downloads(name, raw), state(small.tree)
    out = told(small.tree, "evidence", "add", path, "--for", "m/1")
    row = {"id": "E01", "date": day, "title": title, "kind": kind, "activities": "M/1", "standards": ""}
    assert rows(small.tree, "evidence.csv") == [row | {"file": f"M/evidence/{copy}"}]
    held = (small.tree / "M/evidence" / copy).read_bytes()
    assert b"Quenby" not in held
    assert path.read_bytes() == raw
    assert f"Title: {title} (" in out
    assert f"evidence/{copy})" in out
    assert told(small.tree, "undo", "--yes")
    assert state(small.tree) == before


def test_a_folder_comes_in_as_one_zip(small, downloads):
    """In a fixed order, without what programs leave there; the same folder is noticed."""
    for name in ("b.txt", "a.txt", "Thumbs.db", ".DS_Store", "~$plan.docx"):
        downloads(f"log_book/{name}", b"What was done.")
    path = downloads("log_book/z.csv", b"a,b\n").parent
    told(small.tree, "evidence", "add", path, "--for", "M/1", "--date", "2025-05-02")
    with zipfile.ZipFile(small.tree / "M/evidence/E01-log-book.zip") as archive:
        assert archive.namelist() == ["a.txt", "b.txt", "z.csv"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "registered already: E01" in refused(small.tree, "evidence", "add", path, "--for", "M/1")


def test_days_out_of_range_are_not_taken(small, downloads):
    """Neither one before the programme nor one to come: today stands in."""
    path = downloads("plan.docx", office("Plan", "1999-01-01", created="2999-01-01"))
    os.utime(path, (0, 0))
    assert f"Date: {date.today()} (today)" in told(small.tree, "evidence", "add", path, "--for", "M/1")


def test_the_same_bytes_are_noticed(tree, downloads):
    """Under another name, and where the file was put there by hand; the command that helps works."""
    path = downloads("a.pdf", pdf("Poster"))
    told(tree, "evidence", "add", path, "--for", "S-C1/5")
    again = downloads("b.pdf", pdf("Poster"))
    assert "Nothing is left to do" in refused(tree, "evidence", "add", again, "--for", "S-C1/5")
    said = refused(tree, "evidence", "add", again, "--for", "S-C1/6")
    command = re.search(r"portfolio (evidence edit E27 .*)", said)[1]
    assert "S-C1/5 -> S-C1/5;S-C1/6" in told(tree, *command.split())
    (tree / "about/sheet.txt").write_bytes(b"By hand.")
    out = told(tree, "evidence", "add", "about/sheet.txt", "--for", "S-C1/5", "--kind", "Notes")
    assert "Copied" not in out
    assert rows(tree, "evidence.csv")[-1]["file"] == "about/sheet.txt"
    assert "E28" in refused(tree, "evidence", "add", downloads("c.txt", b"By hand."), "--for", "S-C1/5")


HELD = [
    ("nhs.docx", office("Notes", text="NHS number 943 476 5919"), "could identify a person (NHS number)"),
    ("named.docx", office("Notes", text="A talk with Jane Patel."), 'portfolio approve "Jane Patel"'),
    ("Talk with Jane Patel.txt", b"What was done.", "The title: 'Jane Patel' may be a name"),
    ("titled.pdf", pdf("Talk with Jane Patel"), "The title: 'Jane Patel' may be a name"),
    ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.doc: was not read"),
    ("broken.pdf", b"%PDF-1.7\nbroken", "broken.pdf is damaged"),
    ("empty.pdf", b"", "is empty"),
]


@pytest.mark.parametrize(("name", "raw", "words"), HELD, ids=[name for name, *_ in HELD])
def test_nothing_is_written_of_what_may_identify(small, downloads, name, raw, words):
    """Both layers read the file, its name and its title before a byte of it is in the portfolio."""
    before, path = state(small.tree), downloads(name, raw)
    assert words in refused(small.tree, "evidence", "add", path, "--for", "M/1")
    assert state(small.tree) == before


def test_what_is_approved_is_asked_no_more(small, downloads):
    """The command of the answer settles it, and the line can be typed again."""
    path = downloads("named.docx", office("Notes", text="With Jane Patel."))
    line = ("evidence", "add", path, "--for", "M/1")
    assert 'portfolio approve "Jane Patel"' in refused(small.tree, *line)
    told(small.tree, "approve", "Jane Patel")
    told(small.tree, *line)


def asked(tree, answers, *line):
    """What it says and does where somebody at the terminal types these answers."""
    given = patch.object(sys, "stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
    with given, patch.object(common, "on_terminal", lambda: True):
        return call(tree, *line)


def test_what_is_missing_is_asked_on_a_terminal(small, downloads):
    """Title, day and kind with what was read as the default; of a title the kind; a no writes nothing."""
    path = downloads("a.pptx", office("Slides"))
    code, out, _ = asked(small.tree, ["", "My slides", "2025-03-20", "Talk"], "evidence", "add", path)
    assert (code, "Title, as it says of itself [Slides]" in out) == (0, True)
    wanted = {"title": "My slides", "date": "2025-03-20", "kind": "Talk", "activities": "M/1"}
    assert wanted.items() <= rows(small.tree, "evidence.csv")[0].items()
    assert asked(small.tree, ["M/1", "Plan"], "evidence", "add", "A plan")[0] == 0
    code, _, err = asked(small.tree, ["", "My slides"], "evidence", "add", downloads("b.txt", b"More."))
    assert (code, err) == (1, "\nNothing was done.\n")  # at the end of what is typed
    before = state(small.tree)
    for answer, code in (("n", 1), ("y", 0)):
        line = ("evidence", "add", "A talk with Jane Patel", "--for", "M/1", "--kind", "Notes")
        assert asked(small.tree, [answer], *line)[0] == code
        assert (state(small.tree) == before) == bool(code)


def test_what_is_missing_is_said_elsewhere(small):
    """With a command that works."""
    said = refused(small.tree, "evidence", "add", "A plan")
    assert 'portfolio evidence add "A plan" --for M/1' in said
    said = refused(small.tree, "evidence", "add", "A plan", "--for", "M/1")
    assert 'portfolio evidence add "A plan" --for M/1 --kind Notes' in said
    told(small.tree, "evidence", "add", "A plan", "--for", "M/1", "--kind", "Notes")


NO_FILES = {
    "~/nowhere.pdf": "does not exist", "./plan": "does not exist", r"C:\Users\me\plan.docx": "does not exist",
    "intr.md": "Did you mean 'intro.md'?", ".": "holds this portfolio itself", "M/empty": "holds no file",
    "private/a.txt": "no reader gets to see", "private": "no reader gets to see", "M": "no reader gets to see",
}  # fmt: skip


@pytest.mark.parametrize("what", NO_FILES)
def test_what_cannot_be_taken_in(small, what):
    """A path that leads nowhere is no title; and nothing private, neither by itself nor in a folder."""
    (small.tree / "M/empty").mkdir()
    for name in ("private/a.txt", "M/private/a.txt"):
        small.write(name, "x")
    assert NO_FILES[what] in refused(small.tree, "evidence", "add", what, "--for", "M/1", "--kind", "Notes")


# -- list, edit and remove ----------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["40", "80"])
def test_list_fits_the_screen(tree, columns):
    """Every piece with its id, of all or of one activity, at any width; and for a program."""
    screen = Console(file=io.StringIO(), width=int(columns), force_terminal=True, color_system=None)
    file = "C1_Professional_Foundations/index.md"
    edit(tree, "data/evidence.csv", "S-C1/5,HCPC/5;HCPC/7;GSP/3,", f"S-C1/5,,{file}")
    with patch.object(common, "out", screen):
        told(tree, "evidence", "list", "S-C1/5")
    listed, _, _ = screen.file.getvalue().partition("2 pieces of evidence for S-C1/5.")
    assert max(map(len, listed.splitlines())) <= int(columns)
    assert file in re.sub(r"\s+", "", listed)
    assert re.findall(r"^E\d+", listed, flags=re.MULTILINE) == ["E06", "E07"]
    found = json.loads(told(tree, "evidence", "list", "--json"))
    serves = [row["activities"] for row in rows(tree, "evidence.csv")]
    assert [";".join(each["activities"]) for each in found] == serves


def test_edit_changes_what_is_given_alone(tree, downloads):
    """In its own row, before and after said, an id in any case; every other line stays byte for byte."""
    path = tree / "data/evidence.csv"
    before = path.read_bytes()
    out = told(tree, "evidence", "edit", "e7", "--title", "Three talks", "--standard", "hcpc5")
    assert "E07, title: Summary of three conversations" in out
    changed = b"E07,2024-05-13,Three talks,Summary,S-C1/5,HCPC/5,\n"
    old = next(line for line in before.splitlines(keepends=True) if line.startswith(b"E07"))
    assert path.read_bytes() == before.replace(old, changed)
    file = downloads("a.txt", b"What was done.")
    told(tree, "evidence", "edit", "E07", "--file", file)
    assert rows(tree, "evidence.csv")[6]["file"] == "C1_Professional_Foundations/evidence/E07-three-talks.txt"
    told(tree, "evidence", "edit", "E07", "--file", "")
    assert not [*(tree / "C1_Professional_Foundations/evidence").glob("E07*")]
    for line, words in (
        ("E07", "Say what changes"),
        ("E99 --title x", "no piece"),
        ("E07 --date 2999-01-01", "The date"),
    ):
        assert words in refused(tree, "evidence", "edit", *line.split())


def test_remove_takes_the_copy_along(tree, downloads):
    """Not while a page names it, and not without a yes; an id is never given twice."""
    assert "5_PatientCareJourney.md" in refused(tree, "evidence", "remove", "E07", "--yes")
    told(tree, "evidence", "add", downloads("a.txt", b"What was done."), "--for", "S-C1/5")
    copy = tree / "C1_Professional_Foundations/evidence/E27-a.txt"
    assert copy.is_file()
    assert "--yes" in refused(tree, "evidence", "remove", "e27")
    before = state(tree)
    assert asked(tree, ["y"], "evidence", "remove", "e27")[0] == 0
    assert not copy.exists()
    told(tree, "undo", "--yes")
    assert state(tree) == before
    told(tree, "evidence", "remove", "27", "--yes")
    assert "Registered E28" in told(tree, "evidence", "add", "A", "--for", "S-C1/5", "--kind", "Notes")


def test_remove_leaves_the_file_of_another(small):
    """A file that was there before, or that another row names, stays."""
    small.write("M/evidence/E01-a.txt", "x")
    for name in ("E01", "E02"):
        append(small.tree, "data/evidence.csv", f"{name},2025-05-01,A,Notes,M/1,,M/evidence/E01-a.txt")
    assert "stays where it is" in told(small.tree, "evidence", "remove", "E01", "--yes")
    assert (small.tree / "M/evidence/E01-a.txt").is_file()


# -- what a command is given --------------------------------------------------------------------

PLAIN = """observed clinic list|Slides for journal club|Reflection on MDT meeting|GDPR e-learning certificate
Poster of the pathway|first draft sent to my training officer|Case-based discussion, second cycle
DOPS of ultrasound QA|Feedback from ward manager|Mini-CEX form|SOP for data extraction
Attended the regional training day|Certificate of good clinical practice|Notes from shadowing in A&E
Presentation at departmental meeting|Process map of the referral pathway|Audit of handwashing
Poster for the IPEM conference|Poster at the Healthcare Science Festival|Observed a theatre list
assessor asked for more on consent|returned: add evidence of consent|signed off at the meeting
HL7 message tracing exercise|DICOM header worksheet|Dashboard of waiting times in Power BI
Tutorial for work experience students|360 feedback summary|Progress review with the School
Gamma camera QC log|Blood film morphology logbook|Patient leaflet on MRI safety|Training log week 12
Cardiac physiology echo logbook|Root cause analysis of an incident|Excel workbook of turnaround times
handed in late because of sick leave|asked how the test set was chosen|Screenshot 2026-03-14 at 10.22.33"""


def test_plain_words_are_not_asked_about(small):
    """Notes and titles as trainees write them: not one question, or nobody would read them."""
    portfolio = reading.load(small.tree)
    for text in re.split(r"[|\n]", PLAIN):
        assert screened.cells(portfolio, "data/progress.csv", note=text) == [], text


def test_names_are_asked_about_and_identifiers_refused(small):
    portfolio, table = reading.load(small.tree), "data/progress.csv"
    for text in ("Talk with Jane Patel", "Visited Ward 7", "Feedback from Sister Jones"):
        (found,) = screened.cells(portfolio, table, note=text)
        assert str(found).startswith("The note: '")
    for text in ("NHS number 943 476 5919", "write to jane.patel@nhs.net"):
        with pytest.raises(FaultsError, match="Take it out"):
            screened.cells(portfolio, table, note=text)


# -- where a reader finds it --------------------------------------------------------------------


def test_a_page_leads_to_it_at_once(small, downloads):
    """What the command says to write on the page works in the book: a picture shown, a file to fetch."""
    links = []
    for name, raw in (("a.png", picture("PNG")), ("b.pdf", pdf("Poster")), ("c.csv", b"Week,Orders\n1,41\n")):
        out = told(small.tree, "evidence", "add", downloads(name, raw), "--for", "M/1")
        links.append(re.search(r"(?:show it|lead to it)[^:]*: (.*)\.$", out, flags=re.MULTILINE)[1])
    page = (small.tree / "M/1_Task.md").read_text(encoding="utf-8")
    named = "".join(f"\n\n**E0{n}** shows it:\n\n{link}\n" for n, link in enumerate(links, 1))
    small.write("M/1_Task.md", page.replace("Read next", f"{named}\nRead next"))
    markup = small.build().page("M/1_Task")
    assert re.search(r"<img[^>]*E01-a\.png", markup)
    assert re.search(r"<table.*<p>41</p>.*Open the data: E03-c\.csv", markup, re.DOTALL)
    target = re.search(r'href="(\.\./_downloads/[^"]*E02-poster\.pdf)"', markup)[1]
    assert (small.tree / "_build/html/M" / target).resolve().is_file()

"""The PDFs: conformant, complete, the same every time, and whole whatever stands on a page."""

import csv
import hashlib
import io
import re
import unicodedata
import zipfile
from pathlib import Path

import everything
import page as page_validation
import pikepdf
import pytest
from conftest import Small, refused, told
from docutils import nodes
from lxml import etree, html
from PIL import Image
from portfolios import SETTINGS, append
from pypdf import PdfReader
from recount import Recount
from test_editions import repository  # noqa: F401 - a fixture

from stp_portfolio.book.nodes import table
from stp_portfolio.core import disk, reading
from stp_portfolio.pdf import package, typesetting
from stp_portfolio.pdf.writer import PageWriter, print_size
from stp_portfolio.show.sentences import example_line
from stp_portfolio.show.tables import Table

EPORTFOLIO = ("--builder", "custom", "--custom-builder", "eportfolio")
BOOK = "NHS STP Clinical Informatics [SBI1-3-23]"


def valid(path):
    """Whether an independent validator finds nothing against PDF/UA-1 and PDF/A-2a."""
    profiles = [page_validation.validate_pdf(str(path), profile=profile) for profile in ("ua1", "2a")]
    found = [failure.rule_id for profile in profiles for failure in profile.failures]
    # It takes a carriage return at the end of a stream's own data for part of the line end; count for it.
    if "PDFA2A-STREAM-LENGTH-001" in found and lengths_are_right(path.read_bytes()):
        found.remove("PDFA2A-STREAM-LENGTH-001")
    return found == []


def lengths_are_right(raw):
    """Each stream is followed by its end exactly where its length says."""
    streams = list(re.finditer(rb"/Length (\d+)[^>]*>>\s*stream\r?\n", raw))
    ends = [raw[stream.end() + int(stream[1]) :][:12] for stream in streams]
    return len(streams) == raw.count(b"endstream") and all(re.match(rb"\r?\n?endstream", end) for end in ends)


def squeezed(text):
    """Letters and digits alone: what two ways of setting a text must agree in."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    return "".join(letter for letter in text if letter.isalnum() or letter in "%'")


FILES = r"\([^()]+\.(?:csv|pdf|png|svg|txt)\)"  # the names of files, which a PDF adds to links


def text_of_pdf(path, *running, left_out="$^"):
    """The text of a PDF without its running heads and page numbers."""
    texts = [squeezed(re.sub(left_out, "", page.extract_text())) for page in PdfReader(path).pages]
    for number, text in enumerate(texts, start=1):
        for mark in (*running, f"Page {number} of {len(texts)}"):
            texts[number - 1] = text = text.replace(squeezed(mark), "", 1)
    return "".join(texts)


NEVER_IN_A_PDF = (
    ".//svg | .//a[@class='headerlink'] | .//footer | .//*[@class='stp-unseen'] | .//details[@class='stp-code']"
    " | .//section[@id='what-guards-it' or @id='how-this-page-was-computed']"
)
NEXT = ".//p[starts-with(., 'Read next:')]"  # nor this in the PDF of one activity


def sentences_of_page(markup, left_out=NEVER_IN_A_PDF):
    """The sentences of an article, without drawings, folded code, links to headings and the foot."""
    article = html.fromstring(markup).find(".//article")
    for part in article.xpath(left_out):
        part.drop_tree()
    for block in article.iter(*"p li h1 h2 h3 td th figcaption caption div section".split()):
        block.text, block.tail = f"\n{block.text or ''}", f"\n{block.tail or ''}"
    blocks = etree.tostring(article, method="text", encoding="unicode").split("\n")
    sentences = (squeezed(part) for block in blocks for part in re.split(r"(?<=[.?!])\s+", block))
    return list(filter(None, sentences))


def add_activity(small, number):
    """Another activity like the first, with its page."""
    append(small.tree, "data/activities.csv", f"M,{number},Task,M/{number}_Task,,")
    text = disk.read_text(small.tree / "M/1_Task.md")
    small.write(f"M/{number}_Task.md", text.replace("# 1.", f"# {number}."))
    append(small.tree, "_toc.yml", f"  - file: M/{number}_Task")


def exported(small):
    """The folder of the PDFs that a build of the small book gives."""
    done = small.build(*EPORTFOLIO)
    assert done.code == 0, done.output
    return small.tree / "_build/eportfolio"


def test_every_activity_has_a_pdf_that_conforms_and_a_narrative(book, pdfs):
    """Named by module, number and page; a validator finds nothing against PDF/UA-1 and PDF/A-2a.

    Nor in the evidence as it is published.
    """
    stems = sorted(path.stem for path in pdfs.glob("S-C1_*.pdf"))
    assert len(stems) == len(Recount(book.tree).activities) == 20
    assert stems[4] == "S-C1_05_patient-care-journey"
    assert sorted(path.stem for path in pdfs.glob("*.txt")) == stems
    for path in (pdfs / "portfolio.pdf", *pdfs.glob("S-C1_*.pdf"), *book.html.rglob("*.pdf")):
        assert valid(path), path.name
        with pikepdf.open(path) as pdf, pdf.open_metadata() as metadata:
            claimed = [metadata.get(name) for name in ("pdfuaid:part", "pdfaid:part", "pdfaid:conformance")]
            assert claimed == ["1", "2", "A"]


def test_structure_can_be_read_back(pdfs):
    """Title, language, author's role, outline, tags, alt texts and embedded fonts of the book's PDF."""
    with pikepdf.open(pdfs / "portfolio.pdf") as pdf:
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title)) == ("en-GB", BOOK)
        assert "trainee" in str(pdf.docinfo.Author)
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as outline:
            titles = {item.title: [below.title for below in item.children] for item in outline.root}
        held = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
        elements = [each for each in held if "/S" in each and "/P" in each]
        tags = [str(element.S) for element in elements]
        alts = [str(element.Alt) for element in elements if "/Alt" in element]
        fonts = [page.Resources.get("/Font", {}) for page in pdf.pages]
        faces = {str(face.BaseFont) for held in fonts for face in held.values()}
    assert len(titles["Professional Foundations (S-C1)"]) == 21
    assert "5. Explore patient care journey experiences" in titles["Professional Foundations (S-C1)"]
    assert "Where each activity stands" in titles["Progress"]
    assert len(titles) == 7
    wanted = {"/H1", "/H2", "/L", "/LI", "/Table", "/TFoot", "/TH", "/TD", "/Figure", "/Link", "/Caption"}
    assert wanted <= set(tags)
    assert tags.count("/Figure") == len(alts) >= 5
    assert sum("180 credits by phase" in alt for alt in alts) == 1
    assert faces
    assert all(re.fullmatch(r"/[A-Z]{6}\+(?:AtkinsonHyperlegible|DejaVuSans).*", face) for face in faces)


def test_text_is_that_of_the_web_pages(book, pdfs):
    """Sentence by sentence: what stands on an activity's page stands in its PDF, and all in the book's.

    Where a page leads to stands in the book's alone, and pages about the book itself in none.
    """
    whole = text_of_pdf(pdfs / "portfolio.pdf", f"{BOOK} · Public edition", left_out=FILES)
    counted = 0
    for activity in Recount(book.tree).activities:
        path = next(pdfs.glob(f"S-C1_{int(activity['number']):02}_*.pdf"))
        head = f"S-C1/{activity['number']} {activity['title']} · Clinical Informatics trainee"
        single = text_of_pdf(path, head, left_out=FILES)
        markup = book.page(activity["page"])
        sentences = sentences_of_page(markup, f"{NEVER_IN_A_PDF} | {NEXT}")
        counted += len(sentences)
        assert [each for each in sentences if each not in single] == [], path.name
        assert [each for each in sentences_of_page(markup) if each not in whole] == [], path.name
        assert "Readnext" not in single
    assert counted > 800
    notebooks = [f"notebooks/{name}" for name in ("progress", "credits", "coverage")]
    about = ("about/by-standard", "about/how-it-is-made")
    for name in ("intro", "C1_Professional_Foundations/index", *notebooks, *about):
        assert [each for each in sentences_of_page(book.page(name)) if each not in whole] == [], name
    assert squeezed("How this page was computed") not in whole
    assert squeezed("What guards it") not in whole
    notice = squeezed(example_line(reading.load(book.tree)))
    for name in ("news", "writing-a-reflection", "accessibility"):
        own = [each for each in sentences_of_page(book.page(f"about/{name}")) if each not in notice]
        assert max(own, key=len) not in whole


def test_narrative_is_ready_to_paste(pdfs):
    """No Markdown, no panel, no prompt and no heading of a model; the words of the page in its order.

    It ends with the plan and what to attach, keeps the notice of the example, and says what stands in the PDF.
    """
    prompts = r"^(?:Before|In|On|Beyond) action\b|^What\?|^Read next|Evidence held"
    for path in pdfs.glob("S-C1_*.txt"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(rf"\*\*|__|^#|\]\(|`|<[a-z]|{prompts}", text, flags=re.MULTILINE)
        headings = re.findall(r"^(?:Evidence|Reflection|Action plan|Plan)$", text, flags=re.MULTILINE)
        assert headings in (["Evidence", "Reflection", "Action plan"], ["Plan"])
        assert "Illustration: the progress, evidence and reflections are invented" in text
        assert "Open the data" not in text
        last = text.partition("\n\nAttach:")[0].rstrip().splitlines()[-1]
        assert re.match(r"- \w+ 20\d\d\. .* Done when: " if headings[0] == "Evidence" else "", last), (
            path.name
        )
    assert re.search(r"^Figure: The five systems .* \(in the PDF\)$", _narrative(pdfs, 5), re.MULTILINE)
    piece = "E23 Audit of modality codes, first cycle: table from the report"
    attached = f"- {piece} (evidence/E23-modality-codes-first-cycle.csv)\n"
    assert _narrative(pdfs, 18).endswith(f"\n\nAttach:\n\n{attached}")
    assert "(held elsewhere)" in _narrative(pdfs, 1)
    assert "Attach" not in _narrative(pdfs, 20)


def _narrative(pdfs, number):
    return next(pdfs.glob(f"S-C1_{number:02}_*.txt")).read_text(encoding="utf-8")


def how_full(path):
    """How far down the letters of each page reach, of 1, running head and page number left out."""
    for page in PdfReader(path).pages:
        heights = []
        page.extract_text(
            visitor_text=lambda text, user, place, *_, heights=heights: heights.append(
                user[5] + place[5] * user[3] if text.strip() else 999
            )
        )
        yield (842 - 74 - min(height for height in heights if height > 68)) / 700


def test_no_sheet_is_nearly_empty(pdfs):
    """Each of several sheets is a quarter full or more, in the book's PDF nearly half."""
    for path in pdfs.glob("*.pdf"):
        least = 0.45 if path.stem == "portfolio" else 0.25
        assert all(full >= least for full in list(how_full(path))[1:]), path.name


def test_a_figure_stands_below_its_heading_and_above_the_next_and_no_day_wraps(pdfs):
    """High ones too, which text goes around; and of the tables that computed pages show, no day is broken."""
    found = []
    pages = PdfReader(pdfs / "portfolio.pdf").pages
    for number, page in enumerate(pages):
        text = page.extract_text(
            visitor_text=lambda text, user, place, *_, number=number: found.append(
                (text.strip(), (number, -user[5] - place[5] * user[3]))
            )
        )
        assert not re.search(r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\n20\d\d", text)
    order = """Where each activity stands|On 30 June 2025, 8 of 20|Signed off against|S-C1: 8 of 20 signed
        |How long submissions|3 submissions wait|By phase|Earned so far|By module
        |Evidence by standard|Most evidence speaks|Activities without evidence for|The register of evidence"""
    starts = [start.strip() for start in order.split("|")]
    places = [max(place for text, place in found if text.startswith(start)) for start in starts]
    assert places == sorted(places)


@pytest.mark.parametrize("last", range(30, 70, 7))
def test_a_total_is_never_alone_on_its_sheet(last):
    """Tables of many lengths, one after another: each total has a row above it, and a heading one below."""
    rows = [(f"Row {number}", number) for number in range(last)]
    tables = (
        Table("Rows", ("Name", "Number"), (*rows[:n], ("Total", 0)), total=True)
        for n in range(last - 7, last)
    )
    writer = PageWriter("page", Path(), Path(), "")
    source = "".join(writer.document(nodes.container("", table(each))) for each in tables)
    head = typesetting.opening("single", SETTINGS, title="Tables", running="", whose="")
    pages = PdfReader(io.BytesIO(typesetting.compiled(head + source, SETTINGS.start))).pages
    texts = [page.extract_text() for page in pages]
    assert sum(text.count("Total") for text in texts) == 7
    assert not any(re.search(r"^(?:Name\s+Number\s+)?Total|Name\s+Number\s+Page", text) for text in texts)


@pytest.mark.parametrize(
    ("width", "height", "size"), [(760, 300, 13), (374, 230, 10), (560, 508, 16), (400, 800, 11)]
)
def test_letters_of_a_drawing_suit_those_of_the_text(width, height, size):
    """They are between 7.5 and 9 points, and the drawing keeps to its page."""
    svg = f'<svg viewBox="0 0 {width} {height}"><text font-size="{size}px">a</text></svg>'
    wide, high, letters = print_size(svg)
    assert letters == pytest.approx(size * wide / width)
    assert 7.5 <= size * wide / width <= 9
    assert wide <= 510
    assert high <= 650


def test_a_page_left_out_and_a_file_lead_to_where_the_book_is_published(small):
    """Else they are words, a file with its name; a setting says which pages are left out."""
    small.write("M/evidence/E1-map.csv", "a,b\n1,2\n")
    small.write("guide.md", "# Guide\n\nHow to use it.\n")
    append(small.tree, "_toc.yml", "  - file: guide")
    small.edit("_config.yml", "language: en_GB", "language: en_GB\n    stp_pdf_without: [gui*]")
    small.edit(
        "M/1_Task.md", "It waits.", "It waits: [the map](evidence/E1-map.csv), [the guide](../guide.md)."
    )
    for base in ("", "https://example.org/me/"):
        if base:
            small.edit("_config.yml", "html:\n", f"html:\n  baseurl: {base}\n")
        for name in ("portfolio.pdf", "M_01_task.pdf"):
            path = exported(small) / name
            text = text_of_pdf(path)
            assert squeezed("It waits: the map (E1-map.csv), the guide.") in text
            assert squeezed("How to use it.") not in text
            assert (squeezed("ublished") in text) == bool(base)
            with pikepdf.open(path) as pdf:
                links = [
                    str(a.A.URI)
                    for p in pdf.pages
                    for a in p.get("/Annots", [])
                    if "/A" in a and "/URI" in a.A
                ]
            assert any(re.fullmatch(f"{base}_downloads/.*/E1-map.csv", link) for link in links) == bool(base)
            assert (f"{base}guide.html" in links) == bool(base)


def test_page_and_notebook_with_everything(small, tmp_path):
    """Nothing is lost or off the page, what no font has is named, it conforms; in another folder the same."""
    everything.add(small)
    done = small.build(*EPORTFOLIO)
    assert done.code == 0, done.output
    path = small.tree / "_build/eportfolio/portfolio.pdf"
    assert valid(path)
    text = text_of_pdf(path, "Small · Public edition")
    parts = everything.TEXT.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert [part for part in parts if squeezed(part) not in text] == []
    assert squeezed("import pandas") not in text  # a notebook's code is no part of what it shows
    assert re.search(r"no font has these characters.* as \[microscope\]", done.output)
    with pikepdf.open(path) as pdf:
        streams = [each.read_bytes() for each in pdf.objects if isinstance(each, pikepdf.Stream)]
        assert not [raw for raw in streams if b"secretword" in raw or str(small.tree).encode() in raw]
        links = [str(a.A.URI) for p in pdf.pages for a in p.get("/Annots", []) if "/A" in a and "/URI" in a.A]
        assert "https://example.org/a?b=1&c=2" in links
        assert [round(float(side)) for side in pdf.pages[0].MediaBox] == [0, 0, 595, 842]
    for page in PdfReader(path).pages:
        ends = []
        page.extract_text(visitor_text=lambda _text, _user, place, *_, ends=ends: ends.append(place[4]))
        assert all(0 <= end <= 595 for end in ends)
    other = Small(tmp_path / "other")
    everything.add(other)
    assert (exported(other) / path.name).read_bytes() == path.read_bytes()


def test_a_changed_page_is_seen_in_its_pdf_and_in_the_books(small):
    """And in no other."""
    add_activity(small, 2)
    before = {path.name: path.read_bytes() for path in exported(small).glob("*.pdf")}
    small.edit("M/2_Task.md", "It waits.", "It still waits.")
    after = {path.name: path.read_bytes() for path in exported(small).glob("*.pdf")}
    assert len(after) == 3
    assert {name for name in after if after[name] != before[name]} == {"portfolio.pdf", "M_02_task.pdf"}


def test_fault_of_a_page_is_a_fault_of_the_export(small):
    """Each with file and line, and a non-zero code, again and again."""
    Image.new("RGB", (8, 8), "white").save(small.tree / "square.png")
    small.write(
        "intro.md", "# Home\n\nThe words.\n\n![](square.png)\n\n![a square](gone.png)\n\n[a](gone.md)\n"
    )
    for _ in range(2):
        done = small.build(*EPORTFOLIO)
        assert done.code != 0
        for words in (
            r"intro\.md:5:.* has no alt text. Say what it",
            r"intro\.md:7:.*gone\.png",
            r"intro\.md:9:.*gone\.md",
        ):
            assert any(re.search(words, fault) for fault in done.faults), done.output


def test_every_page_says_the_day_of_the_export(small):
    """Cover, panels and heads of an export on the next day say that day, though no page has changed."""
    for day, other in (("30 June 2025", "1 July 2025"), ("1 July 2025", "30 June 2025")):
        if "July" in day:
            small.edit("data/portfolio.toml", "2025-06-30", "2025-07-01")
        for name in ("portfolio.pdf", "M_01_task.pdf"):
            text = text_of_pdf(exported(small) / name)
            assert squeezed(f"as it stood on {day}") in text.replace("Asit", "asit")
            assert squeezed(other) not in text


def test_export_packs_everything(small, tmp_path):
    """Of the chosen activities alone: PDFs, narratives, evidence, manifest, index, one zip; no more."""
    add_activity(small, 2)
    add_activity(small, 3)
    small.write("data/evidence/map.txt", "14 hand-offs")
    small.write("M/evidence/E1-map.txt", "15 hand-offs")  # as the command takes it in, with its id
    append(small.tree, "data/evidence.csv", "E1,2025-06-01,Map,note,M/1,HCPC/1,M/evidence/E1-map.txt")
    append(small.tree, "data/evidence.csv", "E2,2025-06-01,Map,note,M/2,HCPC/1,data/evidence/map.txt")
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.pdf").write_text("of the trainee", encoding="utf-8")
    said = told(small.tree, "export", "--edition", "public", "--only", "m/1", "--only", "M/3", "--out", out)
    assert said.splitlines()[-1].startswith("Next: upload")
    assert "Exporting the public edition." in said
    assert "portfolio.pdf" not in said
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    chosen = {f"M_0{number}_task.{ending}" for number in (1, 3) for ending in ("pdf", "txt")}
    assert set(rows) == chosen | {"evidence/E1-map.txt"}
    for name, row in rows.items():
        raw = (out / name).read_bytes()
        found = (str(len(raw)), hashlib.sha256(raw).hexdigest(), "public")
        assert (row["bytes"], row["sha256"], row["edition"]) == found
        assert row["pages"] == (str(len(PdfReader(out / name).pages)) if name.endswith(".pdf") else "")
    with zipfile.ZipFile(out / "eportfolio.zip") as archive:
        assert set(archive.namelist()) == {*rows, "manifest.csv", "index.txt"}
        assert archive.testzip() is None
    assert "evidence: evidence/E1-map.txt" in (out / "index.txt").read_text(encoding="utf-8")
    package.clear(out)
    assert [path.name for path in out.iterdir()] == ["mine.pdf"]
    assert "'M/99' is not an activity" in refused(small.tree, "export", "--only", "M/99")


@pytest.mark.parametrize(
    "name", [*"../../../x_map.txt ..\\x_map.txt /x_map.txt .x_map.txt …".split(), "x map.txt"]
)
def test_names_of_an_export_stay_in_its_folder(name):
    """Whatever a register or a page is called: letters, digits and three marks, and no dot at the start."""
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", package.safe(name))
    assert package.safe("E06_map.txt") == "E06_map.txt"


def test_assessor_edition_is_exported_where_there_is_an_overlay(repository):  # noqa: F811 - the fixture
    """It says which edition it exports, marks its cover, holds the overlay's words, and conforms."""
    page = (repository.tree / "M/1_Task.md").read_text(encoding="utf-8")
    repository.write("private/M/1_Task.md", page.replace("It waits.", "It waits, said hesitantly."))
    assert "Exporting the assessor edition." in told(repository.tree, "export")
    out = repository.tree / "_build/eportfolio"
    words = {"M_01_task": "It waits, said hesitantly", "portfolio": "Assessor edition, not for publication"}
    for name, text in words.items():
        assert valid(out / f"{name}.pdf")
        assert squeezed(text) in text_of_pdf(out / f"{name}.pdf")
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        assert {row["edition"] for row in csv.DictReader(file)} == {"assessor"}


def test_fonts_are_not_the_systems():
    """Every face comes from a package that is pinned, and ours with their licence."""
    held = {str(path) for folder in typesetting.folders() for path in folder.glob("*.ttf")}
    assert {face.path for face in typesetting.faces().fonts()} == held
    own, others = typesetting.folders()
    assert "SIL OPEN FONT LICENSE" in (own / "OFL.txt").read_text(encoding="utf-8")
    assert own.is_relative_to(Path(package.__file__).parent)
    assert "site-packages" in str(others) or "dist-packages" in str(others)

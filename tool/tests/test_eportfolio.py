"""The PDFs: conformant, complete, the same every time, and whole whatever stands on a page."""

import csv
import hashlib
import html
import io
import re
import shutil
import unicodedata
import zipfile
from pathlib import Path

import everything
import page as page_validation
import pikepdf
import pytest
from conftest import PDF_BUILDER, ROOT, build
from PIL import Image
from pypdf import PdfReader
from recount import Recount
from test_cli import run
from test_editions import repository  # noqa: F401 - a fixture

CHAPTER = "C1_Professional_Foundations"


def valid(path):
    found = [
        failure.rule_id
        for profile in ("ua1", "2a")
        for failure in page_validation.validate_pdf(str(path), profile=profile).failures
    ]
    # The validator takes a carriage return at the end of a stream's own data for part of the line end; count for it.
    if "PDFA2A-STREAM-LENGTH-001" in found and lengths_are_right(path.read_bytes()):
        found.remove("PDFA2A-STREAM-LENGTH-001")
    return found == []


def lengths_are_right(raw):
    """Each stream is followed by its end exactly where its length says."""
    streams = list(re.finditer(rb"/Length (\d+)[^>]*>>\s*stream\r?\n", raw))
    ends = [raw[stream.end() + int(stream[1]) :] for stream in streams]
    return len(streams) == raw.count(b"endstream") and all(re.match(rb"\r?\n?endstream", end[:12]) for end in ends)


def squeezed(text):
    """Letters and digits alone: what two ways of setting a text must agree in."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'")
    return "".join(letter for letter in text if letter.isalnum() or letter in "%'")


def text_of_pdf(path, running=()):
    """The text of a PDF without its running heads and page numbers."""
    texts = []
    for number, each in enumerate(PdfReader(path).pages, start=1):
        text = squeezed(each.extract_text())
        total = len(PdfReader(path).pages)
        for mark in (*running, f"Page {number} of {total}"):
            text = text.replace(squeezed(mark), "", 1)
        texts.append(text)
    return "".join(texts)


def sentences_of_page(markup):
    """The sentences of a web page's article: its blocks, without drawings and the marks of the theme."""
    article = re.search(r"<article.*?</article>", markup, re.DOTALL)[0]
    article = re.sub(r"<svg.*?</svg>|<a class=\"headerlink\".*?</a>|<footer.*?</footer>", " ", article, flags=re.DOTALL)
    blocks = re.split(r"</?(?:p|li|h\d|td|th|figcaption|caption|div|section|ul|ol|tr|table|hr)\b[^>]*>", article)
    for block in blocks:
        text = html.unescape(re.sub(r"<[^>]+>", "", block))
        yield from (part for part in re.split(r"(?<=[.?!])\s+", " ".join(text.split())) if squeezed(part))


def test_there_is_a_pdf_and_a_narrative_for_each_activity(book, pdfs):
    """The right number, named by module, number and page."""
    stems = sorted(path.stem for path in pdfs.glob("S-C1_*.pdf"))
    assert len(stems) == len(Recount(book.tree).activities) == 20
    assert stems[4] == "S-C1_05_patient-care-journey"
    assert sorted(path.stem for path in pdfs.glob("S-C1_*.txt")) == stems
    assert (pdfs / "portfolio.pdf").is_file()


def test_every_pdf_conforms(pdfs):
    """An independent validator finds nothing against PDF/UA-1 and PDF/A-2a, and the metadata claim both."""
    for path in sorted(pdfs.glob("*.pdf")):
        assert valid(path), path.name
        with pikepdf.open(path) as pdf, pdf.open_metadata() as metadata:
            assert metadata.get("pdfuaid:part") == "1"
            assert (metadata.get("pdfaid:part"), metadata.get("pdfaid:conformance")) == ("2", "A")


def test_structure_can_be_read_back(pdfs):
    """Title, language, author's role, outline, alt texts and embedded fonts of the book's PDF."""
    path = pdfs / "portfolio.pdf"
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "en-GB"
        assert str(pdf.docinfo.Title) == "NHS STP Clinical Informatics [SBI1-3-23]"
        assert "trainee" in str(pdf.docinfo.Author)
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
        assert "5. Explore patient care journey experiences" in titles
        assert len(titles) >= 28
        tags, alts = [], []
        seen = set()

        def walk(node):
            if isinstance(node, pikepdf.Array):
                for child in node:
                    walk(child)
            elif isinstance(node, pikepdf.Dictionary) and node.objgen not in seen:
                if node.objgen != (0, 0):
                    seen.add(node.objgen)
                if "/S" in node:
                    tags.append(str(node.S))
                    if "/Alt" in node:
                        alts.append(str(node.Alt))
                if "/K" in node:
                    walk(node.K)

        walk(pdf.Root.StructTreeRoot.K)
        fonts = {str(f.BaseFont) for p in pdf.pages for f in p.Resources.get("/Font", {}).values()}
    for tag in ("/H1", "/H2", "/L", "/LI", "/Table", "/TH", "/TD", "/Figure", "/Link", "/Caption"):
        assert tag in tags, tag
    assert sum("180 credits by phase" in alt for alt in alts) == 1
    assert sum(tag == "/Figure" for tag in tags) >= 5
    assert fonts
    assert all(re.fullmatch(r"/[A-Z]{6}\+(?:AtkinsonHyperlegible|DejaVuSans).*", font) for font in fonts)


def test_text_is_that_of_the_web_pages(book, pdfs):
    """Sentence by sentence: what stands on an activity's page stands in its PDF, and in the book's."""
    whole = text_of_pdf(pdfs / "portfolio.pdf", ["NHS STP Clinical Informatics [SBI1-3-23] · Public edition"])
    counted = 0
    for activity in Recount(book.tree).activities:
        stem = next(pdfs.glob(f"S-C1_{int(activity['number']):02}_*.pdf"))
        single = text_of_pdf(stem, [f"S-C1/{activity['number']} {activity['title']} · Clinical Informatics trainee"])
        for sentence in sentences_of_page(book.page(activity["page"])):
            counted += 1
            assert squeezed(sentence) in single, (stem.name, sentence)
            assert squeezed(sentence) in whole, sentence
    assert counted > 800
    for name in (
        "intro",
        f"{CHAPTER}/index",
        "notebooks/progress",
        "notebooks/credits",
        "notebooks/coverage",
        "about/how-it-is-made",
    ):
        for sentence in sentences_of_page(book.page(name)):
            assert squeezed(sentence) in whole, (name, sentence)


def test_narrative_is_ready_to_paste(pdfs):
    """No Markdown, no panel, no prompt and no heading of a model; the words of the page in its order."""
    for path in pdfs.glob("S-C1_*.txt"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\*\*|__|^#|\]\(|`|<[a-z]", text, flags=re.MULTILINE)
        assert not re.search(
            r"^(?:Before|In|On|Beyond) action\b|^What\?|Illustration:|Evidence held", text, flags=re.MULTILINE
        )
        headings = [line for line in text.splitlines() if line in ("Evidence", "Reflection", "Action plan", "Plan")]
        assert headings in (["Evidence", "Reflection", "Action plan"], ["Plan"])


def test_same_input_gives_the_same_bytes_and_is_set_once(book, tmp_path, copy):
    """A second folder gives the same PDFs; a second run sets none; a changed page sets its own and the book."""
    first = build(copy, *PDF_BUILDER)
    assert first.code == 0, first.output
    assert first.output.count("setting S-C1_") == 20
    made = {path.name: path.read_bytes() for path in (copy / "_build/eportfolio").glob("*.pdf")}
    assert build(copy, *PDF_BUILDER).output.count("setting ") == 0
    page = copy / CHAPTER / "5_PatientCareJourney.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Red rings", "Blue rings"), encoding="utf-8")
    again = build(copy, *PDF_BUILDER)
    assert sorted(re.findall(r"setting (\S+)", again.output)) == ["S-C1_05_patient-care-journey.pdf", "portfolio.pdf"]
    now = {path.name: path.read_bytes() for path in (copy / "_build/eportfolio").glob("*.pdf")}
    assert {name for name in made if made[name] != now[name]} == {"portfolio.pdf", "S-C1_05_patient-care-journey.pdf"}
    for name in now:
        assert str(copy).encode() not in now[name]


def test_same_bytes_in_another_folder(pdfs, copy):
    """Where a portfolio lies does not show in its PDFs."""
    assert build(copy, *PDF_BUILDER).code == 0
    for path in pdfs.glob("*.pdf"):
        assert (
            hashlib.sha256(path.read_bytes()).digest()
            == hashlib.sha256((copy / "_build/eportfolio" / path.name).read_bytes()).digest()
        )


@pytest.fixture
def stress(copy):
    """A copy of the book with one more page that uses everything."""
    everything.add_page(copy)
    return copy


def test_page_with_everything(stress):
    """Nothing is lost, nothing runs off the page, what no font has is named and reported, and it conforms."""
    done = build(stress, *PDF_BUILDER)
    assert done.code == 0, done.output
    path = stress / "_build/eportfolio/portfolio.pdf"
    assert valid(path)
    text = text_of_pdf(path, ["NHS STP Clinical Informatics [SBI1-3-23] · Public edition"])
    for part in (
        "Everything at once", "The note itself, with emphasis", "[woman]", "[cjk unified ideograph-65e5]", "λ",
        "abcdefghijklmnopqrstuvwxyz" * 4 + "abcdefghijklmnop", "Done: a done task", "To do: an open task", "nested, second", "deeper still",
        "Its definition", "A quotation of two lines", "A note with a list", "Mind this", "Card title", "Second card", "In the first tab",
        "In the second tab", "Opened in print", "Folded away until it is opened", "A remark in the margin", "The way of a request", "The caption of the square", "Row number 60", "Column14", "cell 3.14",
        "less < more >", "a" * 100,
    ):  # fmt: skip
        assert squeezed(part) in text, part
    assert "no font has these characters" in done.output
    assert "as [microscope]" in done.output
    raw = path.read_bytes()
    assert b"secretword" not in raw
    with pikepdf.open(path) as pdf:
        streams = b"".join(
            obj.read_bytes()
            for obj in pdf.objects
            if isinstance(obj, pikepdf.Stream) and "/Filter" in obj and obj.get("/Type") == "/Metadata"
        )
        assert str(stress).encode() not in raw + streams
        links = [str(a.A.URI) for p in pdf.pages for a in p.get("/Annots", []) if "/A" in a and "/URI" in a.A]
        assert "https://example.org/a?b=1&c=2" in links
        box = pdf.pages[0].MediaBox
        assert [round(float(v)) for v in box] == [0, 0, 595, 842]


FAULTS = {
    "image without alt text": ("\n![](square.png)\n", "an image has no alt text. Say what it shows"),
    "missing image": ("\n![a square](gone.png)\n", "gone.png"),
    "broken reference": ("\n[a page](gone.md)\n", "gone.md"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_of_a_page_is_a_fault_of_the_export(copy, name):
    """With file and line, and a non-zero code."""
    Image.new("RGB", (8, 8), "white").save(copy / CHAPTER / "square.png")
    text, words = FAULTS[name]
    page = copy / CHAPTER / "5_PatientCareJourney.md"
    page.write_text(page.read_text(encoding="utf-8") + text, encoding="utf-8")
    done = build(copy, *PDF_BUILDER)
    assert done.code != 0
    assert words in done.output
    assert re.search(r"5_PatientCareJourney\.md:\d+", done.output)


def test_export_packs_everything(copy, tmp_path):
    """PDFs, narratives, evidence files, manifest, index and one zip, each file with its hash."""
    (copy / "data/evidence").mkdir()
    (copy / "data/evidence/map.txt").write_text("14 hand-offs", encoding="utf-8")
    register = copy / "data/evidence.csv"
    register.write_text(
        register.read_text(encoding="utf-8").replace(
            "HCPC/12;HCPC/13;GSP/3,\n", "HCPC/12;HCPC/13;GSP/3,data/evidence/map.txt\n"
        ),
        encoding="utf-8",
    )
    out = tmp_path / "out"
    code, said, err = run(
        copy, "export", "--edition", "public", "--only", "S-C1/5", "--only", "s-c1/19", "--out", str(out)
    )
    assert code == 0, said + err
    assert "Exporting the public edition." in said
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    files = {row["file"] for row in rows}
    assert files == {
        "portfolio.pdf", "S-C1_05_patient-care-journey.pdf", "S-C1_05_patient-care-journey.txt", "S-C1_19_process-improvement.pdf",
        "S-C1_19_process-improvement.txt", "evidence/E06_map.txt",
    }  # fmt: skip
    for row in rows:
        raw = (out / row["file"]).read_bytes()
        assert (row["bytes"], row["sha256"], row["edition"]) == (
            str(len(raw)),
            hashlib.sha256(raw).hexdigest(),
            "public",
        )
        if row["file"].endswith(".pdf"):
            assert int(row["pages"]) == len(PdfReader(io.BytesIO(raw)).pages)
    with zipfile.ZipFile(out / "eportfolio.zip") as archive:
        assert set(archive.namelist()) == files | {"manifest.csv", "index.txt"}
        assert archive.testzip() is None
    assert "evidence: evidence/E06_map.txt" in (out / "index.txt").read_text(encoding="utf-8")
    assert run(copy, "export", "--only", "S-C1/99")[0] == 1
    assert run(copy, "export", "--edition", "assessor")[0] == 1


def test_assessor_edition_is_exported_where_there_is_an_overlay(repository):  # noqa: F811 - the fixture
    """It says which edition it exports, marks its cover, holds the overlay's words, and conforms."""
    shutil.copytree(ROOT / "examples/private", repository / "private")
    code, said, err = run(repository, "export")
    assert code == 0, said + err
    assert "Exporting the assessor edition." in said
    out = repository / "_build/eportfolio"
    single = out / "S-C1_07_mid-training-feedback.pdf"
    assert valid(single)
    assert valid(out / "portfolio.pdf")
    assert squeezed("A gap of 1.7 is hard to call bad luck") in text_of_pdf(single)
    assert squeezed("Assessor edition, not for publication") in text_of_pdf(out / "portfolio.pdf")
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        assert {row["edition"] for row in csv.DictReader(file)} == {"assessor"}


def test_fonts_are_not_the_systems():
    """Every face comes from a package that is pinned."""
    from stp_portfolio.pdf import fonts

    for folder in fonts.folders():
        assert "site-packages" in folder or "dist-packages" in folder
        assert list(Path(folder).glob("*.ttf"))
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "fontpkg-atkinson-hyperlegible==" in pins
    assert "typst==" in pins


def test_first_build_writes_the_sources_that_the_builder_writes(copy):
    """What an export would write stands beside the book after its first build, byte for byte, and costs no warning."""
    shutil.rmtree(copy / "_build")
    assert build(copy).code == 0
    folder = copy / "_build/.typst"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len([name for name in first if name.endswith(".typ")]) == 22
    shutil.rmtree(folder)
    assert build(copy, *PDF_BUILDER).code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_export_needs_no_sphinx_while_nothing_has_changed(copy):
    """After a build the PDFs are set from what it left; a changed page, or a fault, is never exported as it was."""
    shutil.rmtree(copy / "_build")
    assert build(copy).code == 0
    code, said, complaint = run(copy, "export")
    assert code == 0, complaint
    assert "setting portfolio.pdf" in said
    assert "Sphinx" not in said
    made = (copy / "_build/eportfolio/S-C1_05_patient-care-journey.pdf").read_bytes()
    page = copy / CHAPTER / "5_PatientCareJourney.md"
    original = page.read_text(encoding="utf-8")
    page.write_text(original.replace("Red rings", "Blue rings"), encoding="utf-8")
    code, said, complaint = run(copy, "export")
    assert code == 0, complaint
    assert "Sphinx" in said
    assert (copy / "_build/eportfolio/S-C1_05_patient-care-journey.pdf").read_bytes() != made
    page.write_text(f"{original}\n![A chart](https://example.org/chart.png)\n", encoding="utf-8")
    for _ in range(2):
        assert run(copy, "export")[0] == 1

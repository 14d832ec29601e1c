"""The PDFs: conformant, complete, the same every time, and whole whatever stands on a page."""

import csv
import hashlib
import re
import unicodedata
import zipfile
from pathlib import Path

import everything
import page as page_validation
import pikepdf
import pytest
from conftest import Small, refused, told
from lxml import etree, html
from PIL import Image
from portfolios import append
from pypdf import PdfReader
from recount import Recount
from test_editions import repository  # noqa: F401 - a fixture

from stp_portfolio.core import disk
from stp_portfolio.pdf import package, typesetting

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


def text_of_pdf(path, *running):
    """The text of a PDF without its running heads and page numbers."""
    texts = [squeezed(page.extract_text()) for page in PdfReader(path).pages]
    for number, text in enumerate(texts, start=1):
        for mark in (*running, f"Page {number} of {len(texts)}"):
            texts[number - 1] = text = text.replace(squeezed(mark), "", 1)
    return "".join(texts)


def sentences_of_page(markup):
    """The sentences of an article, without drawings, folded code, links to headings and the foot."""
    article = html.fromstring(markup).find(".//article")
    left_out = ".//svg | .//a[@class='headerlink'] | .//footer | .//details[@class='stp-code']"
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
    """Named by module, number and page; a validator finds nothing against PDF/UA-1 and PDF/A-2a."""
    stems = sorted(path.stem for path in pdfs.glob("S-C1_*.pdf"))
    assert len(stems) == len(Recount(book.tree).activities) == 20
    assert stems[4] == "S-C1_05_patient-care-journey"
    assert sorted(path.stem for path in pdfs.glob("*.txt")) == stems
    for path in (pdfs / "portfolio.pdf", *pdfs.glob("S-C1_*.pdf")):
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
            titles = [item.title for item in outline.root]
        held = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
        elements = [each for each in held if "/S" in each and "/P" in each]
        tags = [str(element.S) for element in elements]
        alts = [str(element.Alt) for element in elements if "/Alt" in element]
        fonts = [page.Resources.get("/Font", {}) for page in pdf.pages]
        faces = {str(face.BaseFont) for held in fonts for face in held.values()}
    assert "5. Explore patient care journey experiences" in titles
    assert len(titles) >= 28
    wanted = {"/H1", "/H2", "/L", "/LI", "/Table", "/TH", "/TD", "/Figure", "/Link", "/Caption"}
    assert wanted <= set(tags)
    assert tags.count("/Figure") == len(alts) >= 5
    assert sum("180 credits by phase" in alt for alt in alts) == 1
    assert faces
    assert all(re.fullmatch(r"/[A-Z]{6}\+(?:AtkinsonHyperlegible|DejaVuSans).*", face) for face in faces)


def test_text_is_that_of_the_web_pages(book, pdfs):
    """Sentence by sentence: what stands on an activity's page stands in its PDF, and all in the book's."""
    whole = text_of_pdf(pdfs / "portfolio.pdf", f"{BOOK} · Public edition")
    counted = 0
    for activity in Recount(book.tree).activities:
        path = next(pdfs.glob(f"S-C1_{int(activity['number']):02}_*.pdf"))
        head = f"S-C1/{activity['number']} {activity['title']} · Clinical Informatics trainee"
        single = text_of_pdf(path, head)
        sentences = sentences_of_page(book.page(activity["page"]))
        counted += len(sentences)
        assert [each for each in sentences if each not in single or each not in whole] == [], path.name
    assert counted > 800
    notebooks = [f"notebooks/{name}" for name in ("progress", "credits", "coverage")]
    for name in ("intro", "C1_Professional_Foundations/index", *notebooks, "about/how-it-is-made"):
        assert [each for each in sentences_of_page(book.page(name)) if each not in whole] == [], name


def test_narrative_is_ready_to_paste(pdfs):
    """No Markdown, no panel, no prompt and no heading of a model; the words of the page in its order."""
    prompts = r"^(?:Before|In|On|Beyond) action\b|^What\?|Illustration:|Evidence held"
    for path in pdfs.glob("S-C1_*.txt"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(rf"\*\*|__|^#|\]\(|`|<[a-z]|{prompts}", text, flags=re.MULTILINE)
        headings = re.findall(r"^(?:Evidence|Reflection|Action plan|Plan)$", text, flags=re.MULTILINE)
        assert headings in (["Evidence", "Reflection", "Action plan"], ["Plan"])


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
    assert set(rows) == chosen | {"evidence/E1_map.txt"}
    for name, row in rows.items():
        raw = (out / name).read_bytes()
        found = (str(len(raw)), hashlib.sha256(raw).hexdigest(), "public")
        assert (row["bytes"], row["sha256"], row["edition"]) == found
        assert row["pages"] == (str(len(PdfReader(out / name).pages)) if name.endswith(".pdf") else "")
    with zipfile.ZipFile(out / "eportfolio.zip") as archive:
        assert set(archive.namelist()) == {*rows, "manifest.csv", "index.txt"}
        assert archive.testzip() is None
    assert "evidence: evidence/E1_map.txt" in (out / "index.txt").read_text(encoding="utf-8")
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

"""Screening: what identifies is found wherever it stands, what does not is left in peace."""

import csv
import re
import shutil
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from conftest import NOT_SOURCES, ROOT
from nbformat import v4
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from pypdf import PdfWriter

from stp_portfolio.core import disk, reading
from stp_portfolio.desk import approval, checks
from stp_portfolio.privacy import Vocabulary, carriers, decisions, leaving, papers, screen, sources, unknown

SHARED = ROOT.parent / "shared" / "privacy" / "labelled.csv"
SETS = [Path(__file__).with_name("sentences.csv"), *([SHARED] if SHARED.is_file() else [])]
NUMBER = "999 055 4331"


def screened(path, vocabulary):
    return leaving.screen([(path.name, path.read_bytes())], vocabulary, frozenset())


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_labelled_sentences(path, record_property):
    """Of sentences by several authors: at least 0.95 that identify, at most 5 % of the clean ones."""
    rows = rows_of(path)
    shipped = decisions.approved(decisions.read(ROOT))
    positive = [row["text"] for row in rows if row["label"] == "1"]
    clean = [row["text"] for row in rows if row["label"] == "0"]
    assert len(positive) > 50
    assert len(clean) > 40
    # The terms of the clean sentences are reviewed and approved, as their author would.
    asked = [[hit.text for hit in unknown(text, Vocabulary(shipped))] for text in clean]
    approved = Vocabulary([*shipped, *(term for terms in asked for term in terms)])
    found, flagged = (sum(bool(screen(text, approved)) for text in texts) for texts in (positive, clean))
    recall, precision = found / len(positive), found / (found + flagged)
    figures = f"recall {recall:.3f}, precision {precision:.3f} on {len(rows)} sentences; "
    figures += f"{sum(map(bool, asked))} of {len(clean)} clean ones asked about at first"
    record_property("summary", f"screening, {path.parent.name}/{path.name}: {figures}")
    assert recall >= 0.95
    assert flagged / len(clean) <= 0.05


# -- both layers --------------------------------------------------------------------------------

SHAPES = "a|1 |1|: |A |@|one |www.|A-|a.|1.| |\n|patient |http://|](|`|nhs |1 jan |Aa |only |'a|a@b.|é|0aF+/"
SHAPES += "|A. |A.|Aa B, |Smith J, |Priya |priya |Mr |Rose |the only |University of |x-|Xqz-|'s |- |I have "


@pytest.mark.parametrize("shape", SHAPES.split("|"))
def test_time_grows_with_the_text(shape):
    """Twice the text takes about twice the time, whatever its shape."""

    def seconds(length):
        page = shape * (length // len(shape))
        begun = time.process_time()
        screen(page, Vocabulary(["Quenby Marl"]))
        return time.process_time() - begun

    seconds(100)  # what is read and compiled once
    assert any(seconds(2 * length) <= 3 * seconds(length) for length in (20_000, 30_000, 40_000, 50_000))


# -- terms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", [NUMBER, "jo.bloggs@example.org", "EC1A 1BB", "07700 900123"])
def test_no_identifier_can_be_approved(term):
    """A term that is an identifier by its form stays one, whatever the list says."""
    assert any(hit.direct for hit in screen(f"Seen: {term} today.", Vocabulary([term])))


# -- carriers ---------------------------------------------------------------------------------

PAGE, BOOK = "intro.md", "notebooks/own.ipynb"


def edit(tree, name, form, **words):
    """Put the text of a file into a form, with words where it has a place for them."""
    path = tree / name
    path.write_text(form.format(old=path.read_text(encoding="utf-8"), **words), encoding="utf-8")


def on_page(tree, words):
    edit(tree, PAGE, "{old}\n{words}\n", words=words)


def picture(tree, name="picture.png", alt="a white square of eight pixels", comment="", described=""):
    kept, exif = PngImagePlugin.PngInfo(), Image.Exif()
    kept.add_text("Comment", comment)
    exif[0x010E] = described  # ImageDescription
    Image.new("RGB", (8, 8), "white").save(tree / name, pnginfo=kept, exif=exif)
    on_page(tree, f"![{alt}]({name})")


def pdf(tree, words):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Subject": words})
    writer.write(tree / "paper.pdf")
    on_page(tree, "[the paper](paper.pdf)")


def notebook(tree, source="1", outputs=()):
    outputs = [v4.new_output("stream", text=words) for words in outputs]
    made = v4.new_notebook(cells=[v4.new_markdown_cell("# Own"), v4.new_code_cell(source, outputs=outputs)])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    disk.put(tree / BOOK, v4.writes(made))
    edit(tree, "_toc.yml", "{old}  - file: " + BOOK[:-6] + "\n")


def evidence_document(tree, words):
    """A document that no page links to, with the text as its author, as a word processor keeps it."""
    with zipfile.ZipFile(tree / "data/summary.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w:document><w:p><w:t>A plan.</w:t></w:p></w:document>")
        archive.writestr("docProps/core.xml", f"<cp:core><dc:creator>{words}</dc:creator></cp:core>")
    edit(tree, "data/evidence.csv", "{old}E90,2024-06-02,Summary,Notes,M/1,,data/summary.docx\n")


WRITTEN = {  # into a file that is there
    "page": (PAGE, "{old}\nI saw {words} there.\n"),
    "heading": (PAGE, "{old}\n### Seen {words}\n"),
    "front matter": (PAGE, '---\nnote: "{words}"\n---\n{old}'),
    "link target": (PAGE, "{old}\n[a link](https://example.org/?q={words})\n"),
    "CSV cell": ("data/progress.csv", "{old}2024-06-25,M,1,started,{words}\n"),
    "settings": ("data/portfolio.toml", "{old}# {words}\n"),
    "HTML comment": (PAGE, "{old}\n<!-- {words} -->\n"),
    "MyST comment": (PAGE, "{old}\n% {words}\n"),
}
MADE = {
    "document that is evidence": evidence_document,
    "alt text": lambda tree, words: picture(tree, alt=words),
    "file name": lambda tree, words: picture(tree, re.sub(r"\W", "_", words) + ".png"),
    "notebook code": lambda tree, words: notebook(tree, f"x = 1  # {words}"),
    "stored notebook output": lambda tree, words: notebook(tree, outputs=[words]),
    "image metadata": lambda tree, words: picture(tree, comment=words),
    "EXIF": lambda tree, words: picture(tree, "photo.jpg", described=words),
    "PDF metadata": pdf,
}


def carry(tree, name, words):
    if name in MADE:
        MADE[name](tree, words)
    else:
        file, form = WRITTEN[name]
        edit(tree, file, form, words=words)


@pytest.mark.skipif(
    carriers.ocr_engine() is None, reason="text in images is read where tesseract is installed"
)
def test_text_inside_an_image_is_read(small):
    """A screenshot with a number in its pixels is found, in the image."""
    import matplotlib

    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 28)
    image = Image.new("RGB", (700, 120), "white")
    ImageDraw.Draw(image).text((20, 40), f"NHS number {NUMBER}", font=font, fill="black")
    image.save(small.tree / "picture.png")
    on_page(small.tree, "![a drawing of a label](picture.png)")
    found = sources.run(small.tree, reading.load(small.tree))
    hits = [each for each in found if each.code == leaving.CERTAIN]
    assert [each.file for each in hits] == ["picture.png"]
    assert "(NHS number)" in str(hits[0])


def test_unread_picture_is_said_by_the_build_and_stops_a_commit(small, monkeypatch):
    """Where nothing reads pictures a book can be built all the same; git takes the picture once it is confirmed."""
    image = Image.new("RGB", (300, 120), "white")
    ImageDraw.Draw(image).text((20, 40), "Board of the day", fill="black")
    image.save(small.tree / "picture.png")
    on_page(small.tree, "![a whiteboard](picture.png)")
    monkeypatch.setattr(papers, "ocr_engine", lambda: None)
    done = small.build()
    assert done.code == 0, done.output
    assert "Not read, so a release refuses it until you look at it: picture.png" in done.output
    (unread,) = [each for each in checks.run(small.tree)[0] if each.code == leaving.PICTURE]
    assert unread.identifies  # which stops a commit
    approval.allow(small.tree, small.tree / "picture.png", "", "looked at it", date(2025, 7, 1))
    assert [each for each in checks.run(small.tree)[0] if each.code == leaving.PICTURE] == []


@pytest.mark.parametrize("name", [*WRITTEN, *MADE])
def test_identifier_in_any_carrier_ends_the_build(small, name):
    """Refused before anything is built, with file and kind; nothing is left that could be published."""
    carry(small.tree, name, NUMBER if name != "link target" else "patient=4471234")
    done = small.build()
    assert done.code != 0, done.output
    assert "The sources hold what could identify a person" in done.output
    assert not list(done.html.glob("*.html"))


def test_identifier_that_a_notebook_computes_ends_the_build(small):
    """Put together at run time it is in no source, and in no page either."""
    notebook(small.tree, "'999' + '055' + '4331'")
    done = small.build()
    assert done.code != 0
    assert "could identify a person (NHS number)" in done.output
    assert not list(done.html.glob("*.html"))


OFTEN = "page/alt text/front matter/CSV cell/notebook code/HTML comment/image metadata/PDF metadata"


@pytest.mark.parametrize("name", OFTEN.split("/"))
def test_every_kind_in_every_carrier_is_found(small, name):
    """Sentences that identify, each as the content of each carrier: as many are found as on their own."""
    often = 60 if name in ("alt text", "image metadata") else 6  # reading a picture takes 0.2 s
    texts = [row["text"] for row in rows_of(SETS[0]) if row["label"] == "1"][::often]
    texts = [re.sub(r"[\n\u2028]", " ", text.replace('"', "'")) for text in texts]
    vocabulary = Vocabulary(decisions.approved(decisions.read(ROOT)))
    originals = {path: path.read_bytes() for path in small.tree.rglob("*") if path.is_file()}
    found = 0
    for words in texts:
        safe = words.replace(",", ";") if name == "CSV cell" else words
        carry(small.tree, name, safe)
        changed = [p for p in small.tree.rglob("*") if p.is_file() and originals.get(p) != p.read_bytes()]
        found += any(screened(path, vocabulary) for path in changed)
        for path in changed:
            path.write_bytes(originals[path]) if path in originals else path.unlink()
    assert found / len(texts) >= 0.95


ENCODINGS = {
    "Windows line ends": lambda page: page.replace("\n", "\r\n").encode(),
    "byte order mark": lambda page: page.encode("utf-8-sig"),
    "UTF-16": lambda page: page.replace("\n", "\r\n").encode("utf-16"),
    "Windows' own": lambda page: page.encode("cp1252", "replace"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_encoding_and_line_ends_make_no_difference(small, name):
    """The same findings on the same lines as of a plain page, and none that is not there."""
    page = (ROOT / "C1_Professional_Foundations/5_PatientCareJourney.md").read_text(encoding="utf-8")
    page += f"\n(a-label)=\nI saw Zsófia there.\nIn the\nmorning I read {NUMBER} aloud.\n"
    vocabulary = Vocabulary(decisions.approved(decisions.read(ROOT)))
    small.write(PAGE, page)
    plain = screened(small.tree / PAGE, vocabulary)
    (small.tree / PAGE).write_bytes(ENCODINGS[name](page))
    assert [each.value for each in plain] == ["Zsófia", NUMBER]
    assert screened(small.tree / PAGE, vocabulary) == plain
    on_windows = screen(page.replace("\n", "\r\n"), vocabulary)
    assert [hit.text for hit in on_windows] == [hit.text for hit in screen(page, vocabulary)]


def test_second_run_reads_nothing_again(small, monkeypatch):
    """What is unchanged comes from the last run; a changed file is screened anew."""
    portfolio = reading.load(small.tree)
    first = sources.run(small.tree, portfolio)
    screened, real = [], leaving.pieces
    monkeypatch.setattr(leaving, "pieces", lambda name, raw: screened.append(name) or real(name, raw))
    assert sources.run(small.tree, portfolio) == first
    assert screened == []
    on_page(small.tree, "More.")
    sources.run(small.tree, portfolio)
    assert screened == [PAGE]


def test_terms_are_grouped_and_shipped_pages_have_none(tmp_path):
    """An unknown name on two pages is one finding with both places; the shipped book has no finding."""
    tree = tmp_path / "portfolio"
    shutil.copytree(ROOT, tree, ignore=NOT_SOURCES)
    assert checks.run(tree)[0] == []
    for name in ("C1_Professional_Foundations/5_PatientCareJourney.md", PAGE):
        edit(tree, name, "{old}\nThen I thanked Priya.\n")
    found = checks.run(tree)[0]
    assert len(found) == 1
    assert "«Priya»" in str(found[0])
    assert "(also in intro.md:" in str(found[0])
    assert "portfolio approve Priya" in str(found[0])


def test_code_is_no_prose(small):
    """The words of code are asked about nowhere; a name in a comment or in a string is."""
    lines = ["frame['day'].astype(int).idxmax() is False", "f'{frame.nunique()} of them'", "# as Quenby said"]
    notebook(small.tree, "\n".join([*lines, "print('I thanked Marl')"]))
    found = screened(small.tree / BOOK, Vocabulary())
    assert [each.value for each in found] == ["Quenby", "Marl"]

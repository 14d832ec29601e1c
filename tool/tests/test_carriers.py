"""Whatever a file says is read: one invented name and one invented number, planted in every place there is."""

import base64
import bz2
import contextlib
import gzip
import io
import json
import random
import time
import zipfile
import zlib
from pathlib import Path

import matplotlib
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, PngImagePlugin
from pypdf import PdfWriter
from pypdf.annotations import FreeText, Link, Text
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from stp_portfolio.core.findings import Refusal
from stp_portfolio.privacy import Vocabulary, carriers, cleaning, decisions, leaving
from stp_portfolio.privacy.carriers import Closed, Piece, name_text, pieces

NAME, NUMBER = "Quenby Marl", "999 055 4331"
WORDS = f"{NAME} {NUMBER}"

# -- texts ----------------------------------------------------------------------------------------


def table(name, file=None):
    for row in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        place, _, form = row.partition(": ")
        yield file or place, place, form.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def filled(form, words=WORDS):
    packed = base64.b64encode(f"<p>{words}</p>{words}<p>{words}</p>".encode()).decode()
    more = {"w": words, "lines": words.replace(" ", "\n"), "name": NAME, "number": NUMBER, "b64": packed}
    return form.format(**more)


CARRIERS = {f"page, {place}": (file, form) for file, place, form in table("carriers_pages.txt", "a.md")}
CARRIERS |= {place: (file, form) for file, place, form in table("carriers_files.txt")}


def said(name, raw, *, prose=None):
    found = [each for each in pieces(name, raw) if isinstance(each, Piece)]
    return "\n".join(" ".join(each.text.split()) for each in found if prose is None or each.prose == prose)


def assert_read(name, raw):
    assert "Quenby" in said(name, raw, prose=True).replace("\u00ad", "")
    assert NUMBER in said(name, raw).replace("-", " ").replace("\u200b", "").replace(
        "\u00a0", " "
    ) or "9990554331" in said(name, raw)


@pytest.mark.parametrize("name", CARRIERS)
def test_text(name):
    file, form = CARRIERS[name]
    assert_read(file, filled(form).encode())


def saved(image, kind="PNG", **how):
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


# -- what is packed -------------------------------------------------------------------------------


def zipped(files, comment=b"", notes=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, held in files.items():
            entry = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
            entry.comment = dict(notes).get(name, b"")
            archive.writestr(entry, held)
        archive.comment = comment
    return buffer.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
ODF = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{w}</dc:creator></cp:coreProperties>'
)
RELATED = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'


def office(part, xml, words=WORDS, **more):
    """An Office document with a part of its own."""
    body = f"<w:document {W}><w:body><w:p><w:r><w:t>A plan.</w:t></w:r></w:p></w:body></w:document>"
    held = {"[Content_Types].xml": TYPES.format(""), "word/document.xml": body}
    return zipped(held | {part: filled(xml, words) if isinstance(xml, str) else xml} | more)


PARTS = {
    "text in runs": ("word/document.xml", f"<w:document {W}><w:p><w:r><w:t>Quen</w:t></w:r><w:r><w:t>by Marl 999 0</w:t></w:r><w:r><w:t>55 4331</w:t></w:r></w:p></w:document>"),
    "tabs": ("word/document.xml", f"<w:document {W}><w:p><w:r><w:t>Quenby Marl 999</w:t><w:tab/><w:t>055</w:t><w:br/><w:t>4331</w:t></w:r></w:p></w:document>"),
    "comment": ("word/comments.xml", f'<w:comments {W}><w:comment w:author="A"><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:comment></w:comments>'),
    "author of a comment": ("word/comments.xml", f'<w:comments {W}><w:comment w:author="{{w}}"/></w:comments>'),
    "person": ("word/people.xml", '<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"><w15:person w15:author="{w}"/></w15:people>'),
    "inserted": ("word/document.xml", f'<w:document {W}><w:p><w:ins w:author="B"><w:r><w:t>{{w}}</w:t></w:r></w:ins></w:p></w:document>'),
    "deleted": ("word/document.xml", f'<w:document {W}><w:p><w:del w:author="B"><w:r><w:delText>{{w}}</w:delText></w:r></w:del></w:p></w:document>'),
    "author of a change": ("word/document.xml", f'<w:document {W}><w:p><w:del w:author="{{w}}"/></w:p></w:document>'),
    "alternative text": ("word/document.xml", f'<w:document {W} xmlns:wp="http://a/"><w:p><w:drawing><wp:docPr id="1" name="Picture 1" descr="{{w}}"/></w:drawing></w:p></w:document>'),
    "name of a picture": ("word/document.xml", f'<w:document {W} xmlns:wp="http://a/"><w:p><w:drawing><wp:docPr id="1" name="{{w}}"/></w:drawing></w:p></w:document>'),
    "word art": ("word/document.xml", f'<w:document {W} xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="{{w}}"/></w:document>'),
    "field": ("word/document.xml", f'<w:document {W}><w:p><w:fldSimple w:instr=" AUTHOR {{w}} "/></w:p></w:document>'),
    "field's code": ("word/document.xml", f'<w:document {W}><w:p><w:r><w:instrText>HYPERLINK "mailto:{{w}}"</w:instrText></w:r></w:p></w:document>'),
    "control": ("word/document.xml", f'<w:document {W}><w:sdt><w:sdtPr><w:alias w:val="{{w}}"/></w:sdtPr></w:sdt></w:document>'),
    "text box": ("word/document.xml", f"<w:document {W}><w:p><w:r><w:txbxContent><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:txbxContent></w:r></w:p></w:document>"),
    "bookmark": ("word/document.xml", f'<w:document {W}><w:bookmarkStart w:name="{{w}}"/></w:document>'),
    "header": ("word/header1.xml", f"<w:hdr {W}><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:hdr>"),
    "footnote": ("word/footnotes.xml", f"<w:footnotes {W}><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:footnotes>"),
    "glossary": ("word/glossary/document.xml", f"<w:document {W}><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:document>"),
    "variable": ("word/settings.xml", f'<w:settings {W}><w:docVars><w:docVar w:name="{{w}}" w:val="1"/></w:docVars></w:settings>'),
    "other format": ("word/afchunk1.html", "<p>{w}</p>"),
    "custom XML": ("customXml/item1.xml", '<a b="{w}"/>'),
    "creator": ("docProps/core.xml", CORE),
    "company": ("docProps/app.xml", '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Company>{w}</Company></Properties>'),
    "property": ("docProps/custom.xml", '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"><property name="{w}"/></Properties>'),
    "cell": ("xl/sharedStrings.xml", f"<sst {S}><si><t>{{w}}</t></si></sst>"),
    "rich cell": ("xl/sharedStrings.xml", f"<sst {S}><si><r><t>Quen</t></r><r><t>by Marl 999 055 </t></r><r><t>4331</t></r></si></sst>"),
    "cell in its sheet": ("xl/worksheets/sheet1.xml", f'<worksheet {S}><sheetData><row><c t="inlineStr"><is><t>{{w}}</t></is></c></row></sheetData></worksheet>'),
    "number in a cell": ("xl/worksheets/sheet1.xml", f'<worksheet {S}><row><c t="str"><v>Quenby</v></c><c><v>9990554331</v></c></row></worksheet>'),
    "formula": ("xl/worksheets/sheet1.xml", f'<worksheet {S}><row><c><f>"{{w}}"&amp;A1</f></c></row></worksheet>'),
    "hidden sheet": ("xl/workbook.xml", f'<workbook {S}><sheets><sheet name="{{w}}" state="hidden"/></sheets></workbook>'),
    "defined name": ("xl/workbook.xml", f'<workbook {S}><definedNames><definedName name="a">"{{w}}"</definedName></definedNames></workbook>'),
    "comment on a cell": ("xl/comments1.xml", f"<comments {S}><authors><author>x</author></authors><commentList><comment><text><t>{{w}}</t></text></comment></commentList></comments>"),
    "author on a cell": ("xl/comments1.xml", f"<comments {S}><authors><author>{{w}}</author></authors></comments>"),
    "pivot": ("xl/pivotCache/pivotCacheDefinition1.xml", f'<pivotCacheDefinition {S}><s v="Quenby"/><s v="{{w}}"/></pivotCacheDefinition>'),
    "validation": ("xl/worksheets/sheet1.xml", f'<worksheet {S}><dataValidation prompt="{{w}}"/></worksheet>'),
    "header of a sheet": ("xl/worksheets/sheet1.xml", f"<worksheet {S}><headerFooter><oddHeader>&amp;C{{w}}</oddHeader></headerFooter></worksheet>"),
    "slide": ("ppt/slides/slide1.xml", f'<p:sld {P} show="0"><a:p><a:r><a:t>Quenby Marl 999 </a:t></a:r><a:r><a:t>055 4331</a:t></a:r></a:p></p:sld>'),
    "notes": ("ppt/notesSlides/notesSlide1.xml", f"<p:notes {P}><a:p><a:r><a:t>{{w}}</a:t></a:r></a:p></p:notes>"),
    "author of a slide": ("ppt/commentAuthors.xml", f'<p:cmAuthorLst {P}><p:cmAuthor name="a" initials="{{w}}"/></p:cmAuthorLst>'),
    "chart": ("ppt/charts/chart1.xml", '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:v>{w}</c:v></c:chart>'),
    "text document": ("content.xml", f"<office:document-content {ODF}><office:text><text:p>Quenby<text:s/>Marl 999 <text:span>055 </text:span>4331</text:p></office:text></office:document-content>"),
    "annotation": ("content.xml", f"<office:document-content {ODF}><office:annotation><dc:creator>{{w}}</dc:creator></office:annotation></office:document-content>"),
    "table": ("content.xml", f'<office:document-content {ODF}><table:table table:name="Quenby"><table:table-cell office:string-value="{{w}}"/></table:table></office:document-content>'),
    "meta": ("meta.xml", f"<office:document-meta {ODF}><office:meta><dc:creator>{{w}}</dc:creator></office:meta></office:document-meta>"),
    "embedded document": ("word/embeddings/a.docx", office("word/document.xml", f"<w:document {W}><w:p><w:r><w:t>{{w}}</w:t></w:r></w:p></w:document>")),
    "help": ("word/document.xml", f'<w:document {W}><w:ffData><w:statusText w:val="{{w}}"/></w:ffData></w:document>'),
    "choice": ("word/document.xml", f'<w:document {W}><w:listItem w:displayText="{{w}}" w:value="1"/></w:document>'),
    "description of a table": ("word/document.xml", f'<w:document {W}><w:tblDescription w:val="{{w}}"/></w:document>'),
    "form of a number": ("xl/styles.xml", f'<styleSheet {S}><numFmt formatCode="&quot;{{w}}&quot;0"/></styleSheet>'),
    "connection": ("xl/connections.xml", f'<connections {S}><connection name="a" description="{{w}}"/></connections>'),
    "column": ("xl/tables/table1.xml", f'<table {S}><tableColumn name="{{w}}"/></table>'),
    "shape": ("xl/drawings/vmlDrawing1.vml", '<xml xmlns:v="urn:schemas-microsoft-com:vml"><v:shape alt="{w}"/></xml>'),
    "section": ("ppt/presentation.xml", f'<p:presentation {P}><p:section name="{{w}}"/></p:presentation>'),
    "drawing": ("word/media/a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><text>{w}</text></svg>'),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_office(name):
    """Every part of a document is read, whatever its ending says it is."""
    assert_read("a.docx", office(*PARTS[name]))


BORN = {
    "a.xlsx": zipped({
        "xl/workbook.xml": f"<workbook {S}/>",
        "xl/styles.xml": f'<styleSheet {S}><numFmts><numFmt numFmtId="165" formatCode="d mmm yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="165"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f"<sst {S}><si><t>Date of birth</t></si></sst>",
        "xl/worksheets/sheet1.xml": f'<worksheet {S}><row><c r="B1" t="s"><v>0</v></c></row><row><c r="B2" s="1"><v>20893</v></c></row></worksheet>',
    }),
    "a.html": b"<table><tr><th>A</th><th>Date of birth</th></tr><tr><td>x</td><td>1957-03-14</td></tr></table>",
    "a.md": b"| A | Date of birth |\n|---|---|\n| x | 1957-03-14 |",
    "a.csv": b"A,Date of birth\nx,1957-03-14",
}  # fmt: skip


@pytest.mark.parametrize("name", BORN)
def test_cell_is_read_with_its_heading(name):
    """A day that a workbook keeps as a number is a day; what it is the day of stands above it."""
    assert "Date of birth: 1957-03-14" in [
        each.value for each in leaving.screen([(name, BORN[name])], None, ())
    ]


def test_stamps_of_a_program_are_not_read():
    """Only the second in which a file was saved is so exact; a day of birth has no time."""
    part = "<d xmlns='http://purl.oclc.org/'><a>2026-11-26T12:34:03Z</a><b>1957-03-14T00:00:00</b></d>"
    assert said("a.docx", office("docProps/core.xml", part)).count("2026") == 0
    assert "1957" in said("a.docx", office("docProps/core.xml", part))


def notebook(**cell):
    shown = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []} | cell
    return json.dumps({"cells": [shown], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def output(**data):
    return notebook(outputs=[{"output_type": "display_data", "metadata": {}, "data": data}])


B64 = base64.b64encode
NOTEBOOKS = {
    "words of a cell": notebook(cell_type="markdown", source=["I saw Quenby\n", "Marl 999 055\n", "4331."]),
    "comment": notebook(source=f"# {WORDS}"),
    "printed": notebook(outputs=[{"output_type": "stream", "text": ["Quenby Marl 999\n", "055 4331\n"]}]),
    "error": notebook(outputs=[{"output_type": "error", "evalue": WORDS, "traceback": []}]),
    "traceback": notebook(outputs=[{"output_type": "error", "traceback": [f"\x1b[31m{WORDS}"]}]),
    "plain": output(**{"text/plain": [WORDS]}),
    "HTML": output(**{"text/html": "<td>Quenby Marl 999&nbsp;055&nbsp;4331</td>"}),
    "drawing": output(
        **{"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg"><text>{WORDS}</text></svg>'}
    ),
    "JSON": output(**{"application/vnd.x+json": {"a": [WORDS]}}),
    "script": output(**{"application/javascript": f"let a = '{WORDS}'"}),
    "unknown form": output(**{"application/x-a": WORDS}),
    "packed form": output(**{"application/pdf": B64(f"<p>{WORDS}</p>".encode()).decode()}),
    "attachment": notebook(cell_type="markdown", source="a", attachments={"a": {"text/plain": WORDS}}),
    "metadata": json.dumps({"cells": [], "metadata": {"authors": [{"name": WORDS}]}}),
    "metadata of a cell": notebook(metadata={"note": WORDS}),
    "widgets": json.dumps({"cells": [], "metadata": {"widgets": {"a": {"state": {"b": {"value": WORDS}}}}}}),
    "no notebook": WORDS,
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name):
    assert_read("a.ipynb", NOTEBOOKS[name].encode())


PACKED = {
    "a.zip": zipped({"a.txt": WORDS}),
    "deep.zip": zipped({"b.zip": zipped({"c.zip": zipped({"a.txt": WORDS})})}),
    "member.zip": zipped({f"{WORDS}/a.txt": "x"}),
    "comment.zip": zipped({"a.txt": "x"}, comment=WORDS.encode()),
    "note.zip": zipped({"a.txt": "x"}, notes=[("a.txt", WORDS.encode())]),
    "called.txt": zipped({"a.txt": WORDS}),
    "after a picture.gif": b"GIF89a\1\0\1\0\0\0\0;" + zipped({"a.txt": WORDS}),
    "after a picture.png": saved(Image.new("RGB", (8, 8))) + zipped({"a.txt": WORDS}),
    "objects.inv": b"# Sphinx inventory version 2\n# 2\n# 3\n# 4\n" + zlib.compress(f"a std:label 1 b# {WORDS}\n".encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_archive(name):
    assert_read(name, PACKED[name])


ENCODINGS = "utf-8-sig utf-16 utf-16-le utf-16-be utf-32 cp1252".split()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("file", ["a.md", "a.txt", "a.html", "a.svg", "a.csv", "a.json"])
def test_encoding(file, encoding):
    """However a text is kept, a letter is a letter."""
    form = {"html": "<p>{}</p>", "svg": '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>'}
    text = form.get(file[2:], '"{}"\n').format(f"Seen {WORDS} with Zoë")
    assert_read(file, text.encode(encoding))
    assert "Zoë" in said(file, text.encode(encoding))


# -- pictures ---------------------------------------------------------------------------------------


def drawn(words="", mode="RGB", ground="white", ink="black"):
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", 40)
    image = Image.new(mode, (900, 120), ground)
    ImageDraw.Draw(image).text((20, 40), words, font=font, fill=ink)
    return image


def exif(key, value, part=None):
    held = Image.Exif()
    (held.get_ifd(part) if part else held)[key] = value
    return held


def noted(**texts):
    info = PngImagePlugin.PngInfo()
    for key, (add, value) in texts.items():
        getattr(info, add)(key, value, zip=True)
    return info


XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{WORDS}</a></x:xmpmeta>'.encode()
STANDARD = XMP.replace(
    b"><a", b' xmlns:u="http://www.aiim.org/pdfua/ns/id/" u:part="1"><!--%b--><a' % WORDS.encode()
)
BLANK = Image.new("RGB", (8, 8), "white")
WIDE = b"UNICODE\0" + WORDS.encode("utf-16-le")
NOTED = {
    "description.jpg": saved(BLANK, "JPEG", exif=exif(0x010E, WORDS)),
    "artist.png": saved(BLANK, exif=exif(0x013B, WORDS)),
    "author.jpg": saved(BLANK, "JPEG", exif=exif(0x9C9D, WORDS.encode("utf-16-le"))),
    "comment of a user.jpg": saved(BLANK, "JPEG", exif=exif(0x9286, b"ASCII\0\0\0" + WORDS.encode(), 0x8769)),
    "wide comment.jpg": saved(BLANK, "JPEG", exif=exif(0x9286, WIDE, 0x8769)),
    "comment.jpg": saved(BLANK, "JPEG", comment=WORDS.encode()),
    "xmp.jpg": saved(BLANK, "JPEG", xmp=XMP),
    "text.png": saved(BLANK, pnginfo=noted(Author=("add_text", WORDS))),
    "itxt.png": saved(BLANK, pnginfo=noted(Author=("add_itxt", WORDS))),
    "comment.gif": saved(BLANK.convert("P"), "GIF", comment=WORDS.encode()),
    "exif.webp": saved(BLANK, "WEBP", exif=exif(0x010E, WORDS)),
    "xmp.webp": saved(BLANK, "WEBP", xmp=XMP),
    "artist.tif": saved(BLANK, "TIFF", tiffinfo={315: WORDS}),
    "called.txt": saved(BLANK, "JPEG", comment=WORDS.encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTED)
def test_metadata_of_a_picture(name):
    """It is read; a cleaned copy has none, and is as large as it was."""
    assert_read(name, NOTED[name])
    clean = cleaning.clean(name, NOTED[name])
    assert said(name, clean) == ""
    assert WORDS.encode() not in clean
    assert cleaning.clean(name, clean) == clean
    assert Image.open(io.BytesIO(clean)).size == (8, 8)


def test_place_of_a_picture_is_a_finding():
    raw = saved(BLANK, "JPEG", exif=exif(1, "N", 0x8825))
    assert "GPSInfo" in said("a.jpg", raw)
    assert said("a.jpg", cleaning.clean("a.jpg", raw)) == ""


PIXELS = {
    "screenshot": saved(drawn(WORDS)),
    "photograph": saved(drawn(WORDS), "JPEG"),
    "white on black": saved(drawn(WORDS, ground="black", ink="white")),
    "white on nothing": saved(drawn(WORDS, "RGBA", (0, 0, 0, 0), "white")),
    "second page": saved(Image.new("RGB", (900, 120), "white"), "TIFF", save_all=True, append_images=[drawn(WORDS)]),
    "second frame": saved(Image.new("RGB", (900, 120), "white"), "GIF", save_all=True, append_images=[drawn(WORDS)]),
}  # fmt: skip
FROM = {
    "notebook": lambda raw: ("a.ipynb", output(**{"image/png": B64(raw).decode()}).encode()),
    "notebook's attachment": lambda raw: (
        "a.ipynb",
        notebook(cell_type="markdown", source="a", attachments={"a": {"image/png": B64(raw).decode()}}).encode(),
    ),
    "page": lambda raw: ("a.md", b"![a](data:image/png;base64," + B64(raw) + b")"),
    "style": lambda raw: ("a.css", b"a { background: url(data:image/png;base64," + B64(raw) + b") }"),
    "drawing": lambda raw: (
        "a.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/png;base64,' + base64.encodebytes(raw) + b'"/></svg>',
    ),
    "document": lambda raw: ("a.docx", office("word/media/a.png", raw)),
    "PDF": lambda raw: ("a.pdf", saved(Image.open(io.BytesIO(raw)).convert("RGB"), "PDF")),
    "archive": lambda raw: ("a.zip", zipped({"a.png": raw})),
}  # fmt: skip


@pytest.mark.skipif(
    carriers.ocr_engine() is None, reason="text in pictures is read where tesseract is installed"
)
@pytest.mark.parametrize("name", PIXELS)
def test_text_in_pixels(name):
    assert_read("a.png", PIXELS[name])


@pytest.mark.parametrize("name", FROM)
def test_picture_in_a_file(name, monkeypatch, tmp_path):
    """Pixels are read wherever they are; without an engine they are said to be unread."""
    file = FROM[name](PIXELS["screenshot"])
    if carriers.ocr_engine():
        assert_read(*file)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [each.picture for each in pieces(*file) if isinstance(each, Closed)] == [True]


def test_pictures_without_text_need_no_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for image in (drawn("x").resize((16, 16)), Image.new("RGB", (500, 500), "teal")):
        assert not list(pieces("a.png", saved(image)))


# -- PDFs -------------------------------------------------------------------------------------------


def pdf(change=None, content="BT /F1 12 Tf 9 90 Td (A plan.) Tj ET"):
    writer = PdfWriter()
    page = writer.add_blank_page(300, 100)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    fonts = DictionaryObject({NameObject("/F1"): dictionary(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(content.encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    if change:
        change(writer, page)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def dictionary(held):
    objects = (
        (key, NameObject(value) if value.startswith("/") else TextStringObject(value))
        for key, value in held.items()
    )
    return DictionaryObject({NameObject(key): value for key, value in objects})


def stream(text, **kept):
    made = StreamObject()
    made.set_data(text if isinstance(text, bytes) else text.encode())
    made.update(dictionary({f"/{key}": value for key, value in kept.items()}))
    return made


def on_page(**held):
    """A dictionary with a text, which the page leads to."""
    return lambda writer, page: page.update(
        {NameObject("/X"): writer._add_object(dictionary({f"/{k}": v for k, v in held.items()}))}
    )


def annotated(annotation, **more):
    def change(writer, page):
        annotation.update(dictionary({f"/{key}": value for key, value in more.items()}))
        writer.add_annotation(0, annotation)

    return change


def rooted(key, value):
    return lambda writer, _page: writer.root_object.update({NameObject(key): writer._add_object(value)})


def appearing(writer, page):
    form = stream(f"BT /F1 12 Tf 9 90 Td ({WORDS}) Tj ET", Type="/XObject", Subtype="/Form")
    form[NameObject("/Resources")] = page["/Resources"]
    form[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 300, 100)])
    stamp = Text(rect=(9, 9, 20, 20), text="x")
    stamp[NameObject("/AP")] = DictionaryObject({NameObject("/N"): writer._add_object(form)})
    writer.add_annotation(0, stamp)


SPOT = (9, 9, 20, 20)
PDFS = {
    "text": pdf(content=f"BT /F1 12 Tf 9 90 Td ({WORDS}) Tj ET"),
    "broken": pdf(content="BT /F1 12 Tf 9 90 Td (Quenby Marl 999) Tj 0 -14 Td (055 4331) Tj ET"),
    "hidden text": pdf(content=f"BT 3 Tr /F1 12 Tf 9 90 Td ({WORDS}) Tj ET"),
    "layer": pdf(content=f"/OC /Off BDC BT /F1 12 Tf 9 90 Td ({WORDS}) Tj ET EMC"),
    "comment": pdf(annotated(Text(rect=SPOT, text=WORDS))),
    "text on the page": pdf(annotated(FreeText(rect=SPOT, text=WORDS))),
    "author": pdf(annotated(Text(rect=SPOT, text="x"), T=WORDS)),
    "subject": pdf(annotated(Text(rect=SPOT, text="x"), Subj=WORDS)),
    "address": pdf(annotated(Link(rect=SPOT, url=f"mailto:{WORDS}"))),
    "stamp": pdf(appearing),
    "field": pdf(on_page(FT="/Tx", T="a", V=WORDS)),
    "name of a field": pdf(on_page(FT="/Tx", T="a", TU=WORDS)),
    "bookmark": pdf(lambda writer, _page: writer.add_outline_item(WORDS, 0)),
    "property": pdf(lambda writer, _page: writer.add_metadata({"/Author": WORDS})),
    "own property": pdf(lambda writer, _page: writer.add_metadata({"/Note": WORDS})),
    "XMP": pdf(rooted("/Metadata", stream(XMP, Type="/Metadata", Subtype="/XML"))),
    "XMP of a standard": pdf(rooted("/Metadata", stream(STANDARD, Type="/Metadata", Subtype="/XML"))),
    "XMP of a page": pdf(lambda writer, page: page.update({NameObject("/Metadata"): writer._add_object(stream(XMP, Type="/Metadata"))})),
    "attachment": pdf(lambda writer, _page: writer.add_attachment("a.txt", WORDS.encode())),
    "document attached": pdf(lambda writer, _page: writer.add_attachment("a.docx", office("docProps/core.xml", CORE))),
    "name of an attachment": pdf(lambda writer, _page: writer.add_attachment(f"{WORDS}.txt", b"x")),
    "PDF in a PDF": pdf(lambda writer, _page: writer.add_attachment("a", pdf(on_page(FT="/Tx", V=WORDS)))),
    "script": pdf(rooted("/OpenAction", dictionary({"/S": "/JavaScript", "/JS": f"app.alert('{WORDS}')"}))),
    "script in a stream": pdf(rooted("/X", stream(f"app.alert('{WORDS}')"))),
    "alternative text": pdf(rooted("/X", dictionary({"/S": "/Figure", "/Alt": WORDS}))),
    "name of a layer": pdf(rooted("/X", dictionary({"/Type": "/OCG", "/Name": WORDS}))),
    "spoken instead": pdf(content=f"/Span <</ActualText ({WORDS})>> BDC BT /F1 12 Tf 9 90 Td (A plan) Tj ET EMC"),
    "kerned": pdf(content="BT /F1 12 Tf 9 90 Td [(Quen) -20 (by Marl 9) 10 (99 055 43) 5 (31)] TJ ET"),
    "label of a page": pdf(rooted("/PageLabels", dictionary({"/P": WORDS}))),
    "noted in a picture": pdf(rooted("/X", stream(NOTED["description.jpg"], Subtype="/Image", Filter="/DCTDecode"))),
    "named place": pdf(lambda writer, _page: writer.root_object.update({NameObject("/Dests"): dictionary({"/Quenby_Marl_9990554331": "x"})})),
    "wide letters": pdf(on_page(Contents="Quenby Marl 999\u00a0055\u00a04331 ✓")),
}  # fmt: skip
GONE = ("property", "own property", "XMP", "XMP of a standard", "XMP of a page")


@pytest.mark.parametrize("name", PDFS)
def test_pdf(name):
    """Everything in a PDF is read; cleaned, it keeps what it says and loses what is kept beside it."""
    assert_read("a.pdf", PDFS[name])
    clean = cleaning.clean("a.pdf", PDFS[name])
    assert ("Quenby" in said("a.pdf", clean)) == (name not in GONE)
    assert cleaning.clean("a.pdf", clean) == clean


def test_earlier_version_of_a_pdf_is_cleaned_away():
    old = pdf(content=f"BT /F1 12 Tf 9 90 Td ({WORDS}) Tj ET")
    writer = PdfWriter(io.BytesIO(old), incremental=True)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(
        stream("BT /F1 12 Tf 9 90 Td (A plan.) Tj ET")
    )
    buffer = io.BytesIO()
    writer.write(buffer)
    assert WORDS.encode() in buffer.getvalue()
    assert WORDS.encode() not in cleaning.clean("a.pdf", buffer.getvalue())


def locked(writer, page):
    writer.encrypt("word", algorithm="RC4-128")


def test_pdf_that_cannot_be_read_says_so():
    """Locked; drawn in lines; in letters that have no names."""
    paths = " ".join(f"{n} {n} m {n} 9 l S" for n in range(500))
    for raw in (pdf(locked), pdf(content=paths), pdf(content="BT /F1 12 Tf (\001\002\003\004) Tj ET")):
        assert [each for each in pieces("a.pdf", raw) if isinstance(each, Closed)]
    with pytest.raises(Refusal, match="cannot be cleaned"):
        cleaning.clean("a.pdf", pdf(locked))


# -- cleaning ---------------------------------------------------------------------------------------

NOT_SAID = "author of a comment|person|author of a change|creator|company|property|author on a cell|author of a slide|meta"
SAID = (
    "comment|inserted|deleted|alternative text|hidden sheet|comment on a cell|notes|field|embedded document"
)


@pytest.mark.parametrize("name", [*NOT_SAID.split("|"), "annotation"])
def test_cleaned_document_has_no_author(name):
    clean = cleaning.clean("a.docx", office(*PARTS[name]))
    assert "Quenby" not in said("a.docx", clean)
    assert cleaning.clean("a.docx", clean) == clean


@pytest.mark.parametrize("name", SAID.split("|"))
def test_cleaned_document_says_what_it_said(name):
    """What cannot be taken out without changing it stays, to be found."""
    assert_read("a.docx", cleaning.clean("a.docx", office(*PARTS[name])))


def test_cleaned_workbook_keeps_its_parts_together():
    """What is left out of a document is not referred to; its times are always the same."""
    related = '<Relationship Id="r1" Type="http://a/printerSettings" Target="../printerSettings/printerSettings1.bin"/><Relationship Id="r2" Type="http://a/image" Target="../media/a.png"/>'
    parts = {
        "xl/worksheets/sheet1.xml": f'<worksheet {S} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><pageSetup r:id="r1"/></worksheet>',
        "xl/worksheets/_rels/sheet1.xml.rels": RELATED.format(related),
        "xl/printerSettings/printerSettings1.bin": WORDS.encode("utf-16"),
        "xl/workbook.xml": f'<workbook {S} xmlns:x="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"><x:absPath url="C:\\Users\\quenby\\"/></workbook>',
        "docProps/thumbnail.jpeg": saved(BLANK, "JPEG"),
        "_rels/.rels": RELATED.format('<Relationship Id="t" Type="http://a/thumbnail" Target="docProps/thumbnail.jpeg"/>'),
        "word/settings.xml": f'<w:settings {W}><w:rsids><w:rsid w:val="00AA11"/></w:rsids></w:settings>',
        "xl/media/a.png": NOTED["text.png"],
    }  # fmt: skip
    raw = zipped(
        {"[Content_Types].xml": TYPES.format('<Override PartName="/docProps/thumbnail.jpeg"/>')} | parts
    )
    with zipfile.ZipFile(io.BytesIO(cleaning.clean("a.xlsx", raw))) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    text = b"".join(held.values()).decode("utf-8", "replace").lower()
    assert sorted(held) == sorted(
        {"[Content_Types].xml", *parts}
        - {"docProps/thumbnail.jpeg", "xl/printerSettings/printerSettings1.bin"}
    )
    for word in ("printersettings", "thumbnail", "quenby", "rsid", 'id="r1"', "abspath"):
        assert word not in text
    assert 'id="r2"' in text


THEME = "http://schemas.openxmlformats.org/drawingml/2006/main"
OOXML = "http://schemas.openxmlformats.org"
INNOCENT = {
    "a.docx": office(
        "word/styles.xml", f'<w:styles {W}><w:latentStyles><w:lsdException w:name="toa heading"/></w:latentStyles><w:style w:styleId="a"><w:name w:val="Table Grid"/></w:style></w:styles>',
        **{
            "docProps/core.xml": CORE, "docProps/thumbnail.jpeg": saved(BLANK, "JPEG"), "word/media/image1.png": saved(BLANK),
            "word/theme/theme1.xml": f'<a:theme xmlns:a="{THEME}" name="Office Theme"><a:latin typeface="Cambria"/></a:theme>',
            "word/numbering.xml": f'<w:numbering {W}><w:nsid w:val="E4089024"/></w:numbering>',
            "word/settings.xml": f'<w:settings {W}><w:rsids><w:rsid w:val="00B47730"/></w:rsids><w:mathFont w:val="Cambria Math"/></w:settings>',
            "_rels/.rels": RELATED.format(f'<Relationship Id="r1" Type="{OOXML}/package/2006/relationships/metadata/thumbnail" Target="docProps/thumbnail.jpeg"/>'),
        },
    ),
    "a.xlsx": office(
        "xl/worksheets/sheet1.xml", f'<worksheet {S}><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="3"><v>45123.5</v></c></row></sheetData></worksheet>',
        **{
            "xl/workbook.xml": f'<workbook {S}><sheets><sheet name="Sheet1" sheetId="1"/></sheets><definedNames><definedName name="_xlnm.Print_Area">Sheet1!$A$1:$B$9</definedName></definedNames></workbook>',
            "xl/sharedStrings.xml": f"<sst {S}><si><t>Requests by month</t></si></sst>",
            "docProps/app.xml": '<Properties xmlns="http://a"><Application>Microsoft Excel</Application><Company>Quenby</Company></Properties>',
            "xl/printerSettings/printerSettings1.bin": bytes(99),
        },
    ),
    "a.pptx": office(
        "ppt/slides/slide1.xml", f'<p:sld {P}><p:cNvPr id="2" name="Title Placeholder 1"/><a:p><a:fld type="datetime1"><a:t>1/27/13</a:t></a:fld></a:p><a:p><a:t>A talk</a:t></a:p></p:sld>',
    ),
    "a.odt": zipped({
        "mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": "<a/>", "Thumbnails/thumbnail.png": saved(BLANK),
        "content.xml": f"<office:document-content {ODF}><office:text><text:p>A plan.</text:p></office:text></office:document-content>",
        "meta.xml": filled(PARTS["meta"][1]), "Configurations2/statusbar/": "",
    }),
    "a.png": saved(BLANK, pnginfo=noted(Software=("add_text", "Matplotlib version3.11, https://matplotlib.org/"))),
    "a.pdf": pdf(lambda writer, _page: writer.add_metadata({"/Creator": "Microsoft Word", "/CreationDate": "D:20240102030405Z"})),
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_file_gives_no_finding_once_it_is_cleaned(name):
    """As usual programs save them, with what these note beside what the file says."""
    clean = cleaning.clean(name, INNOCENT[name])
    assert leaving.screen([(name, clean)], Vocabulary(), frozenset()) == []
    assert cleaning.clean(name, clean) == clean


def test_zip_is_cleaned_in_depth():
    raw = zipped(
        {"b/a.docx": office("docProps/core.xml", CORE), "a.jpg": NOTED["comment.jpg"], "a.txt": "x"}, b"note"
    )
    clean = cleaning.clean("a.zip", raw)
    assert "Quenby" in said("a.zip", raw)
    assert "Quenby" not in said("a.zip", clean)
    assert "note" not in said("a.zip", clean)
    assert cleaning.clean("a.zip", clean) == clean


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'
HARMFUL = """<script>alert(1)</script>|<g onclick="alert(1)"/>|<foreignObject><p>a</p></foreignObject>
|<a xlink:href="javascript:alert(1)"><text>a</text></a>|<a href=" java&#x0A;script:alert(1)"/>
|<image href="https://a.example/b.png"/>|<use xlink:href="https://a.example/b.svg#c"/>|<style>@import url(a.css)</style>
|<rect style="fill: url(https://a.example/b)"/>|<image href="data:image/svg+xml;base64,AAAA"/>|<metadata>a</metadata>
|<animate attributeName="href" to="javascript:alert(1)"/>|<set attributeName="onclick" to="alert(1)"/>
|<handler xmlns="http://www.w3.org/2001/xml-events">a</handler>|<!-- made by an editor -->|<?xml-stylesheet href="a"?>
|<g xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:label="a"/>|<iframe xmlns="http://www.w3.org/1999/xhtml" src="a"/>"""


@pytest.mark.parametrize("part", [part.strip() for part in HARMFUL.split("|")])
def test_cleaned_drawing_does_nothing_but_show(part):
    shown = (
        '<g id="a"><text>A<tspan>b</tspan></text><use href="#a"/><rect fill="url(#b)" style="fill: red"/></g>'
    )
    clean = cleaning.clean("a.svg", SVG.format(part + shown).encode()).decode()
    for word in (
        "alert script onclick foreign example import data: metadata editor stylesheet inkscape iframe".split()
    ):
        assert word not in clean.lower()
    assert shown in clean
    assert 'viewBox="0 0 9 9"' in clean
    assert cleaning.clean("a.svg", clean.encode()).decode() == clean


def test_drawing_keeps_pictures_and_what_drawn_letters_say():
    """A picture within is cleaned; matplotlib's notes of the words that it draws become descriptions."""
    picture = B64(NOTED["text.png"]).decode()
    clean = cleaning.clean(
        "a.svg",
        SVG.format(
            f'<image href="data:image/png;base64,{picture}"/><g id="text_1"><!-- {NAME} --><path d="M1"/></g>'
        ).encode(),
    )
    assert b"data:image/png;base64," in clean
    assert said("a.svg", clean) == NAME


def test_cleaned_page_has_no_comments_and_is_otherwise_the_same():
    page = '<!DOCTYPE html>\n<p>a<!-- one --> <svg viewBox="0"></svg></p>\n<!--\ntwo\n--><script>"<!-- three -->"</script>\n'
    left = page.replace("<!-- one -->", "").replace("<!--\ntwo\n-->", "")
    assert cleaning.clean("a.html", page.encode()).decode() == left
    assert cleaning.clean("a.html", left.encode()).decode() == left


def test_cleaned_picture_looks_the_same():
    """Turned upright as its camera says, with its ground, its letters of colour and its frames."""
    turned = saved(drawn("up"), "JPEG", quality=60, exif=exif(0x0112, 6))
    clean = cleaning.clean("a.jpg", turned)
    assert Image.open(io.BytesIO(clean)).size == (120, 900)
    assert len(clean) < 1.2 * len(turned)
    palette = drawn("a", "RGBA", (0, 0, 0, 0), "red").quantize(8)
    for image in (
        palette,
        drawn("a", "LA", (0, 0), "white"),
        drawn("a", "I;16", 9, 50_000),
        drawn("a", "1", 1, 0),
    ):
        raw = saved(image, pnginfo=noted(a=("add_text", "b")))
        before, after = (
            Image.open(io.BytesIO(each)).convert("RGBA") for each in (raw, cleaning.clean("a.png", raw))
        )
        assert ImageChops.difference(before, after).getbbox() is None
    moving = saved(
        drawn("a"), "GIF", save_all=True, append_images=[drawn("b"), drawn("c")], duration=200, comment=b"x"
    )
    frames = Image.open(io.BytesIO(cleaning.clean("a.gif", moving)))
    assert (frames.n_frames, frames.info["duration"]) == (3, 200)
    icon = saved(BLANK.resize((64, 64)), "ICO", sizes=[(16, 16), (32, 32)])
    assert Image.open(io.BytesIO(cleaning.clean("a.ico", icon))).info["sizes"] == {(16, 16), (32, 32)}


@pytest.mark.parametrize("file", ["a.md", "a.csv", "a.txt", "a.py", "a.css", "a.ipynb"])
def test_everything_else_is_returned_as_it_is(file):
    assert cleaning.clean(file, WORDS.encode()) == WORDS.encode()


# -- nasty files ------------------------------------------------------------------------------------

BILLION = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
MILLION = 5_000_000
NESTED = {
    "a.html": lambda n: "<div>" * n + WORDS,
    "a.svg": lambda n: "<g>" * n + WORDS + "</g>" * n,
    "a.json": lambda n: "[" * n + f'"{WORDS}"' + "]" * n,
    "a.yml": lambda n: "[" * n + f'"{WORDS}"' + "]" * n,
    "a.toml": lambda n: "a = " + "[" * n + f'"{WORDS}"' + "]" * n,
    "a.md": lambda n: "".join(f"{'`' * (n + 3 - k)}{{note}}\n" for k in range(n)) + WORDS,
    "quotes.md": lambda n: "> " * n + WORDS,
    "lists.md": lambda n: "".join(f"{'  ' * k}- a\n" for k in range(n)) + WORDS,
    "fences.md": lambda n: "".join(f"{'`' * (n + 3 - k)}md\n" for k in range(n)) + WORDS,
}  # fmt: skip
NASTY = {
    "entities.svg": (BILLION + '<svg xmlns="http://www.w3.org/2000/svg"><text a="&j;">&j;</text></svg>').encode(),
    "entities.xml": (BILLION + "<a>&j;</a>").encode(),
    "aliases.yml": ("a: &a [b]\n" + "".join(f"{b}: &{b} [{f'*{a},' * 9}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))).encode(),
    "pixels.png": saved(Image.new("1", (30_000, 30_000))),
    "zeros.txt": bytes(MILLION),
    "numbers.csv": b"1,2\n" * (MILLION // 4),
}  # fmt: skip


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abcdefgh":
            archive.writestr(name, bytes(50_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize("name", [name for name in NASTY if NASTY[name]])
def test_nasty_file_neither_raises_nor_hangs(name):
    begun = time.process_time()
    list(pieces(name, NASTY[name]))
    assert time.process_time() - begun < 10


def test_bomb_is_said_to_be_too_large():
    begun = time.process_time()
    for raw in (
        bomb(),
        zipped({f"{n}.txt": "a" for n in range(10_100)}),
    ):
        assert any("more is packed" in each.why for each in pieces("a.zip", raw) if isinstance(each, Closed))
    assert time.process_time() - begun < 15


def test_letters_without_a_space_are_no_packed_data():
    """A long run of letters is decoded once at most, and what stands round it is read."""
    for letters in ("a" * 61, "Ab1/" * 40 + "x", "a" * 5001):
        raw = f"{letters} {WORDS}".encode()
        assert_read("a.txt", raw)
        assert not [each for each in pieces("a.txt", raw) if isinstance(each, Closed)]


def test_what_is_packed_too_deep_is_closed():
    raw = WORDS.encode()
    for _ in range(12):
        raw = zipped({"a.zip": raw})
    assert any(isinstance(each, Closed) for each in pieces("a.zip", raw))


@pytest.mark.parametrize("depth", [5, 200, 5000])
@pytest.mark.parametrize("file", NESTED)
def test_nested_text_is_read_or_said_to_be_unread(file, depth):
    if file == "lists.md" and depth > 200:
        depth = 400
    begun = time.process_time()
    found = list(pieces(file, NESTED[file](depth).encode()))
    assert time.process_time() - begun < 10
    assert any(isinstance(each, Closed) or NUMBER in each.text for each in found)


SHAPES = ["a", "a ", "1", ":", "[", "](", "`", "$", "*a", "_a ", "<a ", "<!--", "&amp;", "#", "|", "> ", "- ", "\n", '"', "'", "/*", "{", "\\", "data:", "Aa ", "a\n", "[a]: /x\n", "[^a]: x\n", ":::{note}\n", "```\n", "a,b\n", "@a{", "-- a", "A: ", "\\u00", "%"]  # fmt: skip


@pytest.mark.parametrize(
    "file",
    [
        "a.md",
        "a.txt",
        "a.html",
        "a.svg",
        "a.json",
        "a.yml",
        "a.toml",
        "a.csv",
        "a.py",
        "a.js",
        "a.ics",
        "a.mmd",
        "a.ipynb",
        "a.bib",
    ],
)
def test_time_grows_with_the_text(file):
    """A line of 5 MB, of whatever shape, is read in seconds."""
    slow = []
    for shape in SHAPES:
        begun = time.process_time()
        list(pieces(file, (shape * (MILLION // 20 // len(shape))).encode()))
        if (took := time.process_time() - begun) > 1:
            slow.append((shape, round(took, 1)))
    assert slow == []


FILES = {"a.docx": office(*PARTS["comment"]), "a.pdf": PDFS["comment"], "a.png": NOTED["text.png"], "a.zip": PACKED["a.zip"], "a.ipynb": NOTEBOOKS["HTML"].encode(), "a.svg": SVG.format("a").encode()}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_spoilt_file_neither_raises_nor_hangs(name):
    """Cut off, with bytes changed, and under another name."""
    raw, chance = FILES[name], random.Random(7)
    spoilt = [raw[:cut] for cut in range(0, len(raw), max(1, len(raw) // 30))]
    for _ in range(60):
        changed = bytearray(raw)
        for _ in range(5):
            changed[chance.randrange(len(raw))] = chance.randrange(256)
        spoilt.append(bytes(changed))
    for each in spoilt:
        for file in (name, "a.md"):
            list(pieces(file, each))
            with contextlib.suppress(Refusal):
                cleaning.clean(file, each)


CLOSED = {
    "font.woff2": b"wOF2" + bytes(50),
    "a.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "a.rtf": b"{\\rtf1 Quenby}",
    "a.eml": b"From: a\nMIME-Version: 1.0\n\nQuenby",
    "a.eps": b"%!PS-Adobe\n(Quenby) show",
    "a.heic": b"\0\0\0\x18ftypheic" + bytes(50),
    "a.mp4": b"\0\0\0\x18ftypisom" + bytes(50),
    "a.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "a.bz2": bz2.compress(b"Quenby"),
    "a.gz": gzip.compress(b"Quenby"),
    "a.tar": b"a.txt".ljust(257, b"\0") + b"ustar" + bytes(800),
    "a.pkl": b"\x80\x04\x95" + bytes(50),
    "junk.pdf": random.Random(1).randbytes(500),
    "macro.docm": office("word/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(600)),
    "ole.docx": office("word/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0" + bytes(600)),
    "metafile.docx": office("word/media/image1.emf", b"\1\0\0\0" + bytes(99)),
    "before.zip": b"\0\1\2" + zipped({"a.txt": "x"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_format_that_cannot_be_looked_into_is_closed(name):
    closed = [each for each in pieces(name, CLOSED[name]) if isinstance(each, Closed)]
    assert len(closed) == 1
    assert not closed[0].picture
    assert "leave it out" in closed[0].why


# -- what leaves ------------------------------------------------------------------------------------

PERSON = "Priya Okonkwo"  # a name by the lists
SITE = {
    "page.html": f"<nav><a>Seen {PERSON}</a></nav><p>I read 999 <b>055</b> 4331 aloud.</p>",
    "other.html": f"<nav><a>Seen {PERSON}</a></nav>",
    "searchindex.js": f'Search.setIndex({{"titles": ["{NUMBER}"], "terms": {{"a": [9, 99, 5, 54, 331]}}}})',
    "9990554331.txt": "x",
    "Zsofia/notes.txt": "x",
    "a.docx": office(*PARTS["comment"]),
    "_images/3c9bd0c1d2e3f4a5b6c7.svg": "<svg/>",
}


def left(files, vocabulary=None, **how):
    pairs = ((name, held if isinstance(held, bytes) else held.encode()) for name, held in files.items())
    return leaving.screen(pairs, vocabulary, frozenset(), **how)


def test_what_leaves_is_found_once_with_its_places():
    """A name in the menu of every page is one finding; so is a number in pages, an index and a file's name."""
    found = {each.value: each for each in left(SITE, Vocabulary(["Seen"]))}
    assert found[PERSON].file == "page.html"
    assert "also in other.html" in found[PERSON].fault
    assert found[NUMBER].file == "page.html"
    assert "also in searchindex.js and a.docx" in found[NUMBER].fault.replace(", ", " and ")
    assert found["9990554331"].file == "9990554331.txt"
    assert "(its name)" in found["Zsofia"].fault
    assert set(found) == {PERSON, NUMBER, "9990554331", "Zsofia"}


def test_without_a_vocabulary_identifiers_alone_are_found():
    assert {each.value.replace(" ", "") for each in left(SITE)} == {"9990554331"}
    assert {each.code for each in left(SITE)} == {leaving.CERTAIN}


def test_what_is_allowed_in_a_file_is_found_in_any_other():
    found = left(SITE, Vocabulary(["Seen"]), allowed={("page.html", PERSON), ("Zsofia/notes.txt", "Zsofia")})
    assert [each.file for each in found if each.value == PERSON] == ["other.html"]
    assert "Zsofia" not in [each.value for each in found]


def test_what_was_not_read_is_found_until_it_is_confirmed(monkeypatch, tmp_path):
    """A picture without an engine, and a format; a confirmation holds for these very bytes, under any name."""
    monkeypatch.setenv("PATH", str(tmp_path))
    files = {"a.png": PIXELS["screenshot"], "b.bin": bytes(9), "_images/a.png": PIXELS["screenshot"]}
    picture, closed = left(files)
    assert (picture.code, closed.code) == ("picture-unread", "closed-format")
    assert "Install tesseract" in str(picture)
    assert "leave it out" in str(closed)
    assert "also in _images/a.png" in str(picture)
    assert left(files, allowed={("elsewhere.png", picture.value), ("b.bin", closed.value)}) == []
    assert left({"a.png": PIXELS["photograph"]}, allowed={("a.png", picture.value)}) != []


def test_files_of_the_theme_are_left_out_and_nothing_else(tmp_path):
    theme = next(
        path for name, paths in leaving._shipped().items() for path in paths if name == "portfolio.js"
    )
    assert left({"_static/portfolio.js": theme.read_bytes() + f"// {NUMBER}".encode()}) != []
    whole = (theme.read_text(encoding="utf-8"), f"// {PERSON}")
    assert left({"_static/portfolio.js": whole[0]}, Vocabulary()) == []
    assert PERSON in [each.value for each in left({"_static/own.js": whole[1]}, Vocabulary())]


def test_shipped_book_holds_no_identifier_and_nothing_closed(book, portfolio):
    files = (
        (path.relative_to(book.html).as_posix(), path.read_bytes())
        for path in book.html.rglob("*")
        if path.is_file()
    )
    assert leaving.screen(files, *decisions.known(portfolio.root, portfolio)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("C1_Own/5_PatientCareJourney.md", "C1 Own 5 Patient Care Journey"),
        ("Quenby-Marl.docx", "Quenby Marl"),
    ],
)
def test_words_of_a_name(name, words):
    assert name_text(name) == words

"""What PDFs and pictures say: their text, what is kept beside it, and what is in their pixels."""

from __future__ import annotations

import io
import logging
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from stp_portfolio.privacy.parts import Closed, Member, Part, Piece, apart, decoded, name_text, readable

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp")
KINDS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "AVIF")
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0")
_READ_APART = frozenset("exif xmp icc_profile version compression".split())
PIXELS, _FRAMES, _TRIVIAL, _SECONDS = 100_000_000, 20, 32, 60
_UNREAD = "no program that reads text in pictures is installed. Install tesseract, or look at it yourself"
_MANY = "its pictures are too many or too large to be read. Make it smaller, or look at it yourself"
_OUTLINES = "it shows what is not kept as text. Save it as a PDF with text, or look at it yourself"


def ocr_engine() -> str | None:
    """The program that reads text in pictures, where one is installed."""
    return shutil.which("tesseract")


# -- pictures -----------------------------------------------------------------------------------


def is_picture(raw: bytes) -> bool:
    """Whether bytes begin as those of a picture do that can be looked into."""
    return raw.startswith(_STARTS) or raw[8:12] == b"WEBP" or raw[4:12] in (b"ftypavif", b"ftypavis")


def picture(raw: bytes) -> Iterator[Part]:
    """What a picture says: what is kept beside its pixels, a place where it was taken, and its text."""
    from PIL import Image

    with Image.open(io.BytesIO(raw), formats=KINDS) as image:
        yield Piece("", 1, "\n\n".join(_noted(image)))
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
        yield Member("metadata", ".xml", xmp if isinstance(xmp, bytes) else xmp.encode())
        frames = getattr(image, "n_frames", 1)
        if frames > _FRAMES or image.width * image.height > PIXELS:
            yield Closed("", _MANY, picture=True)
            return
        for number in range(frames):
            image.seek(number)
            yield from _shown(image)


def _noted(image: Any) -> Iterator[str]:
    """The texts of a picture's metadata, in whatever encoding; and a place, which is a finding."""
    from PIL import ExifTags, IptcImagePlugin

    exif = image.getexif()
    kinds = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1)
    parts = [exif, *map(exif.get_ifd, kinds), {k: v for k, v in image.info.items() if k not in _READ_APART}]
    with suppress(Exception):  # IPTC that Pillow cannot read; cleaning takes it away as all else
        parts.append(IptcImagePlugin.getiptcinfo(image) or {})
    for value in chain.from_iterable(part.values() for part in parts):
        yield from map(_unmarked, value if isinstance(value, list) else [value])
    yield "GPSInfo: 51.50000, -0.12000" if exif.get_ifd(ExifTags.IFD.GPSInfo) else ""  # any place at all


def _unmarked(value: Any) -> str:
    """A text in Exif, which may begin with the name of its encoding, and end in nothing."""
    if not isinstance(value, bytes):
        return value.strip("\0 ") if isinstance(value, str) else ""
    value = value.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0").removeprefix(b"\0" * 8)
    return (decoded(value) or decoded(value.rstrip(b"\0")) or "").strip("\0 ")


def _shown(image: Any) -> Iterator[Part]:
    """The text in pixels, laid on the ground against which the most of it can be read."""
    from PIL import Image, ImageStat

    shown = image.convert("RGBA")
    grey, alpha = shown.convert("L"), shown.getchannel("A")
    if max(shown.size) < _TRIVIAL or all(low == high for low, high in shown.getextrema()):
        return
    if not (engine := ocr_engine()):
        yield Closed("", _UNREAD, picture=True)
        return
    light = alpha.getextrema()[0] < 255 and ImageStat.Stat(grey, alpha).mean[0] > 127
    ground = Image.new("L", shown.size, 0 if light else 255)
    ground.paste(grey, mask=alpha)
    done = subprocess.run(  # noqa: S603 - the engine found on the path, on a picture that Pillow has read
        [engine, "stdin", "stdout"], input=_png(ground), capture_output=True, check=True,
        timeout=_SECONDS, env=os.environ | {"OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    words = done.stdout.decode(errors="replace")
    yield Piece("text in the picture", 1, words)
    yield Piece("text in the picture", 1, " ".join(words.split()), prose=False)


def _png(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


# -- PDFs ---------------------------------------------------------------------------------------

# Keys of what a program notes for itself.
_OWN = frozenset("/M /DA /NM /Registry /Ordering /ID /Panose /CheckSum /CharSet /O /U /Lang".split())

_NAMING = {"/Dests", "/N"}


def is_pdf(raw: bytes) -> bool:
    """Whether a viewer would take bytes for a PDF: its mark may stand a little below the top."""
    return raw.startswith(b"%PDF-") or (b"%PDF-" in raw[:1024] and b"startxref" in raw)


def pdf(raw: bytes) -> Iterator[Part]:
    """The text of a PDF's pages, every string in its objects, what is attached, and its pictures."""
    from pypdf import PdfReader
    from pypdf.generic import StreamObject

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it prints what it makes good
    reader: Any = PdfReader(io.BytesIO(raw))
    if reader.is_encrypted:
        reader.decrypt("")
    shown = [_contents(page) for page in reader.pages]
    for number, (page, streams) in enumerate(zip(reader.pages, shown, strict=True), start=1):
        yield from _page(f"page {number}", page, b"".join(each.get_data() for each in streams))
    objects, drawn = list(_objects(reader)), set(map(id, chain.from_iterable(shown)))
    yield from apart("comments, fields and properties", _strings([reader.trailer, *objects]))
    for number, each in enumerate(objects, start=1):
        if isinstance(each, StreamObject) and id(each) not in drawn:
            try:
                yield from _stream(f"part {number}", each, reader.pages[0])
            except Exception:  # noqa: BLE001 - pictures are packed in many ways, and not all are known
                yield Closed(f"part {number}", _OUTLINES, picture=True)


def _contents(page: Any) -> list[Any]:
    """The streams that draw a page: none, one or several."""
    held = page["/Contents"] if "/Contents" in page else []  # noqa: SIM401 - this form follows a reference
    return [each.get_object() for each in (held if isinstance(held, list) else [held])]


def _objects(reader: Any) -> Iterator[Any]:
    """Every object of a PDF, whether or not anything leads to it."""
    from pypdf.generic import IndirectObject

    known = {(number, version) for version, entries in reader.xref.items() for number in entries}
    for number, version in sorted(known | {(number, 0) for number in reader.xref_objStm}):
        yield reader.get_object(IndirectObject(number, version, reader))


def _page(place: str, page: Any, contents: bytes) -> Iterator[Part]:
    """The text of a page; that it cannot be read where it is drawn, or set in letters without names."""
    text = page.extract_text()
    if _is_drawn(page, text, contents):
        yield Closed(place, _OUTLINES, picture=True)
    yield Piece(place, 1, _in_cells(page))
    yield Piece(place, 1, " ".join(text.split()), prose=False)
    if b"/ActualText" in contents or b"/Alt" in contents:  # for who has the page read to them
        marks = [held for held, operator in page.get_contents().operations if operator in (b"BDC", b"DP")]
        yield from apart(place, _strings(marks))
    for name in _drawn_in(page) if b" ID" in contents else ():
        yield Member(place, "", _png(page.images[name].image.convert("RGB")))


def _in_cells(page: Any) -> str:
    """The text of a page, parted where a gap is as wide as between cells, or as high as below a running head.

    A line that begins to the left of the last cell begins the next row.
    """
    parts: list[str] = []
    line, end, cell = 0.0, math.inf, 0.0  # where the last line stands from below, word and cell from the left

    def take(text: str, page_at: list[float], text_at: list[float], _: Any, size: float) -> None:
        nonlocal line, end, cell
        if not (words := text.strip()):
            parts.append(text)
            return
        letter, own = size * page_at[0] * text_at[0], page_at[5] + text_at[5] * page_at[3]
        start = page_at[4] + text_at[4] * page_at[0]
        wide = own == line and start - end > 1.5 * letter
        high = end < math.inf and line - own > 2.5 * letter
        if wide or high or (own != line and start < cell):
            parts.append("\n\n")
            cell = start if wide else 0.0
        parts.append(text)
        # A letter is about half as wide as it is high.
        line, end = own, math.inf if "\n" in words else start + len(words) * letter / 2

    page.extract_text(visitor_text=take)
    return "".join(parts)


def _is_drawn(page: Any, text: str, contents: bytes) -> bool:
    """Whether a page shows what its text does not say: it is all lines, or its letters have no names."""
    if not text.strip():
        return len(contents) > 2000 and "/XObject" not in page.get("/Resources", {})
    return sum(not (letter.isprintable() or letter.isspace()) for letter in text) > len(text) / 10


def _drawn_in(page: Any) -> list[str]:
    """The names of pictures that stand in the drawing of a page itself."""
    names = map(str, page.images.keys())
    return [name for name in names if name.startswith("~")]


def _strings(waiting: list[Any]) -> Iterator[str]:
    """The strings in objects: comments and their authors, fields, bookmarks, alternative texts, addresses."""
    from pypdf.generic import ByteStringObject, TextStringObject

    waiting.reverse()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield f"{value['/T']}: {value['/V']}" if {"/T", "/V"} <= value.keys() else ""
            yield from _named(value)
            value = [held for key, held in value.items() if key not in _OWN and "Date" not in key]
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, TextStringObject | ByteStringObject):
            yield (decoded(value) or "") if isinstance(value, bytes) else str(value)


def _named(held: Any) -> Iterator[str]:
    """What somebody named within a PDF: places on its pages, choices of a form."""
    for key in _NAMING & held.keys():
        yield from map(name_text, held[key] if isinstance(held[key], dict) else ())


def _stream(place: str, stream: Any, page: Any) -> Iterator[Part]:
    """A picture, a form, an attachment or a text in a PDF; type faces and tables of letters say nothing."""
    kind, form, raw = stream.get("/Type"), stream.get("/Subtype"), stream.get_data()
    if form == "/Form":
        yield Piece(place, 1, page.extract_xform_text(stream))
    elif form == "/Image" and not is_picture(raw):
        yield Member(place, "", _png(stream.decode_as_image().convert("RGB")))
    elif form == "/Image" or kind == "/EmbeddedFile":
        yield Member(f"attachment in {place}", "attachment", raw)
    elif kind != "/ObjStm" and readable(raw) and b"begincmap" not in raw and not raw.startswith(b"%!"):
        yield Member(place, ".js", raw)

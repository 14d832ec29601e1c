"""Cleaned copies of what leaves: without what a file carries beside what it says. The original stays."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from lxml import etree

from stp_portfolio.core.findings import Refusal
from stp_portfolio.privacy import markup, papers
from stp_portfolio.privacy.parts import decoded

LARGE = 200_000_000  # bytes that an archive may hold
_WHY = "is damaged, locked with a password or not what its ending says, so it cannot be cleaned"


def clean(name: str, raw: bytes) -> bytes:
    """A copy of a file to publish; the file itself where there is nothing to take out. Always the same bytes.

    Raises Refusal for what is damaged, locked, or too large to be cleaned.
    """
    ending = name.lower().rpartition(".")[2]
    try:
        if papers.is_pdf(raw):
            return _pdf(raw)
        if zipfile.is_zipfile(io.BytesIO(raw)):
            return _archive(raw)
        if papers.is_picture(raw) or f".{ending}" in papers.PICTURES:
            return _picture(raw)
        text = decoded(raw) if ending in ("svg", "html", "htm") else None
        return raw if text is None else _svg(text) if ending == "svg" else _page(text, raw)
    except Exception as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal(f"{name} {_WHY}. Save it again, or leave it out.") from error


def clean_picture(path: Path) -> None:
    """Write a picture again without what it carries beside its pixels."""
    path.write_bytes(clean(path.name, path.read_bytes()))


# -- pictures and PDFs --------------------------------------------------------------------------

_CARRYING = frozenset("exif xmp icc_profile comment photoshop XML:com.adobe.xmp".split())
_SHOWN = ("transparency", "duration", "loop", "sizes", "disposal", "blend")  # of how a picture is shown
_LOSSY = {"JPEG": b"\xff\xd9", "GIF": b";", "WEBP": b"", "AVIF": b""}  # and what such a picture ends with


def _picture(raw: bytes) -> bytes:
    """A picture again from its pixels, upright, at its own quality; one that carries nothing, as it is."""
    from PIL import Image, ImageOps, ImageSequence, JpegImagePlugin

    with Image.open(io.BytesIO(raw), formats=papers.KINDS) as image:
        if image.width * image.height * getattr(image, "n_frames", 1) > papers.PIXELS:
            raise ValueError("too many pixels")
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        if kind in _LOSSY and raw.endswith(_LOSSY[kind]) and not _carries(image, raw):
            return raw
        how: dict[str, Any] = {key: image.info[key] for key in _SHOWN if key in image.info} | {"quality": 90}
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            how = {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}
        first, *others = [_bare(ImageOps.exif_transpose(frame)) for frame in ImageSequence.Iterator(image)]
    buffer = io.BytesIO()
    first.save(buffer, kind, **how, **({"save_all": True, "append_images": others} if others else {}))
    return buffer.getvalue()


def _bare(image: Any) -> Any:
    from PIL import Image

    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    if image.mode == "P":
        bare.putpalette(image.getpalette())
    return bare


def _carries(image: Any, raw: bytes) -> bool:
    """Whether a picture carries anything but its pixels, within it or behind its end."""
    beside = {kind for kind, _ in getattr(image, "applist", ())} - {"APP0", "APP14"}
    behind = image.format == "WEBP" and len(raw) != 8 + int.from_bytes(raw[4:8], "little")
    return bool(_CARRYING & image.info.keys() or image.getexif() or beside or behind)


_BESIDE = {"/Metadata", "/PieceInfo", "/Thumb", "/LastModified"}


def _pdf(raw: bytes) -> bytes:
    """A PDF with its pages, tags and comments, and no properties, earlier versions or previews."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, ByteStringObject

    for _ in range(2):  # the first copy has gaps in its numbers, and the second none
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted:
            reader.decrypt("")
        writer = PdfWriter(clone_from=reader)
        objects, root = list[Any](writer._objects), writer.root_object
        if "/Metadata" in root:
            writer.xmp_metadata = _standards(getattr(root["/Metadata"], "get_data", bytes)())
        for each in objects:
            for key in _BESIDE & each.keys() if isinstance(each, dict) else ():
                if each is not root or key != "/Metadata":
                    del each[key]
        writer.metadata = writer._ID = None
        writer.compress_identical_objects(remove_duplicates=False)
        buffer = io.BytesIO()
        writer.write(buffer)
        raw = buffer.getvalue()
    writer._ID = ArrayObject([ByteStringObject(sha256(raw).digest()[:16])] * 2)
    writer.write(buffer := io.BytesIO())
    return buffer.getvalue()


_STANDARD = re.compile(r"\{(?:(?:adobe:ns:meta/|.*-syntax-ns#|http://www\.aiim\.org/.*)\}.*|.*/dc/.*\}title)")


def _standards(xmp: bytes) -> bytes | None:
    """Which standards a PDF says it keeps to, and its title, which they ask for; None where it says none."""
    if b"http://www.aiim.org/" not in xmp:
        return None
    root = etree.fromstring(xmp, etree.XMLParser(recover=True, remove_comments=True, remove_pis=True))
    _tidied(root, lambda node: not _STANDARD.fullmatch(str(node.tag)), _of_standard)
    etree.cleanup_namespaces(root)
    begin = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return begin + bytes(etree.tostring(root)) + b'<?xpacket end="r"?>'


def _of_standard(_node: Any, key: str, value: str) -> str | None:
    is_kept = key.endswith(("}lang", "}parseType")) or key.startswith("{http://www.aiim.org/")
    return "" if key.endswith("}about") else value if is_kept else None


# -- drawings and pages -------------------------------------------------------------------------


def _tidied(root: Any, is_gone: Callable[[Any], bool], kept: Callable[[Any, str, str], str | None]) -> bytes:
    """A tree without some of its elements, and with what is kept of its attributes."""
    for node in [node for node in root.iter(etree.Element) if node is not root and is_gone(node)]:
        node.getparent().remove(node)
    for node in root.iter(etree.Element):
        for key, value in list(node.attrib.items()):
            del node.attrib[key]
            if (new := kept(node, str(key), str(value))) is not None:
                node.set(key, new)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, standalone=True))


_SVG = "{http://www.w3.org/2000/svg}"
_SPACES = ("", "{http://www.w3.org/1999/xlink", "{http://www.w3.org/XML/1998/namespace")
_RUNS = frozenset("script foreignObject metadata handler listener set".split())
_OUTWARD = re.compile(r"(?i)@import|url\(\s*['\"]?\s*+(?!#)|(?:java|vb)script:|expression\(")
_PICTURE = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp);base64,")


def _svg(text: str) -> bytes:
    """A drawing that does nothing but show: no scripts, no links out of it, nothing of the editor's own."""
    root = markup.tree(text)
    if root.tag != f"{_SVG}svg":
        raise ValueError("no drawing")
    for comment in root.iter(etree.Comment):
        # Matplotlib writes beside letters that it draws what they say; only so can the drawing be screened.
        if (parent := comment.getparent()) is not None and str(parent.get("id")).startswith("text_"):
            etree.SubElement(parent, f"{_SVG}desc").text = comment.text
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    _tidied(root, _does_more, _shown_by)
    etree.cleanup_namespaces(root)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _does_more(node: Any) -> bool:
    name, target = str(node.tag).removeprefix(_SVG), node.get("attributeName", "").lower()
    calls = target.endswith("href") or target.startswith("on")
    loads = name == "style" and bool(_OUTWARD.search(node.text or ""))
    return "}" in name or name in _RUNS or calls or loads


def _shown_by(_node: Any, key: str, value: str) -> str | None:
    space, _, name = key.rpartition("}")
    if space not in _SPACES or name.lower().startswith("on") or name == "base" or _OUTWARD.search(value):
        return None
    if name == "href" and (picture := _PICTURE.match(value)):
        within = clean("picture in a drawing", b64decode(value[picture.end() :]))
        return picture[0].strip() + b64encode(within).decode()
    return value if name != "href" or value.startswith("#") else None


def _page(text: str, raw: bytes) -> bytes:
    """A page without the comments of its author, and otherwise to the letter as it was."""
    for comment in markup.comments(text):
        text = text.replace(f"<!--{comment}-->", "")
    return text.encode() if text != decoded(raw) else raw


# -- Office documents and archives --------------------------------------------------------------

_EMPTIED = re.compile(r"docProps/(?:core|app|custom)\.xml|meta\.xml")
_DROPPED = re.compile(r"/?(?:docProps/thumbnail|Thumbnails/|ObjectReplacements/|.*printerSettings/)")
_NOT_RELATED = ("/thumbnail", "/printerSettings", "/attachedTemplate")
_AUTHORS = frozenset("author displayName userName userId".split())
_PEOPLE = frozenset("author cmAuthor".split())
_TIMES = re.compile(r"rsid.*|date(?:Utc)?|dT|dt|created")
_OWN = frozenset("rsids docId attachedTemplate absPath fileRecoveryPr".split())
_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FULL_PATH = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}full-path"
_ITEM = "{urn:oasis:names:tc:opendocument:xmlns:config:1.0}name"
_NOTED = ("authors", "annotation", "change-info")  # elements that say who and when


def _archive(raw: bytes) -> bytes:
    """An archive with its members cleaned in their turn and its times fixed; an Office file part by part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        if sum(each.file_size for each in old.infolist()) > LARGE:
            raise ValueError("too large")
        names = dict.fromkeys(old.namelist())
        office = not {"[Content_Types].xml", "META-INF/manifest.xml"}.isdisjoint(names)
        for name in names:
            if office and _DROPPED.match(name):
                continue
            held = old.read(name)
            is_part = held and office and name.endswith((".xml", ".rels"))
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            new.writestr(entry, _part(name, held) if is_part else clean(name, held))
    return buffer.getvalue()


def _part(name: str, raw: bytes) -> bytes:
    """A part of an Office document without who wrote it, when, and where it lay."""
    root = markup.tree(decoded(raw) or "")
    if _EMPTIED.fullmatch(name):
        holder = root[0] if name == "meta.xml" and len(root) else root
        holder[:] = []
    for node in root.iter(etree.Element):
        node.text = _unsigned(node, etree.QName(node).localname, _within(node))
    return _tidied(root, _is_own, _anonymous)


def _unsigned(node: Any, name: str, within: str) -> str | None:
    """The text of an element without who wrote or changed, the printer, and a date that is always today's."""
    if within in _NOTED and name in ("author", "creator"):
        return str(node.text) if str(node.text).startswith("tc=") else "Author"  # the key of a thread
    today = within == "fld" and "date" in node.getparent().get("type", "")
    return None if today or "Printer" in node.get(_ITEM, "") else node.text


def _within(node: Any) -> str:
    return etree.QName(node.getparent()).localname if node.getparent() is not None else ""


def _is_own(node: Any) -> bool:
    """Whether an element is the program's own note, or leads to a part that is dropped."""
    name = etree.QName(node).localname
    leads = node.get("Type") or node.get("PartName") or node.get(_FULL_PATH) or ""
    timed = _within(node) in _NOTED and name in ("date", "date-string", "creator-initials")
    return name in _OWN or timed or leads.endswith(_NOT_RELATED) or bool(_DROPPED.match(leads))


def _anonymous(node: Any, key: str, value: str) -> str | None:
    """An attribute without the name or the time of who wrote, commented or changed."""
    local, name = etree.QName(node).localname, key.rpartition("}")[2]
    if _TIMES.fullmatch(name) or (local == "pageSetup" and key == _RELATED):
        return None
    if name in _AUTHORS or (name == "name" and local in _PEOPLE):
        return "Author"
    return "A" if name == "initials" else value

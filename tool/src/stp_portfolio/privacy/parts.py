"""What a file is taken apart into, and how its bytes become text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote


class Piece(NamedTuple):
    """A text of a file: where in it, the line (row, cell) it begins on, and whether both layers read it."""

    place: str
    line: int
    text: str
    prose: bool = True


class Closed(NamedTuple):
    """What could not be looked into, and what to do; ``picture`` for pixels that no OCR engine read."""

    place: str
    why: str
    picture: bool = False


class Member(NamedTuple):
    """A file within a file, to be read in its turn: by its bytes, and where these are text by its ending."""

    place: str
    name: str
    raw: bytes
    line: int = 1


Part = Piece | Closed | Member

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\0\0": "utf-32", b"\xff\xfe": "utf-16",
          b"\xfe\xff": "utf-16"}  # fmt: skip
# What no text holds: control characters other than white space, bells and the colours of a terminal.
_NO_TEXT = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\ufffe\uffff]")


def decoded(raw: bytes) -> str | None:
    """The text that bytes are in whatever encoding, with plain line ends; None for what is no text."""
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in raw[:200]:
        encoding = "utf-16-le" if raw[1:200:2].count(0) >= raw[:200:2].count(0) else "utf-16-be"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    plain, strays = _NO_TEXT.subn(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain if 100 * strays <= len(text) else None


def readable(raw: bytes) -> bool:
    """Whether bytes that nobody calls a text are one beyond doubt: plain UTF-8."""
    return bool(raw) and raw.decode("utf-8", "ignore").encode() == raw and decoded(raw) is not None


def worded(text: str) -> bool:
    """Whether a text may be somebody's words: several of them, or one that begins as a name does."""
    words = text.split(None, 1)
    return len(words) > 1 or any(word.istitle() and re.sub("['’-]", "", word).isalpha() for word in words)


def apart(place: str, words: Iterable[str], codes: Iterable[str] = ()) -> Iterator[Piece]:
    """Texts that have nothing to do with one another: those that are words for both layers, all for one."""
    texts = list(words)
    yield Piece(place, 1, "\n\n".join(filter(worded, texts)))
    plain = (" ".join(text.split()) for text in (*texts, *codes) if text)
    yield Piece(place, 1, "\n\n".join(plain), prose=False)


_HASH = re.compile(r"[\da-f]{16,}")


def name_text(name: str) -> str:
    """The words of the name of a file and of its folders, without its ending; what is a hash has none."""
    stem = _HASH.sub(" ", name.rpartition(".")[0] or name)
    parts = r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d{6})|[_\W]+"
    return " ".join(re.sub(parts, " ", stem).split())


def spoken(value: str) -> Iterator[str]:
    """The words of an attribute: as it stands where it has several, else of its parts, as of an address."""
    if " " in value and "://" not in value:
        yield value
    else:
        address = unquote(_HASH.sub("", value.partition("://")[2].partition("/")[2] or value))
        for part in re.split("[/?&=#;:]", address):
            words = " ".join(word for word in re.split(r"[\W_]+", part) if word.isalpha())
            yield from [words] * worded(words)


_SAID = re.compile(
    r"""
    ("{3}|'{3})(?P<doc>.*?)(?:\1|\Z)
    | /\*(?P<block>.*?)(?:\*/|\Z)
    | (?<![^\s;{}()])(?:\#+!?(?=[ \t:]|[A-Z])|//+|--(?=[ \t])|%+(?=[ \t]))(?P<line>[^\n]*)
    | (?P<mark>["'`])(?P<string>(?:\\.|(?!(?P=mark))[^\n\\])*)(?P=mark)
    | (?P<names>\b(?:[A-ZÀ-Þ][^\W\d_]+(?:[ ^.][A-ZÀ-Þ][^\W\d_]+)+|[^\W\d_]{3,}(?:[_-][^\W\d_]{3,})+))
    """,
    re.DOTALL | re.VERBOSE,
)

_JOINTS = str.maketrans("_^.-", "    ")  # of a name in code


def said(code: str) -> str:
    """What code says in comments, in strings of several words or a name, and where two capitals stand."""
    if code.strip().istitle() and code.strip().isalpha():
        return code
    found = (
        (each["names"] or "").translate(_JOINTS) or each[each.lastgroup or 0] for each in _SAID.finditer(code)
    )
    plain = (re.sub(r"\{[^{}]*\}", " ", words).strip() for words in found)
    return "\n\n".join(filter(worded, plain))

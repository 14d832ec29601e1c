"""What Matplotlib draws as part of a page: inline SVG with real text, in the book's colours, and its words.

Such a drawing is sharp at any zoom, follows the theme of the page and is read aloud. Matplotlib is imported
where something is drawn: pages that only show figures need not pay for it.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from lxml import etree

from stp_portfolio.show.palette import ACCENT, INK, MUTED, RULE, THEMED, WARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

MIME = "application/vnd.stp-portfolio.figure+json"
_COLOURS = {
    INK: ("text.color", "ytick.labelcolor"),
    MUTED: ("axes.labelcolor", "xtick.labelcolor", "hatch.color"),
    RULE: ("axes.edgecolor", "xtick.color", "ytick.color", "grid.color"),
    "none": ("figure.facecolor", "axes.facecolor"),
}
_STYLE: dict[Any, Any] = {
    **{name: colour for colour, names in _COLOURS.items() for name in names},
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.prop_cycle": f"cycler('color', ['{ACCENT}', '{WARM}', '{MUTED}', '{INK}'])",
    "axes.axisbelow": True,
    "font.size": 10.0,
    "ytick.major.size": 0,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "stp-portfolio",  # else every run draws other ids, and the same book other bytes
}
_NO_DATE = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its SVG, what it shows in words and numbers, and the finding."""

    svg: str = field(repr=False)
    alt: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        html = f"<figure>{self.svg}<figcaption>{escape(self.caption)}</figcaption></figure>"
        return {MIME: asdict(self), "text/html": html, "text/plain": f"{self.caption}\n{self.alt}"}


@contextmanager
def style(**more: Any) -> Iterator[None]:
    """What is drawn inside it, or by a function that it decorates, has the book's style, and ``more``."""
    import matplotlib

    settings: dict[Any, Any] = {**matplotlib.rcParamsDefault, **_STYLE, **more}
    with matplotlib.rc_context(settings):
        yield


def figure(drawn: Axes | Canvas, *, alt: str, caption: str) -> Figure:
    """Anything that Matplotlib or pandas has drawn as a figure of the book.

    ``alt`` says what it shows to who cannot see it, ``caption`` what follows from it. Raises ValueError
    where one of them is empty.
    """
    if not (alt.strip() and caption.strip()):
        raise ValueError("a figure needs alt='what it shows' and caption='what follows from it'")
    canvas: Any = drawn.figure
    buffer = io.StringIO()
    with style():
        canvas.savefig(buffer, format="svg", metadata=_NO_DATE)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(canvas)  # else JupyterLab shows it a second time, as a picture
    name = f"figure-{sha256(f'{caption}{alt}'.encode()).hexdigest()[:8]}"
    return Figure(inline_svg(buffer.getvalue(), name, alt), str(alt), str(caption))


def inline_svg(svg: str, name: str, alt: str, classes: str = "stp-svg") -> str:
    """A drawing of Matplotlib's as part of a page: themed, with ids of its own, without size and styles."""
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    root = etree.fromstring(svg[svg.index("<svg") :].encode(), parser)
    etree.strip_elements(root, "{*}metadata", "{*}style")
    for element in root.iter():
        _mend(element, name)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, "")
    # What Matplotlib draws in plain black has no colour of its own: it takes the ink of the page.
    root.attrib.update({"class": classes, "role": "img", "aria-label": alt, "fill": "currentColor"})
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _mend(element: etree._Element, name: str) -> None:
    """Turn an element's style into attributes: a strict content policy allows no inline style."""
    found = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
    styles = [part.strip().split(": ", 1) for part in found.pop("style", "").split(";") if part.strip()]
    found |= {key: value for key, value in styles if key != "font-family"}  # the page's own; a PDF names one
    if font := found.pop("font", None):
        found["font-size"] = font[: font.index("px")].rpartition(" ")[2]
        found |= {"font-weight": "bold"} if {"bold", "700"} & set(font.split()) else {}
    if found.get("transform", "").startswith(("rotate(0 ", "rotate(-0 ")):
        del found["transform"]
    element.attrib.clear()
    for key, value in found.items():
        place = r"^#|url\(#" if key == "href" else r"url\(#"
        own = f"{name}-{value}" if key == "id" else re.sub(place, rf"\g<0>{name}-", value)
        element.set(key, THEMED.get(value, own))


def formula(tex: str, *, block: bool) -> str:
    """A formula as SVG with a size in points, letters as outlines in the ink of the page.

    Raises ValueError with the formula where Matplotlib's mathtext lacks something in it.
    """
    from matplotlib.figure import Figure as Canvas

    buffer = io.StringIO()
    drawn_tex = tex.replace(r"\frac", r"\dfrac") if block else tex
    with style(**{"svg.fonttype": "path", "mathtext.fontset": "dejavuserif"}):
        canvas = Canvas(figsize=(0.01, 0.01))
        canvas.text(0, 0, f"${drawn_tex}$", fontsize=11)
        try:
            canvas.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.02, metadata=_NO_DATE)
        except ValueError as error:
            why = str(error).splitlines()[-1].strip()
            raise ValueError(f"the formula {tex} cannot be set ({why})") from error
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :]

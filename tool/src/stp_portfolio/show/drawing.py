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
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stp-portfolio",  # else every run draws other ids, and the same book other bytes
    "font.size": 10.0,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler('color', ['{ACCENT}', '{WARM}', '{MUTED}', '{INK}'])",
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "hatch.color": MUTED,
    "hatch.linewidth": 0.6,
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
    for leftover in root.findall(".//{*}metadata") + root.findall(".//{*}style"):
        if (parent := leftover.getparent()) is not None:
            parent.remove(leftover)
    for element in root.iter():
        _replace(element, _attributes(element, name))
    # What Matplotlib draws in plain black has no colour of its own: it takes the ink of the page.
    head = {"class": classes, "role": "img", "aria-label": alt, "fill": "currentColor"}
    _replace(root, {"viewBox": str(root.get("viewBox")), **head})
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _replace(element: etree._Element, values: dict[str, str]) -> None:
    element.attrib.clear()
    for key, value in values.items():
        element.set(key, value)


def _attributes(element: etree._Element, name: str) -> dict[str, str]:
    """An element's attributes, its style among them: a strict content policy allows no inline style."""
    found = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
    for part in filter(str.strip, found.pop("style", "").split(";")):
        key, _, value = part.strip().partition(": ")
        found[key] = value
    found.pop("font-family", None)  # the page's own; in a PDF the export names one
    if font := found.pop("font", None):
        found["font-size"] = font[: font.index("px")].rpartition(" ")[2]
        if "bold" in font or "700" in font.split():
            found["font-weight"] = "bold"
    if re.match(r"rotate\(-?0 ", found.get("transform", "")):
        del found["transform"]
    if "id" in found:
        found["id"] = f"{name}-{found['id']}"
    if "href" in found:
        found["href"] = found["href"].replace("#", f"#{name}-", 1)
    black = {"#000000": "currentColor", **THEMED}
    return {key: black.get(value, value.replace("url(#", f"url(#{name}-")) for key, value in found.items()}


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

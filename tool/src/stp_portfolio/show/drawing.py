"""What Matplotlib draws as part of a page: inline SVG with real text, in the book's colours, and its words.

Such a drawing is sharp at any zoom, follows the theme of the page and is read aloud. Matplotlib is imported
where something is drawn: pages that only show figures need not pay for it.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from lxml import etree

from stp_portfolio.show.palette import ACCENT, INK, MUTED, RULE, THEMED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

MIME = "application/vnd.stp-portfolio.figure+json"
# Units of the SVG, which are points to Matplotlib. As wide as it is shown, a unit is about a pixel: text of
# 12.5 units has 12 pixels and more from 656 pixels on in the wide drawing, from 288 on in the narrow one.
WIDE, NARROW, OWN = 684, 300, 350
TYPE = 12.5
_COLOURS = {
    INK: ("text.color", "ytick.labelcolor"),
    MUTED: ("axes.labelcolor", "xtick.labelcolor", "hatch.color"),
    RULE: ("axes.edgecolor", "xtick.color", "ytick.color", "grid.color"),
    "none": ("figure.facecolor", "axes.facecolor"),
}
_STYLE: dict[Any, Any] = {
    **{name: colour for colour, names in _COLOURS.items() for name in names},
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    "axes.prop_cycle": f"cycler('color', ['{MUTED}', '{ACCENT}', '{INK}'])",  # no status first
    "axes.axisbelow": True,
    **dict.fromkeys(("lines.solid_capstyle", "lines.dash_capstyle"), "butt"),
    "font.size": TYPE,
    "ytick.major.size": 0,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a text with two dollar signs is no formula
    "svg.hashsalt": "stp-portfolio",  # else every run draws other ids, and the same book other bytes
}
_LEADS = re.compile(r"(?m)(?:^|(?<=url\())#([\w-]{7,})(?=$|\))")  # to an id; a colour is shorter
_NO_DATE = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure: its SVG, what it shows in words and numbers, and the finding.

    ``narrow`` is the same for a phone, or empty: then ``svg`` stands at every width.
    """

    svg: str = field(repr=False)
    narrow: str = field(repr=False)
    alt: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        width = self.svg.partition('viewBox="0 0 ')[2].partition(" ")[0]
        sized = self.svg.replace("<svg ", f'<svg width="{width}" ', 1)  # JupyterLab has no stylesheet for it
        drawing = f'<div role="img" aria-label="{escape(self.alt)}">{sized}</div>'
        html = f"<figure>{drawing}<figcaption>{escape(self.caption)}</figcaption></figure>"
        return {MIME: asdict(self), "text/html": html, "text/plain": f"{self.caption}\n{self.alt}"}


@contextmanager
def style(**more: Any) -> Iterator[None]:
    """What is drawn inside it, or by a function that it decorates, has the book's style, and ``more``."""
    import matplotlib

    settings: dict[Any, Any] = {**matplotlib.rcParamsDefault, **_STYLE, **more}
    with matplotlib.rc_context(settings):
        yield


@style()
def axes(height: float = 3.0, width: float = OWN / 72) -> Any:  # an Axes; its own types know of no dates
    """Empty axes in the book's style, ``height`` and ``width`` in inches."""
    from matplotlib.figure import Figure as Canvas

    return Canvas(figsize=(width, height), dpi=72, layout="constrained").subplots()


def figure(drawn: Axes | Canvas, *, alt: str, caption: str) -> Figure:
    """Anything that Matplotlib or pandas has drawn as a figure of the book: one drawing for every width.

    ``alt`` says what it shows to who cannot see it, ``caption`` what follows from it. Raises ValueError
    where one of them is empty.
    """
    return Figure(_svg(drawn, "stp-svg", alt, caption), "", str(alt), str(caption))


@style()
def drawn(paint: Callable[[Any, bool], None], *, alt: str, caption: str) -> Figure:
    """A figure drawn twice, for a full column and for a phone; the stylesheet shows one of them.

    ``paint(axes, narrow)`` draws on empty axes, ``WIDE`` or ``NARROW`` units wide.
    """
    found: list[str] = []
    for width, name in ((WIDE, "wide"), (NARROW, "narrow")):
        empty = axes(width=width / 72)
        paint(empty, name == "narrow")
        found.append(_svg(empty, f"stp-svg stp-{name}", alt, caption))
    wide, slim = found
    return Figure(wide, slim, str(alt), str(caption))


def _svg(drawing: Axes | Canvas, classes: str, alt: str, caption: str) -> str:
    if not (alt.strip() and caption.strip()):
        raise ValueError("a figure needs alt='what it shows' and caption='what follows from it'")
    canvas: Any = drawing.figure
    buffer = io.StringIO()
    with style():
        canvas.savefig(buffer, format="svg", metadata=_NO_DATE)
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(canvas)  # else JupyterLab shows it a second time, as a picture
    name = f"{classes[-6:].strip(' -')}-{sha256(f'{caption}{alt}'.encode()).hexdigest()[:8]}"
    return inline_svg(buffer.getvalue(), name, classes, {"aria-hidden": "true"})


def inline_svg(svg: str, name: str, classes: str, words: dict[str, str]) -> str:
    """A drawing of Matplotlib's as part of a page: themed, with ids of its own, without size and styles.

    ``words`` are the attributes that say what it shows, or that something around it does.
    """
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    root = etree.fromstring(svg[svg.index("<svg") :].encode(), parser)
    etree.strip_elements(root, "{*}metadata", "{*}style")
    used = _LEADS.findall("\n".join(str(value) for element in root.iter() for value in element.values()))
    ids = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        _mend(element, ids)
    for part in root.iter("{*}g", "{*}text"):
        if not part.attrib or not (part.text or len(part)):
            part.tag = "says-nothing"
    etree.strip_tags(root, "says-nothing")
    for size in ("width", "height", "version"):
        root.attrib.pop(size, "")
    # What Matplotlib draws in plain black has no colour of its own: it takes the ink of the page.
    look = {
        "class": classes,
        "fill": "currentColor",
        "font-size": f"{TYPE:g}",
        "preserveAspectRatio": "xMinYMin",
    }
    root.attrib.update([*look.items(), *words.items()])
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _mend(element: etree._Element, ids: dict[str, str]) -> None:
    """Turn an element's style into attributes, in short: a strict content policy allows no inline style."""
    found = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
    styles = [part.strip().split(": ", 1) for part in found.pop("style", "").split(";") if part.strip()]
    found |= {key: value for key, value in styles if key != "font-family"}  # the page's own; a PDF names one
    if font := found.pop("font", None):
        found["font-size"] = font[: font.index("px")].rpartition(" ")[2]
        found |= {"font-weight": "bold"} if {"bold", "700"} & set(font.split()) else {}
    if found.get("transform", "").startswith(("rotate(0 ", "rotate(-0 ")):
        del found["transform"]
    found |= {key: _short(found[key]) for key in found.keys() & {"d", "x", "y"}}
    found["id"] = ids.get(found.get("id", ""), "")
    element.attrib.clear()
    said = {key: value for key, value in found.items() if value not in ("", f"{TYPE:g}px")}
    for key, value in said.items():
        element.set(key, THEMED.get(value, _LEADS.sub(lambda to: f"#{ids[to[1]]}", value)))


def _short(numbers: str) -> str:
    """Coordinates to a tenth of a unit, and a path without the spaces that it can do without."""
    tenths = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), numbers)
    return re.sub(r"\s*([A-Zz])\s*", r"\1", tenths).strip()


def formula(tex: str, *, block: bool) -> str:
    """A formula as SVG with a size in points, letters as outlines in the ink of the page.

    Raises ValueError with the formula where Matplotlib's mathtext lacks something in it.
    """
    from matplotlib.figure import Figure as Canvas

    buffer = io.StringIO()
    drawn_tex = tex.replace(r"\frac", r"\dfrac") if block else tex
    with style(**{"svg.fonttype": "path", "mathtext.fontset": "dejavuserif", "text.parse_math": True}):
        canvas = Canvas(figsize=(0.01, 0.01))
        canvas.text(0, 0, f"${drawn_tex}$", fontsize=11)
        try:
            canvas.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.02, metadata=_NO_DATE)
        except ValueError as error:
            why = str(error).splitlines()[-1].strip()
            raise ValueError(f"the formula {tex} cannot be set ({why})") from error
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :]

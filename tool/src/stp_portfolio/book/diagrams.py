"""Mermaid fences as inline SVG, drawn while a page is read: no browser, no Node, no network.

Pele (MIT, ``pele/LICENSE``) lays a diagram out in an embedded JavaScript engine that can reach nothing. Its
drawing is then held to a list: shapes and real text, presentation attributes, and the colours of the stylesheet,
so that it follows the theme of the page. The words for who cannot see it are the author's.
"""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from lxml import etree
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from stp_portfolio.core.findings import Refusal
from stp_portfolio.show.nodes import Picture
from stp_portfolio.show.palette import ACCENT, INK, MUTED, PAGE, PANEL, RULE, THEMED, WARM

logger = logging.getLogger(__name__)

WIDTH = 560  # units; a narrower diagram is centred in them, so that its text is as large as in any other
SECONDS, MEMORY = 20, 256 * 2**20
_SERIES = [THEMED[colour] for colour in (ACCENT, WARM, MUTED, INK)]
_VARIABLES = {  # Pele's; any other of them is ink
    **{f"--pele-series-{number + 1}": _SERIES[number % 4] for number in range(8)},
    **{"--_bg": THEMED[PAGE], "--_m": THEMED[MUTED], "--_s": THEMED[PANEL], "--_a": THEMED[RULE]},
    **{"--_b": THEMED[ACCENT], "--_c": THEMED[ACCENT], "--pele-critical": THEMED[WARM]},
    **{"--_r": "4", "--_tw": "bold", "--_hw": "bold", "--_w": "bold"},
}
_SHAPES = set("svg g path rect circle ellipse line polygon polyline text tspan".split())
_STYLES = set("fill stroke rx ry stroke-width stroke-dasharray font-weight font-style text-decoration".split())
_ATTRIBUTES = _STYLES | set(
    "x y x1 x2 y1 y2 cx cy r width height d points transform fill-opacity stroke-linecap stroke-linejoin font-size "
    "text-anchor {http://www.w3.org/XML/1998/namespace}space".split()
)
KINDS = "flowchart LR, sequenceDiagram, stateDiagram-v2, erDiagram, classDiagram, gantt, pie, mindmap, timeline"
MISSING = (
    "Diagrams need an engine that is not installed: pip install 'stp-portfolio[diagrams]'. Where there is none for "
    "this machine, build the book on another one or in CI, or put a picture in the diagram's place."
)
NO_WORDS = (
    "This diagram says nothing to who cannot see it. Say in a sentence what it shows: in a fence with braces as "
    ":alt: before the diagram, in any other as its second line, accDescr: …"
)


class DiagramError(Refusal):
    """A diagram that cannot be drawn: the message says why and what to do, ``line`` where in its source."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def render(source: str, alt: str = "") -> tuple[str, str]:
    """The SVG of a Mermaid source and its words: ``alt``, or else the source's own ``accTitle`` and ``accDescr``."""
    drawn = _drawn(source)
    if "error" in drawn:
        raise _mistake(source, drawn)
    model = drawn["model"]
    _check(model)
    root = _themed(drawn)
    if root.find(".//text") is None:
        raise DiagramError("This diagram is empty. Add a line such as: A[Referral] --> B[Triage]")
    written = [str(model.get(key) or "").strip().rstrip(".") for key in ("accTitle", "accDescr")]
    alt = alt or (". ".join(filter(None, written)) + "." if written[1] else "")
    if not alt:
        raise DiagramError(NO_WORDS)
    root.set("aria-label", alt)
    return etree.tostring(root, encoding="unicode"), alt


def _check(model: dict[str, Any]) -> None:
    """Raise DiagramError for what could be drawn, but not so that a reader understands it."""
    if model["type"] not in ("flowchart", "sequence", "state", "er", "class", "gantt", "pie", "mindmap", "timeline"):
        raise DiagramError(f"A {model['type']} diagram cannot be drawn here. Begin with one of: {KINDS}")
    if model["type"] == "pie" and len(model["sections"]) > len(_SERIES):
        raise DiagramError(f"More than {len(_SERIES)} slices of a pie look alike. Use a table, or fewer slices.")
    for task in model["tasks"] if model["type"] == "gantt" else ():
        if task["startTime"] == task["endTime"] and not task["milestone"] and not task["vert"]:
            raise DiagramError(
                f"The task '{task['task'].strip()}' takes no time. Write a length such as 3d, or an end after the "
                "start and, as the chart's second line: dateFormat YYYY-MM-DD"
            )


@cache
def _script() -> str:
    folder = files(__package__) / "pele"
    before, after = ((folder / name).read_text(encoding="utf-8") for name in ("before.js", "after.js"))
    bundle = gzip.decompress((folder / "pele.global.js.gz").read_bytes()).decode()
    return "\n;".join([before, bundle, after])


def _drawn(source: str) -> dict[str, Any]:
    """Pele's drawing and model of a source, or the mistake it found, from an engine in which nothing was drawn yet."""
    try:
        import quickjs
    except ImportError as error:
        raise DiagramError(MISSING) from error
    engine = quickjs.Context()
    engine.set_memory_limit(MEMORY)
    engine.set_time_limit(SECONDS)
    try:
        engine.eval(_script())
        found: dict[str, Any] = json.loads(engine.eval(f"stpDraw({json.dumps(source)}, {WIDTH})"))
    except quickjs.JSException as error:
        raise DiagramError("This diagram is too large to be drawn. Split it into smaller ones.") from error
    return found


def _mistake(source: str, found: dict[str, Any]) -> DiagramError:
    """What is wrong with a source, where, and what to do about it."""
    lines = [line.strip() for line in source.splitlines()] or [""]
    first = next((line for line in lines if re.match(r"[A-Za-z]", line)), "")
    said = found["error"]
    if found["code"] == "unsupported-diagram":
        return DiagramError(f"'{first[:80]}' names no kind of diagram. Begin with one of: {KINDS}")
    word = re.search(r"[:(][ \"]*([^\s.\")]+)", said)  # where Pele gives no number: the first line with its word
    with_word = (n for n, line in enumerate(lines, 1) if word and word[1] in re.split(r"[\s:,]+", line))
    number = found["line"] or next(with_word, 1)
    line = lines[min(number, len(lines)) - 1]
    syntax = found["code"] == "syntax"
    advice = "Compare it with the examples at mermaid.js.org." if syntax else said.split("\n")[0]
    text = (files(__package__) / "pele" / "advice.toml").read_text(encoding="utf-8")
    for each in tomllib.loads(text)["advice"]:
        pattern = each["pattern"].replace("$flow", r"\A(?:graph|flowchart)\b.*\n")
        if re.search(pattern, f"{first}\n{line}\n{said}"):
            advice = each["say"]
            break
    return DiagramError(f"Line {number} of the diagram, '{line[:80]}', is not understood. {advice}", number)


# -- style ------------------------------------------------------------------------------------


def _themed(drawn: dict[str, Any]) -> etree._Element:
    """Pele's SVG as part of a page: nothing but what is listed above."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    old = etree.fromstring(drawn["svg"].encode(), parser)
    left, width = min(0, (drawn["width"] - WIDTH) / 2), max(WIDTH, drawn["width"])
    for element in list(old.iter("{*}title", "{*}desc")):  # their words are in the label
        element.getparent().remove(element)
    for element in old.iter():
        element.tag = etree.QName(element).localname
        if element.tag not in _SHAPES:
            raise DiagramError("Pictures, formulas and links cannot be drawn in a diagram. Leave them out.")
        kept = _attributes(element)
        element.attrib.clear()
        element.attrib.update(kept)
    old.attrib.clear()
    old.attrib.update({
        "viewBox": f"{left:g} 0 {width:g} {drawn['height']:g}", "class": "stp-svg stp-diagram",
        "role": "img", "font-size": "16", "fill": "currentColor",
    })  # fmt: skip
    root = etree.Element("svg", dict(old.attrib), nsmap={None: "http://www.w3.org/2000/svg"})
    root.extend(list(old))
    return root


def _attributes(element: etree._Element) -> dict[str, str]:
    """An element's attributes and styles as listed attributes.

    The author's own colours become one highlight: each of them is unreadable in some theme.
    """
    styles = dict(re.findall(r"([\w-]+)\s*:\s*([^;]*[^;\s])", element.get("style", "")))
    merged = {**element.attrib, **{name: value for name, value in styles.items() if name in _STYLES}}
    kept = {str(name): _value(str(value)) for name, value in merged.items() if name in _ATTRIBUTES}
    named = [name for name in ("fill", "stroke") if name in kept]
    own = [name for name in named if not re.match(r"none$|currentColor$|var\(", kept[name])]
    if element.tag in ("text", "tspan"):
        return {name: value for name, value in kept.items() if name not in own}
    if not own:
        return kept
    if "pele-marker" in element.get("class", ""):
        return kept | dict.fromkeys(own, THEMED[WARM])
    fill = {"fill": THEMED[PANEL]} if "fill" in own else {}
    return {"stroke-width": "2.5"} | kept | fill | {"stroke": THEMED[WARM]}


def _value(value: str) -> str:
    """A value with the book's colours and sizes in the place of Pele's."""
    if value.startswith("color-mix"):  # the ground of a group, half of it the page's
        return THEMED[PANEL]
    if variable := re.match(r"var\((--[\w-]+)", value):
        return _VARIABLES.get(variable[1], THEMED[INK])
    return re.sub(r"px\b|\s*!important", "", value)


# -- on a page --------------------------------------------------------------------------------


class Mermaid(SphinxDirective):
    """A fence whose content is a Mermaid diagram."""

    has_content = True
    option_spec: ClassVar = dict.fromkeys(("caption", "alt", "name"), directives.unchanged_required)

    def run(self) -> list[nodes.Node]:
        """The figure, or nothing and a warning at the line of the page that has the mistake."""
        try:
            svg, alt = render("\n".join(self.content), self.options.get("alt", ""))
        except DiagramError as error:
            line = self.lineno + self.content_offset + error.line
            logger.warning("%s", error, location=(self.env.docname, line), type="stp", subtype="diagram")
            return []
        figure = nodes.figure("", Picture(svg=svg, alt=alt), classes=["stp-figure"])
        self.set_source_info(figure)
        if caption := self.options.get("caption"):
            inline, messages = self.parse_inline(caption)
            figure += [nodes.caption(caption, "", *inline), *messages]
        self.add_name(figure)
        return [figure]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)

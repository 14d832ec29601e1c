"""Mermaid diagrams as inline SVG, drawn when the book is built: no browser, no Node, no network.

Pele (MIT, ``pele.LICENSE``) lays a diagram out in an embedded JavaScript engine that can reach
nothing. Its SVG is then held to a list: shapes and real text, presentation attributes, and the
colours of the stylesheet, so that it follows the theme of the page. ``spoken`` finds the words.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

from stp_portfolio.diagrams import spoken

WIDTH = 560  # units; a narrower diagram is centred in them, so that its text is as large as in any other
SECONDS, MEMORY = 20, 256 * 2**20
HIGHLIGHT = "2.5"  # units of outline

INK, PAGE, PANEL = "currentColor", "var(--stp-page, #ffffff)", "var(--stp-panel, #f0f4f5)"
MUTED, RULE = "var(--stp-muted, #4c6272)", "var(--stp-rule, #d8dde0)"
ACCENT, WARM = "var(--stp-accent, #005eb8)", "var(--stp-warm, #a84300)"
SERIES = (ACCENT, WARM, MUTED, INK)
_THEMED = {  # Pele's variables; any other of them is ink
    "--_bg": PAGE, "--_m": MUTED, "--_s": PANEL, "--_a": RULE, "--_b": ACCENT, "--_c": ACCENT, "--pele-critical": WARM,
    "--_r": "4", "--_tw": "bold", "--_hw": "bold", "--_w": "bold",
    **{f"--pele-series-{number + 1}": SERIES[number % len(SERIES)] for number in range(8)},
}  # fmt: skip
_TAGS = set("svg g path rect circle ellipse line polygon polyline text tspan".split())
_STYLES = set(
    "fill stroke rx ry stroke-width stroke-dasharray font-weight font-style text-decoration".split()
)
_ATTRIBUTES = _STYLES | set(
    "x y x1 x2 y1 y2 cx cy r width height d points transform fill-opacity stroke-linecap stroke-linejoin font-size "
    "text-anchor {http://www.w3.org/XML/1998/namespace}space".split()
)
FIRST_WORDS = (
    "flowchart LR, sequenceDiagram, stateDiagram-v2, erDiagram, classDiagram, gantt, pie, mindmap, timeline"
)
_FLOW = r"\A(?:graph|flowchart)\b.*\n"
_ADVICE = {  # by a pattern for the kind's first line, the line and what Pele says of it
    r"Expecting 'end'": "A subgraph (or loop, alt, opt) is not closed. Add a line with only: end",
    _FLOW + r".*[\[({|][^\"\])}|\n]*[(\[{][^\"\n]*[)\]}].*\n[\s\S]*got '(?:PS|SQS|DIAMOND_START)'":
        'Put a label that contains brackets in double quotes, as in: A["Referral (urgent)"]',
    _FLOW + r".*\bend\b": "The word end in small letters closes a subgraph. For a node, write End or A[end].",
    _FLOW + r"(?:.*(?:\[[^\]\n]*|\([^)\n]*|\{[^}\n]*)|[^|\n]*\|[^|\n]*|[^\"\n]*\"[^\"\n]*)\n":
        'Something is not closed. Each [ needs a ], each ( a ), each { a }, and | and " stand in pairs.',
    r"\A(?:graph|flowchart|stateDiagram).*\n.*(?:(?<!-)->|[–—→])": "An arrow is typed with two hyphens here: -->",
    _FLOW + r"(?:graph|flowchart)\b(?! *(?:TD|TB|BT|LR|RL)\b)":
        "After the word flowchart stands a direction: TD (down) or LR (to the right).",
    r"\AsequenceDiagram\n[^:\n]*>[^:\n]*\n": "A message needs a colon and its words, as in: GP->>Lab: Order test",
    r"\AerDiagram\n.*(?:--|\.\.)": "Two entities, the line between them, a colon and a word: CLINIC ||--o{ VISIT : has",
    r"\Apie\b.*\n": 'A slice is a name in double quotes, a colon and a number above 0, as in: "Urgent" : 20',
    "Invalid date": "Write dates as dateFormat says, without one as YYYY-MM-DD, and lengths as 3d or 2w.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawn diagram: its SVG, and what it shows in words."""

    svg: str
    alt: str


class DiagramError(ValueError):
    """A diagram that cannot be drawn: the message says why and what to do, ``line`` where in its source."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def render(source: str, alt: str = "") -> Diagram:
    """The diagram of a Mermaid source, in the author's words for it (``alt``) or in computed ones."""
    drawn = _drawn(source)
    if "error" in drawn:
        raise _mistake(source, drawn)
    model = drawn["model"]
    _check(model)
    root = _cleaned(drawn)
    if not any(element.tag == "text" for element in root.iter()):
        raise DiagramError("This diagram is empty. Add a line such as: A[Referral] --> B[Triage]")
    alt = alt or spoken.describe(model)
    root.set("aria-label", alt)
    return Diagram(ET.tostring(root, encoding="unicode"), alt)


def _check(model: dict[str, Any]) -> None:
    """Raise DiagramError for what could be drawn, but not so that a reader understands it."""
    if model["type"] not in spoken.KINDS:
        raise DiagramError(
            f"A {model['type']} diagram cannot be drawn here. Begin with one of: {FIRST_WORDS}"
        )
    if model["type"] == "pie" and len(model["sections"]) > len(SERIES):
        raise DiagramError(
            f"More than {len(SERIES)} slices of a pie look alike. Use a table, or fewer slices."
        )
    for task in model["tasks"] if model["type"] == "gantt" else []:
        if task["startTime"] == task["endTime"] and not task["milestone"] and not task["vert"]:
            raise DiagramError(
                f"The task '{task['task'].strip()}' takes no time. Write a length such as 3d, or an end after the "
                "start and, as the chart's second line: dateFormat YYYY-MM-DD"
            )


# -- drawing ----------------------------------------------------------------------------------


@cache
def _script() -> str:
    folder = files(__name__)
    bundle = gzip.decompress((folder / "pele.global.js.gz").read_bytes()).decode()
    before, after = ((folder / name).read_text(encoding="utf-8") for name in ("before.js", "after.js"))
    return "\n;".join([before, bundle, after])


def _drawn(source: str) -> dict[str, Any]:
    """Pele's drawing and model of a source, or the mistake it found, from an engine that nothing was drawn in yet."""
    try:
        import quickjs
    except ImportError as error:
        raise DiagramError(
            "This machine cannot draw diagrams: there is no quickjs-ng for it. Build the book on another "
            "machine or in CI, or put a picture in the diagram's place."
        ) from error
    engine = quickjs.Context()
    engine.set_memory_limit(MEMORY)
    engine.set_time_limit(SECONDS)
    try:
        engine.eval(_script())
        return json.loads(engine.eval(f"stpDraw({json.dumps(source)}, {WIDTH})"))
    except quickjs.JSException as error:
        raise DiagramError("This diagram is too large to be drawn. Split it into smaller ones.") from error


def _mistake(source: str, found: dict[str, Any]) -> DiagramError:
    """What is wrong with a source, where, and what to do about it."""
    lines = [line.strip() for line in source.splitlines()] or [""]
    first = next((line for line in lines if re.match(r"[A-Za-z]", line)), "")
    if found["code"] == "unsupported-diagram":
        return DiagramError(f"'{first[:80]}' names no kind of diagram. Begin with one of: {FIRST_WORDS}")
    said, number = found["error"], found["line"] or _line_of(found["error"], lines)
    line = lines[min(number, len(lines)) - 1]
    context = f"{first}\n{line}\n{said}"
    fallback = (
        "Compare it with the examples at mermaid.js.org."
        if found["code"] == "syntax"
        else said.split("\n")[0]
    )
    advice = next((advice for pattern, advice in _ADVICE.items() if re.search(pattern, context)), fallback)
    return DiagramError(f"Line {number} of the diagram, '{line[:80]}', is not understood. {advice}", number)


def _line_of(said: str, lines: list[str]) -> int:
    """The line of a mistake that Pele gives no number for: the first with the word it complains of."""
    word = re.search(r"[:(][ \"]*([^\s.\")]+)", said)
    return next(
        (number for number, line in enumerate(lines, 1) if word and word[1] in re.split(r"[\s:,]+", line)), 1
    )


# -- style ------------------------------------------------------------------------------------


def _cleaned(drawn: dict[str, Any]) -> ET.Element:
    """Pele's SVG as part of a page: nothing but what is listed above."""
    root = ET.fromstring(drawn["svg"])  # noqa: S314 - written by Pele, and no larger than it may be
    for parent in list(root.iter()):
        parent.tag = parent.tag.rpartition("}")[2]
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("title", "desc"):  # their words are in the label
                parent.remove(child)
    for element in root.iter():
        if element.tag not in _TAGS:
            raise DiagramError("Pictures, formulas and links cannot be drawn in a diagram. Leave them out.")
        element.attrib = _attributes(element)
    left = min(0, (drawn["width"] - WIDTH) / 2)
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"{left:g} 0 {max(WIDTH, drawn['width']):g} {drawn['height']:g}",
        "class": "stp-svg stp-diagram",
        "role": "img",
        "font-size": "16",
        "fill": INK,
    }
    return root


def _attributes(element: ET.Element) -> dict[str, str]:
    """An element's attributes and styles as listed attributes.

    The author's own colours become one highlight: each of them is unreadable in some theme.
    """
    styles = dict(re.findall(r"([\w-]+)\s*:\s*([^;]*[^;\s])", element.get("style", "")))
    merged = element.attrib | {name: value for name, value in styles.items() if name in _STYLES}
    kept = {name: _value(value) for name, value in merged.items() if name in _ATTRIBUTES}
    own = [
        name
        for name in ("fill", "stroke")
        if not re.match(r"none$|currentColor$|var\(", kept.get(name, "none"))
    ]
    if element.tag in ("text", "tspan"):
        return {name: value for name, value in kept.items() if name not in own}
    if not own:
        return kept
    if "pele-marker" in element.get("class", ""):
        return kept | dict.fromkeys(own, WARM)
    fill = {"fill": PANEL} if "fill" in own else {}
    return {"stroke-width": HIGHLIGHT} | kept | fill | {"stroke": WARM}


def _value(value: str) -> str:
    """A value with the book's colours and sizes in the place of Pele's."""
    if value.startswith("color-mix"):  # the ground of a group, half of it the page's
        return PANEL
    if variable := re.match(r"var\((--[\w-]+)", value):
        return _THEMED.get(variable[1], INK)
    return re.sub(r"px\b|\s*!important", "", value)

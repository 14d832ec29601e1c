"""Mermaid fences as inline SVG, drawn while a page is read: no browser, no Node, no network.

Pele (MIT, ``pele/LICENSE``) lays a diagram out in an embedded JavaScript engine that can reach nothing. Its
drawing is then held to a list (``pele/list.toml``): shapes and real text, presentation attributes, and the
colours of the stylesheet, so that it follows the theme. The words for who cannot see it are the author's.
"""

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
from stp_portfolio.show.palette import INK, LIGHT, PANEL, THEMED, WARM

logger = logging.getLogger(__name__)

WIDTH = 380  # units in which a diagram is laid out: on a phone its text has 12 pixels and more
FLOW = r"\A(?:graph|flowchart)\b.*\n"  # the first line of a flowchart
SECONDS, MEMORY = 20, 256 * 2**20
OURS = re.compile(r"$|none$|currentColor$|var\(")  # colours that are not the author's
MISSING = (
    "Diagrams need an engine that is not installed: pip install 'stp-portfolio[diagrams]'. Where there is "
    "none for this machine, build the book on another one or in CI, or put a picture in the diagram's place."
)
NO_WORDS = (
    "This diagram says nothing to who cannot see it. Say in a sentence what it shows: in a fence with braces "
    "as :alt: before the diagram, in any other as its second line, accDescr: …"
)


class DiagramError(Refusal):
    """A diagram that cannot be drawn: the message says why and what to do, ``line`` where in its source."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def render(source: str, alt: str = "") -> tuple[str, str]:
    """The SVG of a Mermaid source and its words: ``alt``, or the source's ``accTitle`` and ``accDescr``."""
    drawn = _drawn(source)
    if "error" in drawn:
        raise _mistake(source, drawn)
    root = _themed(drawn)
    if root.find(".//text") is None:
        raise DiagramError("This diagram is empty. Add a line such as: A[Referral] --> B[Triage]")
    if not alt and drawn["description"].strip():
        parts = (drawn[key].strip().rstrip(".") for key in ("title", "description"))
        alt = ". ".join(filter(None, parts)) + "."
    if not alt:
        raise DiagramError(NO_WORDS)
    return etree.tostring(root, encoding="unicode"), alt


def _part(name: str) -> str:
    return (files(__package__) / "pele" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    bundle = gzip.decompress((files(__package__) / "pele" / "pele.global.js.gz").read_bytes()).decode()
    return "\n;".join([_part("before.js"), bundle, _part("after.js")])


@cache
def _list() -> dict[str, Any]:
    found = tomllib.loads(_part("list.toml"))
    themed = {variable: THEMED[LIGHT[colour]] for variable, colour in found["colours"].items()}
    words = {key: frozenset(found[key].split()) for key in ("shapes", "styles", "attributes")}
    return {**words, "values": themed | found["sizes"]}


def _drawn(source: str) -> dict[str, Any]:
    """Pele's drawing of a source, or the mistake it found, from an engine in which nothing was drawn yet."""
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
    said, lines = found["error"], [line.strip() for line in source.splitlines()] or [""]
    if found["code"] == "unclear":
        return DiagramError(said)
    # Where Pele gives no number: the first line with its word.
    word = re.search(r"[:(][ \"]*([^\s.\")]+)", said)
    with_word = (n for n, line in enumerate(lines, 1) if word and word[1] in re.split(r"[\s:,]+", line))
    number = found["line"] or next(with_word, 1)
    line = lines[min(number, len(lines)) - 1]
    first = next((line for line in lines if re.match(r"[A-Za-z]", line)), "")
    context = f"{first}\n{line}\n{said}"
    syntax = found["code"] == "syntax"
    fallback = "Compare it with the examples at mermaid.js.org." if syntax else said.split("\n")[0]
    known = tomllib.loads(_part("advice.toml").replace("$flow", FLOW))["advice"]
    advice = next((each["say"] for each in known if re.search(each["pattern"], context)), fallback)
    return DiagramError(f"Line {number} of the diagram, '{line[:80]}', is not understood. {advice}", number)


# -- style ------------------------------------------------------------------------------------


def _themed(drawn: dict[str, Any]) -> etree._Element:
    """Pele's SVG as part of a page: nothing but what is listed above."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    old = etree.fromstring(drawn["svg"].encode(), parser)
    etree.strip_elements(old, "{*}title", "{*}desc", with_tail=False)  # their words are in the label
    for element in old.iter():
        element.tag = etree.QName(element).localname
        if element.tag not in _list()["shapes"]:
            raise DiagramError("Pictures, formulas and links cannot be drawn in a diagram. Leave them out.")
        kept = _attributes(element)
        element.attrib.clear()
        element.attrib.update([*kept.items()])
    width, height = (f"{drawn[name]:g}" for name in ("width", "height"))
    broad = " stp-broad" if drawn["width"] > WIDTH + 4 else ""  # what cannot be parted scrolls on a phone
    look = {
        "class": f"stp-svg stp-diagram{broad}",
        "width": width,
        "aria-hidden": "true",
        "font-size": "16",
        "fill": "currentColor",
    }
    root = etree.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", **look}
    )
    root.extend(list(old))
    return root


def _attributes(element: etree._Element) -> dict[str, str]:
    """An element's attributes and styles as listed attributes.

    The author's own colours become one highlight: each of them is unreadable in some theme.
    """
    allowed = _list()["styles"]
    styles = dict(re.findall(r"([\w-]+)\s*:\s*([^;]*[^;\s])", element.get("style", "")))
    merged = {**element.attrib, **{name: styles[name] for name in styles if name in allowed}}
    allowed |= _list()["attributes"]
    kept = {str(name): _value(str(value)) for name, value in merged.items() if name in allowed}
    own = [name for name in ("fill", "stroke") if not OURS.match(kept.get(name, ""))]
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
        return str(_list()["values"].get(variable[1], THEMED[INK]))
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
        figure = nodes.figure("", Picture(svg=svg, narrow="", alt=alt), classes=["stp-figure"])
        self.set_source_info(figure)
        if caption := self.options.get("caption"):
            inline, messages = self.parse_inline(caption)
            figure += [nodes.caption(caption, "", *inline), *messages]
        self.add_name(figure)
        return [figure]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)

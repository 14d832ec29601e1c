"""Mermaid diagrams: drawn without a browser, the same everywhere, safe on a page, in their author's words."""

import gzip
import hashlib
import os
import re
import socket
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import html
from portfolios import cases

from stp_portfolio import book
from stp_portfolio.book import diagrams
from stp_portfolio.book.diagrams import DiagramError
from stp_portfolio.core import disk
from stp_portfolio.core.findings import Refusal

PELE = "0b0a46c57a5a6971670c09f5ec4066705bd78505f90fd11adf6260325efa0910"  # of npm's pele 1.13.0

HERE = Path(__file__).parent
KINDS = sorted((HERE / "diagrams").glob("*.mmd"))
SOURCES = {path.stem: disk.read_text(path).rstrip("\n") for path in KINDS}
COLOURED = sorted((HERE / "diagrams/coloured").glob("*.mmd"))
EVERY = SOURCES | {path.stem: disk.read_text(path).rstrip("\n") for path in COLOURED}
COLOUR = re.compile(r"currentColor|none|url\(#[^)]+\)|var\(--stp-[a-z]+, #[0-9a-f]{6}\)")


def render(source, alt="What it shows."):
    return diagrams.render(source, alt)[0]


def texts(svg):
    """The texts of a drawing, in its order."""
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).findall(".//{*}text")]


# -- drawing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_is_drawn(kind):
    """Each kind of diagram has a drawing with the words of its source."""
    shown = " ".join(texts(render(SOURCES[kind])))
    named = r"Triage|Describes|On hold|PATIENT|Resource|Configure wards|Urgent|Informatics|NPfIT"
    words = set(re.findall(named, SOURCES[kind]))
    assert words
    assert all(word in shown for word in words)


def test_the_same_bytes_everywhere():
    """A second drawing, and one in another place with another hash seed, are the same to the byte."""
    code = "import sys; from stp_portfolio.book import diagrams; sys.stdout.write(repr("
    code += "[diagrams.render(each, 'x')[0] for each in eval(sys.stdin.read())]))"
    kinds = [SOURCES[kind] for kind in ("gantt", "flowchart", "timeline")]
    drawn = [repr([render(kind, "x") for kind in kinds]) for _ in range(2)]
    for zone, seed in (("Pacific/Auckland", "1"), ("America/St_Johns", "2")):
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-c", code]
        drawn.append(subprocess.check_output(command, input=repr(kinds), env=environment, encoding="utf-8"))
    assert len(set(drawn)) == 1


def test_today_is_on_no_chart():
    """A chart that spans today has no mark there, which would be elsewhere tomorrow."""
    chart = "gantt\n    {}\n    A :2000-01-01, 5200w"
    assert render(chart.format("")) == render(chart.format("todayMarker off"))


def test_nothing_is_fetched(monkeypatch):
    """A diagram is drawn with no network at all."""

    def refused(*arguments, **options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    assert render(EVERY["styled"])


def test_bundle_is_the_published_one():
    """What is unpacked is the file that npm publishes, and small enough to keep in a repository."""
    packed = (files(book) / "pele/pele.global.js.gz").read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == PELE
    assert len(packed) < 500_000
    assert packed[4:8] == b"\0\0\0\0"  # no date, so that packing it again gives the same bytes
    assert "MIT License" in (files(book) / "pele/LICENSE").read_text(encoding="utf-8")


# -- safe on a page ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
def test_svg_keeps_to_the_rules_of_a_page(kind):
    """Only shapes and real text; no style, script, link, handler or colour of its own; labelled; no id."""
    drawn = render(EVERY[kind])
    root = ElementTree.fromstring(drawn)
    assert root.get("aria-hidden") == "true"
    assert texts(drawn)
    shapes = set("svg g path rect circle ellipse line polygon polyline text tspan".split())
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= shapes
    assert not [element for element in root.iter() if element is not root and "class" in element.attrib]
    foreign = r"--(?!stp-)|calc\(|color-mix|script:|https?:(?!//www\.w3\.org)"
    for name, value in ((name, value) for element in root.iter() for name, value in element.attrib.items()):
        assert not re.match(r"style|on|data-|id$|.*href", name)
        assert not re.search(foreign, value), value
        assert name not in ("fill", "stroke") or COLOUR.fullmatch(value), value


def test_the_authors_colours_become_one_highlight():
    """A node with a colour of its own stands out in the theme's warm colour, the others do not."""
    plain = re.sub(r" +(style|classDef|linkStyle) .*\n?|:::hot", "", EVERY["styled"])
    assert render(EVERY["styled"]).count("--stp-warm") == 4  # two nodes, a line and its head
    assert "--stp-warm" not in render(plain)
    assert not re.search("opacity|font-size=.40", render(EVERY["styled"]))


@cases("labels", "label shown")
def test_hostile_labels_stay_text(label, shown):
    """Markup in a label is text or gone, in the drawing."""
    drawn = render(f'flowchart LR\n    A["{label}"]')
    assert " ".join(ElementTree.fromstring(drawn).itertext()).split() == shown.split()
    assert not re.search(r"<(script|img|b)\b", drawn)


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "mindmap"])  # it has no accDescr
def test_the_authors_words_are_the_label(kind):
    """A source's accTitle and accDescr; an alt comes first; without either it is refused with what to do."""
    first, _, rest = SOURCES[kind].partition("\n")
    both = f"{first}\n    accTitle: The way in\n    accDescr: Who does what.\n{rest}"
    assert diagrams.render(both)[1] == "The way in. Who does what."
    assert diagrams.render(f"{first}\n    accDescr: Who does what.\n{rest}")[1] == "Who does what."
    assert diagrams.render(both, "Other words")[1] == "Other words"
    for silent in (SOURCES[kind], f"{first}\n    accTitle: The way in\n{rest}"):
        with pytest.raises(DiagramError, match=":alt: before the diagram"):
            diagrams.render(silent)


# -- mistakes ---------------------------------------------------------------------------------


@cases("diagrams", "source line named advice")
def test_a_mistake_is_named_with_what_to_do(source, line, named, advice):
    """A beginner's mistake names its line and what to do, and nothing of the parser's own language."""
    with pytest.raises(DiagramError) as caught:
        render(source.replace("LONG", "x" * 60_000))
    assert caught.value.line == line
    assert named in str(caught.value)
    assert advice in str(caught.value)
    assert "Expecting" not in str(caught.value)


def test_a_diagram_too_large_is_a_mistake(monkeypatch):
    """What exhausts the engine says so, and the next diagram is drawn as ever."""
    before = render(SOURCES["flowchart"])
    monkeypatch.setattr(diagrams, "MEMORY", 12 * 2**20)
    with pytest.raises(DiagramError, match="Split it"):
        render("flowchart TD\n" + "\n".join(f"    A{n} --> A{n + 1}" for n in range(2000)))
    monkeypatch.undo()
    assert render(SOURCES["flowchart"]) == before


def test_a_machine_without_the_engine_says_so(monkeypatch):
    """Without quickjs the message says what else can be done."""
    monkeypatch.setitem(sys.modules, "quickjs", None)
    with pytest.raises(DiagramError, match=r"pip install .stp-portfolio.diagrams.*in CI, or put a picture"):
        render(SOURCES["pie"])
    assert issubclass(DiagramError, Refusal)


# -- on a page --------------------------------------------------------------------------------


def test_both_fences_make_a_figure(small):
    """With and without braces; caption, alt and name do what they say; two equal diagrams share no id."""
    done = small.home(disk.read_text(HERE / "diagrams_sound.md"))
    page = html.fromstring(done.page("intro"))
    first, second = page.findall(".//figure")
    assert first.find(".//*[@role]").get("aria-label") == "From A to B."
    assert first.find(".//figcaption") is None
    assert second.find(".//*[@role]").get("aria-label") == 'Say "x" & <y>'
    assert second.find(".//figcaption//strong").text == "bold"
    assert second.get("id") == "way"
    assert page.xpath("//a[@href='#way']")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_a_mistake_is_a_warning_at_its_line_of_the_page(small):
    """Each faulty fence warns with the line of the page, fence and options counted."""
    done = small.home(disk.read_text(HERE / "diagrams_faulty.md"))
    assert done.code == 1
    found = re.findall(r"intro\.md:(\d+): .*?Line (\d) of the diagram", done.output)
    assert found == [("8", "3"), ("16", "2"), ("23", "2")]

"""What stands around the pages: feed, site map, card, the menu, and what may not stand on a page."""

import io
import re
import shutil
from datetime import date
from xml.etree import ElementTree

import pytest
from conftest import build
from PIL import Image
from portfolios import done, make

from stp_portfolio.show import charts
from stp_portfolio.book import site, theme

ATOM = "{http://www.w3.org/2005/Atom}"
CHAPTER = "C1_Professional_Foundations"
ADDRESS = "https://example.org/book"


@pytest.fixture(scope="module")
def published(book, tmp_path_factory):
    """The shipped book, built with the address where it is published."""
    tree = tmp_path_factory.mktemp("published") / "portfolio"
    shutil.copytree(book.tree, tree)
    path = tree / "_config.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("html:\n", f"html:\n  baseurl: {ADDRESS}/\n", 1), encoding="utf-8")
    made = build(tree)
    assert made.code == 0, made.output
    return made


def test_site_map_has_every_page_once(published):
    """Whole addresses, each of an existing page, none left out."""
    root = ElementTree.parse(published.html / "sitemap.xml").getroot()
    listed = [element.text for element in root.iter() if element.tag.endswith("}loc")]
    pages = {path.relative_to(published.html).as_posix() for path in published.html.rglob("*.html")}
    assert sorted(listed) == sorted(f"{ADDRESS}/{page}" for page in pages - {"index.html", "search.html", "404.html"})


def test_without_an_address_there_is_no_site_map_nor_card(book):
    """Nothing is published that would need an address."""
    assert not (book.html / "sitemap.xml").exists()
    assert "og:image" not in book.page("intro")


def test_shared_link_shows_a_card(published):
    """A picture of the usual size, the page's own title and description, and its one address."""
    page = published.page(f"{CHAPTER}/5_PatientCareJourney")
    assert f'<meta property="og:image" content="{ADDRESS}/_static/card.png">' in page
    assert f'<link rel="canonical" href="{ADDRESS}/{CHAPTER}/5_PatientCareJourney.html">' in page
    assert '<meta property="og:title" content="5. Explore patient care journey experiences">' in page
    assert '<meta property="og:description" content="In the spring of 2024' in page
    with Image.open(published.html / "_static/card.png") as card:
        assert card.size == (1200, 630)


def test_unknown_address_finds_its_styles_at_any_depth(published):
    """The page for unknown addresses links from the root of the server."""
    page = published.page("404")
    links = re.findall(r'\s(?:href|src|action)="([^"]*)"', page)
    assert len(links) > 8
    assert all(link.startswith(("/book/", "#", f"{ADDRESS}/404")) for link in links)


def test_card_is_the_same_twice_and_takes_any_number(portfolio):
    """Same records, same bytes; no activity and two hundred are drawn as well."""
    assert charts.card(portfolio) == charts.card(portfolio)
    for count in (0, 200):
        with Image.open(io.BytesIO(charts.card(make(date(2025, 6, 30), numbers=count)))) as card:
            assert card.size == (1200, 630)


def test_feed_is_atom_with_the_latest_events(portfolio):
    """The newest twenty events, newest first, each with an id of its own that stays the same."""
    root = ElementTree.fromstring(site.feed(portfolio, f"{ADDRESS}/"))
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    past = [event for event in portfolio.events if event.date <= portfolio.on]
    assert len(entries) == min(20, len(past)) > 10
    days = [entry.find(f"{ATOM}updated").text for entry in entries]
    assert days == sorted(days, reverse=True)
    assert days[0] == f"{past[-1].date}T00:00:00Z" == root.find(f"{ATOM}updated").text
    ids = [entry.find(f"{ATOM}id").text for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        assert entry.find(f"{ATOM}link").get("href").startswith(f"{ADDRESS}/{CHAPTER}/")
    later = make(date(2025, 6, 30), done(date(2024, 1, 8)))
    assert len(ElementTree.fromstring(site.feed(later, "")).findall(f"{ATOM}entry")) == 3


def test_changed_title_shows_in_the_menu_of_every_page(copy):
    """Another title of one page is another line in the menu of its neighbours, which did not change."""
    build(copy)
    path = copy / CHAPTER / "synthesis.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# What the activities add up to", "# What it all comes to", 1), encoding="utf-8")
    made = build(copy)
    assert made.code == 0, made.output
    assert made.read == [f"{CHAPTER}/synthesis"]
    page = made.page(f"{CHAPTER}/5_PatientCareJourney")
    assert "What it all comes to" in page
    assert "What the activities add up to" not in page


class Contents:
    """As much of an environment as the menu asks for: a chapter of so many pages."""

    class Title(str):
        def astext(self):
            return str(self)

    def __init__(self, count):
        self.pages = [f"c/{number}" for number in range(count)]
        self.toctree_includes = {"root": ["c/index"], "c/index": self.pages}
        self.titles = {page: self.Title(page) for page in [*self.pages, "c/index"]}


@pytest.mark.parametrize("current", [0, 20, 500, 999])
def test_menu_of_a_long_chapter_shows_the_neighbours(current):
    """A chapter of a thousand pages lists at most 41 of them, the current one among them, in order."""
    contents = Contents(1000)
    menu = theme.branch(contents, ["c/index"], f"c/{current}", ["c/index"])
    shown = [item["page"] for item in menu[0]["children"]]
    assert f"c/{current}" in shown
    assert 20 < len(shown) <= 41
    assert shown == contents.pages[contents.pages.index(shown[0]) :][: len(shown)]


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("\n<script>alert(1)</script>\n", "a script, style or handler stands on the page"),
        ("\n<p onclick='go()'>x</p>\n", "a script, style or handler stands on the page"),
        ("\n![A chart](https://example.org/chart.png)\n", "fetch https://example.org/chart.png from another host"),
        ("\n```mermaid\nflowchart LR\n  A -> B\n```\n", "An arrow is typed with two hyphens"),
        ("\n```{math}\n\\nosuchthing{x}\n```\n", "the formula \\nosuchthing{x} cannot be set"),
    ],
)
def test_what_would_do_nothing_or_call_out_is_a_fault(copy, addition, said):
    """Each ends the build with what and where, twice."""
    path = copy / CHAPTER / "5_PatientCareJourney.md"
    path.write_text(path.read_text(encoding="utf-8") + addition, encoding="utf-8")
    for _ in range(2):
        made = build(copy)
        assert made.code == 1
        assert said in made.output
        assert "5_PatientCareJourney" in made.output
        assert "Traceback" not in made.output


def test_fault_of_a_diagram_names_its_line(copy):
    """The line of the page, not of the fence."""
    path = copy / CHAPTER / "5_PatientCareJourney.md"
    text = path.read_text(encoding="utf-8").replace("bookings --> images", "bookings -> images")
    path.write_text(text, encoding="utf-8")
    line = 1 + next(number for number, each in enumerate(text.splitlines()) if "bookings -> images" in each)
    assert f"5_PatientCareJourney.md:{line}: " in build(copy).output

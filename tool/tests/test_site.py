"""The theme, the HTML of a page's text, the menu, and what stands around the pages."""

from types import MappingProxyType
from xml.etree import ElementTree

import pytest
from lxml import html

from stp_portfolio.book import frame
from stp_portfolio.book.translator import as_attributes, made_right

ADDRESS = "https://example.org/book"


def page_of(done, name="intro"):
    assert done.code == 0, done.output
    return html.fromstring(done.page(name))


def test_what_an_address_brings(small):
    """With the address where it is published: a site map, one address a page, an error page for any depth."""
    assert not (small.build().html / "sitemap.xml").exists()
    small.edit("_config.yml", "html:\n", f"html:\n  baseurl: {ADDRESS}/\n")
    done = small.build()
    root = ElementTree.parse(done.html / "sitemap.xml").getroot()
    listed = [element.text for element in root.iter() if element.tag.endswith("}loc")]
    assert listed == [f"{ADDRESS}/M/1_Task.html", f"{ADDRESS}/intro.html"]
    page = page_of(done, "M/1_Task")
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{ADDRESS}/M/1_Task.html"]
    assert page.xpath("//meta[@property='og:title']/@content") == ["1. Task"]
    links = page_of(done, "404").xpath("//main//@href")
    assert links == ["/book/intro.html", "/book/search.html"]


def test_a_portfolios_own_styles_come_last(small):
    """What lies in ``_static/`` is loaded on every page after the theme's; its icon replaces the theme's."""
    small.write("_static/own.css", "h1 { color: inherit }\n")
    small.write("_static/own.js", "'use strict';\n")
    small.write("_static/icon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>\n")
    small.edit("_config.yml", "html:\n", "html:\n  favicon: _static/icon.svg\n")
    page = page_of(small.build(), "M/1_Task")
    assert page.xpath("//link[@rel='stylesheet']/@href") == ["../_static/book.css", "../_static/own.css"]
    assert page.xpath("//script/@src") == ["../_static/portfolio.js", "../_static/own.js"]
    assert page.xpath("//link[@rel='icon']/@href") == ["../_static/icon.svg"]


def test_the_text_is_written_right(small):
    """Headings say themselves alone, ticks have names, tables heads with a scope in a box that scrolls."""
    page = page_of(
        small.home(
            "## A *first* part\n\n- [x] done\n- [ ] open\n\n"
            ":::{list-table} Widths\n:header-rows: 1\n:widths: 30 70\n\n"
            "* -\n  - Value\n* - First\n  - One\n:::\n\n:::{tip}\n:class: dropdown\nFolded.\n:::\n\n"
            "[a link](https://example.org/a?b=1&c=2)\n\n:::{margin}\nA remark.\n:::\n\n{math}`a^2`\n"
        )
    )
    assert [heading.text_content() for heading in page.xpath("//h2 | //caption")] == [
        "A first part",
        "Widths",
    ]
    assert page.xpath("//input[@type='checkbox']/@aria-label") == ["Done", "To do"]
    (table,) = page.xpath("//div[@class='stp-scroll']/table")
    assert [cell.tag for cell in table.find("thead/tr")] == ["td", "th"]
    assert table.xpath(".//th/@scope") == ["col", "row"]
    assert table.xpath(".//col/@width") == ["30.0%", "70.0%"]
    (fold,) = page.xpath("//details[contains(@class, 'tip')]")
    assert (fold.findtext("summary"), fold.findtext("p")) == ("Tip", "Folded.")
    assert page.xpath("//a[text()='a link']/@href") == ["https://example.org/a?b=1&c=2"]
    assert page.xpath("//aside[contains(@class, 'sidebar')]/p/text()") == ["A remark."]
    assert page.xpath("//svg[@class='stp-formula']/@aria-label") == ["Formula: a^2"]
    assert not page.xpath("//@style")
    assert not page.xpath("//link[contains(@href, 'sphinx-design')]")


def test_sphinx_designs_sheet_stands_where_it_is_used(small):
    """A page with a card loads it before the book's own, the other page does not."""
    done = small.home(":::{card} Title\nBody\n:::\n")
    sheets = [page_of(done, name).xpath("//link[@rel='stylesheet']/@href") for name in ("intro", "M/1_Task")]
    assert sheets == [["_static/sphinx-design.min.css", "_static/book.css"], ["../_static/book.css"]]


def test_a_cell_with_hidden_code_folds_it(small):
    """Tagged ``hide-input``: its code in a fold named Code, its output open; or the other way round."""
    small.notebook(cells=[small.cell("6 * 7", tags=[tag]) for tag in ("hide-input", "hide-output")])
    page = page_of(small.build(), "sums")
    first, second = page.findall(".//details")
    assert (first.findtext("summary"), second.findtext("summary")) == ("Code", "Output")
    assert "6 * 7" in " ".join(first.find(".//pre").text_content().split())
    assert "42" not in first.text_content()
    assert "42" in second.text_content()


def test_a_frame_of_pandas_is_made_right():
    """No styles of its own, no empty heading, a scope for each other one, its alignment as an attribute."""
    written = made_right(
        '<div><style scoped>x {}</style><table border="1" class="dataframe"><tr style="text-align: right;">'
        "<th></th><th>a</th></tr><tr><th>b</th><td>1</td></tr></table></div>"
    )
    assert written == (
        '<div><table border="1" class="dataframe"><tr align="right"><td></td><th scope="col">a</th></tr>'
        '<tr><th scope="row">b</th><td>1</td></tr></table></div>'
    )


@pytest.mark.parametrize(
    ("style", "attributes"),
    [
        ("width: 30.5%", {"width": "30.5%"}),
        ("width: 200px; height: 40;", {"width": "200", "height": "40"}),
        ("width: 5em", {"style": "width: 5em"}),
        ("color: red", {"style": "color: red"}),
        ("", {}),
    ],
)
def test_styles_as_attributes(style, attributes):
    """What an attribute can say stops being a style; anything else stays, to be reported."""
    assert as_attributes(style) == attributes


class Contents:
    """As much of an environment as the menu asks for: a chapter of a thousand pages."""

    pages = tuple(f"c/{number}" for number in range(1000))
    toctree_includes = MappingProxyType({"root": ["c/index"], "c/index": pages})
    titles = ()


@pytest.mark.parametrize("current", [0, 20, 500, 999])
def test_menu_of_a_long_chapter_shows_the_neighbours(current):
    """A chapter of a thousand pages lists at most 41 of them, the current one among them, in order."""
    menu = frame.branch(Contents, ["c/index"], ["c/index", f"c/{current}"])
    shown = [item["page"] for item in menu[0]["children"]]
    assert f"c/{current}" in shown
    assert 20 < len(shown) <= 41
    assert tuple(shown) == Contents.pages[Contents.pages.index(shown[0]) :][: len(shown)]


def test_description_is_the_authors_first_words(small):
    """Whole words of the first paragraph, at most two hundred characters, for engines and the search."""
    small.write("intro.md", f"# Home\n\n{'A word or two. ' * 40}\n")
    (said,) = page_of(small.build()).xpath("//meta[@name='description']/@content")
    assert said.startswith("A word or two. A word")
    assert said.endswith(" …")
    assert 150 < len(said) <= frame.DESCRIPTION

"""The built book: clean, whole, and every number in it equal to an independent recount of the CSV files."""

import itertools
import json
import re

from browsing import pages_of
from conftest import build_here
from lxml import etree, html
from portfolios import append, edit
from recount import Recount, written

from stp_portfolio.core import digests

NOTEBOOKS = [f"notebooks/{name}" for name in ("credits", "progress", "coverage")]


def plain(text):
    """A text with white space folded and the typesetter's apostrophes as typed."""
    return " ".join(text.replace("\u2019", "'").split())


def text_of(page):
    """The text of a page's article without its drawings, with white space folded."""
    article = html.fromstring(page).find(".//article")
    etree.strip_elements(article, "svg", with_tail=False)
    return plain(" ".join(article.itertext()))


def cells(page, caption):
    """The body rows of the table with a caption, as lists of texts."""
    for table in html.fromstring(page).iter("table"):
        if plain(table.findtext("caption/span", "")) == caption:
            return [[plain(cell.text_content()) for cell in row] for row in table.find("tbody").iter("tr")]
    raise AssertionError(f"no table with the caption '{caption}'")


def check_numbers(built):
    """Hold every computed number of a book against the recount of its own data."""
    assert built.code == 0, built.output
    recount = Recount(built.tree)
    total = len(recount.activities)
    standing = f"{recount.count('Signed off')} of {total} activities signed off by {written(recount.on)}"
    assert standing in text_of(built.page("intro"))
    check_credits(built, recount)
    check_milestones(built, recount)
    progress = built.page("notebooks/progress")
    listed = cells(progress, "The activities, their status and their dates")
    for activity, row in zip(recount.activities, listed, strict=True):
        check_activity(recount, activity, row, text_of(built.page(activity["page"])))
    for module in {row["module"] for row in recount.activities}:
        check_chapter(built, recount, module)


def check_credits(built, recount):
    programme = cells(built.page("intro"), "Modules of the programme and their credits")
    assert [row[2] for row in programme[:-1]] == [row["credits"] for row in recount.modules]
    assert (programme[-1][0], programme[-1][2]) == ("Total", str(recount.total_credits))
    page = built.page("notebooks/credits")
    assert f"{recount.total_credits} credits come from {len(recount.modules)} modules" in text_of(page)
    assert cells(page, "Credits by phase")[-1][1:] == [str(recount.total_credits), str(recount.earned)]


def check_milestones(built, recount):
    listed = cells(built.page("notebooks/progress"), "Milestones")
    assert [row[0].rpartition(", ")[0] for row in listed] == [row["name"] for row in recount.milestones]
    for row, said in zip(recount.milestones, listed, strict=True):
        day, month, year = said[0].split()[-3:]
        assert re.fullmatch(f"{day} {month}[a-z]* {year}", written(row["date"]))
        if row in recount.counted:
            done, reviewed = recount.done(row["module"]), recount.in_review(row["module"])
            assert said[1].startswith(f"{row['required']} of {row['module']}")
            assert said[3].startswith(str(done))
            assert (f"{reviewed} in review" in said[3]) == (reviewed > 0)
            more = recount.to_submit(row) if row["date"] > recount.on else 0
            assert said[2].startswith(f"{more} to submit") == (more > 0)


def check_activity(recount, activity, row, page):
    key = f"{activity['module']}/{activity['number']}"
    status = recount.status[key]
    assert f"{activity['number']}. {activity['title']}" in row[0]
    assert row[1] == status
    assert f"Status {status}" in page
    if key in recount.waiting:
        assert f"with the assessor for {recount.waiting[key]} days" in page
    held = [piece for piece in recount.evidence if key in piece["activities"].split(";")]
    assert int(row[-1]) == len(held)
    assert [piece for piece in held if f"{piece['id']} {piece['title']}" not in page] == []


def check_chapter(built, recount, module):
    listed = [row for row in recount.activities if row["module"] == module]
    chapter = built.page(f"{listed[0]['page'].rpartition('/')[0]}/index")
    for word in set(recount.status.values()):
        own = [row for row in listed if recount.status[f"{module}/{row['number']}"] == word]
        caption = f"{len(own)} {'activity' if len(own) == 1 else 'activities'} {word.lower()}"
        shown = [row[0] for row in cells(chapter, caption)] if own else []
        assert shown == [f"{row['number']}. {row['title']}" for row in own]


def test_shipped_book_builds_without_a_warning(book):
    """The shipped book ends with code 0, reports nothing and holds its pages."""
    assert book.code == 0, book.output
    assert "WARNING" not in book.output
    assert "ERROR" not in book.output
    names = ["index", "intro", *(row["page"] for row in Recount(book.tree).activities)]
    names += NOTEBOOKS
    assert len(names) == 25
    for name in names:
        assert (book.html / f"{name}.html").is_file()


def test_every_number_equals_a_recount(book):
    """Totals, statuses, days, milestones and evidence agree with a recount that shares no code."""
    check_numbers(book)


def test_illustration_is_the_one_described(book):
    """The shipped data are the trainee at 30 June 2025 that the book says it shows."""
    recount = Recount(book.tree)
    counted = {"Signed off": 8, "Submitted": 3, "Returned": 1, "In progress": 4, "Not started": 4}
    assert {word: recount.count(word) for word in counted} == counted
    assert (recount.total_credits, max(recount.waiting.values())) == (180, 42)
    assert len(recount.evidence) >= 15
    assert sum(";" in row["activities"] for row in recount.evidence) >= 3


def test_example_is_marked_on_every_page_that_shows_it(book):
    """The line that says the content is invented stands once on each page of records, and on no other."""
    chapter = ["C1_Professional_Foundations/index", "C1_Professional_Foundations/synthesis"]
    names = ["intro", *chapter, *NOTEBOOKS, "about/by-standard", "about/news"]
    names += [row["page"] for row in Recount(book.tree).activities]
    for page in pages_of(book.html):
        name = "intro" if page == "index.html" else page.removesuffix(".html")
        assert text_of(book.page(name)).count("Illustration: the progress, evidence") == (name in names), name


def test_every_figure_has_numbers_in_its_alt_text_a_caption_and_a_table(book):
    """A figure is never the only place of its numbers."""
    seen = 0
    for name in NOTEBOOKS:
        page = html.fromstring(book.page(name))
        figures = page.findall(".//figure")
        seen += len(figures)
        for figure in figures:
            (alt,) = figure.xpath(".//*[@role='img']/@aria-label")
            assert figure.get("aria-label") == figure.find_class("caption-text")[0].text_content()
            assert [each.get("aria-hidden") for each in figure.iter("svg")] == ["true", "true"]
            assert len(re.findall(r"\d+", alt)) >= 3
            assert len(plain(figure.find("figcaption").text_content())) > 20
        assert len(page.findall(".//table")) >= len(figures)
    assert seen >= 5


def test_every_page_is_well_made(book):
    """One h1, headings by one, titles, descriptions, captions and names of its own, each heading with a scope."""
    titles, descriptions = {}, {}
    for name in pages_of(book.html):
        page = html.fromstring((book.html / name).read_text(encoding="utf-8"))
        headings = page.xpath("//article//*[self::h1 or self::h2 or self::h3 or self::h4]")
        levels = [int(heading.tag[1]) for heading in headings]
        assert levels[0] == 1 not in levels[1:]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), name
        titles[name] = page.findtext(".//title")
        (descriptions[name],) = page.xpath("//meta[@name='description']/@content")
        assert len(descriptions[name]) >= 20
        assert "Illustration" not in descriptions[name]
        assert page.get("lang") == "en-GB"
        for table in page.iter("table"):
            assert table.xpath("caption and .//th and not(.//th[not(@scope)])"), name
        folds = [fold.text_content() for fold in page.iter("summary")]
        assert len(set(folds)) == len(folds), name
        assert not page.xpath("//*[@style]")
        own = [f"'{digests.for_policy(part.text)}'" for part in page.xpath("//style | //script[not(@src)]")]
        assert len(own) == (2 if name == "404.html" else 0), name
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        wanted = (
            "default-src 'none'; style-src {}; script-src {};"
            if own
            else "default-src 'none'; script-src 'self';"
        )
        assert policy.startswith(wanted.format(*own))
        assert "unsafe" not in policy
        assert page.xpath("//meta[@name='referrer']/@content") == ["no-referrer"]
    assert titles.pop("index.html") == titles["intro.html"]  # the home page itself
    descriptions.pop("index.html")
    assert len(set(titles.values())) == len(titles)
    assert len(set(descriptions.values())) == len(descriptions)


def test_only_what_is_read_is_published(book):
    """No source, source map, locale or font, no script or stylesheet that no page uses."""
    static = {path.name for path in (book.html / "_static").iterdir()}
    theirs = {"sphinx-design.min.css"}  # for the pages that use it
    assert static - theirs == {"book.css", "favicon.svg", "language_data.js", "portfolio.js", "search.js"}
    assert not list(book.html.rglob("*.map"))
    assert not (book.html / "_sources").exists()


def test_search_data_is_that_of_the_records(book, portfolio):
    """Number, standards and description of each page, as JSON in a script."""
    text = (book.html / "searchpages.js").read_text(encoding="utf-8")
    pages = json.loads(text.removeprefix("const PAGES = ").rstrip().removesuffix(";"))
    for activity in portfolio.activities:
        held = [piece for piece in portfolio.evidence if activity.key in piece.activities]
        spoken = {f"{key.scheme} {key.code}" for piece in held for key in piece.standards}
        assert set(pages[activity.page]["standards"]) == spoken
        assert str(activity.key.number) in pages[activity.page]["keys"]


def test_another_day_and_another_row_show_everywhere(copy):
    """One more event and another day of reading: every page that depends on them shows the new numbers."""
    append(copy, "data/progress.csv", "2025-06-25,S-C1,11,signed_off,")
    edit(copy, "data/portfolio.toml", "2025-06-30", "2025-10-01")
    done = build_here(copy)
    assert Recount(copy).count("Signed off") == 9
    check_numbers(done)
    chapter = "C1_Professional_Foundations"
    assert {f"{chapter}/11_LearningSession", f"{chapter}/index", "about/news", "intro"} <= set(done.read)


def test_home_lists_the_activities_once(book, small):
    """The tiles are the numbered list of all activities; a page that asks for strip and list has them once."""
    (strip,) = html.fromstring(book.page("intro")).find_class("stp-strip")
    wanted = [f"{row['page']}.html" for row in Recount(book.tree).activities]
    assert (strip.tag, [link.get("href") for link in strip.iter("a")]) == ("ol", wanted)
    panel = '[It](M/1_Task.md "panel: {}")\n\n'
    done = small.home(f"{panel.format('strip')}## List\n\n{panel.format('activities')}")
    assert done.code == 0, done.output
    (strip,) = html.fromstring(done.page("intro")).find_class("stp-strip")
    assert strip.getparent().findtext("h2") == "List"


def test_stray_files_are_not_pages(small):
    """A virtual environment, a tool's cache and notes beside the book are neither built nor a fault."""
    strays = ".pytest_cache/README.md .venv/lib/x.md env/lib/.cache/y.md env/z.ipynb NOTES.md private/p.md"
    for name in strays.split():
        small.write(name, "# Stray\n")
    done = small.build()
    assert done.code == 0, done.output
    assert not [page for page in done.html.rglob("*.html") if "Stray" in page.read_text(encoding="utf-8")]

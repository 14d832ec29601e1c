"""The pages in a real browser: accessible, light, quiet, usable by keyboard, on a phone, from a folder."""

import io
import time
from pathlib import Path

import everything
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import WebKit, pages_of, served
from conftest import Small
from pypdf import PdfReader

from stp_portfolio.core import disk

FIRST_VISIT, LATER, SEARCH = 25_000, 17_000, 60_000  # bytes, compressed
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"width": 390, "height": 844}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHAPTER = "C1_Professional_Foundations"
ACTIVITY = f"{CHAPTER}/5_PatientCareJourney.html"
KINDS = (  # of pages: all others are written like one of these
    "intro.html", ACTIVITY, f"{CHAPTER}/index.html", f"{CHAPTER}/20_NewWorkingMethod.html",
    "notebooks/progress.html", "about/by-standard.html", "about/how-it-is-made.html", "search.html",
    "404.html",
)  # fmt: skip


@pytest.fixture(scope="session")
def site(book):
    """The shipped book, served."""
    assert book.code == 0, book.output
    with served(book.html) as (address, sent):
        yield address, sent


class Visit:
    """A page of the browser that keeps what a reader would never see: errors, refusals, foreign requests."""

    def __init__(self, browser, home, **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.faults, self.home = [], home
        self.page.on("console", lambda said: self._note(said.type in {"error", "warning"}, said.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        # Aborted is what the reader did not wait for.
        self.page.on("requestfailed", lambda asked: self._note("ABORTED" not in asked.failure, asked.url))
        own = (home, "data:")
        self.page.on("request", lambda asked: self._note(not asked.url.startswith(own), asked.url))

    def _note(self, wrong, what):
        self.faults += [what] if wrong else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def go(self, name):
        self.page.goto(f"{self.home}/{name}")
        return self.page


def probe(name):
    """A question that a script asks of a page in the browser."""
    return disk.read_text(Path(__file__).with_name("probes") / f"{name}.js")


def said_by_axe(page):
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def hold_to_the_rules(browser, home, pages, theme, width):
    """WCAG 2.2 A and AA and best practice, the title comes first, and nothing lies outside the window."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme, "bypass_csp": True}
    with Visit(browser, home, **options) as visit:
        for name in pages:
            page = visit.go(name)
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
            assert said_by_axe(page) == [], name
            assert page.locator("h1, h2, h3").first.evaluate("e => e.tagName") == "H1", name
            assert page.evaluate(WIDER) <= 0, f"{name} is wider than the window"
            assert not page.locator(".stp-scroll[tabindex] > .stp-facts").count(), f"facts of {name} scroll"


EVERY = [False, pytest.param(True, marks=pytest.mark.slow)]  # each kind of page, and all of them


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_axe_finds_nothing(browser, site, book, theme, width, every):
    """Each kind of page keeps to the rules in one theme at each width; in the slow tier all do in both."""
    pages = pages_of(book.html) if every else KINDS
    assert len(pages) > (25 if every else 8)
    for each in {"light", "dark"} if every else {theme}:
        hold_to_the_rules(browser, site[0], pages, each, width)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_with_menu_contents_and_results_open(browser, site, theme):
    """The states that a reader makes are held to the same rules."""
    options = {"viewport": PHONE, "color_scheme": theme, "bypass_csp": True}
    with Visit(browser, site[0], **options) as visit:
        page = visit.go(ACTIVITY)
        page.get_by_role("button", name="Menu", exact=True).click()
        assert said_by_axe(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="On this page").click()
        assert said_by_axe(page) == []
        page = visit.go("search.html?q=HCPC+7")
        page.locator("#search-results li").first.wait_for()
        assert said_by_axe(page) == []


def loaded(visit, sent, name):
    """How many bytes a page asks for."""
    sent.clear()
    visit.go(name).wait_for_load_state("networkidle")
    return sum(size for _, size in sent)


@pytest.mark.parametrize("every", EVERY)
def test_pages_are_quiet_and_light(browser, site, book, every):
    """No console message, breach of the policy or foreign request; at most 25 kB first and 16 kB later."""
    address, sent = site
    with Visit(browser, address) as later:
        later.go("intro.html")
        for name in pages_of(book.html) if every else KINDS[:-1]:
            with Visit(browser, address) as first:
                searched = name == "search.html"  # it brings the index of the book's words
                assert loaded(first, sent, name) <= (SEARCH if searched else FIRST_VISIT), name
                assert first.faults == [], name
            assert loaded(later, sent, name) <= (SEARCH if searched else LATER), name


@pytest.mark.slow
@pytest.mark.parametrize("where", ["server", "folder"])
def test_every_page_is_quiet_in_each_browser(either, site, book, where):
    """Nobody's console shows an error or a breach of the policy; of a figure's drawings one is shown."""
    home, width = (site[0], 1280) if where == "server" else (book.html.as_uri(), 390)
    with Visit(either, home, viewport={"width": width, "height": 900}) as visit:
        for name in pages_of(book.html):
            assert set(visit.go(name).evaluate(probe("drawings"))) <= {1}, name
            assert visit.faults == [], name


@pytest.mark.slow
@pytest.mark.skipif(not WebKit.program, reason="WebKitGTK is not installed here")
@pytest.mark.parametrize("where", ["server", "folder"])
def test_tour_in_webkit(site, book, where):
    """Every page is styled and no wider than the window; the search finds, the menu opens and closes."""
    home = site[0] if where == "server" else book.html.as_uri()
    with WebKit(1024, 900) as browser:
        for name in pages_of(book.html):
            browser.ask("/url", url=f"{home}/{name}")
            assert "Arial" in browser.tell("getComputedStyle(document.body).fontFamily"), name
            assert browser.tell(WIDER) <= 0, name
        browser.tell("document.querySelector('#search-site, #search').focus()")
        browser.press("HCPC 7\ue007")
        for _ in range(50):
            if "for “HCPC 7”" in browser.tell("document.body.innerText"):
                break
            time.sleep(0.1)
        assert browser.tell("document.querySelectorAll('#search-results > li').length") > 1
        browser.ask("/window/rect", width=390, height=844)
        browser.tell("document.querySelector('.stp-menu-button').focus()")
        for keys, shown, within in (("\ue007", True, "Close menu"), ("\ue00c", False, "Menu")):
            browser.press(keys)
            assert browser.tell("document.getElementById('menu').matches(':popover-open')") is shown
            assert browser.tell("document.activeElement.textContent") == within


def test_policy_refuses_what_is_not_the_books(browser, site):
    """The policy is in force: an inline script, handler or style that gets onto a page does nothing."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("intro.html")
        assert page.evaluate(probe("policy")) == [None, "static"]
        assert len(visit.faults) >= 3


@pytest.mark.parametrize("start", ["intro.html", "index.html"])
def test_tour_on_a_phone(either, site, book, start):
    """Menu, contents, turning, theme and search, quietly; from a web server and from a folder."""
    home = site[0] if start == "intro.html" else book.html.as_uri()
    with Visit(either, home, viewport=PHONE) as visit:
        page = visit.go(start)
        menu = page.get_by_role("navigation", name="Book")
        assert not menu.is_visible()
        page.get_by_role("button", name="Menu", exact=True).click()
        menu.get_by_role("link", name="Professional Foundations (S-C1)").click()
        assert page.url.endswith("C1_Professional_Foundations/index.html")
        page.get_by_role("button", name="Menu", exact=True).click()
        menu.get_by_role("link", name="5. Explore patient care journey experiences").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("5. Explore patient care journey")
        turn = page.get_by_role("navigation", name="Previous and next page")
        for name, there in (("Next", "6_EquityAndInclusivity"), ("Previous", "5_PatientCareJourney")):
            turn.get_by_role("link", name=name).click()
            assert there in page.url
        page.get_by_role("button", name="On this page").click()
        page.get_by_role("navigation", name="On this page").get_by_role("link", name="Action plan").click()
        assert page.url.endswith("#action-plan")
        page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click()
        assert page.url.endswith("C1_Professional_Foundations/index.html")
        theme = page.get_by_role("button", name="Theme:")
        seen = []
        for _ in range(3):
            seen.append((theme.inner_text(), page.evaluate("document.documentElement.dataset.theme")))
            theme.click()
        assert [text for text, _ in seen] == ["Theme: auto", "Theme: light", "Theme: dark"]
        assert [shown for _, shown in seen] == ["light", "light", "dark"]
        page.get_by_role("banner").get_by_role("link", name="Search").click()
        page.get_by_role("searchbox").fill("patient care journey")
        page.keyboard.press("Enter")
        found = page.locator("#search-results a").first
        found.wait_for()
        assert found.inner_text() == "5. Explore patient care journey experiences"
        found.click()
        assert "5_PatientCareJourney" in page.url
        assert visit.faults == []


def test_search_finds_an_activity_by_number_title_and_standard(either, book, portfolio):
    """Asked on any page, from a folder too: what the records say is found as well as what the page says."""
    headings = {activity.key.number: activity.heading for activity in portfolio.activities}
    queries = {"5": (5, "S-C1/5"), "S-C1/05": (5, "S-C1/5"), "dta 18": (18, "S-C1/18"), "equity": (6, "")}
    with Visit(either, book.html.as_uri()) as visit:

        def results(query):
            page = visit.go(ACTIVITY)
            page.get_by_role("searchbox").fill(query)
            page.keyboard.press("Enter")
            found = page.locator("#search-results > li")
            found.first.wait_for()
            return found

        for query, (number, key) in queries.items():
            first = results(query).first
            assert first.locator("a").first.inner_text() == headings[number]
            assert first.locator(".stp-why").all_inner_texts() == ([f"Activity {key}"] if key else [])
        for query, standard in (("hcpc7", "HCPC 7"), ("GSP 5", "GSP 5")):
            held = [piece for piece in portfolio.evidence if standard in map(str, piece.standards)]
            wanted = {headings[key.number] for piece in held for key in piece.activities}
            found = results(query).filter(has_text=f"Evidence speaks to {standard}").locator("> a")
            assert set(found.all_inner_texts()) == wanted != set()
        assert visit.faults == []


def test_search_says_when_there_is_nothing(browser, site):
    """An empty result is said, aloud as well, and a query is text, never markup; what is whose is found."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("search.html?q=<zzqx>zzqy</zzqx>")
        status = page.get_by_role("status")
        assert "Nothing was found" in status.inner_text()
        assert page.locator("#search-results *, #search-status *").count() == 0
        visit.go("search.html?q=a+patient’s").get_by_text("pages for “a patient’s”").wait_for()
        assert visit.faults == []


KEYED = ["intro.html", ACTIVITY, "notebooks/progress.html", "search.html?q=consent"]


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize("width", [1280, 390])
def test_keyboard_reaches_everything_and_shows_where_it_is(either, site, name, width):
    """Tab visits every visible control once, by a name, with a visible sign; the first stop skips the frame."""
    with Visit(either, site[0], viewport={"width": width, "height": 900}) as visit:
        page = visit.go(name)
        page.evaluate("document.activeElement.blur()")
        wanted = page.evaluate(probe("controls"))
        stops = []
        for _ in range(wanted + 3):
            page.keyboard.press("Tab")
            stop = page.evaluate(probe("focused"))
            if stop[0] is None:
                break
            stops.append(int(stop[0]))
            assert (stop[1], stop[2] >= 2, stop[3] > 0, stop[4] > 0, stop[5]) == ("solid", *[True] * 4)
        assert sorted(set(stops) - {-1}) == list(range(wanted))
        page.keyboard.press("Home")
        page.goto(page.url)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_menu_with_the_keyboard_alone(either, site):
    """Opened, walked and closed without a pointer; it has the focus, or is closed; the head's tabs go down."""
    with Visit(either, site[0], viewport=PHONE) as visit:
        page = visit.go(ACTIVITY)
        menu = page.get_by_role("navigation", name="Book")
        tops = [each.bounding_box()["y"] for each in page.locator(".stp-header > :visible").all()]
        assert tops == sorted(tops)
        button = page.get_by_role("button", name="Menu", exact=True)
        button.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.textContent") == "Close menu"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.textContent") == "Menu"
        assert not menu.is_visible()
        for last, key in (("Close menu", "Shift+Tab"), ("Accessibility of this book", "Tab")):
            button.press("Enter")
            menu.get_by_text(last).focus()
            while page.evaluate("document.activeElement.closest('#menu') !== null"):
                page.keyboard.press(key)  # twice in Firefox, where what scrolls has the focus as well
            assert not menu.is_visible()
        assert visit.faults == []


def test_without_scripts_the_book_can_be_read(browser, site):
    """Menu, contents, pages and the way back to them need no script; what does is not there, or says so."""
    with Visit(browser, site[0], viewport=PHONE, java_script_enabled=False) as visit:
        page = visit.go(ACTIVITY)
        assert not page.get_by_role("button", name="Theme").is_visible()
        page.get_by_role("button", name="Menu", exact=True).click()
        page.get_by_role("link", name="Credits").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Credits")
        assert "needs JavaScript" in visit.go("search.html").inner_text("main")
        page = visit.go("about/deep/missing.html")
        assert not page.get_by_role("link", name="Home page of the portfolio").is_visible()
        for _ in range(2):
            page.get_by_role("link", name="the folder above").click()
        page.get_by_role("button", name="Menu", exact=True).wait_for()
        assert page.url == f"{site[0]}/index.html"


@pytest.mark.parametrize("name", ["progress", "credits", "coverage"])
def test_figures_follow_the_theme(browser, site, name):
    """At each width and in both themes a figure's text has 12 pixels and stands out by at least 4.5 to 1."""
    for theme, width in (("light", 320), ("dark", 390), ("light", 768), ("dark", 1440)):
        viewport = {"width": width, "height": 900}
        with Visit(browser, site[0], color_scheme=theme, viewport=viewport) as visit:
            texts = visit.go(f"notebooks/{name}.html").evaluate(probe("contrast"))
        assert len(texts) > 8
        assert [text for text in texts if text[1] < 4.5] == []
        assert [text for text in texts if text[2] < 11.9] == [], "too small"


def test_nothing_moves_by_itself(browser, site):
    """With reduced motion asked for, no page animates or glides; and none does otherwise."""
    with Visit(browser, site[0], reduced_motion="reduce") as visit:
        for name in KINDS:
            assert visit.go(name).evaluate(probe("motion")) == 0, name


def test_two_right_edges(browser, site, book):
    """On a desk all that a page holds ends at the edge of the text or at the edge of the column."""
    with Visit(browser, site[0], viewport={"width": 1440, "height": 900}) as visit:
        framed = [name for name in pages_of(book.html) if name != "404.html"]  # which stands without a menu
        edges = {name: visit.go(name).evaluate(probe("edges")) for name in framed}
    assert len(set().union(*edges.values())) == 2, edges


@pytest.mark.parametrize("width", [1440, 390])
def test_tables_say_where_they_go_on_and_keep_days_whole(browser, site, width):
    """A table that is wider than the window says so, no other does, and none later; no day is broken."""
    with Visit(browser, site[0], viewport={"width": width, "height": 900}) as visit:
        names = ["progress", "credits", "coverage"]
        found = [
            table for name in names for table in visit.go(f"notebooks/{name}.html").evaluate(probe("tables"))
        ]
        visit.page.set_viewport_size({"width": 1440, "height": 900})
        visit.page.locator(".stp-scroll:is([tabindex], [role])").first.wait_for(state="detached")
    assert any(wider for wider, _, _ in found) is (width == 390)
    assert [(wider, said, wrapped) for wider, said, wrapped in found if wider != said or wrapped] == []


def test_focus_is_seen_where_a_reader_chose_the_colours(browser, site):
    """A filled tile that has the focus is as empty as the others: what marks it stands out."""
    with Visit(browser, site[0], forced_colors="active", color_scheme="dark") as visit:
        tile = visit.go("intro.html").locator(".stp-strip .stp-signed-off").first
        ground = "e => getComputedStyle(e).backgroundColor"
        colours = [tile.evaluate(ground)]
        tile.locator("a").focus()
        colours.append(tile.evaluate(ground))
        assert [colour == "rgb(0, 0, 0)" for colour in colours] == [False, True]


def test_print_leaves_the_frame_away(browser, site):
    """On paper: black on white whatever the theme, the text and the tiles with title and fill; no menu, no buttons."""
    with Visit(browser, site[0], color_scheme="dark") as visit:
        page = visit.go("intro.html")
        page.emulate_media(media="print")
        for part in (".stp-header", ".stp-menu", ".stp-contents", ".stp-turn"):
            assert not page.locator(part).is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator(".stp-strip .stp-tile-title").count() == 20
        tile = page.locator(".stp-strip .stp-signed-off").first
        assert tile.locator(".stp-tile-title").bounding_box()["height"] > 10
        assert tile.evaluate("e => getComputedStyle(e.querySelector('a')).printColorAdjust") == "exact"


@pytest.mark.parametrize(("name", "last"), [("coverage", "Pieces"), ("progress", "20. Support the adoption")])
def test_first_figure_stands_on_the_first_sheet(browser, site, name, last):
    """On paper with margins it is below its heading, whole; on a phone nothing meant for ears alone is seen."""
    with Visit(browser, site[0], viewport={"width": 390, "height": 800}) as visit:
        page = visit.go(f"notebooks/{name}.html")
        widths = "found => found.map(each => each.getBoundingClientRect().width)"
        assert max(page.locator(".stp-unseen").evaluate_all(widths)) <= 1
        sheet = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages[0]
    assert last in sheet.extract_text()


@pytest.mark.parametrize("missing", ["nowhere.html", "deep/missing/page", f"{CHAPTER}/"])
def test_unknown_address_shows_the_books_page(either, book, missing):
    """At any depth below a path that nobody named: in the book's own style, and leading back into it."""
    with served(book.html, "/repo") as (address, _), Visit(either, address) as visit:
        page = visit.go(missing.replace(CHAPTER, "nowhere"))
        assert page.get_by_role("heading", level=1).inner_text() == "Page not found"
        assert "Arial" in page.evaluate("getComputedStyle(document.body).fontFamily")
        page.get_by_role("link", name="Home page of the portfolio").click()
        assert page.url == f"{address}/intro.html"
        assert [fault for fault in visit.faults if "404" not in fault] == []


@pytest.fixture(scope="module")
def everything_served(tmp_path_factory):
    """A small book with a page and a notebook that use all that an author may use."""
    small = Small(tmp_path_factory.mktemp("everything") / "small")
    everything.add(small)
    done = small.build()
    assert done.code == 0, done.output
    with served(done.html) as (address, _):
        yield address


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("name", everything.PAGES)
def test_whatever_an_author_uses_keeps_to_the_rules(browser, everything_served, name, width, theme):
    """Tables of pandas, ticks, formulas, tabs, folds, diagrams: no finding, no breach, nothing too wide."""
    hold_to_the_rules(browser, everything_served, [f"{name}.html"], theme, width)
    with Visit(browser, everything_served, viewport={"width": width, "height": 900}) as visit:
        page = visit.go(f"{name}.html")
        assert page.evaluate(WIDER) <= 0
        for summary in page.locator("details > summary").all():
            summary.click()
        for label in page.locator(".sd-tab-label").all():
            label.click()
        assert visit.faults == []


@pytest.mark.slow
def test_author_constructs_work_under_the_policy(browser, everything_served):
    """Folds open, tabs change, widths hold, code is copied, formulas and diagrams are drawings with words."""
    with Visit(browser, everything_served, permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.go(f"{everything.PAGES[0]}.html")
        folded = page.get_by_text("Folded away until it is opened.")
        assert not folded.is_visible()
        page.locator("summary", has_text="Tip").click()
        assert folded.is_visible()
        assert not page.get_by_text("In the second tab.").is_visible()
        page.get_by_text("Second tab", exact=True).click()
        assert page.get_by_text("In the second tab.").is_visible()
        columns = page.locator("table", has_text="A table with widths").locator("col")
        widths = [column.evaluate("c => parseFloat(getComputedStyle(c).width)") for column in columns.all()]
        assert widths[1] / widths[0] == pytest.approx(7 / 3, abs=0.02)
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()").startswith("def long_line():")
        assert page.get_by_role("img", name="Formula: a^2 + b^2").is_visible()
        assert page.get_by_role("img", name="The order form sends to the integration engine").is_visible()
        assert page.get_by_role("checkbox", name="Done").is_checked()
        assert visit.faults == []

"""The pages in a real browser: accessible, light, quiet, usable by keyboard, on a phone, from a folder."""

from pathlib import Path

import everything
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import pages_of, served
from conftest import Small

from stp_portfolio.core import disk

FIRST_VISIT, LATER, SEARCH = 25_000, 15_000, 60_000  # bytes, compressed
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
    """WCAG 2.2 A and AA and best practice, and nothing lies outside the window."""
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme, "bypass_csp": True}
    with Visit(browser, home, **options) as visit:
        for name in pages:
            page = visit.go(name)
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
            assert said_by_axe(page) == [], name
            assert page.evaluate(WIDER) <= 0, f"{name} is wider than the window"


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
    """No console message, breach of the policy or foreign request; at most 25 kB first and 15 kB later."""
    address, sent = site
    with Visit(browser, address) as later:
        later.go("intro.html")
        for name in pages_of(book.html) if every else KINDS[:-1]:
            with Visit(browser, address) as first:
                searched = name == "search.html"  # it brings the index of the book's words
                assert loaded(first, sent, name) <= (SEARCH if searched else FIRST_VISIT), name
                assert first.faults == [], name
            assert loaded(later, sent, name) <= (SEARCH if searched else LATER), name


def test_policy_refuses_what_is_not_the_books(browser, site):
    """The policy is in force: an inline script, handler or style that gets onto a page does nothing."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("intro.html")
        assert page.evaluate(probe("policy")) == [None, "static"]
        assert len(visit.faults) >= 3


@pytest.mark.parametrize("start", ["intro.html", "index.html"])
def test_tour_on_a_phone(browser, site, book, start):
    """Menu, contents, turning, theme and search, quietly; from a web server and from a folder."""
    home = site[0] if start == "intro.html" else book.html.as_uri()
    with Visit(browser, home, viewport=PHONE) as visit:
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


def test_search_finds_an_activity_by_number_title_and_standard(browser, site, portfolio):
    """What the records say is found as well as what the page says; a standard finds its activities."""
    headings = {activity.key.number: activity.heading for activity in portfolio.activities}
    queries = {"5": (5, "S-C1/5"), "S-C1/05": (5, "S-C1/5"), "dta 18": (18, "S-C1/18"), "equity": (6, "")}
    with Visit(browser, site[0]) as visit:

        def results(query):
            found = visit.go(f"search.html?q={query}").locator("#search-results > li")
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


def test_search_says_when_there_is_nothing(browser, site):
    """An empty result is said, aloud as well, and a query is text, never markup."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("search.html?q=<zzqx>zzqy</zzqx>")
        status = page.get_by_role("status")
        assert "Nothing was found" in status.inner_text()
        assert page.locator("#search-results *, #search-status *").count() == 0
        assert visit.faults == []


KEYED = ["intro.html", ACTIVITY, "notebooks/progress.html", "search.html?q=consent"]


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize("width", [1280, 390])
def test_keyboard_reaches_everything_and_shows_where_it_is(browser, site, name, width):
    """Tab visits every visible control once, with a visible sign; the first stop skips the frame."""
    with Visit(browser, site[0], viewport={"width": width, "height": 900}) as visit:
        page = visit.go(name)
        page.evaluate("document.activeElement.blur()")
        wanted = page.evaluate(probe("controls"))
        stops = []
        for _ in range(wanted + 1):
            page.keyboard.press("Tab")
            stop = page.evaluate(probe("focused"))
            if stop[0] is None:
                break
            stops.append(int(stop[0]))
            assert (stop[1], stop[2] >= 2, stop[3] > 0, stop[4] > 0) == ("solid", True, True, True)
        assert sorted(stops) == list(range(wanted))
        page.keyboard.press("Home")
        page.goto(page.url)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_menu_with_the_keyboard_alone(browser, site):
    """Opened, walked and closed without a pointer; focus comes back to the button."""
    with Visit(browser, site[0], viewport=PHONE) as visit:
        page = visit.go(ACTIVITY)
        page.get_by_role("button", name="Menu", exact=True).focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('#menu') !== null")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.textContent") == "Menu"
        assert not page.get_by_role("navigation", name="Book").is_visible()
        page.keyboard.press("Control+k")
        assert visit.faults == []


def test_without_scripts_the_book_can_be_read(browser, site):
    """Menu, contents and pages need no script; what does need one is not there, and the search says so."""
    with Visit(browser, site[0], viewport=PHONE, java_script_enabled=False) as visit:
        page = visit.go(ACTIVITY)
        assert not page.get_by_role("button", name="Theme").is_visible()
        page.get_by_role("button", name="Menu", exact=True).click()
        page.get_by_role("link", name="Credits").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Credits")
        assert "needs JavaScript" in visit.go("search.html").inner_text("main")


@pytest.mark.parametrize("name", ["progress", "credits", "coverage"])
def test_figures_follow_the_theme(browser, site, name):
    """In both themes each text of a figure stands out from what lies behind it, by at least 4.5 to 1."""
    for theme in ("light", "dark"):
        with Visit(browser, site[0], color_scheme=theme, viewport=PHONE) as visit:
            texts = visit.go(f"notebooks/{name}.html").evaluate(probe("contrast"))
        assert len(texts) > 8
        assert [text for text in texts if text[1] < 4.5] == []
        assert [text for text in texts if text[2] < 8.5] == [], "too small on a phone"


def test_nothing_moves_by_itself(browser, site):
    """With reduced motion asked for, no page animates or glides; and none does otherwise."""
    with Visit(browser, site[0], reduced_motion="reduce") as visit:
        for name in KINDS:
            assert visit.go(name).evaluate(probe("motion")) == 0, name


def test_print_leaves_the_frame_away(browser, site):
    """On paper: the text, the facts and the tiles with their fill; no menu, no buttons."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("intro.html")
        page.emulate_media(media="print")
        for part in (".stp-header", ".stp-menu", ".stp-contents", ".stp-turn"):
            assert not page.locator(part).is_visible()
        assert page.locator(".stp-strip").is_visible()
        tile = page.locator(".stp-strip .stp-signed-off").first
        assert tile.evaluate("e => getComputedStyle(e.querySelector('a')).printColorAdjust") == "exact"


def test_unknown_address_shows_the_books_page(browser, site):
    """A page that is not there leads back into the book."""
    with Visit(browser, site[0]) as visit:
        page = visit.go("nowhere.html")
        assert page.get_by_role("heading", level=1).inner_text() == "Page not found"
        page.get_by_role("link", name="Home page of the portfolio").click()
        assert page.url.endswith("intro.html")


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

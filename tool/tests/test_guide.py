"""Every command of the guide, run in its order, in the one portfolio that it makes; and what it then shows.

A box of commands may have a box of output below it: what the commands print. ``GUIDE_WRITE=1 pytest -m slow
tool/tests/test_guide.py`` writes all of these anew. A box that begins or ends with ``…`` shows as many lines
as it has of the end or of the beginning.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import typst
import yaml
from conftest import NOT_SOURCES, ROOT, build_here, told, uncoloured
from lxml import html
from PIL import Image
from portfolios import append
from test_reader import WIDER, Visit, said_by_axe
from typer.main import get_command

from stp_portfolio.cli import app
from stp_portfolio.core import reading
from stp_portfolio.desk import guide, kit

DOCS = ROOT / "tool/docs"
CONTENTS = yaml.safe_load((DOCS / "_toc.yml").read_text(encoding="utf-8"))
GUIDE = [CONTENTS["root"], *(chapter["file"] for chapter in CONTENTS["chapters"])]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALL = re.search(r"^```sh\n(.+?)\n```", README, re.MULTILINE)[1]
EXAMPLE = "stp-portfolio-main"  # as GitHub names the folder in its ZIP
# What is run in place of a line: the packages are installed, and nobody sits at the terminal.
INSTEAD = {
    INSTALL: f"ln -s '{sys.prefix}' .venv && jupyter-book build .",
    'python -m pip install "stp-portfolio[lab]"': "",
    "jupyter lab": "",  # a test of its own starts it
    "portfolio preview": "",  # so has the preview
    "portfolio undo": "portfolio undo --yes",
    'git commit -m "Activity 5: first reflection"': 'git commit --allow-empty -m "Activity 5: first reflection"',
    "portfolio import my-lists.xlsx": "cd ../my-portfolio && cp ../more.xlsx my-lists.xlsx && portfolio import my-lists.xlsx",
}
# Every command of the guide is given on this day, so that what it prints stays as the guide shows it.
TODAY = """\
import datetime
class Meta(type):
    def __instancecheck__(cls, it): return isinstance(it, Real)
Real = datetime.date
class date(Real, metaclass=Meta):
    __slots__ = ()
    @classmethod
    def today(cls): return Real(2026, 10, 12)
datetime.date = date
"""
# What is never the same twice.
VOLATILE = {
    r"\d+ \w+ \d{4}, \d\d:\d\d|\d{8}T[\d.]+": "TIME",
    r"\d+\.\d+ s\b": "SECONDS",
    r"\b[0-9a-f]{7,64}\b": "HASH",
    r"\d+\.\d+\.\d+[\w.]*": "VERSION",
}
WORDS = {
    "written": "I followed one referral to its result. I now ask who waits for a message before I change it.",
    "held": "**E01** is a map of the six steps, and shows where a referral waited; **E02** counts what was refused",
}
PAGE = "C1_Professional_Foundations/5_PatientCareJourney.md"
BOXES = re.compile(
    r"^(?P<in> *)```sh\n(?P<typed>.*?)^ *```\n(?:\n(?P=in)```text\n(?P<said>.*?)^ *```\n)?",
    re.MULTILINE | re.DOTALL,
)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the blocks are run by bash")


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)


class Shell:
    """Runs blocks one after another, each where the last one ended; GitHub is a folder beside them."""

    def __init__(self, home):
        self.home = self.folder = home
        (home / "ignored").write_text(".venv\n", encoding="utf-8")
        (home / "day").mkdir()
        (home / "day/sitecustomize.py").write_text(TODAY, encoding="utf-8")
        settings = {"user.name": "t", "user.email": "t@example.org", "init.defaultBranch": "main"}
        settings["core.excludesFile"] = str(home / "ignored")
        name = "YOUR-NAME/my-portfolio"
        subprocess.run(["git", "init", "-q", "--bare", home / name], check=True)
        settings[f"url.{(home / name).as_uri()}.insteadOf"] = f"https://github.com/{name}.git"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        modules = f"{home / 'day'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        own = {"PATH": path, "HOME": str(home), "PYTHONPATH": modules, "COLUMNS": "80"}
        self.environment = {**os.environ, **own, "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            self.environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}

    def run(self, block, codes=(0,)):
        """What the commands of a block print, as somebody sees it whose home is /home/you."""
        lines = [INSTEAD.get(line, line) for line in textwrap.dedent(block).splitlines()]
        script = "\n".join(["exec 2>&1", "set -e", *lines, f"pwd > '{self.home}/here'"])
        given = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True}
        done = subprocess.run(["bash", "-c", script], check=False, **given)
        said = uncoloured(done.stdout).replace(str(self.home), "/home/you")
        assert done.returncode in codes, f"{block}\n{said}"
        assert "Traceback" not in said
        if done.returncode == 0:
            self.folder = Path((self.home / "here").read_text(encoding="utf-8").strip())
        return said

    def follow(self, page, codes=(0,)):
        """Run the blocks of a page and compare what they print with what it shows, or write that anew."""

        def shown(found):
            lines = self.run(found["typed"], codes).strip("\n").splitlines()
            if (said := found["said"]) is None:
                return found[0]
            before = [line.removeprefix(found["in"]) for line in said.splitlines()]
            if before[0] == "…":
                lines = ["…", *lines[-(len(before) - 1) :]]
            elif before[-1] == "…":
                lines = [*lines[: len(before) - 1], "…"]
            now = textwrap.indent("\n".join(line.rstrip() for line in lines) + "\n", found["in"])
            return found[0].replace(f"```text\n{said}", f"```text\n{now}")

        text = text_of(page)
        now = BOXES.sub(shown, text)
        if os.environ.get("GUIDE_WRITE"):
            (DOCS / f"{page}.md").write_text(now, encoding="utf-8")
        else:
            assert steady(now) == steady(text), f"GUIDE_WRITE=1 pytest -m slow {__file__} writes it anew"


def steady(text):
    for form, name in VOLATILE.items():
        text = re.sub(form, name, text)
    return text


def prepare(page, tree):
    """What the words of a page ask for before its commands can be run."""
    if page == "own-book":
        shutil.copytree(ROOT, tree / EXAMPLE, ignore=NOT_SOURCES)
    elif page == "keeping":
        (tree.parent / "Downloads").mkdir()
        typst.compile(b"Map of a journey", output=tree.parent / "Downloads/map.pdf")
        (tree.parent / "Downloads/refused.csv").write_text("Week,Orders\n1,41\n2,12\n", encoding="utf-8")
    elif page == "checking":  # what the page before shows how to write
        (tree / Path(PAGE).parent / "images").mkdir()
        Image.new("RGB", (600, 100), "navy").save(tree / Path(PAGE).parent / "images/map.png")
        text = (
            (tree / PAGE).read_text(encoding="utf-8").replace("No evidence is registered yet", WORDS["held"])
        )
        text = re.sub(r"^[^%\n]*still to be written.*", WORDS["written"], text, flags=re.MULTILINE)
        (tree / PAGE).write_text(
            text.replace("## Reflection", "\n".join([*blocks("keeping", "markdown"), "## Reflection"]))
        )
    elif page == "review-meeting":
        append(tree, "data/portfolio.toml", blocks(page, "toml")[0])
    elif page == "handing-in":
        assert f"private/{PAGE}" in text_of(page)
        (tree / "private" / PAGE).parent.mkdir(parents=True)
        shutil.copy(tree / PAGE, tree / "private" / PAGE)
    elif page == "moving":
        old = tree.parent / "old/9_peer-support.md"
        old.parent.mkdir()
        words = "---\ntitle: Peer support\n---\n\nI showed a newcomer round.\n\n- [x] done\n"
        old.write_text(words, encoding="utf-8")


@pytest.mark.slow
def test_every_command_of_the_guide(tmp_path):
    """Each block ends well, shows what the guide says, and what it is there for is then there."""
    shell = Shell(tmp_path)
    for page in (page for page in GUIDE if page != "another-specialty"):
        prepare(page, shell.folder)
        shell.follow(page, codes=(0, 1) if page == "moving" else (0,))  # an imported page still lacks much
    tree = shell.folder
    own = reading.load(tree)
    assert tree.name == "my-portfolio"
    assert not own.settings.example
    assert [event.event for event in own.events] == ["started", "started", "submitted"]
    assert [piece.file for piece in own.evidence] != [""]
    assert "newcomer" in (tree / "C1_Professional_Foundations/9_PeerSupport.md").read_text(encoding="utf-8")
    assert b"BEGIN:VEVENT" in (tree / "_build/portfolio.ics").read_bytes()
    made = {path.relative_to(tree / "_build").as_posix() for path in (tree / "_build").glob("*/*")}
    books = "html/index.html assessor/index.html eportfolio/eportfolio.zip eportfolio/portfolio.pdf"
    assert made >= set(books.split())
    assert {Path(name).suffix for name in made if name.startswith("report/")} >= {".md", ".html", ".pdf"}
    pushed = shell.run(f"git -C {tmp_path}/YOUR-NAME/my-portfolio log --all --format=%s\n")
    assert "My own portfolio" in pushed.splitlines()


@pytest.mark.slow
def test_commands_for_another_specialty(tmp_path):
    """The two lists as the guide prints them, as sheets of one workbook; and a further module later."""
    from openpyxl import Workbook

    book, page = Workbook(), text_of("another-specialty")
    book.remove(book.active)
    for name, table in zip(
        ("Modules", "Activities"), re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE), strict=True
    ):
        sheet = book.create_sheet(name)
        for line in (line for line in table.splitlines() if "---" not in line):
            sheet.append([cell.strip() for cell in line.strip("|").split("|")])
    shell = Shell(tmp_path)
    shell.folder = tmp_path / EXAMPLE
    shell.folder.mkdir()
    book.save(shell.folder / "my-lists.xlsx")
    book["Modules"].append(["3", "M-3", "Further module", "10"])
    book["Activities"].append(["M-3", "1", "First of it"])
    book.save(tmp_path / "more.xlsx")
    shell.follow("another-specialty")
    own = reading.load(tmp_path / "my-portfolio")
    assert [module.code for module in own.modules] == ["S-C1", "M-1", "M-2", "M-3"]
    shell.run("jupyter-book build .\n")


def test_guide_is_a_book_of_plain_pages(tmp_path):
    """Built without a warning, and at GitHub as it stands: no directive; every page is in the contents."""
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    done = build_here(tmp_path / "docs", "-W", "--keep-going")
    assert done.code == 0, done.output
    assert sorted(GUIDE) == sorted(path.stem for path in DOCS.glob("*.md"))
    for page in GUIDE:
        assert not re.search(r"^(?::{3,}|`{3,}\{)|\{[a-z-]+\}`", text_of(page), flags=re.MULTILINE), page
    assert all(path.stat().st_size < 200_000 for path in (DOCS / "pictures").iterdir())
    assert len(text_of("problems").split()) <= 800


# -- as one page ------------------------------------------------------------------------------


def test_it_opens_inside_and_outside_a_portfolio(small, tmp_path_factory):
    """The command says where the page lies, as an address, and names the version that is installed."""
    for folder in (small.tree, tmp_path_factory.mktemp("elsewhere")):
        address = told(folder, "guide", "--no-open").rpartition("file://")[2].strip()
        text = Path(address).read_text(encoding="utf-8")
        assert f"The guide of version {metadata.version('stp-portfolio')}" in text
        assert (folder == small.tree) is Path(address).is_relative_to(small.tree / "_build")


def test_it_stands_alone(tmp_path):
    """Every page in its order; each link leads within it or to a project; pictures lie in it, with words."""
    page = html.parse(guide.write(tmp_path / "guide.html")).getroot()
    assert [each.get("aria-labelledby") for each in page.iter("section")] == GUIDE
    assert [each.text_content() for each in page.iter("h1")] == [text_of("index")[2:].partition("\n")[0]]
    assert not page.xpath("//script|//link|//iframe|//form|//@style|//@*[starts-with(name(), 'on')]")
    places = {f"#{name}" for name in page.xpath("//@id")}
    leads = set(page.xpath("//a/@href"))
    assert len(places) == len(page.xpath("//@id"))
    assert {lead for lead in leads - places if not lead.startswith("https://")} == set()
    assert "#publishing-when-it-is-refused" in places
    assert len(page.xpath("//img")) == len(list((DOCS / "pictures").iterdir()))
    for picture in page.iter("img"):
        assert picture.get("src").startswith("data:image/png;base64,")
        assert len(picture.get("alt")) > 40


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 768), ("dark", 1440)])
def test_it_keeps_to_the_rules_in_a_browser(browser, tmp_path, theme, width):
    """Axe finds nothing, nothing lies outside the window, and the page is quiet under its own policy."""
    guide.write(tmp_path / "guide.html")
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
    with Visit(browser, tmp_path.as_uri(), **options) as visit:
        page = visit.go("guide.html")
        assert page.evaluate(WIDER) <= 0
        assert page.evaluate("[...document.images].every((each) => each.naturalWidth > 600)")
        assert visit.faults == []
    with Visit(browser, tmp_path.as_uri(), bypass_csp=True, **options) as visit:
        assert said_by_axe(visit.go("guide.html")) == []


def test_every_new_portfolio_brings_it_along(tmp_path):
    """The wheel that a checkout packs holds all pages and pictures of the guide, and nothing that was built."""
    kit.pack(tmp_path)
    (wheel,) = tmp_path.iterdir()
    names = [name.partition("/guide/")[2] for name in zipfile.ZipFile(wheel).namelist() if "/guide/" in name]
    of_templates = {"guide.css", "guide.html"}
    here = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.is_file()}
    assert set(names) - of_templates == {name for name in here if not name.startswith("_build")}


def test_every_command_and_option_that_is_named_exists():
    """No verb or option is named that the command does not have; and every verb is named somewhere."""
    texts = README + "\n".join(map(text_of, GUIDE))
    verbs = get_command(app).commands
    named = re.findall(r"(?:^|`)portfolio ([a-z]+)(?:, ([a-z]+))?([^`\n]*)", texts, flags=re.MULTILINE)
    assert {verb for first, second, _ in named for verb in (first, second) if verb} == set(verbs)
    for verb, _, rest in named:
        parts = getattr(verbs[verb], "commands", {"": verbs[verb]}).values()
        known = {option for part in parts for parameter in part.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, (verb, rest)

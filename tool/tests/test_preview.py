"""The preview, run as its user runs it: a real browser sees a saved page without being told to reload."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest
from conftest import PORTFOLIO, ROOT, build_here
from PIL import Image
from portfolios import append
from test_reader import said_by_axe

from stp_portfolio.core import phrases

PAGE = "about/news.md"
CTRL_C = signal.CTRL_C_EVENT if sys.platform == "win32" else signal.SIGINT


class Running:
    """A preview in a process of its own, with the lines that it prints."""

    def __init__(self, tree):
        self.process = subprocess.Popen(
            [PORTFOLIO, "preview", "--no-open", "--port", "0"], cwd=tree, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(tree / "tool/src"), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines = Queue()
        Thread(target=lambda: [self.lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.seen = []

    def until(self, words, seconds=120):
        """Wait for a line that holds some words; returns it."""
        with contextlib.suppress(Empty):
            while True:
                self.seen.append(self.lines.get(timeout=seconds))
                if words in self.seen[-1]:
                    return self.seen[-1]
        raise AssertionError(f"no line with '{words}' in: {''.join(self.seen)}")

    def interrupt(self):
        """Press Ctrl and C; what it had started ends with it, and its last line says so."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(CTRL_C)
        assert self.until("Stopped") == f"{phrases.STOPPED}\n"
        assert self.process.wait(timeout=60) == 130
        assert psutil.wait_procs(children, timeout=60)[1] == []
        assert "Traceback" not in "".join(self.seen)
        return children


def started(tree):
    """A running preview of a tree, the tree and its address; it has ended afterwards."""
    running = Running(tree)
    yield running, tree, re.search(r"http://127\.0\.0\.1:\d+/", running.until("The book is at"))[0]
    if running.process.poll() is None:
        running.interrupt()


@pytest.fixture
def preview(copy):
    """A preview of the shipped book that runs a copy of the package."""
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "tool/src", copy / "tool/src", ignore=ignored)
    shutil.copy(ROOT / "tool/pyproject.toml", copy / "tool")  # which says that this is a program
    yield from started(copy)


@pytest.fixture
def quick(small):
    """A preview of the small book."""
    yield from started(small.tree)


@pytest.mark.slow
def test_saved_page_row_and_code_are_shown_by_themselves(preview, browser):
    """An edit reaches the open page by itself; a fault is said there, and goes when it is fixed."""
    running, tree, address = preview
    page = browser.new_page(bypass_csp=True)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}about/news.html")
    path = tree / PAGE
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\nA sentence that was just saved.\n", encoding="utf-8")
    page.get_by_text("A sentence that was just saved.").wait_for(timeout=90_000)
    path.write_text(before + "\n[Nowhere](nowhere.md)\n", encoding="utf-8")
    fault = page.get_by_role("alert")
    fault.wait_for(timeout=90_000)
    assert f"{PAGE}:" in fault.inner_text()
    assert "nowhere.md" in fault.inner_text()
    assert said_by_axe(page) == []
    assert page.get_by_text("A sentence that was just saved.").is_visible()
    assert "The book has a fault" in running.until("The book has a fault")
    path.write_text(before + "\nFixed at last.\n", encoding="utf-8")
    page.get_by_text("Fixed at last.").wait_for(timeout=90_000)
    assert not fault.is_visible()
    page.goto(address)
    page.get_by_text("4 in progress").first.wait_for(timeout=5_000)
    append(tree, "data/progress.csv", "2025-06-30,S-C1,16,started,")
    page.get_by_text("5 in progress").first.wait_for(timeout=90_000)
    code = tree / "tool/src/stp_portfolio/show/sentences.py"
    text = code.read_text(encoding="utf-8")
    changed = text.replace("of {total} signed off{reviewed}", "of {total} done{reviewed}")
    assert changed != text
    code.write_text(changed, encoding="utf-8")
    page.get_by_text("8 of 20 done").first.wait_for(timeout=90_000)
    assert errors == []


def status_of(address, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def test_questions_are_said_before_anybody_else_asks(quick):
    """The early warning of screening: a name stops no preview, and is counted when the page is saved."""
    running, tree, _ = quick
    assert "0 questions open" in running.until("looked at")
    page = tree / "M/1_Task.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nThen I thanked Priya.\n", encoding="utf-8")
    assert "1 question open" in running.until("portfolio review")


def test_only_this_computer_can_open_it(quick):
    """On loopback alone, under its own name alone, and nothing from outside the book; then Ctrl and C."""
    running, _, address = quick
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address this computer would use
        other = probe.getsockname()[0]
    assert not other.startswith("127.")
    with pytest.raises((ConnectionError, TimeoutError)):
        socket.create_connection((other, port), timeout=5)
    above = "../../data/portfolio.toml %2e%2e/%2e%2e/data/portfolio.toml ../.doctrees/environment.pickle"
    for path in (*above.split(), "a%00.html", "_preview/x"):
        assert status_of(address + path) in (403, 404), path
    for host, status in (("evil.example", 404), (f"evil.example:{port}", 404), (f"localhost:{port}", 200)):
        for path in ("", "_static/favicon.svg", "_preview/preview.js", "_preview/0"):
            assert status_of(address + path, Host=host) == status, (host, path)
    assert running.interrupt()


def site(html):
    """The files of a site. Sphinx' index of a second build also lists words that are on no page any more."""
    files = {
        path.relative_to(html).as_posix(): path.read_bytes() for path in html.rglob("*") if path.is_file()
    }
    index = json.loads(re.search(rb"\((.*)\)", files["searchindex.js"])[1])
    for terms in ("terms", "titleterms"):
        index[terms] = {word: pages for word, pages in index[terms].items() if pages != []}
    return files | {"searchindex.js": index}


def picture(small, colour):
    Image.new("RGB", (40, 40), colour).save(small.tree / "map.png")


CHART = "```{mermaid}\n:alt: One leads to the other.\nflowchart LR\n  a[First] --> b[%s]\n```\n"
EDITS = {
    "a page": lambda small: small.edit("M/1_Task.md", "It waits.", "It waits longer."),
    "a title": lambda small: small.edit("M/1_Task.md", "# 1. Task", "# 1. The task"),
    "a row": lambda small: append(small.tree, "data/progress.csv", "2025-06-25,M,1,started,"),
    "a new page": lambda small: small.write(
        "more.md", "# More\n\n![The map](map.png)\n\n" + CHART % "Second"
    ),
    "the contents": lambda small: small.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: more\n"),
    "a notebook": lambda small: small.notebook("print('other', 2 + 3)"),
    "a picture": lambda small: picture(small, "blue"),
    "a diagram": lambda small: small.edit("more.md", "Second", "Third"),
    "a fault": lambda small: small.edit("intro.md", "# Home", "# Home\n\n[Nowhere](nowhere.md)"),
    "a second fault": lambda small: small.edit("M/1_Task.md", "# 1. The task", "# 1. Other\n\n[No](no.md)"),
    "one repair": lambda small: small.edit("intro.md", "\n\n[Nowhere](nowhere.md)", ""),
    "the other, as it was": lambda small: small.edit(
        "M/1_Task.md", "# 1. Other\n\n[No](no.md)", "# 1. The task"
    ),
    "wrong records": lambda small: append(small.tree, "data/progress.csv", "2025-06-26,M,1,begun,"),
    "right ones": lambda small: small.edit("data/progress.csv", "2025-06-26,M,1,begun,\n", ""),
    "settings": lambda small: small.edit("_config.yml", "A Clinical Informatics trainee", "Somebody"),
    "a page that goes": lambda small: small.edit("_toc.yml", "  - file: more\n", ""),
    "a file that goes": lambda small: (small.tree / "more.md").unlink(),
}

FAULTY = ("a fault", "a second fault", "one repair", "wrong records")


@pytest.mark.slow
def test_a_warm_build_is_a_cold_one(small, tmp_path):
    """After each of many edits the preview serves to the byte what a build from nothing makes of the tree.

    A picture that no page shows any more stays there, as after any second build.
    """
    small.notebook("print(1 + 1)")
    picture(small, "red")
    for running, tree, address in started(small.tree):
        good = {}
        for number, (name, edit) in enumerate(EDITS.items()):
            edit(small)
            said = running.until("Built" if name not in FAULTY else "has a fault")
            cold = build_here(
                shutil.copytree(tree, tmp_path / str(number), ignore=shutil.ignore_patterns("_build"))
            )
            assert (cold.code != 0) == (name in FAULTY), (name, said, cold.output)
            good = good if cold.code else site(cold.html)
            now = site(tree / "_build/.preview-good/html")
            other = {each for each in now.keys() | good.keys() if now.get(each) != good.get(each)}
            assert other <= {each for each in now.keys() - good.keys() if each.startswith("_images/")}, name
            assert status_of(address) == 200


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_build_leaves_nothing_running(preview):
    """The build that runs, and the notebooks that it runs, end as well."""
    running, tree, _ = preview
    append(tree, "data/progress.csv", "2025-06-30,S-C1,16,started,")
    builder = psutil.Process(running.process.pid)
    for _ in range(600):
        if len(children := builder.children(recursive=True)) > 1:
            break
        psutil.wait_procs(children, timeout=0.1)
    assert len(running.interrupt()) > 1

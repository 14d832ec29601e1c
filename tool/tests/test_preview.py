"""The preview, run as its user runs it: a real browser sees a saved page without being told to reload."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from queue import Empty, Queue
from threading import Thread

import pytest
from test_cli import PORTFOLIO

PAGE = "about/news.md"


class Running:
    """A preview in a process of its own, with the lines that it prints."""

    def __init__(self, tree, *options):
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [PORTFOLIO, "preview", "--no-open", *options],
            cwd=tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
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


@pytest.fixture
def preview(copy):
    running = Running(copy, "--port", "0")
    yield running, copy, re.search(r"http://127\.0\.0\.1:\d+/", running.until("The book is at"))[0]
    running.process.terminate()
    running.process.wait(timeout=30)


def test_saved_page_is_shown_by_itself(preview, browser):
    """An edit reaches the open page without a reload by its reader; a fault is said there and goes by itself."""
    running, tree, address = preview
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}about/news.html")
    path = tree / PAGE
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\nA sentence that was just saved.\n", encoding="utf-8")
    page.get_by_text("A sentence that was just saved.").wait_for(timeout=90_000)
    path.write_text(before + "\n[Nowhere](nowhere.md)\n", encoding="utf-8")
    page.get_by_role("heading", name="The book has a fault").wait_for(timeout=90_000)
    assert "nowhere.md" in page.locator("pre").inner_text()
    assert "The book has a fault" in running.until("The book has a fault")
    path.write_text(before + "\nMended at last.\n", encoding="utf-8")
    page.get_by_text("Mended at last.").wait_for(timeout=90_000)
    assert errors == []


def test_a_changed_row_and_changed_code_are_shown(preview, browser):
    """A new event changes the home page, and so does a new line of the package, with nothing restarted by hand."""
    _, tree, address = preview
    page = browser.new_page()
    page.goto(address)
    page.get_by_text("4 in progress").first.wait_for(timeout=5_000)
    with (tree / "data/progress.csv").open("a", encoding="utf-8") as file:
        file.write("2025-06-30,S-C1,16,started,\n")
    page.get_by_text("5 in progress").first.wait_for(timeout=90_000)
    code = tree / "stp_portfolio/words.py"
    code.write_text(code.read_text(encoding="utf-8").replace("{verb} signed off", "{verb} done"), encoding="utf-8")
    page.get_by_text("20 activities are done").first.wait_for(timeout=90_000)


def test_only_this_computer_can_open_it(preview):
    """The server listens on loopback and nowhere else, and gives nothing from outside the book."""
    _, _, address = preview
    port = int(address.rsplit(":", 1)[1].strip("/"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address this computer would use
        other = probe.getsockname()[0]
    assert not other.startswith("127.")
    with pytest.raises((ConnectionError, TimeoutError)):
        socket.create_connection((other, port), timeout=5)
    for path in ("../../data/portfolio.toml", "%2e%2e/%2e%2e/data/portfolio.toml", "../.doctrees/environment.pickle"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(address + path, timeout=30)


def test_preview_ends_with_a_word(copy):
    """Ctrl and C ends it without a traceback, and nothing that it started stays behind."""
    running = Running(copy, "--port", "0")
    running.until("The book is at")
    running.process.send_signal(signal.CTRL_C_EVENT if sys.platform == "win32" else signal.SIGINT)
    running.until("The preview has ended")
    running.process.wait(timeout=30)
    assert "Traceback" not in "".join(running.seen)

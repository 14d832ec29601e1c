"""The portfolio in a real JupyterLab: notebooks compute, data opens as tables, pages preview, outputs stay out."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import recount
from conftest import ROOT
from test_cli import PORTFOLIO

from stp_portfolio.core import reading, records

REMEDY = "JupyterLab is not installed here. Run: pip install -r requirements-lab.txt"
TOKEN = "for-this-test-alone"
SLOW = 120_000  # milliseconds; only a fault waits for so long
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no network
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are in the page as well
}


def missing():
    """Whether a package of requirements-lab.txt is not there."""
    try:
        return not (version("jupyterlab") and version("jupyterlab-myst"))
    except PackageNotFoundError:
        return True


pytestmark = pytest.mark.skipif(missing(), reason=REMEDY)


@dataclass
class Lab:
    """A running server: its address, the tree it serves, and the status of that tree before its last event."""

    address: str
    tree: Path
    before: str

    def portfolio(self, *arguments):
        return portfolio(self.tree, *arguments)


def portfolio(tree, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    return subprocess.run(
        [PORTFOLIO, *arguments], cwd=tree, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def asked(address, path, method="GET"):
    """What the server answers, or None while it cannot."""
    request = urllib.request.Request(f"{address}{path}", method=method, headers={"Authorization": f"token {TOKEN}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError):
        return None


def address_of(server, runtime):
    """The address that the server announces once it is up; the port is one that the system gave it."""
    end = time.monotonic() + SLOW / 1000
    while server.poll() is None and time.monotonic() < end:
        for path in runtime.glob("jpserver-*.json"):
            try:
                address = json.loads(path.read_text(encoding="utf-8"))["url"].rstrip("/")
            except ValueError:  # half written
                continue
            if asked(address, "/api/status"):
                return address
        time.sleep(0.2)
    raise AssertionError("JupyterLab did not start")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the portfolio, to whose records one event was added; shut down whatever happens."""
    folder = tmp_path_factory.mktemp("lab")
    tree = folder / "portfolio"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info", "private"))
    before = portfolio(tree, "status").stdout
    of_example = reading.load(tree)
    last = {event.activity: event.event for event in of_example.events}
    waiting = next(key for key, event in last.items() if event == "submitted")
    done = portfolio(tree, "record", str(waiting), "signed_off", "--date", str(of_example.on))
    assert done.returncode == 0, done.stderr
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}"),
    ]
    log = folder / "log.txt"
    with log.open("wb") as sink:
        server = subprocess.Popen(command, cwd=tree, env=environment, stdout=sink, stderr=sink)
        try:
            address = address_of(server, folder / "runtime")
            yield Lab(address, tree, before)
            assert asked(address, "/api/shutdown", "POST") is not None  # stops the kernels as well
            assert server.wait(timeout=SLOW / 1000) == 0
        except AssertionError as error:
            error.add_note(log.read_text(encoding="utf-8", errors="replace")[-3000:])
            raise
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


@pytest.fixture
def page(browser, lab):
    """A page of its own, whose requests go to the server of this test only."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.address)
    context.set_default_timeout(SLOW)
    tab = context.new_page()
    others = []
    tab.on("request", lambda r: None if r.url.startswith((lab.address, "data:", "blob:")) else others.append(r.url))
    yield tab
    context.close()
    assert others == []


def opened(page, lab, path):
    page.goto(f"{lab.address}/lab/tree/{path}?token={TOKEN}&reset")
    return page


def chosen(page, menu, item):
    """Click an item of a menu, as its user does."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


def run_all(page, lab, path):
    """Open a notebook, run all cells as its user does, and wait for what its last cell shows."""
    opened(page, lab, path)
    page.locator("#jp-main-statusbar").get_by_text("(ipykernel) | Idle").wait_for()  # before, it asks for a kernel
    assert page.locator(".jp-OutputArea-output").count() == 0
    chosen(page, "Run", "Run All Cells")
    page.locator(".jp-Notebook .jp-CodeCell").last.get_by_text("Computed when the book was built").wait_for()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def tables(page):
    """Each table that the notebook shows, by its caption: rows of cells, the header first."""
    return {
        table.locator("caption").inner_text(): [
            [cell.inner_text().strip() for cell in row.locator("th, td").all()] for row in table.locator("tr").all()
        ]
        for table in page.locator(".jp-OutputArea-output table").all()
    }


def saved(page, path, *, outputs):
    """Save the notebook, and wait until the file holds outputs or none."""
    chosen(page, "File", "Save Notebook")
    end = time.monotonic() + SLOW / 1000
    while time.monotonic() < end:
        cells = json.loads(path.read_text(encoding="utf-8") or '{"cells": []}')["cells"]
        if cells and any(cell.get("outputs") for cell in cells) is outputs:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{path.name} was not saved")


def test_progress_is_computed_from_the_records(lab, page):
    """Run all cells: every number is the one of portfolio status, after an event that nothing stored can know."""
    run_all(page, lab, "notebooks/progress.ipynb")
    assert page.locator(".jp-OutputArea-output svg").count() >= 3

    status = lab.portfolio("status").stdout
    answer = page.locator(".jp-Notebook .jp-CodeCell").first.locator(".jp-OutputArea-output").inner_text().strip()
    assert answer in status.splitlines()
    assert answer not in lab.before.splitlines()

    shown = tables(page)
    done, total = map(int, re.search(r"(\d+) of (\d+) activit\w+ (?:is|are) signed off", status).groups())
    said = {
        word.capitalize(): n for n, word in re.findall(r"(\d+) (submitted|returned|in progress|not started)", status)
    }
    counts = dict(shown["Activities by status"][1:])
    assert counts.pop("Total") == str(total) == str(sum(map(int, counts.values())))
    assert counts.pop("Signed off") == str(done)
    assert {word: n for word, n in counts.items() if n != "0"} == said

    header, *rows = shown["Milestones"]
    now = recount.Recount(lab.tree)
    assert len(rows) == len(now.milestones)
    left, days, needed = re.search(
        r"(\d+) activit\w+ to go in (\d+) days?, which needs ([\d.]+) a month", status
    ).groups()
    for row, milestone in zip((dict(zip(header, cells, strict=True)) for cells in rows), now.milestones, strict=True):
        assert row["Date"] == recount.written(milestone["date"])
        if not milestone["required"]:
            assert row["Signed off now"] == row["Needed a month"] == ""
            continue
        assert row["Required"] == f"{milestone['required']} of {milestone['module']}"
        assert row["Signed off now"] == str(done)
        to_go = int(milestone["required"]) - done
        distance = (date.fromisoformat(milestone["date"]) - date.fromisoformat(now.on)).days
        assert row["State"] == f"{to_go} to go"
        assert row["Needed a month"] == f"{to_go / distance * 365.25 / 12:.2f}"
        if str(distance) == days:
            assert (f"{left} to go", needed) == (row["State"], row["Needed a month"])
            assert f"{milestone['required']} required by {row['Date']}" in answer
    assert days in {str((date.fromisoformat(m["date"]) - date.fromisoformat(now.on)).days) for m in now.milestones}


def test_saved_outputs_are_refused_until_they_are_cleared(lab, page):
    """What JupyterLab saves after a run stops portfolio check, and the remedy that it names works."""
    path = lab.tree / "notebooks/credits.ipynb"
    run_all(page, lab, "notebooks/credits.ipynb")
    saved(page, path, outputs=True)
    refused = lab.portfolio("check")
    assert refused.returncode == 1
    assert "notebooks/credits.ipynb: holds outputs. Clear them (in JupyterLab: Edit, Clear outputs" in refused.stdout
    chosen(page, "Edit", "Clear Outputs of All Cells")
    saved(page, path, outputs=False)
    accepted = lab.portfolio("check")
    assert accepted.returncode == 0, accepted.stdout


def test_records_open_as_a_table(lab, page):
    """The events open as a grid that holds every cell of the file, the header above them."""
    opened(page, lab, "data/progress.csv")
    grid = page.locator(".jp-CSVViewer .lm-DataGrid")
    grid.wait_for()
    grid.click(position={"x": 15, "y": 15})  # the corner selects everything
    page.keyboard.press("ControlOrMeta+c")
    page.wait_for_function("() => navigator.clipboard.readText().then(text => text.includes('signed_off'))")
    copied = page.evaluate("navigator.clipboard.readText()")
    with (lab.tree / "data/progress.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))
    found = [line.split("\t")[1:] for line in copied.splitlines()]  # each line begins with its number
    assert found == expected


def test_page_previews(lab, page):
    """Open With, Markdown Preview: the page with its heading and its diagram drawn."""
    of_example = reading.load(lab.tree)
    activity, path = next(
        (a, p) for a, p in records.pages(of_example) if "```{mermaid}" in p.read_text(encoding="utf-8")
    )
    opened(page, lab, path.relative_to(lab.tree).as_posix())
    page.locator(f".jp-DirListing-item:has-text('{path.name}')").click(button="right")
    page.locator(".lm-Menu-itemLabel").get_by_text("Open With", exact=True).hover()
    page.locator(".lm-Menu-itemLabel").get_by_text("Markdown Preview", exact=True).click()
    preview = page.locator(".jp-MarkdownViewer")
    preview.get_by_role("heading", level=1, name=activity.heading).wait_for()
    preview.locator("figure svg, .mermaid svg, svg[id^='mermaid']").first.wait_for()
    assert "flowchart" not in preview.inner_text()

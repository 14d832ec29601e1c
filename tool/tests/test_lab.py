"""The portfolio in a real JupyterLab: notebooks compute, data opens as tables, pages preview."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from conftest import NOT_SOURCES, ROOT, refused, told

from stp_portfolio.core import disk, reading, records

TOKEN = "for-this-test-alone"
SHOWN = ".jp-OutputArea-output"
SLOW = 120_000  # milliseconds; only a fault waits for so long
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no network
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are in the page as well
}
PLACES = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
PLACES += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("jupyterlab") and find_spec("jupyterlab_myst")),
        reason="JupyterLab is not installed here. Run: pip install -r requirements-lab.txt",
    ),
]


@dataclass
class Lab:
    """A running server: its address and the tree it serves."""

    address: str
    tree: Path


def until(answer):
    """The first thing that is true which a function gives, asked for again and again."""
    end = time.monotonic() + SLOW / 1000
    while time.monotonic() < end:
        if found := answer():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def asked(address, path, method="GET"):
    """What the server answers, or None while it cannot."""
    token = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(f"{address}{path}", headers=token, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read() or b"done"
    except OSError:  # so are the errors of HTTP
        return None


def running(runtime):
    """The address of the server, once it answers."""
    texts = "".join(map(disk.read_text, runtime.glob("jpserver-*.json")))
    return next((url for url in re.findall(r'"url": "(.*?)/?"', texts) if asked(url, "/api/status")), None)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the portfolio with one event more; shut down whatever happens."""
    folder = tmp_path_factory.mktemp("lab")
    tree = folder / "portfolio"
    shutil.copytree(ROOT, tree, ignore=NOT_SOURCES)
    example = reading.load(tree)
    waiting = next(event.activity for event in reversed(example.events) if event.event == "submitted")
    told(tree, "record", waiting, "signed_off", "--date", example.on)
    for name, values in SETTINGS.items():
        path = folder / "jupyterlab_settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    places = {name: str(folder / name.rpartition("_")[0].lower()) for name in PLACES}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += ["--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    with (folder / "log.txt").open("wb") as log:
        server = subprocess.Popen(command, cwd=tree, env={**os.environ, **places}, stdout=log, stderr=log)
    try:
        address = until(lambda: running(Path(places["JUPYTER_RUNTIME_DIR"])))
        yield Lab(address, tree)
        assert asked(address, "/api/shutdown", "POST")  # stops the kernels as well
        assert server.wait(timeout=SLOW / 1000) == 0
    except AssertionError as error:
        error.add_note((folder / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:])
        raise
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def page(browser, lab):
    """A page of its own, whose requests go to the server of this test only."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.address)
    context.set_default_timeout(SLOW)
    tab, others = context.new_page(), []
    own = (lab.address, "data:", "blob:")
    tab.on("request", lambda request: None if request.url.startswith(own) else others.append(request.url))
    yield tab
    context.close()
    assert others == []


def opened(page, lab, path):
    page.goto(f"{lab.address}/lab/tree/{path}?token={TOKEN}&reset")


def chosen(page, menu, item):
    """Click an item of a menu, as its user does."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


def run_all(page, lab, path, last):
    """Open a notebook, run all cells as its user does, and wait for words that its last cell shows."""
    opened(page, lab, path)
    status = page.locator("#jp-main-statusbar")
    status.get_by_text("(ipykernel) | Idle").wait_for()  # before, it asks for a kernel
    shown = page.locator(SHOWN)
    assert shown.count() == 0
    chosen(page, "Run", "Run All Cells")
    page.locator(".jp-CodeCell").last.locator(SHOWN).get_by_text(last).wait_for()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    return shown


def saved(page, path, *, outputs):
    """Save the notebook, and wait until the file holds outputs or none."""
    chosen(page, "File", "Save Notebook")
    until(lambda: (text := path.read_text(encoding="utf-8")) and ('"output_type"' in text) is outputs)


def test_notebook_computes_and_its_outputs_are_refused(lab, page):
    """The answer is the one of status, after an event that nothing stored can know; outputs are refused."""
    shown = run_all(page, lab, "notebooks/progress.ipynb", "Computed when the book was built")
    assert shown.locator("svg").count() == 3
    status = told(lab.tree, "status")
    assert page.locator(".jp-CodeCell").first.locator(SHOWN).inner_text().strip() in status
    table = shown.locator("table", has_text="Activities by status").inner_text()
    done = re.search(r"(\d+) of \d+ activities are signed off", status)[1]
    assert re.search(r"Signed off\s+(\d+)", table)[1] == done
    path = lab.tree / "notebooks/progress.ipynb"
    saved(page, path, outputs=True)
    assert "holds outputs. Clear them (in JupyterLab: Edit, Clear outputs" in refused(lab.tree, "check")
    chosen(page, "Edit", "Clear Outputs of All Cells")
    saved(page, path, outputs=False)
    told(lab.tree, "check")


def test_guide_s_own_question(lab, page):
    """The cells of the guide's page make a notebook that runs: a chart in the book's form, and a table."""
    text = (ROOT / "tool/docs/asking.md").read_text(encoding="utf-8")
    sources = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, lab.tree / "notebooks/months.ipynb")
    shown = run_all(page, lab, "notebooks/months.ipynb", "Total")
    assert shown.locator("svg").count() == 1
    assert shown.locator("img").count() == 0  # the drawing is not shown a second time
    assert shown.locator("table caption").inner_text() == "Pieces of evidence by month"


def test_records_open_as_a_table(lab, page):
    """The events open as a grid that holds every cell of the file, the header above them."""
    opened(page, lab, "data/progress.csv")
    grid = page.locator(".jp-CSVViewer .lm-DataGrid")
    grid.wait_for()
    grid.click(position={"x": 15, "y": 15})  # the corner selects everything
    page.keyboard.press("ControlOrMeta+c")
    page.wait_for_function("() => navigator.clipboard.readText().then(text => text.includes('signed_off'))")
    copied = page.evaluate("navigator.clipboard.readText()")
    expected = list(csv.reader((lab.tree / "data/progress.csv").read_text(encoding="utf-8").splitlines()))
    assert [line.split("\t")[1:] for line in copied.splitlines()] == expected  # a line begins with its number


def test_a_row_is_changed_in_the_editor(lab, page):
    """The grid only shows; Open With, Editor changes the file, as the guide says."""
    path = lab.tree / "data/milestones.csv"
    before = path.read_text(encoding="utf-8")
    opened(page, lab, "data/milestones.csv")
    page.locator(".jp-CSVViewer .lm-DataGrid").wait_for()
    page.locator(f".jp-DirListing-item:has-text('{path.name}')").click(button="right")
    items = page.locator(".lm-Menu-itemLabel")
    items.get_by_text("Open With", exact=True).hover()
    items.get_by_text("Editor", exact=True).click()
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.type("a")
    page.keyboard.press("ControlOrMeta+s")
    until(lambda: path.read_text(encoding="utf-8") == f"a{before}")
    path.write_text(before, encoding="utf-8")


def test_page_previews(lab, page):
    """Open With, Markdown Preview: the page with its heading and its diagram drawn."""
    found = records.pages(reading.load(lab.tree))
    activity, path = next((a, p) for a, p in found if "```{mermaid}" in p.read_text(encoding="utf-8"))
    opened(page, lab, path.relative_to(lab.tree).as_posix())
    page.locator(f".jp-DirListing-item:has-text('{path.name}')").click(button="right")
    items = page.locator(".lm-Menu-itemLabel")
    items.get_by_text("Open With", exact=True).hover()
    items.get_by_text("Markdown Preview", exact=True).click()
    preview = page.locator(".jp-MarkdownViewer")
    preview.get_by_role("heading", level=1, name=activity.heading).wait_for()
    preview.locator("figure svg, .mermaid svg, svg[id^='mermaid']").first.wait_for()
    assert "flowchart" not in preview.inner_text()

"""Make the pictures of the guide anew, in tool/docs/pictures: home page, a plan, a first page, JupyterLab.

Usage: python .github/pictures.py (needs requirements-lab.txt, the extra ``test`` and an installed browser)
"""

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import sleep

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tool/tests"))
from browsing import launched, served  # noqa: E402 - found through the line above

PICTURES = ROOT / "tool/docs/pictures"
OPEN = "This activity has begun. What happened and what changed in my practice is still to be written."
WRITTEN = """In October I followed the steps of one referral, from the letter to the result. I now ask who
waits for a message before I change its format."""
PORT = 8897


def run(tree: Path, *arguments: str) -> None:
    """One command in the new portfolio."""
    subprocess.run([Path(sys.executable).with_name(arguments[0]), *arguments[1:]], cwd=tree, check=True)


def keep(page: Page, name: str) -> None:
    """What the browser shows, as a picture of 64 colours."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)
    sys.stdout.write(f"{path}: {path.stat().st_size // 1000} kB\n")


def lab(page: Page, tree: Path) -> None:
    """The notebook of progress in JupyterLab, with all cells run."""
    command = ["jupyter", "lab", "--no-browser", "--allow-root", f"--ServerApp.port={PORT}"]
    command += ["--IdentityProvider.token=t"]
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(tree.parent / "settings")}
    program = Path(sys.executable).with_name(command[0])
    server = subprocess.Popen([program, *command[1:]], cwd=tree, env={**os.environ, **settings})
    try:
        sleep(8)
        page.goto(f"http://localhost:{PORT}/lab/tree/notebooks/progress.ipynb?token=t&reset")
        page.locator("#jp-main-statusbar").get_by_text("(ipykernel) | Idle").wait_for()
        page.get_by_role("button", name="No", exact=True).click()  # to news
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
        page.locator(".jp-OutputArea-output svg").first.wait_for()
        sleep(5)
        page.locator(".jp-Cell").first.scroll_into_view_if_needed()
        sleep(1)
        keep(page, "jupyterlab")
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    """All of them, of a portfolio that is made for them and gone afterwards."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as tool:
        tree, browser = Path(folder) / "my-portfolio", launched(tool)
        page = browser.new_page(viewport={"width": 1000, "height": 640})
        run(Path(folder), "portfolio", "start", str(tree), "--start", str(date(2026, 9, 7)))
        with served(tree / "_build/html") as (address, _):
            run(tree, "jupyter-book", "build", ".", "-qq")
            page.goto(f"{address}/intro.html")
            keep(page, "home")
            (path,) = tree.glob("*/5_*.md")
            own = f"{address}/{path.relative_to(tree).with_suffix('.html').as_posix()}"
            page.goto(own)
            keep(page, "plan")
            run(tree, "portfolio", "record", "S-C1/5", "started")
            run(tree, "portfolio", "new", "S-C1/5", "--no-open")
            path.write_text(path.read_text(encoding="utf-8").replace(OPEN, WRITTEN), encoding="utf-8")
            run(tree, "jupyter-book", "build", ".", "-qq")
            page.goto(own)
            keep(page, "page")
        lab(page, tree)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

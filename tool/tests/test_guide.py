"""Every command of the guide, run in its order, in the repository that the guide makes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import OWN, ROOT, toc_files
from test_preview import Running
from test_start import fresh, git  # noqa: F401 - a fixture

from stp_portfolio.core import reading

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the blocks are run by bash")

GUIDE = [name for name in toc_files(ROOT) if name.startswith("docs/")]
INSTALL = re.search(r"^```sh\n(.+?)\n```", (OWN / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
# Lines that another test or the continuous build runs, word for word, and where.
ELSEWHERE = {
    INSTALL: None,  # .ci/run takes it from the README
    "python -m pip install -r requirements-lab.txt": ".ci/run",
    "jupyter lab": "tests/test_lab.py",
    "portfolio preview": None,  # started, waited for and ended below
}


def blocks(name, kind="sh"):
    text = (OWN / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


class Shell:
    """Runs blocks one after another, each from the folder in which the last one ended."""

    def __init__(self, folder, origin):
        self.folder = folder
        tools = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_COUNT": "3",
            "GIT_CONFIG_KEY_0": f"url.{origin.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/YOUR-NAME/portfolio.git",
            "GIT_CONFIG_KEY_1": "user.name",
            "GIT_CONFIG_VALUE_1": "t",
            "GIT_CONFIG_KEY_2": "user.email",
            "GIT_CONFIG_VALUE_2": "t@example.org",
        }

    def run(self, block, *, codes=(0,)):
        lines = [line for line in block.splitlines() if line not in ELSEWHERE]
        here = self.folder / ".here"
        script = "\n".join(["set -e", *lines, f"pwd > '{here}'"])
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in codes, f"{block}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        if here.is_file():
            self.folder = Path(here.read_text(encoding="utf-8").strip())
            here.unlink()
            self.environment["PYTHONPATH"] = str(self.folder)
        return done.stdout + done.stderr


@pytest.fixture
def shell(fresh, tmp_path):  # noqa: F811
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(fresh), str(origin)], check=True)
    work = tmp_path / "work"
    work.mkdir()
    return Shell(work, origin)


def test_every_command_of_the_guide(shell):
    """From the copy to the JSON document: each block ends as the guide says, in one portfolio."""
    done = set()
    for block in blocks("docs/own-book"):
        said = shell.run(block)
        done.add(block)
        if "cd portfolio" in block:  # what the README's first command makes
            (shell.folder / ".venv").symlink_to(sys.prefix)
            (shell.folder / ".git/info/exclude").write_text(".venv\n", encoding="utf-8")
    tree = shell.folder
    assert not reading.load(tree).settings.example
    assert git(tree, "status", "--porcelain") == ""
    assert git(tree, "log", "-1", "--format=%s", "origin/HEAD").strip() == "My own portfolio"

    for block in blocks("docs/keeping"):
        if block == "portfolio preview\n":
            running = Running(tree, "--port", "0")
            running.until("The book is at")
            running.process.terminate()
            running.process.wait(timeout=30)
        said = shell.run(block)
        done.add(block)
    assert (len(reading.load(tree).events), len(reading.load(tree).evidence)) == (2, 1)
    assert git(tree, "status", "--porcelain") == ""

    settings = tree / "data/portfolio.toml"
    reviews = blocks("docs/review-meeting", "toml")[0]
    settings.write_text(settings.read_text(encoding="utf-8") + reviews, encoding="utf-8")
    for block in blocks("docs/review-meeting"):
        shell.run(block)
        done.add(block)
    assert {path.suffix for path in (tree / "_build/report").iterdir()} >= {".md", ".html", ".pdf"}
    assert b"BEGIN:VEVENT" in (tree / "_build/portfolio.ics").read_bytes()

    page = "C1_Professional_Foundations/5_PatientCareJourney.md"
    assert f"private/{page}" in (OWN / "docs/handing-in.md").read_text(encoding="utf-8")
    (tree / "private" / page).parent.mkdir(parents=True)
    shutil.copy(tree / page, tree / "private" / page)
    for block in blocks("docs/handing-in"):
        shell.run(block)
        done.add(block)
    assert (tree / "_build/assessor/index.html").is_file()
    assert list((tree / "_build/eportfolio").glob("*.zip"))

    old = tree.parent / "old"
    old.mkdir()
    text = "---\nlayout: page\ntitle: Peer support\n---\n\nI showed a newcomer round. It went well.\n\n- [x] done\n"
    (old / "9_peer-support.md").write_text(text, encoding="utf-8")
    for block in blocks("docs/moving"):
        # What the imported page still lacks is what this check lists.
        said = shell.run(block, codes=(1,) if block == "portfolio check\n" else (0,))
        done.add(block)
    assert "I showed a newcomer round." in (tree / "C1_Professional_Foundations/9_PeerSupport.md").read_text("utf-8")
    assert "_build" in said

    for block in blocks("docs/publishing"):
        shell.run(block)
        done.add(block)

    everything = {block for name in GUIDE for block in blocks(name)}
    assert everything - done == set(blocks("docs/another-specialty"))


def test_commands_for_another_specialty(shell):
    """The two files as the guide prints them, one start, and a further module later."""
    shell.run(blocks("docs/own-book")[0])
    tree = shell.folder
    text = (OWN / "docs/another-specialty.md").read_text(encoding="utf-8")
    names = re.findall(r"as `(my-\w+\.csv)`", text)
    for name, content in zip(names, blocks("docs/another-specialty", "text"), strict=True):
        (tree.parent / name).write_text(content, encoding="utf-8")
    start, further = blocks("docs/another-specialty")
    shell.run(start.replace("my-", "../my-"))
    own = reading.load(tree)
    assert [module.code for module in own.modules] == ["S-C1", "M-1", "M-2"]
    with (tree / "data/modules.csv").open("a", encoding="utf-8") as file:
        file.write("3,M-3,Further module,10,\n")
    with (tree / "data/activities.csv").open("a", encoding="utf-8") as file:
        file.write("M-3,1,First of it,Further/1_First,,\n")
    assert "1 page made" in shell.run(further)
    assert "No fault found" in shell.run("jupyter-book build .\nportfolio check\n")


def test_lines_that_are_run_elsewhere_are_run_there():
    """A command that this test leaves out stands, word for word, where it is said to be run."""
    for line, where in ELSEWHERE.items():
        if where is not None:
            text = (OWN / where).read_text(encoding="utf-8")
            words = [re.escape(word) for word in line.split()]
            assert re.search(r"[\s\"',\[\]]+".join(words), text), (line, where)
    everything = [line for name in GUIDE for block in blocks(name) for line in block.splitlines()]
    assert set(ELSEWHERE) <= set(everything)


def test_every_command_and_option_of_the_guide_exists():
    """No option is named in prose or table that the command does not have."""
    texts = "\n".join((OWN / f"{name}.md").read_text(encoding="utf-8") for name in GUIDE)
    texts += (OWN / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"`portfolio ([a-z]+)|^portfolio ([a-z]+)", texts, flags=re.MULTILINE))
    verbs = {a or b for a, b in used}
    from stp_portfolio.cli import app

    known = {(c.name or c.callback.__name__.rstrip("_")): c for c in app.registered_commands}
    assert verbs <= {*known, "evidence"}
    assert set(known) <= verbs  # and every command is in the guide or the README
    for options in re.findall(r"`portfolio [^`\n]*`|^portfolio .*$", texts, flags=re.MULTILINE):
        verb = options.strip("`").split()[1]
        if verb in known:
            told = subprocess.run(
                [Path(sys.executable).with_name("portfolio"), verb, "--help"],
                capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
            ).stdout  # fmt: skip
            assert set(re.findall(r"--[a-z-]+", options)) <= set(re.findall(r"--[a-z-]+", told)), options

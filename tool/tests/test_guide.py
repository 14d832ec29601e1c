"""Every command of the guide, run in its order, in the one portfolio that the guide makes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, build_here
from portfolios import append
from typer.main import get_command

from stp_portfolio.cli import app
from stp_portfolio.core import reading

DOCS = ROOT / "tool/docs"
CONTENTS = yaml.safe_load((DOCS / "_toc.yml").read_text(encoding="utf-8"))
GUIDE = [CONTENTS["root"], *(chapter["file"] for chapter in CONTENTS["chapters"])]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALL = re.search(r"^```sh\n(.+?)\n```", README, re.MULTILINE)[1]
# What is run in place of a line: the packages are installed, and the example is this repository.
INSTEAD = {
    INSTALL: f"ln -s '{sys.prefix}' .venv && if [ -f _config.yml ]; then jupyter-book build .; fi",
    'python -m pip install "stp-portfolio[lab]"': "",
    "jupyter lab": "",  # a test of its own starts it
    "portfolio preview": "",  # so has the preview
}
PAGE = "C1_Professional_Foundations/5_PatientCareJourney.md"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the blocks are run by bash")


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def blocks(page, kind="sh"):
    return re.findall(rf"^```{kind}\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)


class Shell:
    """Runs blocks one after another, each where the last one ended; GitHub is a folder beside them."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "ignored").write_text(".venv\n", encoding="utf-8")
        ignored = str(folder / "ignored")
        settings = {"user.name": "t", "user.email": "t@example.org", "core.excludesFile": ignored}
        for name in ("OWNER/stp-portfolio", "YOUR-NAME/my-portfolio"):
            subprocess.run(["git", "init", "-q", "--bare", folder / name], check=True)
            settings[f"url.{(folder / name).as_uri()}.insteadOf"] = f"https://github.com/{name}.git"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings.items()):
            self.environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}

    def run(self, block, codes=(0,)):
        lines = [INSTEAD.get(line, line) for line in block.splitlines()]
        script = "\n".join(["set -e", *lines, "echo; pwd"])
        given = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True}
        done = subprocess.run(["bash", "-c", script], check=False, **given)
        assert done.returncode in codes, f"{block}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        self.folder = Path(done.stdout.splitlines()[-1]) if done.returncode == 0 else self.folder
        return done.stdout


def prepare(page, tree):
    """What the words of a page ask for before its commands can be run."""
    if page == "review-meeting":
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
    """Each block ends well, and what it is there for is then there."""
    shell = Shell(tmp_path)
    for page in (page for page in GUIDE if page != "another-specialty"):
        prepare(page, shell.folder)
        for block in blocks(page):
            # What an imported page still lacks is what that check lists.
            shell.run(block, codes=(0, 1) if page == "moving" and block == "portfolio check\n" else (0,))
    tree = shell.folder
    own = reading.load(tree)
    assert tree.name == "my-portfolio"
    assert not own.settings.example
    assert [event.event for event in own.events] == ["started", "started", "submitted"]
    assert len(own.evidence) == 1
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
    """The two files as the guide prints them, one start, and a further module later."""
    shell = Shell(tmp_path)
    names = re.findall(r"as `(my-\w+\.csv)`", text_of("another-specialty"))
    for name, content in zip(names, blocks("another-specialty", "text"), strict=True):
        (tmp_path / name).write_text(content, encoding="utf-8")
    start, further = blocks("another-specialty")
    shell.run(start.replace("../my-portfolio", "mine") + "cd mine\n")
    own = reading.load(shell.folder)
    assert [module.code for module in own.modules] == ["S-C1", "M-1", "M-2"]
    append(shell.folder, "data/modules.csv", "3,M-3,Further module,10,")
    append(shell.folder, "data/activities.csv", "M-3,1,First of it,Further/1_First,,")
    shell.run(further)
    assert (shell.folder / "Further/1_First.md").is_file()
    shell.run("jupyter-book build .\n")


def test_guide_is_a_book_of_plain_pages(tmp_path):
    """Built without a warning, and at GitHub as it stands: no directive; every page is in the contents."""
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    done = build_here(tmp_path / "docs", "-W", "--keep-going")
    assert done.code == 0, done.output
    assert sorted(GUIDE) == sorted(path.stem for path in DOCS.glob("*.md"))
    for page in GUIDE:
        assert not re.search(r"^(?::{3,}|`{3,}\{)|\{[a-z-]+\}`", text_of(page), flags=re.MULTILINE), page


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

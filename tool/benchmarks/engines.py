"""The same pages and notebooks for four programs: this book, Jupyter Book 1 and 2, MkDocs Material."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]  # the worked example
BUILT = ROOT / "_build" / "benchmarks"
_BIN = "Scripts" if sys.platform == "win32" else "bin"
_EXE = ".exe" if sys.platform == "win32" else ""
PAGE = "C1_Professional_Foundations/18_AuditAndRecommendations.md"
SAMPLE = ("intro", "C1_Professional_Foundations/18_AuditAndRecommendations", "notebooks/progress")


@dataclass(frozen=True)
class Engine:
    """A program and the tree that it builds: its command, what it makes, where the content lies."""

    name: str
    tree: Path
    command: list[str]
    made: tuple[str, ...]  # what is removed before a cold build
    html: str = ""  # where its pages lie; empty where it makes none
    content: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    forget: str = ""  # what must go before it notices a changed CSV; everything is built again then

    def clean(self) -> None:
        """Take away everything that an earlier build left."""
        for name in self.made:
            path = self.tree / name
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)

    def page(self, name: str) -> Path:
        """The finished page of that name."""
        plain = self.tree / self.html / f"{name}.html"
        return plain if plain.is_file() else self.tree / self.html / name / "index.html"


def tracked() -> Iterator[Path]:
    """The files of the example, from its root; the tool is installed and no part of what is built."""
    done = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the git of the user
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = done.stdout.decode("utf-8").split("\0")
    yield from (Path(name) for name in names if name and not name.startswith("tool/"))


def copy(tree: Path) -> Path:
    """A copy of what is tracked, in an empty folder."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in tracked():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    return tree


def ours(work: Path) -> Engine:
    """The book as it is."""
    return Engine(
        "this book", copy(work / "ours"), [tool("jupyter-book"), "build", "."], ("_build",), "_build/html"
    )


def plain(work: Path) -> Engine:
    """Jupyter Book 1 with this book's own settings, without the extensions: the fairest of its kind."""
    tree = copy(work / "plain")
    config = (tree / "_config.yml").read_text(encoding="utf-8")
    config = re.sub(
        r"^.*(?:stp_portfolio\.\w+|stp_footer|myst_fence_as_directive).*\n", "", config, flags=re.MULTILINE
    )
    (tree / "_config.yml").write_text(config, encoding="utf-8")
    command = [tool("jupyter-book"), "build", "."]
    return Engine(
        "plain Jupyter Book 1", tree, command, ("_build",), "_build/html", forget="_build/.jupyter_cache"
    )


def material(work: Path, say: Callable[[str], None]) -> Engine:
    """MkDocs Material with mkdocs-jupyter in its own environment; notebooks run in this one's kernel."""
    environment = BUILT / "mkdocs"
    program = environment / _BIN / f"mkdocs{_EXE}"
    if not program.is_file():
        say("installing MkDocs Material into an environment of its own")
        venv.create(environment, with_pip=True, clear=True)
        wanted = str(Path(__file__).with_name("requirements.txt"))
        subprocess.run(  # noqa: S603 - pip with fixed arguments
            [str(environment / _BIN / f"python{_EXE}"), "-m", "pip", "install", "-q", "-r", wanted],
            check=True,
        )
    tree = work / "mkdocs"
    shutil.rmtree(tree, ignore_errors=True)
    source = copy(work / "mkdocs-source")
    pages = [
        name
        for name in _listed(source)
        if any((source / f"{name}{end}").is_file() for end in (".md", ".ipynb"))
    ]
    docs = tree / "docs"
    for name in pages:
        path = next(path for end in (".md", ".ipynb") if (path := source / f"{name}{end}").is_file())
        target = docs / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copytree(source / "data", docs / "data")
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "language": "python",
    }
    spec = tree / "share" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({**kernel, "display_name": "Python 3"}), encoding="utf-8")
    config = {
        "site_name": "Portfolio",
        "theme": {"name": "material", "font": False},
        "plugins": [
            "search",
            {"mkdocs-jupyter": {"execute": True, "kernel_name": "python3", "include_source": False}},
        ],
        "exclude_docs": "data/",
        "validation": {"links": {"not_found": "ignore", "unrecognized_links": "ignore", "anchors": "ignore"}},
    }
    (tree / "mkdocs.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return Engine(
        "MkDocs Material",
        tree,
        [str(program), "build", "-q"],
        ("site", ".cache"),
        "site",
        "docs",
        {"JUPYTER_PATH": str(tree / "share"), "JUPYTER_PREFER_ENV_PATH": "0"},
    )


def next_engine(work: Path, say: Callable[[str], None]) -> Engine | None:
    """Jupyter Book 2's build of the content, where Node is: it runs no notebook and makes no page."""
    if not shutil.which("node"):
        return None
    environment = BUILT / "jupyter-book-2"
    program = environment / _BIN / f"jupyter-book{_EXE}"
    if not program.is_file():
        say("installing Jupyter Book 2 into an environment of its own")
        venv.create(environment, with_pip=True, clear=True)
        subprocess.run(  # noqa: S603 - pip with fixed arguments
            [str(environment / _BIN / f"python{_EXE}"), "-m", "pip", "install", "-q", "jupyter-book==2.1.7"],
            check=True,
        )
    tree = copy(work / "next")
    # The look of its site would be loaded from another host; the content needs none.
    look = tree / "_build/templates/site/myst/book-theme/template.yml"
    look.parent.mkdir(parents=True)
    look.write_text("jtex: v1\nkind: site\ntitle: None\n", encoding="utf-8")
    path = f"{environment / _BIN}{';' if sys.platform == 'win32' else ':'}"
    return Engine(
        "Jupyter Book 2, content",
        tree,
        [str(program), "build", "--site"],
        ("_build/site", "_build/cache", "_build/temp"),
        environment={"NEXT_ENGINE": "1", "PATH": path + os.environ["PATH"]},
    )


def _listed(tree: Path) -> list[str]:
    values = yaml.safe_load((tree / "_toc.yml").read_text(encoding="utf-8"))
    found: list[str] = []

    def walk(value: object) -> None:
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(child)
        if isinstance(value, dict):
            found.extend(str(value[key]) for key in ("root", "file") if key in value)

    walk(values)
    return found


def tool(name: str) -> str:
    """A command of the environment that runs this."""
    return str(Path(sys.executable).with_name(f"{name}{_EXE}"))

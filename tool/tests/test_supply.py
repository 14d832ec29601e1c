"""What the project is made of: pinned, locked with hashes, each file once; and the container."""

import inspect
import json
import re
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from test_commit import SWITCH_ON

from stp_portfolio.cli import publish
from stp_portfolio.core import configuration, disk
from stp_portfolio.desk import drafts, kit

PROJECT = tomllib.loads(disk.read_text(ROOT / "tool/pyproject.toml"))["project"]
LOCK = ROOT / "tool/requirements.lock"
PINS = disk.read_text(ROOT / kit.PINS)


def pins(text):
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


def lines_of(text):
    return [line for line in (line.split("#")[0].strip() for line in text.splitlines()) if line]


def test_requirements_are_pinned_and_end_with_the_package():
    """Every line is an exact pin that the tool's own range holds, nothing forgotten; the last is the tool."""
    *pinned, last = lines_of(PINS)
    assert last == "-e ./tool"
    # A marker may follow: not every package has a wheel for every machine.
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; .+)?", line) for line in pinned)
    ranges = {r.name.lower(): r for r in map(Requirement, PROJECT["dependencies"])}
    assert ranges.keys() <= pins(PINS).keys()
    for name in ranges.keys() & pins(PINS).keys():
        assert ranges[name].specifier.contains(pins(PINS)[name]), name
    # And a portfolio that is made with the tool has the same versions.
    *own, tool = lines_of(kit.requirements())
    assert tool == f"./{kit.WHEELS}/stp_portfolio-{PROJECT['version']}-py3-none-any.whl"
    assert pins("\n".join(own)).items() <= pins(PINS).items()


def test_every_dependency_says_what_it_is_for():
    """What an installation brings is a decision: each line names its reason."""
    text = disk.read_text(ROOT / "tool/pyproject.toml")
    block = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    assert [line for line in block.splitlines() if line.strip() and "# " not in line] == []


def test_lab_comes_on_top_of_the_pins():
    """JupyterLab is the tool's extra; the file for it repeats those pins, behind the ones of the book."""
    first, *own = lines_of(disk.read_text(ROOT / "requirements-lab.txt"))
    assert first == "-r requirements.txt"
    assert own == PROJECT["optional-dependencies"]["lab"]
    assert not pins("\n".join(own)).keys() & pins(PINS).keys()


def test_lock_holds_every_pin_with_hashes():
    """The lock has each direct pin at its version, the tests' as well, a hash for every entry, no address."""
    lock = disk.read_text(LOCK)
    locked = {name.lower(): version for name, version in pins(lock).items()}
    wanted = pins(PINS) | pins("\n".join(PROJECT["optional-dependencies"]["test"]))
    assert {name: locked.get(name) for name in wanted} == wanted
    entries = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)[1:]
    assert len(entries) > 80
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?:|index-url|^-e", lock, flags=re.MULTILINE)


SAME = ["data/README.md", "tests/test_portfolio.py", ".githooks/pre-commit", ".gitattributes"]
SAME += [".github/workflows/publish.yml"]
SAME += [f"notebooks/{name}.ipynb" for name in ("coverage", "credits", "progress")]


@pytest.mark.parametrize("name", SAME)
def test_example_and_new_portfolios_have_the_same_file(name):
    """What the tool writes into a new portfolio is what the example has; copy the right one."""
    assert kit.owned()[name] == (ROOT / name).read_bytes()


def test_example_and_new_portfolios_have_the_same_settings(portfolio):
    """All but whose book it is, the example's own folders, and its pages in the foot."""
    made = configuration.read_yaml(drafts.filled("first/_config.yml", settings=portfolio.settings))
    shipped = configuration.read_yaml(disk.read_text(ROOT / "_config.yml"))
    for config in (made, shipped):
        for key in ("title", "project", "author", "copyright", "exclude_patterns"):
            assert config.pop(key)
        config["sphinx"]["config"].pop("stp_footer", None)
    assert made == shipped


def test_contents_follow_the_register(portfolio):
    """Each activity has one entry of the contents, in the register's order; no page is left out."""
    listed = [activity.page for activity in portfolio.activities]
    folders = {page.rpartition("/")[0] for page in listed}
    contents = [name for name in configuration.toc_files(ROOT) if name.rpartition("/")[0] in folders]
    assert [name for name in contents if name in listed] == listed
    pages = (path for folder in folders for path in (ROOT / folder).glob("*.md"))
    assert {path.relative_to(ROOT).with_suffix("").as_posix() for path in pages} == {*contents}


def test_no_file_of_the_repository_is_too_large_or_built():
    """No built page and nothing private is tracked, and nothing over 500 kB; a download tracks nothing."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0")
    assert [name for name in names if name.startswith(("_build/", "private/"))] == []
    assert [n for n in names if (ROOT / n).is_file() and (ROOT / n).stat().st_size > 500_000] == []


# -- the development container --------------------------------------------------------------------

CONTAINER = json.loads(disk.read_text(ROOT / ".devcontainer/devcontainer.json"))


def test_python_is_one_that_the_tests_run_on():
    """An image that cannot be moved under its tag, with the newest Python of the matrix, not as root."""
    image = r"mcr\.microsoft\.com/devcontainers/python:\d+\.\d+\.\d+-(3\.\d+)-bookworm"
    workflow = yaml.safe_load(disk.read_text(ROOT / ".github/workflows/test.yml"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    recipe = disk.read_text(ROOT / ".devcontainer" / CONTAINER["build"]["dockerfile"])
    assert re.search(f"^FROM {image}$", recipe, re.MULTILINE)[1] == max(
        matrix, key=lambda text: int(text.split(".")[1])
    )
    assert CONTAINER["remoteUser"] not in ("root", "0")
    assert not re.search("sudo|privileged|USER", json.dumps(CONTAINER) + recipe)
    assert "tesseract-ocr" in recipe  # without it no picture is read, and publishing asks for each


def test_it_installs_what_is_there():
    """Requirements that exist, into the environment that is used; and the guard is on."""
    make, install, guard = CONTAINER["postCreateCommand"].split(" && ")
    environment = re.fullmatch(r"python -m venv (\S+)", make)[1]
    assert install.startswith(f"{environment}/bin/python -m pip install ")
    named = re.findall(r"-r (\S+)", install)
    assert named == ["requirements.txt", "requirements-lab.txt"]
    assert all((ROOT / name).is_file() for name in named)
    assert guard == SWITCH_ON
    assert CONTAINER["remoteEnv"]["PATH"] == f"{environment}/bin:${{containerEnv:PATH}}"
    settings, extensions = (CONTAINER["customizations"]["vscode"][key] for key in ("settings", "extensions"))
    assert all(re.fullmatch(r"[\w-]+\.[\w-]+", name) for name in extensions)  # publisher and name
    assert settings["python.defaultInterpreterPath"] == f"{environment}/bin/python"


def test_ports_are_those_of_the_servers():
    """Every port that is forwarded has a label; the preview's is the one that the command takes."""
    labels = {int(port): about["label"] for port, about in CONTAINER["portsAttributes"].items()}
    preview = inspect.signature(publish.preview).parameters["port"].default
    assert labels == {preview: "portfolio preview", 8888: "JupyterLab"}
    assert sorted(labels) == sorted(CONTAINER["forwardPorts"])


def test_no_pattern_has_a_possessive_group():
    """Python 3.11.0 to 3.11.4 match such groups wrongly, or never end."""
    package = ROOT / "tool/src/stp_portfolio"
    sources = [path for ending in ("py", "toml") for path in package.rglob(f"*.{ending}")]
    group = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+(?!\+)|\(\?>")
    assert [path.name for path in sources if group.search(disk.read_text(path))] == []
    assert all(map(group.search, ("(?:a|b)*+c", "(?:a|b){2,}+c")))

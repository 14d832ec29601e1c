"""The development container: what it names is there, and is what everything else uses."""

import inspect
import json
import re

import yaml
from conftest import ROOT
from test_commit import SWITCH_ON

from stp_portfolio.cli import publish

CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))


def test_python_is_one_that_the_tests_run_on():
    """An image that cannot be moved under its tag, with the newest Python of the matrix, not as root."""
    image = r"mcr\.microsoft\.com/devcontainers/python:\d+\.\d+\.\d+-(3\.\d+)-bookworm"
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert re.fullmatch(image, CONTAINER["image"])[1] == max(matrix, key=lambda text: int(text.split(".")[1]))
    assert CONTAINER["remoteUser"] not in ("root", "0")
    assert not re.search("sudo|privileged", json.dumps(CONTAINER))


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

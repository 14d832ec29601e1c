"""The development container: what it names is there, and is what everything else uses."""

import inspect
import json
import re

import pytest
import yaml
from conftest import OWN
from test_commit import SWITCH_ON

from stp_portfolio import cli


@pytest.fixture(scope="module")
def container():
    return json.loads((OWN / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))


def test_python_is_one_that_the_tests_run_on(container):
    """An image whose version cannot be moved under its tag, with the newest Python of the matrix, not as root."""
    version = re.fullmatch(
        r"mcr\.microsoft\.com/devcontainers/python:\d+\.\d+\.\d+-(3\.\d+)-bookworm", container["image"]
    )
    workflow = yaml.safe_load((OWN / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert version[1] == max(matrix, key=lambda text: int(text.split(".")[1]))
    assert container["remoteUser"] not in ("root", "0")
    settings = json.dumps(container)
    assert "sudo" not in settings
    assert "privileged" not in settings


def test_it_installs_what_is_there(container):
    """Both files of requirements, into the environment whose commands and interpreter are used, and the guard is on."""
    steps = container["postCreateCommand"].split(" && ")
    make, install, guard = steps
    environment = re.fullmatch(r"python -m venv (\S+)", make)[1]
    assert install.startswith(f"{environment}/bin/python -m pip install ")
    named = re.findall(r"-r (\S+)", install)
    assert named == ["requirements.txt", "requirements-lab.txt"]
    assert all((OWN / name).is_file() for name in named)
    assert guard == SWITCH_ON
    assert (OWN / guard.split()[-1] / "pre-commit").is_file()
    assert container["remoteEnv"]["PATH"] == f"{environment}/bin:${{containerEnv:PATH}}"
    settings = container["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"] == f"{environment}/bin/python"


def test_ports_are_those_of_the_servers(container):
    """Every port that is forwarded has a label; the preview's is the one that the command takes."""
    labels = {int(port): about["label"] for port, about in container["portsAttributes"].items()}
    assert sorted(labels) == sorted(container["forwardPorts"])
    preview = inspect.signature(cli.preview).parameters["port"].default
    assert labels == {preview: "portfolio preview", 8888: "JupyterLab"}


def test_extensions_are_named_by_publisher(container):
    """One id each, as the marketplace writes them."""
    extensions = container["customizations"]["vscode"]["extensions"]
    assert len(extensions) == len({name.lower() for name in extensions})
    assert all(re.fullmatch(r"[\w-]+\.[\w-]+", name) for name in extensions)

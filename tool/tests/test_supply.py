"""What the project is made of: pinned, locked with hashes, and built by workflows that cannot be swapped."""

import re

import yaml
from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def pins(text):
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


def test_requirements_are_pinned_and_end_with_the_package():
    """Every line is an exact pin; the last one installs the package itself."""
    lines = [
        line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ]
    lines = [line for line in lines if line]
    assert lines[-1] == "-e ."
    # A marker may follow: not every package has a wheel for every machine.
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; .+)?", line) for line in lines[:-1])


def test_lab_comes_on_top_of_the_pins():
    """One file to install JupyterLab from: the pins of the book, then exact ones of its own, none of them twice."""
    lines = [
        line.split("#")[0].strip() for line in (ROOT / "requirements-lab.txt").read_text(encoding="utf-8").splitlines()
    ]
    first, *own = [line for line in lines if line]
    assert first == "-r requirements.txt"
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in own)
    of_book = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert not {line.split("==")[0] for line in own} & of_book.keys()


def test_lock_holds_every_pin_with_hashes():
    """The lock has each direct pin at its version, a hash for every entry, and no address."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower(): version for name, version in pins(lock).items()}
    for name, version in pins((ROOT / "requirements.txt").read_text(encoding="utf-8")).items():
        assert locked[name] == version
    entries = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)[1:]
    assert len(entries) > 80
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?:|index-url|^-e", lock, flags=re.MULTILINE)


def test_actions_are_pinned_by_commit_and_tokens_are_small():
    """No tag that can be moved, no job with more rights than reading unless it says why."""
    assert WORKFLOWS
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        uses = re.findall(r"uses: (\S+)", text)
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use) for use in uses), path.name
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        for line in text.splitlines():
            assert not re.search(r": write\b", line) or "#" in line
        assert text.count("actions/checkout") == text.count("persist-credentials: false")

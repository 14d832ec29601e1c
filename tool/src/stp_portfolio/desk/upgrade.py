"""Take a portfolio to another version of the tool and back, or over from a copy that carries the tool itself.

Only the few files that the tool owns are written, and of those only the ones that are as it last wrote them.
The new version does that itself, in a process of its own: ``portfolio upgrade --finish``.
"""

import difflib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import parse_wheel_filename

from stp_portfolio.core import configuration, disk, journal, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import checks, drafts, editions, kit
from stp_portfolio.desk.editions import Say
from stp_portfolio.desk.start import new_folder

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)
_TOOL = re.compile(r"^\./wheels/stp_portfolio-([^-]+)-\S+", re.MULTILINE)
_WAYS = (
    "Put a newer wheel into wheels/, or name it: portfolio upgrade WHEEL. "
    "Only a version is asked of the package index: portfolio upgrade VERSION"
)
_FINISH = "import sys; from stp_portfolio.cli import main; sys.argv[1:] = ['upgrade', '--finish']; main()"


def upgrade(root: Path, to: str) -> int:
    """Install another version of the tool and let it do the rest. Returns 0 where nothing is at fault then.

    ``to`` is a wheel; or a version, which alone is fetched from the package index; or empty for the newest
    wheel in ``wheels/``. Raises Refusal, with nothing changed, where there is none.
    """
    now = _TOOL.search(disk.read_text(root / kit.PINS))
    if now is None:
        remedy = "A copy that carries the tool itself is brought over: portfolio upgrade --from . NEWFOLDER"
        fault = f"{kit.PINS} names no wheel of {kit.DISTRIBUTION}, so there is no version to move"
        raise Refusal(f"{fault}. {remedy}")
    with tempfile.TemporaryDirectory() as place:
        wheel = _wheel(root, to, Path(place))
        if not (wheel.is_file() and wheel.name.startswith("stp_portfolio-")):
            raise Refusal(f"{to} is no wheel of {kit.DISTRIBUTION}. Give a file stp_portfolio-….whl.")
        if wheel.name in now[0]:
            raise Refusal(f"This portfolio has {now[1]} already. {_WAYS}")
        _pip(root, "Nothing was changed", "install", "--upgrade", str(wheel))
        _keep(root, now[1])
        disk.put(root / kit.WHEELS / wheel.name, wheel.read_bytes())
    return subprocess.run([sys.executable, "-c", _FINISH], cwd=root, check=False).returncode  # noqa: S603


def _wheel(root: Path, to: str, place: Path) -> Path:
    """The wheel that is meant; that of a version is fetched into a place. Raises Refusal without one."""
    if to.endswith(".whl"):
        return Path(to).resolve()
    if not to:
        return max(_wheels(root), key=lambda path: parse_wheel_filename(path.name)[1], default=root)
    fetch = ("download", "--no-deps", "--only-binary", ":all:", "--dest", str(place))
    _pip(root, "Nothing was changed", *fetch, f"{kit.DISTRIBUTION}=={to}")
    return next(place.iterdir())


def _pip(root: Path, otherwise: str, verb: str, *arguments: str) -> None:
    """Run the environment's own pip. Raises Refusal where it fails."""
    command = [sys.executable, "-m", "pip", verb, "--quiet", *arguments]
    if code := subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603 - its own
        raise Refusal(f"{otherwise}: pip ended with code {code}. What it said stands above.")


def _wheels(root: Path) -> list[Path]:
    return list((root / kit.WHEELS).glob("stp_portfolio-*.whl"))


def _keep(root: Path, version: str) -> None:
    """Keep what an upgrade may replace, for ``undo``."""
    folder = root / journal.BACKUPS / f"upgrade-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    for path in (*_wheels(root), *(root / name for name in (kit.PINS, kit.LEDGER, *kit.ledger(root)))):
        if path.is_file():
            disk.put(folder / path.relative_to(root), path.read_bytes())


def finish(root: Path, say: Say) -> int:
    """What the new version does: pins and its files; then check and build. Returns the exit code."""
    pins = kit.requirements()
    rewrite(root, kit.owned(), say)
    kit.write_ledger(root)
    _repin(root, pins)
    _pip(root, "The files are those of the new version", "install", "-r", kit.PINS)
    found, _ = checks.run(root)
    for finding in found:
        say(str(finding))
    code = editions.build_public(root)
    say("This portfolio is made with another version of the tool now. To go back: portfolio upgrade --undo")
    return 1 if found or code else 0


def _repin(root: Path, model: str) -> None:
    """Move the pins to those of a model, and add those that are missing; every other line stays.

    Of the tool's wheels only the one that is named then is kept.
    """
    pins = dict(_PIN.findall(model))
    text = _TOOL.sub("".join(match[0] for match in _TOOL.finditer(model)), disk.read_text(root / kit.PINS))
    missing = sorted(pins.keys() - dict(_PIN.findall(text)).keys())
    text = _PIN.sub(lambda match: f"{match[1]}=={pins.get(match[1], match[2])}", text)
    disk.put(root / kit.PINS, text + "".join(f"{name}=={pins[name]}\n" for name in missing))
    for path in _wheels(root):
        if path.name not in text:
            path.unlink()


def rewrite(root: Path, ours: Mapping[str, bytes], say: Say) -> None:
    """Write the tool's files that are as it last wrote them; show what is new in those that are not."""
    wrote = kit.ledger(root)
    for name, raw in ours.items():
        there = kit.digest(root / name)
        if there == wrote.get(name):  # untouched, or new
            kit.put(root, name, raw)
        elif there is not None and kit.hashed(raw) not in (there, wrote.get(name)):
            yours, new = disk.read_text(root / name).splitlines(), raw.decode().splitlines()
            diff = difflib.unified_diff(yours, new, "yours", "the tool's", lineterm="")
            say("\n".join([f"{name} was changed here and stays as it is. What is different:", *diff]))
    for name in wrote.keys() - ours.keys():
        if kit.digest(root / name) == wrote[name]:
            (root / name).unlink()


def undo(root: Path, say: Say) -> str:
    """Put back what the last upgrade replaced, and install the version before it, which is returned.

    A file that was changed since then stays as it is. Raises Refusal where there is nothing to undo.
    """
    kept = sorted((root / journal.BACKUPS).glob("upgrade-*"), key=lambda path: path.stat().st_mtime)
    if not kept:
        raise Refusal(f"There is no upgrade to undo: {journal.BACKUPS} keeps none.")
    folder = kept[-1]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    pins, ledger = (disk.read_text(files.pop(name)) for name in (kit.PINS, kit.LEDGER))
    rewrite(root, {name: path.read_bytes() for name, path in files.items()}, say)
    disk.put(root / kit.LEDGER, ledger)
    _repin(root, pins)
    version = folder.name.removeprefix("upgrade-")
    _pip(root, f"The files of version {version} are back", "install", "-r", kit.PINS)
    shutil.rmtree(folder)
    return version


# -- a copy that carries the tool itself, as version 0.1.0 was used ---------------------------

_OLD = tomllib.loads((drafts.TEMPLATES / "version-0.1.0.toml").read_text(encoding="utf-8"))
# The part of the contents that holds the guide, which the tool has now.
_GUIDE = re.compile(r"^ *- caption: .*\n +chapters:\n(?: +(?:- file: docs/.*|sections:)\n?)+", re.MULTILINE)


def bring_over(old: Path, folder: Path, say: Say) -> None:
    """Make a new portfolio of an old copy: its content comes along, the program stays behind.

    Raises Refusal with nothing made.
    """
    old = reading.find_root(old)

    def left(parent: str, names: list[str]) -> list[str]:
        """What does not come along: the program, what is hidden, and environments."""
        program = {*_OLD["program"], *_OLD["notebooks"]}
        paths = [Path(parent, name) for name in names if not re.search(r"^\.|egg-info$|__pycache__$", name)]
        own = [path for path in paths if path.relative_to(old).as_posix() not in program]
        return [*{*names} - {path.name for path in own if not (path / "pyvenv.cfg").is_file()}]

    with new_folder(folder) as tree:
        kit.lay_out(tree)
        shutil.copytree(old, tree, ignore=left, dirs_exist_ok=True)
        for name, shipped in _OLD["notebooks"].items():
            if kit.digest(old / name) not in (shipped, None):
                shutil.copy(old / name, tree / name.replace(".ipynb", "-of-before.ipynb"))
        for path in {*tree.glob("**/*.ipynb")} - {tree / name for name in kit.owned()}:
            if b"stp_portfolio" in path.read_bytes():
                say(f"{path.name} uses the tool: compare it with today's notebooks/progress.ipynb.")
        settings = reading.load(tree).settings
        config = configuration.read_yaml(drafts.filled("first/_config.yml", settings=settings))
        config = _merged(configuration.read_yaml(disk.read_text(old / "_config.yml")), config)
        disk.put(tree / "_config.yml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120))
        disk.put(tree / "_toc.yml", _GUIDE.sub("", disk.read_text(old / "_toc.yml")))


def _merged(old: Any, new: Any) -> Any:
    """The settings of a new portfolio, with what an old one has beside them, and its title and author."""
    if isinstance(old, dict) and isinstance(new, dict):
        own = {key: value for key, value in old.items() if key not in _OLD["theme"]}
        both = (new.keys() & own.keys()) - {"title", "project", "author", "copyright"}
        return {**new, **own, **{key: _merged(own[key], new[key]) for key in both}}
    if isinstance(old, list) and isinstance(new, list):
        return [*new, *(item for item in old if item not in (*new, *_OLD["theme"]))]
    return new

"""Take a portfolio to another version of the tool and back, or over from a copy that carries the tool itself.

Only the few files that the tool owns are written, and of those only the ones that are as it last wrote them.
The new version does that itself, in a process of its own: ``python -m stp_portfolio.desk.upgrade FOLDER``.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from stp_portfolio.core import configuration, disk, reading
from stp_portfolio.core.contract import FOLDER, FORMAT
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import checks, drafts, editions, kit
from stp_portfolio.desk.start import new_folder

BACKUPS = Path(FOLDER, ".backup")
MIGRATIONS: dict[int, Callable[[Path], None]] = {}  # from a format of data/ to the one after it
Say = Callable[[str], None]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)


class UpgradeError(Refusal):
    """An upgrade that was not made: why, and what to do."""


def upgrade(root: Path, to: str) -> int:
    """Install another version of the tool and let it do the rest. Returns 0 where nothing is at fault then.

    ``to`` is a wheel, a version, or empty for the newest that pip finds. Raises UpgradeError, with nothing
    changed, where there is no such version.
    """
    before = dict(_PIN.findall(disk.read_text(root / kit.PINS))).get(kit.DISTRIBUTION)
    if before is None:
        raise UpgradeError(
            f"{kit.PINS} names no version of {kit.DISTRIBUTION}, so there is none to move. "
            "A copy that carries the tool itself is brought over: portfolio upgrade --from . NEWFOLDER"
        )
    wheel = Path(to)
    if wheel.suffix == ".whl" and not (wheel.is_file() and wheel.name.startswith("stp_portfolio-")):
        raise UpgradeError(f"{to} is no wheel of {kit.DISTRIBUTION}. Give a file stp_portfolio-….whl.")
    named = f"{kit.DISTRIBUTION}=={to}" if to else kit.DISTRIBUTION
    wanted = str(wheel.resolve()) if wheel.is_file() else named
    if code := _pip(root, "--upgrade", "--find-links", kit.WHEELS, wanted):
        raise UpgradeError(f"Nothing was changed: pip ended with code {code}. What it said stands above.")
    _keep(root, before)
    if wheel.is_file():
        disk.put(root / kit.WHEELS / wheel.name, wheel.read_bytes())
    command = [sys.executable, "-m", "stp_portfolio.desk.upgrade", str(root)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the version just installed


def _pip(root: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", *arguments]
    return subprocess.run(command, cwd=root, check=False).returncode  # noqa: S603 - the environment's own pip


def _wheels(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in (root / kit.WHEELS).glob("stp_portfolio-*.whl")]


def _keep(root: Path, version: str) -> None:
    """Keep what an upgrade may replace, for ``undo``."""
    folder = root / BACKUPS / f"upgrade-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    for name in (kit.PINS, kit.LEDGER, *kit.ledger(root), *_wheels(root)):
        if (root / name).is_file():
            disk.put(folder / name, (root / name).read_bytes())


def finish(root: Path, say: Say) -> int:
    """What the new version does: pins, its files, older data; then check and build. Returns the exit code."""
    version = metadata.version(kit.DISTRIBUTION)
    _repin(root, kit.requirements())
    for name in _wheels(root):
        if f"-{version}-" not in name:
            (root / name).unlink()
    rewrite(root, say)
    for number in range(reading.load(root).settings.format, FORMAT):
        MIGRATIONS[number](root)
    code = _pip(root, "-r", kit.PINS)
    found, _ = checks.run(root)
    for finding in found:
        say(str(finding))
    code = editions.build_public(root) or code
    say(f"This portfolio is made with version {version} now. To go back: portfolio upgrade --undo")
    return 1 if found or code else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> int:
    """Finish an upgrade of the folder that is named. Returns the exit code."""
    try:
        return finish(Path(sys.argv[1]), _say)
    except (Refusal, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _repin(root: Path, model: str) -> None:
    """Move the pins to those of a model, and add those that are missing; every other line stays."""
    pins = dict(_PIN.findall(model))
    before = disk.read_text(root / kit.PINS)
    text = _PIN.sub(lambda match: f"{match[1]}=={pins.get(match[1], match[2])}", before)
    missing = sorted(pins.keys() - dict(_PIN.findall(text)).keys())
    disk.put(root / kit.PINS, text + "".join(f"{name}=={pins[name]}\n" for name in missing))


def rewrite(root: Path, say: Say) -> None:
    """Write the tool's files that are as it last wrote them; show what is new in those that are not."""
    wrote, ours = kit.ledger(root), kit.owned()
    for name, raw in ours.items():
        there = kit.digest(root / name)
        if there == wrote.get(name):  # untouched, or new
            kit.put(root, name, raw)
        elif there is not None and kit.hashed(raw) not in (there, wrote.get(name)):
            yours, new = disk.read_text(root / name).splitlines(), raw.decode().splitlines()
            diff = difflib.unified_diff(yours, new, "yours", "the new version's", lineterm="")
            say("\n".join([f"{name} was changed here and stays as it is. What is different:", *diff]))
    for name in wrote.keys() - ours.keys():
        if kit.digest(root / name) == wrote[name]:
            (root / name).unlink()
    kit.write_ledger(root)  # last: an upgrade that is cut short is taken up where it ended


def undo(root: Path) -> str:
    """Put back what the last upgrade replaced, and install the version before it, which is returned.

    A file that was changed since then stays as it is. Raises UpgradeError where there is nothing to undo.
    """
    kept = sorted((root / BACKUPS).glob("upgrade-*"), key=lambda path: path.stat().st_mtime)
    if not kept:
        raise UpgradeError(f"There is no upgrade to undo: {BACKUPS.as_posix()} keeps none.")
    folder, wrote, wheels = kept[-1], kit.ledger(root), _wheels(root)
    back = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    _repin(root, disk.read_text(back.pop(kit.PINS)))
    for name in (*wrote, *wheels):
        if name not in back and kit.digest(root / name) == wrote.get(name, kit.digest(root / name)):
            (root / name).unlink(missing_ok=True)
    for name, path in back.items():
        if name not in wrote or kit.digest(root / name) in (wrote[name], None):
            kit.put(root, name, path.read_bytes())
    version = folder.name.removeprefix("upgrade-")
    if _pip(root, "-r", kit.PINS):
        raise UpgradeError(f"The files of version {version} are back; pip could not install it, see above.")
    shutil.rmtree(folder)
    return version


# -- a copy that carries the tool itself, as version 0.1.0 was used ---------------------------

_OLD = tomllib.loads((drafts.TEMPLATES / "version-0.1.0.toml").read_text(encoding="utf-8"))


def bring_over(old: Path, folder: Path, say: Say) -> None:
    """Make a new portfolio of an old copy: its content comes along, the program stays behind.

    Raises UpgradeError, StartError or RecordsError with nothing made.
    """
    old = reading.find_root(old)
    with new_folder(folder) as tree:
        kit.lay_out(tree)
        for path in _content(old):
            name = path.relative_to(old).as_posix()
            shipped = _OLD["notebooks"].get(name)
            if shipped and kit.digest(path) != shipped:
                name = name.replace(".ipynb", "-of-before.ipynb")
                say(f"{name} holds what you had changed in that notebook; today's stands in its place.")
            elif path.suffix == ".ipynb" and not shipped and b"stp_portfolio" in path.read_bytes():
                say(f"{name} uses the tool: compare its first lines with those of notebooks/progress.ipynb.")
            if name not in _OLD["notebooks"]:
                disk.put(tree / name, path.read_bytes())
        settings = reading.load(tree, without_pages=True).settings
        config = configuration.read_yaml(drafts.filled("first/_config.yml", settings=settings))
        config = _merged(configuration.read_yaml(disk.read_text(old / "_config.yml")), config)
        toc = _without_guide(configuration.read_yaml(disk.read_text(old / "_toc.yml")))
        for name, values in (("_toc.yml", toc), ("_config.yml", config)):
            disk.put(tree / name, yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120))
        reading.load(tree)


def _content(old: Path) -> Iterator[Path]:
    """The files of an old copy that are its owner's: no program, nothing hidden, no environment."""
    environments = [path.parent for path in old.rglob("pyvenv.cfg")]
    for path in sorted(old.rglob("*")):
        parts = path.relative_to(old).parts
        hidden = any(part.startswith(".") or part.endswith(("egg-info", "__pycache__")) for part in parts)
        program = {parts[0], "/".join(parts)} & {*_OLD["program"]}
        if path.is_file() and not (hidden or program or {*environments} & {*path.parents}):
            yield path


def _without_guide(value: Any) -> Any:
    """The contents without the pages of the guide, which the tool has, and without empty parts."""
    if isinstance(value, list):
        return [kept for item in value if (kept := _without_guide(item))]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_guide(item) for key, item in value.items()}
    guide = str(value.get("file", "")).startswith("docs/")
    return {} if guide or not kept.get("chapters", True) else {k: v for k, v in kept.items() if v != []}


def _merged(old: Any, new: Any) -> Any:
    """The settings of a new portfolio, with what an old one has beside them, and its title and author."""
    if isinstance(old, dict) and isinstance(new, dict):
        own = {key: value for key, value in old.items() if key not in _OLD["theme"]}
        both = (new.keys() & own.keys()) - {"title", "project", "author", "copyright"}
        return {**new, **own, **{key: _merged(own[key], new[key]) for key in both}}
    if isinstance(old, list) and isinstance(new, list):
        return [*new, *(item for item in old if item not in (*new, *_OLD["theme"]))]
    return new


if __name__ == "__main__":
    sys.exit(main())

"""What the tool owns in every portfolio: a few files, the pins, and itself as a wheel."""

import hashlib
import tomllib
from importlib import metadata
from pathlib import Path

from wheel.wheelfile import WheelFile

import stp_portfolio
from stp_portfolio.core import disk
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.desk import drafts

DISTRIBUTION = "stp-portfolio"
PINS = "requirements.txt"
WHEELS = "wheels"
LEDGER = f"{FOLDER}/portfolio.lock.toml"
_OWNED = drafts.TEMPLATES / "owned"
_PACKAGE = Path(stp_portfolio.__file__).parent
_HEAD = """\
# The files that came with the tool, with the SHA-256 of what it wrote. `portfolio upgrade` writes them again
# where they are still so, and leaves alone what you have changed.
"""


def lay_out(tree: Path) -> None:
    """Put into a new portfolio what the tool owns there."""
    for name, raw in owned().items():
        put(tree, name, raw)
    write_ledger(tree)
    disk.put(tree / PINS, requirements())
    pack(tree / WHEELS)


def owned() -> dict[str, bytes]:
    """The files that this version writes, by their path from the root."""
    paths = (path for path in sorted(_OWNED.rglob("*")) if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(_OWNED).as_posix(): path.read_bytes() for path in paths}


def put(root: Path, name: str, raw: bytes) -> None:
    """Write a file that the tool owns; git runs its hooks only where they may be run."""
    disk.put(root / name, raw)
    if name.startswith(".githooks/"):
        (root / name).chmod(0o755)


def hashed(raw: bytes) -> str:
    """The SHA-256 of a text, whatever its line ends."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()


def digest(path: Path) -> str | None:
    """The same of a file, None where there is no such file."""
    return hashed(path.read_bytes()) if path.is_file() else None


def ledger(root: Path) -> dict[str, str]:
    """The files that the tool wrote, with the hash of each as it was then; none where that is not known."""
    path = root / LEDGER
    return dict(tomllib.loads(disk.read_text(path))) if path.is_file() else {}


def write_ledger(root: Path) -> None:
    """Note down what this version writes."""
    lines = [f'"{name}" = "{hashed(raw)}"\n' for name, raw in owned().items()]
    disk.put(root / LEDGER, _HEAD + "".join(lines))


def requirements() -> str:
    """The pins of a portfolio made with this version."""
    return drafts.filled("first/requirements.txt", version=metadata.version(DISTRIBUTION))


def guide() -> Path:
    """The folder with the pages of the guide: in the package once installed, in a checkout beside it."""
    inside = _PACKAGE / "guide"
    return inside if inside.is_dir() else _PACKAGE.parents[1] / "docs"


def pack(folder: Path) -> None:
    """Put this very package into ``folder`` as a wheel, whether it was installed or runs from a checkout."""
    about = metadata.distribution(DISTRIBUTION)
    stem = f"stp_portfolio-{about.version}"
    files = {f"guide/{path.relative_to(guide()).as_posix()}": path for path in guide().rglob("*")}
    files |= {path.relative_to(_PACKAGE).as_posix(): path for path in _PACKAGE.rglob("*")}
    folder.mkdir(exist_ok=True)
    with WheelFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for name, path in sorted(files.items()):
            if path.is_file() and not {"__pycache__", "_build"}.intersection(name.split("/")):
                archive.write(path, f"stp_portfolio/{name}")
        for name in ("METADATA", "WHEEL", "entry_points.txt"):
            archive.writestr(f"{stem}.dist-info/{name}", about.read_text(name) or "")

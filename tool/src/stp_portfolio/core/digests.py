"""Hashes of what something was made of: whether it is still current is never asked of a file's time."""

import hashlib
import platform
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
STAMP = "stp-built-without-warnings"


def digest(parts: Iterable[bytes]) -> str:
    """One hash of several texts; where one ends and the next begins makes a difference."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def for_policy(text: str) -> str:
    """As a page's policy names the one style or script that may stand on the page itself."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def parts_of(folder: Path) -> Iterator[bytes]:
    """The names and contents of the files in a folder and below it; hidden ones and environments left out."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")) or path.name == "__pycache__":
            continue
        if path.is_file():
            yield path.name.encode()
            yield path.read_bytes()
        elif path.is_dir() and not (path / "pyvenv.cfg").is_file():
            yield f"{path.name}/".encode()
            yield from parts_of(path)
            yield b"/"


@cache
def code() -> str:
    """Of the package's code and of what computes and draws: another one means that all is made again."""
    names = ("pandas", "matplotlib", "myst-nb", "Sphinx", "typst")
    versions = [platform.python_version(), *(version(name) for name in names)]
    return digest([*parts_of(PACKAGE), *(text.encode() for text in versions)])


def was_clean(doctrees: Path) -> bool:
    """Whether the last build with these doctrees ended without a warning, with the code as it is now."""
    stamp = doctrees / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == code()

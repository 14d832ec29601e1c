"""Time, memory and bytes: what a command takes, and what a reader's browser would load."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag

import psutil

_TEXTS = {".html", ".css", ".js", ".svg", ".json", ".xml"}
_LOADED = re.compile(
    r"""<(?:script|img|source)\b[^>]*?\ssrc=["']([^"']+)|<link\b(?=[^>]*\brel=["'](?:stylesheet|icon|preload|modulepreload)["'])[^>]*?\shref=["']([^"']+)"""
)
_IN_STYLES = re.compile(r"""url\(["']?([^"')]+)""")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: seconds, the highest memory of it and its children (bytes), what it said."""

    seconds: float
    peak: int
    output: str


class CommandError(Exception):
    """A measured command that failed; its last lines say why."""


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    memory: bool = False,
) -> Taken:
    """Run a command in a folder to its end. Raises CommandError where it fails.

    ``peak`` is 0 unless ``memory`` is wanted: to look for all children again and again takes time itself.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - the commands are our own
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environment or {})},
    )
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        root = psutil.Process(process.pid)
        while not ended.wait(0.05):
            used = 0
            try:
                for each in (root, *root.children(recursive=True)):
                    used += each.memory_info().rss
            except psutil.Error:
                continue
            peak = max(peak, used)

    watcher = threading.Thread(target=watch, daemon=True)
    if memory:
        watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - begun
    ended.set()
    if memory:
        watcher.join()
    text = output.decode("utf-8", errors="replace")
    if process.returncode:
        raise CommandError(f"{' '.join(map(str, command))}:\n" + "\n".join(text.splitlines()[-15:]))
    return Taken(seconds, peak, text)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a page weighs compressed: itself, all that a first visit loads, what other hosts would send."""

    page: int
    first_visit: int
    foreign: int


def weight(page: Path) -> Weight:
    """The weight of a finished page in bytes, texts compressed by gzip; ``foreign`` counts other hosts."""
    text = page.read_text(encoding="utf-8")
    files, foreign = {page.resolve()}, 0
    pending = [(page, one or other) for one, other in _LOADED.findall(text)]
    while pending:
        base, address = pending.pop()
        address = unquote(unescape(urldefrag(address)[0])).partition("?")[0]
        if re.match(r"(?:https?:)?//", address):
            foreign += 1
        elif address and not address.startswith("data:"):
            path = (base.parent / address).resolve()
            if path.is_file() and path not in files:
                files.add(path)
                if path.suffix == ".css":
                    styles = path.read_text(encoding="utf-8", errors="replace")
                    pending += [(path, each) for each in _IN_STYLES.findall(styles)]
    own = _compressed(page)
    return Weight(own, sum(map(_compressed, files)), foreign)


def _compressed(path: Path) -> int:
    raw = path.read_bytes()
    return len(gzip.compress(raw, 9)) if path.suffix in _TEXTS else len(raw)

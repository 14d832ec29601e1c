"""The book while it is written: served to this computer alone, built again when a file is saved.

A build starts in a process that has loaded everything beforehand and waits, so the reader of a page
waits for the work alone; each build is a process of its own, as ``jupyter-book build .`` is, and
nothing of one run can stay in the next.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import tornado.httpserver
import tornado.web
from tornado.netutil import bind_sockets
from watchfiles import DefaultFilter, awatch

if TYPE_CHECKING:
    from watchfiles import Change

HOST = "127.0.0.1"
PORTS = 20  # how many ports after the wanted one are tried
_NOT_WATCHED = ("_build", "private", "tests", "benchmarks", "node_modules", "__pycache__")
_BANNER = ("Running Jupyter-Book", "Source Folder:", "Config Path:", "Output Path:", "Building your book,")
# What a build imports, before it is asked to build.
_WORKER = """
import sys
import jupyter_book.sphinx, myst_nb, sphinx_book_theme, sphinx_design, sphinx_external_toc, sphinx.builders.html
import stp_portfolio.book
from jupyter_book.cli.main import main
if sys.stdin.readline():
    sys.argv[0] = "jupyter-book"
    main(["build", ".", "--quiet"])
"""
_SCRIPT = """
new EventSource("/_preview").onmessage = event => {
  if (event.data !== new URL(document.querySelector("script[src*=_preview]").src).search.slice(1)) location.reload()
}
"""
_FAULTY = """<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>The book has a fault</title>
<script src="/_preview.js?{number}"></script></head>
<body style="font: 1.1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem">
<h1>The book has a fault</h1><p>Mend it and save: this page gives way to the book by itself.</p>
<pre style="white-space: pre-wrap">{said}</pre></body></html>
"""

Say = Callable[[str], None]


class _Watched(DefaultFilter):
    """What a reader's page depends on: everything but what is built, hidden, private or a test."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def __call__(self, change: Change, path: str) -> bool:
        parts = Path(path).relative_to(self.root).parts
        hidden = any(part.startswith((".", "~$")) for part in parts)
        return (
            not hidden
            and parts[:1] not in {(name,) for name in _NOT_WATCHED}
            and super().__call__(change, path)
        )


class Preview:
    """The state of a preview: how many builds have ended, and what the last one said if it failed."""

    def __init__(self, root: Path, say: Say) -> None:
        self.root, self.say = root, say
        self.html = root / "_build" / "html"
        self.number = 0
        self.said = ""
        self.done = asyncio.Condition()
        self.next: asyncio.subprocess.Process | None = None

    async def _worker(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WORKER, cwd=self.root,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip

    async def build(self, *, code_changed: bool = False) -> None:
        """Build once, tell the pages that are open, and load everything for the next time."""
        if code_changed:  # what waits has loaded the package as it was
            await self.stop()
        worker = self.next or await self._worker()
        self.next = None
        begun = time.monotonic()
        output, _ = await worker.communicate(b"build\n")
        seconds = time.monotonic() - begun
        text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode("utf-8", errors="replace"))
        if worker.returncode:
            lines = (line for line in text.splitlines() if line.strip(" =") and not line.startswith(_BANNER))
            self.said = "\n".join(lines)
            self.say(f"The book has a fault:\n{self.said}")
        else:
            self.said = ""
            self.say(f"Built in {seconds:.1f} s.")
        async with self.done:
            self.number += 1
            self.done.notify_all()
        self.next = await self._worker()

    async def stop(self) -> None:
        """End the process that waits."""
        if self.next is not None:
            self.next.stdin.close()  # type: ignore[union-attr]
            await self.next.wait()
            self.next = None


class _Page(tornado.web.RequestHandler):
    """A page of the book with the script that reloads it, from this server as its policy asks."""

    def initialize(self, preview: Preview) -> None:
        self.preview = preview

    def get(self, path: str) -> None:
        self.set_header("Cache-Control", "no-store")
        page = (self.preview.html / (path or "index.html")).resolve()
        if self.preview.said:
            self.write(_FAULTY.format(number=self.preview.number, said=html.escape(self.preview.said)))
        elif page.is_relative_to(self.preview.html) and page.is_file():
            script = f'<script src="/_preview.js?{self.preview.number}"></script></head>'
            self.write(page.read_text(encoding="utf-8").replace("</head>", script, 1))
        else:
            raise tornado.web.HTTPError(404)


class _Script(tornado.web.RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript")
        self.write(_SCRIPT)


class _Events(tornado.web.RequestHandler):
    """Server-sent events: the number of the latest build, at once and after each."""

    def initialize(self, preview: Preview) -> None:
        self.preview = preview

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        told = None
        while not self.request.connection.stream.closed():  # type: ignore[union-attr]
            if told != self.preview.number:
                told = self.preview.number
                self.write(f"data: {told}\n\n")
                await self.flush()
            async with self.preview.done:
                if told == self.preview.number:
                    await self.preview.done.wait()


def _socket(port: int) -> tuple[list[socket.socket], int]:
    for candidate in range(port, port + PORTS):
        try:
            sockets = bind_sockets(candidate, address=HOST)
        except OSError:
            continue
        return sockets, sockets[0].getsockname()[1]
    raise OSError(None, "no free port", f"{HOST}:{port} to {port + PORTS - 1}")


async def serve(root: Path, port: int, say: Say, ready: Callable[[str], None]) -> None:
    """Build, serve on loopback alone, and build again whenever a file is saved. Runs until it is cancelled.

    Raises OSError where no port is free.
    """
    sockets, port = _socket(port)
    preview = Preview(root.resolve(), say)
    application = tornado.web.Application([
        (r"/_preview", _Events, {"preview": preview}),
        (r"/_preview\.js", _Script),
        (r"/((?:.*\.html)?)", _Page, {"preview": preview}),
        (r"/(.*)", tornado.web.StaticFileHandler, {"path": str(preview.html)}),
    ], log_function=lambda _: None)  # fmt: skip
    server = tornado.httpserver.HTTPServer(application)
    try:
        await preview.build()
        server.add_sockets(sockets)
        ready(f"http://{HOST}:{port}/")
        async for changes in awatch(preview.root, watch_filter=_Watched(preview.root)):
            await preview.build(code_changed=any(path.endswith(".py") for _, path in changes))
    finally:
        server.stop()
        await preview.stop()

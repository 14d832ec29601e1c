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
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import tornado.httpserver
import tornado.web
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from watchfiles import awatch

HOST = "127.0.0.1"
PORTS = 20  # how many ports after the wanted one are tried
_NAMES = r"(127\.0\.0\.1|localhost)$"  # a page of another site may reach this server under a name of its own
_NOT_WATCHED = ("_build", "private", "tests", "benchmarks", "node_modules")
_NO_SOURCES = re.compile(r"[.]|~[$]|__pycache__$|.*(?:~|[.]tmp|[.]sw.|[.]pyc)$")
_BANNER = ("Running Jupyter-Book", "Source Folder:", "Config Path:", "Output Path:", "Building your book,")
# What a build imports, before it is asked to build.
_WORKER = """
import sys
import jupyter_book.sphinx, myst_nb, sphinx_design, sphinx_external_toc, sphinx.builders.html
import stp_portfolio.book
from jupyter_book.cli.main import main
if sys.stdin.readline():
    sys.argv[0] = "jupyter-book"
    main(["build", ".", "--quiet"])
"""
_TEMPLATES = Path(__file__).parent / "templates"

Say = Callable[[str], None]


class Preview:
    """The state of a preview: how many builds have ended, and what the last one said if it failed."""

    def __init__(self, root: Path, say: Say) -> None:
        self.root, self.say = root, say
        self.html = root / "_build" / "html"
        self.number = 0
        self.said = ""
        self.done = asyncio.Condition()
        self.worker: asyncio.subprocess.Process | None = None

    def is_source(self, _: object, path: str) -> bool:
        """Whether a reader's page may depend on a file: not on what is built, hidden, private or a test."""
        parts = Path(path).relative_to(self.root).parts
        return bool(parts) and parts[0] not in _NOT_WATCHED and not any(map(_NO_SOURCES.match, parts))

    async def wait(self) -> asyncio.subprocess.Process:
        """A process that has loaded everything and waits, where Ctrl and C does not reach it."""
        self.worker = self.worker or await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WORKER), cwd=self.root, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        return self.worker

    async def stop(self) -> None:
        """End the process that waits or builds, with what it started."""
        if self.worker is not None and self.worker.returncode is None:
            if sys.platform == "win32":
                self.worker.terminate()
            else:
                os.killpg(self.worker.pid, signal.SIGTERM)
            await self.worker.communicate()
        self.worker = None

    async def build(self, *, code_changed: bool) -> None:
        """Build once, tell the pages that are open, and load everything for the next time."""
        if code_changed:  # what waits has loaded the package as it was
            await self.stop()
        worker, begun = await self.wait(), time.monotonic()
        output, _ = await worker.communicate(b"build\n")
        text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode("utf-8", errors="replace"))
        lines = [line for line in text.splitlines() if line.strip(" =") and not line.startswith(_BANNER)]
        failed = bool(worker.returncode)
        self.said = ("\n".join(lines) or "The build ended without a word.") if failed else ""
        built = f"Built in {time.monotonic() - begun:.1f} s."
        self.say(f"The book has a fault:\n{self.said}" if failed else built)
        self.worker = None
        async with self.done:
            self.number += 1
            self.done.notify_all()
        await self.wait()


class _Handler(tornado.web.RequestHandler):
    def initialize(self, preview: Preview) -> None:
        self.preview = preview
        self.set_header("Cache-Control", "no-store")


class _Page(_Handler):
    """A page of the book with the script that reloads it, from this server as its policy asks."""

    def get(self, path: str) -> None:
        page = (self.preview.html / (path.replace("\0", "") or "index.html")).resolve()
        if self.preview.said:
            text = (_TEMPLATES / "fault.html").read_text(encoding="utf-8")
            text = text.replace("$said", html.escape(self.preview.said))
        elif page.is_relative_to(self.preview.html) and page.is_file():
            text = page.read_text(encoding="utf-8")
        else:
            raise tornado.web.HTTPError(404)
        script = f'<script defer src="/_preview.js?{self.preview.number}"></script></head>'
        self.write(text.replace("</head>", script, 1))


class _Script(_Handler):
    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript")
        self.write((_TEMPLATES / "preview.js").read_text(encoding="utf-8"))


class _Events(_Handler):
    """Server-sent events: the number of the latest build, at once and after each."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        told = None
        with suppress(StreamClosedError):  # the reader has gone
            while True:
                if told != self.preview.number:
                    told = self.preview.number
                    self.write(f"data: {told}\n\n")
                    await self.flush()
                async with self.preview.done:
                    if told == self.preview.number:
                        await self.preview.done.wait()


def _listen(port: int) -> tuple[list[socket.socket], int]:
    for candidate in range(port, port + PORTS):
        try:
            sockets = bind_sockets(candidate, address=HOST)
        except (OSError, OverflowError):
            continue
        return sockets, sockets[0].getsockname()[1]
    raise OSError(None, "no free port", f"{HOST}:{port} to {port + PORTS - 1}")


async def serve(root: Path, port: int, say: Say, ready: Callable[[str], None]) -> None:
    """Build, serve on loopback alone, and build again whenever a file is saved. Runs until it is cancelled.

    Raises OSError where no port is free.
    """
    sockets, port = _listen(port)
    preview = Preview(root.resolve(), say)
    own = {"preview": preview}
    application = tornado.web.Application(log_function=lambda _: None)
    application.add_handlers(_NAMES, [
        (r"/_preview", _Events, own), (r"/_preview\.js", _Script, own), (r"/((?:.*\.html)?)", _Page, own),
        (r"/(.*)", tornado.web.StaticFileHandler, {"path": str(preview.html)}),
    ])  # fmt: skip
    server = tornado.httpserver.HTTPServer(application)
    try:
        await preview.wait()
        # An empty set comes after half a second, so that what is saved during the first build is seen.
        async for changes in awatch(
            preview.root, watch_filter=preview.is_source, yield_on_timeout=True, rust_timeout=500
        ):
            if changes or not preview.number:
                await preview.build(code_changed=any(path.endswith(".py") for _, path in changes))
                if preview.number == 1:
                    server.add_sockets(sockets)
                    ready(f"http://{HOST}:{port}/")
    finally:
        server.stop()
        await preview.stop()

"""The book while it is written: served to this computer alone, built again when a file is saved.

A build starts in a process that has loaded everything beforehand and waits, so the reader of a page
waits for the work alone; each build is a process of its own, as ``jupyter-book build .`` is, and
nothing of one run can stay in the next.
"""

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
from tornado.netutil import bind_sockets
from watchfiles import awatch

from stp_portfolio.core import phrases, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.privacy import sources

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


class Preview:
    """The state of a preview: how many builds have ended, and what the last one said if it failed."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self.root, self.say = root, say
        self.html = root / "_build" / "html"
        self.number = 0
        self.said = ""
        self.done = asyncio.Condition()

    def is_source(self, _: object, path: str) -> bool:
        """Whether a reader's page may depend on a file: not on what is built, hidden, private or a test."""
        parts = Path(path).relative_to(self.root).parts
        return bool(parts) and parts[0] not in _NOT_WATCHED and not any(map(_NO_SOURCES.match, parts))

    async def load(self) -> None:
        """Start a process that loads everything and waits, where Ctrl and C does not reach it."""
        self.worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WORKER), cwd=self.root, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip

    async def stop(self) -> None:
        """End the process that waits or builds, with what it started."""
        if self.worker.returncode is None:
            if sys.platform == "win32":
                self.worker.terminate()
            else:
                os.killpg(self.worker.pid, signal.SIGTERM)
            await self.worker.communicate()

    async def build(self) -> None:
        """Build once, tell the pages that are open, and load everything for the next time."""
        begun = time.monotonic()
        output, _ = await self.worker.communicate(b"build\n")
        text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode("utf-8", errors="replace"))
        lines = [line for line in text.splitlines() if line.strip(" =") and not line.startswith(_BANNER)]
        self.said = ""
        if self.worker.returncode:
            self.said = "\n".join(lines) or "The build ended without a word."
        built = f"Built in {time.monotonic() - begun:.1f} s."
        self.say(f"The book has a fault:\n{self.said}" if self.said else built)
        async with self.done:
            self.number += 1
            self.done.notify_all()
        await self.load()

    def ask(self) -> None:
        """Say how many files were read and what is open in them, as an early warning: it stops no preview."""
        with suppress(Refusal):  # what is saved meanwhile may be half done: the next build says so
            portfolio = reading.load(self.root)
            found = sources.run(self.root, portfolio)
            values = {each.value for each in found if each.identifies}
            read = phrases.plural(len(sources.chosen(self.root, portfolio)), "file")
            settle = " before anybody else may see this: portfolio review" if values else ""
            self.say(f"{read} looked at; {phrases.plural(len(values), 'question')} open{settle}.")


class _Page(tornado.web.RequestHandler):
    """A page of the book with the script that reloads it, from this server as its policy asks."""

    def get(self, path: str) -> None:
        preview: Preview = self.settings["preview"]
        page = (preview.html / (path.replace("\0", "") or "index.html")).resolve()
        if preview.said:
            text = (_TEMPLATES / "fault.html").read_text(encoding="utf-8")
            text = text.replace("$said", html.escape(preview.said))
        elif page.is_relative_to(preview.html) and page.is_file():
            text = page.read_text(encoding="utf-8")
        else:
            raise tornado.web.HTTPError(404)
        self.set_header("Cache-Control", "no-store")
        script = f'<script defer src="/_preview/preview.js?{preview.number}"></script></head>'
        self.write(text.replace("</head>", script, 1))


class _Newer(tornado.web.RequestHandler):
    """Answers as soon as a newer build than that of the page that asks has ended."""

    async def get(self, told: str) -> None:
        preview: Preview = self.settings["preview"]
        async with preview.done:
            await preview.done.wait_for(lambda: told != str(preview.number))


def _listen(port: int) -> list[socket.socket]:
    for candidate in range(port, port + PORTS):
        with suppress(OSError, OverflowError):  # it is taken, or there is no such port
            return bind_sockets(candidate, address=HOST)
    raise OSError(None, "no free port", f"{HOST}:{port} to {port + PORTS - 1}")


async def serve(root: Path, port: int, say: Callable[[str], None], ready: Callable[[str], None]) -> None:
    """Build, serve on loopback alone, and build again whenever a file is saved. Runs until it is cancelled.

    Raises OSError where no port is free.
    """
    sockets = _listen(port)
    preview = Preview(root.resolve(), say)
    application = tornado.web.Application(log_function=lambda _: None, preview=preview)
    files = tornado.web.StaticFileHandler
    application.add_handlers(_NAMES, [
        (r"/_preview/(\d+)", _Newer), (r"/_preview/(preview\.js)", files, {"path": str(_TEMPLATES)}),
        (r"/((?:.*\.html)?)", _Page), (r"/(.*)", files, {"path": str(preview.html)}),
    ])  # fmt: skip
    server = tornado.httpserver.HTTPServer(application)
    await preview.load()
    try:
        # An empty set comes after half a second, so that what is saved during the first build is seen.
        saved = awatch(preview.root, watch_filter=preview.is_source, yield_on_timeout=True, rust_timeout=500)
        async for changes in saved:
            code = [path for _, path in changes if path.endswith(".py")]
            if code:  # what waits has loaded the package as it was
                await preview.stop()
                await preview.load()
            if changes or not preview.number:
                await preview.build()
                if preview.number == 1:
                    server.add_sockets(sockets)
                    ready(f"http://{HOST}:{sockets[0].getsockname()[1]}/")
                if not preview.said:
                    await asyncio.to_thread(preview.ask)
    finally:
        server.stop()
        await preview.stop()

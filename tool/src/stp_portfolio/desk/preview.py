"""The book while it is written: served to this computer alone, built again when a file is saved.

One process builds (``book.warm``) and keeps what it knows, so the reader of a page waits for the work
alone. It has folders of its own. What a clean build made is copied from there and served; after a fault
that copy is put back: the next build begins from the last good one, whose pages stay readable meanwhile.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import tornado.httpserver
import tornado.web
from tornado.netutil import bind_sockets

from stp_portfolio.core import phrases, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import watching
from stp_portfolio.privacy import sources

HOST = "127.0.0.1"
PAGES, DOCTREES = "_build/preview", "_build/.preview"  # beside those of ``jupyter-book build .``
END = "<end of a build>"
PORTS = 20  # how many ports after the wanted one are tried
CALM = 1  # seconds between looks whether there is something to ask about
_NAMES = r"(127\.0\.0\.1|localhost)$"  # a page of another site may reach this server under a name of its own
_BANNER = r"^(?:[ =]*|(?:Running|Source|Config|Output|Building your) .*)\n"
_NOISE = re.compile(rf"\x1b\[[0-9;]*m|{_BANNER}|\b(?:WARNING|ERROR|CRITICAL): ", re.MULTILINE)
_TEMPLATES = Path(__file__).parent / "templates"


class Preview:
    """The state of a preview: the last good build, and what is wrong since then."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self.root, self.say = root, say
        self.good = root / "_build" / ".preview-good"
        self.html = self.good / "html"
        self.number = self.step = 0  # the times of the last good build and of the last
        self.said = ""
        self.done = asyncio.Condition()
        self.seen: watching.Files = {}
        if not self.good.is_dir():  # begin with what there is of the book
            watching.mirror(root / "_build" / "html", self.html)
            watching.mirror(root / "_build" / ".doctrees", self.good / "doctrees")
        self.keep(good=False)

    async def load(self) -> None:
        """Start a process that loads everything and waits, where Ctrl and C does not reach it."""
        self.worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stp_portfolio.book.warm", PAGES, DOCTREES, END),
            cwd=self.root, start_new_session=True, limit=2**25,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", phrases.SAID_ELSEWHERE: "1"},
        )  # fmt: skip

    async def stop(self) -> None:
        """End the process that waits or builds, with what it started."""
        if self.worker.returncode is None:
            cast(StreamWriter, self.worker.stdin).close()  # a signal may be lost; that nobody asks is not
            if sys.platform == "win32":
                self.worker.terminate()
            else:
                os.killpg(self.worker.pid, signal.SIGTERM)
            await self.worker.communicate()

    def keep(self, *, good: bool) -> None:
        """Keep what was built, or put back what was kept."""
        for name, place in {"html": PAGES, "doctrees": DOCTREES}.items():
            pair = (self.root / place, self.good / name)
            watching.mirror(*(pair if good else reversed(pair)))

    async def saved(self) -> dict[str, bool]:
        """Wait until files are saved; returns which (all at first), and whether each was and is there."""
        before, self.seen = self.seen, await watching.other_than(self.seen, self.root)
        changed = {path for path, _ in before.items() ^ self.seen.items()}
        return {path: path in before and path in self.seen for path in changed}

    async def build(self, changed: dict[str, bool]) -> None:
        """Build once, tell the pages that are open, and keep what was made or what was there before."""
        begun = time.monotonic()
        text, end = await self._asked(await self._wish(changed))
        self.said = "" if end == b"0" else text or "The build ended without a word."
        self.keep(good=not self.said)
        built = f"Built in {time.monotonic() - begun:.1f} s."
        self.say(f"The book has a fault:\n{self.said}" if self.said else built)
        async with self.done:
            self.step = time.time_ns()
            self.number = self.number if self.said else self.step
            self.done.notify_all()

    async def _wish(self, changed: dict[str, bool]) -> str:
        """Whether its application builds again or a new one; beforehand a process that is there for it."""
        code = bool(self.step) and any(path.endswith(".py") for path in changed)
        if code or self.worker.returncode is not None:
            await self.stop()  # it has loaded the package as it was
            await self.load()
        # An application reads as it starts: settings, contents, static files, and which files there are.
        settings = any(os.path.relpath(path, self.root).startswith("_") for path in changed)
        return "anew" if settings or not all(changed.values()) else "again"

    async def _asked(self, wish: str) -> tuple[str, bytes]:
        """Let the process build; returns what it said in the reader's words, and the code of its end."""
        asked, answer = cast(StreamWriter, self.worker.stdin), cast(StreamReader, self.worker.stdout)
        asked.write(f"{wish}\n".encode())
        said = b""
        while (line := await answer.readline()) and END.encode() not in line:
            said += line
        text = _NOISE.sub("", said.decode("utf-8", errors="replace"))
        return text.replace(f"{self.root}{os.sep}", "").strip(), line.strip().removeprefix(END.encode())

    def asking(self) -> None:
        """After each good build, and when the reader of a page has it, ask what screening would.

        Says how many files were read and what is open in them, as an early warning: it stops no preview.
        """
        told = 0
        while True:
            time.sleep(CALM)
            if self.number == told:
                continue
            told = self.number
            with suppress(Refusal):  # what is saved meanwhile may be half done: the next build says so
                portfolio = reading.load(self.root)
                found = sources.run(self.root, portfolio)
                values = {each.value for each in found if each.identifies}
                read = phrases.plural(len(sources.chosen(self.root, portfolio)), "file")
                settle = " before anybody else may see this: portfolio review" if values else ""
                self.say(f"{read} looked at; {phrases.plural(len(values), 'question')} open{settle}.")


class _Page(tornado.web.RequestHandler):
    """A page of the book with the script that keeps it current, from this server as its policy asks."""

    def get(self, path: str) -> None:
        preview: Preview = self.settings["preview"]
        page = (preview.html / (path.replace("\0", "") or "index.html")).resolve()
        if not preview.number:
            page = _TEMPLATES / "fault.html"
        elif not page.is_relative_to(preview.html) or not page.is_file():
            raise tornado.web.HTTPError(404)
        self.set_header("Cache-Control", "no-store")
        script = f'<script defer src="/_preview/preview.js?{preview.number}"></script>'
        style = '<link rel="stylesheet" href="/_preview/preview.css">'
        self.write(page.read_text(encoding="utf-8").replace("</head>", f"{style}{script}</head>", 1))


class _Newer(tornado.web.RequestHandler):
    """Answers as soon as another build has ended than the last that the page knows of."""

    async def get(self, told: str) -> None:
        preview: Preview = self.settings["preview"]
        async with preview.done:
            await preview.done.wait_for(lambda: told != str(preview.step))
        self.write({"step": str(preview.step), "number": str(preview.number), "said": preview.said})


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
    static = tornado.web.StaticFileHandler
    application.add_handlers(_NAMES, [
        (r"/_preview/(\d+)", _Newer), (r"/_preview/(preview\.\w+)", static, {"path": str(_TEMPLATES)}),
        (r"/((?:.*\.html)?)", _Page), (r"/(.*)", static, {"path": str(preview.html)}),
    ])  # fmt: skip
    server = tornado.httpserver.HTTPServer(application)
    await preview.load()
    threading.Thread(target=preview.asking, daemon=True).start()  # nobody waits for it at the end
    try:
        await preview.build(await preview.saved())
        server.add_sockets(sockets)
        ready(f"http://{HOST}:{sockets[0].getsockname()[1]}/")
        while True:
            await preview.build(await preview.saved())
    finally:
        server.stop()
        await preview.stop()

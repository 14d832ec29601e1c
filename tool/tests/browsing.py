"""The browsers that are installed on this machine, and the book served to it the way a web server would."""

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Error

MISSING = "no {} is installed here, so the pages were not tried in it"
ARGUMENTS = "--no-sandbox --disable-background-networking --disable-component-update --no-first-run".split()
CHROMIUM = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "chrome",
)


def launched(tool, name="chromium"):
    """A browser that is installed here: by its command, or where its maker puts it; or None."""
    firefox = name == "firefox"  # as Mozilla makes it, which is not the one that the library brings along
    path = next(filter(None, map(shutil.which, ("firefox-esr", "firefox") if firefox else CHROMIUM)), None)
    places = [{"channel": each} for each in (["moz-firefox"] if firefox else ["chrome", "msedge"])]
    if path:
        places = [{"executable_path": path} | (places[0] if firefox else {})]
    for place in places:
        with suppress(Error):
            return tool.firefox.launch(**place) if firefox else tool.chromium.launch(args=ARGUMENTS, **place)
    return None


class WebKit:
    """The browser that comes with WebKitGTK, which Safari is kin to; asked by WebDriver, in an unseen window."""

    program = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)

    def __init__(self, width, height):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.session = f"http://127.0.0.1:{port}/session"
        line = ["xvfb-run", "-a", "-s", "-screen 0 1500x1000x24", "WebKitWebDriver", f"--port={port}"]
        # The pages are the book's own: without a sandbox it starts where namespaces are forbidden too.
        own = {**os.environ, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        self.process = subprocess.Popen(line, env=own, start_new_session=True)
        options = {"webkitgtk:browserOptions": {"binary": str(self.program), "args": ["--automation"]}}
        for _ in range(100):
            with suppress(urllib.error.URLError):  # it does not listen yet
                made = self.ask("", capabilities={"alwaysMatch": options})
                break
            time.sleep(0.1)
        self.session += f"/{made['sessionId']}"
        self.ask("/window/rect", width=width, height=height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ask("", "DELETE")
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def ask(self, what, method="POST", **given):
        """What the browser answers to a command, by its address below the session's."""
        body = json.dumps(given).encode() if method == "POST" else None
        asked = urllib.request.Request(f"{self.session}{what}", body, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)["value"]

    def tell(self, script):
        """The value of an expression of JavaScript on the page."""
        return self.ask("/execute/sync", script=f"return {script}", args=[])

    def press(self, keys):
        """Keys one after another, as WebDriver names them, where the focus is."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("/actions", actions=[{"type": "key", "id": "keys", "actions": steps}])


class _Handler(SimpleHTTPRequestHandler):
    """Sends text compressed, as every web server does, and the book's own page where there is none."""

    def send_head(self):
        path = Path(self.translate_path(self.path.removeprefix(self.server.below)))
        status = 200
        if path.is_dir():
            path = path / "index.html"
        if not path.is_file():
            path, status = Path(self.directory, "404.html"), 404
        raw = path.read_bytes()
        packed = path.suffix in {".html", ".css", ".js", ".svg", ".xml", ".json"}
        body = gzip.compress(raw, 9, mtime=0) if packed else raw
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.server.sent.append((self.path, len(body)))
        self.wfile.write(body)

    def do_GET(self):
        self.send_head()

    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder, below=""):
    """The folder on a free port of this machine, ``below`` a path; yields the address and what was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.sent, server.below = [], below
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{below}", server.sent
    finally:
        server.shutdown()
        server.server_close()


def pages_of(folder):
    """The pages of a finished book, by their path in it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))

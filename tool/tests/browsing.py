"""A browser that is installed on this machine, and the book served to it the way a web server would."""

import gzip
import shutil
import threading
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Error

MISSING = "no Chromium, Chrome or Edge is installed here, so the pages were not tried in a browser"
ARGUMENTS = "--no-sandbox --disable-background-networking --disable-component-update --no-first-run".split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")


def launched(tool):
    """A browser that is installed here: by its command, or where Chrome and Edge are put; or None."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    places = [{"executable_path": path}] if path else [{"channel": "chrome"}, {"channel": "msedge"}]
    for place in places:
        with suppress(Error):
            return tool.chromium.launch(args=ARGUMENTS, **place)
    return None


class _Handler(SimpleHTTPRequestHandler):
    """Sends text compressed, as every web server does, and the book's own page where there is none."""

    def send_head(self):
        path = Path(self.translate_path(self.path))
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
def served(folder):
    """The folder on a free port of this machine; yields the address and the list of what was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.sent = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.sent
    finally:
        server.shutdown()
        server.server_close()


def pages_of(folder):
    """The pages of a finished book, by their path in it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))

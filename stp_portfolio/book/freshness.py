"""What must run again, and when: decided by what inputs hold, never by their times.

Jupyter Book's notebook cache looks at a notebook's cells alone and Sphinx at times of files, so a
changed CSV would leave old numbers on the page. Here a hash of the inputs becomes part of each
notebook's cache key, and a page is read again when the hash of its source, of the files it includes
or of the panels it shows has changed. Putting a value back finds the old result in the cache.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from stp_portfolio import records
from stp_portfolio.book import panels

PACKAGE = Path(__file__).parents[1]


def _digest(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()


def _folder_parts(folder: Path) -> Iterable[bytes]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__pycache__", "~$")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path.relative_to(folder).as_posix().encode()
            yield path.read_bytes()


@cache
def code_digest() -> str:
    """A hash of the package's code and of what computes and draws: another one means all is read again."""
    versions = [platform.python_version(), *(version(name) for name in ("pandas", "matplotlib", "myst-nb", "Sphinx"))]
    return _digest([*_folder_parts(PACKAGE), *(text.encode() for text in versions)])


def notebook_digest(app: Sphinx) -> str:
    """A hash of what a notebook's numbers can depend on: the data, the day they are read, the code."""
    day = panels.portfolio_of(app.env).on.isoformat()
    data = Path(app.srcdir, records.FOLDER)
    return _digest([code_digest().encode(), day.encode(), *_folder_parts(data)])


def key_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Drop outputs stored in a notebook and make its inputs part of its cache key."""
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    try:
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        notebook["metadata"].setdefault("kernelspec", {})["inputs"] = notebook_digest(app)
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # not a notebook: myst-nb says so, with the reason
    source[0] = json.dumps(notebook)


def page_digest(app: Sphinx, docname: str) -> str:
    """A hash of what a page shows: its source, the files it includes, its panels, its notebook's inputs."""
    env = app.env
    source = Path(str(env.doc2path(docname)))
    parts = [source.read_bytes()]
    for dependency in sorted(env.dependencies[docname]):
        path = Path(app.srcdir, dependency)
        parts.append(path.read_bytes() if path.is_file() else b"missing")
    names = panels.asked_for(env).get(docname, [])
    shown = panels.panels_for(panels.portfolio_of(env), docname, names)
    parts += [node.pformat().encode() for node in shown]
    if source.suffix == ".ipynb":
        parts.append(notebook_digest(app).encode())
    return _digest(parts)


def note(app: Sphinx, doctree: object) -> None:
    """Remember what the page just read was made of."""
    _digests(app.env)[app.env.docname] = page_digest(app, app.env.docname)


def outdated(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """The pages that were made of something else than what lies there now."""
    known = _digests(env)
    return [docname for docname in env.found_docs - added - changed if known.get(docname) != page_digest(app, docname)]


def _digests(env: BuildEnvironment) -> dict[str, str]:
    if not hasattr(env, "stp_digests"):
        env.stp_digests = {}  # type: ignore[attr-defined]
    return env.stp_digests  # type: ignore[attr-defined, no-any-return]


def setup(app: Sphinx) -> None:
    """Key notebooks as they are read; compare pages before, and note them after they are read."""
    app.connect("source-read", key_notebook)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", note, priority=900)

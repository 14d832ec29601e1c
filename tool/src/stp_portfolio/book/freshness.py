"""What must be read again, and when: decided by what inputs hold, never by their times.

Sphinx looks at times of files, so a changed CSV would leave old numbers on the page. Here a page is
read again when the hash of its source, of the files it includes, of the panels it shows or of what its
notebook read has changed. What a notebook reads, and whether it runs, is ``running``'s matter.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from stp_portfolio.book import notebooks, panels
from stp_portfolio.core import digests


def page_digest(app: Sphinx, docname: str) -> str:
    """A hash of what a page shows: its source, the files it includes, its panels, its notebook's inputs."""
    env = app.env
    source = Path(str(env.doc2path(docname)))
    parts = [source.read_bytes()]
    for dependency in sorted(env.dependencies[docname]):
        path = Path(app.srcdir, dependency)
        parts.append(path.read_bytes() if path.is_file() else b"missing")
    names = panels.asked_for(env).get(docname, [])
    shown = panels.panels_for(panels.portfolio_of(app), docname, names)
    parts += [node.pformat().encode() for node in shown]
    if source.suffix == ".ipynb":
        read = notebooks.what_was_read(env).get(docname, ())
        parts.append(notebooks.inputs_digest(panels.portfolio_of(app), read).encode())
    return digests.digest(parts)


def note(app: Sphinx, doctree: object) -> None:
    """Remember what the page just read was made of."""
    _digests(app.env)[app.env.docname] = page_digest(app, app.env.docname)


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The pages that were made of something else than what lies there now."""
    known = _digests(env)
    return [
        docname
        for docname in env.found_docs - added - changed
        if known.get(docname) != page_digest(app, docname)
    ]


def _digests(env: BuildEnvironment) -> dict[str, str]:
    if not hasattr(env, "stp_digests"):
        env.stp_digests = {}  # type: ignore[attr-defined]
    return env.stp_digests  # type: ignore[attr-defined, no-any-return]


def setup(app: Sphinx) -> None:
    """Compare pages before, and note them after they are read."""
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", note, priority=900)

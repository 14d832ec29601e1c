"""What must be read again, and when: decided by what inputs hold, never by their times.

Sphinx looks at times of files, so a changed CSV would leave old numbers on the page. Here a page is
read again when the hash of its source, its included files, its panels or its notebook's inputs changes.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from stp_portfolio.book import notebooks, panels
from stp_portfolio.core import digests


def _source(app: Sphinx, docname: str) -> str:
    return digests.digest([Path(str(app.env.doc2path(docname))).read_bytes()])


def _made_of(app: Sphinx, docname: str, source: str) -> str:
    """A hash of what a page shows: its source, the files it includes, its panels, its notebook's inputs."""
    included = [Path(app.srcdir, name) for name in sorted(app.env.dependencies[docname])]
    asked = app.env.metadata[docname].get("stp_panels", ())
    shown = panels.panels_for(panels.portfolio_of(app), docname, asked)
    texts = [source, notebooks.current_key(app, docname), *(node.pformat() for node in shown)]
    files = [path.read_bytes() if path.is_file() else b"missing" for path in included]
    return digests.digest([*(text.encode() for text in texts), *files])


def note_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Remember the source before anything is waited for: what is saved later is read by the next build."""
    app.env.metadata[docname]["stp_source"] = _source(app, docname)


def note(app: Sphinx, doctree: object) -> None:
    """Remember what the page just read was made of."""
    known = app.env.metadata[app.env.docname]
    known["stp_made_of"] = _made_of(app, app.env.docname, known["stp_source"])


def outdated(app: Sphinx, env: BuildEnvironment, *noticed: set[str]) -> list[str]:
    """The pages made of something else than what lies there now, without those that Sphinx noticed itself."""
    return [
        docname
        for docname in env.found_docs.difference(*noticed)
        if env.metadata[docname].get("stp_made_of") != _made_of(app, docname, _source(app, docname))
    ]


def setup(app: Sphinx) -> None:
    """Compare pages before, and note them as they are read."""
    app.connect("env-get-outdated", outdated)
    app.connect("source-read", note_source, priority=300)
    app.connect("doctree-read", note, priority=900)

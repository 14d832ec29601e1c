"""The build that stays: one process, and one Sphinx application as long as it can build again what changed.

Started by the preview as ``python -m stp_portfolio.book.warm PAGES DOCTREES END`` in the portfolio's folder.
A line on standard input asks for a build: ``again``, or ``anew`` where something has changed that an
application reads as it starts. What is said comes out on standard output, then a line of END and a code.
"""

import gc
import signal
import sys
from contextlib import redirect_stderr
from typing import Any

import jupyter_book.sphinx
import myst_nb  # noqa: F401 - loaded before anybody waits for it, as the others
import sphinx.builders.html  # noqa: F401
import sphinx_design  # noqa: F401
import sphinx_external_toc  # noqa: F401
from jupyter_book.cli.main import main
from sphinx.application import Sphinx

from stp_portfolio.book import notebooks, strict

PAGES, DOCTREES, END = sys.argv[1:]


def _tell(code: int) -> None:
    """Tell how a build has ended."""
    sys.stdout.write(f"\n{END}{code}\n")
    sys.stdout.flush()


def _wish() -> str:
    """What is asked for next; nothing where nobody asks any more."""
    return sys.stdin.readline().strip()


class Warm(Sphinx):
    """Builds once more whenever that is asked for, until a build is not clean or all must begin anew."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named | {"outdir": PAGES, "doctreedir": DOCTREES})

    def build(self, *given: Any, **named: Any) -> None:
        """Build, and stay. Leaves with a SystemExit that holds the wish for another application, or none."""
        super().build(*given, **named)
        while not self.statuscode:
            _tell(0)
            strict.made_faults(self)  # known from now on
            notebooks.prepare(self)
            gc.unfreeze()  # look for cycles now, and not again during the next build
            gc.collect()
            gc.freeze()
            if (wish := _wish()) != "again":
                raise SystemExit(wish)
            strict.again(self)
            super().build(*given, **named)


def _build() -> str:
    """Build with a new application, for as long as that can; returns what is wished after it."""
    try:
        main(["build", ".", "--quiet"], standalone_mode=False)
    except SystemExit as end:
        if isinstance(end.code, str):
            return end.code
        if end.code == strict.TERMINATED:
            return ""
    except Exception as error:  # noqa: BLE001 - of whatever kind: it is said, and the next build may do
        sys.stdout.write(f"{error}\n")
    _tell(1)
    return _wish()


if __name__ == "__main__":
    jupyter_book.sphinx.Sphinx = Warm
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(""))  # as if nobody asked any more
    with redirect_stderr(sys.stdout):
        try:
            wish = _wish()
            while wish:
                wish = _build()
        finally:
            notebooks.end()

"""The ``portfolio`` command, a module for each family of verbs: parse, call and print, without logic.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
A verb loads its own family alone; nothing here imports pandas, Matplotlib or Sphinx: it answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from stp_portfolio.cli import common

FAMILIES = {
    "keep": ("status", "new", "prompts", "record", "evidence", "import"),
    "own": ("start", "upgrade"),
    "publish": ("approve", "build", "preview", "export", "release", "check"),
    "meeting": ("report", "calendar"),
}


def main() -> None:
    """Run the command with the family of its verb; for help, and any other verb, with all of them."""
    _load("".join(sys.argv[1:2]))
    common.main()


def _load(verb: str = "") -> None:
    """Register the verbs of one family, or of all."""
    for family in [family for family, verbs in FAMILIES.items() if verb in verbs] or FAMILIES:
        import_module(f"{__name__}.{family}")


def __getattr__(name: str) -> Any:
    """``app``: the whole command, with every family loaded."""
    if name != "app":
        raise AttributeError(name)
    _load()
    return common.app

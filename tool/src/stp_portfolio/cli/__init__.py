"""The ``portfolio`` command, a module for each family of verbs: parse, call and print, without logic.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
A verb loads its own family alone; nothing here imports pandas, Matplotlib or Sphinx: it answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

FAMILIES = {
    "keep": ("status", "new", "prompts", "record", "evidence", "import"),
    "own": (),
    "publish": (),
    "meeting": ("report", "calendar"),
}


def main() -> None:
    """Run the command with the family of its verb; for help, and any other verb, with all of them."""
    from stp_portfolio.cli import common

    families = [family for family, verbs in FAMILIES.items() if sys.argv[1:2] and sys.argv[1] in verbs]
    for family in families or FAMILIES:
        import_module(f"stp_portfolio.cli.{family}")
    common.main()


def __getattr__(name: str) -> Any:
    """A family by its name, and ``app``, the whole command with every family loaded."""
    if name in FAMILIES:
        return import_module(f"stp_portfolio.cli.{name}")
    if name != "app":
        raise AttributeError(name)
    for family in FAMILIES:
        import_module(f"stp_portfolio.cli.{family}")
    return import_module("stp_portfolio.cli.common").app

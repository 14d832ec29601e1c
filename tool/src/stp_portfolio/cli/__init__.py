"""The ``portfolio`` command, a module for each family of verbs: parse, call and print, without logic.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
A verb imports what does its work where it runs, so that each of them answers at once.
"""

from stp_portfolio.cli import evidence, keep, meeting, own, publish, screen
from stp_portfolio.cli.common import app, main

__all__ = ["app", "evidence", "keep", "main", "meeting", "own", "publish", "screen"]

"""The ``portfolio`` command, a module for each family of verbs: they parse, call and print, and hold no logic.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
Nothing here imports pandas, Matplotlib or Sphinx, so every verb answers at once.
"""

from stp_portfolio.cli import keep, meeting, own, publish
from stp_portfolio.cli.common import app, main

__all__ = ["app", "keep", "main", "meeting", "own", "publish"]

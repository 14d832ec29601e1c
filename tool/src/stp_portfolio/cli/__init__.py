"""The ``portfolio`` command, a module for each family of verbs: parse, call and print, without logic.

Exit codes: 0 done; 1 something is wrong or was refused, with the reason; 2 the command was misused.
A verb imports what does its work where it runs, so that each of them answers at once.
"""

import sys

try:
    from stp_portfolio.cli import evidence, keep, learn, meeting, own, publish, screen
    from stp_portfolio.cli.common import app, main
except KeyboardInterrupt:  # Ctrl and C before there is anything that could answer it
    sys.stderr.write("\nStopped.\n")
    raise SystemExit(130) from None

__all__ = ["app", "evidence", "keep", "learn", "main", "meeting", "own", "publish", "screen"]

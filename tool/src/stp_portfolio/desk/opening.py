"""Opening a file or an address with what this computer has for it, without a word of that on the terminal."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# Editors with a window of their own; any other that is set has the terminal until it ends.
_WINDOWS = frozenset(
    "atom codium code code-insiders cursor geany gedit gnome-text-editor gvim kate kwrite mousepad notepad "
    "notepad++ open pluma positron rstudio subl sublime_text windsurf xdg-open xed zed".split()
)

_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")  # as shlex has it, but that a backslash is one


def opened(what: str | Path) -> bool:
    """Open a file in an editor, or an address in the browser; whether there was something to do it with.

    Nothing is opened where nobody sits at a terminal. An editor in the terminal is waited for.
    """
    what = str(what)
    if not sys.stdout.isatty():
        return False
    command = [] if "://" in what else _editor()
    try:
        if not command and sys.platform == "win32":
            os.startfile(what)  # noqa: S606 - a page of one's own, or the book's address
            return True
        command = command or _system(what)
        if command and Path(command[0]).stem.lower() not in _WINDOWS:
            subprocess.run([*command, what], check=False)  # noqa: S603 - the editor that one has set
        elif command:
            quiet = subprocess.DEVNULL
            subprocess.Popen(  # noqa: S603 - the same
                [*command, what], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
    except OSError:  # it is there and does not start, or Windows knows nothing to open it with
        return False
    return bool(command)


def _editor() -> list[str]:
    """The editor that is set, else VS Code where it can show itself, else nothing."""
    for value in filter(None, map(os.environ.get, ("VISUAL", "EDITOR"))):
        words = [value] if shutil.which(value) else [word.strip("\"'") for word in _WORD.findall(value)]
        if words and (found := shutil.which(words[0])):
            return [found, *words[1:]]
    code = shutil.which("code") if _has_screen() or os.environ.get("TERM_PROGRAM") == "vscode" else None
    return [code] if code else []


def _has_screen() -> bool:
    return sys.platform in ("win32", "darwin") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _system(what: str) -> list[str]:
    """What the system opens it with; nothing without a screen."""
    if sys.platform == "darwin":
        return ["open"] if "://" in what else ["open", "-t"]
    found = shutil.which("xdg-open") if _has_screen() else None
    return [found] if found else []

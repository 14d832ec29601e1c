"""What a notebook reads while it runs, so that it runs again when some of that has changed, and only then.

``begin`` is called in the notebook's kernel before its first cell. Files and folders below the root are
noted as they are opened or listed, whatever code does it (Python's audit events); of the records, the
tables that are looked at, since ``reading.load`` opens every file to check it. Each is a line of a file,
written at once, so nothing is lost where a kernel is stopped. What compiled code opens without telling
Python, environment variables and whether a file exists are not seen.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from stp_portfolio.core import contract, reading, records

BEGUN, FILE, FOLDER, TABLE = "begun", "file", "folder", "table"
TABLES = tuple(field.name for field in fields(records.Portfolio) if field.name not in ("root", "on"))
_PACKAGE = Path(__file__).parents[1]
_NOT_SOURCES = ("_build", ".git", ".venv")


def begin(root: str, target: str) -> None:
    """Note in the file ``target`` from now on what this process reads below ``root``."""
    folder = Path(root).resolve()
    out = Path(target).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - open as long as the process lives
    noted: set[str] = set()
    loading = False

    def note(kind: str, what: str) -> None:
        line = f"{kind}\t{what}\n"
        if line not in noted:
            noted.add(line)
            out.write(line)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.listdir", "os.scandir", "sqlite3.connect"):
            return
        for kind, path in _read(event, arguments, folder):
            if not (loading and path.parent == folder / contract.FOLDER):
                note(kind, path.relative_to(folder).as_posix())

    class Watched(records.Portfolio):
        """A portfolio that notes which of its tables are looked at."""

        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            if name in TABLES:
                note(TABLE, name)
            return super().__getattribute__(name)

    load = reading.load

    def watched_load(*arguments: Any, **options: Any) -> records.Portfolio:
        nonlocal loading
        loading = True
        try:
            portfolio = load(*arguments, **options)
        finally:
            loading = False
        if portfolio.root != folder:
            return portfolio
        return Watched(**{field.name: getattr(portfolio, field.name) for field in fields(portfolio)})

    reading.load = watched_load  # type: ignore[assignment]
    note(BEGUN, "")
    sys.addaudithook(hook)


def _read(event: str, arguments: tuple[Any, ...], root: Path) -> Iterator[tuple[str, Path]]:
    """The file or folder below ``root`` that an audit event tells of, if it is read and a source."""
    name = arguments[0] if arguments else None
    if not isinstance(name, str | bytes | os.PathLike):  # a number of an open file
        return
    if event == "open" and _writes(*arguments[1:]):
        return
    path = Path(os.path.abspath(os.fsdecode(name)))  # noqa: PTH100 - resolve() would ask the disk each time
    if not path.is_relative_to(root) or path.is_relative_to(_PACKAGE):
        return
    if path.relative_to(root).parts[:1] in {(each,) for each in _NOT_SOURCES}:
        return
    if event in ("os.listdir", "os.scandir"):
        caller = inspect.currentframe().f_back.f_back  # type: ignore[union-attr]
        if caller is None or not caller.f_back or "importlib" not in caller.f_back.f_code.co_filename:
            yield FOLDER, path
    elif path.parent.name == "__pycache__":
        yield FILE, Path(importlib.util.source_from_cache(path))
    else:
        yield FILE, path


def _writes(mode: object = None, flags: object = 0) -> bool:
    if isinstance(mode, str):
        return not set(mode).isdisjoint("wxa")
    return isinstance(flags, int) and bool(flags & os.O_WRONLY)

"""Notebooks run ahead of Sphinx, at the same time, and only when something they read has changed.

Running them is most of the time of a build, and it is waiting: kernels are processes of their own. So
they start before the first page is read, from one thread, and a page is held up only where its notebook
is not done yet. A finished run is kept under a hash of its code cells and of what it read (``reads``), so
putting a value back finds the old result. MyST-NB gets the outputs and is told not to execute.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
import threading
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from stp_portfolio.book import reads
from stp_portfolio.core import configuration, contract, digests
from stp_portfolio.core.records import Portfolio

logger = logging.getLogger(__name__)

FOLDER = ".notebooks"  # beside the doctrees
KEEP = 100  # finished runs, the latest used
_BEGIN = '__import__("stp_portfolio.book.reads", fromlist=["begin"]).begin({root!r}, {target!r})'


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a notebook: its code cells' outputs, what it read, and the error that ended it, if one did."""

    cells: list[dict[str, Any]]
    metadata: dict[str, Any]
    read: tuple[str, ...]
    seconds: float = 0.0
    error: str = ""


# -- what a run depends on --------------------------------------------------------------------


def inputs_digest(portfolio: Portfolio, read: Iterable[str]) -> str:
    """A hash of what a notebook read, as it is now: of the code, the day, files, folders and tables of the records."""
    parts = [digests.code().encode(), portfolio.on.isoformat().encode()]
    for line in sorted(set(read)):
        kind, _, what = line.partition("\t")
        path = portfolio.root / what
        parts.append(line.encode())
        if kind == reads.TABLE:
            parts.append(repr(getattr(portfolio, what)).encode())
        elif kind == reads.FILE:
            parts.append(path.read_bytes() if path.is_file() else b"missing")
        elif kind == reads.FOLDER:
            names = (
                sorted(each.name for each in path.iterdir() if each.name[0] != ".")
                if path.is_dir()
                else ["missing"]
            )
            parts.append("\0".join(names).encode())
    if reads.BEGUN not in {
        line.partition("\t")[0] for line in read
    }:  # a kernel that does not tell: all of the data
        parts += digests.parts_of(portfolio.root / contract.FOLDER)
    return digests.digest(parts)


def code_of(notebook: dict[str, Any]) -> str:
    """A hash of what a kernel is given of a notebook."""
    cells = [(cell["source"], cell.get("metadata")) for cell in _code_cells(notebook)]
    return digests.digest(
        [json.dumps([cells, notebook.get("metadata", {}).get("kernelspec")], sort_keys=True).encode()]
    )


def _code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


# -- finished runs ----------------------------------------------------------------------------


class Store:
    """Finished runs in a folder, a file each: first a line with what was read, then the outputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, code: str, portfolio: Portfolio) -> Run | None:
        """A run of this code whose inputs, as they are now, are those that it read."""
        for path in self.folder.glob(f"{code[:32]}-*.json"):
            try:
                with path.open(encoding="utf-8") as file:
                    read = tuple(json.loads(file.readline()))
                    if path != self._path(code, portfolio, read):
                        continue
                    held = json.loads(file.readline())
                os.utime(path)
            except (OSError, ValueError, TypeError):  # cut off when it was written: run again
                continue
            return Run(held["cells"], held["metadata"], read)
        return None

    def keep(self, code: str, portfolio: Portfolio, run: Run) -> None:
        """Keep a run, and drop those that were used longest ago."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(code, portfolio, run.read)
        part = path.with_suffix(".part")
        outputs = json.dumps({"cells": run.cells, "metadata": run.metadata}, ensure_ascii=False)
        part.write_text(f"{json.dumps(run.read)}\n{outputs}\n", encoding="utf-8", newline="\n")
        part.replace(path)
        for old in sorted(self.folder.glob("*.json"), key=lambda each: each.stat().st_mtime)[:-KEEP]:
            old.unlink(missing_ok=True)

    def _path(self, code: str, portfolio: Portfolio, read: Iterable[str]) -> Path:
        return self.folder / f"{code[:32]}-{inputs_digest(portfolio, read)[:32]}.json"


# -- running ----------------------------------------------------------------------------------


class Runs:
    """The notebooks of one build: those found in the store, and those that run."""

    def __init__(self, app: Sphinx) -> None:
        self.portfolio = cast(Portfolio, app.stp_portfolio)  # type: ignore[attr-defined]
        self.root = Path(app.srcdir)
        self.store = Store(Path(app.doctreedir).parent / FOLDER)
        self.timeout = int(app.config.nb_execution_timeout)
        self.futures: dict[str, Future[Run]] = {}
        self.at_once = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, names: Sequence[str]) -> None:
        """Begin to run the notebooks (names without ending) that the store does not hold as they are now."""
        wanted: dict[str, dict[str, Any]] = {}
        for name in names:
            try:
                notebook = json.loads((self.root / f"{name}.ipynb").read_text(encoding="utf-8"))
                found = self.store.find(code_of(notebook), self.portfolio)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # not a notebook: said when the page is read
            self.futures[name] = Future()
            if found:
                self.futures[name].set_result(found)
            else:
                wanted[name] = notebook
        if wanted:
            thread = threading.Thread(target=self._work, args=(wanted,), name="notebooks", daemon=True)
            self.threads.append(thread)
            thread.start()

    def _work(self, wanted: dict[str, dict[str, Any]]) -> None:
        # A selector's loop on Windows too: ZeroMQ cannot do with the other one.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._all(wanted))

    async def _all(self, wanted: dict[str, dict[str, Any]]) -> None:
        tasks = [asyncio.ensure_future(self._one(name, notebook)) for name, notebook in wanted.items()]
        while not all(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=0.1)
            if self.stopping.is_set():
                for task in tasks:
                    task.cancel()

    async def _one(self, name: str, notebook: dict[str, Any]) -> None:
        try:
            async with self.at_once:
                run = await run_notebook(notebook, self.root, (self.root / name).parent, self.timeout)
            self.futures[name].set_result(run)
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
            self.futures[name].set_exception(error)

    def result(self, name: str) -> Run:
        """The finished run of a notebook; waits for it. Raises what kept it from being run at all."""
        if name not in self.futures:
            self.start([name])
        try:
            return self.futures[name].result()
        except KeyboardInterrupt:
            self.stop()
            raise

    def stop(self) -> None:
        """End what still runs, and its kernels."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=10)


async def run_notebook(notebook: dict[str, Any], root: Path, folder: Path, timeout: int) -> Run:
    """Run a notebook's cells in a kernel of its own, in ``folder``; a cell that fails ends the run.

    Raises NoSuchKernel where the kernel that it names is not installed.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    node = nbformat.reads(json.dumps(notebook), as_version=4)
    kernel = node.metadata.get("kernelspec", {}).get("name") or "python3"
    with tempfile.TemporaryDirectory(prefix="stp-reads-", ignore_cleanup_errors=True) as temporary:
        told = Path(temporary, "reads")
        told.touch()
        begin = _BEGIN.format(root=str(root), target=str(told))
        python = any("ipykernel" in part for part in KernelSpecManager().get_kernel_spec(kernel).argv)
        manager = AsyncKernelManager(kernel_name=kernel)
        client = NotebookClient(
            node, km=manager, timeout=timeout, record_timing=False, shutdown_kernel="immediate",
            extra_arguments=[f"--IPKernelApp.exec_lines={begin}"] if python else [],
        )  # fmt: skip
        error, begun = "", asyncio.get_running_loop().time()
        try:
            await client.async_execute(cwd=str(folder), cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as failed:
            error = "".join(traceback.format_exception_only(failed))
        finally:
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)
        seconds = asyncio.get_running_loop().time() - begun
        read = tuple(dict.fromkeys(told.read_text(encoding="utf-8").splitlines()))
    cells = [{"outputs": cell.outputs, "execution_count": cell.execution_count} for cell in _code_cells(node)]
    metadata = {key: node.metadata[key] for key in ("language_info", "widgets") if key in node.metadata}
    return Run(cells, metadata, read, seconds, error)


# -- in a build -------------------------------------------------------------------------------


def begin(app: Sphinx, config: Config) -> None:
    """Start all notebooks of the contents before anything is read."""
    runs = app.stp_runs = Runs(app)  # type: ignore[attr-defined]
    root = Path(app.srcdir)
    runs.start([
        name.removesuffix(".ipynb")
        for name in configuration.toc_files(root)
        if (root / name).with_suffix(".ipynb").is_file()
    ])  # fmt: skip


def notebooks_last(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read the other pages while notebooks run."""
    docnames.sort(key=lambda name: str(env.doc2path(name)).endswith(".ipynb"))


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give a notebook the outputs of its run, and tell MyST-NB not to execute it."""
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    try:
        notebook = json.loads(source[0])
        code = code_of(notebook)
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # not a notebook: MyST-NB says so, with the reason
    runs = app.stp_runs  # type: ignore[attr-defined]
    run = runs.result(docname)
    what_was_read(app.env)[docname] = run.read
    for cell, held in zip(_code_cells(notebook), run.cells, strict=True):
        cell.update(held)
    notebook["metadata"] = {**notebook.get("metadata", {}), **run.metadata}
    notebook["metadata"].setdefault("mystnb", {})["execution_mode"] = "off"
    source[0] = json.dumps(notebook)
    if run.error:
        lines = [
            line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", run.error).splitlines() if line.strip()
        ]
        named = [
            line for line in lines if re.match(r"[\w.]*(?:Error|Exception|Interrupt|Exit)\b", line)
        ] or lines
        logger.warning(f"{docname}: a cell failed: {named[-1]}", type="stp", subtype="cell")
    elif run.seconds:
        logger.info(f"{docname} was executed in {run.seconds:.1f} s")
        runs.store.keep(code, runs.portfolio, run)


def what_was_read(env: BuildEnvironment) -> dict[str, tuple[str, ...]]:
    """What each notebook read when it was last run."""
    if not hasattr(env, "stp_reads"):
        env.stp_reads = {}  # type: ignore[attr-defined]
    return cast(dict[str, tuple[str, ...]], env.stp_reads)  # type: ignore[attr-defined]


def stop(app: Sphinx, exception: Exception | None = None) -> None:
    """Leave no kernel behind, however the build ends."""
    if hasattr(app, "stp_runs"):
        app.stp_runs.stop()


def setup(app: Sphinx) -> None:
    """Start after ``honesty`` has read the records and before it screens; fill as pages are read."""
    app.connect("config-inited", begin, priority=910)
    app.connect("env-before-read-docs", notebooks_last)
    app.connect("source-read", fill)
    app.connect("build-finished", stop, priority=100)

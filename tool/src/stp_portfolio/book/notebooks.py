"""Notebooks run ahead of Sphinx, at the same time, and only when what they may depend on has changed.

Running them is most of the time of a build, and it is waiting: kernels are processes of their own. So they
start before the first page is read, and a page is held up only where its notebook is not done yet. A run
is kept under one hash of its code cells, all records, the files beside it, the tool and the day of reading;
so putting a value back finds the old result. MyST-NB gets the outputs and is told not to execute.
"""

import asyncio
import atexit
import itertools
import json
import os
import subprocess
import threading
from collections import Counter, defaultdict
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from stp_portfolio.book.panels import portfolio_of
from stp_portfolio.core import configuration, contract, digests, disk
from stp_portfolio.core.records import Portfolio

logger = logging.getLogger(__name__)

FOLDER = ".notebooks"  # beside the doctrees
KEEP = 100  # finished runs, the latest used
ENDED = 15  # seconds that a kernel gets to end
PYTHON, WAITING = "python3", 4  # kernels of that name, at 130 MB each, wait in a process that stays
# What nearly every notebook imports, without a name that a notebook could use by mistake.
# They give way to what somebody waits for.
AHEAD = "import os; hasattr(os, 'nice') and os.nice(5); import pandas, matplotlib.pyplot"


class Run(NamedTuple):
    """A run of a notebook: what its code cells gave, and the error that ended it, if one did."""

    cells: list[dict[str, Any]]
    metadata: dict[str, Any]
    error: str = ""


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells that a kernel is given."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def key_of(portfolio: Portfolio, path: Path, notebook: dict[str, Any]) -> str:
    """A hash of all that the outputs of a notebook may depend on."""
    cells = [(cell["source"], cell.get("metadata")) for cell in code_cells(notebook)]
    code = json.dumps([cells, notebook.get("metadata", {}).get("kernelspec")], sort_keys=True)
    beside = [each for each in sorted(path.parent.iterdir()) if each.suffix not in disk.PAGE_ENDINGS]
    files = [each for each in beside if each.is_file() and each.name[0] != "."]
    said = [code.encode(), digests.code().encode(), portfolio.on.isoformat().encode()]
    said += (part for each in files for part in (each.name.encode(), each.read_bytes()))
    return digests.digest([*said, *digests.parts_of(portfolio.root / contract.FOLDER)])


class Runs:
    """The notebooks of one build: those found in the store, and those that run in one thread."""

    def __init__(self, portfolio: Portfolio, store: Path, timeout: int) -> None:
        self.portfolio, self.store, self.timeout = portfolio, store, timeout
        self.keys: dict[str, str] = {}
        self.futures: dict[str, Future[Run]] = {}
        self.at_once = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        self.loop = asyncio.SelectorEventLoop()  # on Windows too: ZeroMQ cannot do with the other one
        self.thread = threading.Thread(target=self.loop.run_forever, name="notebooks", daemon=True)
        self.thread.start()
        self.ended = False

    def begin(self, name: str) -> None:
        """Find the run of a notebook (its path without ending), or start it; nothing for what is none."""
        path = self.portfolio.root / f"{name}.ipynb"
        try:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            key = self.keys[name] = key_of(self.portfolio, path, notebook)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # strict says so when the page is read
        kept = self.store / f"{key}.json"
        found: Future[Run] = Future()
        try:
            found.set_result(Run(**json.loads(kept.read_text(encoding="utf-8"))))
            os.utime(kept)
        except (OSError, ValueError, TypeError):  # not there, or not written to its end
            found = asyncio.run_coroutine_threadsafe(self._run(path, notebook, kept), self.loop)
        self.futures[name] = found

    async def _run(self, path: Path, notebook: dict[str, Any], kept: Path) -> Run:
        async with self.at_once:
            begun = self.loop.time()
            run = await execute(notebook, path.parent, self.timeout)
        name = path.relative_to(self.portfolio.root).with_suffix("").as_posix()
        if not self.ended:
            logger.info(f"{name} was executed in {self.loop.time() - begun:.1f} s")
        # What was saved meanwhile may be in the outputs or not: then they are shown and not kept.
        if not run.error and key_of(self.portfolio, path, notebook) == kept.stem:
            disk.put(kept, json.dumps(run._asdict(), ensure_ascii=False))
            for old in sorted(self.store.glob("*.json"), key=lambda each: each.stat().st_mtime)[:-KEEP]:
                old.unlink(missing_ok=True)
        return run

    def stop(self) -> None:
        """End what still runs, and its kernels."""
        if self.thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(ENDED)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(ENDED)

    async def _end(self) -> None:
        self.ended = True
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def execute(notebook: dict[str, Any], folder: Path, timeout: int) -> Run:
    """Run a notebook's cells in a kernel of its own, in ``folder``; a cell that fails ends the run.

    Raises NoSuchKernel where the kernel that it names is not installed.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

    read: Any = nbformat.reads  # it has no types
    node = read(json.dumps(notebook), as_version=4)
    manager = await _kernel(node.metadata.get("kernelspec", {}).get("name") or PYTHON, folder)
    client = NotebookClient(node, km=manager, timeout=timeout, shutdown_kernel="immediate")
    error = ""
    try:
        await client.async_execute(cwd=str(folder), cleanup_kc=True, stderr=subprocess.DEVNULL)
    except CellExecutionError as failed:
        error = f"{failed.ename}: {failed.evalue}"
    except (CellControlSignal, DeadKernelError) as failed:  # among the first is a cell past its time limit
        error = str(failed).strip().partition("\n")[0]
    finally:
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)
        atexit.unregister(client._cleanup_kernel)  # which a run that is cancelled leaves behind
    cells = [{key: cell[key] for key in ("outputs", "execution_count")} for cell in code_cells(node)]
    metadata = {key: node.metadata[key] for key in ("language_info", "widgets") if key in node.metadata}
    return Run(cells, metadata, error)


# -- kernels that wait for the next run ------------------------------------------------------

_spare: defaultdict[Path, list[Any]] = defaultdict(list)  # by the folder that they work in


async def _kernel(name: str, folder: Path) -> Any:
    """A kernel that waits, or what starts one."""
    from jupyter_client.manager import AsyncKernelManager

    spare = _spare[folder].pop() if name == PYTHON and _spare[folder] else None
    return spare if spare and await spare.is_alive() else AsyncKernelManager(kernel_name=name)


async def _prepare(folders: list[Path]) -> None:
    from jupyter_client.manager import AsyncKernelManager

    for folder in folders:
        manager = AsyncKernelManager(kernel_name=PYTHON)
        first = [f"--IPKernelApp.exec_lines=exec({AHEAD!r}, {{}})"]
        await manager.start_kernel(cwd=str(folder), extra_arguments=first, stderr=subprocess.DEVNULL)
        _spare[folder].append(manager)


def prepare(app: Sphinx) -> None:
    """Start kernels for the notebooks of the book, but for those that wait already."""
    runs = _runs[app]
    wanted = Counter([(runs.portfolio.root / name).parent for name in runs.futures][:WAITING])
    held = Counter({folder: len(waiting) for folder, waiting in _spare.items()})
    asyncio.run(_prepare([*(wanted - held).elements()]))


async def _end_spare() -> None:
    for manager in itertools.chain.from_iterable(_spare.values()):
        await manager.shutdown_kernel(now=True)


def end() -> None:
    """Leave no kernel that waits."""
    asyncio.run(_end_spare())
    _spare.clear()


# -- in a build -------------------------------------------------------------------------------

_runs: WeakKeyDictionary[Sphinx, Runs] = WeakKeyDictionary()


def begin(app: Sphinx, config: Config) -> None:
    """Start all notebooks of the contents before anything is read."""
    store = Path(app.doctreedir).parent / FOLDER
    runs = _runs[app] = Runs(portfolio_of(app), store, int(config.nb_execution_timeout))
    for name in configuration.toc_files(Path(app.srcdir)):
        runs.begin(name.removesuffix(".ipynb"))


def current_key(app: Sphinx, docname: str) -> str:
    """What the notebook of a page depends on, as of the start of this build; empty for other pages."""
    return _runs[app].keys.get(docname, "")


def notebooks_last(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Read the other pages while notebooks run."""
    docnames.sort(key=lambda name: name in _runs[app].futures)


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give a notebook the outputs of its run, and tell MyST-NB not to execute it."""
    if docname not in _runs[app].futures:
        return
    run = _runs[app].futures[docname].result()
    notebook = json.loads(source[0])
    cells = code_cells(notebook)
    if len(cells) != len(run.cells):
        said = f"{docname} was saved while the book was built. Build again."
        logger.warning(said, type="stp", subtype="cell")
    for cell, held in zip(cells, run.cells, strict=False):
        cell.update(held)
    notebook["metadata"] = {**notebook.get("metadata", {}), **run.metadata}
    notebook["metadata"].setdefault("mystnb", {})["execution_mode"] = "off"
    source[0] = json.dumps(notebook)
    if run.error:
        logger.warning(f"{docname}: a cell failed: {run.error}", type="stp", subtype="cell")


def stop(app: Sphinx, exception: Exception | None = None) -> None:
    """Leave no kernel behind, however the build ends."""
    if app in _runs:
        _runs[app].stop()


def setup(app: Sphinx) -> None:
    """Fill notebooks as pages are read; ``strict`` starts them once it has read the records."""
    app.connect("env-before-read-docs", notebooks_last)
    app.connect("source-read", fill)
    app.connect("build-finished", stop, priority=100)

"""Measure this book beside others in one run and write ``benchmarks/RESULTS.md``: ``python -m benchmarks``.

Every case is measured in several rounds, the programs in turn within each round, so that a machine that
is busy for a while is busy for all of them. What counts is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks import engines, growth, measuring, shapes
from benchmarks.engines import Engine
from benchmarks.measuring import Taken, run

RESULTS = Path(__file__).with_name("RESULTS.md")
CASES = ("cold", "nothing changed", "one page changed", "one CSV row changed")
GROWTH = ((20, 10), (20, 100), (200, 1_000), (2_000, 10_000))
IMPORTS = [sys.executable, "-c", "import pandas, matplotlib.pyplot"]

Measured = dict[tuple[str, str], list[Taken]]


def say(text: str) -> None:
    """Progress, on the error stream: the results stand in a file."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Measure and write the results; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every case (5)")
    parser.add_argument("--alone", action="store_true", help="leave out MkDocs Material and Jupyter Book 2")
    parser.add_argument(
        "--without-growth", action="store_true", help="leave out the portfolios of growing size"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="where to (benchmarks/RESULTS.md)")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        work = Path(temporary).resolve()
        programs: list[Engine | None] = [engines.ours(work), engines.plain(work)]
        if not wish.alone:
            programs += [engines.material(work, say), engines.next_engine(work, say)]
        compared = [program for program in programs if program]
        try:
            measured = _builds(compared, wish.rounds)
            commands = _commands(compared[0], wish.rounds)
            screening = _screened(compared[0])
            curve = [] if wish.without_growth else [_grown(work, *size) for size in GROWTH]
        except measuring.CommandError as error:
            say(f"A measured command failed, so nothing was written.\n{error}")
            return 1
        text = _report(compared, measured, commands, curve, screening, wish.rounds)
    wish.out.write_text(text, encoding="utf-8", newline="\n")
    say(f"The results are in {wish.out}.")
    return 0


# -- measuring --------------------------------------------------------------------------------


def _builds(compared: Iterable[Engine], rounds: int) -> Measured:
    measured: Measured = {}
    for number in range(rounds):
        for engine in compared:
            for case in CASES:
                _change(engine, case, number)
                say(f"round {number + 1} of {rounds}: {engine.name}, {case}")
                taken = run(_command(engine, case), engine.tree, engine.environment)
                measured.setdefault((engine.name, case), []).append(taken)
    for engine in compared:  # apart: who looks at the memory takes time from what is looked at
        engine.clean()
        say(f"{engine.name}, memory")
        measured[engine.name, "memory"] = [run(engine.command, engine.tree, engine.environment, memory=True)]
    return measured


def _command(engine: Engine, case: str) -> list[str]:
    """A program that keeps stored numbers is told to run its notebooks again when a CSV row has changed."""
    again = engine.forget and case == "one CSV row changed"
    return [*engine.command, "--all"] if again else engine.command


def _change(engine: Engine, case: str, number: int) -> None:
    base = engine.tree / engine.content
    if case == "cold":
        engine.clean()
    elif case == "one page changed":
        page = base / engines.PAGE
        page.write_text(f"{page.read_text(encoding='utf-8')}\nOne more line {number}.\n", encoding="utf-8")
    elif case == "one CSV row changed":
        table = base / "data" / "standards.csv"
        lines = table.read_text(encoding="utf-8").splitlines()
        lines[-1] = f"{lines[-1].rstrip('0123456789')}{number}"
        table.write_text("\n".join([*lines, ""]), encoding="utf-8")
        if engine.forget:
            shutil.rmtree(engine.tree / engine.forget, ignore_errors=True)


def _commands(book: Engine, rounds: int) -> Measured:
    tool = str(Path(sys.executable).with_name("portfolio.exe" if sys.platform == "win32" else "portfolio"))
    measured: Measured = {}
    book.clean()
    shutil.copytree(engines.ROOT / "data", book.tree / "data", dirs_exist_ok=True)
    shutil.copyfile(engines.ROOT / engines.PAGE, book.tree / engines.PAGE)
    run(book.command, book.tree)
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: the commands")
        cases = {
            "importing pandas and Matplotlib": IMPORTS,
            "portfolio status": [tool, "status"],
            "portfolio check": [tool, "check"],
            "portfolio export": [tool, "export"],
        }
        for name, command in cases.items():
            if name == "portfolio export":
                shutil.rmtree(book.tree / "_build" / "eportfolio", ignore_errors=True)
            measured.setdefault((name, ""), []).append(run(command, book.tree))
    return measured


def _grown(work: Path, activities: int, evidence: int) -> dict[str, float]:
    say(f"{activities} activities with {evidence} pieces of evidence")
    tree = work / f"growth-{activities}-{evidence}"
    growth.make(tree, activities, evidence)
    taken = run([engines.tool("jupyter-book"), "build", "."], tree, memory=True)
    pages = len([path for path in (tree / "_build/html").rglob("*.html") if "_static" not in path.parts])
    again = run([engines.tool("jupyter-book"), "build", "."], tree)
    screened = _screening(tree)
    size = sum(path.stat().st_size for path in tree.rglob("*.md")) + sum(
        path.stat().st_size for path in (tree / "data").glob("*.csv")
    )
    shutil.rmtree(tree)
    return {
        "activities": activities,
        "evidence": evidence,
        "pages": pages,
        "seconds": taken.seconds,
        "peak": taken.peak,
        "again": again.seconds,
        "screening": screened,
        "size": size,
    }


def _screening(tree: Path) -> float:
    """Seconds of screening all sources of a portfolio, nothing known from before."""
    code = (
        "import sys, time; from pathlib import Path; from stp_portfolio.core import reading; "
        "from stp_portfolio.privacy import sources; root = Path(sys.argv[1]); book = reading.load(root); "
        "(root / sources.CACHE).unlink(missing_ok=True); begun = time.perf_counter(); "
        "sources.run(root, book); "
        "print(time.perf_counter() - begun)"
    )
    return float(run([sys.executable, "-c", code, str(tree)], tree).output.split()[-1])


def _screened(book: Engine) -> list[str]:
    """What screening adds to a cold build, and how it grows with texts of any shape; lines of the report."""
    say("screening of the book, and of texts of every shape")
    code = (
        "import sys, time; from pathlib import Path; from stp_portfolio.core import reading; "
        "from stp_portfolio.privacy import leaving, sources; "
        "root = Path(sys.argv[1]); book = reading.load(root); "
        "(root / sources.BUILD_CACHE).unlink(missing_ok=True); begun = time.perf_counter(); "
        "sources.identifiers(root, book); between = time.perf_counter(); "
        "site = root / '_build/html'; "
        "files = [path for path in site.rglob('*') if path.is_file()]; "
        "made = [(str(path.relative_to(site)), path.read_bytes()) for path in files]; "
        "leaving.screen(made, None, frozenset()); "
        "print(between - begun, time.perf_counter() - between)"
    )
    book.clean()
    cold = run(book.command, book.tree).seconds
    said = run([sys.executable, "-c", code, str(book.tree)], book.tree).output.split()
    sources, site = map(float, said[-2:])
    lines = [
        "## Screening",
        "",
        f"Of a cold build of {cold:.1f} s the sources take {sources:.1f} s ({sources / cold:.0%}), the "
        f"finished site {site:.1f} s ({site / cold:.0%}). The slowest form of a text of each shape:",
        "",
        _row(["Shape", "Form", "Seconds a MB", "To that, twice the text"]),
        _row(["---", "---", "---:", "---:"]),
    ]
    for name, units in shapes.UNITS.items():
        form, taken, ratio = shapes.slowest(units)
        lines.append(_row([name, form, f"{1e6 * taken / shapes.SIZE:.2f}", f"{ratio:.1f}"]))
    return [*lines, ""]


# -- the report -------------------------------------------------------------------------------


def _seconds(taken: Iterable[Taken]) -> float:
    return statistics.median(each.seconds for each in taken)


def _report(
    compared: list[Engine],
    measured: Measured,
    commands: Measured,
    curve: list[dict[str, float]],
    screening: list[str],
    rounds: int,
) -> str:
    base = compared[1].name
    lines = [
        "# Benchmark results",
        "",
        "Written by `python -m benchmarks`; do not edit. Medians of several rounds, the programs in turn.",
        "Compare ratios: seconds are those of one machine on one day.",
        "",
        *_machine(rounds),
        "",
        "## Builds",
        "",
        _row(
            ["Case", *(f"{engine.name} (s)" for engine in compared), *(f"to {e.name}" for e in compared[1:])]
        ),
        _row(["---", *["---:"] * (2 * len(compared) - 1)]),
    ]
    for case in CASES:
        medians = [_seconds(measured[engine.name, case]) for engine in compared]
        lines.append(
            _row(
                [
                    case,
                    *(f"{s:.2f}" for s in medians),
                    *(f"{medians[0] / other:.2f}" for other in medians[1:]),
                ]
            )
        )
    peaks = [measured[engine.name, "memory"][0].peak / 1e6 for engine in compared]
    lines.append(
        _row(
            [
                "peak memory of a cold build (MB)",
                *(f"{peak:.0f}" for peak in peaks),
                *(f"{peaks[0] / p:.2f}" for p in peaks[1:]),
            ]
        )
    )
    lines += [
        "",
        "Memory is that of the program and all its children at the same moment; "
        "this book runs its kernels at once.",
        f"{base} has this book's settings without its extensions, checks and screens nothing. When only "
        "a CSV row changed it would show stored numbers: there its cache is removed and all is built again. "
        "Jupyter Book 2 runs no notebook here and writes no page.",
        "",
        "What this book did:",
        "",
        _row(["Case", "Notebooks run", "Pages read"]),
        _row(["---", "---:", "---:"]),
    ]
    for case in CASES:
        output = re.sub(r"\x1b\[[0-9;]*m", "", measured[compared[0].name, case][-1].output)
        read = {m[1] for m in re.finditer(r"reading sources\.\.\. \[ *\d+%\] (\S+)", output)}
        lines.append(_row([case, str(output.count(" was executed in ")), str(len(read))]))
    cold = _seconds(measured[compared[0].name, "cold"])
    imports = _seconds(commands["importing pandas and Matplotlib", ""])
    lines += [
        "",
        "## Commands",
        "",
        _row(["Command", "Seconds", "To importing pandas and Matplotlib", "To a cold build"]),
        _row(["---", "---:", "---:", "---:"]),
    ]
    for (name, _), taken in commands.items():
        seconds = _seconds(taken)
        lines.append(_row([name, f"{seconds:.2f}", f"{seconds / imports:.2f}", f"{seconds / cold:.2f}"]))
    lines += [
        "",
        "`portfolio export` sets all PDFs anew and packs them, after a build that found nothing changed.",
        "",
    ]
    lines += _weights(compared)
    lines += screening
    if curve:
        lines += _curve(curve)
    return "\n".join(lines)


def _machine(rounds: int) -> list[str]:
    names = ("jupyter-book", "Sphinx", "myst-nb", "pandas", "matplotlib", "typst")
    memory = psutil.virtual_memory().total / 2**30
    return [
        f"- Date: {date.today().isoformat()}; rounds: {rounds}",
        f"- Machine: {platform.system()} {platform.machine()}, {os.cpu_count()} processors, {memory:.0f} GiB",
        f"- Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names),
    ]


def _weights(compared: list[Engine]) -> list[str]:
    makers = [engine for engine in compared if engine.html]
    lines = [
        "## Bytes on the wire",
        "",
        "Compressed, in kB: the page itself, and all that a first visit to it loads.",
        "",
        _row(
            [
                "Page",
                *(f"{e.name}: page" for e in makers),
                *(f"{e.name}: first visit" for e in makers),
                *(f"{e.name}: other hosts" for e in makers),
            ]
        ),
        _row(["---", *["---:"] * (3 * len(makers))]),
    ]
    for name in engines.SAMPLE:
        weights = [measuring.weight(engine.page(name)) for engine in makers]
        lines.append(
            _row(
                [
                    name,
                    *(f"{w.page / 1000:.1f}" for w in weights),
                    *(f"{w.first_visit / 1000:.1f}" for w in weights),
                    *(str(w.foreign) for w in weights),
                ]
            )
        )
    return [*lines, ""]


def _curve(curve: list[dict[str, float]]) -> list[str]:
    lines = [
        "## Growth",
        "",
        "Synthetic portfolios (`benchmarks/growth.py`), one cold build each.",
        "",
        _row(
            [
                "Activities",
                "Evidence",
                "Pages",
                "Seconds",
                "ms a page",
                "Peak (MB)",
                "kB a page",
                "Nothing changed (s)",
                "Screening (s)",
                "Screening, s a MB",
            ]
        ),
        _row(["---:"] * 10),
    ]
    lines += [
        _row(
            [
                f"{row['activities']:,.0f}",
                f"{row['evidence']:,.0f}",
                f"{row['pages']:,.0f}",
                f"{row['seconds']:.1f}",
                f"{1000 * row['seconds'] / row['pages']:.1f}",
                f"{row['peak'] / 1e6:.0f}",
                f"{row['peak'] / 1000 / row['pages']:.0f}",
                f"{row['again']:.1f}",
                f"{row['screening']:.1f}",
                f"{1e6 * row['screening'] / row['size']:.2f}",
            ]
        )
        for row in curve
    ]
    first, last = curve[-2], curve[-1]
    grown = math.log(last["pages"] / first["pages"])

    screening = math.log(last["screening"] / first["screening"]) / math.log(last["size"] / first["size"])

    def power(key: str) -> float:
        return math.log(last[key] / first[key]) / grown

    lines += [
        "",
        f"From {first['pages']:,.0f} to {last['pages']:,.0f} pages, time grows with the power "
        f"{power('seconds'):.2f} of the "
        f"number of pages, memory with {power('peak'):.2f}; screening grows with the power "
        f"{screening:.2f} of the text.",
        "",
    ]
    return lines


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())

"""Synthetic portfolios of any size: all in them is invented, and the same numbers give the same files."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
START, AS_OF = date(2023, 9, 4), date(2026, 6, 30)
MODULE = 50  # activities a module
SETTINGS = f"""\
title = "A synthetic portfolio"
role = "trainee"
curriculum = "SYNTHETIC"
start = {START}
language = "en-GB"
as_of = {AS_OF}
example = true
"""
KEPT = ("_config.yml", "_static", "notebooks", "about")
SENTENCES = """\
I began with a plan that was too large and made it smaller after the first week.
The record was complete, but nobody could say when a value had last been checked.
We agreed to count every order once and to write down what we left out.
My first draft explained the method and forgot the reader.
When the service stopped, the paper forms showed which steps we had never described.
I asked what the number was for before I asked how to compute it.
The second audit found half as many gaps as the first and one that was new.
What changed is small: I now read the message aloud before I send it.
A test that never fails had made us feel safe for a year.
I learned to stop and ask, even when the room was in a hurry.
The table answered the question of the clinic and raised another one.
Next time I will agree the definition first and build the report afterwards.
""".splitlines()


def make(tree: Path, activities: int, evidence: int, *, module: int = MODULE) -> Path:
    """Write a portfolio into the empty folder ``tree``; returns it.

    ``activities`` with a page each, in modules of ``module``; ``evidence`` pieces spread over them.
    Four of five activities are signed off, the others stand at every state that there is.
    """
    chance = random.Random(f"{activities} {evidence}")  # noqa: S311 - not for secrets
    tree.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        elif source.is_file():
            shutil.copyfile(source, tree / name)
    keys = [(f"S-M{1 + index // module}", 1 + index % module) for index in range(activities)]
    codes = list(dict.fromkeys(code for code, _ in keys))
    _data(tree, keys, codes, evidence, chance)
    for code, number in keys:
        _page(tree / code / f"{number}_Task.md", number, chance)
    chapters = []
    for code in codes:
        text = f"# Module {code}\n\nAn invented module.\n\n"
        text += '[The activities by status](../notebooks/progress.ipynb "panel: chapter")\n'
        (tree / code / "index.md").write_text(text, encoding="utf-8")
        pages = [{"file": f"{code}/{number}_Task"} for each, number in keys if each == code]
        chapters.append({"file": f"{code}/index", "sections": pages})
    home = "# A synthetic portfolio\n\nAn invented portfolio.\n\n"
    home += '[Progress](notebooks/progress.ipynb "panel: summary")\n\n'
    home += '[At a glance](notebooks/progress.ipynb "panel: strip")\n\n'
    home += f'[The activities]({codes[0]}/index.md "panel: activities")\n'
    (tree / "intro.md").write_text(home, encoding="utf-8")
    more = [{"file": path.relative_to(tree).with_suffix("").as_posix()} for path in _listed(tree)]
    contents = {
        "format": "jb-book",
        "root": "intro",
        "parts": [{"caption": "Modules", "chapters": chapters}, {"caption": "Progress", "chapters": more}],
    }
    (tree / "_toc.yml").write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    config = (tree / "_config.yml").read_text(encoding="utf-8").splitlines()
    config = [line for line in config if not line.lstrip().startswith("stp_footer")]
    (tree / "_config.yml").write_text("\n".join([*config, ""]), encoding="utf-8")
    for path in (tree / "about").glob("*.md"):
        if path not in more and path.stem not in ("news", "by-standard"):
            path.unlink()
    return tree


def _listed(tree: Path) -> list[Path]:
    return [
        *sorted((tree / "notebooks").glob("*.ipynb")),
        tree / "about/by-standard.md",
        tree / "about/news.md",
    ]


def _data(
    tree: Path, keys: Sequence[tuple[str, int]], codes: Sequence[str], evidence: int, chance: random.Random
) -> None:
    span = (AS_OF - START).days
    rows: dict[str, list[Sequence[object]]] = {
        "modules": [("phase", "code", "module", "credits", "signed_off")],
        "activities": [("module", "number", "title", "page", "learning_outcomes", "url")],
        "progress": [("date", "module", "number", "event", "note")],
        "evidence": [("id", "date", "title", "kind", "activities", "standards", "file")],
        "milestones": [("date", "name", "module", "required", "note")],
    }
    rows["modules"] += [
        (1 + index % 3, code, f"Invented module {code}", 10, "") for index, code in enumerate(codes)
    ]
    events: list[tuple[date, str, int, str, str]] = []
    for index, (code, number) in enumerate(keys):
        title = f"Task {number} of the invented module"
        rows["activities"].append((code, number, title, f"{code}/{number}_Task", "", ""))
        day = START + timedelta(days=chance.randrange(span - 200))
        for event in _course(index):
            events.append((day, code, number, event, ""))
            day += timedelta(days=chance.randrange(1, 50))
    rows["progress"] += sorted(events, key=lambda event: event[0])
    standards = [("HCPC", number) for number in range(1, 16)] + [("GSP", number) for number in range(1, 6)]
    for number in range(1, evidence + 1):
        code, activity = keys[chance.randrange(len(keys))]
        spoken = ";".join(f"{scheme}/{one}" for scheme, one in chance.sample(standards, chance.randrange(4)))
        day = START + timedelta(days=chance.randrange(span))
        rows["evidence"].append(
            (f"E{number:05}", day, f"Invented report {number}", "Report", f"{code}/{activity}", spoken, "")
        )
    for code in codes:
        count = sum(each == code for each, _ in keys)
        rows["milestones"].append((date(2026, 9, 15), f"End of {code}", code, count, ""))
    for name, lines in rows.items():
        _write(tree / "data" / f"{name}.csv", lines)
    labels = [("scheme", "code", "label"), *((s, n, f"Invented label {n}") for s, n in standards)]
    _write(tree / "data/standards.csv", labels)
    (tree / "data/portfolio.toml").write_text(SETTINGS, encoding="utf-8")


def _course(index: int) -> tuple[str, ...]:
    whole = ("started", "submitted", "signed_off")
    if index % 5:
        return whole
    return ((), whole[:1], whole[:2], (*whole[:2], "returned"))[index // 5 % 4]


def _write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _page(path: Path, number: int, chance: random.Random) -> None:
    def paragraph(sentences: int) -> str:
        return "\n".join(chance.choice(SENTENCES) for _ in range(sentences))

    text = f"# {number}. Task {number} of the invented module\n\n{paragraph(2)}\n\n## Evidence\n\n"
    text += "".join(f"- {chance.choice(SENTENCES)}\n" for _ in range(4))
    text += "\n## Reflection\n\n" + "\n\n".join(paragraph(4) for _ in range(6))
    text += "\n\n## Action plan\n\n"
    text += "- **September 2026.** Repeat the count. *Done when:* the gap is closed.\n\n"
    text += "Read next: [the module](index.md).\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

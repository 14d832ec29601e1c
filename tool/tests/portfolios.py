"""Portfolios made for a test, by hand or by hypothesis, and what spreadsheets do to their files."""

import shutil
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import strategies as st
from recount import rows

from stp_portfolio.core import records
from stp_portfolio.core.records import Activity, ActivityKey, Event, Module, Portfolio, Settings

START = date(2023, 9, 4)
SETTINGS = Settings("Title", "trainee", "X", START, "en-GB", None, example=False)
FORTY = Path(__file__).with_name("forty")
CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))


def cases(group, names):
    """The rows of a table of ``cases.toml`` as the cases of a test; a row's name says what is wrong."""
    return pytest.mark.parametrize(
        names.split(), [pytest.param(*row, id=name) for name, row in CASES[group].items()]
    )


def _days_first(raw):
    lines = raw.split(b"\n")
    return b"\n".join(b"/".join(t[:10].split(b"-")[::-1]) + t[10:] if t[:2] == b"20" else t for t in lines)


# What Excel, LibreOffice, JupyterLab and editors make of progress.csv, with the same meaning.
DRESSES = {
    "plain": lambda raw: raw,
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "Windows line ends": lambda raw: raw.replace(b"\n", b"\r\n"),
    "no line end at the end": lambda raw: raw.rstrip(b"\n"),
    "semicolons": lambda raw: raw.replace(b",", b";"),
    "tabs": lambda raw: raw.replace(b",", b"\t"),
    "blank rows at the end": lambda raw: raw + b",,,,\n,,,,\n\n",
    "blank row in the middle": lambda raw: raw.replace(b"2023-11", b"\n2023-11", 1),
    "blank columns at the end": lambda raw: raw.replace(b"\n", b",,\n"),
    "padded header": lambda raw: raw.replace(b"date,module", b" date , module"),
    "header in capitals": lambda raw: raw.replace(b"date,module", b"Date,MODULE"),
    "padded cells": lambda raw: raw.replace(b",started,", b", started\xc2\xa0,"),
    "quoted cells": lambda raw: raw.replace(b"S-C1", b'"S-C1"'),
    "day first": _days_first,
    "other order of columns": lambda raw: b"\n".join(
        b",".join([*line.split(b",")[1:], line.split(b",")[0]]) for line in raw.rstrip(b"\n").split(b"\n")
    ),
}


def edit(tree, name, old, new):
    """Replace a text, or ALL of it, in a file of a tree."""
    path = tree / name
    raw = path.read_bytes()
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))
    assert old == b"ALL" or old in raw, old
    path.write_bytes(new if old == b"ALL" else raw.replace(old, new, 1))


def forty(tree):
    """A portfolio of another trainee: forty activities in three modules, and texts that look like markup."""
    shutil.copytree(FORTY / "data", tree / "data")
    page = (FORTY / "page.md").read_text(encoding="utf-8")
    for row in rows(tree, "activities.csv"):
        path = tree / f"{row['page']}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(page.replace("NUMBER", row["number"]), encoding="utf-8")
    return tree


def append(tree, name, *rows):
    """Add rows to a table, as a spreadsheet would."""
    with (tree / name).open("a", encoding="utf-8", newline="") as file:
        file.writelines(f"{row}\n" for row in rows)


def make(on, events=(), *, numbers=20, modules=None, milestones=(), evidence=(), standards=()):
    """A portfolio of one module M with ``numbers`` activities and events ``(day, number, event)``."""
    keys = [ActivityKey("M", number) for number in range(1, numbers + 1)]
    happened = [
        Event(day, ActivityKey("M", number), event, "reason" * (event == "withdrawn"))
        for day, number, event in events
    ]
    return Portfolio(
        root=Path(),
        on=on,
        settings=SETTINGS,
        modules=tuple(modules or [Module("1", "M", "Module", Decimal(20), None)]),
        activities=tuple(Activity(key, f"Task {key.number}", f"m/{key.number}", "", "") for key in keys),
        events=tuple(sorted(happened, key=lambda event: event.date)),
        evidence=tuple(evidence),
        milestones=tuple(milestones),
        standards=tuple(standards),
    )


def done(*days):
    """The events of as many activities as days, each signed off on its day."""
    events = []
    for number, day in enumerate(days, start=1):
        events += [(START, number, "started"), (START, number, "submitted"), (day, number, "signed_off")]
    return events


@st.composite
def histories(draw, numbers=8):
    """Any legal history of a few activities, in the order in which a trainee would append it."""
    rows = []
    state = dict.fromkeys(range(1, numbers + 1))
    day = START
    for _ in range(draw(st.integers(0, 40))):
        day += timedelta(days=draw(st.integers(0, 60)))
        number = draw(st.integers(1, numbers))
        legal = records.LEGAL_NEXT[state[number]]
        if legal:
            event = draw(st.sampled_from(legal))
            state[number] = event
            rows.append((day, number, event))
    return rows

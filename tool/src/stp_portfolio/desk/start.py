"""Make a new portfolio in a folder of its own, from the package alone."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from pathlib import Path

from stp_portfolio.core import dates, disk, phrases, progress, reading
from stp_portfolio.core.contract import COLUMNS, FOLDER
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Module, Portfolio
from stp_portfolio.desk import drafts, kit
from stp_portfolio.privacy import sources
from stp_portfolio.privacy.vocabulary import first_names, is_english

FIRST = drafts.TEMPLATES / "first"  # what is written once, and is the trainee's from then on
CURRICULUM = "SBI1-3-23"  # that of the modules and activities which come with the tool
_OPTIONAL = {"modules.csv": ("signed_off",), "activities.csv": ("page", "learning_outcomes", "url")}
_WORD = re.compile(r"[^\W\d_]+")
_FILL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


class StartError(Refusal):
    """A portfolio that was not made: why, and what to do. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the new portfolio shall be; without a title or a role it gets those that go with the curriculum.

    ``modules`` and ``activities`` are CSV files as in ``data/``, None for those that come with the tool. In
    that of the activities, the columns ``page``, ``learning_outcomes`` and ``url`` may be missing or empty.
    """

    start: date
    title: str = ""
    curriculum: str = CURRICULUM
    role: str = ""
    modules: Path | None = None
    activities: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The new portfolio: its records and files, the terms approved, and those that wait for a person."""

    portfolio: Portfolio
    files: list[str]
    approved: list[str]
    to_review: list[str]


def first_monday_of_september(today: date) -> date:
    """The day on which the latest cohort began: the first Monday of the last September."""
    sevenths = [date(year, 9, 7) for year in (today.year, today.year - 1)]
    mondays = [seventh - timedelta(days=seventh.weekday()) for seventh in sevenths]
    return next(monday for monday in mondays if monday <= today)


def start(folder: Path, wish: Wish, today: date, *, dry_run: bool = False) -> Made:
    """Fill a new folder with a portfolio; with ``dry_run`` make and check it elsewhere, and keep nothing.

    Raises StartError or RecordsError, with nothing made, where the folder holds something or what was
    wished for is wrong.
    """
    with new_folder(folder, keep=not dry_run) as tree:
        kit.lay_out(tree)
        portfolio = _write_records(tree, wish, today)
        _write_pages(tree, portfolio)
        approved, to_review = _approve(tree, portfolio, today)
        portfolio = reading.load(tree, today)
        shutil.rmtree(tree / "_build", ignore_errors=True)  # where screening remembers
        files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    return Made(portfolio, files, approved, to_review)


@contextmanager
def new_folder(folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """A tree to fill: put in the place of ``folder`` in one step at the end, and gone after a fault."""
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise StartError(
            f"{folder} is there already. Name a folder that does not exist yet, or an empty one."
        )
    if not folder.parent.is_dir():
        raise StartError(f"{folder.parent} does not exist. Make that folder first, or choose another.")
    beside = folder.parent if keep else None  # on the same disk, or it could not be put in place in one step
    with tempfile.TemporaryDirectory(prefix=".portfolio-", dir=beside, ignore_cleanup_errors=True) as place:
        tree = Path(place) / folder.name
        tree.mkdir()
        yield tree
        if keep:
            if folder.is_dir():
                folder.rmdir()  # Windows puts nothing in the place of a folder
            tree.rename(folder)


# -- records ----------------------------------------------------------------------------------


def _write_records(tree: Path, wish: Wish, today: date) -> Portfolio:
    """Settings and tables: those that come with the tool, or those handed over. Raises StartError."""
    for path in (FIRST / FOLDER).iterdir():
        if path.name != "milestones.csv":
            disk.put(tree / FOLDER / path.name, drafts.filled(f"first/data/{path.name}", wish=wish))
    modules = _given(wish.modules or tree / FOLDER / "modules.csv", "modules.csv")
    _write_rows(tree, "modules.csv", modules)
    activities = _given(wish.activities or tree / FOLDER / "activities.csv", "activities.csv")
    names = {row["code"]: row["module"] for row in modules}
    for row in activities:
        row["page"] = row["page"] or _page_path(row, names.get(row["module"], ""))
    _write_rows(tree, "activities.csv", activities)
    return _write_milestones(tree, wish, today)


def _write_milestones(tree: Path, wish: Wish, today: date) -> Portfolio:
    """The dates that count, by the rules of their template. Returns the records. Raises StartError."""
    name = "milestones.csv"
    none_yet = {name: ",".join(COLUMNS[name]).encode()}
    try:
        portfolio = reading.load(tree, today, none_yet, without_pages=True)
    except reading.RecordsError as error:
        raise StartError(f"Nothing was made. What is wrong:\n{_in_given(error, wish)}") from error

    def due(months: int, day: int) -> date:
        month = dates.months_after(wish.start, months)
        last = dates.month_end(month.year, month.month)
        return last.replace(day=min(day, last.day))

    def part(module: Module, per_cent: int) -> int:
        return ceil(len(progress.activities_of(portfolio, module.code)) * per_cent / 100)

    taught = progress.modules_with_activities(portfolio)
    disk.put(tree / FOLDER / name, drafts.filled(f"first/data/{name}", modules=taught, due=due, part=part))
    return portfolio


def _in_given(error: reading.RecordsError, wish: Wish) -> str:
    """What is wrong, said of the files that were handed over."""
    text = "\n".join(f"  {finding}" for finding in error.findings)
    for name, path in (("modules.csv", wish.modules), ("activities.csv", wish.activities)):
        text = text.replace(f"{FOLDER}/{name}", str(path)) if path else text
    if (wish.modules is None) == (wish.activities is None):
        return text
    missing = "--activities" if wish.activities is None else "--modules"
    return (
        f"{text}\nThe other of the two files is the one that comes with the tool; give your own: {missing}."
    )


def _given(path: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table that was handed over, with a cell for each column. Raises StartError."""
    remedy = "Check its name, and save it as 'CSV UTF-8'."
    try:
        text, _ = disk.decode(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{path} cannot be read ({error}). {remedy}") from error
    separator = reading.separator_of(text, name)
    lines = csv.DictReader(io.StringIO(text, newline=""), None, "more", "", delimiter=separator)
    lines.fieldnames = [column.strip().lower() for column in lines.fieldnames or ()]
    optional = _OPTIONAL[name]
    missing = [column for column in COLUMNS[name] if column not in (*lines.fieldnames, *optional)]
    if missing:
        whole = f"Its first line is {','.join(COLUMNS[name])}; {phrases.series(optional)} may be left out"
        raise StartError(f"{path} has no column {phrases.series(missing)}. {whole}. {remedy}")
    rows = []
    for line in lines:
        if any(line.pop("more", "")):
            raise StartError(
                f"{path}, row {lines.line_num}: the row has more cells than the header. "
                "Put a text that holds the separator in quotation marks."
            )
        rows.append({column: line.get(column, "").strip() for column in COLUMNS[name]})
    if not rows:
        raise StartError(f"{path} has no rows. {remedy}")
    return rows


def _write_rows(tree: Path, name: str, rows: list[dict[str, str]]) -> None:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS[name], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    disk.put(tree / FOLDER / name, buffer.getvalue())


def _page_path(row: Mapping[str, str], module: str) -> str:
    """``B-P1_Imaging_Physics/3_TestDetector``: the module's code and name, number and title."""

    def words(text: str, count: int) -> list[str]:
        found = [word for word in re.findall(r"[A-Za-z0-9]+", text) if word.lower() not in _FILL_WORDS]
        return [word.capitalize() for word in found[:count]]

    folder = "_".join([re.sub(r"[^\w.-]", "", row["module"]), *words(module, 3)])
    return f"{folder}/{row['number']}_{''.join(words(row['title'], 4))}"


# -- pages and words --------------------------------------------------------------------------


def _write_pages(tree: Path, portfolio: Portfolio) -> None:
    """Home page, chapters, plans, contents and settings of the book."""
    folders: dict[str, list[str]] = {}
    for activity in portfolio.activities:
        folders.setdefault(activity.page.rpartition("/")[0], []).append(activity.page)
        disk.put(tree / f"{activity.page}.md", drafts.draft(portfolio, activity))
    links = []
    for folder in filter(None, folders):
        text = drafts.chapter(portfolio, folder)
        links.append(f"[{text.splitlines()[0].removeprefix('# ')}]({folder}/index.md)")
        disk.put(tree / folder / "index.md", text)
    for name in ("intro.md", "_toc.yml", "_config.yml"):
        values = {"settings": portfolio.settings, "folders": folders, "links": phrases.series(links)}
        disk.put(tree / name, drafts.filled(f"first/{name}", **values))


def _approve(tree: Path, portfolio: Portfolio, today: date) -> tuple[list[str], list[str]]:
    """Approve the words of the curriculum, which name nobody: modules, titles and its code.

    Of the book's title and the role, which a person has typed, only plain words that are no given name.
    Returns the terms that were approved, and those that were not.
    """
    found = sources.run(tree, portfolio)
    if identifiers := [f"  {hit}" for hit in found if hit.code == sources.IDENTIFIER]:
        raise StartError("\n".join(["Nothing was made. What could identify a person:", *identifiers]))
    texts = [portfolio.settings.curriculum, *(activity.title for activity in portfolio.activities)]
    texts += [text for module in portfolio.modules for text in (module.code, module.name)]
    curriculum = {word.casefold() for text in texts for word in _WORD.findall(text)}

    def known(word: str) -> bool:
        return word in curriculum or (is_english(word) and word not in first_names())

    terms = dict.fromkeys(hit.value for hit in found)
    approved = [term for term in terms if all(known(word.casefold()) for word in _WORD.findall(term))]
    lines = "".join(f"{term} | {today} | from the curriculum\n" for term in approved)
    disk.put(tree / sources.TERMS, disk.read_text(tree / sources.TERMS) + lines)
    return approved, [term for term in terms if term not in approved]

"""Make a new portfolio in a folder of its own, from the package alone."""

import csv
import io
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from stp_portfolio.core import dates, disk, phrases, reading
from stp_portfolio.core.contract import COLUMNS, FOLDER
from stp_portfolio.core.findings import FaultsError, Refusal
from stp_portfolio.core.records import Portfolio
from stp_portfolio.desk import drafts, kit
from stp_portfolio.privacy import decisions, leaving, sources
from stp_portfolio.privacy.vocabulary import first_names, is_english

FIRST = drafts.TEMPLATES / "first"  # what is written once, and is the trainee's from then on
CURRICULUM = "SBI1-3-23"  # that of the modules and activities which come with the tool
# The tables that may be handed over, with the columns that may be missing in them.
LISTS = {"modules.csv": ("signed_off",), "activities.csv": ("page", "learning_outcomes", "url")}
_WORD = re.compile(r"[^\W\d_]+")
_FILL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


class Choices(NamedTuple):
    """What the new portfolio shall be; without a title or a role it gets those that go with the curriculum.

    ``lists`` are tables of one's own, by their name in ``data/``, in place of those that come with the tool.
    """

    start: date
    title: str = ""
    curriculum: str = CURRICULUM
    role: str = ""
    lists: Mapping[str, Path] = {}


class Made(NamedTuple):
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


def start(folder: Path, chosen: Choices, today: date, *, dry_run: bool = False) -> Made:
    """Fill a new folder with a portfolio; with ``dry_run`` make and check it elsewhere, and keep nothing.

    Raises Refusal, with nothing made, where the folder holds something or what was wished for is wrong.
    """
    if chosen.start > today:
        raise Refusal(f"{chosen.start} is in the future. A portfolio starts once the programme has.")
    with new_folder(folder, keep=not dry_run) as tree:
        kit.lay_out(tree)
        _write_records(tree, chosen)
        try:
            portfolio = reading.load(tree, today, without_pages=True)
        except reading.RecordsError as error:
            raise Refusal(_in_lists(error, chosen)) from error
        _write_pages(tree, portfolio)
        approved, to_review = _approve(tree, portfolio, today)
        shutil.rmtree(tree / "_build", ignore_errors=True)  # where screening remembers
        files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    return Made(portfolio, files, approved, to_review)


@contextmanager
def new_folder(folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """A tree to fill: put in the place of ``folder`` in one step at the end, and gone after a fault."""
    folder = folder.resolve()
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise Refusal(f"{folder} is there already. Name a folder that does not exist yet, or an empty one.")
    if not folder.parent.is_dir():
        raise Refusal(f"{folder.parent} does not exist. Make that folder first, or choose another.")
    # On the same disk, or it could not be put in place in one step.
    made = tempfile.TemporaryDirectory(prefix=".portfolio-", dir=folder.parent, ignore_cleanup_errors=True)
    with made as place:
        tree = Path(place) / folder.name
        tree.mkdir()
        yield tree
        if keep:
            if folder.is_dir():
                folder.rmdir()  # Windows puts nothing in the place of a folder
            tree.rename(folder)


# -- records ----------------------------------------------------------------------------------


def _write_records(tree: Path, chosen: Choices) -> None:
    """Settings and tables, with one's own in place of those that come with the tool. Raises Refusal."""
    for path in (FIRST / FOLDER).iterdir():
        if path.name != "milestones.csv":
            disk.put(tree / FOLDER / path.name, drafts.filled(f"first/data/{path.name}", chosen=chosen))
    modules, activities = (_rows(chosen.lists.get(name, tree / FOLDER / name), name) for name in LISTS)
    names = {row["code"]: row["module"] for row in modules}
    for row in activities:
        row["page"] = row["page"] or _page_path(row, names.get(row["module"], ""))
    for name, rows in zip(LISTS, (modules, activities), strict=True):
        disk.put(tree / FOLDER / name, disk.csv_text([COLUMNS[name], *map(dict.values, rows)]))

    listed = Counter(row["module"] for row in activities)
    counts = {code: listed[code] for code in names if listed[code]}
    due = partial(dates.months_after, chosen.start)
    text = drafts.filled("first/data/milestones.csv", counts=counts, due=due)
    disk.put(tree / FOLDER / "milestones.csv", text)


def _in_lists(error: reading.RecordsError, chosen: Choices) -> str:
    """What is wrong, said of the files that were handed over."""
    text = "\n".join(f"  {finding}" for finding in error.findings)
    for name, path in chosen.lists.items():
        text = text.replace(f"{FOLDER}/{name}", str(path))
    both = "Modules and activities go together: give --modules and --activities." if chosen.lists else ""
    return f"Nothing was made. What is wrong:\n{text}\n{both}".rstrip()


def _rows(path: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table, with a cell for each column. Raises Refusal."""
    remedy = "Check its name, and save it as 'CSV UTF-8'."
    try:
        text, _ = disk.decode(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{path} cannot be read ({error}). {remedy}") from error
    separator = reading.separator_of(text, name)
    lines = csv.DictReader(io.StringIO(text, newline=""), None, "more", "", delimiter=separator)
    lines.fieldnames = [column.strip().lower() for column in lines.fieldnames or ()]
    optional = LISTS[name]
    if missing := [column for column in COLUMNS[name] if column not in (*lines.fieldnames, *optional)]:
        whole = f"Its first line is {','.join(COLUMNS[name])}; {phrases.series(optional)} may be left out"
        raise Refusal(f"{path} has no column {phrases.series(missing)}. {whole}. {remedy}")
    rows = []
    for line in lines:
        if any(line.get("more", "")):
            fault = f"{path}, row {lines.line_num}: the row has more cells than the header"
            raise Refusal(f"{fault}. Put a text that holds the separator in quotation marks.")
        rows.append({column: line.get(column, "").strip() for column in COLUMNS[name]})
    if not rows:
        raise Refusal(f"{path} has no rows. {remedy}")
    return rows


def _page_path(row: Mapping[str, str], module: str) -> str:
    """``B-P1_Imaging_Physics/3_TestDetector``: the module's code and name, number and title."""

    def words(text: str, count: int) -> list[str]:
        found = [word for word in re.findall(r"[A-Za-z0-9]+", text) if word.lower() not in _FILL_WORDS]
        return [word.capitalize() for word in found[:count]]

    folder = "_".join([re.sub(r"[^\w.-]", "", row["module"]), *words(module, 3)])
    return f"{folder}/{row['number']}_{''.join(words(row['title'], 4))}"


# -- pages and words --------------------------------------------------------------------------


def _write_pages(tree: Path, portfolio: Portfolio) -> None:
    """Plans and chapters, then what goes with them: home page, pages about the book, contents, settings."""
    folders: dict[str, list[str]] = {}
    for activity in portfolio.activities:
        folders.setdefault(activity.page.rpartition("/")[0], []).append(activity.page)
        disk.put(tree / f"{activity.page}.md", drafts.draft(portfolio, activity))
    links = []
    for folder in filter(None, folders):
        text = drafts.chapter(portfolio, folder)
        links.append(f"[{text.splitlines()[0].removeprefix('# ')}]({folder}/index.md)")
        disk.put(tree / folder / "index.md", text)
    listed: dict[str, Any] = {"folders": folders, "links": phrases.series(links)}
    for path in [*FIRST.glob("*.yml"), *FIRST.rglob("*.md")]:
        name = path.relative_to(FIRST).as_posix()
        disk.put(tree / name, drafts.filled(f"first/{name}", settings=portfolio.settings, **listed))


def _approve(tree: Path, portfolio: Portfolio, today: date) -> tuple[list[str], list[str]]:
    """Approve the words of the curriculum, which name nobody: modules, titles and its code.

    Of the book's title and the role, which a person has typed, only plain words that are no given name.
    Returns the terms that were approved, and those that were not.
    """
    found = sources.run(tree, portfolio)
    if identifiers := [each for each in found if each.code in (leaving.CERTAIN, leaving.IDENTIFIER)]:
        raise FaultsError("Nothing was made. What could identify a person:", identifiers)
    texts = [portfolio.settings.curriculum, *(activity.title for activity in portfolio.activities)]
    texts += [f"{module.code} {module.name}" for module in portfolio.modules]
    curriculum = set(_WORD.findall(" ".join(texts).casefold()))

    def is_known(term: str) -> bool:
        words = set(_WORD.findall(term.casefold())) - curriculum
        return all(is_english(word) and word not in first_names() for word in words)

    terms = dict.fromkeys(each.value for each in found if each.code == leaving.TERM)
    approved = list(filter(is_known, terms))
    lines = "".join(f"{term} | {today} | from the curriculum\n" for term in approved)
    disk.put(tree / decisions.TERMS, disk.read_text(tree / decisions.TERMS) + lines)
    return approved, [term for term in terms if term not in approved]

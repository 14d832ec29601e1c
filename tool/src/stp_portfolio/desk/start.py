"""Make a new portfolio in a folder of its own, from the package alone."""

import csv
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from stp_portfolio.core import dates, disk, phrases, progress, reading
from stp_portfolio.core.contract import FOLDER
from stp_portfolio.core.findings import Finding, Refusal, quoted
from stp_portfolio.core.records import Portfolio
from stp_portfolio.desk import drafts, kit
from stp_portfolio.desk import lists as reading_lists
from stp_portfolio.desk.lists import ACTIVITIES, MODULES, Found, List
from stp_portfolio.privacy import decisions, leaving, sources, told
from stp_portfolio.privacy.vocabulary import first_names, is_english
from stp_portfolio.show import sentences

FIRST = drafts.TEMPLATES / "first"  # what is written once, and is the trainee's from then on
CURRICULUM = "SBI1-3-23"  # that of the modules and activities which come with the tool
UNNAMED = "not named yet"  # that of one's own list
_WORD = re.compile(r"[^\W\d_]+")


class Choices(NamedTuple):
    """What the new portfolio shall be; without a title or a role it gets those that go with the curriculum.

    ``lists`` are tables of one's own, by their name in ``data/``, in place of those that come with the tool.
    """

    start: date
    title: str = ""
    curriculum: str = CURRICULUM
    role: str = ""
    lists: Mapping[str, List] = {}


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
    told.names(title=chosen.title, role=chosen.role, curriculum=chosen.curriculum)
    with new_folder(folder, keep=not dry_run) as tree:
        kit.lay_out(tree)
        _write_records(tree, chosen)
        portfolio = loaded(tree, chosen.lists, "made", today=today)
        _write_pages(tree, portfolio)
        approved, to_review = approvable(portfolio, sources.run(tree, portfolio), chosen.lists, "made")
        lines = [*disk.read_text(tree / decisions.TERMS).splitlines(), *approval_lines(approved, today), ""]
        disk.put(tree / decisions.TERMS, "\n".join(lines))
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


def lists_in(given: Mapping[str, Path]) -> Found:
    """The lists in files that were handed over by table, to be looked at before anything is made of them."""
    known = {row["code"]: row["module"] for row in _own_rows(MODULES) if row["code"]}
    found = reading_lists.read(given, known, "a sheet of the same workbook, or a file with --modules")
    needed = {row["module"] for row in _own_rows(ACTIVITIES)}
    if [*found.lists] == [MODULES] and needed - {row["code"] for row in found.lists[MODULES].rows}:
        fault = "Modules and activities go together: those that come with the tool belong to its own modules"
        raise Refusal(f"{fault}. Give yours as well, as a sheet of the same workbook or with --activities.")
    return found


def _own_rows(name: str) -> list[dict[str, str]]:
    """The rows of a table that comes with the tool, with the places that a choice fills still in it."""
    return list(csv.DictReader(disk.read_text(FIRST / FOLDER / name).splitlines()))


def _write_records(tree: Path, chosen: Choices) -> None:
    """Settings and tables, with one's own in place of those that come with the tool."""
    own = [path.name for path in (FIRST / FOLDER).iterdir() if path.name != "milestones.csv"]
    texts = {name: drafts.filled(f"{FIRST.name}/{FOLDER}/{name}", chosen=chosen) for name in own}
    texts |= {name: found.table(name).decode() for name, found in chosen.lists.items()}
    modules, activities = (csv.DictReader(texts[name].splitlines()) for name in (MODULES, ACTIVITIES))
    counts = Counter(row["module"] for row in activities)
    phases = {row["module"]: row["phase"] for row in modules}
    texts["milestones.csv"] = milestones(counts, chosen.start, phases)
    for name, text in texts.items():
        disk.put(tree / FOLDER / name, text)


def loaded(root: Path, lists: Mapping[str, List], done: str, **ways: Any) -> Portfolio:
    """Records with lists that were handed over; what is wrong is said of these. Raises Refusal."""
    try:
        return reading.load(root, without_pages=True, **ways)
    except reading.RecordsError as error:
        named = [(lists.get(Path(finding.file).name), finding) for finding in error.findings]
        said = [found.told(finding) for found, finding in named if found]  # other faults are their echo
        faults = "\n".join(f"  {each}" for each in said or error.findings)
        raise Refusal(f"Nothing was {done}. What is wrong:\n{faults}") from error


def milestones(counts: Mapping[str, int], begun: date, phases: Mapping[str, str] = {}) -> str:
    """The dates that count, as a table; ``counts`` are the activities of each module by its code.

    ``phases`` has the phase of each module by its title.
    """
    due, file = partial(dates.months_after, begun), "first/data/milestones.csv"
    return drafts.filled(file, counts=counts, phases=phases.values(), titles=phases.keys(), due=due)


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


def approval_lines(terms: Iterable[str], today: date) -> list[str]:
    """The lines by which the terms of a curriculum are approved."""
    return [f"{term} | {today} | from the curriculum" for term in terms]


def approvable(
    portfolio: Portfolio, found: Iterable[Finding], lists: Mapping[str, List], done: str
) -> tuple[list[str], list[str]]:
    """Of the terms that screening found those of the curriculum, which name nobody, and the others.

    The curriculum's words are those of its modules, titles and code; of what else a person has typed only
    plain words are approved that are no given name. Raises Refusal for identifiers, said of the lists.
    """
    held = list(found)
    if stops := {each.value: each for each in held if each.code in (leaving.CERTAIN, leaving.IDENTIFIER)}:
        lines = [_said_of(lists, value, each) for value, each in stops.items()]
        raise Refusal("\n  ".join([f"Nothing was {done}. What could identify a person:", *lines]))
    texts = [portfolio.settings.curriculum, *(activity.title for activity in portfolio.activities)]
    texts += [f"{module.code} {module.name}" for module in portfolio.modules]
    curriculum = set(_WORD.findall(" ".join(texts).casefold()))

    def is_known(term: str) -> bool:
        words = set(_WORD.findall(term.casefold())) - curriculum
        return all(is_english(word) and word not in first_names() for word in words)

    terms = dict.fromkeys(each.value for each in held if each.code == leaving.TERM)
    approved = list(filter(is_known, terms))
    return approved, [term for term in terms if term not in approved]


def _said_of(lists: Mapping[str, List], value: str, found: Finding) -> str:
    """An identifier with the row of a list in which it stands, or else its file."""
    rows = (row for each in lists.values() for row in each.rows if value in " ".join(row.values()))
    place = next((row["place"] for row in rows), found.file)
    return f"{place}: {quoted(value)} {found.fault.partition(':')[0]}. Reword it there."


def in_words(made: Made) -> list[str]:
    """What was made, and by when it asks for what."""
    own, begun = made.portfolio, dates.written(made.portfolio.settings.start)
    said = [f"{own.settings.title}, begun on {begun}, in {len(made.files)} files."]
    said += [f"{phrases.activities(len(own.activities)).capitalize()} with a plan to fill in."]
    said += words_told(made.approved, made.to_review)
    for group in progress.milestones(own):
        asks = "; ".join(sentences.asked(each) for each in group if each.required)
        said += [f"- {dates.written(group[0].date)}: {group[0].name}{f', {asks}' if asks else ''}"]
    return [*said, "Check these dates with the School; they stand in data/milestones.csv."]


def words_told(approved: Sequence[str], to_review: Sequence[str]) -> list[str]:
    """Which terms were approved as the curriculum's, and which wait for a person."""
    said = []
    if approved:
        words = phrases.series(approved)
        said += [f"Words of your curriculum, approved in data/approved_terms.txt: {words}."]
        said += ["Take out what names a person or a place."]
    if to_review:
        said += [f"To review before you publish, with portfolio check: {phrases.series(to_review)}."]
    return said

"""Make a portfolio one's own, and its pages: from the templates, into the contents, never over what is written."""

from __future__ import annotations

import calendar
import csv
import io
import re
import shutil
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from string import Template
from typing import Any

from stp_portfolio.core import (
    dates,
    disk,
    phrases,
    progress,
    reading,
    repository,
)
from stp_portfolio.core.contract import COLUMNS, FOLDER, SETTINGS
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.reading import RecordsError
from stp_portfolio.core.records import Portfolio
from stp_portfolio.core.writing import BACKUPS
from stp_portfolio.desk import drafts, editions
from stp_portfolio.privacy import sources
from stp_portfolio.privacy.vocabulary import first_names, is_english
from stp_portfolio.show import pages

# The example as it was, for the tests of the program: they need pages and records whose every number is known.
EXAMPLE = "tests/example.zip"
GUIDE = "docs"
_CONTENT_FILES = ("_config.yml", "_toc.yml", "intro.md", "myst.yml")
_PROGRAM_FOLDERS = ("stp_portfolio", "tests", "benchmarks")
_WORD = re.compile(r"[^\W\d_]+")
_FILL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


class StartError(Refusal):
    """A portfolio or page that was not made: why, and what to do. Nothing has changed."""


# -- one page ---------------------------------------------------------------------------------


# -- a portfolio of one's own -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What the new portfolio shall be; None keeps what the example has.

    ``modules`` and ``activities`` are CSV files as in ``data/``. In that of the activities, the
    columns ``page``, ``learning_outcomes`` and ``url`` may be missing or empty.
    """

    start: date
    title: str | None = None
    curriculum: str | None = None
    role: str | None = None
    modules: Path | None = None
    activities: Path | None = None


@dataclass(slots=True)
class Changes:
    """What ``start`` changes, as paths from the root; the terms that it approves, and those that wait for a person."""

    made: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    to_review: list[str] = field(default_factory=list)
    backup: Path | None = None


def first_monday_of_september(today: date) -> date:
    """The day on which the latest cohort began: the first Monday of the last September."""
    year = today.year
    while True:
        day = next(date(year, 9, n) for n in range(1, 8) if date(year, 9, n).weekday() == 0)
        if day <= today:
            return day
        year -= 1


def start(root: Path, wish: Wish, today: date, *, dry_run: bool = False) -> Changes:
    """Turn a fresh copy of the repository into a portfolio of one's own.

    The new one is made and checked in a temporary tree first, and what it replaces is packed into
    ``data/.backup``; then it is put in place, not committed. Raises StartError, RecordsError or
    editions.EditionError, with nothing changed, where this is no fresh copy, there is something
    uncommitted, or what was wished for is wrong.
    """
    portfolio = reading.load(root)
    if not portfolio.settings.example:
        raise StartError(
            f"This portfolio is its owner's already: {FOLDER}/{SETTINGS} has no line example = true. "
            "To begin another, take a fresh copy of the repository and run start there."
        )
    changed = repository.git(root, "status", "--porcelain")
    if changed is None:
        raise StartError(
            "This folder is no git repository, so a mistake could not be undone. "
            'Run: git init; git add --all; git commit -m "The example"; then start again.'
        )
    if changed.strip():
        raise StartError(
            f"There are changes that are not committed. Commit or undo them first:\n{changed.rstrip()}"
        )
    with editions.staged(root) as tree:
        approved, to_review = _transform(tree, portfolio, wish, today, repository.tracked(root))
        changes = _difference(root, tree, repository.tracked(root))
        changes.approved, changes.to_review = approved, to_review
        if not dry_run:
            changes.backup = _back_up(root, [*changes.rewritten, *changes.removed])
            _apply(root, tree, changes)
    return changes


def _transform(
    tree: Path, portfolio: Portfolio, wish: Wish, today: date, tracked: list[str]
) -> tuple[list[str], list[str]]:
    """Turn the staged tree. Returns the terms that were approved, and those that were not."""
    _keep_example(tree, tracked)
    folders = {activity.page.rpartition("/")[0] for activity in portfolio.activities} - {""}
    for piece in portfolio.evidence:
        if piece.file:
            (tree / piece.file).unlink(missing_ok=True)
    for folder in folders:
        shutil.rmtree(tree / folder, ignore_errors=True)
    for activity in portfolio.activities:
        (tree / f"{activity.page}.md").unlink(missing_ok=True)
    shutil.rmtree(tree / "examples", ignore_errors=True)
    settings = portfolio.settings
    title = wish.title or (settings.title if wish.curriculum in (None, settings.curriculum) else "")
    curriculum = wish.curriculum or settings.curriculum
    role = wish.role or (
        settings.role if curriculum == settings.curriculum else "Scientist Training Programme trainee"
    )
    title = title or f"NHS Scientist Training Programme [{curriculum}]"
    data = tree / FOLDER
    _write((data / SETTINGS), _settings(title, role, curriculum, wish.start, settings.language))
    for name in ("progress.csv", "evidence.csv", "milestones.csv"):
        _write((data / name), ",".join(COLUMNS[name]) + "\n")
    _write_rows(data, "modules.csv", _rows(tree, "modules.csv", wish.modules, {"signed_off": ""}))
    rows = list(_rows(tree, "activities.csv", wish.activities, {}))
    known = {row["code"]: row["module"] for row in _rows(tree, "modules.csv", None, {})}
    for row in rows:
        row["page"] = row["page"] or _page_path(row, known.get(row["module"], ""))
        row["url"] = row["url"].replace(settings.curriculum, curriculum)
    _write_rows(data, "activities.csv", rows)
    own = _load(tree, wish, today)
    _write_rows(data, "milestones.csv", _milestones(tree, own))
    own = _load(tree, wish, today)
    _write_book(tree, own)
    approved = _approve(tree, own, today)
    reading.load(tree, today)
    return approved


def is_program(name: str) -> bool:
    """Whether a path from the root belongs to the program rather than to what a portfolio holds."""
    top, slash, _ = name.partition("/")
    return top in _PROGRAM_FOLDERS or top.startswith(".") or (not slash and name not in _CONTENT_FILES)


def _keep_example(tree: Path, tracked: list[str]) -> None:
    target = tree / EXAMPLE
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(tracked):
            if not is_program(name) and (tree / name).is_file():
                info = zipfile.ZipInfo(name)  # without the time of day: the same example, the same bytes
                archive.writestr(info, (tree / name).read_bytes(), zipfile.ZIP_DEFLATED)


def _load(tree: Path, wish: Wish, today: date) -> Portfolio:
    """The records of the staged tree; a fault in a file that was handed over is said of that file."""
    try:
        return reading.load(tree, today, without_pages=True)
    except RecordsError as error:
        text = "\n".join(f"  {problem}" for problem in error.findings)
        for name, path in (("modules.csv", wish.modules), ("activities.csv", wish.activities)):
            if path is not None:
                text = text.replace(f"{FOLDER}/{name}", str(path))
        hint = ""
        if (wish.modules is None) != (wish.activities is None):
            missing = "--activities" if wish.activities is None else "--modules"
            hint = f"\nThe other of the two files is still the example's; give your own with {missing}."
        raise StartError(f"Nothing was changed. What is wrong:\n{text}{hint}") from error


def _rows(tree: Path, name: str, given: Path | None, instead: dict[str, str]) -> Iterator[dict[str, str]]:
    """The rows of a CSV of the tree, or of the file given for it, with some cells replaced."""
    path = given or tree / FOLDER / name
    try:
        text, _ = disk.decode(path.read_bytes())
    except OSError as error:
        raise StartError(f"{path} cannot be read ({error.strerror}). Check its name.") from error
    except UnicodeDecodeError as error:
        raise StartError(f"{path} is neither UTF-8 nor Windows text. Save it as 'CSV UTF-8'.") from error
    separator = reading.separator_of(text, name)
    lines = [
        line
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        if any(map(str.strip, line))
    ]
    header = [cell.strip().lower() for cell in lines[0]] if lines else []
    optional = ("page", "learning_outcomes", "url") if name == "activities.csv" else ("signed_off",)
    missing = [column for column in COLUMNS[name] if column not in (*header, *optional)]
    if missing or not lines[1:]:
        raise StartError(
            f"{path} has no column {phrases.series(missing)}. " if missing else f"{path} has no rows. "
            f"Its first line is {','.join(COLUMNS[name])}, and {phrases.series(optional)} may be left out."
        )  # fmt: skip
    for number, line in enumerate(lines[1:], start=2):
        if len(line) > len(header) and any(map(str.strip, line[len(header) :])):
            raise StartError(
                f"{path}, row {number}: the row has {len(line)} cells, the header {len(header)}. "
                "Put a text that holds the separator in quotation marks."
            )
        cells = dict(zip(header, [cell.strip() for cell in line] + [""] * len(header), strict=False))
        yield {**{column: cells.get(column, "") for column in COLUMNS[name]}, **instead}


def _write_rows(data: Path, name: str, rows: Iterable[dict[str, str]]) -> None:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS[name], lineterminator="\n")
    writer.writeheader()
    writer.writerows(list(rows))
    _write((data / name), buffer.getvalue())


def _camel(text: str, count: int) -> list[str]:
    found = [word for word in re.findall(r"[A-Za-z0-9]+", text) if word.lower() not in _FILL_WORDS]
    return [word.capitalize() for word in found[:count]]


def _page_path(row: dict[str, str], module: str) -> str:
    """``B-P1_Imaging_Physics/3_TestDetector``: the module's code and name, number and title."""
    folder = "_".join([re.sub(r"[^\w.-]", "", row["module"]), *_camel(module, 3)])
    return f"{folder}/{row['number']}_{''.join(_camel(row['title'], 4))}"


def _settings(title: str, role: str, curriculum: str, begun: date, language: str) -> str:
    def text(value: str) -> str:
        return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    return (
        "# Who this portfolio belongs to. Each key is explained in data/README.md.\n"
        f"title = {text(title)}\nrole = {text(role)}\ncurriculum = {text(curriculum)}\n"
        f"start = {begun}\nlanguage = {text(language)}\n"
    )


def _milestones(tree: Path, portfolio: Portfolio) -> Iterator[dict[str, str]]:
    """The dates that count, by the rules of ``templates/milestones.toml``."""
    path = drafts.TEMPLATES / "milestones.toml"
    begun = portfolio.settings.start
    for rule in tomllib.loads(path.read_text(encoding="utf-8"))["milestone"]:
        year, month = divmod(begun.year * 12 + begun.month - 1 + rule["months"], 12)
        day = date(year, month + 1, min(rule["day"], calendar.monthrange(year, month + 1)[1]))
        share = rule.get("required", {})
        required = {
            module.code: -(-len(progress.activities_of(portfolio, module.code)) * per_cent // 100)
            for module in progress.modules_with_activities(portfolio)
            if (per_cent := share.get(module.code, share.get("any")))
        }
        for code, count in required.items() or [("", "")]:
            yield {
                "date": day.isoformat(),
                "name": rule["name"],
                "module": code,
                "required": str(count),
                "note": rule["note"],
            }


def _write_book(tree: Path, portfolio: Portfolio) -> None:
    """Home page, chapters, plans, contents and settings of the book."""
    settings = portfolio.settings
    folders = list(dict.fromkeys(activity.page.rpartition("/")[0] for activity in portfolio.activities))
    for folder in filter(None, folders):
        (tree / folder).mkdir(parents=True, exist_ok=True)
        _write((tree / folder / "index.md"), drafts.chapter(portfolio, folder))
    for activity in portfolio.activities:
        _write((tree / f"{activity.page}.md"), drafts.draft(portfolio, activity))
    links = [
        f"[{pages.read(tree / folder / 'index.md').heading}]({folder}/index.md)"
        for folder in folders
        if folder
    ]
    home = (drafts.TEMPLATES / "home.md").read_text(encoding="utf-8")
    home = Template(home).substitute(
        title=phrases.plain(settings.title),
        role=phrases.plain(settings.role),
        curriculum=phrases.plain(settings.curriculum),
        month=dates.written_month(settings.start),
        chapters=phrases.series(links) or "[progress](notebooks/progress.ipynb)",
        index=f"{folders[0]}/index.md" if folders and folders[0] else "notebooks/progress.ipynb",
    )
    _write((tree / "intro.md"), home)
    toc = drafts._yaml(tree / "_toc.yml")
    parts = [part for part in toc["parts"][1:] if not _under(part, GUIDE)]
    chapters = [
        {
            "file": f"{folder}/index",
            "sections": [
                {"file": a.page} for a in portfolio.activities if a.page.rpartition("/")[0] == folder
            ],
        }
        for folder in folders
    ]
    toc["parts"] = [{"caption": "Activities", "chapters": chapters}, *parts]
    _write(tree / "_toc.yml", drafts._dumped(toc))
    config = drafts._yaml(tree / "_config.yml")
    config["title"] = config["project"] = settings.title
    config["author"] = settings.role
    config["copyright"] = str(settings.start.year)
    config.get("html", {}).pop("baseurl", None)
    _write(tree / "_config.yml", drafts._dumped(config))


def _under(part: Any, folder: str) -> bool:
    files = [item["file"] for item in drafts._entries(part) if "file" in item]
    return bool(files) and all(name.startswith(f"{folder}/") for name in files)


def _approve(tree: Path, portfolio: Portfolio, today: date) -> tuple[list[str], list[str]]:
    """Approve the words of the curriculum, which name nobody: modules, titles and its code.

    Of the book's title and the role, which a person has typed, only plain words that are no given name.
    """
    found = sources.run(tree, portfolio)
    if identifiers := [hit for hit in found if hit.code == sources.IDENTIFIER]:
        raise StartError("\n".join(["What could identify a person:", *(f"  {hit}" for hit in identifiers)]))
    curriculum = {word.casefold() for text in _curriculum(portfolio) for word in _WORD.findall(text)}

    def known(word: str) -> bool:
        return word in curriculum or (is_english(word) and word not in first_names())

    found_terms = dict.fromkeys(hit.value for hit in found)
    terms = [term for term in found_terms if all(known(word.casefold()) for word in _WORD.findall(term))]
    path = tree / sources.TERMS
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    _write(path, before + "".join(f"{term} | {today} | from the curriculum\n" for term in terms))
    return terms, [term for term in found_terms if term not in terms]


def _curriculum(portfolio: Portfolio) -> Iterator[str]:
    yield portfolio.settings.curriculum
    for module in portfolio.modules:
        yield from (module.code, module.name)
    for activity in portfolio.activities:
        yield activity.title


def _difference(root: Path, tree: Path, tracked: list[str]) -> Changes:
    now = {
        path.relative_to(tree).as_posix(): path
        for path in tree.rglob("*")
        if path.is_file() and path.relative_to(tree).parts[0] != "_build"
    }
    changes = Changes()
    before = {name for name in tracked if (root / name).is_file()}
    changes.removed = sorted(before - now.keys())
    for name in sorted(now):
        if not (root / name).is_file():
            changes.made.append(name)
        elif (root / name).read_bytes() != now[name].read_bytes():
            changes.rewritten.append(name)
    return changes


def _back_up(root: Path, names: list[str]) -> Path:
    folder = root / FOLDER / BACKUPS
    folder.mkdir(exist_ok=True)
    target = folder / f"before-start-{datetime.now(UTC):%Y%m%dT%H%M%S}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(root / name, name)
    return target


def _apply(root: Path, tree: Path, changes: Changes) -> None:
    """Put the new tree in place. The new pages come before the old ones go."""
    try:
        for name in [*changes.made, *changes.rewritten]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / name, root / name)
        for name in changes.removed:
            (root / name).unlink()
            for folder in (root / name).relative_to(root).parents[:-1]:
                if not any((root / folder).iterdir()):
                    (root / folder).rmdir()
    except OSError as error:
        raise StartError(
            f"{error.filename} cannot be changed ({error.strerror}). Close the program that holds it. "
            f"To return to the example, run: git restore . ; everything is in {changes.backup} as well."
        ) from error


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


# -- YAML that keeps its comments -------------------------------------------------------------

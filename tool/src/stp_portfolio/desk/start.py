"""Make a new portfolio in a folder of its own, from the package alone."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from string import Template

import yaml

import stp_portfolio
from stp_portfolio.core import dates, disk, phrases, progress, reading
from stp_portfolio.core.contract import COLUMNS, FOLDER
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Portfolio
from stp_portfolio.desk import drafts
from stp_portfolio.privacy import sources
from stp_portfolio.privacy.vocabulary import first_names, is_english

OWNED = drafts.TEMPLATES / "owned"  # what the tool writes and `portfolio upgrade` writes again
FIRST = drafts.TEMPLATES / "first"  # what is written once and is the trainee's from then on
DISTRIBUTION = "stp-portfolio"
CURRICULUM = "SBI1-3-23"  # that of the modules and activities which come with the tool
_OPTIONAL = {"modules.csv": ("signed_off",), "activities.csv": ("page", "learning_outcomes", "url")}
_WORD = re.compile(r"[^\W\d_]+")
_FILL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_NO_SOURCES = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


class StartError(Refusal):
    """A portfolio that was not made: why, and what to do. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the new portfolio shall be; None is what comes with the tool.

    ``modules`` and ``activities`` are CSV files as in ``data/``. In that of the activities, the
    columns ``page``, ``learning_outcomes`` and ``url`` may be missing or empty.
    """

    start: date
    title: str | None = None
    curriculum: str | None = None
    role: str | None = None
    modules: Path | None = None
    activities: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The new portfolio: its records and files, the terms that were approved, and those that wait for a person."""

    portfolio: Portfolio
    files: list[str]
    approved: list[str]
    to_review: list[str]


def first_monday_of_september(today: date) -> date:
    """The day on which the latest cohort began: the first Monday of the last September."""
    for year in (today.year, today.year - 1):
        seventh = date(year, 9, 7)
        day = seventh - timedelta(days=seventh.weekday())
        if day <= today:
            break
    return day


def start(folder: Path, wish: Wish, today: date, *, dry_run: bool = False) -> Made:
    """Fill a new folder with a portfolio; with ``dry_run`` make and check it elsewhere and keep nothing.

    Raises StartError or RecordsError, with nothing made, where the folder holds something or what was
    wished for is wrong.
    """
    with new_folder(folder, keep=not dry_run) as tree:
        lay_out(tree)
        _write_first(tree, wish)
        portfolio = _load(tree, wish, today)
        _write_rows(tree, "milestones.csv", _milestones(portfolio))
        portfolio = _load(tree, wish, today)
        _write_pages(tree, portfolio)
        approved, to_review = _approve(tree, portfolio, today)
        reading.load(tree, today)
        shutil.rmtree(tree / "_build", ignore_errors=True)
        files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    return Made(portfolio, files, approved, to_review)


@contextmanager
def new_folder(folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """A tree beside ``folder`` to fill; at the end it is put in its place in one step, and after a fault it is gone."""
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise StartError(f"{folder} is there already. Name a folder that does not exist yet, or an empty one.")
    if not folder.parent.is_dir():
        raise StartError(f"{folder.parent} does not exist. Make that folder first, or choose another.")
    beside = folder.parent if keep else None
    with tempfile.TemporaryDirectory(prefix=".portfolio-", dir=beside, ignore_cleanup_errors=True) as place:
        tree = Path(place) / folder.name
        tree.mkdir()
        yield tree
        if keep:
            if folder.is_dir():
                folder.rmdir()  # an empty one: Windows puts nothing in the place of a folder
            tree.rename(folder)


def lay_out(tree: Path) -> None:
    """What the tool owns in every portfolio: its files, itself as a wheel, and a list of what it wrote."""
    shutil.copytree(OWNED, tree, ignore=_NO_SOURCES, dirs_exist_ok=True)
    (tree / ".githooks" / "pre-commit").chmod(0o755)
    _write(tree, "requirements.txt", requirements())
    pack(tree / "wheels")


def requirements() -> str:
    """The pins of a portfolio made with this version."""
    text = (FIRST / "requirements.txt").read_text(encoding="utf-8")
    return Template(text).substitute(version=metadata.version(DISTRIBUTION))


def pack(folder: Path) -> Path:
    """Put this very package into ``folder`` as a wheel, whether it was installed or runs from a checkout."""
    about = metadata.distribution(DISTRIBUTION)
    stem = f"stp_portfolio-{about.version}"
    package = Path(stp_portfolio.__file__).parent
    paths = sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = {f"stp_portfolio/{path.relative_to(package).as_posix()}": path.read_bytes() for path in paths}
    for name in ("METADATA", "WHEEL", "entry_points.txt"):
        files[f"{stem}.dist-info/{name}"] = (about.read_text(name) or "").encode()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, raw in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(raw)])
    rows.writerow([f"{stem}.dist-info/RECORD", "", ""])
    files[f"{stem}.dist-info/RECORD"] = record.getvalue().encode()
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():  # without the time of day: the same package, the same bytes
            archive.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED)
    return wheel


def _write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_rows(tree: Path, name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Write a table of ``data/``; an empty row stays one, so that a fault is said of the row it stands in."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS[name])
    writer.writerows([row.get(column, "") for column in COLUMNS[name]] if row else [] for row in rows)
    _write(tree, f"{FOLDER}/{name}", buffer.getvalue())


def _write_first(tree: Path, wish: Wish) -> None:
    """Settings and records: those that come with the tool, or those that were handed over."""
    curriculum = wish.curriculum or CURRICULUM
    ours = curriculum == CURRICULUM
    of = "Clinical Informatics" if ours else "Scientist Training Programme"
    role = wish.role or f"{of} trainee"
    title = wish.title or f"NHS {'STP Clinical Informatics' if ours else of} [{curriculum}]"
    words = {"title": title, "role": role, "curriculum": curriculum, "start": str(wish.start)}
    words |= {f"{key}_quoted": _quoted(text) for key, text in words.items()} | {"year": str(wish.start.year)}
    for name in ("_config.yml", *(f"{FOLDER}/{path.name}" for path in (FIRST / FOLDER).iterdir())):
        _write(tree, name, Template((FIRST / name).read_text(encoding="utf-8")).substitute(words))
    for name in ("progress.csv", "evidence.csv", "milestones.csv"):
        _write_rows(tree, name, [])
    if wish.modules:
        _write_rows(tree, "modules.csv", _given(wish.modules, "modules.csv"))
    if wish.activities:
        names = {row.get("code", ""): row.get("module", "") for row in _given(tree / FOLDER / "modules.csv", "modules.csv")}
        rows = list(_given(wish.activities, "activities.csv"))
        for row in filter(None, rows):
            row["page"] = row.get("page") or _page_path(row, names.get(row["module"], ""))
        _write_rows(tree, "activities.csv", rows)


def _quoted(text: str) -> str:
    """A text as YAML and TOML read it alike: in quotation marks, without control characters."""
    return json.dumps(re.sub(r"[\x00-\x1f\x7f]", " ", text), ensure_ascii=False)


def _given(path: Path, name: str) -> Iterator[dict[str, str]]:
    """The rows of a file that was handed over, with the columns that the table has; an empty row is empty."""
    try:
        text, _ = disk.decode(path.read_bytes())
    except OSError as error:
        raise StartError(f"{path} cannot be read ({error.strerror}). Check its name.") from error
    except UnicodeDecodeError as error:
        raise StartError(f"{path} is neither UTF-8 nor Windows text. Save it as 'CSV UTF-8'.") from error
    if "\0" in text:
        raise StartError(f"{path} is no text in UTF-8; a spreadsheet may call it Unicode. Save it as 'CSV UTF-8'.")
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=reading.separator_of(text, name)))
    lines = [[cell.strip() for cell in line] for line in lines]
    header = [cell.lower() for cell in lines[0]] if lines else []
    missing = [column for column in COLUMNS[name] if column not in (*header, *_OPTIONAL[name])]
    if missing or not any(any(line) for line in lines[1:]):
        fault = f"has no column {phrases.series(missing)}" if missing else "has no rows"
        rule = f"Its first line is {','.join(COLUMNS[name])}, and {phrases.series(_OPTIONAL[name])} may be left out."
        raise StartError(f"{path} {fault}. {rule}")
    for number, line in enumerate(lines[1:], start=2):
        if any(line[len(header) :]):
            raise StartError(
                f"{path}, row {number}: the row has {len(line)} cells, the header {len(header)}. "
                "Put a text that holds the separator in quotation marks."
            )
        yield dict(zip(header, line, strict=False)) if any(line) else {}


def _page_path(row: Mapping[str, str], module: str) -> str:
    """``B-P1_Imaging_Physics/3_TestDetector``: the module's code and name, number and title."""

    def words(text: str, count: int) -> list[str]:
        found = [word for word in re.findall(r"[A-Za-z0-9]+", text) if word.lower() not in _FILL_WORDS]
        return [word.capitalize() for word in found[:count]]

    folder = "_".join([re.sub(r"[^\w.-]", "", row["module"]), *words(module, 3)])
    return f"{folder}/{row['number']}_{''.join(words(row['title'], 4))}"


def _load(tree: Path, wish: Wish, today: date) -> Portfolio:
    """The records of the new tree; a fault in a file that was handed over is said of that file."""
    try:
        return reading.load(tree, today, without_pages=True)
    except reading.RecordsError as error:
        text = "\n".join(f"  {finding}" for finding in error.findings)
        for name, path in (("modules.csv", wish.modules), ("activities.csv", wish.activities)):
            text = text.replace(f"{FOLDER}/{name}", str(path)) if path else text
        hint = ""
        if (wish.modules is None) != (wish.activities is None):
            missing = "--activities" if wish.activities is None else "--modules"
            hint = f"\nThe other of the two files is the one that comes with the tool; give your own with {missing}."
        raise StartError(f"Nothing was made. What is wrong:\n{text}{hint}") from error


def _milestones(portfolio: Portfolio) -> Iterator[dict[str, object]]:
    """The dates that count, by the rules of ``templates/milestones.toml``."""
    rules = tomllib.loads((drafts.TEMPLATES / "milestones.toml").read_text(encoding="utf-8"))
    for rule in rules["milestone"]:
        month = dates.months_after(portfolio.settings.start, rule["months"])
        last = dates.month_end(month.year, month.month)
        row = {"date": last.replace(day=min(rule["day"], last.day)), "name": rule["name"], "note": rule["note"]}
        share = rule.get("required", {})
        required = {
            module.code: -(-len(progress.activities_of(portfolio, module.code)) * per_cent // 100)
            for module in progress.modules_with_activities(portfolio)
            if (per_cent := share.get(module.code, share.get("any")))
        }
        yield from [row | {"module": code, "required": count} for code, count in required.items()] or [row]


def _write_pages(tree: Path, portfolio: Portfolio) -> None:
    """Home page, chapters, plans and contents."""
    settings = portfolio.settings
    folders: dict[str, list[str]] = {}
    for activity in portfolio.activities:
        folders.setdefault(activity.page.rpartition("/")[0], []).append(activity.page)
        _write(tree, f"{activity.page}.md", drafts.draft(portfolio, activity))
    alone = [{"file": page} for page in folders.pop("", [])]
    chapters = {folder: drafts.chapter(portfolio, folder) for folder in folders}
    for folder, text in chapters.items():
        _write(tree, f"{folder}/index.md", text)
    links = [f"[{text.splitlines()[0].removeprefix('# ')}]({folder}/index.md)" for folder, text in chapters.items()]
    home = Template((FIRST / "intro.md").read_text(encoding="utf-8")).substitute(
        title=phrases.plain(settings.title),
        role=phrases.plain(settings.role),
        curriculum=phrases.plain(settings.curriculum),
        month=dates.written_month(settings.start),
        chapters=phrases.series(links) or "[progress](notebooks/progress.ipynb)",
        index=f"{next(iter(folders))}/index.md" if folders else "notebooks/progress.ipynb",
    )
    _write(tree, "intro.md", home)
    opened = [
        {"file": f"{folder}/index", "sections": [{"file": page} for page in listed]}
        for folder, listed in folders.items()
    ]
    notebooks = [{"file": f"notebooks/{name}"} for name in ("progress", "credits", "coverage")]
    parts = [{"caption": "Activities", "chapters": opened + alone}, {"caption": "Progress", "chapters": notebooks}]
    toc = {"format": "jb-book", "root": "intro", "parts": parts}
    _write(tree, "_toc.yml", yaml.safe_dump(toc, sort_keys=False, allow_unicode=True, width=120))


def _approve(tree: Path, portfolio: Portfolio, today: date) -> tuple[list[str], list[str]]:
    """Approve the words of the curriculum, which name nobody: modules, titles and its code.

    Of the book's title and the role, which a person has typed, only plain words that are no given name.
    Returns the terms that were approved, and those that were not.
    """
    found = sources.run(tree, portfolio)
    if identifiers := [f"  {hit}" for hit in found if hit.direct]:
        raise StartError("\n".join(["Nothing was made. What could identify a person:", *identifiers]))
    texts = [portfolio.settings.curriculum, *(activity.title for activity in portfolio.activities)]
    texts += [text for module in portfolio.modules for text in (module.code, module.name)]
    curriculum = {word.casefold() for text in texts for word in _WORD.findall(text)}

    def known(word: str) -> bool:
        return word in curriculum or (is_english(word) and word not in first_names())

    terms = dict.fromkeys(hit.text for hit in found)
    approved = [term for term in terms if all(known(word.casefold()) for word in _WORD.findall(term))]
    before = disk.read_text(tree / sources.TERMS)
    _write(tree, sources.TERMS, before + "".join(f"{term} | {today} | from the curriculum\n" for term in approved))
    return approved, [term for term in terms if term not in approved]

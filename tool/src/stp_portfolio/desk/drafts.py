"""Pages from the templates: into the contents, never over what is written."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from stp_portfolio.core import configuration, dates, disk, phrases, progress, writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.progress import Status
from stp_portfolio.core.records import Activity, Evidence, Portfolio
from stp_portfolio.show import pages
from stp_portfolio.show.pages import UNWRITTEN

TEMPLATES = Path(__file__).parent / "templates"

GENERAL = "any"  # the prompts of an activity that has none of its own

_PROMPT = re.compile(r"\$prompt_(\w+)")

_MONTH = re.compile(r"\*\*[A-Z][a-z]+ \d{4}\.?\*\*")


def prompts(root: Path) -> dict[str, dict[str, str]]:
    """The optional prompts by activity (``MODULE/NUMBER``), and for every other one under ``GENERAL``.

    From ``templates/prompts.toml``. Keys are ``before``, ``in``, ``on``, ``beyond`` and sometimes
    ``evidence``. Raises OSError or tomllib.TOMLDecodeError where the file cannot be read.
    """
    path = TEMPLATES / "prompts.toml"
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return {**values["activity"], GENERAL: values[GENERAL]}


def prompts_for(root: Path, activity: Activity) -> dict[str, str]:
    """The prompts of one activity: its own, or the general ones. Raises as ``prompts`` does."""
    found = prompts(root)
    return found.get(str(activity.key), found[GENERAL])


def draft(portfolio: Portfolio, activity: Activity) -> str:
    """The author's first copy of a page: a plan before the activity has begun, a full page from then on.

    It keeps the contract and says to its reader what is still to be written; its prompts stand in
    comments, which never reach a reader. Raises OSError where a template is missing.
    """
    begun = progress.status(portfolio, activity.key, portfolio.on) is not Status.NOT_STARTED
    held = progress.evidence_for(portfolio, activity.key, portfolio.on)
    return _filled(portfolio, activity, "activity.md" if begun else "plan.md", held)


def _filled(portfolio: Portfolio, activity: Activity, name: str, held: Sequence[Evidence]) -> str:
    template = (TEMPLATES / name).read_text(encoding="utf-8")
    own = prompts_for(portfolio.root, activity)
    lines = [line for line in template.splitlines() if not (match := _PROMPT.search(line)) or match[1] in own]
    pieces = [f"**{piece.id}** is {UNWRITTEN} about: {phrases.plain(piece.title)}." for piece in held]
    month = date(portfolio.on.year + portfolio.on.month // 12, portfolio.on.month % 12 + 1, 1)
    return Template("\n".join(lines) + "\n").substitute(
        {f"prompt_{key}": text for key, text in own.items()},
        heading=phrases.plain(activity.heading),
        evidence="\n\n".join(pieces) or "No evidence is registered yet.",
        month=dates.written_month(month),
    )


def is_draft(portfolio: Portfolio, activity: Activity, text: str) -> bool:
    """Whether a page is a draft that its author has not touched, of any month and with any of its evidence."""

    def bare(draft: str) -> list[str]:
        return [_MONTH.sub("", line) for line in draft.splitlines() if line]

    held = progress.evidence_for(portfolio, activity.key, portfolio.on)
    forms = [("plan.md", ()), *(("activity.md", held[:count]) for count in range(len(held) + 1))]
    return any(bare(text) == bare(_filled(portfolio, activity, name, pieces)) for name, pieces in forms)


def opened(portfolio: Portfolio, activity: Activity, text: str) -> str:
    """The full page of an activity that has begun, with the words of its plan kept below as comments."""
    kept = [f"% {line}".rstrip() for line in text.splitlines() if not line.startswith(("%", "# "))]
    return f"{draft(portfolio, activity)}\n% The plan, as it was:\n" + "\n".join(kept) + "\n"


def write_page(portfolio: Portfolio, activity: Activity) -> str:
    """Make the page of an activity from the template, with its chapter and its place in the contents.

    A plan becomes a full page once the activity has begun, and its words stay below as comments; a
    page that is more than a plan is left alone. Returns what was done, in words.
    """
    path = disk.page_file(portfolio.root, activity.page) or portfolio.root / f"{activity.page}.md"
    folder = activity.page.rpartition("/")[0]
    done = "is there already"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        index = path.parent / "index.md"
        if folder and not index.is_file():
            disk.put(index, chapter(portfolio, folder))
        disk.put(path, draft(portfolio, activity))
        done = "was made from the template"
    elif path.suffix == ".md":
        page = pages.read(path)
        begun = progress.statuses(portfolio, portfolio.on)[activity.key] is not progress.Status.NOT_STARTED
        if begun and tuple(page.sections) == pages.PLAN_SECTIONS:
            text = path.read_text(encoding="utf-8-sig")
            disk.put(path, opened(portfolio, activity, text))
            done = (
                "was its plan and is a page to fill in now; the plan's words stand at its end, for you alone"
            )
    list_page(portfolio.root, activity.page)
    return done


def list_page(root: Path, page: str) -> None:
    """Name a page in the contents: after the last page of its folder, else in a chapter of its own.

    ``page`` is its path from the root, without ending. Raises Refusal where the contents cannot be read.
    """
    folder = page.rpartition("/")[0]
    index = f"{folder}/index" if folder and (root / folder / "index.md").is_file() else None
    if page in configuration.toc_files(root):
        return
    toc = _yaml(root / "_toc.yml")
    entry = {"file": page}
    entries = list(_entries(toc))
    lists = [item[key] for item in entries for key in ("chapters", "sections") if item.get(key)]
    beside = [
        (siblings, place)
        for siblings in lists
        for place, item in enumerate(siblings)
        if item.get("file") != index and str(item.get("file", "")).rpartition("/")[0] == folder
    ]
    chapter_of = next((item for item in entries if index and item.get("file") == index), None)
    if beside:
        siblings, place = beside[-1]
        siblings.insert(place + 1, entry)
    elif chapter_of is not None:
        chapter_of["sections"] = [entry]
    else:
        parts = toc.get("parts")
        wanted = {"file": index, "sections": [entry]} if index else entry
        (parts[0] if parts else toc).setdefault("chapters", []).append(wanted)
    writing.put(root, root / "_toc.yml", _dumped(toc).encode())


def _entries(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _entries(child)


def chapter(portfolio: Portfolio, folder: str) -> str:
    """The opening page of a chapter: the folder that holds the pages of one module or of several."""
    codes = dict.fromkeys(a.key.module for a in portfolio.activities if a.page.rpartition("/")[0] == folder)
    names = [f"{phrases.plain(m.name)} ({m.code})" for m in portfolio.modules if m.code in codes]
    template = (TEMPLATES / "chapter.md").read_text(encoding="utf-8")
    text = Template(template).substitute(heading=phrases.series(names) or folder)
    depth = folder.count("/")
    return text.replace("](../", "](" + "../" * (depth + 1))


def _yaml(path: Path) -> Any:
    from ruamel.yaml import YAMLError

    try:
        return _round_trip().load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, YAMLError) as error:
        raise Refusal(f"{path.name} cannot be read as YAML. Find the line: portfolio check") from error


def _dumped(values: Any) -> str:
    buffer = io.StringIO()
    _round_trip().dump(values, buffer)
    return buffer.getvalue()


def _round_trip() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    yaml.preserve_quotes = True
    return yaml

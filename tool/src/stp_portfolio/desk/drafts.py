"""Pages from the templates: into the contents, never over what is written."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

from stp_portfolio.core import configuration, dates, disk, phrases, progress, records, writing
from stp_portfolio.core.findings import Refusal
from stp_portfolio.core.records import Activity, Evidence, Portfolio
from stp_portfolio.show import pages
from stp_portfolio.show.pages import UNWRITTEN

TEMPLATES = Path(__file__).parent / "templates"

GENERAL = "any"  # the prompts of an activity that has none of its own

_FILL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_MONTH = re.compile(r"\*\*[A-Z][a-z]+ \d{4}\.?\*\*")


def filled(name: str, *, written: Callable[[Any], str] | None = None, **values: object) -> str:
    """A template with its places filled in. Raises jinja2's errors where it is missing or wrong.

    ``written`` writes each value so that nothing in it is taken for markup.
    Beside Jinja's own filters: ``plain`` for a text that is no markup to Markdown, ``quoted`` for one that
    YAML and TOML read alike, ``month`` for ``June 2025``.
    """
    from jinja2 import Environment, StrictUndefined

    pages = Environment(
        undefined=StrictUndefined, finalize=written,
        autoescape=written is not None,  # noqa: S701 - Markdown, YAML, TOML and CSV are no HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    as_string = partial(json.dumps, ensure_ascii=False)
    pages.filters |= {"plain": phrases.plain, "quoted": as_string, "month": dates.written_month}
    return pages.from_string(disk.read_text(TEMPLATES / name)).render(values)


def prompts_for(activity: Activity) -> dict[str, str]:
    """The prompts of one activity, its own or the general ones, from ``templates/prompts.toml``.

    Keys are ``before``, ``in``, ``on``, ``beyond`` and sometimes ``evidence``.
    """
    found = tomllib.loads((TEMPLATES / "prompts.toml").read_text(encoding="utf-8"))
    return found["activity"].get(str(activity.key), found[GENERAL])  # type: ignore[no-any-return]


def page_path(row: Mapping[str, str], module: str) -> str:
    """``B-P1_Imaging_Physics/3_TestDetector``: the module's code and name, number and title."""

    def words(text: str, count: int) -> list[str]:
        plain = normalize("NFKD", text).encode("ascii", "ignore").decode()  # without accents
        found = [word for word in re.findall(r"[A-Za-z0-9]+", plain) if word.lower() not in _FILL_WORDS]
        return [word.capitalize()[:24] for word in found[:count]]  # as long as every system can take

    folder = "_".join([re.sub(r"[^\w.-]", "", row["module"]), *words(module, 3)])
    return f"{folder}/{row['number']}_{''.join(words(row['title'], 4))}"


def draft(portfolio: Portfolio, activity: Activity) -> str:
    """The author's first copy of a page: a plan before the activity has begun, a full page from then on.

    It keeps the contract and says to its reader what is still to be written; its prompts stand in
    comments, which never reach a reader. Raises OSError where a template is missing.
    """
    name = "activity.md" if progress.history(portfolio, activity.key) else "plan.md"
    return _filled(portfolio, activity, name, progress.evidence_for(portfolio, activity.key))


def _filled(portfolio: Portfolio, activity: Activity, name: str, held: Sequence[Evidence]) -> str:
    words, month = prompts_for(activity), dates.written_month(dates.months_after(portfolio.on, 1))
    return filled(name, activity=activity, prompts=words, held=held, unwritten=UNWRITTEN, month=month)


def is_draft(portfolio: Portfolio, activity: Activity, text: str) -> bool:
    """Whether a page is an untouched draft, of any month and with any of its evidence."""

    def bare(draft: str) -> list[str]:
        return [_MONTH.sub("", line) for line in draft.splitlines() if line]

    held = progress.evidence_for(portfolio, activity.key)
    forms = [("plan.md", ()), *(("activity.md", held[:count]) for count in range(len(held) + 1))]
    return any(bare(text) == bare(_filled(portfolio, activity, name, pieces)) for name, pieces in forms)


def write_page(portfolio: Portfolio, activity: Activity) -> str:
    """Make the page of an activity from the template, with its chapter and its place in the contents.

    A plan becomes a full page once the activity has begun, and its words stay below as comments; a
    page that is more than a plan is left alone. Returns what was done, in words.
    """
    path = disk.page_file(portfolio.root, activity.page) or portfolio.root / f"{activity.page}.md"
    folder, begun = activity.page.rpartition("/")[0], progress.history(portfolio, activity.key)
    done = "is there already"
    if not path.is_file():
        index = path.parent / "index.md"
        if folder and not index.is_file():
            writing.put(portfolio.root, index, chapter(portfolio, folder).encode())
        writing.put(portfolio.root, path, draft(portfolio, activity).encode())
        done = "was made from the template"
    elif begun and path.suffix == ".md" and tuple(pages.read(path).sections) == pages.PLAN_SECTIONS:
        plan = [line for line in disk.read_text(path).splitlines() if not line.startswith(("%", "# "))]
        kept = ["% The plan, as it was:", *(f"% {line}".rstrip() for line in plan), ""]
        writing.put(portfolio.root, path, "\n".join([draft(portfolio, activity), *kept]).encode())
        done = "was its plan and is a page to fill in now; the plan's words stand at its end for you alone"
    list_page(portfolio.root, activity.page)
    return done


def write_pages_of(portfolio: Portfolio, code: str) -> list[str]:
    """Make every page of a module that is missing, with the chapter and its place in the contents."""
    own = records.of_module(portfolio, code).activities
    missing = [activity for activity in own if not disk.page_file(portfolio.root, activity.page)]
    made = [f"{activity.page}.md {write_page(portfolio, activity)}." for activity in missing]
    count = phrases.plural(len(made), "page")
    return [*made, f"{code}: {count} made, {len(own) - len(made)} there already."]


def list_page(root: Path, page: str) -> None:
    """Name a page in the contents: after the last page of its folder, else in a chapter of its own.

    ``page`` is its path from the root, without ending. Every other line of ``_toc.yml`` stays as it is.
    Raises Refusal where the file cannot be read, or has no line to put another one after.
    """
    listed, path = configuration.toc_files(root), root / "_toc.yml"
    if page in listed:
        return
    index = f"{page.rpartition('/')[0]}/index" if (root / page).with_name("index.md").is_file() else ""
    try:
        after = _with_entry(disk.read_text(path), page, index)
        named = {name.value for _, name in _under(yaml.compose(after), "file", "root")}
    except yaml.YAMLError as error:
        raise Refusal(f"{path.name} cannot be read as YAML. Find the line: portfolio check") from error
    if not {page, *listed} <= named:
        raise Refusal(f"{path.name} shows no place for the page '{page}'. Add it by hand: - file: {page}")
    writing.put(root, path, after.encode())


def _with_entry(toc: str, page: str, index: str) -> str:
    """The contents with one more page, on a line of its own and indented as what stands before it."""
    lines = toc.splitlines()
    before, new = _place(yaml.compose(toc), page, index)
    if before is None:
        return toc
    indent = " " * max(before.start_mark.column - 2, 0)
    end = max(value.end_mark.line for _, value in _under(before) if isinstance(value, yaml.ScalarNode)) + 1
    return "\n".join([*lines[:end], *(indent + line for line in new), *lines[end:], ""])


def _place(tree: yaml.Node | None, page: str, index: str) -> tuple[yaml.Node | None, list[str]]:
    """The entry that a page follows, None where there is none, and the lines to put there.

    Beside its folder's last page, else under its chapter ``index``, else as a new chapter.
    """
    entries = {name.value: entry for entry, name in _under(tree, "file")}
    siblings = [name for name in entries if name.rpartition("/")[0] == page.rpartition("/")[0]]
    if beside := [name for name in siblings if name != index]:
        return entries[beside[-1]], [f"- file: {page}"]
    nested = ["  sections:", f"    - file: {page}"]
    lists = _under(entries[index], "sections") if siblings else _under(tree, "chapters")
    last = next((each.value[-1] for _, each in lists if each.value), None)
    if siblings:
        return (last, [f"- file: {page}"]) if last else (entries[index], nested)
    return last, [f"- file: {index}", *nested] if index else [f"- file: {page}"]


def _under(node: yaml.Node | None, *keys: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Every value below a node that stands under one of the keys, or any, with the mapping it stands in."""
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        key, value = child if isinstance(child, tuple) else (None, child)
        if node and key and (not keys or key.value in keys):
            yield node, value
        yield from _under(value, *keys)


def chapter(portfolio: Portfolio, folder: str) -> str:
    """The opening page of a chapter: the folder that holds the pages of one module or of several."""
    codes = {a.key.module for a in portfolio.activities if a.page.rpartition("/")[0] == folder}
    names = [phrases.plain(m.heading) for m in portfolio.modules if m.code in codes]
    return filled("chapter.md", heading=phrases.series(names) or folder, up="../" * (folder.count("/") + 1))

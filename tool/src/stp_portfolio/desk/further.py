"""Take what is new in a list of modules and activities into a portfolio that is there, with its pages."""

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import date

from stp_portfolio.core import phrases, writing
from stp_portfolio.core.contract import FOLDER, fold
from stp_portfolio.core.records import Portfolio
from stp_portfolio.desk import drafts, start
from stp_portfolio.desk.lists import ACTIVITIES, MODULES, List, Rows
from stp_portfolio.privacy import decisions, leaving


def new_in(portfolio: Portfolio, lists: Mapping[str, List]) -> dict[str, List]:
    """The rows of lists, by table, that the portfolio does not have.

    A module is known by its code, or by its name where it has none; an activity by module and number.
    """
    has = {fold(module.code or module.name) for module in portfolio.modules}
    has |= {fold(activity.key) for activity in portfolio.activities}
    rows = {file: lists[file].rows if file in lists else [] for file in (MODULES, ACTIVITIES)}
    return {file: List([row for row in own if _key(row) not in has]) for file, own in rows.items()}


def _key(row: Mapping[str, str]) -> str:
    return fold(f"{row['module']}/{row['number']}" if "number" in row else row["code"] or row["module"])


def add(portfolio: Portfolio, new: Mapping[str, List], today: date) -> list[str]:
    """Add rows with their pages, chapters, contents, words and dates that count; says what was done.

    Raises Refusal, with nothing changed, where a row is wrong or could identify somebody.
    """
    root, known = portfolio.root, decisions.known(portfolio.root, portfolio)
    own: dict[str, list[tuple[object, ...]]] = {  # below the new rows: a fault is said of these
        MODULES: [(*each[:-1], each.signed_off or "") for each in portfolio.modules],
        ACTIVITIES: [(*each.key, *each[1:]) for each in portfolio.activities],
    }
    whole = {file: found.table(file, own[file]) for file, found in new.items()}
    after = start.loaded(root, new, "changed", instead=whole)
    pages = [each for each in after.activities if each not in portfolio.activities]
    made = [(f"{each.page}.md", drafts.draft(after, each).encode()) for each in pages]
    made += [(f"{FOLDER}/{file}", found.table(file)) for file, found in new.items()]
    approved, asked = start.approvable(after, leaving.screen(made, *known), new, "changed")
    due = _due(portfolio, after)
    writing.append(root, MODULES, *new[MODULES].rows)
    for activity in pages:
        drafts.write_page(after, activity)
    writing.append(root, ACTIVITIES, *new[ACTIVITIES].rows)
    writing.append(root, "milestones.csv", *due)
    terms = start.approval_lines(approved, today)
    writing.change_lines(root, "approved_terms.txt", lambda before: [*before, *terms])
    return _said(after, [len(found.rows) for found in new.values()], due, approved, asked)


def _due(before: Portfolio, after: Portfolio) -> Rows:
    """By when the activities of each module that is new are due, as in a new portfolio."""
    had = {each.key.module for each in before.activities} | {each.module for each in before.milestones}
    counts = Counter(each.key.module for each in after.activities if each.key.module not in had)
    rows = csv.DictReader(start.milestones(counts, after.settings.start).splitlines())
    return [row for row in rows if row["module"] in counts]


def _said(after: Portfolio, counts: list[int], due: Rows, approved: list[str], asked: list[str]) -> list[str]:
    said = [f"{phrases.plural(counts[0], 'module')} and {phrases.activities(counts[1])} came in."]
    said += start.words_told(approved, asked)
    if due:
        said += [f"- {row['date']}: {row['name']}, {row['required']} of {row['module']}" for row in due]
        said.append("Check these dates with the School; they stand in data/milestones.csv.")
    if counts[0] and (left := phrases.series([module.name for module in after.modules if not module.code])):
        said.append(f"Modules without a code still stand in data/modules.csv: {left}.")
        said.append("Take out those that the new ones replace, or their credits count twice.")
    return said

"""An independent recount of a portfolio from its CSV files: plain loops, none of the package's code."""

import csv
import re
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

WORDS = {None: "Not started", "started": "In progress", "submitted": "Submitted"}
WORDS |= {"returned": "Returned", "signed_off": "Signed off", "withdrawn": "Returned"}
MONTHS = "January February March April May June July August September October November December".split()


def rows(tree, name):
    """The rows of a table."""
    with (tree / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(text):
    year, month, day = map(int, text.split("-"))
    return f"{day} {MONTHS[month - 1]} {year}"


def steps_ahead(tree, month):
    """The months, as (year, month), of the steps from a month on that have no outcome, by their own marks."""
    found = []
    step = rf"(?:- |In )\*\*({'|'.join(MONTHS)}) (\d{{4}})\.?\*\*(.*?)(?= - \*\*|$)"
    for path in (tree / "C1_Professional_Foundations").glob("*.md"):
        for name, year, rest in re.findall(step, " ".join(path.read_text(encoding="utf-8").split())):
            if "*Outcome:*" not in rest.split("Read next")[0]:
                found.append((int(year), MONTHS.index(name) + 1))
    return sorted(each for each in found if each >= month)


def usual_wait(decided, waiting):
    """Within how many days half is decided; each that still waits hands its share on to those that took longer."""
    spans = sorted([*((days, False) for days in decided), *((days, True) for days in waiting)])
    share, done = Fraction(1, max(1, len(spans))), 0
    for rest, (days, waits) in zip(range(len(spans) - 1, -1, -1), spans, strict=True):
        if waits:
            share += share / max(1, rest)
        elif (done := done + share) >= Fraction(1, 2):
            return days if sum(not waits for _, waits in spans) >= 3 else 28
    return 28


class Recount:
    """Every number that the book may show, counted again."""

    def __init__(self, tree):
        settings = tomllib.loads((tree / "data/portfolio.toml").read_text(encoding="utf-8"))
        self.on = str(settings.get("as_of", date.today()))
        self.modules = rows(tree, "modules.csv")
        self.activities = rows(tree, "activities.csv")
        self.status = {}
        self.signed_off, self.withdrawn = [], []
        self.waiting = {}
        for activity in self.activities:
            last = last_date = latest = None
            for event in rows(tree, "progress.csv"):
                same = (event["module"], event["number"]) == (activity["module"], activity["number"])
                if same and event["date"] <= self.on:
                    latest = event
                    last, last_date = event["event"], event["date"]
            key = f"{activity['module']}/{activity['number']}"
            self.status[key] = WORDS[last]
            if last == "signed_off":
                self.signed_off.append((last_date, activity["module"]))
            if last == "withdrawn":
                self.withdrawn.append(latest)
            if last == "submitted":
                self.waiting[key] = (date.fromisoformat(self.on) - date.fromisoformat(last_date)).days
        self.evidence = [row for row in rows(tree, "evidence.csv") if row["date"] <= self.on]
        self.standards = {f"{row['scheme']} {row['code']}": [] for row in rows(tree, "standards.csv")}
        for row in self.evidence:
            for item in filter(None, row["standards"].split(";")):
                self.standards[item.replace("/", " ")].append(row["id"])
        self.milestones = rows(tree, "milestones.csv")
        self.counted = [row for row in self.milestones if row["required"].isdecimal()]
        self.usual = usual_wait(self._waits(rows(tree, "progress.csv")), self.waiting.values())

    def _waits(self, events):
        """The days of each submission that was decided by the day of reading."""
        past = [row for row in events if row["date"] <= self.on]
        for place, row in enumerate(past):
            if row["event"] == "submitted":
                own = (row["module"], row["number"])
                after = [each for each in past[place + 1 :] if (each["module"], each["number"]) == own]
                if after:
                    until, since = (date.fromisoformat(each["date"]) for each in (after[0], row))
                    yield (until - since).days

    def in_review(self, module):
        return sum(key.split("/")[0] == module for key in self.waiting)

    def to_submit(self, row):
        """How many activities a milestone still lacks that are neither signed off nor in review."""
        return max(0, int(row["required"]) - self.done(row["module"]) - self.in_review(row["module"]))

    def submit_by(self, row):
        return date.fromisoformat(row["date"]) - timedelta(days=self.usual)

    @property
    def total_credits(self):
        return sum(Decimal(row["credits"]) for row in self.modules)

    @property
    def earned(self):
        signed = [row for row in self.modules if "" < row["signed_off"] <= self.on]
        return sum((Decimal(row["credits"]) for row in signed), Decimal(0))

    def count(self, word):
        return list(self.status.values()).count(word)

    def done(self, module):
        return sum(code == module for _, code in self.signed_off)

"""An independent recount of a portfolio from its CSV files: plain loops, none of the package's code."""

import csv
import tomllib
from datetime import date
from decimal import Decimal

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

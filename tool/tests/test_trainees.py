"""What is said to invented trainees, each in a situation of its own: see trainees.toml."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from stp_portfolio.core import reading, records
from stp_portfolio.show import sentences, tables

TRAINEES = tomllib.loads(Path(__file__).with_name("trainees.toml").read_text(encoding="utf-8"))
WAYS = {
    "started": ["started"],
    "submitted": ["started", "submitted"],
    "returned": ["started", "submitted", "returned"],
    "signed_off": ["started", "submitted", "signed_off"],
    "withdrawn": ["started", "submitted", "signed_off", "withdrawn"],
}


def events(deeds):
    """The rows of progress.csv that deeds mean."""
    for deed in deeds:
        code, first, last, became, day, between, wait = deed if len(deed) == 7 else ("S-C1", *deed)
        for nth in range(last - first + 1):
            on = day + timedelta(days=nth * between)
            days = [on if became == "started" else on - timedelta(days=14), on]
            days += [on + timedelta(days=wait), on + timedelta(days=2 * wait)]
            for event, each in zip(WAYS[became], days, strict=False):
                yield f"{each},{code},{first + nth},{event},{'reason' * (event == 'withdrawn')}"


def trainee(root, said):
    """The portfolio of one of them, read from files as any other."""
    modules = [each.rsplit(":", 1) for each in said.get("modules", ["Throughout,S-C1,Foundations,20,:20"])]
    activities = [
        f"{row.split(',')[1]},{number},Task {number},{row.split(',')[1]}/{number},,"
        for row, count in modules
        for number in range(1, int(count) + 1)
    ]
    reviews = [str(day) for day in said.get("reviews", [])]
    tables_ = {
        "modules": ["phase,code,module,credits,signed_off", *(row for row, _ in modules)],
        "activities": ["module,number,title,page,learning_outcomes,url", *activities],
        "standards": ["scheme,code,label"],
        "progress": [
            "date,module,number,event,note",
            *sorted(events(said.get("deeds", [])), key=lambda row: row[:10]),
        ],
        "evidence": ["id,date,title,kind,activities,standards,file"],
        "milestones": ["date,name,module,required,way,note", *said["milestones"]],
    }
    (root / "data").mkdir()
    for name, lines in tables_.items():
        (root / "data" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = f'title = "T"\nrole = "R"\ncurriculum = "C"\nlanguage = "en-GB"\nstart = {said["start"]}\n'
    settings += f"as_of = {said['on']}\nreviews = [{', '.join(reviews)}]\n"
    (root / "data/portfolio.toml").write_text(settings, encoding="utf-8")
    return reading.load(root, without_pages=True)


@pytest.mark.parametrize("name", TRAINEES)
def test_what_is_said(tmp_path, name):
    """Each sentence and each state, word by word: none misleads who reads it for the first time."""
    portfolio = trainee(tmp_path, TRAINEES[name])
    assert sentences.progress_answers(portfolio) == TRAINEES[name]["said"]
    shown = tables.milestones(portfolio)
    states = [str(row[shown.columns.index("State")] or "").replace("\xa0", " ") for row in shown.rows]
    assert states == TRAINEES[name]["states"]
    first = sentences.next_actions(portfolio)[0]
    assert first == TRAINEES[name].get("next", first)


def test_no_day_makes_a_sentence_break(tmp_path):
    """On any day from the start to after the last milestone something is said, and never a broken word."""
    for place, (name, said) in enumerate(TRAINEES.items()):
        (root := tmp_path / str(place)).mkdir()
        portfolio = trainee(root, said)
        for day in range(0, 1200, 89):
            on = records.on_day(portfolio, said["start"] + timedelta(days=day))
            text = " ".join(sentences.progress_answers(on))
            assert "signed off" in text, name
            assert not re.search(r"None| -\d|\.\d|  |of the 0|\bone days|\(\)", text), (name, on.on, text)

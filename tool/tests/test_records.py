"""Reading: what a spreadsheet really writes is taken where its meaning is certain, and the rest refused."""

import contextlib
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stp_portfolio.core import contract, reading
from stp_portfolio.privacy import sources

TODAY = date(2026, 1, 1)


def load(tree):
    return reading.load(tree, today=TODAY)


def refused(tree):
    """The problems of a tree that must be refused."""
    with pytest.raises(reading.RecordsError) as caught:
        load(tree)
    return caught.value.findings


def edit(tree, name, old, new):
    path = tree / "data" / name
    raw = path.read_bytes()
    assert old.encode() in raw, old
    path.write_bytes(raw.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1))


def rewrite(tree, name, change):
    path = tree / "data" / name
    path.write_bytes(change(path.read_bytes()))


def test_shipped_records_are_read(data):
    """All files of the example, in the shapes that the dictionary describes."""
    portfolio = load(data)
    assert portfolio.on == date(2025, 6, 30)
    assert (len(portfolio.modules), len(portfolio.activities), len(portfolio.standards)) == (7, 20, 20)
    assert portfolio.settings.example is True
    assert [event.date for event in portfolio.events] == sorted(event.date for event in portfolio.events)


FIRST = "2023-10-02,S-C1,1,started,"

# What Excel, LibreOffice, JupyterLab and editors write with the same meaning: name, file, change of its bytes.
ACCEPTED = {
    "byte order mark": ("progress.csv", lambda raw: b"\xef\xbb\xbf" + raw),
    "Windows line ends": ("progress.csv", lambda raw: raw.replace(b"\n", b"\r\n")),
    "no line end at the end": ("progress.csv", lambda raw: raw.rstrip(b"\n")),
    "semicolons": ("progress.csv", lambda raw: raw.replace(b",", b";")),
    "tabs": ("progress.csv", lambda raw: raw.replace(b",", b"\t")),
    "blank rows at the end": ("progress.csv", lambda raw: raw + b",,,,\n,,,,\n\n"),
    "blank row in the middle": ("progress.csv", lambda raw: raw.replace(b"2023-11", b"\n2023-11", 1)),
    "blank columns at the end": ("progress.csv", lambda raw: raw.replace(b"\n", b",,\n")),
    "padded header": ("progress.csv", lambda raw: raw.replace(b"date,module", b" date , module")),
    "header in capitals": ("progress.csv", lambda raw: raw.replace(b"date,module", b"Date,MODULE")),
    "padded cells": ("progress.csv", lambda raw: raw.replace(b",started,", b", started\xc2\xa0,")),
    "quoted cells": ("progress.csv", lambda raw: raw.replace(b"S-C1", b'"S-C1"')),
    "day first": (
        "progress.csv",
        lambda raw: b"\n".join(
            b"/".join(line[:10].split(b"-")[::-1]) + line[10:] if line[:2] == b"20" else line
            for line in raw.split(b"\n")
        ),
    ),
    "columns in another order": (
        "milestones.csv",
        lambda _raw: b"name,date,module,required,note\nEnd,2026-09-15,S-C1,20,\n",
    ),
    "standards written otherwise": ("evidence.csv", lambda raw: raw.replace(b"HCPC/3;GSP/1", b"hcpc 3; GSP:1 ;")),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_certain_meaning_is_accepted(data, portfolio, name):
    """The same facts in another dress give the same records."""
    file, change = ACCEPTED[name]
    rewrite(data, file, change)
    found = load(data)
    if file == "milestones.csv":
        assert [(m.date, m.required) for m in found.milestones] == [(date(2026, 9, 15), 20)]
    else:
        assert found.events == portfolio.events
        assert found.evidence == portfolio.evidence


def test_smart_quotes_of_windows(data):
    """A note typed in Excel and saved as Windows text keeps its apostrophe."""
    edit(data, "progress.csv", FIRST, b"2023-10-02,S-C1,1,started,the assessor" + b"\x92s words")
    assert load(data).events[0].note == "the assessor\u2019s words"


# name: file, old text, new text, row, column, words of the message
REFUSED = {
    "impossible date": ("progress.csv", FIRST, "2023-02-30,S-C1,1,started,", 2, "date", "not a day of the calendar"),
    "two-digit year": ("progress.csv", FIRST, "02/10/23,S-C1,1,started,", 2, "date", "not a date"),
    "ambiguous date": ("progress.csv", FIRST, "02/10/2023,S-C1,1,started,", 2, "date", "ambiguous"),
    "month first": ("progress.csv", FIRST, "10/13/2023,S-C1,1,started,", 2, "date", "month first"),
    "date with a time": ("progress.csv", FIRST, "2023-10-02 00:00,S-C1,1,started,", 2, "date", "not a date"),
    "date in words": ("progress.csv", FIRST, "2 October 2023,S-C1,1,started,", 2, "date", "not a date"),
    "date as a serial number": ("progress.csv", FIRST, "45201,S-C1,1,started,", 2, "date", "not a date"),
    "no date": ("progress.csv", FIRST, ",S-C1,1,started,", 2, "date", "is empty"),
    "before the programme": ("progress.csv", FIRST, "2023-09-03,S-C1,1,started,", 2, "date", "before the programme"),
    "in the future": ("progress.csv", FIRST, "2026-01-02,S-C1,1,started,", 2, "date", "in the future"),
    "out of order": ("progress.csv", "2024-01-09,S-C1,1", "2023-12-01,S-C1,1", 6, "date", "is before 'submitted'"),
    "signed off first": ("progress.csv", FIRST, "2023-10-02,S-C1,1,signed_off,", 2, "event", "as the first event"),
    "started twice": ("progress.csv", "S-C1,1,submitted", "S-C1,1,started", 5, "event", "cannot stand after 'started'"),
    "event after sign-off": (
        "progress.csv", "2024-01-22,S-C1,4,submitted", "2024-01-22,S-C1,1,returned", 7, "event", "a signed-off activity is done",
    ),
    "unknown event": ("progress.csv", FIRST, "2023-10-02,S-C1,1,begun,", 2, "event", "not an event"),
    "event in capitals": ("progress.csv", FIRST, "2023-10-02,S-C1,1,Started,", 2, "event", "not an event"),
    "unknown activity": ("progress.csv", FIRST, "2023-10-02,S-C1,21,started,", 2, "number", "not an activity"),
    "unknown module": ("progress.csv", FIRST, "2023-10-02,S-C9,1,started,", 2, "number", "not an activity"),
    "number with a fraction": ("progress.csv", FIRST, "2023-10-02,S-C1,1.0,started,", 2, "number", "whole number"),
    "number in words": ("progress.csv", FIRST, "2023-10-02,S-C1,one,started,", 2, "number", "whole number"),
    "number zero": ("progress.csv", FIRST, "2023-10-02,S-C1,0,started,", 2, "number", "whole number"),
    "full-width digit": ("progress.csv", FIRST, "2023-10-02,S-C1,\uff11,started,", 2, "number", "whole number"),
    "cell too many": ("progress.csv", FIRST, FIRST + ",extra", 2, None, "6 cells, the header 5"),
    "cell too few": ("progress.csv", FIRST, "2023-10-02,S-C1,1,started", 2, None, "4 cells, the header 5"),
    "unquoted comma": ("progress.csv", FIRST, FIRST + "first, second", 2, None, "6 cells, the header 5"),
    "open quotation mark": ("progress.csv", FIRST, FIRST + '"never closed', 2, None, "cannot be read"),
    "formula": ("progress.csv", FIRST, FIRST + "=1+1", 2, "note", "formula"),
    "formula with plus": ("progress.csv", FIRST, FIRST + "+44", 2, "note", "formula"),
    "formula with minus": ("progress.csv", FIRST, FIRST + "-1", 2, "note", "formula"),
    "formula with at": ("progress.csv", FIRST, FIRST + "@SUM(A1)", 2, "note", "formula"),
    "line break in a cell": ("progress.csv", FIRST, FIRST + '"two\nlines"', 2, "note", "line break"),
    "control character": ("progress.csv", FIRST, FIRST + "a\x07b", 2, "note", "control character"),
    "lost character": ("progress.csv", FIRST, FIRST + "na\ufffdve", 2, "note", "lost in a conversion"),
    "conflict marker": ("progress.csv", FIRST, "<<<<<<< HEAD\n" + FIRST, 2, None, "conflict marker"),
    "conflict divider": ("progress.csv", FIRST, FIRST + "\n=======", 3, None, "conflict marker"),
    "NUL byte": ("progress.csv", FIRST, FIRST + "\0", None, None, "NUL"),
    "unknown column": ("progress.csv", "event,note", "event,notes", 1, None, "not a column"),
    "missing column": ("progress.csv", ",note", "", 1, "note", "missing from the header"),
    "repeated column": ("progress.csv", "event,note", "event,event", 1, None, "stands twice"),
    "thousands separator": ("modules.csv", "Science,20,", 'Science,"1,020",', 2, "credits", "thousands separator"),
    "unit": ("modules.csv", "Science,20,", "Science,20 credits,", 2, "credits", "unit"),
    "negative credits": ("modules.csv", "Science,20,", "Science,-20,", 2, "credits", "negative"),
    "infinite credits": ("modules.csv", "Science,20,", "Science,inf,", 2, "credits", "not a plain number"),
    "not a number": ("modules.csv", "Science,20,", "Science,NaN,", 2, "credits", "not a plain number"),
    "exponent": ("modules.csv", "Science,20,", "Science,2e1,", 2, "credits", "unit"),
    "decimal comma": ("modules.csv", "Science,20,", 'Science,"7,5",', 2, "credits", "not a plain number"),
    "no credits": ("modules.csv", "Science,20,", "Science,,", 2, "credits", "is empty"),
    "repeated module": (
        "modules.csv", "2,,Specialist module(s),20,", "3,,Specialist module(s),20,", 8, "module", "stands already in row 6",
    ),
    "repeated activity": ("activities.csv", "S-C1,2,", "S-C1,1,", 3, "number", "stands already in row 2"),
    "repeated page": ("activities.csv", "s/2_GoodPractice", "s/1_WellbeingPlan", 3, "page", "stands already in row 2"),
    "missing page": ("activities.csv", "s/2_GoodPractice", "s/2_Gone", 3, "page", "page that does not exist"),
    "page outside": ("activities.csv", "C1_Professional_Foundations/2", "../2", 3, "page", "path inside"),
    "unknown module of an activity": ("activities.csv", "S-C1,2,", "S-C2,2,", 3, "module", "not a code of modules.csv"),
    "address without a scheme": ("activities.csv", "https://", "www.", 2, "url", "not a web address"),
    "repeated evidence": ("evidence.csv", "E02,", "e01,", 3, "id", "stands already in row 2"),
    "evidence for nothing": ("evidence.csv", "S-C1/1,HCPC/3;GSP/1", ",HCPC/3;GSP/1", 2, "activities", "is empty"),
    "evidence for an unknown activity": ("evidence.csv", "S-C1/1,", "S-C1/99,", 2, "activities", "'S-C1/99', which is not known"),
    "unknown standard": ("evidence.csv", "HCPC/3;GSP/1", "HCPC/33;GSP/1", 2, "standards", "'HCPC/33', which is not known"),
    "standard named twice": ("evidence.csv", "HCPC/3;GSP/1", "HCPC/3;HCPC 3", 2, "standards", "twice"),
    "missing file": ("evidence.csv", "HCPC/3;GSP/1,", "HCPC/3;GSP/1,evidence/gone.pdf", 2, "file", "file that does not exist"),
    "file outside": ("evidence.csv", "HCPC/3;GSP/1,", "HCPC/3;GSP/1,/etc/passwd", 2, "file", "path inside"),
    "future evidence": ("evidence.csv", "E01,2023", "E01,2027", 2, "date", "in the future"),
    "required without a module": ("milestones.csv", "S-C1,10", ",10", 3, None, "belong together"),
    "more than there are": ("milestones.csv", "S-C1,20", "S-C1,21", 4, "required", "more than the 20"),
    "milestone of an unknown module": ("milestones.csv", "S-C1,20", "S-C9,20", 4, "module", "not a code"),
    "repeated standard": ("standards.csv", "HCPC,2,", "hcpc,1,", 3, "code", "stands already in row 2"),
    "standard without a label": ("standards.csv", "HCPC,3,Own health and wellbeing", "HCPC,3,", 4, "label", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(data, name):
    """One message, with file, row, column, value and remedy; and no echo of it in other rows."""
    file, old, new, row, column, words = REFUSED[name]
    edit(data, file, old, new)
    problems = refused(data)
    here = [problem for problem in problems if words in str(problem)]
    assert here, [str(problem) for problem in problems]
    assert (here[0].file, here[0].line, here[0].column) == (f"data/{file}", row, column or "")
    assert problems[0] == here[0]
    assert str(here[0]).startswith(f"data/{file}")
    assert here[0].remedy


WHOLE_FILES = {
    "empty": (b"", "is empty"),
    "only separators": (b",,,\r\n,,,", "is empty"),
    "binary": (b"PK\x03\x04\x00\x00", "NUL"),
    "UTF-16": ("date,module".encode("utf-16"), "NUL"),
    "neither encoding": (b"date,module,number,event,note\n\x81\x8d,", "neither UTF-8 nor Windows text"),
    "no header": (b"2023-10-02,S-C1,1,started,\n", "not a column"),
    "web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "not a column"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_file_that_is_no_table_is_refused(data, name):
    """A file that is something else is named as such."""
    raw, words = WHOLE_FILES[name]
    (data / "data/progress.csv").write_bytes(raw)
    assert any(words in str(problem) for problem in refused(data))


def test_missing_file_folder_and_huge_file(data):
    """All three are reported at once, in the order of the dictionary, without an echo elsewhere."""
    (data / "data/modules.csv").unlink()
    (data / "data/evidence.csv").unlink()
    (data / "data/evidence.csv").mkdir()
    (data / "data/standards.csv").write_bytes(b"scheme,code,label\n" + b"x" * contract.MAX_BYTES)
    assert [(p.file, p.fault.split(" than")[0]) for p in refused(data)] == [
        ("data/modules.csv", "is missing"),
        ("data/standards.csv", "is larger"),
        ("data/evidence.csv", "is a folder"),
    ]


def test_everything_wrong_is_reported_at_once(data):
    """Faults in several files and rows arrive together."""
    edit(data, "progress.csv", FIRST, "02/10/23,S-C1,1,begun,")
    edit(data, "modules.csv", "Science,20,", "Science,twenty,")
    edit(data, "portfolio.toml", "example = true", 'example = "yes"\ncolour = "blue"')
    found = [(p.file.removeprefix("data/"), p.column, p.value) for p in refused(data)]
    assert ("progress.csv", "date", "02/10/23") in found
    assert ("progress.csv", "event", "begun") in found
    assert ("modules.csv", "credits", "twenty") in found
    assert ("portfolio.toml", "example", "yes") in found
    assert ("portfolio.toml", "", "colour") in found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("start = 2023-09-04", 'start = "2023-09-04"', "is not a bare date"),
        ("start = 2023-09-04", "start = 2030-09-04", "is in the future"),
        ("start = 2023-09-04", "start = 2023-09-04 10:00:00", "is not a bare date"),
        ("as_of = 2025-06-30", "as_of = 2026-06-30", "is in the future"),
        ("as_of = 2025-06-30", "as_of = 2023-06-30", "before the programme's start"),
        ('role = "Clinical Informatics trainee"', "", "is missing"),
        ('role = "Clinical Informatics trainee"', 'role = " "', "is empty"),
        ('role = "Clinical Informatics trainee"', "role = 3", "not a text in quotes"),
        ("as_of =", "as_off =", "is not a setting"),
        ("reviews = [2024-09-25, 2025-09-24]", "reviews = 2024-09-25", "'2024-09-25' is not a list of bare dates"),
        ("reviews = [2024-09-25,", 'reviews = ["September",', "'September' is not a bare date"),
        ("reviews = [2024-09-25,", "reviews = [2024-09-25 10:00:00,", "is not a bare date"),
        ("reviews = [2024-09-25,", "reviews = [2025-09-24,", "'2025-09-24' stands there twice. Name each day once"),
        ("reviews = [2024-09-25,", "reviews = [2023-09-03,", "is before the programme's start, 2023-09-04"),
        ('language = "en-GB"', 'language = "en-GB', "not valid TOML"),
    ],
)
def test_settings_are_held_to_their_types(data, old, new, words):
    """Each wrong setting is named with its remedy."""
    edit(data, "portfolio.toml", old, new)
    assert any(words in str(problem) for problem in refused(data))


def test_days_of_reviews_are_read_in_order_and_are_the_records_own(data):
    """Planned ones too, whatever their order; none where the key is left out; screening takes them for no encounter."""
    edit(data, "portfolio.toml", "[2024-09-25, 2025-09-24]", "[2026-03-18, 2024-09-25]")
    found = load(data)
    assert found.settings.reviews == (date(2024, 9, 25), date(2026, 3, 18))
    assert set(found.settings.reviews) <= sources.own_dates(found)
    edit(data, "portfolio.toml", "reviews =", "# reviews =")
    assert load(data).settings.reviews == ()


def test_outside_a_portfolio_there_is_a_message(tmp_path, monkeypatch):
    """A notebook opened elsewhere is told where to go."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(reading.RecordsError, match="Run this inside the portfolio's folder"):
        reading.load()


def test_found_from_a_folder_below(data, monkeypatch):
    """A notebook in a folder of the portfolio finds the records by itself."""
    (data / "notebooks").mkdir()
    monkeypatch.chdir(data / "notebooks")
    assert len(reading.load().activities) == 20


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(contract.COLUMNS)), st.binary(max_size=400), st.integers(0, 3000), st.integers(0, 40))
def test_reading_raises_nothing_but_its_own_error(data, file, noise, at, cut):
    """Whatever bytes stand in a file, it is read or refused; no other error escapes."""
    path = data / "data" / file
    original = path.read_bytes()
    try:
        path.write_bytes(original[:at] + noise + original[at + cut :])
        with contextlib.suppress(reading.RecordsError):
            load(data)
    finally:
        path.write_bytes(original)

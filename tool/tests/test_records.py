"""Reading: what a spreadsheet really writes is taken where its meaning is certain, and the rest refused."""

import contextlib
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portfolios import CASES, DRESSES, append, cases, edit

from stp_portfolio.core import contract, disk, findings, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.privacy import decisions

TODAY = date(2026, 1, 1)
SETTLED = {1: "started", 2: "submitted", 3: "signed_off"}
FIRST, LAST = "2023-10-02,S-C1,1,started,", "2025-06-16,S-C1,7,submitted,"


def load(tree):
    return reading.load(tree, today=TODAY)


def refused(tree):
    """The findings on a tree that must be refused."""
    with pytest.raises(reading.RecordsError) as caught:
        load(tree)
    return caught.value.findings


@pytest.mark.parametrize("name", DRESSES)
def test_certain_meaning_is_accepted(data, portfolio, name):
    """The same facts in another dress give the same records."""
    path = data / "data/progress.csv"
    path.write_bytes(DRESSES[name](path.read_bytes()))
    assert load(data).events == portfolio.events


def test_other_spellings_and_columns_are_accepted(data, portfolio):
    """Standards as people write them, columns in another order, and the quotation marks of Windows."""
    edit(data, "data/evidence.csv", "HCPC/3;GSP/1", "hcpc 3; GSP:1 ;")
    edit(data, "data/milestones.csv", "ALL", "name,date,module,required,note\nEnd,2026-09-15,S-C1,20,\n")
    edit(data, "data/progress.csv", FIRST, FIRST.encode() + b"the assessor\x92s words")
    found = load(data)
    assert found.evidence == portfolio.evidence
    assert [(m.date, m.required) for m in found.milestones] == [(date(2026, 9, 15), 20)]
    assert found.events[0].note == "the assessor\u2019s words"


@cases("refused", "file old new row column code words")
def test_anything_else_is_refused(data, file, old, new, row, column, code, words):
    """One message, with file, row, column, value and remedy; and no echo of it in other rows."""
    edit(data, f"data/{file}", *(text.replace("FIRST", FIRST) for text in (old, new)))
    first = refused(data)[0]
    assert (first.code, first.file, first.line or 0, first.column) == (code, f"data/{file}", row, column)
    assert words in str(first)
    assert str(first).startswith(f"data/{file}")
    assert first.remedy


WHOLE_FILES = {
    "empty": (b"", "file-empty"),
    "only separators": (b",,,\r\n,,,", "file-empty"),
    "binary": (b"PK\x03\x04\x00\x00", "file-binary"),
    "UTF-16": ("date,module".encode("utf-16"), "file-binary"),
    "neither encoding": (b"date,module,number,event,note\n\x81\x8d,", "file-encoding"),
    "no header": (b"2023-10-02,S-C1,1,started,\n", "column-unknown"),
    "web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "column-unknown"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_file_that_is_no_table_is_refused(data, name):
    """A file that is something else is named as such."""
    raw, code = WHOLE_FILES[name]
    (data / "data/progress.csv").write_bytes(raw)
    assert refused(data)[0].code == code


def test_files_that_are_none(data):
    """Missing, a link to itself, a folder, too large: all at once, in order, without an echo."""
    for name in ("modules.csv", "milestones.csv", "evidence.csv"):
        (data / "data" / name).unlink()
    (data / "data/evidence.csv").mkdir()
    (data / "data/milestones.csv").symlink_to("milestones.csv")
    (data / "data/standards.csv").write_bytes(b"scheme,code,label\n" + b"x" * contract.MAX_BYTES)
    assert [(finding.file, finding.code) for finding in refused(data)] == [
        ("data/modules.csv", "file-missing"),
        ("data/standards.csv", "file-large"),
        ("data/evidence.csv", "file-folder"),
        ("data/milestones.csv", "file-locked"),
    ]


def test_everything_wrong_is_reported_at_once(data):
    """Faults in several files and rows arrive together."""
    edit(data, "data/progress.csv", FIRST, "02/10/23,S-C1,1,begun,")
    edit(data, "data/modules.csv", "Science,20,", "Science,twenty,")
    edit(data, "data/portfolio.toml", "example = true", 'example = "yes"\ncolour = "blue"')
    assert {(f.file.removeprefix("data/"), f.column, f.value) for f in refused(data)} == {
        *(("progress.csv", "date", "02/10/23"), ("progress.csv", "event", "begun")),
        ("modules.csv", "credits", "twenty"),
        *(("portfolio.toml", "example", "yes"), ("portfolio.toml", "", "colour")),
    }


def test_no_module_stands_signed_off_while_an_activity_is_not(data):
    """Submitted, withdrawn or not started: the two contradict each other, until each is signed off."""
    edit(data, "data/modules.csv", "Science,20,", "Science,20,2025-06-28")
    signed = [f"2025-05-0{day},S-C1,{n},{event}," for n in range(1, 21) for day, event in SETTLED.items()]
    edit(data, "data/progress.csv", "ALL", "\n".join(["date,module,number,event,note", *signed[:-4]]) + "\n")
    assert [(each.code, each.value) for each in refused(data)] == [("module-open", "2025-06-28")]
    assert "of which S-C1/19 and S-C1/20 is" in str(refused(data)[0])
    append(data, "data/progress.csv", *signed[-4:], "2025-06-01,S-C1,1,withdrawn,Another's plan")
    assert "of which S-C1/1 is" in str(refused(data)[0])
    append(data, "data/progress.csv", "2025-06-18,S-C1,1,signed_off,")
    assert load(data).modules[0].signed_off == date(2025, 6, 28)


@cases("settings", "old new code words")
def test_settings_are_held_to_their_types(data, old, new, code, words):
    """Each wrong setting is named with its remedy, a newer format too."""
    edit(data, "data/portfolio.toml", old, new)
    found = refused(data)
    assert any(finding.code == code and words in str(finding) for finding in found), list(map(str, found))


def test_format_and_days_of_reviews_may_be_stated(data):
    """Reviews in order, planned ones too; none where left out; screening takes them for no encounter."""
    edit(data, "data/portfolio.toml", "[2024-09-25, 2025-09-24]", "[2026-03-18, 2024-09-25]\nformat = 1")
    found = load(data)
    assert found.settings.format == contract.FORMAT
    assert found.settings.reviews == (date(2024, 9, 25), date(2026, 3, 18))
    assert set(found.settings.reviews) <= decisions.own_days(found)
    edit(data, "data/portfolio.toml", "reviews =", "# reviews =")
    assert load(data).settings.reviews == ()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([*contract.TABLES]), st.binary(max_size=400), st.integers(0, 3000), st.integers(0, 40))
def test_reading_raises_nothing_but_its_own_error(data, file, noise, at, cut):
    """Whatever bytes stand in a file, it is read or refused; no other error escapes."""
    original = (data / "data" / file).read_bytes()
    spoilt = original[:at] + noise + original[at + cut :]
    with contextlib.suppress(reading.RecordsError):
        reading.load(data, TODAY, instead={file: spoilt})


def test_dictionary_says_what_the_contract_declares():
    """data/README.md has a table for each file, with the contract's columns and words."""
    text = (ROOT / "data/README.md").read_text(encoding="utf-8")
    keys = [(key, words) for key, (_, words) in contract.KEYS.items()]
    expected = {"portfolio.toml`: whose portfolio this is": keys}
    for file, columns in contract.CELLS.items():
        expected[f"{file}`: a row is {contract.TABLES[file].row}"] = [(c.name, c.words) for c in columns]
    for title, rows in expected.items():
        section = text.split(f"## `{title}\n", 1)[1].split("\n## ")[0]
        table = re.search(r"\| (?:Column|Key) \| What it holds \|\n.*\n((?:\|.*\n)+)", section)[1]
        assert re.findall(r"\| `(\w+)` \| (.+) \|", table) == rows


def test_every_message_has_a_case():
    """Each code that is declared is met by a case of cases.toml or by a test above: none is dead."""
    places = {"refused": 5, "settings": 2, "configuration": 3, "notebooks": 0}
    met = {case[place] for group, place in places.items() for case in CASES[group].values()}
    met |= {
        "module-open",
        "file-missing",
        "file-folder",
        "file-large",
        "file-locked",
        "no-portfolio",
        "path-leads-out",
    }
    met |= {code for _, code in WHOLE_FILES.values()}
    path = Path(findings.__file__).with_name("faults.toml")
    declared = tomllib.loads(path.read_text(encoding="utf-8")).keys()
    assert met == {code for code in declared if not code.startswith("exhibit-")}  # these: see test_exhibits


def test_text_of_the_user_is_read_as_editors_save_it(tmp_path, monkeypatch):
    """With a mark and Windows line ends; and what cannot be read is named, with what to do."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "terms.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert disk.read_text(path) == "a\nb\n"
    for raw in ("a".encode("utf-16"), "a".encode("utf-16-le"), b"caf\xe9"):
        path.write_bytes(raw)
        with pytest.raises(Refusal, match=r"^terms\.txt is not UTF-8 text\. Save it"):
            disk.read_text(path)
    with pytest.raises(Refusal, match=r"^gone\.txt is missing\. Put"):
        disk.read_text(tmp_path / "gone.txt")

"""Lists of modules and activities as people have them: from Excel or CSV into a new portfolio, or into one's own."""

import shutil
import subprocess
import sys
from datetime import date

import pytest
from conftest import build, refused, told
from openpyxl import Workbook
from portfolios import cases
from recount import Recount
from test_book import check_numbers

from stp_portfolio.core import configuration, reading
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import checks, lists

BEGUN = "2025-09-01"
MODULES = [
    ["Phase", "Code", "Module", "Credits"],
    ["1", "M-1", "First", 10],
    ["Year 2", "M-2", "Second thing", 20.0],
]
ACTIVITIES = [
    ["Module", "No.", "Title"],
    ["M-1", 1, "Check a thing"],
    ["M-1", 2, "Plan it"],
    ["M-2", 1, "Do it"],
]


def workbook(path, hidden=(), **sheets):
    """A workbook of sheets, by title, each of rows."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    book.save(path)
    return path


def read(path, file=lists.ACTIVITIES, known=None, **more):
    return lists.read({file: path}, known or {}, "a sheet", **more)


def cells(found, *columns, file=lists.ACTIVITIES):
    return [tuple(row[column] for column in columns) for row in found.lists[file].rows]


# -- forty activities from one Excel file -----------------------------------------------------


def nasty(path):
    """A workbook as a person keeps it, its values reckoned: four modules, forty activities, nothing tidy."""
    modules = [
        ["STP Medical Physics: modules"], [],
        ["Year", "Module code", "Module title", "Credit\nvalue (total)", "Notes"],
        ["Throughout", "S-C1", "Professional Foundations", 20.0, "x"],
        ["Year 1", "S-MP-R1", "Imaging with\u00a0ionising radiation ", 10], [None, "M-2", "Radiotherapy physics", 22.5],
        ["Year 2", "M-3", "Nuclear medicine", 15], [3, None, "Project", 60], ["Total", None, None, 127.5],
    ]  # fmt: skip
    rows = [
        [],
        [None, "From the library"],
        [],
        [None, "Module", "No.", "Training Activity", "Learning Outcomes", "Mine"],
    ]
    for code, count in (("s-c1", 14), ("S-MP-R1 Imaging", 10), ("M-2", 8), ("Nuclear medicine", 8)):
        for n in range(1, count + 1):
            number = [n, float(n), f"DTA {n}", f"{n}.", f" {n}\u00a0"][n % 5]
            rows.append([None, code if n == 1 else None, number, f"Plan {code[-3:]} work {n} ", "1, 2", None])
            rows += [[None, None, None, None, "LO 3"]] * (n == 3)
        rows.append([])
    old = [["Module", "No.", "Title"], ["S-C1", 1, "Old"]]
    return workbook(path, ["Old"], About=[["Mine"]], Modules=modules, DTAs=[*rows, [None] * 12, []], Old=old)


def test_forty_activities_from_one_workbook(tmp_path):
    """One command, what was taken for what, a book without a warning, its numbers right."""
    folder = tmp_path / "p"
    said = told(tmp_path, "start", folder, "--start", BEGUN, "--activities", nasty(tmp_path / "my.xlsx"))
    assert (
        "sheet Modules, row 3: Year -> phase, Module code -> code, Module title -> module, Credit value"
        in said
    )
    assert "sheet DTAs, row 4: Module -> module, No. -> number, Training Activity -> title, Learning" in said
    assert said.count("; not used: ") == 2
    recount = Recount(folder)
    assert (len(recount.activities), str(recount.total_credits)) == (40, "127.5")
    assert [row["phase"] for row in recount.modules] == ["Throughout", "1", "1", "2", "3"]
    counts = {row["module"]: row["required"] for row in recount.counted if row["name"] == "Completion"}
    assert counts == {"S-C1": "14", "S-MP-R1": "10", "M-2": "8", "M-3": "8"}
    third = next(row for row in recount.activities if row["number"] == "3")
    assert (third["title"], third["learning_outcomes"]) == ("Plan -c1 work 3", "1, 2; LO 3")
    built = build(folder)
    check_numbers(built)
    assert checks.run(folder)[0] == []


# -- sheets and files -------------------------------------------------------------------------

TEXT = "Module{0}DTA{0}Activity\r\nS-C1{0}DTA 1{0}Prüfe das\r\n{0}2.{0}Zwei\r\n{0}{0}\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_in_any_dress(tmp_path, separator, encoding):
    """As Excel saves it: CSV, CSV UTF-8 and Unicode text, with the separator of any country."""
    path = tmp_path / "my.csv"
    path.write_bytes(f"sep={separator}\r\n{TEXT.format(separator)}".encode(encoding))
    found = read(path, known={"S-C1": "Foundations"})
    assert cells(found, "module", "number", "title") == [("S-C1", "1", "Prüfe das"), ("S-C1", "2", "Zwei")]


@pytest.mark.parametrize(
    ("sheets", "wanted"),
    [
        ({"M-1": [["No", "Activity"], [1, "a"]], "m-2": [["#", "DTA"], [1, "b"], [2, "c"]]}, [("M-1", "1"), ("M-2", "1"), ("M-2", "2")]),
        ({"A": [["Activity no.", "Title"], ["M-1.1", "a"], ["M-2/01", "b"]]}, [("M-1", "1"), ("M-2", "1")]),
        ({"A": [["Module title", "DTA", "Training activity"], ["Second thing", 7, "a"]]}, [("M-2", "7")]),
        ({"A": [["Module", "No", "Title"], ["M-2 Second thing"], [None, 1, "a"], ["Total", 1, None]]}, [("M-2", "1")]),
    ],
)  # fmt: skip
def test_module_of_an_activity(tmp_path, sheets, wanted):
    """From its sheet's name, its number, the module's name, or a row of its own above."""
    found = read(workbook(tmp_path / "my.xlsx", Modules=MODULES, **sheets))
    assert cells(found, "module", "number") == wanted


def test_guesses_are_told(tmp_path):
    """No column for the only module, two columns that may be one, modules on two sheets: a person is asked."""
    path = workbook(tmp_path / "my.xlsx", Modules=MODULES[:2], A=[["No.", "Title"], [1, "a"]])
    found = read(path)
    assert (cells(found, "module"), found.guessed) == ([("M-1",)], True)
    found = read(workbook(path, Modules=MODULES, A=[["Module", "#", "DTA", "Title"], ["M-1", 1, 5, "x"]]))
    assert (cells(found, "number"), found.guessed) == ([("1",)], True)
    assert found.told[1].endswith("Module -> module, # -> number, Title -> title; not used: DTA.")
    found = read(workbook(path, Y1=MODULES[:2], Y2=[MODULES[0], MODULES[2]], A=ACTIVITIES))
    assert (cells(found, "code", file=lists.MODULES), found.guessed) == ([("M-1",), ("M-2",)], True)
    assert not read(workbook(path, Modules=MODULES, A=ACTIVITIES)).guessed


@pytest.mark.parametrize(
    ("headings", "code", "module"),
    [("No Module", 0, 1), ("Module Title", 0, 1), ("Module Code", 1, 0), ("Name Id", 1, 0)],
)
def test_heading_with_two_meanings(tmp_path, headings, code, module):
    """It is the code where nothing else is, and the name where something else is the code."""
    rows = [["Phase", *headings.split(), "Credits"], [1, "x1", "x2", 10]]
    found = read(workbook(tmp_path / "my.xlsx", M=rows), lists.MODULES)
    wanted = [(f"x{code + 1}", f"x{module + 1}")]
    assert cells(found, "code", "module", file=lists.MODULES) == wanted


def test_one_sheet_may_hold_both(tmp_path):
    """A row for each activity, which names its module: each module once, every heading used."""
    rows = [["Year", "Module code", "Module title", "Credits", "Signed off", "DTA", "Title"]]
    rows += [["Year 1", "M-1", "First", 10, date(2025, 9, 3), 1, "a"], [None] * 5 + [2, "b"]]
    found = read(workbook(tmp_path / "my.xlsx", All=[*rows, ["2", "M-2", "Second", 20, None, 1, "c"]]))
    columns = ("phase", "code", "credits", "signed_off")
    assert cells(found, *columns, file=lists.MODULES) == [
        ("1", "M-1", "10", "2025-09-03"),
        ("2", "M-2", "20", ""),
    ]
    assert cells(found, "module", "number") == [("M-1", "1"), ("M-1", "2"), ("M-2", "1")]
    assert "not used" not in "".join(found.told)


@cases("workbooks", "sheets said")
def test_workbook_that_is_no_list(tmp_path, sheets, said):
    """What is wrong, in which sheet and row as Excel counts, with the headings found and expected."""
    named = {"MODULES": MODULES, "ACTIVITIES": ACTIVITIES}
    path = workbook(
        tmp_path / "my.xlsx", **{title: named.get(str(rows), rows) for title, rows in sheets.items()}
    )
    words = refused(tmp_path, "start", "p", "--start", BEGUN, "--activities", path)
    assert said in words
    assert words.count("data/") == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "is broken, of an old kind, or has a password"),
        (b"PK\x03\x04 broken", "cannot be read as a list"),
        ("Module\tNo.\tTitle".encode("utf-16-be"), "cannot be read as a list"),
        (b'module,number,title\nS-C1,1,"One\nS-C1,2,Two\n', "cannot be read as a list"),
        (b"module,number,title\nS-C1,1,One, two\n", "row 2: the row has more cells"),
        (b"\x81\x8d words", "cannot be read as a list"),
        (b"", "row 1: no headings."),
    ],
)  # fmt: skip
def test_file_that_is_no_list(tmp_path, raw, said):
    """It is named with what to do, never with a trace."""
    (tmp_path / "my.xlsx").write_bytes(raw)
    with pytest.raises(Refusal, match=r"my\.xlsx") as refusal:
        read(tmp_path / "my.xlsx")
    assert said in str(refusal.value)


@pytest.mark.parametrize(("answer", "made"), [("\n", True), ("n\n", False)])
def test_guess_is_asked_on_a_terminal(tmp_path, answer, made):
    """Where two headings could be either column, a person decides; nothing is made on No."""
    path = workbook(tmp_path / "my.xlsx", M=MODULES, A=[["Module", "DTA", "Activity"], ["M-1", 1, "a"]])
    code = "import sys; from stp_portfolio.cli import main;sys.stdin.isatty = lambda: True; main()"
    start = [sys.executable, "-c", code, "start", "p", "--start", BEGUN, "--activities", path.name]
    done = subprocess.run(start, cwd=tmp_path, input=answer, capture_output=True, text=True, check=False)
    assert "DTA -> number, Activity -> title" in done.stdout
    assert "Is that right?" in done.stdout
    assert (done.returncode, (tmp_path / "p").exists()) == (0 if made else 1, made)


# -- into one's own portfolio -----------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    """A portfolio of two modules, with the workbook that it was made of."""
    path = workbook(tmp_path / "my.xlsx", Modules=MODULES, Activities=ACTIVITIES)
    told(tmp_path, "start", "p", "--start", BEGUN, "--activities", path)
    return tmp_path / "p", path


def state(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and ".backup" not in path.parts]
    return {path: path.read_bytes() for path in files if "_build" not in path.parts}


def test_further_module_comes_in_by_one_command_and_goes_by_one(own):
    """The row, its activities, pages, chapter, contents and date; a second time nothing; undo takes it back."""
    folder, path = own
    before = state(folder)
    assert "is here already" in told(folder, "import", path)
    workbook(path, M=[*MODULES, [3, "M-3", "Third"]], A=[*ACTIVITIES, ["M-3", 1, "x"]])
    assert "column credits: is empty" in refused(folder, "import", path)
    more = [*ACTIVITIES, ["M-3", 1, "Scan a phantom"], [None, 2, "Report it"], ["m-1", 3, "More of it"]]
    workbook(path, M=[*MODULES, [3, "M-3", "Third", 7.5]], A=more)
    assert "Scan a phantom" in told(folder, "import", path, "--dry-run")
    assert state(folder) == before
    said = told(folder, "import", path)
    assert "1 module and 3 activities came in." in said
    assert "2028-09-15: Completion, 2 of M-3" in said
    listed = [name for name in configuration.toc_files(folder) if name.startswith("M-3")]
    assert listed == ["M-3_Third/index", "M-3_Third/1_ScanPhantom", "M-3_Third/2_ReportIt"]
    assert "M-1_First/3_MoreIt" in configuration.toc_files(folder)
    assert checks.run(folder)[0] == []
    assert [str(a.key) for a in reading.load(folder).activities][-3:] == ["M-3/1", "M-3/2", "M-1/3"]
    after = state(folder)
    assert "is here already" in told(folder, "import", path)
    assert state(folder) == after
    told(folder, "undo", "--yes")
    assert state(folder) == before


def test_wrong_or_telling_list_changes_nothing(own):
    """An unknown module, with rows to paste; an identifier in a title."""
    folder, path = own
    before = state(folder)
    said = refused(folder, "import", workbook(path, A=[*ACTIVITIES, ["M-9", 1, "x"]]))
    assert "No list of modules has 'M-9'" in said
    assert "phase,code,module,credits 1,M-9,Its name,10" in said
    said = refused(folder, "import", workbook(path, A=[*ACTIVITIES, ["M-1", 9, "See NHS 943 476 5919"]]))
    assert "sheet A, row 5: 'NHS 943 476 5919' could identify a person (NHS number). Reword it there." in said
    assert "portfolio allow" not in said
    shutil.rmtree(folder / "_build", ignore_errors=True)
    assert state(folder) == before

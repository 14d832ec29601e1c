"""Files of evidence on their pages: shown as a table or a chart, refused in words, and told in true numbers."""

import csv
import math
import re
import statistics
from itertools import pairwise

import pytest
from conftest import ROOT, call
from lxml import html

from stp_portfolio.core import reading
from stp_portfolio.show import exhibits

FILES = ROOT / "C1_Professional_Foundations/evidence"
ROWS = "Week,Before,After,Who\n1,41,,a\n2,35,12,b\n3,,<10,<script>alert(1)</script>\n"
BIG = "Name,Number\n" + "".join(f"Row {n},{n}\n" for n in range(5000))
SAVED = {  # as programs save one and the same table
    "plain": ROWS.encode(),
    "lines of Windows": ROWS.replace("\n", "\r\n").encode("utf-8-sig"),
    "semicolons": ROWS.replace(",", ";").encode(),
    "tabs in Unicode text": ROWS.replace(",", "\t").encode("utf-16"),
    "without its mark": ROWS.encode("utf-16-le"),
    "blank lines": ROWS.replace("\n", "\n,,,\n").encode(),
}


def placed(small, kind, content, name="rows.csv"):
    """A page with a panel of a file below its heading."""
    if content is not None:
        small.write(name, content)
    small.write("intro.md", f'# Home\n\nThe words.\n\n[What was counted]({name} "panel: {kind}")\n')
    return small


@pytest.mark.parametrize("way", SAVED)
def test_every_program_saves_the_same_table(tmp_path, way):
    """Whatever the separator, the encoding and the line ends; missing numbers and text are told apart."""
    (tmp_path / "rows.csv").write_bytes(SAVED[way])
    found = exhibits.read(tmp_path, "rows.csv", "line")
    assert found.heads == ("Week", "Before", "After", "Who")
    assert [len(found.rows), [*found.series]] == [3, ["Before", "After"]]
    assert [number for number, _ in found.series["Before"]][:2] == [41, 35]


def test_table_is_shown_with_its_caption_and_its_file(small):
    """Cells as they are written, numbers to the right, a total, the note, and a link to a copy of the file."""
    built = placed(small, "table", f'{ROWS}Total,76,12,\n"# Held back, if under ten."\n').build()
    page = html.fromstring(built.page("intro"))
    (table,) = page.xpath("//table")
    assert table.xpath("string(caption/span)") == "What was counted"
    assert table.xpath("string(.//tbody/tr[3])").split() == ["3", "<10", "<script>alert(1)</script>"]
    assert table.xpath("string(.//tr[contains(@class, 'stp-total')]/*[1])") == "Total"
    assert len(table.xpath(".//tbody/tr[2]/td[contains(@class, 'stp-number')]")) == 2
    (link,) = page.xpath("//p[contains(@class, 'stp-file')]/a")
    assert link.xpath("string(..)") == "Open the data: rows.csv (1\u00a0kB). Held back, if under ten."
    assert (built.html / link.get("href")).read_bytes() == (small.tree / "rows.csv").read_bytes()


@pytest.mark.parametrize(
    ("kind", "rows", "words"),
    [
        ("line", "Week,Counted,Note\n1,41,x\n2,<10,y\n3,12%,z\n", "Line chart by week. Counted: week 1 41, week 3 12%."),
        ("bars", "Form,A $1,B $\nOne,5,\nTwo,7,\"1,200\"\n", "Bar chart by form. A $1: One 5, Two 7. B $: Two 1,200."),
        ("line", "Day,N\n2025-01-01,-1\n2025-02-01,.5\n", "Line chart by day. N: 2025-01-01 -1, 2025-02-01 .5."),
        ("line", BIG.replace("Row ", "")[:1600], "first 0 (name 0), last "),
    ],
)  # fmt: skip
def test_chart_is_drawn_twice_and_told_in_numbers(small, kind, rows, words):
    """For a column and for a phone, with the labels of the file, and in words for who cannot see it."""
    page = html.fromstring(placed(small, kind, rows).build().page("intro"))
    assert [
        len(page.xpath(f"//figure//*[contains(@class, 'stp-{width}')]")) for width in ("wide", "narrow")
    ] == [1, 1]
    assert words in " ".join(page.xpath("//figure//@aria-label"))
    assert page.xpath("string(//figcaption)").strip().startswith("What was counted")
    head = rows.split(",")[1].split("\n")[0]
    assert head in " ".join(page.xpath("//figure//*[local-name() = 'text']/text()"))


def test_names_of_lines_that_end_together_stand_apart(tmp_path):
    (tmp_path / "rows.csv").write_text("Month,Sent in time,Sent late,Never sent\n1,40,38,37\n2,45,44,43\n")
    drawn = exhibits.read(tmp_path, "rows.csv", "line").chart("line", "Caption")
    for svg in (drawn.svg, drawn.narrow):
        tops = sorted(float(y) for y in re.findall(r'<text x="\S+" y="(\S+)"[^>]*>(?:Sent|Never)', svg))
        assert len(tops) == 3
        assert min(below - above for above, below in pairwise(tops)) > 12
        assert svg.count('fill="var(--stp-page') == 3  # no line runs through them


WRONG = {  # the panel, the file, what is said
    "missing": ("table", None, "does not exist"),
    "empty": ("table", "", "no row below its heading"),
    "heading alone": ("line", "A,B\n", "no row below its heading"),
    "no number": ("bars", "A,B\nx,y\n", "no column of numbers (A, B)"),
    "one column": ("line", "A\n1\n", "no column of numbers (A)"),
    "decimal comma": ("line", "A;B\n1;3,5\n", "Write numbers alone"),
    "much": ("bars", BIG, "has 5,000 rows, and 'panel: bars' shows up to 30"),
    "uneven": ("table", "A,B\n1,2,3\n", "has 3 cells in row 2, and 2 names of columns"),
    "quotation mark": ("table", 'A,B\n"1,2\n', "Check its quotation marks"),
    "workbook": ("table", b"PK\x03\x04" + bytes(99), "Save it as 'CSV UTF-8'"),
    "private": ("table", None, "private"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_shown_is_said_by_check_and_by_build(small, what):
    """With the file and the remedy, on the line of the page, and without a traceback."""
    kind, content, said = WRONG[what]
    name = "private/rows.csv" if what == "private" else "rows.csv"
    placed(small, kind, ROWS if what == "private" else content, name)
    code, out, err = call(small.tree, "check")
    assert code == 1
    assert f"{name}'" in out + err
    assert said in " ".join((out + err).split())
    built = small.build()
    assert built.code == 1
    assert "rows.csv" in " ".join(built.faults)
    assert "Traceback" not in out + err + built.output


def test_of_much_a_table_shows_the_first_rows(small):
    """And says how many there are."""
    page = html.fromstring(placed(small, "table", BIG).build().page("intro"))
    assert page.xpath("string(//caption/span)") == "What was counted: 100 of 5000 rows"


def test_changed_file_is_read_again_and_screened(small):
    """A second build shows the new numbers, and none where a number identifies somebody."""
    assert "41" in placed(small, "table", ROWS).build().page("intro")
    small.write("rows.csv", ROWS.replace("41", "57"))
    built = small.build()
    assert built.read == ["intro"]
    assert "57" in built.page("intro")
    small.write("rows.csv", ROWS.replace("41", "943 476 5919"))
    built = small.build()
    assert built.code == 1
    assert "rows.csv" in built.output


def test_names_lead_to_the_rows_that_a_page_shows_and_these_to_files(small):
    """Evidence and standards in facts, and ids in bold, by panel or by notebook; without such a page, texts."""
    row = "E1,2024-02-01,A map,Map,M/1,HCPC/1,files/rows.csv\nE2,2024-02-01,A talk,Notes,M/1,,\n"
    small.write("files/rows.csv", ROWS)
    small.edit("data/evidence.csv", "file\n", f"file\n{row}")
    small.edit("M/1_Task.md", "A note.", "**E1** and **E2** and **E9**.")

    def links(page):
        found = html.fromstring(page).xpath("//article//a[not(ancestor::nav)]")
        return {each.xpath("string()").strip(): each.get("href") for each in found}

    without = links(small.build().page("M/1_Task"))
    assert {"E1", "E2", "HCPC 1: Safe practice"} & without.keys() == set()
    assert without["A map (CSV)"].endswith("/rows.csv")
    panels = "".join(f'\n\n[Rows](M/1_Task.md "panel: {name}")' for name in ("evidence", "by standard"))
    home = small.home(panels).page("intro")
    ids = html.fromstring(home).xpath("//tr/@id")
    assert ids == ["evidence-e1", "evidence-e2", "standard-hcpc-1"]
    assert links(home)["A map (CSV)"] == without["A map (CSV)"].removeprefix("../")
    within = links((small.tree / "_build/html/M/1_Task.html").read_text(encoding="utf-8"))
    assert {text: within.get(text) for text in ("E1", "E2", "E9", "HCPC 1: Safe practice")} == {
        "E1": "../intro.html#evidence-e1", "E2": "../intro.html#evidence-e2", "E9": None,
        "HCPC 1: Safe practice": "../intro.html#standard-hcpc-1",
    }  # fmt: skip
    assert small.home("").code == 0
    assert links((small.tree / "_build/html/M/1_Task.html").read_text(encoding="utf-8")) == without


# -- the example ------------------------------------------------------------------------------


def rows(name):
    """The rows of a file of the example, numbers as such, without its notes."""
    with (FILES / name).open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if not next(iter(row.values())).startswith("#")]
    return [
        {key: float(text) if re.fullmatch(r"[\d.]+", text) else text for key, text in row.items()}
        for row in found
    ]


def wilson(part, whole, z=1.959964):
    """The 95% interval of a share, by Wilson's method."""
    share, more = part / whole, z * z / whole
    middle = (share + more / 2) / (1 + more)
    half = z * math.sqrt(share * (1 - share) / whole + more / (4 * whole)) / (1 + more)
    return middle - half, middle + half


def interval(part, whole):
    return " to ".join(f"{100 * end:.1f}" for end in wilson(part, whole))


def text_of(number):
    (page,) = ROOT.glob(f"C1_Professional_Foundations/{number}_*.md")
    return " ".join(page.read_text(encoding="utf-8").split())


def test_audit_says_what_its_file_holds():
    form, others, total = rows("E23-modality-codes-first-cycle.csv")
    for row in (form, others, total):
        assert row["Right"] + row["Wrong"] == row["Requests"]
        assert row["Right (%)"] == round(100 * row["Right"] / row["Requests"], 1)
        assert row["95% interval"] == interval(row["Right"], row["Requests"])
    assert all(form[name] + others[name] == total[name] for name in ("Requests", "Right", "Wrong"))
    said = text_of(18)
    expected = form["Requests"] * others["Wrong"] / others["Requests"]
    told = [
        f"audited {total['Requests']:.0f} imaging requests", f"found {total['Right (%)']}% right",
        f"{total['95% interval']}%, lies below the standard",
        f"sent {form['Requests']:.0f} of the 400 requests (22%)", "21 of the 36 errors (58%)",
        f"together stand at {others['Right (%)']}%", "down to 92.2%", "about four of its 88 requests",
        f"will stand at {100 - (expected + others['Wrong']) / 4:.1f}%",
    ]  # fmt: skip
    assert [each for each in told if each not in said] == []
    assert (round(21 / 36, 2), round(88 / 400, 2), round(expected)) == (0.58, 0.22, 4)


def test_improvement_says_what_its_file_holds():
    weeks = rows("E24-rejected-orders.csv")
    before, after = weeks[:8], weeks[8:]
    medians = [statistics.median(week[f"Rejected {name}"] for week in part)
               for name, part in (("before", before), ("after", after))]  # fmt: skip
    assert medians == [38, 12]
    unknown = [statistics.median(week["Typed as unknown"] for week in part) for part in (before, after)]
    assert unknown == [22, 23]
    rates = [1000 * sum(week[f"Rejected {name}"] for week in part) / sum(week["Orders sent"] for week in part)
             for name, part in (("before", before), ("after", after))]  # fmt: skip
    told = ["median of 38 a week", "the median is 12", f"fell by {100 * 26 / 38:.0f}%", "eight weeks before the change and six after",
            f"from {rates[0]:.1f} to {rates[1]:.1f} rejected per 1,000", "22 times a week before and 23 times since"]  # fmt: skip
    assert [each for each in told if each not in text_of(19)] == []


def test_review_says_what_its_file_holds():
    (number, none, total), said = rows("E25-reminders-and-attendance.csv"), text_of(6)
    for row in (number, none, total):
        assert row["Share (%)"] == round(100 * row["Not attended"] / row["Appointments"], 1)
        assert row["95% interval"] == interval(row["Not attended"], row["Appointments"])
    assert all(number[name] + none[name] == total[name] for name in ("Appointments", "Not attended"))
    pairs = [(row["Not attended"], row["Appointments"]) for row in (none, number)]
    (high, low), ends = [part / whole for part, whole in pairs], [wilson(*pair) for pair in pairs]
    gap = [high - low - math.hypot(high - ends[0][0], ends[1][1] - low),  # Newcombe's interval
           high - low + math.hypot(ends[0][1] - high, low - ends[1][0])]  # fmt: skip
    assert f"interval {100 * gap[0]:.1f} to {100 * gap[1]:.1f})" in said
    assert "For 360 of 4,286 appointments (8.4%)" in said
    assert "Of these, 43" in said


def test_evaluation_says_what_its_files_hold():
    (urgent, other, total), hours = rows("E16-triage-evaluation.csv"), rows("E16-hours-covered.csv")
    for row, right in ((urgent, "Flagged"), (other, "Not flagged")):
        assert row["Right (%)"] == round(100 * row[right] / row["Images"], 1)
        assert row["95% interval"] == interval(row[right], row["Images"])
    assert all(urgent[name] + other[name] == total[name] for name in ("Images", "Flagged", "Not flagged"))
    assert total["Images"] == sum(row["In the test set"] for row in hours) == 612
    taken = sum(row["All images"] for row in hours)
    out = sum(row["All images"] for row in hours if not row["In the test set"])
    told = ["on 612 local images", "flagged 80 of the 92", "sensitivity of 87.0%", "477 of the 520", "specificity of 91.7%",
            "123 flags, of which 80 (65%)", "12 urgent images", f"took {taken:,.0f} chest", f"For {out:.0f} of them (40%)",
            "78.6 to 92.4%", "15% in my sample"]  # fmt: skip
    assert [each for each in told if each not in text_of(14)] == []
    shares = out / taken, urgent["Flagged"] / total["Flagged"], urgent["Images"] / total["Images"]
    assert [round(share, 2) for share in shares] == [0.40, 0.65, 0.15]


def test_files_of_the_example_say_that_they_are_invented():
    """Each is registered or shown, small, marked inside, and holds no group of fewer than ten."""
    named = {piece.file for piece in reading.load(ROOT).evidence if piece.file}
    assert len(named) == 8
    for path in FILES.iterdir():
        assert path.stat().st_size < 60_000
        if path.suffix == ".csv":
            assert "Invented for the example." in path.read_text(encoding="utf-8")
            cells = [
                cell
                for row in rows(path.name)
                for name, cell in row.items()
                if "%" not in name and name != "Week"
            ]
            assert [cell for cell in cells if isinstance(cell, float) and 0 < cell < 10] == []
        else:
            from pypdf import PdfReader

            assert "Invented for the example." in PdfReader(path).pages[0].extract_text()
            assert path.relative_to(ROOT).as_posix() in named

"""The built book: clean, whole, and every number in it equal to an independent recount of the CSV files."""

import html
import re
import shutil
from decimal import Decimal

import pytest
from conftest import build
from recount import Recount, written

from stp_portfolio.book.strict import page_faults


def plain(markup):
    """The text of some markup, with white space folded and the typesetter's apostrophes as typed."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\u2019", "'").split())


def text_of(page):
    """The text of a page's article, with white space folded."""
    article = re.search(r"<article.*?</article>", page, re.DOTALL)[0]
    article = re.sub(r"<svg.*?</svg>", " ", article, flags=re.DOTALL)
    return plain(article)


def cells(page, caption):
    """The body rows of the table with a caption, as lists of texts."""
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        if f">{html.escape(caption)}<" in table:
            body = re.search(r"<tbody>.*?</tbody>", table, re.DOTALL)[0]
            return [
                [plain(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
                for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
            ]
    raise AssertionError(f"no table with the caption '{caption}'")


def check_numbers(built):
    """Hold every computed number of a book against the recount of its own data."""
    recount = Recount(built.tree)
    total = len(recount.activities)
    home = built.page("intro")
    progress, sums, coverage = (built.page(f"notebooks/{name}") for name in ("progress", "credits", "coverage"))

    head = f"On {written(recount.on)}, {recount.count('Signed off')} of {total} activities"
    assert head in text_of(home)
    for row in cells(progress, "Activities by status"):
        assert int(row[1]) == (total if row[0] == "Total" else recount.count(row[0]))

    programme = cells(home, "Modules of the programme and their credits")
    assert [row[2] for row in programme[:-1]] == [row["credits"] for row in recount.modules]
    assert programme[-1][0] == "Total"
    assert programme[-1][2] == str(recount.total_credits)
    assert f"{recount.total_credits} credits come from {len(recount.modules)} modules" in text_of(sums)
    by_phase = cells(sums, "Credits by phase")
    assert by_phase[-1][1:] == [str(recount.total_credits), str(recount.earned)]
    for row in by_phase[:-1]:
        phase = row[0].removeprefix("Phase ")
        assert Decimal(row[1]) == sum(Decimal(m["credits"]) for m in recount.modules if m["phase"] == phase)

    listed = cells(progress, "Milestones")
    assert sorted(row[:3] for row in listed) == sorted(
        [row["name"], written(row["date"]), f"{row['required']} of {row['module']}" if row["required"] else ""]
        for row in recount.milestones
    )
    for row in listed:
        if row[2]:
            assert int(row[3]) == recount.done(row[2].split(" of ")[1])

    table = cells(coverage, "Standards and the evidence that speaks to them")
    for row, (standard, pieces) in zip(table, recount.standards.items(), strict=True):
        assert row[0].startswith(f"{standard}:")
        assert row[1:] == [str(len(pieces)), ", ".join(pieces) or "None yet"]

    for activity, row in zip(
        recount.activities, cells(progress, "The activities, their status and their dates"), strict=True
    ):
        key = f"{activity['module']}/{activity['number']}"
        page = text_of(built.page(activity["page"]))
        status = recount.status[key]
        assert f"{activity['number']}. {activity['title']}" in row[0]
        assert row[1] == status
        assert f"Status {status}" in page
        if key in recount.waiting:
            assert f"with the assessor for {recount.waiting[key]} days" in page
        held = [piece for piece in recount.evidence if key in piece["activities"].split(";")]
        assert int(row[-1]) == len(held)
        for piece in held:
            assert f"{piece['id']} {piece['title']}" in page
    for module in {row["module"] for row in recount.activities}:
        listed = [row for row in recount.activities if row["module"] == module]
        chapter = built.page(f"{listed[0]['page'].rpartition('/')[0]}/index")
        for word in set(recount.status.values()):
            own = [r for r in listed if recount.status[f"{module}/{r['number']}"] == word]
            if own:
                caption = f"{word}: {len(own)} {'activity' if len(own) == 1 else 'activities'}"
                assert [row[0] for row in cells(chapter, caption)] == [f"{r['number']}. {r['title']}" for r in own]


def test_shipped_book_builds_without_a_warning(book):
    """The shipped book ends with code 0, reports nothing and holds its pages."""
    assert book.code == 0, book.output
    assert "WARNING" not in book.output
    assert "ERROR" not in book.output
    names = ["index", "intro", *(row["page"] for row in Recount(book.tree).activities)]
    names += [f"notebooks/{name}" for name in ("credits", "progress", "coverage")]
    assert len(names) == 25
    for name in names:
        assert (book.html / f"{name}.html").is_file()


def test_every_number_equals_a_recount(book):
    """Totals, statuses, days, milestones and evidence agree with a recount that shares no code."""
    check_numbers(book)


def test_illustration_is_the_one_described(book):
    """The shipped data are the trainee at 30 June 2025 that the book says it shows."""
    recount = Recount(book.tree)
    assert recount.total_credits == 180
    counted = {
        word: recount.count(word) for word in ("Signed off", "Submitted", "Returned", "In progress", "Not started")
    }
    assert counted == {"Signed off": 8, "Submitted": 3, "Returned": 1, "In progress": 4, "Not started": 4}
    assert max(recount.waiting.values()) > 28
    assert len(recount.evidence) >= 15
    assert sum(";" in row["activities"] for row in recount.evidence) >= 3


def test_no_dead_link_or_anchor(book):
    """Every internal link and anchor of every page leads somewhere, and the check can tell."""
    assert list(page_faults(book.html)) == []


def test_dead_links_are_seen(tmp_path):
    """A missing file, a missing anchor and a missing image are each reported once."""
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">x</a><a href="b.html#gone">x</a><a href="c.html">x</a><img src="d.png" alt="a drawing">'
        '<a href="https://example.org/gone">x</a><a href="#here" id="here">x</a>'
    )
    (tmp_path / "b.html").write_text('<p id="there">x</p>')
    assert [fault.split("'")[1] for fault in page_faults(tmp_path)] == ["b.html#gone", "c.html", "d.png"]


def test_example_is_marked_on_every_page_that_shows_it(book):
    """The line that says the content is invented stands once on every page of the book."""
    names = [*(row["page"] for row in Recount(book.tree).activities), "intro", "C1_Professional_Foundations/index"]
    for name in [*names, "notebooks/progress", "notebooks/credits", "notebooks/coverage"]:
        assert text_of(book.page(name)).count("Illustration: the progress, evidence") == 1, name


def test_every_figure_has_numbers_in_its_alt_text_a_caption_and_a_table(book):
    """A figure is never the only place of its numbers."""
    seen = 0
    for name in ("progress", "credits", "coverage"):
        page = book.page(f"notebooks/{name}")
        figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
        seen += len(figures)
        for figure in figures:
            alt = html.unescape(re.search(r'role="img" aria-label="([^"]+)"', figure)[1])
            assert len(re.findall(r"\d+", alt)) >= 3
            assert (
                len(text_of(f"<article>{re.search(r'<figcaption>.*?</figcaption>', figure, re.DOTALL)[0]}</article>"))
                > 20
            )
        assert page.count("<table") >= len(figures)
    assert seen == 5


def test_readers_see_no_code(book):
    """A notebook's page shows results and says how they were computed, and no source."""
    for name in ("progress", "credits", "coverage"):
        page = book.page(f"notebooks/{name}")
        assert "portfolio = records.load()" not in page
        assert "Computed when the book was built, from the files in data/" in text_of(page)


def test_second_run_executes_and_reads_nothing(copy):
    """With nothing changed no notebook runs, no page is read and the pages stay as they are."""
    build(copy)  # the copy lies elsewhere than where it was built, which counts as a change
    before = {path: path.read_bytes() for path in copy.rglob("_build/html/**/*.html")}
    assert len(before) > 25
    done = build(copy)
    assert done.code == 0
    assert done.executed == []
    assert done.read == []
    assert {path: path.read_bytes() for path in copy.rglob("_build/html/**/*.html")} == before


def test_changed_row_shows_everywhere(copy):
    """One more event in the CSV, the same command again: every page that depends on it shows the new numbers."""
    build(copy)
    path = copy / "data/progress.csv"
    path.write_text(path.read_text(encoding="utf-8") + "2025-06-25,S-C1,11,signed_off,\n", encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    assert Recount(copy).count("Signed off") == 9
    check_numbers(done)
    assert "on track" in text_of(done.page("notebooks/progress"))
    chapter = "C1_Professional_Foundations"
    notebooks = ["notebooks/coverage", "notebooks/credits", "notebooks/progress"]
    assert done.read == [
        f"{chapter}/11_LearningSession",
        f"{chapter}/index",
        f"{chapter}/synthesis",
        "about/news",
        "intro",
        *notebooks,
    ]


def test_changed_code_shows_everywhere(copy):
    """Another wording in the package: pages and notebooks that say it are made again, without a flag."""
    build(copy)
    path = copy / "stp_portfolio/words.py"
    text = path.read_text(encoding="utf-8")
    assert "signed off. The pace so far" in text
    path.write_text(text.replace("signed off. The pace so far", "signed off. The speed so far"), encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    for name in ("intro", "notebooks/progress", "C1_Professional_Foundations/index"):
        assert "The speed so far would bring" in text_of(done.page(name))


def test_row_put_back_is_found_in_the_cache(copy):
    """The old numbers come back without running a notebook, even where the file's time is older."""
    import os

    path = copy / "data/progress.csv"
    original = path.read_text(encoding="utf-8")
    path.write_text(original + "2025-06-25,S-C1,11,signed_off,\n", encoding="utf-8")
    assert len(build(copy).executed) == 3
    path.write_text(original, encoding="utf-8")
    os.utime(path, (0, 0))
    done = build(copy)
    assert done.executed == []
    check_numbers(done)


def test_changed_page_with_an_older_time_is_read(copy):
    """A page restored from a backup keeps its old time and is read all the same."""
    import os

    path = copy / "C1_Professional_Foundations/5_PatientCareJourney.md"
    path.write_text(path.read_text(encoding="utf-8").replace("E06", "The map, E06,", 1), encoding="utf-8")
    os.utime(path, (0, 0))
    assert "The map, E06," in text_of(build(copy).page("C1_Professional_Foundations/5_PatientCareJourney"))


def test_removed_page_leaves_the_site(copy):
    """A page taken out of the contents is not published any longer."""
    path = copy / "_toc.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("      - file: about/by-standard\n", ""), encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    assert not (done.html / "about/by-standard.html").exists()
    assert "by-standard" not in done.page("intro")


@pytest.mark.parametrize("as_of", ["2023-09-04", "2025-10-01", ""])
def test_other_day_of_reading(copy, as_of):
    """The same records read on another day, or today, give that day's numbers."""
    path = copy / "data/portfolio.toml"
    line = f"as_of = {as_of}" if as_of else ""
    path.write_text(path.read_text(encoding="utf-8").replace("as_of = 2025-06-30", line), encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    check_numbers(done)


def test_stray_files_are_not_pages(copy):
    """A virtual environment, a tool's cache and notes beside the book are neither built nor a fault."""
    for name in (
        ".pytest_cache/README.md",
        ".venv/lib/x.md",
        "env/lib/.cache/y.md",
        "env/z.ipynb",
        "NOTES.md",
        "private/p.md",
    ):
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Stray\n", encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    assert not [page for page in done.html.rglob("*.html") if "Stray" in page.read_text(encoding="utf-8")]


def test_same_input_gives_the_same_bytes(copy):
    """Two clean builds of one tree agree in every file, though Python orders its sets differently."""
    trees = []
    for seed in ("1", "2"):
        shutil.rmtree(copy / "_build")
        done = build(copy, PYTHONHASHSEED=seed)
        assert done.code == 0, done.output
        assert len(done.executed) == 3
        trees.append({p.relative_to(done.html): p.read_bytes() for p in done.html.rglob("*") if p.is_file()})
    assert len(trees[0]) > 40
    assert trees[0].keys() == trees[1].keys()
    assert [path for path in trees[0] if trees[0][path] != trees[1][path]] == []

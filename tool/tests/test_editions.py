"""Two editions: the public one never opens the overlay, the assessor's is marked, and a release is complete or not at all."""

import csv
import hashlib
import re
import shutil
import subprocess
import zipfile
import zlib

import pytest
import yaml
from conftest import ROOT, build
from PIL import Image
from test_cli import run

CHAPTER = "C1_Professional_Foundations"
CANARY = "quuxbar"  # in no dictionary and nowhere else


def git(tree, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path):
    """The portfolio as a git repository of its own, everything committed."""
    tree = tmp_path / "portfolio"
    shutil.copytree(
        ROOT,
        tree,
        ignore=shutil.ignore_patterns(
            "_build", ".git", ".venv*", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "private"
        ),
    )
    shutil.copytree(ROOT / "examples/private", tree / "examples/private")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "Start")
    return tree


def overlay_with_canaries(tree, word):
    """An overlay that hides a word in twelve constructs of a page that it replaces and one that it adds."""
    private = tree / "private" / CHAPTER
    private.mkdir(parents=True)
    (private / f"{word}_part.txt").write_text(f"Included {word}13.\n", encoding="utf-8")
    Image.new("RGB", (4, 4), "white").save(private / f"{word}.png")
    (private / f"{word}.txt").write_text(f"{word}14", encoding="utf-8")
    page = (ROOT / "examples/private" / CHAPTER / "3_ChallengingExperiences.md").read_text(encoding="utf-8")
    extra = f"""
({word}1-label)=
### A heading {word}2

Body {word}3, in the index too.

```{{index}} {word}4
```

A paragraph that the index leads to.

```{{glossary}}
{word}5
  A term {word}6.
```

A footnote.[^{word}]

[^{word}]: It says {word}7.

:::{{figure}} {word}.png
:alt: A square {word}8

A caption {word}9
:::

[A download {word}10]({word}.txt)

```{{include}} {word}_part.txt
```

% A comment {word}11
<!-- A comment {word}12 -->

"""
    text = f"---\nnote: {word}15\n---\n" + page.replace("\n## Action plan", extra + "\n## Action plan", 1)
    (private / "3_ChallengingExperiences.md").write_text(text, encoding="utf-8")


def everything(folder):
    """All bytes that a reader could get, with the inventory inflated."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        if path.suffix == ".inv":
            head = b"".join(raw.splitlines(keepends=True)[:4])
            raw = head + zlib.decompress(raw[len(head) :])
        found[path.relative_to(folder).as_posix()] = raw
    return found


def test_public_edition_is_the_same_whatever_lies_in_private(repository):
    """Three overlays, byte-identical public books, and no canary in any of their files."""
    built = []
    for word in (None, CANARY, "zorblatt"):
        shutil.rmtree(repository / "private", ignore_errors=True)
        shutil.rmtree(repository / "_build", ignore_errors=True)
        if word:
            overlay_with_canaries(repository, word)
        done = build(repository)
        assert done.code == 0, done.output
        built.append(everything(done.html))
    assert len(built[0]) > 40
    assert built[0] == built[1] == built[2]
    for name, raw in built[1].items():
        assert CANARY.encode() not in raw.lower(), name
        assert CANARY not in name.lower()


def test_assessor_edition_holds_the_overlay_and_is_marked(repository):
    """Every page says that it is not for publication; the overlay's page replaces the public one; nothing else changes."""
    overlay_with_canaries(repository, CANARY)
    code, out, err = run(repository, "build", "--edition", "assessor")
    assert code == 0, out + err
    assert "Assessor edition, not for publication" in out
    site = repository / "_build/assessor"
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for path in pages:
        if "_static" not in path.parts:
            assert "Assessor edition, not for publication" in path.read_text(encoding="utf-8"), path
    text = (site / CHAPTER / "3_ChallengingExperiences.html").read_text(encoding="utf-8")
    for number in (2, 3, 6, 7, 8, 9, 10, 13):
        assert f"{CANARY}{number}" in text
    assert git(repository, "status", "--porcelain") == ""
    assert not (repository / "_build/html").exists()


def test_overlay_from_elsewhere_and_a_page_of_its_own(repository, tmp_path):
    """A new page joins the book where its fragment says."""
    overlay = tmp_path / "elsewhere"
    (overlay / "notes").mkdir(parents=True)
    (overlay / "notes/extra.md").write_text("# Notes for the assessor\n\nA note.\n", encoding="utf-8")
    code, out, err = run(repository, "build", "--edition", "assessor", "--private", str(overlay))
    assert code == 1
    assert "notes/extra.md is a page that the contents do not name" in err
    (overlay / "_toc.yml").write_text(
        yaml.safe_dump([{"file": "notes/extra", "under": f"{CHAPTER}/index"}]), encoding="utf-8"
    )
    code, out, err = run(repository, "build", "--edition", "assessor", "--private", str(overlay))
    assert code == 0, out + err
    assert "Notes for the assessor" in (repository / "_build/assessor" / CHAPTER / "index.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("stp_portfolio/words.py", "x = 1", "is not content"),
        ("_config.yml", "title: x", "is not content"),
        (f"{CHAPTER}/3_Challenging.md", "# x", "is a page that the contents do not name"),
        ("_toc.yml", "file: x", "is not a list"),
        ("_toc.yml", "- file: x\n  under: nowhere", "'nowhere' is not a page of the contents"),
        ("_toc.yml", "- file: x\n", "each entry has file and under"),
        ("_toc.yml", "- [", "cannot be read"),
    ],
)
def test_overlay_without_a_place_is_refused(repository, name, text, words):
    """Refused with the reason before anything is built; an earlier edition is gone."""
    (repository / "_build/assessor").mkdir(parents=True)
    (repository / "_build/assessor/index.html").write_text("old")
    path = repository / "private" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    code, _, err = run(repository, "build", "--edition", "assessor")
    assert code == 1
    assert words in err
    assert not (repository / "_build/assessor").exists()


def test_identifier_in_an_overlay_is_refused_as_well(repository):
    """The assessor is a reader, too."""
    overlay_with_canaries(repository, CANARY)
    page = repository / "private" / CHAPTER / "3_ChallengingExperiences.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n999 055 4331\n", encoding="utf-8")
    code, out, err = run(repository, "build", "--edition", "assessor")
    assert code == 1
    assert "could identify a person" in out + err
    assert not (repository / "_build/assessor").exists()


def test_private_files_in_git_are_a_finding(repository):
    """Tracked now, or only in an earlier commit: both are found and stop a release."""
    (repository / "private").mkdir()
    (repository / "private/x.md").write_text("# x\n")
    git(repository, "add", "-f", "private/x.md")
    assert "private/x.md: git tracks it" in run(repository, "check")[1]
    git(repository, "commit", "-qm", "Oops")
    git(repository, "rm", "-q", "private/x.md")
    git(repository, "commit", "-qm", "Taken out")
    code, out, _ = run(repository, "check")
    assert code == 1
    assert "private/x.md" in out
    code, _, err = run(repository, "release")
    assert code == 1
    assert "git holds files of private/" in err


def test_release_is_complete(repository):
    """The site, a manifest with the hash of every file, no sources, pictures without metadata."""
    meta = Image.new("RGB", (8, 8), "white")
    exif = meta.getexif()
    exif[0x0110] = "harmless model"
    meta.save(repository / CHAPTER / "photo.jpg", exif=exif)
    page = repository / CHAPTER / "5_PatientCareJourney.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace(
            "\n## Reflection", "\n![A white square of eight pixels](photo.jpg)\n\n## Reflection"
        ),
        encoding="utf-8",
    )
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Picture")
    (repository / "private").mkdir()
    code, out, err = run(repository, "release")
    assert code == 0, out + err
    assert "No check proves that nobody can be identified" in out
    site = repository / "_build/release/site"
    with (repository / "_build/release/manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with zipfile.ZipFile(repository / "_build/release/portfolio-offline.zip") as offline:
        packed = {name.removeprefix("portfolio/"): offline.read(name) for name in offline.namelist()}
    assert packed == {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }
    on_disk = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert {row["file"] for row in rows} == on_disk
    commit = git(repository, "rev-parse", "HEAD").strip()
    for row in rows:
        assert hashlib.sha256((site / row["file"]).read_bytes()).hexdigest() == row["sha256"]
        assert (row["edition"], row["commit"]) == ("public", commit)
    assert not list(site.rglob("_sources"))
    with Image.open(next(site.rglob("photo*.jpg"))) as picture:
        assert not picture.getexif()
        assert picture.size == (8, 8)
    assert (site / "index.html").is_file()


@pytest.mark.parametrize("fault", ["uncommitted", "term", "identifier in an output"])
def test_release_is_refused_and_leaves_nothing(repository, fault):
    """A changed file, a term to review, or a number that only a notebook puts together."""
    (repository / "_build/release/site").mkdir(parents=True)
    page = repository / CHAPTER / "5_PatientCareJourney.md"
    if fault == "identifier in an output":
        notebook = repository / "notebooks/credits.ipynb"
        text = notebook.read_text(encoding="utf-8")
        notebook.write_text(
            text.replace('"words.computed_note(portfolio)"', "\"'999' + '055' + '4331'\""), encoding="utf-8"
        )
    else:
        page.write_text(page.read_text(encoding="utf-8") + "\nThen Quenby helped.\n", encoding="utf-8")
    if fault != "uncommitted":
        git(repository, "commit", "-qam", "Change")
    code, _, err = run(repository, "release")
    assert code == 1
    words = {"uncommitted": "not committed", "term": "«Quenby»", "identifier in an output": "was not built"}[fault]
    assert words in err
    assert not (repository / "_build/release").exists()


def test_finished_site_is_screened_in_every_part(tmp_path):
    """Text, attribute, comment, search index, inventory, image, PDF name: each is read."""
    from stp_portfolio.desk import editions

    site = tmp_path / "site"
    (site / "_images").mkdir(parents=True)
    (site / "clean.html").write_text(
        '<p class="x">8 of 20</p><svg viewBox="0 0 504 288"><path d="M 9990554331 1"/></svg>'
    )
    assert editions.screen_site(site, frozenset()) == []
    number = "999 055 4331"
    (site / "text.html").write_text(f"<p>{number[:3]}</p><p>see {number}</p>")
    (site / "attribute.html").write_text(f'<img alt="{number}">')
    (site / "comment.html").write_text(f"<!-- {number} -->")
    (site / "searchindex.js").write_text('Search.setIndex({"terms": {"' + number + '": [9990554331]}})')
    head = b"# Sphinx inventory version 2\n# Project: x\n# Version: \n# The remainder of this file is compressed using zlib.\n"
    (site / "objects.inv").write_bytes(head + zlib.compress(f"page std:doc -1 page.html {number}\n".encode()))
    (site / "_images/999_055_4331.png").write_bytes(b"x")
    found = {hit.file for hit in editions.screen_site(site, frozenset())}
    assert found == {
        "text.html",
        "attribute.html",
        "comment.html",
        "searchindex.js",
        "objects.inv",
        "_images/999_055_4331.png",
    }


def test_approved_terms_are_dated_and_identifiers_refused(repository):
    """A term goes on the list with date and reason; an identifier does not."""
    code, _, _ = run(repository, "approve", "Quenby Marl", "--reason", "a method")
    assert code == 0
    last = (repository / "data/approved_terms.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert re.fullmatch(r"Quenby Marl \| \d{4}-\d\d-\d\d \| a method", last)
    for text in ("999 055 4331", "jo@example.org", "Mr Holloway"):
        code, _, err = run(repository, "approve", text)
        assert code == 1
        assert "direct identifier" in err

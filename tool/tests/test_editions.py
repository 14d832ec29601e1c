"""Two editions: the public one never opens the overlay; a release is complete or not at all."""

import csv
import hashlib
import re
import shutil
import subprocess
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import approval, checks, editions

CONSTRUCTS = Path(__file__).with_name("constructs.md").read_text(encoding="utf-8")
CANARY = "quuxbar"  # in no dictionary and nowhere else


def git(tree, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout


def quiet(text):
    """Nobody listens."""


@pytest.fixture
def repository(small):
    """The small book as a git repository of its own, without a finding, everything committed."""
    small.write(".gitignore", "_build/\n/private/\n")
    small.write("data/approved_terms.txt", "config | 2025-01-01 | a file name\n")
    git(small.tree, "init", "-q")
    commit(small)
    return small


def commit(small):
    git(small.tree, "add", "-A")
    git(small.tree, "commit", "-qm", "Change")


def overlay_with(small, word):
    """An overlay that hides a word in twelve constructs of a page, its front matter, and a page's file."""
    small.write(f"private/M/{word}_part.txt", f"Included {word}13.\n")
    small.write(f"private/M/{word}.txt", f"{word}14")
    Image.new("RGB", (4, 4), "white").save(small.tree / f"private/M/{word}.png")
    page = (small.tree / "M/1_Task.md").read_text(encoding="utf-8")
    text = page.replace("\nRead next", CONSTRUCTS.replace("WORD", word) + "\nRead next", 1)
    return small.write("private/M/1_Task.md", f"---\nnote: {word}15\n---\n{text}")


def everything(folder):
    """All bytes that a reader could get, with the inventory inflated."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
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
        for folder in ("private", "_build"):
            shutil.rmtree(repository.tree / folder, ignore_errors=True)
        if word:
            overlay_with(repository, word)
        done = repository.build()
        assert done.code == 0, done.output
        built.append(everything(done.html))
    assert len(built[0]) > 10
    for other in built[1:]:
        assert [name for name in {**built[0], **other} if other.get(name) != built[0].get(name)] == []
    for name, raw in built[1].items():
        assert CANARY.encode() not in raw.lower() + name.lower().encode(), name


def test_assessor_edition_holds_the_overlay_and_is_marked(repository):
    """Every page is marked; the overlay's page stands for the public one, a further one where it was put."""
    overlay_with(repository, CANARY)
    overlay = repository.tree / "private"
    repository.write("private/notes/extra.md", "# Notes for the assessor\n\nA note.\n")
    with pytest.raises(Refusal, match=r"notes/extra\.md is a page that the contents do not name"):
        editions.build_assessor(repository.tree, overlay, quiet)
    repository.write("private/_toc.yml", "- file: notes/extra\n  under: M/1_Task\n")
    site = editions.build_assessor(repository.tree, overlay, quiet)
    pages = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    assert {path.name for path in pages} >= {"intro.html", "1_Task.html", "extra.html"}
    for path in pages:
        assert editions.MARK in path.read_text(encoding="utf-8"), path
    text = (site / "M/1_Task.html").read_text(encoding="utf-8")
    for number in (2, 3, 6, 7, 8, 9, 10, 13):
        assert f"{CANARY}{number}" in text
    assert git(repository.tree, "status", "--porcelain") == ""
    assert not (repository.tree / "_build/html").exists()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("stp_portfolio/words.py", "x = 1", "is not content"),
        ("_config.yml", "title: x", "is not content"),
        ("M/1_Tusk.md", "# x", "is a page that the contents do not name"),
        ("_toc.yml", "file: x", "is not a list"),
        ("_toc.yml", "- file: x\n  under: nowhere", "'nowhere' is not a page of the contents"),
        ("_toc.yml", "- file: x\n  under: intro", "cannot stand under the home page"),
        ("_toc.yml", "- file: x\n", "each entry has file and under"),
        ("_toc.yml", "- [", "cannot be read"),
        ("M/1_Task.md", "# 1. Task\n\nNHS number 999 055 4331\n", "was not built"),  # a reader, too
    ],
)
def test_overlay_without_a_place_is_refused(repository, name, text, words):
    """Refused with the reason; an earlier edition is gone."""
    repository.write("_build/assessor/index.html", "old")
    repository.write(f"private/{name}", text)
    with pytest.raises(Refusal, match=re.escape(words)):
        editions.build_assessor(repository.tree, repository.tree / "private", quiet)
    assert not (repository.tree / "_build/assessor").exists()


def test_private_files_in_git_are_a_finding(repository):
    """Tracked now, or only in an earlier commit: both are found and stop a release."""
    repository.write("private/x.md", "# x\n")
    git(repository.tree, "add", "-f", "private/x.md")
    file = repository.tree / "private/x.md"
    assert "private/x.md: git tracks it" in str(checks.run(repository.tree)[0][-1])
    commit(repository)
    with pytest.raises(Refusal, match="Screening finds no"):  # what is there now is no matter of the past
        approval.allow(repository.tree, file, "private", "invented", date(2025, 7, 1))
    git(repository.tree, "rm", "-q", "private/x.md")
    git(repository.tree, "commit", "-qm", "Taken out")
    assert "private/x.md" in str(checks.run(repository.tree)[0][-1])
    with pytest.raises(Refusal, match="git holds files of private/"):
        editions.release(repository.tree, quiet)
    approval.allow(repository.tree, file, "private", "invented", date(2025, 7, 1))
    assert checks.run(repository.tree)[0] == []


def test_release_is_complete(repository):
    """The site, a manifest with the hash of every file, the same to read offline; no sources, no metadata."""
    exif = Image.Exif()
    exif[0x0110] = "harmless model"
    Image.new("RGB", (8, 8), "white").save(repository.tree / "photo.jpg", exif=exif)
    repository.write("intro.md", "# Home\n\nThe words of the home page.\n\n![A square of white](photo.jpg)\n")
    commit(repository)
    repository.write("private/M/1_Task.md", "# Not for the public\n")
    site = editions.release(repository.tree, quiet)
    files = everything(site)
    folder = site.parent
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    with zipfile.ZipFile(folder / "portfolio-offline.zip") as offline:
        packed = {name.removeprefix("portfolio/"): offline.read(name) for name in offline.namelist()}
    assert packed == {name: (site / name).read_bytes() for name in files}
    assert rows.keys() == files.keys()
    head = git(repository.tree, "rev-parse", "HEAD").strip()
    for name, row in rows.items():
        assert hashlib.sha256((site / name).read_bytes()).hexdigest() == row["sha256"]
        assert (row["edition"], row["commit"]) == ("public", head)
    assert not [name for name in files if "_sources" in name or "Not for the public" in str(files[name])]
    with Image.open(next(site.rglob("photo*.jpg"))) as published:
        assert not published.getexif()
        assert published.size == (8, 8)
    assert {"index.html", "intro.html"} <= files.keys()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Uncommitted.", "not committed"),
        ("Then Priya helped.", "«Priya»"),
        ("A {nosuchrole}`word` here.", "was not built"),
    ],
)
def test_release_is_refused_and_leaves_nothing(repository, text, words):
    """A changed file, a term to review, a fault that only a build finds; the release of before is gone."""
    repository.write("_build/release/site/index.html", "old")
    repository.write("intro.md", f"# Home\n\nThe words of the home page.\n\n{text}\n")
    if text != "Uncommitted.":
        commit(repository)
    with pytest.raises(Refusal, match=words):
        editions.release(repository.tree, quiet)
    assert not (repository.tree / "_build/release").exists()


def test_release_of_a_site_that_identifies_is_refused(repository, monkeypatch):
    """What no source shows and the finished site does: here a page that the build itself put in."""

    def built(tree, *, aside):
        assert aside
        (tree / "_build/html").mkdir(parents=True)
        (tree / "_build/html/x.html").write_text("<p>Call 999 055 4331</p>", encoding="utf-8")
        return 0

    monkeypatch.setattr(editions, "build_public", built)
    with pytest.raises(Refusal, match="in the finished site"):
        editions.release(repository.tree, quiet)


def test_approved_terms_are_dated_and_identifiers_refused(repository):
    """A term goes on the list once, with date and reason; an identifier does not, and then nothing does."""
    listed = repository.tree / "data/approved_terms.txt"
    on, tree = date(2025, 7, 1), repository.tree
    assert approval.approve(tree, ["Quenby Marl"], "a | method", on) == ["Quenby Marl"]
    assert approval.approve(tree, ["Quenby Marl"], "again", on) == []
    assert listed.read_text(encoding="utf-8").splitlines()[-1] == "Quenby Marl | 2025-07-01 | a / method"
    for text in ("999 055 4331", "jo@example.org", "07700 900123", "a|b", " "):
        words = "is not a term" if text in ("a|b", " ") else "direct identifier"
        with pytest.raises(Refusal, match=words):
            approval.approve(tree, ["Fine", text], "", on)
    assert "Fine" not in listed.read_text(encoding="utf-8")

"""The writing: British spelling, readable, of the right length, and no two pages alike."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pyphen
import pytest
from conftest import ROOT

from stp_portfolio.core import progress, reading, records
from stp_portfolio.core.progress import Status

LIMITS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["stp-portfolio"]["prose"]
ACTIVITY_PAGES = sorted(records.pages(reading.load(ROOT)), key=lambda item: item[0].key)
OVERLAY = ROOT / "examples" / "private"
OTHER_PAGES = [
    ROOT / "intro.md",
    *sorted((ROOT / "about").glob("*.md")),
    *(ROOT / folder / "synthesis.md" for folder in sorted({a.page.rpartition("/")[0] for a, _ in ACTIVITY_PAGES})),
]
PROSE = [path for path in (*(path for _, path in ACTIVITY_PAGES), *OTHER_PAGES) if path.is_file()]
SYLLABLES = pyphen.Pyphen(lang="en_GB")


def plain(path):
    """The prose of a page: no front matter, addresses, tables or marks."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\A---\n.*?\n---\n|^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(?:\||#).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[*`_]", "", text)


def words_in(text):
    return re.findall(r"[A-Za-z][A-Za-z'-]*|\d[\d.,]*", text)


def reading_ease(text):
    """Flesch reading ease, with the syllables of the British hyphenation patterns."""
    words = [word for word in words_in(text) if word[0].isalpha()]
    sentences = [s for s in re.split(r"(?<=[.?!:])\s+(?=[A-Z\"])|\n\n|\n- ", text) if words_in(s)]
    syllables = sum(len(SYLLABLES.inserted(word).split("-")) for word in words)
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * syllables / len(words)


@pytest.mark.parametrize(("activity", "path"), ACTIVITY_PAGES, ids=lambda value: getattr(value, "stem", ""))
def test_length(portfolio, activity, path):
    """A page is long enough to show something and short enough to be read in a few minutes."""
    begun = progress.statuses(portfolio, portfolio.on)[activity.key] is not Status.NOT_STARTED
    least, most = LIMITS["words_of_a_page" if begun else "words_of_a_plan"]
    assert least <= len(path.read_text(encoding="utf-8").split()) <= most


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_reading_ease(path):
    """Plain English, by the measure of sentence and word length."""
    assert reading_ease(plain(path)) >= LIMITS["reading_ease_at_least"]


def test_reading_ease_tells_plain_from_heavy():
    """The measure ranks a plain sentence above a heavy one, and stands where its textbook examples do."""
    assert reading_ease("The cat sat on the mat. It was warm.") > 100
    assert reading_ease("Organisational interoperability necessitates comprehensive terminological harmonisation.") < 0


def test_no_run_of_words_on_two_pages():
    """No page could be another's: the same eight words in a row never occur on two of them."""
    length = LIMITS["same_words_in_a_row"]
    seen = defaultdict(set)
    overlay = sorted(OVERLAY.rglob("*.md"))
    for path in [*PROSE, *overlay]:
        words = [word.lower() for word in words_in(plain(path))]
        for start in range(len(words) - length + 1):
            seen[" ".join(words[start : start + length])].add(path.relative_to(ROOT).as_posix())
    assert len(seen) > 8000
    assert {run: sorted(where) for run, where in seen.items() if len(where) > 1} == {}


def test_spelling_is_british(tmp_path):
    """typos, with its British list, finds nothing in what a reader reads; planted words are found."""
    command = shutil.which("typos", path=str(Path(sys.executable).parent))
    assert command, "typos is not installed: python -m pip install -r requirements.txt"
    notebooks = tmp_path / "notebooks.md"
    cells = [
        "".join(cell["source"])
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
    ]
    notebooks.write_text("\n\n".join(cells), encoding="utf-8")
    read = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *(ROOT / "data").glob("*.csv"), *OVERLAY.rglob("*.md"), notebooks]
    run = [command, "--config", str(ROOT / "pyproject.toml"), "--format", "brief"]
    done = subprocess.run([*run, *map(str, read)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    planted = tmp_path / "planted.md"
    planted.write_text("The color of the center was analyzed by a collegue.\n", encoding="utf-8")
    found = subprocess.run([*run, str(planted)], capture_output=True, text=True, check=False).stdout
    for word in ("color", "center", "analyzed", "collegue"):
        assert word in found


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_style(path):
    """No exclamation mark, no long dash, no stock phrase."""
    text = plain(path)
    assert "!" not in text
    assert "\u2014" not in text
    stock = r"\b(going forward|stepping out of my comfort zone|invaluable|delve|crucial|testament|valuable lesson|importance of)\b"
    assert not re.search(stock, text, re.IGNORECASE)


def test_headings_are_in_sentence_case():
    """A heading has a capital at its start and in names only; the home page keeps its seed's headings."""
    names = {"GitHub", "Clinical", "Informatics", "I", "S-C1", "DTA"}
    for path in PROSE:
        if path.name == "intro.md":
            continue
        for heading in re.findall(r"^#+ (?:\d+\. )?(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            for word in heading.split()[1:]:
                bare = word.strip("(),:'\"")
                allowed = (
                    bare in names
                    or bare.isupper()
                    or bare in ("SOPs", "Healthcare", "Science", "Standard", "Operating", "Procedures")
                )
                assert not bare[:1].isupper() or allowed, (path.name, heading)

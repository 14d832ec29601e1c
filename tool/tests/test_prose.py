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

from stp_portfolio.core import disk, progress, reading, records
from stp_portfolio.core.progress import Status

CONFIGURATION = ROOT / "tool/pyproject.toml"
LIMITS = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["tool"]["stp-portfolio"]["prose"]
ACTIVITY_PAGES = sorted(records.pages(reading.load(ROOT)), key=lambda item: item[0].key)
OVERLAY = sorted((ROOT / "examples/overlay").rglob("*.md"))
SYNTHESES = [each / "synthesis.md" for each in sorted({path.parent for _, path in ACTIVITY_PAGES})]
OTHERS = [ROOT / "intro.md", *sorted((ROOT / "about").glob("*.md")), *filter(Path.is_file, SYNTHESES)]
PROSE = [*(path for _, path in ACTIVITY_PAGES), *OTHERS]
SYLLABLES = pyphen.Pyphen(lang="en_GB")
NAMES = set("GitHub Clinical Informatics Healthcare Science Standard Operating Procedures I SOPs".split())
STOCK = r"""\b(going\ forward|stepping\ out\ of\ my\ comfort\ zone|invaluable|delve|crucial|testament
    |valuable\ lesson|importance\ of)\b"""


def plain(path):
    """The prose of a page: no front matter, addresses, tables or marks."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\A---\n.*?\n---\n|^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(?:\||#).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"[*`_]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))


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
    begun = progress.statuses(portfolio)[activity.key] is not Status.NOT_STARTED
    least, most = LIMITS["words_of_a_page" if begun else "words_of_a_plan"]
    words = re.sub(r"^:\w+: .*", "", disk.read_text(path), flags=re.MULTILINE).split()  # no options of fences
    assert least <= len(words) <= most


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_style(path):
    """Plain English, by the length of sentences and words; no exclamation mark, long dash or stock phrase."""
    text = plain(path)
    assert reading_ease(text) >= LIMITS["reading_ease_at_least"]
    assert not re.search(rf"[!\u2014]|{STOCK}", text, re.IGNORECASE | re.VERBOSE)


def test_reading_ease_tells_plain_from_heavy():
    """The measure ranks a plain sentence above a heavy one, and stands where its textbook examples do."""
    assert reading_ease("The cat sat on the mat. It was warm.") > 100
    assert reading_ease("Organisational interoperability necessitates terminological harmonisation.") < 0


def test_no_run_of_words_on_two_pages():
    """No page could be another's: the same eight words in a row never occur on two of them."""
    length = LIMITS["same_words_in_a_row"]
    seen = defaultdict(set)
    for path in [*PROSE, *OVERLAY]:
        words = [word.lower() for word in words_in(plain(path))]
        for start in range(len(words) - length + 1):
            seen[" ".join(words[start : start + length])].add(path.relative_to(ROOT).as_posix())
    assert len(seen) > 8000
    assert {run: sorted(where) for run, where in seen.items() if len(where) > 1} == {}


def test_spelling_is_british(tmp_path):
    """typos, with its British list, finds nothing in what a reader reads; planted words are found."""
    command = shutil.which("typos", path=str(Path(sys.executable).parent))
    assert command, "typos is not installed: python -m pip install -r requirements.txt"
    others, planted = tmp_path / "others.md", tmp_path / "planted.md"
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("notebooks/*.ipynb")]
    cells = [cell for each in notebooks for cell in each["cells"] if cell["cell_type"] == "markdown"]
    texts = ["".join(cell["source"]) for cell in cells]
    texts += [plain(path) for path in (ROOT / "tool/docs").glob("*.md")]
    others.write_text("\n\n".join(texts), encoding="utf-8")
    read = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *(ROOT / "data").glob("*.csv"), *OVERLAY, others]
    run = [command, "--config", str(CONFIGURATION), "--format", "brief"]
    done = subprocess.run([*run, *map(str, read)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    planted.write_text("The color of the center was analyzed by a collegue.\n", encoding="utf-8")
    said = subprocess.run([*run, str(planted)], capture_output=True, text=True, check=False).stdout
    assert all(word in said for word in ("color", "center", "analyzed", "collegue"))


def test_headings_are_in_sentence_case():
    """A heading has a capital at its start and in names only; the home page keeps its seed's headings."""
    for path in (path for path in PROSE if path.name != "intro.md"):
        text = path.read_text(encoding="utf-8")
        for heading in re.findall(r"^#+ (?:\d+\. )?\S+(.*)$", text, flags=re.MULTILINE):
            names = {word for word in re.findall(r"[^\s(),:'\"]+", heading) if word[0].isupper()}
            assert [name for name in names - NAMES if not name.isupper()] == [], (path.name, heading)

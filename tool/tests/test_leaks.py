"""A name and a number planted everywhere: what a command lets out with 0 holds none of them."""

import re
import subprocess
import tomllib
from itertools import count, product
from operator import gt
from pathlib import Path

import pytest
from conftest import call
from PIL import Image
from test_carriers import NUMBER, PARTS, drawn, office, said, saved

from stp_portfolio.book import strict
from stp_portfolio.privacy import decisions, leaving, sources
from stp_portfolio.privacy.identifiers import modulus_11

CARRIERS = tomllib.loads(Path(__file__).with_name("carriers.toml").read_text(encoding="utf-8"))
FIRST = (
    "Priya Oluwaseun Zsofia Mohammed Aoife Kwame Siobhan Yusuf Chidinma Agnieszka Haruto Fatima Tadhg".split()
)
LAST = "Okonkwo Kovacs Gallagher Adeyemi Szymanski Tanaka Chowdhury Llewellyn Petrenko Venkatesan Popescu".split()
LAST += "Yilmaz Wisniewski Osei Haddad Nakamura Eriksson Oyelaran Kowalczyk Balogun Dhillon Abubakar".split()
# Planted where only this code can put them: in what a notebook computes.
COMPUTED = {
    "printed": "print({})",
    "table": "import pandas as pd\npd.DataFrame({{'a': [{}]}})",
    "HTML": "from IPython.display import HTML\nHTML('<p title=\"' + {} + '\">x</p>')",
    "drawing": "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>' + {} + '</desc></svg>')",
    "title of a plot": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(9, 2)); ax.set_title({}); plt.show()",
}  # fmt: skip


def pairs():
    """Names of many origins with numbers that begin with 999 and carry their check digit, each pair once."""
    digits = (
        f"999{n:06}{c}" for n in count(100_003, 791) for c in "0123456789" if modulus_11(f"999{n:06}{c}")
    )
    for (last, first), number in zip(product(LAST, FIRST), digits, strict=False):
        yield f"{first} {last}", f"{number[:3]} {number[3:6]} {number[6:]}"


def filled(text, name, number):
    first, last = name.split()
    forms = {
        "name": name, "number": number, "digits": number.replace(" ", ""), "first": first, "last": last,
        "slug": name.lower().replace(" ", "-"), "snake": name.lower().replace(" ", "_"),
        "plus": name.replace(" ", "+"), "percent": name.replace(" ", "%20"), "upper": name.upper(),
        "lines": number.replace(" ", "\n"), "three": number[:3], "seven": number[4:],
    }  # fmt: skip
    for form, value in forms.items():
        text = text.replace(f"{{{form}}}", value)
    return text


def spelt(words):
    """Words as code that no reader of the code would take for them."""
    return f"''.join(map(chr, {list(map(ord, words))}))"


def bare(text):
    return re.sub(r"[^a-z\d]", "", text.lower())


def found_in(findings, name, number):
    """Whether findings hold a number, and at least a part of a name."""
    values = [bare(each.value) for each in findings]
    parts = [part.lower() for part in name.split()]
    return any(bare(number) in value for value in values), any(
        part in value for part in parts for value in values
    )


@pytest.fixture
def planted(small):
    """The small book with a page or a file for every carrier; what stands in each, by its file."""
    secrets, new = {}, pairs()
    small.write("M/bars.png", saved(Image.new("RGB", (40, 20), "white")))
    small.write("M/other.md", "# Other\n\nA page.\n\n(thing)=\n\n## Thing\n")
    listed = ["M/other"]
    for name, text in CARRIERS["page"].items():
        page = f"M/page-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"
        said_there = filled(text, *(pair := next(new)))
        small.write(f"{page}.md", f"# A page\n\nIt holds what follows.\n\n{said_there}\n")
        if said_there != text:  # else it leads to a file, which is a carrier of its own
            secrets[f"{page}.md"] = pair
        listed.append(page)
    for name, text in CARRIERS["file"].items():
        pair = next(new)
        file = f"M/{filled(name, *pair)}"
        secrets[file] = pair
        small.write(file, filled(text, *pair))
    small.edit("_toc.yml", "chapters:\n", "chapters:\n" + "".join(f"  - file: {page}\n" for page in listed))
    return small, secrets


@pytest.mark.slow
def test_every_carrier_is_found_in_its_source(planted):
    """By `portfolio check` and the hook, which both ask this function."""
    small, secrets = planted
    findings = sources.run(small.tree, None)
    found = {file: [each for each in findings if each.file == file] for file in secrets}
    assert len(secrets) > 220
    assert [file for file, pair in secrets.items() if not all(found_in(found[file], *pair))] == []


@pytest.mark.slow
def test_every_carrier_that_reaches_the_site_is_found_there(planted, monkeypatch):
    """With the early warning switched off: what a release screens is the second line, and holds by itself."""
    small, secrets = planted
    monkeypatch.setattr(strict, "_screen_sources", lambda _app: None)
    computed = [
        (first.upper(), NUMBER) for first, _ in zip(map("{} Marl".format, FIRST), COMPUTED, strict=False)
    ]
    pages = zip(COMPUTED.values(), computed, strict=True)
    small.notebook(*[form.format(spelt(" ".join(pair))) for form, pair in pages])
    done = small.build()
    assert done.code == 1
    site = next(path for path in (done.html, done.html.with_name(strict.NOT_CURRENT)) if path.is_dir())
    files = {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }
    findings = leaving.screen(files.items(), *decisions.known(small.tree))
    shown = bare(" ".join(raw.decode("utf-8", "ignore") for raw in files.values()))
    there = {file: [bare(each) in shown for each in pair] for file, pair in secrets.items()}
    assert sum(map(any, there.values())) > 150
    leaks = [
        file for file, (name, number) in secrets.items()
        if any(map(gt, reversed(there[file]), found_in(findings, name, number)))
    ]  # fmt: skip
    assert leaks == []
    assert all(all(found_in(findings, *pair)) for pair in computed)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPUTED)
def test_build_stops_at_what_a_notebook_computes(small, name):
    """Also where it is drawn: no source says it, so nothing but the finished book can."""
    small.notebook(COMPUTED[name].format(spelt(f"Seen {NUMBER}")))
    done = small.build()
    assert done.code == 1
    assert f"«{NUMBER}»" in done.output


# -- one command at a time ----------------------------------------------------------------------


def git(tree, *arguments):
    who = ("-c", "user.name=t", "-c", "user.email=t@a.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=tree, check=True, capture_output=True)


def evidence(file, raw="x", title="A thing", row="E1"):
    """A row of evidence, and its file where there is one to make."""

    def plant(small, words):
        if raw is not None:
            small.write(file.format(words), raw(words) if callable(raw) else raw.format(words))
        line = f"{row},2025-01-02,{title.format(words)},note,M/1,,{file.format(words)}\n"
        path = small.tree / "data/evidence.csv"
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")

    return plant


def linked(plant, to, name):
    """A link in the portfolio to a file that nobody may read, which a plant then uses."""

    def both(small, words):
        small.write(to, words)
        (small.tree / name).parent.mkdir(exist_ok=True)
        (small.tree / name).symlink_to(Path("..") / to)
        plant(small, words)

    return both


def home(text, file="private/a.txt"):
    """A page that uses a file."""

    def plant(small, words):
        small.write(file, words)
        small.write("intro.md", f"# Home\n\nThe words of the home page.\n\n{text.format(words)}\n")

    return plant


def edited(file, old, new):
    return lambda small, words: small.edit(file, old, new.format(words))


def overlaid(small, words):
    page = (small.tree / "M/1_Task.md").read_text(encoding="utf-8")
    small.write("private/M/1_Task.md", page.replace("\nRead next", f"I saw {words}.\n\nRead next"))


EXPORT, RELEASE, CALENDAR, REPORT = "export --edition public", "release", "calendar", "report"
PLANTS = {
    "evidence": (evidence("files/a.txt", "Seen {}"), EXPORT),
    "author of evidence": (evidence("files/a.docx", lambda w: office(*PARTS["creator"], w)), EXPORT),
    "comment in evidence": (evidence("files/a.docx", lambda w: office(*PARTS["comment"], w)), EXPORT),
    "drawn evidence": (evidence("files/a.png", lambda w: saved(drawn(w))), EXPORT),
    "title of evidence": (evidence("files/a.txt", title="About {}"), EXPORT),
    "file of evidence": (evidence("files/{}.txt"), EXPORT),
    "format of evidence": (evidence("files/a.rtf", lambda w: f"{{\\rtf1 {w}}}".encode()), EXPORT),
    "private evidence": (evidence("Private/a.txt", "{}"), EXPORT),
    "evidence outside": (evidence("../a.txt", "{}"), EXPORT),
    "evidence by dots": (evidence("M/../private/a.txt", "{}"), EXPORT),
    "id of evidence": (evidence("files/a.txt", "{}", row="../../../../a/E91"), EXPORT),
    "link of evidence": (linked(evidence("files/a.txt", None), "private/a.txt", "files/a.txt"), EXPORT),
    "page": (home("I saw {}.", "M/a.txt"), EXPORT),
    "page of an overlay": (overlaid, "export --edition assessor"),
    "included": (home("```{{include}} private/a.txt\n```"), RELEASE),
    "included from outside": (home("```{{literalinclude}} ../a.txt\n```", "../a.txt"), RELEASE),
    "link to private": (home("[x](private/a.txt)"), RELEASE),
    "static": (lambda small, words: small.write("_static/a.css", f"/* {words} */"), RELEASE),
    "static link": (linked(lambda *_: None, "private/a.txt", "_static/a.txt"), RELEASE),
    "title": (edited("data/portfolio.toml", "Small", "{}"), CALENDAR),
    "milestone": (edited("data/milestones.csv", "Half", "{}"), CALENDAR),
    "note": (edited("data/milestones.csv", "Half,M,1,", "Half,M,1,with {}"), CALENDAR),
    "activity": (edited("data/activities.csv", "Task", "{}"), REPORT),
}  # fmt: skip
MADE = {EXPORT: "eportfolio", "export --edition assessor": "eportfolio", RELEASE: "release", CALENDAR: "portfolio.ics", REPORT: "report"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("words", ["Priya Okonkwo", "999 055 4331"])
@pytest.mark.parametrize("name", PLANTS)
def test_no_command_lets_out(small, name, words):
    """It refuses, and leaves nothing that could be taken for what was asked for; or what it made is clean."""
    plant, command = PLANTS[name]
    small.write(".gitignore", "_build/\n/private/\n")
    small.write(
        "data/approved_terms.txt", "config | 2025-01-01 | a file name\nSmall | 2025-01-01 | a title\n"
    )
    git(small.tree, "init", "-q")
    plant(small, words)
    git(small.tree, "add", "-A")
    git(small.tree, "commit", "-qm", "Plant")
    code, out, err = call(small.tree, *command.split())
    made = small.tree / "_build" / MADE[command]
    files = [made] if made.is_file() else [path for path in made.rglob("*") if path.is_file()]
    assert bool(files) == (code == 0), out + err
    for path in files:
        assert bare(words) not in bare(path.name + said(path.name, path.read_bytes())), path

"""Older pages come over whole: nothing is lost, the build passes, and what needs a look is listed."""

import html
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import NOT_SOURCES, ROOT, build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_cli import PORTFOLIO

from stp_portfolio.core import reading, records
from stp_portfolio.desk import dialects, moving
from stp_portfolio.show import pages
from stp_portfolio.privacy import sources

PAGE = "C1_Professional_Foundations/5_PatientCareJourney"
ODD = Path(__file__).with_name("old_lines.txt").read_text(encoding="utf-8").splitlines()

# What Jekyll, kramdown and GitHub know: a text, what becomes of it, and what is said of it.
CASES = {
    "comment sign": ("Of 100\n% were\n", "Of 100\n\\% were", ""),
    "block break": ("a\n\n+++\n\nb", "a\n\n\\+++\n\nb", ""),
    "target": ("(a-label)=\n\ntext", "\\(a-label)=", ""),
    "colon fence": (":::note\ntext\n:::", "\\:::note\ntext\n\\:::", ""),
    "role": ("see {ref}`there`", "see \\{ref}`there`", ""),
    "substitution": ("the {{ x }} here", "the \\{{ x }} here", "placeholder of the old site"),
    "in code nothing changes": ("`{{ x }}` and\n\n```yaml\n% a: {{ x }}\n```", "```yaml\n% a: {{ x }}\n```", ""),
    "definition by accident": ("It was\n: so", "It was\n\\: so", ""),
    "fence of R": ("```{r, echo=F}\nplot(x)\n```", "```r\nplot(x)\n```\n\n% old fence: `{r, echo=F}`", "runs nothing"),
    "unknown language": ("```foolang\nx\n```", "```text\nx\n```\n\n% old fence: `foolang`", ""),
    "fence in a list": ("- a\n\n  ```foolang\n  x\n  ```\n", "- a\n\n  ```text\n  x\n  ```", ""),
    "diagram that cannot be drawn": ("```mermaid\ngitGraph\n```", "```text\ngitGraph\n```", "cannot be drawn"),
    "diagram": ("```mermaid\ngraph TD\n  A --> B\n```", "```mermaid\ngraph TD\n  A --> B\n```", ""),
    "diagram with settings": (
        "```mermaid\n---\ntitle: t\n---\ngraph TD\n  A --> B\n```",
        "```mermaid\ngraph TD\n  A --> B\n```\n\n% old settings of the diagram:\n% title: t",
        "",
    ),
    "diagram with settings in a list": (
        "- a\n\n  ```mermaid\n  ---\n  title: t\n  ---\n  graph TD\n    A --> B\n  ```",
        "- a\n\n  ```text\n  ---\n",
        "shown literally",
    ),
    "tasks": ("- [ ] a\n- [x] b\n  1. [X] c", "- [ ] a\n- [x] b\n  1. [X] c", ""),
    "underlined headings": ("# Page\n\nOne\n===\n\nTwo\n---", "### One\n\n#### Two", ""),
    "levels that jump": ("## a\n\n##### b\n\n# c", "### a\n\n#### b\n\n### c", ""),
    "lines across": (
        "---\n\na\n\n---\n\n---\n\nb",
        "% old page: ---\n\na\n\n% old page: ---\n\n% old page: ---\n\nb",
        "",
    ),
    "comment": ("a <!-- why so --> b", "a  b\n\n% why so", ""),
    "attributes": (
        "# Page\n\n*a*{: .big} b\n{: .lead}",
        "*a* b\n\n% old page: `{: .big}`\n% old page: `{: .lead}`",
        "",
    ),
    "table of contents": ("[TOC]\n\na", "% old page: `[TOC]`\n\na", ""),
    "include": ("{% include x.html %}\n\na", "% old page: `{% include x.html %}`\n\na", "'include'"),
    "raw": ("{% raw %}{{ x }}{% endraw %}", "\\{{ x }}", "placeholder"),
    "highlight": ("{% highlight sh %}\nls\n{% endhighlight %}", "```sh\nls\n```", ""),
    "formula": ("$$x^2$$", "$$x^2$$", "a formula in TeX"),
    "footnote that nothing reads": ("a\n\n[^1]: b", "```text\n[^1]: b\n```", "shown literally"),
    "cell too many": ("| a |\n|---|\n| 1 | 2 |", "```text\n| a |\n|---|\n| 1 | 2 |\n```", "shown literally"),
    "table without a header": ("| a | b |\n| c | d |", "| a | b |", "without a header row"),
    "unknown tag": ("a List<T> of", "a List&lt;T> of", ""),
    "tags in a line": ("x <b>a</b>, <em>b</em>, H<sub>2</sub>O", "x **a**, *b*, H{sub}`2`O", ""),
    "style": ('<span style="color:red">a</span>', 'a\n\n% old page: `<span style="color:red">`', "'span'"),
    "script": ("<script>f()</script>\n\na", "% old page: `<script>f()</script>`\n\na", "'script'"),
    "frame": ('<iframe src="https://example.org/v"></iframe>', "```text\n<iframe", "raw HTML"),
    "HTML wrappers": ('<div class="a">\n  <p>a *b*</p>\n</div>', '% old page: `<div class="a">`\n\na *b*', ""),
    "HTML table": ("<table><tr><td>c</td></tr></table>", "```text\n<table>", "raw HTML"),
    "HTML code": ("<pre><code>a &lt; b</code></pre>", "```text\n<pre>", "raw HTML"),
    "HTML diagram": ('<div class="mermaid">\ngraph TD\n  A --> B\n</div>', "```mermaid\ngraph TD\n  A --> B\n```", ""),
    "link to an activity by number": ("[a](/dta-7/)", "[a](7_MidTrainingFeedback.md)", ""),
    "link by name": ("[a](../peer-support.html)", "[a](9_PeerSupport.md)", ""),
    "link by a number alone": ("[a](7_feedback.md)", "[a](7_MidTrainingFeedback.md)", "taken for"),
    "link with Liquid": ("[a]({{ site.baseurl }}{% post_url 2024-03-01-dta-7 %})", "[a](7_MidTrainingFeedback.md)", ""),
    "link to a heading there": ("[a](dta-7.html#Evidence)", "[a](7_MidTrainingFeedback.md)", "not to 'Evidence'"),
    "link within the page": (
        "## So what\n\n[a](#so-what)",
        "\n\na\n\n% old address, as published: `#so-what`",
        "within the page",
    ),
    "link to nothing": (
        "[a](x.pdf) b",
        "a b\n\n% old address, as published: `x.pdf` (a)",
        "register a piece of evidence",
    ),
    "link by reference": (
        "[a][1]\n\n[1]: /dta-7/",
        "[a][1]\n\n% old address, as published: `[1]: /dta-7/`",
        "write them anew",
    ),
    "reference twice": (
        "[a][1]\n\n[1]: https://a.org\n[1]: https://b.org",
        "% old address, as published: `[1]: https://b.org`",
        "",
    ),
    "wiki link": ("[[Peer support|a]]", "[[Peer support|a]]", "double brackets"),
    "panel": ('[a](https://a.org "panel: news")', "[a](https://a.org)\n", ""),
    "panel in disguise": ('[a](dta-7.md "&#112;anel: news")', "[a](7_MidTrainingFeedback.md)\n", ""),
    "bare address": ("see https://a.org/b.", "see <https://a.org/b>.", ""),
    "address of another kind": (
        "[a](ftp://a.org)",
        "a\n\n% old address, as published: `ftp://a.org` (a)",
        "it is text now",
    ),
    "image": ("![a flow](/assets/img/flow.jpg)", "![a flow](images/flow.jpg)\n\n% old address", ""),
    "image elsewhere": ("![a flow](https://a.org/x.png)", "[a flow](https://a.org/x.png)", "on another host"),
    "image that is missing": (
        "![a flow](x.png)",
        "a flow\n\n% old address, as published: `x.png`",
        "there is no such file",
    ),
    "fence that is not closed": ("```python\nx = 1", "```python\nx = 1\n```", ""),
}

# An old page with all of it.
OLD = "---\nlayout: page\ntitle: 'DTA 5: My journey'\nauthor: the trainee\npermalink: /dta-5/\n---\n* TOC\n{:toc}\n\n"
OLD += "\n\n".join(text for text, _, _ in CASES.values())

# A page as an author would have it: nothing in it that anybody must be asked about.
OWN = """# 5. Explore patient care journey experiences

I followed a request from the order to the report. It changed whom I ask first.

## Evidence

**E06** is the map and **E07** sums up the talks.

## Reflection

The map had no patient on it.

## Action plan

- **June 2024.** Ask. *Done when:* it is asked. *Outcome:* it was.

Read next: [the improvement](19_ProcessImprovement.md), which follows.
"""


@pytest.fixture
def tree(tmp_path):
    """A copy of the portfolio without what was built."""
    copy = tmp_path / "portfolio"
    shutil.copytree(ROOT, copy, ignore=NOT_SOURCES)
    return copy


@pytest.fixture
def old(tmp_path):
    """The folder of an older site, with two pictures."""
    site = tmp_path / "old"
    (site / "_dta").mkdir(parents=True)
    (site / "assets/img").mkdir(parents=True)
    (site / "_config.yml").touch()
    exif = Image.Exif()
    exif[0x010E] = "Taken by the trainee"
    Image.new("RGB", (8, 8), "white").save(site / "assets/img/flow.jpg", exif=exif)
    Image.new("RGB", (8, 8), "red").save(site / "assets/img/bare.png")
    return site


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def run(tree, *arguments):
    done = subprocess.run(
        [PORTFOLIO, "import", *map(str, arguments)],
        cwd=tree,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "100"},
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def prepare(portfolio, path, to="S-C1/5"):
    return moving.prepare(portfolio, path, to, replace_=True)


def said(move):
    return "\n".join(text for _, text in move.looks)


def body(move):
    """What the old page's text became, without the parts of the page that were added."""
    text = move.text.partition("## Reflection\n\n")[2]
    return text.partition("\n\n## Action plan")[0]


def files(tree):
    return {path: path.read_bytes() for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


# -- the real build ---------------------------------------------------------------------------


def odd_page(seed):
    """A page of odd lines, some of them in lists, quotations, or two on a line."""
    chosen = random.Random(seed)
    lines = []
    for _ in range(chosen.randint(4, 25)):
        line = chosen.choice(ODD)
        line = chosen.choice([""] * 12 + ["  ", "    ", "> ", "- ", "1. "]) + line
        line += f" {chosen.choice(ODD)}" if chosen.random() < 0.1 else ""
        lines += [line, ""] if chosen.random() < 0.4 else [line]
    return "\n".join(lines)


def test_whole_site_of_old_pages_builds(copy, old):
    """An old page with everything in it and forty pages of odd lines: one real build passes, and shows every word."""
    path = write(old / "_dta", "2024-03-01-dta-5.md", b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    before = files(copy)
    code, dry, _ = run(copy, path, "--replace", "--dry-run")
    assert code == 0
    assert files(copy) == before
    code, out, err = run(copy, path, "--replace")
    assert code == 0, err
    assert dry.partition("What needs a look")[2] == out.partition("What needs a look")[2]
    assert "none lost" in out
    portfolio = reading.load(copy)
    moves = {}
    for seed in range(40):
        front = "---\ntitle: An older page\n---\n" if seed % 2 else ""
        move = prepare(portfolio, write(old, f"page{seed}.md", front + odd_page(seed)), f"about/old{seed}")
        moving.place(portfolio, move)
        moves[move.page] = move.text
    moves[PAGE] = (copy / f"{PAGE}.md").read_text(encoding="utf-8")
    done = build(copy)
    assert done.code == 0, done.output
    for page, text in moves.items():
        whole = done.page(page)
        quoted = " ".join(re.findall(r'"([^"<>]*)"', whole))
        shown = f"{re.sub('<[^>]*>', ' ', whole)} {quoted} {re.sub('<[^>]*>', '', whole)}"
        undrawn = re.sub(r"^```mermaid\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
        lines = [line for line in undrawn.splitlines() if not re.match(r"% | *\[\w+\]: ", line)]
        missing = dialects.words(dialects.entities("\n".join(lines).replace("<br>", " "))) - dialects.words(
            html.unescape(shown)
        )
        # The number of a list and the ending of a page are no words; a tick, a role and a fence say what they are.
        said = {"md", "x", "X", "sub", "sup", "text", "python", "ruby", "yaml", "r", "sh", "é", "A"}
        assert {word for word in missing if not word.isdecimal()} <= said, page
    page = done.page(PAGE)
    article = page.partition("<article")[2].partition("</article>")[0]
    for hidden in ("f()", "include", "why so", "permalink", "old page", "panel:"):
        assert hidden not in article
    for shown in ("were", ":::note", "{{ x }}", "gitGraph", "H<sub>2</sub>O", "List&lt;T&gt;"):
        assert shown in article
    assert page.count('type="checkbox"') == 3
    assert 'aria-label="Diagram: ' in page
    assert 'alt="a flow"' in page
    copied = Image.open(copy / "C1_Professional_Foundations/images/flow.jpg")
    assert not copied.getexif()


def test_identifier_keeps_the_book_from_being_built_until_it_is_out(tree, old):
    """It stays in the text and is the first of the list; names are asked about; then the sources pass."""
    text = OWN.replace("no patient on it", "the bleep 4432 on it, as Jolanta Kowalczyk saw")
    code, out, _ = run(tree, write(old, "5_x.md", text), "--replace")
    assert code == 0
    first, second = out.partition("look (2):\n")[2].splitlines()[:2]
    assert re.search(r"5_PatientCareJourney\.md:11: could identify a person \(phone\): .*«bleep 4432».*the book is not built until", first)
    assert 'portfolio approve "Jolanta Kowalczyk"' in second
    path = tree / f"{PAGE}.md"
    assert [hit.value for hit in sources.run(tree, reading.load(tree), [path]) if hit.code == sources.IDENTIFIER] == ["bleep 4432"]
    path.write_text(path.read_text(encoding="utf-8").replace("the bleep 4432", "nobody"), encoding="utf-8")
    assert not any(hit.code == sources.IDENTIFIER for hit in sources.run(tree, reading.load(tree), [path]))


# -- nothing is lost --------------------------------------------------------------------------

_LINE = st.one_of(
    st.sampled_from(ODD),
    st.just(""),
    st.builds("{}{}".format, st.sampled_from(["  ", "    ", "> ", "- ", "1. ", "\t", "#"]), st.sampled_from(ODD)),
    st.text(st.sampled_from("ab1 *_`[](){}<>#%+-=:|~!\\&;^/\"'\n\t£é"), max_size=40),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The place of an old page, with a picture beside it."""
    folder = tmp_path_factory.mktemp("place")
    Image.new("RGB", (8, 8)).save(folder / "flow.png")
    return folder / "5_old.md"


@given(lines=st.lists(_LINE, min_size=1, max_size=15), further=st.booleans(), front=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_line_is_ever_lost(portfolio, place, lines, further, front):
    """Whatever lines an old page has, each word is on the new one, and the book's parser would refuse nothing there."""
    text = ("---\ntitle: x\n---\n" if front else "") + "\n".join(lines)
    place.write_text(text, encoding="utf-8", newline="")
    if not (moving._CONTROL.sub(" ", text)).strip():
        return
    move = moving.prepare(portfolio, place, "about/old" if further else "S-C1/5", replace_=True)
    assert not dialects.lost(moving.read(place), move.text)
    assert move.text.startswith("# ")


def test_page_that_would_lose_a_word_is_refused(portfolio, old, monkeypatch):
    """Were a block forgotten, the words would be named and nothing written."""
    whole = dialects.blocks
    monkeypatch.setattr(dialects, "blocks", lambda *rest, **more: whole(*rest, **more)[:-1])
    with pytest.raises(moving.MoveError, match=r"'forgotten', 'words' \(2 times\)"):
        prepare(portfolio, write(old, "5.md", "One.\n\nForgotten words, words.\n"))


def test_pages_of_the_book_come_over_as_they_are(portfolio, tmp_path):
    """A page that keeps the contract is not changed by a letter, and nothing is said of it."""
    for activity, source in records.pages(portfolio):
        copy = tmp_path / source.name
        shutil.copy(source, copy)
        move = moving.prepare(portfolio, copy, replace_=True)
        assert move.activity == activity
        assert move.text == source.read_text(encoding="utf-8")
        assert [text for _, text in move.looks if not text.startswith("still open")] == []


def test_encodings_and_line_ends(portfolio, old):
    """UTF-8 with its mark, Windows text, UTF-16; any line end, tabs, no end at the end."""
    for raw in (
        b"\xef\xbb\xbfA caf\xc3\xa9\r\n\r\n-\tone\r\n\t- two",
        b"A caf\xe9\r\r-\tone\r\t- two",
        "A café\n\n-\tone\n\t- two\n".encode("utf-16"),
    ):
        assert body(prepare(portfolio, write(old, "5.md", raw))) == "A café\n\n-\tone\n\t- two"


# -- conversion -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_conversion(portfolio, old, name):
    """What the book would swallow or refuse becomes what it shows, with what needs a look."""
    text, wanted, look = CASES[name]
    move = prepare(portfolio, write(old, "page.md", text))
    assert wanted in f"{body(move)}\n"
    others = ("the page owes", "still open", "'Evidence' was not", "'Action plan' was not", "is a term to review")
    looks = [text for _, text in move.looks if not text.startswith(others)]
    assert len(looks) == bool(look), looks
    assert look in "".join(looks)


def test_definitions_of_kramdown_stay(portfolio, old):
    """A page with front matter is Jekyll's, whose engine knows lists of terms."""
    assert "Term\n: Meaning" in body(prepare(portfolio, write(old, "5.md", "---\nlayout: x\n---\nTerm\n: Meaning\n")))


def test_looks_name_the_line_of_the_new_page(portfolio, old):
    """Each line number leads to what it speaks of."""
    move = prepare(portfolio, write(old, "5.md", "One.\n\nTwo with {{ x }} in it.\n\n![a flow](gone.png)\n"))
    lines = move.text.split("\n")
    found = {text[:9]: lines[number - 1] for number, text in move.looks}
    assert found["'{{ x }}'"] == "Two with \\{{ x }} in it."
    assert "gone.png" in found["the image"] or found["the image"] == "a flow"


def test_pictures(tree, old):
    """Metadata stays behind, a taken name is not taken again, and what has no words waits in a comment."""
    folder = tree / "C1_Professional_Foundations/images"
    folder.mkdir()
    Image.new("RGB", (2, 2)).save(folder / "flow.jpg")
    Image.new("RGB", (2, 2)).save(old / "one two.PNG")
    frames = [Image.new("RGB", (2, 2), color) for color in ("white", "red")]
    frames[0].save(old / "moves.gif", save_all=True, append_images=frames[1:])
    (old / "drawing.svg").write_text("<svg/>", encoding="utf-8")
    (old / "broken.png").write_text("no picture", encoding="utf-8")
    text = (
        "![a](/assets/img/flow.jpg) ![b](assets/img/flow.jpg) ![](assets/img/bare.png) ![IMG_1.png](assets/img/bare.png)\n\n"
        "![c](one%20two.PNG) ![d](moves.gif) ![e](drawing.svg) ![f](broken.png) ![g](data:image/png;base64,AAAA)\n\n"
        '<img src="assets/img/bare.png" alt="h *i*" width="3">\n'
    )
    portfolio = reading.load(tree)
    move = prepare(portfolio, write(old, "5.md", text))
    result = body(move)
    assert result.startswith("![a](images/flow-2.jpg) ![b](images/flow-2.jpg)")
    assert result.count("% image without words for it: `images/bare.png`") == 2
    assert "IMG_1.png" in result
    assert "![c](images/one-two.png) d e f g" in result
    assert "![h \\*i\\*](images/bare.png)" in result
    assert 'width="3"' in result
    for look in (
        "a '.gif' cannot be cleaned",
        "a '.svg' cannot be cleaned",
        "cannot be read as a picture",
        "its kind of address",
    ):
        assert look in said(move)
    moving.place(portfolio, move)
    assert not Image.open(folder / "flow-2.jpg").getexif()
    assert Image.open(folder / "flow.jpg").size == (2, 2)
    again = prepare(portfolio, old / "5.md")
    assert again.pictures == move.pictures


# -- front matter -----------------------------------------------------------------------------


def test_front_matter_becomes_comments(portfolio, old):
    """Every line is kept where no reader sees it; who is named there is listed; the title is text where it differs."""
    text = "---\ntitle: Waiting for a report\nauthor: The trainee\ndate: 2024-03-01\nnested:\n  - deep: value\n---\nText.\n"
    move = prepare(portfolio, write(old, "old.md", text))
    assert move.text.startswith("# 5. Explore patient care journey experiences\n")
    assert body(move).startswith("**Waiting for a report**\n\nText.")
    for line in (
        "% old front matter: title: Waiting for a report",
        "% old front matter: author: The trainee",
        "% old front matter, as published: `date: 2024-03-01`",
        "% old front matter:   - deep: value",
    ):
        assert f"{line}\n" in move.text
    assert "'author' of the old front matter may name somebody" in said(move)
    assert moving.NOT_BUILT not in said(move)  # the day of publication is nobody's encounter
    further = prepare(portfolio, old / "old.md", "about/waiting")
    assert further.text.startswith("# Waiting for a report\n\nText.\n")


def test_bad_front_matter_is_kept_and_listed(portfolio, old):
    """No crash: its lines become comments, and the list says that they could not be read."""
    for front in ("title: DTA 5: x", "a: [1", "date: 2024-13-45", "a: {{ x }}", "a: !!python/x 1"):
        move = prepare(portfolio, write(old, "5.md", f"---\n{front}\n---\nText.\n"))
        assert f"% old front matter: {front}" in move.text or f"`{front}`" in move.text
        assert "the front matter could not be read" in said(move)


# -- which activity, and where to -------------------------------------------------------------


def test_activity_is_inferred(portfolio, old):
    """From front matter, heading or name; a date in a name is no number."""
    for name, text, number in (
        ("5_PatientCareJourney.md", "Text.", 5),
        ("dta-05-x.md", "Text.", 5),
        ("2024-03-01-peer-support.md", "Text.", 9),
        ("S-C1_12.md", "Text.", 12),
        ("x.md", "---\ndta: 5\n---\n", 5),
        ("x.md", "---\nactivity: S-C1/5\n---\n", 5),
        ("x.md", '---\ntitle: "DTA 5: A journey"\n---\n', 5),
        ("x.md", "# 5. A journey of mine", 5),
        ("x.md", "5) A journey\n=======", 5),
        ("x.md", "# Offer peer support to newcomers!", 9),
        ("07-dta-5.md", "Text.", 5),
    ):
        move = prepare(portfolio, write(old, name, f"{text}\n\nMore text."), None)
        assert str(move.activity.key) == f"S-C1/{number}", (name, text)


def test_activity_that_is_not_clear_is_asked_for(portfolio, old):
    """Unknown or contradictory: refused, with what --to could be."""
    for name, text, options in (
        ("x.md", "# My journey", "S-C1/1 to S-C1/20"),
        ("2024-03-01-x.md", "Text.", "S-C1/1 to S-C1/20"),
        ("6_x.md", "# 5. A journey", "Possible: S-C1/5, S-C1/6."),
        ("x.md", "---\ndta: 5\ntitle: Offer peer support to newcomers\n---\n", "Possible: S-C1/5, S-C1/9."),
        ("dta-99.md", "Text.", "S-C1/1 to S-C1/20"),
    ):
        with pytest.raises(moving.MoveError, match="Say it with --to, such as --to S-C1/") as refusal:
            prepare(portfolio, write(old, name, f"{text}\n\nMore text."), None)
        assert options in str(refusal.value)


def test_number_of_two_modules_is_asked_for(tree, old):
    """A second module with that number makes it ambiguous, unless the front matter names the module."""
    with (tree / "data/modules.csv").open("a", encoding="utf-8") as file:
        file.write("1,B-P1,Physics,0,\n")
    with (tree / "data/activities.csv").open("a", encoding="utf-8") as file:
        file.write("B-P1,5,Another task,about/accessibility,,\n")
    portfolio = reading.load(tree)
    path = write(old, "dta-5.md", "Text.")
    with pytest.raises(moving.MoveError, match=r"Possible: S-C1/5, B-P1/5\."):
        prepare(portfolio, path, None)
    assert (
        str(prepare(portfolio, write(old, "dta-5.md", "---\nmodule: b-p1\n---\nText."), None).activity.key) == "B-P1/5"
    )
    assert str(prepare(portfolio, path, "b-p1/05").activity.key) == "B-P1/5"


def test_draft_is_replaced_and_a_written_page_is_not(tree, old):
    """An untouched draft gives way; a written page only by --replace, and what stood there is kept."""
    portfolio = reading.load(tree)
    activity = portfolio.activities[4]
    target = tree / f"{PAGE}.md"
    written = target.read_bytes()
    path = write(old, "5.md", "Text.")
    code, _, err = run(tree, path)
    assert code == 1
    assert "is written already. Import with --replace" in err
    assert target.read_bytes() == written
    code, out, _ = run(tree, path, "--replace")
    assert code == 0
    (kept,) = (tree / "data/.backup" / PAGE).parent.glob("5_PatientCareJourney-*.md")
    assert kept.read_bytes() == written
    assert kept.relative_to(tree).as_posix() in out
    for draft in (pages.draft(portfolio, activity), "\n"):
        target.write_text(draft, encoding="utf-8")
        assert run(tree, path)[0] == 0
        assert "Text." in target.read_text(encoding="utf-8")


def test_further_page_joins_the_contents(tree, old):
    """It stands after the last page of its folder, once, and every other line of the contents is as it was."""
    path = write(old, "x.md", "# A day\n\nText.\n\n#### Deep\n")
    before = (tree / "_toc.yml").read_text(encoding="utf-8").splitlines()
    for options in ([], ["--replace"]):
        code, _, err = run(tree, path, "--to", "about\\a-day.md", *options)
        assert code == 0, err
        after = (tree / "_toc.yml").read_text(encoding="utf-8").splitlines()
        assert [line for line in after if "about/a-day" not in line] == before
        last = max(number for number, line in enumerate(before) if "file: about/" in line)
        assert after[last + 1] == before[last].partition("about")[0] + "about/a-day"
    assert (tree / "about/a-day.md").read_text(encoding="utf-8") == "# A day\n\nText.\n\n## Deep\n"
    assert run(tree, path, "--to", "about/a-day")[0] == 1


def test_place_that_is_none_is_refused(portfolio, old):
    """One message that says what a place is."""
    for to, message in {
        "S-C1/99": "S-C1 has S-C1/1 to S-C1/20",
        "S-C1": "is no activity",
        "nowhere/page": "is no place of this book",
        "../old/page": "is no place of this book",
        "page": "is no place of this book",
        "about/a?b": "is no name for a page",
        "templates/page": "is no place of this book",
    }.items():
        with pytest.raises(moving.MoveError, match=message):
            prepare(portfolio, write(old, "x.md", "Text."), to)


def test_file_that_is_no_page_is_refused(portfolio, old):
    """Bad input gets one clear message."""
    for name, raw, message in (
        ("page.docx", b"x", "is no Markdown page"),
        ("page.md", b" \n\n", "holds no text"),
        ("page.md", b"a\0b", "bytes that are no text"),
        ("page.md", b"\x81\x8d\xff", "bytes that are no text"),
        ("page.md", b"x" * 5_000_001, "is larger than 5 MB"),
    ):
        with pytest.raises(moving.MoveError, match=message):
            prepare(portfolio, write(old, name, raw))


def test_refusal_is_one_message(tree, old):
    """On the command line: code 1, the message, and every file as it was."""
    before = files(tree)
    for arguments, message in (
        ([old / "none.md"], "is not there"),
        ([write(old, "x.md", "Text.")], "Say it with --to"),
    ):
        code, out, err = run(tree, *arguments)
        assert (code, out) == (1, "")
        assert message in err
    assert files(tree) == before


# -- the contract -----------------------------------------------------------------------------


def test_sections_of_the_contract_are_kept_and_put_in_order(portfolio, old):
    """At any depth, in any case, numbered or marked; other sections go below the reflection; the rest leads."""
    text = """First. Second.

# DTA 5 - Explore patient care journey experiences

See [the plan](#3-action-plan).

## Before

List.

## REFLECTION

Thought.

#### So what

## **Evidence**:

**E06** and **E07** show it.

## What else

More.

### Evidence

Again.

### 3. Action Plan

- **June 2024.** Do. *Done when:* done. *Outcome:* it was.

Read next: [peers](9-peer-support.md), since it follows.
"""
    move = prepare(portfolio, write(old, "5.md", text))
    assert re.findall(r"^#+ .*", move.text, flags=re.MULTILINE) == [
        "# 5. Explore patient care journey experiences",
        "## Evidence",
        "## Reflection",
        "### Before",
        "#### So what",
        "### What else",
        "#### Evidence",
        "## Action plan",
    ]
    assert "experiences\n\nFirst. Second.\n\nSee the plan.\n" in move.text
    assert "it was.\n\nRead next: [peers](9_PeerSupport.md), since it follows.\n" in move.text
    assert "% old heading: DTA 5 - Explore patient care journey experiences\n" in move.text
    assert not [text for _, text in move.looks if text.startswith(("the page owes", "still open"))]


def test_body_without_sections_is_the_reflection(portfolio, old):
    """Evidence and action plan are there and say that they are not written; nothing is made up."""
    move = prepare(portfolio, write(old, "5.md", "# My journey\n\nText.\n\n## What I learnt\n\nMore.\n"))
    assert move.text == (
        "# 5. Explore patient care journey experiences\n\n## Evidence\n\nThis part is still to be written.\n\n"
        "## Reflection\n\n**My journey**\n\nText.\n\n### What I learnt\n\nMore.\n\n"
        "## Action plan\n\nThis part is still to be written.\n"
    )
    for text in ("'Evidence' was not on the old page", "the standfirst is not two sentences", "does not name E06"):
        assert text in said(move)


def test_activity_that_is_not_begun(portfolio, old):
    """A reflection comes over as one, and the list says to record the start; a plan stays a plan."""
    move = prepare(portfolio, write(old, "16.md", "Text."), "S-C1/16")
    assert "S-C1/16 is not recorded as started: portfolio record S-C1/16 started --date" in said(move)
    assert "the sections are" not in said(move)
    plan = prepare(
        portfolio,
        write(old, "16.md", "Soon. It will help.\n\n# Plan\n\n**Occasion.** One.\n\n## More\n\nText."),
        "S-C1/16",
    )
    assert re.findall(r"^#+ .*", plan.text, flags=re.MULTILINE)[1:] == ["## Plan", "### More"]
    assert "is not recorded as started" not in said(plan)
    assert "the plan has no part '**Risk.**'" in said(plan)


def test_old_title_is_shown_as_it_was_written(portfolio, old):
    """Marks in a title of the front matter are text, at the head of the reflection and of a further page."""
    path = write(old, "x.md", '---\ntitle: "A *star* [x](y) <b> {{ z }}"\n---\nText.\n')
    wanted = "A \\*star\\* \\[x\\](y) \\<b\\> \\{\\{ z \\}\\}"
    assert body(prepare(portfolio, path)).startswith(wanted)
    assert prepare(portfolio, path, "about/x").text.startswith(f"# {wanted}\n")
    assert "old heading" not in prepare(portfolio, write(old, "y.md", "No title.")).text

"""Older pages come over whole: nothing is lost, the build passes, and what needs a look is listed."""

import base64
import io
import random
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import NOT_SOURCES, ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from stp_portfolio.cli import app
from stp_portfolio.core import reading, records
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import drafts, importing
from stp_portfolio.privacy import sources

PAGE = "C1_Professional_Foundations/5_PatientCareJourney"
ODD = Path(__file__).with_name("old_lines.txt").read_text(encoding="utf-8").splitlines()

# What Jekyll, kramdown, MkDocs and GitHub know: a text, what becomes of it, and what is said of it.
CASES = {
    "comment sign": ("Of 100\n% were", "Of 100\n\\% were", ""),
    "block break": ("a\n\n+++\n\nb", "a\n\n\\+++\n\nb", ""),
    "target": ("(a-label)=\n\ntext", "\\(a-label)=", ""),
    "colon fence": (":::note\ntext\n:::", "\\:::note\ntext\n\\:::", "block of another program"),
    "role": ("see {ref}`there`", "see \\{ref}`there`", ""),
    "placeholder": ("the {{ x }} here", "the \\{{ x }} here", "sign of the old site"),
    "in code nothing changes": ("`{{ x }}` and\n\n```yaml\n% a: {{ x }}\n```", "```yaml\n% a: {{ x }}\n```", ""),
    "definition by accident": ("It was\n: so", "It was\n\\: so", ""),
    "fence of R": ("```{r, echo=F}\nplot(x)\n```", "```r\nplot(x)\n```", "runs nothing"),
    "unknown language": ("```foolang\nx\n```", "```text\nx\n```", ""),
    "code that is not of its language": ("```json\n{ £ }\n```", "```text\n{ £ }\n```", ""),
    "fence in a list": ("- a\n\n  ```sh\n  x\n  ```", "- a\n\n  ```sh\n  x\n  ```", ""),
    "diagram that cannot be drawn": ("```mermaid\ngitGraph\n```", "```text\ngitGraph\n```", "cannot be drawn"),
    "diagram": (
        "```mermaid\ngraph TD\n  A --> B\n```",
        f"```{{mermaid}}\n:alt: {importing.NO_WORDS_OF_DIAGRAM}\n\ngraph TD\n  A --> B\n```\n\n{importing.NO_WORDS_OF_DIAGRAM}",
        "no words for who cannot see it",
    ),
    "diagram with words": ("```{mermaid}\n:alt: a to b\n\ngraph TD\n  A --> B\n```", "```{mermaid}\n:alt: a to b\n\ng", ""),
    "tasks": ("- [ ] a\n- [x] b", "- [ ] a\n- [x] b", ""),
    "levels that jump": ("## a\n\n##### b\n\n# c", "### a\n\n#### b\n\n### c", ""),
    "comment": ("a <!-- why so --> b", "% Old line 1: a <!-- why so --> b", "stand here, for you alone"),
    "kramdown": ("*a*{: .big} b", "*a*{: .big} b", "sign of the old site"),
    "include": ("{% include x.html %}\n\na", "{% include x.html %}\n\na", "sign of the old site"),
    "highlight": ("{% highlight sh %}\nls\n{% endhighlight %}", "```sh\nls\n```", ""),
    "admonition": ('!!! tip "Ask first"\n    One *question*.', "```{admonition} Ask first\n:class: tip\n\nOne *question*.\n```", ""),
    "formula": ("$$x^2$$", "$$x^2$$", "a formula in TeX"),
    "footnote": ("a[^n]\n\n[^n]: b *c*", "a[^n]\n\n[^n]: b *c*", ""),
    "footnote that nothing reads": ("a\n\n[^1]: b c", "\\[^1]: b c", ""),
    "cell too many": ("| a |\n|---|\n| 1 | 2 |", "% Old line 3: | 1 | 2 |", "stand here, for you alone"),
    "table": ("a | b\n--|--\n`x|y` | *z*", "| a | b |\n| --- | --- |", ""),
    "unknown tag": ("a List<T> of", "a List&lt;T> of", ""),
    "tags in a line": ("x <b>a</b>, <em>b</em>, H<sub>2</sub>O", "x **a**, *b*, H{sub}`2`O", ""),
    "script": ("<script>f()</script>\n\na", "% Old line 1: <script>f()</script>", "'script'"),
    "frame": ('<iframe src="https://example.org/v"></iframe>', "`<iframe src=", "raw HTML"),
    "HTML wrappers": ('<div class="a">\n  <p>a <i>b</i></p>\n</div>', "a *b*", ""),
    "HTML list": ("<ul><li>a<ol><li>b</li></ol></li></ul>", "- a\n  1. b", ""),
    "HTML heading and table": ("<h3>H</h3><table><tr><th>c</th></tr><tr><td>d</td></tr></table>", "### H\n\n| c |\n| --- |\n| d |", ""),
    "HTML code": ('<pre><code class="language-js">a &lt; b</code></pre>', "```js\na < b\n```", ""),
    "HTML diagram": ('<div class="mermaid">\ngraph TD\n  A --> B\n</div>', "\n\ngraph TD\n  A --> B\n```", "no words for who"),
    "link to an activity by number": ("[a](/dta-7/)", "[a](7_MidTrainingFeedback.md)", ""),
    "link by name": ("[a](../peer-support.html)", "[a](9_PeerSupport.md)", ""),
    "link by a number alone": ("[a](7_feedback.md)", "[a](7_MidTrainingFeedback.md)", "taken for"),
    "link with Liquid": ("[a]({{ site.baseurl }}{% link _x/dta-7.md %})", "[a](7_MidTrainingFeedback.md)", ""),
    "link to a heading there": ("[a](dta-7.html#Evidence)", "[a](7_MidTrainingFeedback.md)", "not to 'Evidence'"),
    "link within the page": ("## So what\n\n[a](#so-what)", "\n\na\n", "within the page"),
    "link to a file": ("[a](x.pdf) b", "a (`x.pdf`) b", "register a piece of evidence"),
    "link by reference": ("[a][1]\n\n[1]: /dta-7/", "[a](7_MidTrainingFeedback.md)", ""),
    "link of another kind": ("[a](ftp://a.org)", "a (`ftp://a.org`)", "its kind of address"),
    "wiki link": ("[[Peer support|a]]", "\\[\\[Peer support|a\\]\\]", "link or list of another program"),
    "panel in disguise": ('[a](https://a.org "&#112;anel: news")', "[a](https://a.org)\n", ""),
    "bare address": ("see https://a.org/b_c.", "see <https://a.org/b_c>.", ""),
    "picture": ("![a flow](/assets/img/flow.jpg)", "![a flow](images/flow.jpg)\n", ""),
    "picture without words": (
        "![](assets/img/bare.png)",
        f"![{importing.NO_WORDS}](images/bare.png) ({importing.NO_WORDS})",
        "no words for who cannot see it",
    ),
    "picture named after its file": ("![IMG_1.png](assets/img/bare.png)", f"({importing.NO_WORDS} IMG_1.png)", "no words"),
    "picture elsewhere": ("![a flow](https://a.org/x.png)", "a flow (`https://a.org/x.png`)", "on another host"),
    "picture that is missing": ("![a flow](x.png)", "a flow (`x.png`)", "there is no such file"),
    "picture that is none": ("![a](broken.png)", "a (`broken.png`)", "cannot be read as a picture"),
    "drawing": ("![a](drawing.svg)", "a (`drawing.svg`)", "a '.svg' cannot be cleaned"),
    "fence that is not closed": ("```python\nx = 1", "```python\nx = 1\n```", ""),
}  # fmt: skip
OLD = "---\nlayout: page\ntitle: 'DTA 5: My journey'\nauthor: the trainee\npermalink: /dta-5/\n---\n* TOC\n{:toc}\n\n"
OLD += "\n\n".join(text for text, _, _ in CASES.values())


@pytest.fixture
def tree(tmp_path):
    """A copy of the portfolio without what was built."""
    shutil.copytree(ROOT, tmp_path / "portfolio", ignore=NOT_SOURCES)
    return tmp_path / "portfolio"


@pytest.fixture
def old(tmp_path):
    """The folder of an older site, with pictures and what only looks like them."""
    site = tmp_path / "old"
    (site / "_dta").mkdir(parents=True)
    (site / "assets/img").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x010E] = "Taken by the trainee"
    Image.new("RGB", (8, 8), "white").save(site / "assets/img/flow.jpg", exif=exif)
    Image.new("RGB", (8, 8), "red").save(site / "assets/img/bare.png")
    (site / "drawing.svg").write_text("<svg/>", encoding="utf-8")
    (site / "broken.png").write_text("no picture", encoding="utf-8")
    return site


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def prepare(portfolio, path, to="S-C1/5"):
    (move,), refused = importing.prepare(portfolio, path, to, replace_=True)
    assert refused == []
    return move


def said(move):
    return "\n".join(text for _, text in move.looks)


def body(move):
    """What the old page's text became, without the parts of the page that were added."""
    text = move.text.partition("## Reflection\n\n")[2]
    return re.sub(r"## Action plan\n\n.*\n", "", text)


def run(tree, monkeypatch, *arguments):
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(app, ["import", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit | Refusal), done.exception
    return done.exit_code, done.output + str(done.exception or "")


# -- the real build ---------------------------------------------------------------------------


def odd_page(seed):
    """A page of odd lines, some of them in lists, quotations, or two on a line."""
    chosen = random.Random(seed)
    lines = []
    for _ in range(chosen.randint(4, 25)):
        line = chosen.choice([""] * 12 + ["  ", "    ", "> ", "- ", "1. "]) + chosen.choice(ODD)
        line += f" {chosen.choice(ODD)}" if chosen.random() < 0.1 else ""
        lines += [line, ""] if chosen.random() < 0.4 else [line]
    return "\n".join(lines)


def test_whole_site_of_old_pages_builds(small, old, monkeypatch):
    """A page with everything in it, forty of odd lines, HTML and Word: one folder, one real build without a warning."""
    write(old, "_dta/2024-03-01-everything.md", b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    for seed in range(40):
        write(
            old, f"page{seed}.md", ("---\ntitle: An older page\n---\n" if seed % 2 else "") + odd_page(seed)
        )
    write(old, "letter.docx", word("<w:p><w:r><w:t>Words of Word.</w:t></w:r></w:p>"))
    write(
        old,
        "web.html",
        "<html><nav>Menu</nav><main><h1>Web</h1><p>See <a href='page1.html'>one</a>.</p></main></html>",
    )
    before = {path: path.read_bytes() for path in small.tree.rglob("*") if path.is_file()}
    run(small.tree, monkeypatch, old, "--to", "M", "--replace", "--dry-run")
    assert {path: path.read_bytes() for path in small.tree.rglob("*") if path.is_file()} == before
    small.write("about/page.md", "# About\n\nText.\n")
    small.write(
        "_toc.yml", "format: jb-book\nroot: intro\nchapters:\n  - file: M/1_Task\n  - file: about/page\n"
    )
    code, out = run(small.tree, monkeypatch, old, "--to", "about")
    assert code == 0, out
    assert out.count("none lost.") == 43
    done = small.build()
    assert done.faults == []
    assert done.code == 0, done.output
    article = done.page("about/dta-everything").partition("<article")[2].partition("</article>")[0]
    for hidden in ("f()", "why so", "permalink", "Old line", "panel:"):
        assert hidden not in article
    for shown in (
        "were",
        ":::note",
        "{{ x }}",
        "gitGraph",
        "H<sub>2</sub>O",
        "List&lt;T&gt;",
        'alt="a flow"',
    ):
        assert shown in article
    assert 'href="page1.html"' in done.page("about/web")
    assert not Image.open(small.tree / "about/images/flow.jpg").getexif()


def test_identifier_keeps_the_book_from_being_built_until_it_is_out(tree, old, monkeypatch):
    """It stays in the text and is the first of the list; names are asked about; then the sources pass."""
    path = tree / f"{PAGE}.md"
    text = path.read_text(encoding="utf-8").replace(
        "left to right", "the bleep 4432, as Jolanta Kowalczyk saw"
    )
    code, out = run(tree, monkeypatch, write(old, "5_x.md", text), "--replace")
    assert code == 0
    first, second = re.findall(r"^C1.*(?:bleep|Kowalczyk).*", out, re.MULTILINE)[:2]
    assert re.search(r":\d+: phone: .*«bleep 4432».*the book is not built until", first)
    assert out.index(first) == out.index("C1_", out.index("needs a look"))
    assert 'portfolio approve "Jolanta Kowalczyk"' in second
    assert [hit.text for hit in sources.run(tree, reading.load(tree), [path]) if hit.direct] == ["bleep 4432"]


# -- nothing is lost --------------------------------------------------------------------------

_LINE = st.one_of(
    st.sampled_from(ODD),
    st.just(""),
    st.builds(
        "{}{}".format, st.sampled_from(["  ", "    ", "> ", "- ", "1. ", "\t", "#"]), st.sampled_from(ODD)
    ),
    st.text(st.sampled_from("ab1 *_`[](){}<>#%+-=:|~!\\&;^/\"'\n\t£é"), max_size=40),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The place of an old page, with a picture beside it."""
    folder = tmp_path_factory.mktemp("place")
    Image.new("RGB", (8, 8)).save(folder / "flow.png")
    return folder / "5_old.md"


@given(lines=st.lists(_LINE, min_size=1, max_size=12), further=st.booleans(), front=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_line_is_ever_lost(portfolio, place, lines, further, front):
    """Whatever lines an old page has, each word is on the new one, and the book's parser would refuse nothing there."""
    text = ("---\ntitle: x\n---\n" if front else "") + "\n".join(lines)
    place.write_text(text, encoding="utf-8", newline="")
    try:
        source = importing.read(place).text
    except Refusal as error:
        assert "holds no text" in str(error)
        return
    move = prepare(portfolio, place, "about/old" if further else "S-C1/5")
    assert not importing.not_whole(source, move.text)
    assert importing.shown(move.text, ["colon_fence", "deflist", "substitution", "tasklist"])[1] == set()
    assert move.text.startswith("# ")


def test_page_that_would_lose_a_word_is_refused(portfolio, old, monkeypatch):
    """Were a block forgotten, the words would be named and nothing written."""
    whole = importing._Fitter.fit
    monkeypatch.setattr(
        importing._Fitter, "fit", lambda *rest, **more: whole(*rest, **more).partition("\n\n")[0]
    )
    with pytest.raises(Refusal, match="'forgotten' and 'words'"):
        prepare(portfolio, write(old, "5.md", "One.\n\nForgotten words, words.\n"))


def test_pages_of_the_book_come_over_as_they_are(portfolio, tmp_path):
    """A page that keeps the contract is not changed by a letter but for what diagrams lack, and nothing is said of it."""
    for activity, source in records.pages(portfolio):
        move = prepare(portfolio, Path(shutil.copy(source, tmp_path)), None)
        assert move.activity == activity
        text = move.text.replace(f":alt: {importing.NO_WORDS_OF_DIAGRAM}\n", "")
        text = text.replace(f"\n\n{importing.NO_WORDS_OF_DIAGRAM}", "")
        assert text == source.read_text(encoding="utf-8")
        expected = ("still open", "the page owes: a part of it", "this diagram has no words")
        assert [text for _, text in move.looks if not text.startswith(expected)] == []


@pytest.mark.parametrize("name", CASES)
def test_conversion(portfolio, old, name):
    """What the book would swallow or refuse becomes what it shows, with what needs a look."""
    text, wanted, look = CASES[name]
    move = prepare(portfolio, write(old, "page.md", text))
    assert wanted in body(move)
    others = ("the page owes", "still open", "term to review")
    looks = [text for _, text in move.looks if not text.startswith(others)]
    assert look in "\n".join(looks)
    assert bool(looks) == bool(look) or all("for you alone" in text for text in looks)


def test_encodings_and_line_ends(portfolio, old):
    """UTF-8 with its mark, Windows text, UTF-16; any line end, tabs, no end at the end."""
    for raw in (
        b"\xef\xbb\xbfA caf\xc3\xa9\r\n\r\n-\tone\r\n\t- two",
        b"A caf\xe9\r\r-\tone\r\t- two",
        "A café\n\n-\tone\n\t- two\n".encode("utf-16"),
    ):
        assert body(prepare(portfolio, write(old, "5.md", raw))).strip() == "A café\n\n- one\n  - two"


def word(paragraphs):
    """A document of Word, as bytes."""
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr(
            "word/document.xml", f'<w:document xmlns:w="{name}"><w:body>{paragraphs}</w:body></w:document>'
        )
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
        relation = f'<Relationship Id="r1" Type="{kind}" Target="word/document.xml"/>'
        file.writestr("_rels/.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                      f"{relation}</Relationships>")  # fmt: skip
        file.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
    return raw.getvalue()


def test_word_and_html_come_over(portfolio, old, monkeypatch):
    """Headings and bold text of Word; of HTML the article, with the menu for the author alone; a picture within."""
    styled = '<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Evidence</w:t></w:r></w:p>'
    styled += "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>E06</w:t></w:r><w:r><w:t> shows it.</w:t></w:r></w:p>"
    assert "## Evidence\n\n**E06** shows it.\n" in prepare(portfolio, write(old, "5.docx", word(styled))).text
    Image.new("RGB", (2, 2)).save(buffer := io.BytesIO(), format="PNG")
    picture = (
        f"<img alt='two dots' src='data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}'>"
    )
    page = f"<title>DTA 5</title><nav>Menu</nav><main><h2>Reflection</h2><p>So.</p>{picture}</main>"
    move = prepare(portfolio, write(old, "a.html", page), None)
    assert body(move).startswith("So.\n\n![two dots](images/picture.png)")
    assert "% Old line 2: Menu" in move.text
    with pytest.raises(Refusal, match="cannot be read as a Word document"):
        prepare(portfolio, write(old, "5.docx", b"x"))
    monkeypatch.setitem(__import__("sys").modules, "mammoth", None)
    with pytest.raises(Refusal, match=re.escape('pip install "stp-portfolio[import]"')):
        prepare(portfolio, write(old, "5.docx", word(styled)))


def test_folder_keeps_its_links_and_pictures(tree, old, monkeypatch):
    """Pages link to where they are now; two pictures of one name stay two; what has no place is listed, code 1."""
    write(
        old,
        "_dta/2024-03-01-a.md",
        "---\ndta: 5\npermalink: /journey/\n---\n[b](9-peer.md) ![x](one/flow.png)\n",
    )
    write(
        old, "_dta/9-peer.md", "# DTA 9\n\n[a](/journey/#x) [c](../pages/c.html) ![y](../assets/flow.png)\n"
    )
    write(old, "pages/c.md", "# Of nothing\n\n[a](../_dta/2024-03-01-a.md)\n")
    write(old, "pages/twin.md", "# DTA 5\n\nAgain.\n")
    for name, color in (("_dta/one/flow.png", "red"), ("assets/flow.png", "blue")):
        (old / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (2, 2), color).save(old / name)
    code, out = run(tree, monkeypatch, old, "--replace")
    assert code == 1
    assert "2 pages not imported:" in out
    assert "Which activity c.md is about is not clear" in out
    assert f"twin.md would be {PAGE}.md, as 2024-03-01-a.md is" in out
    code, out = run(tree, monkeypatch, old, "--replace", "--to", "about")
    read = {
        name: (tree / f"{name}.md").read_text(encoding="utf-8")
        for name in (PAGE, "C1_Professional_Foundations/9_PeerSupport")
    }
    assert "[b](9_PeerSupport.md) ![x](images/flow.png)" in read[PAGE]
    assert (
        "[a](5_PatientCareJourney.md) [c](../about/pages-c.md) ![y](images/flow-2.png)"
        in read["C1_Professional_Foundations/9_PeerSupport"]
    )
    assert "[a](../C1_Professional_Foundations/5_PatientCareJourney.md)" in (
        tree / "about/pages-c.md"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "front",
    ["---\ntitle: Waiting\nauthor: The trainee\ndate: 2024-03-01\n---\n", '+++\ntitle = "Waiting"\nauthor = "The trainee"\n+++\n',
     "Title: Waiting\nAuthor: The trainee\nDate: 2024-03-01\n\n"],
)  # fmt: skip
def test_front_matter_becomes_comments(portfolio, old, front):
    """YAML, TOML and MkDocs: every line is kept where no reader sees it; the title is text where it differs."""
    move = prepare(portfolio, write(old, "old.md", f"{front}Text.\n"))
    assert body(move).startswith("**Waiting**\n\nText.")
    assert re.search(r"^% Old line \d: [Aa]uthor.*The trainee", move.text, re.MULTILINE)
    assert importing.NOT_BUILT not in said(move)  # the day of publication is nobody's encounter
    assert prepare(portfolio, old / "old.md", "about/waiting").text.startswith("# Waiting\n\nText.\n")


@pytest.mark.parametrize(
    "front", ["title: DTA 5: x", "a: [1", "date: 2024-13-45", "a: {{ x }}", "a: !!python/x 1"]
)
def test_bad_front_matter_is_kept_and_listed(portfolio, old, front):
    """No crash: its lines become comments, and the list says that they could not be read."""
    move = prepare(portfolio, write(old, "5.md", f"---\n{front}\n---\nText.\n"))
    assert front in move.text
    assert "the front matter could not be read" in said(move)


# -- which activity, and where to -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("5_PatientCareJourney.md", "Text.", 5), ("dta-05-x.md", "Text.", 5), ("2024-03-01-peer-support.md", "Text.", 9),
        ("S-C1_12.md", "Text.", 12), ("x.md", "---\ndta: 5\n---\n", 5), ("x.md", "---\nactivity: S-C1/5\n---\n", 5),
        ("x.md", '---\ntitle: "DTA 5: A journey"\n---\n', 5), ("x.md", "# 5. A journey of mine", 5),
        ("x.md", "5\\) A journey\n=======", 5), ("x.md", "# Offer peer support to newcomers!", 9), ("07-dta-5.md", "Text.", 5),
    ],
)  # fmt: skip
def test_activity_is_inferred(portfolio, old, name, text, number):
    """From front matter, heading or name; a date in a name is no number."""
    assert (
        str(prepare(portfolio, write(old, name, f"{text}\n\nMore text."), None).activity.key)
        == f"S-C1/{number}"
    )


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("x.md", "# My journey", "S-C1/1 to S-C1/20"), ("2024-03-01-x.md", "Text.", "S-C1/1 to S-C1/20"),
        ("6_x.md", "# 5. A journey", "Possible: S-C1/5, S-C1/6."), ("dta-99.md", "Text.", "S-C1/1 to S-C1/20"),
        ("x.md", "---\ndta: 5\ntitle: Offer peer support to newcomers\n---\n", "Possible: S-C1/5, S-C1/9."),
    ],
)  # fmt: skip
def test_activity_that_is_not_clear_is_asked_for(portfolio, old, name, text, options):
    """Unknown or contradictory: refused, with what --to could be."""
    with pytest.raises(Refusal, match="Say it with --to, such as --to S-C1/") as refusal:
        prepare(portfolio, write(old, name, f"{text}\n\nMore text."), None)
    assert options in str(refusal.value)


def test_number_of_two_modules_is_asked_for(tree, old):
    """A second module with that number makes it ambiguous, unless the front matter names the module."""
    with (tree / "data/modules.csv").open("a", encoding="utf-8") as file:
        file.write("1,B-P1,Physics,0,\n")
    with (tree / "data/activities.csv").open("a", encoding="utf-8") as file:
        file.write("B-P1,5,Another task,about/accessibility,,\n")
    portfolio = reading.load(tree)
    with pytest.raises(Refusal, match=r"Possible: S-C1/5, B-P1/5\."):
        prepare(portfolio, write(old, "dta-5.md", "Text."), None)
    for text, to in (("---\nmodule: b-p1\n---\nText.", None), ("Text.", "b-p1/05")):
        assert str(prepare(portfolio, write(old, "dta-5.md", text), to).activity.key) == "B-P1/5"


def test_draft_is_replaced_and_a_written_page_is_not(tree, old, monkeypatch):
    """An untouched draft gives way; a written page only by --replace, and what stood there is kept."""
    portfolio = reading.load(tree)
    target, path = tree / f"{PAGE}.md", write(old, "5.md", "Text.")
    written = target.read_bytes()
    code, out = run(tree, monkeypatch, path)
    assert code == 1
    assert "is written already. Import with --replace" in out
    assert target.read_bytes() == written
    code, out = run(tree, monkeypatch, path, "--replace")
    (kept,) = (tree / "data/.backup" / PAGE).parent.glob("5_PatientCareJourney-*.md")
    assert kept.read_bytes() == written
    assert kept.relative_to(tree).as_posix() in out
    for draft in (drafts.draft(portfolio, portfolio.activities[4]), "\n"):
        target.write_text(draft, encoding="utf-8")
        assert run(tree, monkeypatch, path)[0] == 0
        assert "Text." in target.read_text(encoding="utf-8")


def test_further_page_joins_the_contents(tree, old, monkeypatch):
    """It stands after the last page of its folder, once, and every other line of the contents is as it was."""
    path = write(old, "x.md", "# A day\n\nText.\n\n#### Deep\n")
    before = (tree / "_toc.yml").read_text(encoding="utf-8").splitlines()
    for options in ([], ["--replace"]):
        code, out = run(tree, monkeypatch, path, "--to", "about\\a-day.md", *options)
        assert code == 0, out
        after = (tree / "_toc.yml").read_text(encoding="utf-8").splitlines()
        assert [line for line in after if "about/a-day" not in line] == before
        last = max(number for number, line in enumerate(before) if "file: about/" in line)
        assert after[last + 1] == before[last].partition("about")[0] + "about/a-day"
    assert (tree / "about/a-day.md").read_text(encoding="utf-8") == "# A day\n\nText.\n\n## Deep\n"
    assert run(tree, monkeypatch, path, "--to", "about/a-day")[0] == 1


@pytest.mark.parametrize(
    ("to", "message"),
    [("S-C1/99", "S-C1 has S-C1/1 to S-C1/20"), ("S-C1", "is no activity"), ("nowhere/page", "is no place of this book"),
     ("../old/page", "is no place of this book"), ("page", "is no place of this book"), ("about/a?b", "is no name for a page")],
)  # fmt: skip
def test_place_that_is_none_is_refused(portfolio, old, to, message):
    """One message that says what a place is."""
    with pytest.raises(Refusal, match=message):
        prepare(portfolio, write(old, "x.md", "Text."), to)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [("page.odt", b"x", "is no page of"), ("page.md", b" \n\n", "holds no text"), ("page.md", b"a\0b", "bytes that are no text"),
     ("page.md", b"\x81\x8d\xff", "bytes that are no text"), ("page.md", b"x" * 5_000_001, "is larger than 5 MB"),
     ("page.html", b"<div>" * 5000 + b"x", "too deep in one another"), ("page.md", None, "is not there")],
)  # fmt: skip
def test_file_that_is_no_page_is_refused(portfolio, old, name, raw, message):
    """Bad input gets one clear message."""
    path = old / name if raw is None else write(old, name, raw)
    with pytest.raises(Refusal, match=message):
        prepare(portfolio, path)


# -- the contract -----------------------------------------------------------------------------


def test_sections_of_the_contract_are_kept_and_put_in_order(portfolio, old):
    """At any depth, in any case, numbered or marked; other sections go below the reflection; the rest leads."""
    text = """# DTA 5 - Explore patient care journey experiences

First. See [the plan](#3-action-plan).

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
    headings = re.findall(r"^#+ .*", move.text, flags=re.MULTILINE)
    assert headings == [
        "# 5. Explore patient care journey experiences", "## Evidence", "## Reflection", "### Before", "### So what",
        "### What else", "#### Evidence", "## Action plan",
    ]  # fmt: skip
    assert "experiences\n\nFirst. See the plan.\n" in move.text
    assert "it was.\n\nRead next: [peers](9_PeerSupport.md), since it follows.\n" in move.text
    assert not [text for _, text in move.looks if text.startswith(("the page owes", "still open"))]


def test_body_without_sections_is_the_reflection(portfolio, old):
    """Evidence and action plan are there and say that they are not written; nothing is made up; lines are right."""
    move = prepare(
        portfolio, write(old, "5.md", "# My journey\n\nText.\n\n## What I learnt\n\nMore in {{ x }}.\n")
    )
    assert move.text == (
        "# 5. Explore patient care journey experiences\n\n## Evidence\n\nThis part is still to be written.\n\n"
        "## Reflection\n\n**My journey**\n\nText.\n\n### What I learnt\n\nMore in \\{{ x }}.\n\n"
        "## Action plan\n\nThis part is still to be written.\n"
    )
    for text in (
        "a part of it is still to be written",
        "the standfirst is not two sentences",
        "does not name E06",
    ):
        assert text in said(move)
    assert (
        move.text.split("\n")[{text[:6]: line for line, text in move.looks}["a sign"] - 1]
        == "More in \\{{ x }}."
    )


def test_activity_that_is_not_begun(portfolio, old):
    """A reflection comes over as one, and the list says to record the start; a plan stays a plan."""
    move = prepare(portfolio, write(old, "16.md", "Text."), "S-C1/16")
    assert "S-C1/16 is not recorded as started: portfolio record S-C1/16 started --date" in said(move)
    assert "the sections are" not in said(move)
    text = "Soon. It will help.\n\n# Plan\n\n**Occasion.** One.\n\n## More\n\nText."
    plan = prepare(portfolio, write(old, "16.md", text), "S-C1/16")
    assert re.findall(r"^#+ .*", plan.text, flags=re.MULTILINE)[1:] == ["## Plan", "### More"]
    assert "is not recorded as started" not in said(plan)
    assert "the plan has no part '**Risk.**'" in said(plan)

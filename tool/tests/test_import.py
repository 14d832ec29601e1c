"""Older pages come over whole: nothing is lost, the build passes, and what needs a look is listed."""

import base64
import io
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import NOT_SOURCES, ROOT, told
from docutils.core import publish_doctree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from myst_parser.parsers.docutils_ import Parser
from PIL import Image
from typer.testing import CliRunner

from stp_portfolio.cli import app
from stp_portfolio.core import reading, records
from stp_portfolio.core.findings import Refusal
from stp_portfolio.desk import drafts, importing
from stp_portfolio.privacy import leaving, sources

PAGE = "C1_Professional_Foundations/5_PatientCareJourney"
ODD = Path(__file__).with_name("old_lines.txt").read_text(encoding="utf-8").splitlines()
FLOW = "graph TD\n  A --> B\n"
REQUEST = importing.NO_WORDS

# A text of an older page, what becomes of it, and what is said of it.
CASES = {
    "comment sign": ("Of 100\n\n% were", "Of 100\n\n\\% were", ""),
    "block break": ("a\n\n+++\n\nb", "a\n\n\\+++\n\nb", ""),
    "target": ("(a-label)=\n\ntext", "\\(a-label)=", ""),
    "placeholder": ("the {{ x }} here", "the {\\{ x }} here", "sign of the old site"),
    "role": ("{ref}`x`", "\\{ref}`x`", ""),
    "kramdown": ("*a*{: .big} b", "*a*{: .big} b", "sign of the old site"),
    "formula": ("$$x^2$$", "\\$$x^2$$", "of TeX"),
    "in code nothing changes": ("`{{ x }}` and\n\n```yaml\n% a: {{ x }}\n```", "```yaml\n% a: {{ x }}\n```", ""),
    "unknown language": ("```foolang\nx\n```", "```text\nx\n```", "code of 'foolang'"),
    "code that is not of its language": ("```json\n{ £ }\n```", "```text\n{ £ }\n```", "code of 'json'"),
    "fence in a list": ("- a\n\n  ```sh\n  x\n  ```", "- a\n\n  ```sh\n  x\n  ```", ""),
    "diagram": (f"```mermaid\n{FLOW}```", f"```{{mermaid}}\n:alt: {REQUEST}\n\n{FLOW}```", "no words for who"),
    "diagram with words": (f"```{{mermaid}}\n:alt: a to b\n\n{FLOW}```", f"```{{mermaid}}\n:alt: a to b\n\n{FLOW}", ""),
    "diagram of HTML": (f'<div class="mermaid">\n{FLOW}</div>', f"\n\n{FLOW}```", "no words for who"),
    "diagram that cannot be drawn": ("```mermaid\ngitGraph\n```", "```text\ngitGraph\n```", "'mermaid' is shown as text"),
    "tasks": ("- [ ] a\n- [x] b", "- [ ] a\n- [x] b", ""),
    "levels that jump": ("## a\n\n##### b\n\n# c", "### a\n\n#### b\n\n### c", ""),
    "comment": ("a <!-- why so --> b", "% Old line 1: a <!-- why so --> b", "for you alone"),
    "script": ("<script>f()</script>\n\na", "% Old line 1: <script>f()</script>", "for you alone"),
    "admonition": ('!!! tip "Ask first"\n    One *question*.', "```{admonition} Ask first\n:class: tip\n\nOne *question*.\n```", ""),
    "admonition that is closed": ("??? note\n    One.", "```{admonition} Note\n:class: note\n\nOne.\n```", ""),
    "alert": ("> [!NOTE]\n> Mind *it*.", "```{admonition} Note\n:class: note\n\nMind *it*.\n```", ""),
    "footnote": ("a[^n]\n\n[^n]: b *c*", "a[^1]\n\n[^1]: b *c*", ""),
    "pipe in code": ("| a |\n|---|\n| `b\\|c` |", "| `b\\|c` |", ""),
    "cell too many": ("| a |\n|---|\n| 1 | 2 |", "% Old line 3: | 1 | 2 |", "for you alone"),
    "table": ("a | b\n--|--\n`x` | *z*", "| a | b |\n| --- | --- |\n| `x` | *z* |", ""),
    "comparison that looks like a tag": ("p<b or c> d", "% Old line 1: p<b or c> d", "for you alone"),
    "details": ("<details><summary>a</summary>b</details>", "a\n\nb\n", ""),
    "unknown tag": ("a List<T> of", "a List\\<T> of", ""),
    "tags in a line": ("x <b>a</b>, <em>b</em>, H<sub>2</sub>O", "x **a**, *b*, H{sub}`2`O", ""),
    "HTML list": ("<ul><li>a<ol><li>b</li></ol></li></ul>", "- a\n  1. b", ""),
    "HTML heading and table": ("<h3>H</h3><table><tr><th>c</th></tr><tr><td>d</td></tr></table>", "### H\n\n| c |\n| --- |\n| d |", ""),
    "HTML code": ('<pre><code class="language-js">a &lt; b</code></pre>', "```js\na < b\n```", ""),
    "link to a page of the book": ("[a](7_MidTrainingFeedback.md)", "[a](7_MidTrainingFeedback.md)", ""),
    "link to a file": ("[a](x.pdf) b", "a (`x.pdf`) b", "register a file as evidence"),
    "link to a heading": ("[a *b*](#so-it-went)\n\n## So it went", "[a *b*](#so-it-went)\n", ""),
    "link to a heading with an accent": ("[a](#the-caf%C3%A9)\n\n## The café", "[a](#the-caf%C3%A9)", ""),
    "link to a heading that is not there": ("[a](#nowhere) b", "a (`#nowhere`) b", "is text now"),
    "link to a heading too far down": ("# A\n\n## B\n\n### C\n\n#### D\n\n[a](#d)", "a (`#d`)", "is text now"),
    "link of another kind": ("[a](ftp://a.org)", "a (`ftp://a.org`)", "is text now"),
    "panel in disguise": ('[a](https://a.org "&#112;anel: news")', "[a](https://a.org)\n", "for you alone"),
    "picture": ("![a flow](/assets/img/flow.jpg)", "![a flow](images/5_PatientCareJourney-1.jpg)\n", ""),
    "picture without words": ("![](assets/img/bare.png)", f"![{importing.NO_WORDS}](images/", "no words for who"),
    "picture named after its file": ("![IMG_1.png](assets/img/bare.png)", f"({importing.NO_WORDS} IMG_1.png)", "no words"),
    "picture elsewhere": ("![a flow](https://a.org/x.png)", "a flow (`https://a.org/x.png`)", "is not here"),
    "picture that is none": ("![a](broken.png)", "a (`broken.png`)", "is not here"),
}  # fmt: skip


@pytest.fixture
def tree(tmp_path):
    """A copy of the portfolio without what was built."""
    return Path(shutil.copytree(ROOT, tmp_path / "portfolio", ignore=NOT_SOURCES))


@pytest.fixture
def old(tmp_path):
    """The folder of an older site, with pictures and what only looks like one."""
    exif = Image.Exif()
    exif[0x010E] = "Taken by the trainee"
    site = write(tmp_path / "old", "broken.png", "no picture").parent
    Image.new("RGB", (8, 8), "white").save(write(site, "assets/img/flow.jpg", ""), exif=exif)
    Image.new("RGB", (8, 8), "red").save(write(site, "assets/img/bare.png", ""))
    return site


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def prepare(portfolio, path, to="S-C1/5"):
    moves, refused = importing.prepare(portfolio, path, to or "", replace_=True)
    if refused:
        raise Refusal(refused[0])
    return moves[0]


def run(tree, monkeypatch, *arguments):
    monkeypatch.chdir(tree)
    done = CliRunner().invoke(app, ["import", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit | Refusal), done.exception
    return done.exit_code, done.output + str(done.exception or "")


SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def word(paragraphs, **parts):
    """A document of Word, as bytes; further parts by their name."""
    with zipfile.ZipFile(raw := io.BytesIO(), "w") as file:
        body = f"<w:document {SPACES}><w:body>{paragraphs}</w:body></w:document>"
        file.writestr("word/document.xml", body)
        for name, inner in parts.items():
            file.writestr(f"word/{name}.xml", f"<w:{name} {SPACES}>{inner}</w:{name}>")
    return raw.getvalue()


def said_in_word(text, element="t"):
    """A run of Word."""
    return f'<w:r><w:{element} xml:space="preserve">{text}</w:{element}></w:r>'


# -- the real build ---------------------------------------------------------------------------


def test_whole_site_of_old_pages_builds(small, old, monkeypatch):
    """A page with everything in it, odd lines, HTML and Word: one folder, one real build without a warning."""
    texts = "\n\n".join(text for text, _, _ in CASES.values())
    everything = f"---\ntitle: Everything {{{{ x }}}}\nauthor: me\n---\n{texts}".replace("\n", "\r\n")
    write(old, "_dta/2024-03-01-everything.md", b"\xef\xbb\xbf" + everything.encode())
    for number in range(0, len(ODD), 8):
        write(old, f"page{number}.md", "# An older page\n\n" + "\n".join(ODD[number : number + 8]))
    write(old, "letter.docx", word("<w:p><w:r><w:t>Words of Word.</w:t></w:r></w:p>"))
    write(old, "web.html", "<nav>Menu</nav><main><h1>Web</h1><p>See <a href='page8.html'>one</a>.</p></main>")
    small.write("about/page.md", "# About\n\nText.\n")
    small.edit("_toc.yml", "chapters:\n", "chapters:\n  - file: about/page\n")
    before = {path: path.read_bytes() for path in small.tree.parent.rglob("*") if path.is_file()}
    code, out = run(small.tree, monkeypatch, old, "--to", "about", "--dry-run")
    assert code == 0, out
    assert {path: path.read_bytes() for path in small.tree.parent.rglob("*") if path.is_file()} == before
    code, out = run(small.tree, monkeypatch, old, "--to", "about")
    assert code == 0, out
    assert out.count("none lost.") == 3 + len(range(0, len(ODD), 8))
    assert {path: path.read_bytes() for path in before if path.is_relative_to(old)}.items() <= before.items()
    done = small.build()
    assert done.faults == []
    assert done.code == 0, done.output
    article = done.page("about/dta-everything").partition("<article")[2].partition("</article>")[0]
    assert not [hidden for hidden in ("f()", "why so", "author", "Old line", "panel:") if hidden in article]
    shown = ("were", "{{ x }}", "gitGraph", "H<sub>2</sub>O", "List&lt;T&gt;", 'alt="a flow"')
    assert [each for each in shown if each not in article] == []
    assert 'href="page8.html"' in done.page("about/web")
    (picture,) = (small.tree / "about/images").glob("dta-everything-*.jpg")
    assert not Image.open(picture).getexif()


def test_identifier_keeps_the_book_from_being_built_until_it_is_out(tree, old, monkeypatch):
    """It stays in the text and is the first of the list; names are asked about; then the sources pass."""
    path = tree / f"{PAGE}.md"
    whole = path.read_text(encoding="utf-8")
    text = whole.replace("they were waiting to know", "the bleep 4432, as Jolanta Kowalczyk saw")
    code, out = run(tree, monkeypatch, write(old, "5_x.md", text), "--replace")
    assert code == 0
    first, second = re.findall(r"^C1.*(?:bleep|Kowalczyk).*", out, re.MULTILINE)[:2]
    assert re.search(r":\d+: 'bleep 4432' .*«bleep 4432».*the book is not built until", first)
    assert out.index(first) == out.index("C1_", out.index("needs a look"))
    assert 'portfolio approve "Jolanta Kowalczyk"' in second
    found = sources.run(tree, reading.load(tree), [path.relative_to(tree).as_posix()])
    assert [hit.value for hit in found if hit.code in (leaving.IDENTIFIER, leaving.CERTAIN)] == ["bleep 4432"]


# -- nothing is lost --------------------------------------------------------------------------

_MARKS = st.sampled_from(["  ", "    ", "> ", "- ", "1. ", "\t", "#", ""])
_LINE = st.one_of(
    st.builds(str.__add__, _MARKS, st.sampled_from([*ODD, ""])),
    st.text(st.sampled_from("ab1 *_`[](){}<>#%+-=:|~!\\&;^/\"'\n\t£é"), max_size=40),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)
_AS_IN_THE_BOOK = {
    "myst_enable_extensions": ["colon_fence", "deflist", "substitution", "tasklist"],
    "myst_all_links_external": True, "syntax_highlight": "none", "line_length_limit": 10**8, "halt_level": 5,
}  # fmt: skip


@given(lines=st.lists(_LINE, min_size=1, max_size=12), to=st.sampled_from(["about/old", "S-C1/5"]))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_line_is_ever_lost(portfolio, tmp_path, lines, to):
    """Whatever lines an old page has, each word is on the new one, and the book's parser warns of nothing."""
    text = "---\ntitle: x\n---\n" + "\n".join(lines)
    move = prepare(portfolio, write(tmp_path, "5_old.md", text), to)
    written = "\n".join([move.text, *re.findall(r"\]\((.*?)\)", text)])
    assert importing.not_whole(move.old, importing.words(written)) == []
    drawn, said = move.text.replace("`{mermaid}", "`text"), io.StringIO()
    publish_doctree(drawn, parser=Parser(), settings_overrides=_AS_IN_THE_BOOK | {"warning_stream": said})
    assert said.getvalue() == ""
    assert move.text.startswith("# ")


def test_pages_of_the_book_come_over_as_they_are(portfolio, tmp_path):
    """A page that keeps the contract keeps it: the same activity, and nothing to look at but the terms.

    Its files of evidence are left out, which an import names to be registered anew, and captions of tables.
    """
    parts = r"^#.*|^Read next: \[.*?\)|\*\*E\d+\*\*"
    for activity, source in records.pages(portfolio):
        own = r"(?m)^:::.*|^\[.*panel: .*|\[([^]]*)\]\(evidence/.*?\)"
        before = re.sub(own, r"\1", source.read_text(encoding="utf-8"))
        move = prepare(portfolio, write(tmp_path, source.name, before), None)
        assert move.activity == activity
        assert re.findall(parts, move.text, re.MULTILINE) == re.findall(parts, before, re.MULTILINE)
        assert "% Old line" not in move.text
        assert [look for look in move.looks if "a diagram has no words" not in look.fault] == []


@pytest.mark.parametrize("name", CASES)
def test_conversion(portfolio, old, name):
    """What the book would swallow or refuse becomes what it shows, with what needs a look."""
    text, wanted, look = CASES[name]
    move = prepare(portfolio, write(old, "page.md", text))
    assert wanted in move.text
    looks = [str(each) for each in move.looks if each.code != leaving.TERM]
    assert look in "\n".join(looks)
    assert bool(looks) == bool(look)


def test_word_and_html_come_over(portfolio, old):
    """Headings and bold text of Word; of HTML the article, with the menu for the author alone; a picture within."""
    styled = '<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Evidence</w:t></w:r></w:p>'
    styled += "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>E06</w:t></w:r><w:r><w:t> shows it.</w:t></w:r></w:p>"
    assert "## Evidence\n\n**E06** shows it.\n" in prepare(portfolio, write(old, "5.docx", word(styled))).text
    Image.new("RGB", (2, 2)).save(buffer := io.BytesIO(), format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    picture = (
        f"<img alt='two dots' src='data:image/png;base64,{data}'><iframe src='https://a.org/v'></iframe>"
    )
    main = f"<main><h2>Reflection</h2><p>So.</p>{picture}</main>"
    page = f"<html><head><title>DTA 5</title></head><body><nav>Menu</nav>{main}</body></html>"
    move = prepare(portfolio, write(old, "a.html", page), None)
    assert "So.\n\n![two dots](images/5_PatientCareJourney-1.png)" in move.text
    menu, video = re.findall("% Old line .*", move.text)[1:]
    assert (menu, video[:22]) == ("% Old line 2: Menu", "% Old line 5: <iframe ")
    ((path, raw),) = move.pictures.items()
    assert path == f"{Path(PAGE).parent}/images/5_PatientCareJourney-1.png"
    assert Image.open(io.BytesIO(raw)).size == (2, 2)


def test_word_loses_nothing(portfolio, old):
    """Headers, comments, boxes, deleted words and formulas stand for the author alone; notes are notes."""
    box = f"<w:txbxContent><w:p>{said_in_word('In a box')}</w:p></w:txbxContent>"
    twice = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    text = (
        f"<w:p>{said_in_word('Ref')}{said_in_word('lection')}<w:r><w:footnoteReference w:id='2'/></w:r></w:p>"
        f"<w:p>{said_in_word('Kept ')}<w:ins>{said_in_word('added ')}</w:ins>"
        f"<w:del>{said_in_word('deleted', 'delText')}</w:del></w:p>"
        f"<w:p><w:r><mc:AlternateContent>{twice}</mc:AlternateContent></w:r></w:p>"
        f"<w:p>{said_in_word('Here ')}<m:oMath><m:r><m:t>energy</m:t></m:r></m:oMath></w:p>"
    )
    note = f"<w:footnote w:id='2'><w:p>{said_in_word('As noted')}</w:p></w:footnote>"
    comments = f"<w:comment w:id='1'><w:p>{said_in_word('Please change')}</w:p></w:comment>"
    header = f"<w:p>{said_in_word('On every page')}</w:p>"
    move = prepare(portfolio, write(old, "5.docx", word(text, hdr=header, comments=comments, footnotes=note)))
    shown, *kept = move.text.partition("\n% Old line")[0], *re.findall(r"% Old line \d+: (.*)", move.text)
    assert kept == ["Kept added deleted", "Here energy", "On every page", "Please change"]
    assert "lines of the old page stand here for you alone" in "\n".join(map(str, move.looks))
    assert shown.count("In a box") == 1
    assert "Reflection[^2]" in shown
    assert "[^2]: As noted" in shown


def test_notes_of_a_built_page_are_notes(portfolio, old):
    """As kramdown, pandoc and MkDocs write them in HTML: the mark, the text, and no way back."""
    for mark, to, back in (("fn:1", "#fn:1", "#fnref:1"), ("fn1", "#fn1", "#fnref1")):
        notes = f"<ol><li id='{mark}'><p>B <a href='{back}'>\u21a9</a></p></li></ol>"
        page = f"<main><h1>DTA 5</h1><p>A<sup><a href='{to}'>1</a></sup> c.</p>{notes}</main>"
        text = prepare(portfolio, write(old, "a.html", page)).text
        assert "A[^1] c." in text
        assert "[^1]: B\n" in text


@pytest.mark.parametrize(("missing", "name"), [("mammoth", "5.docx"), ("markdownify", "5.md")])
def test_missing_library_is_named(tree, old, monkeypatch, missing, name):
    """Without the extra, the command says how to have it; Word's library is needed for Word alone."""
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "stp_portfolio.desk.importing")
    monkeypatch.delattr("stp_portfolio.desk.importing")
    write(old, "5.md", "Text.")
    code, out = run(tree, monkeypatch, write(old, name, "Text."), "--replace")
    assert code == 1
    assert f'Install it with: {sys.executable} -m pip install "stp-portfolio[import]"' in out
    assert run(tree, monkeypatch, old / "5.md", "--replace")[0] == (missing == "markdownify")


def test_folder_keeps_its_links_and_pictures(tree, old, monkeypatch):
    """Pages link to where they are now; two pictures of one name stay two; what has no place is listed, code 1."""
    first = "---\ndta: 5\npermalink: /journey/\n---\n[b](9-peer.md) ![x](one/flow.png) ![y](/flow.png)\n"
    write(old, "_dta/2024-03-01-a.md", first)
    write(old, "_dta/9-peer.md", "# DTA 9\n\n[a](/journey/#x) [c](../pages/c.html)\n")
    write(old, "pages/c.md", "# Of nothing\n\n[a](../_dta/2024-03-01-a.md)\n")
    write(old, "pages/twin.md", "# DTA 5\n\nAgain.\n")
    for name, color in (("_dta/one/flow.png", "red"), ("flow.png", "blue")):
        Image.new("RGB", (2, 2), color).save(write(old, name, ""))
    code, out = run(tree, monkeypatch, "../old", "--replace")
    assert code == 1
    assert "Not imported:\npages/c.md: no place is clear" in out
    assert f"\npages/twin.md: it would be {PAGE}.md, as 2024-03-01-a.md is" in out
    run(tree, monkeypatch, old, "--replace", "--to", "about")
    names = (PAGE, "C1_Professional_Foundations/9_PeerSupport", "about/pages-c")
    five, nine, further = ((tree / f"{name}.md").read_text(encoding="utf-8") for name in names)
    pictures = [f"images/5_PatientCareJourney-{number}.png" for number in (1, 2)]
    assert f"[b](9_PeerSupport.md) ![x]({pictures[0]}) ![y]({pictures[1]})" in five
    shown = [Image.open((tree / PAGE).parent / each).getpixel((0, 0)) for each in pictures]
    assert shown == [(255, 0, 0), (0, 0, 255)]
    assert "[a](5_PatientCareJourney.md) [c](../about/pages-c.md)" in nine
    assert "[a](../C1_Professional_Foundations/5_PatientCareJourney.md)" in further


@pytest.mark.parametrize(
    "front",
    [
        "---\ntitle: Waiting\nauthor: The trainee\ndate: 2024-03-01\n---\n",
        '+++\ntitle = "Waiting"\nauthor = "The trainee"\n+++\n',
        "Title: Waiting\nAuthor: The trainee\nDate: 2024-03-01\n\n",
        "---\ntitle: Waiting\nauthor: The trainee\na: [1\ndate: 2024-13-45\nb: {{ x }}\nc: !!python/x 1\n---\n",
    ],
)
def test_front_matter_becomes_comments(portfolio, old, front):
    """YAML, TOML, MkDocs and broken: every line is kept where no reader sees it; the title is text too."""
    move = prepare(portfolio, write(old, "old.md", f"{front}Text.\n"))
    assert "## Reflection\n\n**Waiting**\n\nText." in move.text
    assert re.search(r"^% Old line 3|2: [Aa]uthor.*The trainee", move.text, re.MULTILINE)
    assert "lines of the old page stand here for you alone: 2, 3" in "\n".join(map(str, move.looks)).replace(
        ": 1, 2", ": 2"
    )
    for line in front.strip("-+\n").split("\n")[1:]:
        assert line in move.text.partition("% Old line")[2]
    # A day of publication is no encounter.
    assert not {leaving.IDENTIFIER, leaving.CERTAIN} & {look.code for look in move.looks}
    assert prepare(portfolio, old / "old.md", "about/waiting").text.startswith("# Waiting\n\nText.\n")


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
    move = prepare(portfolio, write(old, name, f"{text}\n\nMore text."), None)
    assert str(move.activity.key) == f"S-C1/{number}"


@pytest.mark.parametrize(
    ("name", "text", "to", "options"),
    [
        ("x.md", "# My journey", None, "such as S-C1/1"), ("2024-03-01-x.md", "Text.", None, "such as S-C1/1"),
        ("6_x.md", "# 5. A journey", None, "S-C1/5, S-C1/6"), ("dta-99.md", "Text.", None, "such as S-C1/1"),
        ("x.md", "---\ndta: 5\ntitle: Offer peer support to newcomers\n---\n", None, "S-C1/5, S-C1/9"),
        *(("x.md", "Text.", to, "such as S-C1/1")
          for to in ("S-C1/99", "S-C1", "nowhere/page", "../old/page", "page", "about/a?b")),
    ],
)  # fmt: skip
def test_place_that_is_not_clear_is_asked_for(portfolio, old, name, text, to, options):
    """Unknown, contradictory, or none of this book: refused, with what --to could be."""
    with pytest.raises(Refusal, match=rf"no place is clear .* Say it with --to: an activity \({options}\)"):
        prepare(portfolio, write(old, name, f"{text}\n\nMore text."), to)


def test_number_of_two_modules_is_asked_for(tree, old):
    """A second module with that number makes it ambiguous, unless the front matter names the module."""
    rows = {"modules": "1,B-P1,Physics,0,\n", "activities": "B-P1,5,Another task,about/accessibility,,\n"}
    for file, row in rows.items():
        with (tree / f"data/{file}.csv").open("a", encoding="utf-8") as table:
            table.write(row)
    portfolio = reading.load(tree)
    with pytest.raises(Refusal, match="S-C1/5, B-P1/5"):
        prepare(portfolio, write(old, "dta-5.md", "Text."), None)
    for text, to in (("---\nmodule: b-p1\n---\nText.", None), ("Text.", "b-p1/05")):
        assert str(prepare(portfolio, write(old, "dta-5.md", text), to).activity.key) == "B-P1/5"


def test_draft_is_replaced_and_a_written_page_is_not(tree, old, monkeypatch):
    """An untouched draft gives way; a written page only by --replace, and undo brings back what stood there."""
    portfolio = reading.load(tree)
    target, path = tree / f"{PAGE}.md", write(old, "5.md", "Text.")
    written = target.read_bytes()
    code, out = run(tree, monkeypatch, path)
    assert code == 1
    assert "is written already. Import with --replace" in out
    assert target.read_bytes() == written
    code, out = run(tree, monkeypatch, path, "--replace")
    assert target.read_bytes() != written
    told(tree, "undo", "--yes")
    assert target.read_bytes() == written
    for draft in (drafts.draft(portfolio, portfolio.activities[4]), "\n"):
        target.write_text(draft, encoding="utf-8")
        assert run(tree, monkeypatch, path)[0] == 0
        assert "Text." in target.read_text(encoding="utf-8")


def test_further_page_joins_the_contents(tree, old, monkeypatch):
    """It stands in the contents once, under its own title, with its headings stepped."""
    path = write(old, "x.md", "# A day\n\nText.\n\n#### Deep\n")
    for options in ([], ["--replace"]):
        assert run(tree, monkeypatch, path, "--to", "about\\a-day.md", *options)[0] == 0
        assert (tree / "_toc.yml").read_text(encoding="utf-8").count("about/a-day") == 1
    assert (tree / "about/a-day.md").read_text(encoding="utf-8") == "# A day\n\nText.\n\n## Deep\n"


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("page.odt", b"x", "holds no page of"), ("page.md", None, "does not exist"), ("page.md", b" \n\n", "holds no text"),
        ("page.md", b"a\0b", "is not UTF-8 text"), ("page.md", "a".encode("utf-16"), "is not UTF-8 text"),
        ("page.md", b"x" * 5_000_001, "larger than 5 MB"), ("page.html", b"<div>" * 5000 + b"x", "cannot be read"),
        ("page.docx", b"x", "cannot be read"), ("empty", None, "does not exist"),
    ],
)  # fmt: skip
def test_file_that_is_no_page_is_refused(portfolio, old, name, raw, message):
    """Bad input gets one clear message that names the file."""
    path = old / name if raw is None else write(old, name, raw)
    with pytest.raises(Refusal, match=f"{name}.* {message}"):
        prepare(portfolio, path)


# -- the contract -----------------------------------------------------------------------------


SECTIONS = (
    "# DTA 5 - Explore patient care journey experiences\n\nFirst. See it.\n\n## Before\n\nList.\n\n"
    "## REFLECTION\n\nThought.\n\n#### So what\n\n## **Evidence**:\n\n**E06** and **E07** show it.\n\n"
    "### What else\n\nMore.\n\n### Evidence\n\nAgain.\n\n### 3. Action Plan\n\n- **June 2024.** Do.\n"
)
PLAN = "Soon. It will help.\n\n# Plan\n\n**Occasion.** One.\n\n## More\n\nText."


@pytest.mark.parametrize(
    ("to", "text", "wanted"),
    [
        ("S-C1/5", SECTIONS, "## Evidence, ### What else, ### Evidence, ## Reflection, ### Before, ### So what, ## Action plan"),
        ("S-C1/16", PLAN, "## Plan, ### More"),
        ("S-C1/5", PLAN, "## Evidence, ## Reflection, ### Plan, #### More, ## Action plan"),
        ("S-C1/16", "Text.", "## Evidence, ## Reflection, ## Action plan"),
    ],
)  # fmt: skip
def test_sections_of_the_contract_are_kept_and_put_in_order(portfolio, old, to, text, wanted):
    """At any depth, in any case, numbered or marked; the rest leads or is reflection; a plan not begun stays one."""
    move = prepare(portfolio, write(old, "x.md", text), to)
    assert ", ".join(re.findall(r"^##+ .*", move.text, re.MULTILINE)) == wanted
    assert "\n\nFirst. See it.\n\n## Evidence" in move.text or text is not SECTIONS


def test_body_without_sections_is_the_reflection(portfolio, old):
    """Evidence and action plan are there and say that they are not written; nothing is made up; lines are right."""
    path = write(old, "5.md", "# My journey\n\nText.\n\n## What I learnt\n\nMore in {{ x }}.\n")
    move = prepare(portfolio, path)
    assert move.text == (
        "# 5. Explore patient care journey experiences\n\n## Evidence\n\nThis part is still to be written.\n\n"
        "## Reflection\n\n**My journey**\n\nText.\n\n### What I learnt\n\nMore in {\\{ x }}.\n\n"
        "## Action plan\n\nThis part is still to be written.\n"
    )
    (sign,) = (look for look in move.looks if look.code == "import-sign")
    assert move.text.split("\n")[sign.line - 1] == "More in {\\{ x }}."


@pytest.mark.parametrize("to", [f"about/{'x' * 300}", "about"])
def test_name_too_long_for_the_system(tree, old, monkeypatch, to):
    """Of a path the end is kept; a place that is too long is none."""
    page = write(old, f"{'y' * 120}/{'z' * 120}/page.md", "# One\n\nText.\n")
    code, out = run(tree, monkeypatch, old, "--to", to)
    assert (code, "no place is clear" in out) == ((0, False) if to == "about" else (1, True))
    assert len(list((tree / "about").glob("z*-page.md"))) == (to == "about")
    assert page.is_file()

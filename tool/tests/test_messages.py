"""The page of messages and the program say the same: no message is missing there, and none is made up."""

import ast
import itertools
import re

from conftest import OWN

FILES = [*sorted((OWN / "stp_portfolio").rglob("*.py")), OWN / ".github/publish_site.py"]
SAYS = re.compile(  # calls that tell a user something; the last four have the text as their second argument
    r"(_refuse|wrong|logger\.\w+|stderr\.write|exit|(problems|faults|sheet\.notes|looks)\.append|__init__|BadParameter|Error"
    r"|[lL]ook|(?P<second>stop|Problem|Finding|OSError))$"
)
GIVES = re.compile(
    "Yield (pages|configuration|honesty|moving)|Return (moving|commit|setting|dialects _fence|.* (remedy|report)$)"
)
# What the tools beneath say, and what no Python of the program says.
OTHERS = """Python was not found; or 'py' is not recognized; or python3: command not found; or Ignored the following
versions that require a different python version; or Could not find a version that satisfies the requirement …; or
certificate verify failed; or Failed building wheel for …; or Microsoft Visual C++ 14.0 or greater is required; or
externally-managed-environment; or ensurepip is not available; or portfolio: command not found; or command not found:
portfolio; or 'portfolio' is not recognized; or The term 'portfolio' is not recognized; or Activate.ps1 cannot be loaded
because running scripts is disabled on this system; or This book is made with Jupyter Book 1; or No module named
'stp_portfolio'; or bad interpreter; or No such command '…'; or No such option: …; or Missing argument '…'; or Missing
option '…'; or Invalid value for '…'; or Got unexpected extra argument (…); or 'myst' cross-reference target not found:
'…'; or unknown document: '…'; or local id not found in doc '…': '…'; or undefined label: '…'; or image file not
readable: …; or file not found: '…'; or Non-consecutive header level increase; … to …; or Unknown directive type: '…';
or Unknown interpreted text role "…"; or Unknown option keys: …; or stderr was found in the cell outputs of cell …; or A
cell timed out while it was being executed, after … seconds; or Kernel died; or Building your book, returns a non-zero
exit code (1); or The book has a fault; or No space left on device; or Only the main branch is published; what stands on
another is a draft; or not a git repository; or Please tell me who you are; or failed to push some refs; or CONFLICT
(content): Merge conflict in …; or Permission denied (publickey); or Authentication failed; or Nothing was committed:
the environment of the portfolio was not found, so nothing could be checked"""


def values_of(nodes):  # what each name may stand for: every value that is given to it
    found = {}
    for node in nodes:
        for target in filter(None, getattr(node, "targets", [getattr(node, "target", None)])):
            for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name)):
                found.setdefault(name, []).append(getattr(node, "iter", getattr(node, "value", None)))
    return found


def forms(node, values):  # the texts that an expression can give, with … for what only a run knows
    found = "…"
    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.JoinedStr(values=parts):
            return {"".join(chosen) for chosen in itertools.product(*(forms(part, values) for part in parts))}
        case ast.BinOp(left=left, right=right):
            return forms(ast.JoinedStr([left, right]), values)
        case ast.Call(func=ast.Attribute(ast.Constant() as mark, "join"), args=[ast.List(elts=parts)]):
            return forms(ast.JoinedStr([each for part in parts for each in (part, mark)]), values)
        case ast.IfExp(body=left, orelse=right):
            return forms(left, values) | forms(right, values)
        case ast.FormattedValue(it) | ast.Subscript(it) | ast.GeneratorExp(it) | ast.Call(ast.Attribute(it, "items")):
            return forms(it, values)
        case ast.BoolOp(values=several) | ast.Dict(values=several) | ast.Call(func=ast.Name("next"), args=several):
            found = (text for each in several for text in forms(each, values))
        case ast.Name(name) if name in values:
            found = (text for value in values[name] for text in forms(value, values | {name: [None]}))
    return {text if " " in text or not text else "…" for text in found}


def folded(text):  # a message up to its own remedy, without markup and without what varies at its start
    text = re.sub(r"[*`\\]", "", text.replace("%s", "…").replace("''", "'…'"))
    text = re.sub(r"…(?: ?…)*", "…", " ".join(re.split(r"\.(?= |$)| such as ", text)[0].split()))
    return re.sub(r"^(?:(?:['(]|row )?(?:…(?!/)|private/_toc\.yml)[')]?[,:]*\s*)+", "", text).strip(" :;")


def program():  # every message of the program
    found = set()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            values = values_of(tree.body) | values_of(ast.walk(function))
            for node in ast.walk(function):
                said = []
                if GIVES.match(f"{type(node).__name__} {path.stem} {function.name}"):
                    said = getattr(node.value, "elts", [node.value])
                elif isinstance(node, ast.Call) and (call := SAYS.search(ast.unparse(node.func))):
                    said = node.args[1 if call["second"] else 0 :][:1]
                said = [each.elts[0] if isinstance(each, ast.Tuple) else each for each in said]
                for text in (text for each in said for text in forms(each, values)):
                    found |= set(map(folded, re.split(r"\n|(?<=understood)\. ", text)))
    return {message for message in found if len(re.findall(r"[a-z]{2,}", message)) > 1}


def test_page_and_program_have_the_same_messages():
    """Each message stands on the page word for word, up to its remedy; each one there is said, or known of a tool."""

    def same(message, on_page):  # for what varies, the page has … or one word
        return re.fullmatch(re.escape(message).replace("…", r"(?:…|[\w./-]+)"), on_page)

    text = "".join((OWN / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("problems", "moving"))
    rows = re.findall(r"^\| (?!---|What you read)(.+?) \| ", text, flags=re.MULTILINE)
    shown = [folded(message) for row in rows for message in row.split("; or ")]
    known, others = program(), " ".join(OTHERS.split()).split("; or ")
    assert [m for m in known if not any(same(m, each) for each in shown)] == []
    assert [m for m in shown if m not in others and not any(same(each, m) for each in known)] == []

"""What a page leads to and where a link may arrive on it, by the tree that the book's own parser makes."""

import re
from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

_DIRECTIVE = re.compile(r"\{([\w:-]+)\}")
_NAME = re.compile(r"^:(?:name|label): *(\S+)", re.MULTILINE)
# Directives whose contents are no Markdown.
_LITERAL = {"code", "code-block", "code-cell", "literalinclude", "math", "mermaid", "raw", "eval-rst"}

Targets = list[tuple[str, int, str]]
Anchors = set[str]


def places(text: str) -> tuple[Targets, Anchors]:
    """The links and pictures of a page in Markdown, with line and title, and where a link may arrive."""
    targets: Targets = []
    anchors: Anchors = set()
    before = ""
    for token, line in _tokens(text):
        if target := token.attrs.get("href") or token.attrs.get("src"):
            targets.append((str(target), line, str(token.attrs.get("title", ""))))
        if before == "heading_open":
            anchors.add(_slug(token))
        elif token.type == "myst_target":
            anchors.add(token.content)
        elif _DIRECTIVE.match(token.info):
            anchors.update(_NAME.findall(token.content))
        before = token.type
    return targets, anchors


def _tokens(text: str, above: int = 0) -> Iterator[tuple[Token, int]]:
    """Every token of a text that begins below ``above`` lines of its page, with its line, in their order."""
    for token in parser().parse(text):
        line = above + (token.map[0] if token.map else 0) + 1
        yield token, line
        for part in token.children or ():
            line += part.type in ("softbreak", "hardbreak")
            yield part, line
        if (directive := _DIRECTIVE.match(token.info)) and directive[1] not in _LITERAL:
            yield from _tokens(token.content, line)  # what stands in a note or a table is Markdown again


@cache
def parser() -> MarkdownIt:
    """The book's own parser, which can also write HTML."""
    extensions = {"colon_fence", "deflist", "tasklist"}
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def _slug(heading: Token) -> str:
    """The anchor of a heading as MyST writes it (``myst_parser.mdit_to_docutils.base.default_slugify``)."""
    title = "".join(part.content for part in heading.children or [] if part.type in ("text", "code_inline"))
    return re.sub(r"[^\w\u4e00-\u9fff\- ]", "", title.lower().replace(" ", "-"))

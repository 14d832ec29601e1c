"""What a page leads to and where a link may arrive on it, by the tree that the book's own parser makes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Places:
    """The links and pictures of a page, each with its line, and the anchors that a link may lead to."""

    targets: list[tuple[str, int]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def places(text: str, above: int = 0, into: Places | None = None) -> Places:
    """The places of a text in Markdown that begins below ``above`` lines of its page, added to ``into``."""
    found = Places() if into is None else into
    before = ""
    for token in _parser().parse(text):
        line = above + (token.map[0] if token.map else 0)
        if token.type == "inline":
            found.targets.extend(_targets(token.children or [], line + 1))
            found.anchors.update({_slug(token)} if before == "heading_open" else ())
        elif token.type == "myst_target":
            found.anchors.add(token.content)
        elif (directive := _DIRECTIVE.match(token.info)) and directive[1] not in _LITERAL:
            found.anchors.update(_NAME.findall(token.content))
            places(token.content, line + 1, found)  # what stands in a note or a table is Markdown again
        before = token.type
    return found


@cache
def _parser() -> MarkdownIt:
    extensions = {"colon_fence", "deflist", "tasklist"}
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def _targets(tokens: list[Token], line: int) -> list[tuple[str, int]]:
    found = []
    for token in tokens:
        line += token.type in ("softbreak", "hardbreak")
        target = token.attrs.get("href") or token.attrs.get("src")
        if target:
            found.append((str(target), line))
    return found


def _slug(heading: Token) -> str:
    """The anchor of a heading as MyST writes it (``myst_parser.mdit_to_docutils.base.default_slugify``)."""
    title = "".join(part.content for part in heading.children or [] if part.type in ("text", "code_inline"))
    return re.sub(r"[^\w\u4e00-\u9fff\- ]", "", title.lower().replace(" ", "-"))

"""The guide as one page: made of the Markdown that the package carries, readable without a network."""

import re
from base64 import b64encode
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from stp_portfolio.core import digests, disk
from stp_portfolio.desk import drafts, kit
from stp_portfolio.show import palette

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def write(target: Path) -> Path:
    """Write the guide of the version that is installed as one HTML file, and return it."""
    contents = yaml.safe_load(disk.read_text(kit.guide() / "_toc.yml"))
    pages = [section(contents["root"], 0), *(section(each["file"], 1) for each in contents["chapters"])]
    style = drafts.filled("guide/guide.css", light=palette.LIGHT, dark=palette.DARK)
    digest, version = digests.for_policy(style), metadata.version(kit.DISTRIBUTION)
    page = drafts.filled("guide/guide.html", pages=pages, style=style, digest=digest, version=version)
    disk.put(target, page)
    return target


def section(name: str, below: int) -> dict[str, str]:
    """One page with its headings moved down by ``below``; its links and pictures work inside the whole.

    Its name, which is its anchor as well, its title, and its text as HTML.
    """
    tokens = _MARKDOWN.parse(disk.read_text(kit.guide() / f"{name}.md"))
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open":
            anchor = re.sub(r"[^\w -]", "", words.content.lower()).replace(" ", "-")  # as GitHub writes it
            heading.attrSet("id", name if heading.tag == "h1" else f"{name}-{anchor}")
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1]) + below}"
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        for part in token.children or ():
            _bring_in(part)
    text = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return {"name": name, "title": tokens[1].content, "text": text}


def _bring_in(part: Token) -> None:
    """Let a link between two pages lead within the one, and a picture lie in it."""
    page, _, heading = str(part.attrGet("href") or "").partition(".md")
    if part.type == "link_open" and "/" not in page:
        part.attrSet("href", f"#{page}{heading.replace('#', '-')}")
    elif part.type == "image":
        picture = b64encode((kit.guide() / str(part.attrGet("src"))).read_bytes()).decode()
        part.attrSet("src", f"data:image/png;base64,{picture}")

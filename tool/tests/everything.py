"""A page and a notebook that use everything an author may use, to be added to a copy of the book."""

from pathlib import Path

import nbformat
from PIL import Image

CHAPTER = "C1_Professional_Foundations"
TEXT = Path(__file__).with_name("everything.md")


def add_page(tree):
    """Add the page, with a picture that carries a secret in its metadata."""
    rows = "\n".join(f"| {number} | Row number {number} |" for number in range(1, 61))
    head = "| " + " | ".join(f"Column{number}" for number in range(1, 15)) + " |\n|" + " --- |" * 14
    cells = [[f"cell {row}.{column}" for column in range(1, 15)] for row in range(1, 4)]
    wide = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    text = TEXT.read_text(encoding="utf-8").replace("ROWS", rows).replace("WIDE", f"{head}\n{wide}")
    (tree / CHAPTER / "stress.md").write_text(text, encoding="utf-8")
    image = Image.new("RGB", (8, 8), "white")
    exif = image.getexif()
    exif[0x010E] = "secretword"
    image.save(tree / CHAPTER / "square.png", exif=exif)
    _list(tree, f"{CHAPTER}/stress")


def add_notebook(tree):
    """Add a notebook whose outputs are those of pandas itself, a picture with its text, and plain text."""
    cells = [
        nbformat.v4.new_markdown_cell("# Outputs\n\nWhat a notebook shows without the help of the package."),
        nbformat.v4.new_code_cell("import pandas as pd\n\npd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"),
        nbformat.v4.new_code_cell("print('plain text ' * 40)"),
        nbformat.v4.new_code_cell(
            "import matplotlib.pyplot as plt\n\nplt.plot([1, 3, 2]);",
            metadata={"mystnb": {"image": {"alt": "A line from 1 up to 3 and down to 2"}}},
        ),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    (tree / "notebooks" / "outputs.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    _list(tree, "notebooks/outputs")


def _list(tree, page):
    toc = tree / "_toc.yml"
    line = f"          - file: {CHAPTER}/synthesis\n"
    text = toc.read_text(encoding="utf-8")
    toc.write_text(text.replace(line, f"{line}          - file: {page}\n"), encoding="utf-8")

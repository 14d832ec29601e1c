"""A page and a notebook that use everything an author may use, added to a small book."""

from pathlib import Path

from PIL import Image

TEXT = Path(__file__).with_name("everything.md")
PAGES = ("M/everything", "sums")


def add(small):
    """Add the page, with a picture that carries a secret in its metadata, and a notebook of plain pandas."""
    small.write(f"{PAGES[0]}.md", TEXT.read_text(encoding="utf-8"))
    image = Image.new("RGB", (8, 8), "white")
    exif = image.getexif()
    exif[0x010E] = "secretword"
    image.save(small.tree / "M/square.png", exif=exif)
    small.edit("_toc.yml", "chapters:\n", f"chapters:\n  - file: {PAGES[0]}\n")
    frame = "import pandas as pd\n\npd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"
    alt = {"mystnb": {"image": {"alt": "A line from 1 up to 3 and down to 2"}}}
    drawn = small.cell("import matplotlib.pyplot as plt\n\nplt.plot([1, 3, 2]);", **alt)
    small.notebook(frame, "print('plain text ' * 40)", cells=[drawn])

"""Render cover, contents, one activity and one notebook of the exported PDFs as PNG, for a person to look at.

Usage: python .github/preview.py _build/eportfolio _build/preview (needs pdftoppm, of poppler-utils)
"""

import subprocess
import sys
from pathlib import Path

from pypdf import PdfReader


def main(folder: Path, out: Path) -> int:
    """Find the four pages and render each; 1 where one is missing."""
    book = folder / "portfolio.pdf"
    activity = next(iter(sorted(folder.glob("*_05_*.pdf"))), None) or next(
        iter(sorted(folder.glob("*_*_*.pdf")))
    )
    texts = [page.extract_text() for page in PdfReader(book).pages]
    notebook = next(
        (
            number
            for number, text in enumerate(texts, start=1)
            if "Where each activity stands" in text and number > 2
        ),
        0,
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, path, page in (
        ("cover", book, 1),
        ("contents", book, 2),
        ("activity", activity, 1),
        ("notebook", book, notebook),
    ):
        if not page:
            sys.stderr.write(f"There is no page for {name} in {path}.\n")
            return 1
        command = [
            "pdftoppm",
            "-r",
            "80",
            "-f",
            str(page),
            "-l",
            str(page),
            "-singlefile",
            "-png",
            str(path),
            str(out / name),
        ]
        subprocess.run(command, check=True)
        sys.stdout.write(f"{out / name}.png\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))

"""Another trainee, another specialty: forty activities in three modules, and the same build."""

import re
import shutil

import forty
import yaml
from conftest import NOT_SOURCES, ROOT, build_here
from recount import Recount
from test_book import check_numbers, text_of


def make(tree):
    """Write a portfolio that shares only configuration, notebooks and home page with the shipped one."""
    shutil.copytree(ROOT, tree, ignore=NOT_SOURCES)
    shutil.rmtree(tree / "C1_Professional_Foundations")
    forty.make(tree)
    modules = tree / "data/modules.csv"  # the module that is complete is signed off as well
    modules.write_text(
        modules.read_text(encoding="utf-8").replace(",15,", ",15,2025-03-01"), encoding="utf-8"
    )
    chapters = []
    for module, count in forty.MODULES.items():
        (tree / module / "x.md").write_text("# The plan\n\nAll of it.\n", encoding="utf-8")
        chapter = f'# {module}\n\n[x](../intro.md "panel: chapter")\n'
        (tree / module / "index.md").write_text(chapter, encoding="utf-8")
        pages = ["x", *(f"{number}_Task" for number in range(1, count + 1))]
        chapters.append(
            {"file": f"{module}/index", "sections": [{"file": f"{module}/{page}"} for page in pages]}
        )
    chapters += [{"file": f"notebooks/{name}"} for name in ("progress", "credits", "coverage")]
    contents = yaml.safe_dump({"format": "jb-book", "root": "intro", "chapters": chapters})
    (tree / "_toc.yml").write_text(contents, encoding="utf-8")
    home = (tree / "intro.md").read_text(encoding="utf-8")
    home = re.sub(r"C1_Professional_Foundations/\w+\.md", "B-P1/1_Task.md", home)
    (tree / "intro.md").write_text(home, encoding="utf-8")
    return tree


def test_forty_activities_in_three_modules(tmp_path):
    """Totals, statuses and sentences are the other trainee's; nothing of the shipped example is left."""
    done = build_here(make(tmp_path / "other"))
    assert done.code == 0, done.output
    recount = Recount(done.tree)
    assert (len(recount.activities), recount.total_credits, recount.earned) == (40, 115, 15)
    check_numbers(done)
    progress, home = (text_of(done.page(name)) for name in ("notebooks/progress", "intro"))
    signed_off, elapsed, whole = recount.done("B-P1"), 938, 1121  # days from 5 September 2022
    pace = (
        f"The pace so far would bring {signed_off * whole // elapsed} of the 7 required by 30 September 2025."
    )
    assert f"with {signed_off} of 14 signed off. {pace}" in progress
    assert "B-P2: complete, with all 13 activities signed off." in progress
    assert "Illustration" not in home
    assert "Thesis | <of> *imaging* (B-P3)" in home
    assert all("S-C1" not in text for text in (progress, text_of(done.page("B-P1/index"))))

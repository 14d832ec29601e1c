"""The rooms of the package: lower ones never import higher ones, and no module waits for itself."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest
from conftest import ROOT

PACKAGE = "stp_portfolio"
SOURCE = ROOT / "tool" / "src" / PACKAGE
ROOMS = [{"core"}, {"show", "diagrams"}, {"privacy"}, {"book", "pdf"}, {"desk"}, {"cli"}]  # from the bottom


def module_of(path, source):
    parts = (PACKAGE, *path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source):
    """Each module of the package with those that it imports, inside functions and for types too."""
    paths = {module_of(path, source): path for path in source.rglob("*.py")}
    found = {}
    for module, path in paths.items():
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                here = module if path.name == "__init__.py" else module.rpartition(".")[0]
                base = ".".join(here.split(".")[: len(here.split(".")) + 1 - node.level]) if node.level else ""
                base = ".".join(filter(None, [base, node.module]))
                names.update(
                    whole if (whole := f"{base}.{alias.name}") in paths else base for alias in node.names
                )
        found[module] = {name for name in names if name in paths}
    return found


def faults(source):
    """Arrows that go up or aside, and cycles, in words."""
    imports = imports_of(source)
    height = {room: line for line, rooms in enumerate(ROOMS) for room in rooms}
    room_of = {module: (module.split(".") + ["", ""])[1] for module in imports}
    found = [f"{room} is in no line" for room in {*room_of.values()} - {*height, ""}]
    for module, others in imports.items():
        here = room_of[module]
        for other in others:
            there = room_of[other]
            if here in height and there in height and here != there and height[there] >= height[here]:
                found.append(f"{module} imports {other}")
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found.append(f"a cycle: {' > '.join(error.args[1])}")
    return sorted(found)


def test_no_arrow_goes_up_or_aside_and_none_in_a_circle():
    """Every room under its own table; a new room has to be put into it."""
    assert faults(SOURCE) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"core/a.py": "def f():\n    from stp_portfolio.show import b\n", "show/b.py": ""}, "core.a imports"),
        ({"core/a.py": "if TYPE_CHECKING:\n    import stp_portfolio.cli.b\n", "cli/b.py": ""}, "core.a imports"),
        ({"book/a.py": "from ..pdf.b import thing\n", "pdf/b.py": ""}, "book.a imports"),
        ({"core/a.py": "from . import b\n", "core/b.py": "from stp_portfolio.core import a\n"}, "a cycle"),
        ({"attic/a.py": ""}, "attic is in no line"),
    ],
)
def test_each_wrong_arrow_is_found(tmp_path, files, words):
    """In a function, for types, relative, in a circle, in an unknown room: else the table would guard nothing."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [fault for fault in faults(tmp_path) if words in fault]

"""The rooms of the package: lower ones never import higher ones, and no module waits for itself."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name

from conftest import ROOT
from portfolios import cases

PACKAGE = "stp_portfolio"
SOURCE = ROOT / "tool" / "src" / PACKAGE
ROOMS = [{"core"}, {"show"}, {"privacy"}, {"book", "pdf"}, {"desk"}, {"cli"}]  # from the bottom


def imports_of(source):
    """Each module of the package with those that it imports, inside functions and for types too."""
    paths = {}
    for path in source.rglob("*.py"):
        module = ".".join((PACKAGE, *path.relative_to(source).with_suffix("").parts))
        paths[module.removesuffix(".__init__")] = path
    found = {}
    for module, path in paths.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = found[module] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names if alias.name in paths)
            elif isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                both = [{base, f"{base}.{alias.name}"} & paths.keys() for alias in node.names]
                names.update(max(each, key=len) for each in both if each)
    return found


def faults(source):
    """Arrows that go up or aside, and cycles, in words."""
    imports = imports_of(source)
    height = {room: line for line, rooms in enumerate(ROOMS) for room in rooms}
    room_of = {module: [*module.split("."), ""][1] for module in imports}
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


@cases("arrows", "files words")
def test_each_wrong_arrow_is_found(tmp_path, files, words):
    """In a function, for types, relative, in a circle, in an unknown room."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [fault for fault in faults(tmp_path) if words in fault]


def test_the_drawing_shows_each_module_in_its_room():
    """CONTRIBUTING.md draws the rooms as they are: every module, and none that is not there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = text.partition("```text\n")[2].partition("```")[0]
    drawn = re.findall(r"^(\w+)/ +((?:.|\n(?! *\w+/))*)", drawing, flags=re.MULTILINE)
    for room, text in drawn:
        modules = {path.stem for path in (SOURCE / room).glob("*.py")} - {"__init__"}
        assert modules <= set(re.findall(r"\w+", text)), room
    assert {room for room, _ in drawn} == {room for line in ROOMS for room in line}

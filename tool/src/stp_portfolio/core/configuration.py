"""Hold ``_config.yml`` and ``_toc.yml`` against what Jupyter Book knows: misspelt keys pass it in silence.

Needs neither Sphinx nor a build, so the command line can ask as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fastjsonschema
import yaml

from stp_portfolio.core import disk
from stp_portfolio.core.findings import Finding

# What the schema and the defaults of Jupyter Book 1.0 leave out of the keys that it does read.
_MORE_KEYS = {"project", "bibtex_reference_style", "html/use_multitoc_numbering", "html/navbar_footer_text"}
_OPEN_KEYS = {"sphinx/config", "sphinx/local_extensions", "latex/latex_documents", "parse/myst_substitutions"}
_TOC_KEYS = {
    *("format", "root", "meta", "defaults", "options"),
    *("parts", "chapters", "sections", "subtrees", "entries", "items"),
    *("file", "glob", "url", "title"),
    *("caption", "hidden", "maxdepth", "numbered", "reversed", "titlesonly"),
}
# Without them the book is built unguarded, and its generated parts are missing.
_EXTENSIONS = ("stp_portfolio.book", "stp_portfolio.pdf")
# Jupyter Book's own default; anything else would hide a fault.
MAY_BE_SUPPRESSED = frozenset({"myst.domains"})
_HIDING_TAGS = {"raises-exception", "skip-execution", "remove-stderr"}
_HIDING_KEYS = {"execution_mode", "execution_allow_errors", "execution_excludepatterns", "output_stderr"}

# The parser in C where PyYAML brings it, which is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """What a text in YAML says. Raises yaml.YAMLError, also for a key that stands twice in one place."""
    _no_key_twice(yaml.compose(text, Loader=_LOADER))
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def _no_key_twice(node: yaml.Node | None) -> None:
    """PyYAML, and so Jupyter Book, lets the second win in silence."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _no_key_twice(each)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                problem = f"the key '{key.value}' stands there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
            _no_key_twice(value)


def faults(root: Path) -> Iterator[Finding]:
    """Everything that is wrong with the two files."""
    for file, check in (("_config.yml", _config_faults), ("_toc.yml", _toc_faults)):
        try:
            values = read_yaml(disk.read_text(root / file))
        except disk.UnreadableError as error:
            yield Finding("configuration-unreadable", file, error.fault, error.remedy)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            fault = f"is not valid YAML ({getattr(error, 'problem', error)})"
            yield Finding("configuration-yaml", file, fault, "Mend the line", mark.line + 1 if mark else None)
        else:
            if isinstance(values, dict):
                yield from check(root, values)
            else:
                remedy = "Put the file back, from git or from a backup"
                yield Finding("configuration-empty", file, "holds no settings", remedy)


def toc_files(root: Path) -> list[str]:
    """The pages that the table of contents names, in its order; empty where it cannot be read."""
    try:
        values = read_yaml(disk.read_text(root / "_toc.yml"))
    except (disk.UnreadableError, yaml.YAMLError):
        return []
    return [value for key, value in _pairs(values) if key in ("root", "file") and isinstance(value, str)]


def _key(code: str, key: str, fault: str, remedy: str, file: str = "_config.yml") -> Finding:
    return Finding(code, file, fault, remedy, column=key)


def _config_faults(root: Path, values: dict[str, Any]) -> Iterator[Finding]:
    spec = find_spec("jupyter_book")
    package = Path(str(spec and spec.origin)).parent
    schema = json.loads((package / "config_schema.json").read_text(encoding="utf-8"))
    defaults = read_yaml((package / "default_config.yml").read_text(encoding="utf-8"))
    holds = fastjsonschema.compile(schema)
    for key, value in values.items():  # one at a time: the library stops at the first fault it finds
        try:
            holds({str(key): value})
        except fastjsonschema.JsonSchemaValueException as error:
            what = str(error.message).removeprefix(str(error.name)).strip()
            yield _key("setting-form", "/".join(map(str, error.path[1:])), what, "Correct the value")
    known = {*_keys(defaults), *_schema_keys(schema), *_MORE_KEYS}
    for key in _keys(values):
        if key not in known:
            remedy = "Check its spelling and where it is indented"
            yield _key("key-unknown", key, "is not a key of Jupyter Book", remedy)
    execute, sphinx = values.get("execute") or {}, values.get("sphinx") or {}
    own = (sphinx.get("config") or {}) if isinstance(sphinx, dict) else None
    if isinstance(execute, dict) and isinstance(own, dict):  # else the schema said so
        yield from _hiding(execute, own)
        listed = own.get("extensions", sphinx.get("extra_extensions"))
        for name in _EXTENSIONS:
            if name not in (listed if isinstance(listed, list) else ()):
                fault, remedy = (
                    f"'{name}' is missing, without which nothing guards the book",
                    "Add it to the list",
                )
                yield _key("extension-missing", "sphinx/config/extensions", fault, remedy)


def _hiding(execute: dict[str, Any], own: dict[str, Any]) -> Iterator[Finding]:
    """Settings with which a fault would pass, or an old number stay."""
    mode = own.get("nb_execution_mode", execute.get("execute_notebooks", "cache"))
    if mode != "cache":
        fault = f"'{mode}' would publish stored or stale numbers"
        yield _key("hides-faults", "execute/execute_notebooks", fault, "Write cache")
    for key, name in (
        ("allow_errors", "nb_execution_allow_errors"),
        ("exclude_patterns", "nb_execution_excludepatterns"),
    ):
        if own.get(name, execute.get(key)):
            fault = "would let a notebook pass that fails or never runs"
            yield _key("hides-faults", f"execute/{key}", fault, "Remove it")
    if own.get("nb_output_stderr", execute.get("stderr_output", "show")) not in ("error", "severe"):
        yield _key("hides-faults", "execute/stderr_output", "a cell that warns would pass", "Write error")
    suppressed = own.get("suppress_warnings") or []
    for kind in suppressed if isinstance(suppressed, list) else [suppressed]:
        if kind not in MAY_BE_SUPPRESSED:
            fault, remedy = f"'{kind}' would hide a fault", "Remove it and mend the fault"
            yield _key("hides-faults", "sphinx/config/suppress_warnings", fault, remedy)


def _toc_faults(root: Path, values: dict[str, Any]) -> Iterator[Finding]:
    for key, _ in _pairs(values):
        if key not in _TOC_KEYS:
            fault = "is not a key of a table of contents"
            yield _key("key-unknown", key, fault, "Check its spelling", "_toc.yml")
    for name, count in Counter(toc_files(root)).items():
        if not any((root / f"{name}{ending}").is_file() for ending in ("", ".rst", *disk.PAGE_ENDINGS)):
            fault, remedy = f"'{name}' is a page that does not exist", "Write it, or correct the path"
            yield Finding("page-missing", "_toc.yml", fault, remedy)
        if count > 1:
            yield Finding("twice", "_toc.yml", f"'{name}' stands there twice", "Delete one of the two")


def _pairs(values: Any) -> Iterator[tuple[str, Any]]:
    for value in values if isinstance(values, list) else ():
        yield from _pairs(value)
    if isinstance(values, dict):
        for key, value in values.items():
            yield str(key), value
            if key != "meta":
                yield from _pairs(value)


def _keys(values: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        path = f"{above}{key}"
        yield path
        if isinstance(value, dict) and path not in _OPEN_KEYS:
            yield from _keys(value, f"{path}/")


def _schema_keys(schema: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        yield f"{above}{key}"
        yield from _schema_keys(value, f"{above}{key}/")


# -- notebooks --------------------------------------------------------------------------------

_METADATA = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": {"type": "string"}}, "mystnb": {"type": "object"}},
}
_CELL = {"type": "object", "properties": {"metadata": _METADATA}}
_is_notebook = fastjsonschema.compile(
    {
        "type": "object",
        "required": ["cells"],
        "properties": {"metadata": _METADATA, "cells": {"type": "array", "items": _CELL}},
    }
)


def notebook_faults(file: str, notebook: Any) -> Iterator[Finding]:
    """What inside a notebook (its JSON, whatever it is) would let a cell fail in silence, or never run.

    A first finding with the code ``notebook-shape`` means that it is none at all.
    """
    try:
        _is_notebook(notebook)
    except fastjsonschema.JsonSchemaValueException:
        remedy = "Put it back, from git or from a backup"
        yield Finding("notebook-shape", file, "is not a notebook that can be read", remedy)
        return
    for key in sorted(_HIDING_KEYS & notebook.get("metadata", {}).get("mystnb", {}).keys()):
        fault = f"the notebook's own setting mystnb/{key} would let a fault pass"
        yield Finding("hides-faults", file, fault, "Remove it from the notebook's metadata")
    for number, cell in enumerate(notebook["cells"], start=1):
        metadata = cell.get("metadata", {})
        for tag in sorted(_HIDING_TAGS.intersection(metadata.get("tags", ()))):
            fault = f"cell {number} has the tag '{tag}', with which a fault would pass"
            yield Finding("hides-faults", file, fault, "Remove the tag and mend the cell")
        if "output_stderr" in metadata.get("mystnb", {}):
            fault = f"cell {number} has a setting for stderr, with which a warning would pass"
            yield Finding("hides-faults", file, fault, "Remove it")

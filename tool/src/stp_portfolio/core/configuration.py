"""Hold ``_config.yml`` and ``_toc.yml`` against what Jupyter Book knows: misspelt keys pass it in silence.

Needs neither Sphinx nor a build, so the command line can ask as well.
"""

import json
import re
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
_TOC_KEYS = set(
    "format root meta defaults options parts chapters sections subtrees entries items file glob url title "
    "caption hidden maxdepth numbered reversed titlesonly".split()
)
# Without them the book is built unguarded, and its generated parts are missing.
_EXTENSIONS = ("stp_portfolio.book", "stp_portfolio.pdf")
# Jupyter Book's own default; anything else would hide a fault.
MAY_BE_SUPPRESSED = frozenset({"myst.domains"})

# The parser in C where PyYAML brings it, which is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """What a text in YAML says. Raises yaml.YAMLError, also for a key that stands twice in one place."""
    _refuse_twins(yaml.compose(text, Loader=_LOADER))
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def _refuse_twins(node: yaml.Node | None) -> None:
    """PyYAML, and so Jupyter Book, lets the second of two equal keys win in silence."""
    seen = set()
    for part in node.value if isinstance(node, yaml.CollectionNode) else ():
        key, value = part if isinstance(part, tuple) else (None, part)
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                problem = f"the key '{key.value}' stands there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        _refuse_twins(value)


def faults(root: Path) -> Iterator[Finding]:
    """Everything that is wrong with the two files."""
    for file, check in (("_config.yml", _config_faults), ("_toc.yml", _toc_faults)):
        try:
            values = read_yaml(disk.read_text(root / file))
        except disk.UnreadableError as error:
            yield Finding.of(error.code, file, **error.words)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            yield Finding.of("yaml", file, mark and mark.line + 1, why=getattr(error, "problem", error))
        else:
            if isinstance(values, dict):
                yield from check(root, values)
            else:
                yield Finding.of("yaml-empty", file)


def toc_files(root: Path) -> list[str]:
    """The pages that the table of contents names, in its order; empty where it cannot be read."""
    try:
        values = read_yaml(disk.read_text(root / "_toc.yml"))
    except (disk.UnreadableError, yaml.YAMLError):
        return []
    return [value for key, value in _pairs(values) if key in ("root", "file") and isinstance(value, str)]


def _toc_faults(root: Path, values: dict[str, Any]) -> Iterator[Finding]:
    for key, _ in _pairs(values):
        if key not in _TOC_KEYS:
            yield Finding.of("toc-key-unknown", "_toc.yml", column=key)
    for name, count in Counter(toc_files(root)).items():
        if not any((root / f"{name}{ending}").is_file() for ending in ("", ".rst", *disk.PAGE_ENDINGS)):
            yield Finding.of("toc-page-missing", "_toc.yml", page=name)
        if count > 1:
            yield Finding.of("toc-page-twice", "_toc.yml", page=name)


def _pairs(values: Any) -> Iterator[tuple[str, Any]]:
    """Every key and its value, at any depth; what stands in ``meta`` is free."""
    for value in values if isinstance(values, list) else ():
        yield from _pairs(value)
    for key, value in values.items() if isinstance(values, dict) else ():
        yield str(key), value
        if key != "meta":
            yield from _pairs(value)


# -- _config.yml ------------------------------------------------------------------------------


def _config(code: str, key: str, /, **words: Any) -> Finding:
    return Finding.of(code, "_config.yml", column=key, **words)


def _config_faults(_root: Path, values: dict[str, Any]) -> Iterator[Finding]:
    yield from _unknown_to_jupyter_book(values)
    sphinx = _group(values, "sphinx")
    own = _group(sphinx, "config")
    yield from _hiding(_group(values, "execute"), own)
    listed = _several(own.get("extensions", sphinx.get("extra_extensions")))
    missing = [name for name in _EXTENSIONS if name not in listed]
    yield from (_config("extension-missing", "sphinx/config/extensions", name=name) for name in missing)


def _group(values: dict[str, Any], key: str) -> dict[str, Any]:
    """What stands under a key; empty where that is no group, of which the schema tells."""
    return found if isinstance(found := values.get(key), dict) else {}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _unknown_to_jupyter_book(values: dict[str, Any]) -> Iterator[Finding]:
    """Keys and values outside of its schema: it takes most of them in silence."""
    spec = find_spec("jupyter_book")  # not imported: that takes long
    package = Path(str(spec and spec.origin)).parent
    schema = json.loads((package / "config_schema.json").read_text(encoding="utf-8"))
    defaults = read_yaml((package / "default_config.yml").read_text(encoding="utf-8"))
    holds = fastjsonschema.compile(schema)
    for key, value in values.items():  # one at a time: the library stops at the first fault it finds
        try:
            holds({str(key): value})
        except fastjsonschema.JsonSchemaValueException as error:
            what = str(error.message).removeprefix(str(error.name)).strip()
            yield _config("key-value", "/".join(map(str, error.path[1:])), why=what)
    known = {*_keys(defaults), *_schema_keys(schema), *_MORE_KEYS}
    yield from (_config("key-unknown", key) for key in _keys(values) if key not in known)


def _hiding(execute: dict[str, Any], own: dict[str, Any]) -> Iterator[Finding]:
    """Settings with which a fault would pass, or an old number stay."""
    mode = own.get("nb_execution_mode", execute.get("execute_notebooks", "cache"))
    if mode != "cache":
        yield _config("stale-numbers", "execute/execute_notebooks", mode=mode)
    if own.get("nb_execution_allow_errors", execute.get("allow_errors")):
        yield _config("unrun-notebooks", "execute/allow_errors")
    if own.get("nb_execution_excludepatterns", execute.get("exclude_patterns")):
        yield _config("unrun-notebooks", "execute/exclude_patterns")
    if own.get("nb_output_stderr", execute.get("stderr_output", "show")) not in ("error", "severe"):
        yield _config("unseen-warnings", "execute/stderr_output")
    for kind in _several(own.get("suppress_warnings")):
        if kind not in MAY_BE_SUPPRESSED:
            yield _config("suppressed-warning", "sphinx/config/suppress_warnings", kind=kind)


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

_HIDING_KEYS = {"execution_mode", "execution_allow_errors", "execution_excludepatterns", "output_stderr"}
_HIDING_TAGS = {"raises-exception", "skip-execution", "remove-stderr"}
_OBJECT = {"type": "object"}
_TAGS = {"type": "array", "items": {"type": "string"}}
_METADATA = _OBJECT | {"properties": {"tags": _TAGS, "mystnb": _OBJECT}}
_CELLS = {"type": "array", "items": _OBJECT | {"properties": {"metadata": _METADATA}}}
_NOTEBOOK = _OBJECT | {"properties": {"metadata": _METADATA, "cells": _CELLS}, "required": ["cells"]}
_is_notebook = fastjsonschema.compile(_NOTEBOOK)


# A path into the assessor's overlay, in a text of the code.
_READS_PRIVATE = re.compile(rf"[\"'`/\\]{disk.PRIVATE}[\"'`/\\]", re.IGNORECASE)


def notebook_faults(file: str, notebook: Any) -> Iterator[Finding]:
    """What inside a notebook (its JSON, whatever it is) would let a cell fail in silence, or never run.

    A single finding with the code ``notebook-shape`` means that it is none at all.
    """
    try:
        _is_notebook(notebook)
    except fastjsonschema.JsonSchemaValueException:
        yield Finding.of("notebook-shape", file)
        return
    for key in sorted(_HIDING_KEYS & notebook.get("metadata", {}).get("mystnb", {}).keys()):
        yield Finding.of("notebook-setting", file, key=key)
    for number, cell in enumerate(notebook["cells"], start=1):
        metadata = cell.get("metadata", {})
        for tag in sorted(_HIDING_TAGS.intersection(metadata.get("tags", ()))):
            yield Finding.of("cell-tag", file, number=number, tag=tag)
        if cell.get("cell_type") == "code" and _READS_PRIVATE.search("".join(cell.get("source", ""))):
            yield Finding.of("cell-private", file, number=number)
        if "output_stderr" in metadata.get("mystnb", {}):
            yield Finding.of("cell-stderr", file, number=number)

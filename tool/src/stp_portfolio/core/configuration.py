"""Hold ``_config.yml`` and ``_toc.yml`` against what Jupyter Book knows: misspelt keys pass it in silence.

Needs neither Sphinx nor a build, so the command line can ask as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fastjsonschema
import yaml

# What the schema and the defaults of Jupyter Book 1.0 leave out of the keys that it does read.
_MORE_KEYS = {"project", "bibtex_reference_style", "html/use_multitoc_numbering", "html/navbar_footer_text"}
_OPEN_KEYS = {"sphinx/config", "sphinx/local_extensions", "latex/latex_documents", "parse/myst_substitutions"}
_TOC_KEYS = {
    *("format", "root", "meta", "defaults", "options"),
    *("parts", "chapters", "sections", "subtrees", "entries", "items"),
    *("file", "glob", "url", "title"),
    *("caption", "hidden", "maxdepth", "numbered", "reversed", "titlesonly"),
}
_PAGE_ENDINGS = ("", ".md", ".ipynb", ".rst")
# Jupyter Book's own default; anything else would hide a fault.
MAY_BE_SUPPRESSED = frozenset({"myst.domains"})


# The parser in C where PyYAML brings it, which is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """What a text in YAML says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def faults(root: Path) -> Iterator[str]:
    """Everything that is wrong with the two files, in words with a remedy."""
    for file, check in (("_config.yml", _config_faults), ("_toc.yml", _toc_faults)):
        try:
            values = read_yaml((root / file).read_text(encoding="utf-8"))
        except OSError:
            yield f"{file}: cannot be read. Put the file back."
        except UnicodeDecodeError:
            yield f"{file}: is not UTF-8 text. Save it as plain text, UTF-8."
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            yield f"{file}{where}: is not valid YAML ({getattr(error, 'problem', error)}). Mend the line."
        else:
            if isinstance(values, dict):
                yield from check(root, values)
            else:
                yield f"{file}: holds no settings. Put the file back, from git or from a backup."


def toc_files(root: Path) -> list[str]:
    """The pages that the table of contents names, in its order; empty where it cannot be read."""
    try:
        values = read_yaml((root / "_toc.yml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    return [value for key, value in _pairs(values) if key in ("root", "file") and isinstance(value, str)]


def _config_faults(root: Path, values: dict[str, Any]) -> Iterator[str]:
    package = Path(find_spec("jupyter_book").submodule_search_locations[0])  # type: ignore[union-attr,index]
    schema = json.loads((package / "config_schema.json").read_text(encoding="utf-8"))
    defaults = read_yaml((package / "default_config.yml").read_text(encoding="utf-8"))
    holds = fastjsonschema.compile(schema)
    for key, value in values.items():  # one at a time: the library stops at the first fault it finds
        try:
            holds({str(key): value})
        except fastjsonschema.JsonSchemaValueException as error:
            what = error.message.removeprefix(error.name).strip()
            yield f"_config.yml, key {'/'.join(map(str, error.path[1:]))}: {what}. Correct the value."
    known = {*_keys(defaults), *_schema_keys(schema), *_MORE_KEYS}
    for key in _keys(values):
        if key not in known:
            yield f"_config.yml, key {key}: is not a key of Jupyter Book. Check its spelling and where it is indented."
    yield from _hiding(values)


def _hiding(values: dict[str, Any]) -> Iterator[str]:
    """Settings with which a fault would pass, or an old number stay."""
    execute = values.get("execute") or {}
    own = (values.get("sphinx") or {}).get("config") or {}
    if not isinstance(execute, dict) or not isinstance(own, dict):
        return
    mode = own.get("nb_execution_mode", execute.get("execute_notebooks", "cache"))
    if mode != "cache":
        yield f"_config.yml, key execute/execute_notebooks: '{mode}' would publish stored or stale numbers. Write cache."
    for key, name in (
        ("allow_errors", "nb_execution_allow_errors"),
        ("exclude_patterns", "nb_execution_excludepatterns"),
    ):
        if own.get(name, execute.get(key)):
            yield f"_config.yml, key execute/{key}: would let a notebook pass that fails or never runs. Remove it."
    if own.get("nb_output_stderr", execute.get("stderr_output", "show")) not in ("error", "severe"):
        yield "_config.yml, key execute/stderr_output: a cell that warns would pass. Write error."
    for kind in set(own.get("suppress_warnings") or ()) - MAY_BE_SUPPRESSED:
        yield f"_config.yml, key sphinx/config/suppress_warnings: '{kind}' would hide a fault. Remove it and mend the fault."


def notebook_faults(notebook: Mapping[str, Any]) -> Iterator[str]:
    """What inside a notebook would let a cell fail in silence, or never run."""
    own = notebook.get("metadata", {}).get("mystnb", {})
    for key in sorted(
        own.keys()
        & {"execution_mode", "execution_allow_errors", "execution_excludepatterns", "output_stderr"}
    ):
        yield f"the notebook's own setting mystnb/{key} would let a fault pass. Remove it from the notebook's metadata."
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        metadata = cell.get("metadata", {})
        for tag in sorted(
            set(metadata.get("tags", ())) & {"raises-exception", "skip-execution", "remove-stderr"}
        ):
            yield f"cell {number} has the tag '{tag}', with which a fault would pass. Remove the tag and mend the cell."
        if "output_stderr" in metadata.get("mystnb", {}):
            yield f"cell {number} has a setting for stderr, with which a warning would pass. Remove it."


def _toc_faults(root: Path, values: dict[str, Any]) -> Iterator[str]:
    for key, _ in _pairs(values):
        if key not in _TOC_KEYS:
            yield f"_toc.yml, key {key}: is not a key of a table of contents. Check its spelling."
    listed = toc_files(root)
    for name in listed:
        if not any((root / f"{name}{ending}").is_file() for ending in _PAGE_ENDINGS):
            yield f"_toc.yml: '{name}' is a page that does not exist. Write it, or correct the path."
    for name in sorted(name for name, count in Counter(listed).items() if count > 1):
        yield f"_toc.yml: '{name}' stands there twice. Delete one of the two."


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

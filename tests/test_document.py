"""The portfolio as one document: whole, valid, the same every time, and enough to write ``data/`` again."""

import copy
import csv
import hashlib
import io
import json
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import forty
import jsonschema
import pytest
from conftest import ROOT
from recount import Recount, rows
from test_cli import run, spoil, tree  # noqa: F401 - a fixture

from stp_portfolio import records

SCHEMA = json.loads((ROOT / "docs/portfolio.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def exported(root, out):
    """The text of the document that the command writes."""
    code, said, err = run(root, "export", "--format", "json", "--out", str(out))
    assert code == 0, err
    assert str(out / "portfolio.json") in said
    assert [path.name for path in out.iterdir()] == ["portfolio.json"]
    return (out / "portfolio.json").read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return exported(ROOT, tmp_path_factory.mktemp("document"))


@pytest.fixture
def document(text):
    return json.loads(text)


# -- the way back -----------------------------------------------------------------------------


def cell(value):
    if isinstance(value, list):
        return ";".join(value)
    return "" if value is None else str(value)


def as_csv(document, file):
    """A file of ``data/`` written from the document alone."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    header = records.COLUMNS[file]
    writer.writerow(header)
    writer.writerows([cell(row[column]) for column in header] for row in document[file.removesuffix(".csv")])
    return buffer.getvalue()


def test_data_can_be_written_from_it_again(document, tmp_path):
    """From document to CSV: the shipped files byte for byte, and the settings key by key."""
    for file in records.COLUMNS:
        assert as_csv(document, file).encode() == (ROOT / "data" / file).read_bytes(), file
    kept = tomllib.loads((ROOT / "data/portfolio.toml").read_text(encoding="utf-8"))
    own = document["settings"]
    for key, value in kept.items():
        shown = (
            [str(each) for each in value]
            if isinstance(value, list)
            else str(value)
            if isinstance(value, date)
            else value
        )
        assert own[key] == shown
    assert set(own) == set(records._SETTINGS_TYPES)


def test_other_data_comes_back_the_same(tmp_path):
    """Records in another dress, with decimals and reversed rows, are the same records after the way back."""
    root = forty.make(tmp_path / "forty")
    (root / "_toc.yml").write_text("format: jb-book\nroot: B-P1/1_Task\n", encoding="utf-8")
    spoil(root, "data/modules.csv", "Physics,35", "Physics,7.50")
    spoil(root, "data/evidence.csv", ",Images,B-P1/3,,", ',"Images, ""two""",b-p1/3; B-P1/6,gsp 1,')
    progress = (root / "data/progress.csv").read_text(encoding="utf-8").replace("\n", "\r\n")
    (root / "data/progress.csv").write_bytes(b"\xef\xbb\xbf" + progress.encode())
    before = records.load(root)
    made = json.loads(exported(root, tmp_path / "out"))
    VALIDATOR.validate(made)
    assert made["modules"][0]["credits"] == 7.5
    for file in records.COLUMNS:
        (root / "data" / file).write_bytes(as_csv(made, file).encode())
    assert records.load(root) == before


# -- what it holds ----------------------------------------------------------------------------


def test_it_holds_everything(document):
    """Status as recounted, each page's own text, each notebook's own source, the contents in their order."""
    recount = Recount(ROOT)
    assert (document["format"], document["on"]) == ("stp-portfolio/1", recount.on)
    own = document["activities"]
    assert {f"{row['module']}/{row['number']}": row["status"] for row in own} == recount.status
    for row in own:
        last = [e["date"] for e in rows(ROOT, "progress.csv") if e["number"] == str(row["number"])]
        assert row["since"] == (last[-1] if last else None)
    contents = document["contents"]
    assert contents == re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = {row["page"]: row for row in [*own, *document["pages"]]}
    notebooks = {row["page"]: row for row in document["notebooks"]}
    assert sorted([*pages, *notebooks]) == sorted(contents)
    for row in pages.values():
        assert row["source"] == f"{row['page']}.md"
        assert row["markdown"] == (ROOT / row["source"]).read_text(encoding="utf-8")
    for row in notebooks.values():
        assert row["notebook"] == json.loads((ROOT / row["source"]).read_text(encoding="utf-8"))
    assert document["files"] == []


def test_it_is_sorted_and_the_same_every_time(text, document, tree, tmp_path):  # noqa: F811 - the fixture
    """Keys in order, UTF-8 as it is, a line end; another folder and another run give the same bytes."""
    assert text == json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    for part in ("pages", "notebooks"):
        names = [row["page"] for row in document[part]]
        assert names == sorted(names)
    assert str(ROOT) not in text
    assert exported(tree, tmp_path / "one") == text
    assert run(tree, "export", "--format", "json")[0] == 0
    assert (tree / "_build/export/portfolio.json").read_text(encoding="utf-8") == text
    (tree / "intro.md").write_bytes((ROOT / "intro.md").read_bytes().replace(b"\n", b"\r\n"))
    assert exported(tree, tmp_path / "two") == text  # as a checkout on Windows has it
    spoil(tree, "data/evidence.csv", "Wellbeing plan", "Na\u00efve wellbeing plan")
    assert "Na\u00efve wellbeing plan" in exported(tree, tmp_path / "three")


def test_files_of_evidence_are_named_with_their_hash(tree, tmp_path):  # noqa: F811 - the fixture
    """Path, size and SHA-256, each file once and in order; its contents stay outside."""
    (tree / "data/evidence").mkdir()
    raw = {"data/evidence/map.txt": b"a map of hand-offs", "data/evidence/a.bin": bytes(range(256))}
    for name, content in raw.items():
        (tree / name).write_bytes(content)
    spoil(tree, "data/evidence.csv", "HCPC/3;GSP/1,\n", "HCPC/3;GSP/1,data/evidence/map.txt\n")
    spoil(tree, "data/evidence.csv", "HCPC/3;HCPC/10,\n", "HCPC/3;HCPC/10,data/evidence/map.txt\n")
    spoil(tree, "data/evidence.csv", "HCPC/2;HCPC/6;GSP/1,\n", "HCPC/2;HCPC/6;GSP/1,data/evidence/a.bin\n")
    made = exported(tree, tmp_path / "out")
    VALIDATOR.validate(json.loads(made))
    assert json.loads(made)["files"] == [
        {"file": name, "bytes": len(raw[name]), "sha256": hashlib.sha256(raw[name]).hexdigest()} for name in sorted(raw)
    ]
    assert "a map of hand-offs" not in made


# -- nothing private --------------------------------------------------------------------------


def test_overlay_is_never_read(text, tree, tmp_path):  # noqa: F811 - the fixture
    """With a private folder the document is the same, and holds no word of it."""
    shutil.copytree(ROOT / "examples/private", tree / "private")
    (tree / "private/C1_Professional_Foundations/5_PatientCareJourney.md").write_bytes(b"\xff secret")
    assert exported(tree, tmp_path / "out") == text
    for misuse in (["--edition", "assessor"], ["--private", "private"], ["--only", "S-C1/5"]):
        code, _, err = run(tree, "export", "--format", "json", *misuse)
        assert code == 2
        assert "whole public portfolio" in " ".join(err.replace("│", " ").split())


def test_private_file_is_refused_wherever_it_is_named(tree):  # noqa: F811 - the fixture
    """As evidence, or as a page that is a link to it: one message, code 1, no document."""
    (tree / "private").mkdir()
    (tree / "private/secret.md").write_text("# 5. Secret\n", encoding="utf-8")
    spoil(tree, "data/evidence.csv", "HCPC/3;GSP/1,\n", "HCPC/3;GSP/1,private/secret.md\n")
    refused(tree, "private/secret.md is a private file")
    spoil(tree, "data/evidence.csv", "private/secret.md", "")
    page = tree / "C1_Professional_Foundations/5_PatientCareJourney.md"
    page.unlink()
    try:
        page.symlink_to(tree / "private/secret.md")
    except OSError:
        pytest.skip("this system makes no links")
    refused(tree, "C1_Professional_Foundations/5_PatientCareJourney.md is a private file")


def refused(root, words):
    code, _, err = run(root, "export", "--format", "json")
    assert code == 1
    assert words in err
    assert not (root / "_build/export").exists()


def test_what_cannot_be_read_is_named(tree):  # noqa: F811 - the fixture
    """A page, a notebook, an entry of the contents: each with its file and a remedy, and no document."""
    code, _, err = run(tree, "export", "--format", "xml")
    assert (code, "'xml' is not a format. Use eportfolio or json." in err) == (1, True)
    kept = (tree / "intro.md").read_bytes()
    (tree / "intro.md").write_bytes(b"\xff\xfe#")
    refused(tree, "intro.md cannot be read as UTF-8 text")
    (tree / "intro.md").write_bytes(kept)
    notebook = tree / "notebooks/credits.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    for wrong in ("{", "[]", '{"cells": 1}', '{"cells": [NaN]}', '{"cells": ["\\ud800"]}', "[" * 100_000):
        notebook.write_text(wrong, encoding="utf-8")
        refused(tree, "notebooks/credits.ipynb is not a notebook that can be read")
    notebook.write_text(kept, encoding="utf-8")
    spoil(tree, "_toc.yml", "about/news", "about/nothing")
    refused(tree, "_toc.yml: 'about/nothing' is neither a Markdown page nor a notebook")


# -- its schema -------------------------------------------------------------------------------


def objects_of(schema, path="$"):
    """Every object that the schema describes by its properties, with its place."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from objects_of(value, f"{path}/{key}")
    for index, value in enumerate(schema if isinstance(schema, list) else ()):
        yield from objects_of(value, f"{path}/{index}")


def test_schema_describes_each_property_and_allows_no_other(document):
    """Draft 2020-12, a description for each property, nothing more allowed, the columns of the dictionary."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    found = list(objects_of(SCHEMA))
    assert len(found) == 13
    for path, part in found:
        assert part["additionalProperties"] is False, path
        assert part["description"], path
        for name, described in part["properties"].items():
            assert described["description"].endswith("."), f"{path}: {name}"
        if "cells" not in path:
            assert set(part["required"]) == set(part["properties"]), path
    for file, columns in records.COLUMNS.items():
        row = SCHEMA["properties"][file.removesuffix(".csv")]["items"]["properties"]
        assert [name for name in row if name in columns] == list(columns), file
    assert list(SCHEMA["properties"]["settings"]["properties"]) == list(records._SETTINGS_TYPES)
    assert "S-C1" not in json.dumps(SCHEMA)


def test_document_keeps_its_schema(document):
    """The shipped document has no fault."""
    assert [f"{fault.json_path}: {fault.message}" for fault in VALIDATOR.iter_errors(document)] == []


def places(value, path=()):
    """Every object inside a document, by the way to it."""
    if isinstance(value, dict):
        yield path
        for key, child in value.items():
            yield from places(child, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def test_every_key_is_needed_and_no_other_is_taken(document):
    """At every place: without one of its keys, or with one more, the document is no longer valid."""
    # What is in an nbformat cell and in metadata is nbformat's to say.
    known = [path for path in places(document) if not {"metadata", "cells"} & set(path)]
    assert len(known) == 11
    for path in known:
        for key in at(document, path):
            broken = copy.deepcopy(document)
            del at(broken, path)[key]
            assert not VALIDATOR.is_valid(broken), (path, key)
        broken = copy.deepcopy(document)
        at(broken, path)["more"] = 1
        assert not VALIDATOR.is_valid(broken), path


BROKEN = {
    "another form": (["format"], "stp-portfolio/2"),
    "a day that is none": (["on"], "2025-02-30"),
    "a day with a time": (["progress", 0, "date"], "2023-10-02T00:00:00"),
    "a review that is no day": (["settings", "reviews", 0], "autumn"),
    "a status of another vocabulary": (["activities", 0, "status"], "Done"),
    "a number in quotes": (["activities", 0, "number"], "1"),
    "a number below one": (["activities", 0, "number"], 0),
    "an empty title": (["activities", 0, "title"], ""),
    "negative credits": (["modules", 0, "credits"], -1),
    "an unknown event": (["progress", 0, "event"], "begun"),
    "evidence for nothing": (["evidence", 0, "activities"], []),
    "evidence for no activity": (["evidence", 0, "activities", 0], "five"),
    "a standard without a scheme": (["evidence", 0, "standards", 0], "7"),
    "a required share": (["milestones", 1, "required"], 0.5),
    "no mark of the example": (["settings", "example"], None),
    "a page twice in the contents": (["contents", 1], "intro"),
    "a page without text": (["pages", 0, "markdown"], None),
    "a notebook of another form": (["notebooks", 0, "notebook", "nbformat"], 3),
    "a cell of another kind": (["notebooks", 0, "notebook", "cells", 0, "cell_type"], "heading"),
    "a hash cut short": (["files"], [{"file": "a", "bytes": 1, "sha256": "ab"}]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_document_is_refused(document, name):
    """Each rule of the schema is seen when it is broken."""
    path, value = BROKEN[name]
    broken = copy.deepcopy(document)
    *way, last = path
    at(broken, way)[last] = value
    assert VALIDATOR.is_valid(document)
    assert not VALIDATOR.is_valid(broken)


def test_schema_is_named_by_the_command(tmp_path):
    """Where the form is described, in a file that the repository holds."""
    code, said, _ = run(ROOT, "export", "--format", "json", "--out", str(tmp_path))
    assert code == 0
    assert "docs/portfolio.schema.json" in said
    assert Path(ROOT, "docs/portfolio.schema.json").is_file()

"""The configuration and the notebooks: what Jupyter Book takes in silence is a finding."""

import json
import shutil

import pytest
from conftest import ROOT
from portfolios import CASES, cases, edit

from stp_portfolio.core import configuration


def test_shipped_configuration_is_without_fault():
    """Else every case below could be met by chance."""
    assert list(configuration.faults(ROOT)) == []


@cases("configuration", "file old new code words")
def test_fault_is_found(tmp_path, file, old, new, code, words):
    """Misspelt, doubled or hiding keys, and what would leave the book unguarded."""
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, tmp_path)
    edit(tmp_path, file, old, new)
    found = list(configuration.faults(tmp_path))
    assert any(finding.code == code and words in str(finding) for finding in found), list(map(str, found))


def test_missing_files_are_found(tmp_path):
    """Jupyter Book would build with settings of its own."""
    found = [(finding.file, finding.fault) for finding in configuration.faults(tmp_path)]
    assert found == [("_config.yml", "is missing"), ("_toc.yml", "is missing")]
    assert configuration.toc_files(tmp_path) == []


@pytest.mark.parametrize("notebook", CASES["notebooks"])
def test_odd_notebook_is_found(notebook):
    """Valid JSON that is no notebook, and what would let a cell fail in silence."""
    code, words = CASES["notebooks"][notebook]
    (finding,) = configuration.notebook_faults("a.ipynb", json.loads(notebook))
    assert finding.code == code
    assert words in str(finding)

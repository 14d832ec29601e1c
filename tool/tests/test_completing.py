"""Tab, as each shell asks for it: what fits where the line stands, at once, and nothing where something is wrong."""

import os
from unittest.mock import patch

import pytest
from conftest import call


def asked(tree, shell, line, what="complete"):
    """The lines in which the command answers what a shell's script asks of it."""
    words, last = line.split(), line.rpartition(" ")[2]
    given = {"_PORTFOLIO_COMPLETE": f"{what}_{shell}", "_TYPER_COMPLETE_ARGS": line}
    given |= {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - bool(last)),
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": last,
    }
    given |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    with patch.dict(os.environ, given):
        code, out, err = call(tree)
    assert (code, err) == (0, "")
    return [line for line in out.split("\n") if line]


LINES = {
    "rec": ["record"],
    "record S-C1/16": ["S-C1/16"],
    "record s-c1/2": ["s-c1/2", "s-c1/20"],
    "record S-C1/16 ": ["started"],
    "record 11 ": ["returned", "signed-off"],
    "record 1 wi": ["withdrawn"],
    "record 16 20 ": ["started"],
    "record 16 11 ": [],
    "record S-C1 s": ["signed-off"],
    "record 16 started ": ["today", "yesterday"],
    "record 16 started --date y": ["yesterday"],
    "new S-C1": ["S-C1/9", "S-C1"],
    "log S-C1/9": ["S-C1/9"],
    "record nonsense 5 ": [],
    "evidence add x --for s-c1/9": ["s-c1/9"],
    "evidence add x --standard hcpc/15": ["hcpc/15"],
    "evidence edit e07": ["e07"],
    "import ": [],  # the shell's own files
}


@pytest.mark.parametrize("line", LINES)
def test_what_is_offered(tree, line):
    """Activities in the case they are typed in, events that may follow, days; files are the shell's."""
    found = asked(tree, "bash", f"portfolio {line}")
    assert set(LINES[line]) <= set(found)
    if line != "new S-C1":
        assert found == LINES[line]


SHELLS = {
    "bash": ["s-c1/20"],
    "zsh": ['_arguments \'*: :(("s-c1/20":"Support the adoption of a new working method"))\''],
    "fish": ["s-c1/20\tSupport the adoption of a new working method"],
    "powershell": ["s-c1/20:::Support the adoption of a new working method"],
    "pwsh": ["s-c1/20:::Support the adoption of a new working method"],
}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_answered_in_its_form(tree, shell):
    """With the title beside the key, where the shell can show it; the script is there to install."""
    assert asked(tree, shell, "portfolio log s-c1/20") == SHELLS[shell]
    script = "\n".join(asked(tree, shell, "", "source"))
    assert f"complete_{shell.replace('pwsh', 'powershell')}" in script


def test_nothing_is_offered_where_something_is_wrong(tree, tmp_path):
    """Outside a portfolio and over broken records: no answer and no word of an error."""
    assert asked(tmp_path, "bash", "portfolio record S-C1") == []
    (tree / "data/progress.csv").write_bytes(b"\0")
    assert asked(tree, "bash", "portfolio record S-C1/1 ") == []


def test_help_keeps_to_the_verbs(tree):
    """What installs completion works and does not stand in the way."""
    assert "completion" not in call(tree, "--help")[1]

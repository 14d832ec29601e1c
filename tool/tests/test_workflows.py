"""The workflows on GitHub: what they may do, and what publishing and a release leave behind, really run where it can be."""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from conftest import ROOT
from filelock import FileLock

from stp_portfolio.desk import editions

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
JOBS = [(name, job, WORKFLOWS[name]["jobs"][job]) for name in WORKFLOWS for job in WORKFLOWS[name]["jobs"]]
SCRIPT = ROOT / ".github/publish_site.py"
PAGE = "C1_Professional_Foundations/5_PatientCareJourney.md"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the workflows run on Linux")

# What is not run here, and why. Every other line of a job is.
ELSEWHERE = {
    "python -m pip install": "the packages are installed",
    "sudo apt-get": "it needs an administrator's rights",
    "python -m pytest": "these are its tests",
    "gh release": "it needs GitHub",
}


# -- what a workflow may do ---------------------------------------------------------------------


def test_top_of_every_workflow_reads_only():
    """No more than reading unless a job says so; no event that hands a stranger's change the rights of the owner."""
    assert set(WORKFLOWS) == {"publish", "release", "test", "weekly"}
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, name
        events = workflow[True]  # YAML reads the key "on" as true
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(events), name
        assert "env" not in workflow, name


@pytest.mark.parametrize(("workflow", "name", "job"), JOBS, ids=[f"{w}-{j}" for w, j, _ in JOBS])
def test_job_is_pinned_bounded_and_takes_nothing_from_outside(workflow, name, job):
    """Actions by commit, a time limit, and no expression inside a command, where its text would become code."""
    assert job["timeout-minutes"] <= 40
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False
        if step.get("uses", "").startswith("actions/upload-artifact"):
            assert step["with"]["retention-days"] <= 14
            assert step["with"]["if-no-files-found"] == "error"
        assert "${{" not in step.get("run", "")


def test_an_action_has_one_commit_everywhere():
    """The same action is never used at two commits."""
    used = {use for _, _, job in JOBS for step in job["steps"] if (use := step.get("uses"))}
    assert len(used) == len({use.split("@")[0] for use in used})


@pytest.mark.parametrize(("workflow", "name", "job"), JOBS, ids=[f"{w}-{j}" for w, j, _ in JOBS])
def test_secrets_and_rights_stay_where_they_are_needed(workflow, name, job):
    """A secret stands in the one step that needs it; a job with a secret or with rights to write installs nothing."""
    outside = {**job, "steps": [{k: v for k, v in step.items() if k != "env"} for step in job["steps"]]}
    assert "secrets." not in str(outside)
    assert "github.token" not in str(outside)
    for step in job["steps"]:
        given = str(step.get("env", {}))
        assert ("github.token" in given) == step.get("run", "").startswith("gh ")
        assert ("secrets." in given) == (".github/publish_site.py" in step.get("run", ""))
    writes = "write" in job.get("permissions", {}).values()
    if writes or "secrets." in str(job):
        assert not re.search(r"pip |apt-get|npm|requirements", str(job))
        assert job["needs"]


def test_nothing_is_published_before_it_is_tested_and_screened():
    """Started by hand only; tests, then the screened release, then its site, which alone goes on to be published."""
    publish = WORKFLOWS["publish"]
    assert list(publish[True]) == ["workflow_dispatch"]
    steps = [step.get("run") or step["uses"] for step in publish["jobs"]["release"]["steps"]]
    found = [next(i for i, step in enumerate(steps) if text in step) for text in ("pytest", "portfolio release")]
    uploads = [i for i, step in enumerate(steps) if "upload-" in step]
    assert found == sorted(found)
    assert found[-1] < min(uploads)
    assert len(uploads) == 2
    ways = {name: job for name, job in publish["jobs"].items() if name != "release"}
    assert [job["needs"] for job in ways.values()] == ["release", "release"]
    assert {job["if"] for job in ways.values()} == {"vars.SITE_REPOSITORY == ''", "vars.SITE_REPOSITORY != ''"}
    assert not any(
        "continue-on-error" in str(job) or "always()" in str(job) or "failure()" in str(job)
        for job in publish["jobs"].values()
    )


@on_linux
def test_a_skipped_test_stops_publishing(tmp_path):
    """The step of the tests fails on a failure and on a skip, and passes where all passed."""
    (line,) = [s["run"] for s in WORKFLOWS["publish"]["jobs"]["release"]["steps"] if "pytest" in s.get("run", "")]
    for said, code in (("3 passed in 1s", 0), ("2 passed, 1 skipped in 1s", 1), ("1 failed", 1)):
        stand_in = f'echo "{said}" && {"false" if "failed" in said else "true"}'
        done = bash(re.sub(r"python -m pytest [^ ]+", f"({stand_in})", line), tmp_path, {"RUNNER_TEMP": str(tmp_path)})
        assert done.returncode == code, said


def test_python_versions_are_those_that_are_promised():
    """The matrix is what the README names and begins where the package does; other jobs use one of these."""
    versions = WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    promised = re.search(r"They need Python ([\d., or]+) and", (ROOT / "README.md").read_text(encoding="utf-8"))[1]
    assert versions == re.findall(r"\d\.\d+", promised)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={versions[0]}"
    used = {s["with"]["python-version"] for _, _, job in JOBS for s in job["steps"] if "setup-python" in str(s)}
    assert used - {"${{ matrix.python }}"} <= set(versions)


# -- running them -------------------------------------------------------------------------------


def bash(line, folder, environment):
    """A line as GitHub runs it where the shell is named."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout


def run_job(workflow, name, folder, artefacts, known, ran=()):
    """Run the lines of a job in their order in a checkout; returns the exit code and what was said.

    ``artefacts`` stands for GitHub's store; ``known`` gives the values of expressions, and one that
    it does not hold is an error; lines in ``ran`` have been run in this checkout already.
    """
    said = []
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(folder),
        "GITHUB_RUN_ID": "1",
        "GITHUB_STEP_SUMMARY": str(artefacts / "summary.md"),
    }
    for step in WORKFLOWS[workflow]["jobs"][name]["steps"]:
        if "if" in step and not known[step["if"]]:
            continue
        line = step.get("run", "")
        if "actions/upload-artifact" in step.get("uses", ""):
            shutil.copytree(folder / step["with"]["path"], artefacts / workflow / step["with"]["name"])
        elif fetched := re.fullmatch(r'gh run download "\$GITHUB_RUN_ID" --name (\w+) --dir (\w+)', line):
            shutil.copytree(artefacts / workflow / fetched[1], folder / fetched[2])
        elif line.startswith("cyclonedx-py") and not shutil.which("cyclonedx-py", path=environment["PATH"]):
            (folder / line.split()[-1]).write_text("{}", encoding="utf-8")  # not among the requirements
        elif line and line not in ran and not line.startswith(tuple(ELSEWHERE)):
            given = {key: known[value] for key, value in step.get("env", {}).items()}
            done = bash(line, folder, environment | given)
            said.append(done.stdout + done.stderr)
            if done.returncode:
                return done.returncode, "\n".join(said)
    return 0, "\n".join(said)


ON_MAIN = {"github.ref_name != github.event.repository.default_branch": False}


def to(site):
    """The values of expressions where the site goes to a repository."""
    return ON_MAIN | {
        "vars.SITE_REPOSITORY == ''": False,
        "vars.SITE_REPOSITORY != ''": True,
        "${{ vars.SITE_REPOSITORY }}": str(site),
        "${{ secrets.SITE_DEPLOY_KEY }}": "",
        "${{ github.token }}": "",
    }


def cloned(folder):
    """A clone of the portfolio as a git repository of its own, with an overlay that git ignores beside it."""
    origin = folder / "origin"
    others = (".git", ".venv*", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "_build", "private")
    shutil.copytree(ROOT, origin, ignore=shutil.ignore_patterns(*others))
    shutil.copytree(ROOT / "examples/private", origin / "examples/private")
    git(origin, "init", "-q")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Start")
    git(folder, "clone", "-q", str(origin), "tree")
    shutil.copytree(ROOT / "examples/private", folder / "tree/private")
    git(folder, "init", "-q", "--bare", "site.git")
    return folder / "tree"


@pytest.fixture(scope="session")
def workflows(tmp_path_factory):
    """The folder in which both workflows were run, once for all workers of the tests; only to be read."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "workflows"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            folder.mkdir()
            tree = cloned(folder)
            known = to(folder / "site.git")
            log = {"publish": run_job("publish", "release", tree, folder, known)}
            git(folder, "clone", "-q", str(folder / "origin"), "second")  # each job has a checkout of its own
            log["deploy"] = run_job("publish", "deploy-elsewhere", folder / "second", folder, known)
            log["build"] = run_job("release", "build", tree, folder, known, ran=["portfolio release"])
            (folder / "third").mkdir()
            log["attach"] = run_job("release", "attach", folder / "third", folder, known)
            (folder / "log.json").write_text(json.dumps(log), encoding="utf-8")
    for name, (code, said) in json.loads((folder / "log.json").read_text(encoding="utf-8")).items():
        assert code == 0, f"{name}: {said}"
    return folder


def branch(repository):
    """The files of the published branch with their bytes."""
    names = git(repository, "ls-tree", "-r", "-z", "--name-only", "gh-pages").split("\0")
    read = ["git", "cat-file", "blob"]
    return {
        name: subprocess.run([*read, f"gh-pages:{name}"], cwd=repository, capture_output=True, check=True).stdout
        for name in names
        if name
    }


@on_linux
def test_site_goes_to_the_other_repository_and_nothing_else(workflows):
    """Byte for byte the screened site, in one commit of nobody; no source, nothing of the overlay, no other branch."""
    repository = workflows / "site.git"
    site = workflows / "tree/_build/release/site"
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    published = branch(repository)
    assert published.pop(".nojekyll") == b""
    assert published == files
    assert len(published) > 30
    assert not [n for n in published if n.endswith((".md", ".ipynb", ".py", ".csv", ".toml", ".yml", ".txt"))]
    assert git(repository, "rev-list", "--all", "--count").strip() == "1"
    assert git(repository, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/gh-pages"]
    assert git(repository, "log", "--format=%an %ae %cn %ce %B", "gh-pages").split("\n")[0] == (
        "Portfolio portfolio@example.invalid Portfolio portfolio@example.invalid The site"
    )
    (overlay, *_) = (workflows / "tree/private").rglob("3_ChallengingExperiences.md")
    own = set(overlay.read_text(encoding="utf-8").splitlines()) - set(
        (workflows / "tree" / overlay.relative_to(workflows / "tree/private")).read_text(encoding="utf-8").splitlines()
    )
    sentences = [line.encode() for line in own if len(line) > 40]
    assert len(sentences) > 3
    assert not [s for s in sentences if any(s in raw for raw in published.values())]


@on_linux
def test_release_has_its_files_and_their_sums(workflows):
    """The offline book, the book's PDF, everything for the e-portfolio, the parts list; each with its checksum."""
    files = workflows / "third/files"
    sums = dict(
        reversed(line.split()) for line in (files / "SHA256SUMS").read_text(encoding="utf-8").splitlines() if line
    )
    assert set(sums) == {"portfolio-offline.zip", "portfolio.pdf", "eportfolio.zip", "sbom.cdx.json"}
    assert {path.name for path in files.iterdir()} == {*sums, "SHA256SUMS"}
    for name, wanted in sums.items():
        assert hashlib.sha256((files / name).read_bytes()).hexdigest() == wanted
    assert (files / "portfolio.pdf").read_bytes().startswith(b"%PDF-")
    with zipfile.ZipFile(files / "portfolio-offline.zip") as offline:
        assert "portfolio/index.html" in offline.namelist()
    with zipfile.ZipFile(files / "eportfolio.zip") as archive, archive.open("manifest.csv") as file:
        rows = list(csv.DictReader(file.read().decode().splitlines()))
    assert {row["edition"] for row in rows} == {"public"}
    attach = [step["run"] for step in WORKFLOWS["release"]["jobs"]["attach"]["steps"]]
    assert all("files/*" in part for part in attach[-1].split("||"))


@on_linux
def test_reviewer_gets_a_book_that_opens_without_a_network(workflows, tmp_path):
    """The download of a pull request: the book, every link and file of a page inside it, and all PDFs."""
    shutil.copytree(workflows / "tree/_build/release/site", tmp_path / "_build/html")
    shutil.copytree(workflows / "tree/_build/eportfolio", tmp_path / "_build/eportfolio")
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    (tmp_path / "store").mkdir()
    ran = ["jupyter-book build .", "portfolio export --edition public"]
    if not shutil.which("pdftoppm"):
        ran.append("python .github/preview.py _build/eportfolio _build/look/pages-of-the-pdfs")
    code, said = run_job("test", "look", tmp_path, tmp_path / "store", {}, ran)
    assert code == 0, said
    (look,) = (tmp_path / "store/test").iterdir()
    book = look / "book"
    assert "open book/index.html" in (tmp_path / "store/summary.md").read_text(encoding="utf-8")
    assert len(list((look / "pdfs").glob("*.pdf"))) > 20
    pages = [path for path in book.rglob("*.html") if path.name != "404.html"]  # that one is for a server
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|link rel="stylesheet")[^>]+(?:src|href)="(?:https?:|/)[^"]*"', text)
        for target in re.findall(r'\s(?:src|href)="([^"#?]+)', text):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / unquote(target)).is_file(), (page.name, target)


@on_linux
@pytest.mark.parametrize("fault", ["not committed", "finding", "draft"])
def test_nothing_is_published_where_something_is_wrong(tmp_path, fault):
    """A changed file, a name to review, another branch: the job fails, no artefact is kept, the site stays as it was."""
    tree = cloned(tmp_path)
    known = to(tmp_path / "site.git")
    page = tree / PAGE
    if fault == "draft":
        known |= dict.fromkeys(ON_MAIN, True)
    else:
        page.write_text(page.read_text(encoding="utf-8") + "\nThen Quenby helped.\n", encoding="utf-8")
    if fault == "finding":
        git(tree, "commit", "-qam", "Change")
    code, said = run_job("publish", "release", tree, tmp_path, known)
    assert code == 1
    assert {"not committed": "not committed", "finding": "«Quenby»", "draft": "::error::Only the main"}[fault] in said
    assert not (tmp_path / "publish").exists()
    done = publish(tree / "_build/release", tmp_path / "site.git")
    assert done.returncode == 1
    assert "Make one first: portfolio release" in done.stderr
    assert git(tmp_path / "site.git", "for-each-ref") == ""


# -- the script that publishes ------------------------------------------------------------------


def publish(release, target, **environment):
    done = subprocess.run(
        [sys.executable, SCRIPT, release, str(target)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def made(folder, files):
    """A release of a few files, with the manifest that a release writes."""
    for name, raw in files.items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    (folder / "manifest.csv").write_text(editions.manifest(folder / "site", "0" * 40), encoding="utf-8")
    return folder


FIRST = {
    "index.html": b"<p>First</p>\r\n",
    "_static/book.css": b"a{}\n",
    "old/page.html": b"old",
    "x.log": b"1\r\n",
    ".gitignore": b"*.css",
}
SECOND = {"index.html": b"<p>Second</p>", "new.html": b"new"}


@pytest.fixture
def site(tmp_path):
    """An empty repository to publish to."""
    git(tmp_path, "init", "-q", "--bare", "site.git")
    return tmp_path / "site.git"


def test_second_time_replaces_the_first(tmp_path, site):
    """One commit again, no file of before, and the commit of before is on no branch."""
    assert publish(made(tmp_path / "a", FIRST), site).returncode == 0
    before = git(site, "rev-parse", "gh-pages").strip()
    assert branch(site) == FIRST | {".nojekyll": b""}
    done = publish(made(tmp_path / "b", SECOND), site)
    assert done.returncode == 0, done.stderr
    assert "Published 2 files" in done.stdout
    assert branch(site) == SECOND | {".nojekyll": b""}
    assert git(site, "rev-list", "--all", "--count").strip() == "1"
    assert before not in git(site, "rev-list", "--all")


def test_own_settings_of_git_change_nothing(tmp_path, site):
    """What somebody's git ignores, converts, signs or hooks: every file is published, byte for byte, by nobody."""
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for hook in ("pre-commit", "commit-msg", "pre-push"):
        (home / "hooks" / hook).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8", newline="\n")
        (home / "hooks" / hook).chmod(0o755)
    (home / "git").mkdir()
    (home / "git/ignore").write_text("*.log\n_static/\n", encoding="utf-8")
    (home / "git/attributes").write_text("* text=auto eol=lf\n", encoding="utf-8")
    hooks = f'hooksPath = "{(home / "hooks").as_posix()}"'
    settings = ["[core]", "autocrlf = true", hooks, "[commit]", "gpgsign = true", "[user]", "name = A person"]
    (home / ".gitconfig").write_text("\n".join(settings), encoding="utf-8")
    own = {"HOME": str(home), "USERPROFILE": str(home), "XDG_CONFIG_HOME": str(home)}
    own |= {"GIT_DIR": str(tmp_path), "GIT_AUTHOR_NAME": "A person"}
    done = publish(made(tmp_path / "a", FIRST), site, **own)
    assert done.returncode == 0, done.stderr
    assert branch(site) == FIRST | {".nojekyll": b""}
    assert "A person" not in git(site, "log", "--format=%an %cn", "gh-pages")


@pytest.mark.parametrize("fault", ["changed", "added", "hidden", "left out", "empty", "no manifest"])
def test_only_what_was_screened_is_published(tmp_path, site, fault):
    """A site that differs from its manifest in any file is refused by the file's name, and the old site stays."""
    assert publish(made(tmp_path / "a", FIRST), site).returncode == 0
    release = made(tmp_path / "b", SECOND)
    words = fault
    if fault == "changed":
        (release / "site/new.html").write_text("other", encoding="utf-8")
        words = "new.html"
    elif fault in ("added", "hidden"):
        words = "notes.md" if fault == "added" else ".env"
        (release / "site" / words).write_text("x", encoding="utf-8")
    elif fault == "left out":
        (release / "site/index.html").unlink()
        words = "index.html"
    elif fault == "empty":
        shutil.rmtree(release / "site")
        (release / "manifest.csv").write_text("file,bytes,sha256,edition,commit\n", encoding="utf-8")
        words = "there is no file"
    else:
        (release / "manifest.csv").unlink()
        words = "there is no manifest"
    done = publish(release, site)
    assert done.returncode == 1
    assert words in done.stderr
    assert "portfolio release" in done.stderr
    assert branch(site) == FIRST | {".nojekyll": b""}


@pytest.mark.parametrize("target", ["", "name", "-f/name", "--upload-pack=x", "a/b/c", "own er/name", "../site.git"])
def test_target_that_is_no_repository_is_refused(tmp_path, target):
    """A slip in the variable ends with how to write it, and is never read as an option."""
    done = publish(made(tmp_path / "a", FIRST), target)
    assert done.returncode == 1
    assert "Write owner/name" in done.stderr


def test_target_that_cannot_be_reached_is_said(tmp_path):
    """What git says, and what to check."""
    done = publish(made(tmp_path / "a", FIRST), tmp_path / "nowhere.git")
    assert done.returncode == 1
    assert "Nothing was published. Check that" in done.stderr


@pytest.mark.parametrize("key", ["", "ssh-ed25519 AAAA site", "hidden words"])
def test_without_a_private_key_nothing_is_sent(tmp_path, key):
    """An empty secret, or the public half in it: said before any connection, and never shown."""
    done = publish(made(tmp_path / "a", FIRST), "owner/name", SITE_DEPLOY_KEY=key)
    assert done.returncode == 1
    assert "SITE_DEPLOY_KEY holds no private key" in done.stderr
    assert not key or key not in done.stdout + done.stderr


# Keeps what it was asked, then does what GitHub's side would do, in a folder of repositories.
FAKE_SSH = """#!{python}
import json, os, pathlib, shlex, subprocess, sys
here = pathlib.Path({folder!r})
options = sys.argv[1:]
key = pathlib.Path(options[options.index("-i") + 1])
hosts = next(o for o in options if o.startswith("UserKnownHostsFile=")).partition("=")[2].strip('"')
mode = oct(key.stat().st_mode & 0o777)
kept = [shlex.join(options), mode, pathlib.Path(hosts).read_text(), key.read_bytes().decode(), "SITE_DEPLOY_KEY" in os.environ]
(here / "asked").write_text(json.dumps(kept))
sys.exit(subprocess.run(shlex.split(options[-1]), cwd=here).returncode)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for ssh is a script with a first line")
@pytest.mark.parametrize(
    "written", ["owner/name", "https://github.com/owner/name", "https://github.com/owner/name.git"]
)
def test_github_must_prove_itself_and_sees_one_key(tmp_path, written):
    """The key in a file for its owner alone, the host's key pinned, no other key or setting; and nothing stays behind."""
    (tmp_path / "owner").mkdir()
    git(tmp_path, "init", "-q", "--bare", "owner/name.git")
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(FAKE_SSH.format(python=sys.executable, folder=str(tmp_path)), encoding="utf-8")
    ssh.chmod(0o755)
    temporary = tmp_path / "a place"
    temporary.mkdir()
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nc2VjcmV0\r\n-----END OPENSSH PRIVATE KEY-----"
    path = f"{ssh.parent}{os.pathsep}{os.environ['PATH']}"
    release = made(tmp_path / "a", FIRST)
    done = publish(release, written, SITE_DEPLOY_KEY=key, PATH=path, TMPDIR=str(temporary))
    assert done.returncode == 0, done.stderr
    assert branch(tmp_path / "owner/name.git") == FIRST | {".nojekyll": b""}
    asked, mode, hosts, used, leaked = json.loads((tmp_path / "asked").read_text(encoding="utf-8"))
    assert " git@github.com " in asked
    for option in ("StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "BatchMode=yes", "-F none"):
        assert option in asked
    assert mode == "0o600"
    assert re.fullmatch(r"github\.com ssh-ed25519 AAAA\S{64}\n", hosts)
    assert used == key.replace("\r\n", "\n") + "\n"
    assert leaked is False
    assert "c2VjcmV0" not in done.stdout + done.stderr
    assert list(temporary.iterdir()) == []

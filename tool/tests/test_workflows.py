"""The workflows at GitHub: what they may do, and what publishing leaves behind, its lines run for real."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from browsing import pages_of
from conftest import ROOT
from portfolios import cases

from stp_portfolio.book.pagecheck import page_faults
from stp_portfolio.core import disk
from stp_portfolio.desk import drafts, editions

OWN = drafts.TEMPLATES / "owned/.github/workflows/test.yml"  # of a portfolio; its other one is the same file
FILES = {"own": OWN} | {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
WORKFLOWS = {name: yaml.safe_load(disk.read_text(path)) for name, path in FILES.items()}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"].values()]
NAMES = [f"{name}-{job}" for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the workflows run on Linux")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nc2VjcmV0\r\n-----END OPENSSH PRIVATE KEY-----"


def bash(line, folder=None, **environment):
    """A line as GitHub runs it where the shell is named."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line], cwd=folder, check=False,
        env={**os.environ, **environment}, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


def test_every_workflow_reads_only():
    """Reading only, unless a job says so; no event that gives a stranger's change the owner's rights."""
    assert set(WORKFLOWS) == {"own", "publish", "release", "test", "weekly"}
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, name
        events = workflow[True]  # YAML reads the key "on" as true
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(events), name
        assert "env" not in workflow, name
        lines = disk.read_text(FILES[name]).splitlines()
        assert all("#" in line for line in lines if re.search(r": write\b", line)), "each right says why"
    assert list(WORKFLOWS["publish"][True]) == ["workflow_dispatch"]


@pytest.mark.parametrize(("workflow", "job"), JOBS, ids=NAMES)
def test_job_is_pinned_bounded_and_careful(workflow, job):
    """Actions by commit, a time limit, no expression in a command, secrets where nothing is installed."""
    assert job["timeout-minutes"] <= 40
    for step in job["steps"]:
        uses, line, given = step.get("uses", ""), step.get("run", ""), str(step.get("env", {}))
        assert bool(uses) != bool(line)
        assert not uses or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", uses)
        assert not uses.startswith("actions/checkout") or step["with"]["persist-credentials"] is False
        if uses.startswith("actions/upload-artifact"):
            assert step["with"]["retention-days"] <= 14
            assert step["with"]["if-no-files-found"] == "error"
        assert "${{" not in line  # its text would become code
        assert ("github.token" in given) == line.startswith("gh ")
        assert ("secrets." in given) == ("git push" in line)
    outside = str({**job, "steps": [{k: v for k, v in step.items() if k != "env"} for step in job["steps"]]})
    assert not re.search(r"secrets\.|github\.token", outside)
    if "write" in job.get("permissions", {}).values() or "secrets." in str(job):
        assert not re.search(r"pip |apt-get|npm|requirements|checkout", str(job))
        assert job["needs"]


def test_actions_and_versions_are_the_same_everywhere():
    """One commit an action; the matrix is what the README names and begins where the package does."""
    steps = [step for _, job in JOBS for step in job["steps"]]
    used = {step["uses"] for step in steps if "uses" in step}
    assert len(used) == len({use.split("@")[0] for use in used})
    versions = WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert versions == re.findall(r"\d\.\d+", re.search(r"They need Python ([\d., or]+)", readme)[1])
    project = tomllib.loads((ROOT / "tool/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={versions[0]}"
    chosen = {step["with"]["python-version"] for step in steps if "setup-python" in str(step)}
    assert chosen - {"${{ matrix.python }}"} <= set(versions)


def test_nothing_is_published_before_it_is_checked_and_screened():
    """Check, the portfolio's tests, release, and only then an upload; nothing goes on after a fault."""
    jobs = WORKFLOWS["publish"]["jobs"]
    steps = [step.get("run") or step["uses"] for step in jobs["release"]["steps"]]
    wanted = ("github.ref", "requirements.txt", "portfolio check", "pytest", "portfolio release", "upload-")
    found = [next(number for number, step in enumerate(steps) if text in step) for text in wanted[1:]]
    assert found == sorted(found)
    assert "default_branch" in jobs["release"]["steps"][0]["if"]
    assert bash(steps[0]).returncode == 1
    ways = [job for name, job in jobs.items() if name != "release"]
    assert [job["needs"] for job in ways] == ["release", "release"]
    assert {job["if"] for job in ways} == {"vars.SITE_REPOSITORY == ''", "vars.SITE_REPOSITORY != ''"}
    assert not re.search(r"continue-on-error|always\(\)|failure\(\)", str(jobs))


@on_linux
def test_files_of_a_release_have_their_sums(tmp_path):
    """The offline book, the PDFs, the parts list and the wheel, each with its checksum."""
    books = "release/portfolio-offline.zip eportfolio/portfolio.pdf eportfolio/eportfolio.zip"
    for name in f"{books} sbom.cdx.json wheel/stp_portfolio-1-py3-none-any.whl".split():
        (tmp_path / "_build" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_build" / name).write_text(name, encoding="utf-8")
    jobs = WORKFLOWS["release"]["jobs"]
    (gather,) = (step["run"] for step in jobs["build"]["steps"] if "SHA256SUMS" in step.get("run", ""))
    (check,) = (step["run"] for step in jobs["attach"]["steps"] if "SHA256SUMS" in step["run"])
    assert bash(gather, tmp_path).returncode == 0
    assert len((tmp_path / "_build/files/SHA256SUMS").read_text(encoding="utf-8").splitlines()) == 5
    assert bash(check, tmp_path / "_build").returncode == 0
    (tmp_path / "_build/files/portfolio.pdf").write_text("other", encoding="utf-8")
    assert bash(check, tmp_path / "_build").returncode == 1


@on_linux
@pytest.mark.slow
def test_reviewer_gets_the_book_and_the_pdfs_to_look_at(book, pdfs, tmp_path):
    """The whole book, every link in it sound; every PDF, pictures of four of their pages, and how to open it."""
    shutil.copytree(book.html, tmp_path / "_build/html")
    shutil.copytree(pdfs, tmp_path / "_build/eportfolio")
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    lines = [step.get("run", "") for step in WORKFLOWS["test"]["jobs"]["look"]["steps"]]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in lines:
        if "_build/look" in line:
            done = bash(line, tmp_path, PATH=path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
            assert done.returncode == 0, done.stderr
    look = tmp_path / "_build/look"
    assert pages_of(look / "book") == pages_of(book.html)
    assert list(page_faults(look / "book")) == []
    assert len(list(look.glob("pdfs/*.pdf"))) == len(list(pdfs.glob("*.pdf"))) > 20
    assert len(list(look.glob("pages-of-the-pdfs/*.png"))) == 4
    assert "open book/index.html" in disk.read_text(tmp_path / "summary.md")


# -- the lines that bring the site to another repository -----------------------------------------


# Keeps what it was asked, then does what GitHub's side would do, in a folder of repositories.
SSH = """#!{python}
import json, os, pathlib, shlex, subprocess, sys
options, here = sys.argv[1:], pathlib.Path({folder!r})
key = pathlib.Path(options[options.index("-i") + 1])
hosts = pathlib.Path(next(o.partition("=")[2] for o in options if o.startswith("UserKnownHostsFile=")))
kept = [shlex.join(options), oct(key.stat().st_mode & 0o777), hosts.read_text(), key.read_text()]
kept += ["SITE_DEPLOY_KEY" in os.environ]
(here / "asked").write_text(json.dumps(kept))
sys.exit(subprocess.run(shlex.split(options[-1]), cwd=here).returncode)
"""
FIRST = {
    "index.html": b"<p>First</p>\r\n",
    "_static/a, b.css": b"a{}\n",
    "x.log": b"1\r\n",
    ".gitignore": b"*",
}
SECOND = {"index.html": b"<p>Second</p>", "new.html": b"new"}


class Deploy:
    """The job that publishes to the repository of the site, with a folder in place of GitHub."""

    def __init__(self, folder):
        self.folder = folder
        self.site = folder / "owner/name.git"
        subprocess.run(["git", "init", "-q", "--bare", self.site], check=True)
        ssh = folder / "bin/ssh"
        ssh.parent.mkdir()
        ssh.write_text(SSH.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
        ssh.chmod(0o755)
        (folder / "a place").mkdir()

    def run(self, files, file="", text="", repository="owner/name", key=KEY):
        """Publish a release of some files, of which one became another text, or none, after its manifest."""
        release = self.folder / f"run{len(list(self.folder.iterdir()))}" / "release"
        for name, raw in files.items():
            (release / "site" / name).parent.mkdir(parents=True, exist_ok=True)
            (release / "site" / name).write_bytes(raw)
        (release / "site").mkdir(parents=True, exist_ok=True)
        (release / "manifest.csv").write_text(editions.manifest(release / "site", "0" * 40), encoding="utf-8")
        if file and text:
            (release / file).write_text(text, encoding="utf-8")
        elif file:
            (release / file).unlink()
        place = str(self.folder / "a place")
        given = {"SITE_REPOSITORY": repository, "SITE_DEPLOY_KEY": key, "TMPDIR": place}
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        for step in WORKFLOWS["publish"]["jobs"]["deploy-elsewhere"]["steps"][1:]:
            done = bash(step["run"], release.parent, PATH=path, **given if "env" in step else {})
            if done.returncode:
                break
        return done

    def published(self):
        """The files of the published branch with their bytes."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", "gh-pages").decode().split("\0")
        return {name: self.git("cat-file", "blob", f"gh-pages:{name}") for name in names if name}

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.site, capture_output=True, check=True).stdout


@pytest.fixture
def deploy(tmp_path):
    return Deploy(tmp_path)


@on_linux
def test_site_is_one_commit_of_nobody_and_replaces_the_last(deploy):
    """Byte for byte what was screened, nothing of before; the host proves itself; the key stays nowhere."""
    for files in (FIRST, SECOND):
        done = deploy.run(files)
        assert done.returncode == 0, done.stderr
        assert deploy.published() == files | {".nojekyll": b""}
        assert deploy.git("rev-list", "--all", "--count").strip() == b"1"
    about = deploy.git("log", "--format=%an %ae %cn %B", "gh-pages")
    assert about.startswith(b"Portfolio portfolio@example.invalid Portfolio The site\n")
    asked, mode, hosts, used, leaked = yaml.safe_load((deploy.folder / "asked").read_text(encoding="utf-8"))
    wanted = "git@github.com StrictHostKeyChecking=yes IdentitiesOnly=yes BatchMode=yes none"
    assert set(wanted.split()) <= set(asked.split())
    assert (mode, leaked) == ("0o600", False)
    assert re.fullmatch(r"github\.com ssh-ed25519 AAAA\S{64}\n", hosts)
    assert used == KEY.replace("\r\n", "\n") + "\n"
    assert "c2VjcmV0" not in done.stdout + done.stderr
    assert list((deploy.folder / "a place").iterdir()) == []


@on_linux
@cases("unpublished", "file text repository key words")
def test_what_is_not_as_it_must_be_is_not_published(deploy, file, text, repository, key, words):
    """Said with what to do, and the site of before stays."""
    assert deploy.run(FIRST).returncode == 0
    done = deploy.run(SECOND, file, text, repository, key.replace("KEY", KEY))
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert deploy.published() == FIRST | {".nojekyll": b""}
    assert not key or key.replace("KEY", KEY) not in done.stdout + done.stderr
    assert deploy.run({}).returncode == 1  # nothing on both sides is the same, and still no site

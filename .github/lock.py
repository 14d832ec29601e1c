"""Write tool/requirements.lock from the pins: every package with hashes, for all systems and versions.

Usage: python .github/lock.py (needs uv: pip install uv)
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Resolve the pins for Python 3.11 and newer on every system; the package itself is left out."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "tool/pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*lines, *extras["test"], *extras["diagrams"], *extras["import"]]
    pins = [line for line in wanted if not line.startswith(("-e", project["name"]))]
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "-", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-annotate", "--no-header", "--quiet", "--no-emit-index-url"),
        *("--output-file", "tool/requirements.lock"),
    ]
    return subprocess.run(command, input="\n".join(pins), text=True, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

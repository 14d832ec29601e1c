"""Write tool/requirements.lock: every package of portfolio and tests, with hashes, for all systems.

Usage: python .github/lock.py (needs uv: pip install uv)
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Resolve the pins and what the tool needs for Python 3.11 and newer; the tool itself is left out."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = "\n".join(line for line in lines if not line.startswith("-"))
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "-", "tool/pyproject.toml", "--extra", "test"),
        *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"),
        *("--no-emit-package", "stp-portfolio", "--quiet", "--output-file", "tool/requirements.lock"),
    ]
    done = subprocess.run(command, input=pins, text=True, cwd=ROOT, check=False)  # noqa: S603 - fixed arguments
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

"""Audit the lock for known vulnerabilities, and fail as well where nothing was audited.

Usage: python .github/audit.py tool/requirements.lock
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def main(lock: str) -> int:
    """Run pip-audit on the lock; 0 only if every package that it pins here was looked up and is clean."""
    pinned = set(
        re.findall(r"^([A-Za-z0-9._-]+)==\S+ (?:\\|;)", Path(lock).read_text(encoding="utf-8"), re.MULTILINE)
    )
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        lock,
        "--disable-pip",
        "--require-hashes",
        "--format",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        audited = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        sys.stderr.write(f"pip-audit gave no result:\n{done.stderr}\n")
        return 1
    skipped = [entry for entry in audited if "skip_reason" in entry]
    found = [entry for entry in audited if entry.get("vulns")]
    for entry in skipped[:5]:
        sys.stderr.write(f"{entry['name']}: not audited: {entry['skip_reason']}\n")
    if skipped[5:]:
        sys.stderr.write(f"and {len(skipped) - 5} more were not audited.\n")
    for entry in found:
        names = ", ".join(vuln["id"] for vuln in entry["vulns"])
        sys.stderr.write(f"{entry['name']} {entry['version']}: {names}\n")
    looked_up = len(audited) - len(skipped)
    sys.stdout.write(
        f"{looked_up} of {len(pinned)} pinned packages audited, {len(found)} with known vulnerabilities\n"
    )
    if looked_up < 0.8 * len(pinned):  # the rest are for other systems
        sys.stderr.write("Too few packages were audited to say anything.\n")
        return 1
    return 1 if found or skipped else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))

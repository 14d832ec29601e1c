"""What pyproject.toml cannot say: the guide lies beside the package here, and in it once installed."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithGuide(build_py):
    """Carries the pages of ``docs/`` into the package as ``stp_portfolio/guide``."""

    def run(self) -> None:
        """Build as always; an editable installation reads the pages where they lie."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "stp_portfolio" / "guide"
            shutil.copytree("docs", target, ignore=shutil.ignore_patterns("_build"), dirs_exist_ok=True)


setup(cmdclass={"build_py": WithGuide})

"""LiteRT's packages, which only its own image has on top of the trainer's, for the tests of one process."""

import site
import subprocess
from pathlib import Path


def add_packages() -> None:
    """Make them importable, after all others."""
    venv = Path(__file__).parents[1] / "venv"
    found = subprocess.run([venv, "requirements-litert"], check=True, stdout=subprocess.PIPE, text=True)
    (folder,) = Path(found.stdout.strip()).glob("lib/python*/site-packages")
    site.addsitedir(str(folder))

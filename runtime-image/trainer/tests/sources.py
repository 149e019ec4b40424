"""Where a process that a test starts finds what it imports."""

import os
from pathlib import Path

#: PYTHONPATH of the trainer, the tests' own modules, and the kernels.
SOURCES = os.pathsep.join(
    str(Path(__file__).resolve().parent.parent / folder) for folder in ("src", "tests", "../../kernels/src")
)

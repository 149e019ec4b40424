import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aot.variants import ELEMENTWISE, MATRIX, variants

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def table():
    with (ROOT / "resources.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_kernel_compiles_for_every_gpu_and_takes_what_the_table_says():
    # A process of its own: in this one Triton's decorator has made interpreted functions, which can't be compiled.
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    outcome = subprocess.run([sys.executable, "-m", "aot"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_table_has_every_gpu_and_no_spill(table):
    expected = [(variant.title, str(target)) for variant in variants() for target in variant.targets]
    assert [(row["kernel"], row["sm"]) for row in table] == expected
    assert {(row["stack"], row["local"]) for row in table} == {("0", "0")}


def test_targets():
    assert {variant.targets for variant in variants()} <= {ELEMENTWISE, MATRIX}

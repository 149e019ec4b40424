"""Times Hone's training against the bare loop's, one after the other in rounds, and keeps the figures of each round.

The bare loop is timed twice: with threads that wait for one another as Hone's do, and as OpenMP's do by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import job

NAME = "overhead"
METHOD = {"lora": {"rank": 8, "alpha": 16, "dropout": 0.0}}
LEARNING_RATE = 1e-3
#: How often a thread of GNU's OpenMP looks before it goes to sleep, by default.
SPINS = "300000"


def bare(data: Path) -> dict[str, Any]:
    """Run the bare loop."""
    return _bare(data, {})


def spinning(data: Path) -> dict[str, Any]:
    """Run the bare loop with threads that do not soon go to sleep."""
    return _bare(data, {"GOMP_SPINCOUNT": SPINS})


def _bare(data: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).with_name("bare.py")), "--data", str(data)]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--learning-rate", str(LEARNING_RATE)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def ours(data: Path) -> dict[str, Any]:
    """Run the same by Hone; no more than a few mails are evaluated, for that would count into the peak."""
    training = job.run(job.classification(data, METHOD, LEARNING_RATE, 1, "some", "BF16")).result["training"]
    return {
        "secondsPerStep": job.BATCH_SIZE / training["samplesPerSecond"],
        "peakMemoryBytes": training["peakMemoryBytes"],
        "device": job.device(training),
    }


def main() -> None:
    """Measure in rounds."""
    parser = job.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    job.cut(options.data)
    rounds = []
    for number in range(options.rounds):
        order = (bare, ours, spinning) if number % 2 == 0 else (spinning, ours, bare)
        measured = {one.__name__: one(options.data) for one in order}
        rounds.append(measured)
        print(json.dumps(measured), file=sys.stderr)
    job.write(NAME, rounds)


if __name__ == "__main__":
    main()

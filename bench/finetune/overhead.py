"""Times Hone's training against the bare loop's, one after the other in rounds, and keeps the figures of each round."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import job

NAME = "overhead"
METHOD = {"lora": {"rank": 8, "alpha": 16, "dropout": 0.0}}
LEARNING_RATE = 1e-3


def bare(data: Path) -> dict[str, Any]:
    """Run the bare loop."""
    command = [sys.executable, str(Path(__file__).with_name("bare.py")), "--data", str(data)]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--learning-rate", str(LEARNING_RATE)], capture_output=True, text=True, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def ours(data: Path) -> dict[str, Any]:
    """Run the same by Hone; no more than a few mails are evaluated, for that would count into the peak."""
    training = job.run(job.classification(data, METHOD, LEARNING_RATE, 1, "some", "BF16")).result["training"]
    return {
        "secondsPerStep": job.BATCH_SIZE / training["samplesPerSecond"],
        "peakMemoryBytes": training["peakMemoryBytes"],
    }


def main() -> None:
    """Measure in rounds."""
    parser = job.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    job.cut(options.data)
    rounds = []
    for number in range(options.rounds):
        order = (bare, ours) if number % 2 == 0 else (ours, bare)
        measured = {one.__name__: one(options.data) for one in order}
        rounds.append(measured)
        print(json.dumps(measured), file=sys.stderr)
    job.write(NAME, rounds)


if __name__ == "__main__":
    main()

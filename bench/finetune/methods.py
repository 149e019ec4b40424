"""Compares the fine-tuning methods on a real model and real mails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import job

METHODS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "methods.json").read_text())
RATES = "learning-rates"
RESULTS = "methods"
SEEDS = (1, 2, 3, 4, 5)
#: Not one of SEEDS, so that a rate isn't chosen for a seed that it is then measured by.
SWEEP_SEED = 0


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """Keep what the table shows."""
    training, after = result["training"], result["metrics"]["after"]
    return {
        "accuracy": after["accuracy"]["value"],
        "loss": training["finalLoss"],
        "trainable": training["trainableParameters"],
        "total": training["totalParameters"],
        "peakMemoryBytes": training["peakMemoryBytes"],
        "device": training["device"],
    }


def sweep(data: Path) -> None:
    """Try every learning rate of every method once, and keep all accuracies and the best rate."""
    found = job.read(RATES)
    for name, entry in METHODS.items():
        tried = found.setdefault(name, {"validationAccuracy": {}})["validationAccuracy"]
        for rate in entry["learningRates"]:
            if str(rate) in tried:
                continue
            done = job.run(job.classification(data, entry["method"], rate, SWEEP_SEED, "validation"))
            tried[str(rate)] = done.result["metrics"]["after"]["accuracy"]["value"]
            print(f"{name} {rate}: {tried[str(rate)]:.2f} %", file=sys.stderr)
            found[name]["chosen"] = max(
                (rate for rate in entry["learningRates"] if str(rate) in tried), key=lambda rate: tried[str(rate)]
            )
            job.write(RATES, found)


def measure(data: Path) -> None:
    """Train each method with each seed, on the test mails."""
    rates, results = job.read(RATES), job.read(RESULTS)
    for seed in SEEDS:
        for name, entry in METHODS.items():
            runs = results.setdefault(name, {})
            if str(seed) in runs:
                continue
            done = job.run(job.classification(data, entry["method"], rates[name]["chosen"], seed, "test"))
            runs[str(seed)] = figures(done.result)
            print(f"{name} seed {seed}: {runs[str(seed)]['accuracy']:.2f} %", file=sys.stderr)
            job.write(RESULTS, results)


def main() -> None:
    """Read the command line."""
    parser = job.arguments(__doc__)
    parser.add_argument("what", choices=("sweep", "measure"))
    options = parser.parse_args()
    job.cut(options.data)
    {"sweep": sweep, "measure": measure}[options.what](options.data)


if __name__ == "__main__":
    main()

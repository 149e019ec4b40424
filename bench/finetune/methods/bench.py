"""Compares the fine-tuning methods on a real model and real mails."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import job

HERE = Path(__file__).parent
METHODS: dict[str, dict[str, Any]] = json.loads((HERE / "methods.json").read_text())
RATES = HERE / "learning-rates.json"
RESULTS = HERE / "results.json"
TRAIN_MAILS = 640
SEEDS = (1, 2, 3, 4, 5)
#: Not one of SEEDS, so that a rate isn't chosen for a seed that it is then measured by.
SWEEP_SEED = 0


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """Keep what the table shows."""
    training, after = result["training"], result["metrics"]["after"]
    seconds = {phase["name"]: phase["seconds"] for phase in result["phases"]}
    return {
        "accuracy": after["accuracy"]["value"],
        "loss": training["finalLoss"],
        "trainable": training["trainableParameters"],
        "total": training["totalParameters"],
        "trainingSeconds": seconds["Training"],
        "samplesPerSecond": training["samplesPerSecond"],
        "peakMemoryBytes": training["peakMemoryBytes"],
        "device": training["device"],
    }


def sweep(data: Path) -> None:
    """Try every learning rate of every method once, and keep all accuracies and the best rate."""
    found = json.loads(RATES.read_text()) if RATES.exists() else {}
    for name, entry in METHODS.items():
        tried = found.setdefault(name, {"validationAccuracy": {}})["validationAccuracy"]
        for rate in entry["learningRates"]:
            if str(rate) not in tried:
                result = job.run(data, entry["method"], rate, SWEEP_SEED, "validation")
                tried[str(rate)] = result["metrics"]["after"]["accuracy"]["value"]
                print(f"{name} {rate}: {tried[str(rate)]:.2f} %", file=sys.stderr)
            found[name]["chosen"] = max(
                entry["learningRates"][: len(tried)], key=lambda rate: tried.get(str(rate), 0.0)
            )
            RATES.write_text(json.dumps(found, indent=2) + "\n")


def measure(data: Path) -> None:
    """Train each method with each seed; one seed of every method first, so that the machine's mood is shared."""
    rates = json.loads(RATES.read_text())
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in SEEDS:
        for name, entry in METHODS.items():
            runs = results.setdefault(name, {})
            if str(seed) not in runs:
                runs[str(seed)] = figures(job.run(data, entry["method"], rates[name]["chosen"], seed, "test"))
                print(f"{name} seed {seed}: {runs[str(seed)]['accuracy']:.2f} %", file=sys.stderr)
                RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("sweep", "measure"))
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    job.cut(options.data, TRAIN_MAILS)
    {"sweep": sweep, "measure": measure}[options.what](options.data)


if __name__ == "__main__":
    main()

"""Compares the fine-tuning methods on a real model and real mails.

As many runs as the machine has processors go side by side, each with one thread, which wastes none of them. A step's
time is taken from the same runs: every method is timed under the same load.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import job

METHODS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "methods.json").read_text())
RATES = "learning-rates"
RESULTS = "methods"
SEEDS = (1, 2, 3, 4, 5)
#: None of SEEDS, so that a rate isn't chosen for a seed that it is then measured by. Methods whose seeds are far apart
#: have more of their own.
SWEEP_SEEDS = (0,)

#: A method's name, a learning rate and a seed.
Trial = tuple[str, float, int]


def epochs(name: str) -> int:
    """Return how often a method sees the mails: what moves few weights, far from the loss, learns more slowly."""
    return METHODS[name].get("epochs", job.EPOCHS)


def train(data: Path, trials: Iterable[Trial], evaluation: str, keep: Callable[[Trial, dict[str, Any]], None]) -> None:
    """Run the trials side by side, and keep each result when it is there."""

    def one(trial: Trial) -> dict[str, Any]:
        name, rate, seed = trial
        method, passes = METHODS[name]["method"], epochs(name)
        document = job.classification(data, method, rate, seed, evaluation, "Auto", passes)
        return job.run(document, threads=1).result

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pending = {pool.submit(one, trial): trial for trial in trials}
        try:
            for done in as_completed(pending):
                keep(pending[done], done.result())
        finally:
            pool.shutdown(cancel_futures=True)


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """Keep what the table shows."""
    training, after = result["training"], result["metrics"]["after"]
    return {
        "accuracy": after["accuracy"]["value"],
        "loss": training["finalLoss"],
        "trainable": training["trainableParameters"],
        "total": training["totalParameters"],
        "secondsPerStep": job.BATCH_SIZE / training["samplesPerSecond"],
        "peakMemoryBytes": training["peakMemoryBytes"],
        "precision": training["precision"],
        "device": job.device(training),
    }


def sweep(data: Path) -> None:
    """Try every learning rate of every method, and keep all accuracies and the rate with the best mean."""
    found = {name: {"validationAccuracy": {}} for name in METHODS} | job.read(RATES)

    def keep(trial: Trial, result: dict[str, Any]) -> None:
        name, rate, seed = trial
        tried = found[name]["validationAccuracy"]
        accuracy = result["metrics"]["after"]["accuracy"]["value"]
        tried.setdefault(str(rate), {})[str(seed)] = accuracy
        print(f"{name} {rate} seed {seed}: {accuracy:.2f} %", file=sys.stderr)
        rates = [rate for rate in METHODS[name]["learningRates"] if str(rate) in tried]
        found[name] = {
            "validationAccuracy": {str(rate): tried[str(rate)] for rate in rates},
            "chosen": max(rates, key=lambda rate: statistics.fmean(tried[str(rate)].values())),
        }
        job.write(RATES, found)

    trials = [
        (name, rate, seed)
        for name, entry in METHODS.items()
        for rate in entry["learningRates"]
        for seed in entry.get("sweepSeeds", SWEEP_SEEDS)
        if str(seed) not in found[name]["validationAccuracy"].get(str(rate), {})
    ]
    train(data, trials, "validation", keep)


def measure(data: Path) -> None:
    """Train each method with each seed, on the test mails."""
    rates = job.read(RATES)
    results = {name: {} for name in METHODS} | job.read(RESULTS)

    def keep(trial: Trial, result: dict[str, Any]) -> None:
        name, _, seed = trial
        results[name][str(seed)] = figures(result)
        print(f"{name} seed {seed}: {results[name][str(seed)]['accuracy']:.2f} %", file=sys.stderr)
        job.write(RESULTS, results)

    trials = [
        (name, rates[name]["chosen"], seed) for seed in SEEDS for name in METHODS if str(seed) not in results[name]
    ]
    train(data, trials, "test", keep)


def main() -> None:
    """Read the command line."""
    parser = job.arguments(__doc__)
    parser.add_argument("what", choices=("sweep", "measure"))
    options = parser.parse_args()
    job.cut(options.data)
    {"sweep": sweep, "measure": measure}[options.what](options.data)


if __name__ == "__main__":
    main()

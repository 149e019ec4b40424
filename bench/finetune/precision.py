"""Compares training in BF16 and FP16 with FP32: the last epoch's mean loss, over several seeds, on a real model.

Half precision passes if its mean over the seeds is within max(1 %, FP32's own deviation over the seeds) of FP32's. On a
CPU few and short mails are trained on: a product of FP16 matrices takes many times as long there as in FP32.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import job

NAME = "precision"
#: The least tolerance, as a share of FP32's loss.
TOLERANCE = 0.01
MODES = ("FP32", "BF16", "FP16")


def train(options: argparse.Namespace, mode: str, seed: int) -> dict[str, Any]:
    """Train once, and return the figures, the mean loss of the last epoch first."""
    method = {options.method: {}}
    document = job.classification(options.data, method, options.learning_rate, seed, "test", mode, options.epochs)
    document["dataset"]["maxRows"] = options.mails
    document["task"]["maxLength"] = options.max_length
    document["training"]["warmupRatio"] = 0.1
    done = job.run(document, threads=1)
    training, after = done.result["training"], done.result["metrics"]["after"]
    loss = statistics.fmean(line["loss"] for line in done.curve if line["epoch"] > options.epochs - 1)
    print(f"{mode}, seed {seed}: loss {loss:.4f}", flush=True)
    return {
        "loss": loss,
        "skippedSteps": training["skippedSteps"],
        "samplesPerSecond": training["samplesPerSecond"],
        "accuracy": after["accuracy"]["value"],
        "device": job.device(training),
    }


def distances(runs: dict[str, list[dict[str, Any]]]) -> tuple[dict[str, float], float]:
    """Return how far each mode's mean loss is from FP32's, as a share of it, and how far it may be."""
    losses = {mode: [run["loss"] for run in runs[mode]] for mode in MODES}
    base = statistics.fmean(losses["FP32"])
    allowed = max(TOLERANCE, statistics.stdev(losses["FP32"]) / base)
    return {mode: abs(statistics.fmean(losses[mode]) - base) / base for mode in MODES}, allowed


def main() -> int:
    """Train in every mode with every seed."""
    parser = job.arguments(__doc__.partition("\n")[0])
    parser.add_argument("--mails", type=int, default=48, help="how many mails to train on (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the data (default: %(default)s)")
    parser.add_argument("--max-length", type=int, default=32, help="tokens of a mail (default: %(default)s)")
    parser.add_argument("--method", choices=("full", "lora"), default="full", help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=2e-4, help="default: %(default)s")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("a deviation needs two seeds or more")
    job.cut(options.data)
    settings = {name: value for name, value in vars(options).items() if name != "data"}
    runs: dict[str, list[dict[str, Any]]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The slowest first; a processor has no second thread for products in FP16.
        pending = {
            mode: [pool.submit(train, options, mode, seed) for seed in range(1, options.seeds + 1)]
            for mode in reversed(MODES)
        }
        for mode in MODES:
            runs[mode] = [future.result() for future in pending[mode]]
    job.write(NAME, {"settings": settings, "runs": runs})
    found, allowed = distances(runs)
    passed = max(found.values()) <= allowed
    print("passed" if passed else "FAILED: half precision is further from FP32 than allowed")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

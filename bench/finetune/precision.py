"""Compares training in BF16 and FP16 with FP32: the last epoch's mean loss, over several seeds, on a real model.

Half precision passes if its mean over the seeds is within max(1 %, FP32's own deviation over the seeds) of FP32's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hone.contract import JobConfig, ProgressReport
from hone.device import limit_threads

#: The least tolerance, as a share of FP32's loss.
TOLERANCE = 0.01
MODES = ("FP32", "BF16", "FP16")


@dataclass(frozen=True)
class Run:
    """One training."""

    mode: str
    seed: int
    loss: float
    skipped: int
    samples_per_second: float
    peak_memory_bytes: int
    accuracy: float


def train(options: argparse.Namespace, root: Path, mode: str, seed: int) -> Run:
    """Train once, and return the mean loss of the last epoch."""
    from hone.interrupt import Interrupt
    from hone.job import run_job

    name = f"{mode.lower()}{seed}"
    document = {
        "contractVersion": "v1",
        "kind": "FineTuneJob",
        "namespace": "bench",
        "name": "precision",
        "hash": name,
        "model": {"uri": f"file://{options.data}/models/all-minilm-l6-v2"},
        "dataset": {
            "train": {"uri": f"file://{options.data}/data/train.jsonl"},
            "evaluation": {"uri": f"file://{options.data}/data/test.jsonl"},
        },
        "task": {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": options.max_length},
        "method": {options.method: {}},
        "precision": {"mode": mode},
        "training": {
            "epochs": options.epochs,
            "batchSize": 16,
            "learningRate": options.learning_rate,
            "warmupRatio": 0.1,
            "seed": seed,
        },
        "output": {"uri": f"file://{root}"},
    }

    def tell(report: ProgressReport) -> None:
        if report.step and sys.stderr.isatty():
            print(f"\r{name} {report.step}/{report.total_steps} loss {report.loss}   ", end="", file=sys.stderr)

    result = run_job(JobConfig.model_validate_json(json.dumps(document)), tell, Interrupt())
    curve = [json.loads(line) for line in (root / f"precision-{name}" / "loss.jsonl").read_text().splitlines()]
    last = [line["loss"] for line in curve if line["epoch"] > options.epochs - 1 and line["loss"] is not None]
    training, after = result.training, result.metrics.after
    if training is None or after is None or after.accuracy is None:
        raise RuntimeError(f"{name} was not measured")
    run = Run(
        mode,
        seed,
        statistics.fmean(last),
        training.skipped_steps or 0,
        training.samples_per_second or math.nan,
        training.peak_memory_bytes or 0,
        after.accuracy.value,
    )
    print(f"{mode} seed {seed}: loss {run.loss:.5f}, {run.samples_per_second:.1f} samples/s", file=sys.stderr)
    return run


def table(runs: Sequence[Run]) -> tuple[str, bool]:
    """Return the comparison as Markdown, and whether every mode passes."""
    losses = {mode: [run.loss for run in runs if run.mode == mode] for mode in MODES}
    base = statistics.fmean(losses["FP32"])
    allowed = max(TOLERANCE, statistics.stdev(losses["FP32"]) / base)
    lines = [
        "| precision | last epoch's mean loss | deviation over seeds | distance from FP32 | allowed | skipped steps "
        "| samples/s | accuracy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    passed = True
    for mode in MODES:
        of_mode = [run for run in runs if run.mode == mode]
        mean = statistics.fmean(losses[mode])
        distance = abs(mean - base) / base
        passed = passed and distance <= allowed
        lines.append(
            f"| {mode} | {mean:.5f} | {100 * statistics.stdev(losses[mode]) / mean:.2f} % | {100 * distance:.2f} % "
            f"| {100 * allowed:.2f} % | {sum(run.skipped for run in of_mode)} "
            f"| {statistics.fmean(run.samples_per_second for run in of_mode):.1f} "
            f"| {statistics.fmean(run.accuracy for run in of_mode):.1f} % |"
        )
    return "\n".join(lines), passed


def main(argv: Sequence[str] | None = None) -> int:
    """Train in every mode with every seed, and print the table."""
    parser = argparse.ArgumentParser(prog="precision", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="what the example's prepare.py wrote")
    parser.add_argument("--output", type=Path, required=True, help="the file for the figures of each run")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="passes over the data (default: %(default)s)")
    parser.add_argument("--max-length", type=int, default=32, help="tokens of a mail (default: %(default)s)")
    parser.add_argument("--method", choices=("full", "lora"), default="full", help="default: %(default)s")
    parser.add_argument("--learning-rate", type=float, default=5e-5, help="default: %(default)s")
    options = parser.parse_args(argv)
    options.data = options.data.resolve()
    if options.seeds < 2:
        parser.error("a deviation needs two seeds or more")
    limit_threads()
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as folder:
        os.environ["HONE_WORKSPACE"] = folder
        runs = [train(options, Path(folder), mode, seed) for seed in range(1, options.seeds + 1) for mode in MODES]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n", encoding="utf-8")
    text, passed = table(runs)
    print(text)
    print("passed" if passed else "FAILED: half precision is further from FP32 than allowed")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

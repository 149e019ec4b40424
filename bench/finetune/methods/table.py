"""Writes docs/fine-tuning-figures.md from the committed figures."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from scipy import stats

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "fine-tuning-figures.md"
MIB = 1024 * 1024


def mean_interval(values: list[float]) -> tuple[float, float, float]:
    """Return the mean and its 95% interval by Student's t over the seeds."""
    mean = statistics.fmean(values)
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0
    return mean, mean - half, mean + half


def methods() -> list[str]:
    """Return the table of the methods."""
    results: dict[str, dict[str, Any]] = json.loads((HERE / "results.json").read_text())
    rates = json.loads((HERE / "learning-rates.json").read_text())
    base = statistics.fmean(run["accuracy"] for run in results["full"].values())
    seeds = {len(runs) for runs in results.values()}
    device = next(iter(results["full"].values()))["device"]
    lines = [
        f"Accuracy on 2,000 test mails, {' to '.join(str(count) for count in sorted(seeds))} seeds each, on {device}.",
        "",
        "| method | learning rate | accuracy, mean [95% interval over seeds] | against full | trainable share "
        "| training time | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        each = list(runs.values())
        mean, low, high = mean_interval([run["accuracy"] for run in each])
        lines.append(
            f"| {name} | {rates[name]['chosen']:g} | {mean:.2f} % [{low:.2f}, {high:.2f}] | {mean - base:+.2f} points "
            f"| {100 * each[0]['trainable'] / each[0]['total']:.2f} % "
            f"| {statistics.median(run['trainingSeconds'] for run in each):.0f} s "
            f"| {statistics.median(run['peakMemoryBytes'] for run in each) / MIB:.0f} MiB |"
        )
    return lines


def overhead() -> list[str]:
    """Return the sentence on the overhead."""
    rounds = json.loads((HERE / "overhead.json").read_text())
    lines = []
    for figure, what in (("secondsPerStep", "time of a step"), ("peakMemoryBytes", "peak memory")):
        ratios = [each["ours"][figure] / each["bare"][figure] for each in rounds]
        lines.append(
            f"- {what}: {statistics.median(ratios):.3f} times the bare loop's "
            f"(median of {len(ratios)} rounds, {min(ratios):.3f} to {max(ratios):.3f})"
        )
    return lines


def main() -> None:
    """Write the page from whatever has been measured."""
    lines = [
        "# Fine-tuning in figures",
        "",
        "Written by `bench/finetune/methods/run table` from the figures beside it. The model is all-MiniLM-L6-v2,",
        "the data are the mails of `examples/01-spam-filter`: 640 mails to train on, 2 epochs, batch 16, 64 tokens,",
        "BF16. Learning rates were chosen by `run sweep` on 800 other mails with a seed of its own;",
        "`run measure` made the table.",
        "",
    ]
    if (HERE / "results.json").exists():
        lines += ["## Every method", "", *methods(), ""]
    if (HERE / "overhead.json").exists():
        lines += [
            "## Against a bare loop of PyTorch and PEFT",
            "",
            "LoRA of rank 8; `run overhead`:",
            "",
            *overhead(),
            "",
        ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

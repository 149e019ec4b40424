"""Writes docs/fine-tuning-figures.md from the committed figures."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import job
import methods as comparison
import precision
from intervals import mean_interval

PAGE = Path(__file__).parents[2] / "docs" / "fine-tuning-figures.md"
MIB = 1024 * 1024
#: How many points a method may lose against full fine-tuning without being named.
NEAR = 3
#: What is known of methods that stay behind on small models.
KNOWN = (
    "Lester et al. (2021, arXiv:2104.08691) found that prompt tuning reaches full fine-tuning from about ten billion "
    "parameters on, and Liu et al. (2022, arXiv:2110.07602) that it and P-tuning stay behind on models of less; this "
    "model has 23 million. Petrov et al. (2024, arXiv:2310.19698) show that prefixes cannot change how attention is "
    "divided among the words, but only shift what comes out of it, so that they can do less than full fine-tuning."
)


def methods() -> list[str]:
    """Return the table of the methods."""
    results: dict[str, dict[str, Any]] = job.read("methods")
    if not results:
        return []
    rates = job.read("learning-rates")
    accuracies = {name: mean_interval([run["accuracy"] for run in runs.values()]) for name, runs in results.items()}
    base = accuracies["full"][0]
    one = next(iter(results["full"].values()))
    lines = [
        "## Every method",
        "",
        f"all-MiniLM-L6-v2 on the mails of `examples/01-spam-filter`: {job.TRAIN_MAILS} mails to train on, "
        f"batch {job.BATCH_SIZE}, {job.MAX_LENGTH} tokens, {one['precision']}; accuracy on 1,000 test mails.",
        "Learning rates were chosen on 640 other mails, with seeds of their own (`bench/finetune/run sweep`, all of "
        "them in `bench/finetune/figures/learning-rates.json`).",
        f"{' to '.join(map(str, sorted({len(runs) for runs in results.values()})))} seeds each, on {one['device']} "
        "(`bench/finetune/run measure`). The time of a step and the peak of the resident memory are medians over the "
        "seeds, of one thread beside as many other runs as fill the machine.",
        "",
        "| method | learning rate | epochs | accuracy, mean [95% interval over seeds] | against full | trainable share "
        "| time of a step | peak memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        each = list(runs.values())
        mean, low, high = accuracies[name]
        seconds, peak = (statistics.median(run[it] for run in each) for it in ("secondsPerStep", "peakMemoryBytes"))
        share = each[0]["trainable"] / each[0]["total"]
        lines.append(
            f"| {name} | {rates[name]['chosen']:g} | {comparison.epochs(name)} "
            f"| {mean:.2f} % [{low:.2f}, {high:.2f}] | {mean - base:+.2f} points "
            f"| {100 * share:.2f} % | {1000 * seconds:.0f} ms | {peak / MIB:.0f} MiB |"
        )
    beyond = [name for name in results if base - accuracies[name][0] > NEAR]
    lines += ["", f"More than {NEAR} points below full fine-tuning: {', '.join(beyond) or 'none'}.", KNOWN]
    return [*lines, ""]


def overhead() -> list[str]:
    """Return the sentences on the overhead."""
    rounds = job.read("overhead")
    if not rounds:
        return []
    lines = [
        "## Against a bare loop of PyTorch and PEFT",
        "",
        f"LoRA of rank 8 in BF16, on {rounds[0]['ours']['device']} (`bench/finetune/run overhead`):",
        "",
    ]
    for figure, what, other, whose in (
        ("secondsPerStep", "time of a step", "bare", "the bare loop's"),
        ("peakMemoryBytes", "peak memory", "bare", "the bare loop's"),
        (
            "secondsPerStep",
            "time of a step",
            "spinning",
            "that of the bare loop with OpenMP's default, where threads that wait for one another look 300,000 times; "
            "Hone's look 10,000 times and go to sleep, for beside a busy neighbor looking on costs many times as much",
        ),
    ):
        ratios = [each["ours"][figure] / each[other][figure] for each in rounds]
        lines.append(
            f"- {what}: {statistics.median(ratios):.3f} times {whose} "
            f"(median of {len(ratios)} rounds, {min(ratios):.3f} to {max(ratios):.3f})"
        )
    return [*lines, ""]


def precisions() -> list[str]:
    """Return the table of the precisions."""
    found = job.read(precision.NAME)
    if not found:
        return []
    settings, runs = found["settings"], found["runs"]
    distances, allowed = precision.distances(runs)
    lines = [
        "## Half precision against FP32",
        "",
        f"MiniLM, {settings['method']}, {settings['mails']} mails of {settings['max_length']} tokens, "
        f"{settings['epochs']} epochs, {settings['seeds']} seeds each, on {runs['FP32'][0]['device']}",
        f"(`bench/finetune/run precision`). The last epoch's mean loss may be {100 * allowed:.2f} % from FP32's: "
        "1 %, or FP32's own deviation over the seeds.",
        "",
        "| precision | last epoch's mean loss | deviation over seeds | distance from FP32 | skipped steps | accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for mode, each in runs.items():
        losses = [run["loss"] for run in each]
        mean = statistics.fmean(losses)
        lines.append(
            f"| {mode} | {mean:.5f} | {100 * statistics.stdev(losses) / mean:.2f} % | {100 * distances[mode]:.2f} % "
            f"| {sum(run['skippedSteps'] or 0 for run in each)} "
            f"| {statistics.fmean(run['accuracy'] for run in each):.1f} % |"
        )
    return [*lines, ""]


def language() -> list[str]:
    """Return the sentence on the language model."""
    found = job.read("language")
    if not found:
        return []
    before, after = (
        f"{each['value']:.1f} [{each['low']:.1f}, {each['high']:.1f}]" for each in (found["before"], found["after"])
    )
    base = found["quantizedBase"]
    return [
        "## QLoRA on a language model",
        "",
        f"SmolLM2-135M-Instruct out of its GGUF, {found['steps']} steps of {found['batchSize']} mails as plain text, "
        f"on {found['device']} (`bench/finetune/run language`):",
        f"perplexity on held-out mails {before} before and {after} after. {found['trainable']:,} of {found['total']:,} "
        "parameters are trained;",
        f"the quantized linear weights take {base['linearRatio']:.3f} of what they take in BF16, the whole model "
        f"{base['modelRatio']:.3f}. Peak memory {found['peakMemoryBytes'] / MIB:.0f} MiB.",
        "",
    ]


def main() -> None:
    """Write the page from whatever has been measured."""
    parts = [methods(), overhead(), precisions(), language()]
    head = ["# Fine-tuning in figures", "", "Written by `bench/finetune/run table` from `bench/finetune/figures`.", ""]
    text = "\n".join([*head, *(line for part in parts for line in part)])
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

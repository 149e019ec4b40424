"""Trains a small image classifier with a teacher and without one, over five seeds, and compares them on the same rows.

Both students start from the same weights and see the same images in the same order; without a teacher alpha is 0, so
that the labels alone count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from hone_run import Document, hone_run
from intervals import mean_interval
from transformers import AutoModelForImageClassification, ResNetConfig

import tiny_images

FIGURES = Path(__file__).parent / "figures" / "distill.json"
TEACHER_IMAGES, STUDENT_IMAGES, TEST_IMAGES = 1000, 200, 797
TEMPERATURE, ALPHA = 4.0, 0.9


def resnet(widths: list[int], depths: list[int]) -> ResNetConfig:
    """Return a residual network for gray images of 28 x 28 pixels and ten classes."""
    return ResNetConfig(
        num_channels=1, embedding_size=widths[0], hidden_sizes=widths, depths=depths, layer_type="basic",
        downsample_in_first_stage=False, num_labels=10,
    )  # fmt: skip


def save(folder: Path, config: ResNetConfig, seed: int) -> Path:
    """Save a network with weights drawn from a seed."""
    torch.manual_seed(seed)
    tiny_images.save_configuration(folder, config)
    AutoModelForImageClassification.from_config(config).save_pretrained(folder)
    return folder


def write_digits(folder: Path) -> None:
    """Write the images: many to train on, a few of them, and those of the test."""
    digits = tiny_images.digits(TEACHER_IMAGES + TEST_IMAGES)
    tiny_images.write_folder(folder / "many", digits[:TEACHER_IMAGES])
    tiny_images.write_folder(folder / "few", digits[:STUDENT_IMAGES])
    tiny_images.write_folder(folder / "test", digits[TEACHER_IMAGES:])


def job(folder: Path, train: str, model: Path) -> Document:
    """Return what the jobs have in common."""
    return {
        "output": {"uri": f"file://{folder}/output"},
        "model": {"uri": f"file://{model}"},
        "task": {"type": "ImageClassification", "labels": tiny_images.NAMES},
        "dataset": {
            "train": {"uri": f"file://{folder}/{train}"},
            "evaluation": {"uri": f"file://{folder}/test"},
            "columns": {"image": "image", "label": "label"},
        },
    }


def train(folder: Path, name: str, seed: int) -> Document:
    """Train a network of 171,114 weights on many images; its model is in output/NAME-run/model."""
    document = {
        **job(folder, "many", save(folder / f"new-{name}", resnet([32, 64], [2, 2]), seed)),
        "method": {"full": {}},
        "training": {"epochs": 15, "batchSize": 32, "learningRate": 0.002, "seed": seed},
    }
    return hone_run(folder, "FineTuneJob", name, document)


def measure(folder: Path, seeds: int) -> Document:
    """Train the teacher once and two students for each seed; return their accuracies in percent."""
    write_digits(folder)
    teacher = train(folder, "teacher", 0)
    found: Document = {
        "teacher": {
            "accuracy": teacher["metrics"]["after"]["accuracy"]["value"],
            "parameters": teacher["training"]["totalParameters"],
        },
        "device": teacher["training"]["device"],
        "students": [],
    }
    for seed in range(1, seeds + 1):
        student = save(folder / f"small-{seed}", resnet([8, 16], [1, 1]), seed)
        pair: Document = {"seed": seed}
        for title, alpha in (("with", ALPHA), ("without", 0.0)):
            step = {
                "teacher": {"uri": f"file://{folder}/output/teacher-run/model"},
                "temperature": TEMPERATURE,
                "alpha": alpha,
                "training": {"epochs": 30, "batchSize": 16, "learningRate": 0.005, "seed": seed},
            }
            document = {**job(folder, "few", student), "steps": [{"distill": step}], "export": {"onnx": {}}}
            result = hone_run(folder, "CompressionJob", f"{title}-{seed}", document)
            pair[title] = result["metrics"]["after"]["accuracy"]["value"]
            pair["parameters"] = result["steps"][0]["parameters"]
        print(json.dumps(pair), file=sys.stderr, flush=True)
        found["students"].append(pair)
    return found


def table(found: Document) -> str:
    """Return the figures as a table in Markdown, with the interval of the paired difference."""
    gains = [pair["with"] - pair["without"] for pair in found["students"]]
    mean, low, high = mean_interval(gains)
    lines = ["| seed | without a teacher | with a teacher | gain in points |", "|---|---|---|---|"]
    lines += [
        f"| {pair['seed']} | {pair['without']:.2f} | {pair['with']:.2f} | {gain:+.2f} |"
        for pair, gain in zip(found["students"], gains, strict=True)
    ]
    without, taught = (statistics.fmean(pair[key] for pair in found["students"]) for key in ("without", "with"))
    lines.append(f"| mean | {without:.2f} | {taught:.2f} | {mean:+.2f} [{low:.2f}, {high:.2f}] |")
    return "\n".join(lines)


def main() -> None:
    """Measure, keep the figures, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true", help="print the kept figures, and measure nothing")
    options = parser.parse_args()
    if not options.table:
        with tempfile.TemporaryDirectory(prefix="hone-bench-") as folder:
            found = measure(Path(folder), 5)
        FIGURES.parent.mkdir(exist_ok=True)
        FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    print(table(json.loads(FIGURES.read_text())))


if __name__ == "__main__":
    main()

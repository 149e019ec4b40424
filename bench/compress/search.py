"""Searches a recipe for a residual network on scikit-learn's digits, five seeds: the smallest for a point at most."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from distill import TEACHER_IMAGES, Document, common, resnet, run, save

import tiny_images

FIGURES = Path(__file__).parent / "figures" / "search-digits.json"
TEST_IMAGES = 797
MAX_DROP = 1.0


def search(folder: Path, seed: int, trials: int) -> Document:
    """Train a network, search, and return what the chosen recipe makes of it."""
    trained = run(
        folder,
        f"trained-{seed}",
        "FineTuneJob",
        {
            **common(folder, "many", save(folder / f"new-{seed}", resnet([32, 64], [2, 2]), seed)),
            "method": {"full": {}},
            "training": {"epochs": 15, "batchSize": 32, "learningRate": 0.002, "seed": seed},
        },
    )
    document = common(folder, "many", folder / f"output/trained-{seed}-run/model")
    document["dataset"]["calibration"] = document["dataset"]["train"]
    result = run(
        folder,
        f"search-{seed}",
        "CompressionJob",
        {
            **document,
            "search": {"objective": "Smallest", "trials": trials},
            "gate": {"maxAccuracyDrop": MAX_DROP},
            "export": {"onnx": {}},
        },
    )
    comparison = result["metrics"]["comparison"]
    chosen = next(point for point in result["search"]["points"] if point["trial"] == result["search"]["selected"])
    return {
        "seed": seed,
        "before": trained["metrics"]["after"]["accuracy"]["value"],
        "after": result["metrics"]["after"]["accuracy"]["value"],
        "drop": comparison["accuracyDrop"]["value"],
        "smaller": 1 / comparison["sizeRatio"],
        "faster": comparison["speedup"]["value"],
        "recipe": chosen["recipe"],
        "trials": result["search"]["trials"],
        "seconds": result["search"]["seconds"],
    }


def table(found: list[Document]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| seed | accuracy | points lost | smaller | faster | recipe |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one['seed']} | {one['before']:.2f} → {one['after']:.2f} | {one['drop']:.2f} | {one['smaller']:.1f}x "
        f"| {one['faster']:.2f}x | {one['recipe']} |"
        for one in found
    ]
    names = ("before", "after", "drop", "smaller", "faster")
    mean = {name: statistics.fmean(one[name] for one in found) for name in names}
    lines.append(
        f"| mean | {mean['before']:.2f} → {mean['after']:.2f} | {mean['drop']:.2f} | {mean['smaller']:.1f}x "
        f"| {mean['faster']:.2f}x | |"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure, keep the figures after each seed, and print them; seeds that are kept already are not measured again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24, help="recipes to try for each seed (default: %(default)s)")
    options = parser.parse_args()
    found: list[Document] = json.loads(FIGURES.read_text()) if FIGURES.exists() else []
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as name:
        folder = Path(name)
        digits = tiny_images.digits(TEACHER_IMAGES + TEST_IMAGES)
        tiny_images.write_folder(folder / "many", digits[:TEACHER_IMAGES])
        tiny_images.write_folder(folder / "test", digits[TEACHER_IMAGES:])
        for seed in range(len(found) + 1, 6):
            found.append(search(folder, seed, options.trials))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
            FIGURES.parent.mkdir(exist_ok=True)
            FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()

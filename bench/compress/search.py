"""Searches a recipe for a residual network on scikit-learn's digits, five seeds: the smallest for a point at most."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from distill import Document, job, train, write_digits
from hone_run import hone_run

FIGURES = Path(__file__).parent / "figures" / "search-digits.json"
MAX_DROP = 1.0


def search(folder: Path, seed: int, trials: int) -> Document:
    """Train a network, search, and return what the chosen recipe makes of it."""
    trained = train(folder, f"trained-{seed}", seed)
    document = job(folder, "many", folder / f"output/trained-{seed}-run/model")
    document["dataset"]["calibration"] = document["dataset"]["train"]
    document |= {
        "search": {"objective": "Smallest", "trials": trials},
        "gate": {"maxAccuracyDrop": MAX_DROP},
        "export": {"onnx": {}},
    }
    result = hone_run(folder, "CompressionJob", f"search-{seed}", document)
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
        write_digits(folder)
        for seed in range(len(found) + 1, 6):
            found.append(search(folder, seed, options.trials))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
            FIGURES.parent.mkdir(exist_ok=True)
            FIGURES.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()

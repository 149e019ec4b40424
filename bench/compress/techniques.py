"""Compresses a model by every technique on its own, and keeps what each costs and brings."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from hone_run import Document, hone_run
from technique_cases import CASES, SEED, Case, Technique

from hone.evaluate.latency import device_name

FIGURES = Path(__file__).parent / "figures"

#: Steps that train, of those that are tried.
_TRAINED = ("prune", "distill")


def figures(name: str) -> Path:
    """Return the file that the figures of a case are kept in."""
    return FIGURES / f"techniques-{name}.json"


def compress(case: Case, folder: Path, number: int, technique: Technique) -> Document:
    """Run a job with a technique, and return what it measured."""
    job = f"technique-{number}"
    steps = [
        {kind: {**options, "training": case.training} if kind in _TRAINED else options}
        for step in technique.steps
        for kind, options in step.items()
    ]
    result = hone_run(
        folder,
        "CompressionJob",
        job,
        {
            "model": {"uri": f"file://{folder}/output/trained-{SEED}-run"},
            "dataset": case.dataset(folder),
            "steps": steps,
            "export": technique.export,
            "output": {"uri": f"file://{folder}/output"},
        },
    )
    shutil.rmtree(folder / f"output/{job}-run")
    shutil.rmtree(folder / f"workspace-{job}")
    return {**result["metrics"], "steps": result.get("steps", []), "parity": result["export"]["parity"]}


def main() -> None:
    """Measure, and keep the figures after each technique."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=CASES)
    parser.add_argument("--folder", type=Path, required=True, help="where all of it happens; mails lie there already")
    options = parser.parse_args()
    case, path = CASES[options.what], figures(options.what)
    found: Document = json.loads(path.read_text()) if path.exists() else {"device": device_name(), "techniques": {}}
    case.data(options.folder)
    case.train(options.folder, SEED)
    for number, (title, technique) in enumerate(case.techniques.items()):
        if title in found["techniques"]:
            continue
        one = compress(case, options.folder, number, technique)
        found["techniques"][title] = one
        print(json.dumps({title: one["comparison"]}), file=sys.stderr, flush=True)
        FIGURES.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

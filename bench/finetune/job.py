"""One FineTuneJob of the benchmark, run in a process of its own so that its peak memory is its own."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone_run import Document, hone_run

from hone.evaluate.latency import device_name

BATCH_SIZE = 16
EPOCHS = 2
MAX_LENGTH = 64
TRAIN_MAILS = 512
FIGURES = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Done:
    """What a run printed, and the steps of its curve: the lines of loss.jsonl that have a loss."""

    result: Document
    curve: list[Document] = field(repr=False)


def classification(
    data: Path,
    method: Document,
    learning_rate: float,
    seed: int,
    evaluation: str,
    precision: str,
    epochs: int = EPOCHS,
) -> Document:
    """Return the job of a spam filter; `evaluation` names the file of the mails that are measured."""
    return {
        "model": {"uri": f"file://{data}/models/all-minilm-l6-v2"},
        "dataset": {
            "train": {"uri": f"file://{data}/data/few.jsonl"},
            "evaluation": {"uri": f"file://{data}/data/{evaluation}.jsonl"},
        },
        "task": {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": MAX_LENGTH},
        "method": method,
        "precision": {"mode": precision},
        "training": {
            "epochs": epochs,
            "batchSize": BATCH_SIZE,
            "learningRate": learning_rate,
            "warmupRatio": 0.06,
            "seed": seed,
        },
    }


def run(job: Document, *, merge: bool = True, threads: int | None = None) -> Done:
    """Run a FineTuneJob with a number of threads, by default one for each processor, and return its curve too."""
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as folder:
        output = {"uri": f"file://{folder}/output", "merge": merge}
        result = hone_run(Path(folder), "FineTuneJob", "bench", {**job, "output": output}, threads=threads)
        lines = (Path(folder) / "output/bench-run/loss.jsonl").read_text().splitlines()
    curve = [line for line in map(json.loads, lines) if line.get("loss") is not None]
    return Done(result, curve)


def device(training: Document) -> str:
    """Return the name of the device that a run had; of a processor its model, which a run does not tell."""
    return device_name() if training["device"] == "cpu" else str(training["device"])


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return what every measurement is told on its command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="what the example's prepare.py wrote")
    return parser


def cut(data: Path) -> None:
    """Divide the training mails into few.jsonl, to train on, and validation.jsonl, to choose learning rates by.

    The first of few.jsonl are in some.jsonl too, for runs whose answers nobody looks at.
    """
    lines = (data / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for name, chosen in (("few", lines[:TRAIN_MAILS]), ("validation", lines[TRAIN_MAILS:]), ("some", lines[:16])):
        (data / "data" / f"{name}.jsonl").write_text("".join(chosen), encoding="utf-8")


def read(name: str) -> Any:  # noqa: ANN401 - a figure's own shape
    """Return the figures that were measured so far; an empty document if there are none."""
    path = FIGURES / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write(name: str, figures: Any) -> None:  # noqa: ANN401 - a figure's own shape
    """Keep figures."""
    FIGURES.mkdir(exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")

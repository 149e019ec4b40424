"""One FineTuneJob of the benchmark, run in a process of its own so that its peak memory is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BATCH_SIZE = 16
EPOCHS = 2
MAX_LENGTH = 64


def document(
    data: Path, output: Path, method: dict[str, Any], learning_rate: float, seed: int, evaluation: str
) -> dict[str, Any]:
    """Return the job configuration; `evaluation` names the file of the mails that are measured."""
    return {
        "contractVersion": "v1",
        "kind": "FineTuneJob",
        "namespace": "bench",
        "name": "methods",
        "hash": f"seed{seed}",
        "model": {"uri": f"file://{data}/models/all-minilm-l6-v2"},
        "dataset": {
            "train": {"uri": f"file://{data}/data/few.jsonl"},
            "evaluation": {"uri": f"file://{data}/data/{evaluation}.jsonl"},
        },
        "task": {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": MAX_LENGTH},
        "method": method,
        "precision": {"mode": "BF16"},
        "training": {
            "epochs": EPOCHS,
            "batchSize": BATCH_SIZE,
            "learningRate": learning_rate,
            "warmupRatio": 0.06,
            "seed": seed,
        },
        "output": {"uri": f"file://{output}", "merge": True},
    }


def run(data: Path, method: dict[str, Any], learning_rate: float, seed: int, evaluation: str) -> dict[str, Any]:
    """Run `hone run` and return its result; a run that fails ends the benchmark with its words."""
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as folder:
        config = Path(folder) / "job.json"
        config.write_text(json.dumps(document(data, Path(folder) / "output", method, learning_rate, seed, evaluation)))
        environment = os.environ | {"HONE_WORKSPACE": f"{folder}/workspace"}
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "hone", "run", "--config", str(config)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        sys.exit(f"hone run failed for {method}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cut(data: Path, train: int) -> None:
    """Divide the training mails into few.jsonl, to train on, and validation.jsonl, to choose learning rates by."""
    lines = (data / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (data / "data" / "few.jsonl").write_text("".join(lines[:train]), encoding="utf-8")
    (data / "data" / "validation.jsonl").write_text("".join(lines[train:]), encoding="utf-8")

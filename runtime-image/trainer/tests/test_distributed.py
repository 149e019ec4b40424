"""Several processes that train together over gloo, started as a pod starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tiny
from hone.contract import RunResult

SOURCE = str(Path(__file__).parents[1] / "src")
TRAINING = {"steps": 4, "learningRate": 0.01, "seed": 1, "schedule": "Constant", "weightDecay": 0.01}
TWO = {"nodes": 1, "processesPerNode": 2}
FULL = {"method": {"full": {}}}


@pytest.fixture
def exact(bench):
    """Without dropout and with texts of equal length: a mean of two means is the mean only then."""
    path = bench.claim / "models/tiny/config.json"
    config = json.loads(path.read_bytes())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    path.write_text(json.dumps(config))
    rows = [{**row, "text": " ".join(row["text"].split()[:5])} for row in tiny.mails(96, seed=1)]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    return bench


def command(config: Path) -> list[str]:
    return [sys.executable, "-m", "hone", "run", "--config", str(config)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCE, **more}


def shared(bench, tmp_path: Path, **changes) -> RunResult:
    """Run in a pod of two processes."""
    config = bench.write_config(tmp_path / "job.json", distributed=TWO, **changes)
    done = subprocess.run(command(config), env=environment(), capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return RunResult.model_validate_json(done.stdout)


def losses(bench, run_hash: str) -> list[float]:
    return [json.loads(line)["loss"] for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]


def weights(bench, run_hash: str, name: str = "model/model.safetensors") -> dict[str, torch.Tensor]:
    return load_file(bench.artifact(run_hash) / name)


def assert_same_training(bench, one: str, other: str) -> None:
    assert losses(bench, one) == pytest.approx(losses(bench, other), abs=1e-6)
    mine, theirs = weights(bench, one), weights(bench, other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        torch.testing.assert_close(tensor, theirs[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("strategy", ["DDP", "FSDP2"])
def test_two_processes_train_as_one_with_twice_the_batch(exact, tmp_path, strategy):
    exact.run(**FULL, hash="one", training={**TRAINING, "batchSize": 8})
    training = {**TRAINING, "batchSize": 4, "strategy": strategy}
    result = shared(exact, tmp_path, **FULL, hash="two", training=training)
    assert_same_training(exact, "two", "one")
    assert result.training.steps == 4
    assert result.metrics.after.samples == 64

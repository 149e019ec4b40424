"""Runs that are killed at random moments go on as if nothing had been: loss by loss, bit for bit."""

import json
import random

import pytest
import torch
from safetensors.torch import load_file

from hone.training.checkpoints import latest_whole, step_of
from killing import Killable, last_step

KINDS = {
    "full": {"method": {"full": {}}},
    "lora": {"method": {"lora": {"rank": 4, "dropout": 0.1}}},
    "bf16": {"precision": {"mode": "BF16"}},
    # The scale is too high at first, and grows again: skipped steps and the scale's growth are part of the state.
    "fp16": {"precision": {"mode": "FP16", "initialLossScale": 2.0**24, "lossScaleGrowthInterval": 5}},
    "accumulation": {"training": {"batchSize": 4, "gradientAccumulationSteps": 3}},
}
STEPS = 30
KILLS = 2


def configured(bench, kind: str, run_hash: str) -> bytes:
    changes = dict(KINDS[kind])
    training = {"steps": STEPS, "batchSize": 8, "learningRate": 0.01, "seed": 1, **changes.pop("training", {})}
    changes |= {"training": training, "checkpoint": {"everySteps": 4}, "evaluation": {"everySteps": 6}}
    return bench.config(**changes, hash=run_hash).to_json()


def series(bench, run_hash: str) -> list[dict]:
    return [json.loads(line) for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_at_random_moments_computes_the_same(bench, kind):
    assert Killable(configured(bench, kind, "whole")).wait() == 0

    draw = random.Random(kind)
    root = bench.claim / "artifacts/.checkpoints/tiny-killed"
    killed = configured(bench, kind, "killed")
    lost = 0
    for moment in sorted(draw.sample(range(3, STEPS - 3), KILLS)):
        run = Killable(killed)
        run.kill_when(lambda: last_step(root / "journal.jsonl") >= moment, delay=draw.uniform(0, 0.03))  # noqa: B023
        checkpoint = latest_whole(root)
        lost += last_step(root / "journal.jsonl") - (step_of(checkpoint) if checkpoint else 0)
    assert Killable(killed).wait() == 0

    whole, resumed = series(bench, "whole"), series(bench, "killed")
    assert [line["step"] for line in resumed if "loss" in line] == list(range(1, STEPS + 1))
    assert resumed == whole
    if kind == "fp16":
        assert any(line.get("skipped") for line in whole)
    weights, others = (
        load_file(bench.artifact(run_hash) / "model/model.safetensors") for run_hash in ("whole", "killed")
    )
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    manifest = json.loads((bench.artifact("killed") / "manifest.json").read_bytes())
    assert manifest["resumes"] == {"count": KILLS, "lostSteps": lost}
    assert manifest["training"]["threads"] == 1


@pytest.mark.timeout(600)
def test_a_full_disk_leaves_the_last_checkpoint_whole_and_the_run_says_so(bench):
    model = (bench.claim / "models/tiny/model.safetensors").stat().st_size
    # Room for the weights, but not for the optimizer's state, which is twice as large.
    limit = model * 3 // 2
    training = {"steps": STEPS, "batchSize": 8, "learningRate": 0.001, "seed": 1}
    config = bench.config(method={"full": {}}, training=training, checkpoint={"everySteps": 4}, hash="full")
    root = bench.claim / "artifacts/.checkpoints/tiny-full"
    run = Killable(config.to_json(), full_disk=(10, limit))
    run.kill_when(lambda: last_step(root / "journal.jsonl") >= 18, delay=0.0)
    assert latest_whole(root).name == "checkpoint-8"
    assert {path.name for path in root.iterdir()} <= {"checkpoint-4", "checkpoint-8", ".partial", "journal.jsonl"}

    assert Killable(config.to_json(), full_disk=(9, limit)).wait() == 0
    manifest = json.loads((bench.artifact("full") / "manifest.json").read_bytes())
    assert manifest["training"]["resumedFromStep"] == 8
    (warning,) = manifest["warnings"]
    assert warning.startswith("The checkpoint of step 28 could not be written") or "step 30" in warning
    assert "the last whole one is that of step 8" in warning
    assert "Give the output's volume more room" in warning

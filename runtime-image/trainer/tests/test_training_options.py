"""Every option of spec.training does what it says, seen in what the run leaves behind."""

import json
import math
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file
from transformers.models.bert import modeling_bert

FULL = {"full": {}}
STEPS = 8


def train(bench, run_hash: str, **training):
    method = training.pop("method", FULL)
    precision = training.pop("precision", {"mode": "FP32"})
    options = {"steps": STEPS, "batchSize": 8, "learningRate": 0.001, "seed": 1, **training}
    return bench.run(method=method, training=options, precision=precision, hash=run_hash)


def lines(bench, run_hash: str) -> list[dict]:
    return [json.loads(line) for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]


def rates(bench, run_hash: str) -> list[float]:
    return [line["learningRate"] / 0.001 for line in lines(bench, run_hash)]


def weights(bench, run_hash: str) -> dict[str, torch.Tensor]:
    return load_file(bench.artifact(run_hash) / "model/model.safetensors")


@pytest.mark.parametrize(
    ("schedule", "warmup", "rate"),
    [
        ("Linear", 2, lambda share: 1 - share),
        ("Cosine", 2, lambda share: (1 + math.cos(math.pi * share)) / 2),
        ("Polynomial", 2, lambda share: 1 - share),
        ("ConstantWithWarmup", 2, lambda share: 1.0),
        ("Constant", 0, lambda share: 1.0),
    ],
)
def test_the_learning_rate_follows_the_schedule(bench, schedule, warmup, rate):
    options = {"warmupSteps": warmup} if warmup else {}
    train(bench, "run", schedule=schedule, **options)
    expected = [step / warmup if step < warmup else rate((step - warmup) / (STEPS - warmup)) for step in range(STEPS)]
    # Polynomial ends at 1e-7, not at zero.
    assert rates(bench, "run") == pytest.approx(expected, abs=2e-4)


def test_a_warm_up_is_a_share_of_the_steps_or_a_number_of_them(bench):
    train(bench, "share", warmupRatio=0.25)
    train(bench, "steps", warmupSteps=2)
    assert rates(bench, "share") == rates(bench, "steps")
    assert rates(bench, "steps")[:3] == pytest.approx([0.0, 0.5, 1.0])


def test_weight_decay_shrinks_weights_and_leaves_biases_and_norms_alone(bench):
    train(bench, "none", steps=1, schedule="Constant")
    train(bench, "decay", steps=1, schedule="Constant", weightDecay=0.5)
    before = load_file(bench.claim / "models/tiny/model.safetensors")
    plain, decayed = weights(bench, "none"), weights(bench, "decay")
    for name in before:
        there = f"bert.{name}"
        exempt = name.endswith(".bias") or "LayerNorm" in name
        expected = plain[there] if exempt else plain[there] - 0.001 * 0.5 * before[name]
        torch.testing.assert_close(decayed[there], expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("limit", "clipped"), [(0.01, True), (0, False)])
def test_gradients_are_clipped_to_the_norm_and_zero_turns_it_off(bench, monkeypatch, limit, clipped):
    norms = []
    step = torch.optim.AdamW.step

    def noting(self, *arguments, **options):
        gradients = [parameter.grad for group in self.param_groups for parameter in group["params"]]
        norms.append(float(torch.stack([g.norm() for g in gradients if g is not None]).norm()))
        return step(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", noting)
    train(bench, "run", maxGradNorm=limit)
    assert len(norms) == STEPS
    assert (max(norms) <= 0.01001) == clipped


@pytest.mark.parametrize("method", [FULL, {"lora": {"rank": 4}}], ids=["full", "lora"])
def test_gradient_checkpointing_computes_activations_again_and_gives_the_same(bench, monkeypatch, method):
    calls = []
    forward = modeling_bert.BertSelfAttention.forward

    def counting(self, *arguments, **options):
        calls.append(self.training)
        return forward(self, *arguments, **options)

    monkeypatch.setattr(modeling_bert.BertSelfAttention, "forward", counting)
    count = {}
    for run_hash, again in (("plain", False), ("again", True)):
        calls.clear()
        train(bench, run_hash, method=method, gradientCheckpointing=again)
        count[again] = sum(calls)
    assert count == {False: 2 * STEPS, True: 2 * 2 * STEPS}
    assert [line["loss"] for line in lines(bench, "plain")] == [line["loss"] for line in lines(bench, "again")]
    assert all(torch.equal(weights(bench, "plain")[name], tensor) for name, tensor in weights(bench, "again").items())


def test_the_schedule_waits_for_skipped_steps(bench):
    result = train(bench, "run", steps=30, precision={"mode": "FP16", "initialLossScale": 2.0**24})
    curve = lines(bench, "run")
    skipped = [bool(line.get("skipped")) for line in curve]
    assert result.training.skipped_steps == sum(skipped)
    assert 0 < sum(skipped) < 15
    for line, following in pairwise(curve):
        assert (following["learningRate"] == line["learningRate"]) == bool(line.get("skipped"))


@pytest.mark.parametrize("limit", [0.5, 0])
@pytest.mark.parametrize("precision", [{"mode": "BF16"}, {"mode": "FP16", "initialLossScale": 2.0**24}])
def test_clipping_and_unscaling_at_once_trains_as_one_after_the_other(bench, monkeypatch, precision, limit):
    options = {"steps": 30, "precision": precision, "maxGradNorm": limit}
    apart = train(bench, "apart", **options)
    monkeypatch.setattr("hone.training.trainer.at_once", lambda _: True)
    at_once = train(bench, "once", **options)
    kernels = [kernel.operation for kernel in at_once.training.kernels or []]
    assert kernels == ([] if precision["mode"] == "BF16" and not limit else ["unscale_and_clip"])
    assert at_once.training.skipped_steps == apart.training.skipped_steps
    assert bool(apart.training.skipped_steps) == (precision["mode"] == "FP16")
    for ours, plain in zip(lines(bench, "once"), lines(bench, "apart"), strict=True):
        assert ours.get("skipped") == plain.get("skipped")
        assert ours["loss"] == pytest.approx(plain["loss"], rel=1e-3)


def test_the_result_says_what_was_used(bench):
    training = train(bench, "run").training
    assert training.device == "cpu"
    assert training.threads == torch.get_num_threads() == 1
    assert training.samples_per_second > 0
    assert training.peak_memory_bytes > 100_000_000
    assert training.precision == "FP32"
    assert [point.step for point in training.last_points] == list(range(1, STEPS + 1))
    assert training.last_points[-1].loss == training.final_loss == lines(bench, "run")[-1]["loss"]


def test_a_training_of_which_most_steps_are_skipped_says_so(bench):
    result = train(bench, "run", precision={"mode": "FP16", "initialLossScale": 2.0**30})
    assert any("steps were skipped" in warning and "BF16" in warning for warning in result.warnings)

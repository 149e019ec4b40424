"""What holds for every method, on every architecture."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import hone.finetune
import tiny
from architectures import ARCHITECTURES
from conftest import Workbench
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.methods import attach
from hone.models import from_pretrained
from method_trials import METHODS, SMALL, Trial, bits, fits, frozen, trained
from test_compress import compression

PAIRS = [(architecture, method) for architecture in ARCHITECTURES for method in METHODS if fits(architecture, method)]


@pytest.mark.parametrize(("architecture", "method"), PAIRS, ids=lambda name: name)
def test_only_what_is_trained_changes_and_the_saved_model_answers_as_the_trained_one(tmp_path, architecture, method):
    trial = Trial.start(tmp_path, architecture, METHODS[method])
    untouched, before = bits(frozen(trial.network)), bits(trained(trial.network))
    assert bool(untouched) == (method in SMALL)
    trial.train()
    assert bits(frozen(trial.network)) == untouched
    after = bits(trained(trial.network))
    assert [name for name in before if before[name] == after[name]] == []

    logits = trial.logits()
    trial.save(tmp_path / "out")
    if method in SMALL:
        attached = attach(trial.architecture.load(trial.base), tmp_path / "out/adapter")
        assert torch.equal(trial.logits(attached), logits)
    whole, info = from_pretrained(trial.architecture.auto, tmp_path / "out/model")
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    if method.startswith("lora"):
        torch.testing.assert_close(trial.logits(whole), logits, atol=1e-5, rtol=1e-4)
    else:
        assert torch.equal(trial.logits(whole), logits)


def watch(monkeypatch: pytest.MonkeyPatch, bench: Workbench) -> dict[str, Any]:
    """Keeps what the network was before and after the training of a real run."""
    seen: dict[str, Any] = {}
    train = hone.finetune.train

    def watched(network: Any, *arguments: Any, **options: Any) -> Any:
        seen["frozen"], seen["trained"] = bits(frozen(network)), bits(trained(network))
        seen["count"] = sum(parameter.numel() for parameter in trained(network).values())
        outcome = train(network, *arguments, **options)
        seen["frozen after"], seen["trained after"] = bits(frozen(network)), bits(trained(network))
        with torch.inference_mode():
            seen["logits"] = network.eval()(**mails(bench)).logits.numpy()
        return outcome

    monkeypatch.setattr(hone.finetune, "train", watched)
    return seen


def mails(bench: Workbench) -> dict[str, torch.Tensor]:
    texts = [row["text"] for row in tiny.mails(16, seed=5)]
    encoded = tiny.tokenizer()(texts, padding=True, return_tensors="pt")
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


@pytest.mark.parametrize("method", METHODS)
def test_a_run_counts_what_it_trains_and_its_onnx_export_answers_as_the_trained_model(bench, monkeypatch, method):
    seen = watch(monkeypatch, bench)
    tuned = bench.run(method=METHODS[method], training={"steps": 6, "batchSize": 8, "learningRate": 0.01, "seed": 1})
    assert seen["frozen"] == seen["frozen after"]
    assert all(seen["trained"][name] != value for name, value in seen["trained after"].items())
    assert tuned.training.trainable_parameters == seen["count"]
    if method in SMALL:
        weights = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
        assert seen["count"] == sum(tensor.numel() for tensor in weights.values()) < tuned.training.total_parameters
    else:
        assert seen["count"] == tuned.training.total_parameters
        assert not (bench.artifact() / "adapter").exists()

    bench.run(**compression(bench, model={"uri": tuned.artifact.uri}, steps=None))
    exported = OnnxClassifier(bench.artifact("c1") / "model.onnx")
    rows = {name: tensor.numpy() for name, tensor in mails(bench).items()}
    np.testing.assert_allclose(exported.logits(rows), seen["logits"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("method", SMALL)
def test_the_adapter_alone_is_kept_if_nothing_else_is_wanted(bench, method):
    result = bench.run(
        method=METHODS[method], training={"steps": 1}, output={**bench.document["output"], "merge": False}
    )
    assert not (bench.artifact() / "model").exists()
    assert (bench.artifact() / "adapter/tokenizer.json").is_file()
    small = (bench.artifact() / "adapter/adapter_model.safetensors").stat().st_size
    assert result.metrics.after.size_bytes == small < (bench.claim / "models/tiny/model.safetensors").stat().st_size
    with pytest.raises(RunError, match=r"holds an adapter alone; set spec\.output\.merge to true"):
        bench.run(model={"uri": result.artifact.uri}, hash="next")


@pytest.mark.parametrize("method", METHODS)
def test_recomputed_activations_give_the_same_training(bench, method):
    curves = []
    for recompute in (False, True):
        name = f"recompute{recompute:d}"
        training = {"steps": 4, "batchSize": 8, "learningRate": 0.01, "seed": 1, "gradientCheckpointing": recompute}
        bench.run(
            method=METHODS[method],
            training=training,
            dataset={"train": bench.document["dataset"]["train"]},
            hash=name[-10:],
        )
        curves.append([json.loads(line)["loss"] for line in (bench.artifact(name[-10:]) / "loss.jsonl").open()])
    assert curves[0] == curves[1]

"""What holds for every method, on every architecture."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedModel

import hone.finetune
import tiny
from architectures import ARCHITECTURES
from conftest import Workbench
from hone.errors import RunError
from hone.export import export_classifier
from hone.methods import attach, method_for
from hone.models import from_pretrained, outline
from hone.store import ModelSource
from hone.tasks import Loaded
from method_trials import METHODS, SMALL, Trial, bits, config_for, fits, frozen, trained
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
def test_a_run_counts_what_it_trains_and_changes_nothing_else(bench, monkeypatch, method):
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


#: Every method on one model type (biases are saved as LoRA alone and BitFit are), and what changes a graph most on all.
EXPORTS = [
    *(("bert", method) for method in METHODS if method != "lora-bias"),
    *((other, "houlsby") for other in ARCHITECTURES if other != "bert" and fits(other, "houlsby")),
]


@pytest.mark.parametrize(("architecture", "method"), EXPORTS, ids=lambda name: name)
def test_the_onnx_export_answers_as_the_trained_model(tmp_path, architecture, method):
    # One layer, for the export takes most of the time.
    trial = Trial.start(tmp_path, architecture, METHODS[method], layers=1)
    trial.train()
    trained_logits = trial.logits().numpy()
    trial.save(tmp_path / "out")
    whole, _ = from_pretrained(trial.architecture.auto, tmp_path / "out/model", attn_implementation="eager")
    path = export(trial, whole.eval(), tmp_path / "model.onnx")
    rows = {name: tensor.numpy() for name, tensor in trial.architecture.batch(seed=9).items()}
    (exported,) = onnxruntime.InferenceSession(path).run(["logits"], rows)
    np.testing.assert_allclose(exported, trained_logits, atol=1e-4, rtol=1e-4)


def export(trial: Trial, network: PreTrainedModel, path: Path) -> Path:
    batch = trial.architecture.batch(seed=9)
    if trial.architecture.sees:
        shapes = {"pixel_values": {0: torch.export.Dim("batch")}}
        options = {"dynamo": True, "output_names": ["logits"], "dynamic_shapes": shapes, "verbose": False}
        torch.onnx.export(network, (), path, kwargs=dict(batch), **options)
    else:
        rows = [{name: tensor[row : row + 1].numpy() for name, tensor in batch.items()} for row in range(3)]
        export_classifier(network, rows, path, opset=20, pad_id=0)
    return path


def test_adapters_over_adapters_go_through_every_step_and_into_the_served_graph(bench):
    training = {"steps": 6, "batchSize": 8, "learningRate": 0.01, "seed": 1}
    first = bench.run(method=METHODS["houlsby"], training=training)
    base = {"uri": first.artifact.uri, "digest": first.artifact.digest}
    second = bench.run(method=METHODS["pfeiffer"], training=training, model=base, hash="second")
    third = bench.run(method=METHODS["lora"], training=training, model={"uri": second.artifact.uri}, hash="third")

    def tensors(run_hash: str) -> dict[str, torch.Tensor]:
        return load_file(bench.artifact(run_hash) / "model/model.safetensors")

    one, two, three = tensors("abc123"), tensors("second"), tensors("third")
    outer, inner = "bert.encoder.layer.0.output.dense", "bert.encoder.layer.0.output.dense.layer"
    assert torch.equal(two[f"{inner}.adapter.up.weight"], one[f"{outer}.adapter.up.weight"])
    assert two[f"{outer}.adapter.up.weight"].abs().max() > 0
    assert set(three) == set(two)
    assert not torch.equal(three[f"{outer}.adapter.up.weight"], two[f"{outer}.adapter.up.weight"])
    # The second adapter alone, on the first artifact, is the second artifact.
    network, _ = from_pretrained(AutoModelForSequenceClassification, bench.artifact() / "model")
    attached = attach(network, bench.artifact("second") / "adapter").eval()
    whole, _ = from_pretrained(AutoModelForSequenceClassification, bench.artifact("second") / "model")
    with torch.inference_mode():
        assert torch.equal(attached(**mails(bench)).logits, whole.eval()(**mails(bench)).logits)

    result = bench.run(**compression(bench, model={"uri": third.artifact.uri}))
    assert result.metrics.before.accuracy == third.metrics.after.accuracy
    graph = onnx.load(bench.artifact("c1") / "model.onnx").graph
    assert sum("adapter" in tensor.name for tensor in graph.initializer) >= 2 * 6


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


@pytest.mark.parametrize("method", ["full", "lora", "bitfit", "houlsby"])
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


def use(bench: Workbench, architecture: str) -> None:
    shutil.rmtree(bench.claim / "models/tiny")
    tiny.save_model(bench.claim / "models/tiny", ARCHITECTURES[architecture].config)


@pytest.mark.parametrize(
    ("architecture", "method", "sentence"),
    [
        ("llama", {"bitFit": {}}, r"models/tiny \(llama\) has no bias terms outside its head.*write lora or adapter"),
        ("bert", {"adapter": {"reductionFactor": 33}}, "reductionFactor is 33, but the layers .* 32 wide; write 32 or"),
        ("bert", {"lora": {"targets": ["q_proj"]}}, r"targets names q_proj.*it has dense, key, query, value, or write"),
        ("bert", {"full": {}}, r"makes no adapter; leave out spec\.output\.merge"),
    ],
    ids=["no biases", "too narrow", "no such target", "full alone"],
)
def test_what_only_the_model_tells_is_refused_before_data_is_read(bench, architecture, method, sentence):
    use(bench, architecture)
    # Reading it would fail in another way.
    dataset = {**bench.document["dataset"], "train": {"uri": "pvc://spam/data/nowhere.jsonl"}}
    output = {**bench.document["output"], "merge": "full" not in method}
    with pytest.raises(RunError, match=sentence) as error:
        bench.run(method=method, dataset=dataset, output=output)
    assert (error.value.reason, error.value.exit_code) == ("ConfigInvalid", 64)


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ("lora", "has no linear layer outside its head"),
        ("houlsby", "A resnet model has no Transformer blocks that could be found, so there is no place for adapters"),
    ],
)
def test_a_model_without_a_place_for_the_method_is_refused(tmp_path, method, sentence):
    kind = ARCHITECTURES["resnet"]
    base = tiny.save_model(tmp_path / "base", kind.config)
    config = config_for(METHODS[method])
    source = ModelSource("pvc://spam/models/tiny", "sha256:" + "0" * 64, base, None)
    with pytest.raises(RunError, match=sentence):
        method_for(config).check(source, config.task, outline(kind.auto, base))


@pytest.mark.parametrize("method", ["lora", "bitfit", "houlsby"])
def test_a_language_model_keeps_its_output_layer(tmp_path, method):
    """It is the embedding once more, or as large; only a classifier's head is small and new."""
    base = tiny.save_model(tmp_path / "base", ARCHITECTURES["gpt2"].config)
    network, _ = from_pretrained(AutoModelForCausalLM, base)
    applied = method_for(config_for(METHODS[method])).apply(Loaded(network, tiny.tokenizer(), frozenset()))
    assert not any("lm_head" in name or "wte" in name for name in trained(applied))
    assert trained(applied)

"""The step `prune`: what goes, what stays, and who can go on with the result."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    ResNetConfig,
)

import tiny
import tiny_images
import tiny_language
from conftest import Workbench
from hone.compress.prune import channels, heads, layers, sparse
from hone.compress.prune import step as step_module
from hone.compress.prune.ranking import Removal, lowest
from hone.compress.prune.step import plan_prune
from hone.compress.prune.targets import weighted_layers
from hone.contract import Manifest
from hone.contract.compression import Prune
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.export.parity import TOLERANCE
from hone.models import from_pretrained, save_pretrained, shapes, sparsity
from test_compress import TASK, compression, folder, plain  # noqa: F401 - fixtures

TEXT = {"input_ids": np.arange(3, 17)[None], "attention_mask": np.ones((1, 14), dtype=np.int64)}
DEEP = {"num_channels": 1, "embedding_size": 16, "hidden_sizes": [16, 32], "depths": [3, 2], "layer_type": "basic"}


class Made:
    """A network with an input."""

    def __init__(self, auto: Any, config: Any, row: dict[str, Any]) -> None:
        torch.manual_seed(0)
        self.auto = auto
        self.network: PreTrainedModel = auto.from_config(config, attn_implementation="eager").eval()
        self.row = row

    def placeholder_rows(self) -> list[dict[str, Any]]:
        return [self.row]

    def logits(self, network: PreTrainedModel | None = None) -> torch.Tensor:
        with torch.no_grad():
            return (network or self.network)(**{name: torch.tensor(value) for name, value in self.row.items()}).logits


def image(size: int, count: int) -> dict[str, Any]:
    return {"pixel_values": np.random.default_rng(0).normal(size=(1, count, size, size)).astype(np.float32)}


def made(kind: str) -> Made:
    if kind == "vit":
        return Made(AutoModelForImageClassification, tiny_images.vit_config(), image(16, 3))
    if kind == "resnet":
        config = ResNetConfig(**DEEP, downsample_in_first_stage=False)
        return Made(AutoModelForImageClassification, config, image(28, 1))
    if kind in ("llama", "gpt2"):
        config = tiny.llama_config() if kind == "llama" else tiny_language.gpt2_config()
        return Made(AutoModelForCausalLM, config, TEXT)
    config = tiny.bert_config() if kind == "bert" else tiny.distilbert_config()
    return Made(AutoModelForSequenceClassification, config, TEXT)


WAYS = {"Channels": channels.remove, "Heads": heads.remove, "Layers": layers.remove}


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        *((kind, pattern) for kind in ("bert", "distilbert", "llama", "vit") for pattern in WAYS),
        ("resnet", "Channels"),
        ("resnet", "Layers"),
        ("gpt2", "Layers"),
    ],
)
def test_what_is_smaller_is_read_back_as_it_was_saved(kind: str, pattern: str, tmp_path: Path) -> None:
    one = made(kind)
    before = sum(parameter.numel() for parameter in one.network.parameters())
    WAYS[pattern](Removal(one, 0.5, "Magnitude", True, []))  # type: ignore[arg-type]
    shapes.note(one.network)
    after = sum(parameter.numel() for parameter in one.network.parameters())
    assert after < 0.9 * before
    save_pretrained(one.network, tmp_path / "model")
    read, info = from_pretrained(one.auto, tmp_path / "model", attn_implementation="eager")
    assert not info["missing_keys"]
    assert not info["mismatched_keys"]
    assert (one.logits(read.eval()) - one.logits()).abs().max() < 1e-6
    assert sum(parameter.numel() for parameter in read.parameters()) == after


def test_heads_that_were_zero_go_and_change_nothing() -> None:
    one = made("bert")
    for layer in one.network.bert.encoder.layer:
        attention = layer.attention
        # Without its columns of the output the second head says nothing.
        attention.output.dense.weight.data[:, 16:] = 0
        for part in (attention.self.query, attention.self.key, attention.self.value):
            part.weight.data[16:] = 0
    expected = one.logits()
    removed = heads.remove(Removal(one, 0.5, "Magnitude", False, []))  # type: ignore[arg-type]
    assert [entry["removed"] for entry in removed.layers or []] == [[1], [1]]
    attention = one.network.bert.encoder.layer[0].attention.self
    assert (attention.num_attention_heads, attention.all_head_size) == (1, 16)
    assert (one.logits() - expected).abs().max() < 1e-5


def test_keys_that_several_queries_share_go_with_all_of_them() -> None:
    one = made("llama")
    removed = heads.remove(Removal(one, 0.5, "Magnitude", False, []))  # type: ignore[arg-type]
    assert [(entry["before"], entry["after"]) for entry in removed.layers or []] == [(4, 2), (4, 2)]
    attention = one.network.model.layers[0].self_attn
    assert (attention.q_proj.out_features, attention.k_proj.out_features, attention.o_proj.in_features) == (16, 8, 16)


def test_channels_without_a_scale_go_with_their_batch_normalization() -> None:
    one = made("resnet")
    block = one.network.resnet.encoder.stages[0].layers[0].layer[0]
    block.normalization.weight.data[:] = torch.rand(16) + 0.5
    block.normalization.weight.data[[2, 5]] = 0
    block.normalization.bias.data[[2, 5]] = 0
    expected = one.logits()
    names = [name for name, module in one.network.named_modules() if type(module).__name__ == "ResNetConvLayer"]
    others = [name for name in names if "stages.0.layers.0.layer." not in name]
    channels.remove(Removal(one, 2 / 16, "BatchNormScale", False, [*others, "classifier"]))  # type: ignore[arg-type]
    assert block.convolution.out_channels == 14
    assert block.normalization.num_features == 14
    assert (one.logits() - expected).abs().max() < 1e-5


def test_the_residuals_of_a_stage_lose_the_same_channels() -> None:
    one = made("resnet")
    removed = channels.remove(Removal(one, 0.5, "Magnitude", False, []))  # type: ignore[arg-type]
    stage = one.network.resnet.encoder.stages[0].layers
    assert {block.layer[-1].convolution.out_channels for block in stage} == {8}
    assert any(len(entry["with"]) > 4 for entry in removed.layers or [])


def test_something_of_every_layer_stays() -> None:
    scores = [torch.tensor([1.0, 2.0]), torch.tensor([9.0, 8.0, 7.0])]
    assert lowest(scores, 0.9, whole=True) == [[0], [1, 2]]
    assert lowest(scores, 0.4, whole=True) == [[0], [2]]
    assert lowest(scores, 0.5, whole=False) == [[0], [2, 1]]


def test_global_and_local_thresholds() -> None:
    network = made("bert").network
    found = weighted_layers(network, [])
    assert "classifier" not in found
    next(iter(found.values())).weight.data *= 1e-3
    sparse.zero_lowest(found, 0.25, sparse.magnitude, whole=True)
    zeros = [int((layer.weight == 0).sum()) for layer in found.values()]
    assert sum(zeros) == round(0.25 * sum(layer.weight.numel() for layer in found.values()))
    assert zeros[0] == next(iter(found.values())).weight.numel()
    fresh = weighted_layers(made("bert").network, ["query"])
    sparse.zero_lowest(fresh, 0.25, sparse.magnitude, whole=False)
    assert {float((layer.weight == 0).float().mean()) for layer in fresh.values()} == {0.25}
    assert not any("query" in name for name in fresh)


def test_two_of_each_four_inputs_are_zero() -> None:
    for layer, axis in ((torch.nn.Linear(8, 5), 1), (torch.nn.Conv2d(8, 3, 3), 1)):
        before = layer.weight.detach().clone()
        sparse.zero_two_of_four(layer, sparse.magnitude)
        fours = layer.weight.detach().movedim(axis, -1).unflatten(-1, (-1, 4))
        assert ((fours != 0).sum(-1) == 2).all()
        kept = before.movedim(axis, -1).unflatten(-1, (-1, 4)).abs()
        assert (kept.where(fours != 0, float("inf")).min(-1).values >= kept.where(fours == 0, 0).max(-1).values).all()
    assert not sparse.fits_two_four(torch.nn.Conv2d(3, 8, 3))


def test_the_schedule_is_steep_at_first_and_ends_at_the_sparsity() -> None:
    steps = [sparse.sparsity_at(step, 10, 0.8) for step in range(12)]
    assert (steps[0], steps[10], steps[11]) == (0.0, 0.8, 0.8)
    assert steps[5] == pytest.approx(0.8 * (1 - 0.125))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "write it, or leave it out for the pattern TwoFour"),
        ({"pattern": "TwoFour", "sparsity": 0.5}, "TwoFour, which always removes half"),
        ({"pattern": "Heads", "sparsity": 0.5, "importance": "BatchNormScale"}, "tells nothing of the pattern Heads"),
        ({"sparsity": 0.5, "gradual_steps": 4}, "removes weights while they are trained"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RunError, match=sentence) as error:
        plan_prune(Prune(**options))
    assert error.value.reason == "ConfigInvalid"


def prune(bench: Workbench, run_hash: str = "c1", **options: Any) -> Any:
    dataset = {**compression(bench)["dataset"], "train": {"uri": "pvc://spam/data/train.jsonl"}}
    return bench.run(**compression(bench, steps=[{"prune": options}], task=TASK, dataset=dataset, hash=run_hash))


def test_others_go_on_with_what_was_pruned(folder: Workbench) -> None:  # noqa: F811
    training = {"steps": 12, "batchSize": 8, "learningRate": 0.003}
    result = prune(folder, pattern="Heads", sparsity=0.5, importance="Taylor", training=training)
    artifact = folder.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path) == ("ONNX", "model.onnx")
    assert (artifact / "model/hone_adapter.json").is_file()
    (step,) = result.steps
    assert step.name == "prune Heads"
    assert step.message.startswith("2 of 4 attention heads were removed. The network has 17,186 parameters")
    assert (step.parameters, step.sparsity) == (17186, pytest.approx(0, abs=0.05))
    assert manifest.steps == result.steps
    told = json.loads((artifact / "compression.json").read_bytes())["steps"][0]
    assert [layer["after"] for layer in told["layers"]] == [1, 1]
    assert result.metrics.after.size_bytes < result.metrics.before.size_bytes
    assert [entry.role for entry in result.lineage] == ["Model", "TrainData", "EvaluationData"]

    # The graph is the network's.
    network, _ = from_pretrained(AutoModelForSequenceClassification, artifact / "model", attn_implementation="eager")
    graph = OnnxClassifier(artifact / "model.onnx")
    with torch.no_grad():
        expected = network.eval()(**{name: torch.tensor(value) for name, value in TEXT.items()}).logits.numpy()
    assert np.abs(graph.logits(TEXT) - expected).max() < TOLERANCE

    model = {"uri": result.artifact.uri, "digest": result.artifact.digest}
    tuned = folder.run(
        model=model, hash="f1", method={"full": {}}, training={"steps": 24, "batchSize": 8, "learningRate": 0.003}
    )
    assert tuned.metrics.after.accuracy.value > 70
    lora = folder.run(model=model, hash="f2", training={"steps": 2, "batchSize": 8})
    again = folder.run(
        **compression(
            folder,
            model={"uri": lora.artifact.uri},
            steps=[{"prune": {"pattern": "Channels", "sparsity": 0.5}}, {"quantize": {"scheme": "INT8Dynamic"}}],
            hash="c2",
        )
    )
    assert [step.name for step in again.steps] == ["prune Channels", "quantize INT8Dynamic"]
    assert again.steps[0].parameters < step.parameters
    straight = folder.run(**compression(folder, model=model, hash="c3"))
    assert straight.metrics.comparison.size_ratio < 1


def zeros(path: Path) -> dict[str, torch.Tensor]:
    network, _ = from_pretrained(AutoModelForSequenceClassification, path)
    return {name: network.get_parameter(name) == 0 for name in sparsity.sparse_weights(network)}


def test_zeros_stay_zero_while_the_rest_is_trained(folder: Workbench) -> None:  # noqa: F811
    training = {"steps": 6, "batchSize": 8, "learningRate": 0.01}
    result = prune(folder, pattern="TwoFour", training=training)
    before = zeros(folder.artifact("c1") / "model")
    assert {float(mask.float().mean()) for mask in before.values()} == {0.5}
    assert "Sparse tensor cores" in result.steps[0].message
    fully = folder.run(model={"uri": result.artifact.uri}, hash="f1", method={"full": {}}, training=training)
    lora = folder.run(model={"uri": result.artifact.uri}, hash="f2", training=training)
    for tuned, run_hash in ((fully, "f1"), (lora, "f2")):
        assert tuned.training.steps == 6
        for name, mask in zeros(folder.artifact(run_hash) / "model").items():
            assert torch.equal(mask, before[name])


def test_weights_go_gradually_and_the_status_says_what_it_is_worth(folder: Workbench) -> None:  # noqa: F811
    training = {"steps": 8, "batchSize": 8, "learningRate": 0.003}
    result = prune(folder, sparsity=0.6, gradualSteps=5, training=training)
    (step,) = result.steps
    assert "saves no time on dense hardware" in step.message
    assert "(60.0%)" in step.message
    told = json.loads((folder.artifact("c1") / "compression.json").read_bytes())["steps"][0]["layers"]
    assert sum(layer["zeros"] for layer in told) == round(0.6 * sum(layer["parameters"] for layer in told))
    assert 1 - step.non_zero_parameters / step.parameters == pytest.approx(step.sparsity)
    assert result.metrics.comparison.size_ratio == pytest.approx(1, abs=0.05)
    with pytest.raises(RunError, match="the training ended before"):
        prune(folder, "c2", sparsity=0.6, gradualSteps=50, training=training)


def test_a_name_that_no_layer_has_is_refused(folder: Workbench) -> None:  # noqa: F811
    with pytest.raises(RunError, match=r"names querry, which is no layer of this model; it has .*query"):
        prune(folder, sparsity=0.5, excludeLayers=["querry"])


def test_a_finished_step_is_not_done_again_by_the_next_pod(
    folder: Workbench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [{"prune": {"pattern": pattern, "sparsity": 0.5}} for pattern in ("Heads", "Layers")]
    changes = compression(folder, steps=steps, task=TASK)

    def killed(removal: Removal) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(step_module._STRUCTURED, "Layers", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.run(**changes)
    saved = folder.claim / "artifacts/.checkpoints/tiny-c1"
    assert (saved / "1/done/model.safetensors").is_file()
    with monkeypatch.context() as patched:
        patched.setitem(step_module._STRUCTURED, "Heads", killed)
        result = folder.run(**changes)
    assert [step.name for step in result.steps] == ["prune Heads", "prune Layers"]
    assert result.steps[0].message.startswith("2 of 4 attention heads")
    assert result.steps[1].parameters < result.steps[0].parameters == 17186
    assert not saved.exists()
    told = json.loads((folder.artifact("c1") / "compression.json").read_bytes())["steps"]
    assert [layer["after"] for layer in told[0]["layers"]] == [1, 1]

"""INT8QAT: rounding and its gradient against plain references, and whole jobs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import nn
from torch.nn import functional
from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification
from transformers.pytorch_utils import Conv1D

import tiny_images
from conftest import Workbench
from hone.compress.quantize.checker import violations
from hone.compress.quantize.layers import layer_of
from hone.compress.steps import plan
from hone.contract.compression import Step
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.models import fake_quantized, from_pretrained, save_pretrained
from hone.models.fake_quantized import FakeQuantized, Found, Grid, Rounding
from test_compress import TASK, compression, folder, plain  # noqa: F401 - fixtures
from test_finetune_language import language, talker  # noqa: F401 - a fixture
from tiny_quantize import weight_types
from tiny_steps import opened

SIGNED, UNSIGNED = Grid(0.02, 0, signed=True), Grid(0.02, 100, signed=False)


def on_grid(values: np.ndarray, scale: Any, zero: int, low: int, high: int) -> np.ndarray:
    """What QuantizeLinear and DequantizeLinear make of numbers, as ONNX's specification has it."""
    integers = np.clip(np.rint(values / scale) + zero, low, high)
    return ((integers - zero) * scale).astype(np.float32)


@pytest.mark.parametrize("grid", [SIGNED, UNSIGNED], ids=["signed", "unsigned"])
def test_activations_are_rounded_as_onnx_does(grid: Grid) -> None:
    values = torch.randn(7, 13, generator=torch.Generator().manual_seed(0)) * 2
    low = -128 if grid.signed else 0
    expected = on_grid(values.numpy(), np.float32(grid.scale), grid.zero_point, low, low + 255)
    assert np.abs(grid.round(values).numpy() - expected).max() < 1e-6
    assert len(np.unique(expected)) > 50


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_weights_are_rounded_by_the_largest_of_each_channel(axis: int | None) -> None:
    weight = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    weight[2] = 0.0
    rounded = fake_quantized.round_weight(weight, axis).numpy()
    others = {None: (0, 1), 0: 1, 1: 0}[axis]
    largest = np.abs(weight.numpy()).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    assert np.abs(rounded - on_grid(weight.numpy(), scale, 0, -127, 127)).max() < 1e-6
    assert not rounded[2].any()
    assert np.abs(rounded - weight.numpy()).max() > 0


def test_a_table_is_rounded_from_its_smallest_to_its_largest() -> None:
    table = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)) + 0.5
    low, high = float(table.min()), float(table.max())
    scale = np.float32((high - low) / 255)
    expected = on_grid(table.numpy(), scale, np.rint(-low / scale), 0, 255)
    assert np.abs(fake_quantized.round_table(table).numpy() - expected).max() < 1e-6
    assert not fake_quantized.round_table(torch.zeros(2, 2)).any()


def straight_through(values: torch.Tensor, rounded: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """The rounded numbers, with the slope 1 within the range and 0 outside of it."""
    return values.clamp(low, high) + (rounded - values.clamp(low, high)).detach()


@pytest.mark.parametrize("grid", [SIGNED, UNSIGNED], ids=["signed", "unsigned"])
@pytest.mark.parametrize("per_channel", [True, False])
def test_the_gradient_goes_straight_through_the_rounding_and_stops_outside_of_the_range(
    grid: Grid, per_channel: bool
) -> None:
    torch.manual_seed(2)
    layer = nn.Linear(9, 5)
    values = (torch.randn(7, 9) * 2).requires_grad_()
    other = values.detach().clone().requires_grad_()
    weight, bias = (one.detach().clone().requires_grad_() for one in (layer.weight, layer.bias))
    FakeQuantized(layer, Rounding(per_channel, grid))(values).square().sum().backward()

    low = -128 if grid.signed else 0
    ends = [(end - grid.zero_point) * grid.scale for end in (low, low + 255)]
    activations = straight_through(other, grid.round(other).detach(), *ends)
    rounded = fake_quantized.round_weight(weight, 0 if per_channel else None).detach()
    functional.linear(activations, weight + (rounded - weight).detach(), bias).square().sum().backward()
    for found, expected in ((values.grad, other.grad), (layer.weight.grad, weight.grad), (layer.bias.grad, bias.grad)):
        assert found is not None
        assert expected is not None
        assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)
    outside = (other < ends[0]) | (other > ends[1])
    assert 0 < outside.sum() < outside.numel()
    assert values.grad is not None
    assert not values.grad[outside].any()


def conv1d() -> Conv1D:
    layer = Conv1D(5, 9)
    nn.init.normal_(layer.bias)
    return layer


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Linear(9, 5, bias=False), torch.randn(2, 3, 9)),
        (conv1d(), torch.randn(2, 3, 9)),
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), torch.randn(2, 4, 7, 9)),
        (nn.Embedding(11, 5, padding_idx=0), torch.arange(11).reshape(1, 11)),
    ],
    ids=["linear", "conv1d", "conv2d", "embedding"],
)
def test_a_layer_computes_with_rounded_weights_and_comes_back(layer: nn.Module, inputs: torch.Tensor) -> None:
    model = nn.Sequential(layer)
    takes = SIGNED if inputs.is_floating_point() else None
    before = model(inputs)
    fake_quantized.begin(model, {"0": Rounding(takes is not None, takes)}, Found({}))
    rounded = model(inputs)
    assert 0 < (rounded - before).abs().max() < 0.5
    with torch.no_grad():
        model[0].weight.mul_(2)
    model[0].weight = nn.Parameter(model[0].weight.detach() * 2)
    fake_quantized.end(model)
    assert model[0] is layer
    if getattr(layer, "bias", None) is None:
        assert torch.allclose(model(inputs), before * 4, atol=1e-5)


def test_what_can_not_be_rounded_is_known() -> None:
    assert not fake_quantized.can_round(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"))
    assert not fake_quantized.can_round(nn.Embedding(4, 4, max_norm=1.0))
    assert not fake_quantized.can_round(nn.LayerNorm(4))
    assert fake_quantized.can_round(nn.Linear(4, 4))


def aware(**options: Any) -> dict[str, Any]:
    training = {"steps": 6, "batchSize": 8, "learningRate": 0.0005, "seed": 1}
    return {"quantize": {"scheme": "INT8QAT", "calibration": {"samples": 32}, "training": training, **options}}


def job(bench: Workbench, *steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    train = {"uri": "pvc://spam/data/train.jsonl"}
    dataset = {**bench.document["dataset"], "train": train, "calibration": train}
    return compression(bench, **{"steps": list(steps), "dataset": dataset, "task": TASK, **changes})


def logits_of(artifact: Path, model: Any, rows: list[dict[str, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Answers of the file, and of the network beside it."""
    file = OnnxClassifier(artifact / "model.onnx")
    with torch.no_grad():
        network = [model(**{name: torch.from_numpy(one) for name, one in row.items()}).logits.numpy() for row in rows]
    return np.concatenate([file.logits(row) for row in rows]), np.concatenate(network)


@pytest.mark.parametrize("target", ["CPU", "TensorRT"])
def test_the_file_answers_as_the_rounded_network_and_is_a_quarter(folder: Workbench, target: str) -> None:  # noqa: F811
    tuned = folder.run(method={"full": {}}, training={"epochs": 8, "batchSize": 8, "learningRate": 0.001})
    model = {"uri": tuned.artifact.uri, "digest": tuned.artifact.digest}
    result = folder.run(**job(folder, aware(target=target), model=model, task=None))
    artifact = folder.artifact("c1")
    assert [step.name for step in result.steps or []] == ["quantize INT8QAT, training", "quantize INT8QAT"]
    assert "layers learned with their numbers rounded to INT8 for 6 steps" in (result.steps or [])[0].message
    graph = onnx.load(artifact / "model.onnx")
    assert violations(graph, symmetric=target == "TensorRT") == []
    types = weight_types(artifact / "model.onnx")
    assert types[TensorProto.INT8] > 5 * types[TensorProto.FLOAT]
    comparison = result.metrics.comparison
    assert comparison is not None
    assert comparison.accuracy_drop is not None
    assert comparison.accuracy_drop.value <= 5
    assert (comparison.speedup is None) == (target == "TensorRT")

    assert result.export is not None
    parity = result.export.parity
    assert parity is not None
    assert parity.relative_l2 < 0.02
    assert parity.top_agreement is not None
    assert parity.top_agreement >= 0.98

    # The network in the artifact is a plain one, and nearly what the file is: the rounding alone is between them.
    assert not (artifact / "model/hone_adapter.json").exists()
    network = AutoModelForSequenceClassification.from_pretrained(artifact / "model").eval()
    rows = [{"input_ids": np.array([[2, *range(5, 5 + n), 3]]), "attention_mask": np.ones((1, n + 2), dtype=np.int64)}
            for n in range(3, 12)]  # fmt: skip
    file, plain_answers = logits_of(artifact, network, rows)
    assert 0 < np.linalg.norm(file - plain_answers) / np.linalg.norm(plain_answers) < 0.2
    weights = {layer_of(node): node for node in graph.graph.node if node.op_type in ("MatMul", "Gemm")}
    assert "bert.encoder.layer.0.attention.self.query" in weights
    # What is stored is what the network's own weight is rounded to.
    stored = dequantized(graph, weights["bert.encoder.layer.0.attention.self.query"].input[1])
    own = network.bert.encoder.layer[0].attention.self.query.weight
    assert np.abs(stored.T - fake_quantized.round_weight(own.detach(), 0).numpy()).max() < 1e-6


def dequantized(model: onnx.ModelProto, name: str) -> np.ndarray:
    """A stored weight behind a DequantizeLinear for each column."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    (node,) = [node for node in model.graph.node if name in node.output]
    integers, scale = values[node.input[0]].astype(np.float32), values[node.input[1]]
    return np.asarray(integers * scale)


def test_a_language_model_with_tied_weights_learns(talker: Workbench) -> None:  # noqa: F811
    changes = language(talker)
    dataset = {**changes["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    result = talker.run(**job(talker, aware(), model=changes["model"], task=changes["task"], dataset=dataset))
    assert result.export is not None
    assert result.export.parity is not None
    assert result.export.parity.relative_l2 < 0.05
    types = weight_types(talker.artifact("c1") / "model.onnx")
    assert types[TensorProto.INT8] + types[TensorProto.UINT8] > 10 * types[TensorProto.FLOAT]


@pytest.mark.parametrize("folding", [True, False], ids=["a step of its own", "by itself"])
def test_images_learn_after_the_folding_of_batch_normalizations(bench: Workbench, folding: bool) -> None:
    config = tiny_images.resnet_config()
    config.num_labels = 10
    tiny_images.save_model(bench.claim / "models/vision", config)
    tiny_images.write_folder(bench.claim / "data/images/train", tiny_images.digits(64))
    tiny_images.write_folder(bench.claim / "data/images/test", tiny_images.digits(40, first=400))
    train = {"uri": "pvc://spam/data/images/train"}
    dataset = {"train": train, "calibration": train, "evaluation": {"uri": "pvc://spam/data/images/test"}}
    result = bench.run(
        **job(
            bench,
            aware(target="TensorRT", perChannel=False),
            *([{"fuse": {}}] if folding else []),
            model={"uri": "pvc://spam/models/vision"},
            task={"type": "ImageClassification", "labels": tiny_images.NAMES},
            dataset={**dataset, "columns": {"image": "image", "label": "label"}},
            export={"tensorRT": {}},
        )
    )
    *folded, learned, written = result.steps or []
    assert [step.name for step in folded] == (["fuse"] if folding else [])
    assert (learned.name, written.name) == ("quantize INT8QAT, training", "quantize INT8QAT")
    assert ("batch normalizations were folded" in learned.message) is not folding
    assert not any("stay in FP32" in warning for warning in result.warnings or [])
    graph = onnx.load(bench.artifact("c1") / "model.onnx")
    assert violations(graph, symmetric=True) == []
    operators = {node.op_type for node in graph.graph.node}
    assert "BatchNormalization" not in operators
    assert {"Conv", "QuantizeLinear", "DequantizeLinear"} <= operators
    assert result.export is not None
    assert result.export.parity is not None
    assert result.export.parity.relative_l2 < 0.05
    story = json.loads((bench.artifact("c1") / "compression.json").read_bytes())["steps"][len(folded)]["layers"]
    assert len(story) == sum(node.op_type in ("Conv", "Gemm") for node in graph.graph.node)
    assert {entry["perChannel"] for entry in story} == {False}
    assert {entry["zeroPoint"] for entry in story} == {0}


def test_a_student_that_was_pruned_keeps_its_zeros(folder: Workbench) -> None:  # noqa: F811
    training = {"steps": 2, "batchSize": 8, "seed": 1}
    distill = {"distill": {"student": {"layers": 1}, "training": training}}
    result = folder.run(**job(folder, distill, {"prune": {"pattern": "TwoFour"}}, aware(excludeLayers=["classifier"])))
    assert [step.name for step in result.steps or []] == [
        "distill", "prune TwoFour", "quantize INT8QAT, training", "quantize INT8QAT",
    ]  # fmt: skip
    graph = onnx.load(folder.artifact("c1") / "model.onnx")
    nodes = {layer_of(node): node for node in graph.graph.node if node.op_type in ("MatMul", "Gemm")}
    stored = dequantized(graph, nodes["bert.encoder.layer.0.intermediate.dense"].input[1])
    assert ((stored.reshape(-1, 4, stored.shape[1]) == 0).sum(1) >= 2).all()
    # An excluded layer is not rounded in the training either.
    layers = json.loads((folder.artifact("c1") / "compression.json").read_bytes())["steps"][2]["layers"]
    assert "classifier" not in {entry["layer"] for entry in layers}
    assert nodes["classifier"].input[1] in {tensor.name for tensor in graph.graph.initializer}


def test_a_network_in_the_middle_of_it_is_read_back(tmp_path: Path) -> None:
    config = tiny_images.resnet_config()
    network = AutoModelForImageClassification.from_config(config).eval()
    paths = [path for path, module in network.named_modules() if fake_quantized.can_round(module)]
    grids = {"classifier.1": Grid(0.1, 3, signed=False)}
    roundings = {path: Rounding(path != paths[0], grids.get(path, SIGNED)) for path in paths}
    fake_quantized.begin(network, roundings, Found({"a": [0.0, 1.0]}, ["node"]))
    images = torch.randn(2, 1, 8, 8)
    expected = network(images).logits
    save_pretrained(network, tmp_path)
    again, _ = from_pretrained(AutoModelForImageClassification, tmp_path)
    assert torch.equal(again.eval()(images).logits, expected)
    assert fake_quantized.found_in(again) == Found({"a": [0.0, 1.0]}, ["node"])


def test_it_trains_or_is_refused() -> None:
    with pytest.raises(RunError, match=r"INT8QAT trains; write quantize\.training, or scheme INT8Static"):
        plan([Step.model_validate({"quantize": {"scheme": "INT8QAT"}})])


def test_nothing_to_round_is_refused(folder: Workbench) -> None:  # noqa: F811
    with pytest.raises(RunError, match="No layer is left to be rounded") as error:
        folder.run(**job(folder, aware(excludeLayers=["*"])))
    assert error.value.reason == "ConfigInvalid"


def test_a_training_that_is_interrupted_goes_on_where_it_was(folder: Workbench, tmp_path: Path) -> None:  # noqa: F811
    changes = job(folder, aware(), checkpoint={"everySteps": 2})
    (step,) = plan([Step.model_validate(aware())]).network
    weights = []
    for name, stops in (("whole", [None]), ("parts", [3, None])):
        for stop_at in stops:
            with opened(folder, tmp_path / name, stop_at, **changes) as (subject, tools):
                if stop_at is not None:
                    with pytest.raises(RunError) as error:
                        step.apply(subject, tools)
                    assert error.value.reason == "Interrupted"
                    continue
                step.apply(subject, tools)
                weights.append({name: one.clone() for name, one in subject.network.named_parameters()})
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

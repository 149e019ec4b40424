"""What a model is exported as: ONNX for ONNX Runtime and for TensorRT, and OpenVINO's files."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from transformers import AutoModelForSequenceClassification

import tiny
from conftest import Workbench
from hone.compress.targets import target_of
from hone.compress.targets.open_vino import convert
from hone.compress.targets.operators import untyped_products
from hone.contract import Manifest
from hone.contract.compression import Export, Step
from hone.contract.training import TrainedTask
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier, Row
from hone.evaluate.opening import model_bytes, open_classifier
from hone.export import ExportedClassifier, compare_batches, export_classifier
from hone.export.graph import SCOPES, check_graph
from hone.export.samples import Samples
from test_compress import TASK, compression, folder, plain, refused  # noqa: F401 - fixtures


def rows(count: int) -> list[Row]:
    draw = np.random.default_rng(5)
    return [
        {"input_ids": draw.integers(5, 20, (1, length)), "attention_mask": np.ones((1, length), dtype=np.int64)}
        for length in draw.integers(2, 20, size=count)
    ]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportedClassifier:
    torch.manual_seed(3)
    network = AutoModelForSequenceClassification.from_config(tiny.bert_config(), attn_implementation="eager").eval()
    return export_classifier(network, rows(80), tmp_path_factory.mktemp("e") / "model.onnx", opset=20, pad_id=0)


def export_of(**choice: Any) -> Export:
    return Export.model_validate_json(json.dumps(choice))


def steps_of(*steps: dict[str, Any]) -> list[Step]:
    return [Step.model_validate_json(json.dumps(step)) for step in steps]


class Constant(OnnxClassifier):
    """Answers as it was told to."""

    def __init__(self, answers: Sequence[np.ndarray]) -> None:
        self._answers = iter(answers)

    def logits(self, row: Row) -> np.ndarray:
        return next(self._answers)


def test_parity_says_how_far_and_how_often(exported: ExportedClassifier) -> None:
    same = exported.samples.parity(OnnxClassifier(exported.path))
    assert same.samples == 64
    assert same.top_agreement == 1
    assert same.max_absolute < 1e-5
    expected = [np.array([[3.0, 4.0]], dtype=np.float32), np.array([[0.0, 12.0]], dtype=np.float32)]
    other = [np.array([[3.0, 2.0]], dtype=np.float32), np.array([[0.0, 12.0]], dtype=np.float32)]
    found = Samples([{}, {}], expected).parity(Constant(other))
    assert (found.max_absolute, found.top_agreement, found.samples) == (2, 0.5, 2)
    assert found.relative_l2 == pytest.approx(2 / 13)
    alone = Samples([{}], [np.array([[2.0]], dtype=np.float32)]).parity(Constant([np.array([[2.5]], dtype=np.float32)]))
    assert (alone.max_absolute, alone.relative_l2, alone.top_agreement) == (0.5, 0.25, None)
    with pytest.raises(RunError, match="too large for its number format; write BF16 or FP32"):
        Samples([{}], expected[:1]).parity(Constant([np.array([[np.inf, 1]], dtype=np.float32)]))


def test_the_graph_has_every_shape_and_open_axes(exported: ExportedClassifier, tmp_path: Path) -> None:
    graph = onnx.load(exported.path).graph
    known = {entry.name for entry in (*graph.value_info, *graph.output)}
    assert {name for node in graph.node for name in node.output} <= known
    assert (1, 1) in exported.parity.shapes
    assert any(shape[0] == 8 for shape in exported.parity.shapes)
    fixed = onnx.load(exported.path)
    fixed.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    onnx.save(fixed, tmp_path / "fixed.onnx")
    with pytest.raises(RunError, match="the batch of its input input_ids is fixed to 2"):
        check_graph(tmp_path / "fixed.onnx", ["input_ids"])
    broken = onnx.load(exported.path)
    broken.graph.node[-1].input[0] = "nowhere"
    onnx.save(broken, tmp_path / "broken.onnx")
    with pytest.raises(RunError, match="ONNX's checker refuses it"):
        check_graph(tmp_path / "broken.onnx", ["input_ids"])


def test_a_file_says_nothing_of_the_machine_that_wrote_it(exported: ExportedClassifier) -> None:
    graph = onnx.load(exported.path).graph
    held = [
        entry
        for part in (graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output)
        for entry in part.metadata_props
    ]
    # The layers' names stay, for they tell which layer a node belongs to.
    assert {entry.key for entry in held} == {SCOPES}
    assert any("model.bert.encoder.layer.1" in entry.value for entry in held)
    content = exported.path.read_bytes()
    assert str(Path(torch.__file__).parents[1]).encode() not in content
    assert b".py" not in content


class Bessel(torch.nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(values)


def test_what_onnx_does_not_know_is_named_with_its_layer(tmp_path: Path) -> None:
    network = AutoModelForSequenceClassification.from_config(tiny.bert_config(), attn_implementation="eager").eval()
    network.bert.encoder.layer[1].intermediate.intermediate_act_fn = Bessel()
    sentence = (
        r"the operator prims::bessel_j0 in bert\.encoder\.layer\.1\.intermediate\.intermediate_act_fn has no ONNX "
    )
    with pytest.raises(RunError, match=sentence) as error:
        export_classifier(network, rows(3), tmp_path / "m.onnx", opset=20, pad_id=0)
    assert error.value.reason == "Unsupported"


def odd(path: Path) -> Path:
    """A graph with an operator of nobody."""
    made = helper.make_node("Odd", ["x"], ["y"], "strange", domain="com.example")
    entry = made.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.name_scopes", "['', 'model', 'model.encoder.layer.3', 'strange']"
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        [made, helper.make_node("Relu", ["y"], ["logits"], "relu")],
        "odd",
        [shape("x", TensorProto.FLOAT, ["batch", 4])],
        [shape("logits", TensorProto.FLOAT, ["batch", 4])],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path


@pytest.mark.parametrize(("choice", "name"), [("tensorRT", "TensorRT"), ("openVINO", "OpenVINO")])
def test_what_a_format_does_not_know_is_named_with_its_layer(tmp_path: Path, choice: str, name: str) -> None:
    target = target_of(export_of(**{choice: {}}))
    with pytest.raises(RunError, match=rf"{name} does not know com\.example\.Odd in encoder\.layer\.3 \(strange\); "):
        target.write(odd(tmp_path / "odd.onnx"), tmp_path, TrainedTask.model_validate_json(json.dumps(TASK)))


def test_openvino_answers_as_pytorch_and_in_half_the_bytes_nearly(exported: ExportedClassifier, tmp_path: Path) -> None:
    target = target_of(export_of(openVINO={}))
    path = target.baseline(exported.path, tmp_path, exported.batches)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.bin", "model.xml"]
    exact = exported.samples.parity(open_classifier(path))
    assert exact.max_absolute < 1e-5
    half = convert(exported.path, tmp_path / "half.xml", half=True)
    near = exported.samples.parity(open_classifier(half))
    assert exact.max_absolute < near.max_absolute < 0.02
    assert near.top_agreement is not None
    assert near.top_agreement > 0.95
    assert (tmp_path / "half.bin").stat().st_size < 0.6 * (tmp_path / "model.bin").stat().st_size
    assert model_bytes(half) == half.stat().st_size + (tmp_path / "half.bin").stat().st_size
    wrong = [{**batch, "input_ids": batch["input_ids"] % 5} for batch in exported.batches]
    other = OnnxClassifier(exported.path)
    with pytest.raises(RunError, match="answers differ from the original's"):
        compare_batches(path, lambda batch: other.logits(batch) + np.float32(0.01), wrong)


@pytest.mark.parametrize(
    ("precision", "steps", "sentence"),
    [
        ("INT8", [], "precision INT8 needs ranges; write the step quantize with scheme INT8Static"),
        (None, [{"quantize": {"scheme": "INT8Dynamic"}}], "can't run what quantize INT8Dynamic makes"),
        (None, [{"quantize": {"scheme": "INT4WeightOnly"}}], "can't run what quantize INT4WeightOnly makes"),
        (None, [{"quantize": {"scheme": "INT8Static"}}], "symmetric INT8; write target: TensorRT"),
        (
            "FP32",
            [{"quantize": {"scheme": "INT8Static", "target": "TensorRT"}}],
            "precision is FP32, and the quantize step makes INT8; write precision: INT8",
        ),
    ],
)
def test_a_precision_that_the_steps_do_not_make_is_refused(
    precision: str | None, steps: list[dict[str, Any]], sentence: str
) -> None:
    target = target_of(export_of(tensorRT={"precision": precision} if precision else {}))
    with pytest.raises(RunError, match=sentence) as error:
        target.complete(steps_of(*steps))
    assert error.value.reason == "ConfigInvalid"


def test_the_step_that_types_the_graph_is_added_where_it_lacks() -> None:
    def added(precision: str | None, *steps: dict[str, Any]) -> list[str]:
        target = target_of(export_of(tensorRT={"precision": precision} if precision else {}))
        return [step.quantize.scheme for step in target.complete(steps_of(*steps)) if step.quantize]

    assert added(None) == ["FP16"]
    assert added("FP32") == []
    assert added("BF16") == ["BF16"]
    assert added("FP16", {"quantize": {"scheme": "FP16"}}) == ["FP16"]
    assert added(None, {"quantize": {"scheme": "INT8Static", "target": "TensorRT"}}) == ["INT8Static"]


def test_a_typed_graph_for_tensorrt(folder: Workbench) -> None:  # noqa: F811
    result = folder.run(**compression(folder, steps=None, task=TASK, export={"tensorRT": {"maxBatchSize": 5}}))
    artifact = folder.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path, manifest.export) == ("ONNX", "model.onnx", result.export)
    assert result.export is not None
    assert result.export.format == "TensorRT"
    assert result.export.message is not None
    assert result.export.message.startswith("No engine was built here: engine-build.json")
    assert result.export.parity is not None
    # As far off as half precision is, and no further.
    assert 1e-6 < result.export.parity.max_absolute < 0.01
    assert result.metrics.comparison is not None
    assert (result.metrics.comparison.speedup, result.metrics.comparison.agreement) == (None, 1)
    model = onnx.load(artifact / "model.onnx")
    assert untyped_products(model, TensorProto.FLOAT16) == []
    assert len(untyped_products(model, TensorProto.FLOAT)) > 10

    options = json.loads((artifact / "engine-build.json").read_bytes())
    assert options["modelSha256"] == sha256((artifact / "model.onnx").read_bytes()).hexdigest()
    assert (options["precision"], options["stronglyTyped"], options["opset"]) == ("FP16", True, 20)
    shapes = {"type": "INT64", "min": [1, 1], "opt": [3, 16], "max": [5, 32]}
    assert options["profiles"] == [{"input_ids": shapes, "attention_mask": shapes}]
    assert options["outputs"] == ["logits"]


def test_symmetric_int8_for_tensorrt(folder: Workbench) -> None:  # noqa: F811
    dataset = {**compression(folder)["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    steps = [{"quantize": {"scheme": "INT8Static", "target": "TensorRT", "calibration": {"samples": 16}}}]
    result = folder.run(
        **compression(folder, steps=steps, task=TASK, dataset=dataset, export={"tensorRT": {"precision": "INT8"}})
    )
    assert result.export is not None
    assert result.export.parity is not None
    assert result.export.parity.max_absolute > 1e-4
    assert json.loads((folder.artifact("c1") / "engine-build.json").read_bytes())["precision"] == "INT8"


def test_openvino_from_a_job(folder: Workbench) -> None:  # noqa: F811
    result = folder.run(**compression(folder, steps=None, task=TASK, export={"openVINO": {"compressToFP16": True}}))
    artifact = folder.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path) == ("OpenVINO", "model.xml")
    assert {entry.path for entry in manifest.files} == {"model.xml", "model.bin", "tokenizer.json", "config.json"}
    assert result.export is not None
    assert result.export.message is not None
    assert "no InferenceDeployment takes this artifact" in result.export.message
    assert result.export.parity is not None
    assert result.export.parity.max_absolute > 1e-5
    assert result.metrics.before is not None
    assert result.metrics.after is not None
    assert result.metrics.after.size_bytes == model_bytes(artifact / "model.xml")
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.agreement == 1
    assert result.metrics.comparison.size_ratio is not None
    assert result.metrics.comparison.size_ratio < 0.9
    assert result.metrics.comparison.speedup is not None
    refused(folder, "Unsupported", "is OpenVINO already", model={"uri": result.artifact.uri}, hash="c2")

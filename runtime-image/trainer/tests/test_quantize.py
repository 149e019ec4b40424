"""The quantizers on a tiny BERT, exported once."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from transformers import AutoModelForSequenceClassification

import tiny
from hone.compress.quantize import quantizer_for
from hone.compress.quantize.checker import check, violations
from hone.compress.quantize.layers import layer_of, matches
from hone.contract.compression import Calibration, Quantize, Sensitivity
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.evaluate.size import onnx_bytes
from hone.export import export_classifier
from hone.export.parity import batches
from tiny_quantize import Exported, agreement, export_bert, quantized, rows, weight_types


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_bert(tmp_path_factory.mktemp("exported"))


@pytest.mark.parametrize(
    "options",
    [
        {"scheme": "INT8Dynamic"},
        {"scheme": "INT8Dynamic", "per_channel": False},
        {"scheme": "INT8Static"},
        {"scheme": "INT8Static", "target": "TensorRT"},
        {"scheme": "INT8Static", "calibration": Calibration(method="Percentile", percentile=99.9, samples=40)},
        {
            "scheme": "INT8Static",
            "calibration": Calibration(method="Entropy", samples=20),
            "sensitivity": Sensitivity(max_layers=0),
        },
    ],
    ids=["dynamic", "per-tensor", "static", "tensorrt", "percentile", "entropy"],
)
def test_int8_is_a_quarter_and_answers_alike_in_padded_batches_too(
    exported: Exported, tmp_path: Path, options: dict[str, object]
) -> None:
    target = tmp_path / "int8.onnx"
    logits, warnings = quantized(exported, target, **options)
    assert warnings == []
    assert agreement(exported, logits) >= 0.9
    types = weight_types(target)
    assert types[TensorProto.INT8] > 15 * types[TensorProto.FLOAT]
    assert onnx_bytes(target) < 0.45 * onnx_bytes(exported.path)
    before, after = OnnxClassifier(exported.path), OnnxClassifier(target)
    spread = float(exported.logits.std())
    for batch in batches(exported.rows, pad_id=0):
        # The mask keeps its meaning: a padded row's answer is not drowned by the padding.
        assert np.abs(before.logits(batch) - after.logits(batch)).max() < spread


def test_embeddings_can_stay(exported: Exported, tmp_path: Path) -> None:
    with_them, without = tmp_path / "with.onnx", tmp_path / "without.onnx"
    quantized(exported, with_them, scheme="INT8Dynamic")
    quantized(exported, without, scheme="INT8Dynamic", embeddings=False)
    assert weight_types(without)[TensorProto.FLOAT] - weight_types(with_them)[TensorProto.FLOAT] >= 2000 * 64


@pytest.mark.parametrize("scheme", ["INT8Dynamic", "INT8Static"])
@pytest.mark.parametrize("name", ["classifier", "bert.encoder.layer.1.intermediate.dense", "*.layer.1.intermediate.*"])
def test_an_excluded_layer_keeps_its_weights(exported: Exported, tmp_path: Path, scheme: str, name: str) -> None:
    everything, some = tmp_path / "all.onnx", tmp_path / "some.onnx"
    quantized(exported, everything, scheme=scheme)
    quantized(exported, some, scheme=scheme, exclude_layers=[name])
    kept = weight_types(some)[TensorProto.FLOAT] - weight_types(everything)[TensorProto.FLOAT]
    expected = 64 * 5 if name == "classifier" else 64 * 128
    assert expected - 200 <= kept <= expected


def test_an_excluded_layer_that_is_none_is_a_mistake(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"names pooling, which is no layer.*there are bert\.embeddings") as error:
        quantized(exported, tmp_path / "x.onnx", scheme="INT8Dynamic", exclude_layers=["pooling"])
    assert error.value.reason == "ConfigInvalid"


def test_layers_have_the_names_of_pytorch(exported: Exported) -> None:
    layers = {layer_of(node) for node in onnx.load(exported.path).graph.node}
    assert {"bert.embeddings.word_embeddings", "bert.encoder.layer.0.attention.self.query", "classifier"} <= layers
    assert matches("bert.encoder.layer.1.output", "layer.1")
    assert not matches("bert.encoder.layer.10.output", "layer.1")


def test_residuals_stay_in_floating_point(exported: Exported, tmp_path: Path) -> None:
    quantized(exported, tmp_path / "static.onnx", scheme="INT8Static")
    graph = onnx.load(tmp_path / "static.onnx").graph
    producers = {output: node for node in graph.node for output in node.output}
    additions = [node for node in graph.node if node.op_type == "Add" and ".output" in layer_of(node)]
    assert len(additions) >= 4
    assert all(producers[n].op_type != "DequantizeLinear" for node in additions for n in node.input if n in producers)


def test_fp16_is_half_and_says_where_it_helps(exported: Exported, tmp_path: Path) -> None:
    logits, warnings = quantized(exported, tmp_path / "half.onnx", scheme="FP16")
    assert agreement(exported, logits) >= 0.97
    assert onnx_bytes(tmp_path / "half.onnx") < 0.65 * onnx_bytes(exported.path)
    assert warnings[0].startswith("FP16 is meant for GPUs")


def test_too_few_calibration_rows_are_told(exported: Exported, tmp_path: Path) -> None:
    quantizer = quantizer_for(Quantize(scheme="INT8Static", calibration=Calibration(samples=50)))
    (warning,) = quantizer.quantize(exported.path, tmp_path / "x.onnx", exported.rows[:17])
    assert warning == "Calibrated on 17 rows, all there are; 50 were asked for."
    with pytest.raises(RunError, match="has 7 rows, and ranges need 16 or more; name more") as refusal:
        quantizer.quantize(exported.path, tmp_path / "x.onnx", exported.rows[:7])
    assert refusal.value.reason == "DatasetInvalid"


def test_whoever_asks_for_few_calibration_rows_gets_them(exported: Exported, tmp_path: Path) -> None:
    quantizer = quantizer_for(Quantize(scheme="INT8Static", calibration=Calibration(samples=5)))
    assert quantizer.quantize(exported.path, tmp_path / "x.onnx", exported.rows[:5]) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scheme": "INT8Dynamic", "target": "TensorRT"}, "no dynamic quantization; write scheme INT8Static"),
        ({"scheme": "INT8Dynamic", "calibration": Calibration(samples=1)}, "quantize.calibration means nothing to"),
        ({"scheme": "INT4WeightOnly", "smooth_quant_alpha": 0.5}, "quantize.smoothQuantAlpha means nothing to INT4"),
        ({"scheme": "INT4WeightOnly", "per_channel": True}, "quantize.perChannel means nothing to INT4WeightOnly"),
        ({"scheme": "INT4WeightOnly", "target": "TensorRT"}, "INT4WeightOnly for TensorRT has no executor yet"),
        ({"scheme": "INT4WeightOnly", "embeddings": False, "embedding_bits": 4}, "nothing with embeddings: false"),
        ({"scheme": "INT8Static", "embedding_bits": 4}, "embeddingBits means nothing to INT8Static"),
        ({"scheme": "BF16", "target": "TensorRT"}, "BF16 for TensorRT has no executor yet; write scheme FP16"),
        ({"scheme": "INT8QAT", "smooth_quant_alpha": 0.5}, "quantize.smoothQuantAlpha means nothing to INT8QAT"),
        ({"scheme": "BF16", "sensitivity": Sensitivity()}, "quantize.sensitivity means nothing to BF16"),
        ({"scheme": "FP16", "group_size": 32}, "quantize.groupSize means nothing to FP16, only to INT4WeightOnly"),
        ({"scheme": "INT8Static", "calibration": Calibration(percentile=99)}, "without calibration.method Percentile"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(RunError, match=sentence):
        quantizer_for(Quantize(**options))  # type: ignore[arg-type]


def qdq(
    zero: int = 0, weight_type: type = np.int8, *, quantize_weight: bool = False, scale: float = 0.1
) -> onnx.ModelProto:
    weight = np.ones((4, 4), dtype=np.float32 if quantize_weight else weight_type)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"], "q"),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"], "dq"),
    ]
    if quantize_weight:
        nodes.append(helper.make_node("QuantizeLinear", ["w", "s", "z"], ["wq"], "wq"))
    source, zero_name = ("wq", ["z"]) if quantize_weight else ("w", [] if weight_type is np.int32 else ["z"])
    nodes.append(helper.make_node("DequantizeLinear", [source, "s", *zero_name], ["wd"], "wdq"))
    nodes.append(helper.make_node("MatMul", ["xd", "wd"], ["y"], "product"))
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "qdq",
        [shape("x", TensorProto.FLOAT, [1, 4])],
        [shape("y", TensorProto.FLOAT, [1, 4])],
        [
            numpy_helper.from_array(np.float32(scale), "s"),
            numpy_helper.from_array(np.int8(zero), "z"),
            numpy_helper.from_array(weight, "w"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def test_the_checker_passes_clean_pairs() -> None:
    assert violations(qdq(), symmetric=True) == []
    assert violations(qdq(zero=3), symmetric=False) == []


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (qdq(zero=3), "zero point other than 0"),
        (qdq(weight_type=np.int32), "the bias w is quantized"),
        (qdq(quantize_weight=True), "the weight w is stored unquantized"),
        (qdq(scale=float("nan")), "is not a positive number"),
    ],
)
def test_the_checker_names_what_is_wrong(model: onnx.ModelProto, problem: str) -> None:
    with pytest.raises(RunError, match=problem):
        check(model, symmetric=True)


def test_the_checker_sees_broken_pairs() -> None:
    model = qdq()
    model.graph.node.remove(model.graph.node[1])
    model.graph.node[-1].input[0] = "xq"
    assert "q is not followed by a DequantizeLinear" in violations(model, symmetric=True)


def test_the_checker_sees_half_quantized_products() -> None:
    model = qdq()
    model.graph.node[-1].input[0] = "x"
    assert violations(model, symmetric=True) == ["product has a quantized weight but no Q/DQ pair before it"]
    model = qdq()
    model.graph.initializer.append(numpy_helper.from_array(np.ones((4, 4), dtype=np.float32), "w32"))
    model.graph.node[-1].input[1] = "w32"
    assert violations(model, symmetric=False) == ["product has a Q/DQ pair before it but no quantized weight"]


def test_the_checker_sees_weights_that_are_quantized_at_each_request() -> None:
    shape = helper.make_tensor_value_info
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"], "product")
    inputs = [shape("a", TensorProto.UINT8, [1, 4]), shape("b", TensorProto.INT8, [4, 4])]
    graph = helper.make_graph([node], "integers", inputs, [shape("y", TensorProto.INT32, [1, 4])])
    assert violations(helper.make_model(graph), symmetric=False) == [
        "the weight of product is quantized at each request"
    ]


def test_the_checker_knows_uint8_and_integer_operators(exported: Exported, tmp_path: Path) -> None:
    quantized(exported, tmp_path / "cpu.onnx", scheme="INT8Static")
    assert any("is not INT8" in problem for problem in violations(onnx.load(tmp_path / "cpu.onnx"), symmetric=True))
    quantized(exported, tmp_path / "dynamic.onnx", scheme="INT8Dynamic")
    problems = violations(onnx.load(tmp_path / "dynamic.onnx"), symmetric=True)
    assert any("which is no Q/DQ pair" in problem for problem in problems)


def test_tiny_models_of_other_kinds_export(tmp_path: Path) -> None:
    network = AutoModelForSequenceClassification.from_config(tiny.distilbert_config(), attn_implementation="eager")
    data = rows(8, len(tiny.VOCABULARY))
    path = tmp_path / "model.onnx"
    assert export_classifier(network, data, path, opset=18, pad_id=0).parity.largest_difference < 1e-4
    assert onnx.load(path).opset_import[0].version == 18
    assert [entry.name for entry in onnx.load(path).graph.input] == ["input_ids", "attention_mask"]

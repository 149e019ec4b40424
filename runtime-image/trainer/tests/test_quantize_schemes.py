"""BF16, INT4, smoothing and layers that are left out by themselves."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import AutoModelForCausalLM, AutoModelForImageClassification, PreTrainedModel

import tiny_images
import tiny_language
from hone.compress.quantize import quantizer_for
from hone.compress.quantize.graphs import prepared
from hone.compress.quantize.layers import layer_of
from hone.compress.quantize.report import left_alone
from hone.compress.quantize.smoothing import smooth
from hone.contract.compression import Calibration, Quantize, Sensitivity
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier, Row
from hone.evaluate.size import onnx_bytes
from hone.export import export_classifier, export_image_classifier
from tiny_quantize import Exported, agreement, error, export_bert, quantized, weight_types

PLANTED = "bert.encoder.layer.1.output.dense"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_bert(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A BERT of which one layer reads a channel that is a thousand times as large as all others."""

    def edit(network: PreTrainedModel) -> None:
        layer = network.get_submodule("bert.encoder.layer.1")
        with torch.no_grad():
            layer.intermediate.dense.bias[7] = 2000.0
            layer.output.dense.weight[:, 7] /= 1000.0

    return export_bert(tmp_path_factory.mktemp("planted"), edit)


def floats_of(path: Path, layer: str) -> bool:
    """Whether a product of the layer reads an FP32 weight."""
    graph = onnx.load(path).graph
    stored = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm") and layer_of(node) == layer]
    return bool(products) and all(node.input[1] in stored for node in products)


def test_bf16_is_half_and_answers_alike(exported: Exported, tmp_path: Path) -> None:
    logits, warnings = quantized(exported, tmp_path / "bf16.onnx", scheme="BF16")
    assert agreement(exported, logits) >= 0.97
    assert 0 < error(exported, logits) < 0.02
    assert onnx_bytes(exported.path) - onnx_bytes(tmp_path / "bf16.onnx") > 0.48 * 4 * sum(
        weight_types(exported.path).values()
    )
    types = weight_types(tmp_path / "bf16.onnx")
    assert types[TensorProto.BFLOAT16] > 50 * types[TensorProto.FLOAT]
    assert warnings[0].startswith("Only the file is half as large: ONNX Runtime computes nothing in BF16")


def test_bf16_leaves_out_what_it_is_told_to_and_what_would_become_infinite(exported: Exported, tmp_path: Path) -> None:
    model = onnx.load(exported.path)
    mask = numpy_helper.from_array(np.full((2, 2), np.finfo(np.float32).min), "mask")
    model.graph.initializer.append(mask)
    onnx.save(model, tmp_path / "masked.onnx")
    quantizer = quantizer_for(Quantize(scheme="BF16", exclude_layers=["classifier"], embeddings=False))
    quantizer.quantize(tmp_path / "masked.onnx", tmp_path / "bf16.onnx", [])
    kept = {t.name: list(t.dims) for t in onnx.load(tmp_path / "bf16.onnx").graph.initializer if t.data_type == 1}
    assert kept["mask"] == [2, 2]
    assert [2000, 64] in kept.values()
    assert floats_of(tmp_path / "bf16.onnx", "classifier")


@pytest.mark.parametrize(
    ("options", "bits"),
    [
        ({}, 7.5),
        ({"embedding_bits": 4}, 5.3),
        ({"group_size": 16}, 7.9),
        ({"embedding_bits": 4, "group_size": 128}, 5.7),
    ],
    ids=["default", "tables", "small-groups", "wide-groups"],
)
def test_int4_is_small(exported: Exported, tmp_path: Path, options: dict[str, object], bits: float) -> None:
    logits, warnings = quantized(exported, tmp_path / "int4.onnx", scheme="INT4WeightOnly", **options)
    assert warnings == []
    assert np.isfinite(logits).all()
    weights = sum(weight_types(exported.path).values())
    saved = onnx_bytes(exported.path) - onnx_bytes(tmp_path / "int4.onnx")
    assert saved > weights * (32 - bits) / 8
    nodes = onnx.load(tmp_path / "int4.onnx").graph.node
    # Query, key, value and three more in each of two layers, the pooler and the classifier.
    assert sum(node.op_type == "MatMulNBits" for node in nodes) == 14
    assert sum(node.op_type == "GatherBlockQuantized" for node in nodes) == (3 if "embedding_bits" in options else 0)


@pytest.mark.parametrize("gemm", [False, True])
def test_small_groups_of_4_bits_are_closer(tmp_path: Path, *, gemm: bool) -> None:
    draw = np.random.default_rng(0)
    weight, rows = draw.normal(size=(64, 32)).astype(np.float32), draw.normal(size=(50, 64)).astype(np.float32)
    node = helper.make_node(
        "Gemm" if gemm else "MatMul", ["x", "w"], ["logits"], "p", **({"transB": 1} if gemm else {})
    )
    stored = numpy_helper.from_array(np.ascontiguousarray(weight.T) if gemm else weight, "w")
    shape = helper.make_tensor_value_info
    inputs, outputs = shape("x", TensorProto.FLOAT, ["n", 64]), shape("logits", TensorProto.FLOAT, ["n", 32])
    graph = helper.make_graph([node], "product", [inputs], [outputs], [stored])
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), tmp_path / "product.onnx")
    changes = []
    for group in (16, 64):
        quantizer = quantizer_for(Quantize(scheme="INT4WeightOnly", group_size=group))  # type: ignore[arg-type]
        quantizer.quantize(tmp_path / "product.onnx", tmp_path / "int4.onnx", [])
        answer = OnnxClassifier(tmp_path / "int4.onnx").logits({"x": rows})
        changes.append(np.linalg.norm(answer - rows @ weight) / np.linalg.norm(rows @ weight))
    # A step of 1/15 of the range of so many normal numbers, evenly distributed errors of half a step at most.
    assert 0.05 < changes[0] < changes[1] < 0.11


def test_tables_of_8_bits_are_closer_than_those_of_4(exported: Exported, tmp_path: Path) -> None:
    tables = {"scheme": "INT4WeightOnly", "exclude_layers": ["bert.encoder", "pooler", "classifier"]}
    by_bits = {
        bits: error(exported, quantized(exported, tmp_path / "x.onnx", **tables, embedding_bits=bits)[0])
        for bits in (4, 8)
    }
    assert 0 < by_bits[8] < 0.1
    assert by_bits[8] < by_bits[4]


def test_int4_leaves_out_layers_and_tables(exported: Exported, tmp_path: Path) -> None:
    quantized(exported, tmp_path / "x.onnx", scheme="INT4WeightOnly", exclude_layers=["classifier"], embeddings=False)
    nodes = onnx.load(tmp_path / "x.onnx").graph.node
    assert sum(node.op_type == "MatMulNBits" for node in nodes) == 13
    assert weight_types(tmp_path / "x.onnx")[TensorProto.FLOAT] >= 2000 * 64 + 64 * 5


def language_model(folder: Path) -> tuple[Path, list[Row]]:
    torch.manual_seed(1)
    config = tiny_language.llama_config()
    config.use_cache = False
    network = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    draw = np.random.default_rng(2)
    rows = [
        {"input_ids": draw.integers(config.vocab_size, size=(1, n)), "attention_mask": np.ones((1, n), dtype=np.int64)}
        for n in draw.integers(4, 30, size=40)
    ]
    export_classifier(network, rows, folder / "model.onnx", opset=20, pad_id=0)
    return folder / "model.onnx", rows


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    return language_model(tmp_path_factory.mktemp("llama"))


@pytest.mark.parametrize("scheme", ["INT8Dynamic", "INT8Static", "INT4WeightOnly"])
def test_a_tied_output_layer_is_quantized_and_rotary_positions_are_not(
    llama: tuple[Path, list[Row]], tmp_path: Path, scheme: str
) -> None:
    source, rows = llama
    quantizer = quantizer_for(Quantize(scheme=scheme))  # type: ignore[arg-type]
    quantizer.quantize(source, tmp_path / "x.onnx", rows)
    graph = onnx.load(tmp_path / "x.onnx").graph
    stored = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    # Of the products only that of the frequencies still reads a stored FP32 tensor.
    products = [node for node in graph.node if node.op_type == "MatMul" and stored.intersection(node.input)]
    assert [len(node.input) and node.input[0] in stored for node in products] == [True]
    before, after = OnnxClassifier(source), OnnxClassifier(tmp_path / "x.onnx")
    for row in rows[:4]:
        expected = before.logits(row)
        assert np.linalg.norm(after.logits(row) - expected) < 0.3 * np.linalg.norm(expected)


def test_what_is_prepared_answers_as_before(llama: tuple[Path, list[Row]], tmp_path: Path) -> None:
    source, rows = llama
    path = prepared(source, tmp_path)
    assert not any(n.op_type == "Transpose" and "lm_head" in n.input[0] for n in onnx.load(path).graph.node)
    np.testing.assert_allclose(OnnxClassifier(path).logits(rows[0]), OnnxClassifier(source).logits(rows[0]), 1e-4)
    # The graph alone is small, and the source as it was.
    assert path.stat().st_size < 0.3 * source.stat().st_size == 0.3 * onnx_bytes(source)


@pytest.mark.parametrize("options", [{"scheme": "INT8Static"}, {"scheme": "INT8Dynamic", "sensitivity": Sensitivity()}])
def test_a_planted_sensitive_layer_is_found_and_left_out(
    planted: Exported, tmp_path: Path, options: dict[str, object]
) -> None:
    without = {**options, "sensitivity": Sensitivity(max_layers=0)}
    hurt, silent = quantized(planted, tmp_path / "hurt.onnx", **without)
    logits, (sentence,) = quantized(planted, tmp_path / "found.onnx", **options)
    assert sentence.startswith(f"{PLANTED} (")
    assert "stays in FP32" in sentence
    assert silent == []
    assert error(planted, logits) < 0.1 < error(planted, hurt)
    assert floats_of(tmp_path / "found.onnx", PLANTED)
    assert not floats_of(tmp_path / "found.onnx", "bert.encoder.layer.0.output.dense")


def test_where_all_layers_lose_a_little_none_is_left_out(exported: Exported, tmp_path: Path) -> None:
    options = {"scheme": "INT4WeightOnly", "sensitivity": Sensitivity(max_error=0.001, max_layers=1)}
    _, (sentence,) = quantized(exported, tmp_path / "x.onnx", **options)
    assert "more than sensitivity.maxError (0.1%), and it takes more than 1 of 17 layers to help that" in sentence
    assert not floats_of(tmp_path / "x.onnx", "classifier")


@pytest.mark.parametrize("scheme", ["INT8Static", "INT8Dynamic"])
def test_smoothing_bears_outliers(planted: Exported, tmp_path: Path, scheme: str) -> None:
    off = Sensitivity(max_layers=0) if scheme == "INT8Static" else None
    rough, _ = quantized(planted, tmp_path / "rough.onnx", scheme=scheme, sensitivity=off)
    even, _ = quantized(planted, tmp_path / "even.onnx", scheme=scheme, sensitivity=off, smooth_quant_alpha=0.5)
    assert error(planted, even) < 0.5 * error(planted, rough)
    assert onnx_bytes(tmp_path / "even.onnx") < 1.05 * onnx_bytes(tmp_path / "rough.onnx")


def test_smoothing_alone_changes_no_answer(planted: Exported, tmp_path: Path) -> None:
    path = smooth(planted.path, tmp_path / "smooth.onnx", planted.rows[:32], 0.5, frozenset())
    logits = np.stack(OnnxClassifier(path).predict(planted.rows, 1))
    np.testing.assert_allclose(logits, planted.logits, atol=2e-3)
    # The norms of a BERT are read by residual connections too, so that nothing can be folded into them.
    assert sum("_smooth_Mul" in node.name for node in onnx.load(path).graph.node) > 4


def images(folder: Path, kind: str) -> tuple[Path, list[Row]]:
    torch.manual_seed(2)
    config = tiny_images.vit_config() if kind == "vit" else tiny_images.resnet_config()
    network = AutoModelForImageClassification.from_config(config).eval()
    size = (1, config.num_channels, 16, 16)
    draw = np.random.default_rng(3)
    rows = [{"pixel_values": draw.normal(size=size).astype(np.float32)} for _ in range(40)]
    export_image_classifier(network, rows, folder / "model.onnx", opset=20)
    return folder / "model.onnx", rows


def test_smoothing_is_folded_into_norms_that_nothing_else_reads(tmp_path: Path) -> None:
    source, rows = images(tmp_path, "vit")
    path = smooth(source, tmp_path / "smooth.onnx", rows, 0.5, frozenset())
    for row in rows[:4]:
        np.testing.assert_allclose(OnnxClassifier(path).logits(row), OnnxClassifier(source).logits(row), atol=1e-4)
    graph = onnx.load(path).graph
    producers = {output: node.op_type for node in graph.node for output in node.output}
    smoothed = [node for node in graph.node if node.name.endswith("_smooth_Mul")]
    norms = [node for node in graph.node if node.op_type == "LayerNormalization"]
    assert any(node.input[1].endswith("_smooth") for node in norms)
    assert all(producers.get(node.input[0]) != "LayerNormalization" for node in smoothed)


def test_convolutions_are_quantized_with_fixed_ranges(tmp_path: Path) -> None:
    source, rows = images(tmp_path, "resnet")
    for target in ("CPU", "TensorRT"):
        quantizer = quantizer_for(Quantize(scheme="INT8Static", target=target))  # type: ignore[arg-type]
        assert not [w for w in quantizer.quantize(source, tmp_path / "x.onnx", rows) if "Conv" in w]
        types = weight_types(tmp_path / "x.onnx")
        assert types[TensorProto.INT8] > 4 * types[TensorProto.FLOAT]
        before, after = OnnxClassifier(source), OnnxClassifier(tmp_path / "x.onnx")
        expected = np.stack(before.predict(rows, 1))
        difference = np.linalg.norm(np.stack(after.predict(rows, 1)) - expected)
        assert difference < 0.2 * np.linalg.norm(expected - expected.mean(axis=0))


def test_operators_without_quantizer_are_named_with_their_place(tmp_path: Path) -> None:
    source, _ = images(tmp_path, "resnet")
    (sentence,) = quantizer_for(Quantize(scheme="INT8Dynamic")).quantize(source, tmp_path / "x.onnx", [])
    assert "Conv stay, the first at resnet.embedder.embedder.normalization, in FP32" in sentence
    assert sentence.endswith("this scheme has a quantizer for MatMul, Gemm, Gather only.")
    shape = helper.make_tensor_value_info
    weight = numpy_helper.from_array(np.ones((4, 1, 2, 2), dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["x", "w"], ["y"], "up")],
        "up",
        [shape("x", TensorProto.FLOAT, [1, 4, 4, 4])],
        [shape("y", TensorProto.FLOAT, None)],
        [weight],
    )
    assert left_alone(graph, ["Conv"]) == [
        "ConvTranspose at up stays in FP32: this scheme has a quantizer for Conv only."
    ]


def test_what_has_no_products_is_not_smoothed(tmp_path: Path) -> None:
    source, rows = images(tmp_path, "resnet")
    quantizer = quantizer_for(
        Quantize(
            scheme="INT8Static",
            smooth_quant_alpha=0.5,
            exclude_layers=["classifier"],
            calibration=Calibration(samples=16),
        )
    )
    with pytest.raises(RunError, match="this model has none to quantize; leave it out"):
        quantizer.quantize(source, tmp_path / "x.onnx", rows)


def test_options_reach_the_contract() -> None:
    document = {"scheme": "INT4WeightOnly", "embeddingBits": 4, "sensitivity": {"maxError": 0.05, "maxLayers": 3}}
    read = Quantize.model_validate_json(json.dumps(document))
    assert (read.embedding_bits, read.sensitivity) == (4, Sensitivity(max_error=0.05, max_layers=3))

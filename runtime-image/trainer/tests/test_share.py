"""The step `shareWeights`: codebooks that load again, and a file that really is smaller."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, BertConfig

import tiny_language
from hone.compress.quantize import quantizer_for
from hone.compress.share import share_weights, step
from hone.compress.share.clusters import clusters
from hone.contract.compression import Calibration, Quantize, Sensitivity, ShareWeights
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.evaluate.size import onnx_bytes
from hone.export import export_classifier
from hone.models import from_pretrained, save_pretrained
from hone.models.shared_weights import Codebook, SharedLayer
from test_factorize_fuse import TEXT, Made, resnet


def wide() -> Made:
    config = BertConfig(
        vocab_size=1000, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=1024,
        max_position_embeddings=64, initializer_range=0.1, num_labels=3,
    )  # fmt: skip
    return Made(AutoModelForSequenceClassification, config, TEXT)


def test_clusters_are_the_groups_that_there_are() -> None:
    draw = torch.Generator().manual_seed(0)
    centers = torch.tensor([[-2.0, 0.0, 2.0, 4.0], [10.0, 20.0, 30.0, 40.0]])
    true = torch.randint(4, (2, 500), generator=draw)
    indices, found = clusters(centers.gather(1, true) + 0.01 * torch.randn(2, 500, generator=draw), 4)
    assert torch.equal(indices, true)
    assert torch.allclose(found, centers, atol=0.01)


@pytest.mark.parametrize("bits", range(1, 9))
def test_indices_are_packed_without_loss(bits: int) -> None:
    draw = torch.Generator().manual_seed(bits)
    store = Codebook((7, 5), bits, 12, torch.device("cpu"))
    indices, entries = torch.randint(2**bits, (3, 12), generator=draw), torch.randn(3, 2**bits, generator=draw)
    store.set_indices(indices, entries)
    assert torch.equal(store().flatten(), entries.gather(1, indices).flatten()[:35])
    assert store.packed.shape == (3, -(-12 // (8 // bits)))


@pytest.mark.parametrize("options", [{}, {"codebook_bits": 3, "group_size": 500}, {"tie_layers": True}], ids=str)
@pytest.mark.parametrize("kind", ["bert", "gpt2", "resnet"])
def test_what_is_shared_loads_again(
    kind: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Layers as small as a test's are only left for the exporter's sake.
    monkeypatch.setattr(step, "SMALLEST_BYTES", 0)
    made = {
        "bert": wide,
        "gpt2": lambda: Made(AutoModelForCausalLM, tiny_language.gpt2_config(), TEXT),
        "resnet": resnet,
    }[kind]()
    before = made.logits()
    applied = made.apply(share_weights(ShareWeights(**options)))
    layers = [layer for layer in applied.layers if "bits" in layer]
    shared = [module for module in made.network.modules() if isinstance(module, SharedLayer)]
    assert len(shared) == len(layers) + sum(len(layer["tied"]) for layer in layers) > 0
    assert any(module.tied_to for module in shared) is ("tie_layers" in options)
    after = made.logits()
    assert not torch.equal(before, after)
    save_pretrained(made.network, tmp_path)
    loaded, info = from_pretrained(made.auto, tmp_path, dtype=torch.float32, attn_implementation="eager")
    assert not info["missing_keys"]
    assert torch.equal(made.logits(loaded.eval()), after)


def test_the_onnx_file_is_smaller_and_answers_alike(tmp_path: Path) -> None:
    rows = [TEXT, {name: value[:, :5] for name, value in TEXT.items()}]
    made = wide()
    export_classifier(made.network, rows, tmp_path / "whole.onnx", opset=20, pad_id=0)
    before = made.logits()
    applied = made.apply(share_weights(ShareWeights(codebook_bits=4)))
    # Against the network with codebooks it is compared by the export itself, at other shapes too.
    export_classifier(made.network, rows, tmp_path / "shared.onnx", opset=20, pad_id=0)
    stored = {
        tuple(t.dims) for t in onnx.load(tmp_path / "shared.onnx").graph.initializer if t.data_type == TensorProto.UINT8
    }
    assert {(1, 1000 * 64 // 2), (1, 1024 * 64 // 2)} <= stored
    saved = sum(layer["before"] - layer["after"] for layer in applied.layers if "bits" in layer)
    weights = [
        sum(len(tensor.raw_data) for tensor in onnx.load(tmp_path / name).graph.initializer)
        for name in ("whole.onnx", "shared.onnx")
    ]
    assert weights[0] - weights[1] == pytest.approx(saved, rel=0.02)
    assert onnx_bytes(tmp_path / "shared.onnx") < 0.5 * onnx_bytes(tmp_path / "whole.onnx")
    assert np.abs(OnnxClassifier(tmp_path / "shared.onnx").logits(TEXT) - before.numpy()).max() < 1


@pytest.mark.parametrize("scheme", ["INT8Dynamic", "INT8Static"])
def test_int8_leaves_codebooks_as_they_are_and_makes_the_rest_smaller(tmp_path: Path, scheme: str) -> None:
    rows = [TEXT, {name: value[:, :5] for name, value in TEXT.items()}] * 8
    made = wide()
    made.apply(share_weights(ShareWeights(codebook_bits=4)))
    shared, small = tmp_path / "shared.onnx", tmp_path / "int8.onnx"
    export_classifier(made.network, rows, shared, opset=20, pad_id=0)
    calibration = Calibration(samples=16) if scheme == "INT8Static" else None
    never = Sensitivity(max_layers=0) if scheme == "INT8Static" else None
    options = Quantize(scheme=scheme, calibration=calibration, sensitivity=never)  # type: ignore[arg-type]
    quantizer_for(options).quantize(shared, small, rows[:16])
    indices = [
        {tensor.name: tensor.raw_data for tensor in onnx.load(path).graph.initializer if tensor.name.endswith("packed")}
        for path in (shared, small)
    ]
    assert len(indices[0]) >= 5
    assert indices[0] == indices[1]
    assert onnx_bytes(small) < 0.9 * onnx_bytes(shared)
    assert any(tensor.data_type == TensorProto.INT8 for tensor in onnx.load(small).graph.initializer)
    difference = OnnxClassifier(small).logits(TEXT) - OnnxClassifier(shared).logits(TEXT)
    assert 0 < np.abs(difference).max() < 0.1


def test_what_would_not_be_smaller_stays() -> None:
    applied = wide().apply(share_weights(ShareWeights(codebook_bits=8, exclude_layers=["word_embeddings"])))
    left = {layer["layer"]: layer["left"] for layer in applied.layers if "left" in layer}
    assert left["bert.embeddings.word_embeddings"] == "named in excludeLayers"
    assert left["classifier"] == "its indices would take 192 bytes, and the exporter writes so few in full"
    why = r"none of \d+ layers smaller: of bert\.\S+, the largest, its indices .*; write a larger groupSize"
    with pytest.raises(RunError, match=why):
        wide().apply(share_weights(ShareWeights(codebook_bits=8, group_size=16)))

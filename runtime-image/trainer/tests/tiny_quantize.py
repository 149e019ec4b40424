"""A tiny BERT, exported once, and what quantizers make of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, PreTrainedModel

from hone.compress.quantize import quantizer_for
from hone.contract.compression import Quantize
from hone.evaluate.onnx_classifier import OnnxClassifier, Row
from hone.export import export_classifier


@dataclass(frozen=True)
class Exported:
    path: Path
    rows: list[Row]
    logits: np.ndarray


def rows(count: int, vocabulary: int) -> list[Row]:
    draw = np.random.default_rng(5)
    return [
        {
            "input_ids": draw.integers(vocabulary, size=(1, length)),
            "attention_mask": np.ones((1, length), dtype=np.int64),
        }
        for length in draw.integers(2, 40, size=count)
    ]


def export_bert(folder: Path, edit: Callable[[PreTrainedModel], None] = lambda _: None) -> Exported:
    torch.manual_seed(3)
    # Wide enough for weights to outweigh the graph itself.
    config = BertConfig(
        vocab_size=2000,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        initializer_range=0.2,
        num_labels=5,
    )
    network = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
    edit(network)
    path = folder / "model.onnx"
    data = rows(200, 2000)
    result = export_classifier(network, data, path, opset=20, pad_id=0)
    assert result.parity.largest_difference < 1e-4
    assert (8, max(row["input_ids"].shape[1] for row in data[:8])) in result.parity.shapes
    return Exported(path, data, np.stack(OnnxClassifier(path).predict(data, 1)))


def quantized(exported: Exported, path: Path, **options: object) -> tuple[np.ndarray, list[str]]:
    quantizer = quantizer_for(Quantize(**options))  # type: ignore[arg-type]
    warnings = quantizer.quantize(exported.path, path, exported.rows[: quantizer.calibration_rows])
    return np.stack(OnnxClassifier(path).predict(exported.rows, 1)), warnings


def error(exported: Exported, logits: np.ndarray) -> float:
    """What the answers change by, relative to what they tell rows apart by."""
    signal = exported.logits - exported.logits.mean(axis=0)
    return float(np.linalg.norm(logits - exported.logits) / np.linalg.norm(signal))


def agreement(exported: Exported, logits: np.ndarray) -> float:
    return float((exported.logits.argmax(1) == logits.argmax(1)).mean())


def weight_types(path: Path) -> Counter[int]:
    sizes: Counter[int] = Counter()
    for tensor in onnx.load(path).graph.initializer:
        sizes[tensor.data_type] += int(np.prod(tensor.dims))
    return sizes

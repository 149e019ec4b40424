"""Weights in BF16, arithmetic in FP32: half the size, on any processor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.external_data_helper import uses_external_data

from hone.compress.quantize.graphs import floats, set_nodes
from hone.compress.quantize.layers import excluded_nodes
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.onnx_files import Convert, outside, values, write

_WARNING = (
    "Only the file is half as large: ONNX Runtime computes nothing in BF16 on a processor, so that the weights become "
    "FP32 again when the model is loaded, and an answer takes as long as before."
)


class BFloat16:
    """Stores every matrix as BF16 behind a Cast to FP32; ONNX Runtime folds the Cast when it loads the model.

    BF16 has the range of FP32 with 8 significant bits. Vectors (biases, norms) are a thousandth of a model and stay.
    """

    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
        if options.target == "TensorRT":
            raise RunError(
                "Unsupported",
                "quantize.scheme BF16 for TensorRT has no executor yet; write scheme FP16, or target CPU.",
            )
        self._options = options

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model and writes the one with weights in BF16."""
        model = outside(source)
        kept = _inputs_of(model.graph, self._options)
        casts, converted = [], dict[str, Convert]()
        for tensor in list(floats(model.graph).values()):
            if len(tensor.dims) < 2 or tensor.name in kept:
                continue
            if not _stays_finite(values(tensor, source.parent)):
                continue
            stored = f"{tensor.name}_bf16"
            casts.append(helper.make_node("Cast", [stored], [tensor.name], f"{tensor.name}_Cast", to=TensorProto.FLOAT))
            if not uses_external_data(tensor):
                tensor.raw_data = _rounded(values(tensor, source.parent)).tobytes()
                tensor.ClearField("float_data")
            else:
                converted[stored] = _rounded
            tensor.name, tensor.data_type = stored, TensorProto.BFLOAT16
        set_nodes(model.graph, [*casts, *model.graph.node])
        write(model, target, source.parent, converted)
        return [_WARNING]


def _rounded(numbers: NDArray[np.float32]) -> NDArray[Any]:
    return numbers.astype(ml_dtypes.bfloat16)


def _stays_finite(numbers: NDArray[np.float32]) -> bool:
    """The largest FP32 is more than the largest BF16, and masks are made of it: infinity is another mask."""
    return bool((np.isfinite(_rounded(numbers)) == np.isfinite(numbers)).all())


def _inputs_of(graph: onnx.GraphProto, options: Quantize) -> set[str]:
    """What the excluded layers, and the embeddings if they are to stay, read."""
    kinds = sorted({node.op_type for node in graph.node})
    excluded = set(excluded_nodes(graph, options.exclude_layers or [], kinds))
    return {
        name
        for node in graph.node
        if node.name in excluded or (node.op_type == "Gather" and options.embeddings is False)
        for name in node.input
    }

"""INT8 weights, and activations that are quantized at each request by their own range."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from hone.compress.quantize.layers import excluded_nodes
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row

_KINDS = ("MatMul", "Gemm", "Gather")


class DynamicInt8:
    """For processors: needs no calibration."""

    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
        if options.target == "TensorRT":
            raise RunError(
                "ConfigInvalid",
                "TensorRT has no dynamic quantization; write scheme INT8Static with target TensorRT, or target CPU.",
            )
        self._options = options
        self._kinds = [kind for kind in _KINDS if kind != "Gather" or options.embeddings is not False]

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model and writes the quantized one."""
        graph = onnx.load(source, load_external_data=False).graph
        excluded = excluded_nodes(graph, self._options.exclude_layers or [], self._kinds)
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=self._kinds,
            per_channel=self._options.per_channel is not False,
            weight_type=QuantType.QInt8,
            # The quantizer turns each Gemm into a MatMul of this name before it looks at the names.
            nodes_to_exclude=[*excluded, *(f"{name}_MatMul" for name in excluded)],
        )
        return _left_alone(graph)


def _left_alone(graph: onnx.GraphProto) -> list[str]:
    """Say which layers with weights ONNX Runtime's dynamic quantizer can't do for INT8 weights."""
    count = sum(node.op_type == "Conv" for node in graph.node)
    if not count:
        return []
    convolutions = "One convolution stays" if count == 1 else f"{count} convolutions stay"
    return [f"{convolutions} in FP32: ONNX Runtime quantizes only {', '.join(_KINDS)} dynamically with INT8 weights."]

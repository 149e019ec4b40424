"""Weights and arithmetic in half precision; inputs and outputs stay as they were."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

from hone.compress.quantize.graphs import save
from hone.compress.quantize.layers import excluded_nodes
from hone.contract.compression import Quantize
from hone.evaluate.onnx_classifier import Row


class Half:
    """Half the size; faster where the device computes in half precision, which few processors do."""

    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
        self._options = options

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model and writes the converted one."""
        model = onnx.load(source)
        kinds = {node.op_type for node in model.graph.node}
        excluded = excluded_nodes(model.graph, self._options.exclude_layers or [], sorted(kinds))
        save(convert_float_to_float16(model, keep_io_types=True, node_block_list=excluded), target)
        if self._options.target == "TensorRT":
            return []
        return [
            "FP16 is meant for GPUs: most processors compute it by way of FP32, which takes longer than FP32 itself."
        ]

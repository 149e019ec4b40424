"""Weights and arithmetic in half precision; inputs and outputs stay as they were."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
from onnx import TensorProto
from onnx.external_data_helper import uses_external_data
from onnxruntime.transformers.float16 import convert_float_to_float16, convert_np_to_float16

from hone.compress.quantize.layers import excluded_nodes
from hone.contract.compression import Quantize
from hone.evaluate.onnx_classifier import Row
from hone.onnx_files import outside, write


class Half:
    """Half the size; faster where the device computes in half precision, which few processors do."""

    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
        self._options = options

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model and writes the converted one."""
        # With shapes, for what is converted is told by them.
        model = onnx.shape_inference.infer_shapes(outside(source))
        kinds = {node.op_type for node in model.graph.node}
        excluded = excluded_nodes(model.graph, self._options.exclude_layers or [], sorted(kinds))
        away = {tensor.name: _put_away(tensor) for tensor in model.graph.initializer if uses_external_data(tensor)}
        model = convert_float_to_float16(model, keep_io_types=True, node_block_list=excluded, disable_shape_infer=True)
        halved = [tensor.name for tensor in model.graph.initializer if _bring_back(tensor, away)]
        _say_shapes(model.graph, {name: kept.dims for name, kept in away.items()})
        write(model, target, source.parent, dict.fromkeys(halved, convert_np_to_float16))
        if self._options.target == "TensorRT":
            return []
        return [
            "FP16 is meant for GPUs: most processors compute it by way of FP32, which takes longer than FP32 itself."
        ]


def _put_away(tensor: TensorProto) -> TensorProto:
    """Make the tensor an empty one, and return what it was: the conversion needs its type alone, not its numbers."""
    kept = TensorProto()
    kept.CopyFrom(tensor)
    tensor.ClearField("external_data")
    tensor.ClearField("data_location")
    tensor.dims[:] = [0]
    tensor.raw_data = b""
    return kept


def _bring_back(tensor: TensorProto, away: Mapping[str, TensorProto]) -> bool:
    """Make an empty tensor again what it was, of its type now; tells whether that is another one than it was."""
    if (kept := away.get(tensor.name)) is None:
        return False
    made = tensor.data_type
    tensor.CopyFrom(kept)
    tensor.data_type = made
    return bool(made != kept.data_type)


def _say_shapes(graph: onnx.GraphProto, dims: Mapping[str, Sequence[int]]) -> None:
    """Correct the shape of each Cast that the conversion has put behind an empty tensor."""
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    for entry in graph.value_info:
        if (shape := dims.get(casts.get(entry.name, ""))) is not None:
            made = onnx.helper.make_tensor_value_info(entry.name, entry.type.tensor_type.elem_type, shape)
            entry.CopyFrom(made)

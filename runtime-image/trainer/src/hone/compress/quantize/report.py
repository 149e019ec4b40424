"""What a quantizer leaves in floating point."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto

from hone.compress.quantize.graphs import floats
from hone.compress.quantize.layers import layer_of

#: Below this share of a model's weights nothing is won by quantizing them.
_WORTH_TELLING = 0.01


def left_alone(graph: onnx.GraphProto, kinds: Sequence[str]) -> list[str]:
    """Say which operators with weights have no quantizer, and where they stand in the model."""
    stored = floats(graph)
    total = sum(_size(tensor) for tensor in stored.values())
    others = [
        node for node in graph.node if node.op_type not in kinds and _weights(node, stored) > _WORTH_TELLING * total
    ]
    counts = Counter(node.op_type for node in others)
    told = []
    for kind, count in sorted(counts.items()):
        first = next(node for node in others if node.op_type == kind)
        place = layer_of(first) or first.name
        named = f"{kind} at {place} stays" if count == 1 else f"{count} {kind} stay, the first at {place},"
        told.append(f"{named} in FP32: this scheme has a quantizer for {', '.join(kinds)} only.")
    return told


def _weights(node: onnx.NodeProto, stored: dict[str, TensorProto]) -> int:
    return sum(_size(stored[name]) for name in node.input if name in stored and len(stored[name].dims) > 1)


def _size(tensor: TensorProto) -> int:
    return int(np.prod(tensor.dims, dtype=np.int64))

"""ONNX files as the quantizers take them: weights beside the graph, and each product's as a constant of its own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from hone.evaluate.size import onnx_bytes
from hone.onnx_files import copy_outside, values
from hone.onnx_files.writing import EXTERNAL_FROM

#: What multiplies by a weight, and takes INT8 on its inputs.
PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})
#: Which input is the weight.
_WEIGHT_AT = {"MatMul": 1, "Gemm": 1, "Gather": 0, "Conv": 1}


def is_large(path: Path) -> bool:
    """Tell whether a model, and what is made of it, may not fit into one file."""
    return onnx_bytes(path) > EXTERNAL_FROM


def floats(graph: onnx.GraphProto) -> dict[str, TensorProto]:
    """Return the stored tensors of 32-bit numbers, by name."""
    return {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}


def producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return the node that makes each tensor."""
    return {output: node for node in graph.node for output in node.output}


def consumers(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """Return the nodes that read each tensor."""
    found: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            found.setdefault(name, []).append(node)
    return found


def set_nodes(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> None:
    """Give a graph other nodes, in their order."""
    del graph.node[:]
    graph.node.extend(nodes)


def weight_of(node: onnx.NodeProto, stored: dict[str, TensorProto]) -> TensorProto | None:
    """Return the weight of a product, a convolution or a look-up: a stored matrix (or kernel), where weights stand.

    A product of two activations has none. Nor has one whose first factor is stored, as the frequencies of rotary
    positions are: what is rounded there turns every position into another one.
    """
    position = _WEIGHT_AT.get(node.op_type)
    if position is None or position >= len(node.input):
        return None
    tensor = stored.get(node.input[position])
    if tensor is None or len(tensor.dims) < 2 or (node.op_type != "Conv" and len(tensor.dims) != 2):
        return None
    return None if node.op_type == "Gather" and attribute(node, "axis", 0) != 0 else tensor


def attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    """Return an integer attribute."""
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def without_weight(graph: onnx.GraphProto, kinds: Sequence[str]) -> list[str]:
    """The names of the nodes of these kinds that have no weight to quantize."""
    stored = floats(graph)
    return [node.name for node in graph.node if node.op_type in kinds and weight_of(node, stored) is None]


def prepared(source: Path, folder: Path) -> Path:
    """Copy a model into a folder, weights beside the graph, and give each product the weight that it multiplies by.

    The output layer of a language model often multiplies by its embedding, transposed. No quantizer follows a
    Transpose, so that the product gets a weight of its own, to be rounded like all others.
    """
    path = copy_outside(source, folder)
    model = onnx.load(path, load_external_data=False)
    if not (tied := _tied(model.graph)):
        return path
    for transpose, products in tied:
        stored = floats(model.graph)[transpose.input[0]]
        weight = numpy_helper.from_array(np.ascontiguousarray(values(stored, folder).T), transpose.output[0])
        weight.name = f"{transpose.output[0]}_weight"
        model.graph.initializer.append(weight)
        for product in products:
            product.input[1] = weight.name
    _drop_unused_transposes(model.graph)
    # Only what is new: the others are references already.
    onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.tied")
    return path


def _tied(graph: onnx.GraphProto) -> list[tuple[onnx.NodeProto, list[onnx.NodeProto]]]:
    stored = floats(graph)
    transposes = [
        node
        for node in graph.node
        if node.op_type == "Transpose" and node.input[0] in stored and len(stored[node.input[0]].dims) == 2
    ]
    found = []
    for transpose in transposes:
        products = [
            node
            for node in graph.node
            if node.op_type == "MatMul" and len(node.input) > 1 and node.input[1] == transpose.output[0]
        ]
        if products:
            found.append((transpose, products))
    return found


def _drop_unused_transposes(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    for node in [node for node in graph.node if node.op_type == "Transpose" and node.output[0] not in used]:
        graph.node.remove(node)

"""Moves outliers from activations into weights (Xiao et al. 2023, SmoothQuant), by arithmetic that changes no answer.

Channel j of what a product reads is divided by s_j = max|x_j|^alpha / max|w_j|^(1 - alpha), and the rows of its weights
are multiplied by it. Activations have one range for a whole tensor, so that one channel's outliers leave few steps for
all others; weights have a range for each output channel and bear them better.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from hone.compress.quantize.graphs import attribute, consumers, floats, producers, set_nodes, weight_of
from hone.errors import RunError
from hone.evaluate.onnx_classifier import PROVIDER, Row
from hone.onnx_files import values

log = logging.getLogger(__name__)

_PRODUCTS = ("MatMul", "Gemm")
#: A channel that is always zero, or has no weights, has nothing to move.
_LEAST = 1e-8


@dataclass(frozen=True)
class _Group:
    """All products of one tensor."""

    tensor: str
    products: list[onnx.NodeProto]


def smooth(source: Path, target: Path, rows: Sequence[Row], alpha: float, excluded: frozenset[str]) -> Path:
    """Write the smoothed model, which answers as the source does; excluded products keep their weights.

    Both are in one folder, with weights beside the graph: those that stay are not written again.
    """
    model = onnx.load(source, load_external_data=False)
    groups = _groups(model.graph, excluded)
    if not groups:
        raise RunError(
            "ConfigInvalid",
            "quantize.smoothQuantAlpha smooths what linear layers read, and this model has none to quantize; leave it "
            "out.",
        )
    largest = _largest(model, [group.tensor for group in groups], rows, target.with_name("ranges.onnx"))
    smoother = _Smoother(model.graph, source.parent)
    folded = sum(smoother.apply(group, largest[group.tensor], alpha) for group in groups)
    smoother.finish()
    onnx.save(model, target, save_as_external_data=True, location=f"{target.name}.data")
    log.info("Smoothed %d inputs of products; %d in the norm before them, the others by a Mul.", len(groups), folded)
    return target


def _groups(graph: onnx.GraphProto, excluded: frozenset[str]) -> list[_Group]:
    stored = floats(graph)
    found: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        if node.op_type not in _PRODUCTS or node.name in excluded or weight_of(node, stored) is None:
            continue
        if node.op_type == "MatMul" or not attribute(node, "transA", 0):
            found.setdefault(node.input[0], []).append(node)
    return [_Group(tensor, products) for tensor, products in found.items()]


def _largest(
    model: onnx.ModelProto, tensors: Sequence[str], rows: Sequence[Row], path: Path
) -> dict[str, NDArray[np.float32]]:
    """The largest absolute value of each channel [width] of each tensor over all rows."""
    outputs = len(model.graph.output)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in tensors)
    onnx.save(model, path)
    del model.graph.output[outputs:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=[PROVIDER])
    inputs = [entry.name for entry in session.get_inputs()]
    found: dict[str, NDArray[np.float32]] = {}
    for index in range(len(rows)):
        row = rows[index]
        values = session.run(list(tensors), {name: row[name] for name in inputs})
        for name, value in zip(tensors, values, strict=True):
            largest = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            found[name] = np.maximum(found[name], largest) if name in found else largest
    return found


class _Smoother:
    def __init__(self, graph: onnx.GraphProto, folder: Path) -> None:
        self._graph = graph
        self._folder = folder
        self._stored = floats(graph)
        self._producers = producers(graph)
        self._consumers = consumers(graph)
        self._outputs = {output.name for output in graph.output}
        self._before: dict[str, onnx.NodeProto] = {}

    def apply(self, group: _Group, largest: NDArray[np.float32], alpha: float) -> bool:
        """Smooth one tensor; tells whether that was folded into what makes it."""
        weights = [self._stored[product.input[1]] for product in group.products]
        rows = [self._by_input(product, tensor) for product, tensor in zip(group.products, weights, strict=True)]
        heaviest = np.max([np.abs(weight).max(axis=1) for weight in rows], axis=0)
        factors = np.ones_like(largest)
        some = (largest > _LEAST) & (heaviest > _LEAST)
        factors[some] = largest[some] ** alpha / heaviest[some] ** (1 - alpha)
        for product, weight in zip(group.products, rows, strict=True):
            scaled = weight * factors[:, None]
            self._replace(product, 1, scaled.T if _transposed(product) else scaled, "smooth")
        if self._fold(group, factors):
            return True
        self._insert(group, factors)
        return False

    def finish(self) -> None:
        """Put the new nodes before the first that reads them, and drop weights that nothing reads any longer."""
        nodes: list[onnx.NodeProto] = []
        for node in self._graph.node:
            for name in node.input:
                if (made := self._before.pop(name, None)) is not None:
                    nodes.append(made)
            nodes.append(node)
        set_nodes(self._graph, nodes)
        used = {name for node in nodes for name in node.input}
        for tensor in [tensor for tensor in self._graph.initializer if tensor.name not in used]:
            self._graph.initializer.remove(tensor)

    def _by_input(self, product: onnx.NodeProto, tensor: TensorProto) -> NDArray[np.float32]:
        """The weights as [inputs, outputs]."""
        weights: NDArray[np.float32] = values(tensor, self._folder)
        return weights.T if _transposed(product) else weights

    def _fold(self, group: _Group, factors: NDArray[np.float32]) -> bool:
        """Divide in the norm that makes the tensor, if nothing else reads it."""
        producer = self._producers.get(group.tensor)
        names = {product.name for product in group.products}
        if producer is None or group.tensor in self._outputs:
            return False
        if any(node.name not in names for node in self._consumers[group.tensor]):
            return False
        if producer.op_type == "LayerNormalization":
            positions = range(1, len(producer.input))
        elif producer.op_type == "Mul":
            positions = range(2)
        else:
            return False
        vectors = [index for index in positions if self._is_vector(producer.input[index], len(factors))]
        wanted = len(positions) if producer.op_type == "LayerNormalization" else 1
        if len(vectors) != wanted:
            return False
        for index in vectors:
            vector: NDArray[np.float32] = values(self._stored[producer.input[index]], self._folder)
            self._replace(producer, index, vector / factors, "smooth")
        return True

    def _insert(self, group: _Group, factors: NDArray[np.float32]) -> None:
        name = f"{group.tensor}_smooth"
        factor = numpy_helper.from_array((1 / factors).astype(np.float32), f"{name}_factor")
        self._graph.initializer.append(factor)
        self._before[name] = helper.make_node("Mul", [group.tensor, factor.name], [name], f"{name}_Mul")
        for product in group.products:
            product.input[0] = name

    def _is_vector(self, name: str, size: int) -> bool:
        tensor = self._stored.get(name)
        return tensor is not None and list(tensor.dims) == [size]

    def _replace(self, node: onnx.NodeProto, position: int, values: NDArray[np.float32], suffix: str) -> None:
        """Give the node a tensor of its own: others may read the old one."""
        tensor = numpy_helper.from_array(
            np.ascontiguousarray(values, dtype=np.float32), f"{node.input[position]}_{node.name}_{suffix}"
        )
        self._graph.initializer.append(tensor)
        node.input[position] = tensor.name


def _transposed(product: onnx.NodeProto) -> bool:
    return product.op_type == "Gemm" and bool(attribute(product, "transB", 0))

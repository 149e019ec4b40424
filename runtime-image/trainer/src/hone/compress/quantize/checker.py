"""Checks the structure of Q/DQ models, so that a runtime refuses none of them."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from hone.compress.quantize.graphs import PRODUCTS, consumers, producers
from hone.errors import RunError
from hone.onnx_files import values

_INTEGER_OPERATORS = frozenset(
    {"MatMulInteger", "ConvInteger", "DynamicQuantizeLinear", "QLinearMatMul", "QLinearConv", "DynamicQuantizeMatMul"}
)
#: Those of them that a weight is multiplied by.
_INTEGER_PRODUCTS = frozenset({"MatMulInteger", "ConvInteger", "DynamicQuantizeMatMul"})


def violations(model: onnx.ModelProto, *, symmetric: bool, folder: Path | None = None) -> list[str]:
    """What is wrong with the model, one sentence each; `symmetric` asks for what TensorRT asks for.

    The folder is the model's own; a model that has all of its tensors in it needs none.
    """
    checker = _Checker(model.graph, folder or Path(), symmetric)
    return [problem for node in model.graph.node for problem in checker.problems(node) if problem is not None]


def check(model: onnx.ModelProto, *, symmetric: bool, folder: Path | None = None) -> None:
    """Fails the run if the model's structure is wrong."""
    if problems := violations(model, symmetric=symmetric, folder=folder):
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise RunError(
            "Unsupported",
            f"The quantized model has a structure that can't be served: {'; '.join(problems[:3])}{more}. "
            "Name the layers in quantize.excludeLayers, or choose another scheme.",
        )


class _Checker:
    def __init__(self, graph: onnx.GraphProto, folder: Path, symmetric: bool) -> None:
        self._folder = folder
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._producers = producers(graph)
        self._consumers = consumers(graph)
        self._symmetric = symmetric

    def problems(self, node: onnx.NodeProto) -> list[str | None]:
        if node.op_type in _INTEGER_OPERATORS:
            return self._integers(node)
        if node.op_type == "QuantizeLinear":
            return [*self._parameters(node), self._weight_behind(node), self._followed(node)]
        if node.op_type == "DequantizeLinear":
            return [*self._parameters(node), self._preceded(node), self._bias(node)]
        return [self._whole(node)] if node.op_type in PRODUCTS else []

    def _integers(self, node: onnx.NodeProto) -> list[str | None]:
        if self._symmetric:
            return [f"{node.name} is a {node.op_type}, which is no Q/DQ pair"]
        if node.op_type not in _INTEGER_PRODUCTS:
            return []
        weight = self._constants.get(node.input[1])
        stored = weight is not None and weight.data_type in (TensorProto.INT8, TensorProto.UINT8)
        return [None if stored else f"the weight of {node.name} is quantized at each request"]

    def _whole(self, node: onnx.NodeProto) -> str | None:
        """A product with a quantized weight and an activation in floating point is computed in neither."""
        quantized = [self._is_dequantized(name) for name in node.input[:2]]
        if quantized[1] and not quantized[0]:
            return f"{node.name} has a quantized weight but no Q/DQ pair before it"
        if quantized[0] and not quantized[1] and node.input[1] in self._constants:
            return f"{node.name} has a Q/DQ pair before it but no quantized weight"
        return None

    def _is_dequantized(self, name: str) -> bool:
        producer = self._producers.get(name)
        return producer is not None and producer.op_type == "DequantizeLinear"

    def _parameters(self, node: onnx.NodeProto) -> list[str | None]:
        scale = self._constants.get(node.input[1])
        if scale is None:
            return [f"the scale of {node.name} is no constant"]
        numbers = values(scale, self._folder)
        found: list[str | None] = []
        if not (np.isfinite(numbers).all() and (numbers > 0).all()):
            found.append(f"the scale of {node.name} is not a positive number")
        if self._symmetric and len(node.input) > 2:
            zero = self._constants.get(node.input[2])
            if zero is None or values(zero, self._folder).any():
                found.append(f"{node.name} has a zero point other than 0")
            if zero is not None and zero.data_type != TensorProto.INT8:
                found.append(f"{node.name} is not INT8")
        return found

    def _weight_behind(self, node: onnx.NodeProto) -> str | None:
        if node.input[0] in self._constants:
            return f"the weight {node.input[0]} is stored unquantized"
        return None

    def _followed(self, node: onnx.NodeProto) -> str | None:
        if any(consumer.op_type != "DequantizeLinear" for consumer in self._consumers.get(node.output[0], [])):
            return f"{node.name} is not followed by a DequantizeLinear"
        return None

    def _preceded(self, node: onnx.NodeProto) -> str | None:
        constant = self._constants.get(node.input[0])
        if constant is not None:
            return None
        producer = self._producers.get(node.input[0])
        if producer is not None and producer.op_type == "Gather" and producer.input[0] in self._constants:
            # Rows of a table that is stored as integers.
            return None
        if producer is None or producer.op_type != "QuantizeLinear":
            return f"{node.name} follows no QuantizeLinear and no stored weight"
        return None

    def _bias(self, node: onnx.NodeProto) -> str | None:
        constant = self._constants.get(node.input[0])
        if constant is not None and constant.data_type == TensorProto.INT32:
            return f"the bias {node.input[0]} is quantized"
        return None

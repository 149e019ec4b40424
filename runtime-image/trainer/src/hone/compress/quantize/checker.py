"""Checks the structure of Q/DQ models, so that a runtime refuses none of them."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from hone.errors import RunError

_INTEGER_OPERATORS = frozenset(
    {"MatMulInteger", "ConvInteger", "DynamicQuantizeLinear", "QLinearMatMul", "QLinearConv", "DynamicQuantizeMatMul"}
)


def violations(model: onnx.ModelProto, *, symmetric: bool) -> list[str]:
    """What is wrong with the model, one sentence each; `symmetric` asks for what TensorRT asks for."""
    checker = _Checker(model.graph, symmetric)
    return [problem for node in model.graph.node for problem in checker.problems(node) if problem is not None]


def check(model: onnx.ModelProto, *, symmetric: bool) -> None:
    """Fails the run if the model's structure is wrong."""
    if problems := violations(model, symmetric=symmetric):
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise RunError(
            "Unsupported",
            f"The quantized model has a structure that can't be served: {'; '.join(problems[:3])}{more}. "
            "Name the layers in quantize.excludeLayers, or choose another scheme.",
        )


class _Checker:
    def __init__(self, graph: onnx.GraphProto, symmetric: bool) -> None:
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._producers = {output: node for node in graph.node for output in node.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)
        self._symmetric = symmetric

    def problems(self, node: onnx.NodeProto) -> list[str | None]:
        if node.op_type in _INTEGER_OPERATORS:
            return [f"{node.name} is a {node.op_type}, which is no Q/DQ pair"] if self._symmetric else []
        if node.op_type == "QuantizeLinear":
            return [*self._parameters(node), self._weight_behind(node), self._followed(node)]
        if node.op_type == "DequantizeLinear":
            return [*self._parameters(node), self._preceded(node), self._bias(node)]
        return []

    def _parameters(self, node: onnx.NodeProto) -> list[str | None]:
        scale = self._constants.get(node.input[1])
        if scale is None:
            return [f"the scale of {node.name} is no constant"]
        values = numpy_helper.to_array(scale)
        found: list[str | None] = []
        if not (np.isfinite(values).all() and (values > 0).all()):
            found.append(f"the scale of {node.name} is not a positive number")
        if self._symmetric and len(node.input) > 2:
            zero = self._constants.get(node.input[2])
            if zero is None or numpy_helper.to_array(zero).any():
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
        if producer is None or producer.op_type != "QuantizeLinear":
            return f"{node.name} follows no QuantizeLinear and no stored weight"
        return None

    def _bias(self, node: onnx.NodeProto) -> str | None:
        constant = self._constants.get(node.input[0])
        if constant is not None and constant.data_type == TensorProto.INT32:
            return f"the bias {node.input[0]} is quantized"
        return None

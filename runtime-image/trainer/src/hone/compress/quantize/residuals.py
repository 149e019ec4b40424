"""Leaves residual connections in floating point."""

import onnx

from hone.compress.quantize.graphs import PRODUCTS, producers

_PAIR = frozenset({"QuantizeLinear", "DequantizeLinear"})


def restore_residuals(graph: onnx.GraphProto) -> None:
    """Gives back the unrounded tensor to every consumer that computes in floating point.

    The quantizer hands the rounded tensor to all consumers of a tensor that one of them wants in INT8. A residual
    addition beside a product then adds up rounding errors from layer to layer, and saves nothing for it. Only what an
    embedding answers stays rounded: its table is INT8, and looking it up there is what makes it small.
    """
    makers = producers(graph)
    for node in graph.node:
        if node.op_type in PRODUCTS | _PAIR:
            continue
        for index, name in enumerate(node.input):
            original = _before_rounding(name, makers)
            if original is not None and not _is_lookup(original, makers):
                node.input[index] = original
    _drop_unused(graph)


def _before_rounding(name: str, makers: dict[str, onnx.NodeProto]) -> str | None:
    dequantize = makers.get(name)
    if dequantize is None or dequantize.op_type != "DequantizeLinear":
        return None
    quantize = makers.get(dequantize.input[0])
    return quantize.input[0] if quantize is not None and quantize.op_type == "QuantizeLinear" else None


def _is_lookup(name: str, makers: dict[str, onnx.NodeProto]) -> bool:
    producer = makers.get(name)
    return producer is not None and producer.op_type == "Gather"


def _drop_unused(graph: onnx.GraphProto) -> None:
    outputs = {output.name for output in graph.output}
    while True:
        used = outputs.union(*(node.input for node in graph.node))
        unused = [node for node in graph.node if node.op_type in _PAIR and not used.intersection(node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)

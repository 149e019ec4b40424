"""What TensorRT's ONNX parser takes."""

import onnx

from hone.compress.quantize.graphs import PRODUCTS

#: Operators of ONNX that its table of supported operators (docs/operators.md of onnx-tensorrt) says no to.
_UNKNOWN = frozenset(
    {
        "Bernoulli",
        "BitShift",
        "Compress",
        "ConcatFromSequence",
        "ConvInteger",
        "Det",
        "DynamicQuantizeLinear",
        "MatMulInteger",
        "MaxRoiPool",
        "MaxUnpool",
        "MelWeightMatrix",
        "Multinomial",
        "NegativeLogLikelihoodLoss",
        "Optional",
        "OptionalGetElement",
        "OptionalHasElement",
        "QLinearConv",
        "QLinearMatMul",
        "SequenceAt",
        "SequenceConstruct",
        "SequenceEmpty",
        "SequenceErase",
        "SequenceInsert",
        "SequenceLength",
        "SequenceMap",
        "SoftmaxCrossEntropyLoss",
        "SplitToSequence",
        "StringNormalizer",
        "TfIdfVectorizer",
        "Unique",
    }
)


def unknown_to_tensor_rt(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that TensorRT's parser would refuse: operators of other domains, and some of ONNX's own."""
    return [node for node in graph.node if node.domain not in ("", "ai.onnx") or node.op_type in _UNKNOWN]


def untyped_products(model: onnx.ModelProto, wanted: int) -> list[onnx.NodeProto]:
    """Return the matrix products and convolutions whose result has another number format than the wanted one.

    Args:
        model: the graph; its weights may lie outside of it.
        wanted: a value of TensorProto.DataType.
    """
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    types = {entry.name: entry.type.tensor_type.elem_type for entry in (*inferred.value_info, *inferred.output)}
    return [node for node in model.graph.node if node.op_type in PRODUCTS and types.get(node.output[0]) != wanted]

"""Weights in 4 bits, arithmetic in FP32: small, and as quick as the memory lets it be."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.onnx_model import ONNXModel

from hone.compress.quantize.graphs import floats, set_nodes, weight_of
from hone.compress.quantize.layerwise import Scheme, Write
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.onnx_files import write

DEFAULT_GROUP = 32
DEFAULT_EMBEDDING_BITS = 8

#: ONNX has had 4-bit integers since this version of its format.
_IR_VERSION = 10


class WeightOnlyInt4(Scheme):
    """Each group of weights has a scale and a zero point of its own: MatMulNBits, and tables in 8 or 4 bits.

    Rounded to the nearest. Activations are not rounded, so that no calibration is needed.
    """

    def __init__(self, options: Quantize) -> None:
        super().__init__(options)
        if options.target == "TensorRT":
            raise RunError(
                "Unsupported",
                "quantize.scheme INT4WeightOnly for TensorRT has no executor yet; write target CPU, or scheme "
                "INT8Static.",
            )
        if options.per_channel is not None:
            raise RunError(
                "ConfigInvalid",
                "quantize.perChannel means nothing to INT4WeightOnly, which has a scale for each group of weights; "
                "write groupSize instead.",
            )
        if options.embedding_bits is not None and options.embeddings is False:
            raise RunError(
                "ConfigInvalid", "quantize.embeddingBits means nothing with embeddings: false; leave one of them out."
            )
        self._group = options.group_size or DEFAULT_GROUP
        self._bits = options.embedding_bits or DEFAULT_EMBEDDING_BITS

    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """There are no ranges to take."""

        def write_int4(target: Path, excluded: Sequence[str]) -> None:
            model = onnx.load(source)
            if "Gather" in self.kinds and self._bits == 8:
                _tables_in_int8(model.graph, frozenset(excluded))
            tables = self._bits == 4 and "Gather" in self.kinds
            write(_in_four_bits(model, excluded, self._group, tables=tables), target, source.parent)

        return write_int4


def _in_four_bits(model: onnx.ModelProto, excluded: Sequence[str], group: int, *, tables: bool) -> onnx.ModelProto:
    # Its import configures the root logger unless that was done, and it logs each node.
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    logging.getLogger(MatMulNBitsQuantizer.__module__).setLevel(logging.ERROR)
    model.ir_version = max(model.ir_version, _IR_VERSION)
    wrapped = ONNXModel(model)
    # The quantizer knows no Gemm; a replaced one is called after it.
    wrapped.replace_gemm_with_matmul()
    kinds = ("MatMul", "Gather") if tables else ("MatMul",)
    stored = floats(model.graph)
    # What a replaced Gemm multiplies by is stored just now, or was before.
    weightless = [node.name for node in model.graph.node if node.op_type in kinds and weight_of(node, stored) is None]
    quantizer = MatMulNBitsQuantizer(
        wrapped.model,
        bits=4,
        block_size=group,
        is_symmetric=False,
        nodes_to_exclude=[*excluded, *(f"{name}_MatMul" for name in excluded), *weightless],
        op_types_to_quantize=kinds,
        # Along the inputs of a product, and along the numbers of one row of a table.
        quant_axes={"MatMul": 0, "Gather": 1},
    )
    quantizer.process()
    quantizer.model.clean_initializers()
    written: onnx.ModelProto = quantizer.model.model
    return written


def _tables_in_int8(graph: onnx.GraphProto, excluded: frozenset[str]) -> None:
    """Store each table that rows are looked up in as INT8 [rows, width] with a scale for each row."""
    stored = floats(graph)
    nodes: list[onnx.NodeProto] = []
    made: dict[str, tuple[str, str]] = {}
    for node in graph.node:
        table = None if node.op_type != "Gather" or node.name in excluded else weight_of(node, stored)
        if table is None:
            nodes.append(node)
            continue
        if table.name not in made:
            made[table.name] = _store_rows(graph, table)
        numbers, scales = made[table.name]
        nodes += _look_up(node, numbers, scales)
    set_nodes(graph, nodes)


def _store_rows(graph: onnx.GraphProto, table: TensorProto) -> tuple[str, str]:
    values = numpy_helper.to_array(table)
    # A row of zeros, as that of padding is, has any scale.
    scales = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
    rounded = np.rint(values / scales).astype(np.int8)
    names = f"{table.name}_int8", f"{table.name}_row_scale"
    graph.initializer.append(numpy_helper.from_array(rounded, names[0]))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), names[1]))
    return names


def _look_up(node: onnx.NodeProto, numbers: str, scales: str) -> list[onnx.NodeProto]:
    indexes, answer = node.input[1], node.output[0]
    made = [
        helper.make_node("Gather", [numbers, indexes], [f"{answer}_int8"], node.name, axis=0),
        helper.make_node("Gather", [scales, indexes], [f"{answer}_scale"], f"{node.name}_scale", axis=0),
        helper.make_node("Cast", [f"{answer}_int8"], [f"{answer}_cast"], f"{node.name}_cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{answer}_cast", f"{answer}_scale"], [answer], f"{node.name}_scaled"),
    ]
    made[0].metadata_props.extend(node.metadata_props)
    return made

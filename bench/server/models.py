"""Makes the models that are served, the same bytes each time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: The widths of the layers of the small network, whose cost is next to nothing: what is measured is the server.
MLP = (32, 64, 64, 3)
#: Those of a network that reads 12 MiB of weights in a run, whatever the number of rows: one for which batches pay.
WIDE = (64, 1024, 1024, 1024, 8)
#: One image of 224 by 224 pixels in FP32: 602,112 bytes.
IMAGE = (1, 3, 224, 224)


def _save(graph: onnx.GraphProto, repository: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10, producer_name="hone")
    onnx.checker.check_model(model, full_check=True)
    path = repository / str(graph.name) / "1" / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def perceptron(name: str, widths: tuple[int, ...], repository: Path) -> Path:
    """Write a network of fully connected layers with ReLU between them; return its file."""
    draw = np.random.default_rng(0)
    nodes, constants = [], []
    last = "input"
    for layer, (rows, columns) in enumerate(pairwise(widths)):
        weights = draw.normal(scale=rows**-0.5, size=(rows, columns)).astype(np.float32)
        bias = draw.normal(scale=0.1, size=columns).astype(np.float32)
        constants += [
            numpy_helper.from_array(weights, f"weights{layer}"),
            numpy_helper.from_array(bias, f"bias{layer}"),
        ]
        ends = layer == len(widths) - 2
        after = "output" if ends else f"sum{layer}"
        nodes.append(helper.make_node("Gemm", [last, f"weights{layer}", f"bias{layer}"], [after]))
        if not ends:
            nodes.append(helper.make_node("Relu", [after], [f"hidden{layer}"]))
            last = f"hidden{layer}"
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", widths[0]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", widths[-1]])],
        constants,
    )
    return _save(graph, repository)


def mean(name: str, repository: Path) -> Path:
    """Write a model that gives the mean of each channel of an image; return its file."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["output"]),
        ],
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *IMAGE[1:]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", IMAGE[1]])],
    )
    return _save(graph, repository)

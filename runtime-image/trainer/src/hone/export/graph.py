"""Checks the graph of an exported ONNX file: valid, its shapes inferred, its axes open, and silent on who made it."""

from collections.abc import Sequence
from pathlib import Path

import onnx
import onnx_ir

from hone.errors import RunError, first_line

#: The key of what the exporter says of the PyTorch modules that a node is in.
SCOPES = "pkg.torch.onnx.name_scopes"


def forget_origins(model: onnx_ir.Model) -> None:
    """Take out what the exporter notes of its own work, but for the modules that nodes belong to.

    Stack traces with the paths of the machine are among it, and in a small model it is most of the file.
    """
    model.metadata_props.clear()
    graph = model.graph
    graph.metadata_props.clear()
    for node in graph.all_nodes():
        scopes = node.metadata_props.get(SCOPES)
        node.metadata_props.clear()
        if scopes is not None:
            node.metadata_props[SCOPES] = scopes
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*graph.inputs, *graph.initializers.values()):
        value.metadata_props.clear()


def check_graph(path: Path, inputs: Sequence[str]) -> None:
    """Checks the file by ONNX's own rules, infers every shape and writes them into it.

    Args:
        path: an ONNX file, with its weights inside or beside it.
        inputs: names that the graph must have, each with an open first axis.

    Raises:
        RunError: Unsupported if a rule is broken, an axis is fixed or a tensor's type can't be told.
    """
    try:
        onnx.checker.check_model(str(path), full_check=True)
        # By path, because a model above 2 GB does not fit into one message.
        onnx.shape_inference.infer_shapes_path(str(path), str(path), strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _broken(f"ONNX's checker refuses it: {first_line(error)}") from error
    graph = onnx.load(path, load_external_data=False).graph
    given = {entry.name: entry.type.tensor_type for entry in graph.input}
    for name in inputs:
        if name not in given:
            raise _broken(f"it has no input {name}")
        if given[name].shape.dim[0].dim_value:
            raise _broken(f"the batch of its input {name} is fixed to {given[name].shape.dim[0].dim_value}")
    known = {entry.name for entry in (*graph.value_info, *graph.output)}
    for node in graph.node:
        if unknown := [name for name in node.output if name and name not in known]:
            raise _broken(f"the shape of {unknown[0]}, made by {node.op_type} {node.name}, can't be inferred")


def _broken(what: str) -> RunError:
    return RunError("Unsupported", f"The exported graph can't be used: {what}; this model can't be exported yet.")

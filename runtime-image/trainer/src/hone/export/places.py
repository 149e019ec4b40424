"""Names what an exporter does not know, with its place in the model."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch.export import ExportedProgram

from hone.errors import root_cause

_MISSING = re.compile(r"No ONNX function found for <OpOverload\(op='([\w.]+)'")
_NOT_LOWERED = re.compile(r"Lowering not found: ([\w.]+)")


def missing_function(
    error: BaseException,
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    shapes: tuple[tuple[dict[int, Any], ...], ...],
) -> str | None:
    """Return which operator has no ONNX counterpart and which layer uses it, in words; None if that is not the error.

    The exporter's message has the operator alone, so the network is traced once more to see where it stands.
    """
    missing = _MISSING.search(str(root_cause(error)))
    if missing is None:
        return None
    operator = missing.group(1).replace(".", "::")
    program = torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    return f"the operator {operator} in {_layer(program, operator)} has no ONNX counterpart"


def missing_lowering(error: BaseException, module: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> str | None:
    """Return which operator LiteRT has none for and which layer uses it, in words; None if that is not the error."""
    missing = _NOT_LOWERED.search(str(root_cause(error)))
    if missing is None:
        return None
    # aten.name.overload, and a name of two parts with dots in no other place.
    operator = "::".join(missing.group(1).split(".")[:2])
    program = torch.export.export(module, (), dict(inputs), strict=False)
    return f"the operator {operator} in {_layer(program, operator)} has no counterpart in LiteRT"


def _layer(program: ExportedProgram, operator: str) -> str:
    # The exporter replaces some operators by simpler ones of nearly the same name, special_bessel_j0 by bessel_j0.
    name = operator.split("::")[-1]
    for node in program.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload) and node.target._opname.endswith(name):
            paths = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
            found = str(paths[-1]).removeprefix("model").removeprefix(".") if paths else ""
            return found or "the model itself"
    return "the model itself"

"""Names what an exporter does not know, with its place in the model."""

import re
from typing import Any

import torch

from hone.errors import root_cause

_MISSING = re.compile(r"No ONNX function found for <OpOverload\(op='([\w.]+)'")


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
    layer = _layer(module, example, shapes, operator)
    return f"the operator {operator} in {layer or 'the model itself'} has no ONNX counterpart"


def _layer(
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    shapes: tuple[tuple[dict[int, Any], ...], ...],
    operator: str,
) -> str:
    program = torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    # The exporter replaces some operators by simpler ones of nearly the same name, special_bessel_j0 by bessel_j0.
    name = operator.split("::")[-1]
    for node in program.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload) and node.target._opname.endswith(name):
            paths = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
            return str(paths[-1]).removeprefix("model").removeprefix(".") if paths else ""
    return ""

"""Which node of an ONNX graph came from which layer of the model."""

import ast
import fnmatch
from collections.abc import Sequence

import onnx

from hone.errors import RunError, some_of
from hone.export.graph import SCOPES

#: The exporter's wrapper around the model.
_ROOT = "model."


def layer_of(node: onnx.NodeProto) -> str:
    """The PyTorch module that the node was made for, as `named_modules` names it; empty if unknown."""
    for entry in node.metadata_props:
        if entry.key == SCOPES:
            scopes = ast.literal_eval(entry.value)
            # The last scope is the node itself.
            return str(scopes[-2]).removeprefix(_ROOT) if len(scopes) > 1 else ""
    return ""


def excluded_nodes(graph: onnx.GraphProto, patterns: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The names of the nodes of these kinds that belong to the layers named; a name that fits no layer is a mistake.

    A name is a whole layer path, the end of one, a path that others are below, or a pattern with `*`.
    """
    layers = {node.name: layer_of(node) for node in graph.node if node.op_type in kinds and layer_of(node)}
    excluded: set[str] = set()
    for pattern in patterns:
        found = {name for name, layer in layers.items() if matches(layer, pattern)}
        if not found:
            known = sorted(set(layers.values()))
            raise RunError(
                "ConfigInvalid",
                f"quantize.excludeLayers names {pattern}, which is no layer that would be quantized; "
                f"there are {some_of(known)}.",
            )
        excluded |= found
    return sorted(excluded)


def layers_of(graph: onnx.GraphProto, kinds: Sequence[str], excluded: frozenset[str]) -> dict[str, list[str]]:
    """The names of the nodes of these kinds, by their layers; a node of an unknown layer is one by itself."""
    found: dict[str, list[str]] = {}
    for node in graph.node:
        if node.op_type in kinds and node.name not in excluded:
            found.setdefault(layer_of(node) or node.name, []).append(node.name)
    return found


def matches_any(layer: str, patterns: Sequence[str]) -> bool:
    """Whether the layer's path is meant by one of the names."""
    return any(matches(layer, pattern) for pattern in patterns)


def matches(layer: str, pattern: str) -> bool:
    """Whether the layer's path is meant by the name."""
    if fnmatch.fnmatchcase(layer, pattern):
        return True
    return f".{layer}.".find(f".{pattern}.") >= 0

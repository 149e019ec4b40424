"""Attention heads go (Michel et al., 2019, arXiv:1905.10650): rows of queries, keys, values, columns of outputs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch_pruning
from torch import nn
from torch_pruning.dependency import DependencyGraph

from hone.compress.prune.channels import dependency_graph
from hone.compress.prune.ranking import Removal, Removed, lowest, worth
from hone.compress.prune.targets import check_names
from hone.compress.quantize.layers import matches_any
from hone.errors import RunError

#: How attention modules call the width of a head, the number of heads, that of keys' heads, and the width of all heads.
_WIDTHS = ("attention_head_size", "head_dim")
_COUNTS = ("num_attention_heads", "n_heads", "num_heads")
_KEY_COUNTS = ("num_key_value_heads", "n_kv_heads")
_ALL = ("all_head_size",)


@dataclass(frozen=True)
class Attention:
    """One attention module: `units` heads of keys and values, each with `queries` heads of queries, `width` wide."""

    name: str
    module: nn.Module
    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    units: int
    queries: int
    width: int

    def parts(self) -> list[tuple[nn.Linear, int, int]]:
        """Each projection, the axis that its heads are along, and how many numbers along it one unit has."""
        of_queries = self.queries * self.width
        return [(self.query, 0, of_queries), (self.key, 0, self.width), (self.value, 0, self.width),
                (self.output, 1, of_queries)]  # fmt: skip


def remove(removal: Removal) -> Removed:
    """Remove the heads that matter least; where several query heads share a key head, they go together."""
    network = removal.subject.network
    check_names(network, removal.excluded)
    graph = cache(lambda: dependency_graph(removal))
    found = [attention for attention in attentions(network, graph) if not matches_any(attention.name, removal.excluded)]
    if not found:
        raise RunError(
            "ConfigInvalid",
            f"A {network.config.model_type} model has no attention with one linear layer each for queries, keys, "
            "values and output; write pattern Layers or Unstructured.",
        )
    scores = [_scores(attention, removal.importance) for attention in found]
    gone = lowest(scores, removal.share, removal.whole)
    layers: list[dict[str, Any]] = []
    for attention, units in zip(found, gone, strict=True):
        heads = attention.units * attention.queries
        layers.append(
            {"name": attention.name, "before": heads, "after": heads - len(units) * attention.queries, "removed": units}
        )
        if units:
            _take(attention, units)
    total = sum(layer["before"] for layer in layers)
    left = sum(layer["after"] for layer in layers)
    return Removed(f"{total - left} of {total} attention heads were removed.", layers)


def attentions(network: nn.Module, graph: Callable[[], DependencyGraph]) -> Iterator[Attention]:
    """Find the attention modules by their projections and by what takes in their values."""
    for name, module in network.named_modules():
        width = next((vars(module)[one] for one in _WIDTHS if type(vars(module).get(one)) is int), None)
        query, key, value = (_linear(module, letter) for letter in "qkv")
        if width is None or query is None or key is None or value is None:
            continue
        heads, units = query.out_features // width, key.out_features // width
        output = _output(module, (query, key, value), graph, heads * width)
        if output is not None and units and heads % units == 0:
            yield Attention(name, module, query, key, value, output, units, heads // units, width)


def _linear(module: nn.Module, letter: str) -> nn.Linear | None:
    found = [child for name, child in module.named_children() if name.startswith(letter) and type(child) is nn.Linear]
    return found[0] if len(found) == 1 else None


def _output(
    module: nn.Module, projections: tuple[nn.Linear, ...], graph: Callable[[], DependencyGraph], width: int
) -> nn.Linear | None:
    own = _linear(module, "o")
    if own is not None:
        return own if own.in_features == width else None
    # It stands in another module; the graph tells which.
    value, tracing = projections[-1], graph()
    group = tracing.get_pruning_group(value, torch_pruning.prune_linear_out_channels, list(range(value.out_features)))
    takers = {
        dep.target.module
        for dep, _ in group
        if isinstance(dep.target.module, nn.Linear) and tracing.is_in_channel_pruning_fn(dep.handler)
    } - set(projections)
    return takers.pop() if len(takers) == 1 and next(iter(takers)).in_features == width else None


def _scores(attention: Attention, importance: str) -> torch.Tensor:
    """How much each unit counts, against the mean of its module: modules differ in scale, and would go as a whole."""
    total = torch.zeros(attention.units)
    for layer, axis, _ in attention.parts():
        per_row = worth(layer.weight, importance).sum(dim=1 - axis)
        total += per_row.view(attention.units, -1).sum(dim=1)
    return total / total.mean().clamp_min(torch.finfo(total.dtype).tiny)


def _take(attention: Attention, units: list[int]) -> None:
    for layer, axis, size in attention.parts():
        places = [place for unit in units for place in range(unit * size, (unit + 1) * size)]
        if axis == 0:
            torch_pruning.prune_linear_out_channels(layer, places)
        else:
            torch_pruning.prune_linear_in_channels(layer, places)
    module = attention.module
    before = attention.units * attention.queries
    after = before - len(units) * attention.queries
    for names, old, new in (
        (_COUNTS, before, after),
        (_KEY_COUNTS, attention.units, attention.units - len(units)),
        (_ALL, before * attention.width, after * attention.width),
    ):
        for name in names:
            if vars(module).get(name) == old:
                setattr(module, name, new)

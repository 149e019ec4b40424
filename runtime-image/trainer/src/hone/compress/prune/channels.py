"""Channels go: of convolutions, with the batch normalizations and residuals bound to them, and of feed-forward blocks.

Torch-Pruning's dependency graph (Fang et al., 2023, arXiv:2301.12900) says which layers share a channel. The width of a
Transformer's hidden states, which every block adds to, stays: a student of another width is distilled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch_pruning
from torch import nn
from torch_pruning.dependency import DependencyGraph, Group
from torch_pruning.pruner import importance as scoring
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hone.compress.prune.ranking import Removal, Removed, lowest
from hone.compress.prune.targets import check_names
from hone.compress.quantize.layers import matches_any
from hone.errors import RunError
from hone.evaluate.classifier import tensors

_SCORES: dict[str, Any] = {
    "Magnitude": scoring.GroupMagnitudeImportance,
    "Taylor": scoring.GroupTaylorImportance,
    "BatchNormScale": scoring.BNScaleImportance,
}
_ROOTS = (nn.Conv1d, nn.Conv2d, nn.Linear)


def remove(removal: Removal) -> Removed:
    """Remove the channels that matter least, and whatever depends on them."""
    network = removal.subject.network
    check_names(network, removal.excluded)
    names = {module: name for name, module in network.named_modules()}
    graph = dependency_graph(removal)
    score = _SCORES[removal.importance]()
    groups, scores = [], []
    for group in _groups(graph, network, names):
        if not _is_width(graph, group, names) or any(
            matches_any(names.get(dep.target.module, ""), removal.excluded) for dep, _ in group
        ):
            continue
        found = score(group)
        if found is not None:
            groups.append(group)
            scores.append(found.detach().cpu())
    if not groups:
        raise RunError("ConfigInvalid", _nothing(removal))
    gone = lowest(scores, removal.share, removal.whole)
    layers = []
    for group, units, all_units in zip(groups, gone, scores, strict=True):
        root = group[0].dep.target.module
        layers.append(
            {
                "name": names[root],
                "before": len(all_units),
                "after": len(all_units) - len(units),
                "with": sorted(
                    {names[dep.target.module] for dep, _ in group if dep.target.module in names} - {names[root]}
                ),
            }
        )
        if units:
            graph.get_pruning_group(root, group[0].dep.handler, units).prune()
    total = sum(len(one) for one in scores)
    return Removed(
        f"{sum(map(len, gone)):,} of {total:,} channels in {len(groups)} groups of layers were removed.", layers
    )


def dependency_graph(removal: Removal) -> DependencyGraph:
    """Trace the network on a made-up input."""
    network = removal.subject.network
    if any(isinstance(module, Conv1D) for module in network.modules()):
        kind = network.config.model_type
        raise RunError(
            "Unsupported",
            f"The layers of a {kind} model are of a kind that can't be made narrower yet; write pattern Layers or "
            "Unstructured.",
        )
    inputs = tensors(removal.subject.placeholder_rows()[-1])
    gradients = {parameter: parameter.grad for parameter in network.parameters()}
    graph = DependencyGraph().build_dependency(
        network, example_inputs=inputs, forward_fn=lambda model, given: model(**given).logits
    )
    for parameter, gradient in gradients.items():
        parameter.grad = gradient
    return graph


def _groups(graph: DependencyGraph, network: PreTrainedModel, names: Mapping[nn.Module, str]) -> Iterator[Group]:
    """Each group of layers that share their channels, once.

    Not the graph's own walk over all groups: that of the hidden states goes through every attention of a Transformer,
    which takes minutes for two layers, and is not wanted.
    """
    hidden = getattr(network.config, "hidden_size", None)
    seen: set[nn.Module] = set()
    for module in graph.module2node:
        if not isinstance(module, _ROOTS) or module in seen or "att" in names.get(module, "").lower():
            continue
        pruner = graph.get_pruner_of_module(module)
        channels = pruner.get_out_channels(module)
        if channels == hidden and isinstance(module, nn.Linear):
            continue
        group = graph.get_pruning_group(module, pruner.prune_out_channels, list(range(channels)))
        seen |= {dep.target.module for dep, _ in group if graph.is_out_channel_pruning_fn(dep.handler)}
        yield group


def _is_width(graph: DependencyGraph, group: Group, names: Mapping[nn.Module, str]) -> bool:
    """Whether a group's channels can go: something takes them in, and they are neither hidden states nor heads."""
    taken = False
    for dep, _ in group:
        module = dep.target.module
        if dep.target.type in (torch_pruning.ops.OPTYPE.EMBED, torch_pruning.ops.OPTYPE.PARAMETER):
            return False
        if isinstance(module, nn.LayerNorm | nn.Embedding):
            return False
        if isinstance(module, _ROOTS) and graph.is_in_channel_pruning_fn(dep.handler):
            taken = True
        if "att" in names.get(module, "").lower():
            return False
        if isinstance(module, nn.modules.conv._ConvNd) and module.groups not in (1, module.out_channels):
            return False
    return taken


def _nothing(removal: Removal) -> str:
    if removal.importance == "BatchNormScale":
        return "No channels that could go have a batch normalization behind them; write importance Magnitude or Taylor."
    kind = removal.subject.network.config.model_type
    return (
        f"No layer of this {kind} model has channels that could go; write pattern Heads, Layers or Unstructured, or "
        "exclude fewer layers."
    )

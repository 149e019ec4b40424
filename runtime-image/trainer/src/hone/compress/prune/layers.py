"""Whole blocks go: layers of a Transformer, and of a ResNet's stages those that hand on what they take in."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from hone.compress.prune.ranking import Removal, Removed, worth
from hone.compress.prune.targets import check_names
from hone.compress.quantize.layers import matches_any
from hone.errors import RunError


@dataclass(frozen=True)
class Stack:
    """Blocks in a row that each add to what they take in; `fixed` says how many of the first have to stay."""

    name: str
    blocks: nn.ModuleList | nn.Sequential
    fixed: int = 0


def remove(removal: Removal) -> Removed:
    """Remove the blocks that matter least; at least one of each row stays."""
    network = removal.subject.network
    check_names(network, removal.excluded)
    stacks = find_stacks(network)
    if not stacks:
        raise RunError(
            "ConfigInvalid",
            f"A {network.config.model_type} model has no row of blocks of which some could go; write pattern Channels "
            "or Unstructured.",
        )
    places = [
        (stack, index)
        for stack in stacks
        for index in range(stack.fixed, len(stack.blocks))
        if not matches_any(f"{stack.name}.{index}", removal.excluded)
    ]
    scores = torch.stack([_score(stack.blocks[index], removal.importance) for stack, index in places])
    share = removal.share * sum(len(stack.blocks) for stack in stacks) / max(len(places), 1)
    everything = all(stack.fixed == 0 for stack in stacks)
    count = min(round(share * len(places)), len(places) - (1 if everything else 0))
    gone = {places[place] for place in scores.argsort(stable=True)[:count].tolist()} if count > 0 else set()
    report: list[dict[str, Any]] = []
    for stack in stacks:
        out = sorted(index for other, index in gone if other is stack)
        report.append(
            {"name": stack.name, "before": len(stack.blocks), "after": len(stack.blocks) - len(out), "removed": out}
        )
        _take(stack, out)
    _tell(network, stacks, {stack.name: [index for other, index in gone if other is stack] for stack in stacks})
    before = sum(entry["before"] for entry in report)
    return Removed(f"{len(gone)} of {before} layers were removed.", report)


def find_stacks(network: PreTrainedModel) -> list[Stack]:
    """Return a Transformer's one row of layers, or a ResNet's stages, whose first blocks change the shape."""
    config = network.config
    if isinstance(getattr(config, "depths", None), list):
        stages = [
            (name, module)
            for name, module in network.named_modules()
            if name.endswith(".layers") and isinstance(module, nn.Sequential | nn.ModuleList)
        ]
        if [len(module) for _, module in stages] == list(config.depths):
            return [Stack(name, module, fixed=1) for name, module in stages]
        return []
    count = getattr(config, "num_hidden_layers", None)
    rows = [
        Stack(name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count and len({type(block) for block in module}) == 1
    ]
    return rows[:1] if count is not None and count > 1 else []


def _score(block: nn.Module, importance: str) -> torch.Tensor:
    """The mean over all numbers of a block, so that a wide one does not count more for its width alone."""
    values = [worth(weight, importance) for weight in block.parameters()]
    total = sum((value.sum() for value in values), torch.zeros(()))
    return total / sum(value.numel() for value in values)


def _take(stack: Stack, gone: list[int]) -> None:
    for index in reversed(gone):
        del stack.blocks[index]
    renumber(stack)


def renumber(stack: Stack) -> None:
    """Tell the parts of each block, where they know it, which one they belong to."""
    for index, block in enumerate(stack.blocks):
        for module in block.modules():
            if type(vars(module).get("layer_idx")) is int:
                module.layer_idx = index  # type: ignore[assignment]


def tell_layers(config: Any, kinds: list[Any] | None, count: int) -> None:  # noqa: ANN401 - any model's configuration
    """Write the number of layers, and of what kind each is where the type says so, into a configuration."""
    if kinds is not None:
        config.layer_types = kinds
    config.num_hidden_layers = count


def _tell(network: PreTrainedModel, stacks: list[Stack], gone: dict[str, list[int]]) -> None:
    config: Any = network.config
    if isinstance(getattr(config, "depths", None), list):
        config.depths = [len(stack.blocks) for stack in stacks]
        config.stage_names = ["stem", *(f"stage{index + 1}" for index in range(len(stacks)))]
        return
    (stack,) = stacks
    kinds = getattr(config, "layer_types", None)
    left = (
        [kind for index, kind in enumerate(kinds) if index not in gone[stack.name]] if isinstance(kinds, list) else None
    )
    tell_layers(config, left, len(stack.blocks))

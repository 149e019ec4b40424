"""Finds where adapters go in a Transformer, by its structure: no list of model types has to know it."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hone.errors import RunError
from hone.models.bottleneck import Adapted

#: Attention modules have it in their name: attention, self_attn, SelfAttention, attn, …
_ATTENTION = "att"
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True)
class Point:
    """A projection whose output an adapter changes, and the size of that output's last axis."""

    path: str
    width: int


def find_points(network: PreTrainedModel, after_attention: bool) -> list[Point]:
    """Return the projections that end the sub-layers of every block, in the model's order.

    A block is an element of a ModuleList that holds attention and something else with linear layers. Its feed-forward
    part ends with the last linear layer outside of attention, its attention with the last one inside that is as wide.

    Raises:
        RunError: ConfigInvalid if the model has no such blocks, or has experts, of which each token takes others.
    """
    if any((getattr(network.config, name, None) or 0) > 1 for name in _EXPERTS):
        raise _refused(network, "has a mixture of experts")
    points = [point for path, block in _blocks(network) for point in _ends(path, block, after_attention)]
    if not points:
        raise _refused(network, "has no Transformer blocks that could be found")
    return points


def _refused(network: PreTrainedModel, what: str) -> RunError:
    return RunError(
        "ConfigInvalid",
        f"A {network.config.model_type} model {what}, so there is no place for adapters; write lora or full in "
        "spec.method.",
    )


def _blocks(network: nn.Module) -> list[tuple[str, nn.Module]]:
    found = [
        (f"{path}.{name}", block)
        for path, module in network.named_modules()
        if isinstance(module, nn.ModuleList)
        for name, block in module.named_children()
        if {_in_attention(inner) for inner, _ in _projections(block)} == {True, False}
    ]
    return [(path, block) for path, block in found if not any(other.startswith(path + ".") for other, _ in found)]


def _ends(path: str, block: nn.Module, after_attention: bool) -> list[Point]:
    projections = list(_projections(block))
    end, width = [(name, width) for name, width in projections if not _in_attention(name)][-1]
    # The last one of each attention module that is as wide; the decoder of an encoder-decoder has two such modules.
    attention = {_attention_module(name): name for name, w in projections if _in_attention(name) and w == width}
    names = [*(attention.values() if after_attention else ()), end]
    return [Point(f"{path}.{name}", width) for name in names] if attention else []


def _projections(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, int]]:
    for name, child in module.named_children():
        if (width := _width(child)) is not None:
            yield prefix + name, width
        else:
            yield from _projections(child, f"{prefix}{name}.")


def _width(module: nn.Module) -> int | None:
    if isinstance(module, Adapted):
        return _width(module.layer)
    if isinstance(module, Conv1D):
        return int(module.nf)
    return module.out_features if isinstance(module, nn.Linear) else None


def _in_attention(name: str) -> bool:
    return any(_ATTENTION in part.lower() for part in name.split("."))


def _attention_module(name: str) -> str:
    parts = name.split(".")
    end = next(index for index, part in enumerate(parts) if _ATTENTION in part.lower())
    return ".".join(parts[: end + 1])

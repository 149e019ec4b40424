"""Layers that are a product of two smaller ones: what they compute, and how they get into a model."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

#: What can be factorized: PyTorch's linear layers and convolutions, and GPT-2's linear layers.
Layer = Any
#: Inputs, outputs (channels of a convolution) and whether there is a bias.
Sizes = tuple[int, int, bool]


class LowRank(nn.Module):
    """`up(down(x))`: first to `rank` channels by the layer's own kind, then to its outputs by a linear one.

    Inputs and outputs have the shapes and dtypes of the layer that it takes the place of.
    """

    def __init__(self, down: nn.Module, up: nn.Module) -> None:
        super().__init__()
        self.down = down
        self.up = up

    @classmethod
    def like(cls, layer: Layer, rank: int, sizes: "Sizes | None" = None) -> "LowRank":
        """Make one with fresh weights, on the layer's device, in its dtype; of its sizes, or of others."""
        own: dict[str, Any] = {"device": layer.weight.device, "dtype": layer.weight.dtype}
        outputs, inputs = matrix_of(layer).shape
        if isinstance(layer, nn.Conv2d):
            inputs = layer.in_channels
        bias = layer.bias is not None
        if sizes is not None:
            inputs, outputs, bias = sizes
        if isinstance(layer, nn.Conv2d):
            names = ("kernel_size", "stride", "padding", "dilation")
            down = nn.Conv2d(inputs, rank, bias=False, **own, **{name: getattr(layer, name) for name in names})
            return cls(down, nn.Conv2d(rank, outputs, 1, bias=bias, **own))
        return cls(nn.Linear(inputs, rank, bias=False, **own), nn.Linear(rank, outputs, bias=bias, **own))

    def set_factors(self, up: torch.Tensor, down: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Take the weights: `up` [outputs, rank], `down` [rank, inputs], and the layer's own bias."""
        with torch.no_grad():
            for module, factor in ((self.down, down), (self.up, up)):
                weight = module.get_parameter("weight")
                weight.copy_(factor.reshape(weight.shape))
            if bias is not None:
                self.up.get_parameter("bias").copy_(bias)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the layer would."""
        result: torch.Tensor = self.up(self.down(values))
        return result

    @property
    def weight(self) -> torch.Tensor:
        """A weight of it, whose dtype some models (T5) look at."""
        return self.up.get_parameter("weight")


def matrix_of(layer: Layer) -> torch.Tensor:
    """Return the layer's weight as a matrix [outputs, inputs]; a convolution's inputs are those of one window."""
    weight: torch.Tensor = layer.weight.detach()
    return weight.t() if isinstance(layer, Conv1D) else weight.flatten(1)


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Replace each layer that `settings` names by a product of its rank; the weights are fresh."""
    for entry in settings["modules"]:
        layer: Any = model.get_submodule(entry["path"])
        sizes = entry["inputs"], entry["outputs"], entry["bias"]
        model.set_submodule(entry["path"], LowRank.like(layer, entry["rank"], sizes))


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes; None if there are none."""
    modules = [
        {
            "path": path,
            # As they are now: a pruning after the factorization may have taken some away.
            "rank": len(module.down.get_parameter("weight")),
            "inputs": module.down.get_parameter("weight").shape[1],
            "outputs": len(module.up.get_parameter("weight")),
            "bias": module.up.bias is not None,
        }
        for path, module in model.named_modules()
        if isinstance(module, LowRank)
    ]
    return {"modules": modules} if modules else None

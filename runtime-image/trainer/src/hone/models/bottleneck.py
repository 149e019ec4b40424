"""Bottleneck adapters (Houlsby et al., 2019, arXiv:1902.00751): what they compute, and how they get into a model."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from hone_kernels import bottleneck_adapter
from hone_kernels.bottleneck import Activation
from torch import nn
from torch.nn import functional

#: By the name in the contract. GELU is the exact one, with the error function.
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "ReLU": functional.relu,
    "GELU": functional.gelu,
    "SiLU": functional.silu,
    "Tanh": torch.tanh,
}
_DEVIATION = 0.02


class Bottleneck(nn.Module):
    """`h + up(activation(down(h)))` over the last axis, which has `width` entries before and after.

    `up` starts as zeros, so a fresh one is the identity, and its first gradients are those of `up` alone.
    """

    def __init__(self, width: int, size: int, activation: Activation) -> None:
        super().__init__()
        self.down = nn.Linear(width, size)
        self.up = nn.Linear(size, width)
        self.activation = activation
        self._activate = ACTIVATIONS[activation]

    def reset_parameters(self) -> None:
        """Draw `down` from N(0, 0.02²) and set the rest to zero."""
        nn.init.normal_(self.down.weight, std=_DEVIATION)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return a tensor of the shape and dtype of `hidden`, whose last axis is `width`.

        In training one kernel does all of it where there is a GPU, unless something looks into the projections or has
        put its own in their place. Outside of training it is plain layers, for whatever exports or measures these.
        """
        if self.training and all(_bare(layer) for layer in (self.down, self.up)):
            down, up = self.down, self.up
            return bottleneck_adapter(hidden, down.weight, down.bias, up.weight, up.bias, activation=self.activation)
        change: torch.Tensor = self.up(self._activate(self.down(hidden)))
        return hidden + change


def _bare(layer: nn.Module) -> bool:
    hooks = (layer._forward_hooks, layer._forward_pre_hooks)
    return type(layer) is nn.Linear and not any(hooks)


class Adapted(nn.Module):
    """A projection with an adapter behind it; the projection's own module stays whole, as `layer`."""

    def __init__(self, layer: nn.Module, adapter: Bottleneck) -> None:
        super().__init__()
        self.layer = layer
        self.adapter = adapter

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what the projection gives, adapted."""
        adapted: torch.Tensor = self.adapter(self.layer(hidden))
        return adapted

    @property
    def weight(self) -> torch.Tensor:
        """The projection's weight, whose dtype some models (T5) look at."""
        return self.layer.get_parameter("weight")


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Put an adapter behind each projection that `settings` names, in its order; the weights are fresh."""
    for entry in settings["modules"]:
        layer = model.get_submodule(entry["path"])
        like = next(layer.parameters())
        adapter = Bottleneck(entry["width"], entry["size"], entry["activation"]).to(like.device)
        if like.device.type != "meta":
            adapter.reset_parameters()
        model.set_submodule(entry["path"], Adapted(layer, adapter))


def describe(model: nn.Module, trained_only: bool = False) -> dict[str, Any] | None:
    """Return the settings that `install` takes, outer adapters before those that they hold; None if there are none."""
    modules = [
        {
            "path": path,
            "width": module.adapter.down.in_features,
            "size": module.adapter.down.out_features,
            "activation": module.adapter.activation,
        }
        for path, module in model.named_modules()
        if isinstance(module, Adapted) and (module.adapter.up.weight.requires_grad or not trained_only)
    ]
    return {"modules": modules} if modules else None

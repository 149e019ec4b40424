"""Layers that a batch normalization was folded into, and the places where it was."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

#: Where a model keeps what was folded.
_NOTED = "hone_folded"


def fold(model: nn.Module, layer_path: str, norm_path: str) -> None:
    """Fold a normalization's fixed statistics into the layer before it, in place.

    `norm(layer(x))` is `(layer(x) - mean) * scale + shift` with scale = weight / sqrt(var + eps) for each output.
    """
    layer: Any = model.get_submodule(layer_path)
    norm: Any = model.get_submodule(norm_path)
    with torch.no_grad():
        scale = (norm.running_var + norm.eps).rsqrt()
        if norm.weight is not None:
            scale = scale * norm.weight
        bias = torch.zeros_like(norm.running_mean) if layer.bias is None else layer.bias
        shift = (bias - norm.running_mean) * scale + (0 if norm.bias is None else norm.bias)
        layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.dim() - 1)))
    layer.bias = nn.Parameter(shift.to(layer.weight.dtype))
    _put_aside(model, layer_path, norm_path)


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Give each layer that `settings` names a bias, without values until weights are loaded, and take its norm away."""
    for entry in settings["pairs"]:
        layer: Any = model.get_submodule(entry["layer"])
        # A product of two layers, made of this one after the folding, has its bias already.
        if getattr(layer, "bias", True) is None:
            layer.bias = nn.Parameter(layer.weight.new_empty(len(layer.weight)))
        _put_aside(model, entry["layer"], entry["norm"])


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes; None if nothing was folded."""
    pairs = getattr(model, _NOTED, [])
    return {"pairs": pairs} if pairs else None


def _put_aside(model: nn.Module, layer: str, norm: str) -> None:
    model.set_submodule(norm, nn.Identity())
    setattr(model, _NOTED, [*getattr(model, _NOTED, []), {"layer": layer, "norm": norm}])

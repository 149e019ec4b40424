"""Which weights of a model were pruned to zero, so that whoever trains it keeps them there."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

_NOTED = "hone_sparse_weights"


def note(model: nn.Module, names: list[str]) -> None:
    """Note the parameters whose zeros are to stay, beside those that were noted before."""
    setattr(model, _NOTED, sorted({*sparse_weights(model), *names}))


def forget(model: nn.Module) -> None:
    """Let all zeros of a model be weights like others."""
    setattr(model, _NOTED, [])


def sparse_weights(model: nn.Module) -> list[str]:
    """Return the names of the parameters whose zeros are to stay."""
    found: list[str] = getattr(model, _NOTED, None) or []
    return found


def masks(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a boolean mask, false where a weight was pruned, of each of those parameters that the model has."""
    found = {name: _find(model, name) for name in sparse_weights(model)}
    return {name: weight.detach() != 0 for name, weight in found.items() if weight is not None}


def apply(model: nn.Module, kept: Mapping[str, torch.Tensor]) -> None:
    """Set what masks say to zero again."""
    with torch.no_grad():
        for name, mask in kept.items():
            weight = model.get_parameter(name)
            weight.mul_(mask.to(weight.device))


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes; None for a model in which nothing was pruned to zero."""
    names = sparse_weights(model)
    return {"weights": names} if names else None


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Note the parameters; their zeros come with the weights."""
    for name in settings["weights"]:
        model.get_parameter(name)
    note(model, list(settings["weights"]))


def _find(model: nn.Module, name: str) -> nn.Parameter | None:
    try:
        # An adapter that was put behind a layer answers for the layer's weight.
        return model.get_parameter(name)
    except AttributeError:
        return None

"""Shapes that a model's configuration can't say: of layers from which channels or heads were taken away."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

#: Where a model keeps its shapes; describe() returns them as they were noted.
_NOTED = "hone_shapes"


def note(model: PreTrainedModel) -> None:
    """Note how a model's shapes, and the whole numbers its modules compute with, differ from its configuration's.

    Modules that only the model has are left out: who puts them in describes them.
    """
    with torch.device("meta"):
        plain = type(model)._from_config(model.config)
    wanted = dict(plain.named_modules())
    modules = [
        {"path": path, **changed}
        for path, module in model.named_modules()
        if path in wanted and (changed := _differences(module, wanted[path]))
    ]
    setattr(model, _NOTED, {"modules": modules} if modules else None)


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes; None for a model whose configuration says it all."""
    found: dict[str, Any] | None = getattr(model, _NOTED, None)
    return found


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Give a model's parameters and buffers other shapes, without values until weights are loaded."""
    for entry in settings["modules"]:
        module = model.get_submodule(entry["path"])
        for name, shape in entry.get("parameters", {}).items():
            old = module.get_parameter(name)
            setattr(module, name, nn.Parameter(old.new_empty(shape), requires_grad=old.requires_grad))
        for name, shape in entry.get("buffers", {}).items():
            module.register_buffer(name, module.get_buffer(name).new_empty(shape))
        for name, value in entry.get("numbers", {}).items():
            if type(getattr(module, name)) is not int:
                raise TypeError(f"{entry['path']} has no whole number {name}")
            setattr(module, name, value)
    setattr(model, _NOTED, dict(settings))


def _differences(module: nn.Module, plain: nn.Module) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, own, other in (
        ("parameters", module._parameters, plain._parameters),
        ("buffers", module._buffers, plain._buffers),
    ):
        shapes = {
            name: list(tensor.shape)
            for name, tensor in own.items()
            if tensor is not None and other.get(name) is not None and tensor.shape != other[name].shape  # type: ignore[union-attr]
        }
        if shapes:
            found[kind] = shapes
    numbers = {
        name: value
        for name, value in vars(module).items()
        if type(value) is int and type(vars(plain).get(name)) is int and vars(plain)[name] != value
    }
    return {**found, "numbers": numbers} if numbers else found

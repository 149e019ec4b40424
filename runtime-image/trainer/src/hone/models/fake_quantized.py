"""Layers that compute with numbers rounded to INT8, and learn as if they were not.

Rounding has no slope, so the gradient goes straight through it where a number is within the range, and is zero where it
is not (Jacob et al., 2018, arXiv:1712.05877). Weights are rounded by the largest of them, as it is at each step; ranges
of activations stay as they were found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

#: What is rounded, by name.
KINDS: dict[str, type[nn.Module]] = {
    "linear": nn.Linear,
    "conv1d": Conv1D,
    "conv2d": nn.Conv2d,
    "embedding": nn.Embedding,
}
#: Where a model keeps the ranges that the file is written with.
_NOTED = "hone_ranges"
#: The weights' largest integer: the smallest is its opposite, so that zero stays zero.
LARGEST = 127


@dataclass(frozen=True)
class Grid:
    """The numbers that an activation is rounded to: `(integer - zero_point) * scale`, of 8 bits."""

    scale: float
    zero_point: int
    signed: bool

    def round(self, values: torch.Tensor) -> torch.Tensor:
        """Return the nearest of these numbers to each."""
        low = -128 if self.signed else 0
        rounded: torch.Tensor = torch.fake_quantize_per_tensor_affine(
            values, self.scale, self.zero_point, low, low + 255
        )
        return rounded


@dataclass(frozen=True)
class Rounding:
    """How a layer is rounded.

    Args:
        per_channel: whether each output channel of the weight has a scale of its own.
        takes: what the activations that it takes are rounded to; None for an embedding, which takes none.
        symmetric: whether the weight's range is as wide on both sides of zero; a table of embeddings may have another.
    """

    per_channel: bool
    takes: Grid | None
    symmetric: bool = True


@dataclass(frozen=True)
class Found:
    """What the file of a trained network is written with.

    Args:
        ranges: of each tensor, as ONNX Runtime notes them.
        left: the names of the graph's nodes that stay in FP32.
    """

    ranges: Mapping[str, Any]
    left: Sequence[str] = ()


class FakeQuantized(nn.Module):
    """A linear layer, convolution or embedding whose weight and activations are rounded; the weight is the layer's own.

    Inputs and outputs have the shapes of the layer that it takes the place of.
    """

    def __init__(self, layer: Any, rounding: Rounding) -> None:  # noqa: ANN401
        super().__init__()
        self.kind = next(name for name, kind in KINDS.items() if type(layer) is kind)
        self.rounding = rounding
        self.weight = layer.weight
        self.bias = getattr(layer, "bias", None)
        # In a tuple it is no submodule: the state has its weights once.
        self._layer = (layer,)

    @property
    def layer(self) -> nn.Module:
        """The layer that it took the place of, with the weights as they have become."""
        layer: nn.Module = self._layer[0]
        layer.weight = self.weight
        if self.bias is not None:
            layer.bias = self.bias
        return layer

    def rounded_weight(self) -> torch.Tensor:
        """Return the weight as the file has it."""
        if not self.rounding.symmetric:
            return round_table(self.weight)
        return round_weight(self.weight, self._axis if self.rounding.per_channel else None)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the layer would on a device that multiplies integers."""
        if (takes := self.rounding.takes) is not None:
            values = takes.round(values.float())
        layer: Any = self._layer[0]
        weight = self.rounded_weight()
        if self.kind == "embedding":
            return functional.embedding(values, weight, padding_idx=layer.padding_idx)
        if self.kind == "conv2d":
            options = {name: getattr(layer, name) for name in ("stride", "padding", "dilation", "groups")}
            return functional.conv2d(values, weight, self.bias, **options)
        return functional.linear(values, weight.t() if self.kind == "conv1d" else weight, self.bias)

    @property
    def _axis(self) -> int:
        return 1 if self.kind == "conv1d" else 0


def round_weight(weight: torch.Tensor, axis: int | None) -> torch.Tensor:
    """Round a weight to integers from -127 to 127 times a scale: one for each index of the axis, or one for all."""
    with torch.no_grad():
        others = [place for place in range(weight.dim()) if place != axis]
        largest = weight.detach().float().abs().amax(others)
        # Where all are zero any scale will do.
        scale = torch.where(largest > 0, largest / LARGEST, 1.0)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    if axis is None:
        return torch.fake_quantize_per_tensor_affine(weight, scale, zero, -LARGEST, LARGEST)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, axis, -LARGEST, LARGEST)


def round_table(weight: torch.Tensor) -> torch.Tensor:
    """Round a weight to 256 numbers from its smallest to its largest, of which zero is one."""
    low, high = (min(float(weight.detach().min()), 0.0), max(float(weight.detach().max()), 0.0))
    scale = (high - low) / 255 or 1.0
    return torch.fake_quantize_per_tensor_affine(weight, scale, round(-low / scale), 0, 255)


def can_round(layer: nn.Module) -> bool:
    """Tell whether a layer is one of those that are rounded as they are written."""
    if type(layer) is nn.Conv2d:
        return layer.padding_mode == "zeros"
    return type(layer) in KINDS.values() and getattr(layer, "max_norm", None) is None


def begin(model: nn.Module, roundings: Mapping[str, Rounding], found: Found) -> None:
    """Round the layers that paths name; `found` is kept for whoever writes the file."""
    for path, rounding in roundings.items():
        model.set_submodule(path, FakeQuantized(model.get_submodule(path), rounding))
    setattr(model, _NOTED, found)


def end(model: nn.Module) -> None:
    """Give a model its own layers back, with the weights that they have learned."""
    for path, module in [(path, one) for path, one in model.named_modules() if isinstance(one, FakeQuantized)]:
        model.set_submodule(path, module.layer)
    setattr(model, _NOTED, None)


def found_in(model: nn.Module) -> Found | None:
    """Return what was kept; None for a model in which nothing is rounded."""
    found: Found | None = getattr(model, _NOTED, None)
    return found


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Round the layers that `settings` names."""
    roundings = {entry["path"]: _rounding(entry) for entry in settings["modules"]}
    begin(model, roundings, Found(settings["ranges"], settings["left"]))


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes; None for a model in which nothing is rounded."""
    found = found_in(model)
    if found is None:
        return None
    modules = [(path, module.rounding) for path, module in model.named_modules() if isinstance(module, FakeQuantized)]
    return {
        "modules": [{"path": path, **asdict(rounding)} for path, rounding in modules],
        "ranges": dict(found.ranges),
        "left": list(found.left),
    }


def _rounding(entry: Mapping[str, Any]) -> Rounding:
    takes = Grid(**entry["takes"]) if entry["takes"] is not None else None
    return Rounding(entry["per_channel"], takes, entry["symmetric"])

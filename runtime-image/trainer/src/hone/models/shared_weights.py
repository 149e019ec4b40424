"""Layers whose weights come from a small codebook (Han et al., 2016, arXiv:1510.00149)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D


class Codebook(nn.Module):
    """A weight as indices into codebooks: `bits` for each number, as many in a byte as fit, one codebook per group.

    `packed` is UINT8 [groups, bytes], `entries` FP32 [groups, 2^bits]; entries can be trained, indices stay.
    """

    packed: torch.Tensor

    def __init__(self, shape: tuple[int, ...], bits: int, group: int, device: torch.device) -> None:
        super().__init__()
        self.shape = shape
        self.bits = bits
        self.group = group
        self.per_byte = 8 // bits
        groups = -(-torch.Size(shape).numel() // group)
        width = -(-group // self.per_byte)
        self.register_buffer("packed", torch.zeros((groups, width), dtype=torch.uint8, device=device))
        self.entries = nn.Parameter(torch.zeros((groups, 2**bits), device=device))

    def set_indices(self, indices: torch.Tensor, entries: torch.Tensor) -> None:
        """Take indices [groups, group] and entries [groups, 2^bits]."""
        width = self.packed.shape[1] * self.per_byte
        digits = functional.pad(indices, (0, width - self.group)).reshape(len(indices), -1, self.per_byte)
        places = 2 ** (self.bits * torch.arange(self.per_byte))
        with torch.no_grad():
            self.packed.copy_((digits * places).sum(-1))
            self.entries.copy_(entries)

    def forward(self) -> torch.Tensor:
        """Return the weight, [*shape]; ONNX Runtime does this once, when it loads the file."""
        groups = len(self.packed)
        indices = self.packed.flatten().to(torch.int32)
        if self.per_byte > 1:
            size = 2**self.bits
            rows = [
                [byte // size**place % size for place in range(self.per_byte)] for byte in range(size**self.per_byte)
            ]
            digits = torch.tensor(rows, dtype=torch.uint8, device=indices.device)
            indices = digits.index_select(0, indices).to(torch.int32)
        indices = indices.reshape(groups, -1)[:, : self.group]
        first = torch.arange(groups, dtype=torch.int32, device=indices.device) * 2**self.bits
        flat = self.entries.flatten().index_select(0, (indices + first[:, None]).flatten())
        return flat[: torch.Size(self.shape).numel()].reshape(self.shape)


class SharedLayer(nn.Module):
    """A linear layer, convolution or embedding that looks its weight up, perhaps in another layer's codebook."""

    def __init__(self, layer: Any, codebook: Codebook, tied_to: str | None = None) -> None:  # noqa: ANN401
        super().__init__()
        self.kind = next(name for name, kind in KINDS.items() if type(layer) is kind)
        self.tied_to = tied_to
        # In a tuple it is no submodule: the state has the weights of tied layers once.
        self._other = (codebook,) if tied_to is not None else ()
        if tied_to is None:
            self.codebook = codebook
        bias = getattr(layer, "bias", None)
        self.bias = nn.Parameter(bias.detach().clone()) if bias is not None else None
        names = ("stride", "padding", "dilation", "groups") if self.kind == "conv2d" else ()
        self._options = {name: getattr(layer, name) for name in names}
        self._padding = getattr(layer, "padding_idx", None)

    @property
    def source(self) -> Codebook:
        """Where the weight comes from."""
        return self._other[0] if self._other else self.codebook

    @property
    def weight(self) -> torch.Tensor:
        """The weight, looked up."""
        weight: torch.Tensor = self.source()
        return weight

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the layer would with the weights of the codebook."""
        weight = self.weight
        if self.kind == "embedding":
            return functional.embedding(values, weight, padding_idx=self._padding)
        if self.kind == "conv2d":
            return functional.conv2d(values, weight, self.bias, **self._options)
        return functional.linear(values, weight.t() if self.kind == "conv1d" else weight, self.bias)


#: What can share weights, by name.
KINDS: dict[str, type[nn.Module]] = {
    "linear": nn.Linear,
    "conv1d": Conv1D,
    "conv2d": nn.Conv2d,
    "embedding": nn.Embedding,
}


def share(model: nn.Module, path: str, bits: int, group: int, tied_to: str | None = None) -> SharedLayer:
    """Put a layer with a codebook in the place of the one that a path names, and return it; the codebook is empty."""
    layer: Any = model.get_submodule(path)
    if tied_to is None:
        codebook = Codebook(tuple(layer.weight.shape), bits, group, layer.weight.device)
    else:
        other: Any = model.get_submodule(tied_to)
        codebook = other.source
    made = SharedLayer(layer, codebook, tied_to)
    model.set_submodule(path, made)
    return made


def install(model: nn.Module, settings: Mapping[str, Any]) -> None:
    """Give each layer that `settings` names a codebook, without values until weights are loaded."""
    for entry in settings["modules"]:
        share(model, entry["path"], entry["bits"], entry["group"], entry.get("tiedTo"))


def describe(model: nn.Module) -> dict[str, Any] | None:
    """Return the settings that `install` takes, a layer before those that are tied to it; None if there are none."""
    found = [(path, module) for path, module in model.named_modules() if isinstance(module, SharedLayer)]
    modules = [
        {
            "path": path,
            "bits": module.source.bits,
            "group": module.source.group,
            **({"tiedTo": module.tied_to} if module.tied_to is not None else {}),
        }
        for path, module in sorted(found, key=lambda one: one[1].tied_to is not None)
    ]
    return {"modules": modules} if modules else None

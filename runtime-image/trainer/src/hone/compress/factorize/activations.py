"""What the inputs of layers look like on real rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from hone.evaluate.classifier import Row, tensors


def second_moments(network: nn.Module, layers: Mapping[str, nn.Module], rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Return E[x xᵀ] of each layer's inputs, [inputs, inputs] in FP32; a convolution's inputs are its windows."""
    sums: dict[str, torch.Tensor] = {}
    counts: dict[str, int] = {}

    def note(path: str) -> Any:  # noqa: ANN401 - PyTorch's hook
        def hook(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            inputs = _as_rows(layer, arguments[0])
            sums[path] = sums.get(path, 0) + inputs.t() @ inputs
            counts[path] = counts.get(path, 0) + len(inputs)

        return hook

    hooks = [layer.register_forward_pre_hook(note(path)) for path, layer in layers.items()]
    try:
        with torch.no_grad():
            for row in rows:
                network(**tensors(row))
    finally:
        for hook in hooks:
            hook.remove()
    return {path: total / counts[path] for path, total in sums.items()}


def _as_rows(layer: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    if not isinstance(layer, nn.Conv2d):
        return inputs.reshape(-1, inputs.shape[-1]).float()
    options: dict[str, Any] = {name: getattr(layer, name) for name in ("kernel_size", "dilation", "padding", "stride")}
    windows = functional.unfold(inputs.float(), **options)
    return windows.transpose(1, 2).reshape(-1, windows.shape[1])

"""A bottleneck adapter in plain PyTorch."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "ReLU": functional.relu,
    "GELU": functional.gelu,
    "SiLU": functional.silu,
    "Tanh": torch.tanh,
}


def bottleneck_adapter(
    hidden: Tensor, down: Tensor, down_bias: Tensor, up: Tensor, up_bias: Tensor, activation: str
) -> Tensor:
    """Return what `hone_kernels.bottleneck_adapter` says, by linear layers as autocast makes them."""
    narrow = _ACTIVATIONS[activation](functional.linear(hidden, down, down_bias))
    return hidden + functional.linear(narrow, up, up_bias)

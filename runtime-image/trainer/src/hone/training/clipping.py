"""Takes the loss scale out of the gradients, looks for what is not finite, and clips, all at once."""

from collections.abc import Iterable
from typing import Any

import torch
from hone_kernels import unscale_and_clip
from torch import nn


def at_once(device: torch.device) -> bool:
    """Return whether a kernel does it there; elsewhere PyTorch's own way is no slower, and its bits are known."""
    return device.type == "cuda"


def clip(parameters: Iterable[nn.Parameter], max_norm: float) -> torch.Tensor:
    """Clip the L2 norm of all gradients to `max_norm`, in place; return what it was, a scalar in FP32.

    Where a gradient is not finite they are left as they are.
    """
    return unscale_and_clip(_gradients(parameters), 1.0, max_norm).norm


class ClippingScaler(torch.amp.GradScaler):
    """A loss scaler whose `unscale_` clips as well, so that the gradients are read twice and not five times.

    Args:
        device: where the gradients are.
        max_norm: the L2 norm to clip to; None clips nothing.
        settings: GradScaler's own.
    """

    def __init__(self, device: str, *, max_norm: float | None, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(device, **settings)
        self._max_norm = max_norm
        #: The norm of the gradients that were unscaled last, before they were clipped.
        self.norm: torch.Tensor | None = None

    def _unscale_grads_(self, optimizer: torch.optim.Optimizer, *_: Any) -> dict[torch.device, torch.Tensor]:  # noqa: ANN401
        if self._scale is None:
            raise RuntimeError("gradients can't be unscaled before a loss was scaled")
        gradients = _gradients(parameter for group in optimizer.param_groups for parameter in group["params"])
        self.norm, found_inf = unscale_and_clip(gradients, self._scale, self._max_norm)
        return {found_inf.device: found_inf}


def _gradients(parameters: Iterable[nn.Parameter]) -> list[torch.Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]

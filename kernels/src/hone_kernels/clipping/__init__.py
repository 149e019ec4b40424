"""What mixed precision does between the backward and the optimizer's step, in two launches."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from hone_kernels.clipping import reference
from hone_kernels.dispatch import Use, choose

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Clipped(NamedTuple):
    """What was found, on the gradients' device: FP32 scalars, so that nobody has to wait for the GPU."""

    norm: Tensor
    found_inf: Tensor


def unscale_and_clip(
    gradients: Iterable[Tensor], scale: Tensor | float = 1.0, max_norm: float | None = None, *, use: Use = "Auto"
) -> Clipped:
    """Divide gradients by the loss scale and clip their common L2 norm, in place; leave them if one is not finite.

    It is `GradScaler.unscale_` and `clip_grad_norm_` in two looks at the gradients instead of five, and without
    waiting for the GPU. The step is to be skipped where `found_inf` is 1: the gradients still are scaled then.

    Args:
        gradients: FP32, FP16 or BF16 tensors of any shapes on one device; none is no error.
        scale: the loss scale, above 0; a tensor of one element may be on the device.
        max_norm: what the norm is clipped to, above 0; None clips nothing.
        use: `Auto` takes the kernels on a GPU and the reference elsewhere.

    Returns:
        The norm of the unscaled gradients before clipping, and 1 or 0 for whether one was infinite or NaN.

    Raises:
        ValueError: if the gradients are on several devices, a dtype doesn't fit, or max_norm is not above 0.
    """
    tensors = [gradient.detach() for gradient in gradients]
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}; write a number above 0, or None to clip nothing")
    if not isinstance(scale, Tensor) and not scale > 0:
        raise ValueError(f"the scale is {scale}; write a number above 0")
    if not tensors:
        return Clipped(torch.zeros(()), torch.zeros(()))
    if len({tensor.device for tensor in tensors}) > 1:
        raise ValueError("the gradients are on several devices; call it for those of each")
    if odd := [tensor.dtype for tensor in tensors if tensor.dtype not in DTYPES]:
        raise ValueError(f"a gradient is {odd[0]}; write float32, float16 or bfloat16")
    device = tensors[0].device
    # As GradScaler does: 1 / 65536 is exact, 1 / 3 is rounded once.
    inverse = torch.as_tensor(scale, dtype=torch.float64, device=device).reciprocal().float().reshape(())
    limit = float("inf") if max_norm is None else float(max_norm)
    gaps = None
    if not all(torch.ops.aten.is_non_overlapping_and_dense(tensor) for tensor in tensors):
        gaps = "a gradient has gaps between its elements"
    if choose("unscale_and_clip", device, use, unsuitable=gaps):
        from hone_kernels.clipping.launch import unscale_and_clip as fused

        return Clipped(*fused(tensors, inverse, limit))
    return Clipped(*reference.unscale_and_clip(tensors, inverse, limit))

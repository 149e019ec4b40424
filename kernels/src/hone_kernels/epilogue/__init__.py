"""A convolution's folded batch norm, the residual's addition and the ReLU, in one look at its result."""

import torch
from torch import Tensor

from hone_kernels.dispatch import Use, choose
from hone_kernels.epilogue import reference

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def scale_shift_relu(
    values: Tensor,
    scale: Tensor,
    shift: Tensor,
    residual: Tensor | None = None,
    *,
    relu: bool = True,
    use: Use = "Auto",
) -> Tensor:
    """Return relu(values * scale[channel] + shift[channel] + residual), computed in FP32 and rounded once.

    With batch norm's running statistics: scale = weight / √(variance + eps), shift = bias - mean * scale.

    Args:
        values: FP32, FP16 or BF16 [batch, channels, …], what the convolution gave.
        scale: [channels], any floating dtype.
        shift: [channels], any floating dtype.
        residual: None, or what is added before the ReLU; shape and dtype of `values`.
        relu: whether negative results become 0.
        use: `Auto` takes the kernel on a GPU and the reference elsewhere. The kernel has no gradient: where one is
            wanted, and for values that are laid out neither as NCHW nor as NHWC, the reference computes.

    Returns:
        A tensor of the shape and dtype of `values`.

    Raises:
        ValueError: if shapes or dtypes don't fit.
    """
    _check(values, scale, shift, residual)
    if choose("scale_shift_relu", values.device, use, unsuitable=_unsuitable(values, scale, shift, residual)):
        from hone_kernels.epilogue.launch import scale_shift_relu as fused

        return fused(values, scale, shift, residual, relu)
    return reference.scale_shift_relu(values, scale, shift, residual, relu)


def _unsuitable(*tensors: Tensor | None) -> str | None:
    given = [tensor for tensor in tensors if tensor is not None]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        return "a gradient is wanted, and the kernel has none"
    values = given[0]
    if not values.is_contiguous() and not values.movedim(1, -1).is_contiguous():
        return "the values are laid out neither as NCHW nor as NHWC"
    return None


def _check(values: Tensor, scale: Tensor, shift: Tensor, residual: Tensor | None) -> None:
    if values.dim() < 2:
        raise ValueError(f"the values are {list(values.shape)}; write [batch, channels, …]")
    if values.dtype not in DTYPES:
        raise ValueError(f"the values are {values.dtype}; write float32, float16 or bfloat16")
    channels = values.shape[1]
    if scale.shape != (channels,) or shift.shape != (channels,):
        raise ValueError(f"scale is {list(scale.shape)} and shift {list(shift.shape)}; write [{channels}] for each")
    if residual is not None and (residual.shape != values.shape or residual.dtype != values.dtype):
        raise ValueError(
            f"the residual is {list(residual.shape)} of {residual.dtype}; write {list(values.shape)} of {values.dtype}"
        )

"""Runs the epilogue over a dense tensor in the order in which it is stored."""

import torch
from torch import Tensor

from hone_kernels.dispatch import on
from hone_kernels.epilogue.kernel import scale_shift_relu_kernel

BLOCK = 1024


def scale_shift_relu(values: Tensor, scale: Tensor, shift: Tensor, residual: Tensor | None, relu: bool) -> Tensor:
    """Return what `hone_kernels.scale_shift_relu` says, laid out as `values`."""
    result = torch.empty_like(values)
    if not values.numel():
        return result
    if residual is not None and residual.stride() != values.stride():
        residual = torch.empty_like(values).copy_(residual)
    count = values.numel()
    # Not the stride: that of a single channel may be anything.
    inner = count // (values.shape[0] * values.shape[1]) if values.is_contiguous() else 1
    with on(values):
        scale_shift_relu_kernel[(-(-count // BLOCK),)](
            values,
            scale.contiguous(),
            shift.contiguous(),
            values if residual is None else residual,
            result,
            count,
            values.shape[1],
            inner,
            HAS_RESIDUAL=residual is not None,
            RELU=relu,
            WIDE=count >= 2**31 - BLOCK,
            BLOCK=BLOCK,
        )
    return result

"""The epilogue of a convolution in plain PyTorch."""

from torch import Tensor


def scale_shift_relu(values: Tensor, scale: Tensor, shift: Tensor, residual: Tensor | None, relu: bool) -> Tensor:
    """Return what `hone_kernels.scale_shift_relu` says, computed in FP32 and rounded once."""
    shape = [1, -1] + [1] * (values.dim() - 2)
    result = values.float() * scale.float().reshape(shape) + shift.float().reshape(shape)
    if residual is not None:
        result = result + residual.float()
    return (result.relu() if relu else result).to(values.dtype)

"""A product with a matrix of four bits in plain PyTorch."""

from torch import Tensor
from torch.nn import functional

from hone_kernels.fourbit.weight import FourBitWeight


def four_bit_linear(
    values: Tensor, weight: FourBitWeight, bias: Tensor | None, lora: tuple[Tensor, Tensor] | None, scaling: float
) -> Tensor:
    """Return what `hone_kernels.four_bit_linear` says, with the whole matrix dequantized."""
    result = functional.linear(
        values, weight.dequantize().to(values.dtype), None if bias is None else bias.to(values.dtype)
    )
    if lora is None:
        return result
    down, up = (factor.to(values.dtype) for factor in lora)
    return result + functional.linear(functional.linear(values, down) * scaling, up)

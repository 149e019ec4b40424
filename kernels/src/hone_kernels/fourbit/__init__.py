"""Linear layers whose matrix has four bits per entry, with a LoRA update."""

import torch
from torch import Tensor

from hone_kernels.dispatch import MATRIX, Use, choose, interpreting
from hone_kernels.fourbit import reference
from hone_kernels.fourbit.weight import FourBitWeight

__all__ = ["FourBitWeight", "four_bit_kernel_runs", "four_bit_linear"]

HALVES = (torch.float16, torch.bfloat16)
LARGEST_RANK = 64


def four_bit_linear(
    values: Tensor,
    weight: FourBitWeight,
    bias: Tensor | None = None,
    lora: tuple[Tensor, Tensor] | None = None,
    *,
    scaling: float = 1.0,
    use: Use = "Auto",
) -> Tensor:
    """Return values · Wᵀ + bias + scaling · (values · Aᵀ) · Bᵀ, W being dequantized tile by tile and never as a whole.

    Gradients flow into values, bias, A and B. The products are accumulated in FP32.

    Args:
        values: FP16 or BF16 [..., inputs]; FP32 is computed by the reference.
        weight: the matrix [outputs, inputs], INT4 or NF4.
        bias: None, or [outputs], any floating dtype.
        lora: None, or A [rank, inputs] and B [outputs, rank], any floating dtypes, rounded to that of `values`.
        scaling: what the update is multiplied by; LoRA's alpha / rank.
        use: `Auto` takes the kernel on a GPU from compute capability 8.0 up, for ranks to 64, and the reference
            elsewhere.

    Returns:
        A tensor [..., outputs] of the dtype of `values`.

    Raises:
        ValueError: if shapes or dtypes don't fit.
    """
    _check(values, weight, bias, lora)
    if choose("four_bit_linear", values.device, use, MATRIX, _unsuitable(values, lora)):
        from hone_kernels.fourbit.launch import four_bit_linear as fused

        return fused(values, weight, bias, lora, scaling)
    return reference.four_bit_linear(values, weight, bias, lora, scaling)


def four_bit_kernel_runs(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether `four_bit_linear` takes its kernel for values of a dtype on a device, and note it for `used`.

    For callers that have another implementation at hand than the reference, which writes the whole matrix out.
    """
    return choose("four_bit_linear", device, minimum=MATRIX, unsuitable=_unsuitable_dtype(dtype))


def _unsuitable(values: Tensor, lora: tuple[Tensor, Tensor] | None) -> str | None:
    if obstacle := _unsuitable_dtype(values.dtype):
        return obstacle
    if lora is not None and lora[0].shape[0] > LARGEST_RANK:
        return f"the rank is {lora[0].shape[0]}, above {LARGEST_RANK}"
    return None


def _unsuitable_dtype(dtype: torch.dtype) -> str | None:
    # The interpreter may compute in FP32: that is the sharper test.
    if dtype == torch.float32 and not interpreting():
        return "the values are FP32, and the kernel's products are of 16 bits"
    return None


def _check(values: Tensor, weight: FourBitWeight, bias: Tensor | None, lora: tuple[Tensor, Tensor] | None) -> None:
    if values.dtype not in (*HALVES, torch.float32):
        raise ValueError(f"the values are {values.dtype}; write float16, bfloat16 or float32")
    if values.dim() < 1 or values.shape[-1] != weight.inputs:
        raise ValueError(f"the values are {list(values.shape)}; write [..., {weight.inputs}], the weight's inputs")
    if bias is not None and bias.shape != (weight.outputs,):
        raise ValueError(f"the bias is {list(bias.shape)}; write [{weight.outputs}]")
    if lora is not None:
        down, up = lora
        if down.dim() != 2 or down.shape[1] != weight.inputs or up.shape != (weight.outputs, down.shape[0]):
            raise ValueError(
                f"LoRA's factors are {list(down.shape)} and {list(up.shape)}; "
                f"write [rank, {weight.inputs}] and [{weight.outputs}, rank]"
            )

"""Runs the product with a matrix of four bits under autograd; the matrix itself has no gradient."""

from typing import Any

import torch
from torch import Tensor

from hone_kernels.dispatch import on
from hone_kernels.fourbit.kernel import four_bit_kernel
from hone_kernels.fourbit.weight import FourBitWeight

Factors = tuple[Tensor, Tensor]


def four_bit_linear(
    values: Tensor, weight: FourBitWeight, bias: Tensor | None, lora: Factors | None, scaling: float
) -> Tensor:
    """Return what `hone_kernels.four_bit_linear` says."""
    flat = values.reshape(-1, values.shape[-1])
    flat = flat if flat.stride(-1) == 1 else flat.contiguous()
    down, up = lora or (None, None)
    result: Tensor = _FourBitLinear.apply(flat, bias, down, up, weight, scaling)  # type: ignore[no-untyped-call]
    return result.reshape(*values.shape[:-1], weight.outputs)


def shape_of(rows: int, group_size: int, rank: int, transposed: bool) -> dict[str, int]:
    """Return how the kernel is launched: its blocks, the padded RANK, num_warps and num_stages."""
    # tl.dot takes no side below 16.
    block_rows = min(64, max(16, 1 << (rows - 1).bit_length()))
    along_inputs = min(64, group_size)
    padded_rank = max(16, 1 << (rank - 1).bit_length()) if rank else 16
    # Beside a wide second accumulator a tile of 64 spills.
    depth = 32 if padded_rank > 16 else 64
    return {
        "RANK": padded_rank,
        "BLOCK_ROWS": block_rows,
        "BLOCK_WIDTH": along_inputs if transposed else 64,
        "BLOCK_DEPTH": depth if transposed else min(depth, along_inputs),
        "num_warps": 4,
        "num_stages": 2,
    }


class _FourBitLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,  # noqa: ANN401
        values: Tensor,
        bias: Tensor | None,
        down: Tensor | None,
        up: Tensor | None,
        weight: FourBitWeight,
        scaling: float,
    ) -> Tensor:
        context.save_for_backward(values, bias, down, up)
        context.weight, context.scaling = weight, scaling
        factors = None if down is None or up is None else (down.t(), up.t())
        return _launch(values, weight, bias, factors, scaling, transposed=False)

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        values, bias, down, up = context.saved_tensors
        slope = upstream[0].contiguous()
        wanted = context.needs_input_grad
        of_values = of_bias = of_down = of_up = None
        if wanted[0]:
            factors = None if down is None else (up, down)
            of_values = _launch(slope, context.weight, None, factors, context.scaling, transposed=True)
        if wanted[1]:
            of_bias = slope.sum(0).to(bias.dtype)
        if down is not None:
            narrow = slope @ up.to(slope.dtype) * context.scaling
            if wanted[2]:
                of_down = (narrow.t() @ values).to(down.dtype)
            if wanted[3]:
                of_up = (slope.t() @ (values @ down.to(values.dtype).t() * context.scaling)).to(up.dtype)
        return of_values, of_bias, of_down, of_up, None, None


def _launch(
    values: Tensor,
    weight: FourBitWeight,
    bias: Tensor | None,
    factors: Factors | None,
    scaling: float,
    transposed: bool,
) -> Tensor:
    rows, depth = values.shape
    width = weight.inputs if transposed else weight.outputs
    result = torch.empty(rows, width, dtype=values.dtype, device=values.device)
    first, second = factors or (result, result)
    rank = first.shape[1] if factors else 0
    shape = shape_of(rows, weight.group_size, rank, transposed)
    if not rows or not width:
        return result
    grid = (-(-rows // shape["BLOCK_ROWS"]), -(-width // shape["BLOCK_WIDTH"]))
    with on(values):
        four_bit_kernel[grid](
            values,
            weight.packed.contiguous(),
            weight.scales.contiguous(),
            weight.scales if weight.zeros is None else weight.zeros.contiguous(),
            weight.scales if weight.code is None else weight.code,
            result if bias is None else bias.contiguous(),
            first,
            second,
            result,
            rows,
            depth,
            width,
            rank,
            values.stride(0),
            weight.packed.shape[1],
            weight.scales.shape[1],
            *first.stride(),
            *second.stride(),
            float(scaling),
            TRANSPOSED=transposed,
            HAS_ZEROS=weight.zeros is not None,
            HAS_CODE=weight.code is not None,
            HAS_BIAS=bias is not None,
            HAS_LORA=factors is not None,
            GROUP=weight.group_size,
            PRECISION="ieee" if values.dtype == torch.float32 else "tf32",
            **shape,
        )
    return result

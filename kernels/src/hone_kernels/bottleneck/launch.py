"""Runs the bottleneck adapter under autograd; the gradients of the weights are PyTorch's own products."""

from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from hone_kernels.bottleneck.kernel import backward_kernel, forward_kernel
from hone_kernels.dispatch import on

DTYPES = {torch.float32: tl.float32, torch.float16: tl.float16, torch.bfloat16: tl.bfloat16}


def bottleneck_adapter(
    hidden: Tensor, down: Tensor, down_bias: Tensor, up: Tensor, up_bias: Tensor, activation: str
) -> Tensor:
    """Return what `hone_kernels.bottleneck_adapter` says."""
    kind = hidden.device.type
    compute = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    flat = hidden.reshape(-1, hidden.shape[-1]).contiguous()
    result: Tensor = _Bottleneck.apply(  # type: ignore[no-untyped-call]
        flat, down, down_bias, up, up_bias, activation, compute
    )
    return result.reshape(hidden.shape)


def shape_of(size: int, dtype: torch.dtype) -> dict[str, int]:
    """Return how the kernels are launched: the padded SIZE, the blocks, num_warps and num_stages."""
    # tl.dot takes no side below 16.
    padded = max(16, 1 << (size - 1).bit_length())
    # FP32 tiles are twice as large, and products of theirs spill first.
    rows = 16 if dtype == torch.float32 else 32 if padded > 64 else 64
    return {
        "SIZE": padded,
        "BLOCK_ROWS": rows,
        "BLOCK_WIDTH": 64 if rows == 64 else 32,
        "num_warps": 4,
        "num_stages": 2,
    }


class _Bottleneck(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,  # noqa: ANN401
        hidden: Tensor,
        down: Tensor,
        down_bias: Tensor,
        up: Tensor,
        up_bias: Tensor,
        activation: str,
        compute: torch.dtype,
    ) -> Tensor:
        rows, width = hidden.shape
        size = down.shape[0]
        narrow = torch.empty(rows, size, dtype=compute, device=hidden.device)
        # What PyTorch's addition of both would give.
        result = torch.empty_like(hidden, dtype=torch.promote_types(hidden.dtype, compute))
        shape = shape_of(size, compute)
        if rows:
            with on(hidden):
                forward_kernel[(-(-rows // shape["BLOCK_ROWS"]),)](
                    hidden,
                    down.contiguous(),
                    down_bias.contiguous(),
                    up.contiguous(),
                    up_bias.contiguous(),
                    narrow,
                    result,
                    rows,
                    width,
                    size,
                    **constants(activation, compute),
                    **shape,
                )
        context.save_for_backward(hidden, down, up, narrow)
        context.activation, context.compute = activation, compute
        context.bias_dtypes = down_bias.dtype, up_bias.dtype
        return result

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        hidden, down, up, narrow = context.saved_tensors
        compute: torch.dtype = context.compute
        slope = upstream[0].contiguous()
        rows, width = hidden.shape
        active, narrow_slope, of_hidden = torch.empty_like(narrow), torch.empty_like(narrow), torch.empty_like(hidden)
        shape = shape_of(narrow.shape[1], compute)
        if rows:
            with on(hidden):
                backward_kernel[(-(-rows // shape["BLOCK_ROWS"]),)](
                    slope,
                    down.contiguous(),
                    up.contiguous(),
                    narrow,
                    active,
                    narrow_slope,
                    of_hidden,
                    rows,
                    width,
                    narrow.shape[1],
                    **constants(context.activation, compute),
                    **shape,
                )
        wanted = context.needs_input_grad
        coarse = slope.to(compute)
        return (
            of_hidden if wanted[0] else None,
            (narrow_slope.t() @ hidden.to(compute)).to(down.dtype) if wanted[1] else None,
            narrow_slope.sum(0).to(context.bias_dtypes[0]) if wanted[2] else None,
            (coarse.t() @ active).to(up.dtype) if wanted[3] else None,
            slope.sum(0).to(context.bias_dtypes[1]) if wanted[4] else None,
            None,
            None,
        )


def constants(activation: str, compute: torch.dtype) -> dict[str, Any]:
    """Return what both kernels are compiled for besides their blocks; `compute` is the products' dtype."""
    return {
        "ACTIVATION": activation,
        "COMPUTE": DTYPES[compute],
        "PRECISION": "ieee" if compute == torch.float32 else "tf32",
    }

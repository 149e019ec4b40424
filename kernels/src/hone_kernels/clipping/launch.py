"""Runs the kernels over a list of gradients, with one launch of each per dtype whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import triton.language as tl
from torch import Tensor

from hone_kernels.clipping.kernel import measure_kernel, multiply_kernel
from hone_kernels.dispatch import on

CHUNK = 32768
BLOCK = 2048
WARPS = 8
DTYPES = {torch.float32: tl.float32, torch.float16: tl.float16, torch.bfloat16: tl.bfloat16}


@dataclass(frozen=True)
class _Table:
    """Where the gradients are and how they are cut: addresses and sizes of tensors, tensor and start of chunks."""

    addresses: Tensor
    sizes: Tensor
    chunk_tensors: Tensor
    chunk_starts: Tensor

    def columns(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.addresses, self.sizes, self.chunk_tensors, self.chunk_starts


def unscale_and_clip(gradients: Sequence[Tensor], inverse_scale: Tensor, max_norm: float) -> tuple[Tensor, Tensor]:
    """Return the norm and whether something is not finite; see `hone_kernels.unscale_and_clip`."""
    device = gradients[0].device
    tables = {
        dtype: _table(tuple((g.data_ptr(), g.numel()) for g in gradients if g.dtype == dtype and g.numel()), device)
        for dtype in DTYPES
    }
    tables = {dtype: table for dtype, table in tables.items() if len(table.chunk_starts)}
    found_inf = torch.zeros((), device=device)
    squares = []
    sizes = {"CHUNK": CHUNK, "BLOCK": BLOCK, "num_warps": WARPS}
    with on(gradients[0]):
        for dtype, table in tables.items():
            count = len(table.chunk_starts)
            squares.append(torch.empty(count, device=device))
            measure_kernel[(count,)](
                *table.columns(), inverse_scale, squares[-1], found_inf, DTYPE=DTYPES[dtype], **sizes
            )
        norm = torch.cat(squares).sum().sqrt() if squares else torch.zeros((), device=device)
        for dtype, table in tables.items():
            multiply_kernel[(len(table.chunk_starts),)](
                *table.columns(), inverse_scale, norm, found_inf, max_norm, DTYPE=DTYPES[dtype], **sizes
            )
    return norm, found_inf


# A training loop comes with the same gradients again, and a copy to the GPU for each step would be felt.
@lru_cache(maxsize=16)
def _table(places: tuple[tuple[int, int], ...], device: torch.device) -> _Table:
    chunks = [(index, start) for index, (_, size) in enumerate(places) for start in range(0, size, CHUNK)]
    return _Table(
        torch.tensor([address for address, _ in places], dtype=torch.int64, device=device),
        torch.tensor([size for _, size in places], dtype=torch.int64, device=device),
        torch.tensor([index for index, _ in chunks], dtype=torch.int32, device=device),
        torch.tensor([start for _, start in chunks], dtype=torch.int64, device=device),
    )

"""Matrices of four bits per entry: how they are stored, made and read."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# NormalFloat4 of QLoRA (Dettmers et al., 2023, https://arxiv.org/abs/2305.14314), appendix E.
NF4: Sequence[float] = (
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
)
SMALLEST_GROUP = 16


@dataclass(frozen=True)
class FourBitWeight:
    """A matrix [outputs, inputs] of entries (q - zero) * scale, or code[q] * scale, with scale and zero of their group.

    packed: uint8 [outputs, inputs / 2], two entries in a byte, the first in its high half (as in bitsandbytes).
    scales: FP32 [outputs, groups]; a group is `group_size` neighbors of one row, and the last may be shorter.
    zeros: FP32 [outputs, groups], or None for 8; unused with a code.
    code: FP32 [16], or None for whole numbers.
    """

    packed: Tensor
    scales: Tensor
    group_size: int
    zeros: Tensor | None = None
    code: Tensor | None = None

    def __post_init__(self) -> None:
        if self.group_size < SMALLEST_GROUP or self.group_size & (self.group_size - 1):
            raise ValueError(f"the group size is {self.group_size}; write a power of two from {SMALLEST_GROUP} up")
        if self.packed.dim() != 2 or self.packed.dtype != torch.uint8:
            raise ValueError(
                f"the packed weight is {list(self.packed.shape)} of {self.packed.dtype}; "
                "write uint8 [outputs, inputs / 2]"
            )
        expected = (self.outputs, -(-self.inputs // self.group_size))
        for name, tensor in (("scales", self.scales), ("zeros", self.zeros)):
            if tensor is not None and (tensor.shape != expected or tensor.dtype != torch.float32):
                raise ValueError(
                    f"the {name} are {list(tensor.shape)} of {tensor.dtype}; write float32 {list(expected)}"
                )
        if self.code is not None and (self.code.shape != (16,) or self.code.dtype != torch.float32):
            raise ValueError(f"the code is {list(self.code.shape)} of {self.code.dtype}; write float32 [16]")

    @property
    def outputs(self) -> int:
        """How many rows it has."""
        return self.packed.shape[0]

    @property
    def inputs(self) -> int:
        """How many columns it has; an even number."""
        return self.packed.shape[1] * 2

    def dequantize(self) -> Tensor:
        """Return the matrix, FP32 [outputs, inputs]."""
        entries = torch.stack((self.packed >> 4, self.packed & 15), dim=-1).reshape(self.outputs, self.inputs)
        group = torch.arange(self.inputs, device=self.packed.device) // self.group_size
        if self.code is not None:
            return self.code[entries.int()] * self.scales[:, group]
        zeros = 8.0 if self.zeros is None else self.zeros[:, group]
        return (entries.float() - zeros) * self.scales[:, group]

    @classmethod
    def int4(cls, weight: Tensor, group_size: int = 64, symmetric: bool = True) -> "FourBitWeight":
        """Round a matrix [outputs, inputs] to whole numbers, by the range of each group.

        Raises ValueError if `inputs` is odd.
        """
        groups = _groups(weight, group_size)
        if symmetric:
            scales = (groups.abs().amax(-1) / 7).clamp(min=torch.finfo(torch.float32).tiny)
            zeros = None
            entries = (groups / scales[..., None]).round() + 8
        else:
            low, high = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
            scales = ((high - low) / 15).clamp(min=torch.finfo(torch.float32).tiny)
            zeros = (-low / scales).round()
            entries = (groups / scales[..., None]).round() + zeros[..., None]
        return cls(_pack(entries.clamp(0, 15), weight.shape[1]), scales, group_size, zeros)

    @classmethod
    def nf4(cls, weight: Tensor, group_size: int = 64) -> "FourBitWeight":
        """Round a matrix [outputs, inputs] to NormalFloat4, by the largest magnitude of each group.

        Raises ValueError if `inputs` is odd.
        """
        groups = _groups(weight, group_size)
        scales = groups.abs().amax(-1).clamp(min=torch.finfo(torch.float32).tiny)
        code = torch.tensor(NF4, device=weight.device)
        edges = (code[1:] + code[:-1]) / 2
        entries = torch.bucketize(groups / scales[..., None], edges)
        return cls(_pack(entries, weight.shape[1]), scales, group_size, code=code)


def _groups(weight: Tensor, group_size: int) -> Tensor:
    """Return [outputs, groups, group_size] in FP32; what the last group lacks is 0, which widens no range."""
    if weight.dim() != 2 or weight.shape[1] % 2:
        raise ValueError(f"the weight is {list(weight.shape)}; write a matrix with an even number of columns")
    lacking = -weight.shape[1] % group_size
    return torch.nn.functional.pad(weight.detach().float(), (0, lacking)).reshape(weight.shape[0], -1, group_size)


def _pack(entries: Tensor, inputs: int) -> Tensor:
    pairs = entries.reshape(entries.shape[0], -1)[:, :inputs].to(torch.uint8).reshape(entries.shape[0], -1, 2)
    return (pairs[..., 0] << 4) | pairs[..., 1]

"""Unscaling and clipping gradients in plain PyTorch."""

from collections.abc import Sequence

import torch
from torch import Tensor


def unscale_and_clip(gradients: Sequence[Tensor], inverse_scale: Tensor, max_norm: float) -> tuple[Tensor, Tensor]:
    """Return the norm and whether something is not finite; see `hone_kernels.unscale_and_clip`."""
    finite = torch.stack([gradient.isfinite().all() for gradient in gradients]).all()
    norms = [torch.linalg.vector_norm(gradient.float() * inverse_scale) for gradient in gradients]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    factor = inverse_scale * (max_norm / (norm + 1e-6)).clamp(max=1)
    for gradient in gradients:
        gradient.copy_(torch.where(finite, gradient.float() * factor, gradient.float()))
    return norm, 1 - finite.float()

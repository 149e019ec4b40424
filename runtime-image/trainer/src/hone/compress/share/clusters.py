"""k-means of single numbers, many groups at once."""

import torch

_ROUNDS = 25


def clusters(values: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cluster each row of `values` [groups, size] by Lloyd's rounds.

    The first centers are spread evenly from the smallest to the largest number, which keeps the few large weights.

    Returns:
        The index of each number's center [groups, size] and the centers [groups, count], in rising order.
    """
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    centers = low + (high - low) * torch.linspace(0, 1, count)
    for _ in range(_ROUNDS):
        indices = _nearest(values, centers)
        sums = torch.zeros_like(centers).scatter_add_(1, indices, values)
        sizes = torch.zeros_like(centers).scatter_add_(1, indices, torch.ones_like(values))
        moved = torch.where(sizes > 0, sums / sizes.clamp(min=1), centers)
        if torch.equal(moved, centers):
            break
        # An empty cluster keeps its center, which the others may have passed.
        centers = moved.sort(1).values
    return _nearest(values, centers), centers


def _nearest(values: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    borders = (centers[:, 1:] + centers[:, :-1]) / 2
    return torch.searchsorted(borders.contiguous(), values.contiguous())

"""The best product of two smaller matrices."""

from dataclasses import dataclass

import torch

#: What is added to the diagonal of the inputs' second moment, as a share of its mean: few rows leave directions empty.
_RIDGE = 1e-4


@dataclass(frozen=True)
class Factors:
    """`up` [outputs, rank] times `down` [rank, inputs], and how far off: the error's norm over the matrix's own."""

    up: torch.Tensor
    down: torch.Tensor
    error: float

    @property
    def rank(self) -> int:
        """The columns of the first, and the rows of the second."""
        return self.up.shape[1]


class Decomposition:
    """A matrix [outputs, inputs] in singular values, the largest first.

    With the second moment E[x xᵀ] = L Lᵀ of its inputs the singular values are those of `matrix @ L`: then the product
    of any rank has the least expected error of the layer's *outputs* (data-aware low rank, as in SVD-LLM,
    arXiv:2403.07378), and not of its weights.
    """

    def __init__(self, matrix: torch.Tensor, second_moment: torch.Tensor | None = None) -> None:
        matrix = matrix.double()
        self._root: torch.Tensor | None = None
        if second_moment is not None:
            moment = second_moment.double()
            ridge = _RIDGE * moment.diagonal().mean().clamp(min=1e-12)
            self._root = torch.linalg.cholesky(moment + ridge * torch.eye(len(moment), dtype=moment.dtype))
            matrix = matrix @ self._root
        self._left, self._values, self._right = torch.linalg.svd(matrix, full_matrices=False)

    @property
    def full_rank(self) -> int:
        """The largest rank that there can be."""
        return len(self._values)

    def rank_of_energy(self, share: float) -> int:
        """The smallest rank whose squared singular values are this share of all, or more."""
        energy = self._values**2
        reached = torch.cumsum(energy, 0) >= share * energy.sum() * (1 - 1e-12)
        return int(reached.nonzero()[0]) + 1 if bool(reached.any()) else self.full_rank

    def factors(self, rank: int) -> Factors:
        """The best product of this rank."""
        root = self._values[:rank].sqrt()
        up = self._left[:, :rank] * root
        down = root[:, None] * self._right[:rank]
        if self._root is not None:
            down = torch.linalg.solve_triangular(self._root, down, upper=False, left=False)
        lost = self._values[rank:].square().sum()
        return Factors(up.float(), down.float(), float((lost / self._values.square().sum().clamp(min=1e-300)).sqrt()))

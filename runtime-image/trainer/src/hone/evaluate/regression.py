"""How far a model's numbers are from the true ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hone.evaluate.answers import Answers
from hone.evaluate.intervals import Figure, Weights


@dataclass(frozen=True)
class Estimates(Answers):
    """The numbers [rows] of one model and the true ones [rows]."""

    estimates: NDArray[np.float32]
    truth: NDArray[np.float64]

    primary: ClassVar[str] = "r2"

    def __post_init__(self) -> None:
        if self.estimates.ndim != 1 or self.truth.shape != self.estimates.shape or not len(self.truth):
            raise ValueError(f"{self.estimates.shape} estimates do not fit {self.truth.shape} targets")

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return len(self.truth)

    def figures(self) -> Mapping[str, Figure]:
        """R2, Spearman's rank correlation, and the mean squared and absolute errors.

        R2 and the correlation are not defined where all targets are equal.
        """
        estimates = self.estimates.astype(np.float64)
        errors = estimates - self.truth
        squares, sizes = errors**2, np.abs(errors)

        def r2(weights: Weights) -> float:
            mean = weights @ self.truth / weights.sum()
            spread = float(weights @ (self.truth - mean) ** 2)
            return 1 - float(weights @ squares) / spread if spread > 0 else float("nan")

        return {
            "r2": r2,
            "spearman": lambda weights: _spearman(estimates, self.truth, weights),
            "mse": lambda weights: float(weights @ squares / weights.sum()),
            "mae": lambda weights: float(weights @ sizes / weights.sum()),
        }

    def loss(self) -> float:
        """The mean squared error."""
        return float(((self.estimates.astype(np.float64) - self.truth) ** 2).mean())

    def same_rows(self, other: Self) -> bool:
        """Tell whether the truth is the same."""
        return np.array_equal(self.truth, other.truth)


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64], weights: Weights) -> float:
    # Ranks change with what was drawn, so they are taken anew each time.
    drawn = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
    first, second = rankdata(one[drawn]), rankdata(other[drawn])
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 0 else float("nan")

"""How good a model is that gives each row any number of labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from hone.contract.result import Interval
from hone.evaluate.answers import Answers
from hone.evaluate.classification import mean_f1, paired_drop, share
from hone.evaluate.intervals import Figure, Weights, wilson


@dataclass(frozen=True)
class LabelSets(Answers):
    """The logits [rows, labels] of one model and the truth [rows, labels], 0 or 1; a label is given from 0.5 up."""

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]

    accuracy: ClassVar[str | None] = "subsetAccuracy"
    primary: ClassVar[str] = "microF1"

    def __post_init__(self) -> None:
        if self.logits.ndim != 2 or self.truth.shape != self.logits.shape or not len(self.truth):
            raise ValueError(f"{self.logits.shape} logits do not fit {self.truth.shape} labels")

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return len(self.truth)

    @property
    def given(self) -> NDArray[np.bool_]:
        """Which labels are given [rows, labels]: those whose sigmoid is above 0.5."""
        return np.asarray(self.logits > 0, dtype=np.bool_)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each row has exactly its labels."""
        return np.asarray((self.given == self.truth.astype(np.bool_)).all(axis=1), dtype=np.bool_)

    def figures(self) -> Mapping[str, Figure]:
        """Micro F1 over all decisions, macro F1 as the mean over labels, and the share of rows that are right whole."""
        truth, given, correct = self.truth.astype(np.float64), self.given.astype(np.float64), self.correct
        both, either = truth * given, truth + given

        def micro_f1(weights: Weights) -> float:
            return mean_f1(np.atleast_1d((weights @ both).sum()), np.atleast_1d((weights @ either).sum()))

        return {
            "microF1": micro_f1,
            "macroF1": lambda weights: mean_f1(weights @ both, weights @ either),
            "subsetAccuracy": lambda weights: share(correct, weights),
        }

    def exact(self) -> dict[str, Interval]:
        """The subset accuracy with its Wilson interval."""
        return {"subsetAccuracy": wilson(int(self.correct.sum()), self.rows)}

    def exact_drops(self, after: Self) -> dict[str, Interval]:
        """The difference of the subset accuracies with the interval of McNemar's counts."""
        return {"subsetAccuracy": paired_drop(self.correct, after.correct)}

    def loss(self) -> float:
        """The mean binary cross entropy over all decisions."""
        logits = self.logits.astype(np.float64)
        return float((np.logaddexp(0.0, logits) - self.truth * logits).mean())

    def same_rows(self, other: Self) -> bool:
        """Tell whether the truth is the same."""
        return np.array_equal(self.truth, other.truth)

    def agreement(self, other: Self) -> Figure:
        """The share of rows that get the same labels from both."""
        same = (self.given == other.given).all(axis=1)
        return lambda weights: float(weights @ same / weights.sum())

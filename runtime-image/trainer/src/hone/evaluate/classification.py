"""How good a classifier's answers are, and how two classifiers' answers differ on the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from scipy.stats import norm

from hone.contract.result import Interval
from hone.evaluate.answers import Answers
from hone.evaluate.intervals import CONFIDENCE, Figure, Weights, wilson


@dataclass(frozen=True)
class Predictions(Answers):
    """The logits [rows, labels] of one model and the true label [rows] of each row."""

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]

    accuracy: ClassVar[str | None] = "accuracy"
    primary: ClassVar[str] = "accuracy"

    def __post_init__(self) -> None:
        if self.logits.ndim != 2 or self.truth.shape != self.logits.shape[:1] or not len(self.truth):
            raise ValueError(f"{self.logits.shape} logits do not fit {self.truth.shape} labels")

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return len(self.truth)

    @property
    def top(self) -> NDArray[np.int64]:
        """The answer for each row."""
        return np.asarray(self.logits.argmax(axis=1), dtype=np.int64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each row's answer is right."""
        return np.asarray(self.top == self.truth, dtype=np.bool_)

    def figures(self) -> Mapping[str, Figure]:
        """Accuracy in percent, and F1 as the mean over the labels that occur in the truth or in the answers."""
        correct, top, labels = self.correct, self.top, self.logits.shape[1]

        def macro_f1(weights: Weights) -> float:
            right = np.bincount(self.truth[correct], weights[correct], labels)
            occurs = np.bincount(self.truth, weights, labels) + np.bincount(top, weights, labels)
            return mean_f1(right, occurs)

        return {"accuracy": lambda weights: share(correct, weights), "macroF1": macro_f1}

    def exact(self) -> dict[str, Interval]:
        """The accuracy with its Wilson interval."""
        return {"accuracy": wilson(int(self.correct.sum()), self.rows)}

    def exact_drops(self, after: Self) -> dict[str, Interval]:
        """The difference of the accuracies with the interval of McNemar's counts."""
        return {"accuracy": paired_drop(self.correct, after.correct)}

    def loss(self) -> float:
        """The mean cross entropy."""
        losses = log_softmax(self.logits.astype(np.float64), axis=1)[np.arange(self.rows), self.truth]
        return -float(losses.mean())

    def same_rows(self, other: Self) -> bool:
        """Tell whether the truth is the same."""
        return np.array_equal(self.truth, other.truth)

    def agreement(self, other: Self) -> Figure:
        """The share of rows for which both give the same answer."""
        same = self.top == other.top
        return lambda weights: float(weights @ same / weights.sum())


def share(right: NDArray[np.bool_], weights: Weights) -> float:
    """The weighted share of what is right, in percent."""
    return 100 * float(weights @ right) / float(weights.sum())


def agreement_of(rows: Sequence[tuple[NDArray[Any], NDArray[Any]]]) -> Figure:
    """The share of answers that are the same, where each row has several of both models."""
    same = np.array([float((one == other).sum()) for one, other in rows])
    answers = np.array([float(len(one)) for one, _ in rows])
    return lambda weights: float(weights @ same / (weights @ answers))


def mean_f1(right: NDArray[Any], occurs: NDArray[Any]) -> float:
    """The mean of 2 TP / (2 TP + FP + FN), which is 2 `right` / `occurs`, over the labels that occur at all."""
    there = occurs > 0
    return float((2 * right[there] / occurs[there]).mean()) if there.any() else float("nan")


def paired_drop(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Interval:
    """Points of accuracy lost from before to after, with the interval of the paired difference.

    Wald's interval for McNemar's counts: only rows on which one model is right and the other is wrong count, so it is
    far narrower than the difference of two separate intervals, and a model compared with itself loses exactly 0,
    within [0, 0].
    """
    rows = len(before)
    lost = int((before & ~after).sum())
    won = int((~before & after).sum())
    difference = (lost - won) / rows
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * sqrt(max(0.0, lost + won - (lost - won) ** 2 / rows)) / rows
    return Interval(
        value=100 * difference, low=100 * max(-1.0, difference - half), high=100 * min(1.0, difference + half)
    )

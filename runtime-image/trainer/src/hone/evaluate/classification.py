"""How good a classifier's answers are, and how two classifiers' answers differ on the same rows."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from scipy.stats import binomtest, norm
from sklearn.metrics import f1_score

from hone.contract.result import Interval, Measurement

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Predictions:
    """The logits [rows, labels] of one model and the true label [rows] of each row."""

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.logits.ndim != 2 or self.truth.shape != self.logits.shape[:1] or not len(self.truth):
            raise ValueError(f"{self.logits.shape} logits do not fit {self.truth.shape} labels")

    @property
    def top(self) -> NDArray[np.int64]:
        """The answer for each row."""
        return np.asarray(self.logits.argmax(axis=1), dtype=np.int64)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each row's answer is right."""
        return np.asarray(self.top == self.truth, dtype=np.bool_)


def measure(predictions: Predictions) -> Measurement:
    """Accuracy in percent with its Wilson interval, macro F1 over the labels that occur, and the mean cross entropy."""
    right, rows = int(predictions.correct.sum()), len(predictions.truth)
    interval = binomtest(right, rows).proportion_ci(CONFIDENCE, method="wilson")
    losses = -log_softmax(predictions.logits.astype(np.float64), axis=1)[np.arange(rows), predictions.truth]
    return Measurement(
        accuracy=Interval(value=100 * right / rows, low=100 * float(interval.low), high=100 * float(interval.high)),
        macro_f1=float(f1_score(predictions.truth, predictions.top, average="macro", zero_division=0)),
        loss=float(losses.mean()),
        samples=rows,
    )


def accuracy_drop(before: Predictions, after: Predictions) -> Interval:
    """Points of accuracy lost from before to after, with the interval of the paired difference.

    Wald's interval for McNemar's counts: only rows on which one model is right and the other is wrong count, so it is
    far narrower than the difference of two separate intervals, and a model compared with itself loses exactly 0,
    within [0, 0].
    """
    _same_rows(before, after)
    rows = len(before.truth)
    lost = int((before.correct & ~after.correct).sum())
    won = int((~before.correct & after.correct).sum())
    difference = (lost - won) / rows
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * sqrt(max(0.0, lost + won - (lost - won) ** 2 / rows)) / rows
    return Interval(
        value=100 * difference, low=100 * max(-1.0, difference - half), high=100 * min(1.0, difference + half)
    )


def agreement(before: Predictions, after: Predictions) -> float:
    """The share of rows for which both give the same answer."""
    _same_rows(before, after)
    return float((before.top == after.top).mean())


def _same_rows(before: Predictions, after: Predictions) -> None:
    if not np.array_equal(before.truth, after.truth):
        raise ValueError("the two models were not evaluated on the same rows")

"""95% intervals of figures that were measured on a sample of rows."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from hone.contract.result import Interval

CONFIDENCE = 0.95
#: The same resamples in every run: a figure's interval is a property of the answers, not of the moment.
SEED = 0
RESAMPLES = 1000

#: How often each row [rows] counts: once each, or as often as a resample drew it.
Weights = NDArray[np.float64]
#: A figure of the rows, weighted; NaN where it is not defined.
Figure = Callable[[Weights], float]


def wilson(right: int, total: int) -> Interval:
    """The share of right answers in percent, with Wilson's score interval (Wilson 1927); for independent answers."""
    interval = binomtest(right, total).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(value=100 * right / total, low=100 * float(interval.low), high=100 * float(interval.high))


def points(figures: Mapping[str, Figure], rows: int) -> dict[str, float]:
    """Every figure of the rows as they are; one that is not defined for them is left out."""
    once = np.ones(rows)
    values = {name: figure(once) for name, figure in figures.items()}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def bootstrap(figures: Mapping[str, Figure], rows: int, *, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """Every figure with its percentile bootstrap interval (Efron 1979): rows are drawn anew, with replacement.

    A figure that is not defined for these rows is left out; one that is not defined for some resamples (the correlation
    of equal numbers) has its interval from the others.
    """
    values = points(figures, rows)
    drawn = np.array([[figures[name](weights) for name in values] for weights in _draw(rows, resamples)])
    intervals = {}
    for column, (name, value) in enumerate(values.items()):
        found = drawn[:, column][np.isfinite(drawn[:, column])]
        if rows < 2 or not len(found):
            intervals[name] = Interval(value=value)
            continue
        low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        intervals[name] = Interval(value=value, low=float(low), high=float(high))
    return intervals


def _draw(rows: int, resamples: int) -> Iterator[Weights]:
    generator = np.random.default_rng(SEED)
    for _ in range(resamples):
        yield np.bincount(generator.integers(rows, size=rows), minlength=rows).astype(np.float64)

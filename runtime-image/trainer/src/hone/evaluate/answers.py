"""What is measured of a model's answers, whatever the task: figures with intervals, before and after."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Self

from hone.contract.result import Comparison, Interval, Measurement
from hone.evaluate.intervals import Figure, Weights, bootstrap, points

#: Figures of which less is better; of all others more is.
LOWER_IS_BETTER = frozenset({"loss", "mse", "mae", "perplexity"})


class Answers(ABC):
    """One model's answers to rows whose truth is known.

    Everything is measured of `figures`: accuracies in percent, F1, R2 and correlations as fractions of 1, errors in the
    units of the target.
    """

    #: The figure that is the task's accuracy, in percent, if it has one.
    accuracy: ClassVar[str | None] = None

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows were answered."""

    @property
    @abstractmethod
    def primary(self) -> str:
        """The name of the figure that the task is judged by."""

    @abstractmethod
    def figures(self) -> Mapping[str, Figure]:
        """Every figure by its name."""

    @abstractmethod
    def loss(self) -> float:
        """The mean loss of the task."""

    @abstractmethod
    def same_rows(self, other: Self) -> bool:
        """Tell whether both were asked the same."""

    def agreement(self, other: Self) -> Figure | None:
        """The share of the answers that are the same in both; None where answers are numbers."""
        return None

    def exact(self) -> dict[str, Interval]:
        """Figures whose interval is known without resampling."""
        return {}

    def exact_drops(self, after: Self) -> dict[str, Interval]:
        """Paired differences whose interval is known without resampling."""
        return {}


def measure(answers: Answers, *, resample: bool = True) -> Measurement:
    """Every figure with its 95% interval, the accuracy once more as the contract has always had it, and the loss.

    Without resampling only the intervals that are known exactly are there: for evaluations during a training.
    """
    exact = answers.exact()
    figures = {name: figure for name, figure in answers.figures().items() if name not in exact}
    found = {**exact, **(bootstrap if resample else _without_intervals)(figures, answers.rows)}
    # In the order of the figures: the first are those that people look for.
    metrics = {name: found[name] for name in answers.figures() if name in found}
    macro = metrics.get("macroF1")
    return Measurement(
        accuracy=metrics.get(answers.accuracy) if answers.accuracy else None,
        macro_f1=macro.value if macro else None,
        metrics=metrics,
        primary_metric=answers.primary if answers.primary in metrics else None,
        loss=answers.loss(),
        samples=answers.rows,
    )


def compare(before: Answers, after: Answers) -> Comparison:
    """How much worse each figure became, with the interval of the paired difference over the same resamples."""
    if type(before) is not type(after) or not before.same_rows(after):
        raise ValueError("the two models were not evaluated on the same rows")
    exact = before.exact_drops(after)
    after_figures = after.figures()
    differences = {
        name: _drop(name, figure, after_figures[name]) for name, figure in before.figures().items() if name not in exact
    }
    same = before.agreement(after)
    agreement = bootstrap({"agreement": same}, before.rows).get("agreement") if same is not None else None
    found = {**exact, **bootstrap(differences, before.rows)}
    drops = {name: found[name] for name in after_figures if name in found}
    ratios = {
        name: _ratio(figure, after_figures[name])
        for name, figure in before.figures().items()
        if name in LOWER_IS_BETTER
    }
    return Comparison(
        accuracy_drop=drops.get(before.accuracy) if before.accuracy else None,
        metric_drops=drops,
        metric_ratios=bootstrap(ratios, before.rows) or None,
        agreement=agreement.value if agreement is not None else None,
        agreement_interval=agreement if agreement is not None and agreement.low is not None else None,
    )


def _without_intervals(figures: Mapping[str, Figure], rows: int) -> dict[str, Interval]:
    return {name: Interval(value=value) for name, value in points(figures, rows).items()}


def _drop(name: str, before: Figure, after: Figure) -> Callable[[Weights], float]:
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0

    def drop(weights: Weights) -> float:
        # Adding zero keeps a difference of nothing from being written as -0.
        return sign * (before(weights) - after(weights)) + 0.0

    return drop


def _ratio(before: Figure, after: Figure) -> Callable[[Weights], float]:
    def ratio(weights: Weights) -> float:
        was, now = before(weights), after(weights)
        if now == was:
            # No error before and none after is no change, though it is no quotient.
            return 1.0
        return now / was if was else float("nan")

    return ratio

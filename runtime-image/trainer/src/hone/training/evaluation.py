"""Evaluation while a training goes on: which step was the best, and when there is nothing more to gain."""

import logging
from collections.abc import Callable

from torch import nn

from hone.contract import BestStep, Measurement
from hone.contract.training import Evaluation
from hone.distributed import ALONE, Group
from hone.errors import RunError
from hone.evaluate.answers import LOWER_IS_BETTER
from hone.training.best import BestWeights
from hone.training.checkpoints import CheckpointFailed
from hone.training.divergence import diverged, is_finite
from hone.training.journal import EvaluationPoint, Journal

log = logging.getLogger(__name__)

#: Measures a model on the evaluation data, or on its first rows alone; the callback hears the share that is done.
Measure = Callable[[nn.Module, int | None, Callable[[float], None]], Measurement]

LOSS = "loss"
#: Enough rows to know which figures a task measures.
_PROBE = 8


class Evaluations:
    """Measures every so many steps, remembers the best, and says when to stop.

    All that it remembers follows from the journal, so a run that is resumed decides as the one before it.
    """

    def __init__(
        self, plan: Evaluation, measure: Measure, journal: Journal, best: BestWeights, group: Group = ALONE
    ) -> None:
        self._group = group
        self._plan = plan
        self._measure = measure
        self._journal = journal
        self._weights = best
        self._without_gain = 0
        self._reference: float | None = None
        self.best: BestStep | None = None
        self.warnings: list[str] = []

    def check(self, model: nn.Module) -> None:
        """Refuse a metric that the task does not measure, before anything is trained."""
        if self._plan.metric is None:
            return
        for rows in (_PROBE, None):
            there = figures(self._measure(model, rows, _ignore))
            if self._plan.metric in there:
                return
        raise RunError(
            "ConfigInvalid",
            f"spec.evaluation.metric is {self._plan.metric}, which this task does not measure; write one of "
            f"{', '.join(sorted(there))}.",
        )

    def replay(self) -> None:
        """Decide again what was decided in the steps that the journal has."""
        for point in self._journal.curve.evaluations:
            self._decide(point, keep=None)

    @property
    def stopped(self) -> bool:
        """Whether the training has got no better for as long as was to be waited."""
        stopping = self._plan.early_stopping
        return stopping is not None and self._without_gain >= stopping.patience

    def due(self, step: int, last_step: int) -> bool:
        """Tell whether to evaluate after this step."""
        noted = self._journal.curve.evaluations
        already = bool(noted) and noted[-1].step >= step
        return step > 0 and not already and (step % self._plan.every_steps == 0 or step >= last_step)

    def run(self, model: nn.Module, step: int, epoch: float, tell: Callable[[float], None]) -> EvaluationPoint:
        """Measure the model as it is after this step."""
        # Each process looks at its own part of a sharded model, and what one finds ends the training of all.
        if self._group.any(not is_finite(model)):
            raise diverged()
        measurement = self._measure(model, None, tell)
        point = EvaluationPoint(step, epoch, self._plan.metric or primary(measurement), figures(measurement))
        self._journal.evaluation(point)
        self._decide(point, keep=model)
        return point

    def finish(self, model: nn.Module, last_step: int) -> None:
        """Put the best weights into the model, if they are to be kept and are not those that it has."""
        if self._plan.keep_best and self.best is not None and self.best.step != last_step:
            self._weights.load(self.best.step, model)

    def prune(self, oldest_checkpoint: int | None) -> None:
        """Drop weights that no resume can come back to."""
        self._weights.prune(oldest_checkpoint)

    def _decide(self, point: EvaluationPoint, keep: nn.Module | None) -> None:
        value = point.figures.get(point.metric)
        if value is None or not self._is_gain(point.metric, value):
            self._without_gain += 1
            return
        self._without_gain = 0
        self._reference = value
        if self._plan.keep_best and not self._kept(point.step, keep):
            return
        self.best = BestStep(step=point.step, metric=point.metric, value=value)

    def _is_gain(self, metric: str, value: float) -> bool:
        if self._reference is None:
            return True
        stopping = self._plan.early_stopping
        least = stopping.min_improvement if stopping is not None else 0.0
        gain = value - self._reference
        return (-gain if metric in LOWER_IS_BETTER else gain) > least

    def _kept(self, step: int, model: nn.Module | None) -> bool:
        if model is None:
            return self._weights.has(step)
        try:
            self._weights.save(step, model)
        except CheckpointFailed as failure:
            self.warnings.append(
                f"The weights of step {step}, the best so far, could not be kept ({failure}); the artifact is the best "
                "of the other steps. Give the output's volume more room."
            )
            log.error(self.warnings[-1])
            return False
        return True


def figures(measurement: Measurement) -> dict[str, float]:
    """Return what was measured of the answers, by the name that the status has for it."""
    document = measurement.model_dump(by_alias=True, exclude_none=True)
    named = {**document, **document.pop("metrics", {})}
    found: dict[str, float] = {}
    for name, value in named.items():
        number = value.get("value") if isinstance(value, dict) else value
        if isinstance(number, float) and name not in ("sizeBytes", "samples"):
            found[name] = number
    return found


def primary(measurement: Measurement) -> str:
    """Return the figure that a task goes by."""
    return measurement.primary_metric or LOSS


def _ignore(share: float) -> None:
    """Nobody waits for a probe."""

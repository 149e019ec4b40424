"""What became of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract import Comparison, Document, ExportSummary, Measurement, Metrics, StepReport
from hone.contract.base import Amount, Count
from hone.contract.compression import Step


class Recipe(Document):
    """Steps to be tried, as the trial of this number."""

    number: Count
    steps: list[Step]
    text: str


class Outcome(Document):
    """One trial, finished.

    A recipe that failed has no metrics; one that was stopped early has those of a part of the rows, and is never on
    the front. `message` says why in both cases.
    """

    recipe: Recipe
    state: Literal["Measured", "StoppedEarly", "Failed"]
    seconds: Amount
    message: Annotated[str, Field(max_length=2048)] | None = None
    metrics: Metrics | None = None
    export: ExportSummary | None = None
    steps: list[StepReport] = []
    warnings: list[str] = []

    @property
    def number(self) -> int:
        """The number of the trial."""
        return self.recipe.number

    @property
    def after(self) -> Measurement:
        """What was measured of the result; nothing if it failed."""
        return (self.metrics and self.metrics.after) or Measurement()

    @property
    def comparison(self) -> Comparison:
        """How the result compares with the model as it was; nothing if it failed."""
        return (self.metrics and self.metrics.comparison) or Comparison()

    @property
    def costs(self) -> tuple[float, float, float]:
        """What is to be small: what was lost of the figure that the task is judged by, bytes, and the time's ratio."""
        speedup = self.comparison.speedup
        return (
            loss(self.after, self.comparison),
            float(self.after.size_bytes or 0),
            1 / speedup.value if speedup is not None and speedup.value > 0 else float("inf"),
        )


def loss(after: Measurement, comparison: Comparison) -> float:
    """Return how much worse the task's figure became: accuracy in points, another one in its own unit."""
    if comparison.accuracy_drop is not None:
        return comparison.accuracy_drop.value
    drop = (comparison.metric_drops or {}).get(after.primary_metric or "")
    return drop.value if drop is not None else float("inf")

"""What a CompressionJob reads: the model, the rows to measure with and the rows to calibrate with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hone.compress.model import Classifier, load
from hone.compress.steps import PlannedStep
from hone.contract import JobConfig, LineageEntry
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.runtime import RunContext
from hone.store import ModelSource


@dataclass(frozen=True)
class Inputs:
    """Everything that was read, checked; `truth` has the labels of `rows`, and is None without evaluation data."""

    model: ModelSource
    classifier: Classifier
    rows: Sequence[Row]
    truth: Sequence[Mapping[str, Any]] | None
    calibration: Sequence[Row]
    lineage: list[LineageEntry]
    for_gpu: bool


def check_data(config: JobConfig, steps: Sequence[PlannedStep]) -> None:
    """Refuses a configuration that lacks data that a step needs."""
    needy = [step.title for step in steps if step.calibration_rows]
    if needy and config.dataset.calibration is None:
        # Rows that the accuracy is measured on would flatter the ranges that are found on them.
        raise RunError(
            "ConfigInvalid",
            f"{needy[0]} needs texts to calibrate with; name some in spec.dataset.calibration, other ones than the "
            "evaluation's (a part of the training data will do).",
        )


def fetch(context: RunContext, steps: Sequence[PlannedStep]) -> Inputs:
    """Reads the model and the data, every digest checked."""
    config, store, dataset = context.config, context.store, context.config.dataset
    model = store.model(config.model)
    lineage = [LineageEntry(role="Model", uri=model.uri, digest=model.digest)]
    classifier = load(config, model)
    rows: Sequence[Row] = []
    truth: Sequence[Mapping[str, Any]] | None = None
    if dataset.evaluation is not None:
        source = store.data(dataset.evaluation)
        lineage.append(LineageEntry(role="EvaluationData", uri=source.uri, digest=source.digest))
        rows, truth = classifier.encode_labelled(classifier.handler.read_evaluation(source, dataset.evaluation))
    calibration: Sequence[Row] = []
    wanted = max((step.calibration_rows for step in steps), default=0)
    if wanted and dataset.calibration is not None:
        source = store.data(dataset.calibration)
        lineage.append(LineageEntry(role="CalibrationData", uri=source.uri, digest=source.digest))
        calibration = classifier.encode(classifier.handler.read_inputs(source, dataset.calibration, wanted))
    return Inputs(model, classifier, rows, truth, calibration, lineage, any(step.for_gpu for step in steps))

"""What a CompressionJob reads: the model, the rows to measure with and the rows to calibrate with."""

from collections.abc import Sequence
from dataclasses import dataclass

from hone.compress.model import load
from hone.compress.quantize.classes import warn_of_one_class
from hone.compress.subject import Subject, Truth
from hone.compress.technique import Plan
from hone.contract import JobConfig, LineageEntry
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.runtime import RunContext
from hone.store import DataSource, ModelSource


@dataclass(frozen=True)
class Inputs:
    """Everything that was read, checked; `truth` has the labels of `rows`, and is None without evaluation data."""

    model: ModelSource
    subject: Subject
    rows: Sequence[Row]
    truth: Truth | None
    calibration: Sequence[Row]
    lineage: list[LineageEntry]
    for_gpu: bool
    train: DataSource | None = None
    warnings: Sequence[str] = ()


def check_data(config: JobConfig, steps: Plan) -> None:
    """Refuses a configuration that lacks data that a step needs."""
    needy = [step.title for step in steps.steps if step.calibration_rows]
    if needy and config.dataset.calibration is None:
        # Rows that the accuracy is measured on would flatter the ranges that are found on them.
        raise RunError(
            "ConfigInvalid",
            f"{needy[0]} needs texts to calibrate with; name some in spec.dataset.calibration, other ones than the "
            "evaluation's (a part of the training data will do).",
        )
    if steps.trains and config.dataset.train is None:
        raise RunError("ConfigInvalid", "A step of spec.steps needs training data; name it in spec.dataset.train.")


def fetch(context: RunContext, steps: Plan) -> Inputs:
    """Reads the model and the data, every digest checked."""
    config, store, dataset = context.config, context.store, context.config.dataset
    model = store.model(config.model)
    lineage = [LineageEntry(role="Model", uri=model.uri, digest=model.digest)]
    subject = load(config, model)
    train: DataSource | None = None
    if steps.trains and dataset.train is not None:
        train = store.data(dataset.train)
        lineage.append(LineageEntry(role="TrainData", uri=train.uri, digest=train.digest))
    rows: Sequence[Row] = []
    truth: Truth | None = None
    if dataset.evaluation is not None:
        source = store.data(dataset.evaluation)
        lineage.append(LineageEntry(role="EvaluationData", uri=source.uri, digest=source.digest))
        rows, truth = subject.read_labelled(source, dataset.evaluation)
    calibration: Sequence[Row] = []
    warnings: list[str] = []
    wanted = max((step.calibration_rows for step in steps.steps), default=0)
    if wanted and dataset.calibration is not None:
        source = store.data(dataset.calibration)
        lineage.append(LineageEntry(role="CalibrationData", uri=source.uri, digest=source.digest))
        calibration = subject.read_inputs(source, dataset.calibration, wanted)
        warnings += warn_of_one_class(config, subject.task, source, dataset.calibration, wanted)
    for_gpu = any(step.for_gpu for step in steps.file)
    return Inputs(model, subject, rows, truth, calibration, lineage, for_gpu, train, warnings)

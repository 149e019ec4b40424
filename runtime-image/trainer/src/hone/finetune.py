"""The executor of a FineTuneJob."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import torch
import transformers
from torch import nn

from hone.contract import JobConfig, LineageEntry, Measurement, Metrics, TrainingSummary
from hone.contract.training import Training
from hone.device import make_deterministic, thread_count
from hone.errors import RunError
from hone.evaluate.answers import measure
from hone.methods import method_for
from hone.methods.base import Batch
from hone.precision import MixedPrecision
from hone.runtime import RunContext, RunOutcome
from hone.tasks import Encoded, Loaded, TaskHandler, task_for
from hone.training import train
from hone.training.curve import write_curve
from hone.training.evaluation import Measure
from hone.training.tracking import MlFlowTracker

log = logging.getLogger(__name__)

#: How many rows a method gets to compare the saved model with the trained one.
_EXAMPLES = 16


def run(context: RunContext) -> RunOutcome | None:
    """Check, read, train; then save and measure, in the first process of a group alone."""
    config, progress = context.config, context.progress
    # First what needs no reading: a task or method without an executor is refused in the first second.
    task, method = task_for(config), method_for(config)
    if config.dataset.train is None:
        raise RunError("ConfigInvalid", "A FineTuneJob needs training data; name it in spec.dataset.train.")
    if config.evaluation is not None and config.dataset.evaluation is None:
        raise RunError(
            "ConfigInvalid",
            "spec.evaluation needs data; name it in spec.dataset.evaluation, or remove spec.evaluation.",
        )
    training = config.training or Training()
    torch.set_num_threads(thread_count())
    make_deterministic()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    progress.plan({"Fetching": 2, "Preparing": 6, "Training": 70, "Saving": 2, "Evaluating": 20})

    with progress.phase("Fetching"):
        model = context.store.model(config.model)
        if not model.is_transformers:
            raise RunError(
                "ModelInvalid",
                f"{model.uri} is {model.format}, exported or quantized already, and a training starts from a "
                "Transformers model; name the FineTuneJob, or the folder, that it was made from.",
            )
        task.check(model, method.reserved_positions)
        method.check(model, task.spec(), task.outline(model))
        train_source = context.store.data(config.dataset.train)
        evaluation_source = context.store.data(config.dataset.evaluation) if config.dataset.evaluation else None

    with progress.phase("Preparing"):
        task.read(train_source, evaluation_source)
        # Before the model is loaded: a fresh head is drawn from this seed.
        transformers.set_seed(training.seed)
        loaded = task.load(model, method.loading_options())
        network = method.apply(loaded)
        precision = MixedPrecision.of(config.precision)
        train_data, evaluation_data = task.training_set(loaded), task.evaluation_set(loaded)

    with progress.phase("Training"), ExitStack() as stack:
        trackers = [stack.enter_context(tracker) for tracker in _trackers(config) if context.group.is_main]
        trained = train(
            network,
            train_data,
            task.collator(loaded),
            loss=task.loss(),
            mean_over_tokens=task.mean_over_tokens,
            training=training,
            checkpoint=config.checkpoint,
            precision=precision,
            default_learning_rate=method.default_learning_rate,
            checkpoints=context.checkpoints,
            progress=progress,
            interrupt=context.interrupt,
            optimizer=method.optimizer,
            evaluation=config.evaluation,
            measure=_measure(task, loaded, evaluation_data, training) if evaluation_data is not None else None,
            trackers=trackers,
            group=context.group,
        )
    if not context.group.is_main:
        return None

    with progress.phase("Saving"):
        examples = _examples(task, loaded, evaluation_data or train_data)
        saved = method.save(network, loaded, context.output, examples)
        write_curve(trained.curve, context.output)
        size = sum(path.stat().st_size for path in context.output.rglob("*.safetensors") if _counts(path, saved.path))

    warnings = [*trained.warnings, *(warning for tracker in trackers for warning in tracker.warnings)]
    metrics = Metrics()
    with progress.phase("Evaluating"):
        if evaluation_data is None:
            warnings.append(
                "There is no evaluation data, so nothing is known of the accuracy; name it in dataset.evaluation."
            )
        else:
            answers = task.answer(saved.model, loaded, evaluation_data, training.evaluation_batch_size, progress.update)
            if config.evaluation is not None:
                warnings += _chosen_by(trained.summary)
            metrics = Metrics(after=measure(answers).model_copy(update={"size_bytes": size}))

    lineage = [LineageEntry(role="Model", uri=model.uri, digest=model.digest)]
    lineage.append(LineageEntry(role="TrainData", uri=train_source.uri, digest=train_source.digest))
    if evaluation_source is not None:
        lineage.append(LineageEntry(role="EvaluationData", uri=evaluation_source.uri, digest=evaluation_source.digest))
    return RunOutcome(
        model_format="Transformers",
        model_path=saved.path,
        task=task.spec(),
        lineage=lineage,
        metrics=metrics,
        training=trained.summary.model_copy(update={"quantized_base": saved.quantized_base}),
        resumes=trained.resumes,
        warnings=warnings,
    )


def _trackers(config: JobConfig) -> list[MlFlowTracker]:
    tracking = config.tracking
    return [MlFlowTracker(tracking.mlflow, config)] if tracking is not None and tracking.mlflow is not None else []


def _measure(task: TaskHandler, loaded: Loaded, data: Encoded, training: Training) -> Measure:
    def measured(model: nn.Module, rows: int | None, tell: Callable[[float], None]) -> Measurement:
        some = data if rows is None else Encoded(data.rows[:rows])
        # Nobody looks at intervals while the training goes on, and a thousand resamples take their time.
        return measure(task.answer(model, loaded, some, training.evaluation_batch_size, tell), resample=False)

    return measured


def _chosen_by(summary: TrainingSummary) -> list[str]:
    if summary.best is None or (summary.best.step == summary.steps and not summary.stopped_early):
        return []
    return [
        f"Step {summary.best.step} was chosen by {summary.best.metric} on the evaluation data, and the metrics are "
        "measured on the same data, so they are a little better than on new data."
    ]


def _examples(task: TaskHandler, loaded: Loaded, data: Encoded) -> Batch:
    batch = task.collator(loaded)([data[index] for index in range(min(_EXAMPLES, len(data)))])
    return {name: value for name, value in batch.items() if name != "labels"}


def _counts(path: Path, model_path: str | None) -> bool:
    return model_path is None or path.parent.name == model_path

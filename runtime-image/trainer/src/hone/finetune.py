"""The executor of a FineTuneJob."""

import json
import logging
import math
from pathlib import Path

import torch
import transformers

from hone.contract import LineageEntry, Metrics
from hone.contract.training import Training
from hone.device import thread_count
from hone.errors import RunError
from hone.methods import method_for
from hone.methods.base import Batch
from hone.precision import MixedPrecision
from hone.runtime import RunContext, RunOutcome
from hone.tasks import Encoded, Loaded, TaskHandler, task_for
from hone.training import Trained, train

log = logging.getLogger(__name__)

#: Where the loss curve stands in the artifact.
LOSS_CURVE = "loss.jsonl"
#: How many rows a method gets to compare the saved model with the trained one.
_EXAMPLES = 16


def run(context: RunContext) -> RunOutcome:
    """Check, read, train, save, measure."""
    config, progress = context.config, context.progress
    # First what needs no reading: a task or method without an executor is refused in the first second.
    task, method = task_for(config), method_for(config)
    if config.dataset.train is None:
        raise RunError("ConfigInvalid", "A FineTuneJob needs training data; name it in spec.dataset.train.")
    training = config.training or Training()
    torch.set_num_threads(thread_count())
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    progress.plan({"Fetching": 2, "Preparing": 6, "Training": 70, "Saving": 2, "Evaluating": 20})

    with progress.phase("Fetching"):
        model = context.store.model(config.model)
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

    with progress.phase("Training"):
        trained = train(
            network,
            train_data,
            task.collator(loaded),
            training=training,
            checkpoint=config.checkpoint,
            precision=precision,
            default_learning_rate=method.default_learning_rate,
            checkpoints=context.checkpoints,
            progress=progress,
            interrupt=context.interrupt,
        )

    with progress.phase("Saving"):
        examples = _examples(task, loaded, evaluation_data or train_data)
        saved = method.save(network, loaded, context.output, examples)
        write_curve(trained, context.output / LOSS_CURVE)
        size = sum(path.stat().st_size for path in context.output.rglob("*.safetensors") if _counts(path, saved.path))

    warnings: list[str] = []
    metrics = Metrics()
    with progress.phase("Evaluating"):
        if evaluation_data is None:
            warnings.append(
                "There is no evaluation data, so nothing is known of the accuracy; name it in dataset.evaluation."
            )
        else:
            measured = task.measure(
                saved.model, loaded, evaluation_data, training.evaluation_batch_size, progress.update
            )
            metrics = Metrics(after=measured.model_copy(update={"size_bytes": size}))

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
        training=trained.summary,
        warnings=warnings,
    )


def write_curve(trained: Trained, path: Path) -> None:
    """Write the loss of every step as JSON Lines; a step that overflowed has no loss that JSON could hold."""
    with path.open("w", encoding="utf-8") as file:
        for point in trained.curve:
            entry = {
                "step": point.step,
                "epoch": point.epoch,
                "loss": point.loss if math.isfinite(point.loss) else None,
                "learningRate": point.learning_rate,
            }
            file.write(json.dumps(entry) + "\n")


def _examples(task: TaskHandler, loaded: Loaded, data: Encoded) -> Batch:
    batch = task.collator(loaded)([data[index] for index in range(min(_EXAMPLES, len(data)))])
    return {name: value for name, value in batch.items() if name != "labels"}


def _counts(path: Path, model_path: str | None) -> bool:
    return model_path is None or path.parent.name == model_path

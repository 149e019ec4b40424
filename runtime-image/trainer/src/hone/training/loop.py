"""One training, from the model to its loss curve."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hone_kernels
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerCallback, TrainerState

from hone.contract import CurvePoint, Kernel, Resumes, TrainingSummary
from hone.contract.training import Checkpoint, Evaluation, Training
from hone.device import peak_memory_bytes
from hone.distributed import ALONE, Group
from hone.interrupt import Interrupt
from hone.methods.base import count_parameters
from hone.precision import MixedPrecision, back_to_full_precision
from hone.progress import Progress
from hone.tasks.base import Loss
from hone.training.callbacks import InterruptCallback, JournalCallback, ProgressCallback
from hone.training.checkpoints import Checkpoints, step_of
from hone.training.distributed import (
    AgreedInterrupt,
    agreed_measure,
    agreeing,
    best_weights_for,
    journal_for,
    trainer_for,
)
from hone.training.divergence import diverged
from hone.training.evaluation import Evaluations, Measure
from hone.training.evaluator import EvaluationCallback
from hone.training.journal import Curve, Journal
from hone.training.masks import MaskCallback
from hone.training.tracking import Tracker
from hone.training.trainer import HoneTrainer, Objective, training_arguments

log = logging.getLogger(__name__)

_LAST_POINTS = 10


@dataclass(frozen=True)
class Trained:
    """What a training says about itself; the model was changed in place."""

    summary: TrainingSummary
    curve: Curve
    resumes: Resumes
    warnings: list[str]


def train(
    model: PreTrainedModel,
    dataset: Dataset[dict[str, Any]],
    collator: Callable[[list[dict[str, Any]]], Any],
    *,
    training: Training,
    loss: Loss | None = None,
    objective: Objective | None = None,
    mean_over_tokens: bool = False,
    checkpoint: Checkpoint | None,
    precision: MixedPrecision,
    default_learning_rate: float,
    checkpoints: Path,
    progress: Progress,
    interrupt: Interrupt,
    optimizer: str = "adamw_torch",
    evaluation: Evaluation | None = None,
    measure: Measure | None = None,
    trackers: Sequence[Tracker] = (),
    callbacks: Sequence[TrainerCallback] = (),
    group: Group = ALONE,
) -> Trained:
    """Train, starting from the newest whole checkpoint if there is one.

    Args:
        model: trained in place; what is not to be trained is frozen.
        dataset: examples as the model takes them.
        collator: makes a batch of examples.
        training: the optimizer's loop.
        loss: takes logits and labels of a batch; the model's own if it is left out.
        objective: takes the model and a batch, and wins over `loss`.
        mean_over_tokens: whether the model's own loss, or the objective, is to be the mean over all tokens of a step,
            whatever batches and processes they are in, and not the mean of the batches' means.
        checkpoint: how often the state is saved; it is saved on an interrupt in any case.
        precision: what the matrix products compute in.
        default_learning_rate: for a training without one.
        checkpoints: a folder that outlives the process; journal, checkpoints and best weights are kept in it.
        progress: told of each step.
        interrupt: ends the training after the step in which it is requested.
        optimizer: as Transformers names it.
        evaluation: how often to evaluate, and what follows from it; needs `measure`.
        measure: measures the model on the evaluation data.
        trackers: hear of each step and evaluation.
        callbacks: hear of each step before anything of it is noted or saved.
        group: the processes that train together. A model that FSDP2 has trained is whole again in the first one only.

    Raises:
        RunError: Interrupted after a checkpoint was saved, or ConfigInvalid if the loss is no number any more.
    """
    journal = journal_for(checkpoints, group)
    store = Checkpoints(checkpoints, checkpoint.keep_last if checkpoint else 1)
    start = group.agree(store.latest())
    step = step_of(start) if start is not None else 0
    # Another number of threads adds up in another order: the pod that goes on computes as the one before it.
    torch.set_num_threads(journal.threads or torch.get_num_threads())
    lost = journal.start(step, torch.get_num_threads())
    telling = ProgressCallback(progress)
    if journal.resumes.count:
        telling.message = f"went on from step {step}; {lost} steps of the pod before were lost"
        log.info("The run %s", telling.message)

    evaluations = None
    if evaluation is not None and measure is not None:
        evaluations = Evaluations(
            evaluation, agreed_measure(measure, group), journal, best_weights_for(checkpoints, group), group
        )
        evaluations.check(model)
        evaluations.replay()
    noting = JournalCallback(journal, [tracker.step for tracker in trackers])
    agreed = AgreedInterrupt() if group.size > 1 else interrupt
    trainer = trainer_for(
        training,
        group,
        precision=precision,
        checkpoints=store,
        loss=loss,
        objective=objective,
        mean_over_tokens=mean_over_tokens,
        model=model,
        args=training_arguments(
            training,
            checkpoint.every_steps if checkpoint else None,
            precision,
            default_learning_rate,
            str(checkpoints),
            optimizer,
        ),
        train_dataset=dataset,
        data_collator=collator,
        callbacks=[
            *callbacks,
            MaskCallback(),
            noting,
            telling,
            *agreeing(interrupt, agreed, group),
            InterruptCallback(agreed),
        ],
    )
    # It prints every log line to the standard output, which is the result's.
    trainer.remove_callback(PrinterCallback)
    noting.scaler = trainer.accelerator.scaler
    if evaluations is not None:
        hook = EvaluationCallback(evaluations, trainer, store, agreed, trackers)
        trainer.evaluator = hook.evaluate
        trainer.add_callback(hook)
    for tracker in trackers:
        tracker.start(journal)
    hone_kernels.forget()
    seconds = _run(trainer, start, evaluations, interrupt)
    if evaluations is not None:
        evaluations.finish(model, trainer.state.global_step)
    model.zero_grad(set_to_none=True)
    back_to_full_precision(model)
    samples = training.batch_size * training.gradient_accumulation_steps * group.size
    return _trained(trainer, model, journal, evaluations, precision, samples, step if start else None, seconds)


def _run(trainer: HoneTrainer, start: Path | None, evaluations: Evaluations | None, interrupt: Interrupt) -> float:
    """Train from the checkpoint on, and return the seconds that it took."""
    if start is not None:
        trainer.state = TrainerState.load_from_json(str(start / "trainer_state.json"))
        unmeasured = evaluations is not None and evaluations.due(trainer.state.global_step, trainer.state.max_steps)
        if unmeasured or _is_done(trainer.state, evaluations):
            trainer._load_from_checkpoint(str(start))
        if unmeasured:
            # The pod before was told to stop when it had to evaluate.
            trainer.evaluate()
        if _is_done(trainer.state, evaluations):
            # Trainer would take one more step.
            return 0.0
    with interrupt.deferred():
        outcome = trainer.train(resume_from_checkpoint=str(start) if start else None)
    trainer.gather()
    return float(outcome.metrics["train_runtime"])


def _is_done(state: TrainerState, evaluations: Evaluations | None) -> bool:
    return bool(state.global_step >= state.max_steps) or (evaluations is not None and evaluations.stopped)


def _trained(
    trainer: HoneTrainer,
    model: nn.Module,
    journal: Journal,
    evaluations: Evaluations | None,
    precision: MixedPrecision,
    samples_per_step: int,
    resumed_from: int | None,
    seconds: float,
) -> Trained:
    points = journal.curve.points
    losses = [point.loss for point in points if point.loss is not None]
    # A step that FP16 skipped for an infinite loss left the weights as they were.
    if not losses or (points[-1].loss is None and not points[-1].skipped):
        raise diverged()
    trainable, total = count_parameters(model)
    done = trainer.state.global_step
    samples = (done - (resumed_from or 0)) * samples_per_step
    summary = TrainingSummary(
        steps=done,
        epochs=round(float(trainer.state.epoch or 0.0), 4),
        final_loss=losses[-1],
        trainable_parameters=trainable,
        total_parameters=total,
        samples_per_second=round(samples / seconds, 2) if seconds > 0 else None,
        skipped_steps=journal.skipped_steps,
        peak_memory_bytes=peak_memory_bytes(precision.device.type),
        precision=precision.mode,
        device=precision.device_name,
        threads=torch.get_num_threads(),
        resumed_from_step=resumed_from,
        best=evaluations.best if evaluations is not None else None,
        stopped_early=evaluations.stopped if evaluations is not None else None,
        last_points=last_points(journal.curve),
        kernels=_kernels() or None,
    )
    warnings = [*trainer.failed_checkpoints[-1:], *(evaluations.warnings[-1:] if evaluations is not None else [])]
    if journal.skipped_steps * 2 >= done:
        warnings.append(
            f"{journal.skipped_steps} of {done} steps were skipped, for their gradients were too large for FP16; lower "
            "spec.precision.initialLossScale, train for longer, or write BF16 in spec.precision.mode."
        )
    return Trained(summary, journal.curve, journal.resumes, warnings)


def _kernels() -> list[Kernel]:
    """Return what computed each operation of the training that has a Triton kernel."""
    return [
        Kernel(operation=operation, implementation=choice.implementation, reason=choice.reason[:256])
        for operation, choice in sorted(hone_kernels.used().items())
    ]


def last_points(curve: Curve) -> list[CurvePoint]:
    """Return the last points of a curve, each with the evaluation's loss where it was evaluated."""
    losses = {point.step: point.figures.get("loss") for point in curve.evaluations}
    return [
        CurvePoint(step=point.step, loss=point.loss, evaluation_loss=losses.get(point.step))
        for point in curve.points[-_LAST_POINTS:]
    ]

"""One training, from the model to its loss curve."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerState

from hone.contract import TrainingSummary
from hone.contract.training import Checkpoint, Training
from hone.device import peak_memory_bytes
from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.methods.base import count_parameters
from hone.precision import MixedPrecision
from hone.progress import Progress
from hone.training.callbacks import InterruptCallback, ProgressCallback, SkippedSteps
from hone.training.checkpoints import SealCallback, latest_whole
from hone.training.trainer import HoneTrainer, training_arguments

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LossPoint:
    """One point of the loss curve."""

    step: int
    epoch: float
    loss: float
    learning_rate: float


@dataclass(frozen=True)
class Trained:
    """What a training says about itself; the model was changed in place."""

    summary: TrainingSummary
    curve: list[LossPoint]


def train(
    model: PreTrainedModel,
    dataset: Dataset[dict[str, Any]],
    collator: Callable[[list[dict[str, Any]]], Any],
    *,
    training: Training,
    checkpoint: Checkpoint | None,
    precision: MixedPrecision,
    default_learning_rate: float,
    checkpoints: Path,
    progress: Progress,
    interrupt: Interrupt,
) -> Trained:
    """Train, starting from the newest whole checkpoint if there is one."""
    arguments = training_arguments(training, checkpoint, precision, default_learning_rate, str(checkpoints))
    skipped = SkippedSteps()
    trainer = HoneTrainer(
        precision=precision,
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=collator,
        callbacks=[ProgressCallback(progress), InterruptCallback(interrupt), skipped, SealCallback()],
    )
    # It prints every log line to the standard output, which is the result's.
    trainer.remove_callback(PrinterCallback)
    skipped.scaler = trainer.accelerator.scaler
    start = latest_whole(checkpoints)
    seconds = 0.0
    resumed_from = None
    if start is not None:
        resumed_from = TrainerState.load_from_json(str(start / "trainer_state.json")).global_step
        log.info("Resuming from step %d", resumed_from)
    if start is not None and _is_done(start):
        # Trainer would take one more step.
        trainer._load_from_checkpoint(str(start))
        trainer.state = TrainerState.load_from_json(str(start / "trainer_state.json"))
    else:
        with interrupt.deferred():
            outcome = trainer.train(resume_from_checkpoint=str(start) if start else None)
        seconds = float(outcome.metrics["train_runtime"])
    model.zero_grad(set_to_none=True)
    curve = _curve(trainer.state)
    if not curve or not math.isfinite(curve[-1].loss):
        raise RunError(
            "ConfigInvalid",
            "The training diverged: the loss is no number any more; lower spec.training.learningRate, or write FP32 or "
            "BF16 in spec.precision.mode.",
        )
    trainable, total = count_parameters(model)
    steps = trainer.state.global_step - (resumed_from or 0)
    samples = steps * training.batch_size * training.gradient_accumulation_steps
    return Trained(
        TrainingSummary(
            steps=trainer.state.global_step,
            epochs=round(float(trainer.state.epoch or 0.0), 4),
            final_loss=curve[-1].loss,
            trainable_parameters=trainable,
            total_parameters=total,
            samples_per_second=round(samples / seconds, 2) if seconds > 0 else None,
            skipped_steps=skipped.count,
            peak_memory_bytes=peak_memory_bytes(),
            precision=precision.mode,
            device=precision.device_name,
            resumed_from_step=resumed_from,
        ),
        curve,
    )


def _is_done(checkpoint: Path) -> bool:
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    return bool(state.global_step >= state.max_steps)


def _curve(state: TrainerState) -> list[LossPoint]:
    return [
        LossPoint(entry["step"], entry["epoch"], float(entry["loss"]), float(entry["learning_rate"]))
        for entry in state.log_history
        if "loss" in entry
    ]

"""Trains a network in the middle of a compression, as a FineTuneJob would."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, set_seed

from hone.compress.subject import Subject
from hone.contract.training import Checkpoint, Training
from hone.errors import RunError
from hone.precision import MixedPrecision
from hone.runtime import RunContext
from hone.store import DataSource, ModelSource
from hone.tasks import Encoded, task_for
from hone.tasks.base import Loss
from hone.training import train
from hone.training.loop import Trained
from hone.training.trainer import Objective

#: A pod that is killed loses no more than this many steps.
_EVERY_STEPS = 100


@dataclass(frozen=True)
class Lesson:
    """The training data as a network takes it, and the task's own loss (None: the network's).

    `mean_over_tokens` says that each token of a step counts alike, in whatever batch it is.
    """

    data: Encoded
    collate: Callable[[list[dict[str, Any]]], Any]
    loss: Loss | None
    mean_over_tokens: bool = False

    def batches(self, size: int, most: int) -> Iterator[dict[str, torch.Tensor]]:
        """Return at most so many batches, in the order of the data, labels included."""
        for start in range(0, min(len(self.data), size * most), size):
            yield dict(self.collate([self.data[i] for i in range(start, min(start + size, len(self.data)))]))


class Learning:
    """Reads dataset.train for the task of the subject, and trains on it."""

    def __init__(self, context: RunContext, model: ModelSource, source: DataSource | None) -> None:
        self._context = context
        self._model = model
        self._source = source

    def lesson(self, subject: Subject, training: Training) -> Lesson:
        """Read the training data, by the options that matter to it: class weights, packing."""
        if self._source is None:
            raise RunError("ConfigInvalid", "A step needs training data; name it in spec.dataset.train.")
        config = self._context.config.model_copy(update={"task": subject.task, "training": training})
        task = task_for(config)
        task.check(self._model)
        task.read(self._source, None)
        loaded = subject.loaded()
        return Lesson(task.training_set(loaded), task.collator(loaded), task.loss(), task.mean_over_tokens)

    def train(
        self,
        network: PreTrainedModel,
        lesson: Lesson,
        training: Training,
        checkpoints: Path,
        *,
        default_learning_rate: float = 5e-5,
        objective: Objective | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> Trained:
        """Train the parameters that are not frozen; the network is in evaluation mode, on the CPU, after it.

        Args:
            network: changed in place.
            lesson: what to learn.
            training: the optimizer's loop.
            checkpoints: the step's folder; a training that was interrupted goes on from what it holds.
            default_learning_rate: for a training without one.
            objective: takes network and batch, returns the loss; the task's own if it is left out.
            callbacks: hear of each step, before anything is saved.
        """
        context = self._context
        set_seed(training.seed)
        trained = train(
            network,
            lesson.data,
            lesson.collate,
            training=training,
            loss=lesson.loss,
            objective=objective,
            mean_over_tokens=lesson.mean_over_tokens,
            checkpoint=context.config.checkpoint or Checkpoint(every_steps=_EVERY_STEPS, keep_last=1),
            precision=MixedPrecision.of(context.config.precision),
            default_learning_rate=default_learning_rate,
            checkpoints=checkpoints,
            progress=context.progress,
            interrupt=context.interrupt,
            callbacks=callbacks,
        )
        network.to("cpu").eval()
        return trained

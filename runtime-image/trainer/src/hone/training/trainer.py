"""Transformers' Trainer, without its traps."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Trainer, TrainingArguments

from hone.contract.training import Training
from hone.evaluate.language import IGNORED
from hone.precision import MixedPrecision
from hone.tasks.base import Loss, loss_of
from hone.training.checkpoints import CheckpointFailed, Checkpoints
from hone.training.clipping import ClippingScaler, at_once, clip

log = logging.getLogger(__name__)

#: Takes the network and a batch with its labels, returns the loss to train with.
Objective = Callable[[nn.Module, dict[str, Any]], torch.Tensor]

_SCHEDULES = {
    "Linear": "linear",
    "Cosine": "cosine",
    "Constant": "constant",
    "ConstantWithWarmup": "constant_with_warmup",
    "Polynomial": "polynomial",
}
_DEFAULT_EPOCHS = 3.0


class HoneTrainer(Trainer):
    """Trainer that computes in the precision that was asked for, and whose checkpoints are whole or not there."""

    def __init__(
        self,
        *,
        precision: MixedPrecision,
        checkpoints: Checkpoints,
        loss: Loss | None = None,
        objective: Objective | None = None,
        mean_over_tokens: bool = False,
        **arguments: Any,  # noqa: ANN401 - Trainer's own
    ) -> None:
        self._precision = precision
        self._loss = loss
        self._objective = objective
        self._checkpoints = checkpoints
        self._writing_to: Path | None = None
        #: Does what has to be done when an evaluation is due.
        self.evaluator: Callable[[], None] | None = None
        #: Why checkpoints could not be written; the training goes on without them.
        self.failed_checkpoints: list[str] = []
        super().__init__(**arguments)
        # A model that takes **kwargs but ignores num_items_in_batch would get its loss times the accumulation steps, so
        # that only language models, whose loss heeds it, are told how many tokens a step has.
        if not mean_over_tokens or loss is not None:
            self.model_accepts_loss_kwargs = False

    def create_accelerator_and_postprocess(self) -> None:
        """Create the accelerator, then make it do FP16 where it would not."""
        super().create_accelerator_and_postprocess()
        if self._clips_at_once():
            self._precision.install(self.accelerator, partial(ClippingScaler, max_norm=self.args.max_grad_norm or None))
        else:
            self._precision.install(self.accelerator)

    def _clips_at_once(self) -> bool:
        return at_once(self._precision.device)

    def _clip_grad_norm(self, model: nn.Module) -> Any:  # noqa: ANN401 - Trainer's own
        if not self._clips_at_once():
            return super()._clip_grad_norm(model)
        if self.accelerator.scaler is None:
            return clip(model.parameters(), self.args.max_grad_norm)
        self.accelerator.unscale_gradients()
        return self.accelerator.scaler.norm

    def gather(self) -> None:
        """Give the trained weights to the model that this trainer was made with, where they are not in it already."""

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """Compute the task's own loss where it has one, and the model's otherwise."""
        if self._objective is not None:
            value = self._objective(model, dict(inputs))
            tokens = options.get("num_items_in_batch") if self.model_accepts_loss_kwargs else None
            # The objective's own mean is over the tokens of this batch; the step's is over those of all its batches.
            return value if tokens is None else value * (_predicted(inputs) * self.accelerator.num_processes / tokens)
        if self._loss is None:
            return super().compute_loss(model, inputs, *arguments, **options)
        # Not Trainer's own compute_loss_func: with that it would not divide by the accumulation steps.
        return loss_of(model, inputs, self._loss)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """Evaluate as the run wants it; Trainer has no part in what follows."""
        if self.evaluator is not None:
            self.evaluator()
        return {}

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Count no operations: nobody reads them, and Trainer would walk through the whole model in each step."""
        return 0

    def _get_output_dir(self, trial: Any) -> str:  # noqa: ANN401
        return str(self._writing_to or self.args.output_dir)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:  # noqa: ANN401
        try:
            self._checkpoints.save(self.state.global_step, lambda folder: self._fill(folder, model, trial))
        except CheckpointFailed as failure:
            log.error("%s", failure)
            self.failed_checkpoints.append(str(failure))

    def _fill(self, folder: Path, model: nn.Module, trial: Any) -> None:  # noqa: ANN401
        # Trainer makes a folder of its own in the one that it is given.
        self._writing_to = folder
        try:
            super()._save_checkpoint(model, trial)
        finally:
            self._writing_to = None
        inner = folder / f"checkpoint-{self.state.global_step}"
        for path in inner.iterdir():
            path.rename(folder / path.name)
        inner.rmdir()


def _predicted(inputs: dict[str, Any]) -> torch.Tensor:
    """Count the tokens of a batch that are learned: each is told by the one before it."""
    labels: torch.Tensor = inputs["labels"]
    return labels[..., 1:].ne(IGNORED).sum()


def _one_kernel(optimizer: str, precision: MixedPrecision) -> str:
    """Let AdamW take its step in one kernel, but under a loss scaler.

    A fused step does not tell which steps an overflow skips, so the schedule would run ahead.
    """
    return "adamw_torch_fused" if optimizer == "adamw_torch" and precision.mode != "FP16" else optimizer


def training_arguments(
    training: Training,
    every_steps: int | None,
    precision: MixedPrecision,
    learning_rate: float,
    output_dir: str,
    optimizer: str = "adamw_torch",
) -> TrainingArguments:
    """Translate the contract into Transformers' arguments."""
    return TrainingArguments(
        output_dir=output_dir,
        num_train_epochs=training.epochs if training.epochs is not None else _DEFAULT_EPOCHS,
        max_steps=training.steps if training.steps is not None else -1,
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=training.evaluation_batch_size,
        gradient_accumulation_steps=training.gradient_accumulation_steps,
        gradient_checkpointing=training.gradient_checkpointing,
        learning_rate=training.learning_rate if training.learning_rate is not None else learning_rate,
        lr_scheduler_type=_SCHEDULES[training.schedule],
        # Below 1 it is a share of the steps.
        warmup_steps=training.warmup_steps if training.warmup_steps is not None else training.warmup_ratio,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        seed=training.seed,
        data_seed=training.seed,
        optim=_one_kernel(optimizer, precision),
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps" if every_steps else "no",
        save_steps=every_steps or 500,
        # Checkpoints and evaluations are ours: see checkpoints.py and evaluation.py.
        save_total_limit=None,
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        **precision.arguments(),
    )

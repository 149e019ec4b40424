"""Transformers' Trainer, without its traps."""

from typing import Any

from transformers import Trainer, TrainingArguments

from hone.contract.training import Checkpoint, Training
from hone.precision import MixedPrecision

_SCHEDULES = {
    "Linear": "linear",
    "Cosine": "cosine",
    "Constant": "constant",
    "ConstantWithWarmup": "constant_with_warmup",
    "Polynomial": "polynomial",
}
_DEFAULT_EPOCHS = 3.0


class HoneTrainer(Trainer):
    """Trainer whose accelerator computes in the precision that was asked for."""

    def __init__(self, *, precision: MixedPrecision, **arguments: Any) -> None:  # noqa: ANN401 - Trainer's own
        self._precision = precision
        super().__init__(**arguments)
        # A model that takes **kwargs but ignores num_items_in_batch would get its loss times the accumulation steps.
        self.model_accepts_loss_kwargs = False

    def create_accelerator_and_postprocess(self) -> None:
        """Create the accelerator, then make it do FP16 where it would not."""
        super().create_accelerator_and_postprocess()
        self._precision.install(self.accelerator)


def training_arguments(
    training: Training,
    checkpoint: Checkpoint | None,
    precision: MixedPrecision,
    learning_rate: float,
    output_dir: str,
) -> TrainingArguments:
    """Translate the contract into Transformers' arguments."""
    every = checkpoint.every_steps if checkpoint else None
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
        warmup_steps=training.warmup_ratio,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        seed=training.seed,
        data_seed=training.seed,
        # The fused one does not count the steps that an overflow skips.
        optim="adamw_torch",
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps" if every else "no",
        save_steps=every or 500,
        save_total_limit=checkpoint.keep_last if checkpoint else 1,
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        **precision.arguments(),
    )

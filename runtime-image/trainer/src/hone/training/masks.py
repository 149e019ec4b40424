"""Keeps weights that were pruned to zero at zero while the rest is trained."""

from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone.models import sparsity


class MaskCallback(TrainerCallback):
    """Takes the masks from the zeros that the model has when its training begins or goes on."""

    def __init__(self) -> None:
        self._masks: dict[str, torch.Tensor] = {}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: nn.Module,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """A checkpoint is loaded before this, so its zeros are those of the step it was saved after."""
        self._masks = sparsity.masks(model)

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: nn.Module,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """The optimizer's momentum moves weights that have no gradient any more."""
        sparsity.apply(model, self._masks)

"""What happens between two steps: progress is told, an interrupt is heeded, skipped steps are counted."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone.interrupt import Interrupt
from hone.progress import Progress


class ProgressCallback(TrainerCallback):
    """Tells step, epoch and loss."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Tell where the training is."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        self._progress.update(
            state.global_step / max(state.max_steps, 1),
            step=state.global_step,
            total_steps=max(state.max_steps, 1),
            epoch=round(state.epoch or 0.0, 4),
            loss=float(loss),
        )


class InterruptCallback(TrainerCallback):
    """Saves and stops at the end of the step in which the run was told to stop."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Look whether the run was told to stop."""
        if self._interrupt.requested:
            control.should_save = True
            control.should_training_stop = True


class SkippedSteps(TrainerCallback):
    """Counts the steps that an overflow cost, by the drops of the loss scale."""

    def __init__(self) -> None:
        self.count = 0
        self.scaler: Any = None
        self._scale: float | None = None

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Remember the scale before the step."""
        self._scale = self.scaler.get_scale() if self.scaler is not None else None

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Compare with the scale after it."""
        if self._scale is not None and self.scaler.get_scale() < self._scale:
            self.count += 1

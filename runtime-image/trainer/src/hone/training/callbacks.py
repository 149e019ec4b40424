"""What happens between two steps: the journal is kept, progress is told, an interrupt is heeded."""

from collections.abc import Callable, Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone.interrupt import Interrupt
from hone.progress import Progress
from hone.training.journal import Journal, LossPoint, finite

#: Hears of each step.
StepListener = Callable[[LossPoint], None]


class JournalCallback(TrainerCallback):
    """Notes each step with its loss, and whether an overflow cost it: then the loss scale has dropped."""

    def __init__(self, journal: Journal, listeners: Sequence[StepListener]) -> None:
        self._journal = journal
        self._listeners = listeners
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

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Note the step that has just ended."""
        if logs is None or "loss" not in logs:
            return
        # The journal has it all; here it would make each checkpoint longer than the one before.
        state.log_history.clear()
        point = LossPoint(
            state.global_step,
            float(state.epoch or 0.0),
            finite(float(logs["loss"])),
            float(logs["learning_rate"]),
            skipped=self._scale is not None and self.scaler.get_scale() < self._scale,
        )
        self._journal.step(point)
        for listener in self._listeners:
            listener(point)


class ProgressCallback(TrainerCallback):
    """Tells step, epoch and loss."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        #: Told with the first step after a resume.
        self.message: str | None = None

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
            message=self.message,
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

"""Evaluates at the right moments of Trainer's loop: after a step was noted, and before its checkpoint is saved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone.interrupt import Interrupt
from hone.training.checkpoints import Checkpoints
from hone.training.evaluation import Evaluations
from hone.training.tracking import Tracker

if TYPE_CHECKING:
    from hone.training.trainer import HoneTrainer


class _Interrupted(Exception):  # noqa: N818 - heard by the callback alone
    """The run was told to stop while it evaluated; the next pod evaluates this step."""


class EvaluationCallback(TrainerCallback):
    """Asks for evaluations, and does them when Trainer comes to it."""

    def __init__(
        self,
        evaluations: Evaluations,
        trainer: "HoneTrainer",
        checkpoints: Checkpoints,
        interrupt: Interrupt,
        trackers: Sequence[Tracker],
    ) -> None:
        self._evaluations = evaluations
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._interrupt = interrupt
        self._trackers = trackers

    def evaluate(self) -> None:
        """Evaluate the model as it is now, and end the training if there is nothing more to gain."""
        state, control = self._trainer.state, self._trainer.control
        # Trainer looks again at the end of an epoch.
        control.should_evaluate = False
        try:
            point = self._evaluations.run(
                self._trainer.model, state.global_step, float(state.epoch or 0.0), self._heed_interrupt
            )
        except _Interrupted:
            control.should_save = control.should_training_stop = True
            return
        for tracker in self._trackers:
            tracker.evaluation(point)
        if self._evaluations.stopped:
            control.should_training_stop = True
            control.should_save = control.should_save or self._trainer.args.save_strategy != "no"

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Ask for an evaluation where one is due; a run that is told to stop leaves it to the next pod."""
        if not self._interrupt.requested and self._evaluations.due(state.global_step, state.max_steps):
            control.should_evaluate = True

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Drop best weights that no checkpoint needs any more."""
        self._evaluations.prune(self._checkpoints.oldest_step())

    def _heed_interrupt(self, share: float) -> None:
        if self._interrupt.requested:
            raise _Interrupted

"""What differs in a training that several processes share."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME

from hone.contract import Measurement
from hone.contract.training import Training
from hone.distributed import Group
from hone.distributed.sharding import GATHERED, ShardedTwin
from hone.interrupt import Interrupt
from hone.training.best import BestWeights, whole_weights
from hone.training.evaluation import Measure
from hone.training.journal import Journal
from hone.training.trainer import HoneTrainer


def trainer_for(training: Training, group: Group, **arguments: Any) -> HoneTrainer:  # noqa: ANN401 - Trainer's own
    """Return the trainer of a strategy; a process that is alone has nothing to share out."""
    if group.size == 1:
        return HoneTrainer(**arguments)
    trainer = ShardedTrainer if training.strategy == "FSDP2" else GroupTrainer
    return trainer(group=group, **arguments)


def journal_for(checkpoints: Path, group: Group) -> Journal:
    """Read the journal in the first process, and let the others keep up with it in memory."""
    journal = group.agree(Journal(checkpoints) if group.is_main else None)
    assert journal is not None  # noqa: S101 - the first process's
    if not group.is_main:
        journal.write_nothing()
    return journal


def best_weights_for(checkpoints: Path, group: Group) -> BestWeights:
    """Keep the best weights in the first process alone."""
    return BestWeights(checkpoints) if group.is_main else _NoWeights(checkpoints)


def agreed_measure(measure: Measure, group: Group) -> Measure:
    """Measure in every process, and go by what the first one found: two devices may round differently."""

    def agreed(model: nn.Module, rows: int | None, tell: Callable[[float], None]) -> Measurement:
        return group.agree(measure(model, rows, tell))

    return measure if group.size == 1 else agreed


class _NoWeights(BestWeights):
    def has(self, step: int) -> bool:
        return False

    def save(self, step: int, model: nn.Module) -> None:
        """The first process does; of a sharded model it needs the parts that the others have."""
        whole_weights(model)

    def load(self, step: int, model: nn.Module) -> None:
        """The first process does, and goes on alone with the model."""

    def prune(self, oldest_checkpoint: int | None) -> None:
        """The first process does."""


class AgreedInterrupt(Interrupt):
    """Whether any process was told to stop, as all of them have agreed at the end of a step; never within one."""


class AgreeOnInterrupt(TrainerCallback):
    """Asks all processes at the end of each step: if one of them stops, all do, after the same step."""

    def __init__(self, own: Interrupt, agreed: Interrupt, group: Group) -> None:
        self._own = own
        self._agreed = agreed
        self._group = group

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Agree."""
        self._agreed.requested = self._group.any(self._own.requested)
        self._own.requested = self._own.requested or self._agreed.requested


def agreeing(own: Interrupt, agreed: Interrupt, group: Group) -> list[TrainerCallback]:
    """Return what has to be called before anybody looks at `agreed`."""
    return [AgreeOnInterrupt(own, agreed, group)] if group.size > 1 else []


class GroupTrainer(HoneTrainer):
    """Data-parallel training by DDP, whose checkpoints are written by the first process alone.

    What only the others know is gathered before anything is written: a disk that is full must not leave a process
    waiting for one that has given up.
    """

    def __init__(self, *, group: Group, **arguments: Any) -> None:  # noqa: ANN401 - Trainer's own
        self._group = group
        self._random_states: list[dict[str, Any]] = []
        super().__init__(**arguments)

    def store_flos(self) -> None:
        """Count nothing: nobody reads it, and it takes an exchange that only some of the processes would come to."""

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:  # noqa: ANN401
        self._collect()
        try:
            if self._group.is_main:
                super()._save_checkpoint(model, trial)
        finally:
            self._group.barrier()

    def _collect(self) -> None:
        self._random_states = self._group.gather(random_state())

    def _save_rng_state(self, output_dir: str) -> None:
        for rank, state in enumerate(self._random_states):
            torch.save(state, Path(output_dir) / f"rng_state_{rank}.pth")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        # Trainer would map the state to the device of a group, which is called cpu:0 on a CPU and unknown then.
        if checkpoint is None:
            return
        self._load_optimizer_state(torch.load(Path(checkpoint) / OPTIMIZER_NAME, map_location="cpu", weights_only=True))
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / SCHEDULER_NAME, weights_only=True))

    def _load_optimizer_state(self, state: dict[str, Any]) -> None:
        optimizer: Any = self.optimizer
        optimizer.load_state_dict(state)


class ShardedTrainer(GroupTrainer):
    """Trains a sharded twin of the model (FSDP2); checkpoints hold whole tensors, as those of one process do.

    Transformers' own FSDP silently trains with DDP on a CPU, so that nothing of it is used here.
    """

    #: The twin, from the moment on when there is one.
    model: Any

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - Trainer's own
        self._twin: ShardedTwin | None = None
        self._weights: dict[str, Any] = {}
        self._optimizer_state: dict[str, Any] = {}
        super().__init__(**arguments)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Shard the model first: by now it holds a checkpoint's weights, and an optimizer keeps the shards' state."""
        if self._twin is None:
            self._twin = ShardedTwin(self.model, self.args.device, self._group)
            # Autocast and placement, but no DDP; Accelerate leaves alone what it thinks it has prepared.
            prepared: Any = self.accelerator.prepare_model(self._twin.module, evaluation_mode=True)
            prepared._is_accelerate_prepared = True
            self.model = self.model_wrapped = prepared
        optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        return optimizer

    def _clips_at_once(self) -> bool:
        # A process has parts of the gradients only, and the norm is that of all.
        return False

    def gather(self) -> None:
        """Give the trained weights to the model that this trainer was made with, in the first process."""
        if self._twin is not None:
            self._twin.give_back(self._group)

    def _collect(self) -> None:
        super()._collect()
        if self._twin is None:
            raise RuntimeError("a checkpoint of a model that is not sharded yet")
        self._weights = self._twin.state()
        self._optimizer_state = dict(
            get_optimizer_state_dict(self._twin.module, self._bare_optimizer(), options=GATHERED)
        )

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write whole weights, as they were gathered."""
        self._save(output_dir, state_dict=self._weights)
        self._weights = {}

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        torch.save(self._optimizer_state, Path(output_dir) / OPTIMIZER_NAME)
        self._optimizer_state = {}
        torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER_NAME)

    def _load_optimizer_state(self, state: dict[str, Any]) -> None:
        assert self._twin is not None  # noqa: S101 - the optimizer was made with it
        set_optimizer_state_dict(
            self._twin.module, self._bare_optimizer(), state, options=StateDictOptions(full_state_dict=True)
        )

    def _bare_optimizer(self) -> torch.optim.Optimizer:
        # Accelerate wraps it, and PyTorch wants it as it was.
        optimizer: Any = self.optimizer
        bare: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
        return bare


def random_state() -> dict[str, Any]:
    """Return the state of every random generator of this process, in the form that Trainer reads."""
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "cpu": torch.random.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.random.get_rng_state_all()
    return state

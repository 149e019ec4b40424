"""Full fine-tuning: every weight is trained."""

from pathlib import Path

from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import Batch, Saved, save_whole
from hone.store import ModelSource
from hone.tasks.base import Loaded


class FullFineTuning:
    """Trains everything and saves the whole model."""

    default_learning_rate = 5e-5
    reserved_positions = 0

    def __init__(self, config: JobConfig) -> None:
        if not config.output.merge:
            raise RunError(
                "ConfigInvalid",
                "Full fine-tuning makes no adapter; leave out spec.output.merge or choose another method.",
            )

    def check(self, model: ModelSource, task: Task) -> None:
        """Nothing to refuse: every model can be trained whole."""

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Train every weight."""
        loaded.model.requires_grad_(True)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the model."""
        return Saved(model, save_whole(model, loaded, output))

"""Full fine-tuning: every weight is trained."""

from pathlib import Path

from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.errors import RunError
from hone.methods.base import Batch, FineTuningMethod, Saved, save_whole
from hone.tasks.base import Loaded


class FullFineTuning(FineTuningMethod):
    """Trains everything and saves the whole model."""

    default_learning_rate = 5e-5

    def __init__(self, config: JobConfig) -> None:
        super().__init__(config)
        if not config.output.merge:
            raise RunError(
                "ConfigInvalid",
                "Full fine-tuning makes no adapter; leave out spec.output.merge or choose another method.",
            )

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Train every weight."""
        loaded.model.requires_grad_(True)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the model."""
        return Saved(model, save_whole(model, loaded, output))

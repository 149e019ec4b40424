"""Full fine-tuning: every weight is trained."""

from pathlib import Path

from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.errors import RunError
from hone.methods.base import save_whole
from hone.tasks.base import Loaded


class FullFineTuning:
    """Trains everything and saves the whole model."""

    default_learning_rate = 5e-5

    def __init__(self, config: JobConfig) -> None:
        if not config.output.merge:
            raise RunError(
                "ConfigInvalid",
                "Full fine-tuning makes no adapter; leave out spec.output.merge or choose another method.",
            )

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Train every weight."""
        loaded.model.requires_grad_(True)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path) -> tuple[PreTrainedModel, str | None]:
        """Write the model."""
        return model, save_whole(model, loaded, output)

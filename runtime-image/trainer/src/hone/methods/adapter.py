"""Bottleneck adapters: small layers between the frozen ones, which stay in the graph of the exported model."""

from pathlib import Path

from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.method import Adapter
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import ADAPTER, Batch, FineTuningMethod, Saved, freeze, head_modules
from hone.methods.placement import Point, find_points
from hone.methods.trained import save_trained
from hone.models import bottleneck
from hone.store import ModelSource
from hone.tasks.base import Loaded


class AdapterFineTuning(FineTuningMethod):
    """Trains adapters and head alone; normalizations stay frozen.

    Houlsby's placement (arXiv:1902.00751) is after attention and after the feed-forward block, Pfeiffer's
    (arXiv:2005.00247) after the feed-forward block alone, both before the residual connection is added.
    """

    default_learning_rate = 1e-3

    def __init__(self, config: JobConfig) -> None:
        super().__init__(config)
        assert config.method is not None  # noqa: S101 - the contract demands it
        self._adapter = config.method.adapter or Adapter()

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse a model in which no place is found, and a bottleneck of less than one unit."""
        points = self._points(network)
        narrowest = min(point.width for point in points)
        if self._adapter.reduction_factor > narrowest:
            raise RunError(
                "ConfigInvalid",
                f"spec.method.adapter.reductionFactor is {self._adapter.reduction_factor}, but the layers of "
                f"{model.uri} are {narrowest} wide; write {narrowest} or less.",
            )

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Freeze the model, put fresh adapters into it, and train them and the head."""
        points = self._points(loaded.model)
        heads = head_modules(loaded)
        freeze(loaded.model)
        settings = {
            "modules": [
                {
                    "path": point.path,
                    "width": point.width,
                    "size": point.width // self._adapter.reduction_factor,
                    "activation": self._adapter.activation,
                }
                for point in points
            ]
        }
        bottleneck.install(loaded.model, settings)
        for name in heads + [f"{point.path}.adapter" for point in points]:
            loaded.model.get_submodule(name).requires_grad_(True)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write adapters and head alone, and the whole model with them inside unless only they are wanted."""
        modules = bottleneck.describe(model, trained_only=True)
        save_trained(model, self._config, output / ADAPTER, {"bottleneck": modules})
        return self.save_model(model, loaded, output)

    def _points(self, network: PreTrainedModel) -> list[Point]:
        return find_points(network, after_attention=self._adapter.placement == "Houlsby")

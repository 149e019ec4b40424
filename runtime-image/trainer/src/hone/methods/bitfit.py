"""BitFit (Ben Zaken et al., 2022, arXiv:2106.10199): the bias terms and the head are trained, nothing else."""

from pathlib import Path

from transformers import PreTrainedModel

from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import (
    ADAPTER,
    Batch,
    FineTuningMethod,
    Saved,
    freeze,
    head_modules,
    inside,
    own_heads,
)
from hone.methods.trained import save_trained
from hone.store import ModelSource
from hone.tasks.base import Loaded


class BitFitFineTuning(FineTuningMethod):
    """Trains every bias, those of normalizations included; the graph stays as it is, so merging is saving."""

    default_learning_rate = 1e-3

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse a model without biases, as Llama's are."""
        if not biases(network, own_heads(network)):
            raise RunError(
                "ConfigInvalid",
                f"{model.uri} ({network.config.model_type}) has no bias terms outside its head, so bitFit has nothing "
                "to train; write lora or adapter in spec.method.",
            )

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Freeze everything but the biases and the head."""
        heads = head_modules(loaded)
        freeze(loaded.model)
        for name in biases(loaded.model, heads):
            loaded.model.get_parameter(name).requires_grad_(True)
        for name in heads:
            loaded.model.get_submodule(name).requires_grad_(True)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write biases and head alone, and the whole model unless only they are wanted."""
        save_trained(model, self._config, output / ADAPTER)
        return self.save_model(model, loaded, output)


def biases(network: PreTrainedModel, heads: list[str]) -> list[str]:
    """Return the names of the bias parameters outside the heads."""
    return [
        name for name, _ in network.named_parameters() if name.rpartition(".")[2] == "bias" and not inside(name, heads)
    ]

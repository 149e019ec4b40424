"""What prefix and prompt tuning have in common.

The networks that make virtual tokens, and the format of the adapter, are PEFT's; the virtual tokens take part in the
model as `hone.models.virtual_tokens` has it, in training as in serving, which gives the same answers as PEFT's own
models where those do not depend on padding.
"""

from abc import abstractmethod
from pathlib import Path

import torch
from peft import PromptLearningConfig, TaskType
from torch import nn
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import ADAPTER, PEFT_TASKS, Batch, FineTuningMethod, Saved, freeze, head_modules
from hone.methods.virtual_tokens import adapter
from hone.models.virtual_tokens import Table, VirtualTokens, virtual_tokens_of
from hone.store import ModelSource
from hone.tasks.base import Loaded

DEFAULT_TOKENS = 20


class Made(nn.Module):
    """Virtual tokens as a network of PEFT makes them, float32 [tokens, width]."""

    indexes: torch.Tensor

    def __init__(self, network: nn.Module, tokens: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("indexes", torch.arange(tokens).unsqueeze(0), persistent=False)

    def forward(self) -> torch.Tensor:
        """Make them."""
        # In FP32 always: it costs nothing, and an LSTM has no FP16 kernel on a CPU.
        with torch.autocast(self.indexes.device.type, enabled=False):
            made: torch.Tensor = self.network(self.indexes)[0]
        return made


class VirtualTokenTuning(FineTuningMethod):
    """Trains virtual tokens and the head; everything else keeps its bits."""

    #: The method's name in a manifest.
    name: str

    def __init__(self, config: JobConfig, tokens: int | None) -> None:
        super().__init__(config)
        assert config.task is not None  # noqa: S101 - the contract demands it
        self.tokens = tokens or DEFAULT_TOKENS
        self.reserved_positions = self.tokens
        self.task = config.task.type
        if self.task not in PEFT_TASKS:
            raise RunError(
                "ConfigInvalid",
                f"spec.method.{self.name} puts virtual tokens before a text, and {self.task} has none; choose lora, "
                "bitFit, adapter or full.",
            )

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse models that take no virtual tokens, or have some."""
        kind = network.config.model_type
        if getattr(network.config, "is_encoder_decoder", False):
            raise RunError(
                "ModelInvalid",
                f"spec.method.{self.name} needs a model that is an encoder or a decoder, and {model.uri} ({kind}) is "
                "both; choose lora.",
            )
        if (found := virtual_tokens_of(network)) is not None:
            raise RunError(
                "ModelInvalid",
                f"{model.uri} has {found.tokens} virtual tokens already; name the model that it was made from, or "
                "choose lora.",
            )

    @abstractmethod
    def peft_config(self, network: PreTrainedModel) -> PromptLearningConfig:
        """Return PEFT's configuration with the sizes of this model, for PEFT has no defaults for some."""

    @abstractmethod
    def build(self, loaded: Loaded, config: PromptLearningConfig) -> VirtualTokens:
        """Return the virtual tokens, freshly initialized, with the network that makes them."""

    @property
    def task_type(self) -> TaskType:
        """PEFT's name of the task."""
        return PEFT_TASKS[self.task]

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Freeze the model, put virtual tokens into it, and train them and the head."""
        heads = head_modules(loaded)
        freeze(loaded.model)
        for name in heads:
            loaded.model.get_submodule(name).requires_grad_(True)
        self._config_of_adapter = self.peft_config(loaded.model)
        self._config_of_adapter.modules_to_save = heads or None
        self.build(loaded, self._config_of_adapter).attach(loaded.model.base_model)
        return loaded.model

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the adapter as PEFT reads it, and the model with its virtual tokens unless the adapter is enough."""
        tokens = virtual_tokens_of(model)
        assert tokens is not None  # noqa: S101 - apply() put them there
        fixed = Table.of(tokens.source().detach())
        tokens.source = fixed
        config = self._config_of_adapter
        config.base_model_name_or_path = self._config.model.uri
        adapter.save(model, config.modules_to_save or [], fixed, config, output / ADAPTER)
        return self.save_model(model, loaded, output)

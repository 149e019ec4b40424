"""Prefix tuning through PEFT (Li and Liang, 2021, arXiv:2101.00190)."""

import inspect

from peft import PrefixEncoder, PrefixTuningConfig, PromptLearningConfig
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.method import PrefixTuning as Options
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.virtual_tokens.base import Made, VirtualTokenTuning
from hone.models.virtual_tokens import Prefix, VirtualTokens
from hone.store import ModelSource
from hone.tasks.base import Loaded


class PrefixTuning(VirtualTokenTuning):
    """Trains keys and values before those of every layer, directly or through a network of two layers."""

    name = "prefixTuning"
    default_learning_rate = 1e-2

    def __init__(self, config: JobConfig) -> None:
        assert config.method is not None  # noqa: S101 - the contract demands it
        options = config.method.prefix_tuning or Options()
        self._projection = bool(options.projection)
        super().__init__(config, options.virtual_tokens)
        if config.training is not None and config.training.gradient_checkpointing:
            raise RunError(
                "ConfigInvalid",
                "spec.method.prefixTuning does not work with gradientCheckpointing: remove "
                "spec.training.gradientCheckpointing.",
            )

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse models whose layers take no keys and values from outside."""
        super().check(model, task, network)
        if "past_key_values" not in inspect.signature(network.base_model.forward).parameters:
            raise RunError(
                "ModelInvalid",
                f"{model.uri} ({network.config.model_type}) takes no past keys and values, which "
                "spec.method.prefixTuning needs; choose promptTuning or lora.",
            )

    def peft_config(self, network: PreTrainedModel) -> PromptLearningConfig:
        """Return the sizes of keys and values, which grouped-query attention makes smaller than the hidden state."""
        config = network.config.get_text_config()
        heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // heads
        key_heads = getattr(config, "num_key_value_heads", None) or heads
        return PrefixTuningConfig(
            task_type=self.task_type,
            num_virtual_tokens=self.tokens,
            num_layers=config.num_hidden_layers,
            num_attention_heads=key_heads,
            num_transformer_submodules=1,
            token_dim=key_heads * size,
            encoder_hidden_size=config.hidden_size,
            prefix_projection=self._projection,
        )

    def build(self, loaded: Loaded, config: PromptLearningConfig) -> VirtualTokens:
        """Return a fresh prefix."""
        source = Made(PrefixEncoder(config), self.tokens)
        return Prefix(source, self.tokens, layers=config.num_layers, heads=config.num_attention_heads)

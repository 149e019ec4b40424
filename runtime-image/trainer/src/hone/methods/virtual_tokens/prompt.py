"""Prompt tuning (Lester et al., 2021, arXiv:2104.08691) and P-tuning (Liu et al., 2021, arXiv:2103.10385) by PEFT."""

import torch
from peft import (
    PromptEmbedding,
    PromptEncoder,
    PromptEncoderConfig,
    PromptLearningConfig,
    PromptTuningConfig,
    PromptTuningInit,
)
from torch import nn
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.method import PromptTuning as Options
from hone.errors import RunError
from hone.methods.virtual_tokens.adapter import pools_first
from hone.methods.virtual_tokens.base import Made, VirtualTokenTuning
from hone.models.virtual_tokens import Prompt, VirtualTokens
from hone.tasks.base import Loaded


class PromptTuning(VirtualTokenTuning):
    """Trains embeddings before those of the text, directly or through an encoder.

    Without a text to start from they start as random words of the vocabulary, which Lester et al. found better than
    random numbers.
    """

    name = "promptTuning"
    default_learning_rate = 1e-2

    def __init__(self, config: JobConfig) -> None:
        assert config.method is not None  # noqa: S101 - the contract demands it
        options = config.method.prompt_tuning or Options()
        super().__init__(config, options.virtual_tokens)
        self._text = options.init_text
        self._encoder = options.encoder or "None"
        if self._text is not None and self._encoder != "None":
            raise RunError(
                "ConfigInvalid",
                f"spec.method.promptTuning.initText has no meaning with the encoder {self._encoder}, which makes the "
                "embeddings: remove one of them.",
            )

    def peft_config(self, network: PreTrainedModel) -> PromptLearningConfig:
        """Return PEFT's configuration; the width is that of the embeddings, not of the hidden state."""
        config = network.config.get_text_config()
        sizes = {
            "task_type": self.task_type,
            "num_virtual_tokens": self.tokens,
            "num_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "num_transformer_submodules": 1,
            "token_dim": network.get_input_embeddings().weight.shape[1],
        }
        if self._encoder == "None":
            # The start is ours: PEFT would read the tokenizer from a path, and add its special tokens.
            return PromptTuningConfig(prompt_tuning_init=PromptTuningInit.RANDOM, **sizes)
        return PromptEncoderConfig(
            encoder_reparameterization_type=self._encoder, encoder_hidden_size=config.hidden_size, **sizes
        )

    def build(self, loaded: Loaded, config: PromptLearningConfig) -> VirtualTokens:
        """Return a fresh prompt."""
        words: nn.Embedding = loaded.model.get_input_embeddings()
        if self._encoder == "None":
            network = PromptEmbedding(config, words)
            with torch.no_grad():
                network.embedding.weight.copy_(words(self._start(loaded, words)))
        else:
            network = PromptEncoder(config)
        return Prompt(Made(network, self.tokens), self.tokens, strips=not pools_first(loaded.model, self.task_type))

    def _start(self, loaded: Loaded, words: nn.Embedding) -> torch.Tensor:
        if self._text is None:
            return torch.randint(0, words.weight.shape[0], (self.tokens,))
        ids = loaded.tokenizer(self._text, add_special_tokens=False)["input_ids"]
        if not ids:
            raise RunError(
                "ConfigInvalid", "spec.method.promptTuning.initText has no token in it; write a text, or remove it."
            )
        return torch.tensor([ids[index % len(ids)] for index in range(self.tokens)])

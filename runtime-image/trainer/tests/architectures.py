"""Tiny models of every shape that fine-tuning meets, with a batch for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    ResNetConfig,
    RobertaConfig,
    ViTConfig,
)

import tiny
from hone.models import from_pretrained

WORDS = len(tiny.VOCABULARY)
_BERT = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}


@dataclass(frozen=True)
class Architecture:
    """A model type: its tiny configuration, and what Transformers calls a classifier of it."""

    config: PretrainedConfig
    auto: Any = AutoModelForSequenceClassification

    @property
    def sees(self) -> bool:
        return self.auto is AutoModelForImageClassification

    def load(self, folder: Path) -> PreTrainedModel:
        """The base model with a head that is drawn from the same seed each time."""
        torch.manual_seed(1)
        return from_pretrained(self.auto, folder, num_labels=2, dtype=torch.float32)[0].eval()

    def batch(self, seed: int = 0, rows: int = 6) -> Mapping[str, torch.Tensor]:
        draw = torch.Generator().manual_seed(seed)
        if self.sees:
            return {"pixel_values": torch.randn(rows, 3, 16, 16, generator=draw)}
        ids = torch.randint(5, WORDS, (rows, 9), generator=draw)
        mask = torch.ones_like(ids)
        for row in range(rows):
            ids[row, 9 - row % 4 :], mask[row, 9 - row % 4 :] = 0, 0
        return {"input_ids": ids, "attention_mask": mask}


ARCHITECTURES = {
    "bert": Architecture(tiny.bert_config()),
    "distilbert": Architecture(tiny.distilbert_config()),
    "roberta": Architecture(RobertaConfig(**{**_BERT, "max_position_embeddings": 66})),
    "gpt2": Architecture(
        GPT2Config(vocab_size=WORDS, n_embd=32, n_layer=2, n_head=2, n_positions=64, pad_token_id=0, bos_token_id=2)
    ),
    "llama": Architecture(
        LlamaConfig(**_BERT, num_key_value_heads=1, max_position_embeddings=64, bos_token_id=2, eos_token_id=3)
    ),
    "vit": Architecture(
        ViTConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            image_size=16,
            patch_size=8,
        ),
        AutoModelForImageClassification,
    ),
    "resnet": Architecture(
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"),
        AutoModelForImageClassification,
    ),
}

"""A tiny BERT with a tokenizer of its own, and mails that it can learn to tell apart."""

import json
import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoModel, BertConfig, DistilBertConfig, LlamaConfig, PretrainedConfig, PreTrainedTokenizerFast

SPAM = ["free", "winner", "cash", "prize", "click", "offer", "viagra", "urgent"]
HAM = ["meeting", "report", "lunch", "project", "review", "thanks", "agenda", "notes"]
FILLER = ["the", "a", "and", "to", "you", "for", "we", "today", "is", "on"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = [*SPECIAL, *SPAM, *HAM, *FILLER]


def tokenizer() -> PreTrainedTokenizerFast:
    core = Tokenizer(models.WordLevel({word: index for index, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )


def bert_config() -> BertConfig:
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=0,
        initializer_range=0.2,
    )


def distilbert_config() -> DistilBertConfig:
    return DistilBertConfig(
        vocab_size=len(VOCABULARY),
        dim=32,
        n_layers=2,
        n_heads=2,
        hidden_dim=64,
        max_position_embeddings=64,
        pad_token_id=0,
        initializer_range=0.2,
    )


def save_model(folder: Path, config: PretrainedConfig | None = None) -> Path:
    torch.manual_seed(7)
    AutoModel.from_config(config or bert_config()).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def mails(count: int, seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    rows = []
    for index in range(count):
        label = "spam" if index % 2 else "ham"
        words = draw.sample(SPAM if label == "spam" else HAM, 3) + draw.choices(FILLER, k=draw.randint(2, 10))
        draw.shuffle(words)
        rows.append({"text": " ".join(words), "label": label})
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def llama_config() -> LlamaConfig:
    """A decoder whose keys and values have fewer heads than its queries."""
    return LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=0,
        initializer_range=0.2,
    )

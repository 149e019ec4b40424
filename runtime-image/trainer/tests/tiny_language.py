"""Tiny causal language models with a tokenizer of their own, and texts that they can learn."""

import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PretrainedConfig, PreTrainedTokenizerFast

SPECIAL = ["<|pad|>", "<|start|>", "<|end|>"]
#: Every byte is a token of its own, so that offsets and joined letters are those of a real byte-level tokenizer.
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
ANSWERS = {"red": "stop", "green": "go", "amber": "wait"}


def tokenizer(template: str | None = TEMPLATE, merges: list[tuple[str, str]] | None = None) -> PreTrainedTokenizerFast:
    merged = ["".join(pair) for pair in merges or []]
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *ALPHABET, *merged])}
    core = Tokenizer(models.BPE(vocabulary, merges or []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<|pad|>",
        bos_token="<|start|>",
        eos_token="<|end|>",
        chat_template=template,
        model_max_length=128,
    )


def llama_config() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(SPECIAL) + len(ALPHABET),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=True,
    )


def gpt2_config() -> GPT2Config:
    return GPT2Config(
        vocab_size=len(SPECIAL) + len(ALPHABET), n_embd=32, n_layer=2, n_head=2, n_positions=128, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip


def save_model(folder: Path, config: PretrainedConfig | None = None, template: str | None = TEMPLATE) -> Path:
    torch.manual_seed(7)
    AutoModelForCausalLM.from_config(config or llama_config()).save_pretrained(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def questions(count: int, seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    colors = [draw.choice(sorted(ANSWERS)) for _ in range(count)]
    return [{"question": f"{color}?", "answer": f" {ANSWERS[color]}"} for color in colors]


def chats(count: int, seed: int) -> list[dict[str, Any]]:
    return [
        {
            "conversation": [
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": row["answer"].strip()},
            ]
        }
        for row in questions(count, seed)
    ]


def texts(count: int, seed: int) -> list[dict[str, Any]]:
    return [{"body": row["question"] + row["answer"]} for row in questions(count, seed)]


def texts_of_many_lengths(count: int, seed: int) -> list[dict[str, Any]]:
    return [{"body": " ".join([row["body"]] * (1 + number % 4))} for number, row in enumerate(texts(count, seed))]

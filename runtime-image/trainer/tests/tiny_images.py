"""scikit-learn's digits as images, and small vision models."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from transformers import (
    AutoModelForImageClassification,
    ConvNextImageProcessor,
    PretrainedConfig,
    ResNetConfig,
    ViTConfig,
    ViTImageProcessor,
)

NAMES = [str(digit) for digit in range(10)]


def digits(count: int, first: int = 0) -> list[tuple[Image.Image, str]]:
    """Gray digits of 8 x 8 pixels, and their names."""
    bunch = load_digits()
    pixels = (bunch.images[first : first + count] * 15.9375).astype(np.uint8)
    return [(Image.fromarray(image), str(name)) for image, name in zip(pixels, bunch.target[first:], strict=False)]


def write_folder(folder: Path, images: list[tuple[Image.Image, str]]) -> Path:
    for index, (image, name) in enumerate(images):
        (folder / name).mkdir(parents=True, exist_ok=True)
        image.save(folder / name / f"{index:04}.png")
    return folder


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def resnet_config() -> ResNetConfig:
    return ResNetConfig(
        num_channels=1, embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic",
        downsample_in_first_stage=False,
    )  # fmt: skip


def vit_config() -> ViTConfig:
    return ViTConfig(
        image_size=16, patch_size=8, num_channels=3, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.2,
    )  # fmt: skip


def save_configuration(folder: Path, config: PretrainedConfig) -> Path:
    """A configuration and an image processor, and no weights."""
    config.save_pretrained(folder)
    if config.model_type == "vit":
        ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    else:
        processor: dict[str, Any] = {"size": {"shortest_edge": 28}, "image_mean": [0.3], "image_std": [0.35]}
        ConvNextImageProcessor(**processor).save_pretrained(folder)
    return folder


def save_model(folder: Path, config: PretrainedConfig) -> Path:
    """The same weights in every process, whatever was drawn there before."""
    save_configuration(folder, config)
    torch.manual_seed(1)
    AutoModelForImageClassification.from_config(config).save_pretrained(folder)
    return folder


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

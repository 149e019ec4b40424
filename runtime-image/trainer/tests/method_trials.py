"""Applies a method to a tiny model, trains it, saves it: what the tests of all methods share."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

import tiny
from architectures import ARCHITECTURES, Architecture
from hone.contract import JobConfig
from hone.methods import FineTuningMethod, method_for
from hone.methods.base import Saved
from hone.tasks import Loaded

#: Every method as spec.method has it; whoever adds a method adds it here, and the tests of all methods run it.
METHODS: dict[str, dict[str, Any]] = {
    "full": {"full": {}},
    "lora": {"lora": {"rank": 4, "alpha": 8}},
    "lora-dora": {"lora": {"rank": 4, "dora": True, "rsLora": True}},
    "lora-bias": {"lora": {"rank": 4, "bias": "All"}},
    "bitfit": {"bitFit": {}},
    "houlsby": {"adapter": {"placement": "Houlsby", "reductionFactor": 4, "activation": "ReLU"}},
    "pfeiffer": {"adapter": {"reductionFactor": 8}},
    "prefix": {"prefixTuning": {"virtualTokens": 4}},
    "prompt": {"promptTuning": {"virtualTokens": 4}},
}
#: The full ones leave no adapter.
SMALL = [name for name in METHODS if name != "full"]


def fits(architecture: str, method: str) -> bool:
    """Whether a method takes a model type; that the others are refused is tested by itself."""
    if architecture == "llama":
        return method != "bitfit"
    if architecture in ("vit", "resnet") and method in ("prefix", "prompt"):
        return False
    if architecture == "distilbert":
        return method != "prefix"
    return architecture != "resnet" or method in ("full", "bitfit")


def config_for(method: dict[str, Any]) -> JobConfig:
    document = {
        "contractVersion": "v1",
        "kind": "FineTuneJob",
        "namespace": "default",
        "name": "tiny",
        "hash": "abc123",
        "model": {"uri": "pvc://spam/models/tiny"},
        "dataset": {"train": {"uri": "pvc://spam/data/train.jsonl"}},
        "task": {"type": "TextClassification", "labels": ["ham", "spam"]},
        "method": method,
        "training": {"steps": 3},
        "output": {"uri": "pvc://spam/artifacts"},
    }
    return JobConfig.model_validate_json(json.dumps(document))


@dataclass
class Trial:
    """One method on one architecture, before and after a few steps."""

    architecture: Architecture
    method: FineTuningMethod
    base: Path
    loaded: Loaded
    network: nn.Module

    @classmethod
    def start(cls, folder: Path, architecture: str, method: dict[str, Any], layers: int = 2) -> "Trial":
        kind = ARCHITECTURES[architecture]
        config = deepcopy(kind.config)
        if architecture != "resnet":
            config.num_hidden_layers = layers
        base = tiny.save_model(folder / "base", config)
        network = kind.load(base)
        loaded = Loaded(network, tiny.tokenizer(), fresh_modules(base, network))
        executor = method_for(config_for(method))
        return cls(kind, executor, base, loaded, executor.apply(loaded))

    def train(self, steps: int = 3) -> None:
        """A few steps of AdamW on what is not frozen, with dropout as in training."""
        self.network.train()
        torch.manual_seed(3)
        optimizer = torch.optim.AdamW([p for p in self.network.parameters() if p.requires_grad], lr=0.01)
        for step in range(steps):
            batch = self.architecture.batch(seed=step)
            labels = torch.arange(len(next(iter(batch.values())))) % 2
            self.network(**batch, labels=labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        self.network.eval()

    def save(self, output: Path) -> Saved:
        return self.method.save(self.network, self.loaded, output, self.architecture.batch(seed=9))

    def logits(self, network: nn.Module | None = None) -> torch.Tensor:
        with torch.inference_mode():
            return (network or self.network).eval()(**self.architecture.batch(seed=9)).logits


def fresh_modules(base: Path, network: nn.Module) -> frozenset[str]:
    """The modules that the base model has no weights for: its head."""
    prefix = network.base_model_prefix
    heads = [name for name, _ in network.named_modules() if name and not name.startswith(prefix)]
    return frozenset(
        name for name in heads if next(network.get_submodule(name).parameters(recurse=False), None) is not None
    )


def bits(tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """The SHA-256 of each tensor's bytes."""
    return {
        name: hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }


def frozen(network: nn.Module) -> dict[str, torch.Tensor]:
    """What a training may not change: parameters without gradient and, unless the whole model is trained, buffers."""
    parameters = {name: p for name, p in network.named_parameters() if not p.requires_grad}
    return {**parameters, **dict(network.named_buffers())} if parameters else {}


def trained(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}

"""LoRA through PEFT: low-rank updates beside frozen linear layers, merged on export."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import CONFIG_NAME, SAFETENSORS_WEIGHTS_NAME
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hone.contract import JobConfig
from hone.contract.method import ALL_LINEAR, Lora
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import ADAPTER, PEFT_TASKS, Batch, FineTuningMethod, Saved, head_modules, inside, own_heads
from hone.models import sparsity
from hone.models.sparsity import sparse_weights
from hone.store import ModelSource
from hone.tasks.base import Loaded

_COPIES = re.compile(r"\.(original_module|modules_to_save)\.")
_BIAS = {"None": "none", "All": "all", "LoraOnly": "lora_only"}


class LoraFineTuning(FineTuningMethod):
    """Finds the layers itself, so that it works for model types that PEFT has no defaults for."""

    name = "lora"
    default_learning_rate = 2e-4
    #: Layers of our own for those that LoRA is put beside, where PEFT's are not taken.
    own_layers: Mapping[type[nn.Module], type[nn.Module]] = {}

    def __init__(self, config: JobConfig) -> None:
        super().__init__(config)
        assert config.method is not None  # noqa: S101 - the contract demands it
        self._lora = config.method.lora or Lora()
        assert config.task is not None  # noqa: S101 - the contract demands it
        self._task = config.task.type

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse targets that the model does not have."""
        find_targets(network, self._lora.targets, own_heads(network), self.name)

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Freeze the model, put LoRA beside its linear layers, and train the head whole."""
        heads = head_modules(loaded)
        targets = find_targets(loaded.model, self._lora.targets, heads, self.name)
        fan_in_fan_out = {isinstance(loaded.model.get_submodule(name), Conv1D) for name in targets}
        peft_config = LoraConfig(
            # PEFT's wrapper of a task hands the arguments of its kind of model on; its plain one hands on what it gets.
            task_type=PEFT_TASKS.get(self._task),
            r=self._lora.rank,
            lora_alpha=self._lora.alpha if self._lora.alpha is not None else 2 * self._lora.rank,
            lora_dropout=self._lora.dropout,
            use_rslora=self._lora.rs_lora,
            use_dora=self._lora.dora,
            bias=_BIAS[self._lora.bias],
            target_modules=targets,
            modules_to_save=heads or None,
            fan_in_fan_out=fan_in_fan_out == {True},
        )
        if self.own_layers:
            peft_config._register_custom_module(dict(self.own_layers))
        return get_peft_model(loaded.model, peft_config)

    def save(self, model: PeftModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the adapter, and the merged model unless only the adapter is wanted."""
        folder = output / ADAPTER
        # The path on this machine means nothing to whoever reads the adapter.
        model.active_peft_config.base_model_name_or_path = self._config.model.uri
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        _sort_lists(folder / CONFIG_NAME)
        _drop_copies(folder / SAFETENSORS_WEIGHTS_NAME)
        return self.save_model(self.merged(model) if self._config.output.merge else model, loaded, output)

    def merged(self, model: PeftModel) -> PreTrainedModel:
        """Return the base model with the updates added to its weights."""
        base = model.get_base_model()
        # PEFT moves each layer that it adapts one step down.
        weights = {name: _parameter(base, name) for name in sparse_weights(base)}
        pruned = {name: weight.detach() != 0 for name, weight in weights.items() if weight is not None}
        merged: PreTrainedModel = model.merge_and_unload(safe_merge=True)
        sparsity.apply(merged, pruned)
        return merged


def find_targets(model: PreTrainedModel, wanted: list[str], heads: list[str], method: str = "lora") -> list[str]:
    """Return the names of the linear layers that are meant; `all-linear` is all but the heads."""
    output = model.get_output_embeddings()
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not output and not inside(name, heads)
    ]
    if not linear:
        raise RunError(
            "ModelInvalid", "The model has no linear layer outside its head, so LoRA has nothing to do; choose full."
        )
    if ALL_LINEAR in wanted:
        return linear
    unknown = [want for want in wanted if not any(_means(want, name) for name in linear)]
    if unknown:
        short = sorted({name.rpartition(".")[2] for name in linear})
        raise RunError(
            "ConfigInvalid",
            f"spec.method.{method}.targets names {', '.join(unknown)}, which is no linear layer of this model; it has "
            f"{', '.join(short[:20])}, or write {ALL_LINEAR}.",
        )
    return [name for name in linear if any(_means(want, name) for want in wanted)]


def _parameter(base: nn.Module, name: str) -> nn.Parameter | None:
    there = dict(base.named_parameters())
    layer, _, kind = name.rpartition(".")
    return there.get(name, there.get(f"{layer}.base_layer.{kind}"))


def _means(want: str, name: str) -> bool:
    return name == want or name.endswith("." + want)


def _sort_lists(path: Path) -> None:
    # PEFT writes sets in the order of their hashes, which differs between processes.
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for key in ("target_modules", "modules_to_save"):
        if isinstance(config.get(key), list):
            config[key] = sorted(set(config[key]))
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _drop_copies(path: Path) -> None:
    # With biases trained PEFT writes those of the head three times: as saved, under its wrapper, and as they were.
    weights = load_file(path)
    kept = {name: weight for name, weight in weights.items() if not _COPIES.search(name)}
    if len(kept) < len(weights):
        save_file(kept, path, metadata={"format": "pt"})

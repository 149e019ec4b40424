"""The one place where checkpoints are read and written."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedModel

from hone.models import structure


def from_pretrained(auto: Any, folder: Path, **options: Any) -> tuple[PreTrainedModel, dict[str, Any]]:  # noqa: ANN401
    """Load a checkpoint from a folder, never from a hub and never from a pickle.

    Args:
        auto: one of Transformers' AutoModelFor… classes.
        folder: holds config.json, model.safetensors and, for a model with modules of ours, hone_adapter.json.
        options: what Transformers' from_pretrained takes.

    Returns:
        The model and Transformers' loading information (missing_keys, mismatched_keys, …).
    """
    options = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True, **options}
    found = structure.read(folder)
    if found is None:
        model, info = auto.from_pretrained(folder, **options)
        return model, info
    own = _class_of(auto, folder)
    model, info = _with_modules(own, found).from_pretrained(folder, **options)
    model.__class__ = own
    return model, info


def outline(auto: Any, folder: Path, **options: Any) -> PreTrainedModel:  # noqa: ANN401
    """Build the model of a folder on the meta device: every module and shape, no weights, in a moment."""
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    with torch.device("meta"):
        model: PreTrainedModel = auto.from_config(config, **options)
        if (found := structure.read(folder)) is not None:
            structure.install(model, found)
    return model


def save_pretrained(model: PreTrainedModel, folder: Path) -> None:
    """Write config.json, the weights as safetensors and, where the model has modules of ours, hone_adapter.json."""
    model.save_pretrained(folder)
    if (found := structure.describe(model)) is not None:
        structure.write(found, folder)


def _class_of(auto: Any, folder: Path) -> type[PreTrainedModel]:  # noqa: ANN401
    return type(outline(auto, folder))


def _with_modules(own: type[PreTrainedModel], found: dict[str, Any]) -> type[PreTrainedModel]:
    """A class that Transformers can load the checkpoint into: the model's own, with our modules from the start."""

    def build(self: PreTrainedModel, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        own.__init__(self, *arguments, **options)
        structure.install(self, found)

    return type(own.__name__, (own,), {"__init__": build, "__module__": own.__module__})

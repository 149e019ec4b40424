"""Saves what a method of ours has trained, alone, and puts it back on the base model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import PeftModel
from peft.utils import CONFIG_NAME, SAFETENSORS_WEIGHTS_NAME
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.errors import RunError
from hone.methods.virtual_tokens import adapter as virtual_tokens
from hone.models import structure


def save_trained(
    model: PreTrainedModel, config: JobConfig, folder: Path, modules: Mapping[str, Any] | None = None
) -> None:
    """Write the trained parameters as safetensors and, beside them, hone_adapter.json.

    Args:
        model: the trained model; what is not frozen is written.
        config: tells method and base model.
        folder: is made; it must not exist.
        modules: what the method has put into the model, by the kinds of hone.models.structure.
    """
    assert config.method is not None  # noqa: S101 - the contract demands it
    folder.mkdir(parents=True)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}
    save_file(
        {name: weight.cpu().contiguous() for name, weight in weights.items()},
        folder / SAFETENSORS_WEIGHTS_NAME,
        metadata={"format": "pt"},
    )
    about = {
        "version": structure.VERSION,
        "method": config.method.choice,
        "options": json.loads(config.method.member.to_json()),
        "baseModel": config.model.uri,
    }
    structure.write({**about, **(modules or {})}, folder)


def attach(network: PreTrainedModel, folder: Path) -> PreTrainedModel | PeftModel:
    """Put a saved adapter on its base model, and return what answers as the trained model did.

    Args:
        network: the base model with a head for the task, as hone.models.from_pretrained gives it; it is changed.
        folder: the `adapter/` of an artifact, of any method.

    Raises:
        RunError: ModelInvalid if the adapter was made for another model.
    """
    if (folder / CONFIG_NAME).is_file():
        if virtual_tokens.holds_virtual_tokens(folder):
            base, unknown = virtual_tokens.attach(network, folder)
            if unknown:
                raise _other_model(base, f"there is no {unknown[0]}")
            return network
        return PeftModel.from_pretrained(network, folder)
    about = structure.read(folder)
    if about is None:
        raise RunError("ModelInvalid", f"{folder} holds no adapter; name the adapter folder of an artifact.")
    structure.install(network, about)
    try:
        found = network.load_state_dict(load_file(folder / SAFETENSORS_WEIGHTS_NAME), strict=False)
    except RuntimeError as error:
        raise _other_model(about["baseModel"], str(error).strip().splitlines()[-1].strip()) from error
    if found.unexpected_keys:
        raise _other_model(about["baseModel"], f"there is no {found.unexpected_keys[0]}")
    return network


def _other_model(base: str, detail: str) -> RunError:
    return RunError(
        "ModelInvalid", f"The adapter does not fit the model ({detail}); put it on the model it was made for, {base}."
    )

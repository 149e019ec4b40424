"""The model to compress, as it was trained."""

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from hone.compress.pictures import ImageModel
from hone.compress.subject import Subject
from hone.compress.texts import Classifier, LanguageModel
from hone.contract import JobConfig
from hone.contract.training import Task, TrainedTask
from hone.errors import RunError
from hone.models import from_pretrained
from hone.store import ModelSource
from hone.tasks import TEXT_TASKS
from hone.tasks.images.processor import image_input, load_processor
from hone.tasks.loading import load_part, load_tokenizer, read_config, require_tokenizer, sequence_length


def task_of(config: JobConfig, model: ModelSource) -> Task:
    """Return what the model was trained for: by the artifact's manifest, or by spec.task for a plain folder."""
    task = model.task or config.task
    if not model.is_transformers:
        raise RunError(
            "Unsupported",
            f"{model.uri} is {model.format} already, and steps start from a Transformers model; "
            "name the FineTuneJob, or the folder, that it was made from.",
        )
    if task is None:
        raise RunError(
            "ConfigInvalid",
            f"{model.uri} has no manifest that says what it was trained for; write spec.task with type and labels.",
        )
    if model.task is not None and config.task is not None and config.task.labels not in (None, model.task.labels):
        raise RunError(
            "ConfigInvalid",
            f"spec.task.labels ({', '.join(config.task.labels or [])}) are not the labels that {model.uri} was trained "
            f"with ({', '.join(model.task.labels or [])}); leave spec.task out.",
        )
    return task


def load(config: JobConfig, model: ModelSource) -> Subject:
    """Loads the model; one without a trained head, with NaN or with other labels is refused."""
    task = task_of(config, model)
    if task.type == "ImageClassification":
        return _image_model(config, model, task)
    require_tokenizer(model)
    length = sequence_length(task.max_length, read_config(model), model.uri)
    task = task.model_copy(update={"max_length": length})
    if task.type == "CausalLM":
        return _language_model(config, model, task)
    tokenizer = _fast(TEXT_TASKS[task.type].trained(config, task).load_tokenizer(model), model.uri)
    auto = TEXT_TASKS[task.type].auto
    network = _network(auto, model)
    task = task.model_copy(update={"labels": _labels(network, task, model.uri)})
    handler = TEXT_TASKS[task.type].trained(config, task)
    return Classifier(network, auto, tokenizer, task, tokenizer.pad_token_id or 0, handler)


def _language_model(config: JobConfig, model: ModelSource, task: Task) -> LanguageModel:
    tokenizer = _fast(load_tokenizer(model), model.uri)
    network = _network(AutoModelForCausalLM, model)
    # The graph answers for a whole text at once.
    network.config.use_cache = False
    return LanguageModel(network, AutoModelForCausalLM, tokenizer, task, tokenizer.pad_token_id or 0, config.dataset)


def _image_model(config: JobConfig, model: ModelSource, task: Task) -> ImageModel:
    processor = load_processor(model)
    network = _network(AutoModelForImageClassification, model)
    image = image_input(processor, int(network.config.num_channels), model.uri)
    trained = TrainedTask(type=task.type, labels=_labels(network, task, model.uri), image=image)
    return ImageModel(network, AutoModelForImageClassification, processor, trained, image, config.dataset)


def _fast(tokenizer: PreTrainedTokenizerBase, uri: str) -> PreTrainedTokenizerBase:
    if not getattr(tokenizer, "is_fast", False):
        raise RunError(
            "ModelInvalid", f"{uri} has no tokenizer.json; save it with a fast tokenizer, which the server reads."
        )
    return tokenizer


def _network(auto: Any, model: ModelSource) -> PreTrainedModel:  # noqa: ANN401 - one of Transformers' Auto classes
    network, info = load_part(model.uri, "model", lambda: _read(auto, model.path))
    if info["missing_keys"]:
        raise RunError(
            "ModelInvalid",
            f"{model.uri} has no trained {'classifier' if auto is not AutoModelForCausalLM else 'output layer'} "
            f"({sorted(info['missing_keys'])[0]} is missing); fine-tune it by a FineTuneJob first, and name that.",
        )
    _check_numbers(network, model.uri)
    return network.eval()


def reload(subject: Subject, folder: Path) -> None:
    """Give the subject the network that was saved in a folder."""
    network, _ = _read(subject.auto, folder)
    subject.network = network.eval()


def _read(auto: Any, folder: Path) -> tuple[PreTrainedModel, dict[str, Any]]:  # noqa: ANN401
    # The plain arithmetic of attention: the fused kernel has no counterpart in ONNX to be quantized.
    return from_pretrained(auto, folder, dtype=torch.float32, attn_implementation="eager")


def copy_config(folder: Path, target: Path) -> None:
    """Copies a model's config.json."""
    shutil.copyfile(folder / "config.json", target)


def _labels(network: PreTrainedModel, task: Task, uri: str) -> list[str] | None:
    count = int(network.config.num_labels)
    if task.type == "Regression":
        if count != 1:
            raise RunError(
                "ConfigInvalid", f"{uri} has {count} outputs, and a regression has one; write another spec.task.type."
            )
        return None
    labels = task.labels or [str(network.config.id2label[index]) for index in range(count)]
    if len(labels) != count:
        raise RunError(
            "ConfigInvalid",
            f"spec.task.labels names {len(labels)} labels, but {uri} tells {count} apart; name all in its order.",
        )
    return labels


def _check_numbers(network: PreTrainedModel, uri: str) -> None:
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            raise RunError(
                "ModelInvalid", f"{uri} has NaN or infinity in {name}; train it again, with a lower learning rate."
            )

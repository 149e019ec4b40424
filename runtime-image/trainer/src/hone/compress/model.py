"""The classifier to compress, as it was trained."""

import gc
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hone.contract import JobConfig
from hone.contract.training import Task
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.models import from_pretrained
from hone.store import ModelSource
from hone.tasks import TEXT_TASKS, TextTask
from hone.tasks.loading import load_part, read_config, sequence_length, tokenizer_files


@dataclass
class Classifier:
    """A model that labels or scores texts, with its tokenizer and what it was trained for."""

    handler: TextTask[Any]
    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    pad_id: int

    def encode(self, data: Any) -> list[Row]:  # noqa: ANN401 - the task's own data
        """Rows without labels as the model takes them, each of its own length."""
        return self._arrays(self.handler.encode_inputs(self.tokenizer, data), data)

    def encode_labelled(self, data: Any) -> tuple[list[Row], Sequence[dict[str, Any]]]:  # noqa: ANN401 - the task's own data
        """Rows as the model takes them, and the same rows with their labels for `answers`."""
        encoded = self.handler.encode(self.tokenizer, data).rows
        return self._arrays(encoded, data), encoded

    def _arrays(self, encoded: Sequence[Mapping[str, Any]], data: Any) -> list[Row]:  # noqa: ANN401
        names = self._inputs(data)
        return [{name: np.array([row[name]], dtype=np.int64) for name in names} for row in encoded]

    def placeholder_rows(self) -> list[Row]:
        """Rows of made-up tokens, for a model without data."""
        draw = np.random.default_rng(0)
        longest = self.task.max_length or 2
        lengths = sorted({2, max(2, longest // 2), longest})
        size = self.network.config.vocab_size
        return [
            {"input_ids": draw.integers(size, size=(1, length)), "attention_mask": np.ones((1, length), dtype=np.int64)}
            for length in lengths
        ]

    def release_network(self) -> None:
        """Lets the weights go; encoding still works."""
        self.network.to("meta")
        gc.collect()

    def save_tokenizer(self, target: Path) -> None:
        """Writes tokenizer.json without padding or cutting of its own: the server goes by the task's maxLength."""
        tokenizer = Tokenizer.from_str(self.tokenizer.backend_tokenizer.to_str())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.save(str(target))

    def _inputs(self, data: Any) -> Sequence[str]:  # noqa: ANN401
        # Only pairs have two token types; a single text's are zeros, which the exported model holds itself.
        types = getattr(data, "pairs", None) is not None and getattr(self.network.config, "type_vocab_size", 0) > 1
        return ("input_ids", "attention_mask", "token_type_ids") if types else ("input_ids", "attention_mask")


def task_of(config: JobConfig, model: ModelSource) -> Task:
    """Return what the model was trained for: by the artifact's manifest, or by spec.task for a plain folder."""
    task = model.task or config.task
    if model.manifest is not None and model.manifest.format != "Transformers":
        raise RunError(
            "Unsupported",
            f"{model.uri} is {model.manifest.format} already, and steps start from a Transformers model; "
            "name the FineTuneJob, or the folder, that it was made from.",
        )
    if task is None:
        raise RunError(
            "ConfigInvalid",
            f"{model.uri} has no manifest that says what it was trained for; write spec.task with type and labels.",
        )
    if task.type not in TEXT_TASKS:
        raise RunError(
            "Unsupported",
            f"The compression of {task.type} models has no executor yet; name a model for {' or '.join(TEXT_TASKS)}.",
        )
    if model.task is not None and config.task is not None and config.task.labels not in (None, model.task.labels):
        raise RunError(
            "ConfigInvalid",
            f"spec.task.labels ({', '.join(config.task.labels or [])}) are not the labels that {model.uri} was trained "
            f"with ({', '.join(model.task.labels or [])}); leave spec.task out.",
        )
    return task


def load(config: JobConfig, model: ModelSource) -> Classifier:
    """Loads the classifier; one without a trained head, with NaN or with other labels is refused."""
    task = task_of(config, model)
    if not tokenizer_files(model.path):
        raise RunError("ModelInvalid", f"{model.uri} holds no tokenizer; put tokenizer.json beside its config.json.")
    length = sequence_length(task.max_length, read_config(model), model.uri)
    task = task.model_copy(update={"max_length": length})
    tokenizer = TEXT_TASKS[task.type].trained(config, task).load_tokenizer(model)
    if not getattr(tokenizer, "is_fast", False):
        raise RunError(
            "ModelInvalid", f"{model.uri} has no tokenizer.json; save it with a fast tokenizer, which the server reads."
        )
    network, info = load_part(
        model.uri,
        "model",
        lambda: from_pretrained(
            TEXT_TASKS[task.type].auto,
            model.path,
            dtype=torch.float32,
            # The plain arithmetic of attention: the fused kernel has no counterpart in ONNX to be quantized.
            attn_implementation="eager",
        ),
    )
    if info["missing_keys"]:
        raise RunError(
            "ModelInvalid",
            f"{model.uri} has no trained classifier ({sorted(info['missing_keys'])[0]} is missing); "
            "fine-tune it by a FineTuneJob first, and name that.",
        )
    _check_numbers(network, model.uri)
    task = task.model_copy(update={"labels": _labels(network, task, model.uri)})
    handler = TEXT_TASKS[task.type].trained(config, task)
    return Classifier(handler, network.eval(), tokenizer, task, tokenizer.pad_token_id or 0)


def copy_config(model: ModelSource, target: Path) -> None:
    """Copies the model's config.json."""
    shutil.copyfile(model.path / "config.json", target)


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

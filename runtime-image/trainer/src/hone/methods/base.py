"""What every method has in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from peft import TaskType
from torch import nn
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.result import QuantizedBase
from hone.contract.training import Task
from hone.errors import RunError
from hone.models import save_pretrained
from hone.store import ModelSource
from hone.tasks.base import Loaded

#: The folders of an artifact.
MODEL = "model"
ADAPTER = "adapter"

#: How PEFT calls tasks. Text tasks with one answer are all sequence classification to it; for others, images among
#: them, it has no wrapper that fits.
PEFT_TASKS = {
    "TextClassification": TaskType.SEQ_CLS,
    "MultiLabelClassification": TaskType.SEQ_CLS,
    "Regression": TaskType.SEQ_CLS,
    "TokenClassification": TaskType.TOKEN_CLS,
    "CausalLM": TaskType.CAUSAL_LM,
}

#: A batch as a model takes it: tensors by name, without labels.
Batch = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Saved:
    """What was written: the model as it will be used, and its folder below the output if it is whole."""

    model: nn.Module
    path: str | None
    quantized_base: QuantizedBase | None = None


class FineTuningMethod(ABC):
    """Decides what is trained, and what is saved; called in the order of its members."""

    default_learning_rate: ClassVar[float]
    #: Positions of the model that the method takes for itself, so that texts get fewer.
    reserved_positions: int = 0
    #: The optimizer, as Transformers names it.
    optimizer: str = "adamw_torch"

    def __init__(self, config: JobConfig) -> None:
        """Take the method's options, and refuse what needs no model to be refused."""
        self._config = config

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:  # noqa: B027 - most take any
        """Refuse what only the model tells, before data is read.

        Args:
            model: the model's folder, its digests checked.
            task: what it is trained for; the labels may not be known yet.
            network: the model with a head for the task, on the meta device: modules and shapes without weights. The
                head may have another number of labels than the data.

        Raises:
            RunError: with a sentence that says what to write instead.
        """

    def loading_options(self) -> Mapping[str, Any]:
        """Return what Transformers' from_pretrained has to be told beyond what every method needs."""
        return {}

    @abstractmethod
    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Return the model to train: what this method does not train is frozen."""

    @abstractmethod
    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the artifact's folders; `examples` are real inputs, for methods that compare before and after."""

    def save_model(self, model: PreTrainedModel, loaded: Loaded, output: Path) -> Saved:
        """Write the whole model beside the adapter that was saved or, if that is enough, only the tokenizer into it."""
        if self._config.output.merge:
            return Saved(model, save_whole(model, loaded, output))
        loaded.tokenizer.save_pretrained(output / ADAPTER)
        return Saved(model, None)


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return how many parameters are trained, and how many there are."""
    sizes = [(_numbers(parameter), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def _numbers(parameter: nn.Parameter) -> int:
    # Four bits per number are stored two in a byte; their state knows the shape that they have.
    state = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else math.prod(state.shape)


def own_heads(network: PreTrainedModel) -> list[str]:
    """Return the modules beside the base model, such as a classifier.

    A language model's output layer is not among them: it is pretrained as the rest is, and often is the embeddings.
    """
    output = network.get_output_embeddings()
    return [
        name
        for name, child in network.named_children()
        if name != network.base_model_prefix and child is not output and any(True for _ in child.parameters())
    ]


def head_modules(loaded: Loaded) -> list[str]:
    """Return the modules that have to be trained whole: the head, and what the checkpoint had no weights for."""
    heads = own_heads(loaded.model)
    inner = [name for name in sorted(loaded.fresh) if not inside(name, heads)]
    unknown = [name for name in inner if isinstance(loaded.model.get_submodule(name), nn.Embedding)]
    if unknown:
        raise RunError(
            "ModelInvalid",
            f"The checkpoint has no weights for {', '.join(unknown)}; save the whole model and name that folder.",
        )
    return heads + inner


def inside(name: str, modules: list[str]) -> bool:
    """Tell whether a module or parameter is one of some modules, or part of one."""
    return any(name == module or name.startswith(module + ".") for module in modules)


def freeze(network: PreTrainedModel) -> None:
    """Let training change nothing of a model, the running statistics of its batch normalizations included."""
    network.requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
            # Trainer calls train() on the whole model, which calls it on every part.
            module.train = _stay_in_evaluation  # type: ignore[method-assign,assignment]


def _stay_in_evaluation(mode: bool = True) -> None:
    pass


def save_whole(model: PreTrainedModel, loaded: Loaded, output: Path) -> str:
    """Write a checkpoint with its tokenizer."""
    save_pretrained(model, output / MODEL)
    loaded.tokenizer.save_pretrained(output / MODEL)
    return MODEL

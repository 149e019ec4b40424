"""Makes the student: the model with fewer layers, narrower ones, or as it is."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from hone.compress.prune.layers import find_stacks, renumber, tell_layers
from hone.contract.compression import Student
from hone.errors import RunError
from hone.models import shapes, sparsity

#: How configurations call the width of feed-forward blocks.
_INNER = ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim")


def make_student(network: PreTrainedModel, options: Student | None) -> tuple[PreTrainedModel, list[int]]:
    """Return a new network, and for each of its layers which one of the model it corresponds to.

    A student of the model's widths starts from copies of those layers and of all that is beside them. One of another
    width of hidden states starts at random; one of another feed-forward width copies all but the feed-forward blocks.

    Raises:
        RunError: ConfigInvalid for a shape that the model's type can't have.
    """
    options = options or Student()
    student = copy.deepcopy(network)
    origins = _origins(network, options)
    if origins is not None:
        _select(student, origins)
    if options.hidden_size is not None or options.intermediate_size is not None:
        student = _of_other_width(student, options)
    shapes.note(student)
    return student.requires_grad_(True), origins if origins is not None else []


def _origins(network: PreTrainedModel, options: Student) -> list[int] | None:
    if not _is_transformer(network):
        if options.model_dump(exclude_none=True):
            kind = network.config.model_type
            raise RunError(
                "ConfigInvalid",
                f"distill.student shapes Transformers, and this model is a {kind}; leave it out and name a larger "
                "distill.teacher.",
            )
        return None
    (stack,) = find_stacks(network)
    there = len(stack.blocks)
    chosen = options.init_from_layers
    wanted = options.layers or (len(chosen) if chosen else there)
    if chosen and len(chosen) != wanted:
        raise RunError(
            "ConfigInvalid",
            f"distill.student.initFromLayers names {len(chosen)} layers for {wanted}; name one for each, or leave it "
            "out.",
        )
    if chosen and options.hidden_size not in (None, network.config.hidden_size):
        raise RunError(
            "ConfigInvalid",
            "distill.student.initFromLayers copies layers of the model's width; leave it out, or hiddenSize.",
        )
    if (chosen and max(chosen) >= there) or wanted > there:
        raise RunError(
            "ConfigInvalid",
            f"distill.student has more layers than the model, whose layers are 0 to {there - 1}; write fewer.",
        )
    return list(chosen) if chosen else evenly(wanted, there)


def evenly(wanted: int, there: int) -> list[int]:
    """Return layers that are spread over all of them, the first and the last included."""
    if wanted == 1:
        return [there - 1]
    return [round(index * (there - 1) / (wanted - 1)) for index in range(wanted)]


def _is_transformer(network: PreTrainedModel) -> bool:
    return isinstance(getattr(network.config, "hidden_size", None), int) and len(find_stacks(network)) == 1


def _select(student: PreTrainedModel, origins: Sequence[int]) -> None:
    (stack,) = find_stacks(student)
    if list(origins) == list(range(len(stack.blocks))):
        return
    blocks = [copy.deepcopy(stack.blocks[index]) for index in origins]
    kinds = getattr(student.config, "layer_types", None)
    while len(stack.blocks):
        del stack.blocks[-1]
    for block in blocks:
        stack.blocks.append(block)
    renumber(stack)
    tell_layers(student.config, [kinds[index] for index in origins] if isinstance(kinds, list) else None, len(blocks))
    # The zeros of a pruned model belong to layers of other numbers.
    sparsity.forget(student)


def _of_other_width(model: PreTrainedModel, options: Student) -> PreTrainedModel:
    config: Any = copy.deepcopy(model.config)
    hidden = options.hidden_size or int(config.hidden_size)
    same = hidden == config.hidden_size
    heads = int(config.num_attention_heads)
    if hidden % heads:
        raise RunError(
            "ConfigInvalid",
            f"distill.student.hiddenSize is {hidden}, which is no multiple of the {heads} attention heads; write "
            f"{hidden // heads * heads or heads} or {(hidden // heads + 1) * heads}.",
        )
    if not same and type(getattr(config, "head_dim", None)) is int:
        config.head_dim = hidden // heads
    config.hidden_size = hidden
    if options.intermediate_size is not None:
        name = next((name for name in _INNER if hasattr(config, name)), None)
        if name is None:
            raise RunError(
                "ConfigInvalid",
                f"A {config.model_type} configuration has no width of feed-forward blocks; leave "
                "distill.student.intermediateSize out.",
            )
        setattr(config, name, options.intermediate_size)
    student: PreTrainedModel = type(model)._from_config(
        config, dtype=torch.float32, attn_implementation=model.config._attn_implementation
    )
    if same:
        _copy_fitting(model, student)
    return student


def _copy_fitting(source: nn.Module, target: nn.Module) -> None:
    there = source.state_dict()
    with torch.no_grad():
        for name, tensor in target.state_dict().items():
            if name in there and there[name].shape == tensor.shape:
                tensor.copy_(there[name])

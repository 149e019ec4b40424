"""Short sequences share a block, and none of them sees another.

Best-fit decreasing, after Ding et al., "Fewer Truncations Improve Language Modeling" (2024): each sequence goes whole
into the block that it fills best. Blocks carry no attention mask: Transformers takes position ids that start again as
the start of another sequence, and masks attention between sequences (masking_utils.find_packed_sequence_indices).
"""

import inspect
from bisect import bisect_left, insort
from collections.abc import Sequence as ListOf

import torch
from transformers import PreTrainedModel

from hone.errors import RunError
from hone.evaluate.language import IGNORED
from hone.tasks.base import answering
from hone.tasks.language.tokens import Sequence

_INSTEAD = "remove training.packing"


def pack(sequences: ListOf[Sequence], length: int) -> list[dict[str, list[int]]]:
    """Return blocks of at most `length` tokens: input_ids, position_ids and labels, each [tokens]."""
    blocks: list[list[Sequence]] = []
    # The room that is left in each block, and the block, by room.
    rooms: list[tuple[int, int]] = []
    for index in sorted(range(len(sequences)), key=lambda index: (-len(sequences[index].ids), index)):
        sequence = sequences[index]
        size = len(sequence.ids)
        best = bisect_left(rooms, (size, -1))
        if best < len(rooms):
            room, number = rooms.pop(best)
        else:
            room, number = length, len(blocks)
            blocks.append([])
        blocks[number].append(sequence)
        insort(rooms, (room - size, number))
    return [block(parts) for parts in blocks]


def block(parts: ListOf[Sequence]) -> dict[str, list[int]]:
    """Return sequences one after another; the first token of each has nothing before it to be predicted from."""
    return {
        "input_ids": [token for part in parts for token in part.ids],
        "position_ids": [position for part in parts for position in range(len(part.ids))],
        "labels": [label for part in parts for label in (IGNORED, *part.labels[1:])],
    }


def check_positions(network: PreTrainedModel, uri: str) -> None:
    """Refuse a model that takes no position ids: it can't tell where in a block a sequence starts."""
    if "position_ids" not in inspect.signature(type(network).forward).parameters:
        raise RunError(
            "ConfigInvalid",
            f"{uri} is a {network.config.model_type}, which takes no position ids, so sequences in one block would see "
            f"each other; {_INSTEAD}.",
        )


def check_isolation(network: PreTrainedModel, uri: str) -> None:
    """Refuse a model in which one sequence of a block changes the answers to another, bit for bit.

    The same second sequence stands behind two different first ones; shapes and kernels are the same, so every
    difference is a leak.
    """
    vocabulary = int(network.config.get_text_config().vocab_size)
    draw = torch.Generator().manual_seed(0)
    first, other, second = (torch.randint(vocabulary, (4,), generator=draw).tolist() for _ in range(3))
    with answering(network) as device:
        one, two = (_second_logits(network, before, second, device) for before in (first, other))
    if not torch.equal(one, two):
        raise RunError(
            "ConfigInvalid",
            f"In a block {uri} ({network.config.model_type}) lets sequences see each other: its attention does not "
            f"heed where one starts; {_INSTEAD}.",
        )


def _second_logits(network: PreTrainedModel, first: list[int], second: list[int], device: torch.device) -> torch.Tensor:
    parts = [Sequence(first, first), Sequence(second, second)]
    batch = {name: torch.tensor([values], device=device) for name, values in block(parts).items() if name != "labels"}
    logits: torch.Tensor = network(**batch, use_cache=False).logits[0, len(first) :]
    return logits

"""Sequences of different lengths as one batch."""

from collections.abc import Sequence
from typing import Any

import torch

from hone.evaluate.language import IGNORED


class LanguageCollator:
    """Pads on the right: input_ids, labels and attention_mask or, for blocks, position_ids; each int64 [batch, tokens].

    The padding of a block is a sequence of its own, whose positions start at 0.
    """

    def __init__(self, pad_id: int) -> None:
        self._fill = {"input_ids": pad_id, "attention_mask": 0, "labels": IGNORED}

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Make a batch."""
        width = max(len(row["input_ids"]) for row in rows)
        return {name: torch.tensor([self._padded(name, row[name], width) for row in rows]) for name in rows[0]}

    def _padded(self, name: str, values: list[int], width: int) -> list[int]:
        missing = width - len(values)
        return [*values, *(range(missing) if name == "position_ids" else [self._fill[name]] * missing)]

"""Whether an exported model answers as the model that it was exported from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hone.errors import RunError
from hone.evaluate.classifier import Row, tensors
from hone.evaluate.opening import open_classifier

#: Largest difference of a logit that is due to the order of additions alone; grows with the answer's largest logit, if
#: that is above 1, for all logits of an answer are sums over the same numbers.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Parity:
    """The largest difference of a logit, relative to max(1, its answer's largest), over batches of several shapes."""

    largest_difference: float
    shapes: list[tuple[int, ...]]


def compare(path: Path, reference: Callable[[Row], NDArray[np.float32]], rows: Sequence[Row], pad_id: int) -> Parity:
    """Compares both models' logits on real texts, alone and in padded batches; fails the run if they differ."""
    return compare_batches(path, reference, batches(rows, pad_id))


def compare_batches(path: Path, reference: Callable[[Row], NDArray[np.float32]], several: Sequence[Row]) -> Parity:
    """Compares both models' logits on batches; fails the run if they differ."""
    exported = open_classifier(path)
    largest = 0.0
    shapes: list[tuple[int, ...]] = []
    for batch in several:
        expected, actual = reference(batch), exported.logits(batch)
        shape = tuple(next(iter(batch.values())).shape)
        shapes.append(shape)
        # A comparison with NaN is false, so NaN fails as well.
        if not (found := difference(expected, actual)) <= TOLERANCE:
            raise RunError(
                "Unsupported",
                f"The exported model's answers differ from the original's by {found:.2e} (at most {TOLERANCE:.0e} is "
                f"allowed) for an input of {' x '.join(map(str, shape))}; this model can't be exported yet.",
            )
        largest = max(largest, found)
    return Parity(largest, shapes)


def difference(expected: NDArray[np.float32], actual: NDArray[np.float32]) -> float:
    """Return the largest difference of a logit, relative to max(1, its answer's largest); logits are the last axis."""
    return float((np.abs(actual - expected) / np.maximum(1.0, np.abs(expected).max(axis=-1, keepdims=True))).max())


def batches(rows: Sequence[Row], pad_id: int) -> list[Row]:
    """Batches of odd shapes: each of a few rows alone, one cut to its first token, three and all padded together."""
    first = rows[: min(8, len(rows))]
    shortest = {name: values[:, :1] for name, values in first[0].items()}
    return [*first[:3], shortest, pad(first[:3], pad_id), pad(first, pad_id)]


def image_batches(rows: Sequence[Row]) -> list[Row]:
    """Batches of images of one size: a few alone, three, and up to eight together."""
    (name,) = rows[0]
    first = [rows[index][name] for index in range(min(8, len(rows)))]
    return [{name: values} for values in (*first[:3], np.concatenate(first[:3]), np.concatenate(first))]


def pad(rows: Sequence[Row], pad_id: int) -> Row:
    """One batch of all rows."""
    width = max(row["input_ids"].shape[1] for row in rows)
    return {
        name: np.concatenate(
            [
                np.pad(
                    row[name],
                    ((0, 0), (0, width - row[name].shape[1])),
                    constant_values=pad_id if name == "input_ids" else 0,
                )
                for row in rows
            ]
        )
        for name in rows[0]
    }


def pytorch_logits(network: torch.nn.Module) -> Callable[[Row], NDArray[np.float32]]:
    """The reference: the network's own logits."""

    def logits(row: Row) -> NDArray[np.float32]:
        with torch.inference_mode():
            output = network(**tensors(row))
        return np.asarray(output.logits.numpy(), dtype=np.float32)

    return logits

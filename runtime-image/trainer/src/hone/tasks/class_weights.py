"""How much the examples of each label count in the loss."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import torch
from torch.nn import functional

from hone.contract.training import ClassWeights
from hone.errors import RunError
from hone.evaluate.language import IGNORED
from hone.tasks.base import Loss


def balanced(counts: Sequence[int]) -> list[float]:
    """Weights that make every label count alike: rows / (labels x the label's rows), 1 for one that never occurs."""
    present = sum(count > 0 for count in counts)
    return [sum(counts) / (present * count) if count else 1.0 for count in counts]


def balanced_positives(counts: Sequence[int], rows: int) -> list[float]:
    """Weights of having a label that outweigh not having it: rows without / rows with it, 1 where one is 0."""
    return [(rows - count) / count if 0 < count < rows else 1.0 for count in counts]


def by_name(weights: ClassWeights, names: Sequence[str]) -> list[float]:
    """The weights that were written, in the order of the labels; 1 where none was."""
    given = weights.weights or {}
    if unknown := [name for name in given if name not in names]:
        raise RunError(
            "ConfigInvalid",
            f"spec.training.classWeights.weights names {', '.join(unknown[:5])}, which is no label; there are "
            f"{', '.join(names[:20])}.",
        )
    return [given.get(name, 1.0) for name in names]


def label_weights(
    asked: ClassWeights | None,
    names: Sequence[str],
    labels: Iterable[int],
    balance: Callable[[Sequence[int]], list[float]] = balanced,
) -> list[float] | None:
    """The weights of the labels in their order, as written or by how often each occurs in the training data's `labels`.

    None if no weights are asked for.
    """
    if asked is None:
        return None
    if asked.mode is None:
        return by_name(asked, names)
    counts = Counter(labels)
    return balance([counts[index] for index in range(len(names))])


def weighted_cross_entropy(weights: Sequence[float]) -> Loss:
    """Cross entropy over logits [..., labels] with a weight for each label, in FP32; unlabelled tokens are left out."""
    weight = torch.tensor(weights, dtype=torch.float32)

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(
            logits.float().reshape(-1, logits.shape[-1]),
            labels.reshape(-1),
            weight=weight.to(logits.device),
            ignore_index=IGNORED,
        )

    return loss


def weighted_binary_cross_entropy(weights: Sequence[float]) -> Loss:
    """Binary cross entropy over logits [rows, labels] with a weight for having each label, in FP32."""
    weight = torch.tensor(weights, dtype=torch.float32)

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.binary_cross_entropy_with_logits(
            logits.float(), labels.float(), pos_weight=weight.to(logits.device)
        )

    return loss

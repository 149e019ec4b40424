"""What the structured patterns have in common: what is asked for, and which units go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from hone.compress.subject import Subject


@dataclass(frozen=True)
class Removal:
    """What to remove.

    Args:
        subject: its network is changed in place; with importance Taylor its parameters have gradients.
        share: of the units, between 0 and 1.
        importance: Magnitude, Taylor or BatchNormScale.
        whole: whether units compete over the whole network, or within a layer.
        excluded: layers that stay as they are.
    """

    subject: Subject
    share: float
    importance: str
    whole: bool
    excluded: Sequence[str]


@dataclass(frozen=True)
class Removed:
    """What was removed, for the status; `layers` replaces the list of changed shapes."""

    message: str
    layers: Sequence[dict[str, Any]] | None = None
    warnings: Sequence[str] = ()


def lowest(scores: Sequence[torch.Tensor], share: float, whole: bool) -> list[list[int]]:
    """Return which units of each group go; at least one of each stays.

    Args:
        scores: importances of the units of each group, [units].
        share: how many go, over all groups if `whole`, or of each.
        whole: whether units of one group compete with those of another; their scores then have to be comparable.
    """
    if not whole:
        return [one.argsort(stable=True)[: min(round(share * len(one)), len(one) - 1)].tolist() for one in scores]
    wanted = round(share * sum(len(one) for one in scores))
    order = torch.cat(list(scores)).argsort(stable=True).tolist()
    places = [(group, unit) for group, one in enumerate(scores) for unit in range(len(one))]
    gone: list[list[int]] = [[] for _ in scores]
    for place in order:
        group, unit = places[place]
        if wanted and len(gone[group]) < len(scores[group]) - 1:
            gone[group].append(unit)
            wanted -= 1
    return [sorted(one) for one in gone]


def worth(weight: torch.Tensor, importance: str) -> torch.Tensor:
    """How much each number counts: its square, or the first-order change of the loss without it, both not negative."""
    return first_order(weight) if importance == "Taylor" else weight.detach().square()


def first_order(weight: torch.Tensor) -> torch.Tensor:
    """How much the loss changes, to first order, without a number (Molchanov et al., 2019, arXiv:1906.10771)."""
    assert weight.grad is not None  # noqa: S101 - the loss depends on every layer
    return (weight.detach() * weight.grad).abs()

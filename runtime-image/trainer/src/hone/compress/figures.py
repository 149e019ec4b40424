"""What can be counted of any network: parameters, zeros, and the multiplications of one answer."""

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hone.compress.subject import Subject
from hone.evaluate.classifier import tensors


def figures_of(subject: Subject) -> dict[str, Any]:
    """Return parameters, non-zero ones, their share, and the MACs of one input of the longest length, batch 1."""
    parameters, non_zero = count(subject.network)
    return {
        "parameters": parameters,
        "non_zero_parameters": non_zero,
        "sparsity": 1 - non_zero / max(parameters, 1),
        "macs": macs(subject),
    }


def count(network: nn.Module) -> tuple[int, int]:
    """Return how many parameters a network has and how many are not zero; tied ones count once."""
    found = list(network.parameters())
    return sum(one.numel() for one in found), sum(int(torch.count_nonzero(one)) for one in found)


def macs(subject: Subject) -> int:
    """Count the multiply-accumulates of matrix products and convolutions for one made-up input."""
    inputs = tensors(subject.placeholder_rows()[-1])
    counter = FlopCounterMode(display=False)
    # Not inference mode: tensors made in it are none that a training could use later.
    with torch.no_grad(), counter:
        subject.network(**inputs)
    return int(counter.get_total_flops()) // 2

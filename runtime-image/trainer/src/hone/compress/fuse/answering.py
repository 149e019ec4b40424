"""A network that answers and does not learn computes a normalization and its ReLU in one look at the convolution."""

import copy
from typing import Any

import torch
from hone_kernels import Use, scale_shift_relu
from torch import nn
from transformers import PreTrainedModel

from hone.compress.fuse.patterns import find, has_norms
from hone.compress.subject import Subject
from hone.evaluate.classifier import tensors


class NormAndReLU(nn.Module):
    """A batch normalization with its running statistics, and the ReLU after it.

    Folding the scale into the convolution's weights would save no pass over its result: the shift is left.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__()
        self.use: Use = "Auto"
        known: Any = norm
        with torch.no_grad():
            scale = (known.running_var.float() + known.eps).rsqrt()
            if known.weight is not None:
                scale = scale * known.weight.float()
            shift = -known.running_mean.float() * scale + (0 if known.bias is None else known.bias.float())
        # Numbers of its own, beside those that are saved.
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return relu(norm(values)), of the shape and dtype of `values` [batch, channels, …]."""
        return scale_shift_relu(values, self.scale, self.shift, use=self.use)


def join(subject: Subject, network: PreTrainedModel) -> PreTrainedModel:
    """Return a copy with all joined that can be, to answer for good; the network itself where nothing can.

    The network takes the inputs of the subject's. A residual's addition before the ReLU is the network's own code, and
    stays so.
    """
    if not has_norms(network):
        return network
    joined = copy.deepcopy(network).eval()
    placeholder = {name: value.to(joined.device) for name, value in tensors(subject.placeholder_rows()[-1]).items()}
    for one in find(joined, placeholder):
        if one.activation is not None:
            norm: Any = joined.get_submodule(one.norm)
            joined.set_submodule(one.norm, NormAndReLU(norm))
            joined.set_submodule(one.activation, nn.Identity())
    return joined

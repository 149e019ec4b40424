"""A bottleneck adapter (Houlsby et al., 2019, arXiv:1902.00751): hidden + up(activation(down(hidden))) in one pass."""

from typing import Literal, get_args

import torch
from torch import Tensor

from hone_kernels.bottleneck import reference
from hone_kernels.dispatch import MATRIX, Use, choose

Activation = Literal["ReLU", "GELU", "SiLU", "Tanh"]

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
# A wider one's row of the bottleneck does not fit into registers beside a tile of the weights.
WIDEST = 128


def bottleneck_adapter(
    hidden: Tensor,
    down: Tensor,
    down_bias: Tensor,
    up: Tensor,
    up_bias: Tensor,
    *,
    activation: Activation,
    use: Use = "Auto",
) -> Tensor:
    """Return hidden + up @ activation(down @ hidden + down_bias) + up_bias over the last axis.

    In the kernel a bottleneck is in registers from the first product to the second; what the backward needs of it, its
    value before the activation, is all that is written beside the result. Under autocast the products are computed in
    autocast's dtype, as PyTorch's own linear layers are.

    Args:
        hidden: floating [..., width]; the kernel takes FP32, FP16 and BF16.
        down: [size, width], floating likewise.
        down_bias: [size].
        up: [width, size].
        up_bias: [width].
        activation: between the two; GELU is the exact one, with the error function.
        use: `Auto` takes the kernel on a GPU and the reference elsewhere. A bottleneck wider than 128 takes the
            reference.

    Returns:
        A tensor of the shape of `hidden` and of the dtype that PyTorch's own operations give.

    Raises:
        ValueError: if shapes or dtypes don't fit, or there is no such activation.
    """
    _check(hidden, down, down_bias, up, up_bias, activation)
    if choose("bottleneck_adapter", hidden.device, use, MATRIX, _unsuitable(hidden, down)):
        from hone_kernels.bottleneck.launch import bottleneck_adapter as fused

        return fused(hidden, down, down_bias, up, up_bias, activation)
    return reference.bottleneck_adapter(hidden, down, down_bias, up, up_bias, activation)


def _unsuitable(hidden: Tensor, down: Tensor) -> str | None:
    if any(tensor.dtype not in DTYPES for tensor in (hidden, down)):
        return f"hidden is {hidden.dtype} and down {down.dtype}, and the kernel takes float32, float16 and bfloat16"
    if down.shape[0] > WIDEST:
        return f"the bottleneck is {down.shape[0]} wide, and the kernel takes up to {WIDEST}"
    return None


def _check(hidden: Tensor, down: Tensor, down_bias: Tensor, up: Tensor, up_bias: Tensor, activation: str) -> None:
    if activation not in get_args(Activation):
        raise ValueError(f"there is no activation {activation}; write {', '.join(get_args(Activation))}")
    if not hidden.is_floating_point():
        raise ValueError(f"hidden is {hidden.dtype}; write float32, float16 or bfloat16")
    width = hidden.shape[-1] if hidden.dim() else 0
    size = down.shape[0] if down.dim() else 0
    shapes = {"down": [size, width], "down_bias": [size], "up": [width, size], "up_bias": [width]}
    for (name, shape), tensor in zip(shapes.items(), (down, down_bias, up, up_bias), strict=True):
        if list(tensor.shape) != shape or not size:
            raise ValueError(f"{name} is {list(tensor.shape)}; write {shape} for hidden of {list(hidden.shape)}")

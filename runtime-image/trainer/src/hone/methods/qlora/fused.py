"""LoRA beside a layer of four bits: one kernel where the GPU has it, bitsandbytes and PEFT elsewhere."""

from typing import Any

import bitsandbytes as bnb
import torch
from hone_kernels import FourBitWeight, Use, four_bit_kernel_runs, four_bit_linear
from hone_kernels.fourbit import LARGEST_RANK
from peft.tuners.lora.bnb import Linear4bit
from torch import nn


class FourBitLora(Linear4bit):
    """PEFT's layer, whose matrix in NF4 is multiplied without being written out in 16 bits before.

    The update is summed in the same kernel, unless it has a dropout of its own to go through, is computed in another
    number format, or is too wide.
    """

    #: Tests ask for one of the two; else the device decides.
    use: Use = "Auto"

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 - PEFT's
        """Return [..., outputs] in the dtype of what comes in, [..., inputs]."""
        layer = self.get_base_layer()
        name = self._only_adapter()
        if args or kwargs or name is None or not _fits(layer) or not self._runs(x, layer):
            plain: torch.Tensor = super().forward(x, *args, **kwargs)
            return plain
        within = self._is_within(name, x, layer)
        factors = (self.lora_A[name].weight, self.lora_B[name].weight) if within else None
        result = four_bit_linear(
            x.to(layer.compute_dtype), _weight(layer), layer.bias, factors, scaling=self.scaling[name], use=self.use
        ).to(x.dtype)
        return result if within else result + self._update(x, name).to(x.dtype)

    def _only_adapter(self) -> str | None:
        """Return the name of the adapter if it is the one that adds to the layer."""
        names = [name for name in self.active_adapters if name in self.lora_A]
        alone = len(names) == 1 and not self.disable_adapters and not self.merged
        return names[0] if alone and names[0] not in self.lora_variant else None

    def _runs(self, x: torch.Tensor, layer: bnb.nn.Linear4bit) -> bool:
        return self.use != "Auto" or four_bit_kernel_runs(x.device, layer.compute_dtype)

    def _is_within(self, name: str, x: torch.Tensor, layer: bnb.nn.Linear4bit) -> bool:
        down, kind = self.lora_A[name].weight, x.device.type
        computed = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else down.dtype
        drops = self.training and not isinstance(self.lora_dropout[name], nn.Identity)
        bare = self.lora_A[name].bias is None and self.lora_B[name].bias is None
        return bare and not drops and down.shape[0] <= LARGEST_RANK and computed == layer.compute_dtype

    def _update(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Return what PEFT adds."""
        if not torch.is_autocast_enabled(x.device.type):
            x = x.to(self.lora_A[name].weight.dtype)
        update: torch.Tensor = self.lora_B[name](self.lora_A[name](self.lora_dropout[name](x))) * self.scaling[name]
        return update


def _fits(layer: bnb.nn.Linear4bit) -> bool:
    """Tell whether each row of the matrix begins with a new group, and its code is NF4."""
    state = layer.weight.quant_state
    return bool(state.quant_type == "nf4" and layer.in_features % state.blocksize == 0)


def _weight(layer: bnb.nn.Linear4bit) -> FourBitWeight:
    """Return the layer's matrix as the kernel takes it: the same bytes, and the scales in FP32."""
    state = layer.weight.quant_state
    scales = state.absmax
    if state.nested:
        # The scales are in 8 bits themselves: 4 bytes for every 64 numbers, until the backward is done.
        scales = bnb.functional.dequantize_blockwise(scales, state.state2) + state.offset
    return FourBitWeight(
        layer.weight.data.view(layer.out_features, -1),
        scales.float().view(layer.out_features, -1),
        state.blocksize,
        code=state.code.float(),
    )

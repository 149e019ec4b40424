"""Holds QLoRA's fused layer against PEFT's own, in a process of its own: Triton looks once whether to interpret.

usage: fused_driver.py USE DTYPE, USE being Triton or Reference; prints what was compared, and what computed it.
"""

import json
import sys

import bitsandbytes as bnb
import hone_kernels
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from hone.methods.qlora.four_bit import FourBit, quantize
from hone.methods.qlora.fused import FourBitLora

#: Inputs and outputs of layers; the first of them has rows that begin within a group, so that it is left to PEFT.
SHAPES = {"odd": (96, 64), "wide": (64, 96), "long": (192, 32)}
RANKS = (4, 80)


class Layers(nn.Module):
    """Layers of four bits that read the same rows, cut to their width."""

    def __init__(self) -> None:
        super().__init__()
        for name, (inputs, outputs) in SHAPES.items():
            self.add_module(name, nn.Linear(inputs, outputs, bias=name != "long"))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.get_submodule(name)(rows[..., :size]) for name, (size, _) in SHAPES.items()], dim=-1)


def trained(
    use: str, dtype: torch.dtype, *, fused: bool, rank: int, dropout: float, double: bool
) -> list[torch.Tensor]:
    """Return the answers, and the gradients of the rows and of all factors."""
    torch.manual_seed(0)
    model = Layers().requires_grad_(False)
    quantize(model, list(SHAPES), FourBit("NF4", double, dtype), torch.device("cpu"))
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=dropout, target_modules=list(SHAPES))
    if fused:
        config._register_custom_module({bnb.nn.Linear4bit: FourBitLora})
    model.is_loaded_in_4bit = True
    network = get_peft_model(model, config).train()
    draw = torch.Generator().manual_seed(1)
    factors = {name: parameter for name, parameter in network.named_parameters() if "lora_" in name}
    for parameter in factors.values():
        parameter.data = torch.randn(parameter.shape, generator=draw) * 0.05
    for module in network.modules():
        if isinstance(module, FourBitLora):
            module.use = use
    rows = torch.randn(2, 5, max(size for size, _ in SHAPES.values()), generator=draw).requires_grad_(True)
    torch.manual_seed(2)
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        answers = network(rows)
    answers.backward(torch.randn(answers.shape, generator=draw).to(answers.dtype))
    return [answers.detach(), rows.grad, *(factor.grad for factor in factors.values())]


def main() -> None:
    use, dtype = sys.argv[1], getattr(torch, sys.argv[2])
    found = []
    for rank in RANKS:
        for dropout in (0.0, 0.5):
            for double in (True, False):
                options = {"rank": rank, "dropout": dropout, "double": double}
                hone_kernels.forget()
                ours = trained(use, dtype, fused=True, **options)
                computed = hone_kernels.used()["four_bit_linear"].implementation
                expected = trained(use, dtype, fused=False, **options)
                largest = max(
                    float((one - other).abs().max() / other.abs().max().clamp(min=1e-6))
                    for one, other in zip(ours, expected, strict=True)
                )
                same = all(one.dtype == other.dtype for one, other in zip(ours, expected, strict=True))
                found.append({**options, "largest": largest, "same": same, "computed": computed})
    print(json.dumps(found))


if __name__ == "__main__":
    main()

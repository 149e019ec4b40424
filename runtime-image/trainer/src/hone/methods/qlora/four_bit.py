"""A model's linear layers in four bits per weight by bitsandbytes, and back (Dettmers et al., 2023, arXiv:2305.14314).

A quantized layer holds its weight as uint8, two numbers in each, with one scale for every 64 numbers; double
quantization stores those scales in 8 bits. Scales and the table of the 16 values belong to the layer's bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import bitsandbytes as bnb
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

QuantType = Literal["NF4", "FP4"]

#: In what the ratios are told: the format that the model would have else, BF16.
_BYTES_OF_16_BITS = 2


@dataclass(frozen=True)
class FourBit:
    """How weights are stored, and what their products are computed in."""

    quant_type: QuantType
    double_quant: bool
    compute_dtype: torch.dtype


@dataclass(frozen=True)
class Footprint:
    """What a quantized model takes, in bytes and against BF16."""

    linear_bytes: int
    linear_ratio: float
    model_ratio: float


def quantize(model: nn.Module, names: list[str], four_bit: FourBit, device: torch.device) -> None:
    """Replace linear layers by quantized ones, one after the other, on the device."""
    for name in names:
        layer = model.get_submodule(name)
        model.set_submodule(name, _quantized(layer, four_bit, device))


def store_rest(model: nn.Module, dtype: torch.dtype, but: list[nn.Module]) -> None:
    """Store every other weight in 16 bits (or as `dtype` has it), except those of the modules that are trained."""
    kept = {id(parameter) for module in but for parameter in module.parameters()}
    for parameter in model.parameters():
        if parameter.is_floating_point() and not isinstance(parameter, bnb.nn.Params4bit):
            parameter.data = parameter.data.to(torch.float32 if id(parameter) in kept else dtype)


def weight_of(layer: bnb.nn.Linear4bit) -> torch.Tensor:
    """Return a quantized layer's weight as float32 [out, in], exactly as its products see it before rounding."""
    weight: torch.Tensor = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    return weight.float()


def dequantize(model: nn.Module, updates: dict[str, torch.Tensor]) -> None:
    """Replace every quantized layer by a plain one in FP32, and add the updates [out, in] to their weights, by name."""
    for name, layer in list(_layers(model)):
        weight = weight_of(layer)
        if (update := updates.get(name)) is not None:
            weight += update.to(weight.device, torch.float32)
        model.set_submodule(name, _plain(layer, weight))
    model.float()


def footprint(model: nn.Module) -> Footprint:
    """Measure what the model's parameters take; a table that layers share counts once."""
    seen: set[int] = set()
    linear = sum(_bytes(tensor, seen) for _, layer in _layers(model) for tensor in _tensors(layer))
    linear_numbers = sum(layer.in_features * layer.out_features for _, layer in _layers(model))
    rest = [parameter for parameter in model.parameters() if not isinstance(parameter, bnb.nn.Params4bit)]
    rest_bytes = sum(_bytes(parameter, seen) for parameter in rest)
    numbers = linear_numbers + sum(parameter.numel() for parameter in rest)
    return Footprint(
        linear_bytes=linear,
        linear_ratio=linear / (_BYTES_OF_16_BITS * linear_numbers),
        model_ratio=(linear + rest_bytes) / (_BYTES_OF_16_BITS * numbers),
    )


def _layers(model: nn.Module) -> Iterator[tuple[str, bnb.nn.Linear4bit]]:
    return ((name, module) for name, module in model.named_modules() if isinstance(module, bnb.nn.Linear4bit))


def _quantized(layer: Any, four_bit: FourBit, device: torch.device) -> bnb.nn.Linear4bit:  # noqa: ANN401 - two classes
    # Transformers' Conv1D, as GPT-2 has it, is a linear layer whose weight is [in, out].
    transposed = isinstance(layer, Conv1D)
    weight = layer.weight.data.T if transposed else layer.weight.data
    kind = four_bit.quant_type.lower()
    with torch.device("meta"):
        quantized = bnb.nn.Linear4bit(
            weight.shape[1],
            weight.shape[0],
            bias=layer.bias is not None,
            compute_dtype=four_bit.compute_dtype,
            compress_statistics=four_bit.double_quant,
            quant_type=kind,
        )
    quantized.weight = bnb.nn.Params4bit(
        weight.contiguous(), requires_grad=False, compress_statistics=four_bit.double_quant, quant_type=kind
    )
    if layer.bias is not None:
        quantized.bias = nn.Parameter(layer.bias.data.clone(), requires_grad=False)
    quantized.was_conv1d = transposed
    # In evaluation on a CPU with BF16 units the layer would repack itself for another kernel, for good: the scales are
    # rounded to BF16, and the kernel takes some shapes only.
    quantized.support_avx512bf16_for_cpu = False
    # Here it is quantized.
    return quantized.to(device)


def _plain(layer: bnb.nn.Linear4bit, weight: torch.Tensor) -> nn.Module:
    with torch.device("meta"):
        plain = (
            Conv1D(layer.out_features, layer.in_features)
            if layer.was_conv1d
            else nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
        )
    plain.weight = nn.Parameter((weight.T if layer.was_conv1d else weight).contiguous())
    if layer.bias is not None:
        plain.bias = nn.Parameter(layer.bias.data.float())
    return plain


def _tensors(layer: bnb.nn.Linear4bit) -> list[torch.Tensor]:
    state = layer.weight.quant_state
    tensors = [layer.weight.data, state.absmax, state.code]
    if state.nested:
        tensors += [state.state2.absmax, state.state2.code, state.offset]
    return tensors


def _bytes(tensor: torch.Tensor, seen: set[int]) -> int:
    if tensor.data_ptr() in seen:
        return 0
    seen.add(tensor.data_ptr())
    return tensor.numel() * tensor.element_size()

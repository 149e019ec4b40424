"""QLoRA through PEFT and bitsandbytes (Dettmers et al., 2023, arXiv:2305.14314)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import bitsandbytes as bnb
import torch
from peft import PeftModel
from torch import nn
from transformers import PreTrainedModel

from hone.contract import JobConfig
from hone.contract.method import ALL_LINEAR, Lora, Qlora
from hone.contract.result import QuantizedBase
from hone.contract.training import Task
from hone.errors import RunError
from hone.methods.base import Batch, Saved, head_modules
from hone.methods.lora import LoraFineTuning, find_targets
from hone.methods.qlora.four_bit import Footprint, FourBit, dequantize, footprint, quantize, store_rest
from hone.methods.qlora.fused import FourBitLora
from hone.models.sparsity import sparse_weights
from hone.precision import MixedPrecision
from hone.store import ModelSource
from hone.tasks.base import Loaded

_DTYPES = {"FP32": torch.float32, "FP16": torch.float16, "BF16": torch.bfloat16}
#: By the name in the contract, as Transformers names them.
_OPTIMIZERS = {
    "AdamW": "adamw_torch",
    "PagedAdamW": "paged_adamw_32bit",
    "AdamW8bit": "adamw_bnb_8bit",
    "PagedAdamW8bit": "paged_adamw_8bit",
}


class QloraFineTuning(LoraFineTuning):
    """LoRA whose frozen linear layers take four bits per weight, and whose other frozen weights take 16.

    The saved model is the quantized one in FP32, then merged: merging into four bits would round the updates away.
    """

    name = "qlora"
    own_layers = {bnb.nn.Linear4bit: FourBitLora}

    def __init__(self, config: JobConfig) -> None:
        super().__init__(config)
        assert config.method is not None  # noqa: S101 - the contract demands it
        options = config.method.qlora or Qlora()
        given = options.model_dump(include={"rank", "alpha", "dropout", "targets"}, exclude_none=True)
        self._lora = Lora(**given)
        precision = MixedPrecision.of(config.precision)
        self._device = precision.device
        computed = options.compute_type or ("FP16" if precision.mode == "FP16" else "BF16")
        self._four_bit = FourBit(
            options.quant_type or "NF4",
            options.double_quant if options.double_quant is not None else True,
            _DTYPES[computed],
        )
        self.optimizer = _OPTIMIZERS[_optimizer(options, self._device)]
        self._checkpoints_gradients = config.training is not None and config.training.gradient_checkpointing

    def check(self, model: ModelSource, task: Task, network: PreTrainedModel) -> None:
        """Refuse a model that is quantized already."""
        if getattr(network.config, "quantization_config", None) is not None:
            raise RunError(
                "ModelInvalid",
                f"{model.uri} is quantized already, and spec.method.qlora quantizes the model itself; name the model "
                "that it was made from.",
            )
        if sparse_weights(network):
            raise RunError(
                "ConfigInvalid",
                f"{model.uri} has weights that were pruned to zero, and in four bits they would not stay zero; write "
                "lora, bitFit or full in spec.method.",
            )
        super().check(model, task, network)

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Quantize the linear layers outside the head, and put LoRA beside those that are meant."""
        model = loaded.model
        model.requires_grad_(False)
        heads = head_modules(loaded)
        quantize(model, find_targets(model, [ALL_LINEAR], heads), self._four_bit, self._device)
        store_rest(model, self._four_bit.compute_dtype, [model.get_submodule(name) for name in heads])
        self._footprint = footprint(model)
        # PEFT and Trainer go by this name.
        model.is_loaded_in_4bit = True
        network = super().apply(loaded)
        for name in heads:
            # What is trained stays in FP32 and takes what comes in 16 bits.
            network.base_model.model.get_submodule(name).register_forward_pre_hook(_in_full_precision)
        if self._checkpoints_gradients:
            # A layer without a gradient at its input is not computed again backwards.
            model.enable_input_require_grads()
        return network

    def save(self, model: PeftModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the adapter, and the dequantized and merged model; tell how far it is from the quantized one."""
        quantized = _answers(model, examples)
        saved = super().save(model, loaded, output, examples)
        difference = None
        if saved.path is not None:
            difference = float((_answers(saved.model, examples) - quantized).abs().max())
        return replace(saved, quantized_base=self._told(self._footprint, difference))

    def merged(self, model: PeftModel) -> PreTrainedModel:
        """Return the model with its quantized weights in FP32 and the updates added to them."""
        updates = {
            name: module.get_delta_weight(model.active_adapter).detach()
            for name, module in model.base_model.model.named_modules()
            if hasattr(module, "get_delta_weight")
        }
        plain: PreTrainedModel = model.unload()
        dequantize(plain, updates)
        plain.is_loaded_in_4bit = False
        plain.config.dtype = torch.float32
        return plain

    def _told(self, footprint: Footprint, difference: float | None) -> QuantizedBase:
        return QuantizedBase(
            quant_type=self._four_bit.quant_type,
            linear_bytes=footprint.linear_bytes,
            linear_ratio=footprint.linear_ratio,
            model_ratio=footprint.model_ratio,
            largest_difference=difference,
        )


def _optimizer(options: Qlora, device: torch.device) -> str:
    on_cpu = device.type == "cpu"
    if options.optimizer is None:
        return "AdamW" if on_cpu else "PagedAdamW"
    if on_cpu and options.optimizer.startswith("Paged"):
        raise RunError(
            "ConfigInvalid",
            f"spec.method.qlora.optimizer is {options.optimizer}, which pages between the memories of a GPU and its "
            f"host, and this pod has no GPU; write {options.optimizer.removeprefix('Paged')}, or ask for a GPU in "
            "spec.resources.gpus.",
        )
    return options.optimizer


def _answers(model: nn.Module, examples: Batch) -> torch.Tensor:
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        output = model(**{name: value.to(device) for name, value in examples.items()})
    answers: torch.Tensor = output.logits.float().cpu()
    return answers


def _in_full_precision(_: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value for value in arguments
    )

"""Automatic mixed precision: what `spec.precision` means on the device that the run really has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from hone.contract.training import Precision

Mode = Literal["FP32", "FP16", "BF16"]


@dataclass(frozen=True)
class MixedPrecision:
    """The precision of a run. The masters are FP32 always; `mode` is what the matrix products compute in."""

    mode: Mode
    device: torch.device
    initial_loss_scale: float
    growth_interval: int
    tf32: bool | None

    @classmethod
    def of(cls, precision: Precision) -> "MixedPrecision":
        """Decide for the device that is there."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        mode: Mode = _automatic(device) if precision.mode == "Auto" else precision.mode
        return cls(mode, device, precision.initial_loss_scale, precision.loss_scale_growth_interval, precision.tf32)

    @property
    def device_name(self) -> str:
        """The device's name, as the status tells it."""
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"

    def arguments(self) -> dict[str, Any]:
        """Return what Transformers' TrainingArguments have to say about it."""
        arguments: dict[str, Any] = {
            "bf16": self.mode == "BF16",
            "fp16": self.mode == "FP16",
            "use_cpu": self.device.type == "cpu",
            "dataloader_pin_memory": self.device.type == "cuda",
        }
        if self.device.type == "cuda":
            arguments["tf32"] = bool(self.tf32)
        return arguments

    def install(
        self,
        accelerator: Any,  # noqa: ANN401 - Accelerate is untyped
        scaler: Callable[..., torch.amp.GradScaler] = torch.amp.GradScaler,
    ) -> None:
        """Make Accelerate do what it says: on a CPU it takes fp16 and silently trains in FP32."""
        if self.mode != "FP16":
            return
        accelerator.native_amp = True
        accelerator.scaler = scaler(
            self.device.type, init_scale=self.initial_loss_scale, growth_interval=self.growth_interval
        )


def back_to_full_precision(model: nn.Module) -> None:
    """Give a trained model its own forward again: Accelerate leaves one on it that computes in mixed precision."""
    original = model.__dict__.pop("_original_forward", None)
    if original is not None:
        model.forward = original


def _automatic(device: torch.device) -> Mode:
    if device.type == "cpu":
        return "FP32"
    return "BF16" if torch.cuda.is_bf16_supported(including_emulation=False) else "FP16"

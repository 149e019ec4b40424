"""Decides whether a kernel or its plain PyTorch reference computes, and remembers which it was."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

import torch

Use = Literal["Auto", "Triton", "Reference"]

# The oldest device that a kernel without and one with matrix products is compiled for.
# On 7.5 Triton has no tensor cores, and a product spills.
ELEMENTWISE = (7, 5)
MATRIX = (8, 0)


@dataclass(frozen=True)
class Choice:
    """What computed, and why that."""

    implementation: Literal["Triton", "Reference"]
    reason: str


_used: dict[str, Choice] = {}


def used() -> dict[str, Choice]:
    """Return what computed each operation when it was last called in this process, by the operation's name."""
    return dict(_used)


def forget() -> None:
    """Let `used` begin anew, so that it tells of one piece of work alone."""
    _used.clear()


def choose(
    operation: str,
    device: torch.device,
    use: Use = "Auto",
    minimum: tuple[int, int] = ELEMENTWISE,
    unsuitable: str | None = None,
) -> bool:
    """Return whether the kernel is to compute; `unsuitable` is a reason why it can't with these inputs.

    On anything but a GPU `Auto` takes the reference: the interpreter (TRITON_INTERPRET=1) is for tests, and only
    `Triton` asks for it.

    Raises RuntimeError if `use` is `Triton` and the kernel can't run.
    """
    obstacle = unsuitable or why_not(device, minimum)
    if use == "Triton":
        if obstacle and (unsuitable or not interpreting()):
            raise RuntimeError(f"{operation} can't run its kernel: {obstacle}; write use='Auto' or 'Reference'")
        choice = Choice("Triton", "it was asked for")
    elif use == "Reference":
        choice = Choice("Reference", "it was asked for")
    elif obstacle:
        choice = Choice("Reference", obstacle)
    else:
        choice = Choice("Triton", f"the tensors are on {torch.cuda.get_device_name(device)}")
    _used[operation] = choice
    return choice.implementation == "Triton"


def on(tensor: torch.Tensor) -> AbstractContextManager[Any]:
    """Return a context in which kernels are launched where a tensor is: Triton takes the current GPU."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


def why_not(device: torch.device, minimum: tuple[int, int] = ELEMENTWISE) -> str | None:
    """Return why kernels can't run on a device, or None if they can."""
    if device.type != "cuda":
        return f"the tensors are on {device.type}"
    if torch.version.hip is not None:
        return "the kernels are for NVIDIA's GPUs"
    capability = torch.cuda.get_device_capability(device)
    if capability < minimum:
        return f"the GPU has compute capability {capability[0]}.{capability[1]}, below {minimum[0]}.{minimum[1]}"
    return _why_no_driver()


def interpreting() -> bool:
    """Return whether kernels run in Triton's interpreter, on the CPU."""
    if find_spec("triton") is None:
        return False
    from triton import knobs

    return bool(knobs.runtime.interpret)


@cache
def _why_no_driver() -> str | None:
    if find_spec("triton") is None:
        return "Triton is not installed"
    from triton.runtime import driver

    try:
        # Triton builds its launcher here, once, and needs a C compiler and Python's headers for it.
        driver.active.utils  # noqa: B018
    except Exception as error:
        return f"Triton's driver doesn't start: {error}"
    return None

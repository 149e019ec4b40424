"""What is measured: the same work by every implementation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch

import hone_kernels

Work = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One operation at one size; `rivals` do what `kernel` does, `traffic` is the least to be moved, in bytes."""

    operation: str
    size: str
    kernel: Work
    rivals: dict[str, Work]
    traffic: int


def distillation(device: torch.device) -> Iterator[Case]:
    """Return the loss with its gradient: rows of a classifier's, a small and a large language model's logits."""
    for count, width in ((4096, 1000), (4096, 32000), (2048, 128256)):
        student = torch.randn(count, width, device=device, dtype=torch.bfloat16).requires_grad_(True)
        teacher = torch.randn(count, width, device=device, dtype=torch.bfloat16)
        labels = torch.randint(0, width, (count,), device=device)
        # Both logits are read and the gradient is written, two bytes each.
        yield Case("distillation_loss", f"{count}x{width} bf16", *_losses(student, teacher, labels), 6 * count * width)


def _losses(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor) -> tuple[Work, dict[str, Work]]:
    def train(loss: Callable[..., torch.Tensor], **settings: Any) -> Work:  # noqa: ANN401
        def run() -> None:
            student.grad = None
            loss(student, teacher, labels, temperature=2.0, **settings).backward()  # type: ignore[no-untyped-call]

        return run

    def eager(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
        return hone_kernels.distillation_loss(student, teacher, labels, temperature=temperature, use="Reference")

    def plain(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
        # As the reference, without what torch.compile can't trace: rows that don't count.
        hard = torch.nn.functional.cross_entropy(student.float(), labels)
        actual = torch.log_softmax(student.float() / temperature, -1)
        expected = torch.log_softmax(teacher.float() / temperature, -1)
        soft = torch.nn.functional.kl_div(actual, expected, reduction="batchmean", log_target=True)
        return 0.5 * hard + 0.5 * temperature**2 * soft

    rivals = {"eager": train(eager), "torch.compile": train(torch.compile(plain))}
    if find_spec("liger_kernel"):
        rivals["Liger-Kernel (KL alone)"] = _liger(student, teacher)
    return train(hone_kernels.distillation_loss, use="Triton"), rivals


def _liger(student: torch.Tensor, teacher: torch.Tensor) -> Work:
    """Return Liger-Kernel's divergence; it takes logarithms of probabilities, so making these is part of the work."""
    from liger_kernel.transformers import LigerKLDIVLoss

    loss = LigerKLDIVLoss(reduction="batchmean", log_target=True)

    def run() -> None:
        student.grad = None
        actual = torch.log_softmax(student / 2.0, -1)
        (4.0 * loss(actual, torch.log_softmax(teacher / 2.0, -1))).backward()

    return run


CASES: tuple[Callable[[torch.device], Iterator[Case]], ...] = (distillation,)

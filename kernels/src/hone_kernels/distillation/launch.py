"""Runs the distillation kernel under autograd."""

from typing import Any

import torch
from torch import Tensor

from hone_kernels.dispatch import on
from hone_kernels.distillation.kernel import distillation_kernel, rescale_kernel

ONE_BLOCK_UP_TO = 8192
BLOCK = 4096
RESCALE_BLOCK = 1024


def shape_of(width: int) -> dict[str, int | bool]:
    """Return how the kernel is launched for rows of that width: ONE_BLOCK, BLOCK, num_warps."""
    if width > ONE_BLOCK_UP_TO:
        return {"ONE_BLOCK": False, "BLOCK": BLOCK, "num_warps": 8}
    block = max(32, 1 << (width - 1).bit_length())
    return {"ONE_BLOCK": True, "BLOCK": block, "num_warps": min(16, max(1, block // 512))}


def distillation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor | None, temperature: float, alpha: float, ignore_index: int
) -> Tensor:
    """Return the mean loss of the rows that count; see `hone_kernels.distillation_loss`."""
    loss: Tensor = _Distillation.apply(  # type: ignore[no-untyped-call]
        _rows(student),
        _rows(teacher.detach()),
        labels if labels is None else labels.reshape(-1).contiguous(),
        temperature,
        alpha,
        ignore_index,
    )
    return loss


def _rows(logits: Tensor) -> Tensor:
    rows = logits.reshape(-1, logits.shape[-1])
    return rows if rows.stride(-1) == 1 else rows.contiguous()


class _Distillation(torch.autograd.Function):
    """Makes the gradient in the forward, where the logits are read anyway, and scales it in the backward.

    FP16 is the exception: a loss scale has to be multiplied before the gradient is rounded, or it underflows, and it is
    known in the backward only. So there the kernel runs again.
    """

    @staticmethod
    def forward(
        context: Any,  # noqa: ANN401
        student: Tensor,
        teacher: Tensor,
        labels: Tensor | None,
        temperature: float,
        alpha: float,
        ignore_index: int,
    ) -> Tensor:
        if labels is None:
            share = torch.full((1,), 1 / max(1, student.shape[0]), device=student.device)
        else:
            share = 1 / (labels != ignore_index).sum(dtype=torch.float32).clamp(min=1).reshape(1)
        context.settings = (temperature, alpha, ignore_index)
        context.again = student.dtype == torch.float16
        trains = context.needs_input_grad[0]
        losses, gradient = _launch(
            student, teacher, labels, share, context.settings, with_gradient=trains and not context.again
        )
        if context.again and trains:
            context.save_for_backward(student, teacher, labels, share)
        context.gradient = gradient
        return (losses.sum() * share).reshape(())

    @staticmethod
    def backward(context: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        factor = upstream[0].reshape(1).float()
        if context.again:
            student, teacher, labels, share = context.saved_tensors
            gradient = _launch(student, teacher, labels, share * factor, context.settings, with_gradient=True)[1]
        else:
            gradient, context.gradient = context.gradient, None
            if gradient is None:
                raise RuntimeError("the fused distillation loss goes backward once; write use='Reference' to go twice")
            with on(gradient):
                rescale_kernel[(-(-gradient.numel() // RESCALE_BLOCK),)](
                    gradient, factor, gradient.numel(), BLOCK=RESCALE_BLOCK
                )
        return gradient, None, None, None, None, None


def _launch(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor | None,
    scale: Tensor,
    settings: tuple[float, float, int],
    with_gradient: bool,
) -> tuple[Tensor, Tensor | None]:
    count, width = student.shape
    temperature, alpha, ignore_index = settings
    losses = torch.empty(count, dtype=torch.float32, device=student.device)
    gradient = torch.empty(student.shape, dtype=student.dtype, device=student.device) if with_gradient else None
    if not count:
        return losses, gradient
    with on(student):
        distillation_kernel[(count,)](
            student,
            teacher,
            losses if labels is None else labels,
            losses,
            losses if gradient is None else gradient,
            scale,
            student.stride(0),
            teacher.stride(0),
            width,
            ignore_index,
            float(temperature),
            1.0 - alpha,
            alpha * temperature**2,
            HAS_LABELS=labels is not None,
            WITH_GRADIENT=with_gradient,
            **shape_of(width),
        )
    return losses, gradient

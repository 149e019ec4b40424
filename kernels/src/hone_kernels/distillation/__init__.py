"""Cross entropy and the divergence from a teacher, with the gradient, without a matrix of probabilities."""

import torch
from torch import Tensor

from hone_kernels.dispatch import Use, choose
from hone_kernels.distillation import reference

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor | None = None,
    *,
    temperature: float = 1.0,
    alpha: float = 0.5,
    ignore_index: int = -100,
    use: Use = "Auto",
) -> Tensor:
    """Return the mean over the rows that count of (1 - alpha)·CE(student, label) + alpha·T²·KL(teacher/T ‖ student/T).

    Hinton et al., 2015 (https://arxiv.org/abs/1503.02531); T² keeps the soft gradient's size whatever the temperature.

    Args:
        student: logits [..., classes] in FP32, FP16 or BF16; the gradient has their shape and dtype.
        teacher: logits of the same shape, in any of these dtypes; no gradient flows into them.
        labels: class numbers (int64) of the leading shape, or None with alpha 1. Rows whose label is `ignore_index`
            give neither loss nor gradient.
        temperature: T > 0.
        alpha: the share of the soft loss, 0 to 1.
        ignore_index: the label of rows that don't count.
        use: `Auto` takes the kernel on a GPU and the reference elsewhere; `hone_kernels.used()` tells which it was.

    Returns:
        The loss, FP32, a scalar; 0 if no row counts. A label outside of the classes makes the kernel's NaN (the
        reference raises).

    Raises:
        ValueError: if shapes, dtypes, temperature or alpha don't fit.
    """
    _check(student, teacher, labels, temperature, alpha)
    if choose("distillation_loss", student.device, use):
        from hone_kernels.distillation.launch import distillation_loss as fused

        return fused(student, teacher, labels, temperature, alpha, ignore_index)
    return reference.distillation_loss(student, teacher, labels, temperature, alpha, ignore_index)


def _check(student: Tensor, teacher: Tensor, labels: Tensor | None, temperature: float, alpha: float) -> None:
    if student.dim() < 1 or student.shape[-1] < 1:
        raise ValueError("the student's logits have no classes; write [..., classes]")
    if student.shape != teacher.shape:
        raise ValueError(
            f"the student's logits are {list(student.shape)} and the teacher's {list(teacher.shape)}; "
            "they must be of one shape"
        )
    if student.dtype not in DTYPES or teacher.dtype not in DTYPES:
        raise ValueError(f"the logits are {student.dtype} and {teacher.dtype}; write float32, float16 or bfloat16")
    if not temperature > 0:
        raise ValueError(f"the temperature is {temperature}; write a number above 0")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; write a number from 0 to 1")
    if labels is None and alpha != 1:
        raise ValueError(f"there are no labels and alpha is {alpha}; write alpha=1 or give labels")
    if labels is not None and (labels.shape != student.shape[:-1] or labels.dtype != torch.int64):
        raise ValueError(
            f"the labels are {list(labels.shape)} of {labels.dtype}; write int64 of {list(student.shape[:-1])}"
        )

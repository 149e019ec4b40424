"""The distillation loss in plain PyTorch."""

from torch import Tensor
from torch.nn import functional


def distillation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor | None, temperature: float, alpha: float, ignore_index: int
) -> Tensor:
    """Return the mean loss of the rows that count; see `hone_kernels.distillation_loss`."""
    columns = student.shape[-1]
    student = student.reshape(-1, columns).float()
    teacher = teacher.detach().reshape(-1, columns).float()
    if labels is None:
        losses = _divergence(student, teacher, temperature)
        return losses.sum() / max(1, student.shape[0])
    labels = labels.reshape(-1)
    counted = labels != ignore_index
    # Not multiplied by a mask: an ignored row may hold NaN or infinities.
    student, teacher, labels = student[counted], teacher[counted], labels[counted]
    hard = functional.cross_entropy(student, labels, reduction="none")
    soft = _divergence(student, teacher, temperature)
    return ((1 - alpha) * hard + alpha * soft).sum() / max(1, labels.shape[0])


def _divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T²·KL(teacher ‖ student) of each row, with 0·log 0 = 0."""
    expected = functional.log_softmax(teacher / temperature, dim=-1)
    actual = functional.log_softmax(student / temperature, dim=-1)
    probability = expected.exp()
    # Filled before the product: a gradient through an infinity that is only masked afterwards is NaN.
    impossible = probability == 0
    difference = expected.masked_fill(impossible, 0) - actual.masked_fill(impossible, 0)
    return temperature**2 * (probability * difference).sum(dim=-1)

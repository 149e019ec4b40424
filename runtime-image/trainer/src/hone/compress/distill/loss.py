"""What a student is trained with: the teacher's answers, the labels, and what happens inside the teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from hone_kernels import distillation_loss
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from hone.contract.training import TaskType
from hone.evaluate.language import IGNORED
from hone.tasks.base import Loss


@dataclass(frozen=True)
class Weights:
    """How much each part counts: alpha·T²·KL + (1 - alpha)·labels + hidden·MSE + attention·KL."""

    temperature: float = 2.0
    alpha: float = 0.5
    hidden: float = 0.0
    attention: float = 0.0


class Distillation:
    """The loss of a student on a batch; call it with the student and the batch.

    Args:
        teacher: answers without learning; it follows the student to its device.
        task: says what the logits are: classes, independent labels, a number, or the tokens to come.
        labels_loss: the task's own, where it has one.
        weights: how much each part counts.
        origins: for each of the student's layers the teacher's that it imitates.
    """

    def __init__(
        self,
        teacher: PreTrainedModel,
        task: TaskType,
        labels_loss: Loss | None,
        weights: Weights,
        origins: Sequence[int],
    ) -> None:
        self._teacher = teacher.eval().requires_grad_(False)
        self._task = task
        self._labels_loss = labels_loss
        self._weights = weights
        self._origins = list(origins)

    def __call__(self, student: nn.Module, inputs: Mapping[str, Any]) -> torch.Tensor:
        """Return the loss, a scalar in FP32."""
        inputs = dict(inputs)
        labels = inputs.pop("labels")
        inside = {
            **({"output_hidden_states": True} if self._weights.hidden else {}),
            **({"output_attentions": True} if self._weights.attention else {}),
        }
        answer = student(**inputs, **inside)
        if self._teacher.device != labels.device:
            self._teacher.to(labels.device)
        with torch.no_grad():
            taught = self._teacher(**inputs, **inside)
        loss = answers_loss(
            self._task, answer.logits.float(), taught.logits.float(), labels, self._weights, self._labels_loss
        )
        mask = inputs.get("attention_mask")
        if self._weights.hidden:
            projections = getattr(student, PROJECTIONS, None)
            loss = loss + self._weights.hidden * hidden_loss(
                answer.hidden_states, taught.hidden_states, self._origins, projections, mask
            )
        if self._weights.attention:
            loss = loss + self._weights.attention * attention_loss(
                answer.attentions, taught.attentions, self._origins, mask
            )
        return loss


def answers_loss(
    task: TaskType,
    student: torch.Tensor,
    teacher: torch.Tensor,
    labels: torch.Tensor,
    weights: Weights,
    labels_loss: Loss | None = None,
) -> torch.Tensor:
    """Return (1 - alpha)·labels + alpha·teacher.

    Args:
        task: classes and tokens are compared by the KL divergence of softened probabilities, times T²; independent
            labels by that of each label, times T²; numbers by their squared difference, where T means nothing.
        student: logits in FP32, [rows, labels], [rows, tokens, labels] or, of a regression, [rows, 1].
        teacher: the same of the teacher.
        labels: as the task has them; tokens that don't count are -100.
        weights: temperature and alpha.
        labels_loss: replaces the cross entropy of the labels, as class weights do.
    """
    soft, hard = weights.alpha, 1 - weights.alpha
    if task == "Regression":
        target = labels.float().view(-1)
        return hard * functional.mse_loss(student.view(-1), target) + soft * functional.mse_loss(
            student.view(-1), teacher.view(-1)
        )
    temperature = weights.temperature
    if task == "MultiLabelClassification":
        by_labels = (labels_loss or functional.binary_cross_entropy_with_logits)(student, labels.float())
        given, found = teacher / temperature, student / temperature
        share = given.sigmoid()
        divergence = share * (functional.logsigmoid(given) - functional.logsigmoid(found)) + (1 - share) * (
            functional.logsigmoid(-given) - functional.logsigmoid(-found)
        )
        return hard * by_labels + soft * temperature**2 * divergence.mean()
    if task == "CausalLM":
        # Each position answers for the next one.
        student, teacher, labels = student[:, :-1], teacher[:, :-1], labels[:, 1:].contiguous()
    if labels_loss is None:
        return distillation_loss(student, teacher, labels, temperature=temperature, alpha=soft, ignore_index=IGNORED)
    by_teacher = distillation_loss(student, teacher, labels, temperature=temperature, alpha=1.0, ignore_index=IGNORED)
    return hard * labels_loss(student, labels) + soft * by_teacher


def hidden_loss(
    student: Sequence[torch.Tensor],
    teacher: Sequence[torch.Tensor],
    origins: Sequence[int],
    projections: nn.ModuleList | None,
    mask: torch.Tensor | None,
) -> torch.Tensor:
    """Return the mean squared difference of the layers' outputs, over tokens that are no padding and over layers.

    Args:
        student: embeddings, then the output of each layer, [rows, tokens, width].
        teacher: the same of the teacher, of any width.
        origins: for each of the student's layers the teacher's.
        projections: for each of the student's layers a linear one to the teacher's width, where the widths differ.
        mask: [rows, tokens], zero for padding.
    """
    losses = []
    for place, origin in enumerate(origins):
        given, found = teacher[origin + 1], student[place + 1]
        if projections is not None:
            found = projections[place](found)
        squared = (found.float() - given.float()).square().mean(dim=-1)
        losses.append(_mean(squared, mask))
    return torch.stack(losses).mean()


def attention_loss(
    student: Sequence[torch.Tensor],
    teacher: Sequence[torch.Tensor],
    origins: Sequence[int],
    mask: torch.Tensor | None,
) -> torch.Tensor:
    """Return the KL divergence of where tokens look to, as the mean over heads, tokens and layers.

    Args:
        student: probabilities of each layer, [rows, heads, tokens, tokens]; heads may differ in number, so their
            mean is compared.
        teacher: the same of the teacher.
        origins: for each of the student's layers the teacher's.
        mask: [rows, tokens], zero for padding.
    """
    tiny = torch.finfo(torch.float32).tiny
    losses = []
    for place, origin in enumerate(origins):
        given, found = teacher[origin].float().mean(dim=1), student[place].float().mean(dim=1)
        divergence = (given * (given.clamp_min(tiny).log() - found.clamp_min(tiny).log())).sum(dim=-1)
        losses.append(_mean(divergence, mask))
    return torch.stack(losses).mean()


#: Where a student keeps its projections while it is trained.
PROJECTIONS = "hone_projections"


def add_projections(student: PreTrainedModel, width: int, layers: int) -> None:
    """Give a student a linear layer behind each of its layers, to the teacher's width, if its own is another."""
    own = int(student.config.hidden_size)
    if own != width:
        setattr(student, PROJECTIONS, nn.ModuleList(nn.Linear(own, width, bias=False) for _ in range(layers)))


def remove_projections(student: PreTrainedModel) -> None:
    """Take them away again."""
    if hasattr(student, PROJECTIONS):
        delattr(student, PROJECTIONS)


def _mean(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    if mask is None or mask.shape != values.shape:
        return values.mean()
    return (values * mask).sum() / mask.sum().clamp_min(1)

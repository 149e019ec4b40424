"""The step `distill`: who teaches, who learns, and how it went."""

from typing import Any

import hone_kernels
from transformers import PreTrainedModel

from hone.compress.distill.loss import Distillation, Weights, add_projections, remove_projections
from hone.compress.distill.student import evenly, make_student
from hone.compress.figures import count
from hone.compress.fuse import join
from hone.compress.prune.layers import find_stacks
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract.compression import Distill
from hone.contract.training import Training
from hone.errors import RunError
from hone.models import structure

_LEARNING_RATE = 5e-5
_PLAIN = "PyTorch's own operations"
#: What there is a kernel for, as the step's message has it.
_KERNELS = {
    "distillation_loss": "Its loss was",
    "scale_shift_relu": "The teacher's normalizations that a ReLU follows were",
}
_UNFIT = {"bottleneck", "prompt", "prefix"}


def plan_distill(options: Distill) -> NetworkStep:
    """Plan the step; its training is three epochs unless it says something else."""
    return NetworkStep("distill", lambda subject, tools: _apply(options, subject, tools), trains=True)


def _apply(options: Distill, subject: Subject, tools: Tools) -> Applied:
    if unfit := sorted(_UNFIT.intersection(structure.describe(subject.network) or {})):
        raise RunError(
            "ConfigInvalid",
            f"The model holds {', '.join(unfit)}, which a student can't take over; distill first, and add those later.",
        )
    training = options.training or Training()
    weights = Weights(
        **_given(
            temperature=options.temperature,
            alpha=options.alpha,
            hidden=options.hidden_state_weight,
            attention=options.attention_weight,
        )
    )
    teacher = _teacher(options, subject, tools)
    student, chosen = make_student(subject.network, options.student)
    own = options.teacher is None and _layers(teacher) == _layers(subject.network)
    origins = _origins(student, teacher, chosen if own else None)
    for name, weight in (("hiddenStateWeight", weights.hidden), ("attentionWeight", weights.attention)):
        if weight and not origins:
            raise RunError(
                "ConfigInvalid",
                f"A {teacher.config.model_type} model has no Transformer layers to compare; leave distill.{name} out.",
            )
    subject.network = student
    lesson = tools.learning.lesson(subject, training)
    if weights.hidden:
        add_projections(student, int(teacher.config.hidden_size), len(origins))
    objective = Distillation(join(subject, teacher), subject.task.type, lesson.loss, weights, origins)
    trained = tools.learning.train(
        student,
        lesson,
        training,
        tools.checkpoints,
        default_learning_rate=_LEARNING_RATE,
        objective=objective,
    )
    remove_projections(student)
    learned, taught = count(student)[0], count(teacher)[0]
    return Applied(
        f"A student with {learned:,} parameters learned from a teacher with {taught:,} for "
        f"{trained.summary.steps} steps, to a loss of {trained.summary.final_loss:.4g} (temperature "
        f"{weights.temperature:g}, alpha {weights.alpha:g}).{_computed()}",
        [{"student": place, "teacher": origin} for place, origin in enumerate(origins)],
        trained.warnings,
    )


def _computed() -> str:
    """Return sentences on what computed that there is a kernel for, and why; nothing where there is no such thing."""
    found = [
        (subject, choice)
        for operation, subject in _KERNELS.items()
        if (choice := hone_kernels.used().get(operation)) is not None
    ]
    return "".join(
        f" {subject} computed by {'the Triton kernel' if choice.implementation == 'Triton' else _PLAIN}: "
        f"{choice.reason:.200}."
        for subject, choice in found
    )


def _teacher(options: Distill, subject: Subject, tools: Tools) -> PreTrainedModel:
    if options.teacher is None:
        # What the steps before have made of it knows less. The first step's student is a copy of it.
        return subject.network if tools.untouched is None else tools.untouched().network
    other = tools.teachers(options.teacher)
    own, theirs = subject.task, other.task
    if (own.type, own.labels) != (theirs.type, theirs.labels):
        raise RunError(
            "ConfigInvalid",
            f"distill.teacher {options.teacher.uri} does {theirs.type} with "
            f"{', '.join(theirs.labels or ['no labels'])}, and the model {own.type} with "
            f"{', '.join(own.labels or ['no labels'])}; name a teacher of the same task.",
        )
    if _vocabulary(subject) != _vocabulary(other):
        raise RunError(
            "ConfigInvalid",
            f"distill.teacher {options.teacher.uri} reads its inputs in another way (another tokenizer or image size) "
            "than the model; name a teacher that takes the same inputs.",
        )
    return other.network


def _vocabulary(subject: Subject) -> Any:  # noqa: ANN401 - to be compared
    tokenizer = getattr(subject, "tokenizer", None)
    return tokenizer.get_vocab() if tokenizer is not None else getattr(subject, "image", None)


def _origins(student: PreTrainedModel, teacher: PreTrainedModel, chosen: list[int] | None) -> list[int]:
    if chosen is not None:
        return chosen
    layers = _layers(student), _layers(teacher)
    return evenly(*layers) if all(layers) else []


def _layers(network: PreTrainedModel) -> int:
    stacks = find_stacks(network)
    return len(stacks[0].blocks) if len(stacks) == 1 else 0


def _given(**values: float | None) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}

"""The step `prune`: what is asked for, checked, and what is said of it in the end."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from transformers import TrainerCallback

from hone.compress.prune import channels, heads, layers, sparse
from hone.compress.prune.gradients import gradients
from hone.compress.prune.ranking import Removal, Removed
from hone.compress.prune.targets import weighted_layers
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract.compression import Prune
from hone.contract.training import Training
from hone.errors import RunError
from hone.models import shapes, sparsity, structure

_STRUCTURED: dict[str, Callable[[Removal], Removed]] = {
    "Channels": channels.remove,
    "Heads": heads.remove,
    "Layers": layers.remove,
}
_LEARNING_RATE = 5e-5


def plan_prune(options: Prune) -> NetworkStep:
    """Check the options that need no model, and plan the step."""
    pattern = options.pattern or "Unstructured"
    _check(options, pattern)
    trains = options.training is not None or options.importance == "Taylor"
    apply = _structured if pattern in _STRUCTURED else _masked
    return NetworkStep(f"prune {pattern}", lambda subject, tools: apply(options, subject, tools), trains=trains)


def _check(options: Prune, pattern: str) -> None:
    if (options.sparsity is None) != (pattern == "TwoFour"):
        raise RunError(
            "ConfigInvalid",
            "prune.sparsity is the share to remove; write it, or leave it out for the pattern TwoFour, which always "
            "removes half.",
        )
    if options.importance == "BatchNormScale" and pattern != "Channels":
        raise RunError(
            "ConfigInvalid",
            f"Batch normalization scales channels, and tells nothing of the pattern {pattern}; write importance "
            "Magnitude or Taylor, or pattern Channels.",
        )
    if options.gradual_steps is None:
        return
    if pattern != "Unstructured" or options.training is None or options.importance == "Taylor":
        raise RunError(
            "ConfigInvalid",
            "prune.gradualSteps removes weights while they are trained, by their magnitude; write pattern "
            "Unstructured, importance Magnitude and training, or leave gradualSteps out.",
        )


def _masked(options: Prune, subject: Subject, tools: Tools) -> Applied:
    network = subject.network.requires_grad_(True)
    found = weighted_layers(network, options.exclude_layers or [])
    two_four = options.pattern == "TwoFour"
    warnings = []
    if two_four and (odd := [name for name, layer in found.items() if not sparse.fits_two_four(layer)]):
        found = {name: layer for name, layer in found.items() if name not in odd}
        warnings.append(
            f"{len(odd)} layers stay whole, for their inputs are no multiple of four: {', '.join(odd[:8])}."
        )
    if not found:
        raise RunError("ConfigInvalid", "No layer has inputs in fours; write pattern Unstructured or Channels.")
    callbacks: list[TrainerCallback] = []
    training = options.training
    whole = options.scope != "Local"
    share = options.sparsity or 0.5
    score = sparse.taylor if options.importance == "Taylor" else sparse.magnitude
    if options.gradual_steps is not None and training is not None:
        callbacks.append(sparse.Gradually(found, share, options.gradual_steps, whole))
    else:
        with _with_gradients(options, subject, tools):
            if two_four:
                for layer in found.values():
                    sparse.zero_two_of_four(layer, score)
            else:
                sparse.zero_lowest(found, share, score, whole)
        sparsity.note(network, [f"{name}.weight" for name in found])
    if training is not None:
        tools.learning.train(
            network,
            tools.learning.lesson(subject, training),
            training,
            tools.checkpoints,
            default_learning_rate=_LEARNING_RATE,
            callbacks=callbacks,
        )
        if callbacks:
            _check_finished(found, share, options.gradual_steps or 0)
            sparsity.note(network, [f"{name}.weight" for name in found])
    weights = {name: layer.get_parameter("weight") for name, layer in found.items()}
    zeros = {name: weight.numel() - int(torch.count_nonzero(weight)) for name, weight in weights.items()}
    total = sum(weight.numel() for weight in weights.values())
    gain = (
        "Sparse tensor cores multiply such weights twice as fast, if TensorRT builds the engine with sparsity; other "
        "devices are no faster, and the file is no smaller."
        if two_four
        else "That alone saves no time on dense hardware and no bytes in the file; channels, heads or layers do."
    )
    return Applied(
        f"{sum(zeros.values()):,} of the {total:,} weights of {len(found)} layers are zero "
        f"({sum(zeros.values()) / total:.1%}). {gain}",
        [
            {"name": name, "parameters": weight.numel(), "zeros": zeros[name], "sparsity": zeros[name] / weight.numel()}
            for name, weight in weights.items()
        ],
        warnings,
    )


def _structured(options: Prune, subject: Subject, tools: Tools) -> Applied:
    network = subject.network.requires_grad_(True)
    _refuse_modules(subject)
    before = {name: list(parameter.shape) for name, parameter in network.named_parameters()}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    with _with_gradients(options, subject, tools):
        removed = _STRUCTURED[options.pattern or ""](
            Removal(
                subject,
                options.sparsity or 0.0,
                options.importance or "Magnitude",
                options.scope != "Local",
                options.exclude_layers or [],
            )
        )
    network.zero_grad(set_to_none=True)
    shapes.note(network)
    if options.training is not None:
        lesson = tools.learning.lesson(subject, options.training)
        tools.learning.train(network, lesson, options.training, tools.checkpoints, default_learning_rate=_LEARNING_RATE)
    after = sum(parameter.numel() for parameter in network.parameters())
    changed = [
        {"name": name, "before": before.get(name), "after": list(parameter.shape)}
        for name, parameter in network.named_parameters()
        if before.get(name) != list(parameter.shape)
    ]
    return Applied(
        f"{removed.message} The network has {after:,} parameters, and had {parameters:,}.",
        changed if removed.layers is None else removed.layers,
        removed.warnings,
    )


def _with_gradients(options: Prune, subject: Subject, tools: Tools) -> AbstractContextManager[None]:
    if options.importance != "Taylor":
        return nullcontext()
    return gradients(subject.network, tools.learning.lesson(subject, options.training or Training()))


def _refuse_modules(subject: Subject) -> None:
    held = structure.describe(subject.network) or {}
    if unfit := sorted(set(held) - {"version", "shapes"}):
        raise RunError(
            "ConfigInvalid",
            f"The model holds {', '.join(unfit)}, which would not fit smaller layers; remove channels, heads or layers "
            "first, and add those after it.",
        )


def _check_finished(found: dict[str, torch.nn.Module], share: float, steps: int) -> None:
    weights = [layer.get_parameter("weight") for layer in found.values()]
    zeros = sum(weight.numel() - int(torch.count_nonzero(weight)) for weight in weights)
    if zeros < round(share * sum(weight.numel() for weight in weights)) - len(weights):
        raise RunError(
            "ConfigInvalid",
            f"prune.gradualSteps is {steps}, but the training ended before; write fewer, or train for longer.",
        )

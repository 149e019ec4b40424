"""Carries out a recipe: the steps on the network, its export, and the steps on the file."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hone.compress.inputs import Inputs
from hone.compress.learning import Learning
from hone.compress.model import load
from hone.compress.network import Done, carry_out
from hone.compress.subject import Subject
from hone.compress.targets import Target
from hone.compress.technique import Materials, Plan, Tools
from hone.contract import LineageEntry, StepReport
from hone.contract.source import ResolvedModel
from hone.evaluate.onnx_classifier import Row
from hone.evaluate.opening import model_bytes
from hone.export import ExportedClassifier, Samples, pytorch_logits
from hone.models import fake_quantized
from hone.runtime import RunContext
from hone.store.model import NETWORK

log = logging.getLogger(__name__)


def export_network(context: RunContext, inputs: Inputs, target: Target, name: str) -> ExportedClassifier:
    """Write the network into the workspace's folder of that name, compared with PyTorch on real rows."""
    exported = target.export(inputs.subject, _sample(inputs), folder_of(context, name))
    difference = exported.parity.largest_difference
    kind = f"opset {exported.opset}" if exported.opset is not None else target.name
    log.info("Exported, %s; the answers are within %.1e of PyTorch's.", kind, difference)
    context.progress.update(1.0, message=f"{kind}, within {difference:.1e} of PyTorch")
    return exported


def compress(
    context: RunContext, steps: Plan, exported: ExportedClassifier, inputs: Inputs, target: Target
) -> tuple[ExportedClassifier, Path, list[Done]]:
    """Carry out the steps on the network and then on the file; return the last export and the last file."""
    done, progress = list[Done](), context.progress
    found: fake_quantized.Found | None = None
    share = len(steps.network) / max(len(steps.steps), 1)
    if steps.network:
        tools = _tools(context, inputs, len(steps.network), target.opset)
        with progress.part(0.0, share):
            done += carry_out(inputs.subject, steps.network, tools, progress)
        network = inputs.subject.network
        found = fake_quantized.found_in(network)
        # The file is to answer as the network does that was trained with rounded numbers, not as the one without.
        rounded = Samples.answered(pytorch_logits(network), _sample(inputs)) if found is not None else None
        fake_quantized.end(network)
        inputs.subject.save_network(context.output / NETWORK)
        exported = export_network(context, inputs, target, "network")
        if rounded is not None:
            exported = replace(exported, samples=rounded)
        inputs.subject.release_network()
    path = exported.path
    materials = Materials(inputs.calibration, found)
    for number, step in enumerate(steps.file, start=len(steps.network)):
        progress.update(number / len(steps.steps), message=step.title)
        result = folder_of(context, f"step-{number + 1}") / path.name
        began = time.monotonic()
        warnings = step.apply(path, result, materials)
        report = StepReport(
            name=step.title,
            seconds=round(time.monotonic() - began, 3),
            message=f"The model has {model_bytes(result):,} bytes, and had {model_bytes(path):,} before this step.",
        )
        done.append(Done(report, warnings=warnings))
        path = result
    return exported, path, done


def _sample(inputs: Inputs) -> Sequence[Row]:
    return inputs.rows or inputs.calibration or inputs.subject.placeholder_rows()


def _tools(context: RunContext, inputs: Inputs, count: int, opset: int) -> list[Tools]:
    def teacher(source: ResolvedModel) -> Subject:
        model = context.store.model(source)
        inputs.lineage.append(LineageEntry(role="Teacher", uri=model.uri, digest=model.digest))
        return load(context.config, model)

    learning = Learning(context, inputs.model, inputs.train)

    def untouched() -> Subject:
        return load(context.config, inputs.model)

    return [
        Tools(
            inputs.calibration,
            learning,
            context.checkpoints / str(number + 1),
            teacher,
            untouched if number else None,
            context.workspace,
            opset,
        )
        for number in range(count)
    ]


def folder_of(context: RunContext, name: str) -> Path:
    """Make a folder of the workspace."""
    folder = context.workspace / name
    folder.mkdir()
    return folder

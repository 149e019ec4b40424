"""Runs a CompressionJob.

"Before" is the model's own export in FP32, "after" is the artifact: the same runtime, thread and rows, so that a
difference is the compression's and not PyTorch's. Sizes are those of the files.
"""

import logging
import shutil
import time
from pathlib import Path

import torch
import transformers

from hone.compress.inputs import Inputs, check_data, fetch
from hone.compress.learning import Learning
from hone.compress.measuring import Quality, compare_quality, compare_speed, whole
from hone.compress.model import copy_config, load
from hone.compress.network import Done, carry_out
from hone.compress.steps import plan
from hone.compress.story import write_story
from hone.compress.subject import Subject
from hone.compress.targets import target_of
from hone.compress.technique import Materials, Plan, Tools
from hone.contract import Comparison, ExportSummary, LineageEntry, Metrics, StepReport
from hone.contract.source import ResolvedModel
from hone.device import thread_count
from hone.evaluate.opening import open_classifier
from hone.evaluate.size import onnx_bytes
from hone.export import ExportedClassifier
from hone.gate import decide
from hone.runtime import RunContext, RunOutcome
from hone.store.model import NETWORK

log = logging.getLogger(__name__)

MODEL = "model.onnx"


def run(context: RunContext) -> RunOutcome:
    """Reads, exports, compresses, measures, saves."""
    config, progress = context.config, context.progress
    # First what needs no reading: a step or format without an executor is refused in the first second.
    target = target_of(config.export)
    steps = plan(target.complete(config.steps or []))
    check_data(config, steps)
    torch.set_num_threads(thread_count())
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    compressing = 100 if steps.trains else 12
    progress.plan(
        {"Fetching": 8, "Exporting": 16, "Compressing": compressing, "Evaluating": 34, "Measuring": 7, "Saving": 1}
    )

    with progress.phase("Fetching"):
        inputs = fetch(context, steps)
    with progress.phase("Exporting"):
        exported = _export(context, inputs, target.opset, "before")
        before = target.baseline(exported.path, _folder(context, "baseline"), exported.batches)
        if not steps.network:
            # From here on only files are worked on, and the network's memory goes back first.
            inputs.subject.release_network()
    with progress.phase("Compressing"):
        exported, path, done = _compress(context, steps, exported, inputs, target.opset)
        delivered = target.write(path, _folder(context, "delivered"), inputs.subject.task)
        after = delivered.path
        parity = exported.samples.parity(open_classifier(after))
    warnings = [*inputs.warnings, *(warning for one in done for warning in one.warnings), *delivered.warnings]
    with progress.phase("Evaluating"):
        quality = _evaluate(context, inputs, before, after, warnings)
    with progress.phase("Measuring"):
        metrics = _measure(context, inputs, before, after, quality, warnings, for_gpu=inputs.for_gpu or target.for_gpu)
    with progress.phase("Saving"):
        for file in after.parent.iterdir():
            shutil.copyfile(file, context.output / file.name)
        inputs.subject.save_beside(context.output)
        copy_config(context.output / NETWORK if steps.network else inputs.model.path, context.output / "config.json")
        if done:
            write_story(done, context.output)

    for sentence in decide(config.gate, metrics.comparison or Comparison()).sentences:
        log.info("%s", sentence)
    return RunOutcome(
        model_format=target.stored,
        model_path=after.name,
        task=inputs.subject.task,
        lineage=inputs.lineage,
        metrics=metrics,
        steps=[one.report for one in done],
        export=ExportSummary(format=target.name, opset=delivered.opset, parity=parity, message=delivered.message),
        warnings=warnings,
    )


def _export(context: RunContext, inputs: Inputs, opset: int, name: str) -> ExportedClassifier:
    path = _folder(context, name) / MODEL
    subject = inputs.subject
    sample = inputs.rows or inputs.calibration or subject.placeholder_rows()
    exported = subject.export(sample, path, opset)
    difference = exported.parity.largest_difference
    log.info("Exported with opset %d; the answers are within %.1e of PyTorch's.", opset, difference)
    context.progress.update(1.0, message=f"opset {opset}, within {difference:.1e} of PyTorch")
    return exported


def _compress(
    context: RunContext, steps: Plan, exported: ExportedClassifier, inputs: Inputs, opset: int
) -> tuple[ExportedClassifier, Path, list[Done]]:
    done, progress = list[Done](), context.progress
    share = len(steps.network) / max(len(steps.steps), 1)
    if steps.network:
        tools = _tools(context, inputs, len(steps.network))
        with progress.part(0.0, share):
            done += carry_out(inputs.subject, steps.network, tools, progress)
        inputs.subject.save_network(context.output / NETWORK)
        exported = _export(context, inputs, opset, "network")
        inputs.subject.release_network()
    path = exported.path
    materials = Materials(inputs.calibration)
    for number, step in enumerate(steps.file, start=len(steps.network)):
        progress.update(number / len(steps.steps), message=step.title)
        target = _folder(context, f"step-{number + 1}") / MODEL
        began = time.monotonic()
        warnings = step.apply(path, target, materials)
        report = StepReport(
            name=step.title,
            seconds=round(time.monotonic() - began, 3),
            message=f"The model has {onnx_bytes(target):,} bytes, and had {onnx_bytes(path):,} before this step.",
        )
        done.append(Done(report, warnings=warnings))
        path = target
    return exported, path, done


def _tools(context: RunContext, inputs: Inputs, count: int) -> list[Tools]:
    def teacher(source: ResolvedModel) -> Subject:
        model = context.store.model(source)
        inputs.lineage.append(LineageEntry(role="Teacher", uri=model.uri, digest=model.digest))
        return load(context.config, model)

    learning = Learning(context, inputs.model, inputs.train)
    folders = [context.checkpoints / str(number + 1) for number in range(count)]
    return [Tools(inputs.calibration, learning, folder, teacher) for folder in folders]


def _evaluate(context: RunContext, inputs: Inputs, before: Path, after: Path, warnings: list[str]) -> Quality:
    if (truth := inputs.truth) is None:
        warnings.append(
            "There is no evaluation data, so nothing is known of the accuracy; name it in dataset.evaluation."
        )
        return Quality()
    total = 2 * len(inputs.rows)

    def tell(done: int) -> None:
        context.progress.update(done / total, step=done, total_steps=total, message=f"{done} of {total} answers")

    return compare_quality(
        before,
        after,
        inputs.rows,
        inputs.subject.keep(truth),
        lambda kept: inputs.subject.answers(kept, truth),
        thread_count(),
        tell,
    )


def _measure(
    context: RunContext,
    inputs: Inputs,
    before: Path,
    after: Path,
    quality: Quality,
    warnings: list[str],
    *,
    for_gpu: bool,
) -> Metrics:
    rows = inputs.rows or inputs.calibration
    speed = compare_speed(before, after, rows, context.progress.update) if rows and not for_gpu else None
    if not rows:
        warnings.append(
            "There are no rows to answer, so nothing is known of the speed; name them in dataset.evaluation."
        )
    if not for_gpu:
        return whole(quality, speed, before, after)
    # A figure of another class of device would pass or fail the gate by chance.
    warnings.append("The artifact is for TensorRT and this is a processor, so its speed is not known yet.")
    return whole(quality, None, before, after, "the artifact is for TensorRT, and the run had a processor")


def _folder(context: RunContext, name: str) -> Path:
    folder = context.workspace / name
    folder.mkdir()
    return folder

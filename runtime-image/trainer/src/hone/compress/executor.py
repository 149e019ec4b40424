"""Runs a CompressionJob.

"Before" is the model's own export in FP32, "after" is the artifact: the same runtime, thread and rows, so that a
difference is the compression's and not PyTorch's. Sizes are those of the files.
"""

import logging
import shutil
from pathlib import Path

import torch
import transformers

from hone.compress.inputs import Inputs, check_data, fetch
from hone.compress.measuring import Quality, compare_quality, compare_speed, whole
from hone.compress.model import copy_config
from hone.compress.recipe import compress, export_network, folder_of
from hone.compress.steps import plan
from hone.compress.story import write_story
from hone.compress.targets import target_of
from hone.contract import Comparison, ExportSummary, Metrics
from hone.device import thread_count
from hone.evaluate.opening import open_classifier
from hone.gate import decide
from hone.runtime import RunContext, RunOutcome
from hone.store.model import NETWORK

log = logging.getLogger(__name__)


def run(context: RunContext) -> RunOutcome:
    """Reads, exports, compresses, measures, saves."""
    config, progress = context.config, context.progress
    # First what needs no reading: a step or format without an executor is refused in the first second.
    target = target_of(config.export)
    steps = plan(target.complete(config.steps or []), target.quantizer)
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
        exported = export_network(context, inputs, target, "before")
        before = target.baseline(exported.path, folder_of(context, "baseline"), exported.batches)
        if not steps.network:
            # From here on only files are worked on, and the network's memory goes back first.
            inputs.subject.release_network()
    with progress.phase("Compressing"):
        exported, path, done = compress(context, steps, exported, inputs, target)
        delivered = target.write(path, folder_of(context, "delivered"), inputs.subject.task)
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

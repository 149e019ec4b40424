"""Carries out the steps that change the network, each once: what a pod before has finished is loaded."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hone.compress.figures import figures_of
from hone.compress.model import reload
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract import StepReport
from hone.errors import RunError
from hone.models import save_pretrained
from hone.progress import Progress
from hone.training.checkpoints import CheckpointFailed, is_whole, publish

DONE = "done"
_REPORT = "report.json"
_LONGEST = 1024


@dataclass(frozen=True)
class Done:
    """A step that was carried out: what the status says of it, and what compression.json says beyond that."""

    report: StepReport
    layers: Sequence[Any] = ()
    warnings: Sequence[str] = ()


def carry_out(subject: Subject, steps: Sequence[NetworkStep], tools: Sequence[Tools], progress: Progress) -> list[Done]:
    """Apply all steps in their order; `subject.network` is another one after it, in evaluation mode.

    Each finished step's network is saved below its tools' checkpoints, and the next pod goes on from the last of them.
    """
    finished = [number for number in range(len(steps)) if is_whole(tools[number].checkpoints / DONE)]
    first = finished[-1] + 1 if finished else 0
    done = [_read(one.checkpoints / DONE) for one in tools[:first]]
    if first:
        reload(subject, tools[first - 1].checkpoints / DONE)
    for number in range(first, len(steps)):
        step, own = steps[number], tools[number]
        with progress.part(number / len(steps), (number + 1) / len(steps)):
            progress.update(0.0, message=step.title)
            began = time.monotonic()
            applied = step.apply(subject, own)
            subject.network.eval()
            done.append(_done(step.title, applied, subject, round(time.monotonic() - began, 3)))
        _save(subject, done[-1], own.checkpoints)
    return done


def _done(title: str, applied: Applied, subject: Subject, seconds: float) -> Done:
    figures = {**figures_of(subject), **applied.figures}
    report = StepReport(name=title, seconds=seconds, message=applied.message[:_LONGEST], **figures)
    return Done(report, [dict(layer) for layer in applied.layers], list(applied.warnings))


def _save(subject: Subject, done: Done, checkpoints: Path) -> None:
    def write(folder: Path) -> None:
        save_pretrained(subject.network, folder)
        document = {"report": json.loads(done.report.to_json()), "layers": done.layers, "warnings": done.warnings}
        (folder / _REPORT).write_text(json.dumps(document), encoding="utf-8")

    checkpoints.mkdir(parents=True, exist_ok=True)
    try:
        publish(checkpoints / DONE, write)
    except CheckpointFailed as error:
        raise RunError(
            "OutputNotWritable",
            f"What {done.report.name} made can't be kept ({error}); give the output's volume more room.",
        ) from error
    # The training's own checkpoints have served their time.
    for path in checkpoints.iterdir():
        if path.name != DONE:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _read(folder: Path) -> Done:
    document = json.loads((folder / _REPORT).read_bytes())
    report = StepReport.model_validate_json(json.dumps(document["report"]))
    return Done(report, document["layers"], document["warnings"])

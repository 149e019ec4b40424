"""The journal of a training: every step and evaluation as a line, written while it runs, so that nothing is forgotten.

It lives beside the checkpoints and outlives the pod: what a killed run had done is known to the next one, and the
loss curve of a run that was resumed has neither gaps nor doubles.
"""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone.contract import Resumes

NAME = "journal.jsonl"


@dataclass(frozen=True)
class LossPoint:
    """One optimizer step; the loss is None where it was no finite number."""

    step: int
    epoch: float
    loss: float | None
    learning_rate: float
    skipped: bool = False

    def document(self) -> dict[str, Any]:
        """The point as a line of the curve."""
        line: dict[str, Any] = {
            "step": self.step,
            "epoch": self.epoch,
            "loss": self.loss,
            "learningRate": self.learning_rate,
        }
        return {**line, "skipped": True} if self.skipped else line


@dataclass(frozen=True)
class EvaluationPoint:
    """What was measured on the evaluation data after a step: figures by their name, and the one to go by."""

    step: int
    epoch: float
    metric: str
    figures: dict[str, float]

    def document(self) -> dict[str, Any]:
        """The point as a line of the curve."""
        return {"step": self.step, "epoch": self.epoch, "metric": self.metric, "evaluation": self.figures}


@dataclass(frozen=True)
class Curve:
    """The points of a training, in their order."""

    points: list[LossPoint] = field(default_factory=list)
    evaluations: list[EvaluationPoint] = field(default_factory=list)

    def documents(self) -> list[dict[str, Any]]:
        """All points by step; an evaluation comes after the step that it follows."""
        entries = [(p.step, 0, p.document()) for p in self.points]
        entries += [(e.step, 1, e.document()) for e in self.evaluations]
        return [document for *_, document in sorted(entries, key=lambda entry: entry[:2])]


class Journal:
    """Appends as the training goes on. Lines go to the operating system at once: a killed process loses none."""

    def __init__(self, root: Path) -> None:
        self._path = root / NAME
        self._writes = True
        self.curve = Curve()
        #: The thread count with which the first pod started; other sums would round otherwise.
        self.threads: int | None = None
        #: The run on a tracking server that the first pod started.
        self.tracking_run: str | None = None
        self._resumes = 0
        self._lost = 0
        self._read()

    @property
    def resumes(self) -> Resumes:
        """How often a pod went on, and what was lost."""
        return Resumes(count=self._resumes, lost_steps=self._lost)

    @property
    def last_step(self) -> int:
        """The last step that any pod has finished."""
        return self.curve.points[-1].step if self.curve.points else 0

    @property
    def skipped_steps(self) -> int:
        """How many steps an overflow cost."""
        return sum(point.skipped for point in self.curve.points)

    def start(self, step: int, threads: int) -> int:
        """Begin with the state after `step`: what was done after it is lost, and forgotten in the curve.

        Returns:
            How many steps were lost.
        """
        lost = max(self.last_step - step, 0)
        if self.threads is not None:
            self._resumes += 1
            self._lost += lost
        else:
            self.threads = threads
        self.curve = Curve(
            [point for point in self.curve.points if point.step <= step],
            [point for point in self.curve.evaluations if point.step <= step],
        )
        self._rewrite()
        return lost

    def write_nothing(self) -> None:
        """Keep up in memory alone, in a process that is not the first of its group."""
        self._writes = False

    def step(self, point: LossPoint) -> None:
        """Note a step."""
        self.curve.points.append(point)
        self._append(point.document())

    def evaluation(self, point: EvaluationPoint) -> None:
        """Note an evaluation."""
        self.curve.evaluations.append(point)
        self._append(point.document())

    def track(self, run: str) -> None:
        """Note the run on a tracking server."""
        self.tracking_run = run
        self._append({"trackingRun": run})

    def _header(self) -> dict[str, Any]:
        header: dict[str, Any] = {"threads": self.threads, "resumes": self._resumes, "lostSteps": self._lost}
        return header if self.tracking_run is None else {**header, "trackingRun": self.tracking_run}

    def _append(self, document: dict[str, Any]) -> None:
        if not self._writes:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(document) + "\n")

    def _rewrite(self) -> None:
        if not self._writes:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{NAME}.tmp")
        with temporary.open("w", encoding="utf-8") as file:
            for document in (self._header(), *self.curve.documents()):
                file.write(json.dumps(document) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._path)

    def _read(self) -> None:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                document = json.loads(line)
            except ValueError:
                # The pod was killed while it wrote its last line.
                continue
            self._take(document)

    def _take(self, document: dict[str, Any]) -> None:
        if "threads" in document:
            self.threads = document["threads"]
            self._resumes, self._lost = document["resumes"], document["lostSteps"]
        if "trackingRun" in document:
            self.tracking_run = document["trackingRun"]
        if "evaluation" in document:
            self.curve.evaluations.append(
                EvaluationPoint(document["step"], document["epoch"], document["metric"], document["evaluation"])
            )
        elif "loss" in document:
            self.curve.points.append(
                LossPoint(
                    document["step"],
                    document["epoch"],
                    document["loss"],
                    document["learningRate"],
                    document.get("skipped", False),
                )
            )


def finite(value: float) -> float | None:
    """The value, or None where JSON has no number for it."""
    return value if math.isfinite(value) else None

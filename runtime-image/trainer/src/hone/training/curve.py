"""The loss curve as files: JSON Lines, TensorBoard's events and a picture."""

import json
import shutil
import tempfile
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from hone.training.journal import Curve

#: Where the curve stands in the artifact.
LOSS_CURVE = "loss.jsonl"
PICTURE = "loss.png"
#: TensorBoard finds event files by the middle of their name; `tensorboard --logdir ARTIFACT` shows them.
EVENTS = "tensorboard/events.out.tfevents.0.hone"


def write_curve(curve: Curve, output: Path) -> None:
    """Write the whole series in three ways."""
    with (output / LOSS_CURVE).open("w", encoding="utf-8") as file:
        for document in curve.documents():
            file.write(json.dumps(document) + "\n")
    _write_events(curve, output / EVENTS)
    _draw(curve, output / PICTURE)


def scalars(curve: Curve) -> list[tuple[str, int, float]]:
    """Return name, step and value of all that is a number in the curve."""
    found: list[tuple[str, int, float]] = []
    for point in curve.points:
        if point.loss is not None:
            found.append(("train/loss", point.step, point.loss))
        found.append(("train/learningRate", point.step, point.learning_rate))
    for evaluated in curve.evaluations:
        found += [(f"evaluation/{name}", evaluated.step, value) for name, value in evaluated.figures.items()]
    return found


def _write_events(curve: Curve, path: Path) -> None:
    path.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        writer = EventFileWriter(folder)
        for name, step, value in scalars(curve):
            summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            writer.add_event(Event(step=step, wall_time=0.0, summary=summary))
        writer.close()
        # TensorBoard's own name has the host and the time in it.
        (written,) = Path(folder).iterdir()
        shutil.move(written, path)


def _draw(curve: Curve, path: Path) -> None:
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    losses = [(point.step, point.loss) for point in curve.points if point.loss is not None]
    axes.plot(*zip(*losses, strict=True), linewidth=1, label="training")
    measured = [(point.step, point.figures["loss"]) for point in curve.evaluations if "loss" in point.figures]
    if measured:
        axes.plot(*zip(*measured, strict=True), marker="o", markersize=3, label="evaluation")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Software": None})

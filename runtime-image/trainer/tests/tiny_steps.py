"""A network step on its own, without the exports and measurements of a whole job."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import Workbench
from hone.compress.learning import Learning
from hone.compress.model import load
from hone.compress.subject import Subject
from hone.compress.technique import Tools
from hone.contract import ProgressReport
from hone.interrupt import Interrupt
from hone.progress import Progress
from hone.runtime import RunContext
from hone.store import Store


@contextmanager
def opened(
    bench: Workbench, checkpoints: Path, stop_at: int | None = None, **job: Any
) -> Iterator[tuple[Subject, Tools]]:
    """The model of a job, and what its first step gets to work with; it is interrupted after so many steps."""
    interrupt = Interrupt()

    def listen(report: ProgressReport) -> None:
        if stop_at is not None and (report.step or 0) >= stop_at:
            interrupt.requested = True

    config = bench.config(**job)
    store = Store.of(config)
    model = store.model(config.model)
    subject = load(config, model)
    progress = Progress(config.hash, listen)
    progress.plan({"Compressing": 1})
    context = RunContext(config, store, progress, interrupt, checkpoints, checkpoints, checkpoints)
    train = config.dataset.train
    learning = Learning(context, model, store.data(train) if train is not None else None)
    calibration = config.dataset.calibration
    rows = subject.read_inputs(store.data(calibration), calibration, 64) if calibration is not None else []
    with progress.phase("Compressing"):
        yield (
            subject,
            Tools(rows, learning, checkpoints, lambda source: load(config, store.model(source)), None, checkpoints, 20),
        )

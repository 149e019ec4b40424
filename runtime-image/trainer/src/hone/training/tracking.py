"""Tells a training to tracking servers. What they are told is never worth a run: a server that is away is warned of."""

import logging
import os
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from hone.contract import JobConfig
from hone.contract.training import MlFlow
from hone.errors import RunError
from hone.training.journal import EvaluationPoint, Journal, LossPoint

log = logging.getLogger(__name__)

_BATCH = 500
_PATIENCE = 20.0
_Metric = tuple[str, float, int, int]


class Tracker(Protocol):
    """Hears of a training."""

    def start(self, journal: Journal) -> None:
        """The training begins, or goes on."""

    def step(self, point: LossPoint) -> None:
        """A step was done."""

    def evaluation(self, point: EvaluationPoint) -> None:
        """The model was evaluated."""


class MlFlowTracker:
    """Writes to MLflow from a thread of its own, so that a slow server makes no step slower.

    Use it as a context manager: its end tells MLflow how the run ended. `warnings` says what went wrong.
    """

    def __init__(self, target: MlFlow, config: JobConfig) -> None:
        self._target = target
        self._experiment = target.experiment or f"{config.namespace}/{config.name}"
        self._name = config.artifact_name
        self._tags = {f"hone.dev/{key}": getattr(config, key) for key in ("kind", "namespace", "name", "hash")}
        self._parameters = _flat(config.model_dump(by_alias=True, exclude_none=True, include=_TOLD))
        self._queue: queue.SimpleQueue[_Metric | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._journal: Journal | None = None
        self._failure: str | None = None
        self._status = "FAILED"

    @property
    def warnings(self) -> list[str]:
        """What the user has to know."""
        if self._failure is None:
            return []
        return [
            f"The tracking server {self._target.uri} was not told of the whole run ({self._failure}); the artifact has "
            "the whole loss curve. Check spec.tracking.mlflow.uri and the server."
        ]

    def __enter__(self) -> "MlFlowTracker":
        """Begin when the training does."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Tell how it ended, and wait for the server, but not for long."""
        self._status = "FINISHED" if error is None else "KILLED" if _is_interrupt(error) else "FAILED"
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                self._failure = self._failure or f"it did not answer within {_PATIENCE:.0f} s"

    def start(self, journal: Journal) -> None:
        """Begin a run, or go on with the one that the pod before has begun."""
        self._journal = journal
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._thread.start()

    def step(self, point: LossPoint) -> None:
        """Tell loss and learning rate."""
        if point.loss is not None:
            self._put("train/loss", point.loss, point.step)
        self._put("train/learningRate", point.learning_rate, point.step)

    def evaluation(self, point: EvaluationPoint) -> None:
        """Tell all figures."""
        for name, value in point.figures.items():
            self._put(f"evaluation/{name}", value, point.step)

    def _put(self, name: str, value: float, step: int) -> None:
        if self._failure is None:
            self._queue.put((name, value, int(time.time() * 1000), step))

    def _work(self) -> None:
        try:
            self._tell()
        except Exception as error:
            # Whatever MLflow raises: the run goes on.
            self._failure = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            log.warning("%s", self.warnings[0])

    def _tell(self) -> None:
        # MLflow tries for minutes otherwise.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow.entities import Metric
        from mlflow.tracking import MlflowClient

        client = MlflowClient(self._target.uri)
        run = self._run(client)
        ended = False
        while not ended:
            batch = [self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            ended = batch[-1] is None
            metrics = [Metric(*metric) for metric in batch if metric is not None]
            if metrics:
                client.log_batch(run, metrics=metrics)
        client.set_terminated(run, self._status)

    def _run(self, client: Any) -> str:  # noqa: ANN401 - MLflow is untyped
        assert self._journal is not None  # noqa: S101 - start() comes first
        if self._journal.tracking_run is not None:
            client.update_run(self._journal.tracking_run, status="RUNNING")
            return self._journal.tracking_run
        found = client.get_experiment_by_name(self._experiment)
        experiment = found.experiment_id if found is not None else client.create_experiment(self._experiment)
        run = str(client.create_run(experiment, run_name=self._name, tags=self._tags).info.run_id)
        self._journal.track(run)
        for name, value in self._parameters.items():
            client.log_param(run, name, value)
        return run


#: The parts of a configuration that are an MLflow run's parameters.
_TOLD = {"model", "dataset", "task", "method", "precision", "training", "checkpoint", "evaluation"}


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = str(value)[:500]
    return found


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, RunError) and error.reason == "Interrupted"

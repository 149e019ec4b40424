"""MLflow, against its real file store, and against a server that is not there."""

import json
import socket

import pytest
from mlflow.tracking import MlflowClient

from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.job import run_job

TRAINING = {"steps": 8, "batchSize": 8, "learningRate": 0.01, "seed": 1}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "mlflow").as_uri()


def only_run(store: str, experiment: str = "default/tiny"):
    client = MlflowClient(store)
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    return client, run


def test_mlflow_is_told_the_whole_series_and_what_was_run(bench, store):
    bench.run(training=TRAINING, evaluation={"everySteps": 4}, tracking={"mlflow": {"uri": store}})
    client, run = only_run(store)
    lines = [json.loads(line) for line in (bench.artifact() / "loss.jsonl").read_text().splitlines()]
    losses = client.get_metric_history(run.info.run_id, "train/loss")
    assert [(metric.step, metric.value) for metric in losses] == [
        (line["step"], line["loss"]) for line in lines if "loss" in line
    ]
    measured = client.get_metric_history(run.info.run_id, "evaluation/accuracy")
    assert [metric.step for metric in measured] == [4, 8]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "tiny-abc123"
    assert run.data.params["method.lora.rank"] == "4"
    assert run.data.params["training.learningRate"] == "0.01"
    assert run.data.tags["hone.dev/hash"] == "abc123"


def test_a_run_that_goes_on_is_the_same_run_in_mlflow(bench, store):
    changes = {"training": TRAINING, "tracking": {"mlflow": {"uri": store, "experiment": "mails"}}}
    interrupt = Interrupt()

    def listener(report) -> None:
        interrupt.requested = interrupt.requested or report.step == 3

    with pytest.raises(RunError):
        run_job(bench.config(**changes), listener, interrupt)
    _, run = only_run(store, "mails")
    assert run.info.status == "KILLED"
    bench.run(**changes)
    client, run = only_run(store, "mails")
    assert run.info.status == "FINISHED"
    losses = client.get_metric_history(run.info.run_id, "train/loss")
    assert [metric.step for metric in losses] == list(range(1, 9))


def test_a_tracking_server_that_is_away_costs_a_warning_and_not_the_run(bench, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = bench.run(training=TRAINING, tracking={"mlflow": {"uri": f"http://127.0.0.1:{port}"}})
    assert result.training.steps == 8
    (warning,) = result.warnings
    assert f"The tracking server http://127.0.0.1:{port} was not told of the whole run" in warning
    assert "spec.tracking.mlflow.uri" in warning

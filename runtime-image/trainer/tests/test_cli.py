"""The command as a pod runs it: a process of its own, reports over HTTPS, signals, exit codes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from contract_samples import SAMPLES, schemas
from hone import __version__
from hone.cli import _explain, main
from hone.contract import RunResult
from hone.device import cpu_limit, thread_count
from report_server import OK, report_server
from sources import SOURCES


@pytest.fixture
def server(tmp_path: Path):
    with report_server(tmp_path / "server") as running:
        yield running


class Pod:
    """Runs `hone run` and kills what a failed test leaves running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.termination = folder / "termination-log"
        self.processes: list[subprocess.Popen] = []

    def start(self, config: Path) -> subprocess.Popen:
        self.termination.write_bytes(b"")
        environment = {**os.environ, "PYTHONPATH": SOURCES, "HONE_TERMINATION_LOG": str(self.termination)}
        process = subprocess.Popen(
            [sys.executable, "-m", "hone", "run", "--config", str(config)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run(self, config: Path, code: int) -> str:
        process = self.start(config)
        out, err = process.communicate(timeout=150)
        assert process.returncode == code, err
        return out

    def message(self) -> dict:
        return json.loads(self.termination.read_bytes())


@pytest.fixture
def pod(tmp_path: Path):
    running = Pod(tmp_path)
    yield running
    for process in running.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def report_of(server) -> dict:
    return json.loads(server.report.to_json())


def test_a_run_reports_its_progress_and_its_result_and_the_next_one_reuses_it(bench, server, pod, tmp_path):
    # The operator is away for the first two calls.
    server.reply = lambda path, call: (503, {}, {"Retry-After": "0"}) if path == "result" and call < 3 else OK
    config = bench.write_config(tmp_path / "job.json", report=report_of(server))
    out = json.loads(pod.run(config, code=0))
    schemas()["result"].validate(out)
    assert server.calls["result"] == 3
    assert server.received["result"] == [out]
    assert pod.message() == out
    assert out["reused"] is False
    reports = server.received["progress"]
    assert reports
    percents = [report["percent"] for report in reports]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    for report in reports:
        schemas()["progress"].validate(report)

    again = json.loads(pod.run(config, code=0))
    assert again == {**out, "reused": True}
    assert server.received["result"][1] == again


def test_killed_then_stopped_then_done_is_as_if_nothing_had_happened(bench, server, pod, tmp_path):
    training = {"steps": 200, "batchSize": 8, "learningRate": 0.003, "seed": 1}
    changes = {"training": training, "checkpoint": {"everySteps": 10}}
    bench.run(**changes, hash="whole")
    config = bench.write_config(tmp_path / "job.json", **changes, report=report_of(server))
    folder = bench.claim / "artifacts/.checkpoints/tiny-abc123"

    def reached(step: int):
        return lambda: any(report.get("step", 0) >= step for report in server.received["progress"])

    killed = pod.start(config)
    server.wait_for(reached(12))
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL
    assert not (bench.artifact() / "manifest.json").exists()
    lost = max(report.get("step", 0) for report in server.received["progress"])
    assert lost < 200

    stopped = pod.start(config)
    server.wait_for(reached(lost + 10))
    stopped.send_signal(signal.SIGTERM)
    assert stopped.wait(timeout=60) == 143
    assert pod.message()["reason"] == "Interrupted"
    schemas()["failure"].validate(pod.message())
    saved = max(int(path.name.rpartition("-")[2]) for path in folder.glob("checkpoint-*"))

    result = RunResult.model_validate_json(pod.run(config, code=0))
    assert result.training.resumed_from_step == saved > 10
    assert (bench.artifact() / "loss.jsonl").read_bytes() == (bench.artifact("whole") / "loss.jsonl").read_bytes()
    assert (bench.artifact() / "model/model.safetensors").read_bytes() == (
        bench.artifact("whole") / "model/model.safetensors"
    ).read_bytes()


def test_a_bad_configuration_is_told_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HONE_TERMINATION_LOG", str(tmp_path / "log"))
    for path in sorted((SAMPLES / "invalid").glob("job-config.*.json")):
        assert main(["run", "--config", str(path)]) == 64
        message = json.loads((tmp_path / "log").read_bytes())
        schemas()["failure"].validate(message)
        assert message["reason"] == "ConfigInvalid"
        assert str(path) in message["message"]
        assert main(["validate", "--config", str(path)]) == 64
    assert "method.rank" not in message["message"]
    assert main(["run", "--config", str(tmp_path / "none.json")]) == 64
    assert main(["validate", "--config", str(SAMPLES / "valid/job-config.finetune.json")]) == 0
    assert "is valid: FineTuneJob spam-lora-a1b2c3d4e5" in capsys.readouterr().out


def test_bad_data_ends_with_64_and_a_termination_message(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HONE_TERMINATION_LOG", str(tmp_path / "log"))
    columns = {"text": "text", "label": "target"}
    config = bench.write_config(tmp_path / "job.json", dataset={**bench.document["dataset"], "columns": columns})
    assert main(["run", "--config", str(config)]) == 64
    message = json.loads((tmp_path / "log").read_bytes())
    assert message["reason"] == "DatasetColumnMissing"
    assert "spec.dataset.columns.label" in message["message"]
    assert capsys.readouterr().out == ""


def test_the_version_is_told(capsys):
    with contextlib.suppress(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"hone {__version__}\n"


@pytest.mark.parametrize("allocate", [lambda: bytearray(1 << 60), lambda: torch.empty(1 << 55)])
def test_too_little_memory_is_told_as_that(allocate):
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        allocate()
    error = _explain(caught.value)
    assert error.reason == "OutOfMemory"
    assert "spec.resources.memory" in error.message


def test_threads_follow_the_control_group(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= thread_count() <= len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert thread_count() == 3
    v2, v1 = tmp_path / "cpu.max", tmp_path / "cpu"
    assert cpu_limit(v2, v1) is None
    v1.mkdir()
    (v1 / "cpu.cfs_quota_us").write_text("-1\n")
    (v1 / "cpu.cfs_period_us").write_text("100000\n")
    assert cpu_limit(v2, v1) is None
    (v1 / "cpu.cfs_quota_us").write_text("150000\n")
    assert cpu_limit(v2, v1) == 1.5
    v2.write_text("max 100000\n")
    assert cpu_limit(v2, v1) is None
    v2.write_text("200000 100000\n")
    assert cpu_limit(v2, v1) == 2.0

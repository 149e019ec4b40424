"""Pods of a run on several nodes, as processes of this machine: how they end when one of them does."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from torch import distributed

from hone.contract import Failure, RunResult
from hone.contract.training import Distributed
from hone.distributed.launch import cause, command
from hone.distributed.membership import Pulse
from hone.distributed.peers import lost_peer
from hone.distributed.settings import Timeouts
from hone.errors import RunError
from report_server import report_server
from sources import SOURCES

TRAINING = {"steps": 400, "batchSize": 4, "learningRate": 0.003, "seed": 1}
#: Generous for a busy machine; what is measured is that nobody waits for ever.
BOUND = 90


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Pods:
    """Starts `hone run` as the containers of an Indexed Job, and leaves nothing running."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder = folder
        self._config = config
        self._pods: list[subprocess.Popen] = []

    def start(self, **environment: str) -> list[subprocess.Popen]:
        port = str(free_port())
        self._pods = []
        for index in (0, 1):
            self._log(index).write_bytes(b"")
            self._pods.append(
                subprocess.Popen(
                    [sys.executable, "-m", "hone", "run", "--config", str(self._config)],
                    env={
                        **os.environ,
                        "PYTHONPATH": SOURCES,
                        "MASTER_ADDR": "127.0.0.1",
                        "MASTER_PORT": port,
                        "JOB_COMPLETION_INDEX": str(index),
                        "HONE_TERMINATION_LOG": str(self._log(index)),
                        "TMPDIR": str(self._folder),
                        **environment,
                    },
                    stdout=subprocess.PIPE,
                    stderr=(self._folder / f"stderr-{index}").open("wb"),
                    text=True,
                    start_new_session=True,
                )
            )
        return self._pods

    def signal(self, index: int, number: int) -> None:
        """Send a signal to every process of a pod, as the kernel does when its container goes."""
        for process in descendants(self._pods[index].pid):
            os.kill(process, number)

    def end(self, index: int) -> int:
        """Wait until a pod has ended; a pod that hangs fails the test."""
        return self._pods[index].wait(timeout=BOUND)

    def failure(self, index: int) -> Failure:
        return Failure.model_validate_json(self._log(index).read_bytes())

    def stderr(self, index: int) -> str:
        return (self._folder / f"stderr-{index}").read_text()

    def kill(self) -> None:
        for index, pod in enumerate(self._pods):
            if pod.poll() is None:
                self.signal(index, signal.SIGKILL)
            pod.communicate()

    def _log(self, index: int) -> Path:
        return self._folder / f"termination-{index}"


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, itself last."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in children for found in descendants(int(child))] + [pid]


@pytest.fixture
def server(tmp_path: Path):
    with report_server(tmp_path / "server") as running:
        yield running


@pytest.fixture
def pods(bench, server, tmp_path: Path):
    config = bench.write_config(
        tmp_path / "job.json",
        training=TRAINING,
        checkpoint={"everySteps": 10},
        distributed={"nodes": 2, "processesPerNode": 1},
        report=json.loads(server.report.to_json()),
    )
    running = Pods(tmp_path, config)
    yield running
    running.kill()


@pytest.mark.timeout(900)
def test_pods_end_together_whatever_ends_one_of_them_and_go_on_together(bench, server, pods):
    def steps() -> int:
        return max((report.get("step", 0) for report in server.received["progress"]), default=0)

    # The node of the second pod is lost: the first one hears of it at once.
    pods.start()
    server.wait_for(lambda: steps() >= 15, timeout=180)
    pods.signal(1, signal.SIGKILL)
    assert pods.end(0) == 1, pods.stderr(0)
    assert pods.failure(0).reason == "PeerLost"
    assert pods.end(1) == -signal.SIGKILL

    # The second pod is told to stop: both save after the same step.
    reached = steps()
    pods.start()
    server.wait_for(lambda: steps() >= reached + 10, timeout=180)
    os.kill(pods._pods[1].pid, signal.SIGTERM)
    assert [pods.end(index) for index in (0, 1)] == [143, 143], pods.stderr(0)
    assert [pods.failure(index).reason for index in (0, 1)] == ["Interrupted", "Interrupted"]

    # The second pod falls silent without ending: the first one gives up after a while.
    reached = steps()
    pods.start(HONE_COLLECTIVE_TIMEOUT_SECONDS="5")
    server.wait_for(lambda: steps() >= reached + 10, timeout=180)
    pods.signal(1, signal.SIGSTOP)
    assert pods.end(0) == 1, pods.stderr(0)
    assert pods.failure(0).reason == "PeerLost"
    pods.signal(1, signal.SIGKILL)

    # The next ones come to the end.
    first, second = pods.start()
    out = first.communicate(timeout=300)[0]
    assert first.returncode == 0, pods.stderr(0)
    assert second.wait(timeout=BOUND) == 0, pods.stderr(1)
    result = RunResult.model_validate_json(out)
    assert result.resumes.count == 3
    assert result.training.resumed_from_step > 20
    curve = [json.loads(line) for line in (bench.artifact() / "loss.jsonl").read_text().splitlines()]
    assert [point["step"] for point in curve] == list(range(1, 401))
    assert server.received["result"] == [json.loads(out)]
    assert (bench.artifact() / "manifest.json").exists()


@pytest.mark.timeout(300)
def test_a_mistake_in_the_input_is_told_as_such_by_a_pod_of_two_processes(bench, tmp_path):
    columns = {"text": "text", "label": "target"}
    config = bench.write_config(
        tmp_path / "job.json",
        dataset={**bench.document["dataset"], "columns": columns},
        distributed={"nodes": 1, "processesPerNode": 2},
    )
    environment = {**os.environ, "PYTHONPATH": SOURCES, "HONE_TERMINATION_LOG": str(tmp_path / "log")}
    process = subprocess.run(
        [sys.executable, "-m", "hone", "run", "--config", str(config)],
        env=environment,
        capture_output=True,
        timeout=250,
    )
    assert process.returncode == 64, process.stderr.decode()
    assert json.loads((tmp_path / "log").read_bytes())["reason"] == "DatasetColumnMissing"
    assert process.stdout == b""


def failure(reason: str) -> Failure:
    return Failure(reason=reason, message=f"said {reason}")


@pytest.mark.parametrize(
    ("failures", "reason", "code"),
    [
        (["PeerLost", "OutOfMemory"], "OutOfMemory", 1),
        (["Interrupted", "DatasetInvalid", "Internal"], "DatasetInvalid", 64),
        (["Interrupted", "Interrupted"], "Interrupted", 143),
        (["PeerLost", "PeerLost"], "PeerLost", 1),
        # One process was killed without a word, and torchrun stopped the other: no reason not to count this try.
        (["Interrupted"], "PeerLost", 1),
        ([], "PeerLost", 1),
    ],
)
def test_the_cause_comes_before_what_others_suffered(failures, reason, code):
    error = cause([failure(name) for name in failures], 2, Timeouts())
    assert (error.reason, error.exit_code) == (reason, code)


def test_torchrun_is_told_where_the_first_pod_is(monkeypatch):
    timeouts = Timeouts(rendezvous=7)
    for name in ("MASTER_ADDR", "JOB_COMPLETION_INDEX"):
        monkeypatch.delenv(name, raising=False)
        with pytest.raises(RunError, match="is not set") as caught:
            command(Path("job.json"), Distributed(nodes=2, processes_per_node=3), timeouts)
        assert caught.value.exit_code == 64
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("MASTER_ADDR", "run-0.run")
    made = command(Path("job.json"), Distributed(nodes=2, processes_per_node=3), timeouts)
    assert {"--nnodes=2", "--nproc-per-node=3", "--node-rank=1", "--master-addr=run-0.run"} < set(made)
    assert {"--master-port=29500", "--rdzv-conf=timeout=7", "--max-restarts=0"} < set(made)
    assert "--standalone" in command(Path("job.json"), Distributed(nodes=1, processes_per_node=2), timeouts)


def test_timeouts_are_whole_seconds(monkeypatch):
    monkeypatch.setenv("HONE_SILENCE_TIMEOUT_SECONDS", "12")
    assert Timeouts.from_environment() == Timeouts(silence=12)
    monkeypatch.setenv("HONE_COLLECTIVE_TIMEOUT_SECONDS", "soon")
    with pytest.raises(RunError, match="HONE_COLLECTIVE_TIMEOUT_SECONDS is 'soon'"):
        Timeouts.from_environment()


def test_only_an_error_of_the_connection_is_blamed_on_a_peer():
    assert (
        lost_peer(RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [10.0.0.7]:6")) is not None
    )
    assert lost_peer(distributed.DistNetworkError("failed to recv")) is not None
    assert lost_peer(RuntimeError("shape mismatch")) is None
    assert lost_peer(ValueError("connection closed by peer")) is None


@pytest.fixture
def stores(monkeypatch):
    """The store of a pod's torchrun, in a list that it can be taken from."""
    server = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=5))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(server.port))
    return [server]


def test_the_others_wait_for_as_long_as_the_first_one_lives(stores):
    first, other = Pulse(Timeouts(silence=2)), Pulse(Timeouts(silence=2))
    first.beat()
    threading.Timer(5.0, first.finish).start()
    started = time.monotonic()
    other.wait_for_finish()
    assert time.monotonic() - started > 4.0


def test_the_others_end_with_the_pod_of_the_first_one(stores):
    other = Pulse(Timeouts(silence=60))
    stores.clear()
    with pytest.raises(RunError, match="the first one is gone") as caught:
        other.wait_for_finish()
    assert caught.value.reason == "PeerLost"


def test_silence_of_the_first_one_ends_the_others(stores):
    other = Pulse(Timeouts(silence=2))
    started = time.monotonic()
    with pytest.raises(RunError, match="no sign of life for 2 s") as caught:
        other.wait_for_finish()
    assert caught.value.reason == "PeerLost"
    assert 2.0 <= time.monotonic() - started < 30.0

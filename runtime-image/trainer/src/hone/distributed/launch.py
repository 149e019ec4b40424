"""Starts the processes of this pod under torchrun, and says why the run ended if it did not end well."""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hone.contract import Failure, JobConfig
from hone.contract.training import Distributed
from hone.device import thread_count
from hone.distributed.settings import Timeouts
from hone.errors import RunError

log = logging.getLogger(__name__)

#: Where the processes of a pod leave why they failed; only the launcher sees all of it.
_NOTES = "HONE_GROUP_NOTES"
_DEFAULT_PORT = "29500"
#: Less than the pod's grace period, for the launcher has to report after its processes are gone.
_SHUTDOWN_SECONDS = 100
_BROKEN = ("PeerLost", "Interrupted")


def needs_launch(config: JobConfig) -> bool:
    """Tell whether the run has to be started under torchrun first."""
    return config.distributed is not None and config.distributed.processes > 1 and not is_worker()


def is_worker() -> bool:
    """Tell whether this process was started by `launch`."""
    return _NOTES in os.environ and "LOCAL_RANK" in os.environ


def failure_file() -> Path | None:
    """Return where this process leaves its failure for the launcher, if there is one."""
    return Path(os.environ[_NOTES]) / f"{os.environ['LOCAL_RANK']}.json" if is_worker() else None


def launch(path: Path, distributed: Distributed) -> None:
    """Run `hone run` in every process of this pod; returns when all have ended well, else raises what ended them."""
    timeouts = Timeouts.from_environment()
    with tempfile.TemporaryDirectory(prefix="hone-group-", ignore_cleanup_errors=True) as notes:
        environment = {
            **os.environ,
            _NOTES: notes,
            "OMP_NUM_THREADS": str(max(1, thread_count() // distributed.processes_per_node)),
            "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(_SHUTDOWN_SECONDS),
        }
        with subprocess.Popen(command(path, distributed, timeouts), env=environment) as torchrun:  # noqa: S603 - ours
            try:
                code = torchrun.wait()
            except RunError:
                # Told to stop: torchrun passes it on, and the processes save first. If it still waits for other pods,
                # there is nothing to save, and it ends at once.
                torchrun.terminate()
                torchrun.wait()
                raise
            except BaseException:
                torchrun.terminate()
                raise
        if code != 0:
            raise cause(read_failures(Path(notes)), distributed.processes_per_node, timeouts)


def command(path: Path, distributed: Distributed, timeouts: Timeouts) -> list[str]:
    """Return torchrun's command line: a static rendezvous at the first pod, or one of this machine alone."""
    if distributed.nodes == 1:
        rendezvous = ["--standalone"]
    else:
        rendezvous = [
            f"--node-rank={_required('JOB_COMPLETION_INDEX')}",
            f"--master-addr={_required('MASTER_ADDR')}",
            f"--master-port={os.environ.get('MASTER_PORT', _DEFAULT_PORT)}",
            f"--rdzv-conf=timeout={timeouts.rendezvous}",
        ]
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={distributed.nodes}",
        f"--nproc-per-node={distributed.processes_per_node}",
        *rendezvous,
        # The Job makes pods again; a group within this pod alone would find nobody.
        "--max-restarts=0",
        "--monitor-interval=1",
        *("-m", "hone", "run", "--config", str(path)),
    ]


def read_failures(notes: Path) -> list[Failure]:
    """Return why the processes failed, the first one first."""
    files = sorted(notes.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    return [Failure.model_validate_json(file.read_bytes()) for file in files]


def cause(failures: Sequence[Failure], processes: int, timeouts: Timeouts) -> RunError:
    """Return what ended the processes of a pod: what one of them did, rather than what the others suffered from it."""
    for failure in failures:
        if failure.reason not in _BROKEN:
            return RunError(failure.reason, failure.message)
    stopped = [failure for failure in failures if failure.reason == "Interrupted"]
    if len(stopped) == processes:
        # All of them, without this pod being told: the pod of another one was.
        return RunError("Interrupted", stopped[0].message)
    for failure in failures:
        if failure.reason == "PeerLost" and len(failures) == processes:
            return RunError("PeerLost", failure.message)
    return RunError(
        "PeerLost",
        "A process of this pod was killed, or the pods of the run did not find one another within "
        f"{timeouts.rendezvous} s; see the pod's log, and whether every pod of the Job could start.",
    )


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise RunError(
            "ConfigInvalid",
            f"Several nodes share the run, but {name} is not set; set MASTER_ADDR to the first node's address and "
            "JOB_COMPLETION_INDEX to this node's number, from 0.",
        )
    return value

"""Runs jobs in processes of their own, which can be killed. They are forked from one that has imported everything."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

# The process that is forked looks for what it imports there alone.
os.environ["PYTHONPATH"] = os.pathsep.join(
    str(Path(__file__).resolve().parent.parent / folder) for folder in ("src", "tests")
)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["preloaded"])
_PATIENCE = 120.0


class Killable:
    """A run in a process of its own."""

    def __init__(self, config: bytes, environment: dict[str, str], file_size_limit: int | None = None) -> None:
        self._process = _CONTEXT.Process(target=_run, args=(config, environment, file_size_limit))
        self._process.start()

    def kill_when(self, condition: Callable[[], bool], delay: float) -> None:
        """SIGKILL it a moment after the condition holds."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self._process.is_alive(), "the run ended before it was to be killed"
            assert time.monotonic() < deadline, "the run never came to where it was to be killed"
            time.sleep(0.001)
        # Anywhere in a step: in the middle of a checkpoint, too.
        time.sleep(delay)
        self._process.kill()
        self._process.join()
        assert self._process.exitcode == -9

    def wait(self) -> int | None:
        """Wait for its end, and return its exit code."""
        self._process.join(_PATIENCE)
        return self._process.exitcode


def last_step(journal: Path) -> int:
    """The last step in a journal, as it stands on the disk."""
    try:
        lines = journal.read_text().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if "loss" in document:
            return int(document["step"])
    return 0


def _run(config: bytes, environment: dict[str, str], file_size_limit: int | None) -> None:
    import resource
    import signal

    from hone.contract import JobConfig
    from hone.interrupt import Interrupt
    from hone.job import run_job

    os.environ.update(environment)
    if file_size_limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_limit, resource.RLIM_INFINITY))
    run_job(JobConfig.model_validate_json(config), lambda report: None, Interrupt())

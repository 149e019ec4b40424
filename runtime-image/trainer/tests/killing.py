"""Runs jobs in processes of their own, which can be killed. They are forked from one that has imported everything."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

from sources import SOURCES

# The process that is forked looks for what it imports there alone.
os.environ["PYTHONPATH"] = SOURCES
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["preloaded"])
_PATIENCE = 120.0


class Killable:
    """A run in a process of its own."""

    def __init__(self, config: bytes, full_disk: tuple[int, int] | None = None) -> None:
        """Start it; `full_disk` is a step, from which on no file may have more bytes than the second number."""
        environment = {name: value for name, value in os.environ.items() if name.startswith("HONE_")}
        self._process = _CONTEXT.Process(target=_run, args=(config, environment, full_disk))
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


def _run(config: bytes, environment: dict[str, str], full_disk: tuple[int, int] | None) -> None:
    import resource

    from hone.contract import JobConfig, ProgressReport
    from hone.interrupt import Interrupt
    from hone.job import run_job

    def listener(report: ProgressReport) -> None:
        if full_disk is not None and report.step == full_disk[0]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (full_disk[1], resource.RLIM_INFINITY))

    os.environ.update(environment)
    run_job(JobConfig.model_validate_json(config), listener, Interrupt())

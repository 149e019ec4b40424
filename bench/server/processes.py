"""Programs in processes of their own, and the processor time that each takes with all that it has started."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
#: The places of /proc/PID/stat behind the name: the parent, the session, the time of children that were waited for (in
#: user and in kernel mode), and when the process was started.
_PARENT, _SESSION, _CHILDREN, _STARTED = 1, 3, slice(13, 15), 19
#: Below the ports that Linux gives to outgoing connections, one of which could take a port before its program does.
_PORTS = range(15_000, 30_000)
#: The seconds that a program may take to end by itself.
_PATIENCE = 20


def free_port() -> int:
    """Return a port that nothing listens on."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port
    raise OSError("none of 100 ports is free")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Program:
    """A running program, in a session of its own; as a context manager it ends with the block."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        log: Path,
        *,
        folder: Path | None = None,
        talks: bool = False,
    ) -> None:
        """Start it.

        Args:
            command: the program and its arguments.
            environment: what it finds in its environment besides ours.
            log: where it writes.
            folder: its working directory; by default, that of the log.
            talks: whether it answers lines on its input with lines on its output.
        """
        self.log = log
        self._command = command
        with log.open("wb") as output:
            #: When it was started, by time.perf_counter().
            self.started = time.perf_counter()
            self._process = subprocess.Popen(  # noqa: S603 - what we measure
                command,
                env=os.environ | environment,
                cwd=folder or log.parent,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                start_new_session=True,
            )

    def tell(self, line: str) -> str:
        """Send a line; return its answer, which is empty if the program has ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("it was not started to talk")
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        return self._process.stdout.readline().decode()

    def _members(self) -> dict[int, str]:
        """Return its process, those below, and those of its session whose parents have ended, with their start."""
        root = self._process.pid
        found: dict[int, list[str]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                # Processes come and go.
                with contextlib.suppress(OSError):
                    found[int(entry.name)] = _stat(int(entry.name))
        ours = {pid for pid, stat in found.items() if pid == root or int(stat[_SESSION]) == root}
        while more := {pid for pid, stat in found.items() if int(stat[_PARENT]) in ours} - ours:
            ours |= more
        return {pid: found[pid][_STARTED] for pid in ours}

    def cpu_seconds(self) -> float:
        """Return the processor time so far, in user and in kernel mode, by the kernel's own count.

        It is the sum over the processes that run (their clocks, to the nanosecond) and over those that have ended and
        were waited for (to a hundredth of a second).

        Raises:
            RuntimeError: the program has ended.
        """
        while True:
            self.check()
            total = 0.0
            try:
                for pid in self._members():
                    # What clock_getcpuclockid(3) computes.
                    total += time.clock_gettime((~pid << 3) | 2)
                    total += sum(map(int, _stat(pid)[_CHILDREN])) / TICKS
            except OSError:
                continue  # one has ended meanwhile: its time is its parent's now
            return total

    def resident_bytes(self) -> int:
        """Return the memory that it has now, with all that it has started, in bytes.

        Raises:
            RuntimeError: the program has ended.
        """
        self.check()
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._members())
        return os.sysconf("SC_PAGE_SIZE") * sum(pages)

    def check(self) -> None:
        """See that it runs.

        Raises:
            RuntimeError: it does not; with what it wrote last.
        """
        if self._process.poll() is not None:
            raise RuntimeError(
                f"{shlex.join(self._command)} has ended:\n{self.log.read_text(errors='replace')[-3000:]}"
            )

    def stop(self) -> None:
        """End it, and whatever it has started."""
        members = self._members()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        for pid, started in members.items():
            with contextlib.suppress(OSError):
                # Not another process that has got its number since.
                if _stat(pid)[_STARTED] == started:
                    os.kill(pid, signal.SIGKILL)
        # Waits for its end, and closes what it was talked to by.
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

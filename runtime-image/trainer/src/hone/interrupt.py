"""SIGTERM and SIGINT end a run cleanly: at once, or at the next safe point where one is near."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from hone.errors import RunError


class Interrupt:
    """Turns a signal into a RunError in the main thread, or into a flag while someone else looks after it."""

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    @contextmanager
    def installed(self) -> Iterator["Interrupt"]:
        """Handle the signals within the block."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block only set the flag: the block looks at it between its steps, and saves before it ends."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self.requested:
            raise self.error()

    def error(self) -> RunError:
        """Return the error that ends the run."""
        return RunError("Interrupted", "The run was told to stop before it was done; the next try starts where it can.")

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            raise self.error()

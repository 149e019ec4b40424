"""Turns of the processes of a pod: what several of them need is fetched by one."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hone.store.room import room


@contextmanager
def turn_in(folder: Path) -> Iterator[None]:
    """Make the folder and have it alone; a full disk is told as one, and others wait until this one is through."""
    with room():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

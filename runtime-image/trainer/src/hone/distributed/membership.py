"""How a process joins its group, and how the others learn that the first one is done, or gone."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from hone.distributed.group import ALONE, Group
from hone.distributed.launch import is_worker
from hone.distributed.peers import peer_lost
from hone.distributed.settings import Timeouts
from hone.errors import RunError, first_line

_FINISHED = "hone/finished"
_HEARTBEAT = "hone/heartbeat"


@contextmanager
def joined() -> Iterator[Group]:
    """Join the group that torchrun has told this process of; without torchrun it is alone.

    The block is the whole run. At its end the first process tells the others that the run is over, and they wait for
    that: a pod that ended before would not be there when the run has to start again.
    """
    if not is_worker():
        yield ALONE
        return
    import torch
    from torch import distributed

    timeouts = Timeouts.from_environment()
    if torch.cuda.is_available():
        torch.cuda.set_device(_own_device(torch.cuda.device_count()))
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=timedelta(seconds=timeouts.collective)
    )
    group = Group(distributed.get_rank(), distributed.get_world_size())
    pulse = Pulse(timeouts)
    if group.is_main:
        pulse.beat()
    yield group
    if group.is_main:
        pulse.finish()
    else:
        pulse.wait_for_finish()
    distributed.destroy_process_group()


def _own_device(count: int) -> int:
    local = int(os.environ["LOCAL_RANK"])
    if local >= count:
        raise RunError(
            "ConfigInvalid",
            f"The pod sees {count} GPUs, but {os.environ['LOCAL_WORLD_SIZE']} processes are to have one each; ask for "
            "whole GPUs in spec.resources.gpus.",
        )
    return local


class Pulse:
    """A sign of life of the first process in the store that torchrun keeps beside it.

    The store is asked in a thread: a call to one that does not answer any more may never return, and a signal must get
    through while the process waits.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        self._silence = float(timeouts.silence)
        self._period = max(0.2, min(5.0, self._silence / 10))
        self._store: Any = TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=False,
            wait_for_workers=False,
            timeout=timedelta(seconds=timeouts.collective),
        )
        self._ended = threading.Event()
        self._lost: str | None = None
        self._heard = time.monotonic()

    def beat(self) -> None:
        """Beat until the end, in the first process."""
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def finish(self) -> None:
        """Tell the others that the run is over."""
        self._ended.set()
        self._store.set(_FINISHED, "1")

    def wait_for_finish(self) -> None:
        """Wait until the first process has said that the run is over; raises PeerLost if it falls silent."""
        self._heard = time.monotonic()
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        while not self._ended.wait(self._period):
            if time.monotonic() - self._heard > self._silence:
                raise peer_lost(f"the first one gave no sign of life for {self._silence:.0f} s")
        if self._lost is not None:
            raise peer_lost(self._lost)

    def _beat(self) -> None:
        try:
            while not self._ended.wait(self._period):
                self._store.add(_HEARTBEAT, 1)
        except RuntimeError:
            # The store went with its pod: whoever needs it will say so.
            return

    def _listen(self) -> None:
        last = -1
        try:
            while not self._store.check([_FINISHED]):
                if (beats := self._store.add(_HEARTBEAT, 0)) != last:
                    last, self._heard = beats, time.monotonic()
                time.sleep(self._period)
        except RuntimeError as error:
            self._lost = f"the first one is gone: {first_line(error)}"
        self._ended.set()

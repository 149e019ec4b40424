"""Several processes that share one run: torchrun starts them, the first one leads, and none outlives the others."""

from hone.distributed.group import ALONE, Group
from hone.distributed.launch import failure_file, is_worker, launch, needs_launch
from hone.distributed.membership import joined
from hone.distributed.peers import lost_peer

__all__ = ["ALONE", "Group", "failure_file", "is_worker", "joined", "launch", "lost_peer", "needs_launch"]

"""The processes of a run, as one of them sees them."""

from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Who shares the run. Every method but `is_main` has to be called by all of them, in the same order.

    They talk over gloo and CPU tensors, whatever the gradients go by. torch is imported only where there is somebody
    to talk to: the thread counts have to be set before it is.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that reports, and writes what is to stay."""
        return self.rank == 0

    def agree(self, value: T) -> T:
        """Return the first process's value in all of them."""
        if self.size == 1:
            return value
        import torch
        from torch import distributed

        values = [value]
        distributed.broadcast_object_list(values, src=0, device=torch.device("cpu"))
        return values[0]

    def any(self, flag: bool) -> bool:
        """Tell all of them whether the flag is set in one."""
        if self.size == 1:
            return flag
        import torch
        from torch import distributed

        flags = torch.tensor([int(flag)])
        distributed.all_reduce(flags, op=distributed.ReduceOp.MAX)
        return bool(flags.item())

    def gather(self, value: T) -> list[T]:
        """Return the values of all of them, by rank, in the first process; the others get an empty list."""
        if self.size == 1:
            return [value]
        from torch import distributed

        values: list[Any] | None = [None] * self.size if self.is_main else None
        distributed.gather_object(value, values, dst=0)
        return values or []

    def barrier(self) -> None:
        """Wait until all of them are here."""
        self.any(False)


#: A run of one process.
ALONE = Group()

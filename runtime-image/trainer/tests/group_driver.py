"""Runs jobs one after the other as a process of a group, so that the imports are paid for once.

torchrun starts it with the path of a plan: a list of {"config": path, "stop": step or null}. Each process writes what
it found to `<plan>.<rank>.json`: for each job the error's reason, if any, and whether the parameters were DTensors.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["HONE_GROUP_NOTES"] = os.path.dirname(sys.argv[1])  # noqa: PTH120 - before anything is imported

from torch.distributed.tensor import DTensor

from hone.contract import ProgressReport
from hone.distributed import joined
from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.job import load_config, share_job
from hone.training import loop

trainers: list[Any] = []
make = loop.trainer_for


def remember(*arguments: Any, **options: Any) -> Any:
    trainers.append(make(*arguments, **options))
    return trainers[-1]


def run(config: str, stop: int | None, group: Any) -> dict[str, Any]:
    interrupt = Interrupt()

    def listener(report: ProgressReport) -> None:
        # Only the last process is told to stop: the others have to hear of it.
        if group.rank == group.size - 1 and stop is not None and report.step == stop:
            interrupt.requested = True

    reason, trained = None, len(trainers)
    try:
        share_job(load_config(Path(config)), listener, interrupt, group)
    except RunError as error:
        reason = error.reason
    parameters = list(trainers[-1].model.parameters())
    shards = [parameter for parameter in parameters if isinstance(parameter, DTensor)]
    return {
        "reason": reason,
        "trained": len(trainers) > trained,
        "trainer": type(trainers[-1]).__name__,
        "parameters": len(parameters),
        "shards": len(shards),
        "local": sum(shard.to_local().numel() for shard in shards),
        "total": sum(parameter.numel() for parameter in parameters),
    }


def main() -> None:
    loop.trainer_for = remember
    plan = Path(sys.argv[1])
    with joined() as group:
        found = [run(job["config"], job["stop"], group) for job in json.loads(plan.read_bytes())]
        plan.with_suffix(f".{group.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()

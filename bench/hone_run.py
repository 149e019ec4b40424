"""Runs a job as a pod would, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def hone_run(folder: Path, kind: str, name: str, job: Document, *, threads: int | None = None) -> Document:
    """Run `hone run` with a job; a run that fails ends the benchmark with its words.

    Args:
        folder: where its configuration and its workspace are written.
        kind: FineTuneJob or CompressionJob.
        name: its name, which is that of its files, too.
        job: what else its configuration holds.
        threads: how many it computes with; by default, one for each processor.

    Returns:
        the result that it prints.
    """
    config = folder / f"{name}.json"
    about = {"contractVersion": "v1", "kind": kind, "namespace": "bench", "name": name, "hash": "run"}
    config.write_text(json.dumps({**about, **job}))
    limit = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "hone", "run", "--config", str(config)],
        env=os.environ | {"HONE_WORKSPACE": f"{folder}/workspace-{name}"} | limit,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"hone run failed for {name} ({job.get('method', kind)}): {done.stderr[-2000:]}")
    result: Document = json.loads(done.stdout)
    return result

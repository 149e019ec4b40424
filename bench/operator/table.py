"""Writes docs/operator-figures.md from figures/scale.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parent / "figures" / "scale.json"
PAGE = Path(__file__).parents[2] / "docs" / "operator-figures.md"
MIB = 1024 * 1024


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    few, many = found["few"], found["many"]
    rate, floor = many["perSecond"], found["floorPerSecond"]
    rows = [
        ("from create to child Job", f"{rate:.1f} resources/s"),
        ("the same objects by a bare client that decides nothing", f"{floor:.1f} resources/s"),
        ("of that floor", f"{100 * rate / floor:.0f} %"),
        ("creation of the resources alone, meanwhile", f"{many['count'] / many['creationSeconds']:.1f} resources/s"),
        ("a resource's creation to its Job, in the flood, p50", f"{many['toJobMillisP50'] / 1000:.1f} s"),
        ("the same, p99", f"{many['toJobMillisP99'] / 1000:.1f} s"),
        ("one reconciliation, p99 (within its bucket)", f"{1000 * found['reconcileSecondsP99']:.0f} ms"),
        ("the operator's processor time per resource", f"{found['processorMillisPerResource']:.1f} ms"),
        ("requests per resource", f"{found['requestsPerResource']:.2f}"),
        ("writes of a status per resource", f"{found['statusWritesPerResource']:.2f}"),
        ("jobs of one resource, at most", str(found["mostJobs"])),
        ("resident memory, idle", f"{found['idleBytes'] / MIB:.0f} MiB"),
        (f"resident memory with {few['count']:,} resources", f"{few['residentBytes'] / MIB:.0f} MiB"),
        (f"resident memory with {found['resources']:,}", f"{many['residentBytes'] / MIB:.0f} MiB"),
        ("most of it at any time", f"{found['peakBytes'] / MIB:.0f} MiB"),
        ("start to ready, nothing there", f"{found['readySeconds']:.1f} s"),
        (f"start to ready with {found['resources']:,}", f"{found['restartReadySeconds']:.1f} s"),
        ("and until all of them were looked at", f"{found['restartIdleSeconds']:.1f} s"),
        ("writes of that start", ", ".join(found["restartWrites"]) or "none"),
    ]
    return "\n".join(
        [
            "# The operator in figures",
            "",
            "Written by `bench/operator/run`.",
            "",
            f"{found['resources']:,} FineTuneJobs of `examples/01-spam-filter`, created by 8 clients at once, on "
            f"{found['processors']} cores of {found['device']} that etcd, the API server, the clients and the "
            "operator share; etcd does not wait for the disk. Nothing runs the pods. "
            f"The operator has the memory of the chart's limit ({found['limitMebibytes']} MiB). "
            f"The first {few['count']:,} are not in the rates.",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows),
            "",
            "The requests of those resources, by verb, resource and answer, the creation of the resources themselves "
            "included:",
            "",
            *(f"- {line}" for line in found["requestsByKind"]),
            "",
        ]
    )


if __name__ == "__main__":
    if not FIGURES.exists():
        raise SystemExit("there are no figures yet: write bench/operator/run")
    text = page(json.loads(FIGURES.read_text(encoding="utf-8")))
    PAGE.write_text(text, encoding="utf-8")
    print(text)

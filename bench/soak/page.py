"""Writes docs/soak-figures.md from what has been measured."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parent / "figures"
PAGE = Path(__file__).parents[2] / "docs" / "soak-figures.md"
Found = dict[str, Any]
MEBIBYTE = 1024**2


def mebibytes(count: float) -> str:
    """Return bytes as people read them."""
    return f"{count / MEBIBYTE:,.1f} MiB"


def requests(found: Found) -> list[str]:
    """Return what ten million requests did to the memory."""
    device, seen = found["device"], found["seen"]
    total = seen[-1]["requests"]
    resident = [look["residentBytes"] for look in seen]
    tenth = max(1, len(seen) // 10)
    early, late = (statistics.median(part) for part in (resident[tenth : 2 * tenth], resident[-tenth:]))
    counts = {kind: count * total // sum(found["piece"].values()) for kind, count in found["piece"].items()}
    places = sorted({0, tenth - 1, 2 * tenth - 1, len(seen) // 2 - 1, len(seen) - 1})
    return [
        "## Ten million requests",
        "",
        f"{counts['json']:,} with a row of numbers in JSON, {counts['text']:,} with a text and {counts['image']:,} "
        "with an image of 602,112 bytes in binary, over eight connections that are kept, to one server with three "
        f"models and the heap that it has in a pod of {found['memoryMiB']} MiB. Every answer was 200. It took "
        f"{found['seconds'] / 60:.1f} minutes, in which the server used {found['cpuSeconds'] / 60:.1f} of processor "
        f"time. On {device['processors']} processors ({device['processor']}), {device['memoryGiB']} GiB.",
        "",
        "| requests | resident memory |",
        "|---|---|",
        *(f"| {seen[place]['requests']:,} | {mebibytes(resident[place])} |" for place in places),
        "",
        f"Median of the second tenth: {mebibytes(early)}; of the last tenth: {mebibytes(late)}, "
        f"{late / early:.3f} times as much.",
        "",
    ]


def fuzz(found: Found) -> list[str]:
    """Return what changed requests did."""
    total = sum(kind["requests"] for kind in found.values())
    lines = [
        "## A million changed requests",
        "",
        f"{total:,} requests, each a good one with one to three changes: bytes by chance, bytes from elsewhere in it, "
        "pieces left out or doubled. Each was answered, and good requests were answered as before afterwards. An "
        "answer of 500 says that JSON has no number for an infinite result; there is no other. Held is what is left "
        "after a collection of garbage, in the one process that serves and asks, half of the way and at the end.",
        "",
        "| requests | answers | heap held | direct buffers held | threads | open files | resident |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, kind in found.items():
        warm, last = kind["warm"], kind["last"]
        answers = ", ".join(f"{count:,} {answer}" for answer, count in kind["answers"].items())
        memory = (f"{mebibytes(warm[figure])} → {mebibytes(last[figure])}" for figure in ("heapBytes", "directBytes"))
        counts = (f"{warm[figure]} → {last[figure]}" for figure in ("threads", "openFiles"))
        resident = f"{mebibytes(warm['residentBytes'])} → {mebibytes(last['residentBytes'])}"
        lines.append(f"| {name}: {kind['requests']:,} | {answers} | {' | '.join([*memory, *counts])} | {resident} |")
    return [*lines, ""]


def restarts(found: Found) -> list[str]:
    """Return what replaced pods did to requests."""
    direct, routed = found["direct"], found["routed"]
    rows = [
        f"| {way} | {name} | {kind['requests']:,} | {sum(each.startswith(key) for each in part['failures'])} "
        f"| {kind['slowestMillis']:,} ms |"
        for way, part in (("the model's pods", direct), ("routers", routed))
        for key, name in (("rest", "REST"), ("grpc", "gRPC"))
        for kind in (part[key],)
    ]
    return [
        "## Fifty restarts under load",
        "",
        "On the local cluster, `kubectl rollout restart` of a model with two replicas, "
        f"{direct['restarts']} times one after the other in {direct['seconds'] / 60:.1f} minutes, while two clients "
        "ask over REST with connections that are kept, and two over gRPC by its defaults; each sends the next request "
        "when the last is answered. Then the same of a model behind two routers, which are restarted at the same time: "
        f"{routed['restarts']} times in {routed['seconds'] / 60:.1f} minutes.",
        "",
        "| clients reach | | requests | failed | the slowest took |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def main() -> None:
    """Write the page from whatever has been measured."""
    lines = [
        "# The server in the long run",
        "",
        "Measured by `make soak` (`bench/soak/run`), written by `bench/soak/run table` from `bench/soak/figures`. "
        "`make test` holds a short form: ten thousand changed requests (`FuzzTest`), and five restarts of pods under "
        "load (`RestartIT`).",
        "",
    ]
    for part in (requests, fuzz, restarts):
        file = FIGURES / f"{part.__name__}.json"
        if file.exists():
            lines += part(json.loads(file.read_text(encoding="utf-8")))
    text = "\n".join(lines)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

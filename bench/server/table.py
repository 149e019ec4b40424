"""Writes docs/server-figures.md from figures/server.json."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parent / "figures" / "server.json"
PAGE = Path(__file__).parents[2] / "docs" / "server-figures.md"
Values = list[float]
#: The other servers by their names here, and how many times ours they must take for a small request.
OTHERS = {"mlserver": ("MLServer", 6), "kserve": ("KServe", 6), "bentoml": ("BentoML", 5), "litserve": ("LitServe", 5)}


@dataclass(frozen=True)
class Bar:
    """What is asked for, and what was measured in each round."""

    what: str
    values: Values
    bound: float
    is_least: bool
    show: Callable[[float], str]

    def row(self) -> str:
        """Return its row of the table."""
        middle = statistics.median(self.values)
        asked = f"at {'least' if self.is_least else 'most'} {self.show(self.bound)}"
        short = (self.bound - middle if self.is_least else middle - self.bound) / self.bound
        verdict = "met" if short <= 0 else f"**missed by {100 * short:.1f} %**"
        return f"| {self.what} | {asked} | {spread(self.values, self.show)} | {verdict} |"


def spread(values: Values, show: Callable[[float], str]) -> str:
    """Return the median and the range."""
    return f"{show(statistics.median(values))} ({show(min(values))} to {show(max(values))})"


def micros(value: float) -> str:
    """Return processor time of that many microseconds."""
    return f"{value:,.1f} µs" if abs(value) < 100 else f"{value:,.0f} µs"


def times(value: float) -> str:
    """Return a ratio."""
    return f"{value:.1f} times"


def ratios(over: Values, under: Values) -> Values:
    """Return the ratio of each round."""
    return [one / other for one, other in zip(over, under, strict=True)]


def differences(more: Values, less: Values) -> Values:
    """Return the difference of each round."""
    return [one - other for one, other in zip(more, less, strict=True)]


def _bars(found: dict[str, Any]) -> list[Bar]:
    small, images = (found["requests"][kind]["found"] for kind in ("small", "images"))
    ours, routed = small["hone"]["server"], small["routed"]
    bars = [
        Bar(f"a small request in JSON: {name}'s against ours", ratios(small[key]["server"], ours), bound, True, times)
        for key, (name, bound) in OTHERS.items()
        if key in small
    ]
    if "kserve" in images:
        against = ratios(images["kserve"]["server"], images["hone"]["server"])
        bars.append(Bar("an image of 600 KB in binary: KServe's against ours", against, 2, True, times))
    batching = found["batching"]["found"]
    clients = found["batching"]["clients"]
    start = found["start"]["found"]["cache"]["seconds"]
    return [
        *bars,
        Bar(
            "a small request in JSON, beyond ONNX Runtime in process",
            differences(ours, small["inProcess"]["inProcess"]),
            40,
            False,
            micros,
        ),
        Bar(
            "what the router adds to it",
            differences([sum(pair) for pair in zip(routed["router"], routed["server"], strict=True)], ours),
            60,
            False,
            micros,
        ),
        Bar(
            f"batches: answers per second for {clients} clients, against none",
            ratios(batching[f"on{clients}"]["perSecond"], batching[f"off{clients}"]["perSecond"]),
            3,
            True,
            times,
        ),
        Bar(
            "batches: p50 of one client, against none",
            ratios(batching["on1"]["p50Micros"], batching["off1"]["p50Micros"]),
            1.05,
            False,
            lambda value: f"{value:.3f} times",
        ),
        Bar("from exec to ready", start, 1.5, False, lambda value: f"{value:.2f} s"),
    ]


def _fewer(requests: dict[str, int]) -> str:
    counts = [requests[key] for key in OTHERS if key in requests]
    return f", {counts[0]:,} to each of the others" if counts else ""


def _requests(found: dict[str, Any]) -> list[str]:
    small, images = found["requests"]["small"], found["requests"]["images"]
    connections, versions = small["connections"], found["versions"]
    rows = [("ours", "JSON", connections, "hone")]
    rows += [(f"{name} {versions.get(key)}", "JSON", connections, key) for key, (name, _) in OTHERS.items()]
    rows += [("ours", "JSON", 1, "honeAlone"), ("ours", "binary", connections, "honeBinary")]
    lines = [
        "## What a request costs",
        "",
        f"A network of layers of {', '.join(map(str, found['requests']['widths']))}, one row a request, "
        f"{small['requests']['hone']:,} requests a round to ours{_fewer(small['requests'])}; the answers are checked.",
        "",
        "| server | tensors | connections | processor time of a request | answers per second | p50 |",
        "|---|---|---|---|---|---|",
    ]
    for name, tensors, count, key in rows:
        if key in small["found"]:
            lines.append(f"| {name} | {tensors} | {count} | {_asked(small['found'][key])} |")
    routed = small["found"]["routed"]
    lines += [
        f"| ours behind our router: the server | JSON | {connections} | {_asked(routed)} |",
        f"| the router | | | {spread(routed['router'], micros)} | | |",
        f"| ONNX Runtime in process, no server | | | {spread(small['found']['inProcess']['inProcess'], micros)} | | |",
        "",
        "Requests over several connections may share a run of the model, as the server has it by default; those over "
        "one connection cannot. A request that comes alone costs more, for threads fall asleep and are woken for it.",
        "The others' answers per second are those of one worker process, as their processor time is.",
        "",
        f"An image, FP32 [1, 3, 224, 224], {images['bytes']:,} bytes, by the protocol's binary tensor extension, which "
        "MLServer does not have in REST; its model takes the mean of each channel. KServe makes a list of numbers of "
        f"the bytes, and an array of the list. Over {images['connections']} connections:",
        "",
        "| server | requests a round | processor time of a request | answers per second | p50 |",
        "|---|---|---|---|---|",
    ]
    for key, name in (("hone", "ours"), ("kserve", f"KServe {versions.get('kserve')}")):
        if key in images["found"]:
            lines.append(f"| {name} | {images['requests'][key]} | {_asked(images['found'][key])} |")
    return [*lines, ""]


def _asked(found: dict[str, Values]) -> str:
    median = statistics.median
    return (
        f"{spread(found['server'], micros)} | {median(found['perSecond']):,.0f} | {micros(median(found['p50Micros']))}"
    )


def _batches(found: dict[str, Any]) -> list[str]:
    batching = found["batching"]
    clients, each = batching["clients"], batching["found"]
    gain = ratios([clients * value for value in each["rows1"]["inProcess"]], each[f"rows{clients}"]["inProcess"])
    lines = [
        "## Batches",
        "",
        f"A network of layers of {', '.join(map(str, batching['widths']))}, for which they can pay: a run reads all "
        "weights, whatever the number of rows. `off` is the same server with HONE_MAX_BATCH=1. JSON, one row a "
        "request. "
        f"ONNX Runtime alone computes a row {spread(gain, times)} as fast with {clients} rows in a run as with one.",
        "",
        "| batches | clients | answers per second | p50 | processor time of a request |",
        "|---|---|---|---|---|",
    ]
    for name in ("on", "off"):
        for count in (clients, 1):
            here = each[f"{name}{count}"]
            lines.append(
                f"| {name} | {count} | {spread(here['perSecond'], lambda value: f'{value:,.0f}')} "
                f"| {spread(here['p50Micros'], micros)} | {spread(here['server'], micros)} |"
            )
    return [*lines, ""]


def _starts(found: dict[str, Any]) -> list[str]:
    lines = [
        "## Start",
        "",
        f"From exec until `/v2/health/ready` answers 200, with the small network, {len(found['cache']['seconds'])} "
        "starts each, in turn; the files are in the page cache.",
        "",
        "| | ready after | processor time until then |",
        "|---|---|---|",
    ]
    for key, name in (("cache", "with the image's AOT cache"), ("noCache", "without")):
        seconds, cpu = (
            spread(found[key][figure], lambda value: f"{value:.2f} s") for figure in ("seconds", "cpuSeconds")
        )
        lines.append(f"| {name} | {seconds} | {cpu} |")
    return [*lines, ""]


def page(found: dict[str, Any]) -> str:
    """Return the page."""
    device, versions = found["device"], found["versions"]
    others = ", ".join(f"{name} {versions[key]}" for key, (name, _) in OTHERS.items() if key in versions)
    lines = [
        "# The server in figures",
        "",
        "Measured by `bench/server/run` (`make bench-server`), written by `bench/server/run table` from "
        "`bench/server/figures/server.json`, which has the figures of every round.",
        "",
        f"On {device['processors']} processors ({device['processor']}, {'with' if device['avx512'] else 'without'} "
        f"AVX-512), {device['memoryGiB']} GiB, Linux {device['kernel']}, where the client runs, too.",
        f"Our server as its image has it: the Containerfile's entry point, a runtime of Java {versions['java']} by "
        "jlink with its modules, and an AOT cache by its own training. ONNX Runtime "
        f"{versions['onnxruntimeJava']} in it and {versions['onnxruntime']} in the others, one thread for each run of "
        "a model everywhere.",
        f"The others: {others or 'none in this run'}, on Python {versions['python']}, each in an environment of its "
        "own with what it asks for (`bench/server/others/*.lock`), one worker, no access log, everything else by "
        "default. Their models are the classes in `bench/server/others`.",
        f"All servers run at the same time and are asked in turn, in {found['rounds']} rounds that begin with another "
        "one each. The processor time is that of a server with all its processes, in user and in kernel mode, by the "
        "kernel's clocks; the client's is not in it. Figures are medians over the rounds, ratios and differences those "
        "within a round; the range is in brackets.",
        "",
        "## What is asked for",
        "",
        "| figure | asked for | measured | |",
        "|---|---|---|---|",
        *(bar.row() for bar in _bars(found)),
        "",
        *_requests(found),
        *_batches(found),
        *_starts(found["start"]["found"]),
    ]
    return "\n".join(lines)


def write(found: dict[str, Any]) -> None:
    """Keep the figures, and write the page."""
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if not FIGURES.exists():
        raise SystemExit("there are no figures yet: write bench/server/run")
    PAGE.write_text(page(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")

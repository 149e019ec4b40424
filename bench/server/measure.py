"""Compares the server with others, in interleaved rounds, and writes figures/server.json.

What a request costs is the processor time of a server with all its processes, as the kernel counts it, divided by the
number of requests. The client's own is not in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import models
import numpy as np
import onnxruntime
import servers
import table
from load import Client
from processes import Program
from servers import Question, Server

Figures = dict[str, Any]
HERE = Path(__file__).parent
MICRO = 1e6
NAMES = ("mlserver", "kserve", "bentoml", "litserve")


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rounds: int
    #: Requests of a round: small ones for ours, of which a collection or a compilation must not be a large part, and
    #: for the others, which take long; images, likewise; of the wide network.
    requests: int
    requests_others: int
    images: int
    images_others: int
    batching: int
    #: Runs of a round without a server.
    runs: int
    #: Requests before the first round: a virtual machine compiles what it does often.
    warm: int
    warm_more: int
    warm_heavy: int
    warm_others: int
    warm_images_others: int
    starts: int


FULL = Extent(
    rounds=9,
    requests=15_000,
    requests_others=1500,
    images=600,
    images_others=60,
    batching=6400,
    runs=20_000,
    warm=60_000,
    warm_more=20_000,
    warm_heavy=4000,
    warm_others=1000,
    warm_images_others=30,
    starts=10,
)
QUICK = Extent(
    rounds=1,
    requests=200,
    requests_others=200,
    images=50,
    images_others=5,
    batching=160,
    runs=2000,
    warm=2000,
    warm_more=500,
    warm_heavy=200,
    warm_others=50,
    warm_images_others=5,
    starts=1,
)
#: Connections of the small requests, of the images, and of what is batched.
SMALL, IMAGES, CLIENTS = 8, 4, 16


@dataclass(frozen=True)
class Contender:
    """A server that is asked one question."""

    server: Server
    question: Question
    expected: list[float]
    connections: int
    #: The programs whose time counts, by name.
    programs: dict[str, Program]

    def warm(self, count: int) -> None:
        """Ask without measuring, and see that the answer is right."""
        with Client(self.server.port, self.connections) as client:
            self._check(client.drive(self.question.request, count).last.body)

    def measure(self, count: int) -> dict[str, float]:
        """Ask that often; return the processor time of each program per request, and how long it took.

        Raises:
            RuntimeError: an answer was refused, or wrong.
        """
        with Client(self.server.port, self.connections) as client:
            client.drive(self.question.request, 2 * self.connections)
            before = {name: program.cpu_seconds() for name, program in self.programs.items()}
            load = client.drive(self.question.request, count)
            after = {name: program.cpu_seconds() for name, program in self.programs.items()}
        self._check(load.last.body)
        return {name: MICRO * (after[name] - before[name]) / count for name in before} | {
            "perSecond": count / load.seconds,
            "p50Micros": MICRO * statistics.median(load.latencies),
        }

    def _check(self, body: bytes) -> None:
        values = self.question.read(body)
        if not np.allclose(values, self.expected, rtol=1e-4, atol=1e-5):
            raise RuntimeError(f"{values} is answered where {self.expected} is right")


@dataclass(frozen=True)
class InProcess:
    """ONNX Runtime without a server."""

    program: Program
    rows: int

    def measure(self, runs: int) -> dict[str, float]:
        """Run the model that often; return the processor time per run."""
        before = self.program.cpu_seconds()
        if not self.program.tell(str(runs)):
            self.program.check()
        return {"inProcess": MICRO * (self.program.cpu_seconds() - before) / runs}


@dataclass(frozen=True)
class Bench:
    """What every case needs."""

    extent: Extent
    hone: servers.Hone
    java: Path
    #: The Python of each other server's environment; none for ours alone.
    pythons: dict[str, Path]
    work: Path

    def log(self, name: str) -> Path:
        """Return the file that a program writes to."""
        return self.work / f"{name}.log"

    def in_process(self, name: str, model: Path, rows: int, width: int) -> InProcess:
        """Start ONNX Runtime alone."""
        library = next((self.hone.folder / "hone" / "lib").rglob("*onnxruntime*.jar"))
        return InProcess(servers.in_process(self.java, library, model, rows, width, self.log(name)), rows)

    def rounds(
        self, what: str, measured: dict[str, Callable[[], dict[str, float]]]
    ) -> dict[str, dict[str, list[float]]]:
        """Measure in turn, each round from another on; return the values of all rounds by name and figure."""
        found: dict[str, dict[str, list[float]]] = {name: {} for name in measured}
        names = list(measured)
        for number in range(self.extent.rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                for figure, value in measured[name]().items():
                    found[name].setdefault(figure, []).append(value)
            say(f"{what}: round {number + 1} of {self.extent.rounds}")
        return found


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


def expected(model: Path, rows: np.ndarray) -> list[float]:
    """Return the model's right answer."""
    values: list[float] = onnxruntime.InferenceSession(model).run(None, {"input": rows})[0].ravel().tolist()
    return values


Started = TypeVar("Started", Server, InProcess)


class Running(contextlib.ExitStack):
    """The programs of a case, which end with the block."""

    def add(self, started: Started) -> Started:
        """Have it end with the block."""
        self.enter_context(started.program)
        return started

    def await_ready(self, **all_servers: Server) -> None:
        """Wait for servers."""
        for name, server in all_servers.items():
            say(f"{name} is ready after {server.await_ready():.1f} s")


def requests(bench: Bench) -> Figures:
    """Measure what a request costs: small, routed, an image; and what a run costs without a server."""
    draw = np.random.default_rng(1)
    repository = bench.work / "models"
    mlp, mean = models.perceptron("mlp", models.MLP, repository), models.mean("mean", repository)
    row = draw.normal(size=(1, models.MLP[0])).astype(np.float32)
    image = draw.normal(size=models.IMAGE).astype(np.float32)
    right, right_mean = expected(mlp, row), expected(mean, image)
    extent = bench.extent

    with Running() as programs:
        hone = programs.add(bench.hone.start(repository, bench.log("hone")))
        alone = programs.add(bench.in_process("in-process", mlp, 1, models.MLP[0]))
        router = programs.add(bench.hone.route(hone, bench.log("router")))
        others: dict[str, tuple[Server, Question]] = {}
        for name, python in bench.pythons.items():
            server, question = _other(name, python, repository, mlp, row, bench.log(name))
            others[name] = programs.add(server), question
        programs.await_ready(hone=hone, router=router, **{name: server for name, (server, _) in others.items()})

        def contender(server: Server, question: Question, connections: int = SMALL) -> Contender:
            return Contender(server, question, right, connections, {"server": server.program})

        small = {"hone": contender(hone, servers.v2_json("mlp", row))}
        small |= {name: contender(*pair) for name, pair in others.items()}
        small["honeAlone"] = contender(hone, servers.v2_json("mlp", row), 1)
        small["honeBinary"] = contender(hone, servers.v2_binary("mlp", row))
        both = {"router": router.program, "server": hone.program}
        small["routed"] = Contender(router, servers.v2_json("mlp", row), right, SMALL, both)

        large = {"hone": hone} | {name: others[name][0] for name in ("kserve",) if name in others}
        picture = servers.v2_binary("mean", image)
        images = {
            name: Contender(server, picture, right_mean, IMAGES, {"server": server.program})
            for name, server in large.items()
        }

        # What a virtual machine does for the first of ours it does for the next.
        first = {"hone": extent.warm, "routed": extent.warm}
        for name, each in small.items():
            say(f"warming {name}")
            each.warm(extent.warm_others if name in others else first.get(name, extent.warm_more))
        for name, each in images.items():
            each.warm(extent.warm_images_others if name in others else extent.warm_heavy)
        alone.measure(extent.warm)
        asked = {name: extent.requests_others if name in others else extent.requests for name in small}
        counts = {name: extent.images_others if name in others else extent.images for name in images}

        measured: dict[str, Callable[[], dict[str, float]]] = {
            name: _times(each, asked[name]) for name, each in small.items()
        }
        measured["inProcess"] = lambda: alone.measure(extent.runs)
        found = bench.rounds("small requests", measured)
        return {
            "widths": models.MLP,
            "small": {"connections": SMALL, "requests": asked, "runs": extent.runs, "found": found},
            "images": {
                "connections": IMAGES,
                "requests": counts,
                "bytes": image.nbytes,
                "found": bench.rounds("images", {name: _times(each, counts[name]) for name, each in images.items()}),
            },
        }


def _times(contender: Contender, count: int) -> Callable[[], dict[str, float]]:
    return lambda: contender.measure(count)


def _other(name: str, python: Path, repository: Path, mlp: Path, row: np.ndarray, log: Path) -> tuple[Server, Question]:
    match name:
        case "mlserver":
            return servers.mlserver(python, {"mlp": mlp}, log), servers.v2_json("mlp", row)
        case "kserve":
            return servers.kserve(python, repository, log), servers.v2_json("mlp", row)
        case "bentoml":
            return servers.bentoml(python, mlp, log), servers.rows_json("/predict", row, json.loads)
        case "litserve":
            question = servers.rows_json("/predict", row, lambda body: json.loads(body)["rows"])
            return servers.litserve(python, mlp, log), question
    raise ValueError(f"{name} is none of {', '.join(NAMES)}")


def batching(bench: Bench) -> Figures:
    """Compare the server with itself without batches, and with what ONNX Runtime gains by them."""
    repository = bench.work / "batching"
    wide = models.perceptron("wide", models.WIDE, repository)
    row = np.random.default_rng(2).normal(size=(1, models.WIDE[0])).astype(np.float32)
    right = expected(wide, row)
    question = servers.v2_json("wide", row)
    extent = bench.extent
    with Running() as programs:
        on = programs.add(bench.hone.start(repository, bench.log("batching-on")))
        off = programs.add(bench.hone.start(repository, bench.log("batching-off"), MAX_BATCH="1"))
        one = programs.add(bench.in_process("one-row", wide, 1, models.WIDE[0]))
        many = programs.add(bench.in_process("many-rows", wide, CLIENTS, models.WIDE[0]))
        programs.await_ready(on=on, off=off)
        measured: dict[str, Callable[[], dict[str, float]]] = {}
        for name, server in (("on", on), ("off", off)):
            for clients in (CLIENTS, 1):
                each = Contender(server, question, right, clients, {"server": server.program})
                each.warm(extent.warm_heavy)
                measured[f"{name}{clients}"] = _times(each, extent.batching // (1 if clients > 1 else 4))
        runs = extent.batching // 8
        for alone in (one, many):
            alone.measure(extent.warm_heavy // CLIENTS)
            measured[f"rows{alone.rows}"] = _runs(alone, runs)
        return {"clients": CLIENTS, "widths": models.WIDE, "found": bench.rounds("batches", measured)}


def _runs(alone: InProcess, runs: int) -> Callable[[], dict[str, float]]:
    return lambda: alone.measure(runs)


def starts(bench: Bench) -> Figures:
    """Measure from exec to ready, with the AOT cache and without."""
    repository = bench.work / "start"
    models.perceptron("mlp", models.MLP, repository)
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(bench.extent.starts):
        for name, cache in (("cache", True), ("noCache", False)):
            server = bench.hone.start(repository, bench.log(f"start-{name}-{number}"), cache=cache)
            with server.program:
                seconds = server.await_ready()
                cpu = server.program.cpu_seconds()
            each = found.setdefault(name, {"seconds": [], "cpuSeconds": []})
            each["seconds"].append(seconds)
            each["cpuSeconds"].append(cpu)
        say(f"starts: {number + 1} of {bench.extent.starts}")
    return {"found": found}


def device() -> Figures:
    """Return what it is measured on."""
    described = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in described if line.startswith("model name")), "")
    flags = next((line.split() for line in described if line.startswith("flags")), [])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": name or platform.machine(),
        "avx512": "avx512f" in flags,
        "processors": os.cpu_count(),
        "memoryGiB": round(memory / 1024**3),
        "kernel": platform.release(),
    }


def versions(bench: Bench) -> dict[str, str]:
    """Return what is compared, as pinned."""
    found = {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__}
    jar = next((bench.hone.folder / "hone" / "lib").rglob("*onnxruntime*.jar"))
    found["onnxruntimeJava"] = jar.stem.rpartition("-")[2]
    found["java"] = next(
        line.partition("=")[2].strip('"')
        for line in (bench.hone.folder / "java" / "release").read_text().splitlines()
        if line.startswith("JAVA_VERSION")
    )
    for name in bench.pythons:
        lock = (HERE / "others" / f"{name}.lock").read_text()
        pins = dict(line.split(" ")[0].split("==") for line in lock.splitlines() if "==" in line)
        found[name] = pins[name]
        if pins["onnxruntime"] != found["onnxruntime"]:
            raise ValueError(f"{name} is pinned to ONNX Runtime {pins['onnxruntime']}, not {found['onnxruntime']}")
    return found


def main() -> None:
    """Measure, and write the figures and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--application", type=Path, required=True, help="the folder that prepare has made")
    parser.add_argument("--java", type=Path, required=True, help="the java of a JDK")
    parser.add_argument("--python", action="append", default=[], metavar="SERVER=PATH", help="another server's Python")
    parser.add_argument("--quick", action="store_true", help="few requests, one round, and nothing is written")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as work:
        # Whatever the programs leave there goes with it.
        os.environ["TMPDIR"] = work
        bench = Bench(
            QUICK if options.quick else FULL,
            servers.Hone(options.application),
            options.java,
            {name: Path(path) for name, _, path in (each.partition("=") for each in options.python)},
            Path(work),
        )
        found: Figures = {
            "device": device(),
            "versions": versions(bench),
            "rounds": bench.extent.rounds,
            "start": starts(bench),
            "requests": requests(bench),
            "batching": batching(bench),
        }
    if options.quick:
        print(table.page(found))
        print("These are figures of programs that have hardly begun: they show that all this works, and nothing else.")
    else:
        table.write(found)


def _leave(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: what runs is being ended
    sys.exit(128 + number)


if __name__ == "__main__":
    main()

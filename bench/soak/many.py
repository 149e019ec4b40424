"""Asks one server for ten million answers, and looks at its memory all the while."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import models
import numpy as np
import servers
from load import Client, post
from measure import device

#: What is asked in turn, and looked at after.
PIECE = {"json": 74_000, "text": 25_000, "image": 1000}
PIECES = 100
CONNECTIONS = 8
#: What a small pod has.
MEMORY_MIB = 512


def requests(repository: Path, application: Path) -> dict[str, bytes]:
    """Make the models, and return a request for each: numbers in JSON, a text, and an image of 600 KB in binary."""
    draw = np.random.default_rng(3)
    models.perceptron("mlp", models.MLP, repository)
    models.mean("mean", repository)
    shutil.copytree(application / "models" / "spam", repository / "spam")
    text = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["w7 w60 w12 w3"]}]}
    return {
        "json": servers.v2_json("mlp", draw.normal(size=(1, models.MLP[0])).astype(np.float32)).request,
        "text": post("/v2/models/spam/infer", json.dumps(text).encode()),
        "image": servers.v2_binary("mean", draw.normal(size=models.IMAGE).astype(np.float32)).request,
    }


def main() -> None:
    """Ask, and keep what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--application", type=Path, required=True, help="the folder that bench/server/prepare has made")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--figures", type=Path, required=True, help="the file to write")
    parser.add_argument("--pieces", type=int, default=PIECES, help="how often 100,000 requests (default: %(default)s)")
    options = parser.parse_args()
    repository = options.work / "models"
    asked = requests(repository, options.application)
    hone = servers.Hone(options.application)
    server = hone.start(repository, options.work / "server.log", java=f"-XX:MaxRAM={MEMORY_MIB}m")
    seen = []
    with server.program:
        server.await_ready()
        started = time.perf_counter()
        for piece in range(1, options.pieces + 1):
            for kind, count in PIECE.items():
                with Client(server.port, CONNECTIONS) as client:
                    client.drive(asked[kind], count)
            seen.append({"requests": piece * sum(PIECE.values()), "residentBytes": server.program.resident_bytes()})
            print(json.dumps(seen[-1]), flush=True)
        seconds = time.perf_counter() - started
        cpu = server.program.cpu_seconds()
    found = {
        "device": device(),
        "memoryMiB": MEMORY_MIB,
        "piece": PIECE,
        "seconds": seconds,
        "cpuSeconds": cpu,
        "seen": seen,
    }
    options.figures.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

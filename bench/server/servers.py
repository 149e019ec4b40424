"""How each server is started, and how one is asked for a model's answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from load import Client, get, post
from processes import Program, free_port

HERE = Path(__file__).parent
OTHERS = HERE / "others"
#: The seconds that a server may take until it is ready.
_PATIENCE = 120
#: Every library that would start threads of its own; the sessions have one by their settings.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Question:
    """A request in one server's own form, and how its answer's values are read."""

    request: bytes
    read: Callable[[bytes], list[float]]


@dataclass(frozen=True)
class Server:
    """A program, its port, and the path that answers 200 once it is ready."""

    program: Program
    port: int
    ready: str

    def await_ready(self) -> float:
        """Wait until it is ready; return the seconds since its start.

        Raises:
            RuntimeError: it has ended.
            TimeoutError: it takes too long.
        """
        while not self._is_ready():
            self.program.check()
            if time.perf_counter() - self.program.started > _PATIENCE:
                raise TimeoutError(f"not ready after {_PATIENCE} s: {self.program.log.read_text()[-3000:]}")
            time.sleep(0.002)  # between two looks
        return time.perf_counter() - self.program.started

    def _is_ready(self) -> bool:
        try:
            with Client(self.port) as client:
                return client.ask(get(self.ready)).is_good
        except ConnectionError:
            return False


def v2_json(model: str, rows: np.ndarray) -> Question:
    """Return a request of the Open Inference Protocol v2 in JSON."""
    document = {"inputs": [_described(rows) | {"data": rows.ravel().tolist()}]}
    return Question(
        post(f"/v2/models/{model}/infer", json.dumps(document).encode()),
        lambda body: json.loads(body)["outputs"][0]["data"],
    )


def v2_binary(model: str, rows: np.ndarray) -> Question:
    """Return a request whose tensors travel as binary data, in both directions."""
    described = _described(rows) | {"parameters": {"binary_data_size": rows.nbytes}}
    header = json.dumps({"inputs": [described], "parameters": {"binary_data_output": True}}).encode()
    length = f"Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {len(header)}"

    def read(body: bytes) -> list[float]:
        output, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
        size = output["outputs"][0]["parameters"]["binary_data_size"]
        if len(body) != end + size:
            raise ValueError(f"{len(body)} bytes, where {end} and {size} were told")
        values: list[float] = np.frombuffer(body, np.float32, offset=end).tolist()
        return values

    return Question(post(f"/v2/models/{model}/infer", header + rows.tobytes(), length), read)


def _described(rows: np.ndarray) -> dict[str, object]:
    return {"name": "input", "shape": list(rows.shape), "datatype": "FP32"}


def rows_json(path: str, rows: np.ndarray, read: Callable[[bytes], list[list[float]]]) -> Question:
    """Return a request with the rows as nested lists, as BentoML and LitServe take them."""
    return Question(
        post(path, json.dumps({"rows": rows.tolist()}).encode()),
        lambda body: [value for row in read(body) for value in row],
    )


@dataclass(frozen=True)
class Hone:
    """Our server, laid out as its image has it (the script `prepare`)."""

    folder: Path

    @property
    def command(self) -> list[str]:
        """Return the image's entry point."""
        command: list[str] = json.loads((self.folder / "entrypoint.json").read_text())
        return command

    def start(self, repository: Path, log: Path, *, cache: bool = True, java: str = "", **settings: str) -> Server:
        """Start it with a repository of models, and options of Java; settings are variables without HONE_."""
        port, metrics = free_port(), free_port()
        command = [word for word in self.command if cache or not word.startswith("-XX:AOTCache=")]
        environment = {
            "ORT_DISABLE_TELEMETRY": "1",
            "JAVA_TOOL_OPTIONS": java,
            "HONE_MODEL_REPOSITORY": str(repository),
            "HONE_INTRA_OP_THREADS": "1",
            "HONE_GRPC_PORT": "0",
            "HONE_DRAIN_SECONDS": "0",
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(port),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
            "QUARKUS_MANAGEMENT_PORT": str(metrics),
        } | {f"HONE_{name}": value for name, value in settings.items()}
        return Server(Program(command, environment, log), port, "/v2/health/ready")

    def route(self, server: Server, log: Path) -> Server:
        """Start a router in front of a server."""
        port = free_port()
        address = f"http://127.0.0.1:{server.port}"
        configuration = log.with_suffix(".json")
        configuration.write_text(json.dumps({"revision": "1", "stable": {"rest": address, "grpc": address}}))
        environment = {
            "HONE_MODE": "router",
            "HONE_HTTP_PORT": str(port),
            "HONE_GRPC_PORT": "0",
            "HONE_ADMIN_PORT": "0",
            "HONE_ROUTER_CONFIGURATION": str(configuration),
            "HONE_DRAIN_SECONDS": "0",
        }
        return Server(Program(self.command, environment, log), port, "/v2/health/ready")


def in_process(java: Path, library: Path, model: Path, rows: int, width: int, log: Path) -> Program:
    """Start ONNX Runtime in a Java program without a server; it is told how many runs, and answers after them."""
    command = [str(java), "--enable-native-access=ALL-UNNAMED", "--class-path", str(library)]
    arguments = [str(HERE / "InProcess.java"), str(model), str(rows), str(width)]
    return Program([*command, *arguments], {"ORT_DISABLE_TELEMETRY": "1"}, log, talks=True)


def mlserver(python: Path, models: dict[str, Path], log: Path) -> Server:
    """Start MLServer: in one process, and without its access log."""
    port, grpc, metrics = free_port(), free_port(), free_port()
    folder = log.parent / "mlserver"
    settings = {
        "debug": False,
        "parallel_workers": 0,
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": grpc,
        "metrics_port": metrics,
    }
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(settings))
    for name, path in models.items():
        (folder / name).mkdir()
        described = {"name": name, "implementation": "mlserver_model.OnnxModel", "parameters": {"uri": str(path)}}
        (folder / name / "model-settings.json").write_text(json.dumps(described))
    command = [str(python.with_name("mlserver")), "start", str(folder)]
    return Server(Program(command, _python(), log, folder=folder), port, "/v2/health/ready")


def kserve(python: Path, repository: Path, log: Path) -> Server:
    """Start KServe's server of models in Python."""
    port, grpc = free_port(), free_port()
    command = [str(python), str(OTHERS / "kserve_model.py"), "--http_port", str(port), "--grpc_port", str(grpc)]
    return Server(Program(command, _python() | {"MODELS": str(repository)}, log), port, "/v2/health/ready")


def bentoml(python: Path, model: Path, log: Path) -> Server:
    """Start BentoML."""
    port = free_port()
    command = [str(python.with_name("bentoml")), "serve", "bentoml_service:OnnxService", "--working-dir", str(OTHERS)]
    home = log.parent / "bentoml"
    environment = _python() | {"MODEL": str(model), "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    program = Program([*command, "--host", "127.0.0.1", "--port", str(port)], environment, log)
    return Server(program, port, "/readyz")


def litserve(python: Path, model: Path, log: Path) -> Server:
    """Start LitServe."""
    port = free_port()
    program = Program(
        [str(python), str(OTHERS / "litserve_api.py")], _python() | {"MODEL": str(model), "PORT": str(port)}, log
    )
    return Server(program, port, "/health")


def _python() -> dict[str, str]:
    return _ONE_THREAD | {"PYTHONPATH": str(OTHERS)}

"""A real HTTPS endpoint for reports, with a certificate of a CA made for the test."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from hone.contract.job import Report

#: Status, body, headers.
Reply = tuple[int, dict[str, Any], dict[str, str]]
OK: Reply = (200, {"intervalSeconds": 0.05}, {})


@dataclass
class ReportServer:
    """Keeps what it gets; `reply` decides the answers by path and number of the call to it."""

    folder: Path
    port: int = 0
    reply: Callable[[str, int], Reply] = lambda path, call: OK
    received: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"progress": [], "result": []})
    calls: dict[str, int] = field(default_factory=lambda: {"progress": 0, "result": 0})
    tokens: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def report(self) -> Report:
        return Report(
            url=f"https://localhost:{self.port}/v1/namespaces/default/finetunejobs/tiny",
            token_file=str(self.folder / "token"),
            ca_file=str(self.folder / "ca.crt"),
        )

    def handle(self, path: str, token: str, document: dict[str, Any]) -> Reply:
        with self.changed:
            name = path.rpartition("/")[2]
            self.calls[name] += 1
            self.tokens.append(token)
            self.changed.notify_all()
            answer = self.reply(name, self.calls[name])
            if answer[0] == 200:
                self.received[name].append(document)
            self.changed.notify_all()
            return answer

    def wait_for(self, condition: Callable[[], bool], timeout: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout), self.calls


@contextmanager
def report_server(folder: Path) -> Iterator[ReportServer]:
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    (folder / "token").write_text("first-token\n")
    server = ReportServer(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = self.headers["Authorization"].removeprefix("Bearer ")
            status, body, headers = server.handle(self.path, token, document)
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.socket = context.wrap_socket(http.socket, server_side=True)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

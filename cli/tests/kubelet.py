"""Answers what the API server asks a kubelet for `kubectl logs`: one line that says what was asked. usage: kubelet.py CERTIFICATE KEY"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Kubelet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = address.path.strip("/").split("/")
        if parts[0] != "containerLogs" or len(parts) != 4:
            self.send_error(404)
            return
        options = " ".join(f"{name}={value}" for name, value in sorted(parse_qsl(address.query)))
        line = f"log of container {parts[3]} of pod {parts[2]} ({options})\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Kubelet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()

"""Registries on the loopback: Distribution as cluster/bin/kube-tools builds it, and what stands around it."""

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from local_server import LocalServer, send

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar"
TITLE = "org.opencontainers.image.title"
USER, PASSWORD = "reader", "reads: everything"
#: The password's bcrypt hash, of the cost 4.
HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuuOXGCeblWxU/PUh777sJkDH6j6znQNIy\n"
KUBE_TOOLS = Path(__file__).parents[3] / "cluster/bin/kube-tools"


def programs(*names: str) -> Path:
    """The folder of programs that kube-tools builds."""
    found = subprocess.run(
        [KUBE_TOOLS, "--only", ",".join(names)], check=True, stdout=subprocess.PIPE, text=True, timeout=280
    )
    return Path(found.stdout.strip())


class Registry:
    """One `registry serve` over a folder; several may serve one folder, each with its own way to log in."""

    def __init__(self, folder: Path, blobs: Path, http: dict | None = None, **sections: Any) -> None:
        folder.mkdir(parents=True)
        config = {
            "version": "0.1",
            "log": {"accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(blobs)}},
            "http": {"addr": "127.0.0.1:0", **(http or {})},
            **sections,
        }
        # JSON is YAML.
        (folder / "config.yml").write_text(json.dumps(config))
        self._process = subprocess.Popen(
            [programs("registry") / "registry", "serve", folder / "config.yml"],
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines: list[str] = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            lines.append(line)
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                self.host = f"127.0.0.1:{found[1]}"
                break
        else:
            raise AssertionError("".join(lines))
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._drain.join()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def put(self, repository: str, content: bytes) -> dict:
        """Upload a blob, and return what names it in a manifest."""
        digest = digest_of(content)
        with _client(f"http://{self.host}") as client:
            place = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["Location"]
            address = httpx.URL(place).copy_merge_params({"digest": digest})
            client.put(address, content=content).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def push(self, repository: str, tag: str, layers: Iterable[dict], config: str = EMPTY, **more: Any) -> str:
        """Upload layers (descriptors with their `content`) and their manifest, whose digest comes back."""
        descriptors = [
            {
                **{key: value for key, value in layer.items() if key != "content"},
                **self.put(repository, layer["content"]),
            }
            for layer in layers
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": config, **self.put(repository, b"{}")},
            "layers": descriptors,
            **more,
        }
        return self.put_manifest(repository, tag, manifest)

    def put_manifest(self, repository: str, reference: str, manifest: dict) -> str:
        content = json.dumps(manifest).encode()
        address, kind = f"/v2/{repository}/manifests/{reference}", {"Content-Type": manifest["mediaType"]}
        with _client(f"http://{self.host}") as client:
            client.put(address, content=content, headers=kind).raise_for_status()
        return digest_of(content)


class Wire(LocalServer):
    """What lies between a client and a registry: it notes what is asked for, and can be a bad one."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self.registry = registry
        self.asked: list[str] = []
        self.ranges: list[str | None] = []
        self.authorizations: list[str | None] = []
        self.errors: list[int] = []
        self.cut_after: list[int] = []
        self.tampered: set[str] = set()
        self.redirects: dict[str, str] = {}
        self.forgets_authorization: set[str] = set()

    def blobs(self) -> list[str]:
        """Digests of the blobs that were asked for."""
        return [name.rpartition("/")[2] for name in self.asked if "/blobs/" in name]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        self.authorizations.append(request.headers.get("Authorization"))
        last = request.path.rpartition("/")[2]
        if self.errors:
            send(request, self.errors.pop(0), b"")
            return
        if last in self.redirects:
            send(request, 307, b"", {"Location": self.redirects[last]})
            return
        sent = {name: request.headers[name] for name in ("Authorization", "Accept", "Range") if name in request.headers}
        if last in self.forgets_authorization:
            self.forgets_authorization.remove(last)
            sent.pop("Authorization", None)
        with _client(f"http://{self.registry.host}") as client:
            got = client.get(request.path, headers=sent)
        content = got.content
        if last in self.tampered:
            content = bytes(byte ^ 1 for byte in content)
        kept = {name: got.headers[name] for name in ("Content-Type", "WWW-Authenticate") if name in got.headers}
        if "/blobs/" in request.path and got.is_success:
            self.ranges.append(sent.get("Range"))
            if self.cut_after:
                send(request, got.status_code, content, kept, cut_after=self.cut_after.pop(0))
                return
        send(request, got.status_code, content, kept)


class TokenServer(LocalServer):
    """Gives tokens for pulling: to anybody of what is public, of the rest to whom knows the password or has a token."""

    SERVICE, ISSUER, REFRESH = "registry.example", "tokens.example", "identity-of-reader"

    def __init__(self) -> None:
        super().__init__()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.asked: list[dict[str, list[str]]] = []
        self.errors: list[int] = []

    def configuration(self, folder: Path) -> dict:
        """What a registry needs to know of it."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1"}
        key |= {"x": _base64(numbers.x.to_bytes(32, "big")), "y": _base64(numbers.y.to_bytes(32, "big"))}
        folder.mkdir(parents=True)
        (folder / "keys.json").write_text(json.dumps({"keys": [key]}))
        return {
            "realm": f"http://{self.host}/token",
            "service": self.SERVICE,
            "issuer": self.ISSUER,
            "jwks": str(folder / "keys.json"),
        }

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = parse_qs(urlsplit(request.path).query)
        if request.command == "POST":
            length = int(request.headers["Content-Length"])
            asked = parse_qs(request.rfile.read(length).decode())
        self.asked.append(asked)
        if self.errors:
            send(request, self.errors.pop(0), b"")
            return
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        known = (given and b64decode(given).decode() == f"{USER}:{PASSWORD}") or (
            asked.get("refresh_token") == [self.REFRESH] and asked["grant_type"] == ["refresh_token"]
        )
        if asked["service"] != [self.SERVICE] or not (known or (not given and request.command == "GET")):
            send(request, 401, b"")
            return
        _, name, actions = asked["scope"][0].split(":")
        allowed = actions == "pull" and (known or name.startswith("public/"))
        access = [{"type": "repository", "name": name, "actions": ["pull"]}] if allowed else []
        token = self._signed({"access": access})
        send(request, 200, json.dumps({"access_token" if request.command == "POST" else "token": token}).encode())

    def _signed(self, claims: dict) -> str:
        now = int(time.time())
        claims |= {"iss": self.ISSUER, "aud": self.SERVICE, "sub": USER, "nbf": now - 60, "iat": now, "exp": now + 300}
        head = {"typ": "JWT", "alg": "ES256", "kid": "1"}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _client(root: str) -> httpx.Client:
    """Without certificates, which take a while to load."""
    return httpx.Client(base_url=root, verify=False)  # noqa: S501 - over http


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar(entries: dict[str, bytes | tarfile.TarInfo], compression: str = "") -> bytes:
    """An archive of contents by name, or of entries that are given whole."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{compression}") as archive:
        for name, content in entries.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()

"""A hub on the loopback: the part of the Hugging Face Hub's HTTP API that its client uses to read a repository."""

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from local_server import LocalServer, send

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
LARGE = (".safetensors", ".gguf", ".bin", ".parquet")


@dataclass
class Repository:
    """Files at commits, and names of commits."""

    files: dict[str, dict[str, bytes]]
    refs: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    token: str | None = None
    gated: bool = False

    def commit(self, revision: str) -> str | None:
        return revision if revision in self.files else self.refs.get(revision)


class Hub(LocalServer):
    """Serves repositories, notes what is asked for, and can give other bytes than it lists."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.fetched: list[str] = []
        self.tampered: set[str] = set()
        self.errors: list[int] = []
        super().__init__()

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.errors:
            send(request, self.errors.pop(0), b"")
            return
        parts = unquote(urlsplit(request.path).path).strip("/").split("/")
        api = parts[0] == "api"
        if api:
            parts = parts[1:]
            kind, parts = parts[0], parts[1:]
        else:
            kind = "datasets" if parts[0] == "datasets" else "models"
            parts = parts[kind == "datasets" :]
        repository = self.repositories.get("/".join([kind, *parts[:2]]))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if repository is None or (repository.token is not None and token != repository.token):
            # The hub tells nobody of what he may not see.
            send(request, 401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return
        if repository.gated:
            send(request, 403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
            return
        what, rest = parts[2] if len(parts) > 2 else "revision", parts[3:] or ["main"]
        commit = repository.commit(rest[0])
        if commit is None:
            send(request, 404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
            return
        files = repository.files[commit]
        if api and what == "revision":
            document = {"id": "/".join(parts[:2]), "sha": commit, "siblings": [{"rfilename": name} for name in files]}
            send(request, 200, json.dumps(document).encode())
        elif api and what == "tree":
            send(request, 200, json.dumps([_entry(name, content) for name, content in files.items()]).encode())
        elif what == "resolve":
            self._resolve(request, commit, "/".join(rest[1:]), files)
        else:
            send(request, 404, b"")

    def _resolve(self, request: BaseHTTPRequestHandler, commit: str, name: str, files: dict[str, bytes]) -> None:
        if name not in files:
            send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content, entry = files[name], _entry(name, files[name])
        etag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        if request.command == "GET":
            self.fetched.append(name)
        if name in self.tampered:
            content = bytes(byte ^ 1 for byte in content)
        send(request, 200, content, {"X-Repo-Commit": commit, "ETag": f'"{etag}"'})


def _entry(name: str, content: bytes) -> dict:
    """What the hub lists of a file: git's name of its content, and for a large one its SHA-256 too."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    entry = {"type": "file", "path": name, "size": len(content), "oid": blob}
    if name.endswith(LARGE):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "sha256": sha256, "size": len(content), "pointerSize": 134}
    return entry

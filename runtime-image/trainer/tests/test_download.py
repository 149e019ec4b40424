import hashlib
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from hone.contract.source import Data, ResolvedModel
from hone.errors import RunError
from hone.store import Locator, Store
from hone.store.download import Downloads

ROWS = b'{"text": "a", "label": "ham"}\n' * 200


class Server:
    """Files over TLS; it can answer with errors first, cut an answer off, and counts what is asked."""

    def __init__(self, authority: trustme.CA) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.errors: list[int] = []
        self.cut_after: list[int] = []
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"https://localhost:{self._http.server_address[1]}{path}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        body = self.files.get(request.path.partition("?")[0])
        if self.errors:
            request.send_error(self.errors.pop(0))
            return
        if request.path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[request.path])
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if body is None:
            request.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        end = self.cut_after.pop(0) if self.cut_after else len(body)
        request.wfile.write(body[start:end])
        if end < len(body):
            request.wfile.flush()
            request.connection.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority) -> Iterator[Server]:
    server = Server(authority)
    server.files["/data.jsonl"] = ROWS
    yield server
    server.close()


@pytest.fixture
def downloads(authority, tmp_path) -> Downloads:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return Downloads(tmp_path / "downloads", context, sleep=lambda seconds: None)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def failure(call, *arguments) -> RunError:
    with pytest.raises(RunError) as caught:
        call(*arguments)
    return caught.value


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_data_is_fetched_once_and_is_what_its_digest_says(server, downloads, tmp_path):
    store = Store(Locator(tmp_path, allow_files=False), downloads=downloads)
    data = Data(uri=server.url("/data.jsonl?version=3"), digest=digest(ROWS))
    source = store.data(data)
    assert source.path.name == "data.jsonl"
    assert source.path.read_bytes() == ROWS
    assert source.digest == digest(ROWS)
    store.data(data)
    assert len(server.ranges) == 1


def test_the_processes_of_a_pod_fetch_one_file_once(server, downloads):
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(downloads.fetch, server.url("/data.jsonl"), digest(ROWS), "DatasetNotFound") for _ in range(4)
        ]
        paths = {job.result() for job in jobs}
    assert len(paths) == 1
    assert len(server.ranges) == 1


def test_another_content_is_refused_and_nothing_is_kept(server, downloads, tmp_path):
    error = failure(downloads.fetch, server.url("/data.jsonl"), digest(b"other"), "DatasetNotFound")
    assert error.reason == "ArtifactCorrupt"
    assert digest(ROWS) in error.message
    assert not [path for path in (tmp_path / "downloads").rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_transfer_that_is_cut_off_goes_on_where_it_was(server, downloads):
    server.cut_after = [1000, 2500]
    path = downloads.fetch(server.url("/data.jsonl"), digest(ROWS), "DatasetNotFound")
    assert path.read_bytes() == ROWS
    assert server.ranges == [None, "bytes=1000-", "bytes=2500-"]


def test_a_server_that_is_busy_is_asked_again_and_one_that_stays_so_is_named(server, downloads):
    server.errors = [503, 429]
    assert downloads.fetch(server.url("/data.jsonl"), digest(ROWS), "DatasetNotFound").read_bytes() == ROWS
    server.errors = [503] * 5
    error = failure(downloads.fetch, server.url("/more.jsonl"), digest(b""), "DatasetNotFound")
    assert error.reason == "Internal"
    assert "in 5 tries: the server answers 503" in error.message


@pytest.mark.parametrize(
    ("path", "asked", "reason", "sentence"),
    [
        (
            "/none.jsonl?key=secret",
            digest(ROWS),
            "DatasetNotFound",
            "none.jsonl cannot be read: the server answers 404",
        ),
        ("/data.jsonl?key=secret", None, "ConfigInvalid", "write its digest beside the uri"),
        ("/", digest(ROWS), "ConfigInvalid", "name a file"),
        ("/..", digest(ROWS), "ConfigInvalid", "name a file"),
    ],
)
def test_what_cannot_be_fetched_is_said_without_the_query(server, downloads, path, asked, reason, sentence):
    error = failure(downloads.fetch, server.url(path), asked, "DatasetNotFound")
    assert error.reason == reason
    assert sentence in error.message
    assert "secret" not in error.message


def test_a_password_in_the_address_is_refused_and_not_repeated(server, downloads):
    uri = server.url("/data.jsonl").replace("https://", "https://me:secret@")
    error = failure(downloads.fetch, uri, digest(ROWS), "DatasetNotFound")
    assert error.reason == "ConfigInvalid"
    assert "secret" not in error.message


def test_an_unknown_authority_is_not_trusted(server, tmp_path):
    distrustful = Downloads(tmp_path / "downloads", sleep=lambda seconds: None)
    error = failure(distrustful.fetch, server.url("/data.jsonl"), digest(ROWS), "DatasetNotFound")
    assert "certificate verify failed" in error.message


def test_a_model_comes_as_a_tar_archive(server, downloads, tmp_path):
    weights = b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "
    packed = archive(
        {"model/config.json": json.dumps({"model_type": "bert"}).encode(), "model/model.safetensors": weights}
    )
    server.files["/model.tar.gz"] = packed
    store = Store(Locator(tmp_path, allow_files=False), downloads=downloads)
    source = store.model(ResolvedModel(uri=server.url("/model.tar.gz"), digest=digest(packed)))
    assert source.digest == digest(packed)
    assert sorted(path.name for path in source.path.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("packed", [archive({"../outside.txt": b"x"}), b"no tar"])
def test_an_archive_that_leads_out_of_itself_or_is_none_is_refused(server, downloads, tmp_path, packed):
    server.files["/model.tar.gz"] = packed
    error = failure(downloads.fetch, server.url("/model.tar.gz"), digest(packed), "ModelNotFound")
    assert error.reason == "ArtifactCorrupt"
    assert not list(tmp_path.rglob("outside.txt"))


def test_an_absolute_path_in_an_archive_stays_inside(server, downloads):
    packed = archive({"/etc/outside.txt": b"x"})
    server.files["/model.tar.gz"] = packed
    path = downloads.fetch(server.url("/model.tar.gz"), digest(packed), "ModelNotFound")
    assert (path / "outside.txt").read_bytes() == b"x"


def test_an_address_that_leads_to_plain_http_is_refused(authority, tmp_path):
    class Plain(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(ROWS)))
            self.end_headers()
            self.wfile.write(ROWS)

        def log_message(self, *arguments: object) -> None:
            pass

    plain = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    server = Server(authority)
    server.redirects["/leads/away.jsonl"] = f"http://127.0.0.1:{plain.server_address[1]}/data.jsonl"
    context = ssl.create_default_context()
    authority.configure_trust(context)
    try:
        error = failure(
            Downloads(tmp_path, context).fetch, server.url("/leads/away.jsonl"), digest(ROWS), "DatasetNotFound"
        )
    finally:
        server.close()
        plain.shutdown()
        plain.server_close()
    assert error.reason == "DatasetNotFound"
    assert "leads to http://" in error.message

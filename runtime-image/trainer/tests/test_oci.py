"""Models and data at oci://, from a real registry on the loopback, pushed as the tools that are there do it."""

import json
import logging
import platform
import shutil
import socket
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
import trustme

from hone.contract.source import Data, ResolvedModel, SecretReference
from hone.errors import RunError
from hone.store import Locator, Store, transfer
from hone.store.credentials import Credentials, prefix_of
from hone.store.download import Downloads
from hone.store.login import DOCKER_CONFIG, Login, login_to
from hone.store.oci import Address
from registry_server import (
    EMPTY,
    HTPASSWD,
    IMAGE_CONFIG,
    IMAGE_LAYER,
    INDEX,
    MANIFEST,
    PASSWORD,
    TITLE,
    USER,
    Registry,
    TokenServer,
    Wire,
    digest_of,
    programs,
    tar,
)

SECRET = SecretReference(name="registry.login")
PREFIX = prefix_of(SECRET.name)
ROWS = b'{"text": "a", "label": "ham"}\n'
MODEL_FILE, KIT = "application/vnd.cncf.model.weight.v1", "application/vnd.kitops.modelkit"
FILE_PATH = "org.cncf.model.filepath"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(transfer, "_WAIT_SECONDS", 0)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory) -> Path:
    """The folder that all registries serve: what is pushed to the open one can be pulled from the others."""
    return tmp_path_factory.mktemp("blobs")


@pytest.fixture(scope="module")
def registry(blobs, tmp_path_factory) -> Iterator[Registry]:
    server = Registry(tmp_path_factory.mktemp("registry") / "open", blobs)
    yield server
    server.close()


@pytest.fixture
def wire(registry) -> Iterator[Wire]:
    server = Wire(registry)
    yield server
    server.close()


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def locked(blobs, tokens, tmp_path_factory) -> Iterator[dict[str, Registry]]:
    """The same registry behind a password, and behind tokens."""
    root = tmp_path_factory.mktemp("locked")
    (root / "htpasswd").write_text(HTPASSWD)
    servers = {
        "basic": Registry(
            root / "basic", blobs, auth={"htpasswd": {"realm": "registry", "path": str(root / "htpasswd")}}
        ),
        "token": Registry(root / "token", blobs, auth={"token": tokens.configuration(root / "keys")}),
    }
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(Locator(tmp_path, allow_files=False), downloads=Downloads(tmp_path / "downloads"))


@pytest.fixture(scope="module")
def files(tiny_model) -> dict[str, bytes]:
    """What belongs to a model."""
    return {path.name: path.read_bytes() for path in tiny_model.iterdir()}


@pytest.fixture
def digest(store, tiny_model, tmp_path) -> str:
    """The digest that the model has on a volume."""
    shutil.copytree(tiny_model, tmp_path / "claim/tiny")
    return store.model(ResolvedModel(uri="pvc://claim/tiny")).digest


def failure(call, *arguments) -> RunError:
    with pytest.raises(RunError) as caught:
        call(*arguments)
    return caught.value


def titled(files: dict[str, bytes]) -> list[dict]:
    return [
        {"mediaType": "application/octet-stream", "annotations": {TITLE: name}, "content": content}
        for name, content in files.items()
    ]


def zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as out:
        out.write(content)
    return packed.getvalue().to_pybytes()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def test_what_the_oras_client_pushes_is_fetched_at_its_digest(registry, wire, store, digest, tiny_model, tmp_path):
    pushed = tmp_path / "pushed"
    shutil.copytree(tiny_model, pushed / "tiny")
    for name in ("README.md", "modeling_own.py", "pytorch_model.bin"):
        (pushed / "tiny" / name).write_bytes(b"x")
    oras = programs("oras") / "oras"

    def push(tag: str, names: list[str], folder: Path) -> str:
        command = [oras, "push", "--plain-http", "--format", "json", f"{registry.host}/team/oras:{tag}", *names]
        return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)["digest"]

    files = push("files", sorted(path.name for path in (pushed / "tiny").iterdir()), pushed / "tiny")
    folder = push("folder", ["tiny"], pushed)
    source = store.model(ResolvedModel(uri=f"oci://{wire.host}/team/oras:files"))
    assert (source.uri, source.digest) == (f"oci://{wire.host}/team/oras@{files}", digest)
    wanted = {path.name for path in tiny_model.iterdir()}
    assert {path.name for path in source.path.rglob("*") if path.is_file()} == wanted
    assert len(wire.blobs()) == len(wanted)
    assert store.model(ResolvedModel(uri=f"oci://{wire.host}/team/oras:files")).path == source.path
    assert len(wire.blobs()) == len(wanted)
    # A folder is packed as one archive; its name may be left out, for it is the only one.
    for path in ("", "/tiny"):
        source = store.model(ResolvedModel(uri=f"oci://{wire.host}/team/oras:folder{path}"))
        assert (source.uri, source.digest) == (f"oci://{wire.host}/team/oras@{folder}{path}", digest)
        assert {file.name for file in source.path.iterdir()} == wanted


def layers_by_tool(files: dict[str, bytes]) -> dict[str, tuple[str, list[dict]]]:
    """A config's media type and layers, as the tools that are there write them."""
    half = len(files) // 2
    first, second = dict(list(files.items())[:half]), dict(list(files.items())[half:])
    unpacked = {"io.deis.oras.content.unpack": "true"}
    tarball = f"{IMAGE_LAYER}+gzip"
    return {
        "oras-folder": (
            EMPTY,
            [{"mediaType": tarball, "annotations": {TITLE: "m", **unpacked}, "content": tar(below("m", files), "gz")}],
        ),
        "oras-py-folder": (
            EMPTY,
            [{"mediaType": tarball, "annotations": {TITLE: "m"}, "content": tar(below("m", files), "gz")}],
        ),
        "kitops": (
            f"{KIT}.config.v1+json",
            [
                {"mediaType": f"{KIT}.model.v1.tar+gzip", "content": tar(first, "gz")},
                {"mediaType": f"{KIT}.modelpart.v1.tar", "content": tar(below(".", second))},
                {"mediaType": f"{KIT}.dataset.v1.tar+gzip", "content": tar({"a.jsonl": ROWS}, "gz")},
            ],
        ),
        "modelpack-raw": (
            "application/vnd.cncf.model.config.v1+json",
            [
                {"mediaType": f"{MODEL_FILE}.raw", "annotations": {FILE_PATH: name}, "content": content}
                for name, content in {**files, "pytorch_model.bin": b"x"}.items()
            ],
        ),
        "modelpack-tar": (
            "application/vnd.cncf.model.config.v1+json",
            [
                {
                    "mediaType": f"{MODEL_FILE}.tar" + kind,
                    "annotations": {FILE_PATH: name},
                    "content": pack(tar({name: content})),
                }
                for (name, content), (kind, pack) in zip(
                    files.items(), [("", bytes), ("+zstd", zstd)] * len(files), strict=False
                )
            ],
        ),
        "image": (
            IMAGE_CONFIG,
            [
                {
                    "mediaType": f"{IMAGE_LAYER}+gzip",
                    "content": tar({"bin": link("bin", "usr/bin"), "etc/x": b"x", "models/old.json": b"{}"}, "gz"),
                },
                {
                    "mediaType": f"{IMAGE_LAYER}+zstd",
                    "content": zstd(
                        tar(
                            {
                                "models/config.json": b"old",
                                "models/sub/a": b"a",
                                "models/vocab": b"b",
                                **below("models", second),
                            }
                        )
                    ),
                },
                {
                    "mediaType": IMAGE_LAYER,
                    # As olot writes it: titled, and a tar nonetheless.
                    "annotations": {TITLE: "rest", "olot.layer.content.inlayerpath": "/models/rest"},
                    "content": tar(
                        {"models/.wh.old.json": b"", "./models/sub/.wh..wh..opq": b"", **below("models", first)}
                    ),
                },
            ],
        ),
    }


@pytest.mark.parametrize("tool", ["oras-folder", "oras-py-folder", "kitops", "modelpack-raw", "modelpack-tar", "image"])
def test_a_model_has_the_digest_that_it_has_on_a_volume(registry, wire, store, digest, files, tool):
    config, layers = layers_by_tool(files)[tool]
    pushed = registry.push(f"tools/{tool}", "v1", layers, config)
    source = store.model(ResolvedModel(uri=f"oci://{wire.host}/tools/{tool}:v1"))
    assert (source.uri, source.digest) == (f"oci://{wire.host}/tools/{tool}@{pushed}", digest)
    assert {path.name for path in source.path.rglob("*") if path.is_file()} == set(files)
    assert digest_of(b"x") not in wire.blobs()
    for layer in layers:
        assert (digest_of(layer["content"]) in wire.blobs()) == (
            "dataset" not in layer["mediaType"] and layer.get("annotations", {}).get(FILE_PATH) != "pytorch_model.bin"
        )
    pinned = ResolvedModel(uri=f"oci://{wire.host}/tools/{tool}:v1", digest=digest)
    assert store.model(pinned).digest == digest
    other = ResolvedModel(uri=f"oci://{wire.host}/tools/{tool}:v1", digest="sha256:" + "0" * 64)
    assert failure(store.model, other).reason == "ArtifactCorrupt"


def test_a_link_in_an_archive_is_another_name_of_a_file(registry, store, digest, files):
    weights = files["model.safetensors"]
    entries = {
        "model/blobs/1": weights,
        **{name: link(name, "blobs/1") for name in ["model/model.safetensors"]},
        **below("model", {name: content for name, content in files.items() if name != "model.safetensors"}),
    }
    registry.push("team/links", "v1", [{"mediaType": f"{KIT}.model.v1.tar", "content": tar(entries)}])
    source = store.model(ResolvedModel(uri=f"oci://{registry.host}/team/links:v1"))
    assert source.digest == digest
    assert not (source.path / "model.safetensors").is_symlink()


def test_an_index_is_read_for_this_machine(registry, store, files, digest):
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]

    def image(content: dict[str, bytes]) -> dict:
        layers = [{"mediaType": IMAGE_LAYER, "content": tar(below("models", content))}]
        name = registry.push("team/index", "part", layers, IMAGE_CONFIG)
        size = len(
            httpx.get(f"http://{registry.host}/v2/team/index/manifests/{name}", headers={"Accept": MANIFEST}).content
        )
        return {"mediaType": MANIFEST, "digest": name, "size": size}

    this, other = image(files), image({"config.json": b"{}"})
    attestation = {**other, "platform": {"os": "unknown", "architecture": "unknown"}}

    def index(tag: str, *manifests: dict) -> str:
        return registry.put_manifest(
            "team/index", tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        )

    foreign = {**other, "platform": {"os": "linux", "architecture": "s390x"}}
    both = index("both", foreign, {**this, "platform": {"os": "linux", "architecture": architecture}})
    source = store.model(ResolvedModel(uri=f"oci://{registry.host}/team/index:both"))
    # The index is what the tag means, so it is what pins the run.
    assert (source.uri, source.digest) == (f"oci://{registry.host}/team/index@{both}", digest)
    index("one", attestation, this)
    assert store.model(ResolvedModel(uri=f"oci://{registry.host}/team/index:one")).digest == digest
    index("none", foreign, {**this, "platform": {"os": "linux", "architecture": "riscv64"}})
    error = failure(store.model, ResolvedModel(uri=f"oci://{registry.host}/team/index:none"))
    assert error.reason == "ModelInvalid"
    assert f"without a manifest for linux/{architecture} (it has linux/s390x, linux/riscv64)" in error.message


@pytest.mark.parametrize(
    ("path", "fetched"),
    [
        ("", ["test.jsonl", "train-0.jsonl", "train-1.jsonl"]),
        ("/mails", ["test.jsonl", "train-0.jsonl", "train-1.jsonl"]),
        ("/mails/test.jsonl", ["test.jsonl"]),
        ("/mails/train-*.jsonl", ["train-0.jsonl", "train-1.jsonl"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_data_is_a_file_a_folder_or_a_pattern(registry, wire, store, path, fetched, packed):
    mails = {f"mails/{name}.jsonl": ROWS * size for size, name in enumerate(["train-1", "train-0", "test"], 1)}
    weights = {"mediaType": f"{KIT}.model.v1.tar", "content": tar({"model.safetensors": b"x"})}
    other = {
        "mediaType": f"{IMAGE_LAYER}+gzip",
        "annotations": {TITLE: "other"},
        "content": tar({"other/a.md": b"x"}, "gz"),
    }
    layers = titled({**mails, "README.md": b"read"})
    if packed:
        layers = [{"mediaType": f"{IMAGE_LAYER}+gzip", "annotations": {TITLE: "mails"}, "content": tar(mails, "gz")}]
    pushed = registry.push("team/mails", "v1", [*layers, weights, other])
    uri = f"oci://{wire.host}/team/mails:v1{path}"
    source = store.data(Data(uri=uri))
    assert source.uri == f"oci://{wire.host}/team/mails@{pushed}{path}"
    found = source.files or sorted(source.path.rglob("*.jsonl")) or [source.path]
    assert sorted(file.name for file in found) == fetched
    assert digest_of(weights["content"]) not in wire.blobs()
    assert (digest_of(other["content"]) in wire.blobs()) == (not path)
    assert len(wire.blobs()) == (1 if packed else len(fetched)) + (not path)
    assert store.data(Data(uri=uri, digest=source.digest)) == source
    assert failure(store.data, Data(uri=uri, digest="sha256:" + "0" * 64)).reason == "ArtifactCorrupt"


def test_a_tag_that_moves_during_a_run_keeps_its_digest_and_a_digest_comes_before_a_tag(registry, store, tmp_path):
    first = registry.push("team/moving", "latest", titled({"a.jsonl": ROWS}))
    uri = f"oci://{registry.host}/team/moving"
    source = store.data(Data(uri=uri))
    assert source.uri == f"{uri}@{first}"
    second = registry.push("team/moving", "latest", titled({"a.jsonl": ROWS * 2}))
    assert store.data(Data(uri=uri)) == source
    for pinned in (f"{uri}@{first}", f"{uri}:latest@{first}"):
        assert store.data(Data(uri=pinned)).digest == source.digest
    later = Store(Locator(tmp_path, allow_files=False), downloads=Downloads(tmp_path / "later"))
    assert later.data(Data(uri=uri)).uri == f"{uri}@{second}"


@pytest.mark.parametrize("way", ["basic", "token"])
def test_a_password_of_a_secret_opens_what_others_do_not_see(locked, registry, store, monkeypatch, caplog, way):
    caplog.set_level(logging.DEBUG)
    registry.push("team/private", "v1", titled({"a.jsonl": ROWS}))
    wire = Wire(locked[way])
    uri = f"oci://{wire.host}/team/private:v1"
    error = failure(store.data, Data(uri=uri))
    assert error.reason == "DatasetNotFound"
    assert "shows nobody the repository team/private; correct the address, or name in secretRef" in error.message
    wanted = Data(uri=uri, secret_ref=SECRET)
    assert failure(store.data, wanted).reason == "ConfigInvalid"
    monkeypatch.setenv(PREFIX + "OCI_USERNAME", USER)
    error = failure(store.data, wanted)
    assert error.reason == "ConfigInvalid"
    assert "lacks OCI_USERNAME or OCI_PASSWORD" in error.message
    monkeypatch.setenv(PREFIX + "OCI_PASSWORD", "of-someone-else")
    error = failure(store.data, wanted)
    assert error.reason == "DatasetNotFound"
    assert "does not show the repository team/private to these credentials" in error.message
    monkeypatch.setenv(PREFIX + "OCI_PASSWORD", f"{PASSWORD}\n")
    wire.authorizations.clear()
    assert store.data(wanted).path.is_dir()
    # Nothing is told before the registry asks.
    assert wire.authorizations[0] is None
    assert {str(value).split()[0] for value in wire.authorizations[1:]} == {"Basic" if way == "basic" else "Bearer"}
    assert PASSWORD not in caplog.text
    assert "of-someone-else" not in caplog.text + error.message
    wire.close()


def test_a_login_of_the_environment_is_used_without_a_secret(locked, registry, store, monkeypatch):
    registry.push("team/private", "v1", titled({"a.jsonl": ROWS}))
    monkeypatch.setenv("OCI_USERNAME", USER)
    monkeypatch.setenv("OCI_PASSWORD", PASSWORD)
    assert store.data(Data(uri=f"oci://{locked['token'].host}/team/private:v1")).path.is_dir()


def test_a_secret_for_pulling_images_does_as_well(locked, registry, store, tmp_path, monkeypatch):
    registry.push("team/private", "v1", titled({"a.jsonl": ROWS}))
    host = locked["token"].host
    wanted = Data(uri=f"oci://{host}/team/private:v1", secret_ref=SECRET)
    for entry in (
        {"auth": b64encode(f"{USER}:{PASSWORD}".encode()).decode()},
        {"username": USER, "password": PASSWORD},
        {"auth": b64encode(b"00000000-0000-0000-0000-000000000000:").decode(), "identitytoken": TokenServer.REFRESH},
    ):
        monkeypatch.setenv(PREFIX + DOCKER_CONFIG, json.dumps({"auths": {host: entry}}))
        assert store.data(wanted).path.is_dir()
        shutil.rmtree(tmp_path / "downloads")
    monkeypatch.setenv(PREFIX + DOCKER_CONFIG, json.dumps({"auths": {host: {"identitytoken": "of-someone-else"}}}))
    assert "does not show the repository" in failure(store.data, wanted).message


def test_a_token_for_everybody_is_asked_for_without_a_login(locked, registry, tokens, store):
    registry.push("public/mails", "v1", titled({"a.jsonl": ROWS}))
    tokens.asked.clear()
    tokens.errors = [503]
    assert store.data(Data(uri=f"oci://{locked['token'].host}/public/mails:v1")).path.is_dir()
    assert tokens.asked[-1]["scope"] == ["repository:public/mails:pull"]


def test_a_token_that_ran_out_is_replaced(locked, registry, tokens, store):
    registry.push("public/long", "v1", titled({"a.jsonl": ROWS, "b.jsonl": ROWS * 2}))
    wire = Wire(locked["token"])
    wire.forgets_authorization = {digest_of(ROWS)}
    tokens.asked.clear()
    assert store.data(Data(uri=f"oci://{wire.host}/public/long:v1")).path.is_dir()
    wire.close()
    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    ("auths", "found"),
    [
        ({"registry.example": {"username": "a", "password": "b"}}, Login("a", "b")),
        ({"https://registry.example/v2/": {"username": "a", "password": "b"}}, Login("a", "b")),
        ({"*.example": {"username": "a", "password": "b"}}, Login("a", "b")),
        (
            {
                "registry.example": {"username": "a", "password": "b"},
                "registry.example/team": {"username": "c", "password": "d"},
                "registry.example/tea": {"username": "e", "password": "f"},
            },
            Login("c", "d"),
        ),
        ({"registry.example:5000": {"username": "a", "password": "b"}}, "has nothing for registry.example"),
        ({"*": {"username": "a", "password": "b"}}, "has nothing for registry.example"),
        ({"registry.example": {}}, "has nothing for registry.example"),
        ({"registry.example": {"auth": "%"}}, "is none; make the Secret again"),
        (None, "is none; make the Secret again"),
    ],
)
def test_of_a_secret_for_pulling_images_the_entry_of_the_registry_is_used(auths, found):
    credentials = Credentials(
        "P_", {f"P_{DOCKER_CONFIG}": "no JSON" if auths is None else json.dumps({"auths": auths})}
    )
    if isinstance(found, Login):
        assert login_to("registry.example", "team/model", credentials, "oci://…") == found
    else:
        error = failure(login_to, "registry.example", "team/model", credentials, "oci://…")
        assert error.reason == "ConfigInvalid"
        assert found in error.message


def test_the_registry_of_docker_has_several_names():
    config = json.dumps({"auths": {"https://index.docker.io/v1/": {"username": "a", "password": "b"}}})
    login = login_to("docker.io", "library/x", Credentials("P_", {f"P_{DOCKER_CONFIG}": config}), "oci://…")
    assert login == Login("a", "b")
    assert str(Address.parse("oci://docker.io/x")) == "oci://docker.io/library/x:latest"


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("oci://registry.example", "names no artifact of a registry; write oci://REGISTRY/REPOSITORY"),
        ("oci://registry.example/Team/model", "names no artifact of a registry"),
        ("oci://me:secret@registry.example/model", "names no artifact of a registry"),
        ("oci://registry.example/model@sha256:1", "names no artifact of a registry"),
        ("oci://registry.example/model@v1", "names no artifact of a registry"),
        ("oci://registry.example/model/Rows.jsonl", "has a path and no tag; write oci://REGISTRY/REPOSITORY"),
    ],
)
def test_an_address_that_is_none_is_refused(store, uri, sentence):
    error = failure(store.data, Data(uri=uri))
    assert (error.reason, sentence in error.message) == ("ConfigInvalid", True), error.message


def test_a_path_begins_behind_the_tag_or_digest():
    digest = "sha256:" + "0" * 64
    assert Address.parse("oci://h:1/a/b.c/d") == Address("h:1", "a/b.c/d", "latest", None, "")
    assert Address.parse("oci://h/a/b:c/d:e/f") == Address("h", "a/b", "c", None, "d:e/f")
    assert Address.parse(f"oci://[::1]:5000/a:c@{digest}/d@e/") == Address("[::1]:5000", "a", "c", digest, "d@e")
    assert Address.parse(f"oci://h/a@{digest}").reference == digest


@pytest.mark.parametrize(
    ("name", "layers", "config", "reason", "sentence"),
    [
        ("none", None, EMPTY, "ModelNotFound", "has no v1 in the repository wrong/none"),
        (
            "pickle",
            titled({"config.json": b"{}", "pytorch_model.bin": b"x"}),
            EMPTY,
            "ModelInvalid",
            "has its weights in pytorch_model.bin, a pickle that can run code when it is read, so nothing was fetched",
        ),
        (
            "ggufs",
            titled({"a.gguf": b"a", "b.gguf": b"b"}),
            EMPTY,
            "ModelInvalid",
            ":v1 holds a.gguf, b.gguf; name one",
        ),
        ("text", titled({"a.md": b"a"}), EMPTY, "ModelInvalid", "holds no model.safetensors"),
        ("climbs", titled({"../config.json": b"{}"}), EMPTY, "ModelNotFound", "There is nothing at"),
        (
            "nameless",
            [{"mediaType": "application/vnd.ollama.image.model", "content": b"x"}],
            EMPTY,
            "ModelInvalid",
            "has no layer that names a file; push the files with oras, kit or modctl",
        ),
        (
            "image",
            [{"mediaType": IMAGE_LAYER, "content": tar({"etc/config.json": b"{}"})}],
            IMAGE_CONFIG,
            "ModelInvalid",
            "is an image without a file below /models",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_said(registry, wire, store, name, layers, config, reason, sentence):
    if layers is not None:
        registry.push(f"wrong/{name}", "v1", layers, config)
    error = failure(store.model, ResolvedModel(uri=f"oci://{wire.host}/wrong/{name}:v1"))
    assert (error.reason, sentence in error.message) == (reason, True), error.message
    assert len(wire.blobs()) == (name == "image")


def test_a_tag_or_digest_that_is_not_there_is_named(registry, store):
    registry.push("team/some", "v1", titled({"a.jsonl": ROWS}))
    for reference in (":v9", "@sha256:" + "0" * 64):
        error = failure(store.data, Data(uri=f"oci://{registry.host}/team/some{reference}"))
        assert error.reason == "DatasetNotFound"
        assert f"has no {reference[1:]} in the repository team/some" in error.message


def device(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.devmajor, entry.devminor = tarfile.CHRTYPE, 1, 3
    return entry


@pytest.mark.parametrize("media_type", [f"{KIT}.model.v1.tar", IMAGE_LAYER])
@pytest.mark.parametrize(
    "entries",
    [
        {"models/config.json": link("models/config.json", "/etc/passwd")},
        {"models/config.json": link("models/config.json", "../../../../outside")},
        {"models/config.json": link("models/config.json", "../../../../outside", tarfile.LNKTYPE)},
        {"models/config.json": device("models/config.json")},
        {"models/up": link("models/up", "../.."), "models/up/outside": b"x"},
        b"no tar",
        tar({"models/config.json": b"{}" * 5000}, "gz")[:-500],
        zstd(tar({"models/config.json": b"{}" * 5000}))[:-20],
    ],
)
def test_an_archive_that_leads_out_of_itself_or_is_none_is_refused(registry, store, tmp_path, media_type, entries):
    content = entries if isinstance(entries, bytes) else tar(entries)
    config = IMAGE_CONFIG if media_type == IMAGE_LAYER else EMPTY
    registry.push("wrong/archive", "v1", [{"mediaType": media_type, "content": content}], config)
    error = failure(store.model, ResolvedModel(uri=f"oci://{registry.host}/wrong/archive:v1"))
    assert (error.reason, "cannot be unpacked" in error.message) == ("ArtifactCorrupt", True), error.message
    assert not list(tmp_path.rglob("outside"))


def test_paths_that_would_leave_an_archive_stay_inside_or_are_refused(registry, store, tmp_path):
    registry.push("wrong/absolute", "v1", [{"mediaType": f"{KIT}.code.v1.tar", "content": tar({"/a.jsonl": ROWS})}])
    assert (store.data(Data(uri=f"oci://{registry.host}/wrong/absolute:v1")).path / "a.jsonl").read_bytes() == ROWS
    registry.push("wrong/up", "v1", [{"mediaType": f"{KIT}.code.v1.tar", "content": tar({"../a.jsonl": ROWS})}])
    assert failure(store.data, Data(uri=f"oci://{registry.host}/wrong/up:v1")).reason == "ArtifactCorrupt"


@pytest.mark.parametrize("name", [".wh..wh..opq", ".wh...", ".wh."])
def test_a_mark_of_an_image_removes_nothing_outside(registry, store, digest, files, name):
    layers = [
        {"mediaType": IMAGE_LAYER, "content": tar({f"models/../{name}": b"", f"{name}": b"", f"models/{name}": b""})},
        {"mediaType": IMAGE_LAYER, "content": tar({**below("models", files), "models/sub/.wh...": b""})},
    ]
    registry.push("team/marks", name.strip(".").replace(".", "-"), layers, IMAGE_CONFIG)
    uri = f"oci://{registry.host}/team/marks:{name.strip('.').replace('.', '-')}"
    assert store.model(ResolvedModel(uri=uri)).digest == digest


def test_other_bytes_than_a_digest_says_are_refused(registry, wire, store):
    pushed = registry.push("team/tampered", "v1", titled({"a.jsonl": ROWS}))
    wire.tampered.add(digest_of(ROWS))
    error = failure(store.data, Data(uri=f"oci://{wire.host}/team/tampered:v1"))
    assert error.reason == "ArtifactCorrupt"
    assert f"a.jsonl of oci://{wire.host}/team/tampered:v1 came with {len(ROWS)} bytes and the digest" in error.message
    wire.tampered = {pushed}
    error = failure(store.data, Data(uri=f"oci://{wire.host}/team/tampered@{pushed}"))
    assert error.reason == "ArtifactCorrupt"
    assert "the registry does not give what it lists" in error.message
    wire.tampered.clear()
    assert store.data(Data(uri=f"oci://{wire.host}/team/tampered:v1")).path.is_dir()


def test_a_blob_is_not_read_beyond_its_size(registry, wire, store):
    pushed = registry.push("team/long", "v1", titled({"a.jsonl": ROWS}))
    manifest = httpx.get(f"http://{registry.host}/v2/team/long/manifests/{pushed}", headers={"Accept": MANIFEST}).json()
    manifest["layers"][0]["size"] -= 1
    registry.put_manifest("team/long", "v2", manifest)
    error = failure(store.data, Data(uri=f"oci://{wire.host}/team/long:v2"))
    assert error.reason == "ArtifactCorrupt"
    assert f"its manifest says {len(ROWS) - 1} bytes" in error.message


def test_a_transfer_that_is_cut_off_goes_on_where_it_was(registry, wire, store):
    registry.push("team/cut", "v1", titled({"a.jsonl": ROWS * 500, "empty.jsonl": b""}))
    wire.cut_after = [1000, 2500]
    source = store.data(Data(uri=f"oci://{wire.host}/team/cut:v1/a.jsonl"))
    assert source.path.read_bytes() == ROWS * 500
    assert wire.ranges == [None, "bytes=1000-", "bytes=3500-"]


def test_a_registry_that_does_not_answer_is_asked_again(registry, wire, store):
    registry.push("team/busy", "v1", titled({"a.jsonl": ROWS}))
    wire.errors = [503, 429]
    assert store.data(Data(uri=f"oci://{wire.host}/team/busy:v1")).path.is_dir()
    wire.errors = [500] * 5
    error = failure(store.data, Data(uri=f"oci://{wire.host}/team/busy:v2"))
    assert (error.reason, error.exit_code) == ("Internal", 1)
    assert "could not be fetched in 5 tries: the server answers 500" in error.message
    assert failure(store.data, Data(uri="oci://127.0.0.1:9/team/busy")).reason == "Internal"


def test_a_redirect_is_followed_without_the_login(locked, registry, store, tmp_path, monkeypatch):
    registry.push("team/moved", "v1", titled({"a.jsonl": ROWS}))
    elsewhere, wire = Wire(registry), Wire(locked["token"])
    wire.redirects[digest_of(ROWS)] = f"http://{elsewhere.host}/v2/team/moved/blobs/{digest_of(ROWS)}"
    monkeypatch.setenv("OCI_USERNAME", USER)
    monkeypatch.setenv("OCI_PASSWORD", PASSWORD)
    assert store.data(Data(uri=f"oci://{wire.host}/team/moved:v1")).path.is_dir()
    assert elsewhere.authorizations == [None]
    wire.redirects[digest_of(ROWS)] = wire.redirects[digest_of(ROWS)].replace("127.0.0.1", "plain.example")
    monkeypatch.setattr(socket, "getaddrinfo", _loopback(socket.getaddrinfo))
    shutil.rmtree(tmp_path / "downloads")
    error = failure(store.data, Data(uri=f"oci://{wire.host}/team/moved:v1"))
    assert error.reason == "ConfigInvalid"
    assert "leads to http://plain.example; name a registry that stays https" in error.message
    elsewhere.close()
    wire.close()


def _loopback(resolve):
    """Names of the tests are of this machine."""
    return lambda host, *rest, **more: resolve("127.0.0.1" if str(host).endswith(".example") else host, *rest, **more)


def test_other_hosts_than_the_loopback_are_spoken_to_over_https(blobs, registry, store, tmp_path, monkeypatch):
    registry.push("team/secure", "v1", titled({"a.jsonl": ROWS}))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("registry.example")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    tls = {"certificate": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    server = Registry(tmp_path / "tls", blobs, http={"tls": tls})
    monkeypatch.setattr(socket, "getaddrinfo", _loopback(socket.getaddrinfo))
    wanted = Data(uri=f"oci://registry.example:{server.host.rpartition(':')[2]}/team/secure:v1")
    plain = Data(uri=f"oci://registry.example:{registry.host.rpartition(':')[2]}/team/secure:v1")
    try:
        assert "certificate verify failed" in failure(store.data, wanted).message
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert store.data(wanted).path.is_dir()
        # The same content over http alone.
        assert failure(store.data, plain).reason == "Internal"
    finally:
        server.close()


def test_a_manifest_is_a_manifest(registry, wire, store):
    for manifest, sentence in (
        (
            {"layers": [{"mediaType": "x", "digest": "md5:1", "size": 1}]},
            "has no manifest of an OCI artifact (layers.0",
        ),
        ({"schemaVersion": 1, "fsLayers": []}, "has a manifest without layers"),
        ({"layers": [], "padding": "x" * (5 << 20)}, "has a manifest of more than 4194304 bytes"),
    ):
        server = _Fixed(json.dumps(manifest).encode())
        error = failure(store.data, Data(uri=f"oci://{server.host}/team/odd:v1"))
        server.close()
        assert sentence in error.message


class _Fixed(Wire):
    """Gives one content whatever is asked: no real registry would take such a manifest."""

    def __init__(self, content: bytes) -> None:
        super().__init__(registry=None)  # type: ignore[arg-type]
        self.content = content

    def answer(self, request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(self.content)))
        request.end_headers()
        with suppress(ConnectionError):
            request.wfile.write(self.content)


def test_a_run_records_the_digests(registry, bench, files):
    rows = {name: (bench.claim / "data" / name).read_bytes() for name in ("train.jsonl", "test.jsonl")}
    model = registry.push("run/model", "v1", titled(files))
    mails = registry.push("run/mails", "v1", titled(rows))
    bench.run(
        model={"uri": f"oci://{registry.host}/run/model:v1"},
        dataset={
            **bench.document["dataset"],
            "train": {"uri": f"oci://{registry.host}/run/mails:v1/train.jsonl"},
            "evaluation": {"uri": f"oci://{registry.host}/run/mails@{mails}/test.jsonl"},
        },
        training={**bench.document["training"], "epochs": 1},
    )
    manifest = json.loads((bench.artifact() / "manifest.json").read_text())
    assert [entry["uri"] for entry in manifest["lineage"]] == [
        f"oci://{registry.host}/run/model@{model}",
        f"oci://{registry.host}/run/mails@{mails}/train.jsonl",
        f"oci://{registry.host}/run/mails@{mails}/test.jsonl",
    ]

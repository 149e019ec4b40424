"""Models and data at hf://, from a hub on the loopback, through the hub's own client."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from hone.contract.source import Data, ResolvedModel, SecretReference
from hone.errors import RunError
from hone.store import Locator, Store
from hone.store.credentials import prefix_of
from hone.store.download import Downloads
from hub_server import COMMIT, OTHER_COMMIT, Hub, Repository

TOKEN = "hf_reads-everything"
SECRET = SecretReference(name="hub.token-1")
ROWS = b'{"text": "a", "label": "ham"}\n'


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    server = Hub()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    yield server
    server.close()


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(Locator(tmp_path, allow_files=False), downloads=Downloads(tmp_path / "downloads"))


@pytest.fixture
def model(tiny_model) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in tiny_model.iterdir()}
    return {
        **files,
        ".gitattributes": b"x",
        "README.md": b"x",
        "modeling_own.py": b"raise SystemExit",
        "pytorch_model.bin": b"x",
        "onnx/model.onnx": b"x",
        "checkpoint-1/model.safetensors": b"x",
    }


def failure(call, *arguments) -> RunError:
    with pytest.raises(RunError) as caught:
        call(*arguments)
    return caught.value


def test_a_model_is_fetched_at_its_commit_and_without_what_runs_code(hub, store, model):
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model})
    source = store.model(ResolvedModel(uri="hf://org/tiny"))
    assert source.uri == f"hf://org/tiny@{COMMIT}"
    assert {"config.json", "model.safetensors"} <= set(hub.fetched)
    assert {path.name for path in source.path.rglob("*") if path.is_file()} == set(hub.fetched)
    assert not {"modeling_own.py", "pytorch_model.bin", "README.md", "model.onnx"} & set(hub.fetched)
    fetched = len(hub.fetched)
    assert store.model(ResolvedModel(uri="hf://org/tiny")).digest == source.digest
    assert len(hub.fetched) == fetched


@pytest.mark.parametrize("revision", ["v1", OTHER_COMMIT])
def test_a_revision_becomes_the_commit_that_it_means(hub, store, model, revision):
    hub.repositories["models/org/tiny"] = Repository(
        {COMMIT: {"config.json": b"{}"}, OTHER_COMMIT: model}, {"main": COMMIT, "v1": OTHER_COMMIT}
    )
    assert store.model(ResolvedModel(uri="hf://org/tiny", revision=revision)).uri == f"hf://org/tiny@{OTHER_COMMIT}"
    assert store.model(ResolvedModel(uri=f"hf://org/tiny@{revision}")).uri == f"hf://org/tiny@{OTHER_COMMIT}"
    error = failure(store.model, ResolvedModel(uri=f"hf://org/tiny@{revision}", revision="v1"))
    assert error.reason == "ConfigInvalid"
    assert "write one of them" in error.message


def test_a_branch_that_moves_during_a_run_keeps_its_commit(hub, store):
    repository = Repository({COMMIT: {"a.jsonl": ROWS}, OTHER_COMMIT: {"a.jsonl": ROWS * 2}})
    hub.repositories["datasets/org/mails"] = repository
    first = store.data(Data(uri="hf://datasets/org/mails/a.jsonl"))
    repository.refs["main"] = OTHER_COMMIT
    assert store.data(Data(uri="hf://datasets/org/mails/a.jsonl")) == first


def test_a_token_of_a_secret_opens_what_others_do_not_see(hub, store, model, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model}, token=TOKEN)
    error = failure(store.model, ResolvedModel(uri="hf://org/tiny"))
    assert error.reason == "ModelNotFound"
    assert "name in secretRef a Secret whose HF_TOKEN may read it" in error.message
    wanted = ResolvedModel(uri="hf://org/tiny", secret_ref=SECRET)
    assert failure(store.model, wanted).reason == "ConfigInvalid"
    variable = prefix_of(SECRET.name) + "HF_TOKEN"
    monkeypatch.setenv(variable, "hf_of-someone-else")
    error = failure(store.model, wanted)
    assert error.reason == "ModelNotFound"
    assert "does not show the model repository org/tiny to this token" in error.message
    monkeypatch.setenv(variable, f"{TOKEN}\n")
    assert store.model(wanted).uri == f"hf://org/tiny@{COMMIT}"
    assert TOKEN not in caplog.text
    assert "hf_of-someone-else" not in caplog.text + error.message


def test_a_token_of_the_environment_is_used_without_a_secret(hub, store, model, monkeypatch):
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model}, token=TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert store.model(ResolvedModel(uri="hf://org/tiny")).path.is_dir()


@pytest.mark.parametrize(
    ("uri", "repository", "reason", "sentence"),
    [
        ("hf://org/none", Repository({}), "ModelNotFound", "shows nobody the model repository org/none"),
        ("hf://org/tiny@v9", Repository({COMMIT: {}}), "ModelNotFound", "has no revision v9; write a branch, a tag or"),
        ("hf://org/tiny", Repository({COMMIT: {}}, gated=True), "ModelNotFound", "is gated; accept its terms"),
        ("hf://tiny", Repository({}), "ConfigInvalid", "names no repository"),
        ("hf://datasets/org/tiny", Repository({}), "ConfigInvalid", "names a dataset; write hf://ORGANIZATION/NAME"),
        (
            "hf://org/tiny",
            Repository({COMMIT: {"config.json": b"{}", "pytorch_model.bin": b"x"}}),
            "ModelInvalid",
            "has its weights in pytorch_model.bin, a pickle that can run code when it is read, so nothing was fetched",
        ),
        (
            "hf://org/tiny",
            Repository({COMMIT: {"a.Q4.gguf": b"x", "a.Q8.gguf": b"x"}}),
            "ModelInvalid",
            "holds a.Q4.gguf, a.Q8.gguf; name one of them",
        ),
        ("hf://org/tiny", Repository({COMMIT: {"a.md": b"x"}}), "ModelInvalid", "holds no model.safetensors"),
        ("hf://org/tiny/sub", Repository({COMMIT: {"a.md": b"x"}}), "ModelNotFound", "There is a.md."),
        (
            "hf://org/tiny/m.safetensors",
            Repository({COMMIT: {"m.safetensors": b"x"}}),
            "ModelInvalid",
            "is a file; name the folder",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_said_before_anything_is_fetched(hub, store, uri, repository, reason, sentence):
    hub.repositories["models/org/tiny"] = repository
    error = failure(store.model, ResolvedModel(uri=uri))
    assert (error.reason, hub.fetched) == (reason, [])
    assert sentence in error.message


@pytest.mark.parametrize(
    ("path", "fetched"),
    [
        ("", ["mails/test.jsonl", "mails/train-0.jsonl", "mails/train-1.jsonl"]),
        ("/mails", ["mails/test.jsonl", "mails/train-0.jsonl", "mails/train-1.jsonl"]),
        ("/mails/test.jsonl", ["mails/test.jsonl"]),
        ("/mails/train-*.jsonl", ["mails/train-0.jsonl", "mails/train-1.jsonl"]),
    ],
)
def test_data_is_a_file_a_folder_or_a_pattern(hub, store, path, fetched):
    names = ("mails/train-1.jsonl", "mails/train-0.jsonl", "mails/test.jsonl")
    files = {name: ROWS * size for size, name in enumerate(names, 1)}
    hub.repositories["datasets/org/mails"] = Repository({COMMIT: {**files, "README.md": b"x", "load.py": b"x"}})
    for prefix in ("hf://datasets/org/mails", "hf://org/mails"):
        source = store.data(Data(uri=prefix + path))
        assert source.uri == f"hf://datasets/org/mails@{COMMIT}{path}"
    assert sorted(hub.fetched) == fetched
    found = source.files or list(source.path.rglob("*.jsonl")) or [source.path]
    assert sorted(file.name for file in found) == [Path(name).name for name in fetched]
    assert store.data(Data(uri=prefix + path, digest=source.digest)) == source
    error = failure(store.data, Data(uri=prefix + path, digest="sha256:" + "0" * 64))
    assert error.reason == "ArtifactCorrupt"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "holds rows.pkl, a pickle"),
        ("/rows.pkl", "holds rows.pkl, a pickle"),
        ("/train-*.csv", "No file fits hf://datasets/org/mails/train-*.csv"),
        ("/none.csv", "There is nothing at hf://datasets/org/mails/none.csv"),
    ],
)
def test_what_is_wrong_with_data_is_said_before_anything_is_fetched(hub, store, path, sentence):
    hub.repositories["datasets/org/mails"] = Repository({COMMIT: {"rows.pkl": b"x", "README.md": b"x"}})
    error = failure(store.data, Data(uri="hf://datasets/org/mails" + path))
    assert hub.fetched == []
    assert sentence in error.message


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_other_bytes_than_the_commit_holds_are_refused(hub, store, model, name):
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model})
    hub.tampered.add(name)
    error = failure(store.model, ResolvedModel(uri="hf://org/tiny"))
    assert error.reason == "ArtifactCorrupt"
    assert f"{name} of hf://org/tiny came with the digest" in error.message
    hub.tampered.clear()
    assert store.model(ResolvedModel(uri="hf://org/tiny")).path.is_dir()


def test_a_hub_that_does_not_answer_is_tried_again(hub, store, model, monkeypatch):
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model})
    hub.errors = [500]
    error = failure(store.model, ResolvedModel(uri="hf://org/tiny"))
    assert (error.reason, error.exit_code) == ("Internal", 1)
    assert "answers 500" in error.message
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert failure(store.model, ResolvedModel(uri="hf://org/tiny")).reason == "Internal"


def test_the_mirror_of_a_secret_comes_before_that_of_the_environment(hub, store, model, monkeypatch):
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model}, token=TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv(prefix_of(SECRET.name) + "HF_ENDPOINT", hub.endpoint + "/")
    monkeypatch.setenv(prefix_of(SECRET.name) + "HF_TOKEN", TOKEN)
    assert store.model(ResolvedModel(uri="hf://org/tiny", secret_ref=SECRET)).path.is_dir()


def test_a_run_records_the_commits(hub, bench, model):
    rows = {name: (bench.claim / "data" / name).read_bytes() for name in ("train.jsonl", "test.jsonl")}
    hub.repositories["models/org/tiny"] = Repository({COMMIT: model})
    hub.repositories["datasets/org/mails"] = Repository({OTHER_COMMIT: rows}, {"main": OTHER_COMMIT})
    bench.run(
        model={"uri": "hf://org/tiny", "revision": "main"},
        dataset={
            **bench.document["dataset"],
            "train": {"uri": "hf://datasets/org/mails/train.jsonl"},
            "evaluation": {"uri": "hf://datasets/org/mails@main/test.jsonl"},
        },
        training={**bench.document["training"], "epochs": 1},
    )
    manifest = json.loads((bench.artifact() / "manifest.json").read_text())
    assert [entry["uri"] for entry in manifest["lineage"]] == [
        f"hf://org/tiny@{COMMIT}",
        f"hf://datasets/org/mails@{OTHER_COMMIT}/train.jsonl",
        f"hf://datasets/org/mails@{OTHER_COMMIT}/test.jsonl",
    ]

"""Models and data at s3://, from an S3 server on the loopback that checks signatures."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from hone.contract.source import Data, ResolvedModel, SecretReference
from hone.errors import RunError
from hone.store import Locator, Store
from hone.store.credentials import prefix_of
from hone.store.download import Downloads

TRAINER = Path(__file__).parents[1]
SECRET = SecretReference(name="buckets")
PREFIX = prefix_of(SECRET.name)


@pytest.fixture(scope="module")
def served(tiny_model, tmp_path_factory) -> Iterator[dict[str, str]]:
    root = tmp_path_factory.mktemp("buckets")
    shutil.copytree(tiny_model, root / "models/tiny")
    (root / "models/tiny/pytorch_model.bin").write_bytes(b"x")
    (root / "models/old").mkdir()
    (root / "models/old/config.json").write_text("{}")
    (root / "models/old/pytorch_model.bin").write_bytes(b"x")
    (root / "mails/data").mkdir(parents=True)
    tiny.write_rows(root / "mails/data/train-0.jsonl", tiny.mails(48, seed=1))
    tiny.write_rows(root / "mails/data/train-1.jsonl", tiny.mails(48, seed=3))
    tiny.write_rows(root / "mails/data/test.jsonl", tiny.mails(64, seed=2))
    found = subprocess.run(
        [TRAINER / "venv", "requirements-s3"], check=True, capture_output=True, text=True, timeout=250
    )
    python = Path(found.stdout.strip()) / "bin/python"
    with subprocess.Popen(
        [python, Path(__file__).with_name("s3_server.py"), root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def secret(served, monkeypatch) -> dict[str, str]:
    monkeypatch.setenv(PREFIX + "AWS_ACCESS_KEY_ID", served["accessKey"])
    monkeypatch.setenv(PREFIX + "AWS_SECRET_ACCESS_KEY", served["secretKey"])
    monkeypatch.setenv(PREFIX + "AWS_ENDPOINT_URL", served["endpoint"])
    return served


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(Locator(tmp_path, allow_files=False), downloads=Downloads(tmp_path / "downloads"))


def failure(call, *arguments) -> RunError:
    with pytest.raises(RunError) as caught:
        call(*arguments)
    return caught.value


def data(uri: str, digest: str | None = None) -> Data:
    return Data(uri=uri, digest=digest, secret_ref=SECRET)


def test_a_model_has_the_digest_that_it_has_on_a_volume(store, secret, tiny_model, tmp_path):
    source = store.model(ResolvedModel(uri="s3://models/tiny/", secret_ref=SECRET))
    shutil.copytree(tiny_model, tmp_path / "claim/tiny")
    assert source.uri == "s3://models/tiny"
    assert source.digest == store.model(ResolvedModel(uri="pvc://claim/tiny")).digest
    assert not (source.path / "pytorch_model.bin").exists()
    pinned = ResolvedModel(uri="s3://models/tiny", digest=source.digest, secret_ref=SECRET)
    assert store.model(pinned).digest == source.digest
    other = ResolvedModel(uri="s3://models/tiny", digest="sha256:" + "0" * 64, secret_ref=SECRET)
    assert failure(store.model, other).reason == "ArtifactCorrupt"


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("s3://mails/data/test.jsonl", ["test.jsonl"]),
        ("s3://mails/data", ["test.jsonl", "train-0.jsonl", "train-1.jsonl"]),
        ("s3://mails", ["test.jsonl", "train-0.jsonl", "train-1.jsonl"]),
        ("s3://mails/data/train-?.jsonl", ["train-0.jsonl", "train-1.jsonl"]),
    ],
)
def test_data_is_a_file_a_prefix_or_a_pattern(store, secret, uri, names):
    source = store.data(data(uri))
    found = source.files or sorted(source.path.rglob("*.jsonl")) or [source.path]
    assert [file.name for file in found] == names
    assert store.data(data(uri, source.digest)) == source
    assert failure(store.data, data(uri, "sha256:" + "0" * 64)).reason == "ArtifactCorrupt"


def test_an_address_that_was_read_as_data_is_whole_as_a_model(store, secret):
    assert not (store.data(data("s3://models/tiny")).path / "model.safetensors").exists()
    model = store.model(ResolvedModel(uri="s3://models/tiny", secret_ref=SECRET))
    assert (model.path / "model.safetensors").is_file()


def test_the_own_identity_of_a_pod_is_used_without_a_secret(store, served, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", served["endpoint"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", served["accessKey"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", served["secretKey"])
    assert store.data(Data(uri="s3://mails/data/test.jsonl")).path.is_file()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    error = failure(store.data, Data(uri="s3://mails/data/train-0.jsonl"))
    assert error.reason == "DatasetNotFound"
    assert "refuses the pod's own identity" in error.message
    assert "another" not in error.message


@pytest.mark.parametrize("uri", ["s3://mails/data/test.jsonl", "s3://mails/data", "s3://mails/data/*.jsonl"])
@pytest.mark.parametrize("key", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_refused_by_the_server(store, secret, monkeypatch, uri, key):
    monkeypatch.setenv(PREFIX + key, "AKIAWRONG")
    error = failure(store.data, data(uri))
    assert error.reason == "DatasetNotFound"
    assert "refuses these credentials; write AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in error.message
    assert "AKIAWRONG" not in error.message


def test_a_secret_without_its_keys_does_not_fall_back_to_others(store, secret, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", secret["accessKey"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret["secretKey"])
    monkeypatch.delenv(PREFIX + "AWS_SECRET_ACCESS_KEY")
    error = failure(store.data, data("s3://mails/data"))
    assert error.reason == "ConfigInvalid"
    assert "lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY" in error.message


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("s3://nowhere/data", "There is no bucket nowhere at http://127.0.0.1:"),
        ("s3://nowhere/data/*.csv", "There is no bucket nowhere at http://127.0.0.1:"),
        ("s3://mails/none", "There is nothing at s3://mails/none"),
        ("s3://mails/data/none.jsonl", "There is nothing at s3://mails/data/none.jsonl"),
        ("s3://mails/data/*.csv", "No file fits s3://mails/data/*.csv"),
    ],
)
def test_what_is_not_there_is_said(store, secret, uri, sentence):
    error = failure(store.data, data(uri))
    assert error.reason == "DatasetNotFound"
    assert sentence in error.message


def test_a_pickled_model_is_refused(store, secret, tmp_path):
    error = failure(store.model, ResolvedModel(uri="s3://models/old", secret_ref=SECRET))
    assert error.reason == "ModelInvalid"
    assert "has its weights in pytorch_model.bin, a pickle" in error.message
    assert not list((tmp_path / "downloads").rglob("*.bin"))


def test_a_server_that_does_not_answer_is_tried_again(store, secret, monkeypatch):
    monkeypatch.setenv(PREFIX + "AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = failure(store.data, data("s3://mails/data"))
    assert (error.reason, error.exit_code) == ("Internal", 1)


def test_a_run_reads_model_and_data(secret, bench):
    bench.run(
        model={"uri": "s3://models/tiny", "secretRef": {"name": "buckets"}},
        dataset={
            **bench.document["dataset"],
            "train": {"uri": "s3://mails/data/train-*.jsonl", "secretRef": {"name": "buckets"}},
            "evaluation": {"uri": "s3://mails/data/test.jsonl", "secretRef": {"name": "buckets"}},
        },
        training={**bench.document["training"], "epochs": 1},
    )
    manifest = json.loads((bench.artifact() / "manifest.json").read_text())
    assert [entry["uri"] for entry in manifest["lineage"]] == [
        "s3://models/tiny",
        "s3://mails/data/train-*.jsonl",
        "s3://mails/data/test.jsonl",
    ]
    assert secret["secretKey"] not in json.dumps(manifest)

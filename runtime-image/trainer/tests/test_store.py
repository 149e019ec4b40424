import hashlib
import json
import shutil
from pathlib import Path

import pytest

from hone.contract import LineageEntry, Metrics
from hone.contract.source import Data, ResolvedModel
from hone.errors import RunError
from hone.store import ArtifactWriter, Store
from hone.store.location import Locator


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "claim/models").mkdir(parents=True)
    (tmp_path / "claim/models/readme.txt").write_text("x")
    return tmp_path


def failure(call, *arguments, **named) -> RunError:
    with pytest.raises(RunError) as caught:
        call(*arguments, **named)
    return caught.value


def locator(root: Path, allow_files: bool = True) -> Locator:
    return Locator(root, allow_files)


def test_a_claim_is_below_the_root(root):
    assert locator(root).resolve("pvc://claim/models/a/", "ModelNotFound") == root / "claim/models/a"
    assert locator(root).resolve("pvc://claim", "ModelNotFound") == root / "claim"


@pytest.mark.parametrize("uri", ["pvc://claim/../other", "pvc://../etc", "pvc://claim/a/../../b", "pvc:///a"])
def test_a_claim_cannot_be_left(root, uri):
    assert failure(locator(root).resolve, uri, "ModelNotFound").reason == "ConfigInvalid"


def test_a_claim_cannot_be_left_by_a_link(root, tmp_path):
    (root / "claim/out").symlink_to("/etc")
    assert failure(locator(root).resolve, "pvc://claim/out/passwd", "ModelNotFound").reason == "ConfigInvalid"


def test_what_is_missing_is_told_with_what_is_there(root):
    error = failure(locator(root).existing, "pvc://claim/models/minilm/v1", "ModelNotFound", "model")
    assert error.reason == "ModelNotFound"
    assert error.message == "There is no model at pvc://claim/models/minilm/v1: pvc://claim/models holds readme.txt."


def test_a_claim_that_is_not_mounted_is_named(root):
    error = failure(locator(root).existing, "pvc://other/x", "DatasetNotFound", "data")
    assert error.reason == "DatasetNotFound"
    assert "other" in error.message


def test_what_is_read_from_the_web_cannot_be_written_there(root):
    error = failure(locator(root).resolve, "https://example.com/a", "OutputNotWritable")
    assert error.reason == "ConfigInvalid"
    assert "can only be read; write to pvc://CLAIM/path" in error.message


@pytest.mark.parametrize("scheme", ["hf", "s3", "oci"])
def test_a_scheme_without_an_executor_is_refused_by_name(root, scheme):
    error = failure(locator(root).resolve, f"{scheme}://a/b", "ModelNotFound")
    assert error.reason == "Unsupported"
    assert f"{scheme}:// has no executor here yet" in error.message
    assert "pvc://CLAIM/path" in error.message


def test_files_are_for_runs_without_a_cluster(root):
    assert locator(root).resolve("file:///a/b%20c", "ModelNotFound") == Path("/a/b c")
    assert failure(locator(root, allow_files=False).resolve, "file:///a", "ModelNotFound").reason == "Unsupported"


def writer(root: Path) -> ArtifactWriter:
    return ArtifactWriter(root / "claim/out", "pvc://claim/out/", "FineTuneJob", "spam", "abc")


def commit(out: ArtifactWriter, model_path: str | None = "model"):
    return out.commit(
        model_format="Transformers",
        model_path=model_path,
        task=None,
        lineage=[LineageEntry(role="Model", uri="pvc://claim/m", digest="sha256:" + "0" * 64)],
        metrics=Metrics(),
        training=None,
        resumes=None,
        steps=[],
        export=None,
        phases=[],
        warnings=[],
    )


def fill(folder: Path) -> None:
    (folder / "model").mkdir()
    (folder / "model/config.json").write_text('{"model_type": "bert"}')
    (folder / "model/model.safetensors").write_bytes(b"weights")
    (folder / ".scratch").write_text("no content")


def test_an_artifact_is_its_manifest(root):
    out = writer(root)
    assert out.finished() is None
    fill(out.begin())
    manifest, reference = commit(out)
    written = (root / "claim/out/spam-abc/manifest.json").read_bytes()
    assert reference.digest == "sha256:" + hashlib.sha256(written).hexdigest()
    assert reference.uri == "pvc://claim/out/spam-abc"
    assert [entry.path for entry in manifest.files] == ["model/config.json", "model/model.safetensors"]
    assert manifest.files[1].sha256 == hashlib.sha256(b"weights").hexdigest()
    assert reference.size_bytes == sum(entry.size_bytes for entry in manifest.files)
    assert out.finished() == (manifest, reference)


def test_a_torn_try_is_cleaned(root):
    fill(writer(root).begin())
    assert writer(root).finished() is None
    assert list(writer(root).begin().iterdir()) == []


def test_a_finished_artifact_that_was_changed_is_corrupt(root):
    out = writer(root)
    fill(out.begin())
    commit(out)
    (out.folder / "model/model.safetensors").write_bytes(b"Weights")
    error = failure(out.finished)
    assert error.reason == "ArtifactCorrupt"
    assert hashlib.sha256(b"weights").hexdigest() in error.message
    assert hashlib.sha256(b"Weights").hexdigest() in error.message


def test_an_artifact_of_another_run_is_not_taken(root):
    out = writer(root)
    fill(out.begin())
    commit(out)
    other = ArtifactWriter(root / "claim/out", "pvc://claim/out", "CompressionJob", "spam", "abc")
    assert failure(other.finished).reason == "ArtifactCorrupt"


def test_an_output_that_cannot_be_written_is_told(root):
    (root / "claim/file").write_text("x")
    out = ArtifactWriter(root / "claim/file/deeper", "pvc://claim/file/deeper", "FineTuneJob", "spam", "abc")
    error = failure(out.begin)
    assert error.reason == "OutputNotWritable"
    assert "pvc://claim/file/deeper" in error.message


def model(root: Path, uri: str, digest: str | None = None):
    return Store(locator(root)).model(ResolvedModel(uri=uri, digest=digest))


def test_a_model_is_read_from_an_artifact_with_its_digests_checked(root):
    out = writer(root)
    fill(out.begin())
    _, reference = commit(out)
    source = model(root, reference.uri, reference.digest)
    assert source.path == out.folder / "model"
    assert source.digest == reference.digest
    assert source.size_bytes == len(b"weights")

    assert failure(model, root, reference.uri, "sha256:" + "1" * 64).reason == "ArtifactCorrupt"
    (out.folder / "model/model.safetensors").write_bytes(b"changed")
    error = failure(model, root, reference.uri, reference.digest)
    assert error.reason == "ArtifactCorrupt"
    assert "model/model.safetensors" in error.message
    (out.folder / "model/model.safetensors").unlink()
    assert "lacks model/model.safetensors" in failure(model, root, reference.uri).message


@pytest.mark.parametrize("field", ["path", "modelPath"])
def test_a_manifest_cannot_lead_out_of_its_artifact(root, field):
    out = writer(root)
    fill(out.begin())
    commit(out)
    document = json.loads((out.folder / "manifest.json").read_bytes())
    if field == "path":
        document["files"][0]["path"] = "model/../../x"
    else:
        document["modelPath"] = "model/../.."
    (out.folder / "manifest.json").write_text(json.dumps(document))
    error = failure(model, root, out.uri)
    assert error.reason == "ArtifactCorrupt"
    assert "leaves the artifact" in error.message


def test_an_adapter_alone_is_no_model(root):
    out = writer(root)
    fill(out.begin())
    commit(out, model_path=None)
    assert failure(model, root, out.uri).reason == "ModelInvalid"


def test_a_plain_folder_gets_the_digest_of_its_listing(root, tiny_model):
    shutil.copytree(tiny_model, root / "claim/models/tiny")
    source = model(root, "pvc://claim/models/tiny")
    lines = "".join(
        f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in sorted((root / "claim/models/tiny").iterdir())
    )
    assert source.digest == "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
    assert failure(model, root, "pvc://claim/models/tiny", "sha256:" + "1" * 64).reason == "ArtifactCorrupt"


def test_pickles_are_refused(root):
    folder = root / "claim/models/old"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    assert "holds no weights" in failure(model, root, "pvc://claim/models/old").message
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    error = failure(model, root, "pvc://claim/models/old")
    assert error.reason == "ModelInvalid"
    assert "pytorch_model.bin" in error.message
    assert "safetensors" in error.message


def test_a_folder_without_a_configuration_is_no_model(root):
    assert "config.json" in failure(model, root, "pvc://claim/models").message
    assert failure(model, root, "pvc://claim/models/readme.txt").reason == "ModelInvalid"


def test_data_that_was_changed_since_it_was_planned_is_refused(root):
    (root / "claim/data.jsonl").write_text("{}\n")
    store = Store(locator(root))
    digest = store.data(Data(uri="pvc://claim/data.jsonl")).digest
    assert digest == "sha256:" + hashlib.sha256(b"{}\n").hexdigest()
    assert store.data(Data(uri="pvc://claim/data.jsonl", digest=digest)).digest == digest
    error = failure(store.data, Data(uri="pvc://claim/data.jsonl", digest="sha256:" + "1" * 64))
    assert error.reason == "ArtifactCorrupt"

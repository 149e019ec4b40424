"""What `hone store delete` deletes, and above all what it leaves alone."""

import json
from pathlib import Path

import pytest

from hone.cli import main
from hone.contract import Metrics
from hone.errors import RunError
from hone.store import ArtifactWriter, Locator, Runs, delete_runs

URI = "pvc://claim/artifacts"


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONE_PVC_ROOT", str(tmp_path))
    monkeypatch.setenv("HONE_TERMINATION_LOG", str(tmp_path / "termination-log"))
    folder = tmp_path / "claim/artifacts"
    folder.mkdir(parents=True)
    return folder


def write(output: Path, name: str, hash: str, kind: str = "FineTuneJob", commit: bool = True) -> Path:
    writer = ArtifactWriter(output, URI, kind, name, hash)
    folder = writer.begin()
    (folder / "model").mkdir()
    (folder / "model/weights").write_bytes(b"w")
    if commit:
        writer.commit(
            model_format="Transformers",
            model_path="model",
            task=None,
            lineage=[],
            metrics=Metrics(),
            training=None,
            resumes=None,
            steps=[],
            export=None,
            phases=[],
            warnings=[],
        )
    return folder


def checkpoint(output: Path, name: str) -> Path:
    folder = output / ".checkpoints" / name / "checkpoint-5"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")
    return folder.parent


def delete(name: str, *hashes: str, kind: str = "FineTuneJob", uri: str = URI) -> int:
    arguments = [argument for hash in hashes for argument in ("--hash", hash)]
    return main(["store", "delete", "--uri", uri, "--kind", kind, "--name", name, *arguments])


def message(output: Path) -> dict:
    return json.loads((output.parents[1] / "termination-log").read_bytes())


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_every_run_that_is_named_goes_with_its_checkpoints_and_nothing_else(output, capsys):
    write(output, "spam", "aaa")
    write(output, "spam", "bbb", commit=False)
    checkpoint(output, "spam-bbb")
    write(output, "spam", "ccc")
    write(output, "spam-lora", "aaa")
    checkpoint(output, "spam-ccc")
    (output / "notes.txt").write_text("mine")
    kept = [path for path in below(output) if "spam-aaa" not in path and "spam-bbb" not in path]
    assert delete("spam", "aaa", "bbb") == 0
    assert below(output) == kept
    assert {path.split("/")[0] for path in kept} == {"spam-ccc", "spam-lora-aaa", ".checkpoints", "notes.txt"}
    assert capsys.readouterr().out.splitlines() == [
        f"deleted {URI}/spam-aaa",
        f"deleted {URI}/spam-bbb",
        f"deleted {URI}/.checkpoints/spam-bbb",
    ]
    # Again, as after a pod that was killed: there is nothing left to do.
    assert delete("spam", "aaa", "bbb") == 0
    assert capsys.readouterr().out == ""


def test_the_last_checkpoints_take_their_folder_along_but_not_the_output(output):
    checkpoint(output, "spam-aaa")
    assert delete("spam", "aaa") == 0
    assert list(output.iterdir()) == []


def test_an_output_that_was_never_written_to_is_as_good_as_deleted(output):
    assert delete("spam", "aaa", uri="pvc://claim/nowhere") == 0


@pytest.mark.parametrize(("kind", "name"), [("CompressionJob", "spam"), ("FineTuneJob", "spa")])
def test_an_artifact_of_another_resource_stays_and_so_does_all_else(output, kind, name):
    stranger = write(output, name, "aaa", kind=kind)
    stranger.rename(output / "spam-aaa")
    write(output, "spam", "bbb")
    before = below(output)
    assert delete("spam", "bbb", "aaa") == 64
    assert below(output) == before
    assert message(output) == {
        "reason": "ArtifactCorrupt",
        "message": f"{URI}/spam-aaa/manifest.json belongs to {kind} {name}, not to FineTuneJob spam; it stays.",
    }


def test_a_manifest_that_cannot_be_read_says_nothing_against_the_name(output):
    (write(output, "spam", "aaa") / "manifest.json").write_text("{torn")
    assert delete("spam", "aaa") == 0
    assert list(output.iterdir()) == []


def test_links_are_neither_followed_nor_deleted(output, tmp_path):
    outside = tmp_path / "other-claim/precious"
    outside.mkdir(parents=True)
    (outside / "file").write_text("x")
    (output / "spam-aaa").symlink_to(outside)
    assert delete("spam", "aaa") == 64
    assert "is reached by a link" in message(output)["message"]
    (output / "spam-aaa").unlink()
    inside = write(output, "spam", "aaa", commit=False)
    (inside / "link").symlink_to(outside)
    assert delete("spam", "aaa") == 0
    assert not inside.exists()
    (output / ".checkpoints").symlink_to(outside.parent)
    (outside.parent / "spam-aaa").mkdir()
    assert delete("spam", "aaa") == 64
    assert (outside / "file").read_text() == "x"
    assert (outside.parent / "spam-aaa").is_dir()


@pytest.mark.parametrize("hash", ["../precious", "a/b", "..", "", ".", "a" * 11, "AAA"])
def test_a_hash_cannot_name_another_folder(output, hash):
    write(output, "spam", "aaa")
    before = below(output.parent)
    assert delete("spam", hash) == 64
    assert "is no hash of a run" in message(output)["message"]
    assert below(output.parent) == before


@pytest.mark.parametrize("name", ["../claim", "spam/x", "..", "", "spam-", "Spam"])
def test_a_name_cannot_name_another_folder(output, name):
    assert delete(name, "aaa") == 64
    assert "is no name of a FineTuneJob" in message(output)["message"]


def test_a_uri_cannot_leave_its_claim(output):
    assert delete("spam", "aaa", uri="pvc://claim/artifacts/../../other") == 64
    assert message(output)["reason"] == "ConfigInvalid"


def test_a_volume_that_refuses_is_told_and_the_artifact_is_torn_at_most(output, monkeypatch):
    folder = write(output, "spam", "aaa")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("hone.store.deletion.shutil.rmtree", refuse)
    with pytest.raises(RunError) as caught:
        delete_runs(Locator(output.parents[1], False), URI, Runs("FineTuneJob", "spam", ("aaa",)))
    assert caught.value.reason == "OutputNotWritable"
    assert "can't be deleted (Read-only file system)" in caught.value.message
    assert not (folder / "manifest.json").exists()

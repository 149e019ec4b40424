"""Reads models: artifacts of earlier runs, and plain folders as Transformers writes them."""

from dataclasses import dataclass
from pathlib import Path

from hone.contract import Manifest
from hone.contract.training import Task
from hone.errors import RunError
from hone.store.digest import digest_of_listing, files_below, sha256_file
from hone.store.gguf import convert, find_gguf
from hone.store.manifest import MANIFEST, check_digest, check_files, read_manifest

#: The folder of an ONNX artifact that holds the network that its graph was exported from.
NETWORK = "model"
#: Formats that run code when they are read.
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


@dataclass(frozen=True)
class ModelSource:
    """A model whose digests were checked: `path` is its Transformers folder or, without one, its ONNX file."""

    uri: str
    digest: str
    path: Path
    manifest: Manifest | None

    @property
    def task(self) -> Task | None:
        """What the model was trained for, if an artifact says so."""
        return self.manifest.task if self.manifest else None

    @property
    def is_transformers(self) -> bool:
        """Whether there is a network to train or to compress, and not a graph alone."""
        return self.path.is_dir()

    @property
    def format(self) -> str:
        """What lies there: Transformers, ONNX, OpenVINO, LiteRT."""
        return self.manifest.format if self.manifest is not None else "Transformers"

    @property
    def has_weights(self) -> bool:
        """Whether there is more than a configuration."""
        return self.path.is_file() or any(file.suffix == ".safetensors" for file in files_below(self.path))

    @property
    def size_bytes(self) -> int:
        """Bytes of the weights."""
        if self.path.is_file():
            return self.path.stat().st_size
        return sum(file.stat().st_size for file in files_below(self.path) if file.suffix == ".safetensors")


def open_model(folder: Path, uri: str, expected: str | None, *, from_configuration: bool = False) -> ModelSource:
    """Check and return the model in a folder; `from_configuration` lets one pass that has no weights at all."""
    if folder.is_dir() and (folder / MANIFEST).is_file():
        return _artifact(folder, uri, expected)
    if (file := find_gguf(folder, uri)) is not None:
        path, digest = convert(file, uri)
        check_digest(uri, expected, digest)
        return ModelSource(uri, digest, path, None)
    if not folder.is_dir():
        raise RunError(
            "ModelInvalid",
            f"{uri} is a file; name the folder that holds config.json and model.safetensors, or a .gguf file.",
        )
    if expected is not None:
        raise RunError(
            "ArtifactCorrupt",
            f"{uri} was resolved to the artifact {expected} but holds no {MANIFEST}; make the artifact again.",
        )
    return _plain(folder, uri, from_configuration)


def _artifact(folder: Path, uri: str, expected: str | None) -> ModelSource:
    manifest, digest = read_manifest(folder, uri)
    check_digest(uri, expected, digest)
    if manifest.model_path is None:
        raise RunError(
            "ModelInvalid",
            f"{uri} holds an adapter alone; set spec.output.merge to true in the job that made it, for a whole model.",
        )
    inner = manifest.model_path.strip("/")
    if ".." in inner.split("/"):
        raise RunError("ArtifactCorrupt", f"{uri}/{MANIFEST} has the modelPath {inner}, which leaves the artifact.")
    entries = [entry for entry in manifest.files if entry.path == inner or entry.path.startswith(inner + "/")]
    if not entries:
        raise RunError("ArtifactCorrupt", f"{uri}/{MANIFEST} names no file below its modelPath {inner}.")
    # An ONNX artifact's configuration and tokenizer stand beside the model and are read with it.
    check_files(folder, uri, entries if manifest.format == "Transformers" else list(manifest.files))
    path = folder / inner
    if manifest.format != "Transformers" and any(entry.path == f"{NETWORK}/config.json" for entry in manifest.files):
        path = folder / NETWORK
    if path.is_dir():
        _refuse_pickles(path, uri)
    return ModelSource(uri, digest, path, manifest)


def _plain(folder: Path, uri: str, from_configuration: bool) -> ModelSource:
    if not (folder / "config.json").is_file():
        raise RunError(
            "ModelInvalid",
            f"{uri} holds no config.json; name the folder of a Transformers model (config.json, model.safetensors, "
            "tokenizer.json).",
        )
    _refuse_pickles(folder, uri, from_configuration)
    listing = {file.relative_to(folder).as_posix(): sha256_file(file) for file in files_below(folder)}
    return ModelSource(uri, digest_of_listing(listing), folder, None)


def _refuse_pickles(folder: Path, uri: str, from_configuration: bool = False) -> None:
    files = list(files_below(folder))
    if any(file.suffix == ".safetensors" for file in files):
        return
    pickles = [file.name for file in files if file.suffix in PICKLES]
    if pickles:
        raise RunError(
            "ModelInvalid",
            f"{uri} has its weights in {pickles[0]}, a pickle that can run code when it is read; save the model as "
            "safetensors (model.save_pretrained(folder)) and name that folder.",
        )
    if from_configuration:
        return
    raise RunError("ModelInvalid", f"{uri} holds no weights; put model.safetensors beside its config.json.")

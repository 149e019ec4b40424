"""Deletes what the runs of one resource have left below an output folder, and nothing else."""

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from hone.errors import RunError
from hone.store.artifact import CHECKPOINTS, Kind
from hone.store.digest import sync_folder
from hone.store.location import Locator
from hone.store.manifest import MANIFEST, read_manifest

#: What the API lets resources and hashes be called; a name with a separator or a dot would name another folder.
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
_HASH = re.compile(r"[0-9a-z]{1,10}")


@dataclass(frozen=True)
class Runs:
    """The runs of one resource: each has the folder `<name>-<hash>` below the output."""

    kind: Kind
    name: str
    hashes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RunError(
                "ConfigInvalid",
                f"{self.name!r} is no name of a {self.kind}; write its metadata.name: at most 40 lower-case letters, "
                "digits and '-'.",
            )
        for hash in self.hashes:
            if not _HASH.fullmatch(hash):
                raise RunError(
                    "ConfigInvalid",
                    f"{hash!r} is no hash of a run; write what stands behind {self.name}- in the folder's name.",
                )


def delete_runs(locator: Locator, output_uri: str, runs: Runs) -> list[str]:
    """Delete the artifacts and checkpoints of the runs and return the uris of the folders that were there.

    A folder is ours by its name, unless its manifest says that it is somebody else's. Links are never followed. Every
    folder is looked at before the first one is deleted; what is not there is as good as deleted.

    Raises:
        RunError: ArtifactCorrupt for a folder that is not ours, OutputNotWritable if the volume refuses.
    """
    root = locator.resolve(output_uri, "OutputNotWritable")
    base = output_uri.rstrip("/")
    inner = [f"{parent}{runs.name}-{hash}" for hash in runs.hashes for parent in ("", f"{CHECKPOINTS}/")]
    found = [(root / name, f"{base}/{name}") for name in inner if os.path.lexists(root / name)]
    for folder, uri in found:
        _refuse_strangers(root, folder, uri, runs)
    for folder, uri in found:
        _delete(folder, uri)
    with contextlib.suppress(OSError):
        (root / CHECKPOINTS).rmdir()
    return [uri for _, uri in found]


def _refuse_strangers(root: Path, folder: Path, uri: str, runs: Runs) -> None:
    if folder.is_symlink() or not folder.resolve().is_relative_to(root.resolve()):
        raise RunError("ArtifactCorrupt", f"{uri} is reached by a link, which no run has made; remove it yourself.")
    if not folder.is_dir():
        raise RunError("ArtifactCorrupt", f"{uri} is a file, which no run has made; remove it yourself.")
    if not (folder / MANIFEST).is_file():
        return
    try:
        manifest, _ = read_manifest(folder, uri)
    except RunError:
        # What cannot be read says nothing against the folder's name.
        return
    if (manifest.kind, manifest.name) != (runs.kind, runs.name):
        raise RunError(
            "ArtifactCorrupt",
            f"{uri}/{MANIFEST} belongs to {manifest.kind} {manifest.name}, not to {runs.kind} {runs.name}; it stays.",
        )


def _delete(folder: Path, uri: str) -> None:
    try:
        # First, and on the disk: what is torn is no artifact any more, whatever comes between.
        (folder / MANIFEST).unlink(missing_ok=True)
        sync_folder(folder)
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(
            "OutputNotWritable",
            f"{uri} can't be deleted ({error.strerror or error}); let user {os.getuid()} write to it, or delete it "
            "yourself.",
        ) from error

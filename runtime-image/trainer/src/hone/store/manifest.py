"""Reads manifests and checks what they promise."""

import hashlib
from pathlib import Path

from pydantic import ValidationError

from hone.contract import FileEntry, Manifest
from hone.errors import RunError
from hone.store.digest import sha256_file

MANIFEST = "manifest.json"


def read_manifest(folder: Path, uri: str) -> tuple[Manifest, str]:
    """Return the manifest of an artifact and the artifact's digest."""
    content = (folder / MANIFEST).read_bytes()
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise RunError(
            "ArtifactCorrupt",
            f"{uri}/{MANIFEST} is no manifest of this version ({where}: {first['msg']}); make the artifact again.",
        ) from None
    for entry in manifest.files:
        if ".." in entry.path.split("/"):
            raise RunError("ArtifactCorrupt", f"{uri}/{MANIFEST} names {entry.path}, which leaves the artifact.")
    return manifest, "sha256:" + hashlib.sha256(content).hexdigest()


def check_digest(uri: str, expected: str | None, found: str) -> None:
    """Refuse an artifact, model or data set other than the one that was resolved."""
    if expected is not None and expected != found:
        raise RunError(
            "ArtifactCorrupt",
            f"{uri} is not what this run was planned with: expected {expected}, found {found}; "
            "it was changed since, so make it again or let the run be planned anew.",
        )


def check_files(folder: Path, uri: str, entries: list[FileEntry]) -> None:
    """Read every file that is named and compare it with its digest."""
    for entry in entries:
        path = folder / entry.path
        if not path.is_file():
            raise RunError(
                "ArtifactCorrupt", f"{uri} lacks {entry.path}, which its manifest names; make the artifact again."
            )
        found = sha256_file(path)
        if found != entry.sha256:
            raise RunError(
                "ArtifactCorrupt",
                f"{uri}/{entry.path} is corrupt: expected sha256 {entry.sha256}, found {found}; make it again.",
            )

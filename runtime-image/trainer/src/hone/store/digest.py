"""Digests of files and folders."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 1 << 20


def sha256_file(path: Path, sync: bool = False) -> str:
    """Return the hex sha256 of a file, read in pieces; `sync` also forces its bytes to the disk."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        if sync:
            os.fsync(file.fileno())
    return digest.hexdigest()


def sync_folder(path: Path) -> None:
    """Force a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files_below(folder: Path) -> Iterator[Path]:
    """All regular files below a folder, sorted by their relative path; hidden ones are no content."""
    for path in sorted(folder.rglob("*"), key=lambda found: found.relative_to(folder).as_posix()):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def digest_of_listing(files: dict[str, str]) -> str:
    """Return the digest of a plain folder: sha256 over its sorted `path sha256` lines."""
    lines = "".join(f"{path} {sha256}\n" for path, sha256 in sorted(files.items()))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()

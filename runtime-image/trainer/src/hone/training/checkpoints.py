"""Checkpoints: written under another name, sealed, then renamed.

Trainer dies on a torn one, so only whole ones count.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from hone.store.digest import files_below, sync_folder

log = logging.getLogger(__name__)

SEAL = ".complete.json"
_PARTIAL = ".partial"


class CheckpointFailed(Exception):  # noqa: N818 - the run goes on
    """A checkpoint could not be written, most likely because the disk is full; the ones before it are whole."""


class Checkpoints:
    """The checkpoints of one run, in one folder."""

    def __init__(self, root: Path, keep_last: int) -> None:
        self.root = root
        self._keep_last = keep_last

    def latest(self) -> Path | None:
        """Return the newest checkpoint that is whole; torn ones are skipped."""
        return latest_whole(self.root)

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, and make it the checkpoint of the step; older ones than are to be kept go.

        Raises CheckpointFailed if the folder can't be filled; nothing is left of it then.
        """
        try:
            publish(self.root / f"checkpoint-{step}", write)
        except CheckpointFailed as failure:
            kept = self.latest()
            last = f"the last whole one is that of step {step_of(kept)}" if kept else "there is none before it"
            raise CheckpointFailed(
                f"The checkpoint of step {step} could not be written ({failure}); {last}. Give the output's volume "
                "more room, or lower spec.checkpoint.keepLast."
            ) from failure
        for folder in whole_ones(self.root)[self._keep_last :]:
            shutil.rmtree(folder, ignore_errors=True)

    def oldest_step(self) -> int | None:
        """Return the step of the oldest checkpoint that is whole."""
        kept = whole_ones(self.root)
        return step_of(kept[-1]) if kept else None


def publish(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a folder of another name, force it to the disk, seal it and rename it to `folder`."""
    partial = folder.parent / _PARTIAL
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        write(partial)
        seal(partial)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
        sync_folder(folder.parent)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointFailed(getattr(error, "strerror", None) or str(error)) from error
    except RuntimeError as error:
        # That is how PyTorch's writer says that the disk is full.
        if "inline_container" not in str(error) and "file write failed" not in str(error):
            raise
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointFailed("the disk takes no more") from error


def seal(folder: Path) -> None:
    """Note the size of each file, after each was forced to the disk."""
    sizes = {}
    for path in files_below(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
    temporary = folder / f"{SEAL}.tmp"
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(sizes, out)
        out.flush()
        os.fsync(out.fileno())
    temporary.rename(folder / SEAL)
    sync_folder(folder)


def latest_whole(root: Path) -> Path | None:
    """Return the newest checkpoint that is whole; torn ones are skipped."""
    for folder in _numbered(root, "checkpoint"):
        if is_whole(folder):
            return folder
        log.warning("The checkpoint %s is torn and is skipped", folder.name)
    return None


def whole_ones(root: Path, kind: str = "checkpoint") -> list[Path]:
    """Return all checkpoints that are whole, the newest first."""
    return [folder for folder in _numbered(root, kind) if is_whole(folder)]


def step_of(folder: Path) -> int:
    """Return the step after which a checkpoint was saved."""
    return int(folder.name.rpartition("-")[2])


def is_whole(folder: Path) -> bool:
    """Tell whether every file that was sealed is there in its size."""
    try:
        sizes: dict[str, int] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _numbered(root: Path, kind: str) -> list[Path]:
    found = [folder for folder in root.glob(f"{kind}-*") if folder.name.rpartition("-")[2].isdigit()]
    return sorted(found, key=step_of, reverse=True)

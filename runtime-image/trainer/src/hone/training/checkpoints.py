"""Which checkpoints are whole: Trainer dies on a torn one, so ours get a seal, written last."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone.store.digest import files_below, sync_folder

log = logging.getLogger(__name__)

SEAL = ".complete.json"


class SealCallback(TrainerCallback):
    """Seals each checkpoint once all of its files are on the disk."""

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Write the seal under a temporary name and rename it."""
        seal(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")


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
    numbered = sorted(
        (
            (int(number), folder)
            for folder in root.glob("checkpoint-*")
            if (number := folder.name.rpartition("-")[2]).isdigit()
        ),
        reverse=True,
    )
    for _, folder in numbered:
        if is_whole(folder):
            return folder
        log.warning("The checkpoint %s is torn and is skipped", folder.name)
    return None


def is_whole(folder: Path) -> bool:
    """Tell whether every file that was sealed is there in its size."""
    try:
        sizes: dict[str, int] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False

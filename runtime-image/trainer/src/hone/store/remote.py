"""What `hf://`, `s3://` and `oci://` share: which listed files are taken, and a folder that is whole or not there."""

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from hone.contract.failure import Reason
from hone.errors import RunError, some_of
from hone.store.manifest import MANIFEST
from hone.store.model import PICKLES
from hone.store.turn import turn_in

#: Files of a model that run nothing when they are read: weights, configuration, tokenizer.
_MODEL_FILES = (".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken", ".spm")
#: Tables and images.
_DATA_FILES = (
    *(".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"),
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
)
_DATA_PICKLES = (*PICKLES, ".joblib", ".npy")
_PARALLEL = 8

T = TypeVar("T")


@dataclass(frozen=True)
class Selection:
    """Files of a listing that are fetched, by their whole names, and what is opened then: one of them, or a folder."""

    names: list[str]
    root: str


@dataclass(frozen=True)
class Fetched:
    """What was fetched: its address, with the revision that was found, and where it is now."""

    uri: str
    path: Path


@dataclass(frozen=True)
class Wanted:
    """An address, and what is looked for there: a model, or data."""

    uri: str
    missing: Reason
    is_model: bool
    from_configuration: bool = False

    def select(self, names: Collection[str], path: str) -> Selection:
        """What of a listing `path` means: a file, a folder, or with `*` and `?` every file that fits.

        Raises:
            RunError: with `missing` if there is nothing, ModelInvalid or DatasetInvalid if what is there is no model
                or no data, or would run code when it is read.
        """
        plain = sorted(name for name in names if _is_plain(name))
        if (folder := folder_of_pattern(path)) is not None and not self.is_model:
            found = _matching(plain, path)
            if not found:
                raise RunError(
                    self.missing,
                    f"No file fits {self.uri}; correct the pattern, or name a file. There is {held(names)}.",
                )
            return Selection(found, folder)
        if path in plain:
            self._check_file(path)
            return Selection([path], path)
        prefix = f"{path}/" if path else ""
        below = [name.removeprefix(prefix) for name in plain if name.startswith(prefix)]
        if not below:
            raise RunError(self.missing, f"There is nothing at {self.uri}; correct the path. There is {held(names)}.")
        chosen = self._model_files(below) if self.is_model else self._data_files(below)
        return Selection([prefix + name for name in chosen], path)

    def _check_file(self, name: str) -> None:
        if self.is_model and not name.endswith(".gguf"):
            raise RunError(
                "ModelInvalid",
                f"{self.uri} is a file; name the folder that holds config.json and model.safetensors, or a .gguf file.",
            )
        if not self.is_model and name.lower().endswith(_DATA_PICKLES):
            raise self._pickled_data(name)

    def _model_files(self, names: list[str]) -> list[str]:
        if MANIFEST in names:
            # An artifact of Hone: its manifest names every file with its digest, and what is no model is refused later.
            return names
        # Folders below a model hold the same in another format, or checkpoints.
        here = [name for name in names if "/" not in name]
        if any(name.endswith(".safetensors") for name in here):
            return [name for name in here if name.endswith(_MODEL_FILES)]
        ggufs = [name for name in here if name.endswith(".gguf")]
        if len(ggufs) > 1:
            raise RunError(
                "ModelInvalid", f"{self.uri} holds {some_of(ggufs)}; name one of them: {self.uri.rstrip('/')}/FILE."
            )
        if ggufs:
            return ggufs
        if pickles := [name for name in here if name.endswith(PICKLES)]:
            raise RunError(
                "ModelInvalid",
                f"{self.uri} has its weights in {pickles[0]}, a pickle that can run code when it is read, so nothing "
                "was fetched; name a revision or folder with model.safetensors (as model.save_pretrained makes it).",
            )
        if not self.from_configuration:
            raise RunError(
                "ModelInvalid",
                f"{self.uri} holds no model.safetensors; name the folder of a Transformers model. There is "
                f"{held(names)}.",
            )
        return [name for name in here if name.endswith(_MODEL_FILES)]

    def _data_files(self, names: list[str]) -> list[str]:
        if found := [name for name in names if name.lower().endswith(_DATA_FILES)]:
            return found
        if pickles := [name for name in names if name.lower().endswith(_DATA_PICKLES)]:
            raise self._pickled_data(pickles[0])
        raise RunError(
            "DatasetInvalid",
            f"{self.uri} holds no .jsonl, .csv or .parquet file and no image; name the data. There is {held(names)}.",
        )

    def _pickled_data(self, name: str) -> RunError:
        return RunError(
            "DatasetInvalid",
            f"{self.uri} holds {name}, a pickle that can run code when it is read, so nothing was fetched; write the "
            "rows as .jsonl, .csv or .parquet.",
        )


def folder_of_pattern(path: str) -> str | None:
    """The folder above the first `*` or `?` of a path, if it is a pattern."""
    places = [place for sign in "*?" if (place := path.find(sign)) >= 0]
    return path[: min(places)].rpartition("/")[0] if places else None


def held(names: Collection[str]) -> str:
    """A few names of what is there, for sentences."""
    return some_of(sorted(names)) or "nothing"


def once(folder: Path, source: str, wanted: Wanted, fill: Callable[[Path], Fetched]) -> Fetched:
    """Fill a folder once per pod; processes that come later get what the first one found.

    `source` is where it comes from. A model, its configuration and data of the same source are other files. `fill` puts
    files below the folder that it is given, and says what is opened, and by which address.
    """
    key = f"{source} {wanted.is_model} {wanted.from_configuration}"
    place = folder / hashlib.sha256(key.encode()).hexdigest()
    content, note = place / "content", place / "found.json"
    with turn_in(place):
        if not content.exists():
            part = place / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            found = fill(part)
            note.write_text(json.dumps([found.uri, found.path.relative_to(part).as_posix()]))
            part.rename(content)
        uri, path = json.loads(note.read_text())
        return Fetched(uri, content / path)


def in_parallel(call: Callable[[T], object], items: Iterable[T]) -> None:
    """Call for every item, a few at a time; the first error ends it."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        try:
            for future in [pool.submit(call, item) for item in items]:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _matching(names: list[str], pattern: str) -> list[str]:
    """The names that fit a pattern, part by part as on a volume."""
    signs = pattern.split("/")
    return [
        name for name in names if name.count("/") == len(signs) - 1 and all(map(fnmatchcase, name.split("/"), signs))
    ]


def _is_plain(name: str) -> bool:
    """Whether a name stays below its folder and is content: what begins with a dot is none."""
    return all(part and not part.startswith(".") and "\0" not in part for part in name.split("/"))

"""Which files a source means, and what is in them."""

from pathlib import Path
from typing import Literal

from hone.contract.source import Data
from hone.errors import RunError
from hone.store import DataSource
from hone.store.digest import files_below

Format = Literal["JSONLines", "CSV", "Parquet"]

_BY_NAME: dict[str, Format] = {
    ".jsonl": "JSONLines",
    ".ndjson": "JSONLines",
    ".json": "JSONLines",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".parquet": "Parquet",
}
#: Formats that run code when they are read.
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy")
#: What a pickle of protocol 2 or later begins with.
_PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP", b"\x28\xb5\x2f\xfd": "Zstandard", b"BZh": "bzip2"}
_SNIFFED = 4096


def files_of(source: DataSource) -> list[Path]:
    """The files of a source in the order of their names: itself, those of a folder, or those that a pattern means."""
    if source.files:
        return list(source.files)
    if not source.path.is_dir():
        return [source.path]
    found = [path for path in sorted(files_below(source.path)) if not _is_hidden(path.relative_to(source.path))]
    known = [path for path in found if path.suffix.lower() in _BY_NAME or path.suffix.lower() in _PICKLES]
    if not known:
        held = ", ".join(path.name for path in found[:10]) or "nothing"
        raise RunError(
            "DatasetInvalid",
            f"{source.uri} is a folder without data files; it holds {held}. Name a file, or a folder of .jsonl, .csv "
            "or .parquet files.",
        )
    return known


def format_of(source: DataSource, data: Data, files: list[Path]) -> Format:
    """The one format of all files: as it is written, by their names' ending, or by what they begin with."""
    for path in files:
        _refuse_pickle(source, path)
    if data.format == "ImageFolder":
        raise RunError(
            "ConfigInvalid",
            f"The format ImageFolder of {source.uri} is for images, and this task reads texts; write JSONLines, CSV or "
            "Parquet.",
        )
    if data.format is not None:
        return data.format
    formats = {_BY_NAME.get(path.suffix.lower()) or _by_content(path) for path in files}
    if len(formats) > 1 and None not in formats:
        raise RunError(
            "DatasetInvalid",
            f"{source.uri} holds {' and '.join(sorted(map(str, formats)))} files; name those of one format, for "
            f"example {source.uri.rstrip('/')}/*.jsonl.",
        )
    (found,) = formats if len(formats) == 1 else (None,)
    if found is None:
        raise RunError(
            "DatasetInvalid",
            f"The format of {source.uri} can't be told from its name or content; set format to JSONLines, CSV or "
            "Parquet.",
        )
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _refuse_pickle(source: DataSource, path: Path) -> None:
    head = _head(path)
    if path.suffix.lower() in _PICKLES or head.startswith(_PICKLE_STARTS):
        raise RunError(
            "DatasetInvalid",
            f"{path.name} of {source.uri} is a pickle, which can run code when it is read; save the rows as JSON "
            "Lines, CSV or Parquet (DataFrame.to_parquet).",
        )
    for start, name in _PACKED.items():
        if head.startswith(start):
            raise RunError(
                "DatasetInvalid", f"{path.name} of {source.uri} is packed by {name}; unpack it, or save it as Parquet."
            )


def _by_content(path: Path) -> Format | None:
    head = _head(path)
    if head.startswith(b"PAR1"):
        return "Parquet"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "JSONLines" if text[:1] in (b"{", b"[") else None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SNIFFED)

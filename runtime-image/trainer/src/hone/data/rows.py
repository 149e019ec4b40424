"""Reads rows from JSON Lines, CSV and Parquet."""

import csv
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone.contract.source import Data
from hone.errors import RunError
from hone.store import DataSource

#: How many bad rows an error names.
_SHOWN = 5
#: With so many bad rows the file is not what it is taken for; reading on helps nobody.
_ENOUGH = 1000

_FORMATS = {".jsonl": "JSONLines", ".ndjson": "JSONLines", ".json": "JSONLines", ".csv": "CSV", ".parquet": "Parquet"}


@dataclass(frozen=True)
class Row:
    """One row; numbers start at 1, and count lines in a text file."""

    number: int
    values: dict[str, Any]


@dataclass
class BadRows:
    """Collects what is wrong with a file's rows."""

    uri: str
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, problem: str) -> None:
        """Note a bad row."""
        self.problems.append((number, problem))
        if len(self.problems) >= _ENOUGH:
            self.refuse()

    def refuse(self) -> None:
        """Raise an error that names the first bad rows, if there are any."""
        if not self.problems:
            return
        self.problems.sort()
        shown = "; ".join(f"row {number}: {problem}" for number, problem in self.problems[:_SHOWN])
        count = len(self.problems)
        total = "1 bad row" if count == 1 else f"{count} bad rows" if count < _ENOUGH else f"{count} bad rows or more"
        first = f", the first {_SHOWN} are" if count > _SHOWN else ""
        raise RunError("DatasetInvalid", f"{self.uri} has {total}{first}: {shown}. Correct or remove them.")


def read_rows(source: DataSource, data: Data, max_rows: int | None) -> list[Row]:
    """Read all rows, or the first `max_rows`."""
    kind = data.format or _FORMATS.get(source.path.suffix.lower())
    if kind is None:
        raise RunError(
            "DatasetInvalid",
            f"The format of {source.uri} can't be told from its name; set format to JSONLines, CSV or Parquet.",
        )
    if kind == "ImageFolder":
        raise RunError(
            "Unsupported", f"ImageFolder has no executor yet ({source.uri}); write JSONLines, CSV or Parquet instead."
        )
    if source.path.is_dir():
        raise RunError("DatasetInvalid", f"{source.uri} is a folder; name the {kind} file in it.")
    readers: dict[str, Callable[[Path, BadRows], Iterator[Row]]] = {
        "JSONLines": _json_lines,
        "CSV": _csv,
        "Parquet": _parquet,
    }
    bad = BadRows(source.uri)
    try:
        rows = list(itertools.islice(readers[kind](source.path, bad), max_rows))
    except UnicodeDecodeError as error:
        raise RunError("DatasetInvalid", f"{source.uri} is not UTF-8 ({error.reason}); save it as UTF-8.") from None
    bad.refuse()
    if not rows:
        raise RunError("DatasetInvalid", f"{source.uri} holds no rows; write one example into each row.")
    return rows


def _json_lines(path: Path, bad: BadRows) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except json.JSONDecodeError as error:
                bad.add(number, f"no JSON ({error.msg} at column {error.colno})")
                continue
            if isinstance(values, dict):
                yield Row(number, values)
            else:
                bad.add(number, f"{type(values).__name__} instead of an object")


def _csv(path: Path, bad: BadRows) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for values in reader:
            if None in values:
                bad.add(reader.line_num, "more fields than the header has")
            else:
                yield Row(reader.line_num, values)


def _parquet(path: Path, bad: BadRows) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise RunError("DatasetInvalid", f"{bad.uri} is no Parquet file: {str(error).splitlines()[0]}") from None
    number = 0
    for batch in table.iter_batches():
        for values in batch.to_pylist():
            number += 1
            yield Row(number, values)

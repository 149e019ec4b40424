"""Reads rows from JSON Lines, CSV and Parquet: from a file, a folder of files, or those that a pattern means."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hone.contract.source import Data
from hone.data.bad_rows import BadRows
from hone.data.files import files_of, format_of
from hone.data.reading import read_file
from hone.errors import RunError
from hone.store import DataSource

__all__ = ["BadRows", "Row", "read_rows"]


class RowNumber(int):
    """The number of a row in its file, which it names if there are several."""

    _file: str

    def __new__(cls, number: int, file: str = "") -> Self:
        """Number a row from 1, headers and lines without anything not counted."""
        row = super().__new__(cls, number)
        row._file = file
        return row

    def __str__(self) -> str:
        return f"{int(self)} of {self._file}" if self._file else str(int(self))


@dataclass(frozen=True)
class Row:
    """One row of a data set."""

    number: int
    values: dict[str, Any]


def read_rows(source: DataSource, data: Data, max_rows: int | None) -> list[Row]:
    """Read all rows, or the first `max_rows`."""
    files = files_of(source)
    kind = format_of(source, data, files)
    bad = BadRows(source.uri)
    rows: list[Row] = []
    for path in files:
        name = _name(path, source.path) if len(files) > 1 else ""
        part = BadRows(source.uri)
        limit = None if max_rows is None else max_rows - len(rows)
        rows += [Row(RowNumber(number, name), values) for number, values in read_file(path, kind, limit, part)]
        for problem in part.problems:
            bad.add(RowNumber(problem.number, name), problem.reason)
        if max_rows is not None and len(rows) >= max_rows:
            break
    bad.refuse()
    if not rows:
        raise RunError("DatasetInvalid", f"{source.uri} holds no rows; write one example into each row.")
    return rows


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name

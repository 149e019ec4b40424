"""Reads rows from JSON Lines, CSV and Parquet."""

import csv
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone.contract.failure import Reason
from hone.contract.source import Data
from hone.errors import RunError, shorten
from hone.store import DataSource

log = logging.getLogger(__name__)

#: How many bad rows an error names.
_SHOWN = 5
#: How many bad rows the log's table has, and how much of a value it shows.
_TABLED = 20
_VALUE = 60
#: With so many bad rows the file is not what it is taken for; reading on helps nobody.
_ENOUGH = 1000

_FORMATS = {".jsonl": "JSONLines", ".ndjson": "JSONLines", ".json": "JSONLines", ".csv": "CSV", ".parquet": "Parquet"}


@dataclass(frozen=True)
class Row:
    """One row; numbers start at 1, and count lines in a text file."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, and with which of its values."""

    number: int
    reason: str
    column: str = ""
    value: Any = None


@dataclass
class BadRows:
    """Collects what is wrong with a file's rows."""

    uri: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, number: int, problem: str, column: str = "", value: Any = None) -> None:  # noqa: ANN401 - as read
        """Note a bad row, and the column and value that are to blame."""
        self.problems.append(Problem(number, problem, column, value))
        if len(self.problems) >= _ENOUGH:
            self.refuse()

    def refuse(self, advice: str = "Correct or remove them.", reason: Reason = "DatasetInvalid") -> None:
        """Log a table of the first bad rows and raise an error that names some of them, if there are any."""
        if not self.problems:
            return
        self.problems.sort(key=lambda problem: problem.number)
        self.log()
        shown = "; ".join(f"row {problem.number}: {problem.reason}" for problem in self.problems[:_SHOWN])
        count = len(self.problems)
        total = "1 bad row" if count == 1 else f"{count} bad rows" if count < _ENOUGH else f"{count} bad rows or more"
        first = f", the first {_SHOWN} are" if count > _SHOWN else ""
        raise RunError(reason, f"{self.uri} has {total}{first}: {shown}. {advice}")

    def log(self) -> None:
        """Log a table of the first bad rows."""
        log.error("Bad rows of %s:\n%s", self.uri, self.table())

    def table(self) -> str:
        """The first bad rows with column, value and reason, in columns for a terminal."""
        head = ("row", "column", "value", "reason")
        lines = [head, *(_cells(problem) for problem in self.problems[:_TABLED])]
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        rows = [
            f"{row:<{widths[0]}}  {column:<{widths[1]}}  {value:<{widths[2]}}  {reason}"
            for row, column, value, reason in lines
        ]
        more = len(self.problems) - _TABLED
        return "\n".join([*rows, *([f"… and {more} more"] if more > 0 else [])])


def _cells(problem: Problem) -> tuple[str, str, str, str]:
    value = "" if problem.value is None else repr(problem.value)
    return (str(problem.number), problem.column, shorten(value, _VALUE) if value else "", problem.reason)


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

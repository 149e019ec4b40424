"""Reads one file row by row: through the `datasets` library, and line by line where that refuses the file."""

import csv
import datetime
import glob
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from hone.data.bad_rows import BadRows
from hone.data.files import Format
from hone.errors import RunError, first_line, root_cause

Values = dict[str, Any]

_BUILDERS: dict[Format, str] = {"JSONLines": "json", "CSV": "csv", "Parquet": "parquet"}
_BETWEEN = (",", "\t", ";", "|")
_SNIFFED = 4096


class _RefusedError(Exception):
    """The library can't read the file, or reads something else than stands in it."""


def read_file(path: Path, kind: Format, limit: int | None, bad: BadRows) -> Iterator[tuple[int, Values]]:
    """The first rows of a file with their numbers from 1; what is wrong with a line is noted in `bad`.

    The library infers one type for each column and refuses a file that has two, and it names one bad line at most. Such
    a file is read again by its lines: then each row's mistake is found, or there is none.
    """
    if path.stat().st_size == 0:
        return
    try:
        rows = list(_through_library(path, kind, limit))
    except UnicodeDecodeError as error:
        raise RunError("DatasetInvalid", f"{bad.uri} is not UTF-8 ({error.reason}); save it as UTF-8.") from None
    except _RefusedError as error:
        yield from _line_by_line(path, kind, limit, bad, str(error))
        return
    yield from enumerate(rows, start=1)


def _through_library(path: Path, kind: Format, limit: int | None) -> Iterator[Values]:
    import datasets

    # It logs each refusal as an error, and says it again by raising.
    logging.getLogger("datasets").setLevel(logging.CRITICAL)
    options = _csv_options(path, datasets) if kind == "CSV" else {}
    if kind == "JSONLines":
        # Otherwise it makes something else of rows that look like an agent's trace, and of columns of two types.
        options = {"parse_agent_traces": False, "on_mixed_types": None}
    try:
        # Streamed: nothing is copied to the disk, and no more is read than is wanted.
        rows = datasets.load_dataset(
            _BUILDERS[kind],
            data_files={"train": [glob.escape(str(path))]},
            split="train",
            streaming=True,
            **options,
        )
        if rows.features is None:
            # It would go on by pandas, which makes numbers of texts such as "007" and "NaN".
            raise _RefusedError("a column of two types")
        for number, values in enumerate(rows):
            if number == limit:
                return
            if any(isinstance(value, datetime.date) for value in values.values()):
                raise _RefusedError("a text was taken for a date")
            yield values
    except UnicodeDecodeError:
        raise
    except _RefusedError:
        raise
    except Exception as error:  # the library has no base class for what it raises, and Arrow and pandas have theirs
        cause = root_cause(error)
        if isinstance(cause, UnicodeDecodeError):
            raise cause from None
        raise _RefusedError(first_line(cause)) from error


def _line_by_line(path: Path, kind: Format, limit: int | None, bad: BadRows, why: str) -> Iterator[tuple[int, Values]]:
    if kind == "Parquet":
        raise RunError("DatasetInvalid", f"{path.name} of {bad.uri} is no Parquet file: {why.rstrip('.')}.")
    reader = _json_lines if kind == "JSONLines" else _csv_lines
    try:
        for number, row in enumerate(reader(path), start=1):
            if number - 1 == limit:
                return
            if isinstance(row, str):
                bad.add(number, row)
            else:
                yield number, row
    except UnicodeDecodeError as error:
        raise RunError("DatasetInvalid", f"{bad.uri} is not UTF-8 ({error.reason}); save it as UTF-8.") from None


def _json_lines(path: Path) -> Iterator[Values | str]:
    """Rows, or a sentence for a line that is none; lines without anything do not count."""
    with path.open(encoding="utf-8-sig") as file:
        if file.read(_SNIFFED).lstrip().startswith("["):
            file.seek(0)
            yield from _json_list(file)
            return
        file.seek(0)
        for line in file:
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except json.JSONDecodeError as error:
                yield f"no JSON ({error.msg} at column {error.colno})"
                continue
            yield _object(values)


def _json_list(file: TextIO) -> Iterator[Values | str]:
    try:
        values = json.load(file)
    except json.JSONDecodeError as error:
        yield f"no JSON ({error.msg} in line {error.lineno})"
        return
    yield from map(_object, values)


def _object(values: Any) -> Values | str:  # noqa: ANN401 - whatever JSON holds
    return values if isinstance(values, dict) else f"{type(values).__name__} instead of an object"


def _csv_lines(path: Path) -> Iterator[Values | str]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for values in csv.DictReader(file, delimiter=_delimiter(path)):
            yield "more fields than the header has" if None in values else values


def _csv_options(path: Path, datasets: Any) -> Values:  # noqa: ANN401 - the library's module
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(path)
        lines = csv.reader(file, delimiter=delimiter)
        header, first = next(lines, []), next(lines, [])
    if len(set(header)) != len(header) or "" in header:
        raise _RefusedError("two columns of one name")
    if len(first) > len(header):
        # pandas would take the first field for the name of the row, and move all others by one column.
        raise _RefusedError("more fields than the header has")
    # Everything is text: "NA" and "007" are what they look like, and who needs a number says so.
    features = datasets.Features({name: datasets.Value("string") for name in header})
    return {"sep": delimiter, "features": features, "na_filter": False, "encoding": "utf-8-sig"}


def _delimiter(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    return max(_BETWEEN, key=header.count)

"""Values of columns, checked."""

import math
from collections.abc import Sequence
from typing import Any

from hone.data.rows import BadRows, Row
from hone.errors import RunError
from hone.store import DataSource


def require_column(rows: Sequence[Row], source: DataSource, role: str, column: str) -> None:
    """Refuse data in which no row has the column; `role` is its name in spec.dataset.columns."""
    if any(column in row.values for row in rows):
        return
    there = list(dict.fromkeys(name for row in rows for name in row.values))
    held = ", ".join(there[:20]) or "no column at all"
    raise RunError(
        "DatasetColumnMissing",
        f'{source.uri} has no column "{column}"; it has {held}. Name the right one in spec.dataset.columns.{role}.',
    )


def text_of(row: Row, column: str, bad: BadRows) -> str:
    """The text in a column; an empty one, or none at all, is a bad row."""
    value: Any = row.values.get(column)
    if is_empty(value):
        bad.add(row.number, f"{column} is empty", column, value)
    elif not isinstance(value, str):
        bad.add(row.number, f"{column} is {type(value).__name__} instead of text", column, value)
    else:
        return value
    return ""


def number_of(row: Row, column: str, bad: BadRows) -> float:
    """The number in a column, as a number or as text; NaN and infinity are none."""
    value: Any = row.values.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        bad.add(row.number, f"{column} is empty", column, value)
        return 0.0
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        bad.add(row.number, f"{column} is {value!r:.40} instead of a number", column, value)
        return 0.0
    if not math.isfinite(number):
        bad.add(row.number, f"{column} is {value!r:.40}, which is no finite number", column, value)
        return 0.0
    return number


def is_empty(value: Any) -> bool:  # noqa: ANN401 - as read
    """Tell whether there is nothing: no value, NaN (an empty field of a table) or nothing but spaces."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())

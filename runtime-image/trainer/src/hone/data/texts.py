"""Texts and their labels, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data.rows import BadRows, Row, read_rows
from hone.errors import RunError
from hone.store import DataSource


@dataclass(frozen=True)
class Texts:
    """Texts, or pairs of texts."""

    texts: list[str]
    pairs: list[str] | None

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class LabelledTexts(Texts):
    """Texts with labels: `labels` are indexes into `names`."""

    labels: list[int]
    names: list[str]


def read_texts(source: DataSource, data: Data, columns: Columns, max_rows: int | None = None) -> Texts:
    """Read texts without labels, for calibration."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    texts = _texts(rows, source, columns, bad)
    bad.refuse()
    return texts


def read_labelled_texts(
    source: DataSource, data: Data, columns: Columns, names: Sequence[str] | None, max_rows: int | None = None
) -> LabelledTexts:
    """Read texts and labels; without `names` the labels are those that the data holds, sorted."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    texts = _texts(rows, source, columns, bad)
    column = columns.label or "label"
    _require(rows, source, "label", column)
    values: list[str | int] = []
    for row in rows:
        value = row.values.get(column)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            bad.add(
                row.number, f"the label {value!r} is neither a name nor a number" if value else "the label is empty"
            )
        else:
            values.append(value)
    bad.refuse()
    known = list(names) if names else _sorted_names(values)
    labels = _indexes(rows, values, known, source)
    return LabelledTexts(texts.texts, texts.pairs, labels, known)


def _texts(rows: list[Row], source: DataSource, columns: Columns, bad: BadRows) -> Texts:
    text = columns.text or "text"
    _require(rows, source, "text", text)
    texts = [_text(row, text, bad) for row in rows]
    if columns.text_pair is None:
        return Texts(texts, None)
    _require(rows, source, "textPair", columns.text_pair)
    return Texts(texts, [_text(row, columns.text_pair, bad) for row in rows])


def _text(row: Row, column: str, bad: BadRows) -> str:
    value: Any = row.values.get(column)
    if value is None or (isinstance(value, str) and not value.strip()):
        bad.add(row.number, f"{column} is empty")
    elif not isinstance(value, str):
        bad.add(row.number, f"{column} is {type(value).__name__} instead of text")
    else:
        return value
    return ""


def _require(rows: list[Row], source: DataSource, role: str, column: str) -> None:
    if any(column in row.values for row in rows):
        return
    there = list(dict.fromkeys(name for row in rows for name in row.values))
    held = ", ".join(there[:20]) or "no column at all"
    raise RunError(
        "DatasetColumnMissing",
        f'{source.uri} has no column "{column}"; it has {held}. Name the right one in spec.dataset.columns.{role}.',
    )


def _sorted_names(values: list[str | int]) -> list[str]:
    numbers = sorted({value for value in values if isinstance(value, int)})
    words = sorted({value for value in values if isinstance(value, str)} - {str(number) for number in numbers})
    return [str(number) for number in numbers] + words


def _indexes(rows: list[Row], values: list[str | int], names: list[str], source: DataSource) -> list[int]:
    # A name wins over a position: with the labels ["1", "0"] the number 1 is the first label.
    by_name = {name: index for index, name in enumerate(names)}
    indexes: list[int] = []
    unknown: dict[str, int] = {}
    for row, value in zip(rows, values, strict=True):
        index = by_name.get(str(value))
        if index is None and isinstance(value, int) and 0 <= value < len(names):
            index = value
        if index is None:
            unknown.setdefault(str(value), row.number)
        else:
            indexes.append(index)
    if unknown:
        shown = ", ".join(f'"{label}" in row {number}' for label, number in list(unknown.items())[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        noun = "label" if len(unknown) == 1 else "labels"
        raise RunError(
            "LabelUnknown",
            f"{source.uri} has the unknown {noun} {shown}{more}; known are {', '.join(names[:20])}. Correct the "
            "data, or add to spec.task.labels.",
        )
    return indexes

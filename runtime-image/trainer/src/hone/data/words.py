"""Words and their labels, row by row, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data.columns import require_column
from hone.data.label_lists import as_list
from hone.data.labels import Label, indexes, label_of, sorted_names
from hone.data.rows import BadRows, Row, read_rows
from hone.store import DataSource

_TOKENS, _LABEL = "tokens", "label"


@dataclass(frozen=True)
class Words:
    """Rows of words."""

    words: list[list[str]]

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class LabelledWords(Words):
    """Rows of words with a label for each: `labels` are indexes into `names`."""

    labels: list[list[int]]
    names: list[str]


def read_words(source: DataSource, data: Data, columns: Columns, max_rows: int | None = None) -> Words:
    """Read words without labels, for calibration."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    words = _words(rows, source, columns, bad)
    bad.refuse()
    return Words(words)


def read_labelled_words(
    source: DataSource, data: Data, columns: Columns, names: Sequence[str] | None, max_rows: int | None = None
) -> LabelledWords:
    """Read words and their labels; without `names` the labels are those that the data holds, sorted."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    words = _words(rows, source, columns, bad)
    column = columns.label or _LABEL
    require_column(rows, source, "label", column)
    values = [_labels(row, column, len(word), bad) for row, word in zip(rows, words, strict=True)]
    bad.refuse()
    known = list(names) if names else sorted_names([label for labels in values for label in labels])
    return LabelledWords(words, indexes(rows, values, known, source, column), known)


def _words(rows: list[Row], source: DataSource, columns: Columns, bad: BadRows) -> list[list[str]]:
    column = columns.tokens or _TOKENS
    require_column(rows, source, "tokens", column)
    return [_row_of_words(row, column, bad) for row in rows]


def _row_of_words(row: Row, column: str, bad: BadRows) -> list[str]:
    value = _list_of(row, column, bad)
    for position, word in enumerate(value, start=1):
        if not isinstance(word, str) or not word.strip():
            bad.add(row.number, f"word {position} of {column} is {word!r:.40} instead of a word", column, value)
            return []
    return value


def _labels(row: Row, column: str, words: int, bad: BadRows) -> list[Label]:
    value = _list_of(row, column, bad)
    if value and words and len(value) != words:
        bad.add(row.number, f"{column} has {len(value)} labels for {words} words", column, value)
    found = [label_of(label, row.number, column, bad) for label in value]
    return [label for label in found if label is not None]


def _list_of(row: Row, column: str, bad: BadRows) -> list[Any]:
    value: Any = row.values.get(column)
    if isinstance(value, str):
        # A table has no lists: JSON in a field, or words with spaces between them.
        given = as_list(value)
        value = value.split() if given is None else given
    if value is None or value == []:
        bad.add(row.number, f"{column} is empty", column, value)
        return []
    if not isinstance(value, list):
        bad.add(row.number, f"{column} is {type(value).__name__} instead of a list", column, value)
        return []
    return value

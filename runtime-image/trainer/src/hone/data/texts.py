"""Texts, and what they are labelled with, checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from hone.contract.job import Columns
from hone.contract.source import Data
from hone.data.columns import number_of, require_column, text_of
from hone.data.label_lists import label_list_of
from hone.data.labels import Label, indexes, label_of, sorted_names
from hone.data.rows import BadRows, Row, read_rows
from hone.store import DataSource

_TEXT, _LABEL = "text", "label"


@dataclass(frozen=True)
class Texts:
    """Texts, or pairs of texts."""

    texts: list[str]
    pairs: list[str] | None

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class LabelledTexts(Texts):
    """Texts with one label each: `labels` are indexes into `names`."""

    labels: list[int]
    names: list[str]


@dataclass(frozen=True)
class LabelSetTexts(Texts):
    """Texts with any number of labels each: `labels` are sorted indexes into `names`."""

    labels: list[list[int]]
    names: list[str]


@dataclass(frozen=True)
class ScoredTexts(Texts):
    """Texts with a number each."""

    targets: list[float]


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
    column = columns.label or _LABEL
    require_column(rows, source, "label", column)
    values = [label_of(row.values.get(column), row.number, column, bad) for row in rows]
    bad.refuse()
    labels = [label for label in values if label is not None]
    known = list(names) if names else sorted_names(labels)
    found = indexes(rows, [[label] for label in labels], known, source, column)
    return LabelledTexts(texts.texts, texts.pairs, [index for (index,) in found], known)


def read_label_set_texts(
    source: DataSource, data: Data, columns: Columns, names: Sequence[str] | None, max_rows: int | None = None
) -> LabelSetTexts:
    """Read texts and their labels, a list or a text with commas; a row may have none."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    texts = _texts(rows, source, columns, bad)
    column = columns.label or _LABEL
    require_column(rows, source, "label", column)
    values: list[list[Label]] = [label_list_of(row, column, bad) for row in rows]
    bad.refuse()
    known = list(names) if names else sorted_names([label for labels in values for label in labels])
    found = indexes(rows, values, known, source, column)
    return LabelSetTexts(texts.texts, texts.pairs, [sorted(set(labels)) for labels in found], known)


def read_scored_texts(source: DataSource, data: Data, columns: Columns, max_rows: int | None = None) -> ScoredTexts:
    """Read texts and numbers."""
    rows = read_rows(source, data, max_rows)
    bad = BadRows(source.uri)
    texts = _texts(rows, source, columns, bad)
    column = columns.label or _LABEL
    require_column(rows, source, "label", column)
    targets = [number_of(row, column, bad) for row in rows]
    bad.refuse()
    return ScoredTexts(texts.texts, texts.pairs, targets)


def _texts(rows: list[Row], source: DataSource, columns: Columns, bad: BadRows) -> Texts:
    text = columns.text or _TEXT
    require_column(rows, source, "text", text)
    texts = [text_of(row, text, bad) for row in rows]
    if columns.text_pair is None:
        return Texts(texts, None)
    require_column(rows, source, "textPair", columns.text_pair)
    return Texts(texts, [text_of(row, columns.text_pair, bad) for row in rows])

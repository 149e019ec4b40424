"""Labels: names or positions in rows, indexes for the model."""

from collections.abc import Sequence
from typing import Any

from hone.data.columns import is_empty
from hone.data.rows import BadRows, Row
from hone.errors import RunError, some_of
from hone.store import DataSource

#: A label as data has it: a name, or the position of one.
Label = str | int

_SHOWN = 5


def label_of(value: Any, number: int, column: str, bad: BadRows) -> Label | None:  # noqa: ANN401 - as read
    """The label that a value means; what means none is a bad row."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if is_empty(value):
        bad.add(number, "the label is empty", column, value)
    elif isinstance(value, bool) or not isinstance(value, str | int):
        bad.add(number, f"the label {value!r:.40} is neither a name nor a number", column, value)
    else:
        return value
    return None


def sorted_names(values: Sequence[Label]) -> list[str]:
    """The names of all labels that occur: numbers by their size, then words by the alphabet."""
    numbers = sorted({value for value in values if isinstance(value, int)})
    words = sorted({value for value in values if isinstance(value, str)} - {str(number) for number in numbers})
    return [str(number) for number in numbers] + words


def _position(label: Label, count: int) -> int | None:
    # In a table without types a position is a text of digits.
    if isinstance(label, str) and not (label.isascii() and label.isdigit()):
        return None
    return position if 0 <= (position := int(label)) < count else None


def indexes(
    rows: Sequence[Row], values: Sequence[Sequence[Label]], names: Sequence[str], source: DataSource, column: str
) -> list[list[int]]:
    """The index of each label of each row; a label without a name among `names` is refused with its row."""
    # A name wins over a position: with the labels ["1", "0"] the number 1 is the first label.
    by_name = {name: index for index, name in enumerate(names)}
    bad = BadRows(source.uri)
    found: list[list[int]] = []
    unknown: dict[str, int] = {}
    for row, labels in zip(rows, values, strict=True):
        found.append([])
        for label in labels:
            index = by_name.get(str(label), _position(label, len(names)))
            if index is not None:
                found[-1].append(index)
            elif str(label) not in unknown:
                unknown[str(label)] = row.number
                bad.add(row.number, "the label is unknown", column, label)
    if unknown:
        bad.log()
        shown = some_of([f'"{label:.40}" in row {number}' for label, number in unknown.items()], _SHOWN)
        noun = "label" if len(unknown) == 1 else "labels"
        raise RunError(
            "LabelUnknown",
            f"{source.uri} has the unknown {noun} {shown}; known are {', '.join(names[:20])}. Correct the "
            "data, or add to spec.task.labels.",
        )
    return found

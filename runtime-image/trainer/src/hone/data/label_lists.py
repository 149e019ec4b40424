"""Columns that hold several values: a list, or a text that is one."""

import json
import re
from typing import Any

from hone.data.labels import Label, label_of
from hone.data.rows import BadRows, Row

#: What stands between the labels of a text, if it is no JSON list.
_BETWEEN = re.compile(r"[,;|]")


def label_list_of(row: Row, column: str, bad: BadRows) -> list[Label]:
    """The labels in a column: a list, or a text such as "urgent, billing" (also with ; or |) or ["urgent", "billing"].

    Nothing at all means that the row has no label.
    """
    value: Any = row.values.get(column)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        given = as_list(value)
        value = [part.strip() for part in _BETWEEN.split(value) if part.strip()] if given is None else given
    if not isinstance(value, list):
        value = [value]
    found = [label_of(label, row.number, column, bad) for label in value]
    return [label for label in found if label is not None]


def as_list(text: str) -> list[Any] | None:
    """The list that a text holds as JSON, or None."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None

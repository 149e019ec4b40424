"""Whether the rows that ranges are taken from are of more than one class."""

from collections.abc import Sequence
from typing import Any

from hone.contract import JobConfig
from hone.contract.source import Data
from hone.contract.training import Task
from hone.data.rows import read_rows
from hone.errors import RunError
from hone.store import DataSource


def warn_of_one_class(config: JobConfig, task: Task, source: DataSource, data: Data, rows: int) -> list[str]:
    """Warn if the first rows of a table all have one label; rows without labels can't tell, and are good enough.

    Rows of a folder of images are of all classes in turn, as they are read.
    """
    if task.type not in ("TextClassification", "ImageClassification") or source.path.is_dir():
        return []
    column = config.dataset.columns.label or "label"
    try:
        labels: Sequence[Any] = [row.values.get(column) for row in read_rows(source, data, rows)]
    except RunError:
        # Whoever reads the inputs says it.
        return []
    if len(labels) < 2 or labels[0] is None or any(label != labels[0] for label in labels):
        return []
    return [
        f"All {len(labels)} calibration rows are of the class {labels[0]}: ranges of one class may not fit the others; "
        f"shuffle {source.uri}, or name rows of all classes."
    ]

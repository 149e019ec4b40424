"""What a model can be taught; one module per task."""

from collections.abc import Callable
from typing import Any

from hone.contract import JobConfig
from hone.errors import RunError
from hone.tasks.base import Encoded, Loaded, TaskHandler
from hone.tasks.images import ImageClassification
from hone.tasks.language import CausalLM
from hone.tasks.multi_label import MultiLabelClassification
from hone.tasks.regression import Regression
from hone.tasks.text import TextTask
from hone.tasks.text_classification import TextClassification
from hone.tasks.token_classification import TokenClassification

__all__ = ["TEXT_TASKS", "Encoded", "Loaded", "TaskHandler", "TextTask", "task_for"]

#: The tasks on texts, by their names.
TEXT_TASKS: dict[str, type[TextTask[Any]]] = {
    task.type: task for task in (TextClassification, MultiLabelClassification, Regression, TokenClassification)
}
_TASKS: dict[str, Callable[[JobConfig], TaskHandler]] = {
    **TEXT_TASKS,
    "CausalLM": CausalLM,
    "ImageClassification": ImageClassification,
}


def task_for(config: JobConfig) -> TaskHandler:
    """Return the task's handler; one without an executor is refused by its name."""
    assert config.task is not None  # noqa: S101 - the contract demands it
    handler = _TASKS.get(config.task.type)
    if handler is None:
        raise RunError("Unsupported", f"The task {config.task.type} has no executor yet; write {' or '.join(_TASKS)}.")
    return handler(config)
